"""Matching, counting and scoring of intervals.

`interval_counts` is the one function that compares predictions with the truth; all scores divide
its counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from numbers import Real
from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skspot.intervals import CLASSES, check_intervals
from skspot.metrics._rules import RULES, count_by_rule, match_one_to_one, pairwise_iou
from skspot.utils._param_validation import Interval, Options, StrOptions, validate_params
from skspot.utils._typing import IntervalTable
from skspot.utils.validation import check_interval_tables

_PAIR_DTYPE = np.dtype(
    [("true_row", np.int64), ("pred_row", np.int64), ("iou", np.float64), ("hit", np.bool_)]
)

_CONSTRAINTS = {
    "classes": ["array-like", None],
    "average": [StrOptions({"pooled"}), None],
    "beta": [Interval(Real, 0, None, closed="both")],
    # A threshold of 0 would match intervals that share no frame.
    "iou_threshold": [Interval(Real, 0, 1, closed="right")],
    "rule": [StrOptions(set(RULES))],
    "zero_division": [Options(Real, {0.0, 1.0}), "nan"],
}


def validate_options(*names, **constraints):
    """Validate the named options, and others by their constraints, of the decorated function."""
    constraints.update({name: _CONSTRAINTS[name] for name in names})
    return validate_params(constraints, prefer_skip_nested_validation=True)


@validate_options("iou_threshold")
def interval_match(
    y_true_table: IntervalTable, y_pred_table: IntervalTable, *, iou_threshold: float = 0.5
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Match the predicted intervals of one video with the true ones, one to one.

    A pair can be matched if both are of the same class and an intersection over union (IoU) of at
    least `iou_threshold`, counted in inclusive frames. Of all one-to-one matchings the result has
    the most pairs and, among those, the largest sum of IoU.

    Parameters
    ----------
    y_true_table : ndarray of shape (n_true,), an interval table
        The true intervals of one video.
    y_pred_table : ndarray of shape (n_pred,), an interval table
        The predicted intervals of the same video. Their scores, if any, are ignored.
    iou_threshold : float in (0, 1], default=0.5
        The smallest IoU of a match.

    Returns
    -------
    true_rows : ndarray of shape (n_matches,), int64
        The rows of `y_true_table` that were hit, ascending.
    pred_rows : ndarray of shape (n_matches,), int64
        The rows of `y_pred_table` that hit them, in the same order.

    Raises
    ------
    TypeError
        If an argument is not an interval table.
    ValueError
        If a table holds an invalid interval or `iou_threshold` is out of range.

    See Also
    --------
    interval_counts : Count the matches and misses of many videos, by this or other rules.
    interval_pairs : The matched pairs, and the near misses, with their IoU.

    Notes
    -----
    The IoU is one correctly rounded division of two integers, so that an IoU of exactly 3/10
    reaches the threshold 0.3: the literal is rounded in the same way.

    Examples
    --------
    The first prediction reaches half of both true intervals. It is given to the second one, so
    that both are hit:

    >>> from skspot import make_intervals
    >>> from skspot.metrics import interval_match
    >>> true = make_intervals([(0, 9, "micro"), (10, 19, "micro")])
    >>> predicted = make_intervals([(0, 0, 19, "micro", 0.9), (0, 4, 9, "micro", 0.8)])
    >>> interval_match(true, predicted)
    (array([0, 1]), array([1, 0]))
    """
    check_intervals(y_true_table, allow_overlap=True, name="y_true_table")
    check_intervals(y_pred_table, allow_overlap=True, name="y_pred_table")
    return _match_tables(y_true_table, y_pred_table, iou_threshold)


