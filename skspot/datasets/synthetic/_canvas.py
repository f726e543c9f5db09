"""Pictures of faces on a square canvas: a level face of a fixed size in the middle."""

import numpy as np

from skspot.datasets.synthetic._head import MESH_SIZE
from skspot.faces import MESH_TO_68

FINE = 2  # pixels of a stored picture for one of the canvas


def landmarks_68(points):
    """Return the 68 landmarks of a face with these or with the points of MediaPipe's mesh."""
    if len(points) != MESH_SIZE:
        return points
    return points[list(MESH_TO_68)]


def placed(landmarks, face_size, canvas_size):
    """Return the transform to the canvas: a level face of the given size in the middle."""
    from skspot.video import face_extent

    points = landmarks_68(landmarks)
    right, left = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    angle = np.arctan2(*(left - right)[::-1])
    scale = face_size / face_extent(points[None])[0]
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    middle = np.full(2, (canvas_size - 1) / 2) + [0, face_size / 16]
    return np.column_stack([turn, middle - turn @ points.mean(axis=0)])


def transformed(points, affine):
    """Return points, shape (n_points, 2), after a transform of shape (2, 3)."""
    return points @ affine[:, :2].T + affine[:, 2]


def looked_up(picture, where):
    """Return the values of a fine picture at places of the canvas; writes into `where`."""
    import cv2

    where *= FINE
    return cv2.remap(picture, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def finer(picture):
    """Return a picture of the canvas with more pixels."""
    import cv2

    return cv2.warpAffine(
        picture,
        np.eye(2, 3) / FINE,
        (FINE * len(picture) - 1,) * 2,
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
    )


def on_canvas(image, to_canvas, canvas_size):
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
        to_canvas = chained(to_canvas, back)
        image = small
    image = cv2.warpAffine(
        image.astype(np.float32),
        to_canvas,
        (canvas_size, canvas_size),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return cv2.GaussianBlur(image, (0, 0), 0.6)


def chained(second, first):
    """Return the transform of shape (2, 3) that is one after another."""
    return second[:, :2] @ first + np.column_stack([np.zeros((2, 2)), second[:, 2]])
