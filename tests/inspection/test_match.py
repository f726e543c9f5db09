"""Tests of the picture of hits and misses."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from numpy.testing import assert_allclose, assert_array_equal

from skspot import make_intervals
from skspot.inspection import MatchDisplay
from skspot.metrics import interval_counts
from skspot.spotting import BaseSpotter
from tests.conftest import align_exactly

# The first is hit with an IoU of 8 / 12, the second missed with 20 / 60; the third stands alone.
TRUE = make_intervals([(10, 19, "micro"), (40, 79, "macro"), (100, 109, "micro")])
PREDICTED = make_intervals([(60, 99, "macro"), (12, 21, "micro"), (130, 139, "macro")])
TIMES = np.arange(150) / 25


def draw(y_true=TRUE, y_pred=PREDICTED, **options):
    return MatchDisplay.from_predictions(y_true, y_pred, **options)


def bars(ax):
    """Return (start, end, bottom, top, hatch, filled) of each bar; y points down."""
    return sorted(
        (
            bar.get_x(),
            bar.get_x() + bar.get_width(),
            round(bar.get_y(), 3),
            round(bar.get_y() + bar.get_height(), 3),
            bar.get_hatch(),
            bar.get_facecolor()[:3] != (1, 1, 1),
        )
        for bar in ax.patches
    )


def lines(ax, label):
    return [line.get_xydata().tolist() for line in ax.lines if line.get_label() == label]


def texts(ax):
    return {text.get_text(): text.get_position() for text in ax.texts}


def key(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_bars():
    """Truth lies above the middle of the row; only hits are filled, only false alarms hatched."""
    assert bars(draw().ax_) == [
        (10, 20, -0.3, -0.13, None, True),
        (12, 22, 0.13, 0.3, None, True),
        (40, 80, -0.41, -0.13, None, False),
        (60, 100, 0.13, 0.41, "xxxx", False),
        (100, 110, -0.3, -0.13, None, False),
        (130, 140, 0.13, 0.41, "xxxx", False),
    ]


def test_markers_distinguish_misses_from_false_alarms():
    ax = draw().ax_
    assert_allclose(lines(ax, "miss"), [[[60, -0.27]], [[105, -0.215]]])
    assert_allclose(sorted(lines(ax, "false alarm")), [[[80, 0.27]], [[135, 0.27]]])
    markers = {line.get_label(): line.get_marker() for line in ax.lines}
    assert len({markers["miss"], markers["false alarm"], "None"}) == 3


def test_lines_and_numbers():
    ax = draw().ax_
    assert_allclose(lines(ax, "hit"), [[[15, -0.13], [17, 0.13]]])
    assert_allclose(lines(ax, "near miss"), [[[60, -0.13], [80, 0.13]]])
    assert texts(ax) == {"0.66": (16, 0), "0.33": (70, 0)}
    styles = {line.get_label(): line.get_linestyle() for line in ax.lines}
    assert styles["hit"] != styles["near miss"]


def test_the_key_counts():
    ax = draw().ax_
    counts = ["hit (1)", "miss (2)", "false alarm (2)", "near miss (1)"]
    assert key(ax) == ["macro (high bars)", "micro (low bars)", *counts]
    assert "IoU ≥ 0.5" in ax.get_legend().get_title().get_text()
    assert key(draw(iou_threshold=0.3).ax_)[2:] == [
        "hit (2)",
        "miss (1)",
        "false alarm (1)",
        "near miss (0)",
    ]


def test_classes_differ_in_grey():
    colours = [
        to_rgb(handle.get_facecolor()) for handle in draw().ax_.get_legend().legend_handles[:2]
    ]
    macro, micro = (np.dot(colour, [0.299, 0.587, 0.114]) for colour in colours)
    assert abs(macro - micro) > 0.1


def test_an_iou_below_the_threshold_is_not_rounded_up_to_it():
    """100 of 201 frames are 0.4975: no hit, and so not "0.50"."""
    display = draw(make_intervals([(0, 149, "macro")]), make_intervals([(50, 200, "macro")]))
    assert display.pairs[0].tolist() == [(0, 0, 100 / 201, False)]
    assert list(texts(display.ax_)) == ["0.49"]


def test_other_classes_are_no_partners():
    display = draw(make_intervals([(0, 9, "macro")]), make_intervals([(0, 9, "micro")]))
    assert len(display.pairs[0]) == 0
    assert key(display.ax_)[2:] == ["hit (0)", "miss (1)", "false alarm (1)", "near miss (0)"]


def test_a_second_prediction_of_a_hit_shows_its_iou():
    predicted = make_intervals([(0, 0, 9, "macro", 0.9), (0, 0, 7, "macro", 0.8)])
    display = draw(make_intervals([(0, 9, "macro")]), predicted)
    assert display.pairs[0].tolist() == [(0, 0, 1.0, True), (0, 1, 0.8, False)]


intervals = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 20), st.sampled_from(["macro", "micro"])),
    max_size=6,
).map(lambda rows: make_intervals([(first, first, first + n, k, 0.5) for first, n, k in rows]))


@settings(max_examples=25, deadline=None)
@given(tables=st.lists(st.tuples(intervals, intervals), min_size=1, max_size=3))
def test_it_shows_what_is_counted(tables):
    true, predicted = zip(*tables)
    display = draw(true, predicted)
    counts = interval_counts(true, predicted)
    tp, fp, fn = (sum(count[kind] for count in counts.values()) for kind in ("tp", "fp", "fn"))
    shown = key(display.ax_)[-4:-1]
    assert shown == [f"hit ({tp})", f"miss ({fn})", f"false alarm ({fp})"]
    assert len(lines(display.ax_, "hit")) == tp
    assert len(lines(display.ax_, "miss")) == fn
    assert len(lines(display.ax_, "false alarm")) == fp
    assert len(display.ax_.patches) == 2 * tp + fp + fn
    plt.close("all")


def test_many_videos_are_rows_from_top_to_bottom():
    display = draw([TRUE, make_intervals(), TRUE], [PREDICTED, PREDICTED, make_intervals()])
    ax = display.ax_
    assert [label.get_text() for label in ax.get_yticklabels()] == ["video 0", "video 1", "video 2"]
    assert ax.get_ylim() == (2.5, -0.5)
    per_row = np.bincount([round((bar[2] + bar[3]) / 2) for bar in bars(ax)], minlength=3)
    assert per_row.sum() == len(ax.patches)
    assert_array_equal(per_row, [6, 3, 3])
    assert key(ax)[2] == "hit (1)"


def test_numbers_only_where_there_is_room():
    true = make_intervals([(i, i + 3, "micro") for i in range(0, 800, 4)])
    display = draw(true, true)
    assert 10 < len(display.ax_.texts) < 100
    assert len(lines(display.ax_, "hit")) == 200
    many = draw([TRUE] * 20, [PREDICTED] * 20)
    assert len(many.ax_.texts) == 40
    _, ax = plt.subplots(figsize=(5, 2))
    assert len(draw([TRUE] * 20, [PREDICTED] * 20, ax=ax).ax_.texts) == 0


def test_time():
    ax = draw(timestamps=TIMES, names="interview.mp4").ax_
    assert ax.get_xlabel() == "time in seconds"
    assert bars(ax)[0][:2] == (TIMES[10], TIMES[20])
    assert [child.get_xlabel() for child in ax.child_axes] == ["frame"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["interview.mp4"]


def test_times_of_several_videos():
    """Each has its own; frames would not be the same in all, and are not drawn."""
    display = draw(
        [TRUE, TRUE], [PREDICTED] * 2, timestamps=[TIMES, 2 * TIMES + 1], names=["a", "b"]
    )
    ax = display.ax_
    assert ax.child_axes == []
    assert (TIMES[10], TIMES[20]) in [bar[:2] for bar in bars(ax)]
    assert (1 + 2 * TIMES[10], 1 + 2 * TIMES[20]) in [bar[:2] for bar in bars(ax)]
    first, last = ax.get_xlim()
    assert first < 0
    assert last > 1 + 2 * 150 / 25
    assert draw([TRUE, TRUE], [PREDICTED] * 2).ax_.get_xlabel() == "frame"


def test_nothing_at_all():
    display = draw(make_intervals(), make_intervals())
    assert bars(display.ax_) == []
    assert key(display.ax_) == ["hit (0)", "miss (0)", "false alarm (0)", "near miss (0)"]


def test_drawn_into_given_axes():
    figure, axes = plt.subplots(1, 2)
    display = draw(ax=axes[1])
    assert display.ax_ is axes[1]
    assert display.figure_ is figure
    assert plt.get_fignums() == [figure.number]
    assert not axes[0].has_data()
    assert display.plot() is display
    assert display.figure_ is not figure


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"y_pred": [PREDICTED]}, TypeError, "y_pred must be an interval table of one video"),
        ({"y_true": [TRUE]}, TypeError, "y_pred must hold one interval table per video"),
        ({"y_true": [TRUE], "y_pred": [PREDICTED] * 2}, ValueError, "got 2 tables for 1 videos"),
        ({"y_true": [], "y_pred": []}, ValueError, "y_true holds no video"),
        (
            {"timestamps": TIMES[:135]},
            ValueError,
            r"y_pred\[0\], row 2: .* beyond the video of 135",
        ),
        ({"timestamps": TIMES[::-1]}, ValueError, r"timestamps\[0\] must hold .* later"),
        ({"timestamps": [TIMES]}, ValueError, r"timestamps\[0\] .* shape \(1, 150\)"),
        ({"iou_threshold": 0}, ValueError, "iou_threshold must be above 0 and at most 1, got 0"),
        ({"iou_threshold": "a"}, TypeError, "iou_threshold must be a number, got str: 'a'"),
    ],
)
def test_refusals(options, error, message):
    with pytest.raises(error, match=message):
        draw(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"names": ["a"]}, r"each of the 2 videos, got \['a'\]"),
        ({"names": "ab"}, "each of the 2 videos, got 'ab'"),
        ({"timestamps": [TIMES]}, "one array for each of the 2 videos, got 1"),
        ({"timestamps": [TIMES, TIMES[:50]]}, r"y_true\[1\], row 1: .* beyond the video of 50"),
    ],
)
def test_refusals_of_several(options, message):
    with pytest.raises(ValueError, match=message):
        draw([TRUE] * 2, [PREDICTED] * 2, **options)


class Spotter(BaseSpotter):
    """It spots the same in every video."""

    def predict(self, X):
        return [PREDICTED] * len(X)


def test_from_estimator(still_data):
    videos = ["films/one.mp4", np.zeros((2, 2))]
    display = MatchDisplay.from_estimator(Spotter(), videos, [TRUE, TRUE])
    assert display.names == ["one.mp4", "video 1"]
    assert display.timestamps is None
    assert_array_equal(display.pairs[1], draw().pairs[0])
    aligned = align_exactly(still_data)
    display = MatchDisplay.from_estimator(Spotter(), aligned, [TRUE, TRUE], iou_threshold=0.3)
    assert_allclose(display.timestamps[1], np.arange(150) / 30)
    assert display.iou_threshold == 0.3
    with pytest.raises(TypeError, match="pass \\[path\\]"):
        MatchDisplay.from_estimator(Spotter(), "films/one.mp4", [TRUE])
    with pytest.raises(ValueError, match="got 1 tables for 2 videos"):
        MatchDisplay.from_estimator(Spotter(), videos, [TRUE])
