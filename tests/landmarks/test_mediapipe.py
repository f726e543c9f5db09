"""The landmarker MediaPipe on real faces, and what it says if something is missing."""

import os
import sys

import cv2
import numpy as np
import pytest

from skspot.faces import MESH_TO_68
from skspot.landmarks import MediaPipe
from skspot.landmarks._mean_face import mean_shape
from skspot.preprocessing import FaceAligner
from skspot.video import face_extent, open_video
from tests.landmarks.moving_faces import found, rms, track

MODEL_URL = (
    "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/"
    "face_landmarker.task"
)


class TestMediaPipe:
    @pytest.fixture(autouse=True)
    def _needs_mediapipe(self):
        pytest.importorskip("mediapipe")

    def test_mesh_points_are_distinct_and_in_order(self, test_data, model):
        assert len(set(MESH_TO_68)) == len(MESH_TO_68) == 68
        image = cv2.imread(str(test_data / "faces" / "single_face.jpg"))[..., ::-1]
        points = track(MediaPipe(model), np.ascontiguousarray(image)[None])[0]
        fit, _ = cv2.estimateAffinePartial2D(mean_shape(), points)
        fitted = mean_shape() @ fit[:, :2].T + fit[:, 2]
        distance = np.linalg.norm(points - fitted, axis=1) / face_extent(points)
        assert distance.max() < 0.1  # no point is swapped with its neighbours' side

    @pytest.mark.parametrize("step", [1, 4])
    def test_follows_one_of_two_faces(self, test_data, model, step):
        image = cv2.imread(str(test_data / "faces" / "multi_face.jpg"))[200:500, 300:850, ::-1]
        frames = np.stack([np.roll(image, 3 * i, axis=1) for i in range(12)])
        points = track(MediaPipe(model, num_faces=5), frames, step)
        valid = found(points)
        assert valid.mean() > 0.8
        centres = points[valid].mean(axis=1)
        expected = centres[0, 0] + 3 * (np.flatnonzero(valid) - np.flatnonzero(valid)[0])
        np.testing.assert_allclose(centres[:, 0], expected, atol=8)

    def test_every_fifth_frame_is_close_to_every_frame(self, test_data, model):
        frames = np.stack(list(open_video(test_data / "faces" / "single_face.mp4").frames(True)))
        every, fifth = (track(MediaPipe(model), frames, step) for step in (1, 5))
        assert found(fifth).all()
        assert rms((fifth - every) / face_extent(every)[:, None, None]) < 0.5 / 128

    def test_every_fifth_frame_leaves_with_the_face(self, test_data, model):
        frames = np.stack(list(open_video(test_data / "faces" / "face_noface.mov").frames(True)))
        every, fifth = (found(track(MediaPipe(model), frames[60:90], step)) for step in (1, 5))
        assert 5 < every.sum() < 25
        assert (every != fifth).sum() <= 1

    def test_num_faces_is_passed_on(self, model):
        assert ("num_faces", 2) in MediaPipe(model, num_faces=2).key(None)[2]

    def test_names_the_extra_if_mediapipe_is_missing(self, monkeypatch, model):
        monkeypatch.setitem(sys.modules, "mediapipe", None)
        with pytest.raises(ImportError, match=r'pip install "skspot\[mediapipe\]"') as info:
            track(MediaPipe(model), np.zeros((1, 64, 64), dtype=np.uint8))
        assert "(not installed)" in str(info.value)
        assert MODEL_URL in str(info.value)


def test_key_depends_on_the_content_of_the_model(tmp_path):
    for name, content in (("a", b"model"), ("b", b"model"), ("c", b"another")):
        (tmp_path / name).write_bytes(content)
    keys = [MediaPipe(tmp_path / name).key(None) for name in "abc"]
    assert keys[0] == keys[1] != keys[2]


class TestModelFile:
    """Where the model is looked for, and what is said if it is not found."""

    @pytest.fixture(autouse=True)
    def home(self, tmp_path, monkeypatch):
        """A home folder without a model."""
        for variable in ("SKSPOT_FACE_LANDMARKER", "XDG_CACHE_HOME", "LOCALAPPDATA"):
            monkeypatch.delenv(variable, raising=False)
        for variable in ("HOME", "USERPROFILE"):
            monkeypatch.setenv(variable, str(tmp_path))
        return tmp_path

    @staticmethod
    def write(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(str(path).encode())
        return path

    def found(self, **params):
        landmarker = MediaPipe(**params)
        landmarker.check(["a.mp4"])
        sent = landmarker.only_for("a.mp4")
        assert landmarker.get_params()["model_path"] == params.get("model_path")
        assert sent.key(None) == landmarker.key(None)
        return sent.model_path

    def test_each_place_goes_before_the_next(self, home, monkeypatch):
        in_cache = self.write(home / ".cache" / "skspot" / "face_landmarker.task")
        assert self.found() == in_cache
        variable = "LOCALAPPDATA" if os.name == "nt" else "XDG_CACHE_HOME"
        monkeypatch.setenv(variable, str(home / "other"))
        with pytest.raises(FileNotFoundError):
            self.found()
        in_other = self.write(home / "other" / "skspot" / "face_landmarker.task")
        assert self.found() == in_other
        monkeypatch.setenv("SKSPOT_FACE_LANDMARKER", str(self.write(home / "variable.task")))
        assert self.found() == home / "variable.task"
        given = self.write(home / "given.task")
        for path in (given, str(given)):
            assert self.found(model_path=path) == given

    @pytest.mark.parametrize("installed", [True, False])
    @pytest.mark.parametrize("method", ["fit", "transform"])
    def test_says_how_to_get_everything(self, home, monkeypatch, installed, method):
        monkeypatch.setitem(sys.modules, "mediapipe", sys if installed else None)
        with pytest.raises(FileNotFoundError) as info:
            getattr(FaceAligner(), method)(["a.mp4"])
        path = str(home / ".cache" / "skspot" / "face_landmarker.task")
        for part in (
            f"there is no model file {path!r}",
            'pip install "skspot[mediapipe]"',
            "(installed)" if installed else "(not installed)",
            MODEL_URL,
            f"save it as {path}",
            "SKSPOT_FACE_LANDMARKER",
        ):
            assert part in str(info.value)
        assert info.value.parameters == ("model_path",)

    def test_names_the_place_that_was_given(self, home, monkeypatch):
        self.write(home / ".cache" / "skspot" / "face_landmarker.task")
        nowhere = str(home / "nowhere.task")
        with pytest.raises(FileNotFoundError, match=r"model_path is .*nowhere.*not exist") as e:
            self.found(model_path=nowhere)
        assert MODEL_URL in str(e.value)
        monkeypatch.setenv("SKSPOT_FACE_LANDMARKER", nowhere)
        with pytest.raises(FileNotFoundError, match=r"variable SKSPOT_FACE_LANDMARKER is .*nowhe"):
            self.found()

    def test_is_the_same_for_every_video(self, tmp_path):
        """It is raised although errors of videos are collected."""
        with pytest.raises(FileNotFoundError, match="can't be used"):
            FaceAligner(on_error="warn").transform(["a.mp4", "b.mp4"])
