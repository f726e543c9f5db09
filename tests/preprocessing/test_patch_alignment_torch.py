"""Patches aligned with PyTorch against the same by the processor, one frame after the other."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from skspot.preprocessing import SWMROFlow
from skspot.preprocessing.flow import RegionGeometry, make_engine
from skspot.preprocessing.flow import _device_engine as engine_module
from skspot.preprocessing.flow._patch_alignment import (
    N_LEVELS,
    align_regions,
    describe_regions,
    make_pyramid,
)
from skspot.preprocessing.flow._patch_alignment_torch import (
    align_batch,
    check_device,
    extend_pyramids,
)
from skspot.video import AlignedVideo
from tests.conftest import align_exactly

TOLERANCE = 2e-3
NEEDS_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=NEEDS_CUDA)])
def device(request):
    return request.param


def _noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def _textured(n, height=150, width=131):
    """Return pictures of blurred noise that moves by (0.8, -0.5) from each to the next."""
    picture = cv2.GaussianBlur(_noise(height, width), (0, 0), 2.5)
    picture = cv2.normalize(picture, None, 0, 255, cv2.NORM_MINMAX)
    matrices = [np.array([[1, 0, 0.8 * k], [0, 1, -0.5 * k]]) for k in range(n)]
    border = cv2.BORDER_REPLICATE
    return np.stack(
        [cv2.warpAffine(picture, m, (width, height), borderMode=border) for m in matrices]
    )


def _boxes(centres, radii=7):
    centres, radii = np.array(centres), np.reshape(radii, (-1, 1))
    return np.hstack([centres - radii, centres + radii])


def _aligned(exact, n=None, lost=(), face_size=128):
    """Return the beginning of an aligned video, some frames without landmarks."""
    landmarks, valid = exact.landmarks[:n].copy(), exact.valid[:n].copy()
    landmarks[list(lost)], valid[list(lost)] = np.nan, False
    return AlignedVideo(
        exact.source[:n], landmarks, valid, exact.timestamps[:n], exact.frame_shape, face_size
    )


def _assert_same_features(aligned, device, **settings):
    expected = SWMROFlow(**settings).transform([aligned])[0]
    features = SWMROFlow(device=device, **settings).transform([aligned])[0]
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, expected, atol=TOLERANCE, rtol=0)
    assert np.nanmax(np.abs(expected)) > 20 * TOLERANCE
    return features


@pytest.mark.parametrize("shape", [(40, 60), (41, 57), (9, 10), (3, 2), (1, 1)])
def test_pyramids(device, shape):
    frames = _noise(3, *shape)
    levels = extend_pyramids(None, frames, device)
    assert len(levels) == N_LEVELS
    for i, frame in enumerate(frames):
        for level, expected in zip(levels, make_pyramid(frame), strict=True):
            np.testing.assert_allclose(level[i].cpu(), expected, atol=1e-3)


def test_pyramids_grow_behind(device):
    frames = _noise(5, 30, 40)
    grown = extend_pyramids(extend_pyramids(None, frames[:2], device), frames[2:], device)
    for level, expected in zip(grown, extend_pyramids(None, frames, device), strict=True):
        np.testing.assert_array_equal(level.cpu(), expected.cpu())


def test_every_region_of_every_picture(device):
    """Regions inside, across and beyond the border, of two sizes, elsewhere in each picture."""
    frames = _textured(9)
    places = [(60, 70), (20, 111), (3, 5), (130, 149), (-40, 60), (70, 80)]
    regions = np.stack([_boxes(np.add(places, shift), [7] * 5 + [10]) for shift in (0, 3, -5)])
    origins, lags = np.array([0, 1, 3]), [1, 2, 5]
    needed = np.zeros((3, 6), bool)
    needed[:, lags] = True
    motion = align_batch(extend_pyramids(None, frames, device), origins, regions, needed)
    assert motion.dtype == np.float32
    assert np.isnan(motion[:, [0, 3, 4]]).all()
    pyramids = [make_pyramid(frame) for frame in frames]
    for origin, boxes, found in zip(origins, regions, motion):
        targets = [pyramids[origin + lag] for lag in lags]
        expected = align_regions(describe_regions(pyramids[origin], boxes), targets)
        np.testing.assert_allclose(found[lags], expected, atol=TOLERANCE, rtol=0)
        known = np.multiply.outer(lags, [0.8, -0.5])
        np.testing.assert_allclose(found[lags, 0], known, atol=0.1)


def test_first_guesses_come_from_the_pairs_that_are_needed(device):
    """Large motion is found from picture to picture, for each origin by its own chain."""
    frames = np.stack([np.roll(_textured(1, 200, 200)[0], 9 * k, axis=1) for k in range(5)])
    regions = np.stack([_boxes([(90, 100)])] * 2)
    needed = np.array([[False, True, True, True, True], [False, False, False, False, True]])
    motion = align_batch(extend_pyramids(None, frames, device), np.zeros(2, int), regions, needed)
    np.testing.assert_allclose(motion[0, 1:, 0], [[9 * k, 0] for k in (1, 2, 3, 4)], atol=0.05)
    assert np.isnan(motion[1, 1:4]).all()
    assert np.abs(motion[1, 4, 0] - [36, 0]).max() > 1  # too far for one go
    pyramids = [make_pyramid(frame) for frame in frames]
    expected = align_regions(describe_regions(pyramids[0], regions[0]), [pyramids[4]])
    np.testing.assert_allclose(motion[1, 4], expected[0], atol=TOLERANCE, rtol=0)


def test_a_picture_does_not_move_against_itself(device):
    frames = np.repeat(_textured(1), 3, axis=0)
    regions = _boxes([(60, 70), (20, 111), (-40, 60)])[None]
    needed = np.array([[False, True, True]])
    motion = align_batch(extend_pyramids(None, frames, device), np.zeros(1, int), regions, needed)
    np.testing.assert_array_equal(motion[0, 1:], 0)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"reference": "first", "head_motion": None},
        {"nodes": "extended", "head_motion": "similarity", "window_length": 9},
        {"spacing": 2, "resolutions": (3, "window", 1), "window_length": 9},
        {"resolutions": (1,), "window_length": 9},
    ],
    ids=str,
)
def test_features(lively_data, device, settings):
    for exact in align_exactly(lively_data)[::2]:
        _assert_same_features(_aligned(exact, 45), device, **settings)


@pytest.mark.parametrize("face_size", [40, 96, 250])
def test_features_of_other_sizes(lively_data, device, face_size):
    exact = align_exactly(lively_data)[1]
    _assert_same_features(_aligned(exact, 40, face_size=face_size), device, window_length=9)


@pytest.mark.parametrize(
    "lost",
    [
        range(30, 45),
        [0, 1, 2, 40, 43, 58, 59],
        range(1, 60, 2),
        range(7),
        range(1, 60),  # one frame has a face, and no motion is measured at all
    ],
    ids=str,
)
@pytest.mark.parametrize("spacing", [1, 2])
def test_features_with_gaps(lively_data, device, monkeypatch, lost, spacing):
    monkeypatch.setattr(engine_module, "_BATCH_LENGTH", 16)
    aligned = _aligned(align_exactly(lively_data)[0], 60, lost)
    settings = {"window_length": 9, "spacing": spacing}
    expected = SWMROFlow(**settings).transform([aligned])[0]
    features = SWMROFlow(device=device, **settings).transform([aligned])[0]
    np.testing.assert_allclose(features, expected, atol=TOLERANCE, rtol=0)
    np.testing.assert_array_equal(features == 0, expected == 0)  # the same pairs


def test_landmarks_in_one_point_are_no_face(lively_data, device):
    aligned = _aligned(align_exactly(lively_data)[0], 40)
    landmarks = aligned.landmarks.copy()
    landmarks[20] = 120
    aligned = replace(aligned, landmarks=landmarks)
    _assert_same_features(aligned, device, window_length=9)


@pytest.mark.parametrize("length", [1, 5, 8, 30, 1000])
def test_batches_do_not_show(lively_data, device, monkeypatch, length):
    monkeypatch.setattr(engine_module, "_BATCH_LENGTH", length)
    aligned = _aligned(align_exactly(lively_data)[0], 30)
    features = _assert_same_features(aligned, device, window_length=9)
    blocks = list(SWMROFlow(9, device=device).transform([aligned])[0].blocks(12))
    assert [len(block) for block in blocks] == [12, 12, 6]
    np.testing.assert_allclose(np.concatenate(blocks), features, atol=1e-5)


def test_frames_travel_once_and_few_are_held(lively_data, device, monkeypatch):
    monkeypatch.setattr(engine_module, "_BATCH_LENGTH", 20)
    sent, held = [], []
    original = engine_module.extend_pyramids

    def watched(pyramids, frames, device):
        assert frames.dtype == np.uint8
        sent.append(frames)
        pyramids = original(pyramids, frames, device)
        held.append(len(pyramids[0]))
        return pyramids

    monkeypatch.setattr(engine_module, "extend_pyramids", watched)
    exact = align_exactly(lively_data)[0]
    np.asarray(SWMROFlow(9, device=device).transform([exact])[0])
    np.testing.assert_array_equal(np.concatenate(sent), np.stack(list(exact)))
    assert max(held) == 20 + 4


def test_large_faces_make_small_batches(lively_data):
    exact = align_exactly(lively_data)[0]
    lengths = [
        len(next(engine_module._batches(_aligned(exact, 120, face_size=size), None)))
        for size in (32, 512, 1024)
    ]
    assert lengths == [120, 16, 4]


@pytest.mark.parametrize("name", ["cpu", pytest.param("cuda:0", marks=NEEDS_CUDA)])
def test_devices(name):
    check_device(name)


def test_wrong_devices():
    with pytest.raises(ValueError, match="torch device such as 'cuda' .*got 'gpu'"):
        check_device("gpu")
    with pytest.raises(ValueError, match="but the CUDA devices that torch sees are"):
        check_device("cuda:99")


def test_cuda_where_there_is_none(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(ValueError, match="device is 'cuda', .* sees are: none.*leave device=None"):
        check_device("cuda")


def test_a_single_pair(lively_data, device):
    """The engine measures single pairs as well as whole videos."""
    exact = align_exactly(lively_data)[0]
    first, _, _, second = (frame for frame, _ in zip(exact, range(4)))
    geometry = RegionGeometry(128, "paper", "nose")
    landmarks = exact.face_landmarks[0]
    motion = [
        geometry.node_motion(engine, landmarks, [engine.prepare(f) for f in (first, second)])
        for engine in (make_engine("patches"), make_engine("patches", device))
    ]
    assert np.abs(motion[0]).max() > 0.05
    np.testing.assert_allclose(motion[1], motion[0], atol=TOLERANCE, rtol=0)