@validate_options("iou_threshold")
def interval_pairs(
    y_true_table: IntervalTable, y_pred_table: IntervalTable, *, iou_threshold: float = 0.5
) -> NDArray[np.void]:
    """Pair the intervals of one video: the hits, and for each other interval its closest one.

    Parameters
    ----------
    y_true_table : ndarray of shape (n_true,), an interval table
        The true intervals of one video.
    y_pred_table : ndarray of shape (n_pred,), an interval table
        The predicted intervals of the same video.
    iou_threshold : float in (0, 1], default=0.5
        The smallest intersection over union (IoU) of a hit.

    Returns
    -------
    pairs : structured array with the fields `true_row`, `pred_row`, `iou` and `hit`
        First the hits of :func:`~skspot.metrics.interval_match`, by their true row. Then the near
        misses: for each interval of either table without a hit, the interval of its label in the
        other table that overlaps it most, if any does; each pair once.

    Raises
    ------
    TypeError
        If an argument is not an interval table.
    ValueError
        If a table holds an invalid interval or `iou_threshold` is out of range.

    See Also
    --------
    skspot.inspection.MatchDisplay : Draws the pairs of many videos.

    Notes
    -----
    The IoU of a near miss can reach the threshold: then another interval was the better partner, or
    one partner for both was not enough.

    Examples
    --------
    >>> from skspot import make_intervals
    >>> from skspot.metrics import interval_pairs
    >>> true = make_intervals([(10, 19, "micro"), (40, 79, "macro")])
    >>> predicted = make_intervals([(60, 99, "macro"), (12, 21, "micro")])
    >>> for pair in interval_pairs(true, predicted):
    ...     print(pair["true_row"], pair["pred_row"], pair["iou"].round(2), pair["hit"])
    0 1 0.67 True
    1 0 0.33 False
    """
    check_intervals(y_true_table, allow_overlap=True, name="y_true_table")
    check_intervals(y_pred_table, allow_overlap=True, name="y_pred_table")
    hit_rows, hit_columns = _match_tables(y_true_table, y_pred_table, iou_threshold)
    same_label = np.equal.outer(y_true_table["label"], y_pred_table["label"])
    iou = np.where(same_label, pairwise_iou(y_true_table, y_pred_table), 0)
    near = set()
    if iou.size:
        missed = np.setdiff1d(np.arange(len(y_true_table)), hit_rows)
        false = np.setdiff1d(np.arange(len(y_pred_table)), hit_columns)
        near.update(zip(missed, iou[missed].argmax(axis=1)))
        near.update(zip(iou[:, false].argmax(axis=0), false))
    near = sorted(pair for pair in near if iou[pair] > 0)
    hits = list(zip(hit_rows, hit_columns))
    rows = [(*pair, iou[pair], hit) for pairs, hit in ((hits, 1), (near, 0)) for pair in pairs]
    return np.array(rows, dtype=_PAIR_DTYPE)


