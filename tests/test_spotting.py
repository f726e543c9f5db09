"""From a spotter and videos to results."""

import pickle
from types import GeneratorType

import numpy as np
import pytest
from sklearn.base import is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline

import skspot
from skspot import SpottingResult, make_intervals, spot
from skspot.datasets import make_expression_videos
from skspot.intervals import PREDICTION_DTYPE
from skspot.preprocessing import FaceAligner, FlowFeatures, SWMROFlow
from skspot.recipes import spotformer, spotformer_paper
from skspot.spotting import BaseSpotter
from skspot.video import AlignedVideo


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    return make_expression_videos(
        2, videos_per_subject=1, n_frames=60, folder=folder, random_state=4
    )


@pytest.fixture(scope="module")
def spotter(data):
    pipeline = spotformer("template", random_state=0).set_params(
        spot__max_epochs=1, spot__macro_threshold=0, spot__micro_threshold=0
    )
    return pipeline.fit(data.videos, data.intervals)


@pytest.fixture(scope="module")
def results(spotter, data):
    return spot(spotter, data.videos)


class EverySecond(BaseSpotter):
    """Spots one expression in each second; takes videos as they are."""

    def fit(self, X, y):
        self.n_seen_ = len(X)
        return self

    def predict(self, X):
        return [make_intervals([(30 * i, 30 * i + 9, "micro") for i in range(2)]) for _ in X]


def test_results_are_what_the_steps_return(spotter, data, results):
    assert len(results) == 2
    predicted = spotter.predict(data.videos)
    scores = spotter[-1].predict_scores(spotter[:-1].transform(data.videos))
    for i, result in enumerate(results):
        assert isinstance(result, SpottingResult)
        assert result.video == data.videos[i]
        assert result.name == f"s0{i + 1}_1.mp4"
        assert isinstance(result.aligned, AlignedVideo)
        assert isinstance(result.features, FlowFeatures)
        assert result.intervals.dtype == PREDICTION_DTYPE
        np.testing.assert_array_equal(result.intervals, predicted[i])
        np.testing.assert_array_equal(result.scores, scores[i])
        assert result.times.duration == pytest.approx(2)
    assert sum(len(result.intervals) for result in results) > 0


def test_features_are_not_kept(results):
    assert not any(result.features.computed for result in results)


def test_results_in_workers_are_the_same(spotter, data, results):
    for one, other in zip(spot(spotter, data.videos, n_jobs=2), results):
        np.testing.assert_array_equal(one.intervals, other.intervals)
        np.testing.assert_array_equal(one.scores, other.scores)
        assert one.aligned == other.aligned
        assert one.features is None  # to be computed again where they are needed


def test_a_generator_returns_them_one_by_one(spotter, data, results):
    generator = spot(spotter, data.videos, return_as="generator")
    assert isinstance(generator, GeneratorType)
    np.testing.assert_array_equal(next(generator).intervals, results[0].intervals)


def test_aligned_videos_are_not_aligned_again(spotter, results):
    aligned = results[0].aligned
    (again,) = spot(spotter, [aligned])
    assert again.aligned is aligned
    np.testing.assert_array_equal(again.intervals, results[0].intervals)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_videos_that_fail(spotter, data, tmp_path, n_jobs):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"nothing")
    videos = [data.videos[0], broken]
    with pytest.raises(OSError, match=r"broken\.mp4"):
        spot(spotter, videos, n_jobs=n_jobs)
    message = r"(?s)Spotting failed for 1 of 2.*videos\[1\], broken.mp4"
    with pytest.warns(UserWarning, match=message):
        good, bad = spot(spotter, videos, n_jobs=n_jobs, on_error="warn")
    assert isinstance(good, SpottingResult)
    assert bad is None


def test_features_instead_of_videos(spotter, results):
    features = results[0].features
    (result,) = spot(spotter[-1], [features])
    assert result.features is features
    assert result.name == "s01_1.mp4"
    assert result.times.fps == pytest.approx(30)
    np.testing.assert_array_equal(result.intervals, results[0].intervals)


