from itertools import pairwise

import numpy as np
import pytest
from sklearn.base import clone

from skspot import make_intervals
from skspot.intervals import INTERVAL_DTYPE
from skspot.neural_network import SpotFormerClassifier
from skspot.neural_network.training import _pasting
from skspot.neural_network.training._pasting import ExpressionPaster
from skspot.preprocessing import FlowFeatures, FlowLayout

N_FRAMES = 200

LAYOUTS = {
    "default": FlowLayout(),
    "first": FlowLayout(reference="first"),
    "60 fps": FlowLayout(fps=60, spacing=2),
    "lag": FlowLayout(resolutions=(1,)),
    "both": FlowLayout(resolutions=("window", 1)),
    "both, lag first": FlowLayout(resolutions=(2, "window"), reference="first"),
    "spaced": FlowLayout(spacing=4, step=4 / 30),
    "extended": FlowLayout(nodes="extended"),
    "with neutral": FlowLayout(resolutions=("window", "neutral")),
    "neutral": FlowLayout(resolutions=("neutral",)),
}
layouts = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=list(LAYOUTS))


def windows(position, layout):
    """Return what windows hold of the nodes' position in each frame."""
    frames = np.arange(len(position))
    values = np.empty((len(position), *layout.shape), np.float32)
    for p, pairs in enumerate(layout.pairs):
        for r, pair in enumerate(pairs):
            first, last = (np.clip(frames + offset, 0, len(position) - 1) for offset in pair)
            start = 0 if layout.resolutions[r] == "neutral" else position[first]
            values[:, p, :, 2 * r : 2 * r + 2] = position[last] - start
    return values


def as_features(values, layout):
    timestamps = np.arange(len(values)) / layout.fps
    return FlowFeatures(layout, np.ones(len(values), bool), timestamps, values)


def annotated_video(layout=LAYOUTS["default"], onset=60, apex=66, offset=72, size=1.5):
    """Return a video in which the mouth's left corner moves down once, and nothing else does."""
    position = np.zeros((N_FRAMES, len(layout.node_names), 2))
    course = np.interp(np.arange(N_FRAMES), [onset - 1, apex, offset + 1], [0, 1, 0])
    position[:, 6, 1] = size * course
    table = make_intervals([(onset, apex, offset, "micro")])
    return as_features(windows(position, layout), layout), table


def hide(video, *frames):
    """Return features of which some frames show no face."""
    values = np.array(video)
    values[slice(*frames)] = np.nan
    return as_features(values, video.layout)


def make_paster(features, tables, **options):
    rates = [video.layout.fps for video in features]
    options = {"ratios": {"micro": 3.0}, "mirror": False, **options}
    return ExpressionPaster(features, tables, rates, **options)


def paste(video, table, seed=0, **options):
    """Return values and intervals of one video with pasted expressions."""
    paster = make_paster([video], [table], **options)
    (values,), (more,) = paster(np.random.RandomState(seed))
    return values, more


def positions_of(values, layout):
    """Return the position of the nodes in each frame, from frame to frame along the windows."""
    video = _pasting._Video(values, layout, None, layout.fps)
    position = np.zeros((len(values), values.shape[2], 2))
    for frame in range(1, len(values)):
        position[frame] = position[frame - 1] + _pasting._motion(video, frame - 1, frame)
    return position


@layouts
@pytest.mark.parametrize("frames", [(60, 68, 76), (8, 8, 20), (0, 12, 32), (150, 182, 190)])
def test_learns_the_motion_of_an_annotated_expression(layout, frames):
    onset, apex, offset = frames
    video, table = annotated_video(layout, onset, apex, offset)
    (example,) = make_paster([video], [table]).examples["micro"]
    expected = np.zeros((len(layout.node_names), 2))
    expected[6, 1] = 1
    np.testing.assert_allclose(example.pattern, expected, atol=1e-6)
    course = np.interp([onset, apex, offset], [onset - 1, apex, offset + 1], [0, 1.5, 0])
    rise = course[1] - course[0] or course[1] - course[2]
    assert example.size == pytest.approx(rise, rel=1e-5)
    assert example.seconds == pytest.approx((offset - onset + 1) / layout.fps)
    assert example.apex == pytest.approx((apex - onset) / (offset - onset))


@pytest.mark.parametrize("apex", [65, 67, 69])
def test_steps_that_windows_do_not_hold_are_rounded(apex):
    """With four frames between those of a window, motion ends at the nearest of them."""
    video, table = annotated_video(LAYOUTS["spaced"], 60, apex, 80)
    (example,) = make_paster([video], [table]).examples["micro"]
    assert example.pattern[6, 1] == pytest.approx(1)
    nearest = 60 + 4 * round((apex - 60) / 4)
    course = np.interp([60, nearest], [59, apex, 81], [0, 1.5, 0])
    assert example.size == pytest.approx(course[1] - course[0], rel=1e-5)


