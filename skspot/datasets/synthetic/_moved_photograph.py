"""A photograph of a face, moved by the units of a three-dimensional head.

The face lies level on a square canvas. A point x of the neutral face is seen at ``head(turn(x +
lids(x) + expression(x + lids(x))))``: the lids move by a rule of their own, the expression is a sum
of displacement fields on a coarse grid, the turn is a rotation in depth in parallel projection.
The motion is therefore known exactly; each picture is one lookup in the photograph.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from skspot.datasets.synthetic._faces import CANVAS_SIZE, FACE_SIZE
from skspot.datasets.synthetic._head import MESH_SIZE, fit_head, load_head
from skspot.datasets.synthetic._openings import (
    Mouth,
    behind_openings,
    find_eyes,
    find_mouth,
)
from skspot.datasets.synthetic._own_smile import align, field_of_rest, smile_shape
from skspot.datasets.synthetic._sheets import (
    GRID_SIZE,
    continued,
    inverted,
    rasterise,
    sampled,
    visible_triangles,
)
from skspot.datasets.synthetic._units import (
    GAZE,
    OWN_SMILE,
    PHOTOGRAPH_UNITS,
    SIDED_LIDS,
    split_side,
    unit_blendshapes,
)
from skspot.faces import MESH_TO_68

_LOWER_ROW = GRID_SIZE // 3  # the lower sheet has only the nodes from here downwards
_REACH = 0.4  # of the size of the face: how far fields reach beyond it
_DEPTH_REACH = 0.8
_FINE = 2  # pixels of a stored picture for one of the canvas
_OWN_SMILE_LIMIT = 1.1  # of the smile in the photograph
_OPEN_MOUTH = 0.008  # of the canvas: a smile that is more open shows the teeth
_CHIN = -7.2  # cm: the neck below it is continued from the face
_PIVOT_BELOW = 0.3  # of the size of the face: how far below its middle it turns
_PIVOT_DEPTH = 2.0  # cm: where it turns, before the origin of the head
_BROWS = ("inner brow raiser", "outer brow raiser", "brow lowerer")
_FULL = 1.1  # the strongest activation, as a share of that of the blendshape
_FULL_BROWS = 0.75  # two units of the brows add up


@dataclass(frozen=True)
class MovedPhotograph:
    """One subject: a photograph and the fields that move it.

    Attributes
    ----------
    units : tuple of str
        Names of the units.
    texture, inside : float32 arrays of shape (2 * canvas_size - 1, 2 * canvas_size - 1)
        Grey values of the neutral face, and of what is behind its openings, at every half pixel
        of the canvas: linear interpolation then moves them without a bias.
    landmarks : array of shape (68, 2)
        Landmarks of the neutral face in pixels of the canvas.
    upper, lower : float32 arrays of shape (n_units, n_rows, GRID_SIZE, 2)
        Displacements for an activation of 1 of each unit, above and below the line between the
        lips; the lower sheet has fewer rows.
    lids : array of shape (n_units, 2, 2)
        How far each unit closes the right and the left eye by its upper and lower lid.
    depth : float32 array of shape (GRID_SIZE, GRID_SIZE)
        Depth of the face over that of the eyes, in pixels.
    eyes : dict of str to Eye
        The eyes.
    mouth : Mouth
        The mouth.
    pivot : array of shape (3,)
        The point about which the head turns; its depth is that behind the eyes.
    largest : array of shape (n_units,)
        The activation of each unit that is as strong as a face can do it.
    fit_error : float
        Median distance of the landmarks to those of the fitted head, in pixels.
    """

    units: tuple
    texture: np.ndarray
    inside: np.ndarray
    landmarks: np.ndarray
    upper: np.ndarray
    lower: np.ndarray
    lids: np.ndarray
    depth: np.ndarray
    eyes: dict
    mouth: Mouth
    pivot: np.ndarray
    largest: np.ndarray
    fit_error: float

    @property
    def canvas_size(self):
        """Side of the canvas in pixels."""
        return (len(self.texture) + 1) // _FINE

    @property
    def _step(self):
        return (self.canvas_size - 1) / (GRID_SIZE - 1)

    def unit_motion(self, points):
        """Return the motion of points of the neutral face for an activation of 1 of each unit.

        Parameters
        ----------
        points : array of shape (n_points, 2)
            Points on the canvas.

        Returns
        -------
        motion : array of shape (n_units, n_points, 2)
            In pixels of the canvas, without the motion of the head.
        """
        points = np.asarray(points, dtype=np.float64)
        motion = np.stack(
            [self._sampled(*sheets, points) for sheets in zip(self.upper, self.lower)]
        ).astype(np.float64)
        for eye, closing in zip(self.eyes.values(), self.lids.transpose(1, 0, 2)):
            for unit in np.flatnonzero(closing.any(axis=1)):
                motion[unit, :, 1] += eye.moved(points, closing[unit])
        return motion

    def pose(self, activations, head, turn=(0.0, 0.0)):
        """Return the face of one frame.

        Parameters
        ----------
        activations : array of shape (n_units,)
            Activation of each unit.
        head : array of shape (2, 3)
            Transform of the head in the plane.
        turn : (yaw, pitch), default=(0, 0)
            Rotation of the head in depth, in radians: to the right of the picture, and up.

        Returns
        -------
        pose : Pose
            It renders the picture, and knows where points are seen.
        """
        return Pose(self, activations, head, turn)

    def render(self, activations, head, turn=(0.0, 0.0)):
        """Return one image of the face, as float32 grey values without noise."""
        return self.pose(activations, head, turn).render()

    def _sampled(self, upper, lower, points):
        """Return a field at points of the neutral face, each on its side of the lips."""
        above = sampled(upper, points, self._step)
        below = sampled(lower, points - [0, _LOWER_ROW * self._step], self._step)
        return np.where(self.mouth.below(points)[..., None], below, above)


class Pose:
    """The face of one frame: where its points are seen, and what it looks like."""

    def __init__(self, face, activations, head, turn):
        self.face = face
        active = np.flatnonzero(activations)
        weights = np.asarray(activations, dtype=np.float32)[active]
        self._fields = [
            np.tensordot(weights, sheet[active], 1) if len(active) else np.zeros_like(sheet[0])
            for sheet in (face.upper, face.lower)
        ]
        self._closing = np.tensordot(weights, face.lids[active], 1) if len(active) else [[0, 0]] * 2
        self._closing = [_possible(closing) for closing in self._closing]
        by_name = dict(zip(face.units, activations))
        self._gaze = np.array([by_name.get(name, 0.0) for name in GAZE])
        rotation = _rotation(*turn)
        plane, self._slant = rotation[:2, :2], np.linalg.solve(rotation[:2, :2], rotation[:2, 2])
        behind = rotation[:2, 2] * face.pivot[2]
        turned = np.column_stack([plane, face.pivot[:2] - plane @ face.pivot[:2] + behind])
        self._affine = head[:, :2] @ turned + np.column_stack([np.zeros((2, 2)), head[:, 2]])

    def seen_at(self, points):
        """Return where points of the neutral face, shape (n_points, 2), are seen."""
        face = self.face
        moved = np.array(points, dtype=np.float64)
        for eye, closing in zip(face.eyes.values(), self._closing):
            moved[:, 1] += eye.moved(np.asarray(points), closing)
        depth = sampled(face.depth, moved, face._step)
        shift = face._sampled(*self._fields, moved) + depth[:, None] * self._slant
        return (moved + shift) @ self._affine[:, :2].T + self._affine[:, 2]

    def carried(self, points):
        """Return where points that only the head moves are seen, at the depth of the eyes."""
        return points @ self._affine[:, :2].T + self._affine[:, 2]

    def render(self):
        """Return the image, as float32 grey values without noise."""
        face = self.face
        source, inside = self._skin_source()
        for (_, eye), closing in zip(face.eyes.items(), self._closing):
            box = self._box(eye.columns, eye.crease, eye.bag)
            if box is not None:
                x, y = source[box][..., 0], source[box][..., 1]
                source[box][..., 1], share = eye.source(x, y, closing)
                inside.append((box, share, eye.depth, self._gaze))
        image = _looked_up(face.texture, source)
        for box, share, depth, gaze in inside:
            if (share > 0).any():
                where = self._head_source[box] - np.float32(depth * self._slant + gaze)
                behind = _looked_up(face.inside, where)
                image[box] += share.astype(np.float32) * (behind - image[box])
        return image

    def _skin_source(self):
        """Return where each pixel of the skin comes from, but for the lids, and the open mouth."""
        mouth = self.face.mouth
        source = self._inverse(self._fields[0], 0)
        box = self._box(mouth.columns, mouth.upper - 2, mouth.lower + 2)
        first = 0 if box is None else box[0].start
        lower = self._inverse(self._fields[1], _LOWER_ROW, first)
        upper = source[first:]
        above = upper[..., 1] - mouth.edges(upper[..., 0])[0]
        inside = []
        if box is not None:
            part = np.s_[: box[0].stop - first, box[1]]
            beneath = mouth.edges(lower[part][..., 0])[1] - lower[part][..., 1]
            share = np.clip(np.minimum(above[part], beneath), 0, 1)
            inside.append((box, share, mouth.depth, 0.0))
        np.copyto(upper, lower, where=(above > 0)[..., None])
        return source, inside

    def _inverse(self, field, first_row, first=0):
        """Return where pixels of the image from a row on come from, by one sheet."""
        import cv2

        face, step = self.face, self.face._step
        depth = face.depth[first_row:, :, None]
        inverse = inverted(field + depth * np.float32(self._slant), step)
        to_grid = cv2.invertAffineTransform(self._affine) / step
        to_grid[:, 2] += to_grid[:, 1] * first - [0, first_row]
        source = cv2.warpAffine(
            inverse,
            to_grid,
            (face.canvas_size, face.canvas_size - first),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        source += self._head_source[first:]
        return source

    @cached_property
    def _head_source(self):
        """The places of the canvas that the pixels of the image show of a flat, still face."""
        import cv2

        to_canvas = cv2.invertAffineTransform(self._affine).astype(np.float32)
        side = np.arange(self.face.canvas_size, dtype=np.float32)
        places = np.empty((len(side), len(side), 2), dtype=np.float32)
        for axis, (across, down, shift) in enumerate(to_canvas):
            places[..., axis] = across * side + (down * side + shift)[:, None]
        return places

    def _box(self, columns, top, bottom, margin=3):
        """Return the part of the image with an opening, None if it has left the image."""
        x = np.arange(max(columns[0] - margin, 0), min(columns[1] + margin, self.face.canvas_size))
        points = np.concatenate([np.stack([x, y[x]], axis=1) for y in (top, bottom)])
        seen = self.seen_at(points)
        low = np.maximum(np.floor(seen.min(axis=0)).astype(int) - margin, 0)
        high = np.minimum(np.ceil(seen.max(axis=0)).astype(int) + margin, self.face.canvas_size)
        if (high <= low).any():
            return None
        return np.s_[low[1] : high[1], low[0] : high[0]]


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
    to_canvas = _to_canvas(photograph.landmarks, face_size, canvas_size)
    fine = _on_canvas(photograph.image, _FINE * to_canvas, _FINE * canvas_size - 1)
    texture = fine[::_FINE, ::_FINE]
    points = _transformed(photograph.landmarks, to_canvas)
    fitted = fit_head(head, points)
    mesh = head.mesh_points(fitted.vertices)
    eyes, mouth = find_eyes(mesh, canvas_size), find_mouth(mesh, canvas_size, face_size)
    landmarks = _landmarks_68(points)
    surface = _Surface(head, fitted, mouth, canvas_size)
    behind = np.mean([eye.depth for eye in eyes.values()]) - _PIVOT_DEPTH * fitted.scale
    depth = continued(
        surface.at_nodes(fitted.vertices[:, 2:]) - _PIVOT_DEPTH * fitted.scale,
        surface.known,
        _DEPTH_REACH * face_size / surface.step,
    )[..., 0]
    depth -= np.float32(behind)
    eyes_depth = _PIVOT_DEPTH * fitted.scale + behind
    eyes = {side: _with_depth(eye, eyes_depth) for side, eye in eyes.items()}
    mouth = _with_depth(mouth, eyes_depth)
    *fields, largest = _unit_fields(units, head, fitted, surface, face_size)
    _rest_lids(fields, units, eyes.values(), surface.step)
    lids, teeth = _unit_lids(units, eyes), None
    if photograph.smile_landmarks is not None:
        smile = _Smile(photograph, landmarks, to_canvas, canvas_size)
        teeth = smile.teeth()
        if OWN_SMILE in units:
            i = units.index(OWN_SMILE)
            for sheet, field in zip(fields, smile.fields(head, fitted, surface, points, face_size)):
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
        inside=_finer(behind_openings(texture, eyes.values(), mouth, teeth)),
        landmarks=landmarks,
        upper=fields[0],
        lower=fields[1][:, _LOWER_ROW:],
        lids=lids,
        depth=depth,
        eyes=eyes,
        mouth=mouth,
        pivot=np.append(landmarks.mean(axis=0) + [0, _PIVOT_BELOW * face_size], behind),
        largest=largest,
        fit_error=fitted.error,
    )


class _Surface:
    """Which part of the fitted head is seen at each node of the grid."""

    def __init__(self, head, fitted, mouth, canvas_size):
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
        self.known_sheets = (
            self.known & ~(middle & is_lower) & fits,
            self.known & ~(middle & ~is_lower) & fits,
        )

    def at_nodes(self, values):
        """Return values of the vertices, (n_vertices, n), at the nodes."""
        corners = values[self.triangles[self.triangle]]
        return np.einsum("yxcn,yxc->yxn", corners, self.weights)


class _Smile:
    """The photograph of the smile, aligned with the neutral one on the canvas."""

    def __init__(self, photograph, landmarks, to_canvas, canvas_size):
        points = _transformed(photograph.smile_landmarks, to_canvas)
        back = align(_landmarks_68(points), landmarks)
        self.points = _transformed(points, back)
        self.landmarks = _landmarks_68(self.points)
        self.image = photograph.smile_image
        self._to_canvas = back[:, :2] @ to_canvas + np.column_stack([np.zeros((2, 2)), back[:, 2]])
        self._canvas_size = canvas_size

    def fields(self, head, fitted, surface, neutral, face_size):
        """Return the displacement from the neutral face to the smile, of both sheets."""
        motion, rest = smile_shape(head, fitted, neutral, self.points)
        rest = field_of_rest(rest, GRID_SIZE, self._canvas_size)
        values = surface.at_nodes(motion)
        reach = _REACH * face_size / surface.step
        return [continued(values, known, reach) + rest for known in surface.known_sheets]

    def lids(self, neutral):
        """Return how far the smile closes the right and the left eye; the lower lid rises most."""
        before, after = _eye_openings(neutral), _eye_openings(self.landmarks)
        closing = np.clip(1 - after / before, 0, 0.5)
        return closing[:, None] * [0.3, 0.7]

    def teeth(self):
        """Return the picture and where it shows the inside of the mouth, None if it is closed."""
        import cv2

        lips = self.landmarks[60:68]
        opening = (lips[5:8, 1] - lips[3:0:-1, 1]).mean()
        if self.image is None or opening < _OPEN_MOUTH * self._canvas_size:
            return None
        mask = np.zeros((self._canvas_size,) * 2, dtype=np.uint8)
        cv2.fillPoly(mask, [np.rint(lips * 16).astype(np.int32)], 1, shift=4)
        mask = cv2.erode(mask, np.ones((3, 3), np.uint8))
        return _on_canvas(self.image, self._to_canvas, self._canvas_size), mask


def _eye_openings(landmarks):
    """Return the mean distance of the lids of the right and the left eye."""
    upper, lower = landmarks[[[37, 38], [43, 44]], 1], landmarks[[[41, 40], [47, 46]], 1]
    return (lower - upper).mean(axis=1)


def _unit_fields(units, head, fitted, surface, face_size):
    """Return the fields of all units, of both sheets with a peak of a pixel, and the largest."""
    moving = [unit for unit in units if unit_blendshapes(head, unit)]
    motion = []
    for unit in moving:
        weights = unit_blendshapes(head, unit)
        shape = sum(weight * head.expressions[name] for name, weight in weights.items())
        motion.append(fitted.motion(shape)[:, :2])
    peak = [np.linalg.norm(shape, axis=1).max() for shape in motion]
    motion = np.concatenate([shape / size for shape, size in zip(motion, peak)], axis=1)
    values = surface.at_nodes(motion)
    index = [units.index(unit) for unit in moving]
    sheets = []
    for known in surface.known_sheets:
        filled = continued(values, known, _REACH * face_size / surface.step)
        sheet = np.zeros((len(units), GRID_SIZE, GRID_SIZE, 2), dtype=np.float32)
        sheet[index] = filled.reshape(GRID_SIZE, GRID_SIZE, -1, 2).transpose(2, 0, 1, 3)
        sheets.append(sheet)
    largest = np.full(len(units), np.inf)
    share = [_FULL_BROWS if split_side(unit)[0] in _BROWS[:2] else _FULL for unit in moving]
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


def _possible(closing):
    """Return the closing of the lids such that they meet and don't cross."""
    lower = np.clip(closing[1], -0.5, 1)
    return np.clip(closing[0], -0.5, 1 - lower), lower