@validate_options("classes", "iou_threshold", "rule")
def interval_counts(
    y_true: Collection[IntervalTable],
    y_pred: Iterable[IntervalTable],
    *,
    classes: ArrayLike | None = None,
    iou_threshold: float = 0.5,
    rule: str = "one-to-one",
) -> dict[str, dict[str, int]]:
    """Count hits, false alarms and misses over all videos.

    Every interval of every video counts, including those of videos without predictions or without
    expressions. Intervals are matched within each video, by default as in
    :func:`~skspot.metrics.interval_match`.

    Parameters
    ----------
    y_true : list, tuple, Series or object array of n_videos interval tables
        The true intervals of each video.
    y_pred : list, tuple, Series or object array of n_videos interval tables
        The predicted intervals of each video.
    classes : array-like of {"macro", "micro"}, default=None
        The classes to count, in this order. None means both, macro first.
    iou_threshold : float in (0, 1], default=0.5
        The smallest intersection over union, in inclusive frames, of a match.
    rule : str, default="one-to-one"
        How intervals are matched and counted. "first-come", "prediction-greedy", "truth-greedy",
        "unblocked" and "many-to-many" are rules of public scripts, for comparison; two of them
        measure overlap differently. See :func:`~skspot.metrics.compare_matching_rules`.

    Returns
    -------
    counts : dict
        For each class a dict of three integers: `tp`, the matched pairs, `fp`, the predictions
        without a match, and `fn`, the true intervals without a match. Other rules than
        "one-to-one" count in their own way.

    Raises
    ------
    TypeError
        If `y_true` or `y_pred` is not a collection of interval tables.
    ValueError
        If there is no video, `y_true` and `y_pred` differ in length, a table holds an invalid
        interval, or an option has a wrong value.

    Examples
    --------
    >>> from skspot import make_intervals
    >>> from skspot.metrics import interval_counts
    >>> y_true = [make_intervals([(10, 19, "micro"), (50, 99, "macro")]), make_intervals()]
    >>> y_pred = [make_intervals([(12, 21, "micro")]), make_intervals([(30, 60, "macro")])]
    >>> interval_counts(y_true, y_pred)
    {'macro': {'tp': 0, 'fp': 1, 'fn': 1}, 'micro': {'tp': 1, 'fp': 0, 'fn': 0}}
    """
    classes = _check_classes(classes)
    true_tables = check_interval_tables(y_true, allow_overlap=True, name="y_true")
    if not true_tables:
        raise ValueError("y_true holds no videos; there is nothing to count.")
    pred_tables = check_interval_tables(
        y_pred, n_videos=len(true_tables), allow_overlap=True, name="y_pred"
    )
    counts = {name: {"tp": 0, "fp": 0, "fn": 0} for name in classes}
    for true, predicted in zip(true_tables, pred_tables):
        for name, count in counts.items():
            of_class = (table[table["label"] == name] for table in (true, predicted))
            for kind, n in zip(count, count_by_rule(rule, *of_class, iou_threshold)):
                count[kind] += n
    return counts


@overload
def interval_precision_recall_fscore_support(
    y_true: Collection[IntervalTable],
    y_pred: Iterable[IntervalTable],
    *,
    beta: float = 1.0,
    classes: ArrayLike | None = None,
    average: Literal["pooled"] = "pooled",
    iou_threshold: float = 0.5,
    rule: str = "one-to-one",
    zero_division: float = 0.0,
) -> tuple[float, float, float, int]: ...
@overload
def interval_precision_recall_fscore_support(
    y_true: Collection[IntervalTable],
    y_pred: Iterable[IntervalTable],
    *,
    beta: float = 1.0,
    classes: ArrayLike | None = None,
    average: None,
    iou_threshold: float = 0.5,
    rule: str = "one-to-one",
    zero_division: float = 0.0,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]: ...
