"""Tests of model files."""

import json
import os
import zipfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from safetensors import safe_open
from safetensors.numpy import save_file
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from skorch.callbacks import EarlyStopping

import skspot
from skspot import make_intervals
from skspot.landmarks import FaceAlignment, MediaPipe, OpenFace, Template
from skspot.model_selection import LeaveOneSubjectOut
from skspot.neural_network import SpotFormer, SpotFormerClassifier
from skspot.preprocessing import FaceAligner, SWMROFlow

TINY = {
    "module__dim": 16,
    "module__mlp_dim": 16,
    "max_epochs": 1,
    "pasted_micro": 0.0,
    "pasted_macro": 0.0,
}


class MyTemplate(Template):
    """A landmarker of the user's own."""


class MySpotFormer(SpotFormer):
    """A network of the user's own."""


@pytest.fixture(scope="module")
def features():
    rng = np.random.default_rng(0)
    return [rng.normal(size=(n, 16, 10, 2)).astype(np.float32) for n in (60, 50)]


@pytest.fixture(scope="module")
def spotter(features):
    tables = [make_intervals([(10, 40, "macro")]), make_intervals([(20, 30, "micro")])]
    spotter = SpotFormerClassifier(random_state=0, macro_threshold=0, **TINY)
    return spotter.fit(features, tables)


