"""Motion of a face from its onset to another picture, and the face with that motion exaggerated.

Lagrangian motion magnification: the motion of each pixel is measured by dense optical flow, the
motion of the head is taken from it, and the picture is warped along what is left.
"""

import cv2
import numpy as np

from skspot.faces import FACE_PARTS, STABLE_POINTS
from skspot.video import face_extent

# How many times the motion of a class is shown; micro-expressions move skin by a pixel or two.
FACTORS = {"macro": 3.0, "micro": 8.0}

FACE_PIXELS = 150  # size of the face in the pictures, as of `face_extent`
SIDE = 200  # of the square pictures

_CHIN = 8  # the landmark

_GRID = np.stack(np.meshgrid(np.arange(-7, 8, 7), np.arange(-7, 8, 7)), axis=-1).reshape(-1, 2)
_OUTLIER = 0.7  # pixels by which a point moves otherwise than the head
_SMOOTHING = 0.03  # standard deviation of the smoothing of the motion, in face sizes
_LARGEST = 0.12  # exaggerated motion beyond which the factor is lowered, in face sizes
_BEYOND = 235  # grey level of what lies outside of the video's picture
_STEEPEST = 0.7  # change of the added motion from pixel to pixel; from 1 on the skin would fold


def face_view(landmarks):
    """Return the transform that shows a face upright, at a fixed size, amid a square picture.

    Parameters
    ----------
    landmarks : array of shape (68, 2)
        In pixels of the frame.

    Returns
    -------
    view : float array of shape (2, 3)
        Similarity transform from the frame to the picture.
    """
    eyes = (FACE_PARTS["right eye"], FACE_PARTS["left eye"])
    right, left = (landmarks[list(eye)].mean(axis=0) for eye in eyes)
    across = (left - right) / np.hypot(*(left - right)) * FACE_PIXELS / face_extent(landmarks)
    turn = np.array([[across[0], across[1]], [-across[1], across[0]]])
    upright = landmarks @ turn.T
    middle = (upright.min(axis=0) + upright.max(axis=0)) / 2
    target = np.array([0.5, 0.55]) * SIDE  # the forehead has no landmarks
    return np.column_stack([turn, target - middle])


def held_still(view, landmarks, reference):
    """Return the view of a face as if the head were where it is in the reference frame.

    Parameters
    ----------
    view : array of shape (2, 3)
        The view of the reference frame.
    landmarks, reference : arrays of shape (68, 2)
        Landmarks in pixels of the frame and of the reference frame.

    Returns
    -------
    view : float array of shape (2, 3)
        Similarity transform from the frame to the picture.
    """
    points = [np.float32(face[list(STABLE_POINTS)]) for face in (landmarks, reference)]
    return _chained(view, _similarity(*points))


def face_motion(reference, picture, landmarks):
    """Return how a face moves from the reference picture to another one of the same view.

    What landmarks leave of the motion of the head is measured around the nose and the corners of
    the eyes, and removed from the picture.

    Parameters
    ----------
    reference, picture : uint8 arrays of shape (SIDE, SIDE)
        The pictures.
    landmarks : array of shape (68, 2)
        Of the reference picture, in its pixels.

    Returns
    -------
    picture : uint8 array of shape (SIDE, SIDE)
        The picture with the head where it is in the reference.
    motion : float32 array of shape (SIDE, SIDE, 2)
        The displacement (dx, dy) of each pixel of the returned picture from where it was in the
        reference; 0 outside of the face.
    """
    points = (landmarks[list(STABLE_POINTS), None] + _GRID).reshape(-1, 2).astype(np.float32)
    flow = _flow(reference, picture)
    head = _similarity(points + _sampled(flow, points), points, outlier=_OUTLIER)
    picture = warped(picture, head)
    motion = -_flow(picture, reference)
    sigma = _SMOOTHING * FACE_PIXELS
    return picture, cv2.GaussianBlur(motion, (0, 0), sigma) * _face_mask(landmarks)[..., None]


def largest_factor(motion, wanted):
    """Return how many times a motion can be shown without tearing the face, at most `wanted`."""
    size = np.hypot(*np.moveaxis(motion, -1, 0)).max()
    steps = max(np.abs(np.diff(motion, axis=axis)).max() for axis in (0, 1))
    limit = min(
        _LARGEST * FACE_PIXELS / max(size, 1e-6),
        1 + _STEEPEST / max(steps, 1e-6),
    )
    return max(1.0, min(wanted, limit))


def exaggerated(picture, motion, factor):
    """Return a picture with the motion towards it `factor` times as large.

    Parameters
    ----------
    picture : uint8 array of shape (SIDE, SIDE)
        The moved face.
    motion : array of shape (SIDE, SIDE, 2)
        How each of its pixels came there, see `face_motion`.
    factor : float
        At least 1; see `largest_factor`.

    Returns
    -------
    picture : uint8 array of shape (SIDE, SIDE)
        The exaggerated picture.
    """
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    added = np.float32((factor - 1) * motion)
    source = np.zeros_like(added)
    for _ in range(20):  # source = added(place - source), a contraction as the motion is gentle
        source = _remapped(added, x - source[..., 0], y - source[..., 1])
    return _remapped(picture, x - source[..., 0], y - source[..., 1])


def warped(picture, transform):
    """Return a picture after a similarity transform (2, 3)."""
    return cv2.warpAffine(
        picture, transform, (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderValue=_BEYOND
    )


def moved(points, transform):
    """Return where a transform (2, 3) puts points (..., 2)."""
    return points @ transform[:, :2].T + transform[:, 2]


def motion_at(motion, points):
    """Return the motion of points of the reference picture, float array (n_points, 2)."""
    moved_points = np.asarray(points, dtype=np.float32)
    for _ in range(5):  # the field is known at the places after the motion
        moved_points = points + _sampled(motion, moved_points)
    return moved_points - points


def _flow(reference, target):
    """Return the displacement of each pixel of the reference, float32 (SIDE, SIDE, 2)."""
    engine = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    engine.setUseMeanNormalization(True)  # changes of light are not motion
    return engine.calc(reference, target, None)


def _similarity(points, targets, outlier=np.inf):
    """Return the similarity transform (2, 3) that moves points to their targets."""
    options = {"method": cv2.RANSAC, "ransacReprojThreshold": outlier}
    if np.isinf(outlier):
        options = {"method": cv2.LMEDS}
    transform, _ = cv2.estimateAffinePartial2D(points, targets, **options)
    return np.eye(2, 3) if transform is None else transform


def _chained(second, first):
    """Return the transform (2, 3) that does what the first and then the second do."""
    return second[:, :2] @ first + np.column_stack([np.zeros((2, 2)), second[:, 2]])


def _sampled(field, points):
    x, y = np.float32(points).T
    return _remapped(field, x[:, None], y[:, None])[:, 0]


def _remapped(picture, x, y):
    return cv2.remap(
        picture,
        np.float32(x),
        np.float32(y),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )


def _face_mask(landmarks):
    """Return 1 in the face and 0 around it, with a soft edge; float32 (SIDE, SIDE)."""
    # The forehead is half as high as the face from chin to brows.
    chin, brows = landmarks[_CHIN], FACE_PARTS["right brow"] + FACE_PARTS["left brow"]
    forehead = chin + 1.35 * (landmarks[list(brows)] - chin)
    hull = cv2.convexHull(np.concatenate([landmarks, forehead]).astype(np.int32))
    mask = cv2.fillConvexPoly(np.zeros((SIDE, SIDE), dtype=np.float32), hull, 1.0)
    return cv2.GaussianBlur(mask, (0, 0), 0.06 * FACE_PIXELS)
