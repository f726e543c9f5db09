import time
import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skspot.intervals import PREDICTION_DTYPE, check_intervals, make_intervals
from skspot.neural_network import SpotFormerClassifier
from skspot.neural_network._decoding import (
    PROPOSAL_DTYPE,
    decode_apexes,
    decode_boundaries,
    propose,
    suppress,
)
from skspot.neural_network._frame_scores import FRAME_SCORE_DTYPE, FrameScores, frame_scores
from skspot.preprocessing import FlowFeatures, FlowLayout
from skspot.video import FrameTimes

LENGTHS = {
    "macro": {"max_length": 59, "min_length": 16},
    "micro": {"max_length": 16, "min_length": 5},
}


@pytest.fixture(scope="module")
def reference(golden):
    return np.load(golden / "spotformer_reference.npz")


def peaks(n_frames, **frames):
    """Scores that are 0 but for the given frames: (onset, apex, offset) arrays."""
    scores = {name: np.zeros(n_frames) for name in ("onset", "apex", "offset")}
    for name, values in frames.items():
        for frame, value in values.items():
            scores[name][frame] = value
    return scores["onset"], scores["apex"], scores["offset"]


def rows(*values):
    return np.array(list(values), dtype=PROPOSAL_DTYPE)


def iou(a, b):
    shared = max(0, min(a["offset"], b["offset"]) - max(a["onset"], b["onset"]))
    union = a["offset"] - a["onset"] + b["offset"] - b["onset"] - shared
    return shared / union if union else float(a["onset"] == b["onset"])


@pytest.mark.parametrize("label", LENGTHS)
def test_reference(reference, label):
    scores = [reference[f"decode/{name}_score"] for name in ("onset", "apex", "offset")]
    proposals = propose(*scores, **LENGTHS[label])
    for got, name in ((proposals, "proposals"), (suppress(proposals), "kept")):
        expected = reference[f"decode/{label}/{name}"]
        assert len(got) == len(expected)
        for column, field in enumerate(PROPOSAL_DTYPE.names):
            np.testing.assert_array_equal(got[field], expected[:, column])


def test_propose_by_hand():
    scores = peaks(40, onset={14: 0.5, 16: 0.9}, apex={20: 0.8}, offset={25: 0.6, 29: 0.7})
    # The onset lies 2 to 8 frames before the apex, the offset 2 to 8 after: 29 is too far.
    (proposal,) = propose(*scores, **LENGTHS["micro"])
    assert tuple(proposal)[:3] == (16, 20, 25)
    assert proposal["score"] == pytest.approx(0.9 * 0.8 * 0.6)


@pytest.mark.parametrize(("distance", "found"), [(1, False), (2, True), (8, True), (9, False)])
def test_search_range_includes_both_its_ends(distance, found):
    scores = peaks(60, onset={30 - distance: 1}, apex={30: 1}, offset={30 + distance: 1})
    assert len(propose(*scores, **LENGTHS["micro"])) == found


def test_nearest_of_equal_maxima_is_taken():
    scores = peaks(60, onset={23: 0.5, 26: 0.5}, apex={30: 1}, offset={34: 0.5, 37: 0.5})
    (proposal,) = propose(*scores, **LENGTHS["micro"])
    assert tuple(proposal)[:3] == (26, 30, 34)


def test_frames_are_clipped_to_the_video():
    scores = peaks(4, onset={0: 1}, apex={1: 1}, offset={3: 1})
    (proposal,) = propose(*scores, **LENGTHS["macro"])
    assert tuple(proposal)[:3] == (0, 1, 3)


def test_dropped_where_the_other_boundary_is_likelier():
    onset, apex, offset = peaks(40, onset={15: 0.6}, apex={20: 1}, offset={25: 0.6})
    assert len(propose(onset, apex, offset, **LENGTHS["micro"])) == 1
    likelier = offset.copy()
    likelier[15] = 0.6
    assert len(propose(onset, apex, likelier, **LENGTHS["micro"])) == 0
    likelier = onset.copy()
    likelier[25] = 0.6
    assert len(propose(likelier, apex, offset, **LENGTHS["micro"])) == 0


