"""Displacements of the nodes between pairs of frames: what every window of SW-MRO is made of.

The flow from frame i to frame i + k belongs to several windows at once. It is computed once, while
the video streams by, and the windows are put together from the tables of pairs as they come.
"""

from collections import deque
from typing import NamedTuple

import numpy as np

from skspot.faces import node_names
from skspot.video import face_extent


def displacements_frame_by_frame(engine, aligned, geometry, lags, frames=None):
    """Yield what `FlowEngine.displacements` returns, with one call of the engine for each frame.

    The frames are decoded once, and ``lags[-1] + 1`` of them are held.
    """
    origins = iterate_origins(aligned, lags)
    held = deque()

    def table_of_oldest():
        origin = next(origins)
        motion = None
        if origin.lags:
            frames = [held[lag] for lag in (0, *origin.lags)]
            motion = geometry.node_motion(engine, origin.landmarks, frames)
        return displacement_table(origin, geometry, lags[-1], motion)

    for frame in aligned if frames is None else frames:
        held.append(engine.prepare(frame))
        if len(held) > lags[-1]:
            yield table_of_oldest()
            held.popleft()
    while held:
        yield table_of_oldest()
        held.popleft()


class Origin(NamedTuple):
    """A frame from which motion is measured."""

    landmarks: np.ndarray  # (68, 2), in pixels of the frame
    size: float  # of the face, in pixels; NaN or 0 if it is not seen
    lags: list  # to which later frames


def iterate_origins(aligned, lags):
    """Yield each frame as one from which motion is measured."""
    scale, shift = aligned.face_transform
    for i in range(len(aligned)):
        landmarks = aligned.landmarks[i] * scale + shift
        size = face_extent(landmarks)
        needed = _needed_lags(lags, i, len(aligned)) if size > 0 else []
        # There is no motion to frames without a face.
        seen = [lag for lag in needed if np.isfinite(aligned.landmarks[i + lag]).all()]
        yield Origin(landmarks, size, seen)


def _needed_lags(lags, frame, n_frames):
    """Return the lags needed from a frame.

    Frames repeated beyond the video's ends shorten pairs, so that those with the first or the last
    frame need any lag up to the largest.
    """
    largest = min(lags[-1], n_frames - 1 - frame)
    if frame == 0:
        return list(range(1, largest + 1))
    return sorted({*lags, largest} & set(range(1, largest + 1)))


def displacement_table(origin, geometry, max_lag, motion):
    """Return the displacements from one frame by their lags, in pixels of the normalised face.

    `motion` is that of the nodes in pixels of the frame, for each lag of the origin; None if it has
    no lags.
    """
    shape = (max_lag + 1, len(node_names(geometry.nodes)), 2)
    table = np.full(shape, np.nan, dtype=np.float32)
    if origin.size > 0:  # neither NaN nor all points in one
        table[0] = 0
    if motion is not None:
        table[origin.lags] = motion * (geometry.face_size / origin.size)
    return table