@validate_options("beta", "classes", "average", "iou_threshold", "rule", "zero_division")
def interval_precision_recall_fscore_support(
    y_true,
    y_pred,
    *,
    beta=1.0,
    classes=None,
    average="pooled",
    iou_threshold=0.5,
    rule="one-to-one",
    zero_division=0.0,
):
    """Compute precision, recall, F-score and the number of true intervals.

    With the counts of :func:`~skspot.metrics.interval_counts`, precision is ``tp / (tp + fp)``,
    recall is ``tp / (tp + fn)``, and the F-score is their harmonic mean, in which recall weighs
    `beta` times as much as precision.

    Parameters
    ----------
    y_true : list, tuple, Series or object array of n_videos interval tables
        The true intervals of each video.
    y_pred : list, tuple, Series or object array of n_videos interval tables
        The predicted intervals of each video.
    beta : float in [0, inf], default=1.0
        The weight of recall against precision in the F-score.
    classes : array-like of {"macro", "micro"}, default=None
        The classes to score, in this order. None means both, macro first.
    average : "pooled" or None, default="pooled"
        Whether to add the counts of all classes and divide once, or to score each class. The
        counts of all videos are added in either case.
    iou_threshold : float in (0, 1], default=0.5
        The smallest intersection over union, in inclusive frames, of a match.
    rule : str, default="one-to-one"
        How intervals are matched and counted. "first-come", "prediction-greedy", "truth-greedy",
        "unblocked" and "many-to-many" are rules of public scripts, for comparison; two of them
        measure overlap differently. See :func:`~skspot.metrics.compare_matching_rules`.
    zero_division : {0.0, 1.0, np.nan}, default=0.0
        The precision if nothing was predicted, the recall if there are no true intervals, and the
        F-score if both hold.

    Returns
    -------
    precision : float, or ndarray of shape (n_classes,) if `average` is None
        The share of the predictions that hit.
    recall : float, or ndarray of shape (n_classes,) if `average` is None
        The share of the true intervals that were hit.
    fscore : float, or ndarray of shape (n_classes,) if `average` is None
        The F-score.
    support : int, or ndarray of shape (n_classes,) if `average` is None
        The number of true intervals.

    Raises
    ------
    TypeError
        If `y_true` or `y_pred` is not a collection of interval tables.
    ValueError
        If there is no video, `y_true` and `y_pred` differ in length, a table holds an invalid
        interval, or an option has a wrong value.

    See Also
    --------
    spotting_report : The same figures as a table.

    Examples
    --------
    >>> from skspot import make_intervals
    >>> from skspot.metrics import interval_precision_recall_fscore_support
    >>> y_true = [make_intervals([(10, 19, "micro"), (50, 99, "macro")]), make_intervals()]
    >>> y_pred = [make_intervals([(12, 21, "micro")]), make_intervals([(30, 60, "macro")])]
    >>> interval_precision_recall_fscore_support(y_true, y_pred)
    (0.5, 0.5, 0.5, 2)
    >>> interval_precision_recall_fscore_support(y_true, y_pred, average=None)
    (array([0., 1.]), array([0., 1.]), array([0., 1.]), array([1, 1]))
    """
    y_true = check_interval_tables(y_true, allow_overlap=True, name="y_true")
    counts = interval_counts(
        y_true, y_pred, classes=classes, iou_threshold=iou_threshold, rule=rule
    )
    tp, fp, fn = (_column(counts, kind) for kind in ("tp", "fp", "fn"))
    # Not tp + fn, which need not be the number of true intervals by other rules.
    support = np.array([sum(_count_class(table, name) for table in y_true) for name in counts])
    if average is None:
        return *score_counts(tp, fp, fn, beta=beta, zero_division=zero_division), support
    scores = score_counts(tp.sum(), fp.sum(), fn.sum(), beta=beta, zero_division=zero_division)
    return *(float(score) for score in scores), int(support.sum())


