"""Tests of the synthetic videos: what they claim to hold is measured in their frames."""

import hashlib

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skspot.datasets import make_expression_videos
from skspot.datasets.synthetic import (
    CANVAS_SIZE,
    EXPRESSION_UNITS,
    FACE_SIZE,
    UNITS,
    face_transform,
    make_face,
    node_motion,
)
from skspot.datasets.synthetic._script import _course, _draw_intervals, _drift, write_script
from skspot.datasets.synthetic._videos import write_video
from skspot.faces import node_centres, node_names, region_radius
from skspot.intervals import make_intervals
from skspot.preprocessing import SWMROFlow
from skspot.video import face_extent, open_video
from tests.conftest import align_exactly

AMPLITUDES = {"macro": (2.5, 7.0), "micro": (0.5, 2.0)}
TURNS = ("turn sideways", "turn up")
BLINK = UNITS.index("blink")


def script(seed, n_frames=600, fps=30, **options):
    """Return a script for nodes each of which is moved by one unit alone."""
    usual = {"head_motion": 1.0, "head_turns": 0.0, "blinks": 1.0, "talking": 0.0, "light": 1.0}
    return write_script(
        n_frames,
        fps,
        np.eye(len(UNITS)),
        amplitudes=AMPLITUDES,
        rng=np.random.RandomState(seed),
        **(usual | options),
    )


@pytest.fixture(scope="module")
def face():
    return make_face(np.random.RandomState(0))


# -- the returned object ---------------------------------------------------------------------------


def test_repeatable_whatever_the_number_of_jobs(lively_data):
    again = make_expression_videos(2, videos_per_subject=2, n_frames=120, random_state=1, n_jobs=2)
    for key in ("videos", "intervals", "landmarks", "displacement"):
        for one, other in zip(lively_data[key], again[key]):
            assert_array_equal(one, other)
    other = make_expression_videos(1, videos_per_subject=1, n_frames=120, random_state=2)
    assert not np.array_equal(other.videos[0], again.videos[0])


def test_kinds_and_shapes(lively_data):
    data = lively_data
    assert data.names == ["s01_1", "s01_2", "s02_1", "s02_2"]
    assert data.subjects.tolist() == ["s01", "s01", "s02", "s02"]
    assert data.node_names == node_names()
    for video, landmarks, moved, table in zip(
        data.videos, data.landmarks, data.displacement, data.intervals
    ):
        assert (video.shape, video.dtype) == ((120, CANVAS_SIZE, CANVAS_SIZE), np.uint8)
        assert (landmarks.shape, landmarks.dtype) == ((120, 68, 2), np.float32)
        assert (moved.shape, moved.dtype) == ((120, 10, 2), np.float32)
        assert table["offset"].max(initial=0) < 120


def test_subjects_differ_and_their_videos_share_a_face(still_data):
    data = make_expression_videos(
        2, videos_per_subject=2, n_frames=60, head_motion=0, noise=0, light=0, random_state=0
    )
    first = [video[0].astype(float) for video in data.videos]
    assert_array_equal(first[0], first[1])
    assert_array_equal(first[2], first[3])
    assert np.abs(first[0] - first[2]).mean() > 5


@pytest.mark.parametrize("seed", range(5))
def test_faces_are_128_pixels_large(seed):
    subject = make_face(np.random.RandomState(seed))
    assert_allclose(face_extent(subject.landmarks[None]), FACE_SIZE)
    assert subject.landmarks.min() > 20
    assert subject.landmarks.max() < CANVAS_SIZE - 20


# -- what happens when -----------------------------------------------------------------------------


