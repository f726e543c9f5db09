"""Tests of the pretrained spotter."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone

import skspot
from skspot.cli import main
from skspot.intervals import CLASSES
from skspot.landmarks import MediaPipe
from skspot.neural_network import SpotFormerClassifier
from skspot.preprocessing import FaceAligner, SWMROFlow

FOLDER = Path(skspot.__file__).parent / "pretrained"


@pytest.fixture(scope="module")
def features(lively_data):
    aligned = FaceAligner("template").transform(lively_data.videos[:2])
    return SWMROFlow().transform(aligned), lively_data.intervals[:2]


def test_the_file_is_the_one_that_is_described():
    about = skspot.about_pretrained()
    content = (FOLDER / "spotter.skspot").read_bytes()
    assert hashlib.sha256(content).hexdigest() == about["sha256"]
    assert len(content) < 1_000_000
    assert {source["licence"] for source in about["sources"]} == {"CC BY 4.0", "MIT"}
    notice = (FOLDER.parent.parent / "NOTICE").read_text()
    assert all(source["name"] in notice for source in about["sources"])


def test_it_has_the_default_features_and_network():
    spotter = skspot.load_pretrained("template")
    fresh = skspot.recipes.spotformer("template")
    assert spotter["flow"].get_params() == fresh["flow"].get_params()
    assert spotter["align"].get_params()["face_size"] == fresh["align"].face_size
    sizes = {name: value for name, value in spotter["spot"].get_params().items() if "__" in name}
    assert sizes["module__dim"] == 32


def test_the_landmarker(monkeypatch):
    monkeypatch.setattr(MediaPipe, "is_usable", classmethod(lambda cls: True))
    assert skspot.load_pretrained()["align"].landmarker == "mediapipe"
    monkeypatch.setattr(MediaPipe, "is_usable", classmethod(lambda cls: False))
    assert skspot.load_pretrained()["align"].landmarker == "template"
    chosen = MediaPipe(num_faces=2)
    assert skspot.load_pretrained(chosen)["align"].landmarker is chosen


def test_mediapipe_is_usable_with_its_model_alone(monkeypatch, tmp_path):
    monkeypatch.setenv("SKSPOT_FACE_LANDMARKER", str(tmp_path / "missing.task"))
    assert not MediaPipe.is_usable()
    (tmp_path / "there.task").touch()
    monkeypatch.setenv("SKSPOT_FACE_LANDMARKER", str(tmp_path / "there.task"))
    monkeypatch.setattr("skspot.landmarks._mediapipe._is_installed", lambda: True)
    assert MediaPipe.is_usable()
    monkeypatch.setattr("skspot.landmarks._mediapipe._is_installed", lambda: False)
    assert not MediaPipe.is_usable()


@pytest.mark.parametrize("label", CLASSES)
def test_false_alarms_a_minute(label):
    curve = skspot.about_pretrained()["calibration"][label]
    false = np.array(curve["false a minute"])
    assert (np.diff(false) <= 0).all()
    thresholds = []
    for rate in (false[0], np.median(false), false[-1]):
        spotter = skspot.load_pretrained("template", **{f"false_{label}_a_minute": rate})
        threshold = getattr(spotter["spot"], f"{label}_threshold")
        at = curve["threshold"].index(threshold)
        assert false[at] <= rate
        assert at == 0 or false[at - 1] > rate
        thresholds.append(threshold)
    assert thresholds == sorted(thresholds)


def test_wrong_rates():
    with pytest.raises(ValueError, match="'false_micro_a_minute' parameter of load_pretrained"):
        skspot.load_pretrained(false_micro_a_minute=-1)


def test_rates_that_were_not_reached(monkeypatch):
    curve = {"threshold": [0.1, 0.2], "false a minute": [3.0, 1.5]}
    about = json.dumps({"calibration": {"macro": curve, "micro": curve}})
    monkeypatch.setattr("skspot.pretrained._about", lambda: about)
    with pytest.raises(ValueError, match=r"_minute=0.5 was not reached .* the fewest are 1.5"):
        skspot.load_pretrained("template")


def test_it_spots_people_whom_it_has_not_seen(features):
    X, y = features
    spotter = skspot.load_pretrained("template")[-1]
    assert spotter.score(X, y) > 0.5


def test_training_starts_from_its_weights(features):
    X, y = features
    start = skspot.load_pretrained("template")[-1]
    still = {"max_epochs": 1, "lr": 1e-9, "weight_decay": 0.0, "random_state": 0}
    spotter = clone(SpotFormerClassifier(initial_weights="pretrained", **still)).fit(X, y)
    for name, weights in start.module_.named_parameters():
        same = spotter.module_.get_parameter(name)
        assert (weights - same).abs().max() < 1e-6
    other = SpotFormerClassifier(**still).fit(X, y)
    assert (other.module_.head.weight - start.module_.head.weight).abs().max() > 1e-3


def test_training_starts_from_a_file(features, tmp_path):
    X, y = features
    first = SpotFormerClassifier(max_epochs=1, random_state=0, module__dim=16).fit(X, y)
    path = tmp_path / "first.skspot"
    skspot.save(first, path)
    again = SpotFormerClassifier(
        initial_weights=path, module__dim=16, max_epochs=1, lr=1e-9, weight_decay=0
    ).fit(X, y)
    assert (again.module_.head.weight - first.module_.head.weight).abs().max() < 1e-6
    skspot.save(again, path)
    assert skspot.load(path).initial_weights is None  # a path of this computer
    with pytest.raises(ValueError, match="are those of a network of other sizes"):
        SpotFormerClassifier(initial_weights=path).fit(X, y)


def test_features_that_do_not_fit_the_weights(features):
    X, y = features
    plain = [np.asarray(video)[..., :2] for video in X]
    with pytest.raises(ValueError, match="shape"):
        SpotFormerClassifier(initial_weights="pretrained").fit(plain, y)
    with pytest.raises(FileNotFoundError, match=r"no model file 'nowhere\.skspot'"):
        SpotFormerClassifier(initial_weights="nowhere.skspot").fit(X, y)


def test_on_the_command_line(recorded, tmp_path):
    video = next((recorded / "videos").glob("*.mp4"))
    arguments = [str(video), "--landmarker", "template"]
    assert main(["spot", *arguments, "--out", str(tmp_path)]) == 0
    assert (tmp_path / f"{video.stem}.csv").exists()
    assert main(["report", *arguments, "--out", str(tmp_path / "report.html")]) == 0
    assert "pretrained" in (tmp_path / "report.html").read_text()


def test_the_command_line_says_which_landmarker_it_uses(recorded, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(MediaPipe, "is_usable", classmethod(lambda cls: False))
    video = next((recorded / "videos").glob("*.mp4"))
    assert main(["spot", str(video), "--out", str(tmp_path)]) == 0
    assert "the landmarker template; mediapipe would be more precise" in capsys.readouterr().err
