import pickle
import warnings
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from skimage.data import astronaut
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils.estimator_checks import (
    check_do_not_raise_errors_in_init_or_set_params,
    check_estimator_cloneable,
    check_estimator_repr,
    check_estimator_tags_renamed,
    check_get_params_invariance,
    check_mixin_order,
    check_no_attributes_set_in_init,
    check_param_validation,
    check_parameters_default_constructible,
    check_set_params,
    check_valid_tag_types,
)

from skspot.landmarks import MediaPipe, Template
from skspot.preprocessing import SWMROFlow
from skspot.preprocessing._aligner import FaceAligner, fill_gaps
from skspot.utils._parallel import SetupError
from skspot.utils.validation import as_object_array
from skspot.video import AlignedVideo, NoFaceError, VideoReadError

FACE = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2GRAY)[20:220, 120:320]
CIRCLE = np.column_stack([np.cos(np.linspace(0, 6, 68)), np.sin(np.linspace(0, 6, 68))])


def face_video(n_frames=6, start=0):
    """Return a grey video of a face that moves right by one pixel a frame."""
    return np.stack([np.roll(FACE, start + i, axis=1) for i in range(n_frames)])


def blank_video(n_frames=6):
    return np.full((n_frames, 40, 50), 127, dtype=np.uint8)


def circle_landmarker(frame):
    """Find a circle about the middle of the picture, unless its first pixel is 255."""
    if frame[0, 0, 0] == 255:
        return None
    return 10 * CIRCLE + (frame.shape[1] / 2, frame.shape[0] / 2)


@pytest.fixture
def tracked(monkeypatch):
    """Count the frames that the template landmarker looks at."""
    frames = []
    real = Template.track

    def track(self, pictures, video, detect_every=1):
        yield from real(self, (frames.append(0) or picture for picture in pictures), video)

    monkeypatch.setattr(Template, "track", track)
    return frames


