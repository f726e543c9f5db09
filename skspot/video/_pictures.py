"""Videos that are sequences of images: arrays and folders of numbered images."""

from __future__ import annotations

import os
import re
import warnings
from abc import abstractmethod
from dataclasses import dataclass
from hashlib import blake2b
from numbers import Integral
from pathlib import Path

import numpy as np

from skspot.utils._fingerprints import hash_file, remembered
from skspot.utils._text import join_limited
from skspot.utils._typing import FilePath
from skspot.utils.validation import check_fps, with_parameters
from skspot.video._base import DEFAULT_FPS, Video, VideoReadError

_IMAGE_SUFFIXES = frozenset(
    (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
)

_DIGITS = re.compile(r"[0-9]+")

_HASHED_BYTES = 4096  # of the beginning and of the end of every image, for the fingerprint

_NO_RATE = (
    f"Folders of images contain no times; {DEFAULT_FPS:g} frames per second are assumed. Pass the "
    "rate at which they were recorded: FaceAligner(fps=...), open_video(folder, fps=...) or "
    "ImageSequence(folder, fps=...)."
)


class _UntimedVideo(Video):
    """A sequence of images without times."""

    @property
    def nominal_n_frames(self):
        """Number of frames."""
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

    def __init__(self, source, fps, warn):
        _check_array(source)
        super().__init__(source, fps or DEFAULT_FPS, warn)
        self._pictures = source
        self._shape = source.shape[1:3]

    def _convert(self, picture, colour):
        import cv2

        frame = np.ascontiguousarray(picture)
        if colour == (frame.ndim == 3):
            return frame
        return cv2.cvtColor(frame, cv2.COLOR_GRAY2RGB if colour else cv2.COLOR_RGB2GRAY)

    def _fingerprint(self):
        digest = blake2b(repr((self.source.shape, self._fps)).encode(), digest_size=16)
        for picture in self.source:
            digest.update(np.ascontiguousarray(picture))
        return digest.hexdigest()


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
class ImageSequence(os.PathLike[str]):
    """A folder of numbered images with its frame rate, all of them or every n-th.

    You can pass it like a path to a video. Nothing is opened, copied or listed before the frames
    are needed.

    Parameters
    ----------
    path : str or path-like
        The folder.
    fps : float, default=None
        Rate at which the images were recorded, in frames per second. None means unknown: the rate
        passed to `open_video` or `FaceAligner` is used, or 30 with a warning.
    keep_every : int, default=1
        The first image and every `keep_every`-th after it are frames of the video. The video then
        has ``fps / keep_every`` frames per second.

    Raises
    ------
    ValueError
        If `fps` is not positive or `keep_every` is not a whole number of at least 1.

    See Also
    --------
    open_video : Open a video of any kind.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from PIL import Image
    >>> from skspot.video import ImageSequence, open_video
    >>> folder = Path(tempfile.mkdtemp())
    >>> for number in range(1, 16):
    ...     picture = Image.fromarray(np.full((32, 32), number, dtype=np.uint8))
    ...     picture.save(folder / f"006_1_{number:04d}.png")
    >>> video = open_video(ImageSequence(folder, fps=200, keep_every=7))
    >>> [int(frame[0, 0]) for frame in video.frames()]
    [1, 8, 15]
    >>> video.timestamps
    array([0.   , 0.035, 0.07 ])
    """

    path: FilePath
    fps: float | None = None
    keep_every: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", os.fspath(self.path))  # the class is frozen
        if self.fps is not None:
            check_fps(self.fps)
        if not isinstance(self.keep_every, Integral) or self.keep_every < 1:
            raise ValueError(
                f"keep_every must be a whole number of at least 1, got {self.keep_every!r}."
            )

    def __fspath__(self) -> str:
        return self.path

    def __str__(self) -> str:
        return self.path


class FolderVideo(_UntimedVideo):
    """Numbered images in a folder, each or every n-th a frame."""

    def __init__(self, source, fps, warn):
        self._path = Path(source)
        if isinstance(source, ImageSequence):
            fps = source.fps or fps
            self.keep_every = source.keep_every
        super().__init__(source, (fps or DEFAULT_FPS) / self.keep_every, warn)
        names = image_names(self._path)
        if fps is None and warn:  # one text for all folders, so that it is shown once
            warnings.warn(with_parameters(UserWarning(_NO_RATE), "fps"), stacklevel=3)
        numbers = list(names)
        kept = list(names.values())[:: self.keep_every]
        self._pictures = [self._path / name for name in kept]
        missing = np.setdiff1d(np.arange(numbers[0], numbers[-1]), numbers)
        if len(missing):
            self._warn(
                f"no image has the number {join_limited(missing)}; the {len(numbers)} images, "
                f"numbered {numbers[0]} to {numbers[-1]}, are taken to follow one another, as "
                f"frames 0 to {len(self._pictures) - 1}."
            )

    def _convert(self, picture, colour):
        return _read_image(picture, colour)

    def _fingerprint(self):
        key = ("folder", str(self._path.absolute()), self._fps, self.keep_every)
        return remembered(self._hash_images, key, self._pictures)

    def _hash_images(self):
        digest = blake2b(repr(self._fps).encode(), digest_size=16)
        for path in self._pictures:
            digest.update(repr(path.name).encode())
            # Images without compression are equally large, and copies may be equally old.
            hash_file(digest, path, _HASHED_BYTES)
        return digest.hexdigest()


def image_names(folder: FilePath) -> dict[int, str]:
    """Return the names of the images in a folder by their numbers, in the order of the numbers.

    The number of an image is the last one in its name. Only names are read, which is quick even for
    many thousand images.

    Parameters
    ----------
    folder : str or path-like
        The folder; hidden files and files that are not images are ignored.

    Returns
    -------
    names : dict of int to str
        The names by number.

    Raises
    ------
    VideoReadError
        If the folder contains no image.
    ValueError
        If an image has no number, or two have the same.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skspot.video import image_names
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("img9.png", "img10.png", "notes.txt"):
    ...     (folder / name).touch()
    >>> image_names(folder)
    {9: 'img9.png', 10: 'img10.png'}
    """
    folder = Path(folder)
    # Hidden files are left out: macOS puts "._img1.jpg", not an image, beside "img1.jpg".
    entries = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    by_number = {}
    for name in entries:
        stem, dot, suffix = name.rpartition(".")
        if dot + suffix.lower() not in _IMAGE_SUFFIXES:
            continue
        digits = _DIGITS.findall(stem)
        if not digits:
            raise ValueError(
                f"{folder.name}: the image {name!r} has no number in its name, so its place "
                "among the frames is unknown; number it or move it elsewhere."
            )
        twin = by_number.setdefault(int(digits[-1]), name)
        if twin is not name:
            raise ValueError(
                f"{folder.name}: the images {twin!r} and {name!r} both have the number "
                f"{int(digits[-1])}; keep the images of one video in one folder."
            )
    if not by_number:
        found = f"it contains {join_limited(entries)}" if entries else "it is empty"
        raise VideoReadError(
            f"The folder {str(folder)!r} contains no images "
            f"({', '.join(sorted(_IMAGE_SUFFIXES))}); {found}. A video is a file or a folder with "
            "one image per frame; videos in its subfolders are not looked for."
        )
    return dict(sorted(by_number.items()))


def is_image_folder(path: FilePath) -> bool:
    """Return whether a path is a folder with an image in it, judging by names alone.

    Parameters
    ----------
    path : str or path-like
        The path.

    Returns
    -------
    is_image_folder : bool
        False if the path does not exist.

    Examples
    --------
    >>> from skspot.video import is_image_folder
    >>> is_image_folder("interview.mp4")
    False
    """
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
    # Without ANYDEPTH, OpenCV would silently cut 16 bits down to the upper 8.
    image = cv2.imdecode(data, mode | cv2.IMREAD_ANYDEPTH) if len(data) else None
    if image is None or _is_cut_short(data):
        raise VideoReadError(
            f"The image {str(path)!r} can't be read: it is damaged, cut short or not an image "
            f"({len(data)} bytes)."
        )
    if image.dtype != np.uint8:
        raise VideoReadError(
            f"The image {str(path)!r} has values of type {image.dtype}; frames must have 8 bits "
            "per value. If these are pictures of a face, not depth maps, convert them to 8 bits."
        )
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB) if colour else image


def _is_cut_short(data):
    """Return whether an image lacks its end, which some versions of OpenCV fill up with grey."""
    data = data.tobytes()
    if data.startswith(b"\xff\xd8"):  # JPEG: the last scan must be followed by an end marker
        return data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda")
    return data.startswith(b"\x89PNG") and b"IEND" not in data[-64:]
