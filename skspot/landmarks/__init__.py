"""Landmarkers: what finds the 68 points of the face in the frames of a video."""

import inspect

from skspot.landmarks._base import Landmarker
from skspot.landmarks._detecting import DetectingLandmarker
from skspot.landmarks._face_alignment import FaceAlignmentLandmarker
from skspot.landmarks._given_landmarks import CallableLandmarker, KnownLandmarks
from skspot.landmarks._mediapipe import MediaPipeLandmarker
from skspot.landmarks._tables import OpenFaceLandmarker, PyFeatLandmarker
from skspot.landmarks._template import TemplateLandmarker

__all__ = ["LANDMARKERS", "Landmarker", "make_landmarker"]

LANDMARKERS = {
    "face-alignment": FaceAlignmentLandmarker,
    "mediapipe": MediaPipeLandmarker,
    "openface": OpenFaceLandmarker,
    "py-feat": PyFeatLandmarker,
    "template": TemplateLandmarker,
}


def make_landmarker(landmarker, params=None, detect_every=1):
    """Return the landmarker that the parameters of `FaceAligner` describe.

    Parameters
    ----------
    landmarker : str, callable, ndarray or mapping
        As for `FaceAligner`.
    params : dict, default=None
        Options of a landmarker given by name.
    detect_every : int, default=1
        Frames from one detection to the next, for landmarkers that detect in single frames.

    Returns
    -------
    landmarker : Landmarker
        Light and picklable: models are loaded when it is used.

    Raises
    ------
    ValueError
        If an option is unknown or has an invalid value.
    FileNotFoundError
        If the file of a model does not exist.
    """
    made = _make(landmarker, params or {})
    if isinstance(made, DetectingLandmarker):
        made.detect_every = int(detect_every)
    return made


def _make(landmarker, params):
    if not isinstance(landmarker, str):
        if params:
            raise ValueError(
                f"landmarker_params are options of the landmarkers {sorted(LANDMARKERS)}; with a "
                f"{type(landmarker).__name__} as landmarker they must be None, got {params!r}."
            )
        own = CallableLandmarker if callable(landmarker) else KnownLandmarks
        return own(landmarker)
    options = list(inspect.signature(LANDMARKERS[landmarker]).parameters)
    unknown = sorted(set(params) - set(options))
    if unknown:
        raise ValueError(
            f"landmarker_params: the landmarker {landmarker!r} has no option {unknown}; its "
            f"options are {options}."
        )
    return LANDMARKERS[landmarker](**params)