def test_counts_and_lengths_are_those_of_samm_long_videos():
    rng = np.random.RandomState(0)
    tables = [_draw_intervals(3000, rng) for _ in range(1500)]
    intervals = np.concatenate(tables)
    assert max(map(len, tables)) <= 14
    for label, count, lengths in (("macro", 343, (18, 33, 99)), ("micro", 159, (7, 12, 15))):
        of_class = intervals[intervals["label"] == label]
        assert len(of_class) / len(tables) == pytest.approx(count / 147, rel=0.08)
        length = of_class["offset"] - of_class["onset"] + 1
        assert_allclose(np.quantile(length, [0.1, 0.5, 0.9]), lengths, rtol=0.1, atol=0.5)
    long = intervals[intervals["label"] == "macro"]
    rise = (long["apex"] - long["onset"]) / (long["offset"] - long["onset"])
    assert rise.mean() == pytest.approx(0.43, abs=0.02)


@pytest.mark.parametrize("n_frames", [60, 600])
def test_intervals_keep_their_distance(n_frames):
    rng = np.random.RandomState(1)
    for _ in range(200):
        table = _draw_intervals(n_frames, rng)
        edges = np.column_stack([table["onset"], table["offset"]]).ravel()
        gaps = np.diff(np.concatenate([[-1], edges, [n_frames]]))[::2] - 1
        assert gaps.min() >= 12


@pytest.mark.parametrize(
    "frames", [(20, 24, 30), (20, 20, 30), (20, 30, 30), (10, 60, 110), (50, 50, 50)]
)
def test_course_of_an_expression(frames):
    onset, apex, offset = frames
    interval = make_intervals([(*frames, "macro")])[0]
    for seed in range(20):
        course = _course(interval, np.arange(120), np.random.RandomState(seed))
        assert_array_equal(np.flatnonzero(course), np.arange(onset, offset + 1))
        assert course[apex] == pytest.approx(1, abs=1e-12)
        assert (np.diff(course[onset : apex + 1]) >= 0).all()
        assert (np.diff(course[apex : offset + 1]) <= 0).all()


def test_amplitudes_hold():
    """The strongest node reaches its amplitude at the apex, and moves in the interval alone."""
    reached = {"macro": [], "micro": []}
    for seed in range(150):
        made = script(seed, head_motion=0, blinks=0)
        expressions = made.activations[:, : len(EXPRESSION_UNITS)]
        inside = np.zeros(600, dtype=bool)
        for interval in made.intervals:
            inside[interval["onset"] : interval["offset"] + 1] = True
            reached[interval["label"]].append(np.abs(expressions[interval["apex"]]).max())
        assert_array_equal(np.abs(made.activations).max(axis=1) > 0, inside)
    for label, (low, high) in AMPLITUDES.items():
        assert low <= min(reached[label])
        assert max(reached[label]) <= high
        assert np.ptp(reached[label]) > 0.9 * (high - low)


def test_true_displacement_has_the_amplitude(still_data):
    for table, moved in zip(still_data.intervals, still_data.displacement):
        size = np.linalg.norm(moved, axis=-1).max(axis=1)
        inside = np.zeros(len(moved), dtype=bool)
        for interval in table:
            inside[interval["onset"] : interval["offset"] + 1] = True
            low, high = AMPLITUDES[interval["label"]]
            # Units whose motions partly cancel at a node move it less than the sum of their sizes.
            assert 0.7 * low <= size[interval["apex"]] <= high
        assert_array_equal(size > 0, inside)


def test_what_is_switched_off():
    made = script(0, head_motion=0, blinks=0, light=0)
    assert not made.activations[:, len(EXPRESSION_UNITS) :].any()
    assert not made.shift.any()
    assert not made.angle.any()
    assert_array_equal(made.scale, 1)
    assert_array_equal(made.gain, 1)
    assert not made.slope.any()


def test_strength_of_head_and_light():
    made = [script(seed, n_frames=300) for seed in range(60)]
    twice = [script(seed, n_frames=300, head_motion=2.0, light=0.5) for seed in range(60)]
    angle = np.concatenate([m.angle for m in made])
    assert np.rad2deg(angle.std()) == pytest.approx(1, rel=0.25)
    assert np.concatenate([m.shift for m in made]).std() == pytest.approx(3.3, rel=0.25)
    assert np.concatenate([m.gain for m in made]).std() == pytest.approx(0.06, rel=0.25)
    for one, other in zip(made, twice):
        assert_allclose(other.angle, 2 * one.angle)
        assert_allclose(other.shift, 2 * one.shift)
        assert_allclose(other.gain - 1, 0.5 * (one.gain - 1))


