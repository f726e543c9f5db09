"""The windows of videos as a torch Dataset, and checks of the features that they come from."""

import numpy as np
import torch
from skorch.dataset import Dataset

from skspot.preprocessing import FlowFeatures


class WindowDataset(Dataset):
    """The windows of several videos, one after the other.

    Windows that show no face (NaN) are left out.

    Parameters
    ----------
    features : list of FlowFeatures or arrays of shape (n_frames, n_positions, n_nodes, n_channels)
        The features of each video.
    targets : list of dict of arrays, default=None
        The frame targets of each video, with the frames as first axis.

    Attributes
    ----------
    segments : list of int arrays
        The indices of windows of consecutive frames of one video.
    X, y : list
        The features and interval tables of the videos, where skorch's callbacks look for them.
    """

    def __init__(self, features, targets=None):
        self.X, self.y = features, None
        self._set_windows([np.asarray(video) for video in features], targets)

    def _set_windows(self, arrays, targets):
        known = [shows_face(video) for video in arrays]
        kept = [video[keep] for video, keep in zip(arrays, known)]
        self.windows = np.concatenate(kept, dtype=np.float32, casting="same_kind")
        self.targets = None
        if targets is not None:
            self.targets = {
                name: np.concatenate([t[name][keep] for t, keep in zip(targets, known)])
                for name in targets[0]
            }
        self.segments = _consecutive(known)

    def __len__(self):
        return len(self.windows)

    def __getitem__(self, index):
        """Return one window and its targets."""
        x, y = self.__getitems__([index])
        return x[0], (y if torch.is_tensor(y) else {name: t[0] for name, t in y.items()})

    def __getitems__(self, indices):
        """Return a batch: windows (n, n_channels, n_positions, n_nodes) and their targets."""
        x = torch.from_numpy(self.windows[indices]).permute(0, 3, 1, 2)
        if self.targets is None:
            return x, torch.zeros(len(indices))
        return x, {name: torch.from_numpy(t[indices]) for name, t in self.targets.items()}


def whole_batch(batch):
    """Return a batch as it is; `WindowDataset` makes whole batches at once."""
    return batch


def shows_face(video):
    """Return which windows of an array of features show a face."""
    return ~np.isnan(video[:, 0, 0, 0])


def blocks_of(video, length):
    """Yield the features of a video, some frames at a time; those not computed yet are not kept."""
    if isinstance(video, FlowFeatures):
        yield from video.blocks(length)
    elif video is not None:
        for start in range(0, len(video), length):
            yield video[start : start + length]


def check_features(features, expected=None):
    """Check the features of several videos, of which no value is computed for that.

    Parameters
    ----------
    features : list of FlowFeatures, arrays of shape (n_frames, n_positions, n_nodes, n_channels) \
            or None
        The features of each video; None is a video that could not be read.
    expected : tuple of int, default=None
        Shape that a window must have.

    Returns
    -------
    window_shape : tuple of int
        The shape of a window, (n_positions, n_nodes, n_channels), the same in all videos.

    Raises
    ------
    ValueError
        If an element is not such an array, or windows differ in shape.
    """
    for i, video in enumerate(features):
        if video is not None:
            expected = _check_shape(video, f"X[{i}]", expected)
    if expected is None:
        raise ValueError("X holds no video that could be read.")
    return expected


def _check_shape(video, name, expected):
    """Return the shape of a video's windows; refuse another one than expected."""
    is_array = isinstance(video, (FlowFeatures, np.ndarray))
    if not is_array or video.ndim != 4 or video.dtype.kind != "f":
        got = f"{video.dtype} of shape {video.shape}" if is_array else type(video).__name__
        raise ValueError(
            f"{name} must be FlowFeatures or a float array (n_frames, n_positions, n_nodes, "
            f"n_channels), got {got}; put SWMROFlow before SpotFormerClassifier."
        )
    if expected is not None and video.shape[1:] != expected:
        raise ValueError(
            f"{name} has windows of shape {video.shape[1:]}, expected {expected} "
            "(n_positions, n_nodes, n_channels); extract all videos with the same settings."
        )
    return video.shape[1:]


def check_values(block, name):
    """Refuse windows of which some values are not finite, unless all are NaN.

    Parameters
    ----------
    block : float array of shape (n_frames, n_positions, n_nodes, n_channels)
        Features of consecutive frames.
    name : str
        Name of the video in errors.

    Returns
    -------
    known : bool array of shape (n_frames,)
        Which windows show a face.
    """
    known = shows_face(block)
    if not np.isfinite(block[known]).all():
        raise ValueError(
            f"{name} holds values that are not finite in windows that are not all NaN."
        )
    return known


def _consecutive(known):
    """Return the indices of the known windows in runs without a gap, within each video."""
    segments, n_before = [], 0
    for keep in known:
        frames = np.flatnonzero(keep)
        runs = np.split(np.arange(len(frames)), np.flatnonzero(np.diff(frames) > 1) + 1)
        segments += [run + n_before for run in runs if len(run)]
        n_before += len(frames)
    return segments
