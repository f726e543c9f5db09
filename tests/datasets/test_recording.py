"""Tests of recordings and their image numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skspot.datasets.annotations import Recording, image_numbers, natural_order
from skspot.video import FrameTimes, VideoReadError


@given(st.integers(1, 200), st.integers(1, 12))
def test_every_image_has_its_nearest_frame(n_images, keep_every):
    reduced = Recording("a", "s1", "a", np.arange(n_images), keep_every)
    frames = np.array([reduced.frame_at(position) for position in range(n_images)])
    kept = np.arange(0, n_images, keep_every)
    assert reduced.n_frames == len(kept)
    np.testing.assert_array_equal(frames[kept], np.arange(len(kept)))
    distances = np.abs(kept[frames] - np.arange(n_images))
    nearest = np.abs(kept[:, None] - np.arange(n_images)).min(axis=0)
    np.testing.assert_array_equal(distances, nearest)
    assert (distances[: kept[-1] + 1] <= keep_every / 2).all()


def test_seconds_between():
    """An image is shown until the next; the last for one period of the frame rate, 0.2 s."""
    numbers, times = np.arange(4), FrameTimes([0, 0.1, 0.5, 0.6])
    recording = Recording("a", None, "a", numbers, times=times)
    assert recording.seconds_between(0, 0) == pytest.approx(0.1)
    assert recording.seconds_between(1, 2) == pytest.approx(0.5)
    assert recording.seconds_between(2, 3) == pytest.approx(0.3)
    reduced = Recording("a", None, "a", numbers, keep_every=2, fps=5.0)
    assert reduced.seconds_between(1, 2) == pytest.approx(0.2)
    assert Recording("a", None, "a", numbers).seconds_between(0, 0) is None


class TestImageNumbers:
    def test_numbers(self, tmp_path):
        names = ("img10.jpg", "img2.JPG", "s1_007.png", "._img3.jpg", "notes1.txt", "Thumbs.db")
        for name in names:
            (tmp_path / name).touch()
        numbers = image_numbers(str(tmp_path))
        assert numbers.dtype == np.int64
        assert numbers.tolist() == [2, 7, 10]

    def test_errors(self, tmp_path):
        with pytest.raises(VideoReadError, match="contains no images"):
            image_numbers(tmp_path)
        (tmp_path / "x.jpg").touch()
        with pytest.raises(ValueError, match=r"'x\.jpg' has no number"):
            image_numbers(tmp_path)
        (tmp_path / "x.jpg").rename(tmp_path / "1.jpg")
        (tmp_path / "01.jpg").touch()
        with pytest.raises(ValueError, match="both have the number 1"):
            image_numbers(tmp_path)
        (tmp_path / "01.jpg").rename(tmp_path / f"{10**20}.jpg")
        with pytest.raises(ValueError, match="too large"):
            image_numbers(tmp_path)


def test_natural_order():
    names = ["s10_1", "s2_10", "s2_9", "S2_9b", "10", "9", "x\u00b2", ""]
    expected = ["", "9", "10", "s2_9", "S2_9b", "s2_10", "s10_1", "x\u00b2"]
    assert sorted(names, key=natural_order) == expected
