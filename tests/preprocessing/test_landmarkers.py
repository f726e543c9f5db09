import sys
import types
import urllib.error
import weakref
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from skspot.faces import MIRRORED_POINTS
from skspot.landmarks import LANDMARKERS, make_landmarker
from skspot.landmarks._detecting import DetectingLandmarker
from skspot.landmarks._follower import FaceFollower, overlap
from skspot.landmarks._given_landmarks import CallableLandmarker, KnownLandmarks
from skspot.landmarks._mean_face import Pose, mean_look, mean_shape
from skspot.landmarks._mediapipe import MESH_TO_68
from skspot.landmarks._track_between import points_between
from skspot.utils._parallel import SetupError
from skspot.video import face_extent, open_video

FACE = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2GRAY)[20:220, 120:320]  # 90 pixels wide


def moving_face(motions, shape=(240, 240), noise=2):
    """Return a grey video of the astronaut's face moved by transforms (n, 2, 3)."""
    rng = np.random.default_rng(0)
    size = shape[::-1]
    frames = [cv2.warpAffine(FACE, m, size, borderMode=cv2.BORDER_REPLICATE) for m in motions]
    return np.clip(frames + rng.normal(0, noise, (len(frames), *shape)), 0, 255).astype(np.uint8)


def similarity(x=0.0, y=0.0, zoom=1.0, turn=0.0):
    """Return a transform of FACE about its middle, which then moves by (x, y)."""
    matrix = cv2.getRotationMatrix2D((100, 100), -np.degrees(turn), zoom)
    matrix[:, 2] += x, y
    return matrix


def track(frames, name="template", detect_every=1, **params):
    """Return the points found in an array video, (n, 68, 2), NaN where there is no face."""
    return track_with(make_landmarker(name, params, detect_every), frames)


def track_with(landmarker, frames):
    video = open_video(frames)
    points = list(landmarker.track(video.frames(landmarker.colour), video))
    assert len(points) == len(frames)
    return np.array([np.full((68, 2), np.nan) if p is None else p for p in points])


@pytest.fixture
def model(test_data):
    return test_data / "models" / "face_landmarker.task"


def found(points):
    return np.isfinite(points).all(axis=(1, 2))


def rms(differences):
    """Return the root-mean-square length of vectors (..., 2)."""
    return np.sqrt((differences**2).sum(axis=-1).mean())


def nodding(n_frames):
    """Return the transforms of a head that nods, turns and comes nearer."""
    t = np.arange(n_frames)
    return [
        similarity(20 + 5 * np.sin(s / 3), 20 + 8 * np.sin(s / 4), 1 + 0.004 * s, 0.05 * np.sin(s))
        for s in t
    ]


def moved_points(motions):
    """Return where the points of the mean face, placed on the astronaut's, are after motions."""
    points = Pose(104.0, 95.0, 30.0, 0.0).points
    return np.array([points @ m[:, :2].T + m[:, 2] for m in motions])


WALL = np.random.default_rng(5).integers(0, 255, (240, 240), dtype=np.uint8)