def test_apex_threshold_is_exclusive():
    scores = peaks(40, onset={15: 1}, apex={20: 0.5}, offset={25: 1})
    assert len(propose(*scores, **LENGTHS["micro"])) == 0
    assert len(propose(*scores, **LENGTHS["micro"], apex_threshold=0.49)) == 1


def test_propose_refuses_unequal_lengths_and_options_out_of_range():
    with pytest.raises(ValueError, match=r"\(3,\), \(3,\) and \(4,\)"):
        propose(np.ones(3), np.ones(3), np.ones(4), max_length=4, min_length=2)
    with pytest.raises(ValueError, match="min_length=6 and max_length=4"):
        propose(np.ones(3), np.ones(3), np.ones(3), max_length=4, min_length=6)


def test_suppress_by_hand():
    # 10-20 and 14-24 share 6 of 14; 10-20 and 12-22 share 8 of 12.
    proposals = rows((10, 15, 20, 0.9), (12, 15, 22, 0.8), (14, 15, 24, 0.7), (50, 55, 60, 0.1))
    np.testing.assert_array_equal(suppress(proposals), proposals[[0, 2, 3]])
    np.testing.assert_array_equal(suppress(proposals, iou_threshold=0.7), proposals)
    np.testing.assert_array_equal(suppress(proposals, iou_threshold=0.3), proposals[[0, 3]])


def test_a_suppressed_interval_suppresses_nothing():
    proposals = rows((10, 15, 20, 0.9), (12, 17, 22, 0.8), (14, 19, 24, 0.7))
    np.testing.assert_array_equal(suppress(proposals), proposals[[0, 2]])


def test_overlap_of_exactly_the_threshold_stays():
    proposals = rows((0, 5, 9, 0.9), (3, 5, 12, 0.8))
    assert len(suppress(proposals)) == 2


def test_first_of_equal_scores_is_better_in_any_order():
    proposals = rows((10, 15, 20, 0.5), (11, 15, 20, 0.5))
    assert suppress(proposals)["onset"].tolist() == [10]
    assert suppress(proposals[::-1])["onset"].tolist() == [11]


def test_intervals_of_one_frame():
    proposals = rows((10, 10, 10, 0.9), (10, 10, 10, 0.8), (11, 11, 11, 0.7), (5, 10, 15, 0.6))
    assert suppress(proposals)["score"].tolist() == [0.9, 0.7, 0.6]


def test_max_intervals():
    proposals = rows(*((50 * i, 50 * i + 5, 50 * i + 9, 1 - i / 100) for i in range(20)))
    assert len(suppress(proposals)) == 5
    assert len(suppress(proposals, max_intervals=0)) == 0
    np.testing.assert_array_equal(suppress(proposals, max_intervals=None), proposals)


def test_suppress_nothing():
    assert suppress(rows()).shape == (0,)


def test_suppress_refuses_negative_options():
    with pytest.raises(ValueError, match="iou_threshold=-1"):
        suppress(rows(), iou_threshold=-1)
    with pytest.raises(ValueError, match="max_intervals=-1"):
        suppress(rows(), max_intervals=-1)


@settings(max_examples=50)
@given(
    scores=arrays(np.float64, st.tuples(st.just(3), st.integers(1, 150)), elements=st.floats(0, 1)),
    label=st.sampled_from(sorted(LENGTHS)),
    threshold=st.floats(0, 0.9),
)
def test_properties(scores, label, threshold):
    n_frames = scores.shape[1]
    proposals = propose(*scores, **LENGTHS[label], apex_threshold=threshold)
    assert (proposals["onset"] >= 0).all()
    assert (proposals["offset"] < n_frames).all()
    assert (proposals["onset"] <= proposals["apex"]).all()
    assert (proposals["apex"] <= proposals["offset"]).all()
    kept = suppress(proposals, max_intervals=None)
    for i, a in enumerate(kept):
        assert all(iou(a, b) <= 0.5 for b in kept[i + 1 :])
    # Whatever was dropped overlaps something at least as good that was kept.
    for proposal in proposals:
        assert any(
            k["score"] >= proposal["score"] and (k == proposal or iou(k, proposal) > 0.5)
            for k in kept
        )
    np.testing.assert_array_equal(suppress(proposals, max_intervals=3), kept[:3])


