"""Spotters that need no training, to compare others with."""

from __future__ import annotations

from collections.abc import Collection
from numbers import Real
from typing import Any, Self

import numpy as np

from skspot.intervals import PREDICTION_DTYPE
from skspot.preprocessing import FlowFeatures
from skspot.spotting import BaseSpotter
from skspot.utils._doc_links import DocLinkMixin
from skspot.utils._param_validation import Interval, _fit_context
from skspot.utils._typing import ObjectArray
from skspot.utils.validation import as_object_array, check_videos
from skspot.video import n_frames_in

__all__ = ["DisplacementSpotter"]

# Share of its largest displacement from which on an expression is at its height.
_HEIGHT = 0.95


class DisplacementSpotter(DocLinkMixin, BaseSpotter):
    """Spot expressions where the face is away from its neutral configuration.

    Nothing is learnt. An expression is a stretch in which the displacement from the neutral face,
    the mean of that of the two strongest nodes, exceeds a threshold. It begins where the face
    leaves neutral, and ends where it is back. It finds expressions that are held, of any length,
    and also speech and whatever else moves a face.

    Parameters
    ----------
    threshold : float, default=3.0
        Displacement that an expression must reach, in pixels of a face of 128.
    neutral_level : float, default=0.6
        Share of `threshold` up to which a face is neutral.
    min_length : float, default=0.4
        Length of the shortest expression in seconds.
    min_gap : float, default=0.1
        Expressions with a shorter gap between them are one, in seconds.
    max_micro_length : float, default=0.5
        Expressions of up to this many seconds are micro-expressions.

    See Also
    --------
    skspot.neural_network.SpotFormerClassifier : A spotter that learns from annotated videos.
    skspot.preprocessing.SWMROFlow : Measure the displacement.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from skspot.baselines import DisplacementSpotter
    >>> from skspot.datasets import make_expression_videos
    >>> from skspot.preprocessing import FaceAligner, SWMROFlow
    >>> data = make_expression_videos(1, videos_per_subject=1, n_frames=300, random_state=0)
    >>> spotter = make_pipeline(
    ...     FaceAligner("template"),
    ...     SWMROFlow(resolutions=("neutral",)),
    ...     DisplacementSpotter(threshold=2),
    ... )
    >>> intervals = spotter.fit(data.videos).predict(data.videos)
    >>> intervals[0].dtype.names
    ('onset', 'apex', 'offset', 'label', 'score')
    """

    _parameter_constraints = {
        "threshold": [Interval(Real, 0, None, closed="neither")],
        "neutral_level": [Interval(Real, 0, 1, closed="both")],
        "min_length": [Interval(Real, 0, None, closed="left")],
        "min_gap": [Interval(Real, 0, None, closed="left")],
        "max_micro_length": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        threshold: float = 3.0,
        *,
        neutral_level: float = 0.6,
        min_length: float = 0.4,
        min_gap: float = 0.1,
        max_micro_length: float = 0.5,
    ):
        self.threshold = threshold
        self.neutral_level = neutral_level
        self.min_length = min_length
        self.min_gap = min_gap
        self.max_micro_length = max_micro_length

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Collection[Any] | None = None, y: object = None) -> Self:
        """Validate the parameters; nothing is learnt.

        Parameters
        ----------
        X : Ignored
            Not used.
        y : Ignored
            Not used.

        Returns
        -------
        self : DisplacementSpotter
            The spotter itself.
        """
        return self

    def predict(self, X: Collection[FlowFeatures | None]) -> ObjectArray:
        """Spot the expressions of videos.

        Parameters
        ----------
        X : collection of FlowFeatures
            The features of each video, with the resolution "neutral"; None gives an empty table.

        Returns
        -------
        intervals : object array of ndarray of dtype `PREDICTION_DTYPE`
            One table per video, in order of onsets. The score of an expression is its largest
            displacement d as ``d / (d + threshold)``: 0.5 at the threshold.

        Raises
        ------
        ValueError
            If the displacement from the neutral face was not measured.
        TypeError
            If X contains anything but FlowFeatures.
        """
        self._validate_params()
        videos = check_videos(X)
        for i, video in enumerate(videos):
            if not (video is None or isinstance(video, FlowFeatures)):
                raise TypeError(
                    f"X[{i}] must be FlowFeatures, got {type(video).__name__}; put SWMROFlow "
                    "before DisplacementSpotter."
                )
        return as_object_array(self._spot(video) for video in videos)

    def _spot(self, video):
        """Return the intervals of one video."""
        if video is None:
            return np.empty(0, dtype=PREDICTION_DTYPE)
        strength = np.nan_to_num(video.distance_from_neutral())
        fps = video.layout.fps
        away = _stretches(strength > self.neutral_level * self.threshold)
        rows = []
        for onset, offset in _joined(away, n_frames_in(self.min_gap, fps)):
            peak = strength[onset : offset + 1].max()
            length = (offset - onset + 1) / fps
            if peak > self.threshold and length >= self.min_length:
                apex = onset + np.argmax(strength[onset : offset + 1] >= _HEIGHT * peak)
                label = "micro" if length <= self.max_micro_length else "macro"
                rows.append((onset, apex, offset, label, peak / (peak + self.threshold)))
        return np.array(rows, dtype=PREDICTION_DTYPE)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.target_tags.required = False
        return tags


def _stretches(marked):
    """Return (first, last) of each stretch of marked frames."""
    steps = np.diff(np.concatenate([[0], marked.astype(np.int8), [0]]))
    return list(zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1) - 1))


def _joined(stretches, gap):
    """Return the stretches, those with at most `gap` frames between them joined."""
    joined = []
    for first, last in stretches:
        if joined and first - joined[-1][1] - 1 <= gap:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined
