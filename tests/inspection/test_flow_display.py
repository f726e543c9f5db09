"""Tests of the picture of the motion."""

from functools import partial
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline

from skspot import make_intervals
from skspot.faces import node_centres, node_names
from skspot.inspection import FlowDisplay
from skspot.preprocessing import FlowFeatures, FlowLayout, SWMROFlow
from skspot.spotting import BaseSpotter
from skspot.video import AlignedVideo
from tests.conftest import align_exactly

N = 150
TIMES = np.arange(N) / 30


def grey_difference(reference, target):
    """Take the difference of the grey values for motion to the right, and half of it upwards."""
    difference = float(target[0, 0]) - float(reference[0, 0])
    return np.full((*reference.shape, 2), (difference, -difference / 2))


def coded_video(landmarks, greys, lost=()):
    """Return a video whose frames each have one grey value and show a face of 128 pixels."""
    frames = np.repeat(np.asarray(greys, dtype=np.uint8), 240 * 240).reshape(N, 240, 240)
    landmarks = np.tile(landmarks, (N, 1, 1))
    valid = np.ones(N, dtype=bool)
    valid[list(lost)], landmarks[list(lost)] = False, np.nan
    return AlignedVideo(frames, landmarks, valid, TIMES, (240, 240))


@pytest.fixture(scope="module")
def ramp(still_data):
    """Return a video in which motion is the number of frames between two frames."""
    return coded_video(still_data.landmarks[0][0], np.arange(N))


@pytest.fixture(scope="module")
def jump(still_data):
    """Return a video in which all moves by 10 pixels at frame 70."""
    return coded_video(still_data.landmarks[0][0], 10 * (np.arange(N) >= 70))


def coded_flow(**options):
    return SWMROFlow(flow=grey_difference, head_motion=None, **options)


@pytest.fixture(scope="module")
def draw(ramp):
    """Return what draws the ramp; its features are computed once."""
    (features,) = coded_flow().transform([ramp])
    np.asarray(features)  # computes and keeps them
    return partial(FlowDisplay.from_features, features, aligned=ramp)


def made_features(values, fps=30, **layout):
    """Return features with given values of windows of 17 frames."""
    n_frames = len(values)
    return FlowFeatures(
        FlowLayout(fps=fps, **layout),
        valid=np.ones(n_frames, dtype=bool),
        timestamps=np.arange(n_frames) / fps,
        values=values,
    )


def curves(ax):
    """Return the values of the curves by their names."""
    lines = [line for line in ax.lines if len(line.get_xdata()) == N]
    return {line.get_label(): line.get_ydata() for line in lines}


def marked_frame(ax):
    (line,) = [line for line in ax.lines if len(line.get_xdata()) == 2]
    return round(line.get_xdata()[0] * 30)