def planted(n_frames=200):
    """Frame scores with one micro- and one macro-expression."""
    scores = np.zeros(n_frames, dtype=FRAME_SCORE_DTYPE)
    for label, frames in (("micro", (100, 104, 109)), ("macro", (20, 35, 55))):
        for name, frame in zip(("onset", "apex", "offset"), frames):
            scores[f"{label}_{name}"][frame] = 0.9
    return scores


def test_decode_apexes():
    intervals = decode_apexes(planted())
    assert intervals.dtype == PREDICTION_DTYPE
    assert intervals[["onset", "apex", "offset", "label"]].tolist() == [
        (20, 35, 55, "macro"),
        (100, 104, 109, "micro"),
    ]
    np.testing.assert_allclose(intervals["score"], 0.9**3, rtol=1e-6)
    check_intervals(intervals, n_frames=200, allow_overlap=True)


@pytest.mark.parametrize(
    ("option", "left"),
    [
        ({"micro_max_length": 8 / 30}, ["macro"]),
        ({"macro_max_length": 1.0}, ["micro"]),
        ({"micro_min_length": 0.4}, ["macro"]),
        ({"macro_min_length": 40 / 30}, ["micro"]),
        ({"micro_apex_threshold": 0.95}, ["macro"]),
        ({"macro_apex_threshold": 0.95}, ["micro"]),
        ({"max_intervals": 0}, []),
    ],
    ids=lambda value: str(value),
)
def test_each_option_of_decode_apexes(option, left):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what max_intervals drops
        assert decode_apexes(planted(), **option)["label"].tolist() == left


def test_what_a_limit_drops_is_said():
    scores = np.zeros(2000, dtype=FRAME_SCORE_DTYPE)
    for apex in range(20, 1920, 20):
        for name, frame in (("onset", apex - 4), ("apex", apex), ("offset", apex + 4)):
            scores[f"micro_{name}"][frame] = 0.9
    assert len(decode_apexes(scores)) == 95
    with pytest.warns(UserWarning, match="max_intervals=5 drops 90 of 95 micro-expressions"):
        assert len(decode_apexes(scores, max_intervals=5)) == 5


@pytest.mark.parametrize("decode", [decode_apexes, decode_boundaries])
@pytest.mark.parametrize("fps", [25, 60, 200])
def test_lengths_are_seconds_at_any_rate(decode, fps):
    """The same scores, shown faster or slower, with each frame repeated, give the same seconds."""
    seconds = {"micro": (3.0, 3.2, 3.4), "macro": (1.0, 1.6, 2.2)}
    scores = np.zeros(5 * fps, dtype=FRAME_SCORE_DTYPE)
    for label, times in seconds.items():
        onset, apex, offset = (round(time * fps) for time in times)
        for name, frame in (("onset", onset), ("apex", apex), ("offset", offset)):
            scores[f"{label}_{name}"][frame] = 0.9
        scores[f"{label}_expression"][onset : offset + 1] = 0.9
    timed = FrameScores(scores, FrameTimes(np.arange(5 * fps) / fps))
    for found in (decode(scores, fps=fps), decode(timed)):
        assert found["label"].tolist() == ["macro", "micro"]
        for row, times in zip(found, (seconds["macro"], seconds["micro"])):
            frames = [row[name] / fps for name in ("onset", "apex", "offset")]
            np.testing.assert_allclose(frames, times, atol=1 / fps)
    assert len(decode(scores, fps=10 * fps)) == 0  # all too short then


