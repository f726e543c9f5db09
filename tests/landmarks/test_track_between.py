"""Points of a face between two frames in which it has been found."""

import cv2
import numpy as np
import pytest

from skspot.landmarks._track_between import points_between
from tests.landmarks.moving_faces import WALL, moved_points, moving_face, nodding, rms, similarity


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
