"""Synthetic videos of expressions."""

from skspot.datasets.synthetic._faces import (
    CANVAS_SIZE,
    EXPRESSION_UNITS,
    FACE_SIZE,
    UNITS,
    face_transform,
    make_face,
)
from skspot.datasets.synthetic._photographs import FacePhotograph
from skspot.datasets.synthetic._videos import make_expression_videos, node_motion, write_video

__all__ = [
    "CANVAS_SIZE",
    "EXPRESSION_UNITS",
    "FACE_SIZE",
    "UNITS",
    "FacePhotograph",
    "face_transform",
    "make_expression_videos",
    "make_face",
    "node_motion",
    "write_video",
]
