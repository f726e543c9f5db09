"""Landmarkers that detect the face in single frames, and tracking between their detections."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from copy import deepcopy
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skspot.landmarks._base import Landmarker
from skspot.landmarks._follower import FaceFollower
from skspot.landmarks._track_between import points_between

if TYPE_CHECKING:
    from skspot.video import Video


class DetectingLandmarker(Landmarker):
    """A landmarker that detects the face in single frames."""

    colour = True
    detects_frames = True

    @abstractmethod
    def detector(self) -> AbstractContextManager[Callable[..., Any]]:
        """Return a context manager that loads the models and provides the detection.

        That is a function ``detect(frames, choose)``, which returns the points (68, 2), or None,
        for each of at most `frames_at_a_time` frames. ``choose(boxes)`` must be called for one
        frame after another; it returns the index of the box (left, top, right, bottom) of the
        followed face, or None.
        """

    def frames_at_a_time(self) -> int:
        """Return how many frames are passed to the detection at a time."""
        return 1

    def track(
        self, frames: Iterable[NDArray[np.uint8]], video: Video, detect_every: int = 1
    ) -> Iterator[ArrayLike | None]:
        """Yield the points for each frame; see `Landmarker.track`."""
        with self.detector() as detect:
            tracker = _Tracker(detect, detect_every, self.frames_at_a_time(), video.name)
            yield from tracker.track(frames)


class _Tracker:
    """The face of one video: detected in every `step`-th frame, tracked between.

    It is tracked from one detection to the next only if it was found in both and the tracks from
    both agree. In all other stretches it is detected frame by frame, in order, so that no face is
    missed and none is made up.
    """

    def __init__(self, detect, step, batch_size, name):
        self._detect = detect
        self._step = step
        self._batch_size = batch_size
        self._name = name
        self._follower = FaceFollower()

    def track(self, frames):
        """Yield the points in each frame, or None."""
        numbered = enumerate(frames)
        block = list(islice(numbered, 1))
        (known,), _ = self._find(block)
        yield known
        while True:
            del block[:-1]  # before others are decoded: no more frames are held than needed
            block.extend(islice(numbered, self._step * self._batch_size))
            if len(block) == 1:
                return
            for points in self._advance(block, known):
                yield points
            known = points

    def _advance(self, block, known):
        """Yield the points in a block of numbered frames after its first, which has `known`."""
        ends = [*range(self._step, len(block) - 1, self._step), len(block) - 1]
        found, states = self._find([block[end] for end in ends])
        start = 0
        for i, (end, points) in enumerate(zip(ends, found)):
            between = _between(block[start : end + 1], known, points)
            if between is None:
                self._follower = states[i]
                (*between, points), _ = self._find(block[start + 1 : end + 1])
                if end != ends[-1]:
                    if not self._follower.agrees_with(states[i + 1]):
                        # The rest of the batch was chosen without knowing what happened here.
                        yield from [*between, points]
                        yield from self._advance(block[end:], points)
                        return
                    self._follower = states[-1]
            yield from [*between, points]
            start, known = end, points

    def _find(self, block):
        """Detect in each of the numbered frames; return the points and the states of following.

        The states are those of the follower before the first frame and after each one.
        """
        states = [deepcopy(self._follower)]

        def choose(boxes):
            index = self._follower.choose(boxes)
            states.append(deepcopy(self._follower))
            return index

        points = []
        for i in range(0, len(block), self._batch_size):
            frames = [frame for _, frame in block[i : i + self._batch_size]]
            points += self._detect(frames, choose)
        numbers = [number for number, _ in block]
        return [_checked(p, n, self._name) for p, n in zip(points, numbers)], states


def _between(block, first, last):
    """Return the points between the ends of a block, None if they must be detected."""
    if len(block) == 2:
        return []
    if first is None or last is None:
        return None
    points = points_between([frame for _, frame in block], first, last)
    return None if points is None else list(points)


def _checked(points, number, name):
    """Return the points of one frame, None if there are none or some are unknown."""
    if points is None:
        return None
    points = np.asarray(points)
    if points.shape != (68, 2) or points.dtype.kind not in "fiu":
        raise ValueError(
            f"{name}: for frame {number} the landmarker gave shape {points.shape} and dtype "
            f"{points.dtype}, expected numbers of shape (68, 2), or None if there is no face."
        )
    return points.astype(float) if np.isfinite(points).all() else None