class TestPointsBetween:
    def test_follows_what_lies_off_the_straight_line(self):
        motions = nodding(9)
        truth, frames = moved_points(motions), list(moving_face(motions))
        points = points_between(frames, truth[0], truth[-1])
        assert points.shape == (7, 68, 2)
        assert rms(points - truth[1:-1]) < 0.3  # measured: 0.16
        line = truth[0] + np.linspace(0, 1, 9)[1:-1, None, None] * (truth[-1] - truth[0])
        assert rms(line - truth[1:-1]) > 2

    def test_starts_and_ends_with_what_was_found(self):
        """Errors of the landmarks at the ends are blended, without a jump."""
        truth = moved_points([similarity(20, 20)] * 9)
        frames = list(moving_face([similarity(20, 20)] * 9))
        last = truth[-1] + (1.6, 0)
        points = points_between(frames, truth[0], last)
        shift = (points - truth[1:-1]).mean(axis=1)
        np.testing.assert_allclose(shift[:, 0], 1.6 * np.arange(1, 8) / 8, atol=0.1)

    def test_takes_colour_and_large_frames(self):
        motions = nodding(5)
        truth, frames = moved_points(motions), moving_face(motions)
        colour = [cv2.cvtColor(frame, cv2.COLOR_GRAY2RGB) for frame in frames]
        np.testing.assert_array_equal(
            points_between(colour, truth[0], truth[-1]),
            points_between(list(frames), truth[0], truth[-1]),
        )
        large = [cv2.resize(frame, None, fx=3, fy=3) for frame in frames]
        tripled = 3 * (truth + 0.5) - 0.5
        points = points_between(large, tripled[0], tripled[-1])
        assert rms(points - tripled[1:-1]) < 3 * 0.3

    def test_hidden_points_move_with_the_face(self):
        motions = nodding(6)
        truth, frames = moved_points(motions), moving_face(motions)
        for frame, points in zip(frames[2:4], truth[2:4]):  # a finger on the mouth
            x, y = points[48:].min(axis=0).astype(int)
            frame[y : y + 14, x : x + 30] = WALL[:14, :30]
        points = points_between(list(frames), truth[0], truth[-1])
        assert rms(points - truth[1:-1]) < 0.6
        assert rms(points[:, 48:] - truth[1:-1, 48:]) < 1.5

    @pytest.mark.parametrize("picture", [np.zeros_like(WALL), WALL])
    @pytest.mark.parametrize("hidden", [[3], [2, 3, 4], [1, 2, 3, 4, 5]])
    def test_a_face_that_is_not_there_is_not_tracked(self, picture, hidden):
        frames = moving_face([similarity(20, 20)] * 7)
        truth = moved_points([similarity(20, 20)])[0]
        assert points_between(list(frames), truth, truth) is not None
        frames[hidden] = picture
        assert points_between(list(frames), truth, truth) is None

    def test_another_face_is_not_tracked(self):
        motions = [similarity(10, 20, 0.8)] * 6
        frames = moving_face(motions, shape=(240, 480))
        truth = moved_points(motions)
        assert points_between(list(frames), truth[0], truth[-1] + (60, 0)) is None

    def test_flat_tiny_and_vanishing_pictures(self):
        truth = moved_points([similarity(20, 20)])[0]
        flat = [np.full((240, 240), 90, dtype=np.uint8)] * 4
        assert points_between(flat, truth, truth) is None
        assert points_between([frame[:12, :12] for frame in flat], truth, truth) is None
        assert points_between(flat, truth + 1000, truth + 1000) is None
        assert points_between(flat, truth * 0, truth * 0) is None


class ScriptedLandmarker(DetectingLandmarker):
    """Finds known boxes in frames whose first pixels hold their number, and notes its work."""

    def __init__(self, boxes, points=None, *, detect_every, batch_size=1):
        self._boxes = boxes
        self._points = points
        self.detect_every = detect_every
        self.batch_size = batch_size
        self.seen = []

    def key(self, video):
        return ()

    @contextmanager
    def detector(self):
        yield self._detect

    def _detect(self, frames, choose):
        assert len(frames) <= self.batch_size
        numbers = [int(frame[0, 0, 0]) for frame in frames]
        self.seen += numbers
        chosen = [choose(self._boxes[number]) for number in numbers]
        return [
            None if index is None else self._place(number, index)
            for number, index in zip(numbers, chosen)
        ]

    def _place(self, number, index):
        if self._points is not None:
            return self._points[number]
        left, top, right, bottom = self._boxes[number][index]
        return (mean_shape() + 1.5) / 3 * (right - left, bottom - top) + (left, top)


def numbered(frames):
    """Return colour frames that hold their number in the first pixel."""
    frames = np.stack([frames] * 3, axis=-1)
    frames[:, 0, 0] = np.arange(len(frames))[:, None]
    return frames


def boxes_of(points, hidden=()):
    return [[] if i in hidden else [[*p.min(axis=0), *p.max(axis=0)]] for i, p in enumerate(points)]


