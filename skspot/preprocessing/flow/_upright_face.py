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
        For `upright_face`: times the size of the faces to be made.
    """
    known = np.flatnonzero(face_extent(landmarks) > 0)  # neither NaN nor all points in one
    landmarks = landmarks[known[:: math.ceil(len(known) / _SAMPLE_SIZE)]]
    spread = np.linalg.norm(_centred(landmarks[:, _STABLE]), axis=(1, 2))
    mean_spread = np.linalg.norm(_centred(_MEAN_STABLE))
    return float(np.median(spread / mean_spread / face_extent(landmarks)))


def upright_face(frame, landmarks, size):
    """Return the picture of a face that is upright, and its landmarks there.

    The similarity transform is that of the points which expressions hardly move; the rest of the
    head's motion stays in the picture.

    Parameters
    ----------
    frame : uint8 array of shape (height, width)
        The frame.
    landmarks : array of shape (68, 2)
        In pixels of the frame.
    size : float
        Size of the mean face in the picture.

    Returns
    -------
    picture : uint8 array of shape (side, side)
        The picture; the border of the frame is repeated beyond it.
    landmarks : array of shape (68, 2)
        In pixels of the picture.
    """
    import cv2

    transform = _similarity(landmarks[_STABLE], size * (_MEAN_STABLE + _ORIGIN))
    side = round(_SIDE * size)
    # Linear interpolation is enough: the frame has about this scale already.
    picture = cv2.warpAffine(frame, transform, (side, side), borderMode=cv2.BORDER_REPLICATE)
    return picture, landmarks @ transform[:, :2].T + transform[:, 2]


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