def test_a_fall_that_is_not_seen_does_not_matter():
    video, table = annotated_video()
    (example,) = make_paster([hide(video, 67, 90)], [table]).examples["micro"]
    assert example.pattern[6, 1] == pytest.approx(1)


@pytest.mark.parametrize("name", ["default", "first", "lag", "both", "both, lag first", "extended"])
def test_pastes_what_windows_of_a_moving_face_would_hold(name):
    """What is pasted are the windows of one position of the nodes that changes in intervals."""
    layout = LAYOUTS[name]
    video, table = annotated_video(layout)
    values, more = paste(video, table)
    assert len(more) > len(table)
    added = values - np.asarray(video)
    position = positions_of(added, layout)
    np.testing.assert_allclose(windows(position, layout), added, atol=1e-5)
    moved = np.abs(position).max(axis=(1, 2)) > 1e-4
    inside = np.zeros(N_FRAMES, dtype=bool)
    for interval in more:
        if interval not in table:
            inside[interval["onset"] : interval["offset"] + 1] = True
            size = np.abs(position[interval["apex"]]).max()
            assert 1.5 / 1.4 * 0.8 < size < 1.5 * 1.4
    np.testing.assert_array_equal(moved, inside)
    assert not np.abs(position[:, :6]).max() > 1e-4  # only what annotated expressions move


def test_pasted_expressions_keep_their_distance_and_do_not_reach_missing_faces():
    video, table = annotated_video()
    video = hide(video, 100, 130)
    for seed in range(20):
        values, more = paste(video, table, seed, ratios={"micro": 30.0})
        assert np.isnan(values[100:130]).all()
        assert np.isfinite(values[:100]).all()
        more = np.sort(more, order="onset")
        for one, other in pairwise(more):
            assert other["onset"] - one["offset"] > 8
        hidden = (more["offset"] >= 100) & (more["onset"] < 130)
        assert not hidden.any()


def test_distances_are_seconds():
    video, table = annotated_video(LAYOUTS["60 fps"])
    gaps = []
    for seed in range(20):
        more = np.sort(paste(video, table, seed, ratios={"micro": 30.0})[1], order="onset")
        gaps += [other["onset"] - one["offset"] for one, other in pairwise(more)]
    assert min(gaps) == 17  # 16 frames between, 0.27 s


def test_number_and_kind_follow_the_annotations():
    micro, micro_table = annotated_video()
    macro, macro_table = annotated_video(onset=60, apex=75, offset=110, size=4)
    macro_table["label"] = "macro"
    tables = [micro_table, macro_table]
    paster = make_paster([micro, macro], tables, ratios={"micro": 1.0, "macro": 0.5})
    rng = np.random.RandomState(0)
    counts = {"micro": 0, "macro": 0}
    for _ in range(300):
        for table, more in zip(tables, paster(rng)[1]):
            new = more[[row not in table for row in more]]
            for label in counts:
                counts[label] += np.count_nonzero(new["label"] == label)
            lengths = (new["offset"] - new["onset"] + 1)[new["label"] == "micro"]
            assert (lengths == 13).all()  # the only length known
    assert counts["micro"] / 300 == pytest.approx(1.0, abs=0.2)
    assert counts["macro"] / 300 == pytest.approx(0.5, abs=0.15)


def test_a_class_without_annotations_is_not_pasted():
    video, table = annotated_video()
    _, more = paste(video, table, ratios={"macro": 5.0})
    np.testing.assert_array_equal(more, table)


def test_patterns_are_mirrored():
    video, table = annotated_video()
    moved = set()
    for seed in range(20):
        added = paste(video, table, seed, mirror=True)[0] - np.asarray(video)
        moved |= set(np.flatnonzero(np.abs(added).max(axis=(0, 1, 3)) > 1e-3))
    assert moved == {6, 7}