def test_drift_has_unit_variance():
    signals = _drift(5000, np.arange(5000), 30, 8, np.random.RandomState(0))
    assert signals.shape == (5000, 8)
    assert signals.std() == pytest.approx(1, abs=0.1)


def test_blinks_close_for_a_moment():
    closing = np.concatenate([script(seed).activations[:, BLINK] for seed in range(40)])
    assert 0.7 < closing.max() <= 1
    edges = np.diff(np.concatenate([[0], closing > 0, [0]]).astype(int))
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    assert (stops - starts).max() <= 9
    assert 24000 / len(starts) == pytest.approx(130, rel=0.15)


def test_turns_and_talking_leave_the_rest_as_it_is():
    for seed in range(10):
        quiet, strong = script(seed), script(seed, head_turns=1.0, talking=1.0)
        assert_array_equal(strong.intervals, quiet.intervals)
        assert_array_equal(strong.angle, quiet.angle)
        more = strong.activations - quiet.activations
        names = [unit for unit, size in zip(UNITS, np.abs(more).max(axis=0)) if size > 1e-9]
        assert set(names) <= {"jaw drop", "lip stretcher", "lip presser", *TURNS}
        talking = more[:, : len(EXPRESSION_UNITS)]
        assert (talking >= 0).all()
        assert np.abs(np.diff(talking, axis=0)).max() < 2.5  # no syllable is cut
        for interval in quiet.intervals:
            assert not talking[interval["onset"] - 6 : interval["offset"] + 7].any()
    assert_array_equal(script(3, talking=1.0).shift, script(3).shift)


def test_strength_of_turns_and_talking():
    made = [script(seed, head_motion=0, head_turns=1.0, talking=1.0) for seed in range(60)]
    turns = np.concatenate([m.activations[:, [UNITS.index(name) for name in TURNS]] for m in made])
    assert np.abs(np.diff(turns, axis=0)).max() > 0.3  # fast: px a frame by which the nose leads
    assert 3 < np.abs(turns).max() < 12
    shift = np.concatenate([m.shift for m in made])
    assert_allclose(shift, 3 * turns * [1, -1], atol=1e-9)
    still = [script(seed, head_motion=0) for seed in range(60)]
    jaw = UNITS.index("jaw drop")
    talking = np.concatenate(
        [m.activations[:, jaw] - s.activations[:, jaw] for m, s in zip(made, still)]
    )
    assert 3 < talking.max() <= 4
    assert 0.05 < (talking > 0).mean() < 0.3


# -- the same scene at any frame rate --------------------------------------------------------------


def curves(made):
    """Return all that changes in a script over time as columns."""
    return np.column_stack(
        [made.activations, made.shift, made.angle, made.scale, made.gain, made.slope]
    )


def test_scripts_at_30_fps_are_those_of_before():
    """Scenes of published seeds do not change: a hash of 20 scripts with all distractors."""
    digest = hashlib.sha256()
    for seed in range(20):
        made = script(seed, head_turns=1.0, talking=1.0)
        digest.update(repr(made.intervals.tolist()).encode())
        digest.update((np.round(curves(made), 6) + 0.0).astype(np.float32).tobytes())
    assert digest.hexdigest() == "aa98972434298e2605dc3dc0fabb583003726313ae9f1682c521883ff682e898"


