"""Scorers for scikit-learn's model selection."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from sklearn.metrics import make_scorer

from skspot.metrics._interval import interval_counts, interval_f1_score
from skspot.utils._typing import IntervalTable

interval_f1_scorer: Callable[..., float] = make_scorer(interval_f1_score)

macro_expression_f1_scorer: Callable[..., float] = make_scorer(
    interval_f1_score, classes=("macro",)
)

micro_expression_f1_scorer: Callable[..., float] = make_scorer(
    interval_f1_score, classes=("micro",)
)


def interval_counts_scorer(
    estimator: Any, X: Collection[Any], y: Collection[IntervalTable]
) -> dict[str, int]:
    """Count hits, false alarms and misses, so that folds can be pooled.

    The mean of the F1-scores of folds is not the F1-score of all videos. The sums of these counts
    over the folds give it, without keeping the predictions.

    Parameters
    ----------
    estimator : object
        A fitted spotter; its `predict` returns one interval table per video.
    X : list, tuple, Series or object array of n_videos elements
        What `estimator` predicts from.
    y : list, tuple, Series or object array of n_videos interval tables
        The true intervals of each video.

    Returns
    -------
    counts : dict
        The integers `macro_tp`, `macro_fp`, `macro_fn`, `micro_tp`, `micro_fp` and `micro_fn`;
        see :func:`~skspot.metrics.interval_counts`.

    Raises
    ------
    TypeError
        If `y` or the prediction is not a collection of interval tables.
    ValueError
        If a table holds an invalid interval.

    Notes
    -----
    `GridSearchCV` can rank candidates by pooled counts with a callable `refit` that returns the
    index of the best candidate.

    Examples
    --------
    >>> from sklearn.base import BaseEstimator
    >>> from sklearn.model_selection import cross_validate
    >>> from skspot import make_intervals
    >>> from skspot.metrics import interval_counts_scorer
    >>> from skspot.model_selection import LeaveOneSubjectOut
    >>> class AlwaysSpotter(BaseEstimator):
    ...     def fit(self, X, y):
    ...         return self
    ...     def predict(self, X):
    ...         return [make_intervals([(10, 19, "micro")]) for _ in X]
    >>> y = [make_intervals([(10, 19, "micro")]), make_intervals([(30, 60, "macro")])]
    >>> results = cross_validate(
    ...     AlwaysSpotter(), ["a.mp4", "b.mp4"], y, groups=["s1", "s2"],
    ...     cv=LeaveOneSubjectOut(), scoring=interval_counts_scorer,
    ... )
    >>> tp, fp, fn = (results[f"test_micro_{kind}"].sum() for kind in ("tp", "fp", "fn"))
    >>> float(2 * tp / (2 * tp + fp + fn))
    0.6666666666666666
    """
    counts = interval_counts(y, estimator.predict(X))
    return {f"{name}_{kind}": n for name, count in counts.items() for kind, n in count.items()}
