"""A moving face: one photograph, warped by fields after the facial action coding system.

The face is `FACE_SIZE` pixels large on a square canvas. A point x of the neutral face is seen at
``head(x + expression(x))``: expression fields are smooth sums of Gaussians around landmarks, the
head moves by a similarity transform. The motion is therefore known exactly.
"""

from dataclasses import dataclass

import numpy as np

from skspot.faces import MIRRORED_POINTS

FACE_SIZE = 128
CANVAS_SIZE = 240

# 68 landmarks (iBUG 300-W order) of the face in scikit-image's astronaut picture, in its pixels.
# fmt: off
_ASTRONAUT_LANDMARKS = np.array([
    [181.9, 92.5], [180.9, 109.9], [180.9, 118.9], [182.6, 139.8], [185.3, 149.0], [189.1, 156.1],
    [199.7, 167.7], [212.2, 175.9], [221.4, 177.4], [230.7, 176.9], [244.1, 170.1], [256.1, 159.4],
    [260.9, 152.7], [265.0, 143.9], [269.0, 123.5], [269.8, 114.4], [269.7, 97.1], [186.0, 88.7],
    [191.6, 87.8], [197.5, 86.6], [205.6, 87.8], [215.1, 89.8], [236.0, 90.6], [245.9, 89.7],
    [254.2, 89.6], [260.2, 91.5], [265.5, 93.0], [224.9, 101.4], [224.5, 111.7], [224.0, 121.2],
    [223.7, 127.0], [214.2, 129.8], [217.7, 132.3], [223.5, 133.4], [229.4, 132.8], [233.2, 130.7],
    [195.3, 100.6], [199.2, 98.2], [206.1, 98.4], [213.6, 103.6], [207.6, 104.0], [200.7, 103.7],
    [236.4, 104.9], [244.3, 100.3], [251.4, 101.0], [255.3, 103.8], [249.4, 106.4], [242.3, 106.0],
    [202.3, 139.2], [211.7, 139.1], [217.3, 139.4], [223.4, 140.6], [229.7, 139.8], [235.2, 139.9],
    [244.5, 140.6], [234.4, 152.0], [229.1, 154.1], [222.7, 154.7], [216.5, 153.7], [211.2, 151.3],
    [203.9, 139.7], [217.7, 142.4], [223.3, 143.2], [229.0, 142.8], [242.9, 141.1], [228.3, 148.9],
    [223.0, 149.2], [217.6, 148.4],
])
# fmt: on

# Action units: (landmark, rightward, downward, radius) of each Gaussian. Radii are in pixels of the
# canvas. The fields are scaled to a peak of one pixel, so only the ratios of the motions matter.
_LEFT_RIGHT_UNITS = {
    "inner brow raiser": [(22, 0, -1, 11), (23, 0, -0.9, 11)],
    "outer brow raiser": [(25, 0, -1, 11), (24, 0, -0.6, 11)],
    "brow lowerer": [(22, -0.5, 0.9, 11), (23, -0.4, 1, 11), (24, -0.2, 0.6, 11)],
    "cheek raiser": [(46, 0, -0.6, 9), (45, -0.2, -0.4, 10)],
    "nose wrinkler": [(35, -0.1, -0.7, 9)],
    "upper lip raiser": [(52, 0, -0.9, 9), (53, 0.1, -0.7, 9)],
    "lip corner puller": [(54, 0.8, -0.7, 13)],
    "dimpler": [(54, 0.9, 0.1, 10)],
    "lip corner depressor": [(54, 0.15, 0.9, 12)],
    "lip stretcher": [(54, 1.0, 0.2, 13)],
}
_MIDDLE_UNITS = {
    "lip presser": [(51, 0, 0.5, 10), (57, 0, -0.6, 10)],
    "chin raiser": [(57, 0, -0.8, 12), (8, 0, -0.5, 14)],
    "jaw drop": [(57, 0, 1, 14), (8, 0, 1, 18)],
}
_NOSE_DEPTH = 35  # how far the nose is in front of the middle of the head, in pixels
_LID = [(43, 0, 1, 5), (44, 0, 1, 5)]

