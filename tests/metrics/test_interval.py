"""Tests of matching, counting and scoring."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.metrics import precision_recall_fscore_support

from skspot import make_intervals
from skspot.metrics import (
    interval_counts,
    interval_f1_score,
    interval_match,
    interval_precision_recall_fscore_support,
)
from skspot.metrics._interval import score_counts
from skspot.utils.validation import as_object_array


def one(onset, offset, label="micro"):
    """Return the table of a single interval."""
    return make_intervals([(onset, offset, label)])


def scored(*intervals):
    """Return a table in which intervals may overlap."""
    return make_intervals([(on, on, off, label, 0.5) for on, off, label in intervals])


def iou(first, second):
    """Return the intersection over union of two intervals by counting their frames."""
    frames = [set(range(row["onset"], row["offset"] + 1)) for row in (first, second)]
    return len(frames[0] & frames[1]) / len(frames[0] | frames[1])


def can_match(first, second):
    return first["label"] == second["label"] and iou(first, second) >= 0.5


def tables(max_size=8):
    """Return a strategy for tables whose intervals overlap often."""
    interval = st.tuples(
        st.integers(0, 25), st.integers(1, 12), st.sampled_from(["macro", "micro"])
    )
    return st.lists(interval, max_size=max_size).map(
        lambda rows: scored(*((on, on + n - 1, label) for on, n, label in rows))
    )


def table_pairs(max_size=8):
    """Return a strategy for y_true and y_pred of a few videos."""
    return st.lists(st.tuples(tables(max_size), tables(max_size)), min_size=1, max_size=4).map(
        lambda pairs: tuple(map(list, zip(*pairs)))
    )


# Matching


@pytest.mark.parametrize(
    ("true", "predicted", "matches"),
    [
        pytest.param((0, 9), (0, 9), True, id="equal"),
        pytest.param((0, 9), (0, 4), True, id="exactly half"),
        pytest.param((0, 4), (0, 9), True, id="exactly half, longer prediction"),
        pytest.param((0, 10), (0, 4), False, id="5 of 11"),
        pytest.param((0, 8), (3, 11), True, id="6 of 12"),
        pytest.param((0, 8), (4, 12), False, id="5 of 13"),
        pytest.param((0, 9), (10, 19), False, id="neighbours share no frame"),
        pytest.param((7, 7), (7, 7), True, id="one frame"),
        pytest.param((7, 7), (8, 8), False, id="the next frame"),
        pytest.param((7, 7), (7, 8), True, id="one frame of two"),
        pytest.param((7, 7), (6, 8), False, id="one frame of three"),
        pytest.param((0, 0), (0, 0), True, id="frame 0"),
    ],
)
def test_match_counts_inclusive_frames(true, predicted, matches):
    true_rows, pred_rows = interval_match(one(*true), one(*predicted))
    expected = [0] if matches else []
    assert_array_equal(true_rows, expected)
    assert_array_equal(pred_rows, expected)


@pytest.mark.parametrize("percent", range(1, 101))
def test_match_at_exactly_the_threshold(percent):
    threshold = float(f"{percent / 100:.2f}")
    true = one(0, 99)
    assert len(interval_match(true, one(0, percent - 1), iou_threshold=threshold)[0]) == 1
    if percent > 1:
        assert len(interval_match(true, one(0, percent - 2), iou_threshold=threshold)[0]) == 0


def test_match_at_late_frames():
    start = 2**40
    late, half, less = one(start, start + 9), one(start, start + 4), one(start, start + 3)
    assert len(interval_match(late, half)[0]) == 1
    assert len(interval_match(late, less)[0]) == 0


def test_match_needs_the_same_label():
    true_rows, _ = interval_match(one(0, 9, "macro"), one(0, 9, "micro"))
    assert len(true_rows) == 0


def test_match_is_one_to_one():
    true_rows, pred_rows = interval_match(one(0, 9), scored((0, 9, "micro"), (0, 9, "micro")))
    assert_array_equal(true_rows, [0])
    assert len(pred_rows) == 1


def test_match_finds_the_most_pairs():
    true = scored((0, 9, "micro"), (10, 19, "micro"))
    predicted = scored((0, 19, "micro"), (0, 9, "micro"))
    assert_array_equal(interval_match(true, predicted), [[0, 1], [1, 0]])
    assert_array_equal(interval_match(true, predicted[::-1]), [[0, 1], [0, 1]])


def test_match_prefers_more_pairs_to_better_pairs():
    # The better pair (IoU 1) would leave the other prediction without a match (IoU 0.5 each).
    true = scored((0, 9, "micro"), (0, 19, "micro"))
    predicted = scored((0, 9, "micro"), (0, 4, "micro"))
    true_rows, pred_rows = interval_match(true, predicted)
    assert_array_equal(true_rows, [0, 1])
    assert_array_equal(pred_rows, [1, 0])


def test_match_prefers_the_larger_iou_among_equals():
    true = one(10, 19)
    predicted = scored((12, 21, "micro"), (11, 20, "micro"), (13, 22, "micro"))
    assert_array_equal(interval_match(true, predicted), [[0], [1]])


@pytest.mark.parametrize(
    ("true", "predicted"),
    [
        (make_intervals(), make_intervals()),
        (make_intervals(), one(0, 9)),
        (one(0, 9), make_intervals()),
    ],
)
def test_match_of_empty_tables(true, predicted):
    true_rows, pred_rows = interval_match(true, predicted)
    assert true_rows.shape == pred_rows.shape == (0,)
    assert np.issubdtype(true_rows.dtype, np.integer)
    assert np.issubdtype(pred_rows.dtype, np.integer)


def test_match_leaves_tables_unchanged():
    true, predicted = one(0, 9), scored((0, 9, "micro"), (3, 5, "macro"))
    before = true.copy(), predicted.copy()
    true.flags.writeable = predicted.flags.writeable = False
    interval_match(true, predicted)
    assert_array_equal(true, before[0])
    assert_array_equal(predicted, before[1])


@settings(deadline=None)
@given(tables(), tables())
def test_match_returns_valid_pairs(true, predicted):
    true_rows, pred_rows = interval_match(true, predicted)
    assert list(true_rows) == sorted(set(true_rows))
    assert len(pred_rows) == len(set(pred_rows)) == len(true_rows)
    assert all(can_match(true[i], predicted[j]) for i, j in zip(true_rows, pred_rows))


@settings(deadline=None)
@given(tables(), tables())
def test_match_is_never_below_greedy(true, predicted):
    free = set(range(len(predicted)))
    n_greedy = 0
    for row in true:
        hits = [j for j in sorted(free) if can_match(row, predicted[j])]
        free -= set(hits[:1])
        n_greedy += bool(hits)
    assert len(interval_match(true, predicted)[0]) >= n_greedy


@settings(deadline=None)
@given(tables(max_size=4), tables(max_size=4))
def test_match_equals_brute_force(true, predicted):
    # None stands for no match.
    choices = [None] * len(true) + list(range(len(predicted)))
    best = (0, 0.0)
    for order in set(itertools.permutations(choices, len(true))):
        pairs = [(i, j) for i, j in enumerate(order) if j is not None]
        if all(can_match(true[i], predicted[j]) for i, j in pairs):
            best = max(best, (len(pairs), sum(iou(true[i], predicted[j]) for i, j in pairs)))
    rows = list(zip(*interval_match(true, predicted)))
    assert len(rows) == best[0]
    assert sum(iou(true[i], predicted[j]) for i, j in rows) == pytest.approx(best[1])


# Counts and scores


def test_counts_by_hand(videos):
    assert interval_counts(*videos) == {
        "macro": {"tp": 2, "fp": 2, "fn": 1},
        "micro": {"tp": 2, "fp": 1, "fn": 2},
    }


def test_scores_by_hand(videos):
    precision, recall, f1, support = interval_precision_recall_fscore_support(*videos)
    assert (precision, recall, f1, support) == (4 / 7, 4 / 7, 8 / 14, 7)
    assert [type(value) for value in (precision, recall, f1, support)] == [float] * 3 + [int]
    assert interval_f1_score(*videos) == 8 / 14
    assert type(interval_f1_score(*videos)) is float


def test_scores_of_each_label(videos):
    scores = interval_precision_recall_fscore_support(*videos, average=None)
    assert_array_equal(scores, [[2 / 4, 2 / 3], [2 / 3, 2 / 4], [4 / 7, 4 / 7], [3, 4]])
    assert scores[3].dtype == np.int64
    assert_array_equal(interval_f1_score(*videos, average=None), scores[2])


def test_classes_select_and_order(videos):
    assert list(interval_counts(*videos, classes=["micro", "macro"])) == ["micro", "macro"]
    assert interval_counts(*videos, classes=("micro",)) == {"micro": {"tp": 2, "fp": 1, "fn": 2}}
    _, recall, _, support = interval_precision_recall_fscore_support(
        *videos, classes=np.array(["micro", "macro"]), average=None
    )
    assert_array_equal(recall, [2 / 4, 2 / 3])
    assert_array_equal(support, [4, 3])
    assert interval_f1_score(*videos, classes=["macro"]) == 4 / 7


def test_threshold_changes_counts(videos):
    assert interval_counts(*videos, iou_threshold=1.0)["micro"] == {"tp": 1, "fp": 2, "fn": 3}
    assert interval_counts(*videos, iou_threshold=0.15)["micro"] == {"tp": 3, "fp": 0, "fn": 1}


def test_every_video_counts(videos):
    y_true, y_pred = videos
    without = interval_counts(y_true[:3] + y_true[4:], y_pred[:3] + y_pred[4:])
    assert interval_counts(y_true, y_pred)["macro"]["fp"] == without["macro"]["fp"] + 1


def test_intervals_of_different_videos_do_not_match():
    counts = interval_counts([one(0, 9), make_intervals()], [make_intervals(), one(0, 9)])
    assert counts["micro"] == {"tp": 0, "fp": 1, "fn": 1}


@pytest.mark.parametrize("zero_division", [0.0, 1.0, math.nan])
def test_zero_division(zero_division):
    nothing, something = [make_intervals()], [one(0, 9)]

    def scores(y_true, y_pred):
        return interval_precision_recall_fscore_support(y_true, y_pred, zero_division=zero_division)

    assert_array_equal(scores(nothing, nothing), [zero_division] * 3 + [0])
    assert_array_equal(scores(something, nothing), [zero_division, 0, 0, 1])
    assert_array_equal(scores(nothing, something), [0, zero_division, 0, 0])
    assert_array_equal(
        interval_f1_score(something, something, average=None, zero_division=zero_division),
        [zero_division, 1],
    )


def test_zero_division_is_silently_zero_by_default(recwarn):
    assert interval_f1_score([make_intervals()], [make_intervals()]) == 0.0
    assert not recwarn.list


def test_beta_changes_fscore(videos):
    micro = {"classes": ["micro"]}
    precision, recall, f2, _ = interval_precision_recall_fscore_support(*videos, beta=2, **micro)
    assert f2 == pytest.approx(5 * precision * recall / (4 * precision + recall))
    zero = interval_precision_recall_fscore_support(*videos, beta=0, **micro)
    assert zero[2] == precision
    infinite = interval_precision_recall_fscore_support(*videos, beta=math.inf, **micro)
    assert infinite[2] == recall


@settings(deadline=None)
@given(
    st.tuples(*[st.integers(0, 9)] * 3).filter(any),
    st.sampled_from([0, 0.5, 1.0, 2, math.inf]),
    st.sampled_from([0.0, 1.0, math.nan]),
)
def test_scores_divide_as_scikit_learn(counts, beta, zero_division):
    tp, fp, fn = counts
    expected = precision_recall_fscore_support(
        [1] * tp + [0] * fp + [1] * fn,
        [1] * tp + [1] * fp + [0] * fn,
        beta=beta,
        labels=[1],
        average=None,
        zero_division=zero_division,
    )
    scores = score_counts(*counts, beta=beta, zero_division=zero_division)
    assert scores == pytest.approx([value.item() for value in expected[:3]], nan_ok=True)


@settings(deadline=None)
@given(table_pairs())
def test_swapping_truth_and_prediction_swaps_precision_and_recall(pair):
    y_true, y_pred = pair
    precision, recall, f1, _ = interval_precision_recall_fscore_support(y_true, y_pred)
    swapped = interval_precision_recall_fscore_support(y_pred, y_true)
    assert swapped[:3] == (recall, precision, f1)


@settings(deadline=None)
@given(table_pairs())
def test_counts_add_up(pair):
    y_true, y_pred = pair
    for label, count in interval_counts(y_true, y_pred).items():
        n_true, n_pred = (sum(sum(t["label"] == label) for t in y) for y in (y_true, y_pred))
        assert count["tp"] + count["fn"] == n_true
        assert count["tp"] + count["fp"] == n_pred
        assert min(count.values()) >= 0


@settings(deadline=None)
@given(table_pairs())
def test_counts_are_sums_over_videos(pair):
    pooled = interval_counts(*pair)
    single = [interval_counts([true], [predicted]) for true, predicted in zip(*pair)]
    for label, count in pooled.items():
        assert count == {kind: sum(s[label][kind] for s in single) for kind in count}


@settings(deadline=None)
@given(table_pairs())
def test_a_video_without_intervals_changes_nothing(pair):
    y_true, y_pred = pair
    empty = [make_intervals()]
    assert interval_counts(y_true + empty, y_pred + empty) == interval_counts(y_true, y_pred)


@settings(deadline=None)
@given(table_pairs(), st.randoms(use_true_random=False))
def test_order_of_intervals_changes_nothing(pair, random):
    shuffled = [[table[random.sample(range(len(table)), len(table))] for table in y] for y in pair]
    assert interval_counts(*shuffled) == interval_counts(*pair)


@settings(deadline=None)
@given(table_pairs())
def test_a_perfect_prediction_scores_one(pair):
    y_true, _ = pair
    n_intervals = sum(map(len, y_true))
    scores = interval_precision_recall_fscore_support(y_true, y_true, iou_threshold=1.0)
    assert scores == ((1.0, 1.0, 1.0, n_intervals) if n_intervals else (0.0, 0.0, 0.0, 0))


@pytest.mark.parametrize("container", [list, tuple, pd.Series, as_object_array])
def test_containers(videos, container):
    y_true, y_pred = videos
    assert interval_f1_score(container(y_true), container(y_pred)) == 8 / 14


def test_series_fold_with_its_old_index(videos):
    y_true, y_pred = (pd.Series(y)[3:] for y in videos)
    assert interval_counts(y_true, y_pred)["macro"] == {"tp": 0, "fp": 1, "fn": 1}


def test_reference_results(golden):
    y_true, y_pred = (
        [scored(*((on, off, "micro") for on, off in video[key])) for video in golden["videos"]]
        for key in ("y_true", "y_pred")
    )
    for true, predicted, video in zip(y_true, y_pred, golden["videos"]):
        counts = interval_counts([true], [predicted], iou_threshold=golden["iou_threshold"])
        assert counts["micro"] == {kind: video[kind] for kind in ("tp", "fp", "fn")}
    pooled = golden["pooled"]
    counts = interval_counts(y_true, y_pred)["micro"]
    assert counts == {kind: pooled[kind] for kind in ("tp", "fp", "fn")}
    scores = interval_precision_recall_fscore_support(y_true, y_pred)[:3]
    assert scores == tuple(pooled[name] for name in ("precision", "recall", "f1"))


# Refusals


def test_different_numbers_of_videos_are_refused(videos):
    y_true, y_pred = videos
    with pytest.raises(ValueError, match="y_pred.*got 5 tables for 6 videos"):
        interval_f1_score(y_true, y_pred[:5])


def test_no_video_is_refused():
    with pytest.raises(ValueError, match="y_true holds no videos"):
        interval_f1_score([], [])


@pytest.mark.parametrize(
    ("y_true", "y_pred", "message"),
    [
        (None, [one(0, 9)], "y_true must hold one interval table per video, got None"),
        ([one(0, 9)], None, "y_pred must hold one interval table per video, got None"),
        (one(0, 9), [one(0, 9)], r"y_true .* single interval table; pass \[table\]"),
        ([one(0, 9)], [[(0, 9, "micro")]], r"y_pred\[0\] must be an interval table"),
    ],
)
def test_what_is_no_collection_of_tables_is_refused(y_true, y_pred, message):
    with pytest.raises(TypeError, match=message):
        interval_counts(y_true, y_pred)


def test_invalid_interval_is_refused():
    table = one(0, 9)
    table["offset"] = -1
    with pytest.raises(ValueError, match=r"y_pred\[1\], row 0"):
        interval_counts([one(0, 9)] * 2, [one(0, 9), table])


def test_match_refuses_what_is_no_table():
    with pytest.raises(TypeError, match="y_pred_table must be an interval table"):
        interval_match(one(0, 9), [one(0, 9)])
    with pytest.raises(TypeError, match="y_true_table must be an interval table"):
        interval_match([(0, 9)], one(0, 9))


@pytest.mark.parametrize("classes", [["happy"], [], ["micro", "micro"], [0]])
def test_wrong_classes_are_refused(videos, classes):
    with pytest.raises(ValueError, match=r"classes must hold one or both of \('macro', 'micro'\)"):
        interval_f1_score(*videos, classes=classes)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("classes", "micro"),
        ("average", "micro"),
        ("average", "macro"),
        ("iou_threshold", 0),
        ("iou_threshold", 1.1),
        ("iou_threshold", math.nan),
        ("iou_threshold", "0.5"),
        ("zero_division", 0.5),
        ("zero_division", "warn"),
    ],
)
def test_wrong_options_are_refused(videos, name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of interval_f1_score must be"):
        interval_f1_score(*videos, **{name: value})


def test_negative_beta_is_refused(videos):
    with pytest.raises(ValueError, match="The 'beta' parameter"):
        interval_precision_recall_fscore_support(*videos, beta=-1)


def test_match_refuses_a_wrong_threshold():
    with pytest.raises(ValueError, match="The 'iou_threshold' parameter of interval_match"):
        interval_match(one(0, 9), one(0, 9), iou_threshold=0)
