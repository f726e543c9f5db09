"""Landmarks that the user has or computes."""

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
    """A function of the user's from one RGB frame to the 68 points in it, or None.

    Parameters
    ----------
    function : callable
        Called with single frames. Which of several faces it finds is its own affair.
    """

    def __init__(self, function):
        self.function = function

    @property
    def cacheable(self):
        """Whether the function can be pickled and its source code found."""
        return callable_key(self.function) is not None

    def key(self, video):
        return ("callable", *callable_key(self.function))

    def __str__(self):
        return "the callable landmarker"

    @contextmanager
    def detector(self):
        yield lambda frames, choose: [self.function(frame) for frame in frames]


class KnownLandmarks(Landmarker):
    """Landmarks that were found before.

    Parameters
    ----------
    landmarks : ndarray of shape (n_frames, 68, 2) or mapping of such arrays
        Those of a single video, or of each video by its path, file name or stem.
    """

    def __init__(self, landmarks):
        self.landmarks = landmarks
        if isinstance(landmarks, np.ndarray):
            _as_landmarks(landmarks, "landmarker")
        else:
            check_keys(landmarks, "landmarker")

    def key(self, video):
        return ("known", joblib.hash(self._of(video)))

    def __str__(self):
        return "the landmarks given as landmarker"

    def track(self, frames, video):
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
                f"{video.name}: landmarker gives landmarks for {len(landmarks)} frames, but the "
                f"video has {n_frames}. They must come from this very video, one row a frame (rows "
                "of NaN where there is no face)."
            )

    def check(self, sources):
        """Refuse one array for several videos, and one entry that several videos would share."""
        if isinstance(self.landmarks, np.ndarray):
            if len(sources) > 1:
                raise ValueError(
                    f"landmarker is one array of landmarks, but X holds {len(sources)} videos; "
                    "pass a mapping from the path or file name of each video to its landmarks."
                )
        else:
            check_entries(self.landmarks, sources, "landmarker")

    def only_for(self, source):
        """Return this landmarker with the entry of one video, if it has one."""
        if isinstance(self.landmarks, np.ndarray):
            return self
        return KnownLandmarks(only_entry(self.landmarks, source))

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
    """Refuse a mapping from videos whose keys are neither paths nor names of files."""
    for entry in mapping:
        if not isinstance(entry, (str, os.PathLike)):
            raise TypeError(
                f"{name}: the keys of a mapping are paths or file names of videos, got "
                f"{entry!r}, {type(entry).__name__}."
            )


def check_entries(mapping, sources, name):
    """Refuse a collection of videos of which several would share one entry of a mapping."""
    paths = {
        Path(source).absolute() for source in sources if isinstance(source, (str, os.PathLike))
    }
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
    """Return the key of a mapping for a video that has a path; refuse a mapping without one."""
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