EXPRESSION_UNITS = (*_LEFT_RIGHT_UNITS, *_MIDDLE_UNITS)
# Motion that is not an expression: blinks, and the parallax of a turning head (the nose leads).
OTHER_UNITS = ("blink", "turn sideways", "turn up")
UNITS = (*EXPRESSION_UNITS, *OTHER_UNITS)


@dataclass(frozen=True)
class Face:
    """One subject: texture, landmarks and motion fields on the canvas.

    Attributes
    ----------
    texture : float32 array of shape (CANVAS_SIZE, CANVAS_SIZE)
        Grey values of the neutral face, 0 to 255.
    landmarks : float64 array of shape (68, 2)
        Landmarks of the neutral face in pixels of the canvas.
    fields : float32 array of shape (n_units, CANVAS_SIZE, CANVAS_SIZE, 2)
        Displacement of each pixel for an activation of 1 of each unit.
    units : tuple of str
        Names of the units.
    """

    texture: np.ndarray
    landmarks: np.ndarray
    fields: np.ndarray
    units: tuple = UNITS

    @property
    def largest(self):
        """The strongest activation of each unit: here there is no limit."""
        return np.full(len(self.units), np.inf)

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
        return np.stack([_sample(field, points) for field in self.fields])

    def pose(self, activations, head, turn=(0.0, 0.0)):
        """Return the face of one frame, with the parameters of `render`."""
        return _Pose(self, activations, head, turn)

    def render(self, activations, head, turn=(0.0, 0.0)):
        """Return one image of the face, as float32 grey values without noise.

        Parameters
        ----------
        activations : array of shape (n_units,)
            Activation of each unit.
        head : array of shape (2, 3)
            Transform of the head: points of the neutral canvas to points of the image.
        turn : (yaw, pitch), default=(0, 0)
            Rotation of the head in depth, in radians: to the right of the picture, and up.

        Returns
        -------
        image : float32 array of shape (CANVAS_SIZE, CANVAS_SIZE)
            The image.
        """
        import cv2

        activations = self._with_turn(activations, turn)
        size = (CANVAS_SIZE, CANVAS_SIZE)
        inverse = cv2.invertAffineTransform(head).astype(np.float32)
        source = _pixel_grid() @ inverse[:, :2].T + inverse[:, 2]
        active = np.flatnonzero(activations)
        if len(active):
            field = np.tensordot(activations[active].astype(np.float32), self.fields[active], 1)
            source += cv2.warpAffine(_inverted(field), head, size, borderMode=cv2.BORDER_REPLICATE)
        return cv2.remap(
            self.texture, source, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )

    def _with_turn(self, activations, turn):
        """Return activations of which those of the nose follow a turn of the head."""
        if not np.any(turn):
            return activations
        activations = np.array(activations, dtype=np.float64)
        turns = [self.units.index(name) for name in OTHER_UNITS[1:]]
        activations[turns] += _NOSE_DEPTH * np.sin(turn)
        return activations


@dataclass(frozen=True)
class _Pose:
    """The face of one frame: where its points are seen, and what it looks like."""

    face: Face
    activations: np.ndarray
    head: np.ndarray
    turn: tuple

    def seen_at(self, points):
        """Return where points of the neutral face, shape (n_points, 2), are seen."""
        activations = self.face._with_turn(self.activations, self.turn)
        moved = points + np.einsum("u,upa->pa", activations, self.face.unit_motion(points))
        return np.einsum("pa,ba->pb", moved, self.head[:, :2]) + self.head[:, 2]

    def carried(self, points):
        """Return where points that only the head moves are seen, near the eyes."""
        return points @ self.head[:, :2].T + self.head[:, 2]

    def render(self):
        """Return the image, as float32 grey values without noise."""
        return self.face.render(self.activations, self.head, self.turn)


