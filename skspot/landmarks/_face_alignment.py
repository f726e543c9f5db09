"""The FAN network of the package face-alignment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from skspot.landmarks._detecting import DetectingLandmarker
from skspot.utils._parallel import SetupError
from skspot.utils._param_validation import Interval

if TYPE_CHECKING:
    from skspot.video import Video

_BATCH_ON_A_GPU = 4


class FaceAlignment(DetectingLandmarker):
    """The 68 points that the network FAN finds in the box of a face detector.

    Precise; it takes seconds for each frame on a CPU. The package face-alignment downloads the
    weights (about 180 MB) on first use; without a network connection an error says where to get
    them.

    Parameters
    ----------
    device : str, default=None
        Where the networks run: "cpu", "cuda", "cuda:1", "mps". None uses CUDA if it is available,
        else the CPU.
    face_detector : str, default="sfd"
        The package's detector, such as "sfd" or "blazeface" (much faster, frontal faces).
    face_detector_kwargs : dict, default=None
        Options of the detector.
    flip_input : bool, default=True
        Whether the mean over each face and its mirror image is taken, which doubles the time.
    batch_size : int, default=None
        Frames that the networks process at a time; they are held in memory, each with the frames up
        to the next detection. None uses 4 on a GPU; take fewer if its memory runs out. On a CPU,
        where batches are slower, None uses 1. Detectors other than "sfd" process one frame at a
        time.

    See Also
    --------
    MediaPipe : As precise for frontal faces, and fast on a CPU.

    Examples
    --------
    >>> from skspot.landmarks import FaceAlignment
    >>> from skspot.preprocessing import FaceAligner
    >>> aligner = FaceAligner(FaceAlignment(face_detector="blazeface"), memory="cache")
    """

    _parameter_constraints: dict = {
        "device": [str, None],
        "face_detector": [str],
        "face_detector_kwargs": [dict, None],
        "flip_input": ["boolean"],
        "batch_size": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(
        self,
        *,
        device: str | None = None,
        face_detector: str = "sfd",
        face_detector_kwargs: dict[str, Any] | None = None,
        flip_input: bool = True,
        batch_size: int | None = None,
    ):
        self.device = device
        self.face_detector = face_detector
        self.face_detector_kwargs = face_detector_kwargs
        self.flip_input = flip_input
        self.batch_size = batch_size

    def frames_at_a_time(self) -> int:
        """Return how many frames the networks process at a time."""
        if self.batch_size is not None:
            return int(self.batch_size)
        return 1 if self._chosen_device() == "cpu" else _BATCH_ON_A_GPU

    def key(self, video: Video) -> object:
        """Return the parameters but for where and how fast the networks run."""
        return ("face-alignment", self.face_detector, self.face_detector_kwargs, self.flip_input)

    @contextmanager
    def detector(self) -> Iterator[Callable[..., Any]]:
        """Load the networks; see `DetectingLandmarker.detector`."""
        network = self._load()

        def detect(frames, choose):
            faces = [[face[:4] for face in found] for found in self._boxes(network, frames)]
            chosen = [choose(boxes) for boxes in faces]
            shown = [i for i, index in enumerate(chosen) if index is not None]
            points = [None] * len(frames)
            if shown:
                boxes = [faces[i][chosen[i]] for i in shown]
                found = _fan_points(network, [frames[i] for i in shown], boxes)
                for i, face in zip(shown, found):
                    points[i] = face
            return points

        yield detect

    def _boxes(self, network, frames):
        """Return the boxes of the faces in each frame."""
        import torch

        if len(frames) == 1 or self.face_detector != "sfd":  # others lack batches, or loop
            return [network.face_detector.detect_from_image(frame) for frame in frames]
        batch = torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2)
        return network.face_detector.detect_from_batch(batch)

    def _chosen_device(self):
        import torch

        return self.device or ("cuda" if torch.cuda.is_available() else "cpu")

    def _load(self):
        """Return the package's model, its weights loaded."""
        import face_alignment

        try:
            return face_alignment.FaceAlignment(
                face_alignment.LandmarksType.TWO_D,
                device=self._chosen_device(),
                face_detector=self.face_detector,
                face_detector_kwargs=self.face_detector_kwargs,
                flip_input=self.flip_input,
                compile=False,  # compiling takes minutes and a C++ compiler
            )
        except ModuleNotFoundError as error:
            raise ValueError(
                f"face_detector={self.face_detector!r} is not a detector of the package "
                f"face-alignment, or it needs a package that is missing: {error}."
            ) from error
        except (OSError, HTTPException) as error:
            raise SetupError(
                "The weights of the landmarker FaceAlignment could not be downloaded "
                f"({error}). They are expected in {_weights_folder()!r} and have the names at the "
                f"ends of these addresses: {', '.join(_addresses())}. Connect to the network once, "
                "or put the files there. Without a network, use the landmarker MediaPipe with its "
                "model file, Template (approximate, frontal faces), or landmarks that you already "
                "have."
            ) from error


def _fan_points(network, frames, boxes):
    """Return the points of one face in each frame; FAN processes all of them in one batch.

    The package itself puts only the faces of one picture into a batch.
    """
    import torch
    from face_alignment.utils import CENTER_Y_OFFSET, crop, flip, get_preds_fromhm

    corners = np.array(boxes, dtype=float).reshape(-1, 2, 2)
    sides = corners[:, 1] - corners[:, 0]
    centres = corners.mean(axis=1) - CENTER_Y_OFFSET * sides * (0, 1)
    scales = sides.sum(axis=1) / network.face_detector.reference_scale
    crops = [crop(*place) for place in zip(frames, centres, scales)]
    inputs = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).to(network.device).float() / 255
    with torch.no_grad():
        heatmaps = _last(network.face_alignment_net(inputs))
        if network.flip_input:
            heatmaps += flip(_last(network.face_alignment_net(flip(inputs))), is_label=True)
    heatmaps = heatmaps.cpu().numpy()
    return [
        get_preds_fromhm(heatmaps[i : i + 1], centre, scale)[1][0]
        for i, (centre, scale) in enumerate(zip(centres, scales))
    ]


def _last(output):
    """Return the heatmaps of the last of stacked hourglasses."""
    return output[-1] if isinstance(output, list) else output


def _weights_folder():
    import torch

    return f"{torch.hub.get_dir()}/checkpoints"


def _addresses():
    """Return where the weights of the default detector and of the network come from."""
    from face_alignment.api import models_urls
    from face_alignment.detection.sfd.sfd_detector import models_urls as detector_urls

    return [detector_urls["s3fd"], models_urls["2DFAN-4"]]
