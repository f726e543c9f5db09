"""The base class `Video`, the errors, and text for messages."""

from __future__ import annotations

import os
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skspot.utils._typing import VideoLike
from skspot.video._frame_times import FrameTimes

# Suffixes by which files in folders and tables are taken for videos; any file can be opened.
VIDEO_SUFFIXES = frozenset(
    (".3gp", ".avi", ".flv", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ogv")
    + (".ts", ".webm", ".wmv")
)
DEFAULT_FPS = 30.0  # of arrays and folders of images whose rate is not given


class VideoReadError(OSError):
    """A video that can't be read completely: damaged, truncated or not a video."""


class NoFaceError(ValueError):
    """A video in which no face was found."""


def video_name(source: VideoLike | Video) -> str:
    """Return the name of a video in messages.

    Parameters
    ----------
    source : str, path-like, ndarray or Video
        The video.

    Returns
    -------
    name : str
        The name of its file or folder, or the shape of its array.

    Examples
    --------
    >>> from skspot.video import video_name
    >>> video_name("recordings/interview.mp4")
    'interview.mp4'
    """
    if isinstance(source, np.ndarray):
        return f"array of shape {source.shape}"
    if isinstance(source, Video):
        return source.name
    if not isinstance(source, (str, os.PathLike)):  # not a video, as opening it will say
        return type(source).__name__
    return Path(source).name or str(Path(source).resolve())


class Video(ABC):
    """A video of any kind, made by `open_video`.

    Parameters
    ----------
    source : str, path-like or ndarray
        The video.
    fps : float
        Frame rate in frames per second, for sources without times.
    warn : bool
        Whether to warn about damage that does not stop reading.

    Attributes
    ----------
    source : str, path-like or ndarray
        The video.
    name : str
        Short name for messages: the name of the file or folder, or the shape of the array.
    keep_every : int
        Every `keep_every`-th recorded image is a frame; above 1 only for an `ImageSequence`.
    nominal_n_frames : int
        Expected number of frames. For a file, it comes from the header, if necessary from its
        duration; 0 if the header has neither.
    """

    source: VideoLike
    name: str
    keep_every: int = 1
    nominal_n_frames: int

    def __init__(self, source: VideoLike, fps: float, warn: bool):
        self.source = source
        self.name = video_name(source)
        self._fps = float(fps)
        self._warns = warn
        self._shape = None
        self._times = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    def iterate(self, colour: bool = False) -> Iterator[tuple[NDArray[np.uint8], float]]:
        """Decode the frames one at a time, each with its time.

        After a complete pass, `timestamps` and `n_frames` are known without a second one.

        Parameters
        ----------
        colour : bool, default=False
            Whether the frames are RGB instead of grey.

        Yields
        ------
        frame : ndarray of shape (height, width) or (height, width, 3), dtype uint8
            The frame, contiguous and upright.
        time : float
            When the frame is shown, in seconds since the first frame.

        Raises
        ------
        VideoReadError
            If a frame can't be read or differs in size from the first; the message says which.
        """
        times = []
        shape = None
        with closing(self._decode(colour)) as pictures:
            for frame, time in pictures:
                shape = shape or frame.shape[:2]
                if frame.shape[:2] != shape:
                    raise VideoReadError(
                        f"{self.name}: frame {len(times)} has {_size(frame.shape)} pixels, the "
                        f"frames before it {_size(shape)}; all frames must have one size. "
                        "Convert or split the video."
                    )
                times.append(time)
                yield frame, time
        if not times:
            raise VideoReadError(f"{self.name}: not a single frame could be decoded.")
        self._shape = shape
        self._times = np.array(times)

    def frames(self, colour: bool = False) -> Iterator[NDArray[np.uint8]]:
        """Decode the frames one at a time.

        Parameters
        ----------
        colour : bool, default=False
            Whether the frames are RGB instead of grey.

        Yields
        ------
        frame : ndarray of shape (height, width) or (height, width, 3), dtype uint8
            The frame, contiguous and upright.

        Raises
        ------
        VideoReadError
            If a frame can't be read or differs in size from the first; the message says which.
        """
        with closing(self.iterate(colour)) as pairs:
            for frame, _ in pairs:
                yield frame

    @property
    def timestamps(self) -> NDArray[np.float64]:
        """Time of every frame in seconds since the first, ndarray (n_frames,) of float64.

        A file is decoded once to learn them, unless a pass over its frames has been completed.
        """
        if self._times is None:
            self._times = self._read_times()
        return self._times

    @property
    def times(self) -> FrameTimes:
        """When frames appear and disappear, a `FrameTimes`; decodes a file as `timestamps` does."""
        return FrameTimes(self.timestamps, f"{self.name}: timestamps")

    @property
    def n_frames(self) -> int:
        """Number of frames; of a file, those that can be decoded, even if its header differs."""
        return len(self.timestamps)

    @property
    def frame_shape(self) -> tuple[int, int]:
        """Height and width of the frames in pixels."""
        if self._shape is None:
            with closing(self.frames()) as frames:
                self._shape = next(frames).shape
        return self._shape

    @property
    def start(self) -> float:
        """When players show the first frame, in seconds; above 0 in a file whose sound is first."""
        return 0.0

    @property
    def fingerprint(self) -> str:
        """Short text that changes when the video changes, for use as a cache key.

        It does not depend on the path of a file or folder, and no frame is decoded. For the images
        of a folder, it uses the name, the size, the modification time, and the first and last 4 KiB
        of each. Within a process it is computed once, unless the file or folder changes.
        """
        return self._fingerprint()

    @abstractmethod
    def _decode(self, colour):
        """Yield (frame, time), the times increasing from 0."""

    @abstractmethod
    def _fingerprint(self):
        """Return what identifies the content."""

    @abstractmethod
    def _read_times(self):
        """Return the times of all frames."""

    def _warn(self, message):
        if self._warns:
            warnings.warn(f"{self.name}: {message}", UserWarning, stacklevel=2)


def _size(shape):
    return f"{shape[1]} x {shape[0]}"
