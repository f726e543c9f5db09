"""Tests of the timeline."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from numpy.testing import assert_allclose
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skspot
from skspot import make_intervals
from skspot.inspection import CLASS_COLOURS, SpottingDisplay
from skspot.neural_network import FRAME_SCORE_DTYPE, FrameScores, SpotFormerClassifier
from skspot.preprocessing import SWMROFlow
from skspot.spotting import BaseSpotter
from skspot.video import AlignedVideo, FrameTimes
from tests.conftest import align_exactly

N = 100
# A camera that pauses: between frames 49 and 50 half a second is missing.
TIMES = np.arange(N) / 25 + 0.5 * (np.arange(N) >= 50)
END = TIMES[-1] + TIMES[-1] / (N - 1)  # of the last frame, which lasts one period of the rate
TRUE = make_intervals([(20, 30, 49, "macro"), (60, 62, 69, "micro")])
PREDICTED = make_intervals([(22, 31, 49, "macro", 0.8), (90, 95, 99, "micro", 0.4)])


def draw(y_true=TRUE, y_pred=PREDICTED, **options):
    return SpottingDisplay.from_predictions(y_true, y_pred, **{"timestamps": TIMES, **options})


def scores():
    values = np.zeros(N, dtype=FRAME_SCORE_DTYPE)
    for i, name in enumerate(values.dtype.names):
        values[name] = np.linspace(0, (i + 1) / 8, N)
    return values


def bars(ax):
    """Return (start, end, height) of the bars that are drawn."""
    return [
        (bar.get_x(), bar.get_x() + bar.get_width(), round(bar.get_y(), 2)) for bar in ax.patches
    ]


def lanes(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def test_intervals_last_from_the_first_frame_to_the_end_of_the_last():
    ax = draw().axes_[0]
    assert lanes(ax) == ["micro predicted", "micro true", "macro predicted", "macro true"]
    expected = {
        (TIMES[20], TIMES[50], 2.67),  # until frame 50 appears, pause included
        (TIMES[22], TIMES[50], 1.67),
        (TIMES[60], TIMES[70], 0.67),
        (TIMES[90], END, -0.33),
    }
    assert_allclose(sorted(bars(ax)), sorted(expected))
    apexes = sorted(line.get_xdata()[0] for line in ax.lines)
    assert_allclose(apexes, TIMES[[30, 31, 62, 95]])


def test_truth_and_prediction_differ_without_colour():
    hatches = {bar.get_y(): bar.get_hatch() for bar in draw().axes_[0].patches}
    assert [hatches[y] for y in sorted(hatches)] == [None, "////", None, "////"]
    macro, micro = (
        np.dot(to_rgb(bar.get_facecolor()[:3]), [0.299, 0.587, 0.114])
        for bar in draw(None).axes_[0].patches
    )
    assert abs(macro - micro) > 0.1


def test_intervals_of_a_long_video_are_seen():
    """Each takes a fraction of a pixel; the colour of its class is there nevertheless."""
    predicted = make_intervals(
        [(9000, 9005, 9010, "macro", 0.8), (15000, 15002, 15008, "micro", 1)]
    )
    display = draw(None, predicted, timestamps=np.arange(20_000) / 25)
    display.figure_.set_dpi(150)
    display.figure_.canvas.draw()
    pixels = np.asarray(display.figure_.canvas.buffer_rgba())[..., :3].reshape(-1, 3)
    for colour in CLASS_COLOURS.values():
        difference = np.abs(pixels - 255 * np.array(to_rgb(colour))).max(axis=-1)
        assert (difference < 40).sum() > 30


def test_apexes_are_above_the_bars():
    ax = draw().axes_[0]
    tops = {round(bar.get_y() + bar.get_height(), 2) for bar in ax.patches}
    below = [line.get_ydata().min() for line in ax.lines]
    assert_allclose(sorted(below), np.add(sorted(tops), 0.03))
    assert max(line.get_ydata().max() for line in ax.lines) < ax.get_ylim()[1]


def test_lanes_without_truth():
    ax = draw(None).axes_[0]
    assert lanes(ax) == ["micro predicted", "macro predicted"]
    assert len(bars(ax)) == 2


def test_nothing_spotted():
    display = draw(None, make_intervals())
    assert bars(display.axes_[0]) == []
    assert_allclose(display.axes_[0].get_xlim(), [TIMES[0], END])


def test_scores_of_each_class():
    display = draw(scores=scores())
    top, macro, micro = display.axes_
    for ax, label in ((macro, "macro"), (micro, "micro")):
        drawn = {line.get_label(): line.get_ydata() for line in ax.lines}
        assert set(drawn) == {"onset", "apex", "offset", "expression"}
        for kind, values in drawn.items():
            assert_allclose(values, scores()[f"{label}_{kind}"])
        assert_allclose(ax.lines[0].get_xdata(), TIMES)
        assert len({line.get_linestyle() for line in ax.lines}) == 4
        assert ax.get_xlim() == top.get_xlim()
    assert micro.get_xlabel() == "time in seconds"
    assert macro.get_xlabel() == ""


def test_frames_are_on_top():
    display = draw()
    (top,) = [child for child in display.axes_[0].child_axes if child.get_xlabel() == "frame"]
    display.figure_.canvas.draw()
    assert_allclose(top.get_xlim(), [0, 100])
    to_frame, to_time = top._functions
    assert_allclose(to_frame(TIMES), np.arange(N), atol=1e-9)
    assert_allclose(to_time(np.arange(N)), TIMES)
    # Ticks beyond the video lie beyond its end, not on it.
    assert to_time(120) > TIMES[-1] + 0.5
    assert to_time(-10) < -0.2
    assert_allclose(to_frame(to_time([-10, 120])), [-10, 120])


def test_gaps_are_greyed_exactly():
    valid = np.ones(N, dtype=bool)
    valid[[0, 1, 2, 49, 99]] = False
    display = draw(None, make_intervals(), scores=scores(), valid=valid)
    expected = [(TIMES[0], TIMES[3]), (TIMES[49], TIMES[50]), (TIMES[99], END)]
    for ax in display.axes_:
        assert_allclose([bar[:2] for bar in bars(ax)], expected)
    assert "no face" in [text.get_text() for text in display.axes_[0].get_legend().get_texts()]


def test_no_gap_no_grey():
    display = draw(None, make_intervals(), valid=np.ones(N, dtype=bool))
    assert bars(display.axes_[0]) == []
    assert [text.get_text() for text in display.axes_[0].get_legend().get_texts()] == ["apex"]


def test_drawn_into_given_axes():
    figure, axes = plt.subplots(1, 2)
    display = draw(scores=scores(), ax=axes[1], name="interview.mp4")
    assert display.ax_ is axes[1]
    assert display.figure_ is figure
    assert plt.get_fignums() == [figure.number]
    assert axes[1].get_title() == "interview.mp4"
    assert axes[0].get_title() == ""
    assert axes[0].child_axes == []
    boxes = [ax.get_position() for ax in display.axes_]
    outer = axes[1].get_position()
    figure.canvas.draw()
    assert all(outer.x0 - 1e-9 <= box.x0 and box.x1 <= outer.x1 + 1e-9 for box in boxes)
    assert boxes[0].y0 > boxes[1].y1 > boxes[1].y0 > boxes[2].y1


def test_the_same_display_can_be_drawn_again():
    display = draw()
    first = display.figure_
    assert display.plot() is display
    assert display.figure_ is not first


def test_one_frame():
    display = draw(None, make_intervals([(0, 0, 0, "micro", 1.0)]), timestamps=[3.0])
    assert bars(display.axes_[0])[0][:2] == (3.0, 3.0)  # its length is not known
    assert display.axes_[0].get_xlim() == (3.0, 4.0)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"timestamps": TIMES[:60]}, ValueError, "y_true, row 1: .* beyond the video of 60 frames"),
        ({"y_true": None, "timestamps": TIMES[:99]}, ValueError, "y_pred, row 1: .* beyond"),
        ({"scores": scores()[:99]}, ValueError, "scores has 99 frames, timestamps has 100"),
        (
            {"scores": np.zeros((N, 3))},
            TypeError,
            "scores must be one element of what predict_scores .* an array of dtype float64",
        ),
        ({"scores": scores()[["macro_apex"]]}, TypeError, "fields .* got an array of dtype"),
        ({"scores": [scores()]}, TypeError, "scores must be .* got list"),
        ({"valid": np.ones(101)}, ValueError, "valid has 101 frames, timestamps has 100"),
        ({"timestamps": TIMES[::-1]}, ValueError, "each later than the last"),
        (
            {"timestamps": [*TIMES[:-1], np.nan]},
            ValueError,
            "timestamps must .* got nan at frame 99",
        ),
        ({"timestamps": [], "y_true": None, "y_pred": make_intervals()}, ValueError, "timestamps"),
        ({"y_pred": [(1, 2, "macro")]}, TypeError, "y_pred must be an interval table"),
        ({"y_pred": None}, TypeError, "y_pred must be an interval table"),
    ],
)
def test_refusals(options, error, message):
    with pytest.raises(error, match=message):
        draw(**options)


class Spotter(BaseSpotter):
    """It has the same scores and intervals for every video."""

    def predict_scores(self, X):
        return [scores() for _ in X]

    def decode(self, scores):
        return PREDICTED

    def predict(self, X):
        return [PREDICTED for _ in X]


@pytest.fixture(scope="module")
def video(still_data):
    full = align_exactly(still_data)[0]
    first = slice(N)
    return AlignedVideo(
        full.source[first], full.landmarks[first], np.arange(N) != 7, TIMES, (240, 240)
    )


def test_from_estimator(video):
    display = SpottingDisplay.from_estimator(Spotter(), video, TRUE)
    np.testing.assert_array_equal(display.predicted, PREDICTED)
    np.testing.assert_array_equal(display.true, TRUE)
    assert_allclose(display.timestamps, TIMES)
    np.testing.assert_array_equal(display.valid, video.valid)
    np.testing.assert_array_equal(display.scores, scores())
    assert len(display.axes_) == 3
    assert display.ax_.get_title() == video.name
    assert SpottingDisplay.from_estimator(Spotter(), video, name="a").ax_.get_title() == "a"


def test_times_of_the_scores_are_enough():
    result = skspot.SpottingResult(
        "interview.mp4", PREDICTED, scores=FrameScores(scores(), FrameTimes(TIMES))
    )
    display = SpottingDisplay.from_result(result, TRUE)
    assert_allclose(display.timestamps, TIMES)
    assert display.valid is None
    assert display.true is TRUE
    assert display.ax_.get_title() == "interview.mp4"


def test_from_estimator_refuses_what_has_no_times(video):
    with pytest.raises(TypeError, match="The times of the frames of .* are not known"):
        SpottingDisplay.from_estimator(Spotter(), np.zeros((N, 16, 10, 2)))
    with pytest.raises(TypeError, match="got StandardScaler, which has no predict"):
        SpottingDisplay.from_estimator(StandardScaler(), video)


def test_from_estimator_that_is_not_fitted(video):
    unfitted = make_pipeline(SWMROFlow(flow="dis"), SpotFormerClassifier())
    with pytest.raises(NotFittedError):
        SpottingDisplay.from_estimator(unfitted, video)


def test_displacement_from_neutral_is_drawn():
    displacement = np.zeros((60, 10, 2))
    displacement[20:40, 7] = 3, 4
    display = SpottingDisplay.from_predictions(
        None,
        make_intervals([(20, 30, 39, "macro")]),
        timestamps=np.arange(60) / 30,
        displacement=displacement,
    )
    _, drawn = display.axes_
    brows, mouth = drawn.get_lines()
    assert brows.get_ydata().max() == 0
    np.testing.assert_array_equal(
        mouth.get_ydata(), np.r_[np.zeros(20), np.full(20, 5), np.zeros(20)]
    )
    with pytest.raises(ValueError, match="displacement"):
        SpottingDisplay.from_predictions(
            None, make_intervals(), timestamps=np.arange(60) / 30, displacement=displacement[:9]
        )