class TestTransform:
    def test_one_aligned_video_for_each_in_order(self):
        videos = [face_video(4), face_video(7, start=9)]
        aligned = FaceAligner("template").fit_transform(videos)
        assert isinstance(aligned, list)
        assert [len(video) for video in aligned] == [4, 7]
        for video, source in zip(aligned, videos):
            assert isinstance(video, AlignedVideo)
            assert video.source is source
            assert video.landmarks.dtype == np.float32
            assert video.landmarks.shape == (len(source), 68, 2)
            assert video.valid.all()
            assert video.frame_shape == (200, 200)
            shift = video.landmarks.mean(axis=1)[:, 0]
            np.testing.assert_allclose(shift - shift[0], np.arange(len(source)), atol=0.2)

    def test_works_without_fit_and_in_a_pipeline(self):
        videos = [face_video(4)]
        aligner = FaceAligner("template")
        assert aligner.transform(videos) == make_pipeline(aligner).fit_transform(videos)
        assert set(vars(aligner)) == set(aligner.get_params())

    @pytest.mark.parametrize("container", [list, tuple, pd.Series, as_object_array])
    def test_containers(self, container):
        aligned = FaceAligner(circle_landmarker).transform(container([blank_video(3)]))
        assert len(aligned) == 1
        assert len(aligned[0]) == 3

    def test_one_path_instead_of_a_collection(self):
        for X in ("interview.mp4", Path("interview.mp4"), face_video()):
            with pytest.raises(TypeError, match="X must be a collection.*pass \\["):
                FaceAligner("template").transform(X)
            with pytest.raises(TypeError, match="X must be a collection"):
                FaceAligner("template").fit(X)

    def test_face_size_scales_the_frames_only(self):
        small, large = (
            FaceAligner("template", face_size=size).transform([face_video(3)])[0]
            for size in (40, 80)
        )
        np.testing.assert_array_equal(small.landmarks, large.landmarks)
        assert np.median(small.face_sizes) == pytest.approx(40, abs=1)
        assert np.median(large.face_sizes) == pytest.approx(80, abs=1)

    @pytest.mark.parametrize("n_jobs", [1, 2])
    def test_warns_once_that_the_rate_of_folders_is_assumed(self, tmp_path, n_jobs):
        folders = [tmp_path / name for name in "abc"]
        for folder in folders:
            folder.mkdir()
            for number in range(2):
                cv2.imwrite(str(folder / f"{number}.png"), blank_video(1)[0])
        aligner = FaceAligner(circle_landmarker, n_jobs=n_jobs)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            aligned = aligner.transform([*folders, blank_video()])
        assert [str(warning.message)[:38] for warning in caught] == [
            "Folders of images contain no times; 30"
        ]
        assert aligned[0].fps == pytest.approx(30)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            aligned = aligner.set_params(fps=50).transform(folders)
        assert aligned[0].fps == pytest.approx(50)

    def test_fps_of_arrays(self):
        aligned = FaceAligner(circle_landmarker, fps=200).transform([blank_video()])[0]
        assert aligned.fps == pytest.approx(200)

    def test_detects_every_few_frames(self):
        video = np.repeat(face_video(17)[..., None], 3, axis=-1)
        video[:, 0, 0] = np.arange(17)[:, None]
        expected = 40 * CIRCLE + (98, 78) + np.arange(17)[:, None, None] * (1, 0)
        for step, n_calls in ((1, 17), (5, 5), (16, 2)):
            calls = []

            def landmarker(frame, calls=calls):
                calls.append(frame[0, 0, 0])
                return expected[frame[0, 0, 0]]

            aligned = FaceAligner(landmarker, detect_every=step).transform([video])[0]
            assert len(calls) == n_calls
            assert aligned.valid.all()
            np.testing.assert_allclose(aligned.landmarks, expected, atol=0.5)
        default = FaceAligner(landmarker)
        calls.clear()
        default.transform([video])
        assert default.detect_every == 5
        assert calls == [0, 5, 10, 15, 16]

    def test_leaves_opencv_threads_and_the_videos_alone(self):
        n_threads = cv2.getNumThreads()
        video = face_video(3)
        video.setflags(write=False)
        FaceAligner("template").transform([video])
        assert cv2.getNumThreads() == n_threads

    def test_does_not_depend_on_n_jobs(self):
        videos = [face_video(5, start) for start in (0, 4, 8)]
        serial, parallel = (
            FaceAligner("template", n_jobs=n_jobs).transform(videos) for n_jobs in (1, 2)
        )
        assert serial == parallel

    def test_shows_progress(self, capsys):
        FaceAligner(circle_landmarker, verbose=1).transform([blank_video(5)])
        shown = capsys.readouterr().err
        assert "array of shape (5, 40, 50), frames aligned: 5/5 [" in shown
        FaceAligner(circle_landmarker, verbose=1).transform([blank_video()] * 3)
        assert "face alignment: 3/3 [" in capsys.readouterr().err
        FaceAligner(circle_landmarker).transform([blank_video()])
        assert capsys.readouterr().err == ""


class TestGaps:
    def test_by_hand(self):
        landmarks = np.full((9, 68, 2), np.nan)
        for frame, value in ((1, 10), (4, 16), (8, 0)):
            landmarks[frame] = value
        valid = np.isfinite(landmarks[:, 0, 0])
        nan = np.nan
        for max_gap, expected in (
            (0, landmarks[:, 5, 1]),
            (2, [nan, 10, 12, 14, 16, nan, nan, nan, 0]),
            (3, [nan, 10, 12, 14, 16, 12, 8, 4, 0]),
        ):
            filled = landmarks.copy()
            fill_gaps(filled, valid, max_gap)
            assert np.array_equal(filled[:, 5, 1], expected, equal_nan=True)

    def test_interpolated_frames_are_not_valid(self):
        video = blank_video(30)
        video[[0, 5, 6, 7]] = 255  # no face at the start and in a gap of 3
        video[12:22] = 255  # and in one of 10
        known = video[:, 0, 0] != 255
        filled = known.copy()
        filled[5:8] = True
        for max_gap, expected in ((2, known), (3, filled), (9, filled)):
            aligned = FaceAligner(circle_landmarker, max_gap=max_gap).transform([video])[0]
            np.testing.assert_array_equal(aligned.valid, known)
            np.testing.assert_array_equal(np.isfinite(aligned.landmarks[:, 0, 0]), expected)

    def test_points_that_are_partly_unknown_are_no_face(self):
        landmarks = np.tile(10 * CIRCLE + 20, (3, 1, 1))
        landmarks[1, 7, 0] = np.nan
        aligned = FaceAligner(landmarks, max_gap=0).transform([blank_video(3)])[0]
        assert aligned.valid.tolist() == [True, False, True]
        assert np.isnan(aligned.landmarks[1]).all()


