"""Windows of all videos as a torch Dataset, the segments that training draws, and augmentation."""

import warnings

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler

from skspot.intervals import check_intervals
from skspot.neural_network._targets import frame_targets
from skspot.neural_network.training._pasting import ExpressionPlanter


class WindowDataset(Dataset):
    """The windows of several videos, one after the other.

    Windows that show no face (NaN) are left out.

    Parameters
    ----------
    features : list of float32 arrays of shape (n_frames, n_positions, n_nodes, n_channels)
        What `SWMROFlow` returns, one array per video.
    targets : list of dict of arrays, default=None
        The frame targets of each video, with the frames as first axis.

    Attributes
    ----------
    segments : list of int arrays
        The indices of windows of consecutive frames of one video.
    """

    def __init__(self, features, targets=None):
        known = [~np.isnan(video[:, 0, 0, 0]) for video in features]
        kept = [video[keep] for video, keep in zip(features, known)]
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
        batch = self.__getitems__([index])
        x, y = batch
        return x[0], (y if torch.is_tensor(y) else {name: t[0] for name, t in y.items()})

    def __getitems__(self, indices):
        """Return a batch: windows (n, n_channels, n_positions, n_nodes) and their targets."""
        x = torch.from_numpy(self.windows[indices]).permute(0, 3, 1, 2)
        if self.targets is None:
            return x, torch.zeros(len(indices))
        return x, {name: torch.from_numpy(t[indices]) for name, t in self.targets.items()}


class TrainingWindows(WindowDataset):
    """The windows of annotated videos, with their targets; each epoch may plant expressions.

    Parameters
    ----------
    features : list of float32 arrays of shape (n_frames, n_positions, n_nodes, n_channels)
        One array per video.
    tables : list of ndarray of dtype `INTERVAL_DTYPE`
        The annotated intervals of each video.
    target_params : dict
        Arguments of `frame_targets`.
    planter : ExpressionPlanter or None, default=None
        Plants expressions in each video when the windows are renewed.
    validation : TrainingWindows or None, default=None
        Windows of held-out videos, which travel with those of training through skorch.
    """

    def __init__(self, features, tables, target_params, planter=None, validation=None):
        self.features = features
        self.tables = tables
        self.target_params = target_params
        self.planter = planter
        self.validation = validation
        self._set_windows(features, tables)

    def _set_windows(self, features, tables):
        targets = [
            frame_targets(table, len(video), **self.target_params)._asdict()
            for video, table in zip(features, tables)
        ]
        super().__init__(features, targets)

    def renew(self, rng):
        """Plant other expressions, if there is a planter."""
        if self.planter is not None:
            pairs = zip(self.features, self.tables)
            planted = [self.planter(video, table, rng) for video, table in pairs]
            self._set_windows(*zip(*planted))


def whole_batch(batch):
    """Return a batch as it is; `WindowDataset` makes whole batches at once."""
    return batch


class SegmentBatches(Sampler):
    """Batches of segments of consecutive windows, drawn anew in every epoch.

    All segments with an expression are drawn, and some without: an epoch of expressions alone would
    leave the network unsure about the neutral face, which is most of what it sees later.

    Parameters
    ----------
    dataset : WindowDataset
        The windows, with targets.
    batch_size : int
        Windows in a batch. What is left over is a batch of its own if it is half as large, and
        belongs to the batch before otherwise: statistics of a few windows are no good.
    segment_length : int
        Windows in a segment.
    neutral_ratio : float or None
        Neutral segments for each one with an expression, as far as there are as many. 0 draws none,
        as the paper does; None draws all.
    """

    def __init__(self, dataset, batch_size, segment_length, neutral_ratio):
        self.dataset = dataset
        self.batch_size = batch_size
        self.segment_length = segment_length
        self.neutral_ratio = neutral_ratio

    def __iter__(self):
        # The seed comes from torch, whose state the classifier controls.
        rng = np.random.RandomState(int(torch.randint(2**31 - 1, ())))
        drawn = self._draw(rng)
        windows = np.concatenate([drawn[i] for i in rng.permutation(len(drawn))])
        if len(windows) < 2:
            raise ValueError(
                "Training drew a single window, which has no batch statistics; annotate more "
                "expressions, or set neutral_ratio=None."
            )
        n_batches = max(1, round(len(windows) / self.batch_size))
        borders = np.arange(1, n_batches) * self.batch_size
        for batch in np.split(windows, borders):
            yield batch.tolist()

    def _draw(self, rng):
        segments = []
        expressive_windows = self.dataset.targets["contrastive"] > 0
        for windows in self.dataset.segments:
            start = rng.randint(self.segment_length)  # other borders in every epoch
            segments += np.split(windows, range(start, len(windows), self.segment_length))
        segments = [segment for segment in segments if len(segment)]
        expressive = [s for s in segments if expressive_windows[s].any()]
        neutral = [s for s in segments if not expressive_windows[s].any()]
        if self.neutral_ratio is None:
            return expressive + neutral
        n_neutral = min(len(neutral), round(self.neutral_ratio * len(expressive)))
        return expressive + [neutral[i] for i in rng.permutation(len(neutral))[:n_neutral]]