@overload
def interval_f1_score(
    y_true: Collection[IntervalTable],
    y_pred: Iterable[IntervalTable],
    *,
    classes: ArrayLike | None = None,
    average: Literal["pooled"] = "pooled",
    iou_threshold: float = 0.5,
    rule: str = "one-to-one",
    zero_division: float = 0.0,
) -> float: ...
@overload
def interval_f1_score(
    y_true: Collection[IntervalTable],
    y_pred: Iterable[IntervalTable],
    *,
    classes: ArrayLike | None = None,
    average: None,
    iou_threshold: float = 0.5,
    rule: str = "one-to-one",
    zero_division: float = 0.0,
) -> NDArray[np.float64]: ...
@validate_options("classes", "average", "iou_threshold", "rule", "zero_division")
def interval_f1_score(
    y_true,
    y_pred,
    *,
    classes=None,
    average="pooled",
    iou_threshold=0.5,
    rule="one-to-one",
    zero_division=0.0,
):
    """Compute the F1-score of predicted intervals, pooled over all videos.

    With the counts of :func:`~skspot.metrics.interval_counts`, it is
    ``2 * tp / (2 * tp + fp + fn)``: the figure that the Micro-Expression Grand Challenges report
    [1]_. It is not the mean of the scores of single videos or folds.

    Parameters
    ----------
    y_true : list, tuple, Series or object array of n_videos interval tables
        The true intervals of each video.
    y_pred : list, tuple, Series or object array of n_videos interval tables
        The predicted intervals of each video.
    classes : array-like of {"macro", "micro"}, default=None
        The classes to score, in this order. None means both, macro first.
    average : "pooled" or None, default="pooled"
        Whether to add the counts of all classes and divide once, or to score each class. The
        counts of all videos are added in either case.
    iou_threshold : float in (0, 1], default=0.5
        The smallest intersection over union, in inclusive frames, of a match.
    rule : str, default="one-to-one"
        How intervals are matched and counted. "first-come", "prediction-greedy", "truth-greedy",
        "unblocked" and "many-to-many" are rules of public scripts, for comparison; two of them
        measure overlap differently. See :func:`~skspot.metrics.compare_matching_rules`.
    zero_division : {0.0, 1.0, np.nan}, default=0.0
        The score if there are neither true nor predicted intervals.

    Returns
    -------
    f1 : float, or ndarray of shape (n_classes,) if `average` is None
        The F1-score.

    Raises
    ------
    TypeError
        If `y_true` or `y_pred` is not a collection of interval tables.
    ValueError
        If there is no video, `y_true` and `y_pred` differ in length, a table holds an invalid
        interval, or an option has a wrong value.

    See Also
    --------
    interval_f1_scorer : This score for ``scoring=`` in model selection.
    spotting_report : All scores of all classes as a table.
    compare_matching_rules : The scores by all rules side by side.

    Notes
    -----
    A scorer of another rule or threshold is made with scikit-learn:
    ``make_scorer(interval_f1_score, rule="many-to-many")``.

    References
    ----------
    .. [1] Y. He, S.-J. Wang, J. Li and M. H. Yap, "Spotting Macro- and Micro-expression Intervals
       in Long Video Sequences", 2019, https://arxiv.org/abs/1912.11985.

    Examples
    --------
    >>> from skspot import make_intervals
    >>> from skspot.metrics import interval_f1_score
    >>> y_true = [make_intervals([(10, 19, "micro"), (50, 99, "macro")]), make_intervals()]
    >>> y_pred = [make_intervals([(12, 21, "micro")]), make_intervals([(30, 60, "macro")])]
    >>> interval_f1_score(y_true, y_pred)
    0.5
    >>> interval_f1_score(y_true, y_pred, average=None)
    array([0., 1.])
    """
    _, _, f1, _ = interval_precision_recall_fscore_support(
        y_true,
        y_pred,
        classes=classes,
        average=average,
        iou_threshold=iou_threshold,
        rule=rule,
        zero_division=zero_division,
    )
    return f1


def score_counts(tp, fp, fn, *, beta=1.0, zero_division=0.0):
    """Return the precision, recall and F-score of counts of any one shape."""
    precision = _divide(tp, tp + fp, zero_division)
    recall = _divide(tp, tp + fn, zero_division)
    if np.isinf(beta):
        return precision, recall, recall
    weight = beta**2
    fscore = _divide((1 + weight) * tp, (tp + fp) + weight * (tp + fn), zero_division)
    return precision, recall, fscore


def _divide(numerator, denominator, zero_division):
    """Divide, with `zero_division` where the denominator is 0."""
    quotient = np.full(np.shape(denominator), zero_division, dtype=np.float64)
    return np.divide(numerator, denominator, out=quotient, where=denominator > 0)


def _match_tables(true, predicted, iou_threshold):
    """Match two checked tables; see `interval_match`."""
    iou = pairwise_iou(true, predicted)
    same_class = np.equal.outer(true["label"], predicted["label"])
    return match_one_to_one(iou, same_class & (iou >= iou_threshold))


def _count_class(table, name):
    """Return the number of intervals of this class."""
    return int(np.count_nonzero(table["label"] == name))


def _column(counts, kind):
    """Return one kind of count for all classes as an array."""
    return np.array([count[kind] for count in counts.values()], dtype=np.int64)


def _check_classes(classes):
    """Return the classes to count as a tuple; refuse unknown and repeated ones."""
    classes = CLASSES if classes is None else tuple(classes)
    unknown = [name for name in classes if name not in CLASSES]
    if not classes or unknown or len(set(classes)) < len(classes):
        raise ValueError(
            f"classes must hold one or both of {CLASSES}, each once, got {list(classes)!r}."
        )
    return tuple(str(name) for name in classes)
