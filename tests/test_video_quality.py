"""Tests of how well a video suits spotting."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from skspot.video import AlignedVideo, face_extent, frame_stretches, measure_quality
from tests.conftest import align_exactly


@pytest.fixture(scope="module")
def aligned(still_data):
    return align_exactly(still_data)[0]


def with_motion(aligned, shift=0.0, turn=0.0, fps=30, scale=1.0, missing=()):
    """Return a view of a still face that shifts (pixels) and turns (degrees) in each frame."""
    n_frames = 60
    face = aligned.landmarks[0] * scale
    moves = [cv2.getRotationMatrix2D(face.mean(axis=0).tolist(), k * turn, 1.0) for k in range(60)]
    landmarks = np.stack(
        [face @ move[:, :2].T + move[:, 2] + [k * shift, 0] for k, move in enumerate(moves)]
    )
    valid = ~np.isin(np.arange(n_frames), missing)
    landmarks[~valid] = np.nan
    return AlignedVideo(
        aligned.source[:n_frames], landmarks, valid, np.arange(n_frames) / fps, (900, 900)
    )


@pytest.mark.parametrize(
    ("motion", "fast"),
    [
        ({"shift": 0.45}, False),  # in face sizes per second
        ({"shift": 0.55}, True),
        ({"turn": 27}, False),  # in degrees per second
        ({"turn": 33}, True),
        ({}, False),
    ],
)
def test_fast_head_motion(aligned, motion, fast):
    size = face_extent(aligned.landmarks[0])
    video = with_motion(
        aligned, shift=motion.get("shift", 0) * size / 30, turn=motion.get("turn", 0) / 30
    )
    quality = measure_quality(video)
    assert quality.fast_motion == fast * [(0, 59)]
    assert quality.n_fast == fast * 60


def test_quality_of_a_good_video(aligned):
    quality = measure_quality(with_motion(aligned, scale=1.2))
    assert quality.without_face == quality.fast_motion == []
    assert quality.n_pauses == 0
    assert not quality.low_rate
    assert not quality.small_face
    assert quality.n_frames == 60
    assert quality.duration == quality.face_duration == pytest.approx(2.0)
    assert quality.fps == pytest.approx(30)


def test_quality_of_a_bad_video(aligned):
    video = with_motion(aligned, fps=15, scale=0.5, missing=[3, 4, 5, 20])
    times = video.timestamps + (np.arange(60) >= 30) / 15  # a frame is missing
    quality = measure_quality(replace(video, timestamps=times))
    assert quality.without_face == [(3, 5), (20, 20)]
    assert quality.n_without_face == 4
    assert quality.n_pauses == 1
    assert quality.low_rate
    assert quality.small_face
    assert quality.shown_size == 128
    assert quality.duration == pytest.approx(61 / 15, abs=0.01)
    assert quality.duration - quality.face_duration == pytest.approx(4 / 15)


@pytest.mark.parametrize(
    ("fps", "low"), [(15, True), (22, True), (23.976, False), (30, False), (200, False)]
)
def test_low_frame_rates(aligned, fps, low):
    assert measure_quality(with_motion(aligned, fps=fps)).low_rate == low


@pytest.mark.parametrize(("size", "small"), [(140, False), (118, False), (112, True)])
def test_small_faces(aligned, size, small):
    scale = size / face_extent(aligned.landmarks[0])
    assert measure_quality(with_motion(aligned, scale=scale)).small_face == small


def test_speed_is_measured_in_seconds(aligned):
    """The same motion per second is as fast at any frame rate."""
    for fps in (25, 50, 200):
        shift = 0.7 * face_extent(aligned.landmarks[0]) / fps
        assert measure_quality(with_motion(aligned, shift=shift, fps=fps)).n_fast == 60


def test_one_frame(aligned):
    video = AlignedVideo(aligned.source[:1], aligned.landmarks[:1], [True], [0.0], (240, 240))
    quality = measure_quality(video)
    assert (quality.n_frames, quality.duration, quality.n_pauses) == (1, 0, 0)
    assert np.isnan(quality.fps)
    assert not quality.low_rate
    assert quality.fast_motion == []


def test_stretches():
    assert frame_stretches([]) == frame_stretches([False]) == []
    assert frame_stretches(np.array([1, 1, 0, 1, 0, 0, 1], bool)) == [(0, 1), (3, 3), (6, 6)]
