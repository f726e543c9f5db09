"""The report of a spotting experiment."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike

from skspot.metrics._interval import interval_counts, score_counts, validate_options
from skspot.metrics._rules import RULES
from skspot.utils._param_validation import Interval
from skspot.utils._typing import IntervalTable

if TYPE_CHECKING:
    import pandas as pd

_SCORES = ("precision", "recall", "F1")


@overload
def spotting_report(
    y_true: Collection[IntervalTable],
    y_pred: Iterable[IntervalTable],
    *,
    classes: ArrayLike | None = None,
    iou_threshold: float = 0.5,
    rule: str = "one-to-one",
    digits: int = 3,
    output_dict: Literal[False] = False,
    as_dataframe: Literal[False] = False,
    zero_division: float = 0.0,
) -> str: ...
@overload
def spotting_report(
    y_true: Collection[IntervalTable],
    y_pred: Iterable[IntervalTable],
    *,
    classes: ArrayLike | None = None,
    iou_threshold: float = 0.5,
    rule: str = "one-to-one",
    digits: int = 3,
    output_dict: Literal[True],
    as_dataframe: Literal[False] = False,
    zero_division: float = 0.0,
) -> dict[str, Any]: ...
@overload
def spotting_report(
    y_true: Collection[IntervalTable],
    y_pred: Iterable[IntervalTable],
    *,
    classes: ArrayLike | None = None,
    iou_threshold: float = 0.5,
    rule: str = "one-to-one",
    digits: int = 3,
    output_dict: Literal[False] = False,
    as_dataframe: Literal[True],
    zero_division: float = 0.0,
) -> pd.DataFrame: ...
@validate_options(
    "classes",
    "iou_threshold",
    "rule",
    "zero_division",
    digits=[Interval(Integral, 0, None, closed="left")],
    output_dict=["boolean"],
    as_dataframe=["boolean"],
)
def spotting_report(
    y_true,
    y_pred,
    *,
    classes=None,
    iou_threshold=0.5,
    rule="one-to-one",
    digits=3,
    output_dict=False,
    as_dataframe=False,
    zero_division=0.0,
):
    """Build a table of counts and scores for each class and overall.

    All scores are pooled over the videos; the overall row is computed from the summed counts of the
    classes. With the output of scikit-learn's `cross_val_predict` as `y_pred`, this is the
    result of a whole cross-validation.

    Parameters
    ----------
    y_true : list, tuple, Series or object array of n_videos interval tables
        The true intervals of each video.
    y_pred : list, tuple, Series or object array of n_videos interval tables
        The predicted intervals of each video.
    classes : array-like of {"macro", "micro"}, default=None
        The classes to report, in this order. None means both, macro first.
    iou_threshold : float in (0, 1], default=0.5
        The smallest intersection over union, in inclusive frames, of a match.
    rule : str, default="one-to-one"
        How intervals are matched and counted. "first-come", "prediction-greedy", "truth-greedy",
        "unblocked" and "many-to-many" are rules of public scripts, for comparison; two of them
        measure overlap differently. See :func:`~skspot.metrics.compare_matching_rules`.
    digits : int, default=3
        Digits after the decimal point in the text. Dict and DataFrame are not rounded.
    output_dict : bool, default=False
        Whether to return a dict instead of the text.
    as_dataframe : bool, default=False
        Whether to return a DataFrame instead of the text.
    zero_division : {0.0, 1.0, np.nan}, default=0.0
        The precision if nothing was predicted, the recall if there are no true intervals, and the
        F1-score if both hold.

    Returns
    -------
    report : str, dict or DataFrame
        One row per class and the row `overall`, with the columns `TP`, `FP`, `FN`, `precision`,
        `recall` and `F1`. The dict holds one dict per row and the entries `n_videos`,
        `iou_threshold` and `rule`; the DataFrame holds these in its ``attrs``.

    Raises
    ------
    TypeError
        If `y_true` or `y_pred` is not a collection of interval tables.
    ValueError
        If there is no video, `y_true` and `y_pred` differ in length, a table holds an invalid
        interval, an option has a wrong value, or both `output_dict` and `as_dataframe` are set.

    See Also
    --------
    interval_counts : The counts alone.
    interval_precision_recall_fscore_support : The scores alone.
    compare_matching_rules : The same scores by all rules side by side.

    Examples
    --------
    >>> from skspot import make_intervals
    >>> from skspot.metrics import spotting_report
    >>> y_true = [make_intervals([(10, 19, "micro"), (50, 99, "macro")]), make_intervals()]
    >>> y_pred = [make_intervals([(12, 21, "micro")]), make_intervals([(30, 60, "macro")])]
    >>> print(spotting_report(y_true, y_pred))
               TP    FP    FN  precision  recall     F1
    <BLANKLINE>
      macro     0     1     1      0.000   0.000  0.000
      micro     1     0     0      1.000   1.000  1.000
    overall     1     1     1      0.500   0.500  0.500
    <BLANKLINE>
    2 videos, matched one-to-one at IoU >= 0.5
    """
    if output_dict and as_dataframe:
        raise ValueError("output_dict and as_dataframe are both True; choose one of them.")
    counts = interval_counts(
        y_true, y_pred, classes=classes, iou_threshold=iou_threshold, rule=rule
    )
    rows = report_rows(counts, zero_division)
    about = {"n_videos": len(y_true), "iou_threshold": float(iou_threshold), "rule": rule}
    if output_dict:
        return {**rows, **about}
    if as_dataframe:
        return _as_dataframe(rows, about)
    return _as_text(rows, about, digits)


def report_rows(counts, zero_division=0.0):
    """Return counts and scores of each class and overall, a dict per row."""
    total = {kind: sum(count[kind] for count in counts.values()) for kind in ("tp", "fp", "fn")}
    rows = {}
    for name, count in {**counts, "overall": total}.items():
        scores = score_counts(**count, zero_division=zero_division)
        rows[name] = {kind.upper(): n for kind, n in count.items()}
        rows[name].update(zip(_SCORES, map(float, scores)))
    return rows


def _as_dataframe(rows, about):
    """Return the rows as a DataFrame."""
    import pandas as pd

    # From dicts, so that the counts stay integers.
    table = pd.DataFrame(list(rows.values()), index=list(rows))
    table.attrs.update(about)
    return table


def _as_text(rows, about, digits):
    """Return the rows as text, numbers below the ends of their headings."""
    header = ["", *next(iter(rows.values()))]
    body = [[name, *_format_row(row, digits)] for name, row in rows.items()]
    least_width = [7, 4, 4, 4, 9, 6, digits + 2]
    widths = np.maximum(least_width, [max(map(len, column)) for column in zip(header, *body)])
    head, *lines = (
        "  ".join(cell.rjust(width) for cell, width in zip(cells, widths))
        for cells in [header, *body]
    )
    videos = "1 video" if about["n_videos"] == 1 else f"{about['n_videos']} videos"
    rule = about["rule"]
    foot = f"{videos}, matched {rule} at IoU {RULES[rule].sign} {about['iou_threshold']:g}"
    return "\n".join([head, "", *lines, "", foot])


def _format_row(row, digits):
    """Return the numbers of one row as text."""
    return [f"{v:.{digits}f}" if name in _SCORES else str(v) for name, v in row.items()]
