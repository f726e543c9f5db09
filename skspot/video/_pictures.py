"""Videos that are sequences of pictures: arrays and directories of numbered images."""

import os
import re
from abc import abstractmethod
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path

import numpy as np

from skspot.utils.validation import check_fps
from skspot.video._base import Video, VideoReadError, hash_ends, listing

_IMAGE_SUFFIXES = frozenset(
    (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
)

_DIGITS = re.compile(r"[0-9]+")

_HASHED_BYTES = 4096  # of the beginning and of the end of every image, for the fingerprint


class _UntimedVideo(Video):
    """A sequence of pictures that carry no times."""

    @property
    def n_announced(self):
        """How many frames there will be, as of a file by its header."""
        return len(self._pictures)

    def _read_times(self):
        return np.arange(len(self._pictures)) / self._fps

    def _decode(self, colour):
        for number, picture in enumerate(self._pictures):
            yield self._convert(picture, colour), number / self._fps

    @abstractmethod
    def _convert(self, picture, colour):
        """Return one of `_pictures` as a frame."""


class ArrayVideo(_UntimedVideo):
    """Frames in an array."""

    def __init__(self, source, fps, quiet):
        _check_array(source)
        super().__init__(source, fps, quiet)
        self._pictures = source
        self._shape = source.shape[1:3]

    def _convert(self, picture, colour):
        import cv2

        frame = np.ascontiguousarray(picture)
        if colour == (frame.ndim == 3):
            return frame
        return cv2.cvtColor(frame, cv2.COLOR_GRAY2RGB if colour else cv2.COLOR_RGB2GRAY)

    def _hash(self, digest):
        digest.update(repr((self.source.shape, self._fps)).encode())
        for picture in self.source:
            digest.update(np.ascontiguousarray(picture))


def _check_array(array):
    """Refuse an array that is not a video."""
    got = f"got shape {array.shape} and dtype {array.dtype}"
    if array.dtype != np.uint8:
        advice = (
            "if its values run from 0 to 1, pass (255 * video).round().astype(np.uint8); if from 0 "
            "to 255, pass video.round().astype(np.uint8)"
            if array.dtype.kind == "f"
            else "scale the values to 0-255 and pass video.astype(np.uint8)"
        )
        raise ValueError(f"An array video must have dtype uint8, {got}; {advice}.")
    if array.ndim == 3 and array.shape[2] == 3:
        raise ValueError(f"An array video needs several frames, {got}, a single picture in colour.")
    if array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] != 3):
        raise ValueError(
            "An array video must have shape (n_frames, height, width) or "
            f"(n_frames, height, width, 3), {got}."
        )
    if array.size == 0:
        raise ValueError(f"An array video must not be empty, {got}.")


@dataclass(frozen=True)
class ImageSequence(os.PathLike):
    """A directory of numbered images with its frame rate, all of them or every n-th.

    It stands for a video wherever a path does, and is as light: nothing is opened, copied or
    listed before the frames are wanted.

    Parameters
    ----------
    path : str or path-like
        The directory.
    fps : float, default=30.0
        Rate at which the images were recorded, in frames per second.
    keep_every : int, default=1
        Which images are frames of the video: the first and every `keep_every`-th after it, so that
        the video has ``fps / keep_every`` frames per second.

    Raises
    ------
    ValueError
        If `fps` is not positive or `keep_every` is no whole number of at least 1.

    See Also
    --------
    open_video : Opens a video of any kind.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from PIL import Image
    >>> from skspot.video import ImageSequence, open_video
    >>> directory = Path(tempfile.mkdtemp())
    >>> for number in range(1, 16):
    ...     picture = Image.fromarray(np.full((32, 32), number, dtype=np.uint8))
    ...     picture.save(directory / f"006_1_{number:04d}.png")
    >>> video = open_video(ImageSequence(directory, fps=200, keep_every=7))
    >>> [int(frame[0, 0]) for frame in video.frames()]
    [1, 8, 15]
    >>> video.timestamps
    array([0.   , 0.035, 0.07 ])
    """

    path: str
    fps: float = 30.0
    keep_every: int = 1

    def __post_init__(self):
        object.__setattr__(self, "path", os.fspath(self.path))  # the class is frozen
        check_fps(self.fps)
        if not isinstance(self.keep_every, Integral) or self.keep_every < 1:
            raise ValueError(
                f"keep_every must be a whole number of at least 1, got {self.keep_every!r}."
            )

    def __fspath__(self):
        return self.path

    def __str__(self):
        return self.path


