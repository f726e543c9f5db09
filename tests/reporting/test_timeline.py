"""Tests of the timeline of a report."""

import numpy as np
import pytest

from skspot import make_intervals
from skspot.reporting._timeline import clock, envelope, make_timeline, nice_ticks
from skspot.video import FrameTimes


def test_marks_last_from_the_first_frame_to_the_end_of_the_last():
    times = np.arange(100) / 25 + 0.5 * (np.arange(100) >= 50)
    predicted = make_intervals([(22, 31, 49, "macro", 0.8), (90, 95, 99, "micro", 0.4)])
    timeline = make_timeline(None, predicted, times=FrameTimes(times), gaps=[(99, 99)])
    macro, micro = timeline.lanes
    assert macro["marks"] == [
        {
            "start": times[22],
            "length": pytest.approx(times[50] - times[22]),
            "apex": times[31],
            "row": 0,
        }
    ]
    assert micro["marks"][0]["length"] == pytest.approx(9 / 25 + times[99] / 99)
    assert timeline.gaps == [(times[99], pytest.approx(times[99] / 99))]
    assert timeline.plots == []


@pytest.mark.parametrize("n_frames", [1, 2, 3000, 3001, 100_000])
def test_curves_keep_their_extremes(n_frames):
    rng = np.random.default_rng(0)
    times, values = np.arange(n_frames) / 30, rng.random(n_frames)
    thin_times, thin = envelope(times, values)
    assert len(thin) <= 3000
    assert thin.min() == values.min()
    assert thin.max() == values.max()
    assert (np.diff(thin_times) >= 0).all()
    assert thin_times[0] == times[0]


@pytest.mark.parametrize(
    ("seconds", "decimals", "text"),
    [
        (0, 0, "0:00"),
        (59.996, 2, "1:00.00"),
        (61.5, 2, "1:01.50"),
        (3599.6, 0, "1:00:00"),
        (3723, 0, "1:02:03"),
        (7.05, 1, "0:07.0"),
    ],
)
def test_clock(seconds, decimals, text):
    assert clock(seconds, decimals) == text


@pytest.mark.parametrize("end", [0.03, 1, 7.3, 59, 60, 3600, 20 * 3600])
def test_ticks_are_few_and_within(end):
    ticks = nice_ticks(end, 4)
    assert 1 <= len(ticks) <= 5
    assert ticks[0] == 0
    assert ticks[-1] <= end
