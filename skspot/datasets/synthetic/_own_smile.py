"""The smile of a person, measured between two photographs.

Blendshapes explain most of it, and move what landmarks don't show; a smooth field adds the rest.
"""

import numpy as np
from scipy.interpolate import RBFInterpolator
from scipy.optimize import nnls

from skspot.datasets.synthetic._head import landmark_weights
from skspot.faces import STABLE_POINTS

# Blendshapes of a smile, each for both sides but for that of the jaw.
_SHAPES = ("mouthSmile", "mouthDimple", "mouthStretch", "mouthUpperUp", "mouthLowerDown")
_SHAPES += ("cheekSquint", "mouthPress", "mouthFrown", "noseSneer")
_MIDDLE_SHAPES = ("jawOpen", "mouthClose", "mouthShrugLower", "mouthRollUpper", "mouthRollLower")
_PRIOR = 4.0  # pixels that a landmark may lie off before a blendshape is used in full
_SMOOTHING = 20.0
_COARSE = 31  # nodes of the grid of the rest


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


def field_of_rest(rest, grid_size, canvas_size):
    """Return the rest as a field on a grid."""
    import cv2

    side = np.linspace(0, canvas_size - 1, _COARSE)
    points = np.stack(np.meshgrid(side, side), axis=-1)
    values = rest(points.reshape(-1, 2)).reshape(_COARSE, _COARSE, 2).astype(np.float32)
    place = np.linspace(0, _COARSE - 1, grid_size, dtype=np.float32)
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
