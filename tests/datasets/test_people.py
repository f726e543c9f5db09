"""Tests of the synthetic videos of many people: photographs that move, and the film script."""

from dataclasses import replace
from importlib.resources import files

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from skimage.data import astronaut

from skspot.datasets import FacePhotograph, make_expression_videos
from skspot.datasets.synthetic import CANVAS_SIZE, FACE_SIZE, face_transform, node_motion
from skspot.datasets.synthetic._camera import _blurred
from skspot.datasets.synthetic._distractors import draw_habits, draw_talking, draw_turns
from skspot.datasets.synthetic._dynamics import LENGTHS, REACHED, VISIBLE, annotated, draw_course
from skspot.datasets.synthetic._faces import _ASTRONAUT_LANDMARKS, UNITS, make_face
from skspot.datasets.synthetic._film import write_film
from skspot.datasets.synthetic._head import fit_head, load_head
from skspot.datasets.synthetic._own_smile import align
from skspot.datasets.synthetic._photograph_fit import move_photograph
from skspot.datasets.synthetic._photographs import read_photographs
from skspot.datasets.synthetic._sheets import continued, inverted, sampled
from skspot.datasets.synthetic._units import (
    OWN_SMILE,
    PHOTOGRAPH_UNITS,
    SIDED_BLENDSHAPES,
    facs_code,
)
from skspot.faces import (
    MESH_TO_68,
    MIRRORED_POINTS,
    node_centres,
    node_names,
    region_radius,
)
from skspot.video import face_extent

STILL = np.eye(2, 3)
NOTHING = {"head_motion": 0, "blinks": 0, "light": 0, "noise": 0}


@pytest.fixture(scope="module")
def photograph():
    return FacePhotograph(astronaut(), _ASTRONAUT_LANDMARKS, name="astronaut")


@pytest.fixture(scope="module")
def face(photograph):
    return move_photograph(photograph)


def activations(face, **units):
    """Return activations by name; a name without its side is both."""
    values = np.zeros(len(face.units))
    for name, value in units.items():
        name = name.replace("_", " ")
        for one in (name, f"{name} left", f"{name} right"):
            if one in face.units:
                values[face.units.index(one)] = value
    assert values.any()
    return values


# -- the head --------------------------------------------------------------------------------------


def test_the_head_is_small_and_has_its_licence():
    folder = files("skspot.datasets.synthetic")
    with folder.joinpath("head.npz").open("rb") as file:
        assert len(file.read()) < 2e6
    assert "MIT License" in folder.joinpath("head_LICENSE.md").read_text()


def test_the_head_is_recovered_from_its_own_landmarks():
    head = load_head()
    rng = np.random.RandomState(0)
    shape = head.mean + np.tensordot(rng.normal(0, 0.7, len(head.identity)), head.identity, 1)
    yaw = np.deg2rad(8)
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    seen = 8 * shape @ turn.T * [1, -1, 1] + [120, 130, 0]
    for n_landmarks in (68, 478):
        points = head.landmark_points(seen, n_landmarks)[:, :2]
        fitted = fit_head(head, points)
        assert fitted.error < 0.5
        assert fitted.scale == pytest.approx(8, rel=0.08)
        assert_allclose(fitted.rotation, turn, atol=0.06)
        depth = seen[:, 2] - seen[:, 2].mean()
        assert np.corrcoef(fitted.vertices[:, 2], depth)[0, 1] > 0.98


# -- fields ----------------------------------------------------------------------------------------


def test_inverse_of_a_field():
    side = np.arange(121) * 2.0
    grid = np.stack(np.meshgrid(side, side), axis=-1)
    bump = 9 * np.exp(-((grid - 120) ** 2).sum(axis=-1) / (2 * 14**2))
    field = np.dstack([0.6 * bump, -bump]).astype(np.float32)
    inverse = inverted(field, 2.0)
    back = grid + inverse
    assert_allclose(back + sampled(field, back, 2.0), grid, atol=0.05)


