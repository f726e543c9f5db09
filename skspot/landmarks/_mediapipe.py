"""MediaPipe's FaceLandmarker: 68 vertices of its mesh."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from importlib.util import find_spec
from itertools import count
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from skspot.faces import MESH_TO_68
from skspot.landmarks._detecting import DetectingLandmarker
from skspot.landmarks._follower import bounding_box
from skspot.utils._fingerprints import remembered
from skspot.utils._param_validation import Interval
from skspot.utils._typing import FilePath, VideoLike
from skspot.utils.validation import with_parameters

if TYPE_CHECKING:
    from skspot.landmarks import Landmarker
    from skspot.video import Video

_MODEL_FILE = "face_landmarker.task"
_MODEL_URL = (
    "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/"
    f"{_MODEL_FILE}"
)
_MODEL_VARIABLE = "SKSPOT_FACE_LANDMARKER"  # an environment variable with the path of the model

_FRAME_MS = 33  # MediaPipe needs increasing times; with many faces their values do not matter


class MediaPipe(DetectingLandmarker):
    """68 of the 478 vertices of the mesh that MediaPipe fits to a face.

    Precise and fast: about 10 ms a frame on a CPU. It needs the package, ``pip install
    "skspot[mediapipe]"``, and the file ``face_landmarker.task``, which skspot does not download by
    itself: get it once from `its address
    <https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/face_landmarker.task>`_.

    Parameters
    ----------
    model_path : str or path-like, default=None
        The file ``face_landmarker.task``. None uses the file that the environment variable
        ``SKSPOT_FACE_LANDMARKER`` names, or else the one in the folder ``skspot`` of your cache
        folder: ``~/.cache/skspot`` (or ``$XDG_CACHE_HOME/skspot``), on Windows
        ``%LOCALAPPDATA%/skspot``.
    num_faces : int, default=4
        Largest number of faces that are detected.
    min_face_detection_confidence, min_face_presence_confidence, min_tracking_confidence : float, \
            default=0.5
        MediaPipe's thresholds, from 0 to 1.

    See Also
    --------
    Template : Needs no download, but is approximate.

    Examples
    --------
    >>> from skspot.landmarks import MediaPipe
    >>> from skspot.preprocessing import FaceAligner
    >>> aligner = FaceAligner(MediaPipe("face_landmarker.task", num_faces=2))
    >>> aligner.set_params(landmarker__num_faces=1).landmarker
    MediaPipe(model_path='face_landmarker.task', num_faces=1)
    """

    _parameter_constraints: dict = {
        "model_path": [str, os.PathLike, None],
        "num_faces": [Interval(Integral, 1, None, closed="left")],
        "min_face_detection_confidence": [Interval(Real, 0, 1, closed="both")],
        "min_face_presence_confidence": [Interval(Real, 0, 1, closed="both")],
        "min_tracking_confidence": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(
        self,
        model_path: FilePath | None = None,
        *,
        num_faces: int = 4,
        min_face_detection_confidence: float = 0.5,
        min_face_presence_confidence: float = 0.5,
        min_tracking_confidence: float = 0.5,
    ):
        self.model_path = model_path
        self.num_faces = num_faces
        self.min_face_detection_confidence = min_face_detection_confidence
        self.min_face_presence_confidence = min_face_presence_confidence
        self.min_tracking_confidence = min_tracking_confidence

    @classmethod
    def is_usable(cls) -> bool:
        """Return whether the package and its model are on this computer.

        Returns
        -------
        usable : bool
            Whether the defaults of this landmarker work.
        """
        try:
            cls()._find_model()
        except FileNotFoundError:
            return False
        return _is_installed()

    def check(self, videos: Sequence[VideoLike]) -> None:
        """Check the parameters and that the model exists."""
        super().check(videos)
        self._find_model()

    def only_for(self, video: VideoLike) -> Landmarker:
        """Return this landmarker with the path of its model; a worker may have another default."""
        return clone(self).set_params(model_path=self._find_model())

    def key(self, video: Video) -> object:
        """Return the parameters, and the content of the model instead of its path."""
        path = self._find_model().absolute()
        content = remembered(lambda: _digest(path), ("content", str(path)), [path])
        return ("mediapipe", content, sorted(self._options().items()))

    @contextmanager
    def detector(self) -> Iterator[Callable[..., Any]]:
        """Load the model; see `DetectingLandmarker.detector`."""
        mediapipe = _import_mediapipe()
        times = count(step=_FRAME_MS)
        with self._load(mediapipe) as model:

            def detect(frames, choose):
                points = []
                for frame in frames:
                    image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=frame)
                    found = model.detect_for_video(image, next(times)).face_landmarks
                    faces = [_points(face, frame.shape) for face in found]
                    index = choose([bounding_box(face) for face in faces])
                    points.append(None if index is None else faces[index])
                return points

            yield detect

    def _load(self, mediapipe):
        tasks = mediapipe.tasks
        options = tasks.vision.FaceLandmarkerOptions(
            base_options=tasks.BaseOptions(model_asset_path=str(self._find_model())),
            running_mode=tasks.vision.RunningMode.VIDEO,
            **self._options(),
        )
        return tasks.vision.FaceLandmarker.create_from_options(options)

    def _options(self):
        """Return MediaPipe's own options."""
        return {name: value for name, value in self.get_params().items() if name != "model_path"}

    def _find_model(self):
        """Return the path of the model; raise an error that says how to get it if there is none."""
        named = {
            "model_path": self.model_path,
            f"the environment variable {_MODEL_VARIABLE}": os.environ.get(_MODEL_VARIABLE),
        }
        for name, path in named.items():
            if path and not Path(path).is_file():
                raise _error(FileNotFoundError, f"{name} is {str(path)!r}, which does not exist")
            if path:
                return Path(path)
        path = _default_model()
        if not path.is_file():
            raise _error(FileNotFoundError, f"there is no model file {str(path)!r}")
        return path


def _default_model():
    """Return where the model lies if nothing else is said."""
    windows = os.name == "nt"
    folder = os.environ.get("LOCALAPPDATA" if windows else "XDG_CACHE_HOME")
    return Path(folder or Path.home() / ".cache", "skspot", _MODEL_FILE)


def _error(kind, problem):
    """Return an error that says what is wrong, and how to install all that MediaPipe needs."""
    error = kind(
        f"The landmarker MediaPipe can't be used: {problem}. It needs\n"
        '- the package: pip install "skspot[mediapipe]", or -e ".[mediapipe]" in a checkout '
        f"({'installed' if _is_installed() else 'not installed'}),\n"
        f"- its model: download {_MODEL_URL}\n"
        f"  and save it as {_default_model()}, or save it anywhere and pass its path as "
        f"MediaPipe(model_path=...) or in the environment variable {_MODEL_VARIABLE}.\n"
        "The landmarker Template needs neither, but is approximate."
    )
    return with_parameters(error, "model_path")


def _is_installed():
    try:
        return find_spec("mediapipe") is not None
    except ValueError:  # a module without a specification
        return False


def _import_mediapipe():
    try:
        import mediapipe
    except ImportError as error:
        raise _error(ImportError, "the package mediapipe is not installed") from error
    return mediapipe


def _digest(path):
    return blake2b(path.read_bytes(), digest_size=16).hexdigest()


def _points(face, shape):
    """Return the 68 points of a face, whose vertices are in fractions of the picture."""
    vertices = np.array([(face[i].x, face[i].y) for i in MESH_TO_68])
    return vertices * (shape[1], shape[0]) - 0.5  # from the corner of a pixel to its centre
