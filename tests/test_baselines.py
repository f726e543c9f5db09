"""Tests of the spotters that need no training."""

import numpy as np
import pytest
from sklearn.base import clone

from skspot.baselines import DisplacementSpotter
from skspot.intervals import PREDICTION_DTYPE
from skspot.preprocessing import FlowFeatures, FlowLayout


def features(strength, fps=30.0, face_size=128.0, resolutions=("window", "neutral")):
    """Return features of a face of which two nodes move as given, in pixels of a face of 128."""
    layout = FlowLayout(resolutions=resolutions, fps=fps, face_size=face_size)
    values = np.zeros((len(strength), *layout.shape), np.float32)
    number = resolutions.index("neutral")
    moved = np.array(strength) * face_size / 128
    values[:, 8, 6, 2 * number] = moved
    values[:, 8, 7, 2 * number + 1] = -moved
    times = np.arange(len(strength)) / fps
    return FlowFeatures(layout, np.ones(len(strength), bool), times, values)


def spot(strength, threshold=3.0, **options):
    parameters = {"neutral_level": 0.5, **options}
    return DisplacementSpotter(threshold, **parameters).predict([features(strength)])[0]


def course(*parts):
    """Return the strength of consecutive parts, each (value, frames)."""
    return np.concatenate([np.full(frames, value, float) for value, frames in parts])


def test_an_expression_lasts_while_the_face_is_away_from_neutral():
    strength = course((0.5, 20), (2, 5), (6, 30), (2, 10), (1, 20))
    (row,) = spot(strength)
    assert row.tolist()[:4] == (20, 25, 64, "macro")
    assert row["score"] == pytest.approx(6 / 9)


@pytest.mark.parametrize("frames", [20, 200, 2000])
def test_holds_of_any_length(frames):
    (row,) = spot(course((0, 30), (5, frames), (0, 30)))
    assert (row["onset"], row["offset"]) == (30, 29 + frames)


def test_weak_and_short_motion_is_left_out():
    assert len(spot(course((0, 30), (2.9, 30), (0, 30)))) == 0
    assert len(spot(course((0, 30), (9, 11), (0, 30)))) == 0
    assert len(spot(course((0, 30), (9, 12), (0, 30)))) == 1


def test_short_gaps_are_bridged():
    strength = course((0, 30), (5, 20), (0, 3), (5, 20), (0, 4), (5, 20), (0, 30))
    assert spot(strength)[["onset", "offset"]].tolist() == [(30, 72), (77, 96)]


def test_classes_by_length():
    strength = course((0, 30), (5, 15), (0, 30), (5, 16), (0, 30))
    assert spot(strength)["label"].tolist() == ["micro", "macro"]


def test_at_the_ends_of_a_video():
    assert spot(course((5, 20), (0, 20), (5, 20)))[["onset", "offset"]].tolist() == [
        (0, 19),
        (40, 59),
    ]


def test_the_size_of_the_face_and_the_rate_do_not_matter():
    strength = course((0, 30), (5, 20), (0, 30))
    double = np.repeat(strength, 2)
    tables = DisplacementSpotter().predict(
        [features(strength), features(strength, face_size=256), features(double, fps=60)]
    )
    assert tables[0].tolist() == tables[1].tolist()
    assert tables[2][["onset", "offset"]].tolist() == [(60, 99)]


def test_still_and_missing_videos():
    tables = DisplacementSpotter().predict([features(np.zeros(40)), None])
    assert [len(table) for table in tables] == [0, 0]
    assert all(table.dtype == PREDICTION_DTYPE for table in tables)


def test_frames_without_a_face_are_neutral():
    video = features(course((0, 30), (5, 20), (0, 30)))
    values = np.array(video)
    values[35:45] = np.nan
    (table,) = DisplacementSpotter(min_length=0.1).predict(
        [FlowFeatures(video.layout, video.valid, video.timestamps, values)]
    )
    assert table[["onset", "offset"]].tolist() == [(30, 34), (45, 49)]


def test_the_distance_from_neutral():
    video = features(course((0, 5), (3, 5)), face_size=256)
    np.testing.assert_allclose(video.distance_from_neutral(), [np.nan] * 5 + [3] * 5)
    one_node = np.array(video)
    one_node[..., 6, :] = 0
    half = FlowFeatures(video.layout, video.valid, video.timestamps, one_node)
    np.testing.assert_allclose(half.distance_from_neutral()[5:], 1.5)


def test_features_without_displacement_are_refused():
    layout = FlowLayout()
    plain = np.zeros((20, *layout.shape), np.float32)
    video = FlowFeatures(layout, np.ones(20, bool), np.arange(20) / 30, plain)
    with pytest.raises(ValueError, match="was not measured"):
        DisplacementSpotter().predict([video])
    with pytest.raises(TypeError, match=r"X\[0\] must be FlowFeatures, got ndarray"):
        DisplacementSpotter().predict([plain])


@pytest.mark.parametrize(
    "parameters", [{"threshold": 0}, {"neutral_level": 1.5}, {"min_length": -1}, {"min_gap": "a"}]
)
def test_wrong_parameters(parameters):
    (name,) = parameters
    with pytest.raises(ValueError, match=f"'{name}' parameter of DisplacementSpotter"):
        DisplacementSpotter(**parameters).fit()


def test_scikit_learn():
    spotter = clone(DisplacementSpotter(2, min_gap=0.3))
    assert spotter.get_params()["min_gap"] == 0.3
    video = features(course((0, 30), (5, 20), (0, 30)))
    assert spotter.score([video], spotter.predict([video])) == 1
