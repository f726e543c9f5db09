"""Tests of the matching rules and of their comparison."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skspot import make_intervals
from skspot.metrics import (
    compare_matching_rules,
    interval_counts,
    interval_f1_score,
    interval_precision_recall_fscore_support,
    spotting_report,
)
from skspot.metrics._rules import RULES, pairwise_iou
from tests.metrics.test_interval import iou, one, scored, table_pairs, tables

ALL_RULES = list(RULES)
INCLUSIVE_RULES = ["one-to-one", "first-come", "prediction-greedy", "many-to-many"]


def micro(*intervals):
    return scored(*((onset, offset, "micro") for onset, offset in intervals))


def count(true, predicted, rule, **options):
    """Return tp, fp and fn of the micro-expressions of one video."""
    return tuple(interval_counts([true], [predicted], rule=rule, **options)["micro"].values())


def numbers(table, label):
    return int(np.sum(table["label"] == label))


# Hand-worked cases; the counts of the rules in the order of ALL_RULES: one-to-one, first-come,
# prediction-greedy, truth-greedy, unblocked, many-to-many.


@pytest.mark.parametrize(
    ("true", "predicted", "expected"),
    [
        pytest.param(
            [(0, 9)],
            [(0, 6), (3, 9)],
            [(1, 1, 0)] * 5 + [(2, 0, 0)],
            id="two predictions on one true interval",
        ),
        pytest.param(
            [(0, 9), (10, 19)],
            [(0, 19)],
            [(1, 0, 1), (2, 0, 0), (1, 0, 1), (0, 1, 2), (0, 1, 2), (2, 0, 0)],
            id="one prediction on two true intervals",
        ),
        pytest.param(
            [(0, 9), (10, 19)],
            [(0, 19), (0, 9)],
            [(2, 0, 0), (2, 1, 0), (1, 1, 1), (1, 1, 1), (1, 1, 1), (3, 0, 0)],
            id="the first prediction takes both",
        ),
        pytest.param(
            [(0, 9), (10, 19)],
            [(0, 9), (0, 19)],
            [(2, 0, 0), (2, 0, 0), (1, 1, 1), (1, 1, 1), (1, 1, 1), (3, 0, 0)],
            id="the second prediction takes what is left",
        ),
        pytest.param(
            [(0, 9)],
            [(0, 4)],
            [(1, 0, 0), (1, 0, 0), (1, 0, 0), (0, 1, 1), (0, 1, 1), (1, 0, 0)],
            id="5 of 10 frames, 4 of 9 without +1",
        ),
        pytest.param(
            [(0, 10)],
            [(0, 5)],
            [(1, 0, 0), (1, 0, 0), (1, 0, 0), (1, 0, 0), (0, 1, 1), (1, 0, 0)],
            id="6 of 11 frames, 5 of 10 without +1",
        ),
        pytest.param([(0, 10)], [(0, 6)], [(1, 0, 0)] * 6, id="7 of 11 frames, 6 of 10 without +1"),
        pytest.param(
            [(7, 7)],
            [(7, 7)],
            [(1, 0, 0), (1, 0, 0), (1, 0, 0), (0, 1, 1), (0, 1, 1), (1, 0, 0)],
            id="one frame, 0 of 0 without +1",
        ),
        pytest.param([(0, 9)], [(20, 29)], [(0, 1, 1)] * 6, id="nothing shared"),
        pytest.param([(0, 9)], [], [(0, 0, 1)] * 6, id="nothing predicted"),
        pytest.param([], [(0, 9)], [(0, 1, 0)] * 6, id="nothing annotated"),
        pytest.param([], [], [(0, 0, 0)] * 6, id="nothing at all"),
    ],
)
def test_counts_by_hand(true, predicted, expected):
    counts = [count(micro(*true), micro(*predicted), rule) for rule in ALL_RULES]
    assert counts == expected


@pytest.mark.parametrize(
    ("true", "expected"),
    [
        # The IoU of the first prediction with the two is 8/17 and 7/18, or 7/16 and 6/17 without
        # +1; the second has 4/10 or 3/9 with the first true interval.
        (
            [(0, 9), (10, 19)],
            [(2, 0, 0), (2, 1, 0), (1, 1, 1), (1, 1, 1), (1, 1, 1), (3, 0, 0)],
        ),
        (
            [(10, 19), (0, 9)],
            [(2, 0, 0), (2, 1, 0), (1, 1, 1), (2, 0, 0), (1, 1, 1), (3, 0, 0)],
        ),
    ],
)
def test_order_of_true_intervals_matters_if_they_choose(true, expected):
    predicted = micro((2, 16), (0, 3))
    counts = [count(micro(*true), predicted, rule, iou_threshold=0.3) for rule in ALL_RULES]
    assert counts == expected


@pytest.mark.parametrize("rule", ALL_RULES)
def test_hits_need_the_same_label_and_video(rule):
    assert count(one(0, 9, "micro"), one(0, 9, "macro"), rule) == (0, 0, 1)
    empty = make_intervals()
    counts = interval_counts([one(0, 9), empty], [empty, one(0, 9)], rule=rule)
    assert counts["micro"] == {"tp": 0, "fp": 1, "fn": 1}


@pytest.mark.parametrize("rule", ALL_RULES)
def test_counts_are_plain_integers(rule):
    assert [type(n) for n in count(one(0, 9), one(1, 9), rule)] == [int] * 3


def test_threshold_of_one():
    counts = [count(one(0, 9), one(0, 9), rule, iou_threshold=1.0) for rule in ALL_RULES]
    assert counts == [(1, 0, 0)] * 4 + [(0, 1, 1), (1, 0, 0)]  # nothing exceeds an IoU of 1


def test_iou_without_extra_frame():
    true, predicted = micro((7, 7), (0, 10), (20, 30)), micro((7, 7), (0, 5))
    expected = [[0, 0], [0, 0.5], [0, 0]]
    assert_array_equal(pairwise_iou(true, predicted, inclusive=False), expected)


@settings(deadline=None)
@given(tables(), tables())
def test_iou_counts_frames(true, predicted):
    expected = [[iou(t, p) for p in predicted] for t in true]
    assert_array_equal(
        pairwise_iou(true, predicted), np.reshape(expected, (len(true), len(predicted)))
    )


# The rules, literally


def simulate_first_come(iou, allowed):
    taken, false_alarms = set(), 0
    for j in range(iou.shape[1]):
        now = {i for i in range(len(iou)) if allowed[i, j]} - taken
        false_alarms += not now
        taken |= now
    return len(taken), false_alarms, len(iou) - len(taken)


def simulate_prediction_greedy(iou, allowed):
    taken = set()
    for j in range(iou.shape[1] if len(iou) else 0):
        best = max(range(len(iou)), key=lambda i: iou[i, j])
        if allowed[best, j]:
            taken.add(best)
    return len(taken), iou.shape[1] - len(taken), len(iou) - len(taken)


def simulate_truth_greedy(iou, allowed):
    free, hits = set(range(iou.shape[1])), 0
    for i in range(len(iou)):
        best = max(sorted(free), key=lambda j: iou[i, j], default=None)
        if best is not None and allowed[i, best]:
            free.remove(best)
            hits += 1
    return hits, iou.shape[1] - hits, len(iou) - hits


@settings(deadline=None)
@given(tables(), tables(), st.sampled_from([0.2, 0.3, 0.5, 0.8]))
def test_rules_do_what_they_say(true, predicted, threshold):
    true, predicted = (table[table["label"] == "micro"] for table in (true, predicted))
    for rule, simulate in (
        ("first-come", simulate_first_come),
        ("prediction-greedy", simulate_prediction_greedy),
        ("truth-greedy", simulate_truth_greedy),
    ):
        overlap = pairwise_iou(true, predicted, inclusive=RULES[rule].inclusive)
        expected = simulate(overlap, overlap >= threshold)
        assert count(true, predicted, rule, iou_threshold=threshold) == expected, rule
    # True intervals that choose without blocking are greedy predictions of the swapped tables.
    overlap = pairwise_iou(predicted, true, inclusive=False)
    hits, fn, fp = simulate_prediction_greedy(overlap, overlap > threshold)
    assert count(true, predicted, "unblocked", iou_threshold=threshold) == (hits, fp, fn)


# Properties


@pytest.mark.parametrize("rule", ALL_RULES)
@settings(deadline=None)
@given(pair=table_pairs())
def test_counts_add_up(rule, pair):
    y_true, y_pred = pair
    for label, n in interval_counts(y_true, y_pred, rule=rule).items():
        n_true, n_pred = (sum(numbers(table, label) for table in y) for y in pair)
        assert min(n.values()) >= 0
        if rule == "many-to-many":
            assert n["tp"] + n["fp"] >= n_pred
            assert n["tp"] + n["fn"] >= n_true
        else:
            assert n["tp"] + n["fn"] == n_true
        if rule == "first-come":
            assert n["tp"] + n["fp"] >= n_pred
        elif rule != "many-to-many":
            assert n["tp"] + n["fp"] == n_pred


@settings(deadline=None)
@given(table_pairs(), st.sampled_from([0.3, 0.5, 0.8]))
def test_order_of_leniency(pair, threshold):
    hits = {
        rule: interval_counts(*pair, iou_threshold=threshold, rule=rule)["micro"]["tp"]
        for rule in RULES
    }
    for strict in ("prediction-greedy", "truth-greedy", "unblocked"):
        assert hits[strict] <= hits["one-to-one"]
    assert hits["one-to-one"] <= hits["first-come"] <= hits["many-to-many"]


@settings(deadline=None)
@given(table_pairs())
def test_swapping_truth_and_prediction(pair):
    y_true, y_pred = pair
    for rule in ("one-to-one", "many-to-many"):
        forth, back = (
            interval_counts(*y, rule=rule)["micro"] for y in ((y_true, y_pred), (y_pred, y_true))
        )
        assert back == {"tp": forth["tp"], "fp": forth["fn"], "fn": forth["fp"]}


@pytest.mark.parametrize("rule", ALL_RULES)
@settings(deadline=None)
@given(pair=table_pairs())
def test_swapping_the_classes_swaps_the_counts(rule, pair):
    swapped = [[table.copy() for table in y] for y in pair]
    for table in (table for y in swapped for table in y):
        table["label"] = np.where(table["label"] == "macro", "micro", "macro")
    before, after = (interval_counts(*y, rule=rule) for y in (pair, swapped))
    assert (after["macro"], after["micro"]) == (before["micro"], before["macro"])


@settings(deadline=None)
@given(table_pairs(), st.randoms(use_true_random=False))
def test_order_of_rows(pair, random):
    y_true, y_pred = pair
    shuffled_true, shuffled_pred = (
        [table[random.sample(range(len(table)), len(table))] for table in y] for y in pair
    )
    for rule in ("one-to-one", "prediction-greedy", "many-to-many"):
        assert interval_counts(y_true, shuffled_pred, rule=rule) == interval_counts(
            y_true, y_pred, rule=rule
        )
    for rule in ("one-to-one", "first-come", "unblocked", "many-to-many"):
        assert interval_counts(shuffled_true, y_pred, rule=rule) == interval_counts(
            y_true, y_pred, rule=rule
        )


def apart(table):
    """Return the rows that share no frame with an earlier kept one."""
    kept = []
    for row in np.sort(table, order="onset"):
        if not kept or row["onset"] > kept[-1]["offset"]:
            kept.append(row)
    return table[:0] if not kept else np.array(kept, dtype=table.dtype)


@settings(deadline=None)
@given(table_pairs())
def test_rules_agree_above_half_where_nothing_overlaps(pair):
    y_true, y_pred = ([apart(table) for table in y] for y in pair)
    counts = [
        interval_counts(y_true, y_pred, iou_threshold=0.51, rule=rule) for rule in INCLUSIVE_RULES
    ]
    assert all(c == counts[0] for c in counts)


# Where the rule is taken


@pytest.mark.parametrize("rule", ALL_RULES)
def test_scores_divide_the_counts(rule):
    y_true = [micro((0, 9), (10, 19))]
    y_pred = [micro((0, 19), (0, 9), (30, 39))]
    tp, fp, fn = count(y_true[0], y_pred[0], rule)
    precision, recall, f1, support = interval_precision_recall_fscore_support(
        y_true, y_pred, rule=rule
    )
    assert (precision, recall) == (tp / (tp + fp), tp / (tp + fn))
    assert f1 == 2 * tp / (2 * tp + fp + fn) == interval_f1_score(y_true, y_pred, rule=rule)
    assert support == 2
    report = spotting_report(y_true, y_pred, rule=rule, output_dict=True)
    assert report["rule"] == rule
    assert (report["micro"]["TP"], report["micro"]["F1"]) == (tp, f1)


def test_default_is_one_to_one(videos):
    assert interval_counts(*videos) == interval_counts(*videos, rule="one-to-one")
    assert interval_f1_score(*videos) == interval_f1_score(*videos, rule="one-to-one")
    assert spotting_report(*videos) == spotting_report(*videos, rule="one-to-one")


def test_support_counts_true_intervals_of_any_collection():
    y_true, y_pred = [one(0, 9)], [micro((0, 9), (0, 8))]
    for collection in (y_true, tuple(y_true), pd.Series(y_true, index=[7]), iter(y_true)):
        *_, support = interval_precision_recall_fscore_support(
            collection, y_pred, rule="many-to-many", average=None
        )
        assert_array_equal(support, [0, 1])


@pytest.mark.parametrize(
    "score",
    [
        interval_counts,
        interval_f1_score,
        interval_precision_recall_fscore_support,
        spotting_report,
    ],
)
@pytest.mark.parametrize("rule", ["hungarian", None, 1])
def test_unknown_rules_are_refused(videos, score, rule):
    message = f"The 'rule' parameter of {score.__name__} must be a str among .*'first-come'"
    with pytest.raises(ValueError, match=message):
        score(*videos, rule=rule)


# Comparison


def test_comparison(videos):
    comparison = compare_matching_rules(*videos)
    assert comparison.index.names == ["class", "rule"]
    assert list(comparison.index) == [
        (name, rule) for name in ("macro", "micro", "overall") for rule in RULES
    ]
    assert comparison.attrs == {"n_videos": 6, "iou_threshold": 0.5}
    for rule in RULES:
        expected = spotting_report(*videos, rule=rule, as_dataframe=True)
        rows = comparison.xs(rule, level="rule").rename_axis(index=None)
        pd.testing.assert_frame_equal(rows, expected, check_flags=False)


def test_comparison_takes_classes_and_threshold(videos):
    comparison = compare_matching_rules(*videos, classes=["micro"], iou_threshold=1.0)
    assert list(comparison.index.unique("class")) == ["micro", "overall"]
    assert comparison.loc[("micro", "one-to-one"), "TP"] == 1
    assert comparison.attrs["iou_threshold"] == 1.0
    pd.testing.assert_frame_equal(comparison.loc["micro"], comparison.loc["overall"])


def test_comparison_prints_every_rule_on_one_line(videos):
    text = str(compare_matching_rules(*videos).loc["overall"])
    assert [line.split()[0] for line in text.splitlines()[2:]] == ALL_RULES
    assert max(map(len, text.splitlines())) <= 79


def test_comparison_leaves_the_intervals_unchanged(videos):
    before = [[table.copy() for table in y] for y in videos]
    for table in (table for y in videos for table in y):
        table.flags.writeable = False
    compare_matching_rules(*videos)
    for y, y_before in zip(videos, before):
        for table, table_before in zip(y, y_before):
            assert_array_equal(table, table_before)


def test_comparison_refuses_what_the_counts_refuse(videos):
    y_true, y_pred = videos
    with pytest.raises(ValueError, match="got 5 tables for 6 videos"):
        compare_matching_rules(y_true, y_pred[1:])
    with pytest.raises(ValueError, match="y_true holds no videos"):
        compare_matching_rules([], [])
    with pytest.raises(TypeError, match="y_pred must hold one interval table per video"):
        compare_matching_rules(y_true, None)
    with pytest.raises(ValueError, match="'iou_threshold' parameter of compare_matching_rules"):
        compare_matching_rules(y_true, y_pred, iou_threshold=0)


def test_reference_results_by_every_rule(golden):
    y_true, y_pred = (
        [micro(*video[key]) for video in golden["videos"]] for key in ("y_true", "y_pred")
    )
    comparison = compare_matching_rules(y_true, y_pred).loc["micro"]
    counts = comparison[["TP", "FP", "FN"]].T.to_dict("list")
    assert counts.pop("truth-greedy") == [313, 271, 216]
    assert counts.pop("unblocked") == [310, 274, 219]
    assert counts == {rule: [316, 268, 213] for rule in INCLUSIVE_RULES}
    assert comparison["F1"].min() == 620 / 1113
    assert comparison["F1"].max() == golden["pooled"]["f1"]