def test_the_video_is_left_alone_and_the_seed_decides():
    video, table = annotated_video()
    before = np.array(video)
    first, second, other = (paste(video, table, seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(video, before)
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(("length", "apex"), [(5, 1), (5, 3), (13, 6), (100, 40)])
def test_course(length, apex):
    for seed in range(10):
        course = _pasting._course(length, apex, 30, np.random.RandomState(seed))
        assert len(course) == length
        assert course[apex] == pytest.approx(1)
        assert (course > 0).all()
        assert (np.diff(course[: apex + 1]) >= -1e-12).all()
        assert (np.diff(course[apex:]) <= 1e-12).all()


@pytest.mark.parametrize("fps", [30, 200])
def test_long_expressions_rise_and_fall_within_the_times_of_ramps(fps, monkeypatch):
    monkeypatch.setattr(_pasting, "_SLACK", 0)
    rises, falls = [], []
    for seed in range(200):
        course = _pasting._course(4 * fps, 2 * fps, fps, np.random.RandomState(seed))
        held = np.flatnonzero(course > 1 - 1e-9)
        rises.append((held[0] + 1) / fps)
        falls.append((4 * fps - held[-1]) / fps)
    for ramps, (shortest, longest) in (
        (rises, _pasting._RISE_SECONDS),
        (falls, _pasting._FALL_SECONDS),
    ):
        assert min(ramps) == pytest.approx(shortest, abs=0.04)
        assert max(ramps) == pytest.approx(longest, abs=0.04)


def test_rises_start_fast_and_falls_end_slowly(monkeypatch):
    monkeypatch.setattr(_pasting, "_SLACK", 0)
    for seed in range(20):
        course = _pasting._course(120, 60, 30, np.random.RandomState(seed))
        steps = np.diff(np.concatenate([[0], course, [0]]))
        rise, fall = steps[steps > 1e-9], steps[steps < -1e-9]
        assert rise[0] == rise.max()
        assert (np.diff(fall[1:]) >= -1e-9).all()  # ever slower


def test_a_held_expression_has_some_slack():
    weakest = [
        _pasting._course(120, 60, 30, np.random.RandomState(seed))[40:80].min()
        for seed in range(50)
    ]
    assert 0.8 < min(weakest) < 0.95


def test_some_patterns_are_one_sided_and_some_combine_two():
    position = np.zeros((N_FRAMES, 10, 2))
    course = np.interp(np.arange(13), [0, 6, 12], [0.2, 1.5, 0.2])
    position[60:73, 6:8, 1] = course[:, None]  # both corners of the mouth
    position[120:133, [2, 5], 1] = -course[:, None]  # and both outer brows
    table = make_intervals([(60, 66, 72, "micro"), (120, 126, 132, "micro")])
    layout = LAYOUTS["with neutral"]
    paster = make_paster([as_features(windows(position, layout), layout)], [table])
    rng = np.random.RandomState(0)
    sizes = np.stack([np.linalg.norm(paster._draw_pattern(rng), axis=-1) for _ in range(400)])
    assert sizes.max(axis=1) == pytest.approx(1)
    corners, brows = sizes[:, [6, 7]], sizes[:, [2, 5]]
    uneven = np.abs(sizes[:, [6, 2]] - sizes[:, [7, 5]]).max(axis=1) > 1e-6
    combined = (corners.max(axis=1) > 0) & (brows.max(axis=1) > 0)
    assert uneven.mean() == pytest.approx(_pasting._ONE_SIDED, abs=0.06)
    assert combined.mean() == pytest.approx(_pasting._COMBINED / 2, abs=0.05)  # half take itself
    assert sizes[:, [0, 1, 3, 4, 8, 9]].max() == 0


def test_windows_and_displacement_from_neutral_agree():
    layout = LAYOUTS["with neutral"]
    video, table = annotated_video(layout)
    values, more = paste(video, table, ratios={"micro": 6.0})
    assert len(more) > 2
    position = values[:, 8, :, 2:]  # the frame itself
    np.testing.assert_allclose(values, windows(position, layout), atol=1e-5)


def test_a_full_video_has_no_free_place():
    rng = np.random.RandomState(0)
    assert _pasting._free_place(np.ones(20, bool), 5, rng) is None
    assert _pasting._free_place(np.zeros(6, bool), 5, rng) is None
    assert _pasting._free_place(np.zeros(7, bool), 5, rng) == 1


def test_tables_with_scores_lose_them():
    video, table = annotated_video()
    scored = make_intervals([(*table.tolist()[0], 0.7)])
    _, more = paste(video, scored)
    assert more.dtype == INTERVAL_DTYPE
    assert table[0] in more


def test_the_classifier_pastes_other_expressions_in_every_epoch(monkeypatch):
    X, y = zip(
        *(annotated_video(onset=onset, apex=onset + 6, offset=onset + 12) for onset in (40, 60))
    )
    tables = []
    call = ExpressionPaster.__call__

    def spy(self, rng):
        values, more = call(self, rng)
        tables.extend(table.tolist() for table in more)
        return values, more

    monkeypatch.setattr(ExpressionPaster, "__call__", spy)
    spotter = SpotFormerClassifier(max_epochs=3, module__dim=16, random_state=0).fit(X, y)
    assert len(tables) == 6
    assert len({str(table) for table in tables}) == 6
    first = [str(table) for table in tables]
    tables.clear()
    again = clone(spotter).fit(X, y)
    assert [str(table) for table in tables] == first
    for one, other in zip(spotter.predict_scores(X), again.predict_scores(X)):
        np.testing.assert_array_equal(one, other)
    tables.clear()
    clone(spotter).fit([np.asarray(video) for video in X], y)  # without a layout
    assert not tables
