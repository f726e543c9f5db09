"""The windows of annotated videos, and the batches that training draws from them."""

import warnings

import numpy as np
import torch
from torch.utils.data import Sampler

from skspot.intervals import check_intervals
from skspot.neural_network._targets import frame_targets
from skspot.neural_network._windows import WindowDataset, check_values
from skspot.neural_network.training._pasting import ExpressionPaster
from skspot.preprocessing import FlowFeatures


class TrainingWindows(WindowDataset):
    """The windows of annotated videos, with their targets; each epoch may paste expressions.

    Parameters
    ----------
    features : list of FlowFeatures or arrays of shape (n_frames, n_positions, n_nodes, n_channels)
        The features of each video.
    tables : list of ndarray of dtype `INTERVAL_DTYPE`
        The annotated intervals of each video.
    rates : list of float
        Frames per second of each video.
    target_params : dict
        Arguments of `frame_targets`.
    paster : ExpressionPaster or None, default=None
        Pastes expressions into each video when the windows are sampled again.
    validation : TrainingWindows or None, default=None
        Windows of held-out videos, which skorch receives together with those of training.
    """

    def __init__(self, features, tables, rates, target_params, paster=None, validation=None):
        self.X, self.y = features, tables
        self.rates = rates
        self.target_params = target_params
        self.paster = paster
        self.validation = validation
        self._set_targets([np.asarray(video) for video in features], tables)

    def _set_targets(self, arrays, tables):
        targets = [
            frame_targets(table, len(video), fps=fps, **self.target_params)._asdict()
            for video, table, fps in zip(arrays, tables, self.rates)
        ]
        self._set_windows(arrays, targets)

    def resample(self, rng):
        """Paste other expressions, if there is a paster."""
        if self.paster is not None:
            self._set_targets(*self.paster(rng))


class SegmentBatches(Sampler):
    """Batches of segments of consecutive windows, redrawn in every epoch.

    All segments with an expression are drawn, and some without: from expressions alone, the network
    would not learn the neutral face, which it sees most of the time.

    Parameters
    ----------
    dataset : WindowDataset
        The windows, with targets.
    batch_size : int
        Windows in a batch. The remainder is a separate batch if it is at least half as large, and
        is otherwise added to the batch before, because statistics of a few windows are unreliable.
    segment_length : int
        Windows in a segment.
    neutral_ratio : float or None
        Neutral segments for each one with an expression, if there are enough. 0 draws none, as in
        the paper; None draws all.
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
            start = rng.randint(self.segment_length)  # other segments in every epoch
            segments += np.split(windows, range(start, len(windows), self.segment_length))
        segments = [segment for segment in segments if len(segment)]
        expressive = [s for s in segments if expressive_windows[s].any()]
        neutral = [s for s in segments if not expressive_windows[s].any()]
        if self.neutral_ratio is None:
            return expressive + neutral
        n_neutral = min(len(neutral), round(self.neutral_ratio * len(expressive)))
        return expressive + [neutral[i] for i in rng.permutation(len(neutral))[:n_neutral]]


def training_windows(features, tables, *, rates, parts, target_params, paste):
    """Return the windows of all videos with their targets.

    Parameters
    ----------
    features : list of FlowFeatures, arrays or None
        The checked features; videos that are None are left out with a warning.
    tables : list of ndarray of dtype `INTERVAL_DTYPE`
        The annotated intervals of each video.
    rates : list of float
        Frames per second of each video.
    parts : (list of int, list of int)
        The videos to train on and those for validation.
    target_params : dict or None
        Arguments of `frame_targets`.
    paste : dict
        Arguments of `ExpressionPaster`.

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
            check_values(np.asarray(video), f"X[{i}]")
    train, held_out = ([i for i in part if features[i] is not None] for part in parts)
    if not train or (parts[1] and not held_out):
        raise ValueError(
            f"No video could be read of those {'for validation' if train else 'to train on'}."
        )
    if not any(len(tables[i]) for i in train):
        raise ValueError(
            f"y contains no interval in the {len(train)} training videos; there is nothing "
            "to learn from."
        )
    trained, validated = (
        tuple([values[i] for i in part] for values in (features, tables, rates))
        for part in (train, held_out)
    )
    target_params = target_params or {}
    dataset = TrainingWindows(
        *trained,
        target_params,
        paster=_make_paster(*trained, paste),
        validation=TrainingWindows(*validated, target_params) if held_out else None,
    )
    if not (dataset.targets["contrastive"] > 0).any():
        raise ValueError(
            "No annotated expression of the training videos lies in frames that show a face; check "
            "the landmarks."
        )
    return dataset


def _make_paster(features, tables, rates, paste):
    """Return the paster of expressions; None if nothing is pasted or the layout is unknown."""
    has_layout = all(isinstance(video, FlowFeatures) for video in features)
    if not has_layout or not any(paste["ratios"].values()):
        return None
    return ExpressionPaster(features, tables, rates, **paste)


def _warn_of_unread(features):
    left_out = [i for i, video in enumerate(features) if video is None]
    if left_out:
        warnings.warn(
            f"Training leaves out {len(left_out)} of {len(features)} videos that could not be "
            f"read: X{left_out}.",
            stacklevel=5,
        )