def test_decode_apexes_passes_the_overlap_threshold_on():
    scores = planted()
    scores["macro_apex"][38] = 0.8
    assert len(decode_apexes(scores)) == 2
    assert len(decode_apexes(scores, iou_threshold=1.0)) == 3


def test_decode_nothing():
    intervals = decode_apexes(np.zeros(0, dtype=FRAME_SCORE_DTYPE))
    assert intervals.shape == (0,)
    assert intervals.dtype == PREDICTION_DTYPE
    assert len(decode_apexes(np.zeros(10, dtype=FRAME_SCORE_DTYPE))) == 0


def test_decode_refuses_other_scores():
    with pytest.raises(TypeError, match="frame_scores"):
        decode_apexes(np.zeros((10, 8)))
    with pytest.raises(TypeError, match="list"):
        decode_apexes([1, 2])


def test_long_video_decodes_in_seconds():
    rng = np.random.default_rng(0)
    scores = np.empty(100_000, dtype=FRAME_SCORE_DTYPE)
    for name in scores.dtype.names:
        scores[name] = rng.random(len(scores))
    start = time.process_time()
    decode_apexes(scores, max_intervals=None)
    # Far more candidates than any real video has: 0.4 s where this was written.
    assert time.process_time() - start < 10


def test_frame_scores():
    logits = np.random.default_rng(0).normal(size=(6, 10))
    scores = frame_scores(logits)
    assert list(pd.DataFrame(scores).columns) == list(FRAME_SCORE_DTYPE.names)
    shares = np.exp(logits[:, 3:6]) / np.exp(logits[:, 3:6]).sum(1, keepdims=True)
    np.testing.assert_allclose(scores["macro_onset"], shares[:, 0], rtol=1e-5)
    np.testing.assert_allclose(scores["macro_offset"], shares[:, 1], rtol=1e-5)
    for column, name in ((6, "micro_apex"), (7, "macro_apex"), (8, "micro_expression")):
        np.testing.assert_allclose(scores[name], 1 / (1 + np.exp(-logits[:, column])), rtol=1e-5)


def test_frame_scores_of_extreme_logits_are_finite():
    scores = frame_scores(np.array([[1e4, -1e4, 0, 0, 0, 1e4, 1e4, -1e4, 0, 0]]))
    values = np.array(scores[0].tolist())
    assert np.isfinite(values).all()
    assert scores["micro_onset"] == scores["micro_apex"] == 1
    assert scores["macro_apex"] == 0


def test_frame_scores_refuses_other_shapes():
    with pytest.raises(ValueError, match=r"\(n_frames, 10\), got \(10,\)"):
        frame_scores(np.zeros(10))


def boundary_scores(n_frames, intervals, label="macro", expression=1.0):
    """Return scores with peaks at the boundaries and apexes of (onset, apex, offset, score)."""
    scores = np.zeros(n_frames, dtype=FRAME_SCORE_DTYPE)
    for onset, apex, offset, score in intervals:
        scores[f"{label}_onset"][onset] = score
        scores[f"{label}_apex"][apex] = 1
        scores[f"{label}_offset"][offset] = 1
        scores[f"{label}_expression"][onset : offset + 1] = expression
    return scores


decode_as_it_is = partial(decode_boundaries, smoothing=0)


