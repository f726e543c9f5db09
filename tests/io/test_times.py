"""Tests of frames and seconds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from skspot.io._times import FrameBoundaries, VideoTimes
from skspot.video import FrameTimes
from tests.io.strategies import steady_times, varying_times

UNEVEN = [0, 0.1, 0.2, 0.7, 0.8]


def of(timestamps):
    return FrameBoundaries.from_times("a", FrameTimes(timestamps))


def uneven():
    return of(UNEVEN)


def test_an_interval_lasts_to_the_end_of_its_offset_frame():
    times = of(np.arange(100) / 25)
    assert times.span(10, 10, 3) == (0.4, 0.44)
    assert times.span(10, 24, 3) == (0.4, 1.0)
    assert times.span(99, 99, 3) == (3.96, 4.0)
    assert uneven().span(1, 2, 3) == (0.1, 0.7)
    assert uneven().span(4, 4, 3) == (0.8, 1.0)  # 4 frames within 0.8 s


def test_a_moment_belongs_to_the_nearest_boundary():
    times = uneven()
    assert times.frames(0.1, 0.7) == (1, 2)
    assert times.frames(0.14, 0.46) == (1, 2)
    assert times.frames(0.16, 0.44) == (2, 2)
    assert times.frames(0.3, 0.31) == (2, 2)  # shorter than a frame: at least one
    assert times.frames(0.86, 0.95) == (4, 4)
    assert times.frames(-0.4, 1.4) == (0, 4)


def test_the_frame_that_is_seen():
    times = uneven()
    assert [times.frame(t) for t in (-0.1, 0, 0.09, 0.1, 0.69, 0.7, 0.8, 0.95)] == [
        *(0, 0, 0, 1, 2, 3, 4, 4)
    ]
    assert times.instant(2, 3) == 0.45


def test_a_steady_rate_is_found():
    for rate in (25, 30000 / 1001, 200):
        exact = np.arange(5000) / rate
        for times in (exact, exact.round(3)):
            found = of(times)
            assert_allclose(found.rate, rate, rtol=1e-5)
            assert_allclose(found.boundaries[:-1], times, atol=1e-3)
    assert uneven().rate is None
    late = of(0.5 + np.arange(50) / 25)
    assert late.rate is None
    assert late.span(0, 0, 3) == (0.5, 0.54)


def test_a_dropped_frame_is_no_steady_rate():
    times = np.delete(np.arange(1000) / 30, 500)
    found = of(times)
    assert found.rate is None
    assert found.span(499, 500, 3) == (16.633, 16.733)


def test_a_video_of_one_frame():
    times = of(np.zeros(1))
    assert times.span(0, 0, 3) == (0, 0.04)


@given(st.data(), st.integers(1, 300), st.sampled_from([3, 6]))
def test_round_trip(data, n_frames, decimals):
    drawn = st.one_of(steady_times(n_frames), varying_times(n_frames))
    times = of(data.draw(drawn))
    onset, offset = sorted(data.draw(st.integers(0, n_frames - 1)) for _ in range(2))
    begin, end = times.span(onset, offset, decimals)
    assert begin < end
    assert times.frames(begin, end) == (onset, offset)
    assert times.frame(times.instant(onset, decimals)) == onset
    # An edit of less than half a frame changes nothing.
    length = np.diff(times.boundaries).min()
    assert times.frames(begin + 0.2 * length, end - 0.2 * length) == (onset, offset)


def test_times_beyond_the_video():
    with pytest.raises(
        ValueError, match=r"'a' lasts from 0 to 1 s \(5 frames\).* from 0.2 to 1.6 s; are these"
    ):
        uneven().frames(0.2, 1.6)
    with pytest.raises(ValueError, match="from -0.6 to 0.2 s"):
        uneven().frames(-0.6, 0.2)
    with pytest.raises(ValueError, match="from 7 to 7 s"):
        uneven().frame(7)
    with pytest.raises(ValueError, match="what begins at 0.5 s ends at 0.2 s"):
        uneven().frames(0.5, 0.2)


def test_times_before_the_video():
    with pytest.raises(ValueError, match="video 'a' must be in seconds from 0 on; got -1 for the"):
        of([-1, 0, 1])


@pytest.mark.parametrize(
    ("n_frames", "rate"), [(0, 30), (1.5, 30), (10**12, 30), (10, 0), (10, np.nan), (10, np.inf)]
)
def test_rates_that_no_video_has(n_frames, rate):
    with pytest.raises(ValueError, match="Video 'a' can't have"):
        FrameBoundaries.from_rate("a", n_frames, rate)


@pytest.mark.parametrize("times", [np.zeros((2, 2)), [0, np.nan], 3.0, [], [0, 0.2, 0.1]])
def test_timestamps_of_another_kind(times):
    with pytest.raises(ValueError, match="timestamps of video 'a' must hold a time for each frame"):
        VideoTimes({"a": times}).reading("a")
