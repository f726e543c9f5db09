"""The three-dimensional shape of the mean face: its 68 points.

The points are those of the mean head of ICT-FaceKit (Copyright (c) 2020 USC Institute for Creative
Technologies, MIT licence), made symmetric.
"""

import numpy as np

from skspot.faces._scheme import MIRRORED_POINTS

# Number, x, y and z of the points, in pixels; of two that mirror each other the one
# with the lower number. The origin is the middle of the bridge of the nose; x points to the right
# of the picture, y down and z towards the camera.
_HALF_SHAPE = [
    (0, -69.4, -14.9, -77.8),
    (1, -68.6, 5.7, -75.3),
    (2, -65.4, 24.1, -69.5),
    (3, -61.8, 42.0, -63.5),
    (4, -54.0, 62.1, -54.5),
    (5, -40.6, 78.3, -43.0),
    (6, -28.8, 85.0, -29.6),
    (7, -14.5, 88.2, -15.4),
    (8, 0.0, 91.1, -13.9),
    (17, -54.8, -29.2, -37.7),
    (18, -46.5, -36.6, -27.5),
    (19, -35.8, -39.2, -19.6),
    (20, -22.8, -38.6, -13.4),
    (21, -11.1, -35.9, -11.1),
    (27, 0.0, -15.5, -11.1),
    (28, 0.0, -5.1, -3.7),
    (29, 0.0, 4.6, 3.8),
    (30, 0.0, 16.0, 11.0),
    (31, -11.8, 30.6, -9.8),
    (32, -5.7, 30.5, -4.6),
    (33, 0.0, 31.1, -3.2),
    (36, -42.0, -12.6, -31.2),
    (37, -36.5, -16.8, -24.0),
    (38, -26.2, -17.3, -22.4),
    (39, -17.4, -10.9, -25.6),
    (40, -25.7, -9.3, -23.5),
    (41, -36.4, -9.2, -25.3),
    (48, -23.9, 53.0, -16.2),
    (49, -16.1, 46.0, -6.5),
    (50, -6.9, 42.6, -1.7),
    (51, 0.0, 43.2, -0.6),
    (55, 17.0, 58.0, -9.5),
    (56, 9.8, 60.4, -4.9),
    (57, 0.0, 61.1, -3.4),
    (60, -20.8, 52.7, -16.8),
    (61, -9.4, 50.9, -7.7),
    (62, 0.0, 51.1, -5.9),
    (65, 10.1, 51.7, -8.2),
    (66, 0.0, 51.8, -6.2),
]

# What `skspot.video.face_extent` of these points is.
_FACE_SIZE = 155.01


def _mean_shape():
    shape = np.empty((68, 3))
    for point, x, y, z in _HALF_SHAPE:
        shape[point] = x, y, z
        shape[MIRRORED_POINTS[point]] = -x, y, z
    return shape / _FACE_SIZE + 0.0  # no negative zeros


# The points of the mean face, shape (68, 3); the size of the face is 1.
MEAN_SHAPE = _mean_shape()
