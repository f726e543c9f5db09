"""What all kinds of video share: the class `Video`, the errors, the wording of messages."""

import os
import warnings
from abc import ABC, abstractmethod
from contextlib import closing
from hashlib import blake2b
from pathlib import Path

import numpy as np

_MANY = 10  # how many numbers or names a message lists at most
_ENDS_TO_HASH = 64 * 1024  # bytes hashed at each end of a large file


class VideoReadError(OSError):
    """A video that can't be read, or not to its end: damaged, truncated or not a video."""


class NoFaceError(ValueError):
    """A video in which no face was found."""


def short_name(source):
    """Return what messages call a video: the name of its file, the shape of its array."""
    if isinstance(source, np.ndarray):
        return f"array of shape {source.shape}"
    if isinstance(source, Video):
        return source.name
    if not isinstance(source, (str, os.PathLike)):  # no video, as opening it will say
        return type(source).__name__
    return Path(source).name or str(Path(source).resolve())


def hash_ends(digest, path, size, n_bytes):
    """Feed the first and last bytes of a file to a digest."""
    with open(path, "rb") as file:
        digest.update(file.read(n_bytes))
        file.seek(max(size - n_bytes, 0))
        digest.update(file.read(n_bytes))


def hash_file(digest, path):
    """Feed what identifies a file to a digest, without reading all of it."""
    stat = path.stat()
    digest.update(repr((stat.st_size, stat.st_mtime_ns)).encode())
    hash_ends(digest, path, stat.st_size, _ENDS_TO_HASH)


class Video(ABC):
    """A video of any kind, made by `open_video`.

    Parameters
    ----------
    source : str, path-like or ndarray
        What is opened.
    fps : float
        Frame rate in frames per second, for sources without times of their own.
    quiet : bool
        Whether to leave out warnings about damage that can be read past.

    Attributes
    ----------
    source : str, path-like or ndarray
        What was opened.
    name : str
        Short name for messages: the name of the file or directory, or the shape of the array.
    keep_every : int
        Of how many recorded images one is a frame; 1 but for an `ImageSequence`.
    """

    keep_every = 1

    def __init__(self, source, fps, quiet):
        self.source = source
        self.name = short_name(source)
        self._fps = float(fps)
        self._quiet = quiet
        self._shape = None
        self._times = None

    def __repr__(self):
        return f"<{type(self).__name__} {self.name!r}>"

    def iterate(self, colour=False):
        """Decode the frames one at a time, each with its time.

        A complete pass also settles `timestamps` and `n_frames`, so that they cost no second one.

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

    def frames(self, colour=False):
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
    def timestamps(self):
        """Time of every frame in seconds since the first, ndarray (n_frames,) of float64.

        A file is decoded once to learn them, unless a pass over its frames has been completed.
        """
        if self._times is None:
            self._times = self._read_times()
        return self._times

    @property
    def n_frames(self):
        """Number of frames; of a file, the frames that decode, whatever its header says."""
        return len(self.timestamps)

    @property
    def frame_shape(self):
        """Height and width of the frames in pixels."""
        if self._shape is None:
            with closing(self.frames()) as frames:
                self._shape = next(frames).shape
        return self._shape

    @property
    def start(self):
        """When players show the first frame, in seconds; above 0 in a file whose sound is first."""
        return 0.0

    @property
    def fingerprint(self):
        """Short text that changes when the video does, for use as a key of a cache.

        It does not depend on where a file or directory lies, and no frame is decoded for it. Of the
        images of a directory the name, size, time of change, first and last 4 KiB count.
        """
        digest = blake2b(digest_size=16)
        self._hash(digest)
        return digest.hexdigest()

    @abstractmethod
    def _decode(self, colour):
        """Yield (frame, time), the times increasing from 0."""

    @abstractmethod
    def _hash(self, digest):
        """Feed what identifies the content to `digest`."""

    @abstractmethod
    def _read_times(self):
        """Return the times of all frames."""

    def _warn(self, message):
        if not self._quiet:
            warnings.warn(f"{self.name}: {message}", UserWarning, stacklevel=2)


def listing(items):
    """Return items as text, at most `_MANY` of them."""
    text = ", ".join(str(item) for item in items[:_MANY])
    return text if len(items) <= _MANY else f"{text} and {len(items) - _MANY} more"


def _size(shape):
    return f"{shape[1]} x {shape[0]}"