@pytest.mark.parametrize("fps", [25, 50, 60, 120, 200])
def test_scripts_are_the_same_in_seconds(fps):
    for seed in range(10):
        usual, other = (
            script(seed, n_frames=20 * rate, fps=rate, head_turns=1.0, talking=1.0)
            for rate in (30, fps)
        )
        assert_array_equal(other.intervals["label"], usual.intervals["label"])
        for name in ("onset", "apex", "offset"):
            assert_allclose(
                other.intervals[name] / fps, usual.intervals[name] / 30, atol=0.5 / fps + 1e-9
            )
        # All of these rates have a frame at every fifth of a second.
        assert_allclose(curves(other)[:: fps // 5], curves(usual)[::6], rtol=1e-7, atol=1e-9)
        # In between nothing happens that is not seen at 30 fps.
        times = np.arange(20 * fps) / fps
        usual_times = np.arange(600) / 30
        resampled = np.column_stack([np.interp(times, usual_times, c) for c in curves(usual).T])
        assert np.abs(resampled - curves(other)).max() < 1.0


@pytest.mark.parametrize("fps", [25, 50])
def test_displacement_and_landmarks_are_the_same_in_seconds(fps):
    options = {"videos_per_subject": 1, "noise": 0, "random_state": 3}
    usual = make_expression_videos(1, n_frames=120, **options)
    other = make_expression_videos(1, n_frames=4 * fps, fps=fps, **options)
    assert other.fps == fps
    assert len(other.videos[0]) == 4 * fps
    assert len(usual.intervals[0]) > 0
    np.testing.assert_array_equal(other.videos[0][:: fps // 5], usual.videos[0][::6])
    times = np.arange(len(other.videos[0])) / fps
    for name in ("displacement", "landmarks"):
        before, after = (data[name][0].reshape(len(data[name][0]), -1) for data in (usual, other))
        resampled = np.column_stack([np.interp(times, np.arange(120) / 30, c) for c in before.T])
        assert np.sqrt(np.mean((resampled - after) ** 2)) < 0.03 * np.std(before - before[0])


# -- what the frames show --------------------------------------------------------------------------


def tracked(first, second, points):
    """Return how far points of the first picture move, by Lucas-Kanade, without noise."""
    moved, found, _ = cv2.calcOpticalFlowPyrLK(
        first,
        second,
        points.astype(np.float32)[:, None],
        None,
        winSize=(11, 11),
        maxLevel=2,
        criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-4),
    )
    assert found.all()
    return moved[:, 0] - points


def rendered(face, activations=None, head=None):
    activations = np.zeros(len(UNITS)) if activations is None else activations
    head = np.eye(2, 3) if head is None else head
    return np.clip(np.rint(face.render(activations, head)), 0, 255).astype(np.uint8)


def test_the_neutral_picture_is_the_texture(face):
    assert_allclose(face.render(np.zeros(len(UNITS)), np.eye(2, 3)), face.texture, atol=1e-3)


def test_a_moved_head_moves_the_picture_exactly(face):
    """ECC recovers the similarity transform from the pictures."""
    head = face_transform([1.3, -2.6], np.deg2rad(1.5), 1.02, face.landmarks.mean(axis=0))
    start = np.eye(2, 3, dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 200, 1e-7)
    _, found = cv2.findTransformECC(
        rendered(face), rendered(face, head=head), start, cv2.MOTION_AFFINE, stop, None, 5
    )
    points = face.landmarks
    assert_allclose(
        points @ found[:, :2].T + found[:, 2], points @ head[:, :2].T + head[:, 2], atol=0.05
    )


@pytest.mark.parametrize("unit", ["lip corner puller", "brow lowerer", "jaw drop"])
@pytest.mark.parametrize("amplitude", [0.5, 2.0, 5.0])
def test_landmarks_move_with_the_picture(face, unit, amplitude):
    """The picture is warped back with the known field: what is left is the neutral picture."""
    activations = np.zeros(len(UNITS))
    activations[UNITS.index(unit)] = amplitude
    head = face_transform([0.8, 1.7], np.deg2rad(-2), 0.99, face.landmarks.mean(axis=0))
    side = np.arange(CANVAS_SIZE, dtype=np.float32)
    grid = np.stack(np.meshgrid(side, side), axis=-1)
    field = amplitude * face.fields[UNITS.index(unit)]
    target = (grid + field) @ head[:, :2].T + head[:, 2]
    picture = face.render(activations, head)
    back = cv2.remap(picture, target.astype(np.float32), None, cv2.INTER_CUBIC)
    middle = np.s_[20:-20, 20:-20]
    smooth = cv2.GaussianBlur(back, None, 1) - cv2.GaussianBlur(face.texture, None, 1)
    assert np.sqrt((smooth[middle] ** 2).mean()) < 1.0
    # The same comparison tells a field that is wrong by a fifth of its size.
    target = (grid + 0.8 * field) @ head[:, :2].T + head[:, 2]
    wrong = cv2.remap(picture, target.astype(np.float32), None, cv2.INTER_CUBIC)
    where = np.linalg.norm(field, axis=-1) > 0.5 * amplitude
    right = np.abs(back - face.texture)[where].mean()
    assert right < np.abs(wrong - face.texture)[where].mean()


def test_displacement_is_that_of_the_frames(still_data):
    """Lucas-Kanade finds it in noise-free frames, but for its own smoothing of a few per cent."""
    radius = region_radius(FACE_SIZE)
    side = np.arange(-radius, radius + 1, 2)
    square = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    n_checked = 0
    for video, table, landmarks, moved in zip(
        still_data.videos, still_data.intervals, still_data.landmarks, still_data.displacement
    ):
        points = (node_centres(landmarks[0])[:, None] + square).reshape(-1, 2)
        for apex in table["apex"]:
            flow = tracked(video[0], video[apex], points).reshape(10, -1, 2).mean(axis=1)
            error = np.sqrt(((flow - moved[apex]) ** 2).mean())
            assert error < 0.12 * np.abs(moved[apex]).max()
            n_checked += 1
    assert n_checked == 4


def test_a_rigid_head_carries_the_landmarks():
    data = make_expression_videos(
        1, videos_per_subject=1, n_frames=60, blinks=0, light=0, noise=0, random_state=4
    )
    landmarks = data.landmarks[0]
    textured = [8, 19, 24, 27, 36, 45, 48, 54]
    for frame in (20, 59):
        flow = tracked(data.videos[0][0], data.videos[0][frame], landmarks[0][textured])
        assert_allclose(flow, (landmarks[frame] - landmarks[0])[textured], atol=0.35)


def test_blinks_move_the_lids_alone(face):
    activations = np.zeros(len(UNITS))
    activations[BLINK] = 1
    changed = np.abs(rendered(face, activations).astype(float) - rendered(face)) > 3
    eyes = face.landmarks[36:48]
    rows, columns = np.nonzero(changed)
    near = np.linalg.norm(np.stack([columns, rows], axis=1)[:, None] - eyes, axis=-1).min(axis=1)
    assert len(rows) > 50
    assert near.max() < 20
    lids = face.unit_motion(face.landmarks)[BLINK]
    assert (lids[[37, 38, 43, 44], 1] > 3).all()
    assert np.abs(node_motion(face)[BLINK]).max() < 0.5
    assert np.abs(lids[48:]).max() < 0.01


def test_without_anything_a_video_does_not_change():
    """Seed 11 draws no expression for a video of 60 frames: nothing is left that could move."""
    options = {"videos_per_subject": 1, "n_frames": 60, "random_state": 11}
    off = {"head_motion": 0, "blinks": 0, "light": 0, "noise": 0}
    still = make_expression_videos(1, **options, **off)
    assert len(still.intervals[0]) == 0
    assert not (still.videos[0] != still.videos[0][0]).any()
    for name in off:
        data = make_expression_videos(1, **options, **{**off, name: 1.0})
        assert (data.videos[0] != data.videos[0][0]).any(), name


def test_noise_has_its_deviation():
    options = {"videos_per_subject": 1, "n_frames": 60, "random_state": 0}
    clean = make_expression_videos(1, noise=0, **options)
    noisy = make_expression_videos(1, noise=2.0, **options)
    middle = (clean.videos[0] > 20) & (clean.videos[0] < 235)
    difference = noisy.videos[0].astype(float) - clean.videos[0]
    assert difference[middle].std() == pytest.approx(np.hypot(2.0, 0.4), rel=0.03)
    assert difference[middle].mean() == pytest.approx(0, abs=0.01)
    assert_array_equal(noisy.landmarks[0], clean.landmarks[0])


# -- files -----------------------------------------------------------------------------------------


def test_written_files_are_repeatable(tmp_path):
    """An encoder of several threads writes other files now and then."""
    frames = np.random.default_rng(0).integers(0, 256, size=(60, 120, 120), dtype=np.uint8)
    written = set()
    for i in range(5):
        write_video(tmp_path / f"{i}.mp4", frames, fps=30, crf=20)
        written.add((tmp_path / f"{i}.mp4").read_bytes())
    assert len(written) == 1


@pytest.mark.parametrize(("fps", "n_frames"), [(30.0, 61), (28.6, 61), (29.97, 61), (200, 400)])
def test_written_files(tmp_path, fps, n_frames):
    data = make_expression_videos(
        1,
        videos_per_subject=1,
        n_frames=n_frames,
        fps=fps,
        folder=tmp_path / "new",
        random_state=0,
    )
    assert data.videos == [str(tmp_path / "new" / "s01_1.mp4")]
    video = open_video(data.videos[0])
    assert len(video.timestamps) == n_frames
    assert_allclose(video.timestamps, np.arange(n_frames) / fps, atol=5e-4 * n_frames / fps)


@pytest.mark.slow
def test_the_codec_keeps_motion_below_a_pixel(tmp_path):
    """At crf 12 it disturbs the flow less than sensor noise does, and what it removes of the noise
    makes up for what it loses of the motion.

    Measured over 3 x 240 frames of still heads, RMS in pixels: codec alone 0.014, noise alone
    0.030, error of the flow 0.053 with noise and 0.053 with noise and codec.
    """
    options = {"videos_per_subject": 1, "n_frames": 120, "head_motion": 0, "random_state": 5}

    def flow(name=None, **more):
        folder = None if name is None else tmp_path / name
        data = make_expression_videos(1, folder=folder, **options, **more)
        (features,) = SWMROFlow().transform(align_exactly(data))
        frames = np.arange(120)
        window = np.clip(frames[:, None] + np.delete(np.arange(-8, 9), 8), 0, 119)
        moved = data.displacement[0]
        return features, moved[window] - moved[:, None]

    def rms(difference):
        return np.sqrt((difference**2).mean())

    clean, truth = flow(noise=0)
    noisy, _ = flow(noise=2.0)
    clean_file, _ = flow("clean", noise=0)
    noisy_file, _ = flow("noisy", noise=2.0)
    assert rms(truth) > 0.1
    assert 0 < rms(clean_file - clean) < 0.02
    assert rms(clean_file - clean) < 0.75 * rms(noisy - clean)
    assert rms(noisy_file - truth) < 1.05 * rms(noisy - truth)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_subjects": 0}, "n_subjects"),
        ({"n_frames": 0}, "n_frames"),
        ({"n_frames": 59}, "at least 2 s, got n_frames=59 at fps=30, 1.97 s; pass n_frames=60 or"),
        ({"n_frames": 60, "fps": 60}, "got n_frames=60 at fps=60, 1 s; pass n_frames=120 or more"),
        ({"fps": 0}, "fps"),
        ({"noise": -1}, "noise"),
        ({"blinks": 1.5}, "blinks"),
        ({"crf": 52}, "crf"),
        ({"macro_amplitude": 3.0}, "macro_amplitude"),
        ({"micro_amplitude": (2.0, 0.5)}, "micro_amplitude must be .low, high."),
        ({"micro_amplitude": (0, 0.5)}, "micro_amplitude must be .low, high."),
        ({"macro_amplitude": (1, 2, 3)}, "macro_amplitude must be .low, high."),
        ({"macro_amplitude": ("1", "2")}, "macro_amplitude must be .low, high."),
        ({"macro_amplitude": (1, np.inf)}, "macro_amplitude must be .low, high."),
        ({"random_state": "seed"}, "random_state"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        make_expression_videos(**options)
