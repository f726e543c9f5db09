"""The "mediapipe" landmarker: MediaPipe's FaceLandmarker and its mesh."""

from contextlib import contextmanager
from functools import cached_property
from hashlib import blake2b
from itertools import count
from pathlib import Path

import numpy as np

from skspot.landmarks._detecting import DetectingLandmarker
from skspot.landmarks._follower import bounding_box

# The vertex of MediaPipe's face mesh that is closest to each of the 68 iBUG points. Vertices on the
# outline of the face move over the head as it turns, as the jaw points of the iBUG scheme do.
MESH_TO_68 = np.array(
    [127, 234, 93, 58, 172, 136, 149, 176, 152]  # jaw, left half in the picture and chin
    + [400, 378, 365, 397, 288, 323, 454, 356]  # jaw, right half
    + [70, 63, 105, 66, 107, 336, 296, 334, 293, 300]  # eyebrows
    + [168, 197, 195, 4, 98, 97, 2, 326, 327]  # bridge of the nose, nostrils
    + [33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380]  # eyes
    + [61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91]  # outer edge of the lips
    + [78, 81, 13, 311, 308, 402, 14, 178]  # inner edge of the lips
)

_MODEL_PAGE = "https://ai.google.dev/edge/mediapipe/solutions/vision/face_landmarker"
_FRAME_MS = 33  # MediaPipe wants increasing times; what they are does not matter with many faces


class MediaPipeLandmarker(DetectingLandmarker):
    """68 of the 478 vertices of the mesh that MediaPipe fits to a face.

    Parameters
    ----------
    model_path : str or path-like
        The model bundle `face_landmarker.task`.
    num_faces : int, default=4
        Number of faces told apart.
    min_face_detection_confidence, min_face_presence_confidence, min_tracking_confidence : float, \
            default=0.5
        MediaPipe's thresholds.
    """

    def __init__(
        self,
        *,
        model_path=None,
        num_faces=4,
        min_face_detection_confidence=0.5,
        min_face_presence_confidence=0.5,
        min_tracking_confidence=0.5,
    ):
        where = f"The model bundle 'face_landmarker.task' is offered for download at {_MODEL_PAGE}."
        if model_path is None:
            raise ValueError(
                "landmarker='mediapipe' needs the path to its model: landmarker_params="
                '{"model_path": "face_landmarker.task"}, or --landmarker-model on the command '
                f"line. {where}"
            )
        if not Path(model_path).is_file():
            raise FileNotFoundError(
                f'landmarker_params["model_path"]: there is no file {str(model_path)!r}. {where}'
            )
        self.model_path = model_path
        self.options = {
            "num_faces": num_faces,
            "min_face_detection_confidence": min_face_detection_confidence,
            "min_face_presence_confidence": min_face_presence_confidence,
            "min_tracking_confidence": min_tracking_confidence,
        }

    @cached_property
    def _model_digest(self):
        return blake2b(Path(self.model_path).read_bytes(), digest_size=16).hexdigest()

    def key(self, video):
        return ("mediapipe", self._model_digest, sorted(self.options.items()))

    def __str__(self):
        return 'the landmarker "mediapipe"'

    @contextmanager
    def detector(self):
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
            base_options=tasks.BaseOptions(model_asset_path=str(self.model_path)),
            running_mode=tasks.vision.RunningMode.VIDEO,
            **self.options,
        )
        return tasks.vision.FaceLandmarker.create_from_options(options)


def _import_mediapipe():
    try:
        import mediapipe
    except ImportError as error:
        raise ImportError(
            "landmarker='mediapipe' needs the package mediapipe: pip install "
            '"skspot[mediapipe]", or -e ".[mediapipe]" in a checkout.'
        ) from error
    return mediapipe


def _points(face, shape):
    """Return the 68 points of a face, whose vertices are in fractions of the picture."""
    vertices = np.array([(face[i].x, face[i].y) for i in MESH_TO_68])
    return vertices * (shape[1], shape[0]) - 0.5  # from the corner of a pixel to its centre
