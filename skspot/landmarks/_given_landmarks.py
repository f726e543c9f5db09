"""Landmarks that the user has or computes: arrays, mappings and functions."""

import os
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import joblib
import numpy as np

from skspot.landmarks._base import Landmarker
from skspot.landmarks._detecting import DetectingLandmarker
from skspot.utils._callables import callable_key


class CallableLandmarker(DetectingLandmarker):
    """A user's function from one RGB frame to the 68 points in it, or None.

    Parameters
    ----------
    function : callable
        Called with single frames. It decides which of several faces it finds.
    """

    display_name = "the function given as landmarker"

    def __init__(self, function):
        self.function = function

    @property
    def cacheable(self):
        """Whether the function can be pickled and its source code found."""
        return callable_key(self.function) is not None

    def key(self, video):
        """Return the source code of the function and what it pickles to."""
        return ("callable", *callable_key(self.function))

    @contextmanager
    def detector(self):
        """Provide the function; see `DetectingLandmarker.detector`."""
        yield lambda frames, choose: [self.function(frame) for frame in frames]


class KnownLandmarks(Landmarker):
    """Landmarks that were found before.

    Parameters
    ----------
    landmarks : ndarray of shape (n_frames, 68, 2) or mapping of such arrays
        Those of a single video, or of each video by its path, file name or stem.
    """

    display_name = "the array or mapping given as landmarker"

    def __init__(self, landmarks):
        self.landmarks = landmarks

    def key(self, video):
        """Return the landmarks."""
        return ("known", joblib.hash(self._of(video)))

    def track(self, frames, video, detect_every=1):
        """Yield the landmarks of each frame; see `Landmarker.track`."""
        landmarks = self._of(video)
        if video.keep_every > 1 and len(landmarks) > video.n_frames:  # one row a recorded image
            landmarks = landmarks[:: video.keep_every]
        n_frames = 0
        for _ in frames:
            if n_frames < len(landmarks):
                yield landmarks[n_frames]
            n_frames += 1
        if n_frames != len(landmarks):
            raise ValueError(
                f"{video.name}: landmarker holds landmarks for {len(landmarks)} frames, but the "
                f"video has {n_frames}. They must come from this very video, one row per frame "
                "(rows of NaN where there is no face)."
            )

    def check(self, videos):
        """Refuse wrong shapes, one array for several videos, and one entry for several videos."""
        if isinstance(self.landmarks, np.ndarray):
            _as_landmarks(self.landmarks, "landmarker")
            if len(videos) > 1:
                raise ValueError(
                    f"landmarker is one array of landmarks, but X contains {len(videos)} videos; "
                    "pass a mapping from the path or file name of each video to its landmarks."
                )
        else:
            check_keys(self.landmarks, "landmarker")
            check_entries(self.landmarks, videos, "landmarker")

    def only_for(self, video):
        """Return this landmarker with the entry of one video, if it has one."""
        if isinstance(self.landmarks, np.ndarray):
            return self
        return KnownLandmarks(only_entry(self.landmarks, video))

    def _of(self, video):
        """Return the landmarks of a video, float32 (n_frames, 68, 2)."""
        if isinstance(self.landmarks, np.ndarray):
            return _as_landmarks(self.landmarks, "landmarker")
        if isinstance(video.source, np.ndarray):
            raise ValueError(
                f"{video.name}: landmarker is a mapping from paths to landmarks, but this video is "
                "an array and has no path; pass a callable, or one array of landmarks with one "
                "video."
            )
        entry = entry_of(self.landmarks, video, "landmarker")
        return _as_landmarks(self.landmarks[entry], f"landmarker[{str(entry)!r}]")


def check_keys(mapping, name):
    """Raise a TypeError if a key of a mapping from videos is not a path or the name of a file."""
    for entry in mapping:
        if not isinstance(entry, (str, os.PathLike)):
            raise TypeError(
                f"{name}: the keys of a mapping are paths or file names of videos, got "
                f"{entry!r}, {type(entry).__name__}."
            )


def check_entries(mapping, videos, name):
    """Raise a ValueError if several videos would share one entry of a mapping."""
    paths = {Path(video).absolute() for video in videos if isinstance(video, (str, os.PathLike))}
    users = Counter(_entry(mapping, path) for path in paths)
    for entry, count in users.items():
        if entry is not None and count > 1:
            raise ValueError(
                f"{name}: the entry {str(entry)!r} fits {count} videos of X; use their paths as "
                "keys."
            )


def only_entry(mapping, source):
    """Return the part of a mapping that one video needs, the whole if it has no entry."""
    if not isinstance(source, (str, os.PathLike)):
        return mapping
    entry = _entry(mapping, source)
    return mapping if entry is None else {entry: mapping[entry]}


def entry_of(mapping, video, name):
    """Return the key of a mapping for a video that has a path; raise an error if it has none."""
    entry = _entry(mapping, video.source)
    if entry is None:
        keys = ", ".join(repr(str(key)) for key in list(mapping)[:10]) or "none"
        raise ValueError(
            f"{video.name}: {name} has no entry for {str(video.source)!r} under its path, file "
            f"name or stem; its {len(mapping)} entries are {keys}"
            f"{' ...' if len(mapping) > 10 else '.'}"
        )
    return entry


def _entry(mapping, source):
    """Return the key for a path: the path itself, else the file name, else the stem, or None."""
    path = Path(source).absolute()
    for key in mapping:
        if Path(key).absolute() == path:
            return key
    by_text = {str(key): key for key in mapping}
    return by_text.get(path.name, by_text.get(path.stem))


def _as_landmarks(landmarks, name):
    landmarks = np.asarray(landmarks)
    if landmarks.ndim != 3 or landmarks.shape[1:] != (68, 2) or landmarks.dtype.kind not in "fiu":
        raise ValueError(
            f"{name} must hold numbers of shape (n_frames, 68, 2), got shape {landmarks.shape} and "
            f"dtype {landmarks.dtype}."
        )
    return landmarks.astype(np.float32)