class TestDetectEvery:
    @pytest.mark.parametrize(
        ("n_frames", "step", "seen"),
        [
            (1, 5, [0]),
            (4, 5, [0, 3]),
            (6, 5, [0, 5]),
            (23, 5, [0, 5, 10, 15, 20, 22]),
            (5, 1, [0, 1, 2, 3, 4]),
            (5, 2, [0, 2, 4]),
        ],
    )
    @pytest.mark.parametrize("batch_size", [1, 3])
    def test_only_these_frames_are_detected(self, n_frames, step, seen, batch_size):
        motions = nodding(n_frames)
        truth, frames = moved_points(motions), numbered(moving_face(motions))
        landmarker = ScriptedLandmarker(
            boxes_of(truth), truth, detect_every=step, batch_size=batch_size
        )
        points = track_with(landmarker, frames)
        assert landmarker.seen == seen
        np.testing.assert_array_equal(points[seen], truth[seen])
        assert rms(points - truth) < 0.3

    @pytest.mark.parametrize("hidden", [(6, 7), (7, 8, 9, 10, 11, 12), (0, 1, 2), (18, 19), (5,)])
    @pytest.mark.parametrize("batch_size", [1, 2, 5])
    def test_valid_frames_are_those_of_detecting_all(self, hidden, batch_size):
        """A face that leaves for a moment is not made up, and one that comes is not missed."""
        truth, frames = moved_points(nodding(20)), moving_face(nodding(20))
        frames[list(hidden)] = WALL
        frames = numbered(frames)
        for gone in (set(hidden), set(range(20)) - set(hidden)):
            landmarker = ScriptedLandmarker(
                boxes_of(truth, gone), truth, detect_every=5, batch_size=batch_size
            )
            if gone != set(hidden):
                frames[sorted(gone), 1:] = WALL[1:, :, None]
            points = track_with(landmarker, frames)
            expected = [number not in gone for number in range(20)]
            assert found(points).tolist() == expected

    @pytest.mark.parametrize("step", [2, 4, 7])
    @pytest.mark.parametrize("batch_size", [1, 2, 4])
    def test_the_face_followed_is_that_of_detecting_all(self, step, batch_size):
        """The first face runs, another takes its place; pictures of noise can't be tracked."""
        rng = np.random.default_rng(0)
        boxes = []
        for i in range(40):
            first = [9 * i, 50, 9 * i + 60, 110]
            second = [400 - 10 * i, 80, 455 - 10 * i, 135]
            away = i in (27, 28, 29, 33)
            boxes.append([second] if away else [first, second][:: rng.choice([1, -1])])
        frames = rng.integers(0, 255, (40, 120, 480), dtype=np.uint8)
        expected = track_with(ScriptedLandmarker(boxes, detect_every=1), numbered(frames))
        assert found(expected).sum() == 36
        landmarker = ScriptedLandmarker(boxes, detect_every=step, batch_size=batch_size)
        np.testing.assert_array_equal(track_with(landmarker, numbered(frames)), expected)

    @pytest.mark.parametrize("batch_size", [1, 3])
    def test_holds_few_frames(self, batch_size):
        truth = moved_points([similarity(20, 20)] * 60)
        picture = numbered(moving_face([similarity(20, 20)]))[0]
        alive, most = weakref.WeakSet(), []

        class Frame(np.ndarray):
            __hash__ = object.__hash__
            __eq__ = object.__eq__

        def frames():
            for number in range(60):
                frame = picture.copy().view(Frame)
                frame[0, 0] = number
                alive.add(frame)
                most.append(len(alive))
                yield frame
                del frame

        landmarker = ScriptedLandmarker(
            boxes_of(truth), truth, detect_every=4, batch_size=batch_size
        )
        video = types.SimpleNamespace(name="video")
        assert sum(1 for _ in landmarker.track(frames(), video)) == 60
        assert max(most) <= 4 * batch_size + 1

    def test_errors_name_the_frame(self):
        motions = nodding(8)
        frames = numbered(moving_face(motions))
        truth = list(moved_points(motions))
        truth[5] = truth[5][:60]
        landmarker = ScriptedLandmarker(boxes_of(truth), truth, detect_every=5)
        with pytest.raises(ValueError, match=r"for frame 5 the landmarker gave shape \(60, 2\)"):
            track_with(landmarker, frames)

    def test_has_no_meaning_for_what_does_not_detect_single_frames(self):
        for landmarker in ("template", np.zeros((3, 68, 2))):
            assert make_landmarker(landmarker, detect_every=4).detect_every == 1
        assert make_landmarker(found, detect_every=4).detect_every == 4


class TestFaceModel:
    def test_is_symmetric_and_normalised(self):
        shape = mean_shape()
        np.testing.assert_allclose(shape[list(MIRRORED_POINTS)] * [-1, 1], shape, atol=1e-12)
        assert np.sqrt((shape**2).sum(axis=1).mean()) == pytest.approx(1, abs=0.01)
        np.testing.assert_allclose(shape.mean(axis=0), 0, atol=0.01)
        np.testing.assert_array_equal(mean_look(), mean_look()[:, ::-1])

    def test_points_are_where_a_face_has_them(self):
        shape = mean_shape()
        assert shape[8, 1] == shape[:, 1].max()  # the chin is lowest
        left_to_right = [0, 36, 39, 27, 42, 45, 16]  # jaw, eyes, nose, eyes, jaw
        assert (np.diff(shape[left_to_right, 0]) > 0).all()
        top_to_bottom = [19, 37, 41, 30, 33, 51, 57, 8]
        assert (np.diff(shape[top_to_bottom, 1]) > 0).all()

    def test_pose_moves_with_the_picture(self):
        pose = Pose(10.0, 20.0, 30.0, 0.1)
        matrix = similarity(3, 4, 1.1, 0.2)
        expected = pose.points @ matrix[:, :2].T + matrix[:, 2]
        np.testing.assert_allclose(pose.moved(matrix).points, expected, atol=1e-9)