@pytest.fixture(scope="module")
def saved(spotter, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "spotter.skspot"
    skspot.save(spotter, path)
    return path


def rewritten(saved, path, change):
    """Write the model again with another description."""
    with safe_open(saved, framework="np") as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        description = json.loads(file.metadata()["skspot"])
    description = change(description) or description
    text = description if isinstance(description, str) else json.dumps(description)
    save_file(weights, path, metadata={"skspot": text})
    return path


def assert_same_scores(one, other, X):
    for a, b in zip(one.predict_scores(X), other.predict_scores(X)):
        assert_array_equal(a, b)
    for a, b in zip(one.predict(X), other.predict(X)):
        assert_array_equal(a, b)


# -- round trips -----------------------------------------------------------------------------------


def test_a_classifier_predicts_the_same(spotter, saved, features):
    loaded = skspot.load(str(saved))
    assert isinstance(loaded, SpotFormerClassifier)
    assert loaded.macro_threshold == 0
    assert loaded.random_state == 0
    assert loaded.window_shape_ == (16, 10, 2)
    assert_array_equal(loaded.classes_, spotter.classes_)
    assert_same_scores(loaded, spotter, features)


def test_a_loaded_spotter_can_be_saved_again_and_cloned(saved, tmp_path, features):
    loaded = skspot.load(saved)
    skspot.save(loaded, tmp_path / "again.skspot")
    assert (tmp_path / "again.skspot").read_bytes() == saved.read_bytes()
    with pytest.raises(NotFittedError):
        clone(loaded).predict(features)


def test_a_whole_pipeline(lively_data, tmp_path):
    pipeline = make_pipeline(
        FaceAligner("template", face_size=96, memory=str(tmp_path / "cache"), n_jobs=1, verbose=1),
        SWMROFlow(11, flow="dis", head_motion=None, memory=str(tmp_path / "cache")),
        SpotFormerClassifier(random_state=0, **TINY),
    )
    videos = [video[:60] for video in lively_data.videos[:2]]
    pipeline.fit(videos, [make_intervals([(20, 40, "macro")]), make_intervals([(20, 30, "micro")])])
    skspot.save(pipeline, tmp_path / "model")
    loaded = skspot.load(tmp_path / "model")
    assert [name for name, _ in loaded.steps] == [name for name, _ in pipeline.steps]
    assert loaded[0].landmarker == "template"
    assert loaded[0].face_size == 96
    expected = {**pipeline[1].get_params(), "memory": None}
    assert loaded[1].get_params() == expected
    # How this machine worked is no part of the model.
    assert (loaded[0].memory, loaded[0].n_jobs, loaded[0].verbose) == (None, None, 0)
    assert str(tmp_path) not in (tmp_path / "model").read_bytes().decode("latin1")
    aligned = loaded[0].transform(videos)
    assert aligned[0].face_size == 96
    transformed = loaded[1].transform(aligned)
    assert transformed[0].shape == (60, 10, 10, 4)
    for a, b in zip(transformed, pipeline[:-1].transform(videos)):
        assert_array_equal(a, b)
    assert_same_scores(loaded[-1], pipeline[-1], transformed)
    for a, b in zip(loaded.predict(videos), pipeline.predict(videos)):
        assert_array_equal(a, b)


def test_numbers_of_numpy_and_paths_are_plain_values(features, spotter, tmp_path):
    aligner = FaceAligner(OpenFace({"clip": Path("clip.csv")}, min_confidence=np.float64(0.5)))
    pipeline = Pipeline([("align", aligner), ("flow", SWMROFlow()), ("spot", spotter)])
    pipeline.set_params(spot__micro_threshold=np.float32(0.25), flow__window_length=np.int64(17))
    skspot.save(pipeline, tmp_path / "model")
    loaded = skspot.load(tmp_path / "model")
    assert loaded[2].micro_threshold == 0.25
    assert loaded[1].window_length == 17
    assert loaded[0].landmarker.get_params() == {
        "files": {"clip": "clip.csv"},
        "min_confidence": 0.5,
    }


def test_paths_of_one_machine_are_left_out(spotter, tmp_path):
    detector = {"path_to_detector": str(tmp_path / "s3fd.pth"), "filter_threshold": 0.4}
    for landmarker, kept in (
        (MediaPipe(tmp_path / "face.task", num_faces=2), MediaPipe(num_faces=2)),
        (
            FaceAlignment(device="cuda:1", face_detector_kwargs=detector, batch_size=2),
            FaceAlignment(face_detector_kwargs={"filter_threshold": 0.4}, batch_size=2),
        ),
        (Template(recheck=7), Template(recheck=7)),
    ):
        skspot.save(make_pipeline(FaceAligner(landmarker), spotter), tmp_path / "m")
        assert str(tmp_path) not in (tmp_path / "m").read_bytes().decode("latin1")
        loaded = skspot.load(tmp_path / "m")[0].landmarker
        assert type(loaded) is type(kept)
        assert loaded.get_params() == kept.get_params()


def test_defaults_are_saved_too(spotter, tmp_path):
    """A model stays the same when a later version changes a default."""
    path = tmp_path / "m"
    skspot.save(make_pipeline(FaceAligner("template"), SWMROFlow(), spotter), path)
    with safe_open(path, framework="np") as file:
        steps = json.loads(file.metadata()["skspot"])["steps"]
    machine = {"memory", "n_jobs", "verbose", "device"}
    assert set(steps[0]["params"]) == set(FaceAligner().get_params()) - machine
    assert set(steps[1]["params"]) == set(SWMROFlow().get_params()) - machine
    assert steps[2]["params"]["decoding"] == "boundaries"
    assert steps[2]["params"]["module__heads"] == 2
    assert not {"device", "verbose", "torch_load_kwargs", "module"} & set(steps[2]["params"])


def test_parameters_of_parts_are_kept(features, tmp_path):
    spotter = SpotFormerClassifier(random_state=0, optimizer__eps=1e-7, **TINY)
    spotter.fit(features, [make_intervals([(10, 40, "macro")]), make_intervals()])
    skspot.save(spotter, tmp_path / "m")
    assert skspot.load(tmp_path / "m").get_params()["optimizer__eps"] == 1e-7


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_the_file_has_the_usual_mode(saved):
    usual = saved.with_name("usual")
    usual.touch()
    assert saved.stat().st_mode == usual.stat().st_mode


def test_the_file_holds_no_pickle(saved):
    assert not zipfile.is_zipfile(saved)  # as torch.save writes
    # Length of the header, JSON, and numbers up to the end: there is no place for anything else.
    content = saved.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    tensors = [entry for name, entry in header.items() if name != "__metadata__"]
    assert {tensor["dtype"] for tensor in tensors} <= {"F32", "I64"}
    borders = sorted(tensor["data_offsets"] for tensor in tensors)
    assert borders[0][0] == 0
    assert all(one[1] == other[0] for one, other in pairwise(borders))
    assert 8 + length + borders[-1][1] == len(content)
    description = json.loads(header["__metadata__"]["skspot"])
    assert description["version"] == skspot.__version__
    assert description["steps"][0]["class"] == "SpotFormerClassifier"


# -- refusals of saving ----------------------------------------------------------------------------


def test_unfitted(tmp_path):
    with pytest.raises(NotFittedError):
        skspot.save(SpotFormerClassifier(), tmp_path / "model")
    with pytest.raises(NotFittedError):
        skspot.save(make_pipeline(SWMROFlow(), SpotFormerClassifier()), tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (
            [FaceAligner(lambda frame: None), SWMROFlow()],
            r"FaceAligner.landmarker \(function\) can't be saved",
        ),
        (
            [FaceAligner({"a": np.zeros((3, 68, 2))})],
            r"FaceAligner.landmarker \(dict\) can't be saved",
        ),
        ([FaceAligner({"a": [[0, 1]]})], r"FaceAligner.landmarker \(dict\) can't be saved"),
        ([FaceAligner(MyTemplate())], r"FaceAligner.landmarker \(MyTemplate\) can't be saved"),
        ([SWMROFlow(flow=print)], "SWMROFlow.flow .* can't be saved"),
        ([LogisticRegression()], "FaceAligner, SWMROFlow and SpotFormerClassifier, got Logistic"),
        (["passthrough"], "got str"),
    ],
)
def test_steps_that_can_not_be_saved(spotter, tmp_path, steps, message):
    with pytest.raises(TypeError, match=message):
        skspot.save(make_pipeline(*steps, spotter), tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("estimator", [FaceAligner(), make_pipeline(FaceAligner(), SWMROFlow())])
def test_the_last_step_is_a_classifier(estimator, tmp_path):
    with pytest.raises(TypeError, match="must be a SpotFormerClassifier, got"):
        skspot.save(estimator, tmp_path / "model")


def test_a_network_of_ones_own(features, tmp_path):
    spotter = SpotFormerClassifier(MySpotFormer, random_state=0, **TINY)
    spotter.fit(features, [make_intervals([(10, 40, "macro")]), make_intervals()])
    with pytest.raises(TypeError, match=r"SpotFormerClassifier.module .*can't be saved"):
        skspot.save(spotter, tmp_path / "model")


def test_a_random_state_that_moves_on(spotter, tmp_path):
    moving = SpotFormerClassifier(random_state=np.random.RandomState(0))
    with pytest.raises(TypeError, match="random_state .RandomState. can't be saved"):
        skspot.save(moving, tmp_path / "model")


def test_what_only_training_uses_is_left_out(features, tmp_path):
    spotter = SpotFormerClassifier(
        train_split=LeaveOneSubjectOut(),
        callbacks=[EarlyStopping("valid_f1", lower_is_better=False)],
        random_state=0,
        **TINY,
    )
    tables = [make_intervals([(10, 40, "macro")]), make_intervals([(10, 40, "macro")])]
    spotter.fit(features, tables, groups=["a", "b"])
    with pytest.warns(UserWarning, match="is not saved: it is used in training only") as caught:
        skspot.save(spotter, tmp_path / "model")
    assert sorted(str(w.message).split()[0] for w in caught) == [
        "SpotFormerClassifier.callbacks",
        "SpotFormerClassifier.train_split",
    ]
    assert {w.filename for w in caught} == {__file__}
    loaded = skspot.load(tmp_path / "model")
    assert loaded.train_split is None
    for one, other in zip(loaded.predict_scores(features), spotter.predict_scores(features)):
        np.testing.assert_array_equal(one, other)


def test_missing_folder(spotter, tmp_path):
    with pytest.raises(FileNotFoundError, match="none"):
        skspot.save(spotter, tmp_path / "none" / "model")


def test_an_interrupted_save_leaves_the_old_file(spotter, tmp_path, monkeypatch):
    path = tmp_path / "model"
    path.write_bytes(b"the old model")

    def half_written(weights, filename, metadata):
        filename.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr("safetensors.torch.save_file", half_written)
    with pytest.raises(KeyboardInterrupt):
        skspot.save(spotter, path)
    assert path.read_bytes() == b"the old model"
    assert list(tmp_path.iterdir()) == [path]


# -- refusals of loading ---------------------------------------------------------------------------


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no model file.*none"):
        skspot.load(tmp_path / "none")


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.999])
def test_truncated_file(saved, tmp_path, share):
    content = saved.read_bytes()
    path = tmp_path / "cut"
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match="cut' is not a model file, or is damaged"):
        skspot.load(path)


