"""Landmarkers: they find the 68 points of a face in every frame of a video.

`FaceAligner` uses them. Each has a name as a shortcut for its defaults: "face-alignment",
"mediapipe", "openface", "py-feat", "template".
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from skspot.landmarks._base import Landmarker
from skspot.landmarks._face_alignment import FaceAlignment
from skspot.landmarks._given_landmarks import CallableLandmarker, KnownLandmarks
from skspot.landmarks._mediapipe import MediaPipe
from skspot.landmarks._tables import OpenFace, PyFeat
from skspot.landmarks._template import Template
from skspot.utils._typing import LandmarkerLike

__all__ = [
    "LANDMARKERS",
    "FaceAlignment",
    "Landmarker",
    "MediaPipe",
    "OpenFace",
    "PyFeat",
    "Template",
    "as_landmarker",
]

# A new landmarker that comes with skspot is a module of this package and an entry here.
LANDMARKERS: dict[str, type[Landmarker]] = {
    "face-alignment": FaceAlignment,
    "mediapipe": MediaPipe,
    "openface": OpenFace,
    "py-feat": PyFeat,
    "template": Template,
}


def as_landmarker(landmarker: LandmarkerLike) -> Landmarker:
    """Return a landmarker for what `FaceAligner` accepts as one.

    Parameters
    ----------
    landmarker : str, Landmarker, callable, mapping or ndarray
        As for `FaceAligner`.

    Returns
    -------
    landmarker : Landmarker
        A landmarker is returned as it is.

    Raises
    ------
    ValueError
        If there is no landmarker of this name.
    TypeError
        If it is a class instead of an object, or something else.

    Examples
    --------
    >>> from skspot.landmarks import as_landmarker
    >>> as_landmarker("template")
    Template()
    """
    if isinstance(landmarker, Landmarker):
        return landmarker
    if isinstance(landmarker, str):
        if landmarker not in LANDMARKERS:
            raise ValueError(
                f"There is no landmarker {landmarker!r}; there are {', '.join(LANDMARKERS)}."
            )
        return LANDMARKERS[landmarker]()
    if isinstance(landmarker, type) and issubclass(landmarker, Landmarker):
        name = landmarker.__name__
        raise TypeError(f"landmarker must be an object, got the class {name}; pass {name}().")
    if callable(landmarker):
        return CallableLandmarker(landmarker)
    if isinstance(landmarker, (Mapping, np.ndarray)):
        return KnownLandmarks(landmarker)
    raise TypeError(
        "landmarker must be a name, a landmarker, a function, a mapping or an array, got "
        f"{type(landmarker).__name__}."
    )
