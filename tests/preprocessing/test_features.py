"""Features that know what they are."""

import pickle

import numpy as np
import pytest

from skspot.faces import MIRRORED_NODES, node_names
from skspot.preprocessing import FlowFeatures, FlowLayout, SWMROFlow
from skspot.utils.validation import as_object_array
from skspot.video import AlignedVideo


def video_at(fps, n_frames=120):
    """Return an aligned video of a still face."""
    angle = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    face = 60 + 30 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    frames = np.zeros((n_frames, 120, 120), np.uint8)
    landmarks = np.tile(face, (n_frames, 1, 1))
    times = np.arange(n_frames) / fps
    return AlignedVideo(frames, landmarks, np.ones(n_frames, bool), times, (120, 120))


def still(reference, target):
    return np.zeros((*reference.shape, 2))


def make(n_frames=40, **layout):
    layout = FlowLayout(**layout)
    values = np.random.default_rng(0).normal(size=(n_frames, *layout.shape)).astype(np.float32)
    times = np.arange(n_frames) / layout.fps
    return FlowFeatures(layout, np.ones(n_frames, bool), times, values, name="a.mp4"), values


def test_used_like_an_array():
    features, values = make()
    assert (len(features), features.shape, features.ndim) == (40, (40, 16, 10, 2), 4)
    assert features.dtype == np.float32
    np.testing.assert_array_equal(features, values)
    np.testing.assert_array_equal(features[3:7], values[3:7])
    np.testing.assert_array_equal(features[-1], values[-1])
    np.testing.assert_array_equal(np.isnan(features), np.isnan(values))
    np.testing.assert_array_equal(np.asarray(features, dtype=np.float64), values)
    assert np.array(features) is not features.values
    assert sum(1 for _ in features) == 40
    assert features.times.duration == pytest.approx(40 / 30)
    assert repr(features) == "FlowFeatures('a.mp4', shape=(40, 16, 10, 2), fps=30.00, float32)"
    assert as_object_array([features, features]).shape == (2,)
    with pytest.raises(AttributeError):
        features.name = "b.mp4"


def test_values_are_computed_once_and_only_when_needed():
    calls = []
    _, values = make()

    def windows():
        calls.append(1)
        return iter(values)

    features = FlowFeatures(FlowLayout(), np.ones(40, bool), np.arange(40) / 30, windows)
    assert "not computed yet" in repr(features)
    assert features.shape == (40, 16, 10, 2)
    assert [len(block) for block in features.blocks(16)] == [16, 16, 8]
    assert not features.computed
    assert len(calls) == 1
    np.testing.assert_array_equal(np.concatenate(list(features.blocks(7))), values)
    assert len(calls) == 2
    np.testing.assert_array_equal(features[:], values)
    np.testing.assert_array_equal(features, values)
    assert features.computed
    assert len(calls) == 3
    assert np.concatenate(list(features.blocks(7))).base is None
    assert len(calls) == 3


def test_a_pickle_holds_the_values():
    (features,) = SWMROFlow(flow=still).transform([video_at(30)])
    assert not features.computed
    copy = pickle.loads(pickle.dumps(features))
    assert copy.computed
    assert copy.layout == features.layout
    assert copy.fingerprint == features.fingerprint != ""
    np.testing.assert_array_equal(copy.valid, features.valid)
    np.testing.assert_array_equal(copy, features)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"values": np.zeros((40, 16, 14, 2))}, r"shape \(40, 16, 10, 2\).*got \(40, 16, 14, 2\)"),
        ({"values": np.zeros((39, 16, 10, 2))}, r"of 40 timestamps"),
        ({"valid": np.ones(39, bool)}, "of one length"),
    ],
)
def test_parts_that_do_not_fit(change, message):
    parts = {"valid": np.ones(40), "timestamps": np.arange(40), "values": np.zeros((40, 16, 10, 2))}
    with pytest.raises(ValueError, match=message):
        FlowFeatures(FlowLayout(), **{**parts, **change})


@pytest.mark.parametrize(
    ("fps", "spacing"), [(25, 1), (29.97, 1), (30, 1), (50, 2), (60, 2), (120, 4), (200, 7)]
)
def test_windows_span_the_same_time_at_any_rate(fps, spacing):
    layout = SWMROFlow(flow=still).transform([video_at(fps)])[0].layout
    assert layout.spacing == spacing
    assert layout.fps == pytest.approx(fps)
    assert layout.window_seconds == pytest.approx(16 / 30, rel=0.21)
    np.testing.assert_array_equal(layout.pairs[:, 0, 0], 0)
    np.testing.assert_array_equal(
        layout.pairs[:, 0, 1], spacing * np.r_[np.arange(-8, 0), np.arange(1, 9)]
    )
    np.testing.assert_allclose(layout.seconds, layout.pairs / fps)


@pytest.mark.parametrize(
    ("settings", "fps", "spacing", "lag"),
    [
        ({"spacing": 3}, 60, 3, 2),  # lags count steps, whatever the spacing
        ({"step": 0.1}, 30, 3, 3),
        ({"step": 0.1}, 60, 6, 6),
        ({"step": 0.001}, 30, 1, 1),
    ],
)
def test_step_spacing_and_lags(settings, fps, spacing, lag):
    flow = SWMROFlow(9, flow=still, resolutions=("window", 1), **settings)
    layout = flow.transform([video_at(fps)])[0].layout
    assert layout.spacing == spacing
    assert np.unique(np.diff(layout.pairs[:, 1])) == [lag]


def test_layouts_say_what_nodes_are():
    layout = FlowLayout(nodes="extended", resolutions=["window", 2])
    assert layout.shape == (16, 14, 4)
    assert layout.node_names == node_names("extended")
    assert layout.mirrored_nodes == MIRRORED_NODES["extended"]
    assert sum(layout.part_sizes) == 14
    assert FlowLayout(**layout.to_dict()) == layout
    assert hash(layout) == hash(FlowLayout(**layout.to_dict()))


def test_what_videos_share():
    slow, fast = make(fps=30)[0], make(fps=60, spacing=2)[0]
    array = np.asarray(slow)
    assert FlowLayout.shared_by([None, slow, fast]) == slow.layout
    assert FlowLayout.shared_by([array, None]) is None
    with pytest.raises(ValueError, match=r"X\[1\] is a plain array and X\[0\] has a layout"):
        FlowLayout.shared_by([slow, array])
    assert FlowLayout.shared_by([None], expected=fast.layout) == fast.layout
    other = make(spacing=4)[0]
    message = r"X\[1\] .*spacing=4 at 30 frames per second instead of 1 at 30 \(as X\[0\] was\)"
    with pytest.raises(ValueError, match=message):
        FlowLayout.shared_by([slow, other])
    with pytest.raises(ValueError, match=r"videos\[0\] .*the model was trained on others"):
        FlowLayout.shared_by([other], expected=slow.layout, name="videos")