def test_continuation_keeps_what_is_known_and_fades():
    rng = np.random.RandomState(0)
    values = rng.normal(size=(121, 121, 6))
    known = np.zeros((121, 121), dtype=bool)
    known[40:80, 50:70] = True
    filled = continued(values, known, 30)
    assert_allclose(filled[known], values[known], rtol=1e-6)
    assert not filled[:9].any()
    ones = continued(np.ones((121, 121, 1)), known, 30)[..., 0]
    assert ones[38, 60] == pytest.approx(1, abs=0.05)
    assert (np.diff(ones[40:, 60]) < 1e-6).all()


# -- photographs that move -------------------------------------------------------------------------


def test_the_neutral_picture_is_the_photograph(face):
    assert_allclose(
        face.render(np.zeros(len(face.units)), STILL), face.texture[::2, ::2], atol=1e-3
    )
    assert_allclose(face_extent(face.landmarks[None]), FACE_SIZE)
    eyes = face.landmarks[36:42].mean(axis=0) - face.landmarks[42:48].mean(axis=0)
    assert eyes[1] == pytest.approx(0, abs=1e-9)


def places(face, values, head, turn):
    """Return a picture of where each pixel comes from, and the pose."""
    half = np.arange(len(face.texture), dtype=np.float32) / 2
    pictures = []
    for texture in np.meshgrid(half, half):
        pose = replace(face, texture=texture, inside=texture).pose(values, head, turn)
        pictures.append(pose.render())
    return np.dstack(pictures), pose


@pytest.mark.parametrize("strength", [0.5, 2.0, 5.0])
def test_points_are_seen_where_they_are_said_to_be(face, strength):
    """The picture shows its own coordinates, so each point can be found again."""
    rng = np.random.RandomState(0)
    side = np.arange(60, 180, 4.0)
    points = np.stack(np.meshgrid(side, side + 10), axis=-1).reshape(-1, 2)
    # Near the lids and between the lips a pixel shows parts that move differently.
    edges = face.landmarks[36:]
    points = points[np.linalg.norm(points[:, None] - edges, axis=-1).min(axis=1) > 6]
    moving = [i for i, unit in enumerate(face.units) if np.isfinite(face.largest[i])]
    for _ in range(4):
        values = np.zeros(len(face.units))
        values[rng.choice(moving, 4, replace=False)] = strength * rng.uniform(0.3, 1, size=4)
        head = face_transform(rng.normal(0, 3, 2), 0.03, 1.02, face.landmarks.mean(axis=0))
        picture, pose = places(face, values, head, rng.normal(0, 0.07, size=2))
        seen = pose.seen_at(points).astype(np.float32)
        assert np.linalg.norm(seen - points, axis=1).max() > 2
        found = cv2.remap(picture, seen[:, None], None, cv2.INTER_LINEAR)[:, 0]
        error = np.linalg.norm(found - points, axis=1)
        assert np.median(error) < 0.02
        assert np.quantile(error, 0.97) < 0.15


def test_a_still_head_moves_points_by_the_sum_of_the_units(face):
    values = activations(face, lip_corner_puller=4, brow_lowerer=3, jaw_drop=5)
    seen = face.pose(values, STILL).seen_at(face.landmarks)
    expected = np.tensordot(values, face.unit_motion(face.landmarks), 1)
    assert_allclose(seen - face.landmarks, expected, atol=1e-4)