def _rotation(yaw, pitch):
    """Return a rotation in the axes of the picture: x right, y down, z to the camera."""
    around_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    around_x = np.array(
        [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]
    )
    return around_x @ around_y


def _with_depth(opening, origin):
    return replace(opening, depth=opening.depth - origin)


def _landmarks_68(points):
    if len(points) != MESH_SIZE:
        return points
    return points[list(MESH_TO_68)]


def _to_canvas(landmarks, face_size, canvas_size):
    """Return the transform to the canvas: a level face of the given size in the middle."""
    from skspot.video import face_extent

    points = _landmarks_68(landmarks)
    right, left = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    angle = np.arctan2(*(left - right)[::-1])
    scale = face_size / face_extent(points[None])[0]
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    middle = np.full(2, (canvas_size - 1) / 2) + [0, face_size / 16]
    return np.column_stack([turn, middle - turn @ points.mean(axis=0)])


def _transformed(points, affine):
    return points @ affine[:, :2].T + affine[:, 2]


def _looked_up(picture, where):
    """Return the values of a fine picture at places of the canvas; writes into `where`."""
    import cv2

    where *= _FINE
    return cv2.remap(picture, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _finer(picture):
    """Return a picture of the canvas with more pixels."""
    import cv2

    return cv2.warpAffine(
        picture,
        np.eye(2, 3) / _FINE,
        (_FINE * len(picture) - 1,) * 2,
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
    )


def _on_canvas(image, to_canvas, canvas_size):
    """Return a picture on the canvas in grey, without aliasing."""
    import cv2

    if image.ndim == 3:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    scale = np.sqrt(np.linalg.det(to_canvas[:, :2]))
    if scale < 1:
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        factor = np.array(small.shape[::-1]) / image.shape[::-1]
        # Pixel x of the picture is (x + 1 / 2) * factor - 1 / 2 of the small one.
        back = np.column_stack([np.diag(1 / factor), 0.5 / factor - 0.5])
        to_canvas = to_canvas[:, :2] @ back + np.column_stack([np.zeros((2, 2)), to_canvas[:, 2]])
        image = small
    image = cv2.warpAffine(
        image.astype(np.float32),
        to_canvas,
        (canvas_size, canvas_size),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return cv2.GaussianBlur(image, (0, 0), 0.6)