class TestDecodeBoundaries:
    def test_finds_what_the_paper_cannot(self):
        truth = [
            (10, 30, 109, 0.9),
            (120, 130, 150, 0.8),
            *((160 + 20 * i, 165 + 20 * i, 174 + 20 * i, 0.7) for i in range(6)),
        ]
        scores = boundary_scores(300, truth)
        spotted = decode_as_it_is(scores)
        assert spotted[["onset", "apex", "offset"]].tolist() == [t[:3] for t in truth]
        np.testing.assert_allclose(spotted["score"], [t[3] ** 0.5 for t in truth], rtol=1e-6)
        paper = decode_apexes(scores)
        assert len(paper) == 6
        assert 109 not in paper["offset"]

    def test_score_is_the_product_of_four(self):
        scores = boundary_scores(60, [(10, 15, 29, 0.5)], expression=0.4)
        scores["macro_offset"][29] = 0.8
        scores["macro_apex"][15] = 0.6
        spotted = decode_as_it_is(scores)
        expected = (0.5 * 0.8) ** 0.5 * 0.6 * 0.4
        np.testing.assert_allclose(spotted["score"], expected, rtol=1e-6)

    def test_expression_beside_an_interval_counts_against_it(self):
        scores = boundary_scores(60, [(20, 24, 29, 1.0)], label="micro")
        scores["micro_expression"][[18, 30, 31, 40]] = 0.5
        assert decode_as_it_is(scores)["score"] == pytest.approx([1 - 1.5 / 8])
        assert decode_as_it_is(scores, micro_flank=2 / 30)["score"] == pytest.approx([1 - 1.5 / 4])
        assert decode_as_it_is(scores, micro_flank=0)["score"] == pytest.approx([1])
        at_the_start = boundary_scores(40, [(1, 4, 9, 1.0)], label="micro")
        at_the_start["micro_expression"][0] = 0.5
        assert decode_as_it_is(at_the_start)["score"] == pytest.approx([1 - 0.5 / 5])

    def test_neutral_frames_between_count_against_a_pair(self):
        # Onset of the first with the offset of the second would span the neutral gap.
        scores = boundary_scores(100, [(10, 20, 30, 1.0), (60, 70, 80, 1.0)])
        assert decode_as_it_is(scores)[["onset", "offset"]].tolist() == [(10, 30), (60, 80)]

    @pytest.mark.parametrize(("length", "found"), [(4, 0), (5, 1), (16, 1), (17, 0)])
    def test_lengths_are_inclusive(self, length, found):
        scores = boundary_scores(60, [(20, 21, 20 + length - 1, 1.0)], label="micro")
        assert len(decode_as_it_is(scores)) == found

    def test_ends_of_the_video_are_peaks_too(self):
        scores = boundary_scores(40, [(0, 5, 39, 1.0)])
        assert decode_as_it_is(scores)[["onset", "offset"]].tolist() == [(0, 39)]

    def test_low_peaks_are_not_looked_at(self):
        scores = boundary_scores(60, [(10, 20, 30, 0.2)])
        assert len(decode_as_it_is(scores, peak_threshold=0.3)) == 0
        assert len(decode_as_it_is(scores, peak_threshold=0.1)) == 1

    def test_overlap_is_dropped_unless_allowed(self):
        scores = boundary_scores(100, [(10, 20, 40, 0.9), (35, 45, 60, 0.8)])
        assert decode_as_it_is(scores)[["onset", "offset"]][0].tolist() == (10, 40)
        kept = decode_as_it_is(scores, iou_threshold=0.3)
        assert {(10, 40), (35, 60)} <= {(i["onset"], i["offset"]) for i in kept}

    @given(st.integers(0, 2**32 - 1), st.integers(0, 50))
    @settings(deadline=None, max_examples=30)
    def test_agrees_with_all_pairs(self, seed, flank):
        rng = np.random.default_rng(seed)
        scores = np.zeros(40, dtype=FRAME_SCORE_DTYPE)
        for name in FRAME_SCORE_DTYPE.names:
            scores[name] = rng.random(40).round(2)
        onset, apex, offset, expression = (
            scores[f"macro_{name}"].astype(float)
            for name in ("onset", "apex", "offset", "expression")
        )

        def score(i, j):
            beside = [*expression[max(0, i - flank) : i], *expression[j + 1 : j + 1 + flank]]
            inside = expression[i : j + 1].mean()
            contrast = inside * (1 - np.mean(beside)) if beside else inside
            return np.sqrt(onset[i] * offset[j]) * apex[i : j + 1].max() * contrast

        best = decode_as_it_is(
            scores, fps=1, macro_lengths=(3, 25), micro_lengths=(1, 1), macro_flank=flank
        )
        best = best[best["label"] == "macro"]
        top = max(score(i, j) for i in range(40) for j in range(i + 2, min(i + 25, 40)))
        assert best["score"].max() <= top + 1e-6
        for row in best:
            i, j = row["onset"], row["offset"]
            assert apex[row["apex"]] == apex[i : j + 1].max()
            np.testing.assert_allclose(row["score"], score(i, j), rtol=1e-5)
        check_intervals(best, n_frames=40, allow_overlap=True)

    def test_long_video_is_quick(self):
        scores = np.zeros(100_000, dtype=FRAME_SCORE_DTYPE)
        rng = np.random.default_rng(0)
        for name in FRAME_SCORE_DTYPE.names:
            scores[name] = rng.random(100_000)
        assert len(decode_as_it_is(scores)) > 1000

    def test_nothing_to_find(self):
        for n_frames in (0, 1, 50):
            spotted = decode_as_it_is(np.zeros(n_frames, dtype=FRAME_SCORE_DTYPE))
            assert len(spotted) == 0
            assert spotted.dtype == PREDICTION_DTYPE

    @pytest.mark.parametrize("lengths", [(0, 5), (6, 5), (5,), ("a", 5), [1, 2, 3]])
    def test_wrong_lengths(self, lengths):
        with pytest.raises(ValueError, match="micro_lengths must be"):
            decode_as_it_is(np.zeros(9, FRAME_SCORE_DTYPE), micro_lengths=lengths)

    def test_smoothing(self):
        scores = boundary_scores(80, [(20, 40, 59, 1.0)])
        peak = 1 / np.sqrt(2 * np.pi)  # of the Gaussian that one frame becomes
        expression = decode_as_it_is(scores)["score"]
        (smoothed,) = decode_boundaries(scores)
        assert smoothed["score"] == pytest.approx(peak**2 * expression[0], rel=0.03)
        assert (smoothed["onset"], smoothed["apex"], smoothed["offset"]) == (20, 40, 59)
        jagged = scores.copy()  # two peaks one frame apart are one
        jagged["macro_onset"][[18, 20]] = 0.6, 0.6
        assert decode_boundaries(jagged, iou_threshold=1)["onset"].tolist() == [19]
        assert set(decode_as_it_is(jagged, iou_threshold=1)["onset"]) == {18, 20}

    def test_the_scores_are_left_alone(self):
        scores = boundary_scores(80, [(20, 40, 59, 1.0)])
        before = scores.copy()
        decode_boundaries(scores)
        np.testing.assert_array_equal(scores, before)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("micro_flank", -1),
            ("macro_flank", "2"),
            ("fps", 0),
            ("smoothing", -1),
            ("peak_threshold", 2),
        ],
    )
    def test_options_out_of_range(self, name, value):
        with pytest.raises(ValueError, match=f"The '{name}' parameter of decode_boundaries"):
            decode_boundaries(np.zeros(9, FRAME_SCORE_DTYPE), **{name: value})

    def test_wrong_scores(self):
        with pytest.raises(TypeError, match="FRAME_SCORE_DTYPE"):
            decode_as_it_is(np.zeros(9))