def test_units_move_their_side_and_part_of_the_face(face):
    motion = dict(zip(face.units, face.unit_motion(face.landmarks)))
    brows, mouth = np.arange(17, 27), np.arange(48, 68)
    assert (motion["outer brow raiser left"][[24, 25], 1] < -0.4).all()
    assert (motion["brow lowerer right"][[19, 20, 21], 1] > 0.1).all()
    assert (motion["lip corner puller left"][54] * [1, -1] > 0.3).all()
    assert motion["lip corner depressor right"][48, 1] > 0.3
    assert motion["jaw drop"][[8, 57], 1].min() > 0.5
    for name in SIDED_BLENDSHAPES:
        left = np.linalg.norm(motion[f"{name} left"], axis=1)
        right = np.linalg.norm(motion[f"{name} right"], axis=1)
        here, there = left[22:27].sum(), left[17:22].sum()
        if "brow" in name:
            assert here > 5 * there
            assert left[mouth].max() < 0.15
        assert np.corrcoef(left, right[list(MIRRORED_POINTS)])[0, 1] > 0.8
        peak = np.abs(face.upper[face.units.index(f"{name} left")]).max()
        assert 0.4 < peak < 1.1
    assert np.linalg.norm(motion["jaw drop"][brows], axis=1).max() < 0.05


def test_turns_have_parallax(face):
    neutral = np.zeros(len(face.units))
    nose, jaw = 30, (1, 15)
    right = face.pose(neutral, STILL, (0.15, 0.0)).seen_at(face.landmarks) - face.landmarks
    up = face.pose(neutral, STILL, (0.0, 0.15)).seen_at(face.landmarks) - face.landmarks
    assert right[nose, 0] > right[list(jaw), 0].max() + 4
    assert up[nose, 1] < up[27, 1] - 1
    assert abs(right[nose, 1]) < 2


def test_blinks_close_the_eyes(face):
    """What is behind the lids isn't seen any more, and no white is dragged along."""
    marked = replace(face, inside=np.full_like(face.inside, -1000))
    eyes = face.landmarks[36:48]
    for closing, least, most in ((0, 30, 400), (0.5, 10, 200), (1, 0, 0)):
        values = np.zeros(len(face.units)) if not closing else activations(face, blink=closing)
        rows, columns = np.nonzero(marked.render(values, STILL) < -100)
        near = np.linalg.norm(np.stack([columns, rows], 1)[:, None] - eyes, axis=-1).min(axis=1)
        assert least <= (near < 8).sum() <= most
    lids = face.pose(activations(face, blink=1), STILL).seen_at(eyes)
    assert (lids[[1, 2, 7, 8], 1] - eyes[[1, 2, 7, 8], 1] > 2.5).all()
    assert_allclose(lids[[4, 5, 10, 11]], eyes[[4, 5, 10, 11]], atol=0.5)
    one_eye = face.render(activations(face, blink_left=1), STILL)
    changed = np.abs(one_eye - face.texture[::2, ::2]).max(axis=0) > 5
    assert not changed[: int(face.landmarks[39, 0])].any()
    assert changed[int(face.landmarks[42, 0]) : int(face.landmarks[45, 0])].any()


def test_the_gaze_moves_the_eyeballs_alone(face):
    picture = face.render(activations(face, look_left=2), STILL)
    rows, columns = np.nonzero(np.abs(picture - face.texture[::2, ::2]) > 3)
    near = np.stack([columns, rows], 1)[:, None] - face.landmarks[36:48]
    assert 20 < len(rows) < 400
    assert np.linalg.norm(near, axis=-1).min(axis=1).max() < 8


def test_the_mouth_opens_to_the_dark(photograph):
    points = _ASTRONAUT_LANDMARKS.copy()
    points[[61, 62, 63]] = points[[67, 66, 65]] = (points[[61, 62, 63]] + points[[67, 66, 65]]) / 2
    shut = move_photograph(replace(photograph, landmarks=points))
    marked = replace(shut, inside=np.full_like(shut.inside, -1000))
    cavity = {
        strength: (marked.render(activations(shut, jaw_drop=strength), STILL) < -500).sum()
        for strength in (0.01, 4, 8)
    }
    eyes = cavity[0.01]
    assert 20 < cavity[4] - eyes < 0.7 * (cavity[8] - eyes)


