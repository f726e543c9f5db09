"""The comparison of matching rules."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from skspot.metrics._interval import interval_counts, validate_options
from skspot.metrics._report import report_rows
from skspot.metrics._rules import RULES
from skspot.utils._typing import IntervalTable
from skspot.utils.validation import check_interval_tables

if TYPE_CHECKING:
    import pandas as pd


@validate_options("classes", "iou_threshold")
def compare_matching_rules(
    y_true: Collection[IntervalTable],
    y_pred: Iterable[IntervalTable],
    *,
    classes: ArrayLike | None = None,
    iou_threshold: float = 0.5,
) -> pd.DataFrame:
    """Score the same predictions by every matching rule, side by side.

    Public scripts count hits by different rules, so published scores of one method can differ
    although its predictions do not.

    Parameters
    ----------
    y_true : list, tuple, Series or object array of n_videos interval tables
        The true intervals of each video.
    y_pred : list, tuple, Series or object array of n_videos interval tables
        The predicted intervals of each video.
    classes : array-like of {"macro", "micro"}, default=None
        The classes to score, in this order. None means both, macro first.
    iou_threshold : float in (0, 1], default=0.5
        The smallest intersection over union (IoU) of a hit; by the rule "unblocked" a hit must
        exceed it.

    Returns
    -------
    comparison : DataFrame
        One row per rule for each class and for `overall`, with the columns `TP`, `FP`, `FN`,
        `precision`, `recall` and `F1`. ``comparison.loc["overall"]`` has one row per rule,
        ``comparison["F1"].unstack("class")`` one column per class.

    Raises
    ------
    TypeError
        If `y_true` or `y_pred` is not a collection of interval tables.
    ValueError
        If there is no video, `y_true` and `y_pred` differ in length, a table holds an invalid
        interval, or an option has a wrong value.

    See Also
    --------
    spotting_report : The report by one rule.
    interval_match : The pairs that the rule "one-to-one" matches.

    Notes
    -----
    By every rule, only intervals of one video and class can match, and scores are pooled over the
    videos. An interval *reaches* another if their IoU is at least the threshold. Unless stated
    otherwise, each hit uses up one true and one predicted interval: FP is the number of predictions
    minus TP, and FN the number of true intervals minus TP.

    one-to-one
        TP is the size of the largest one-to-one matching of intervals that reach each other.
    first-come
        Each prediction, in the order of the rows, takes all true intervals that it reaches and
        that are not taken yet. TP are the intervals taken, FP the predictions that took none.
    prediction-greedy
        Each prediction considers only the true interval of largest IoU, and hits if it reaches that
        and no other prediction has hit it.
    truth-greedy
        Each true interval, in the order of the rows, takes the prediction of largest IoU that is
        still free, if that reaches it. The IoU is measured without +1, see below.
    unblocked
        Each true interval chooses the prediction of largest IoU if that exceeds the threshold,
        whether or not another has chosen it. TP are the predictions chosen. Without +1.
    many-to-many
        TP is the number of pairs that reach each other, FP the predictions and FN the true
        intervals that reach nothing. TP + FN can exceed the number of true intervals.

    Without +1, the length of an interval is offset minus onset instead of its number of frames. An
    interval of one frame then has length 0 and can't be hit; the scripts divide 0 by 0 where it
    meets itself. Among equal IoUs, the first row is taken.

    Which script uses which rule, as read in public repositories at the commit given:

    ================= ==========================================================
    Rule              Script
    ================= ==========================================================
    one-to-one        none found; the default here
    first-come        ``genbing99/STRS-Metric``, eb86468 [1]_
    prediction-greedy ``genbing99/SoftNet-SpotME`` (SOFTNet), 8759091
    truth-greedy      ``KinopioIsAllIn/SpotFormer``, f2a9c0a
    unblocked         ``wenhaocold/USTC_ME_Spotting`` (ABPN), 04b1c3c
    many-to-many      ``genbing99/STRS-Metric``, 1802cf5 and c968572 [1]_
    ================= ==========================================================

    Others count in ways that let precision or recall exceed 1 and are not offered:
    ``xjtupanda/AUW-GCN`` as "unblocked", but TP are all predictions that exceed the threshold;
    ``HeyingGithub/Baseline-project-for-MEGC2020_spotting`` (MDMD) and ``williamlee91/LGSNet``
    in inclusive frames, ``xiazhaoqiang/MULT-MicroExpressionSpot`` without +1, TP being the true
    intervals reached; ``williamlee91/mer_spot`` (LSSNet) without +1, TP being the pairs.

    The scripts differ in more than the rules. The script of STRS leaves out predictions in videos
    without true intervals, and true intervals of subjects without predictions. It does not
    distinguish macro- from micro-expressions. The script of SOFTNet counts one false alarm in each
    video without predictions.

    If neither the true nor the predicted intervals of a class overlap, the rules differ only in
    how they measure the IoU and where it equals the threshold, unless that is below 0.5. In 200
    such videos, the reference of this package's tests, the F1-score is 0.568 by "one-to-one" and
    the other rules in inclusive frames, 0.562 by "truth-greedy" and 0.557 by "unblocked".

    References
    ----------
    .. [1] G.-B. Liong, J. See and C. S. Chan, "Spot-then-recognize: A micro-expression analysis
       network for seamless evaluation of long videos", Signal Processing: Image Communication
       110, 2023, https://doi.org/10.1016/j.image.2022.116875.

    Examples
    --------
    The first two predictions reach the first true interval; the third one covers 5 of the 10
    frames of the second, or 4 of 9 without +1:

    >>> from skspot import make_intervals
    >>> from skspot.metrics import compare_matching_rules
    >>> y_true = [make_intervals([(0, 9, "micro"), (20, 29, "micro")])]
    >>> y_pred = [
    ...     make_intervals(
    ...         [
    ...             (0, 3, 6, "micro", 0.9),
    ...             (4, 7, 9, "micro", 0.8),
    ...             (20, 22, 24, "micro", 0.7),
    ...         ]
    ...     )
    ... ]
    >>> comparison = compare_matching_rules(y_true, y_pred)
    >>> print(comparison.loc["micro"].round(3))
                       TP  FP  FN  precision  recall   F1
    rule
    one-to-one          2   1   0      0.667     1.0  0.8
    first-come          2   1   0      0.667     1.0  0.8
    prediction-greedy   2   1   0      0.667     1.0  0.8
    truth-greedy        1   2   1      0.333     0.5  0.4
    unblocked           1   2   1      0.333     0.5  0.4
    many-to-many        3   0   0      1.000     1.0  1.0
    """
    import pandas as pd

    y_true = check_interval_tables(y_true, allow_overlap=True, name="y_true")
    y_pred = check_interval_tables(y_pred, allow_overlap=True, name="y_pred")
    options = {"classes": classes, "iou_threshold": iou_threshold}
    reports = {
        rule: report_rows(interval_counts(y_true, y_pred, **options, rule=rule)) for rule in RULES
    }
    names = list(reports["one-to-one"])
    index = pd.MultiIndex.from_product([names, RULES], names=["class", "rule"])
    frame = pd.DataFrame([reports[rule][name] for name, rule in index], index=index)
    frame.attrs.update(n_videos=len(y_true), iou_threshold=float(iou_threshold))
    return frame