def make_face(rng, *, one_sided=False):
    """Return a new subject: the astronaut with another shape, skin and light.

    Parameters
    ----------
    rng : RandomState
        Source of randomness.
    one_sided : bool, default=False
        Whether each side of the face has units of its own, such as "dimpler left".

    Returns
    -------
    face : Face
        The subject.
    """
    texture, landmarks = _astronaut(mirror=rng.uniform() < 0.5)
    texture, landmarks = _reshape(texture, landmarks, rng)
    skin = _reskin(texture, rng)
    if one_sided:
        fields = _one_sided_fields(landmarks, rng)
        stacked = np.stack(list(fields.values())).astype(np.float32)
        return Face(skin, landmarks, stacked, tuple(fields))
    return Face(skin, landmarks, _unit_fields(landmarks, rng))


def face_transform(shift, angle, scale, centre):
    """Return the 2 x 3 similarity transform that turns and scales about `centre`, then shifts."""
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.column_stack([turn, centre - turn @ centre + shift])


def _astronaut(mirror):
    """Return the neutral image and its landmarks on the canvas."""
    import cv2
    from skimage.data import astronaut

    from skspot.video import face_extent

    scale = FACE_SIZE / face_extent(_ASTRONAUT_LANDMARKS[None])[0]
    middle = _ASTRONAUT_LANDMARKS.mean(axis=0) - [0, 8]
    to_canvas = np.column_stack([np.eye(2) * scale, CANVAS_SIZE / 2 - scale * middle])
    grey = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2GRAY).astype(np.float32)
    texture = cv2.warpAffine(grey, to_canvas, (CANVAS_SIZE, CANVAS_SIZE), flags=cv2.INTER_CUBIC)
    landmarks = _ASTRONAUT_LANDMARKS @ to_canvas[:, :2].T + to_canvas[:, 2]
    if mirror:
        texture = np.ascontiguousarray(texture[:, ::-1])
        landmarks = (landmarks * [-1, 1] + [CANVAS_SIZE - 1, 0])[list(MIRRORED_POINTS)]
    return texture, landmarks