def test_a_face_of_any_size(photograph):
    large = move_photograph(photograph, face_size=200)
    assert large.canvas_size == 375
    assert_allclose(face_extent(large.landmarks[None]), 200)
    assert large.render(np.zeros(len(large.units)), STILL).shape == (375, 375)


def test_a_smile_goes_to_that_of_the_photograph(test_data):
    photographs = read_photographs(test_data / "london")[:3]
    for photograph in photographs:
        face = move_photograph(photograph, (*PHOTOGRAPH_UNITS, OWN_SMILE))
        assert face.fit_error < 1.3
        seen = face.pose(activations(face, own_smile=1), STILL).seen_at(face.landmarks)
        neutral, smile = (
            points[list(MESH_TO_68)]
            for points in (photograph.landmarks, photograph.smile_landmarks)
        )
        back = align(smile, neutral)
        aligned = smile @ back[:, :2].T + back[:, 2]
        to_canvas = align(neutral, face.landmarks)
        aligned = aligned @ to_canvas[:, :2].T + to_canvas[:, 2]
        mouth = slice(48, 68)
        before = np.linalg.norm(aligned - face.landmarks, axis=1)[mouth].mean()
        after = np.linalg.norm(aligned - seen, axis=1)[mouth].mean()
        assert after < max(0.4 * before, 0.6)


def test_alignment_of_smiles():
    rng = np.random.RandomState(0)
    points = rng.normal(0, 30, size=(68, 2))
    truth = face_transform([3, -2], 0.2, 1.1, np.zeros(2))
    assert_allclose(align(points, points @ truth[:, :2].T + truth[:, 2]), truth, atol=1e-9)


# -- laws of motion --------------------------------------------------------------------------------


@pytest.mark.parametrize("label", ["macro", "micro"])
def test_courses_rise_hold_and_fall(label):
    rng = np.random.RandomState(0)
    times = np.arange(0, 200, 0.25)
    for _ in range(200):
        course = draw_course(label, 20.0, rng)
        parts = (course.rise, course.hold, course.fall)
        for length, (low, high) in zip(parts, LENGTHS[label]):
            assert low <= length <= high
        values = course(times)
        assert_array_equal(values[times <= 20], 0)
        assert_allclose(values[times >= course.stop], 0, atol=1e-12)
        assert np.abs(np.diff(values)).max() < 0.25 * 2.6 / min(course.rise, course.fall) + 0.02
        held = values[(times >= 20 + course.rise) & (times <= course.stop - course.fall)]
        assert ((held > 0.75) & (held < 1.1)).all()
    if label == "micro":
        assert sum(high for _, high in LENGTHS[label]) + 1 <= 15  # half a second


def test_annotation_of_a_known_course():
    values = np.array([0, 0.04, 0.05, 0.5, 0.96, 1.0, 0.9, 1.02, 0.3, 0.06, 0.01, 0])
    assert annotated(values) == (2, 4, 9)
    assert annotated(0.01 * values) is None


@pytest.mark.parametrize(
    ("weights", "code"),
    [
        ({"own smile": 1, "cheek raiser left": 1}, "L6+12"),
        ({"dimpler right": 2, "dimpler left": 0.2}, "R14"),
        ({"own smile": 1}, "12"),
        ({"inner brow raiser": 1, "outer brow raiser": 1, "jaw drop": 2}, "1+2+26"),
        ({"jaw sideways": 1, "look left": 1, "blink left": 1}, ""),
    ],
)  # fmt: skip
def test_codes_of_facs(weights, code):
    assert facs_code(weights) == code


# -- what happens in film --------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["photograph", "gaussians"])
def subject(request, face):
    """Return each kind of face with the units of the film script."""
    if request.param == "photograph":
        return face
    return make_face(np.random.RandomState(0), one_sided=True)


