"""From a photograph with landmarks to a face that moves."""

import numpy as np

from skspot.datasets.synthetic._canvas import (
    FINE,
    finer,
    landmarks_68,
    on_canvas,
    placed,
    transformed,
)
from skspot.datasets.synthetic._faces import CANVAS_SIZE, FACE_SIZE
from skspot.datasets.synthetic._head import fit_head, load_head
from skspot.datasets.synthetic._moved_photograph import LOWER_ROW, MovedPhotograph
from skspot.datasets.synthetic._openings import behind_openings, find_eyes, find_mouth
from skspot.datasets.synthetic._own_smile import OwnSmile
from skspot.datasets.synthetic._sheets import GRID_SIZE, continued, rasterise, visible_triangles
from skspot.datasets.synthetic._units import (
    OWN_SMILE,
    PHOTOGRAPH_UNITS,
    SIDED_LIDS,
    split_side,
    unit_blendshapes,
)

_REACH = 0.4  # of the size of the face: how far fields reach beyond it
_DEPTH_REACH = 0.8
_OWN_SMILE_LIMIT = 1.1  # of the smile in the photograph
_CHIN = -7.2  # cm: the neck below it is continued from the face
_PIVOT_BELOW = 0.3  # of the size of the face: how far below its middle it turns
_PIVOT_DEPTH = 2.0  # cm: where it turns, before the origin of the head
_BROWS = ("inner brow raiser", "outer brow raiser", "brow lowerer")
_FULL = 1.1  # the strongest activation, as a share of that of the blendshape
# Less where units add up, or where a blendshape at its end looks unnatural.
_FULL_OF = {
    "inner brow raiser": 0.75,
    "outer brow raiser": 0.75,
    "nose wrinkler": 0.65,
    "upper lip raiser": 0.8,
    "lower lip depressor": 0.8,
}


def move_photograph(photograph, units=PHOTOGRAPH_UNITS, face_size=FACE_SIZE):
    """Fit the head to a photograph, and make it a face that moves.

    Parameters
    ----------
    photograph : FacePhotograph
        The photograph.
    units : sequence of str, default=PHOTOGRAPH_UNITS
        The units by which it moves; those without a side move both.
    face_size : float, default=FACE_SIZE
        Size of the face in pixels, as of `skspot.video.face_extent`.

    Returns
    -------
    face : MovedPhotograph
        The face.
    """
    head = load_head()
    canvas_size = round(face_size * CANVAS_SIZE / FACE_SIZE)
    to_canvas = placed(photograph.landmarks, face_size, canvas_size)
    fine = on_canvas(photograph.image, FINE * to_canvas, FINE * canvas_size - 1)
    texture = fine[::FINE, ::FINE]
    points = transformed(photograph.landmarks, to_canvas)
    fitted = fit_head(head, points)
    mesh = head.mesh_points(fitted.vertices)
    eyes, mouth = find_eyes(mesh, canvas_size), find_mouth(mesh, canvas_size, face_size)
    landmarks = landmarks_68(points)
    surface = Surface(head, fitted, mouth, face_size, canvas_size)
    pivot_depth = _PIVOT_DEPTH * fitted.scale
    eyes_depth = np.mean([eye.depth for eye in eyes.values()])
    behind = eyes_depth - pivot_depth
    depth = surface.depth(fitted.vertices, pivot_depth) - np.float32(behind)
    eyes = {side: eye.over(eyes_depth) for side, eye in eyes.items()}
    mouth = mouth.over(eyes_depth)
    *fields, largest = _unit_fields(units, head, fitted, surface)
    _rest_lids(fields, units, eyes.values(), surface.step)
    lids, teeth = _unit_lids(units, eyes), None
    if photograph.smile_landmarks is not None:
        smile = OwnSmile(photograph, landmarks, to_canvas, canvas_size)
        teeth = smile.teeth()
        if OWN_SMILE in units:
            i = units.index(OWN_SMILE)
            for sheet, field in zip(fields, smile.fields(head, fitted, surface, points)):
                sheet[i] = field
            lids[i] = smile.lids(landmarks)
            largest[i] = _OWN_SMILE_LIMIT
    for name, field in _turn_fields(depth, eyes).items():
        if name in units:
            for sheet in fields:
                sheet[units.index(name)] = field
    return MovedPhotograph(
        units=tuple(units),
        texture=fine,
        inside=finer(behind_openings(texture, eyes.values(), mouth, teeth)),
        landmarks=landmarks,
        upper=fields[0],
        lower=fields[1][:, LOWER_ROW:],
        lids=lids,
        depth=depth,
        eyes=eyes,
        mouth=mouth,
        pivot=np.append(landmarks.mean(axis=0) + [0, _PIVOT_BELOW * face_size], behind),
        largest=largest,
        fit_error=fitted.error,
    )


