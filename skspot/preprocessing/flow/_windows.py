"""Windows of frames: between which frames motion is measured, and how windows are put together."""

from itertools import chain, repeat

import numpy as np


def window_pairs(window_length, spacing, resolutions, reference):
    """Return between which frames the displacements of a window are taken.

    Parameters
    ----------
    window_length, spacing, resolutions, reference
        As for `SWMROFlow`.

    Returns
    -------
    pairs : int array of shape (window_length - 1, n_resolutions, 2)
        From which frame to which, counted from the window's middle frame; for "neutral", twice the
        frame that is compared with the neutral face.
    """
    half = window_length // 2
    frames = spacing * np.arange(-half, half + 1)
    origin = half if reference == "centre" else 0
    pairs = []
    for resolution in resolutions:
        if resolution == "neutral":
            start = end = frames[:-1]
        elif resolution == "window":
            end = np.delete(frames, origin)
            start = np.full_like(end, frames[origin])
        else:
            start = frames[:-1] + (spacing - resolution) // 2
            end = start + resolution
        pairs.append(np.stack([start, end], axis=-1))
    return np.stack(pairs, axis=1)


def gather_windows(displacements, n_frames, pairs):
    """Put windows together from displacements of pairs of frames, as they come.

    Parameters
    ----------
    displacements : iterable of arrays of shape (max_lag + 1, n_nodes, 2)
        For each frame, the displacements to the frames `lag` later.
    n_frames : int
        Number of frames.
    pairs : int array of shape (n_positions, n_resolutions, 2)
        What `window_pairs` returns. A frame before the first one is the first, one after the last
        is the last.

    Yields
    ------
    window : float32 array of shape (n_positions, n_nodes, 2 * n_resolutions)
        For each frame in turn, the displacements of the pairs. That to an earlier frame is the
        opposite of the motion from there.
    """
    ahead = max(0, pairs.min(axis=-1).max())  # frames that the middle one has to wait for
    n_recent = ahead - pairs.min() + 1
    recent = None
    arriving = chain(displacements, repeat(np.nan, ahead))  # nothing comes after the last frame
    for i, displacement in enumerate(arriving, start=-ahead):
        if recent is None:
            recent = np.empty((n_recent, *displacement.shape), np.float32)
        recent[(i + ahead) % n_recent] = displacement
        if i >= 0:
            start, end = np.moveaxis(np.clip(i + pairs, 0, n_frames - 1), -1, 0)
            motion = recent[np.minimum(start, end) % n_recent, np.abs(end - start)]
            motion[end < start] *= -1
            yield motion.swapaxes(1, 2).reshape(len(pairs), motion.shape[2], -1)


def n_valid_in_windows(valid, window_length, spacing):
    """Return how many frames of each frame's window show the face."""
    span = (window_length - 1) * spacing
    padded = np.pad(valid.astype(np.int32), span // 2, mode="edge")
    return sum(padded[k : k + len(valid)] for k in range(0, span + 1, spacing))
