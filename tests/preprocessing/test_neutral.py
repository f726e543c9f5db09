"""Tests of the displacement from the neutral face."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skspot.datasets import make_expression_videos
from skspot.faces import MEAN_SHAPE, STABLE_POINTS
from skspot.preprocessing import FlowFeatures, FlowLayout, SWMROFlow
from skspot.preprocessing.flow import _face_tracker
from skspot.preprocessing.flow._face_tracker import _LARGEST_TURN
from skspot.preprocessing.flow._head_turn import HeadTurnFit, _weights
from skspot.preprocessing.flow._neutral_face import NeutralFaces, neutral_face
from skspot.preprocessing.flow._upright_face import (
    _similarity,
    transformed,
    upright_picture,
    upright_size,
    upright_transform,
)
from skspot.video import AlignedVideo, face_extent
from tests.conftest import align_exactly

ONLY_NEUTRAL = SWMROFlow(resolutions=("neutral",))

# -- the neutral face ------------------------------------------------------------------------------


def _visits(shares, seed, noise=0.002):
    """Return places of ten nodes that visit as many configurations for these shares of the time."""
    rng = np.random.default_rng(seed)
    faces = rng.normal(0, 0.04, (len(shares), 10, 2))
    number = np.repeat(np.arange(len(shares)), np.round(1000 * np.array(shares)).astype(int))
    return faces, faces[number] + rng.normal(0, noise, (len(number), 10, 2))


@given(seed=st.integers(0, 10_000))
def test_a_face_that_is_mostly_expressive_has_its_most_frequent_configuration(seed):
    faces, places = _visits([0.31, 0.23, 0.23, 0.23], seed)
    assert np.abs(neutral_face(places) - faces[0]).max() < 0.002
    median = np.median(places, axis=0)
    assert np.abs(median - faces[0]).max() > 0.01  # which the median is not


def test_the_neutral_face_follows_but_is_left_only_for_a_clearly_denser_one():
    faces, places = _visits([0.45, 0.55], seed=0)
    kept = neutral_face(places, previous=faces[0] + 0.001)
    assert np.abs(kept - faces[0]).max() < 0.002
    faces, places = _visits([0.2, 0.8], seed=0)
    left = neutral_face(places, previous=faces[0])
    assert np.abs(left - faces[1]).max() < 0.002


def test_a_single_frame_is_its_own_neutral_face():
    place = np.random.default_rng(0).normal(size=(1, 10, 2))
    np.testing.assert_array_equal(neutral_face(place), place[0])


def test_each_pose_has_a_neutral_face_and_a_short_one_has_none():
    places = np.zeros((300, 10, 2))
    places[100:200] = 5
    places[280:] = 9
    poses = np.repeat([0, 1, 0, 2], [100, 100, 80, 20])
    places[40:60] += 1
    places[150:160] += 2
    faces = NeutralFaces(places, poses, 30, (120, 120))
    displacement = np.stack([faces.displacement(i) for i in range(300)])
    expected = np.zeros(300)
    expected[40:60], expected[150:160], expected[280:] = 1, 2, np.nan
    np.testing.assert_allclose(displacement[:, 0, 0], expected)


# -- the head --------------------------------------------------------------------------------------


def _turned(yaw, pitch):
    """Return the mean face, turned and nodded by degrees, as seen from far away."""
    yaw, pitch = np.deg2rad([yaw, pitch])
    about_y = [[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]]
    about_x = [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]
    return (MEAN_SHAPE @ np.transpose(about_y) @ np.transpose(about_x))[:, :2]


@pytest.mark.parametrize(("yaw", "pitch"), [(0, 0), (5, 0), (0, 5), (-4, 3)])
def test_parallax_is_no_motion_of_the_face(yaw, pitch):
    before, after = MEAN_SHAPE[:, :2], _turned(yaw, pitch) + [0.02, -0.01]
    fit = HeadTurnFit(before, "paper")
    motion = _weights("paper") @ (after - before)
    nodes, rigid = motion[:10], motion[10:]
    turn = fit(motion)
    assert np.abs(turn.motion - nodes).max() * 128 < 0.5
    shift = rigid.mean(axis=0)
    if yaw or pitch:
        assert np.abs(shift - nodes).max() * 128 > 0.9
    assert turn.angle == pytest.approx(np.deg2rad(np.hypot(yaw, pitch)), abs=0.02)


def test_an_outlier_among_the_rigid_regions_counts_little():
    fit = HeadTurnFit(MEAN_SHAPE[:, :2], "extended")
    motion = np.zeros((14 + 7, 2))
    motion[-1] = 6 / 128  # the side of an eye that was lost
    turn = fit(motion)
    assert np.abs(turn.motion).max() * 128 < 3
    motion[-4:-2] = -6 / 128  # and both sides of the other one
    assert fit(motion).misfit * 128 > 1


def test_the_motion_in_the_plane_is_a_similarity_transform():
    transform = cv2.getRotationMatrix2D((0.5, 0.4), 2, 1.03)
    transform[:, 2] += 0.02, -0.01
    points = MEAN_SHAPE[:, :2]
    motion = _weights("paper") @ (transformed(points, transform) - points)
    turn = HeadTurnFit(points, "paper")(motion)
    assert (
        np.abs(transformed(points, turn.transform) - transformed(points, transform)).max() < 0.004
    )
    last = np.array([[1.1, 0.2, -40], [-0.2, 1.1, 7]])
    corrected = _face_tracker._without_motion(last, transform, 128)
    seen, expected = transformed(128 * points, last), transformed(128 * points, corrected)
    np.testing.assert_allclose(128 * transformed(expected / 128, transform), seen, atol=1e-4)


def test_faces_are_turned_upright():
    landmarks = 100 * MEAN_SHAPE[:, :2] + 150
    picture = np.zeros((300, 300), np.uint8)
    x, y = landmarks[30].round().astype(int)
    picture[y - 2 : y + 3, x - 2 : x + 3] = 255
    for angle, scale in ((0, 1), (25, 1), (-10, 0.8)):
        transform = cv2.getRotationMatrix2D((150, 150), angle, scale)
        frame = cv2.warpAffine(picture, transform, (300, 300))
        moved = landmarks @ transform[:, :2].T + transform[:, 2]
        to_upright = upright_transform(moved, 128)
        upright, points = upright_picture(frame, to_upright, 128), transformed(moved, to_upright)
        assert face_extent(points) == pytest.approx(128, rel=1e-3)
        np.testing.assert_allclose(points[36, 1], points[45, 1], atol=1e-3)
        nose = np.argwhere(upright > 100).mean(axis=0)[::-1]
        assert np.abs(nose - points[30]).max() < 1


def test_the_upright_face_has_the_size_of_the_face_whatever_its_proportions():
    wide_eyes = MEAN_SHAPE[:, :2].copy()
    wide_eyes[36:48, 0] *= 1.2
    size = 128 * upright_size(wide_eyes[None])
    points = transformed(wide_eyes, upright_transform(wide_eyes, size))
    assert face_extent(points) == pytest.approx(128, rel=0.01)


# -- videos ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def aligned(still_data):
    return align_exactly(still_data)


def _displacement(video, **params):
    (features,) = SWMROFlow(resolutions=("neutral",), **params).transform([video])
    return features.displacement_from_neutral()


def test_expressions_are_measured(still_data, aligned):
    measured = np.concatenate([_displacement(video) for video in aligned])
    expected = np.concatenate(still_data.displacement)
    size = np.linalg.norm(expected, axis=-1)
    error = np.linalg.norm(measured - expected, axis=-1)
    assert np.median(error[size < 0.1]) < 0.15
    assert np.median(error[size > 1]) < 0.6 * np.median(size[size > 1])


def test_the_jitter_of_landmarks_is_no_motion(aligned):
    rng = np.random.default_rng(0)
    for video in aligned:
        jitter = rng.normal(0, 1, video.landmarks.shape).astype(np.float32)
        jittered = _displacement(_edited(video, landmarks=video.landmarks + jitter))
        steps = np.abs(np.diff(jittered - _displacement(video), axis=0))
        assert np.quantile(steps, 0.95) < 0.1


def test_a_blink_hardly_moves_the_head():
    params = {"videos_per_subject": 1, "n_frames": 150, "expressions": 0, "head_motion": 0}
    blinking, open_eyes = (
        align_exactly(make_expression_videos(2, blinks=blinks, **params, random_state=1))
        for blinks in (1, 0)
    )
    for video, other in zip(blinking, open_eyes):
        assert np.abs(video.source.astype(int) - other.source).max() > 50  # there are blinks
        error = np.abs(_displacement(video) - _displacement(other))
        assert np.quantile(error, 0.99) < 0.3
        assert error.max() < 1


def test_a_face_that_jumps_is_found_where_its_landmarks_are(aligned):
    video = aligned[0]
    shifted = np.roll(video.source, 40, axis=2)  # further than flow can follow
    landmarks = video.landmarks + np.float32([40, 0])
    second = np.arange(len(video)) % 2 == 1
    frames = np.where(second[:, None, None], shifted, video.source)
    places = np.where(second[:, None, None], landmarks, video.landmarks)
    jumping = _displacement(_edited(video, frames=frames, landmarks=places))
    assert np.quantile(np.abs(jumping - _displacement(video)), 0.99) < 0.25


def test_one_parameter_turns_it_off(aligned):
    both = np.asarray(SWMROFlow().transform(aligned[:1])[0])
    windows = np.asarray(SWMROFlow(resolutions=("window",)).transform(aligned[:1])[0])
    neutral = np.asarray(ONLY_NEUTRAL.transform(aligned[:1])[0])
    np.testing.assert_array_equal(both[..., :2], windows)
    np.testing.assert_array_equal(both[..., 2:], neutral)


def test_each_position_shows_its_frame(aligned):
    (features,) = ONLY_NEUTRAL.transform(aligned[:1])
    displacement = features.displacement_from_neutral()
    values = np.asarray(features)
    for position, offset in enumerate(features.layout.pairs[:, 0, 0]):
        frames = np.clip(np.arange(len(values)) + offset, 0, len(values) - 1)
        np.testing.assert_array_equal(values[:, position], displacement[frames])


def _edited(video, frames=None, valid=None, landmarks=None):
    valid = video.valid if valid is None else valid
    landmarks = video.landmarks if landmarks is None else landmarks
    frames = video.source if frames is None else frames
    return AlignedVideo(frames, landmarks, valid, video.timestamps, video.frame_shape)


def test_a_gap_without_a_face(aligned):
    landmarks, valid = aligned[0].landmarks.copy(), np.ones(len(aligned[0]), bool)
    landmarks[60:70], valid[60:70] = np.nan, False
    whole = _displacement(aligned[0])
    gap = _displacement(_edited(aligned[0], valid=valid, landmarks=landmarks))
    assert (np.nan_to_num(gap[60:70]) == 0).all()
    known = np.r_[0:60, 70:150]
    assert np.abs(gap[known] - whole[known]).max() < 0.3


def test_a_cut_is_no_expression(still_data, aligned):
    one, other = (video.source for video in aligned)
    cut = _edited(
        aligned[0],
        frames=np.concatenate([one[:75], other[75:]]),
        landmarks=np.concatenate([aligned[0].landmarks[:75], aligned[1].landmarks[75:]]),
    )
    displacement = _displacement(cut)
    before, after = _displacement(aligned[0]), _displacement(aligned[1])
    size = np.linalg.norm(displacement, axis=-1).max(axis=1)
    expected = np.r_[np.linalg.norm(before, axis=-1)[:75], np.linalg.norm(after, axis=-1)[75:]]
    assert (size < expected.max(axis=1) + 1.5).all()


def test_live_film_needs_the_past_only(aligned):
    live = {"neutral_span": (120, 0)}
    whole = _displacement(aligned[0], **live)
    cut = AlignedVideo(
        aligned[0].source[:100],
        aligned[0].landmarks[:100],
        np.ones(100, bool),
        aligned[0].timestamps[:100],
        aligned[0].frame_shape,
    )
    np.testing.assert_allclose(_displacement(cut, **live), whole[:100], atol=1e-3)


def test_blocks_are_the_whole(aligned):
    (features,) = SWMROFlow(neutral_span=(2, 1)).transform(aligned[:1])
    blocks = np.concatenate(list(features.blocks(37)))
    np.testing.assert_array_equal(blocks, np.asarray(features))


@pytest.mark.parametrize("flow", ["dis", "lucas-kanade"])
def test_other_engines_measure_it_too(aligned, flow):
    patches, other = _displacement(aligned[0]), _displacement(aligned[0], flow=flow)
    large = np.linalg.norm(patches, axis=-1) > 1.5
    assert large.any()
    ratio = (patches * other).sum(axis=-1)[large] / (patches**2).sum(axis=-1)[large]
    assert np.median(ratio) == pytest.approx(1, abs=0.35)


@pytest.mark.parametrize(
    "span", [(120,), (-1, 5), (0, 0), (0.2, 0.2), (np.inf, 0), ("a", 1), (1, 2, 3)]
)
def test_spans_that_mean_nothing(aligned, span):
    with pytest.raises(ValueError, match="neutral_span must be the seconds before and after"):
        SWMROFlow(neutral_span=span).transform(aligned)


def test_features_without_it_say_so():
    layout = FlowLayout()
    values = np.zeros((5, *layout.shape), np.float32)
    features = FlowFeatures(layout, np.ones(5, bool), np.arange(5) / 30, values, name="film")
    with pytest.raises(ValueError, match=r"film: the displacement .* only .*'window'.*extract"):
        features.displacement_from_neutral()


@pytest.mark.parametrize(("degrees", "known"), [(0, True), (5, True), (8, False), (20, False)])
def test_the_limit_of_turns_is_about_six_degrees(degrees, known):
    turned = _turned(degrees, 0)
    stable = list(STABLE_POINTS)
    upright = _similarity(turned[stable], MEAN_SHAPE[stable, :2])
    motion = turned @ upright[:, :2].T + upright[:, 2] - MEAN_SHAPE[:, :2]
    turn = HeadTurnFit(MEAN_SHAPE[:, :2], "paper")(_weights("paper") @ motion)
    assert (turn.angle <= _LARGEST_TURN) == known


def test_the_pose_that_was_seen_longest_ago_is_forgotten(monkeypatch):
    class Engine:
        """Pictures are numbers; those of another ten are of another pose."""

        def prepare(self, picture):
            return picture

        def follow(self, reference, regions, margin):
            return reference

    def measure(home, view):
        if home.motion_to // 10 != view.prepared // 10:
            return None
        return _face_tracker._Measured(np.zeros((10, 2)), np.eye(2, 3))

    monkeypatch.setattr(_face_tracker._Home, "measure", measure)
    monkeypatch.setattr(_face_tracker, "upright_picture", lambda frame, *_: frame)
    tracker = _face_tracker.FaceTracker(Engine(), 128, 128, "paper", fps=1)
    landmarks = 128 * MEAN_SHAPE[:, :2]

    def pose_of(picture):
        for _ in range(3):  # longer than its patience
            _, number = tracker.follow(picture, landmarks)
        return number

    # The first pose is seen in between, so the second one is forgotten.
    assert [pose_of(10 * k) for k in (0, 1, 2, 0, 3, 4, 0, 1)] == [0, 1, 2, 0, 3, 4, 0, 5]
