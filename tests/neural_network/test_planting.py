from itertools import pairwise

import numpy as np
import pytest
from sklearn.base import clone

from skspot import make_intervals
from skspot.intervals import INTERVAL_DTYPE
from skspot.neural_network import SpotFormerClassifier
from skspot.neural_network.training._pasting import (
    ExpressionPlanter,
    _course,
    _free_place,
    measured_from,
    window_offsets,
)

N_FRAMES = 200
MIRRORED = [5, 4, 3, 2, 1, 0, 7, 6, 8, 9]


def windows(position, reference):
    """Return displacements in windows of 17 frames for the nodes' position in each frame."""
    offsets, origin = window_offsets(16, reference)
    frames = np.arange(len(position))
    last = len(position) - 1
    others = position[np.clip(frames[:, None] + offsets, 0, last)]
    return (others - position[np.clip(frames + origin, 0, last)][:, None]).astype(np.float32)


def annotated_video(reference="centre", onset=60, apex=66, offset=72, size=1.5):
    """Return a video in which the mouth's left corner moves down once, and nothing else does."""
    position = np.zeros((N_FRAMES, 10, 2))
    frames = np.arange(N_FRAMES)
    course = np.interp(frames, [onset - 1, apex, offset + 1], [0, 1, 0])
    position[:, 6, 1] = size * course
    table = make_intervals([(onset, apex, offset, "micro")])
    return windows(position, reference), table


def planter(features, tables, **options):
    options = {"ratios": {"micro": 3.0}, "mirrored_nodes": None, **options}
    return ExpressionPlanter(features, tables, **options)


@pytest.mark.parametrize("reference", ["centre", "first"])
@pytest.mark.parametrize("frames", [(60, 66, 72), (8, 8, 20), (0, 12, 30), (150, 195, 199)])
def test_learns_the_motion_of_an_annotated_expression(reference, frames):
    onset, apex, offset = frames
    video, table = annotated_video(reference, onset, apex, offset)
    (example,) = planter([video], [table]).examples["micro"]
    expected = np.zeros((10, 2))
    expected[6, 1] = 1
    np.testing.assert_allclose(example.pattern, expected, atol=1e-6)
    course = np.interp([onset, apex, offset], [onset - 1, apex, offset + 1], [0, 1.5, 0])
    rise = course[1] - course[0] or course[1] - course[2]
    assert example.size == pytest.approx(rise, rel=1e-5)
    assert example.length == offset - onset + 1
    assert example.apex == pytest.approx((apex - onset) / (offset - onset))


def test_a_fall_that_is_not_seen_does_not_matter():
    video, table = annotated_video()
    video[67:90] = np.nan
    (example,) = planter([video], [table]).examples["micro"]
    assert example.pattern[6, 1] == pytest.approx(1)


@pytest.mark.parametrize("reference", ["centre", "first"])
def test_plants_what_windows_of_a_moving_face_would_hold(reference):
    """The planted windows are those of one position of the nodes that changes in intervals only."""
    video, table = annotated_video(reference)
    plant = planter([video], [table])
    planted, more = plant(video, table, np.random.RandomState(0))
    assert len(more) > len(table)
    added = planted - video
    # What was added, as a position: from frame to frame along the windows.
    position = np.zeros((N_FRAMES, 10, 2))
    for frame in range(1, N_FRAMES):
        step = plant._motion(added, frame - 1, frame)
        position[frame] = position[frame - 1] + step
    np.testing.assert_allclose(windows(position, reference), added, atol=1e-5)
    moved = np.abs(position).max(axis=(1, 2)) > 1e-4
    inside = np.zeros(N_FRAMES, dtype=bool)
    for interval in more:
        if interval not in table:
            inside[interval["onset"] : interval["offset"] + 1] = True
            size = np.abs(position[interval["apex"]]).max()
            assert 1.5 / 1.4 * 0.8 < size < 1.5 * 1.4
    np.testing.assert_array_equal(moved, inside)
    assert not np.abs(position[:, :6]).max() > 1e-4  # only what annotated expressions move


def test_planted_expressions_keep_their_distance_and_do_not_reach_missing_faces():
    video, table = annotated_video()
    video[100:130] = np.nan
    plant = planter([video], [table], ratios={"micro": 30.0})
    for seed in range(20):
        planted, more = plant(video, table, np.random.RandomState(seed))
        assert np.isnan(planted[100:130]).all()
        assert np.isfinite(planted[:100]).all()
        more = np.sort(more, order="onset")
        for one, other in pairwise(more):
            assert other["onset"] - one["offset"] > 8
        hidden = (more["offset"] >= 100) & (more["onset"] < 130)
        assert not hidden.any()