class TestOwnLandmarks:
    def test_mapping_survives_any_choice_of_videos(self, tmp_path):
        paths = []
        for name in "abc":
            (tmp_path / name).mkdir()
            paths.append(tmp_path / name)
            for number in range(3):
                cv2.imwrite(str(tmp_path / name / f"{number}.png"), blank_video(1)[0])
        landmarks = {
            path.name: np.tile(10 * CIRCLE + 20 + i, (3, 1, 1)) for i, path in enumerate(paths)
        }
        aligner = clone(FaceAligner(landmarks))
        chosen = aligner.transform([paths[2], paths[0]])
        np.testing.assert_allclose(chosen[0].landmarks, landmarks["c"], rtol=1e-6)
        np.testing.assert_allclose(chosen[1].landmarks, landmarks["a"], rtol=1e-6)

    def test_wrong_output_of_a_callable(self):
        for bad, got in (
            (np.zeros((67, 2)), r"\(67, 2\)"),
            ("face", r"\(\)"),
            (np.zeros((68, 2), dtype=bool), "bool"),
        ):
            with pytest.raises(ValueError, match=rf"for frame 0 the landmarker gave.*{got}"):
                FaceAligner(lambda frame, bad=bad: bad).transform([blank_video()])

    def test_error_of_a_callable_names_the_video(self):
        def landmarker(frame):
            raise RuntimeError("out of luck")

        with pytest.raises(RuntimeError, match="out of luck") as info:
            FaceAligner(landmarker).transform([blank_video()])
        assert "X[0], array of shape (6, 40, 50)" in info.value.__notes__[0]