# -- the distance from neutral ---------------------------------------------------------------------


def two_expressions():
    """Return scores that show two expressions and, as strongly, one that spans both."""
    scores = np.zeros(200, dtype=FRAME_SCORE_DTYPE)
    scores["macro_onset"][[20, 90]] = 0.9, 0.6
    scores["macro_offset"][[70, 140]] = 0.6, 0.9
    scores["macro_apex"][[40, 110]] = 0.9
    scores["macro_expression"][20:141] = 0.9
    return scores


def decoded(scores, distance, **options):
    timed = FrameScores(scores, FrameTimes(np.arange(len(scores)) / 30), distance)
    return decode_boundaries(timed, smoothing=0, **options)


def away(*stretches, n_frames=200, brief=None):
    distance = np.full(n_frames, 0.2)
    for start, stop in stretches:
        distance[start:stop] = 5
    if brief is not None:
        distance[brief] = 0.2
    return distance


def test_an_interval_ends_where_the_face_is_back():
    scores = two_expressions()
    one = [(20, 140)]
    assert decoded(scores, None)[["onset", "offset"]].tolist() == one
    assert decoded(scores, away((25, 135)))[["onset", "offset"]].tolist() == one
    two = [(20, 70), (90, 140)]
    assert decoded(scores, away((25, 66), (94, 136)))[["onset", "offset"]].tolist() == two
    assert decoded(scores, away(), neutral_level=0)[["onset", "offset"]].tolist() == one