def _reshape(texture, landmarks, rng):
    """Give the face other proportions: a few wide Gaussians and another aspect ratio."""
    import cv2

    from skspot.video import face_extent

    anchors = landmarks[[4, 12, 8, 19, 24, 30, 51, 57]]
    shifts = rng.normal(0, 2.5, size=anchors.shape)
    field = _gaussian_field(anchors, shifts, np.full(len(anchors), 28.0))
    aspect = rng.uniform(-0.05, 0.05)
    field += (_pixel_grid() - CANVAS_SIZE / 2) * np.float32([aspect, -aspect])
    source = (_pixel_grid() + _inverted(field)).astype(np.float32)
    texture = cv2.remap(texture, source, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    landmarks = landmarks + _sample(field, landmarks)
    # Scale the face back to its size, so that pixels mean the same for all subjects.
    size = FACE_SIZE / face_extent(landmarks[None])[0]
    middle = np.full(2, (CANVAS_SIZE - 1) / 2)
    resize = face_transform(middle - landmarks.mean(axis=0) + [0, 8], 0.0, size, landmarks.mean(0))
    texture = cv2.warpAffine(
        texture,
        resize,
        (CANVAS_SIZE, CANVAS_SIZE),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return texture, landmarks @ resize[:, :2].T + resize[:, 2]


def _reskin(texture, rng):
    """Give the face another tone, another light and another fine structure."""
    import cv2

    shape = texture.shape
    tone = 255 * np.clip(texture / 255, 0, 1) ** rng.uniform(0.75, 1.35)
    light = cv2.GaussianBlur(rng.normal(size=shape).astype(np.float32), None, 45)
    light *= rng.uniform(0.05, 0.15) / light.std()
    pores = cv2.GaussianBlur(rng.normal(size=shape).astype(np.float32), None, rng.uniform(0.8, 1.6))
    pores *= rng.uniform(1.0, 4.0) / pores.std()
    contrast = rng.uniform(0.8, 1.05)
    skin = (tone - 120) * contrast * (1 + light) + 120 * (1 + light) + pores
    return np.clip(skin, 5, 250).astype(np.float32)


def _unit_fields(landmarks, rng):
    """Return the fields of all units for one face; its two sides differ slightly."""
    fields = []
    for gaussians in _LEFT_RIGHT_UNITS.values():
        left, right = rng.uniform(0.75, 1.25, size=2)
        both = [(g[0], *(left * np.array(g[1:3])), g[3]) for g in gaussians]
        both += [(MIRRORED_POINTS[g[0]], -right * g[1], right * g[2], g[3]) for g in gaussians]
        fields.append(_unit_field(landmarks, both))
    fields += [_unit_field(landmarks, gaussians) for gaussians in _MIDDLE_UNITS.values()]
    fields += _other_fields(landmarks)
    return np.stack(fields).astype(np.float32)


def _other_fields(landmarks):
    lids = _LID + [(MIRRORED_POINTS[g[0]], *g[1:]) for g in _LID]
    opening = landmarks[[40, 41, 46, 47], 1].mean() - landmarks[[37, 38, 43, 44], 1].mean()
    return [
        0.8 * opening * _unit_field(landmarks, lids),
        _unit_field(landmarks, [(30, 1, 0, 38)]),
        _unit_field(landmarks, [(30, 0, -1, 38)]),
    ]


def _one_sided_fields(landmarks, rng):
    """Return the fields of all units by name, of each side for itself."""
    fields = {}
    for name, gaussians in _LEFT_RIGHT_UNITS.items():
        mirrored = [(MIRRORED_POINTS[g[0]], -g[1], g[2], g[3]) for g in gaussians]
        for side, of_side in (("left", gaussians), ("right", mirrored)):
            field = rng.uniform(0.75, 1.25) * _unit_field(landmarks, of_side)
            fields[f"{name} {side}"] = field
    for name, gaussians in _MIDDLE_UNITS.items():
        fields[name] = _unit_field(landmarks, gaussians)
    return fields | dict(zip(OTHER_UNITS, _other_fields(landmarks)))


def _unit_field(landmarks, gaussians):
    """Return a sum of Gaussians around landmarks, scaled to a peak of one pixel."""
    index, rightward, downward, radius = map(np.array, zip(*gaussians))
    shifts = np.stack([rightward, downward], axis=1)
    field = _gaussian_field(landmarks[index.astype(int)], shifts, radius)
    return field / np.linalg.norm(field, axis=-1).max()


def _gaussian_field(centres, shifts, radii):
    """Return the displacement of every pixel: Gaussians of the given radii around centres."""
    grid = _pixel_grid()
    field = np.zeros_like(grid)
    for centre, shift, radius in zip(centres, shifts, radii):
        square = ((grid - np.float32(centre)) ** 2).sum(axis=-1, keepdims=True)
        field += np.float32(shift) * np.exp(-square / np.float32(2 * radius**2))
    return field


def _inverted(field, n_iterations=4):
    """Return the field e with ``x + e(x) = y`` wherever ``y + field(y) = x`` (fixed point)."""
    import cv2

    grid = _pixel_grid()
    inverse = -field
    for _ in range(n_iterations):
        inverse = -cv2.remap(
            field, grid + inverse, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    return inverse


def _sample(field, points):
    """Return the field's values at points of shape (n_points, 2)."""
    import cv2

    where = np.asarray(points, dtype=np.float32)[:, None]
    return cv2.remap(field, where, None, cv2.INTER_LINEAR)[:, 0].astype(np.float64)


def _pixel_grid():
    """Return the coordinates (x, y) of every pixel of the canvas, float32."""
    side = np.arange(CANVAS_SIZE, dtype=np.float32)
    return np.stack(np.meshgrid(side, side), axis=-1)