class DirectoryVideo(_UntimedVideo):
    """Numbered images in a directory, each or every n-th a frame."""

    def __init__(self, source, fps, quiet):
        path = Path(source)
        if isinstance(source, ImageSequence):
            fps, self.keep_every = source.fps / source.keep_every, source.keep_every
        super().__init__(source, fps, quiet)
        pictures, numbers = numbered_images(path)
        self._pictures = pictures[:: self.keep_every]
        missing = np.setdiff1d(np.arange(numbers[0], numbers[-1]), numbers)
        if len(missing):
            self._warn(
                f"no image has the number {listing(missing)}; the {len(numbers)} images, numbered "
                f"{numbers[0]} to {numbers[-1]}, are taken to follow one another, as frames 0 to "
                f"{len(self._pictures) - 1}."
            )

    def _convert(self, picture, colour):
        return _read_image(picture, colour)

    def _hash(self, digest):
        digest.update(repr(self._fps).encode())
        for path in self._pictures:
            stat = path.stat()
            digest.update(repr((path.name, stat.st_size, stat.st_mtime_ns)).encode())
            # Images without compression are equally large, and copies may be equally old.
            hash_ends(digest, path, stat.st_size, _HASHED_BYTES)


def numbered_images(directory):
    """Return the images of a directory and their numbers, in the order of the numbers.

    Parameters
    ----------
    directory : Path
        The directory; hidden files and what is no image are passed over.

    Returns
    -------
    images : list of Path
        The images.
    numbers : list of int
        The last number in the name of each.

    Raises
    ------
    VideoReadError
        If there is no image.
    ValueError
        If an image has no number, or two have the same.
    """
    names = names_by_number(directory)
    numbers = sorted(names)
    return [directory / names[number] for number in numbers], numbers


def names_by_number(directory):
    """Return the names of the images of a directory by their numbers, as `numbered_images` does.

    Names alone are looked at, so that a directory of many thousand images is read at once.
    """
    # Hidden files are left out: macOS puts "._img1.jpg", no image, beside "img1.jpg".
    entries = sorted(name for name in os.listdir(directory) if not name.startswith("."))
    by_number = {}
    for name in entries:
        stem, dot, suffix = name.rpartition(".")
        if dot + suffix.lower() not in _IMAGE_SUFFIXES:
            continue
        digits = _DIGITS.findall(stem)
        if not digits:
            raise ValueError(
                f"{directory.name}: the image {name!r} has no number in its name, so its "
                "place among the frames is unknown; number it or move it elsewhere."
            )
        twin = by_number.setdefault(int(digits[-1]), name)
        if twin is not name:
            raise ValueError(
                f"{directory.name}: the images {twin!r} and {name!r} both have the "
                f"number {int(digits[-1])}; keep the images of one video in one directory."
            )
    if not by_number:
        found = listing(entries) if entries else "nothing"
        raise VideoReadError(
            f"The directory {str(directory)!r} holds no images "
            f"({', '.join(sorted(_IMAGE_SUFFIXES))}), but {found}. A video is a file or a "
            "directory with one image per frame; videos in folders within it are not looked for."
        )
    return by_number


def holds_images(path):
    """Tell whether a path is a directory with an image in it, by the names alone."""
    try:
        with os.scandir(path) as entries:
            return any(
                not entry.name.startswith(".")
                and os.path.splitext(entry.name)[1].lower() in _IMAGE_SUFFIXES
                for entry in entries
            )
    except OSError:
        return False


def _read_image(path, colour):
    """Return an image as uint8, grey or RGB, turned upright as its EXIF orientation says."""
    import cv2

    data = np.fromfile(path, dtype=np.uint8)  # cv2.imread fails on some names on Windows
    mode = cv2.IMREAD_COLOR if colour else cv2.IMREAD_GRAYSCALE
    # Without ANYDEPTH, OpenCV would cut 16 bits down to the upper 8 and say nothing.
    image = cv2.imdecode(data, mode | cv2.IMREAD_ANYDEPTH) if len(data) else None
    if image is None or _is_cut_short(data):
        raise VideoReadError(
            f"The image {str(path)!r} can't be read: it is damaged, cut short or not an image "
            f"({len(data)} bytes)."
        )
    if image.dtype != np.uint8:
        raise VideoReadError(
            f"The image {str(path)!r} has values of type {image.dtype}; frames must have 8 bits "
            "per value. If these are pictures of a face and no depth maps, convert them to 8 bits."
        )
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB) if colour else image


def _is_cut_short(data):
    """Tell whether an image lacks its end, which some versions of OpenCV fill up with grey."""
    data = data.tobytes()
    if data.startswith(b"\xff\xd8"):  # JPEG: the last scan must be followed by an end marker
        return data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda")
    return data.startswith(b"\x89PNG") and b"IEND" not in data[-64:]
