"""Landmarks that the user has: arrays, mappings and functions."""

import types
from pathlib import Path

import numpy as np
import pytest

from skspot.landmarks._given_landmarks import CallableLandmarker, KnownLandmarks
from tests.landmarks.moving_faces import found, track


class TestOwnLandmarks:
    def test_callable_sees_rgb_frames(self):
        frames = np.zeros((3, 8, 8, 3), dtype=np.uint8)
        frames[..., 0] = np.arange(3)[:, None, None]

        def landmarker(frame):
            return None if frame[0, 0, 0] == 1 else np.full((68, 2), frame[0, 0, 0])

        points = track(CallableLandmarker(landmarker), frames)
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
        points = track(KnownLandmarks(landmarks), np.zeros((4, 8, 8), dtype=np.uint8))
        np.testing.assert_array_equal(points, landmarks)

    @pytest.mark.parametrize("n_rows", [3, 5])
    def test_wrong_number_of_frames(self, n_rows):
        with pytest.raises(ValueError, match=rf"for {n_rows} frames, but the video has 4"):
            track(KnownLandmarks(np.zeros((n_rows, 68, 2))), np.zeros((4, 8, 8), dtype=np.uint8))

    @pytest.mark.parametrize("shape", [(4, 68), (4, 67, 2), (4, 68, 3), (68, 2)])
    def test_wrong_shape(self, shape):
        with pytest.raises(ValueError, match=r"shape \(n_frames, 68, 2\), got shape \(.*float64"):
            KnownLandmarks(np.zeros(shape)).check(["a"])

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
            KnownLandmarks({0: np.zeros((2, 68, 2))}).check(["a"])

    def test_array_refuses_two_videos(self):
        with pytest.raises(ValueError, match=r"one array.*X contains 2 videos; pass a mapping"):
            KnownLandmarks(np.zeros((2, 68, 2))).check(["a", "b"])
