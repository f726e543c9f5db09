"""The README's promise: the tools of scikit-learn and joblib work around the whole pipeline."""

import pickle
import warnings

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed, parallel_config
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, ParameterGrid, cross_val_predict, cross_validate
from sklearn.pipeline import Pipeline

import skspot
from skspot import make_intervals
from skspot.datasets import make_expression_videos
from skspot.datasets.synthetic._videos import write_video
from skspot.intervals import PREDICTION_DTYPE
from skspot.landmarks import Template
from skspot.metrics import interval_counts_scorer, interval_f1_scorer, spotting_report
from skspot.model_selection import LeaveOneSubjectOut, cross_val_intervals
from skspot.neural_network import SpotFormer, SpotFormerClassifier
from skspot.preprocessing import FaceAligner, SWMROFlow


class Own(torch.nn.Module):
    """A network of the user's own: logits of the three scores and an embedding of each window."""

    def __init__(self, n_channels, n_positions, n_nodes):
        super().__init__()
        self.linear = torch.nn.Linear(n_channels * n_positions * n_nodes, 10)

    def forward(self, x):
        return self.linear(x.flatten(1)), x.flatten(1)


class WarningFlow(SWMROFlow):
    """Features, with a warning for each video."""

    def transform(self, X):
        for video in X:
            warnings.warn(f"{video.name} was seen", UserWarning, stacklevel=2)
        return super().transform(X)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Return three tiny videos of as many subjects, in files."""
    folder = tmp_path_factory.mktemp("walk")
    data = make_expression_videos(3, videos_per_subject=1, n_frames=60, random_state=1)
    for i, name in enumerate(data.names):
        write_video(folder / f"{name}.mp4", data.videos[i][:40], fps=30)
        data.videos[i] = str(folder / f"{name}.mp4")
    macro, micro = (8, 16, 28, "macro"), (30, 33, 37, "micro")  # whatever the faces do
    data.intervals = [make_intervals(rows) for rows in ([macro, micro], [macro], [micro])]
    return data


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def spotter(cache):
    """Return a quick pipeline that finds something in every video."""
    return Pipeline(
        [
            ("align", FaceAligner(Template(), memory=cache)),
            ("flow", SWMROFlow(flow="lucas-kanade", memory=cache)),
            ("spot", SpotFormerClassifier(max_epochs=1, macro_threshold=0.0, random_state=0)),
        ]
    )


@pytest.fixture
def by_subject(data):
    """Return how to cross-validate by subject, strictly."""
    return {"groups": data.subjects, "cv": LeaveOneSubjectOut()}


def assert_same(tables, others):
    for table, other in zip(tables, others, strict=True):
        assert table.dtype == PREDICTION_DTYPE
        np.testing.assert_array_equal(table, other)


def search(spotter, data, by_subject, grid, **options):
    found = GridSearchCV(
        spotter,
        grid,
        scoring=interval_f1_scorer,
        cv=by_subject["cv"],
        error_score="raise",
        **options,
    )
    return found.fit(data.videos, data.intervals, groups=by_subject["groups"])


def test_fit_predict_clone_and_pickle(spotter, data):
    fitted = clone(spotter).fit(data.videos, data.intervals)
    predicted = fitted.predict(data.videos)
    assert min(map(len, predicted)) > 0
    assert_same(pickle.loads(pickle.dumps(fitted)).predict(data.videos), predicted)
    assert_same(clone(fitted).fit(data.videos, data.intervals).predict(data.videos), predicted)
    assert_same([result.intervals for result in skspot.spot(fitted, data.videos)], predicted)
    assert "overall" in spotting_report(data.intervals, predicted)


def test_cross_validation_by_three_tools(spotter, data, by_subject):
    predicted = cross_val_predict(spotter, data.videos, data.intervals, **by_subject)
    assert_same(cross_val_intervals(spotter, data.videos, data.intervals, **by_subject), predicted)
    scores = cross_validate(
        spotter,
        data.videos,
        data.intervals,
        scoring=interval_counts_scorer,
        error_score="raise",
        **by_subject,
    )
    report = spotting_report(data.intervals, predicted, output_dict=True)
    assert sum(scores["test_macro_tp"]) == report["macro"]["TP"]
    assert sum(scores["test_macro_fp"]) == report["macro"]["FP"]


@pytest.mark.parametrize(
    "grid",
    [
        [{"flow__window_length": [9, 17]}, {"flow__step": [1 / 15]}],
        [{"spot__decoding": ["boundaries", "apexes"]}, {"spot__macro_threshold": [0.5]}],
        [{"align__landmarker__recheck": [5, 10]}],
        [{"spot__module": [SpotFormer, Own]}, {"spot__module__dim": [8]}],
    ],
    ids=["window", "decoding", "landmarker", "module"],
)
def test_grid_search(spotter, data, by_subject, grid):
    found = search(spotter, data, by_subject, grid, n_jobs=2)
    assert found.cv_results_["params"] == list(ParameterGrid(grid))
    assert np.isfinite(found.cv_results_["mean_test_score"]).all()
    for name, value in found.best_params_.items():
        assert found.best_estimator_.get_params()[name] == value


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_threads_and_processes_find_the_same(spotter, data, by_subject, backend):
    expected = cross_val_predict(spotter, data.videos, data.intervals, **by_subject)
    fitted = clone(spotter).fit(data.videos, data.intervals)
    alone = fitted.predict(data.videos)
    with parallel_config(backend=backend, n_jobs=2):
        got = cross_val_predict(spotter, data.videos, data.intervals, **by_subject)
        results = skspot.spot(fitted, data.videos)
    assert_same(got, expected)
    assert_same([result.intervals for result in results], alone)


def fit_and_predict(spotter, data):
    """Work on videos within a worker, with more workers inside."""
    spotter = clone(spotter).set_params(align__n_jobs=2, flow__n_jobs=2)
    return spotter.fit(data.videos, data.intervals).predict(data.videos)


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_nested_workers_find_the_same(spotter, data, backend):
    expected = clone(spotter).fit(data.videos, data.intervals).predict(data.videos)
    with parallel_config(backend=backend):
        outcomes = Parallel(n_jobs=2)(delayed(fit_and_predict)(spotter, data) for _ in range(2))
    for outcome in outcomes:
        assert_same(outcome, expected)


@pytest.mark.parametrize("backend", ["sequential", "loky", "threading"])
def test_warnings_during_and_after_parallel_work_are_seen(
    spotter, cache, data, by_subject, backend, recwarn
):
    spotter.set_params(flow=WarningFlow(flow="lucas-kanade", memory=cache))
    fitted = clone(spotter).fit(data.videos, data.intervals)
    recwarn.clear()
    with parallel_config(backend=backend, n_jobs=2):
        skspot.spot(fitted, data.videos)
        cross_val_predict(spotter, data.videos, data.intervals, **by_subject)
    warnings.warn("afterwards", stacklevel=1)
    messages = [str(warning.message) for warning in recwarn]
    assert {f"{name}.mp4 was seen" for name in data.names} <= set(messages)
    assert messages[-1] == "afterwards"
