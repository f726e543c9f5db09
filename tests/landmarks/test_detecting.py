"""Detection in every few frames and tracking between, with detections that are known."""

import types
import weakref
from contextlib import contextmanager

import numpy as np
import pytest

from skspot.landmarks import as_landmarker
from skspot.landmarks._detecting import DetectingLandmarker
from skspot.landmarks._mean_face import mean_shape
from tests.landmarks.moving_faces import (
    WALL,
    found,
    moved_points,
    moving_face,
    nodding,
    numbered,
    rms,
    similarity,
    track,
)


class ScriptedLandmarker(DetectingLandmarker):
    """Finds known boxes in frames whose first pixels hold their number, and notes its work."""

    def __init__(self, boxes, points=None, *, batch_size=1):
        self.boxes = boxes
        self.points = points
        self.batch_size = batch_size
        self.seen = []

    def key(self, video):
        return ()

    def frames_at_a_time(self):
        return self.batch_size

    @contextmanager
    def detector(self):
        yield self._detect

    def _detect(self, frames, choose):
        assert len(frames) <= self.batch_size
        numbers = [int(frame[0, 0, 0]) for frame in frames]
        self.seen += numbers
        chosen = [choose(self.boxes[number]) for number in numbers]
        return [
            None if index is None else self._place(number, index)
            for number, index in zip(numbers, chosen)
        ]

    def _place(self, number, index):
        if self.points is not None:
            return self.points[number]
        left, top, right, bottom = self.boxes[number][index]
        return (mean_shape() + 1.5) / 3 * (right - left, bottom - top) + (left, top)


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
        landmarker = ScriptedLandmarker(boxes_of(truth), truth, batch_size=batch_size)
        points = track(landmarker, frames, detect_every=step)
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
            landmarker = ScriptedLandmarker(boxes_of(truth, gone), truth, batch_size=batch_size)
            if gone != set(hidden):
                frames[sorted(gone), 1:] = WALL[1:, :, None]
            points = track(landmarker, frames, detect_every=5)
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
        expected = track(ScriptedLandmarker(boxes), numbered(frames))
        assert found(expected).sum() == 36
        landmarker = ScriptedLandmarker(boxes, batch_size=batch_size)
        np.testing.assert_array_equal(track(landmarker, numbered(frames), step), expected)

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

        landmarker = ScriptedLandmarker(boxes_of(truth), truth, batch_size=batch_size)
        video = types.SimpleNamespace(name="video")
        assert sum(1 for _ in landmarker.track(frames(), video, detect_every=4)) == 60
        assert max(most) <= 4 * batch_size + 1

    def test_errors_name_the_frame(self):
        motions = nodding(8)
        frames = numbered(moving_face(motions))
        truth = list(moved_points(motions))
        truth[5] = truth[5][:60]
        landmarker = ScriptedLandmarker(boxes_of(truth), truth)
        with pytest.raises(ValueError, match=r"for frame 5 the landmarker gave shape \(60, 2\)"):
            track(landmarker, frames, detect_every=5)

    def test_has_no_meaning_for_what_does_not_detect_single_frames(self):
        for landmarker in ("template", "openface", "py-feat", np.zeros((3, 68, 2))):
            assert not as_landmarker(landmarker).detects_frames
        for landmarker in ("mediapipe", "face-alignment", found):
            assert as_landmarker(landmarker).detects_frames
