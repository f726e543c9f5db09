"""The windows of one video, computed while its frames stream by."""

from collections import deque

import numpy as np

from skspot.faces import node_names
from skspot.preprocessing.flow import NeutralDisplacement, RegionGeometry, make_engine
from skspot.preprocessing.flow._windows import gather_windows, n_valid_in_windows
from skspot.utils._progress import progress_bar


def iterate_windows(aligned, layout, *, flow, device, show):
    """Yield the features of each frame.

    Parameters
    ----------
    aligned : AlignedVideo
        The video.
    layout : FlowLayout
        The description of the features.
    flow, device
        As for `SWMROFlow`.
    show : bool
        Whether to show progress.

    Yields
    ------
    window : float32 array of shape (n_positions, n_nodes, n_channels)
        The displacements of the nodes; unknown ones are 0, and all NaN if hardly a frame of the
        window shows the face.
    """
    frames = progress_bar(
        aligned,
        desc=f"{aligned.name}, frames turned into features",
        unit="frame",
        total=len(aligned),
        shown=show,
    )
    if "neutral" in layout.resolutions:
        # One frame at a time is no work for a device.
        engine = make_engine(flow)
        neutral = NeutralDisplacement(aligned, engine, layout.nodes, layout.neutral_span)
        windows = _flow_windows(aligned, layout, neutral.watch(frames), flow, device)
        windows = _with_neutral(windows, neutral, layout, len(aligned))
    else:
        windows = _flow_windows(aligned, layout, frames, flow, device)
    window_length = layout.window_length
    n_valid = n_valid_in_windows(np.asarray(aligned.valid), window_length, layout.spacing)
    for i, window in enumerate(windows):
        window[np.isnan(window)] = 0  # single unknown displacements
        if 2 * n_valid[i] < window_length:
            window[:] = np.nan
        yield window


def _flow_windows(aligned, layout, frames, flow, device):
    """Yield the window of each frame with the displacements between pairs of frames."""
    pairs = layout.pairs
    lags = tuple(lag for lag in np.unique(np.abs(np.diff(pairs))).tolist() if lag)
    if lags:
        geometry = RegionGeometry(layout.face_size, layout.nodes, layout.head_motion)
        engine = make_engine(flow, device)
        displacements = engine.displacements(aligned, geometry, lags, frames)
    else:
        still = np.zeros((1, len(node_names(layout.nodes)), 2), np.float32)
        displacements = (still for _ in frames)
    return gather_windows(displacements, len(aligned), pairs)


def _with_neutral(windows, neutral, layout, n_frames):
    """Yield the windows with the displacement from the neutral face in its channels.

    A window waits until the frames are known in which the neutral face of its last frame is sought.
    """
    first = 2 * layout.resolutions.index("neutral")
    offsets = layout.pairs[:, layout.resolutions.index("neutral"), 0]
    behind, ahead = -int(offsets.min()), int(offsets.max())
    recent = deque(maxlen=behind + ahead + 1)  # displacements of the frames around one
    waiting = deque()
    known = 0

    def complete(i):
        nonlocal known
        while known <= min(i + ahead, n_frames - 1):
            recent.append(neutral(known))
            known += 1
        window = waiting.popleft()
        frames = np.clip(i + offsets, 0, n_frames - 1)
        oldest = known - len(recent)
        window[..., first : first + 2] = [recent[frame - oldest] for frame in frames]
        return window

    done = 0
    for window in windows:
        waiting.append(window)
        if len(waiting) > ahead + neutral.lookahead:
            yield complete(done)
            done += 1
    while waiting:
        yield complete(done)
        done += 1
