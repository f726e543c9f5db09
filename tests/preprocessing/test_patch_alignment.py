"""The engine "patches" against motion that is known exactly."""

import cv2
import numpy as np
import pytest

from skspot.preprocessing import SWMROFlow
from skspot.preprocessing.flow import RegionGeometry, make_engine
from tests.conftest import align_exactly

FLAT = np.full((200, 200), 90, np.uint8)


@pytest.fixture(scope="module")
def face(still_data):
    """Return one picture of a face and the regions of its nodes and nose."""
    aligned = align_exactly(still_data)[0]
    scale, shift = aligned.face_transform
    picture = next(iter(aligned))
    regions = RegionGeometry(128, "paper", "nose").regions(aligned.landmarks[0] * scale + shift)[2]
    return picture, regions


def _motion(reference, targets, regions, flow="patches"):
    engine = make_engine(flow)
    prepared = [engine.prepare(frame) for frame in (reference, *targets)]
    return engine.region_motion(prepared[0], prepared[1:], regions, margin=12)


def _shifted(picture, x, y):
    matrix = np.array([[1, 0, x], [0, 1, y]], float)
    return cv2.warpAffine(
        picture,
        matrix,
        picture.shape[::-1],
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )


def _noisy(picture, sigma, seed):
    noise = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("shift", [(0.1, 0), (0.5, -0.3), (1.5, 1), (-5, 3), (9, -7), (20, 10)])
@pytest.mark.parametrize(("noise", "tolerance"), [(0, 0.06), (2.5, 0.1)])
def test_shifts(face, shift, noise, tolerance):
    picture, regions = face
    moved = _noisy(_shifted(picture, *shift), noise, 0)
    motion = _motion(_noisy(picture, noise, 1), [moved], regions)
    assert motion.shape == (1, len(regions), 2)
    assert motion.dtype == np.float32
    np.testing.assert_allclose(motion[0], np.broadcast_to(shift, motion[0].shape), atol=tolerance)


def test_motion_from_picture_to_picture_reaches_far(face):
    picture, regions = face
    shifts = [(7 * k, -5 * k) for k in range(1, 9)]
    motion = _motion(picture, [_shifted(picture, *shift) for shift in shifts], regions)
    for found, shift in zip(motion, shifts):
        inside = (regions[:, 2] + shift[0] < 220) & (regions[:, 1] + shift[1] > 15)
        np.testing.assert_allclose(found[inside], [shift] * inside.sum(), atol=0.1)


def test_a_picture_does_not_move_against_itself(face):
    picture, regions = face
    np.testing.assert_array_equal(_motion(picture, [picture] * 3, regions), 0)


def test_change_of_light_is_no_motion(face):
    picture, regions = face
    side = np.linspace(-1, 1, picture.shape[1])
    lit = _noisy(picture * (1.06 + 0.03 * side) + 4, 0, 0)
    motion = _motion(picture, [lit], regions)
    assert np.abs(motion).max() < 0.1
    # The same for an engine that takes grey levels as they are.
    other = _motion(picture, [lit], regions, "lucas-kanade")
    assert np.abs(motion).mean() < 0.5 * np.abs(other).mean()


def test_skin_without_texture_does_not_move():
    regions = np.array([[60, 60, 74, 74], [-20, 190, -6, 204]])
    np.testing.assert_array_equal(_motion(FLAT, [FLAT + 20, FLAT - 30], regions), 0)
    noise = _motion(_noisy(FLAT, 2, 0), [_noisy(FLAT, 2, 1)], regions)
    assert np.abs(noise).max() < 1


def test_what_moves_above_a_region_hardly_moves_it(face):
    picture, regions = face
    left, top, right, _ = regions[1]
    covered = picture.copy()
    covered[top - 8 : top - 2, left - 8 : right + 9] = 60
    patches, dense = (
        np.linalg.norm(_motion(picture, [covered], regions[1:2], flow))
        for flow in ("patches", "farneback")
    )
    assert patches < 0.25 * dense


@pytest.mark.parametrize(
    "regions",
    [[[0, 0, 14, 14]], [[-7, 100, 7, 114]], [[225, 225, 239, 239]], [[-300, -300, -286, -286]]],
)
def test_regions_at_and_beyond_the_border(face, regions):
    motion = _motion(face[0], [_shifted(face[0], 1, 1), face[0]], np.array(regions))
    assert np.isfinite(motion).all()
    assert np.abs(motion[1]).max() < 0.2


def test_regions_of_other_sizes(face):
    picture, regions = face
    for factor in (0.5, 2.0):
        resized = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        centres = factor * (regions[:, :2] + regions[:, 2:]) / 2
        radii = np.maximum(factor * (regions[:, 2:] - regions[:, :2]) / 2, 1)
        scaled = np.rint(np.hstack([centres - radii, centres + radii])).astype(int)
        motion = _motion(resized, [_shifted(resized, 1, -0.5)], scaled)
        np.testing.assert_allclose(motion[0], [[1, -0.5]] * len(regions), atol=0.12)


@pytest.mark.parametrize("noise", [0, 2.5])
def test_expressions_are_measured_better_than_by_farneback(still_data, noise):
    """All displacements of the windows of two videos, noise of the sensor added.

    Each video goes to the end of its last expression.
    """
    errors = {}
    for flow in ("patches", "farneback"):
        squares = []
        for i, (aligned, n) in enumerate(zip(align_exactly(still_data), (135, 45))):
            video = type(aligned)(
                _noisy(aligned.source[:n], noise, i),
                aligned.landmarks[:n],
                aligned.valid[:n],
                aligned.timestamps[:n],
                aligned.frame_shape,
            )
            truth = still_data.displacement[i][:n]
            frames = np.arange(len(truth))
            features = SWMROFlow(9, resolutions=("window",), flow=flow).transform([video])[0]
            for position, offset in enumerate((-4, -3, -2, -1, 1, 2, 3, 4)):
                expected = truth[np.clip(frames + offset, 0, len(truth) - 1)] - truth
                squares.append(((features[:, position] - expected) ** 2).sum(axis=-1).mean())
        errors[flow] = np.sqrt(np.mean(squares))
    assert errors["patches"] < 0.95 * errors["farneback"]