class TestFaceFollower:
    BIG, SMALL = [0, 0, 100, 100], [300, 0, 380, 80]

    @staticmethod
    def shifted(box, x):
        return [box[0] + x, box[1], box[2] + x, box[3]]

    def test_overlap(self):
        assert overlap(np.array([0, 0, 2, 2]), np.array([1, 0, 3, 2])) == pytest.approx(1 / 3)
        assert overlap(np.array([0, 0, 2, 2]), np.array([2, 0, 4, 2])) == 0

    def test_takes_the_largest_and_keeps_it(self):
        follower = FaceFollower()
        assert follower.choose([self.SMALL, self.BIG]) == 1
        huge = [500, 0, 900, 400]
        assert follower.choose([huge, self.SMALL, self.shifted(self.BIG, 5)]) == 2
        for x in range(10, 300, 20):  # now it moves across the picture
            assert follower.choose([self.shifted(self.BIG, x), huge]) == 0

    def test_never_takes_a_face_seen_beside_it(self):
        follower = FaceFollower()
        follower.choose([self.BIG, self.SMALL])
        for x in range(60):  # the followed face has left; the other one wanders
            assert follower.choose([self.shifted(self.SMALL, -3 * x)]) is None
        assert follower.choose([self.BIG, self.shifted(self.SMALL, -177)]) == 0

    def test_never_takes_a_face_elsewhere_however_long_it_is_lost(self):
        follower = FaceFollower()
        follower.choose([self.BIG])
        elsewhere = self.shifted(self.BIG, 400)
        assert [follower.choose([elsewhere]) for _ in range(100)] == [None] * 100
        assert follower.choose([elsewhere, self.shifted(self.BIG, 30)]) == 1  # it has come back

    def test_comes_back_at_a_similar_size_only(self):
        follower = FaceFollower()
        follower.choose([self.BIG])
        follower.choose([])
        assert follower.choose([[0, 0, 55, 55]]) is None
        assert follower.choose([[0, 0, 160, 160]]) is None
        assert follower.choose([[0, 0, 80, 80]]) == 0

    def test_does_not_take_one_of_another_size_for_it(self):
        follower = FaceFollower()
        follower.choose([self.BIG])
        for _ in range(30):
            assert follower.choose([[300, 0, 320, 20]]) is None

    def test_no_boxes(self):
        follower = FaceFollower()
        assert follower.choose([]) is None
        assert follower.choose([self.BIG]) == 0
        assert follower.choose([]) is None
        assert follower.choose([self.BIG]) == 0


