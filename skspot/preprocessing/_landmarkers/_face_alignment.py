"""The "face-alignment" landmarker: the FAN network of the package face-alignment."""

from http.client import HTTPException

from skspot.preprocessing._landmarkers._base import Landmarker
from skspot.preprocessing._landmarkers._follower import FaceFollower
from skspot.utils._parallel import SetupError


class FaceAlignmentLandmarker(Landmarker):
    """The 68 points that FAN finds in the box of a face detector, in each frame on its own.

    The weights (about 180 MB) are downloaded by the package itself on first use.

    Parameters
    ----------
    device : str, default=None
        Where the networks run: "cpu", "cuda", "cuda:1", "mps". None takes CUDA if there is any,
        else the CPU.
    face_detector : str, default="sfd"
        The package's detector, such as "sfd" or "blazeface" (much faster, frontal faces).
    face_detector_kwargs : dict, default=None
        Its options.
    flip_input : bool, default=True
        Whether each face is also looked at in a mirror, which doubles the time.
    """

    colour = True

    def __init__(
        self, *, device=None, face_detector="sfd", face_detector_kwargs=None, flip_input=True
    ):
        self.device = device
        self.face_detector = face_detector
        self.face_detector_kwargs = face_detector_kwargs
        self.flip_input = flip_input

    def key(self, video):
        return ("face-alignment", self.face_detector, self.face_detector_kwargs, self.flip_input)

    def __str__(self):
        return 'the landmarker "face-alignment"'

    def track(self, frames, video):
        network = self._load()
        follower = FaceFollower()
        for frame in frames:
            boxes = [box[:4] for box in network.face_detector.detect_from_image(frame)]
            index = follower.choose(boxes)
            if index is None:
                yield None
            else:
                yield network.get_landmarks_from_image(frame, detected_faces=[boxes[index]])[0]

    def _load(self):
        """Return the package's model, its weights loaded."""
        import face_alignment
        import torch

        device = self.device or ("cuda" if torch.cuda.is_available() else "cpu")
        try:
            return face_alignment.FaceAlignment(
                face_alignment.LandmarksType.TWO_D,
                device=device,
                face_detector=self.face_detector,
                face_detector_kwargs=self.face_detector_kwargs,
                flip_input=self.flip_input,
                compile=False,  # compiling takes minutes and a C++ compiler
            )
        except ModuleNotFoundError as error:
            raise ValueError(
                f'landmarker_params["face_detector"]={self.face_detector!r} is not a detector of '
                f"the package face-alignment, or it needs a package that is missing: {error}."
            ) from error
        except (OSError, HTTPException) as error:
            raise SetupError(
                "The weights of the landmarker 'face-alignment' could not be downloaded "
                f"({error}). They are expected in {_weights_folder()!r} and have the names at the "
                f"ends of these addresses: {', '.join(_addresses())}. Connect to the network once, "
                "or put the files there. Without a network, use landmarker='mediapipe' with its "
                "model file, landmarker='template' (approximate, frontal faces), or landmarks that "
                "you already have."
            ) from error


def _weights_folder():
    import torch

    return f"{torch.hub.get_dir()}/checkpoints"


def _addresses():
    """Return where the weights of the default detector and of the network come from."""
    from face_alignment.api import models_urls
    from face_alignment.detection.sfd.sfd_detector import models_urls as detector_urls

    return [detector_urls["s3fd"], models_urls["2DFAN-4"]]