class TestErrors:
    def test_no_face(self):
        with pytest.raises(NoFaceError) as info:
            FaceAligner("template").transform([blank_video(4)])
        message = str(info.value)
        for part in (
            "array of shape (4, 40, 50)",
            "4 frames",
            "Template found no face",
            "50 x 40",
            "try",
        ):
            assert part in message

    def test_warn_puts_none_in_their_places(self, tmp_path):
        broken = tmp_path / "broken.mp4"
        broken.write_bytes(b"no video")
        videos = [blank_video(i + 2) for i in range(10)]
        videos[3], videos[7] = broken, np.full((5, 40, 50), 255, dtype=np.uint8)
        aligner = FaceAligner(circle_landmarker, on_error="warn")
        with pytest.warns(UserWarning, match="2 of 10 videos") as record:
            aligned = aligner.transform(videos)
        assert len(record) == 1
        assert "X[3], broken.mp4: VideoReadError" in str(record[0].message)
        assert "broken.mp4" in str(record[0].message)
        assert "X[7], array of shape (5, 40, 50): NoFaceError" in str(record[0].message)
        assert [i for i, video in enumerate(aligned) if video is None] == [3, 7]
        assert [len(video) for video in aligned if video is not None] == [
            2, 3, 4, 6, 7, 8, 10, 11
        ]  # fmt: skip
        with pytest.raises(VideoReadError, match=r"broken\.mp4"):
            aligner.set_params(on_error="raise").transform(videos)

    def test_warn_in_parallel(self):
        videos = [face_video(3), blank_video()]
        with pytest.warns(UserWarning, match=r"X\[1\], array of .*: NoFaceError"):
            aligned = FaceAligner("template", on_error="warn", n_jobs=2).transform(videos)
        assert aligned[0].valid.all()
        assert aligned[1] is None

    def test_what_fails_for_every_video_is_never_collected(self, monkeypatch):
        def no_weights(self, frames, video, detect_every):
            raise SetupError("no weights")
            yield

        monkeypatch.setattr(Template, "track", no_weights)
        with pytest.raises(OSError, match="no weights"):
            FaceAligner("template", on_error="warn").transform([face_video()] * 2)

    @pytest.mark.parametrize(
        "params",
        [
            {"landmarker": "dlib"},
            {"landmarker": 3},
            {"landmarker": [np.zeros((6, 68, 2))]},
            {"face_size": 0},
            {"detect_every": 0},
            {"detect_every": 2.5},
            {"fps": 0},
            {"max_gap": -1},
            {"on_error": "ignore"},
            {"memory": 3},
            {"memory": ["cache"]},
            {"n_jobs": 1.5},
            {"verbose": "yes"},
        ],
    )
    def test_invalid_parameters(self, params):
        aligner = FaceAligner(**{"landmarker": "template", **params})
        for method in (aligner.fit, aligner.transform):
            with pytest.raises(InvalidParameterError, match=f"{next(iter(params))}.*FaceAligner"):
                method([face_video()])

    def test_invalid_parameters_of_the_landmarker(self):
        aligner = FaceAligner(Template(recheck=0))
        for method in (aligner.fit, aligner.transform):
            with pytest.raises(InvalidParameterError, match="'recheck' parameter of Template.*0"):
                method([face_video()])

    def test_class_instead_of_an_object(self):
        with pytest.raises(TypeError, match=r"got the class Template; pass Template\(\)"):
            FaceAligner(Template).fit([face_video()])

    @pytest.mark.parametrize(("n_outside", "fails"), [(5, False), (6, True)])
    def test_landmarks_outside_of_the_picture_in_most_frames(self, n_outside, fails):
        landmarks = np.tile(10 * CIRCLE + (25, 20), (10, 1, 1))
        landmarks[:n_outside] += 100
        aligner = FaceAligner(landmarks)
        if fails:
            with pytest.raises(ValueError, match="outside of the picture in 6 of 10 frames"):
                aligner.transform([blank_video(10)])
        else:
            assert aligner.transform([blank_video(10)])[0].valid.all()

    def test_one_array_for_two_videos(self):
        with pytest.raises(ValueError, match="one array.*X contains 2 videos"):
            FaceAligner(np.zeros((6, 68, 2))).transform([face_video()] * 2)


