"""Landmarks that the user has or computes."""

import os
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import joblib
import numpy as np

from skspot.preprocessing._landmarkers._base import Landmarker
from skspot.preprocessing._landmarkers._detecting import DetectingLandmarker
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
            return
        for entry in landmarks:
            if not isinstance(entry, (str, os.PathLike)):
                raise TypeError(
                    "landmarker: the keys of a mapping are paths or file names of videos, got "
                    f"{entry!r}, {type(entry).__name__}."
                )

    def key(self, video):
        return ("known", joblib.hash(self._of(video)))

    def __str__(self):
        return "the landmarks given as landmarker"

    def track(self, frames, video):
        landmarks = self._of(video)
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
            return
        paths = {str(source) for source in sources if isinstance(source, (str, os.PathLike))}
        users = Counter(_entry(self.landmarks, path) for path in paths)
        for entry, count in users.items():
            if entry is not None and count > 1:
                raise ValueError(
                    f"landmarker: the entry {str(entry)!r} fits {count} videos of X; use their "
                    "paths as keys."
                )

    def only_for(self, source):
        """Return this landmarker with the entry of one video, if it has one."""
        if isinstance(self.landmarks, np.ndarray) or not isinstance(source, (str, os.PathLike)):
            return self
        entry = _entry(self.landmarks, source)
        return self if entry is None else KnownLandmarks({entry: self.landmarks[entry]})

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
        entry = _entry(self.landmarks, video.source)
        if entry is None:
            names = ", ".join(repr(str(key)) for key in list(self.landmarks)[:10]) or "none"
            raise ValueError(
                f"{video.name}: landmarker has no entry for {str(video.source)!r} under its path, "
                f"file name or stem; its {len(self.landmarks)} entries are {names}"
                f"{' ...' if len(self.landmarks) > 10 else '.'}"
            )
        return _as_landmarks(self.landmarks[entry], f"landmarker[{str(entry)!r}]")


def _entry(landmarks, source):
    """Return the key for a path: the path itself, else the file name, else the stem, or None."""
    path = Path(source).absolute()
    for key in landmarks:
        if Path(key).absolute() == path:
            return key
    by_text = {str(key): key for key in landmarks}
    return by_text.get(path.name, by_text.get(path.stem))


def _as_landmarks(landmarks, name):
    landmarks = np.asarray(landmarks)
    if landmarks.ndim != 3 or landmarks.shape[1:] != (68, 2) or landmarks.dtype.kind not in "fiu":
        raise ValueError(
            f"{name} must hold numbers of shape (n_frames, 68, 2), got shape {landmarks.shape} and "
            f"dtype {landmarks.dtype}."
        )
    return landmarks.astype(np.float32)