def test_a_spotter_of_whole_videos(data):
    (result,) = spot(EverySecond().fit(data.videos, data.intervals), data.videos[:1])
    assert (result.aligned, result.features, result.scores, result.times) == (None,) * 4
    assert len(result.intervals) == 2
    aligned = FaceAligner("template").transform(data.videos[:1])
    pipeline = make_pipeline("passthrough", EverySecond()).fit(aligned, data.intervals[:1])
    (result,) = spot(pipeline, aligned)
    assert result.aligned is aligned[0]
    assert result.features is None
    assert result.times.fps == pytest.approx(30)


def test_table_of_a_result(results):
    for result in results:
        table = result.to_dataframe().dropna(subset="onset")
        assert len(table) == len(result.intervals)
        onsets = result.times.timestamps[result.intervals["onset"]]
        np.testing.assert_allclose(table["onset_seconds"], onsets, atol=1e-6)
        assert set(table["video"]) <= {result.name}


def test_repr_and_pickle(results):
    result = results[0]
    counts = [(result.intervals["label"] == label).sum() for label in ("macro", "micro")]
    assert repr(result) == (
        f"SpottingResult('s01_1.mp4', 2.00 s, {counts[0]} macro, {counts[1]} micro)"
    )
    copy = pickle.loads(pickle.dumps(result))
    np.testing.assert_array_equal(copy.intervals, result.intervals)
    assert copy.times.fps == result.times.fps


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"on_error": "ignore"}, ValueError, "on_error must be 'raise' or 'warn', got 'ignore'"),
        ({"return_as": "array"}, ValueError, "return_as must be 'list' or 'generator'"),
        ({"videos": "a.mp4"}, TypeError, "videos must be a collection of videos, got one path"),
        ({"spotter": FaceAligner("template")}, TypeError, "FaceAligner, which has no predict"),
    ],
)
def test_wrong_arguments(spotter, data, change, error, message):
    with pytest.raises(error, match=message):
        spot(**{"spotter": spotter, "videos": data.videos, **change})


def test_before_fit(data):
    with pytest.raises(NotFittedError):
        spot(spotformer("template"), data.videos)


def test_own_spotters_work_with_scikit_learn(data):
    scores = cross_validate(EverySecond(), data.videos, data.intervals, cv=2, error_score="raise")
    assert len(scores["test_score"]) == 2
    spotter = EverySecond().fit(data.videos, data.intervals)
    assert 0 <= spotter.score(data.videos, data.intervals) <= 1
    assert spotter.score(data.videos, spotter.predict(data.videos)) == 1
    assert not is_classifier(spotter)
    with pytest.raises(ValueError, match="no sample weights"):
        spotter.score(data.videos, data.intervals, sample_weight=[1, 1])


def test_recipes():
    default, paper = spotformer(memory="cache", n_jobs=2, random_state=3), spotformer_paper()
    assert [type(step) for _, step in default.steps[:2]] == [FaceAligner, SWMROFlow]
    assert default["align"].memory == default["flow"].memory == "cache"
    assert default["align"].n_jobs == default["flow"].n_jobs == 2
    assert default["spot"].random_state == 3
    assert default["flow"].reference == "centre"
    assert paper["flow"].reference == "first"
    assert paper["spot"].decoding == "apexes"


def test_a_loaded_model_spots(spotter, data, results, tmp_path):
    skspot.save(spotter, tmp_path / "model.skspot")
    loaded = skspot.load(tmp_path / "model.skspot")
    assert loaded[-1].layout_ == spotter[-1].layout_
    (result,) = spot(loaded, data.videos[:1])
    np.testing.assert_array_equal(result.intervals, results[0].intervals)
    loaded["flow"].set_params(reference="first")
    with pytest.raises(ValueError, match="reference='first' instead of 'centre'"):
        spot(loaded, data.videos[:1])