def test_a_file_of_another_kind(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(b"\x80\x04\x95" + b"x" * 1000)
    with pytest.raises(ValueError, match="is not a model file, or is damaged"):
        skspot.load(path)


def test_foreign_safetensors(tmp_path):
    save_file({"weight": np.zeros(3)}, tmp_path / "foreign")
    with pytest.raises(ValueError, match="is a safetensors file, but not a model of skspot"):
        skspot.load(tmp_path / "foreign")


def test_a_newer_format(saved, tmp_path):
    path = rewritten(saved, tmp_path / "new", lambda d: d.update(format=3, version="9.0"))
    with pytest.raises(ValueError, match=r"format 3, .* reads format 2; .* skspot 9\.0"):
        skspot.load(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: "no JSON",
        lambda d: "[1]",
        lambda d: d.pop("steps") and None,
        lambda d: d.update(steps=[]),
        lambda d: d.pop("window_shape") and None,
        lambda d: d.update(window_shape=[16, 10]),
        lambda d: d.update(window_shape="abc"),
        lambda d: d["steps"][0].pop("params") and None,
        lambda d: d["steps"][0]["params"].update(unknown=1),
        lambda d: d["steps"][0].update({"class": "FaceAligner", "params": {}}),
        lambda d: d["steps"][0].update({"class": "SpotFormerLoss", "params": {}}),
        lambda d: d["steps"][0].update({"class": "os.system", "params": {"command": "true"}}),
        lambda d: d["steps"][0]["params"].update(module="os.system"),
        lambda d: d["steps"][0]["params"].update(module__dim=32),
        lambda d: d["steps"][0]["params"].update(module__dim=-1),
        lambda d: d["steps"][0]["params"].update(module__nonsense=-1),
    ],
)
def test_a_changed_description(saved, tmp_path, change):
    path = rewritten(saved, tmp_path / "changed", change)
    with pytest.raises(ValueError, match="changed'"):
        skspot.load(path)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"memory": "theirs"}, "must not set how FaceAligner runs on this computer: memory"),
        ({"n_jobs": 2, "verbose": 1}, "n_jobs, verbose"),
        (
            {"landmarker": {"class": "MediaPipe", "params": {"model_path": "theirs"}}},
            "must not set how MediaPipe runs on this computer: .*theirs",
        ),
        (
            {
                "landmarker": {
                    "class": "FaceAlignment",
                    "params": {"face_detector_kwargs": {"path_to_detector": "theirs"}},
                }
            },
            "must not set how FaceAlignment runs",
        ),
        ({"landmarker": {"class": "os.system", "params": {}}}, "unknown landmarker 'os.system'"),
        ({"landmarker": {"class": "Template", "params": {"speed": 1}}}, "speed"),
        ({"landmarker": {"params": {}}}, "class"),
        ({"landmarker": ["template"]}, "can't be built"),
        ({"landmarker__recheck": 1}, "has no parameter landmarker__recheck"),
        ({"callbacks__x": 1}, "has no parameter callbacks__x"),
    ],
)
def test_what_a_file_must_not_set(spotter, tmp_path, params, message):
    skspot.save(make_pipeline(FaceAligner("template"), spotter), tmp_path / "good")

    def change(description):
        description["steps"][0]["params"].update(params)

    path = rewritten(tmp_path / "good", tmp_path / "bad", change)
    with pytest.raises(ValueError, match=message):
        skspot.load(path)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"torch_load_kwargs": {"weights_only": False}}, "torch_load_kwargs"),
        ({"device": "cuda"}, "device"),
        ({"surprise": 1, "other__dim": 1}, "has no parameter other__dim, surprise"),
    ],
)
def test_what_a_file_must_not_set_of_the_classifier(saved, tmp_path, params, message):
    def change(description):
        description["steps"][0]["params"].update(params)

    with pytest.raises(ValueError, match=message):
        skspot.load(rewritten(saved, tmp_path / "bad", change))