def test_number_and_kind_follow_the_annotations():
    micro, micro_table = annotated_video()
    macro, macro_table = annotated_video(onset=60, apex=75, offset=110, size=4)
    macro_table["label"] = "macro"
    plant = planter([micro, macro], [micro_table, macro_table], ratios={"micro": 1.0, "macro": 0.5})
    rng = np.random.RandomState(0)
    counts = {"micro": 0, "macro": 0}
    for _ in range(300):
        for video, table in ((micro, micro_table), (macro, macro_table)):
            _, more = plant(video, table, rng)
            new = more[[row not in table for row in more]]
            for label in counts:
                counts[label] += np.count_nonzero(new["label"] == label)
            lengths = (new["offset"] - new["onset"] + 1)[new["label"] == "micro"]
            assert (lengths == 13).all()  # the only length known
    assert counts["micro"] / 300 == pytest.approx(1.0, abs=0.2)
    assert counts["macro"] / 300 == pytest.approx(0.5, abs=0.15)


def test_a_class_without_annotations_is_not_planted():
    video, table = annotated_video()
    _, more = planter([video], [table], ratios={"macro": 5.0})(
        video, table, np.random.RandomState(0)
    )
    np.testing.assert_array_equal(more, table)


def test_patterns_are_mirrored():
    video, table = annotated_video()
    plant = planter([video], [table], mirrored_nodes=MIRRORED)
    moved = set()
    for seed in range(20):
        added = plant(video, table, np.random.RandomState(seed))[0] - video
        moved |= set(np.flatnonzero(np.abs(added).max(axis=(0, 1, 3)) > 1e-3))
    assert moved == {6, 7}


def test_the_video_is_left_alone_and_the_seed_decides():
    video, table = annotated_video()
    before = video.copy()
    plant = planter([video], [table])
    first, second, other = (
        plant(video, table, np.random.RandomState(seed))[0] for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(video, before)
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(("length", "apex"), [(5, 1), (5, 3), (13, 6), (100, 40)])
def test_course(length, apex):
    for seed in range(10):
        course = _course(length, apex, np.random.RandomState(seed))
        assert len(course) == length
        assert course[apex] == pytest.approx(1)
        assert (course > 0).all()
        assert (np.diff(course[: apex + 1]) >= -1e-12).all()
        assert (np.diff(course[apex:]) <= 1e-12).all()


def test_a_full_video_has_no_free_place():
    rng = np.random.RandomState(0)
    assert _free_place(np.ones(20, bool), 5, rng) is None
    assert _free_place(np.zeros(6, bool), 5, rng) is None
    assert _free_place(np.zeros(7, bool), 5, rng) == 1


def test_tables_with_scores_lose_them():
    video, table = annotated_video()
    scored = make_intervals([(*table.tolist()[0], 0.7)])
    _, more = planter([video], [scored])(video, scored, np.random.RandomState(0))
    assert more.dtype == INTERVAL_DTYPE
    assert table[0] in more


@pytest.mark.parametrize("reference", ["centre", "first"])
def test_where_displacements_are_measured_from(reference):
    rng = np.random.default_rng(0)
    position = rng.normal(size=(100, 10, 2)).cumsum(axis=0)
    video = windows(position, reference)
    hidden = video.copy()
    hidden[20:30] = np.nan
    assert measured_from([video]) == measured_from([hidden, video]) == reference
    noisy = video + 0.1 * rng.normal(size=video.shape).astype(np.float32)
    if reference == "first":  # each displacement has an error of its own
        assert measured_from([noisy]) == "first"
    assert measured_from([np.zeros_like(video), np.full_like(video, np.nan)]) == "centre"


def test_features_that_are_no_such_displacements_are_refused():
    rng = np.random.default_rng(0)
    position = rng.normal(size=(100, 10, 2)).cumsum(axis=0)
    video, table = annotated_video()
    noise = rng.normal(size=(50, 16, 10, 2)).astype(np.float32)
    steps = np.diff(position, axis=0, prepend=position[:1])
    lag = steps[np.clip(np.arange(100)[:, None] + np.arange(-7, 9), 0, 99)].astype(np.float32)
    spaced = windows(position, "centre")[:, ::2]
    spaced = np.concatenate([spaced, spaced], axis=1)
    for other in (noise, lag, spaced, np.concatenate([video, video], axis=-1), video[:, :15]):
        with pytest.raises(ValueError, match="planted_micro=0 and planted_macro=0"):
            planter([other], [table])


def test_the_classifier_plants_in_every_epoch_anew(monkeypatch):
    X, y = zip(
        *(annotated_video(onset=onset, apex=onset + 6, offset=onset + 12) for onset in (40, 60))
    )
    tables = []
    call = ExpressionPlanter.__call__

    def spy(self, video, table, rng):
        planted, more = call(self, video, table, rng)
        tables.append(more.tolist())
        return planted, more

    monkeypatch.setattr(ExpressionPlanter, "__call__", spy)
    spotter = SpotFormerClassifier(max_epochs=3, module__dim=16, random_state=0).fit(X, y)
    assert len(tables) == 6
    assert len({str(table) for table in tables}) == 6
    first = [str(table) for table in tables]
    tables.clear()
    again = clone(spotter).fit(X, y)
    assert [str(table) for table in tables] == first
    for one, other in zip(spotter.predict_scores(X), again.predict_scores(X)):
        np.testing.assert_array_equal(one, other)