class Surface:
    """Which part of the fitted head is seen at each node of the grid."""

    def __init__(self, head, fitted, mouth, face_size, canvas_size):
        self._face_size = face_size
        self.step = (canvas_size - 1) / (GRID_SIZE - 1)
        chin = head.mean[head.triangles, 1].mean(axis=1) > _CHIN
        self.triangles = visible_triangles(fitted, head.triangles[chin])
        nodes = fitted.vertices / [self.step, self.step, 1]
        self.triangle, self.weights = rasterise(nodes, self.triangles, GRID_SIZE)
        self.known = self.triangle >= 0
        side = np.arange(GRID_SIZE) * self.step
        grid = np.stack(np.meshgrid(side, side), axis=-1)
        is_lower = mouth.below(grid)
        middle = (grid[..., 0] > mouth.columns[0]) & (grid[..., 0] < mouth.columns[1])
        # A triangle belongs to the lip that it moves with: the lower one follows the jaw.
        jaw = np.linalg.norm(head.expressions["jawOpen"], axis=1)
        follows = jaw[self.triangles].mean(axis=1)[self.triangle] > 1.2
        near = np.abs(grid[..., 1] - mouth.edges(grid[..., 0])[0]) < 0.06 * canvas_size
        fits = ~(middle & near) | (follows == is_lower)
        self._known_sheets = (
            self.known & ~(middle & is_lower) & fits,
            self.known & ~(middle & ~is_lower) & fits,
        )

    def at_nodes(self, values):
        """Return values of the vertices, (n_vertices, n), at the nodes."""
        corners = values[self.triangles[self.triangle]]
        return np.einsum("yxcn,yxc->yxn", corners, self.weights)

    def sheets(self, values):
        """Return values of the vertices as fields above and below the line between the lips."""
        values = self.at_nodes(values)
        reach = _REACH * self._face_size / self.step
        return [continued(values, known, reach) for known in self._known_sheets]

    def depth(self, vertices, origin):
        """Return the depth over an origin as a field that ends in it far from the face."""
        reach = _DEPTH_REACH * self._face_size / self.step
        return continued(self.at_nodes(vertices[:, 2:]) - origin, self.known, reach)[..., 0]


def _unit_fields(units, head, fitted, surface):
    """Return the fields of all units, of both sheets with a peak of a pixel, and the largest."""
    moving = [unit for unit in units if unit_blendshapes(head, unit)]
    motion = []
    for unit in moving:
        weights = unit_blendshapes(head, unit)
        shape = sum(weight * head.expressions[name] for name, weight in weights.items())
        motion.append(fitted.motion(shape)[:, :2])
    peak = [np.linalg.norm(shape, axis=1).max() for shape in motion]
    motion = np.concatenate([shape / size for shape, size in zip(motion, peak)], axis=1)
    index = [units.index(unit) for unit in moving]
    sheets = []
    for filled in surface.sheets(motion):
        sheet = np.zeros((len(units), GRID_SIZE, GRID_SIZE, 2), dtype=np.float32)
        sheet[index] = filled.reshape(GRID_SIZE, GRID_SIZE, -1, 2).transpose(2, 0, 1, 3)
        sheets.append(sheet)
    largest = np.full(len(units), np.inf)
    share = [_FULL_OF.get(split_side(unit)[0], _FULL) for unit in moving]
    largest[index] = np.array(share) * peak
    return *sheets, largest


def _rest_lids(fields, units, eyes, step):
    """Take from the units of the brows what they move at the lids, in place."""
    side = np.arange(GRID_SIZE) * step
    grid = np.stack(np.meshgrid(side, side), axis=-1)
    share = np.prod([1 - eye.nearness(grid) for eye in eyes], axis=0).astype(np.float32)
    for i, unit in enumerate(units):
        if split_side(unit)[0] in _BROWS:
            fields[0][i] *= share[..., None]


def _turn_fields(depth, eyes):
    """Return the fields of small turns: the nose leads by a pixel, the sides of the face rest."""
    rest = np.mean([eye.depth for eye in eyes.values()])
    lead = np.clip((depth - rest) / (depth.max() - rest), 0, None)
    nothing = np.zeros_like(lead)
    sideways, up = np.dstack([lead, nothing]), np.dstack([nothing, -lead])
    return {"turn sideways": sideways, "turn up": up}


def _unit_lids(units, eyes):
    """Return how far each unit closes the lids; but for blinks, by a pixel."""
    lids = np.zeros((len(units), 2, 2))
    for i, unit in enumerate(units):
        name, of_side = split_side(unit)
        for j, (side, eye) in enumerate(eyes.items()):
            if name in SIDED_LIDS and of_side in (None, side):
                gap = 1.0 if name == "blink" else (eye.lower - eye.upper).max()
                lids[i, j] = np.array(SIDED_LIDS[name]) / gap
    return lids