class TestFilm:
    def script(self, subject, seed, n_frames=900, fps=30, **options):
        off = {
            "expressions": 1,
            "head_motion": 0,
            "head_turns": 0,
            "blinks": 0,
            "talking": 0,
            "light": 0,
        }
        return write_film(
            n_frames,
            fps,
            subject.units,
            node_motion(subject),
            subject.largest,
            amplitudes={"macro": (2.0, 12.0), "micro": (0.5, 2.0)},
            person=np.random.RandomState(seed),
            rng=np.random.RandomState(seed),
            **(off | options),
        )

    def test_intervals_are_those_of_the_motion(self, subject):
        motion = node_motion(subject)
        n_checked = {"macro": 0, "micro": 0}
        for seed in range(6):
            made = self.script(subject, seed)
            assert len(made.codes) == len(made.intervals)
            assert all(made.codes)
            moved = np.linalg.norm(np.einsum("fu,una->fna", made.activations, motion), axis=-1)
            size = moved.max(axis=1)
            for i, row in enumerate(made.intervals):
                onset, apex, offset, label = row
                before = made.intervals["offset"][i - 1] if i else -1
                after = made.intervals["onset"][i + 1] if i + 1 < len(made.intervals) else 10**6
                if onset - before < 8 or after - offset < 8:
                    continue  # the next has begun before it has ended
                low, high = {"macro": (2.0, 12.0), "micro": (0.5, 2.0)}[label]
                height = size[apex] / np.interp(
                    size[apex] / size[onset:offset].max(), [0, 1], [1, 1]
                )
                assert 0.9 * REACHED * 0.999 * low <= height <= 1.1 * high
                assert size[onset] >= 0.9 * VISIBLE * height
                assert size[offset] >= 0.9 * VISIBLE * height
                assert size[onset - 1] < 1.2 * VISIBLE * height
                assert size[offset + 1] < 1.2 * VISIBLE * height
                assert size[onset:apex].max(initial=0) <= size[apex] + 1e-9
                if label == "micro":
                    assert offset - onset + 1 <= 15
                n_checked[label] += 1
        assert min(n_checked.values()) >= 5

    def test_what_is_switched_off_leaves_the_rest(self, subject):
        for seed in range(3):
            quiet = self.script(subject, seed)
            strong = self.script(
                subject, seed, talking=1, blinks=1, head_motion=1, head_turns=1, light=1
            )
            assert_array_equal(strong.intervals, quiet.intervals)
            assert strong.codes == quiet.codes
            assert not quiet.turn.any()
            assert not quiet.shift.any()
            assert_array_equal(quiet.gain, 1)
            assert np.abs(np.rad2deg(strong.turn)).max() < 12
            more = self.script(subject, seed, talking=1).activations - quiet.activations
            jaw = more[:, subject.units.index("jaw drop")]
            assert 0.2 < (jaw > 0.2).mean() < 0.9
            assert 2 < jaw.max() < 20

    @pytest.mark.parametrize("fps", [25, 60])
    def test_the_same_scene_at_any_rate(self, subject, fps):
        options = {"talking": 1, "blinks": 1, "head_motion": 1, "head_turns": 1, "light": 1}
        usual = self.script(subject, 1, n_frames=600, **options)
        other = self.script(subject, 1, n_frames=20 * fps, fps=fps, **options)
        assert other.codes == usual.codes
        for name in ("onset", "offset"):
            difference = other.intervals[name] / fps - usual.intervals[name] / 30
            assert np.abs(difference).max() < 1 / 30 + 1 / fps
        every = np.gcd(30, fps)
        for name in ("activations", "turn", "shift", "gain"):
            one, two = getattr(usual, name)[:: 30 // every], getattr(other, name)[:: fps // every]
            assert_allclose(two, one, atol=1e-9)


def test_speech_has_the_rate_of_syllables():
    times = np.arange(9000.0)
    jaw = draw_talking(9000, times, np.random.RandomState(0))["jaw drop"]
    talking = np.convolve(jaw > 0.3, np.ones(31), "same") > 20
    peaks = (jaw[1:-1] > jaw[:-2]) & (jaw[1:-1] >= jaw[2:]) & (jaw[1:-1] > 0.3)
    rate = 30 * peaks[talking[1:-1]].mean()
    assert 2 < rate < 8
    assert 0.3 < (jaw > 0.1).mean() < 0.8


def test_turns_and_habits_have_their_size():
    rng = np.random.RandomState(0)
    times = np.arange(18000.0)
    turns = np.rad2deg(draw_turns(18000, times, rng))
    assert 8 < np.abs(turns).max() < 25
    assert (np.abs(turns).max(axis=1) < 0.1).mean() > 0.3
    habits = draw_habits(18000, times, rng)
    assert all(0.005 < (np.abs(course) > 0.1).mean() < 0.3 for course in habits.values())


# -- videos ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def film(photograph):
    return make_expression_videos(
        2,
        faces=[photograph],
        dynamics="film",
        videos_per_subject=1,
        n_frames=240,
        talking=1,
        head_turns=1,
        habits=1,
        drift=1,
        noise=0,
        random_state=1,
    )


def test_videos_of_photographs(film):
    assert film.faces == ["astronaut", "astronaut"]
    assert film.subjects.tolist() == ["s01", "s02"]
    assert film.node_names == node_names()
    assert sum(map(len, film.intervals)) > 2
    for i in range(2):
        assert film.videos[i].shape == (240, CANVAS_SIZE, CANVAS_SIZE)
        assert film.landmarks[i].shape == (240, 68, 2)
        assert film.displacement[i].shape == (240, 10, 2)
        assert len(film.units[i]) == len(film.intervals[i])
        assert np.ptp(film.landmarks[i][:, 30], axis=0).max() > 3
    assert "ICT-FaceKit" in film.DESCR
    assert not np.array_equal(film.videos[0], film.videos[1])


def test_displacement_is_that_of_the_regions(face):
    """Of all points of a region, as they are seen with a still head, speech and blinks."""
    script = TestFilm().script(face, 4, n_frames=300, talking=1, blinks=1)
    motion = node_motion(face)
    radius = region_radius(FACE_SIZE)
    side = np.arange(-radius, radius + 1)
    square = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    points = (node_centres(face.landmarks)[:, None] + square).reshape(-1, 2)
    largest = 0
    for values in script.activations[::15]:
        seen = face.pose(values, STILL).seen_at(points)
        moved = (seen - points).reshape(10, -1, 2).mean(axis=1)
        expected = np.einsum("u,una->na", values, motion)
        assert_allclose(moved, expected, atol=0.08)
        largest = max(largest, np.abs(expected).max())
    assert largest > 2


def test_displacement_excludes_the_motion_of_the_head(photograph):
    options = {
        "faces": [photograph],
        "dynamics": "film",
        "videos_per_subject": 1,
        "n_frames": 90,
        "random_state": 2,
    }
    still = make_expression_videos(1, **options, **NOTHING)
    moving = make_expression_videos(1, **options, head_turns=2, **(NOTHING | {"head_motion": 1}))
    assert_array_equal(moving.displacement[0], still.displacement[0])
    assert_array_equal(moving.intervals[0], still.intervals[0])
    assert np.abs(moving.landmarks[0] - still.landmarks[0]).max() > 3


@pytest.mark.parametrize("dynamics", ["ramps", "film"])
@pytest.mark.parametrize("has_faces", [False, True])
def test_any_face_with_any_dynamics(photograph, dynamics, has_faces):
    options = {"videos_per_subject": 1, "n_frames": 60, "dynamics": dynamics, "random_state": 3}
    faces = [photograph] if has_faces else None
    (video,) = make_expression_videos(1, faces=faces, **options).videos
    extras = {"habits": 3, "drift": 1, "occlusions": 20, "motion_blur": 1}
    data = make_expression_videos(1, faces=faces, **options, **extras)
    assert data.videos[0].shape == video.shape == (60, CANVAS_SIZE, CANVAS_SIZE)
    assert not np.array_equal(data.videos[0], video)
    assert len(data.units[0]) == len(data.intervals[0])


def test_hands_and_blur_change_pictures_alone(photograph):
    options = {"faces": [photograph], "dynamics": "film", "videos_per_subject": 1, "n_frames": 60}
    options |= {"noise": 0, "head_motion": 4, "head_turns": 5, "random_state": 0}
    usual = make_expression_videos(1, **options)
    for extra in ({"occlusions": 60.0}, {"motion_blur": 1.0}):
        data = make_expression_videos(1, **options, **extra)
        for name in ("landmarks", "displacement", "intervals"):
            assert_array_equal(data[name][0], usual[name][0])
        assert not np.array_equal(data.videos[0], usual.videos[0])


@pytest.mark.parametrize("dynamics", ["ramps", "film"])
def test_neutral_faces(dynamics):
    options = {"dynamics": dynamics, "videos_per_subject": 1, "n_frames": 60, **NOTHING}
    data = make_expression_videos(1, expressions=0, random_state=0, **options)
    assert len(data.intervals[0]) == 0
    assert not data.displacement[0].any()
    assert not (data.videos[0] != data.videos[0][0]).any()


def test_rate_of_expressions(subject):
    counts = [
        sum(
            len(TestFilm().script(subject, seed, n_frames=1800, expressions=often).intervals)
            for seed in range(8)
        )
        for often in (0.1, 0.5, 1, 2)
    ]
    assert 0 < counts[0] < 0.25 * counts[2]
    assert 0.3 * counts[2] < counts[1] < 0.75 * counts[2]
    assert 100 < counts[2] < counts[3]


def test_repeated_frames_are_shown_as_they_are(photograph):
    data = make_expression_videos(
        1,
        faces=[photograph],
        dynamics="film",
        videos_per_subject=1,
        n_frames=90,
        repeated_frames=0.3,
        random_state=0,
    )
    same = (data.videos[0][1:] == data.videos[0][:-1]).all(axis=(1, 2))
    assert 10 < same.sum() < 45
    for name in ("landmarks", "displacement"):
        values = data[name][0]
        assert_array_equal(values[1:][same], values[:-1][same])


def test_motion_blurs_along_its_direction():
    picture = np.zeros((41, 41), dtype=np.float32)
    picture[20, 20] = 1
    blurred = _blurred(picture, np.array([6.0, 0.0]))
    assert blurred.sum() == pytest.approx(1)
    assert_allclose(blurred.sum(axis=0)[18:23], 1 / 6, atol=0.04)
    assert blurred[18].max() == 0
    assert (blurred[20] > 0.01).sum() in (6, 7, 8)
    assert _blurred(picture, np.array([0.3, 0.3])) is picture


def test_faces_are_used_once_before_they_are_used_again(photograph):
    faces = [replace(photograph, name=name) for name in "abc"]
    options = {"videos_per_subject": 1, "n_frames": 60, "faces": faces, "random_state": 0}
    used = make_expression_videos(4, **options).faces
    assert sorted(used[:3]) == ["a", "b", "c"]
    assert used[3] in ("a", "b", "c")


def write_folder(folder, photograph, smile=None):
    for name in ("p1", "p2"):
        (folder / name).mkdir(parents=True)
        cv2.imwrite(str(folder / name / "neutral.jpg"), photograph.image[..., ::-1])
    points = np.stack([photograph.landmarks] * 2)
    arrays = {} if smile is None else {"smiling": points + smile}
    np.savez(folder / "landmarks.npz", ids=np.array(["p1", "p2"]), neutral=points, **arrays)


def test_folders_of_photographs(tmp_path, photograph):
    write_folder(tmp_path / "faces", photograph, smile=np.eye(68)[:, 48:49] * [-6, -3])
    faces = read_photographs(tmp_path / "faces")
    assert [face.name for face in faces] == ["p1", "p2"]
    assert faces[0].smile_image is None
    assert_array_equal(faces[0].landmarks, photograph.landmarks)
    data = make_expression_videos(
        2, faces=str(tmp_path / "faces"), dynamics="film", n_frames=60, random_state=0
    )
    assert sorted(set(data.faces)) == ["p1", "p2"]


def test_refused_folders(tmp_path, photograph):
    with pytest.raises(ValueError, match=r"no file landmarks.npz in .*nowhere"):
        make_expression_videos(faces=tmp_path / "nowhere")
    np.savez(tmp_path / "landmarks.npz", ids=np.array(["a"]))
    with pytest.raises(ValueError, match=r"lacks the arrays \['neutral'\]"):
        make_expression_videos(faces=tmp_path)
    write_folder(tmp_path / "faces", photograph)
    (tmp_path / "faces" / "p2" / "neutral.jpg").unlink()
    with pytest.raises(ValueError, match=r"Can't read the picture .*p2.*neutral.jpg"):
        make_expression_videos(faces=tmp_path / "faces")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"landmarks": np.ones((5, 2))}, r"landmarks must be .*, got \(5, 2\)"),
        ({"landmarks": np.full((68, 2), np.nan)}, "landmarks must be finite"),
        ({"image": np.ones((9, 9))}, "image must be a uint8 array"),
        ({"image": np.ones((9, 9, 4), np.uint8)}, r"image must be .* of shape \(9, 9, 4\)"),
        ({"smile_landmarks": np.ones((478, 2))}, "as many as landmarks, got 478 and 68"),
        ({"smile_image": np.ones((9, 9), np.uint8)}, "smile_image needs smile_landmarks"),
    ],
)  # fmt: skip
def test_refused_photographs(photograph, change, message):
    with pytest.raises(ValueError, match=message):
        replace(photograph, **change)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"faces": []}, ValueError, "faces has no photograph"),
        ({"faces": ["a"]}, TypeError, r"faces\[0\] must be a FacePhotograph, got str"),
        ({"dynamics": "real"}, ValueError, "dynamics"),
        ({"motion_blur": 2}, ValueError, "motion_blur"),
        ({"habits": -1}, ValueError, "habits"),
    ],
)
def test_refused_options(options, error, message):
    with pytest.raises(error, match=message):
        make_expression_videos(**options)


