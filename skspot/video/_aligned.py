"""AlignedVideo, the view of a video in which the face has been found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, fields
from functools import cached_property
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skspot.utils._typing import VideoLike
from skspot.video._base import NoFaceError, VideoReadError, video_name
from skspot.video._frame_times import FrameTimes
from skspot.video._pictures import ImageSequence
from skspot.video._readers import open_video

# Side of the face square over the RMS radius of the 68 points. On three frontal faces the jaw
# (points 0 to 16) was 2.45 to 2.51 RMS radii wide, and the square is 1.2 times as wide as the jaw.
_EXTENT = 3.0
_MARGIN = 0.5  # around the landmarks, in face sizes


def face_extent(landmarks: ArrayLike) -> NDArray[np.float64]:
    """Return the size of faces in pixels.

    It is 3 times the root-mean-square distance of the points to their centroid: the side of a
    square face crop, about 1.2 times the width of the jaw of a frontal face. Because it uses all 68
    points, an open mouth or a raised brow changes it only slightly.

    Parameters
    ----------
    landmarks : ndarray of shape (..., 68, 2)
        The 68 points of each face (iBUG order), in pixels; NaN where unknown.

    Returns
    -------
    extent : ndarray of shape (...)
        The size of each face in pixels; NaN where a point is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from skspot.video import face_extent
    >>> angle = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    >>> circle = 50 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    >>> face_extent(np.stack([circle, 2 * circle])).round(6)
    array([150., 300.])
    """
    # From sums, without a temporary array as large as the landmarks.
    landmarks = np.asarray(landmarks)
    squares = np.einsum("...pi,...pi->...", landmarks, landmarks, dtype=np.float64)
    centroid = landmarks.mean(axis=-2, dtype=np.float64)
    variance = squares / landmarks.shape[-2] - (centroid**2).sum(axis=-1)
    return _EXTENT * np.sqrt(np.maximum(variance, 0))


class _Geometry(NamedTuple):
    """The region of the picture that is shown, [top, bottom) x [left, right), and its new size."""

    left: int
    top: int
    right: int
    bottom: int
    width: int
    height: int

    @property
    def scale(self):
        """Exact factors along x and y; rounding to whole pixels makes them differ a little."""
        return np.array(
            [self.width / (self.right - self.left), self.height / (self.bottom - self.top)]
        )


@dataclass(frozen=True, eq=False, repr=False)
class AlignedVideo:
    """A video in which the face has been found, shown at a fixed face size.

    It holds landmarks and times but no frames. Iterating over it decodes the frames one at a time,
    in grey. They are cropped to the region that the face covers during the video (the box of all
    known landmarks with half a face size around it), and scaled by one factor for the whole video
    that makes the median face size `face_size` pixels. The region and the factor are the same for
    all frames, so motion between frames is the motion in the video. The arrays are read-only.

    Parameters
    ----------
    source : str, path-like or ndarray of uint8
        The video, as for `open_video`.
    landmarks : array-like of shape (n_frames, 68, 2)
        The 68 points of the face in each frame (iBUG order), x and y in pixels of the source
        picture; (0, 0) is the centre of the top left pixel. NaN where unknown.
    valid : array-like of shape (n_frames,)
        Whether the face was found in each frame. Landmarks of other frames may be interpolated.
    timestamps : array-like of shape (n_frames,)
        When each frame is shown, in seconds since the first.
    frame_shape : tuple of (int, int)
        Height and width of the source picture in pixels.
    face_size : float, default=128
        Median size of the face in the scaled frames, in pixels, see `face_extent`.

    Raises
    ------
    NoFaceError
        If no frame is valid.
    ValueError
        If the shapes do not fit together, a valid frame lacks landmarks or the timestamps do not
        increase.

    See Also
    --------
    open_video : Open a video of any kind.

    Examples
    --------
    >>> import numpy as np
    >>> from skspot.video import AlignedVideo
    >>> frames = np.zeros((60, 240, 320), dtype=np.uint8)
    >>> angle = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    >>> face = np.stack([160 + 60 * np.cos(angle), 120 + 60 * np.sin(angle)], axis=-1)
    >>> aligned = AlignedVideo(
    ...     frames, np.tile(face, (60, 1, 1)), np.ones(60, dtype=bool), np.arange(60) / 30,
    ...     frame_shape=(240, 320), face_size=90,
    ... )
    >>> aligned
    AlignedVideo('array of shape (60, 240, 320)', n_frames=60, fps=30.00, duration=2.00 s,
                 valid=100.0 %)
    >>> aligned.face_sizes[0].round()
    np.float64(90.0)
    >>> aligned.face_landmarks[0].max(axis=0).round()
    array([105.,  90.], dtype=float32)
    """

    source: VideoLike
    landmarks: NDArray[Any]
    valid: NDArray[Any]
    timestamps: NDArray[Any]
    frame_shape: tuple[int, int]
    face_size: float = 128

    def __post_init__(self) -> None:
        convert = object.__setattr__  # the class is frozen
        convert(self, "landmarks", _read_only(self.landmarks, np.float32))
        convert(self, "valid", _read_only(self.valid, bool))
        convert(self, "timestamps", _read_only(self.timestamps, np.float64))
        convert(self, "frame_shape", tuple(int(side) for side in self.frame_shape))
        self._check()

    def _check(self):
        """Refuse parts that do not fit together."""
        n_frames = self.landmarks.shape[0] if self.landmarks.ndim else 0
        for part, shape in (
            ("landmarks", (n_frames, 68, 2)),
            ("valid", (n_frames,)),
            ("timestamps", (n_frames,)),
            ("frame_shape", (2,)),
        ):
            got = np.shape(getattr(self, part))
            if got != shape:
                raise ValueError(f"{self.name}: {part} must have shape {shape}, got {got}.")
        if not (np.diff(self.timestamps) > 0).all():
            raise ValueError(f"{self.name}: timestamps must increase from frame to frame.")
        if not 0 < self.face_size < np.inf:
            raise ValueError(
                f"face_size must be a positive number of pixels, got {self.face_size}."
            )
        if not self.valid.any():
            raise NoFaceError(f"{self.name}: no face was found in any of its {n_frames} frames.")
        known = np.isfinite(self.landmarks.sum(axis=(1, 2), dtype=np.float64))
        for frame in np.flatnonzero(self.valid & ~known):
            raise ValueError(f"{self.name}: frame {frame} is valid, but lacks landmarks.")

    def __reduce__(self) -> tuple[Any, ...]:
        # Unpickled arrays are writable, and cached values could become wrong.
        return type(self), tuple(getattr(self, field.name) for field in fields(self))

    def __len__(self) -> int:
        return len(self.landmarks)

    def __repr__(self) -> str:
        return (
            f"AlignedVideo({self.name!r}, n_frames={len(self)}, fps={self.fps:.2f}, "
            f"duration={self.duration:.2f} s, valid={100 * self.valid.mean():.1f} %)"
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AlignedVideo):
            return NotImplemented
        return (
            _same_source(self.source, other.source)
            and self.frame_shape == other.frame_shape
            and self.face_size == other.face_size
            and np.array_equal(self.valid, other.valid)
            and np.array_equal(self.timestamps, other.timestamps)
            and np.array_equal(self.landmarks, other.landmarks, equal_nan=True)
        )

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        import cv2

        geometry = self._geometry
        size = (geometry.width, geometry.height)
        count = 0
        with closing(open_video(self.source, warn=False).frames()) as frames:
            for frame in frames:
                self._check_shape(frame)
                if count == len(self):
                    raise self._changed_length(f"more than {count}")
                region = frame[geometry.top : geometry.bottom, geometry.left : geometry.right]
                shrinks = geometry.width < region.shape[1]
                yield cv2.resize(
                    region, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
                )
                count += 1
        if count != len(self):
            raise self._changed_length(count)

    def _changed_length(self, count):
        return VideoReadError(
            f"{self.name} has {count} frames, but its landmarks were found in {len(self)}; the "
            "video has changed since it was aligned. Align it again."
        )

    def _check_shape(self, frame):
        if frame.shape != self.frame_shape:
            raise VideoReadError(
                f"{self.name} has frames of (height, width) {frame.shape}, but its landmarks were "
                f"found in frames of {self.frame_shape}; the video has changed since it was "
                "aligned. Align it again."
            )

    @property
    def name(self) -> str:
        """Short name of the video for messages."""
        return video_name(self.source)

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self)

    @property
    def times(self) -> FrameTimes:
        """When frames appear and disappear, a `FrameTimes`."""
        return FrameTimes(self.timestamps, f"{self.name}: timestamps")

    @property
    def fps(self) -> float:
        """Median frame rate in frames per second; NaN for a single frame."""
        return self.times.fps

    @property
    def duration(self) -> float:
        """Seconds from the first frame to the end of the last, which lasts one period of `fps`."""
        return self.times.duration

    @property
    def fingerprint(self) -> str:
        """Short text that changes when frames, landmarks, times or face size change."""
        source = open_video(self.source, warn=False).fingerprint
        return blake2b(source.encode() + self._digest_of_parts, digest_size=16).hexdigest()

    @cached_property
    def _digest_of_parts(self):
        digest = blake2b(repr((self.frame_shape, float(self.face_size))).encode(), digest_size=16)
        for part in (self.landmarks, self.valid, self.timestamps):
            digest.update(np.ascontiguousarray(part))
        return digest.digest()

    @property
    def face_transform(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Arrays (2,): a point p of the source is shown at ``p * scale + shift``."""
        # cv2.resize maps the areas of the pixels; their centres lie half a pixel inwards.
        geometry = self._geometry
        corner = np.array([geometry.left, geometry.top])
        return geometry.scale, (0.5 - corner) * geometry.scale - 0.5

    @property
    def face_landmarks(self) -> NDArray[np.float32]:
        """Landmarks in pixels of the scaled frames, float32 array (n_frames, 68, 2)."""
        scale, shift = self.face_transform
        return (self.landmarks * scale + shift).astype(np.float32)

    @property
    def face_sizes(self) -> NDArray[np.float64]:
        """Size of the face in each scaled frame, in pixels, array (n_frames,)."""
        return face_extent(self.face_landmarks)

    @property
    def _geometry(self):
        """The region shown and its scaled size, the same for all frames."""
        median_size = np.median(face_extent(self.landmarks)[self.valid])
        # fmin and fmax ignore NaN.
        first = np.fmin.reduce(self.landmarks, axis=(0, 1)).astype(np.float64)
        last = np.fmax.reduce(self.landmarks, axis=(0, 1)).astype(np.float64)
        margin = _MARGIN * median_size
        height, width = self.frame_shape
        left, top = np.clip(np.floor(first - margin), 0, (width, height)).astype(int)
        right, bottom = np.clip(np.ceil(last + margin) + 1, 0, (width, height)).astype(int)
        if median_size == 0 or left >= right or top >= bottom:
            raise ValueError(
                f"{self.name}: the landmarks have no extent or lie outside the picture of "
                f"{width} x {height} pixels."
            )
        factor = self.face_size / median_size
        return _Geometry(
            int(left),
            int(top),
            int(right),
            int(bottom),
            max(1, round(factor * int(right - left))),
            max(1, round(factor * int(bottom - top))),
        )


def _read_only(values, dtype):
    """Return a read-only array, without a copy if the values are read-only already."""
    array = np.asarray(values, dtype=dtype).view()
    array.flags.writeable = False
    return array


def _same_source(first, second):
    """Return whether two videos have the same source."""
    arrays = [isinstance(source, np.ndarray) for source in (first, second)]
    if any(arrays):
        return all(arrays) and np.array_equal(first, second)
    if isinstance(first, ImageSequence) or isinstance(second, ImageSequence):
        return first == second
    return str(first) == str(second)
