"""Photographs of faces with their landmarks, and folders of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skspot.datasets.synthetic._head import MESH_SIZE
from skspot.utils._typing import FilePath


@dataclass(frozen=True, eq=False)
class FacePhotograph:
    """A photograph of a neutral face, for `make_expression_videos`.

    Parameters
    ----------
    image : uint8 array of shape (height, width) or (height, width, 3)
        The picture, grey or RGB. The face looks into the camera; 150 pixels or more are best.
    landmarks : array of shape (68, 2) or (478, 2)
        Landmarks in pixels (x, y): those of iBUG 300-W or the points of MediaPipe's face mesh. More
        columns, such as the depth of MediaPipe, are ignored.
    smile_image : uint8 array, default=None
        A photograph of the same person who smiles, at the same scale.
    smile_landmarks : array of the shape of `landmarks`, default=None
        Its landmarks. The smiles of the person then go to this one; the image shows the teeth.
    name : str, default=""
        A name of the person.

    Raises
    ------
    ValueError
        If an array has another shape, or a landmark is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from skspot.datasets import FacePhotograph
    >>> FacePhotograph(np.zeros((100, 100), np.uint8), np.ones((68, 2)), name="nobody").name
    'nobody'
    """

    image: NDArray[np.uint8]
    landmarks: NDArray[Any]
    smile_image: NDArray[np.uint8] | None = None
    smile_landmarks: NDArray[Any] | None = None
    name: str = ""

    def __post_init__(self):
        points = _check_landmarks(self.landmarks, "landmarks")
        object.__setattr__(self, "landmarks", points)
        object.__setattr__(self, "image", _check_image(self.image, "image"))
        if self.smile_landmarks is not None:
            smile = _check_landmarks(self.smile_landmarks, "smile_landmarks")
            if len(smile) != len(points):
                raise ValueError(
                    f"smile_landmarks must be as many as landmarks, got {len(smile)} and "
                    f"{len(points)}."
                )
            object.__setattr__(self, "smile_landmarks", smile)
        if self.smile_image is not None:
            if self.smile_landmarks is None:
                raise ValueError("smile_image needs smile_landmarks.")
            object.__setattr__(self, "smile_image", _check_image(self.smile_image, "smile_image"))


def read_photographs(folder: FilePath) -> list[FacePhotograph]:
    """Return the photographs of a folder in the layout of `make_expression_videos`."""
    folder = Path(folder)
    path = folder / "landmarks.npz"
    if not path.is_file():
        raise ValueError(f"There is no file landmarks.npz in {str(folder)!r}.")
    with np.load(path, allow_pickle=False) as stored:
        missing = {"ids", "neutral"} - set(stored)
        if missing:
            raise ValueError(f"{str(path)!r} lacks the arrays {sorted(missing)}.")
        names = [str(name) for name in stored["ids"]]
        neutral = stored["neutral"]
        smiling = stored["smiling"] if "smiling" in stored else [None] * len(names)
    return [
        _read_photograph(folder / name, name, *points)
        for name, *points in zip(names, neutral, smiling)
    ]


def _read_photograph(folder, name, landmarks, smile_landmarks):
    smile = folder / "smiling.jpg"
    return FacePhotograph(
        _read_image(folder / "neutral.jpg"),
        landmarks,
        None if smile_landmarks is None or not smile.is_file() else _read_image(smile),
        smile_landmarks,
        name,
    )


def _read_image(path):
    import cv2

    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise ValueError(f"Can't read the picture {str(path)!r}.")
    return image


def _check_landmarks(landmarks, name):
    points = np.asarray(landmarks, dtype=np.float64)
    if points.ndim != 2 or len(points) not in (68, MESH_SIZE) or points.shape[1] < 2:
        raise ValueError(
            f"{name} must be an array of shape (68, 2) or ({MESH_SIZE}, 2), got {points.shape}."
        )
    if not np.isfinite(points[:, :2]).all():
        raise ValueError(f"{name} must be finite; give a picture in which the face was found.")
    return np.ascontiguousarray(points[:, :2])


def _check_image(image, name):
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)):
        raise ValueError(
            f"{name} must be a uint8 array of shape (height, width) or (height, width, 3), got "
            f"{image.dtype} of shape {image.shape}."
        )
    return image
