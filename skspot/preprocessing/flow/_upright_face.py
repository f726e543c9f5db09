"""The face of a frame, turned upright at one place and size."""

import math

import numpy as np

from skspot.faces import MEAN_SHAPE, STABLE_POINTS
from skspot.video import face_extent

# Side of the square picture in face sizes, and the place in it of the bridge of the nose. The mouth
# may open wide below it.
_SIDE = 1.25
_ORIGIN = np.array([0.5, 0.42]) * _SIDE

# Frames that decide on the proportions of a face; of longer videos, as many at equal distances.
_SAMPLE_SIZE = 2000

_STABLE = list(STABLE_POINTS)
_MEAN_STABLE = MEAN_SHAPE[_STABLE, :2]


def upright_size(landmarks):
    """Return the size that the mean face needs to have the stable points of a face of size 1.

    Parameters
    ----------
    landmarks : array of shape (n_frames, 68, 2)
        The landmarks of a face.

    Returns
    -------
    size : float
        For `upright_transform`: times the size of the faces to be made.
    """
    known = np.flatnonzero(face_extent(landmarks) > 0)  # neither NaN nor all points in one
    landmarks = landmarks[known[:: math.ceil(len(known) / _SAMPLE_SIZE)]]
    spread = np.linalg.norm(_centred(landmarks[:, _STABLE]), axis=(1, 2))
    mean_spread = np.linalg.norm(_centred(_MEAN_STABLE))
    return float(np.median(spread / mean_spread / face_extent(landmarks)))


def upright_transform(landmarks, size):
    """Return the similarity transform that turns a face upright.

    It is that of the points which expressions hardly move.

    Parameters
    ----------
    landmarks : array of shape (68, 2)
        In pixels of the frame.
    size : float
        Size of the mean face in the upright picture.

    Returns
    -------
    transform : array of shape (2, 3)
        From pixels of the frame to pixels of the picture.
    """
    return _similarity(landmarks[_STABLE], size * (_MEAN_STABLE + _ORIGIN))


def upright_picture(frame, transform, size):
    """Return the picture of a face that is upright.

    Parameters
    ----------
    frame : uint8 array of shape (height, width)
        The frame.
    transform : array of shape (2, 3)
        From `upright_transform`.
    size : float
        As for `upright_transform`.

    Returns
    -------
    picture : uint8 array of shape (side, side)
        The picture; the border of the frame is repeated beyond it.
    """
    import cv2

    side = round(_SIDE * size)
    # Linear interpolation is enough: the frame has about this scale already.
    return cv2.warpAffine(frame, transform, (side, side), borderMode=cv2.BORDER_REPLICATE)


def difference(transform, other, landmarks):
    """Return how far apart two transforms put the stable points of a face.

    Parameters
    ----------
    transform, other : array of shape (2, 3)
        From pixels of the frame to pixels of the picture.
    landmarks : array of shape (68, 2)
        In pixels of the frame.

    Returns
    -------
    distance : float
        Root of the mean square, in pixels of the picture.
    """
    steps = transformed(landmarks[_STABLE], transform) - transformed(landmarks[_STABLE], other)
    return float(np.sqrt((steps**2).sum(axis=1).mean()))


def transformed(points, transform):
    """Return points (n, 2) after an affine transform (2, 3)."""
    return points @ transform[:, :2].T + transform[:, 2]


def _centred(points):
    return points - points.mean(axis=-2, keepdims=True)


def _similarity(points, targets):
    """Return the similarity transform (2, 3) from points to targets, by least squares."""
    centre, target_centre = points.mean(axis=0), targets.mean(axis=0)
    x, y = (points - centre).T
    u, v = (targets - target_centre).T
    square = (x**2 + y**2).sum()
    a, b = (x * u + y * v).sum() / square, (x * v - y * u).sum() / square
    turn = np.array([[a, -b], [b, a]])
    return np.column_stack([turn, target_centre - turn @ centre])