class TestCache:
    def test_each_video_is_looked_at_once(self, tmp_path, tracked):
        aligner = FaceAligner("template", memory=str(tmp_path))
        videos = [face_video(4), face_video(6, start=3)]
        first = aligner.fit_transform(videos)
        assert len(tracked) == 10
        assert clone(aligner).transform(videos[::-1]) == first[::-1]
        assert aligner.set_params(face_size=50).transform([videos[0].copy()])[0].face_size == 50
        assert len(tracked) == 10

    @pytest.mark.parametrize("change", [{"landmarker__recheck": 7}, {"max_gap": 2}, {"fps": 25}])
    def test_parameters_that_matter_are_in_the_key(self, tmp_path, tracked, change):
        aligner = FaceAligner("template", memory=str(tmp_path))
        aligner.transform([face_video(4)])
        aligner.set_params(**change).transform([face_video(4)])
        assert len(tracked) == 8

    def test_detect_every_is_in_the_key_of_what_detects(self, tmp_path, tracked):
        video = face_video(8)
        for landmarker, n_results in (("template", 1), (circle_landmarker, 2)):
            folder = tmp_path / str(n_results)
            for step in (1, 3, 3):
                FaceAligner(landmarker, detect_every=step, memory=folder).transform([video])
            assert len(list(folder.rglob("output.pkl"))) == n_results
        assert len(tracked) == 8

    def test_no_face_is_remembered_too(self, tmp_path, tracked):
        aligner = FaceAligner("template", memory=str(tmp_path))
        for _ in range(2):
            with pytest.raises(NoFaceError):
                aligner.transform([blank_video(4)])
        assert len(tracked) == 4

    def test_errors_are_not_kept(self, tmp_path):
        aligner = FaceAligner(np.zeros((5, 68, 2)), memory=str(tmp_path))
        for _ in range(2):
            with pytest.raises(ValueError, match="for 5 frames, but the video has 6"):
                aligner.transform([blank_video(6)])

    def test_arrays_are_known_by_their_values(self, tmp_path):
        landmarks = np.tile(10 * CIRCLE + 20, (6, 1, 1))
        for shift in (0, 1):
            aligner = FaceAligner(landmarks + shift, memory=str(tmp_path))
            aligned = aligner.transform([blank_video(6)])[0]
            np.testing.assert_allclose(aligned.landmarks, landmarks + shift, rtol=1e-6)

    def test_callables(self, tmp_path):
        calls = []

        def closure(frame):
            calls.append(0)
            return circle_landmarker(frame)

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            aligner = FaceAligner(circle_landmarker, memory=str(tmp_path))
            assert aligner.transform([blank_video()]) == aligner.transform([blank_video()])
        aligner = FaceAligner(closure, detect_every=1, memory=str(tmp_path))
        for _ in range(2):
            with pytest.warns(UserWarning, match="not cached, because the function"):
                aligner.transform([blank_video(3)])
        assert len(calls) == 6


@pytest.mark.parametrize(
    "check",
    [
        check_do_not_raise_errors_in_init_or_set_params,
        check_estimator_cloneable,
        check_estimator_repr,
        check_estimator_tags_renamed,
        check_get_params_invariance,
        check_mixin_order,
        check_no_attributes_set_in_init,
        check_param_validation,
        check_parameters_default_constructible,
        check_set_params,
        check_valid_tag_types,
    ],
)
def test_estimator_checks(check):
    check("FaceAligner", FaceAligner())


def test_clone_pickle_and_params():
    aligner = FaceAligner(Template(recheck=9), max_gap=3)
    for copy in (clone(aligner), pickle.loads(pickle.dumps(aligner))):
        assert str(copy.get_params()) == str(aligner.get_params())
        assert copy.landmarker is not aligner.landmarker
        assert copy.landmarker.recheck == 9
    assert not aligner.__sklearn_tags__().requires_fit


class TestParametersOfTheLandmarker:
    def test_are_set_through_the_pipeline(self):
        pipeline = make_pipeline(FaceAligner(Template()), SWMROFlow())
        pipeline.set_params(facealigner__landmarker__recheck=7)
        assert pipeline[0].landmarker.recheck == 7
        assert pipeline.get_params()["facealigner__landmarker__recheck"] == 7

    def test_turn_a_name_into_an_object(self):
        aligner = FaceAligner()
        assert aligner.landmarker == "mediapipe"
        aligner.set_params(landmarker__num_faces=2)
        assert isinstance(aligner.landmarker, MediaPipe)
        assert aligner.landmarker.num_faces == 2
        aligner.set_params(landmarker__recheck=5, landmarker="template")
        assert aligner.landmarker.recheck == 5
        aligner.set_params(landmarker="template", max_gap=1)
        assert aligner.landmarker == "template"

    def test_that_do_not_exist(self):
        for landmarker in ("template", Template()):
            with pytest.raises(ValueError, match="Invalid parameter 'speed' for estimator Templat"):
                FaceAligner(landmarker).set_params(landmarker__speed=1)

    def test_grid_search(self):
        video = face_video(4)

        class Valid(BaseEstimator):
            def fit(self, X, y=None):
                self.is_fitted_ = True
                return self

            def score(self, X, y=None):
                return np.mean([aligned.valid.mean() for aligned in X])

        pipeline = Pipeline([("align", FaceAligner("template")), ("end", Valid())])
        grid = [
            {"align__landmarker__recheck": [2, 3]},
            {"align__landmarker": [circle_landmarker, Template(recheck=4)]},
        ]
        search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit([video, video])
        assert search.cv_results_["mean_test_score"].tolist() == [1, 1, 1, 1]
        assert search.best_estimator_["align"].landmarker.recheck == 2
        assert pipeline["align"].landmarker == "template"

    def test_are_shown_in_the_diagram(self):
        html = FaceAligner(MediaPipe(num_faces=3))._repr_html_()
        assert "MediaPipe(num_faces=3)" in html


