"""When frames appear, how long they last and when they end: one rule for all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skspot.video import AlignedVideo, FrameTimes, n_frames_in


def test_frames_last_until_the_next_and_the_last_one_a_period():
    times = FrameTimes([0.0, 0.1, 0.2, 0.6, 0.7, 0.8, 0.9])
    np.testing.assert_allclose(times.ends, [0.1, 0.2, 0.6, 0.7, 0.8, 0.9, 1.05])
    assert times.period == pytest.approx(0.15)  # the median over all, with its gap
    assert [times.start(3), times.end(3)] == [0.6, 0.7]
    assert repr(times) == "FrameTimes(n_frames=7, fps=6.67, duration=1.05 s)"
    assert times.end(6) == times.duration == pytest.approx(1.05)


def test_one_frame():
    times = FrameTimes([2.0])
    assert np.isnan(times.fps)
    assert (times.duration, times.period, times.end(0)) == (0, 0, 2)


def test_rates_of_rounded_times():
    rounded = np.round(np.arange(300) * 1001 / 24000, 3)
    assert FrameTimes(rounded).fps == pytest.approx(24000 / 1001, rel=1e-4)


@pytest.mark.parametrize(
    ("seconds", "fps", "expected"),
    [(0, 30, 0), (0.5, 30, 15), (0.5, 25, 13), (1 / 30, 200, 7), (1 / 30, 30, 1), (0.05, 30, 2)],
)
def test_lengths_become_frames(seconds, fps, expected):
    assert n_frames_in(seconds, fps) == expected
    assert FrameTimes(np.arange(200) / fps).n_frames_in(seconds) == expected


@given(st.integers(1, 500), st.floats(1, 1000))
def test_frames_survive_a_way_through_seconds(n, fps):
    assert n_frames_in(n / fps, fps) == n


def test_the_frame_at_a_time():
    times = FrameTimes(np.arange(10) / 10)
    shown = [times.frame_at(t) for t in (-1, 0, 0.05, 0.1, 0.95, 7)]
    assert shown == [0, 0, 0, 1, 9, 9]


@pytest.mark.parametrize("timestamps", [[], [0, 0.1, 0.1], [0.1, 0], [[0, 1]], [0, np.nan]])
def test_wrong_times(timestamps):
    with pytest.raises(ValueError, match=r"a\.mp4 must hold a time for each frame"):
        FrameTimes(timestamps, "a.mp4")


def test_aligned_videos_ask_it():
    angle = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    face = 60 + 30 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    frames = np.zeros((50, 120, 120), np.uint8)
    video = AlignedVideo(
        frames, np.tile(face, (50, 1, 1)), np.ones(50), np.arange(50) / 25, (120, 120)
    )
    assert video.times.duration == video.duration == pytest.approx(2)
    assert video.times.fps == video.fps == pytest.approx(25)