def _consecutive(known):
    """Return the indices of the known windows in runs without a gap, within each video."""
    segments, n_before = [], 0
    for keep in known:
        frames = np.flatnonzero(keep)
        runs = np.split(np.arange(len(frames)), np.flatnonzero(np.diff(frames) > 1) + 1)
        segments += [run + n_before for run in runs if len(run)]
        n_before += len(frames)
    return segments


def check_features(features, expected=None):
    """Check the features of several videos.

    Parameters
    ----------
    features : list of arrays of shape (n_frames, n_positions, n_nodes, n_channels) or None
        What `SWMROFlow` returns; None is a video that could not be read.
    expected : tuple of int, default=None
        Shape that a window must have.

    Returns
    -------
    window_shape : tuple of int
        The shape of a window, (n_positions, n_nodes, n_channels), the same in all videos.

    Raises
    ------
    ValueError
        If an element is no such array, windows differ in shape, or one holds values that are not
        finite without being NaN as a whole.
    """
    for i, video in enumerate(features):
        if video is not None:
            expected = check_video_features(video, f"X[{i}]", expected)
    if expected is None:
        raise ValueError("X holds no video that could be read.")
    return expected


def check_video_features(video, name, expected=None):
    """Check the features of one video; return the shape of its windows.

    Parameters
    ----------
    video : ndarray of shape (n_frames, n_positions, n_nodes, n_channels)
        The features.
    name : str
        What errors call the video.
    expected : tuple of int, default=None
        Shape that a window must have.
    """
    if not isinstance(video, np.ndarray) or video.ndim != 4 or video.dtype.kind != "f":
        got = (
            f"{video.dtype} of shape {video.shape}"
            if isinstance(video, np.ndarray)
            else type(video).__name__
        )
        raise ValueError(
            f"{name} must be a float array (n_frames, n_positions, n_nodes, n_channels), got "
            f"{got}; put SWMROFlow before SpotFormerClassifier."
        )
    if expected is not None and video.shape[1:] != expected:
        raise ValueError(
            f"{name} has windows of shape {video.shape[1:]}, expected {expected} "
            "(n_positions, n_nodes, n_channels); extract all videos with the same settings."
        )
    unknown = np.isnan(video[:, 0, 0, 0])
    if not np.isfinite(video[~unknown]).all():
        raise ValueError(
            f"{name} holds values that are not finite in windows that are not all NaN."
        )
    return video.shape[1:]


def training_windows(features, tables, *, parts=None, target_params=None, planting=None):
    """Return the windows of all videos with their targets.

    Parameters
    ----------
    features : list of arrays or None
        The checked features; videos that are None are left out with a warning.
    tables : list of ndarray of dtype `INTERVAL_DTYPE`
        The annotated intervals of each video.
    parts : (list of int, list of int) or None, default=None
        The videos to train on and those for validation; None trains on all.
    target_params : dict or None, default=None
        Arguments of `frame_targets`.
    planting : dict or None, default=None
        Arguments of `ExpressionPlanter`; None plants nothing.

    Returns
    -------
    dataset : TrainingWindows
        The windows that show a face.

    Raises
    ------
    ValueError
        If an interval reaches beyond its video, no video of a part could be read, or there is no
        expression to learn from.
    """
    _warn_of_unread(features)
    for i, (video, table) in enumerate(zip(features, tables)):
        if video is not None:
            check_intervals(table, n_frames=len(video), name=f"y[{i}]")
    train, held_out = parts or (range(len(features)), [])
    train, held_out = ([i for i in part if features[i] is not None] for part in (train, held_out))
    if not train or (parts and parts[1] and not held_out):
        raise ValueError(
            f"No video could be read of those {'for validation' if train else 'to train on'}."
        )
    if not any(len(tables[i]) for i in train):
        raise ValueError(
            f"y holds no interval at all in the {len(train)} videos to train on; there is nothing "
            "to learn from."
        )
    trained, validated = (
        ([features[i] for i in part], [tables[i] for i in part]) for part in (train, held_out)
    )
    target_params = target_params or {}
    dataset = TrainingWindows(
        *trained,
        target_params,
        planter=ExpressionPlanter(*trained, **planting) if planting else None,
        validation=TrainingWindows(*validated, target_params) if held_out else None,
    )
    if not (dataset.targets["contrastive"] > 0).any():
        raise ValueError(
            "No annotated expression of the training videos lies in frames that show a face; check "
            "the landmarks."
        )
    return dataset


def _warn_of_unread(features):
    left_out = [i for i, video in enumerate(features) if video is None]
    if left_out:
        warnings.warn(
            f"Training leaves out {len(left_out)} of {len(features)} videos that could not be "
            f"read: X{left_out}.",
            stacklevel=5,
        )