def test_what_is_brief_or_unknown_is_no_return():
    scores = two_expressions()
    one = decoded(scores, None)
    blink = away((25, 135), brief=slice(80, 81))
    np.testing.assert_array_equal(decoded(scores, blink), one)
    unknown = away((25, 66), (94, 136))
    unknown[66:94] = np.nan
    found = decoded(scores, unknown, macro_lengths=(3, 10))
    assert found[["onset", "offset"]].tolist() == [(20, 140)]
    # The score is lower as far as it rests on frames that are not known.
    np.testing.assert_allclose(found["score"], one["score"] * (1 - 28 / 121))
    np.testing.assert_array_equal(decoded(scores, np.full(200, np.nan)), one)


def test_the_score_falls_with_the_distance():
    scores = two_expressions()
    whole = decoded(scores, None, macro_lengths=(3, 10))["score"]
    for inside, share in ((5, 1), (2, 0.8), (1, 0.4), (0, 0)):
        distance = away((20, 141))
        distance[70:91] = inside
        found = decoded(scores, distance, macro_lengths=(3, 10))["score"]
        np.testing.assert_allclose(found, whole * share)


def test_micro_expressions_do_not_depend_on_it():
    scores = planted()
    scores["micro_expression"][100:110] = 0.9
    with_it, without = (decoded(scores, distance) for distance in (away(), None))
    with_it, without = (table[table["label"] == "micro"] for table in (with_it, without))
    assert with_it["score"] > 0.7
    np.testing.assert_array_equal(with_it, without)


@pytest.mark.parametrize("seconds", [5, 20, 29])
def test_holds_of_many_seconds(seconds):
    n_frames = 30 * 40
    scores = np.zeros(n_frames, dtype=FRAME_SCORE_DTYPE)
    stop = 50 + 30 * seconds
    scores["macro_onset"][50] = scores["macro_apex"][70] = scores["macro_offset"][stop] = 0.9
    scores["macro_expression"][50 : stop + 1] = 0.5
    held = away((55, stop - 5), n_frames=n_frames)
    assert decoded(scores, held)[["onset", "offset"]].tolist() == [(50, stop)]
    # Without the distance, it might as well be several expressions.
    assert len(decoded(scores, None)) == len(decoded(scores, held, neutral_level=0)) == 0
    long = decoded(scores, None, macro_lengths=(1, 30))
    assert long[["onset", "offset"]].tolist() == [(50, stop)]


def test_scores_contain_the_distance_of_features_that_have_it():
    layout = FlowLayout(resolutions=("window", "neutral"))
    values = np.random.default_rng(0).normal(size=(60, *layout.shape)).astype(np.float32)
    video = FlowFeatures(layout, np.ones(60, bool), np.arange(60) / 30, values)
    table = make_intervals([(20, 40, "macro")])
    spotter = SpotFormerClassifier(max_epochs=1, random_state=0).fit([video], [table])
    (scores,) = spotter.predict_scores([video])
    np.testing.assert_array_equal(scores.distance, video.distance_from_neutral())
    spotter.fit([values], [table])
    assert spotter.predict_scores([values])[0].distance is None
