"""The smile of a person, measured between two photographs.

Blendshapes explain most of it, and move what landmarks don't show; a smooth field adds the rest.
"""

import numpy as np
from scipy.interpolate import RBFInterpolator
from scipy.optimize import nnls

from skspot.datasets.synthetic._canvas import chained, landmarks_68, on_canvas, transformed
from skspot.datasets.synthetic._head import landmark_weights
from skspot.datasets.synthetic._sheets import GRID_SIZE
from skspot.faces import STABLE_POINTS

# Blendshapes of a smile, each for both sides but for that of the jaw.
_SHAPES = ("mouthSmile", "mouthDimple", "mouthStretch", "mouthUpperUp", "mouthLowerDown")
_SHAPES += ("cheekSquint", "mouthPress", "mouthFrown", "noseSneer")
_MIDDLE_SHAPES = ("jawOpen", "mouthClose", "mouthShrugLower", "mouthRollUpper", "mouthRollLower")
_PRIOR = 4.0  # pixels that a landmark may lie off before a blendshape is used in full
_SMOOTHING = 20.0
_OPEN_MOUTH = 0.008  # of the canvas: a smile that is more open shows the teeth
_COARSE = 31  # nodes of the grid of the rest


class OwnSmile:
    """The photograph of the smile, aligned with the neutral one on the canvas."""

    def __init__(self, photograph, landmarks, to_canvas, canvas_size):
        points = transformed(photograph.smile_landmarks, to_canvas)
        back = align(landmarks_68(points), landmarks)
        self.points = transformed(points, back)
        self.landmarks = landmarks_68(self.points)
        self.image = photograph.smile_image
        self._to_canvas = chained(back, to_canvas)
        self._canvas_size = canvas_size

    def fields(self, head, fitted, surface, neutral):
        """Return the displacement from the neutral face to the smile, of both sheets."""
        motion, rest = smile_shape(head, fitted, neutral, self.points)
        rest = _field(rest, self._canvas_size)
        return [sheet + rest for sheet in surface.sheets(motion)]

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
        return on_canvas(self.image, self._to_canvas, self._canvas_size), mask


def align(smile, neutral):
    """Return the similarity transform that brings landmarks of a smile to the neutral face.

    Parameters
    ----------
    smile, neutral : arrays of shape (68, 2)
        Landmarks of both photographs.

    Returns
    -------
    transform : array of shape (2, 3)
        From the picture of the smile to that of the neutral face.
    """
    source, target = smile[list(STABLE_POINTS)], neutral[list(STABLE_POINTS)]
    a, b = (points - points.mean(axis=0) for points in (source, target))
    # As complex numbers a similarity is one factor.
    a, b = a @ [1, 1j], b @ [1, 1j]
    factor = np.vdot(a, b) / np.vdot(a, a)
    turn = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    return np.column_stack([turn, target.mean(axis=0) - turn @ source.mean(axis=0)])


def smile_shape(head, fitted, neutral, smile):
    """Return how the vertices move from the neutral face to the smile, in pixels, as 2-D motion.

    Parameters
    ----------
    head : Head
        The head.
    fitted : FittedHead
        The head in the neutral picture.
    neutral, smile : arrays of shape (n_landmarks, 2)
        Landmarks of the neutral face and of the smile, aligned.

    Returns
    -------
    motion : array of shape (n_vertices, 2)
        The part that blendshapes explain.
    rest : callable
        The displacement of points, shape (n_points, 2), that they leave.
    """
    used = landmark_weights(head, len(neutral)) * _lower_half(neutral)
    names = [f"{name}_{side}" for name in _SHAPES for side in "LR"] + list(_MIDDLE_SHAPES)
    motions = [fitted.motion(head.expressions[name])[:, :2] for name in names]
    columns = np.stack(
        [(used[:, None] * head.landmark_points(m, len(neutral))).ravel() for m in motions], axis=1
    )
    moved = smile - neutral
    prior = _PRIOR * np.eye(len(names))
    weights, _ = nnls(
        np.vstack([columns, prior]),
        np.append((used[:, None] * moved).ravel(), np.zeros(len(names))),
    )
    motion = np.tensordot(weights, motions, 1)
    left = (moved - head.landmark_points(motion, len(neutral))) * used[:, None]
    rest = RBFInterpolator(
        neutral[used > 0], left[used > 0], smoothing=_SMOOTHING, kernel="thin_plate_spline"
    )
    return motion, lambda points: rest(points) * _window(points, neutral)[:, None]


def _field(rest, canvas_size):
    """Return the rest as a field on a grid."""
    import cv2

    side = np.linspace(0, canvas_size - 1, _COARSE)
    points = np.stack(np.meshgrid(side, side), axis=-1)
    values = rest(points.reshape(-1, 2)).reshape(_COARSE, _COARSE, 2).astype(np.float32)
    place = np.linspace(0, _COARSE - 1, GRID_SIZE, dtype=np.float32)
    where = np.stack(np.meshgrid(place, place), axis=-1)
    return cv2.remap(values, where, None, cv2.INTER_LINEAR)


def _lower_half(landmarks):
    """Return how much each landmark counts: the brows and eyes move for other reasons."""
    return _window(landmarks, landmarks)


def _window(points, landmarks):
    """Return 1 in the lower half of a face, 0 above its middle and far from it."""
    low, high = landmarks.min(axis=0), landmarks.max(axis=0)
    middle, size = (low + high) / 2, high - low
    below = np.clip((points[:, 1] - (low[1] + 0.35 * size[1])) / (0.15 * size[1]), 0, 1)
    away = np.linalg.norm((points - middle) / size, axis=1)
    return below * np.clip((0.85 - away) / 0.25, 0, 1)


def _eye_openings(landmarks):
    """Return the mean distance of the lids of the right and the left eye."""
    upper, lower = landmarks[[[37, 38], [43, 44]], 1], landmarks[[[41, 40], [47, 46]], 1]
    return (lower - upper).mean(axis=1)
