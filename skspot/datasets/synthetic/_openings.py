"""What opens in a face: the eyes and the mouth, on a canvas on which the eyes are level.

Each opening is described by curves over the columns of the canvas, so lids close and lips part by
simple rules that can be inverted exactly. Behind the openings there is another picture.
"""

from dataclasses import dataclass, replace

import numpy as np

# Points of MediaPipe's mesh from one corner to the other; the corners belong to both rows.
_EYE_ROWS = {
    "right": (
        [33, 246, 161, 160, 159, 158, 157, 173, 133],
        [33, 7, 163, 144, 145, 153, 154, 155, 133],
    ),
    "left": (
        [362, 398, 384, 385, 386, 387, 388, 466, 263],
        [362, 382, 381, 380, 374, 373, 390, 249, 263],
    ),
}
_LIP_ROWS = (
    [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308],
    [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308],
)
_BROWS = {"right": [70, 63, 105, 66, 107], "left": [336, 296, 334, 293, 300]}

_LASHES = 0.35  # of the opening of an eye: the height of the edge of a lid, which isn't stretched
_CREASE = 0.4  # where the skin begins to move: the share of the way from the lid to the brow
_CLOSED_LIPS = 0.02  # of the size of the face: a smaller gap is a closed mouth


@dataclass(frozen=True)
class Eye:
    """One eye: y of its curves at each column of the canvas.

    Attributes
    ----------
    crease, lash, upper, lower, bag : arrays of shape (canvas_size,)
        Where the skin above begins to move, where the edge of the upper lid begins, the openings
        of the eye, and where the skin below begins to move.
    columns : (int, int)
        The first and the last column of the eye.
    depth : float
        Depth of the eyeball, in pixels.
    """

    crease: np.ndarray
    lash: np.ndarray
    upper: np.ndarray
    lower: np.ndarray
    bag: np.ndarray
    columns: tuple
    depth: float

    def over(self, origin):
        """Return the eye with its depth over an origin."""
        return replace(self, depth=self.depth - origin)

    def moved(self, points, closing):
        """Return by how much (downwards) points move if the lids close by (upper, lower)."""
        crease, lash, upper, lower, bag = self._at(points[..., 0])
        y, gap = points[..., 1], lower - upper
        down = np.clip((y - crease) / (lash - crease), 0, 1) * closing[0]
        up = np.clip((bag - y) / (bag - lower), 0, 1) * closing[1]
        return gap * np.where(2 * y < upper + lower, down, -up)

    def nearness(self, points):
        """Return 1 for points between the lids, and down to 0 towards the crease and aside."""
        x, y = points[..., 0], points[..., 1]
        crease, _, upper, lower, bag = self._at(x)
        above = np.clip((y - crease) / (upper - crease), 0, 1)
        below = np.clip((bag - y) / (bag - lower), 0, 1)
        width = self.columns[1] - self.columns[0]
        aside = np.maximum(self.columns[0] - x, x - self.columns[1]) / (0.25 * width)
        inside = np.minimum(above, below) * np.clip(1 - aside, 0, 1)
        return inside * inside * (3 - 2 * inside)

    def source(self, x, y, closing):
        """Return where the skin at places comes from (y), and how much of the eye is seen there."""
        crease, lash, upper, lower, bag = self._at(x)
        down, up = closing[0] * (lower - upper), closing[1] * (lower - upper)
        top, bottom = upper + down, lower - up
        stretched = crease + (y - crease) * (lash - crease) / (lash + down - crease)
        above = np.where(y < lash + down, stretched, y - down)
        above = np.where(y < crease, y, above)
        below = bag - (bag - y) * (bag - lower) / (bag - bottom)
        skin = np.where(y < (top + bottom) / 2, above, np.where(y > bag, y, below))
        return skin, np.clip(np.minimum(y - top, bottom - y), 0, 1)

    def _at(self, x):
        return _at_columns((self.crease, self.lash, self.upper, self.lower, self.bag), x)


@dataclass(frozen=True)
class Mouth:
    """The line between the lips: y of the inner edges of the lips at each column of the canvas."""

    upper: np.ndarray
    lower: np.ndarray
    columns: tuple
    depth: float

    def over(self, origin):
        """Return the mouth with its depth over an origin."""
        return replace(self, depth=self.depth - origin)

    def below(self, points):
        """Return whether points of the neutral face belong to what moves with the lower lip."""
        upper, lower = self.edges(points[..., 0])
        return points[..., 1] > (upper + lower) / 2

    def edges(self, x):
        """Return y of the edges of the upper and lower lip at columns."""
        return _at_columns((self.upper, self.lower), x)


