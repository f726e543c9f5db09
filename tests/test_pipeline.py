"""The whole way from videos to intervals, with nothing but scikit-learn's tools around it."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_validate
from sklearn.pipeline import make_pipeline

from skspot import make_intervals
from skspot.datasets import make_expression_videos
from skspot.intervals import PREDICTION_DTYPE
from skspot.metrics import (
    interval_counts_scorer,
    interval_f1_scorer,
    micro_expression_f1_scorer,
    spotting_report,
)
from skspot.model_selection import LeaveOneSubjectOut, StratifiedSubjectKFold
from skspot.neural_network import SpotFormerClassifier
from skspot.preprocessing import FaceAligner, SWMROFlow
from skspot.preprocessing import _aligner as aligner_module
from skspot.preprocessing import _sw_mro as flow_module


@pytest.fixture(scope="module")
def data():
    return make_expression_videos(3, videos_per_subject=1, n_frames=60, random_state=4)


def make_spotter(memory=None, **parameters):
    return make_pipeline(
        FaceAligner("template", memory=memory),
        SWMROFlow(flow="lucas-kanade", memory=memory),
        SpotFormerClassifier(
            max_epochs=1, module__dim=8, module__dim_head=4, batch_size=32, random_state=0
        ),
    ).set_params(**parameters)


@pytest.fixture(scope="module")
def memory(tmp_path_factory):
    return str(tmp_path_factory.mktemp("cache"))


def test_a_loso_run_extracts_every_video_once(data, tmp_path, monkeypatch):
    counts = {"aligned": 0, "extracted": 0}

    def counting(module, name, key):
        original = getattr(module, name)

        def count(*args, **kwargs):
            counts[key] += 1
            return original(*args, **kwargs)

        monkeypatch.setattr(module, name, count)

    counting(aligner_module, "fill_gaps", "aligned")
    counting(flow_module, "iterate_windows", "extracted")
    spotter = make_spotter(str(tmp_path))
    arguments = {"groups": data.subjects, "cv": LeaveOneSubjectOut(), "error_score": "raise"}
    cross_validate(spotter, data.videos, data.intervals, scoring=interval_f1_scorer, **arguments)
    assert counts == {"aligned": 3, "extracted": 3}
    cross_validate(spotter, data.videos, data.intervals, scoring=interval_f1_scorer, **arguments)
    assert counts == {"aligned": 3, "extracted": 3}


def test_cross_validation_and_report(data, memory):
    spotter = make_spotter(memory)
    scores = cross_validate(
        spotter,
        data.videos,
        data.intervals,
        groups=data.subjects,
        cv=StratifiedSubjectKFold(3),
        scoring={"f1": interval_f1_scorer, "micro": micro_expression_f1_scorer},
        error_score="raise",
        n_jobs=2,
    )
    assert scores["test_f1"].shape == (3,)
    assert np.isfinite(scores["test_micro"]).all()
    predicted = cross_val_predict(
        spotter, data.videos, data.intervals, groups=data.subjects, cv=LeaveOneSubjectOut()
    )
    assert predicted.shape == (3,)
    assert all(table.dtype == PREDICTION_DTYPE for table in predicted)
    report = spotting_report(data.intervals, predicted, output_dict=True)
    n_true = sum(len(table) for table in data.intervals)
    assert report["overall"]["TP"] + report["overall"]["FN"] == n_true
    # The counts of the folds add up to those of the pooled report.
    counts = cross_validate(
        spotter,
        data.videos,
        data.intervals,
        groups=data.subjects,
        cv=LeaveOneSubjectOut(),
        scoring=interval_counts_scorer,
        error_score="raise",
    )
    assert counts["test_macro_fn"].sum() == report["macro"]["FN"]
    assert counts["test_micro_fp"].sum() == report["micro"]["FP"]


def test_grid_search_over_nested_parameters(data, memory):
    search = GridSearchCV(
        make_spotter(memory),
        {
            "swmroflow__window_length": [11, 17],
            "spotformerclassifier__module__dim": [8, 16],
            "spotformerclassifier__micro_threshold": [0.0, 0.1],
        },
        cv=LeaveOneSubjectOut(),
        error_score="raise",
    )
    search.fit(data.videos, data.intervals, groups=data.subjects)
    assert len(search.cv_results_["params"]) == 8
    chosen = search.best_params_["swmroflow__window_length"]
    assert search.best_estimator_[-1].module_.n_positions == chosen - 1


def test_clone_pickle_and_html(data, memory):
    spotter = make_spotter(memory, swmroflow__window_length=11).fit(data.videos, data.intervals)
    copy = clone(spotter)
    assert copy.get_params()["swmroflow__window_length"] == 11
    assert not copy[-1].__sklearn_is_fitted__()
    restored = pickle.loads(pickle.dumps(spotter))
    for a, b in zip(restored.predict(data.videos), spotter.predict(data.videos)):
        np.testing.assert_array_equal(a, b)
    assert "SWMROFlow" in spotter._repr_html_()


def test_two_failing_videos_among_ten(data, tmp_path):
    short = [video[:24] for video in data.videos]
    videos = [*short, *short, *short, short[0]]
    tables = [make_intervals([(5, 10, 18, "macro")])] * 10
    (tmp_path / "text.mp4").write_text("no video")
    videos[2], videos[7] = str(tmp_path / "text.mp4"), np.zeros((60, 64, 64), np.uint8)
    with pytest.raises(OSError, match=r"text\.mp4"):
        make_spotter().fit(videos, tables)
    spotter = make_spotter(facealigner__on_error="warn")
    with pytest.warns(UserWarning, match=r"Face alignment failed for 2 of 10 videos") as caught:
        spotter.fit(videos, tables)
    messages = [str(warning.message) for warning in caught]
    assert any("X[2]" in m and "X[7]" in m and "text.mp4" in m for m in messages)
    assert any("leaves out 2 of 10 videos" in m for m in messages)
    with pytest.warns(UserWarning, match="2 of 10"):
        predicted = spotter.predict(videos)
    assert len(predicted) == 10
    assert len(predicted[2]) == len(predicted[7]) == 0


def test_lengths_of_videos_and_tables_must_agree(data):
    with pytest.raises(ValueError, match="2 tables for 3 videos"):
        make_spotter().fit(data.videos, data.intervals[:2])


def test_a_video_shorter_than_the_window(data):
    with pytest.raises(ValueError, match="12 frames, fewer than window_length=17"):
        make_spotter().fit([data.videos[0][:12], data.videos[1]], data.intervals[:2])


def test_real_faces(test_data, data, memory):
    """A video in which the face leaves: nothing is spotted where there is none."""
    spotter = make_spotter(
        memory,
        spotformerclassifier__macro_threshold=0.0,
        spotformerclassifier__micro_threshold=0.0,
    ).fit(data.videos, data.intervals)
    path = str(test_data / "faces" / "face_noface.mov")
    predicted = spotter.predict([path])[0]
    assert len(predicted) > 0
    assert (predicted["offset"] < 80).all()
    with pytest.raises(ValueError, match=r"no_face\.mp4.*no face"):
        spotter.predict([str(test_data / "faces" / "no_face.mp4")])


@pytest.mark.slow
def test_demo_reaches_its_floors(tmp_path):
    from skspot.demo import run_demo

    report = run_demo(tmp_path)
    assert report["overall"]["F1"] >= 0.70
    assert report["micro"]["F1"] >= 0.50
    for name in ("timeline.png", "predicted.csv", "true.csv", "model.skspot"):
        assert (tmp_path / name).stat().st_size > 0