def key(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def arrows(ax):
    (quiver,) = [child for child in ax.collections if hasattr(child, "U")]
    return quiver


@pytest.mark.parametrize(
    ("settings", "choice", "pair"),
    [
        ({}, {}, (0, 8)),
        ({"reference": "first"}, {}, (-8, 8)),
        ({"spacing": 2}, {}, (0, 16)),
        ({}, {"position": 0}, (0, -8)),
        ({}, {"position": 8}, (0, 1)),
        ({"reference": "first", "window_length": 9}, {"position": 2}, (-4, -1)),
        ({"resolutions": (1,)}, {}, (0, 1)),
        ({"resolutions": ("window", 5)}, {"resolution": 5}, (-2, 3)),
        ({"resolutions": [3, "window"]}, {"resolution": "window"}, (0, 8)),
    ],
)
def test_what_is_drawn_is_the_motion_of_the_pair(ramp, settings, choice, pair):
    display = FlowDisplay.from_video(ramp, flow=coded_flow(**settings), component="dx", **choice)
    assert display.pair == pair
    middle = np.arange(20, N - 20)
    for ax in display.axes_:
        for curve in curves(ax).values():
            assert_allclose(curve[middle], pair[1] - pair[0], rtol=0.02)
    texts = {0: "i"}
    start, end = (texts.get(k, f"i {'+' if k > 0 else '-'} {abs(k)}") for k in pair)
    milliseconds = f"({1000 * abs(pair[1] - pair[0]) / 30:.0f} ms)"
    assert f"from frame {start} to frame {end} {milliseconds}" in display.ax_.get_title()


def test_pairs_are_cut_to_the_video(draw):
    display = draw(component="dx")
    expected = np.minimum(np.arange(N) + 8, N - 1) - np.arange(N)
    assert_allclose(curves(display.axes_[0])["left brow inner"], expected, rtol=0.02)


@pytest.mark.parametrize(
    ("component", "value"), [("dx", 8), ("dy", -4), ("magnitude", np.hypot(8, 4))]
)
def test_components(draw, component, value):
    display = draw(component=component)
    assert_allclose(curves(display.axes_[2])["upper lip"][50], value, rtol=0.02)
    assert display.axes_[0].get_ylabel() == "left brow"
    assert display.ax_.get_title().endswith(f"(267 ms); {component} in px")


def test_labels_of_parts_in_a_grid_do_not_overlap(ramp):
    _, axes = plt.subplots(2, 2, figsize=(14, 8), layout="constrained")
    (features,) = coded_flow(nodes="extended").transform([ramp])
    display = FlowDisplay.from_features(features, name="a" * 90, ax=axes[1, 1])
    display.figure_.canvas.draw()
    boxes = [ax.yaxis.label.get_window_extent() for ax in display.axes_]
    assert all(upper.y0 > lower.y1 for upper, lower in pairwise(boxes))
    assert max(map(len, display.ax_.get_title().split("\n"))) <= 70


def test_one_frame_is_a_marker():
    display = FlowDisplay.from_features(made_features(np.ones((1, 16, 10, 2))))
    assert {line.get_marker() for line in display.axes_[0].lines} == {"o"}


@pytest.mark.parametrize(("component", "at_zero"), [("magnitude", True), ("dx", False)])
def test_no_motion(component, at_zero):
    features = made_features(np.zeros((N, 16, 10, 2)))
    display = FlowDisplay.from_features(features, component=component)
    for ax in display.axes_:
        low, high = ax.get_ylim()
        assert (low == 0) == at_zero
        assert low <= 0 < high


@pytest.mark.parametrize(("nodes", "n_parts"), [("paper", 3), ("extended", 4)])
def test_every_node_has_a_curve_and_an_arrow(ramp, nodes, n_parts):
    display = FlowDisplay.from_video(ramp, flow=coded_flow(nodes=nodes))
    drawn = [name for ax in display.axes_ for name in curves(ax)]
    assert drawn == node_names(nodes)
    assert len(display.axes_) == n_parts
    for ax in display.axes_:
        lines = [line for line in ax.lines if len(line.get_xdata()) == N]
        assert len({line.get_linestyle() for line in lines}) == len(lines)
    assert len(arrows(display.face_ax_).U) == len(drawn)


def test_arrows(draw, ramp):
    display = draw(frame=40)
    quiver, ax = arrows(display.face_ax_), display.face_ax_
    assert_allclose(quiver.get_offsets(), node_centres(ramp.face_landmarks[40]), atol=1e-4)
    assert_allclose(quiver.U, 8, rtol=0.02)
    assert_allclose(quiver.V, -4, rtol=0.02)
    assert (quiver.angles, quiver.scale_units) == ("xy", "xy")
    # The longest arrow takes a quarter of the picture at most, in steps of 1, 2 and 5.
    side = abs(np.diff(ax.get_xlim())[0])
    assert 1 / quiver.scale == max(k for k in (1, 2, 5) if k * np.hypot(8, 4) < side / 4)
    (quiver_key,) = [child for child in ax.get_children() if hasattr(child, "labelpos")]
    assert quiver_key.U == 5
    assert quiver_key.text.get_text() == f"5 px, drawn {1 / quiver.scale:g} times as long"
    assert ax.get_title() == "frame 40"
    assert [marked_frame(part) for part in display.axes_] == [40, 40, 40]
    assert "i = 40, on the face" in key(display.axes_[-1])
    assert (ax.images[0].get_array() == 40).all()
    # Rows count downwards: motion of negative dy is drawn upwards.
    assert ax.get_ylim()[0] > ax.get_ylim()[1]


def test_arrows_start_in_the_earlier_frame(ramp):
    display = FlowDisplay.from_video(ramp, flow=coded_flow(reference="first"), frame=40)
    assert (display.face_ax_.images[0].get_array() == 32).all()
    assert display.face_ax_.get_title() == "frame 32, window around frame 40"
    assert_array_equal([marked_frame(ax) for ax in display.axes_], 40)


def test_the_frame_with_the_most_motion(jump):
    """The first window whose last frame is beyond the jump."""
    assert FlowDisplay.from_video(jump, flow=coded_flow()).face.frame == 62
    still = FlowDisplay.from_video(jump, flow=coded_flow(), frame=10)
    assert_array_equal(arrows(still.face_ax_).U, 0)


def test_motion_of_a_face(still_data):
    """The true motion is that of regions that stay, but those of nodes go with the landmarks."""
    video, truth = align_exactly(still_data)[0], still_data.displacement[0]
    display = FlowDisplay.from_video(video, flow=SWMROFlow(flow="dis"))
    truth = truth[8:] - truth[:-8]
    assert np.corrcoef(display.motion[:-8].ravel(), truth.ravel())[0, 1] > 0.9
    most = np.linalg.norm(truth, axis=-1).mean(axis=-1)
    assert most[display.face.frame] > 0.8 * most.max()


def test_intervals_are_shaded_from_their_first_to_the_end_of_their_last_frame(draw):
    table = make_intervals([(20, 49, "macro"), (60, 69, "micro")])
    display = draw(table)
    for ax in display.axes_:
        spans = [
            (patch.get_x() * 30, (patch.get_x() + patch.get_width()) * 30) for patch in ax.patches
        ]
        assert_allclose(spans, [(20, 50), (60, 70)])
        macro, micro = ax.patches
        assert macro.get_linestyle() != micro.get_linestyle()
    assert key(display.axes_[-1])[:2] == ["macro", "micro"]


def test_lost_faces(still_data):
    video = coded_video(still_data.landmarks[0][0], np.arange(N), lost=range(90, 120))
    display = FlowDisplay.from_video(video, flow=coded_flow())
    (gap,) = display.axes_[0].patches
    assert_allclose([gap.get_x(), gap.get_x() + gap.get_width()], [TIMES[90], TIMES[120]])
    assert key(display.axes_[-1])[0] == "no face"
    curve = curves(display.axes_[0])["left brow inner"]
    assert_array_equal(np.flatnonzero(np.isnan(curve)), np.arange(90, 120))
    with pytest.raises(ValueError, match="frame 85 of .* is not known, .* nearest .* is 81"):
        FlowDisplay.from_video(video, flow=coded_flow(), frame=85)


def test_no_motion_known_at_all(still_data):
    video = coded_video(still_data.landmarks[0][0], np.arange(N), lost=range(1, N))
    with pytest.raises(ValueError, match="no motion is known in any of its windows"):
        FlowDisplay.from_video(video, flow=coded_flow())


def test_features_without_a_video(ramp):
    flow = coded_flow(resolutions=("window", 1))
    (features,) = flow.transform([ramp])
    display = FlowDisplay.from_features(features, resolution=1, component="dx", name="ramp")
    assert display.face_ax_ is None
    assert FlowDisplay.from_features(features).name == ramp.name
    assert display.ax_.get_title().startswith("ramp: ")
    assert_allclose(curves(display.axes_[1])["right brow outer"][:-1], 1, rtol=0.02)
    assert_array_equal(display.motion, features[:, 8, :, 2:])


def test_features_with_a_video(draw, ramp):
    display = draw(frame=40)
    expected = FlowDisplay.from_video(ramp, flow=coded_flow(), frame=40)
    assert_array_equal(display.motion, expected.motion)
    assert_array_equal(display.face.image, expected.face.image)
    with pytest.raises(ValueError, match=r"features has 150 frames, array .* has 100"):
        draw(aligned=first_frames(ramp, 100))


@pytest.mark.parametrize(("fps", "pair"), [(60, (0, 16)), (25, (0, 8)), (200, (0, 56))])
def test_times_are_those_of_the_frame_rate(fps, pair):
    spacing = pair[1] // 8
    features = made_features(np.zeros((N, 16, 10, 2)), fps=fps, spacing=spacing)
    display = FlowDisplay.from_features(features)
    assert display.pair == pair
    assert f"to frame i + {pair[1]} ({1000 * pair[1] / fps:.0f} ms)" in display.ax_.get_title()


class Silent(BaseSpotter):
    """It spots nothing."""

    def predict(self, X):
        return [make_intervals() for _ in X]


def test_from_estimator(ramp):
    table = make_intervals([(20, 49, "macro")])
    pipeline = make_pipeline(coded_flow(reference="first"), Silent())
    display = FlowDisplay.from_estimator(pipeline, ramp, table, frame=40, component="dy", name="a")
    expected = FlowDisplay.from_video(ramp, flow=coded_flow(reference="first"), frame=40)
    assert_array_equal(display.motion, expected.motion)
    assert_array_equal(display.face.centres, expected.face.centres)
    assert_array_equal(display.intervals, table)
    assert (display.name, expected.name) == ("a", ramp.name)
    assert (display.component, display.pair) == ("dy", (-8, 8))


def test_from_estimator_without_features(ramp):
    with pytest.raises(TypeError, match="needs a Pipeline with SWMROFlow, got Silent without"):
        FlowDisplay.from_estimator(Silent(), ramp)
    with pytest.raises(ValueError, match="component must be one of .* got 'speed'"):
        FlowDisplay.from_estimator(Silent(), ramp, component="speed")


def test_drawn_into_given_axes(draw):
    figure, axes = plt.subplots(1, 2)
    display = draw(ax=axes[1])
    assert display.ax_ is axes[1]
    assert display.figure_ is figure
    assert plt.get_fignums() == [figure.number]
    assert axes[0].child_axes == []
    outer = axes[1].get_position()
    for ax in (*display.axes_, display.face_ax_):
        assert outer.x0 - 1e-9 <= ax.get_position().x0 < ax.get_position().x1 <= outer.x1 + 1e-9
    assert display.plot() is display
    assert display.figure_ is not figure


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"component": "speed"}, "component must be one of .* got 'speed'"),
        ({"resolution": 2}, r"resolution must be one of .* \['window', 'neutral'\], got 2"),
        ({"position": 16}, "has the positions 0 to 15, or -16 to -1 .* got position=16"),
        ({"position": 0.5}, "got position=0.5"),
        ({"frame": 150}, "has the frames 0 to 149, got frame=150"),
        ({"frame": -1}, "got frame=-1"),
        ({"intervals": make_intervals([(140, 160, "macro")])}, "beyond the video of 150 frames"),
    ],
)
def test_refusals(draw, options, message):
    with pytest.raises(ValueError, match=message):
        draw(**options)


def test_plain_arrays_are_refused():
    with pytest.raises(TypeError, match="got ndarray; a plain array does not say between which"):
        FlowDisplay.from_features(np.zeros((N, 16, 10, 2)))


def test_other_kinds(draw, ramp):
    with pytest.raises(TypeError, match="frame must be a whole number, got float: 3.5"):
        draw(frame=3.5)
    with pytest.raises(TypeError, match="needs an AlignedVideo, got ndarray"):
        FlowDisplay.from_video(ramp.source)
    with pytest.raises(TypeError, match="flow must be a SWMROFlow, got str: 'dis'"):
        FlowDisplay.from_video(ramp, flow="dis")


def first_frames(video, n_frames):
    first = slice(n_frames)
    return AlignedVideo(
        video.source[first], video.landmarks[first], video.valid[first], TIMES[first], (240, 240)
    )


def test_a_video_that_is_too_short(ramp):
    with (
        pytest.warns(UserWarning, match="fewer than"),
        pytest.raises(ValueError, match="Feature extraction failed for .* as the warning says"),
    ):
        FlowDisplay.from_video(first_frames(ramp, 9), flow=coded_flow(on_error="warn"))