def _at_columns(curves, x):
    """Return the values of curves, known at every column, at places in between."""
    last = len(curves[0]) - 2
    column = np.clip(x, 0, last + 1)
    left = np.minimum(column.astype(np.intp), last)
    share = column - left
    return [curve[left] + share * (curve[left + 1] - curve[left]) for curve in curves]


def find_eyes(points, size):
    """Return the eyes by side, from the points of the mesh on the canvas."""
    return {side: _find_eye(points, side, size) for side in _EYE_ROWS}


def _find_eye(points, side, size):
    rows = _EYE_ROWS[side]
    upper, lower = (_curve(points[row, :2], size) for row in rows)
    upper, lower = np.minimum(upper, lower), np.maximum(upper, lower)
    edge = _LASHES * (lower - upper).max()
    brow = points[_BROWS[side], 1].mean()
    lid = max(_CREASE * (points[rows[0], 1].mean() - brow), 1.5 * edge)
    ends = np.sort(points[[rows[0][0], rows[0][-1]], 0])
    return Eye(
        crease=upper - lid - edge / 2,
        lash=upper - edge,
        upper=upper,
        lower=lower,
        bag=lower + lid,
        columns=(int(ends[0]), int(ends[1]) + 1),
        depth=float(points[rows[0] + rows[1], 2].mean()),
    )


def find_mouth(points, size, face_size):
    """Return the mouth, from the points of the mesh on the canvas."""
    upper, lower = (_curve(points[row, :2], size) for row in _LIP_ROWS)
    if np.max(lower - upper) < _CLOSED_LIPS * face_size:
        upper = lower = (upper + lower) / 2
    upper, lower = np.minimum(upper, lower), np.maximum(upper, lower)
    ends = np.sort(points[[_LIP_ROWS[0][0], _LIP_ROWS[0][-1]], 0])
    depth = float(points[_LIP_ROWS[0], 2].mean())
    return Mouth(upper, lower, (int(ends[0]), int(ends[1]) + 1), depth)


def _curve(points, size):
    """Return y of a row of points at every column; beyond its ends it is level."""
    order = np.argsort(points[:, 0])
    level = np.interp(np.arange(size), points[order, 0], points[order, 1])
    return level.astype(np.float32)


def behind_openings(texture, eyes, mouth, teeth=None):
    """Return the picture behind the openings: eyeballs, and the inside of the mouth.

    Parameters
    ----------
    texture : float32 array of shape (size, size)
        The neutral face.
    eyes : iterable of Eye
        The eyes.
    mouth : Mouth
        The mouth.
    teeth : (picture, mask), default=None
        The inside of the mouth where another picture shows it.

    Returns
    -------
    inside : float32 array of shape (size, size)
        The picture.
    """
    import cv2

    rows = np.arange(len(texture), dtype=np.float32)[:, None]
    lips = np.median(texture[_near(mouth, rows, 3)])
    cavity = np.full_like(texture, 0.3 * lips)
    if teeth is not None:
        share = cv2.GaussianBlur(teeth[1].astype(np.float32), (0, 0), 0.8)
        cavity = share * teeth[0] + (1 - share) * cavity
    seen = _near(mouth, rows, 0)
    cavity[seen] = texture[seen]
    inside = texture.copy()
    middle = np.s_[:, mouth.columns[0] : mouth.columns[1]]
    top = min(mouth.upper.min() - 20, len(texture))
    inside[int(top) :][middle] = cavity[int(top) :][middle]
    for eye in eyes:
        _extend_eyeball(inside, texture, eye, rows)
    return inside


def _near(opening, rows, margin):
    """Return the pixels within an opening and a margin."""
    inside = (rows > opening.upper - margin) & (rows < opening.lower + margin)
    inside[:, : opening.columns[0]] = inside[:, opening.columns[1] :] = False
    return inside


def _extend_eyeball(inside, texture, eye, rows):
    """Continue what is seen of an eyeball beneath the lids, in place."""
    import cv2

    seen = _near(eye, rows, -0.7)
    if not seen.any():
        return
    _, label = cv2.distanceTransformWithLabels(
        (~seen).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    value = np.zeros(label.max() + 1, dtype=np.float32)
    value[label[seen]] = texture[seen]
    extended = np.where(seen, texture, cv2.GaussianBlur(value[label], (0, 0), 1.0))
    near = _near(eye, rows, 12)
    inside[near] = np.where(_near(eye, rows, 0), texture, extended)[near]