class TestTemplate:
    def test_follows_translation(self):
        t = np.arange(70)
        path = np.column_stack([8 * np.sin(t / 9) + 20, 6 * np.cos(t / 7) + 20])
        points = track(moving_face([similarity(*p) for p in path]), recheck=1000)
        motion = points.mean(axis=1) - points[0].mean(axis=0)
        # Measured: at most 0.05 px.
        np.testing.assert_allclose(motion, path - path[0], atol=0.15)
        np.testing.assert_allclose(np.ptp(face_extent(points)), 0, atol=0.5)

    def test_follows_size_and_tilt(self):
        share = np.linspace(0, 1, 50)
        motions = [similarity(20, 20, 1 + 0.4 * s, 0.35 * s) for s in share]
        points = track(moving_face(motions), recheck=1000)
        first = np.linalg.inv(np.vstack([motions[0], [0, 0, 1]]))
        for frame in (10, 25, 49):
            matrix = (np.vstack([motions[frame], [0, 0, 1]]) @ first)[:2]
            expected = points[0] @ matrix[:, :2].T + matrix[:, 2]
            # Measured: at most 0.12 px, after turning by 20 degrees and growing by 40 %.
            assert np.linalg.norm(points[frame] - expected, axis=1).mean() < 0.4

    def test_checks_correct_slowly(self):
        video = moving_face([similarity(20, 20)] * 40, noise=6)
        unchecked, checked = track(video, recheck=1000), track(video, recheck=5)
        assert not np.array_equal(unchecked, checked)
        steps = np.abs(np.diff(checked, axis=0)).max(axis=(1, 2))
        assert steps.max() < 1.5  # pixels, of a face of 90

    def test_repeats_exactly(self):
        video = moving_face([similarity(20 + x, 20) for x in range(40)])
        np.testing.assert_array_equal(track(video), track(video))

    def test_loses_the_face_at_a_cut_and_finds_it_again(self):
        face = moving_face([similarity(20, 20)] * 20)
        wall = np.random.default_rng(1).integers(90, 110, (15, 240, 240), dtype=np.uint8)
        moved = moving_face([similarity(40, 30)] * 20)
        points = track(np.concatenate([face, wall, moved]))
        valid = found(points)
        assert valid[:20].all()
        assert not valid[20:35].any()
        assert valid[35:].all()
        shift = points[-1].mean(axis=0) - points[0].mean(axis=0)
        np.testing.assert_allclose(shift, [20, 10], atol=4)

    def test_takes_up_a_lost_face_where_it_was_last(self):
        path = [*range(0, 200, 8), *range(245, 265)]  # along, then a jump of half the face
        motions = [similarity(x, 20) for x in path]
        points = track(moving_face(motions, shape=(240, 480)), recheck=1000)
        assert found(points).all()
        np.testing.assert_allclose(np.ptp(points[:, 30, 0]), 264, atol=5)

    def test_finds_nothing_in_a_flat_or_faint_picture(self):
        assert not found(track(np.full((5, 120, 160), 128, dtype=np.uint8))).any()
        faint = (120 + moving_face([similarity(20, 20)] * 5, noise=0) // 30).astype(np.uint8)
        assert not found(track(faint)).any()

    def test_takes_pictures_smaller_than_any_face(self):
        assert not found(track(np.zeros((3, 16, 20), dtype=np.uint8))).any()

    def test_finds_a_small_face_in_a_large_picture(self):
        video = moving_face([similarity(200, 150)] * 3, shape=(480, 900))
        assert found(track(video)).all()

    def test_stays_with_the_first_face_when_a_larger_one_enters(self):
        first = [similarity(-20, 120, 0.8)] * 60
        video = moving_face(first, shape=(300, 520))
        second = cv2.resize(FACE, (240, 240))
        video[20:, 20:260, 280:] = second
        points = track(video, recheck=5)
        assert found(points).all()
        assert np.abs(points - points[0]).max() < 8

    def test_face_partly_outside_the_picture(self):
        points = track(moving_face([similarity(20 - 3 * i, 20) for i in range(30)]))
        valid = found(points)
        assert valid[:25].all()
        assert points[valid][..., 0].min() < 0

    @pytest.mark.parametrize("recheck", [0, -1, 2.5, "30"])
    def test_refuses_a_bad_recheck(self, recheck):
        with pytest.raises(ValueError, match=r'landmarker_params\["recheck"\].*at least 1'):
            make_landmarker("template", {"recheck": recheck})

    def test_leaves_with_the_face(self, test_data):
        video = open_video(test_data / "faces" / "face_noface.mov")
        landmarker = make_landmarker("template")
        valid = np.array([p is not None for p in landmarker.track(video.frames(), video)])
        assert valid[:70].all()
        assert not valid[76:].any()

    def test_agrees_with_mediapipe(self, test_data, model):
        pytest.importorskip("mediapipe")
        frames = np.stack(list(open_video(test_data / "faces" / "single_face.mp4").frames(True)))
        approximate, exact = track(frames), track(frames, "mediapipe", model_path=model)
        assert found(approximate).all()
        assert found(exact).all()
        error = np.linalg.norm(approximate - exact, axis=-1).mean(axis=1) / face_extent(exact)
        assert error.mean() < 0.04  # measured: 0.018


class TestMediaPipe:
    @pytest.fixture(autouse=True)
    def _needs_mediapipe(self):
        pytest.importorskip("mediapipe")

    def test_mesh_points_are_distinct_and_in_order(self, test_data, model):
        assert len(set(MESH_TO_68)) == len(MESH_TO_68) == 68
        image = cv2.imread(str(test_data / "faces" / "single_face.jpg"))[..., ::-1]
        points = track(np.ascontiguousarray(image)[None], "mediapipe", model_path=model)[0]
        fit, _ = cv2.estimateAffinePartial2D(mean_shape(), points)
        fitted = mean_shape() @ fit[:, :2].T + fit[:, 2]
        distance = np.linalg.norm(points - fitted, axis=1) / face_extent(points)
        assert distance.max() < 0.1  # no point is swapped with its neighbours' side

    @pytest.mark.parametrize("step", [1, 4])
    def test_follows_one_of_two_faces(self, test_data, model, step):
        image = cv2.imread(str(test_data / "faces" / "multi_face.jpg"))[200:500, 300:850, ::-1]
        frames = np.stack([np.roll(image, 3 * i, axis=1) for i in range(12)])
        points = track(frames, "mediapipe", step, model_path=model, num_faces=5)
        valid = found(points)
        assert valid.mean() > 0.8
        centres = points[valid].mean(axis=1)
        expected = centres[0, 0] + 3 * (np.flatnonzero(valid) - np.flatnonzero(valid)[0])
        np.testing.assert_allclose(centres[:, 0], expected, atol=8)

    def test_every_fifth_frame_is_close_to_every_frame(self, test_data, model):
        frames = np.stack(list(open_video(test_data / "faces" / "single_face.mp4").frames(True)))
        every, fifth = (track(frames, "mediapipe", step, model_path=model) for step in (1, 5))
        assert found(fifth).all()
        assert rms((fifth - every) / face_extent(every)[:, None, None]) < 0.5 / 128

    def test_every_fifth_frame_leaves_with_the_face(self, test_data, model):
        frames = np.stack(list(open_video(test_data / "faces" / "face_noface.mov").frames(True)))
        every, fifth = (
            found(track(frames[60:90], "mediapipe", step, model_path=model)) for step in (1, 5)
        )
        assert 5 < every.sum() < 25
        assert (every != fifth).sum() <= 1

    def test_num_faces_is_passed_on(self, model):
        landmarker = make_landmarker("mediapipe", {"model_path": model, "num_faces": 2})
        assert ("num_faces", 2) in landmarker.key(None)[2]

    def test_key_depends_on_the_content_of_the_model(self, tmp_path, model):
        copy, other = tmp_path / "a.task", tmp_path / "b.task"
        copy.write_bytes(model.read_bytes())
        other.write_bytes(b"another model")
        key = make_landmarker("mediapipe", {"model_path": model}).key(None)
        assert make_landmarker("mediapipe", {"model_path": copy}).key(None) == key
        assert make_landmarker("mediapipe", {"model_path": other}).key(None) != key

    def test_names_the_extra_if_mediapipe_is_missing(self, monkeypatch, model):
        monkeypatch.setitem(sys.modules, "mediapipe", None)
        with pytest.raises(ImportError, match=r'pip install "skspot\[mediapipe\]"'):
            track(np.zeros((1, 64, 64), dtype=np.uint8), "mediapipe", model_path=model)


def test_mediapipe_needs_its_model(tmp_path):
    with pytest.raises(ValueError, match=r"needs the path to its model.*face_landmarker\.task"):
        make_landmarker("mediapipe")
    with pytest.raises(FileNotFoundError, match=r"no file .*nowhere\.task.*download"):
        make_landmarker("mediapipe", {"model_path": tmp_path / "nowhere.task"})


class TestFaceAlignment:
    @pytest.fixture
    def tiny_fan(self, monkeypatch, tmp_path):
        """The package's own class, with one hourglass of random weights and a fixed detector."""
        import face_alignment.api
        import face_alignment.detection
        import torch

        real = face_alignment.api.FAN
        monkeypatch.setenv("TORCH_HOME", str(tmp_path))
        folder = tmp_path / "hub" / "checkpoints"
        folder.mkdir(parents=True)
        name = face_alignment.api.models_urls["2DFAN-4"].split("/")[-1]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            torch.save(real(1).state_dict(), folder / name)
        monkeypatch.setattr(face_alignment.api, "FAN", lambda size: real(1))

        class FaceDetector:
            """Shows two faces: one moves right, a larger one enters in the third frame."""

            reference_scale = 195

            def __init__(self, device, verbose, start=10):
                self.start = start

            def detect_from_image(self, image):
                x = self.start + int(image[0, 0, 0])  # the number of the frame
                small, large = [x, 20.0, x + 60, 80.0, 0.9], [130.0, 10, 220, 100, 0.99]
                return [large, small] if x >= 12 else [small]

        # Beside other work, several threads take ten times as long.
        n_threads = torch.get_num_threads()
        torch.set_num_threads(1)
        module = types.ModuleType("face_alignment.detection.fixed")
        module.FaceDetector = FaceDetector
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(face_alignment.detection, "fixed", module, raising=False)
        yield
        torch.set_num_threads(n_threads)

    def test_follows_the_first_face(self, tiny_fan):
        frames = numbered(np.random.default_rng(0).integers(0, 255, (4, 120, 240), dtype=np.uint8))
        options = {"device": "cpu", "face_detector": "fixed"}
        points = track(frames, "face-alignment", flip_input=False, **options)
        assert np.isfinite(points).all()
        assert points[..., 0].max() < 125  # FAN looks at the surroundings of the box
        flipped = track(frames[:1], "face-alignment", **options)
        assert not np.array_equal(points[:1], flipped)
        options["face_detector_kwargs"] = {"start": 40}
        moved = track(frames[:1], "face-alignment", flip_input=False, **options)
        assert not np.array_equal(points[:1], moved)

    @pytest.mark.parametrize("flip_input", [True, False])
    def test_batches_give_what_the_package_gives_for_single_frames(self, tiny_fan, flip_input):
        frames = numbered(np.random.default_rng(0).integers(0, 255, (4, 120, 240), dtype=np.uint8))
        options = {"device": "cpu", "face_detector": "fixed", "flip_input": flip_input}
        single, batched = (
            track(frames, "face-alignment", batch_size=size, **options) for size in (1, 3)
        )
        # A batch adds up in another order, which can move a point by a quarter of a pixel of FAN.
        np.testing.assert_allclose(batched, single, atol=1)
        network = make_landmarker("face-alignment", options)._load()
        for number, (frame, points) in enumerate(zip(frames, single)):
            box = [10 + number, 20.0, 70 + number, 80.0]
            (expected,) = network.get_landmarks_from_image(frame, detected_faces=[box])
            np.testing.assert_array_equal(points, expected)

    def test_detects_in_batches(self, tiny_fan, tmp_path):
        """The package's own detector with random weights shows the same boxes in both ways."""
        import torch
        from face_alignment.detection.sfd.net_s3fd import s3fd

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(3)
            torch.save(s3fd().state_dict(), tmp_path / "s3fd.pth")
        options = {"device": "cpu", "batch_size": 3}
        options["face_detector_kwargs"] = {
            "path_to_detector": tmp_path / "s3fd.pth",
            "filter_threshold": 0.4,
        }
        landmarker = make_landmarker("face-alignment", options)
        network = landmarker._load()
        frames = list(np.random.default_rng(0).integers(0, 255, (3, 64, 96, 3), dtype=np.uint8))
        batched = landmarker._boxes(network, frames)
        single = [landmarker._boxes(network, [frame])[0] for frame in frames]
        assert [len(boxes) for boxes in batched] == [len(boxes) for boxes in single]
        assert min(len(boxes) for boxes in single) > 0
        for several, alone in zip(batched, single):
            np.testing.assert_allclose(several, alone, rtol=1e-3, atol=1e-3)

    def test_size_of_batches(self):
        sizes = [
            make_landmarker("face-alignment", {"device": device}).batch_size
            for device in ("cpu", "cuda:1", "mps")
        ]
        assert sizes == [1, 4, 4]
        assert make_landmarker("face-alignment", {"batch_size": 3}).batch_size == 3
        for size in (0, 2.5, "8"):
            with pytest.raises(ValueError, match=r'landmarker_params\["batch_size"\].*at least 1'):
                make_landmarker("face-alignment", {"batch_size": size})

    def test_without_network_says_so_and_takes_nothing_else(self, monkeypatch, tmp_path):
        def no_network(*args, **kwargs):
            raise urllib.error.URLError("Name or service not known")

        monkeypatch.setenv("TORCH_HOME", str(tmp_path))
        monkeypatch.setattr("torch.hub.download_url_to_file", no_network)
        with pytest.raises(SetupError, match="could not be downloaded") as info:
            track(np.zeros((1, 64, 64), dtype=np.uint8), "face-alignment", device="cpu")
        message = str(info.value)
        assert isinstance(info.value, OSError)
        for part in (str(tmp_path), "2DFAN4", "s3fd", "'mediapipe'", "'template'", "already have"):
            assert part in message

    def test_refuses_an_unknown_detector(self):
        with pytest.raises(ValueError, match="'nonsense' is not a detector"):
            track(np.zeros((1, 64, 64), dtype=np.uint8), "face-alignment", face_detector="nonsense")

    def test_key_leaves_out_the_device(self):
        keys = [make_landmarker("face-alignment", {"device": d}).key(None) for d in ("cpu", "mps")]
        assert keys[0] == keys[1]


class TestOwnLandmarks:
    def test_callable_sees_rgb_frames(self):
        frames = np.zeros((3, 8, 8, 3), dtype=np.uint8)
        frames[..., 0] = np.arange(3)[:, None, None]

        def landmarker(frame):
            return None if frame[0, 0, 0] == 1 else np.full((68, 2), frame[0, 0, 0])

        points = track(frames, landmarker)
        assert found(points).tolist() == [True, False, True]
        assert points[2, 0, 0] == 2

    def test_code_is_part_of_the_key(self):
        assert CallableLandmarker(found).cacheable
        assert CallableLandmarker(found).key(None) != CallableLandmarker(track).key(None)
        unknown = found
        assert not CallableLandmarker(lambda frame: unknown).cacheable
        assert not CallableLandmarker(np.array).cacheable

    def test_one_array(self):
        landmarks = np.random.default_rng(0).normal(size=(4, 68, 2)).astype(np.float32)
        landmarks[2] = np.nan
        points = track(np.zeros((4, 8, 8), dtype=np.uint8), landmarks)
        np.testing.assert_array_equal(points, landmarks)

    @pytest.mark.parametrize("n_rows", [3, 5])
    def test_wrong_number_of_frames(self, n_rows):
        with pytest.raises(ValueError, match=rf"for {n_rows} frames, but the video has 4"):
            track(np.zeros((4, 8, 8), dtype=np.uint8), np.zeros((n_rows, 68, 2)))

    @pytest.mark.parametrize("shape", [(4, 68), (4, 67, 2), (4, 68, 3), (68, 2)])
    def test_wrong_shape(self, shape):
        with pytest.raises(ValueError, match=r"shape \(n_frames, 68, 2\), got shape \(.*float64"):
            make_landmarker(np.zeros(shape))

    @pytest.mark.parametrize(
        ("entry", "source"),
        [
            ("a/clip.mp4", "a/clip.mp4"),
            (Path("a/clip.mp4"), "a/clip.mp4"),
            ("clip.mp4", "a/clip.mp4"),
            ("clip", Path("a/clip.mp4")),
            ("frames", "a/frames"),
        ],
    )
    def test_mapping_finds_the_entry(self, entry, source):
        landmarks = np.zeros((2, 68, 2))
        landmarker = KnownLandmarks({entry: landmarks, "other": landmarks + 1})
        video = types.SimpleNamespace(source=source, name="clip", keep_every=1)
        narrowed = landmarker.only_for(source)
        assert list(narrowed.landmarks) == [entry]
        assert narrowed.key(video) == landmarker.key(video)
        frames = np.zeros((2, 4, 4))
        np.testing.assert_array_equal(list(narrowed.track(frames, video)), landmarks)

    @pytest.mark.parametrize("step", [1, 3])
    def test_one_row_a_frame_or_one_a_recorded_image(self, step):
        of_images = np.arange(7.0)[:, None, None] * np.ones((68, 2))
        video = types.SimpleNamespace(source="006_1", name="006_1", keep_every=3, n_frames=3)
        landmarker = KnownLandmarks({"006_1": of_images[::step]})
        found = list(landmarker.track(np.zeros((3, 4, 4)), video))
        np.testing.assert_array_equal(found, of_images[::3])

    def test_mapping_without_the_entry_lists_the_entries(self):
        landmarker = KnownLandmarks({"b/clip.mp4": np.zeros((2, 68, 2)), "x": 1})
        video = types.SimpleNamespace(source="a/clip.mp4", name="clip.mp4")
        with pytest.raises(ValueError, match=r"no entry for 'a/clip\.mp4'.*'b/clip\.mp4', 'x'\."):
            landmarker.key(video)
        video.source = np.zeros((2, 4, 4))
        with pytest.raises(ValueError, match="this video is an array and has no path"):
            landmarker.key(video)

    def test_mapping_refuses_one_entry_for_two_videos(self):
        landmarker = KnownLandmarks({"clip.mp4": np.zeros((2, 68, 2))})
        landmarker.check(["a/clip.mp4", "a/other.mp4"])
        with pytest.raises(ValueError, match=r"entry 'clip\.mp4' fits 2 videos"):
            landmarker.check(["a/clip.mp4", "b/clip.mp4"])

    def test_mapping_refuses_keys_that_are_no_paths(self):
        with pytest.raises(TypeError, match=r"keys of a mapping are paths.*got 0, int"):
            make_landmarker({0: np.zeros((2, 68, 2))})

    def test_array_refuses_two_videos(self):
        with pytest.raises(ValueError, match=r"one array.*X holds 2 videos; pass a mapping"):
            KnownLandmarks(np.zeros((2, 68, 2))).check(["a", "b"])


def test_unknown_options_are_refused_with_the_known_ones():
    for name in LANDMARKERS:
        with pytest.raises(ValueError, match=rf"{name}.*no option \['speed'\]; its options are"):
            make_landmarker(name, {"speed": 1})
    with pytest.raises(ValueError, match="with a function as landmarker they must be None"):
        make_landmarker(found, {"speed": 1})