class TestRealVideos:
    def test_face_leaves(self, test_data):
        aligned = FaceAligner("template").transform([test_data / "faces" / "face_noface.mov"])[0]
        assert len(aligned) == 169
        assert aligned.valid[:70].all()
        assert not aligned.valid[76:].any()
        assert np.isnan(aligned.landmarks[80:]).all()

    def test_no_face(self, test_data):
        with pytest.raises(NoFaceError, match=r"no_face\.mp4"):
            FaceAligner("template").transform([str(test_data / "faces" / "no_face.mp4")])

    def test_occlusion_and_turns(self, test_data):
        aligned = FaceAligner("template").transform([test_data / "faces" / "expressions.mp4"])[0]
        assert len(aligned) == 472
        assert aligned.valid.mean() > 0.95

    def test_mediapipe(self, test_data, model):
        pytest.importorskip("mediapipe")
        aligner = FaceAligner(MediaPipe(str(model)))
        aligned = aligner.transform([test_data / "faces" / "single_face.mp4"])[0]
        assert len(aligned) == 72
        assert aligned.valid.all()
        steps = np.abs(np.diff(aligned.landmarks, axis=0)).max(axis=(1, 2))
        assert steps.max() < 0.1 * np.median(aligned.face_sizes)

    def test_features_of_every_fifth_detection(self, test_data, model):
        """They change by less than the error of the flow, 0.054 px at 0.5 px of motion."""
        pytest.importorskip("mediapipe")
        video = test_data / "faces" / "single_face.mp4"
        flow = SWMROFlow(flow="farneback", resolutions=("window",))
        every, fifth = (
            np.asarray(make_pipeline(aligner, flow).transform([video])[0])
            for aligner in (FaceAligner(MediaPipe(model), detect_every=step) for step in (1, 5))
        )
        small = np.linalg.norm(every, axis=-1) < 1
        change = np.linalg.norm(fifth - every, axis=-1)[small]
        assert 0 < np.sqrt((change**2).mean()) < 0.054  # measured: 0.017


@pytest.mark.parametrize("nothing", [None, np.nan, 5])
@pytest.mark.parametrize("landmarker", [circle_landmarker, {"a": np.zeros((6, 68, 2))}])
def test_elements_that_are_no_videos(nothing, landmarker):
    """The message names the element, and the other videos are aligned."""
    aligner = FaceAligner(landmarker)
    message = f"A video is a path .*got {type(nothing).__name__}"
    with pytest.raises(TypeError, match=message) as caught:
        aligner.transform([nothing])
    assert caught.value.__notes__ == [f"This happened with X[0], {type(nothing).__name__}."]
    if landmarker is circle_landmarker:
        kind = type(nothing).__name__
        reported = rf"1 of 2 videos; the results are None:\n- X\[1\], {kind}: TypeError: {message}"
        with pytest.warns(UserWarning, match=reported):
            aligned = aligner.set_params(on_error="warn").transform([blank_video(), nothing])
        assert [video is None for video in aligned] == [False, True]


def test_memory_may_be_a_path(tmp_path):
    aligner = FaceAligner(circle_landmarker, memory=tmp_path / "cache")
    assert aligner.fit_transform([blank_video()])[0].valid.all()
    assert (tmp_path / "cache").is_dir()
