"""The base class of landmarkers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from skspot.utils._doc_links import DocLinkMixin
from skspot.utils._typing import VideoLike

if TYPE_CHECKING:
    from skspot.video import Video


class Landmarker(DocLinkMixin, BaseEstimator, ABC):
    """Base class of landmarkers, which find the 68 points of one face in every frame of a video.

    A landmarker only holds parameters: it can be cloned and pickled, and its parameters can be read
    and set as those of any estimator of scikit-learn. Models, and the state for a video, exist only
    within one call of `track`.

    A subclass defines `key` and `track`, and `_parameter_constraints` in scikit-learn's form.
    `FaceAligner` also accepts a function instead of a landmarker, which is simpler to write.

    Attributes
    ----------
    colour : bool
        Whether `track` needs RGB frames (height, width, 3) instead of grey ones (height, width).
    detects_frames : bool
        Whether faces are detected in single frames, so that frames can be left out.
    cacheable : bool
        Whether `key` says everything that the points depend on.
    display_name : str
        Name of the landmarker in messages.

    Examples
    --------
    >>> import numpy as np
    >>> from skspot.landmarks import Landmarker
    >>> from skspot.preprocessing import FaceAligner
    >>> class InTheMiddle(Landmarker):
    ...     def key(self, video):
    ...         return "in the middle"
    ...
    ...     def track(self, frames, video, detect_every=1):
    ...         angle = np.linspace(0, 6, 68)
    ...         circle = np.column_stack([np.cos(angle), np.sin(angle)])
    ...         for frame in frames:
    ...             yield 0.25 * min(frame.shape) * circle + 0.5 * np.array(frame.shape[::-1])
    >>> FaceAligner(InTheMiddle()).transform([np.zeros((5, 80, 120), dtype=np.uint8)])
    [AlignedVideo('array of shape (5, 80, 120)', n_frames=5, ...)]
    """

    _parameter_constraints: dict = {}

    colour = False
    detects_frames = False
    cacheable = True

    @property
    def display_name(self) -> str:
        """Name of the landmarker in messages."""
        return type(self).__name__

    def check(self, videos: Sequence[VideoLike]) -> None:
        """Check the parameters, and that they suit a collection of videos.

        Parameters
        ----------
        videos : list
            The videos, as for `open_video`.

        Raises
        ------
        ValueError
            If a parameter is invalid or does not suit the videos.
        FileNotFoundError
            If a file that all videos need does not exist.
        """
        self._validate_params()

    def only_for(self, video: VideoLike) -> Landmarker:
        """Return a landmarker with what one video needs, to be sent to a worker process.

        Parameters
        ----------
        video : str, path-like or ndarray
            The video.

        Returns
        -------
        landmarker : Landmarker
            The landmarker itself, or a smaller one.
        """
        return self

    @abstractmethod
    def key(self, video: Video) -> object:
        """Return a cache key for everything that the points depend on except the frames.

        Parameters
        ----------
        video : Video
            The video.

        Returns
        -------
        key : object
            Anything that joblib can hash.
        """

    @abstractmethod
    def track(
        self, frames: Iterable[NDArray[np.uint8]], video: Video, detect_every: int = 1
    ) -> Iterator[ArrayLike | None]:
        """Yield the points of the followed face for each frame, in order.

        Parameters
        ----------
        frames : iterable of ndarray of uint8
            The frames of the video.
        video : Video
            The video from which they come.
        detect_every : int, default=1
            Frames from one detection to the next, if `detects_frames`.

        Yields
        ------
        points : ndarray of shape (68, 2) or None
            x and y in pixels, (0, 0) being the centre of the top left one. None: no face.
        """
