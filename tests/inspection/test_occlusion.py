"""Tests of what a score rests on."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from skspot import make_intervals
from skspot.datasets import make_expression_videos
from skspot.faces import node_names
from skspot.inspection import OcclusionDisplay
from skspot.neural_network import SpotFormer, SpotFormerClassifier
from skspot.preprocessing import FlowFeatures, FlowLayout, SWMROFlow
from tests.conftest import align_exactly

NODE, POSITION = 6, 5  # the left corner of the mouth, three frames before the middle
MACRO = make_intervals([(20, 30, 39, "macro")])[0]


class Looker(torch.nn.Module):
    """Looks at the horizontal motion of one node at one position: each logit is this number."""

    def __init__(self, node=NODE, position=POSITION):
        super().__init__()
        self.node, self.position = node, position
        self.weight = torch.nn.Parameter(torch.ones(10))

    def forward(self, x):
        logits = x[:, 0, self.position, self.node, None] * self.weight
        return logits, logits


def looker(layout=None, module=Looker):
    """Return a spotter that was made for features of a layout."""
    spotter = SpotFormerClassifier(module, random_state=0)
    spotter.layout_ = layout
    return spotter.initialize()


def moving(value=2.0, n_nodes=10):
    """Return an array in which everything moves by 1, and what is looked at by `value`."""
    features = np.ones((60, 16, n_nodes, 2), dtype=np.float32)
    features[:, POSITION, NODE, 0] = value
    return features


def with_layout(values, **layout):
    """Return an array as features with a layout."""
    layout = FlowLayout(**layout)
    valid, times = np.ones(len(values), dtype=bool), np.arange(len(values)) / layout.fps
    return FlowFeatures(layout, valid=valid, timestamps=times, values=values, name="made")


def sigmoid(logit):
    return 1 / (1 + np.exp(-logit))


def draw(features=None, interval=MACRO, spotter=None, **options):
    features = with_layout(moving()) if features is None else features
    spotter = looker(getattr(features, "layout", None)) if spotter is None else spotter
    return OcclusionDisplay.from_features(spotter, features, interval, **options)


@pytest.fixture(scope="module")
def video():
    data = make_expression_videos(1, videos_per_subject=1, n_frames=60, random_state=0)
    return align_exactly(data)[0]


@pytest.mark.parametrize(("stretch", "column", "n_columns"), [(4, 1, 4), (1, 5, 16), (6, 0, 3)])
def test_all_effect_is_where_the_network_looks(stretch, column, n_columns):
    display = draw(stretch=stretch)
    expected = np.zeros((10, n_columns))
    expected[NODE, column] = 0.5 - sigmoid(2)
    assert_allclose(display.effects, expected, atol=1e-6)
    assert_allclose(display.total_effects, expected.sum(axis=1), atol=1e-6)
    assert display.full_score == pytest.approx(sigmoid(2))
    assert display.names == node_names()


def test_a_rise_is_positive():
    assert draw(moving(-2.0)).effects[NODE, 1] == pytest.approx(0.5 - sigmoid(-2), abs=1e-6)


def test_facial_parts():
    display = draw(by="part")
    assert display.names == ["left brow", "right brow", "mouth"]
    assert_allclose(display.effects[2], [0, 0.5 - sigmoid(2), 0, 0], atol=1e-6)
    assert_allclose(display.effects[:2], 0, atol=1e-6)
    extended = draw(with_layout(moving(n_nodes=14), nodes="extended"), by="part")
    assert extended.names[2:] == ["mouth", "nose wings and lower eyelids"]
    assert_allclose(extended.total_effects, [0, 0, 0.5 - sigmoid(2), 0], atol=1e-6)


def test_the_score_is_that_of_the_frames():
    features = moving(0.0)
    features[20, POSITION, NODE, 0] = 1.0
    features[30, POSITION, NODE, 0] = 2.0
    for score, value in (("apex", 2), ("expression", None), ("onset", 1), ("offset", 0)):
        display = draw(features, score=score)
        if score == "expression":
            expected = (sigmoid(1) + sigmoid(2) + 18 * 0.5) / 20
            assert_allclose(display.full_score, expected, atol=1e-6)
            assert_allclose(display.effects[NODE, 1], 0.5 - expected, atol=1e-6)
            assert "over the frames 20 to 39" in display.ax_.get_title()
        elif score == "apex":
            assert_allclose(display.effects[NODE, 1], 0.5 - sigmoid(value), atol=1e-6)
            assert "at frame 30" in display.ax_.get_title()
        else:  # every logit is the same, so that a third is left to onset and offset each
            assert_allclose(display.full_score, 1 / 3, atol=1e-6)
            assert_allclose(display.effects, 0, atol=1e-6)


def test_windows_without_a_face_are_left_out():
    features = moving()
    features[20:35] = np.nan
    display = draw(features, score="expression")
    assert_allclose(display.full_score, sigmoid(2), atol=1e-6)
    assert_allclose(display.effects[NODE, 1], 0.5 - sigmoid(2), atol=1e-6)
    with pytest.raises(ValueError, match="No window at frame 30 shows a face"):
        draw(features)


def test_median_motion_is_no_motion_if_asked_for():
    features = moving(1.0)
    features[30, POSITION, NODE, 0] = 3.0
    features[:5] = np.nan
    zero, median = (draw(features, baseline=baseline) for baseline in ("zero", "median"))
    assert_allclose(zero.effects[NODE, 1], 0.5 - sigmoid(3), atol=1e-6)
    assert_allclose(median.effects[NODE, 1], sigmoid(1) - sigmoid(3), atol=1e-6)


def test_features_are_left_alone():
    features = moving()
    features.flags.writeable = False
    draw(features)
    assert_allclose(features, moving())


def test_effects_of_spotformer_are_those_of_single_changes():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 16, 10, 2)).astype(np.float32)
    spotter = looker(module=SpotFormer)
    display = draw(features, spotter=spotter, stretch=5)
    changed = features.copy()
    changed[:, 5:10, 3] = 0
    before, after = (spotter.predict_scores([x])[0]["macro_apex"][30] for x in (features, changed))
    assert_allclose(display.effects[3, 1], after - before, atol=1e-5)
    changed[:, :, 3] = 0
    after = spotter.predict_scores([changed])[0]["macro_apex"][30]
    assert_allclose(display.total_effects[3], after - before, atol=1e-5)


def test_cells_lie_where_the_motion_was():
    display = draw(stretch=4)
    assert_allclose(display.edges, [[-8.5, -4.5], [-4.5, -0.5], [0.5, 4.5], [4.5, 8.5]])
    heat_map = display.axes_[0]
    for mesh, edges, column in zip(heat_map.collections[::2], display.edges, display.effects.T):
        x, y = np.moveaxis(np.asarray(mesh.get_coordinates()), -1, 0)
        assert_allclose([x.min(), x.max(), y.min(), y.max()], [*edges, -0.5, 9.5])
        assert_allclose(np.ravel(mesh.get_array()), column)
        assert mesh.norm.vmin == -mesh.norm.vmax == display.effects.min()
    assert heat_map.get_ylim() == (9.5, -0.5)
    assert [label.get_text() for label in heat_map.get_yticklabels()] == node_names()
    bars = [bar.get_width() for bar in display.axes_[1].patches]
    assert_allclose(bars, display.total_effects)


@pytest.mark.parametrize("value", [2.0, -2.0])
def test_bars_have_ticks_at_zero_and_at_the_longest(value):
    ax = draw(moving(value)).axes_[1]
    change = 0.5 - sigmoid(value)
    assert_allclose(ax.get_xticks(), sorted([0, change]), atol=1e-6)
    assert f"{change:.2g}" in [label.get_text() for label in ax.get_xticklabels()]


def test_rises_are_marked():
    assert [t.get_text() for t in draw(moving(-2.0)).axes_[0].texts] == ["+"]
    assert len(draw(moving(2.0)).axes_[0].texts) == 0


def test_changes_of_nothing_are_pale():
    display = draw(moving(0.0))
    assert_allclose(display.effects, 0, atol=1e-6)
    assert display.axes_[0].collections[0].norm.vmax == 0.01


@pytest.mark.parametrize(("fps", "spacing"), [(25, 1), (50, 2), (200, 7)])
def test_milliseconds(fps, spacing):
    display = draw(with_layout(moving(), fps=fps, spacing=spacing))
    (top,) = display.axes_[0].child_axes
    display.figure_.canvas.draw()
    assert top.get_xlabel() == "milliseconds"
    assert display.axes_[0].get_xlabel() == "frames from the window's middle"
    assert_allclose(top.get_xlim(), np.multiply([-8.5, 8.5], 1000 * spacing / fps))


def test_a_plain_array_has_positions_instead_of_times():
    display = draw(moving())
    assert display.axes_[0].child_axes == []
    assert display.axes_[0].get_xlabel() == "position in the window"
    assert_allclose(display.edges, [[-0.5, 3.5], [3.5, 7.5], [7.5, 11.5], [11.5, 15.5]])
    assert display.names[:2] == ["node 0", "node 1"]
    assert_allclose(display.effects, draw().effects)
    assert draw(moving(), names=list("abcdefghij")).names == list("abcdefghij")
    with pytest.raises(ValueError, match="plain array, of which the facial parts are not known"):
        draw(moving(), by="part")


def test_drawn_into_given_axes_and_again():
    figure, axes = plt.subplots(1, 2)
    display = draw(ax=axes[1], name="interview.mp4")
    assert display.ax_ is axes[1]
    assert display.figure_ is figure
    assert plt.get_fignums() == [figure.number]
    assert axes[1].get_title() == "interview.mp4\nmacro apex score at frame 30: 0.88"
    assert draw().ax_.get_title().startswith("made\nmacro apex")
    assert draw(moving()).ax_.get_title().startswith("macro apex")
    assert display.plot() is display
    assert display.figure_ is not figure


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"score": "peak"}, ValueError, "score must be one of .* got 'peak'"),
        ({"by": "face"}, ValueError, "by must be one of .* got 'face'"),
        ({"baseline": "mean"}, ValueError, "baseline must be one of .* got 'mean'"),
        ({"stretch": 0}, ValueError, "stretch must be 1 to 16 positions, got 0"),
        ({"stretch": 17}, ValueError, "stretch must be 1 to 16 positions, got 17"),
        ({"stretch": 4.0}, ValueError, "stretch must be 1 to 16 positions, got 4.0"),
        ({"spotter": "a"}, TypeError, "ends with one, got str"),
        ({"names": ["a"]}, ValueError, "names has 1 entries for 10 nodes"),
        ({"interval": (20, 39, "macro")}, TypeError, "must be an interval table"),
        (
            {"interval": make_intervals([(1, 2, "macro"), (5, 6, "micro")])},
            ValueError,
            r"a table of 2; take a row, such as table\[0\]",
        ),
        (
            {"interval": make_intervals([(50, 60, "macro")])[0]},
            ValueError,
            "beyond the video of 60 frames",
        ),
        ({"features": np.ones((60, 10))}, ValueError, r"an array \(n_frames, .* shape \(60, 10\)"),
    ],
)
def test_refusals(options, error, message):
    with pytest.raises(error, match=message):
        draw(**{"spotter": looker(), **options})


def test_other_features_than_in_training():
    with pytest.raises(ValueError, match="reference='first' instead of 'centre'"):
        draw(with_layout(moving(), reference="first"), spotter=looker(FlowLayout()))


def test_not_fitted():
    with pytest.raises(NotFittedError):
        draw(spotter=SpotFormerClassifier())


@pytest.mark.parametrize(
    ("layout", "offsets"),
    [
        ({}, [*range(-8, 0), *range(1, 9)]),
        ({"spacing": 2}, [*range(-16, 0, 2), *range(2, 17, 2)]),
        ({"reference": "first"}, range(-7, 9)),
        ({"resolutions": (1,)}, np.arange(-7.5, 8)),
        ({"resolutions": (1, "window")}, [*range(-8, 0), *range(1, 9)]),
    ],
    ids=["default", "spacing", "first", "lag", "two resolutions"],
)
def test_positions_are_those_of_the_layout(layout, offsets):
    values = np.tile(moving(), len(layout.get("resolutions", "1")))
    display = draw(with_layout(values, **layout), stretch=1)
    half = layout.get("spacing", 1) / 2
    assert_allclose(display.edges, np.add.outer(offsets, [-half, half]))
    assert display.effects[NODE, POSITION] == pytest.approx(0.5 - sigmoid(2), abs=1e-6)


def same_shift(reference, target):
    """Take a motion of (1.5, -1) everywhere."""
    return np.full((*reference.shape, 2), (1.5, -1.0))


def test_from_estimator(video):
    flow = SWMROFlow(flow=same_shift, head_motion=None)
    (features,) = flow.transform([video])
    pipeline = make_pipeline(flow, looker(features.layout))
    display = OcclusionDisplay.from_estimator(pipeline, video, MACRO, stretch=16, by="part")
    logit = features[30, POSITION, NODE, 0]
    assert logit == pytest.approx(-1.5, rel=0.1)  # backwards, of a face of about 128 pixels
    assert_allclose(display.effects, [[0], [0], [0.5 - sigmoid(logit)]], atol=1e-6)
    assert display.fps == pytest.approx(video.fps)
    assert display.ax_.get_title().startswith(video.name)
    named = OcclusionDisplay.from_estimator(pipeline, video, MACRO, name="interview.mp4")
    assert named.ax_.get_title().startswith("interview.mp4\nmacro apex")


def test_refused_estimators(video):
    with pytest.raises(TypeError, match="needs a Pipeline that makes features"):
        OcclusionDisplay.from_estimator(looker(), moving(), MACRO)
    with pytest.raises(TypeError, match="ends with one, got SWMROFlow"):
        OcclusionDisplay.from_estimator(make_pipeline(SWMROFlow()), video, MACRO)
    with pytest.raises(ValueError, match="score must be one of"):
        OcclusionDisplay.from_estimator(looker(), video, MACRO, score="peak")