def test_units_of_ramps_move_photographs(photograph):
    face = move_photograph(photograph, UNITS)
    assert face.units == UNITS
    sizes = np.linalg.norm(face.unit_motion(face.landmarks), axis=-1).max(axis=1)
    assert (sizes > 0.15).all()
    turn = face.unit_motion(face.landmarks)[UNITS.index("turn sideways")]
    assert turn[30, 0] > turn[[1, 15], 0].max() + 0.5


def test_videos_without_faces_are_those_of_before():
    """Numbers of the last version that knew one photograph only."""
    data = make_expression_videos(
        1, videos_per_subject=1, n_frames=120, talking=1, head_turns=1, random_state=1
    )
    assert data.intervals[0].tolist() == [(55, 57, 63, "micro")]
    shown = data.videos[0][::40].astype(float)
    assert_allclose(shown.mean(axis=(1, 2)), [109.45, 111.11, 114.94], atol=0.02)
    assert_allclose(shown.std(axis=(1, 2)), [51.37, 52.60, 54.12], atol=0.02)
    points = [[122.25, 192.62], [116.53, 128.36], [144.55, 141.70]]
    assert_allclose(data.landmarks[0][100, [8, 30, 54]], points, atol=0.006)
    moved = [65.3, 44.7, 36.0, 65.2, 48.2, 43.2, 107.2, 112.7, 136.0, 111.6]
    assert_allclose(np.abs(data.displacement[0]).sum(axis=(0, 2)), moved, atol=0.06)
    assert data.faces == ["astronaut"]
