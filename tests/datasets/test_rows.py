"""Tests of the way from the rows of annotation tables to interval tables.

Recordings here have images 1 to 100 at 30 frames per second unless said otherwise, so that an image
is the frame one below its number.
"""

import time

import numpy as np
import pandas as pd
import pytest

from skspot.datasets.annotations import AnnotationRules, Recording, Repairs, resolve_rows
from skspot.intervals import check_intervals
from skspot.video import FrameTimes

COLUMNS = ["place", "video", "onset", "apex", "offset", "label"]


def recording(name="a", numbers=range(1, 101), **fields):
    numbers = None if numbers is None else np.array(numbers, dtype=np.int64)
    return Recording(
        **{"name": name, "subject": "s1", "source": name, "numbers": numbers, **fields}
    )


def table_of(*rows, video="a"):
    """Return rows (onset, apex, offset, label) as a table; they are called row 1, row 2 ..."""
    rows = [(f"row {i}", video, *row) for i, row in enumerate(rows, 1)]
    return pd.DataFrame(rows, columns=COLUMNS, dtype=object)


def resolve_table(rows, recordings, **rules):
    """Return the recordings that are kept, their interval tables and the repairs."""
    repairs = Repairs()
    kept, tables, _ = resolve_rows(rows, recordings, AnnotationRules(**rules), repairs)
    return kept, tables, repairs


def resolve(*rows, recorded=None, **rules):
    """Return the intervals of one recording and the table of its repairs."""
    _, (table,), repairs = resolve_table(table_of(*rows), [recorded or recording()], **rules)
    return table.tolist(), repairs.table()


def reported(repairs, action):
    """Return the problems of the rows with an action."""
    chosen = repairs[(repairs["action"] == action) & (repairs["place"] != "")]
    return chosen["problem"].tolist()


def assert_left_out(row, problem, **rules):
    """Check that a row is not used, that one entry says why, and that others are still used."""
    intervals, repairs = resolve(row, (60, 62, 65, "macro"), **rules)
    assert intervals == [(59, 61, 64, "macro")]
    assert reported(repairs, "left out") == [problem]
    assert reported(repairs, "changed") == []
    assert repairs.loc[repairs["action"] == "left out", "place"].tolist() == ["row 1"]


def assert_changed(row, interval, problem, result, **rules):
    """Check that a row is used as the interval, and that one entry says what was changed."""
    intervals, repairs = resolve(row, **rules)
    assert intervals == [interval]
    changed = repairs[repairs["action"] == "changed"]
    assert changed[["place", "subject", "video"]].values.tolist() == [["row 1", "s1", "a"]]
    assert changed[["problem", "result"]].values.tolist() == [[problem, result]]


class TestRows:
    def test_good_rows_are_untouched(self):
        intervals, repairs = resolve(
            (50, 55, 60, "macro"), (10, 12, 20, "micro"), ("55", "57.0", 58.0, "micro")
        )
        assert intervals == [(9, 11, 19, "micro"), (49, 54, 59, "macro"), (54, 56, 57, "micro")]
        assert repairs.empty
        assert list(repairs) == ["place", "subject", "video", "problem", "action", "result"]

    def test_tables_without_apex(self):
        rows = table_of((10, None, 20, "micro")).drop(columns="apex")
        _, (table,), repairs = resolve_table(rows, [recording()])
        assert table.tolist() == [(9, 14, 19, "micro")]
        assert repairs.table().empty

    def test_videos_and_their_order(self):
        rows = pd.concat([table_of((1, 2, 3, "macro"), video=name) for name in ("b", "a", "c")])
        kept, tables, repairs = resolve_table(rows, [recording("a"), recording("b")])
        assert [record.name for record in kept] == ["a", "b"]
        assert [len(table) for table in tables] == [1, 1]
        (entry,) = repairs.table().to_dict("records")
        assert entry == {
            "place": "row 1",
            "subject": None,
            "video": "c",
            "problem": "there are no frames of the video: 'c'",
            "action": "left out",
            "result": "",
        }

    def test_the_repairs_are_in_the_order_of_the_rows(self):
        rows = [
            (5, 6, 4, "macro"),
            (10, 99, 20, "macro"),
            (10, 15, 20, "macro"),
            (0, 0, 0, "macro"),
        ]
        _, repairs = resolve(*rows)
        assert repairs["place"].tolist() == ["row 1", "row 2", "row 3", "row 4"]

    def test_subjects_of_the_table(self):
        rows = table_of((5, 6, 4, "macro")).assign(subject="s7")
        _, _, repairs = resolve_table(rows, [recording()])
        assert repairs.table()["subject"].tolist() == ["s7", "s1"]  # the row, the empty video


class TestCells:
    @pytest.mark.parametrize(
        ("label", "problem"),
        [
            (None, "the label is missing"),
            ("", "the label is missing"),
            ("Makro", "the label is neither macro nor micro: 'Makro'"),
            (3, "the label is neither macro nor micro: 3"),
        ],
    )
    def test_unknown_labels(self, label, problem):
        assert_left_out((10, 12, 20, label), problem)

    @pytest.mark.parametrize("field", ["onset", "apex", "offset"])
    def test_no_number(self, field):
        cells = {"onset": 10, "apex": 12, "offset": 20, "label": "macro", field: "x7"}
        assert_left_out(tuple(cells.values()), f"the {field} is not a number: 'x7' is not a number")

    @pytest.mark.parametrize(
        ("offset", "problem"),
        [
            (True, "True is a truth value, not a number"),
            (1e300, "1e+300 is too large"),
            (np.inf, "inf is not finite"),
        ],
    )
    def test_odd_numbers(self, offset, problem):
        assert_left_out((10, 12, offset, "macro"), f"the offset is not a number: {problem}")

    @pytest.mark.parametrize(
        ("offset", "frame", "shown"), [(20.4, 19, "20.4"), ("20,5", 20, "20.5"), (20.6, 20, "20.6")]
    )
    def test_fractions_are_rounded_half_up(self, offset, frame, shown):
        assert_changed(
            (10, 12, offset, "macro"),
            (9, 11, frame, "macro"),
            f"the offset is not a whole number: {shown}",
            f"the offset is {frame + 1}",
        )

    def test_what_spreadsheets_compute_is_whole(self):
        intervals, repairs = resolve((10, 12, 20 + 1e-9, "macro"))
        assert intervals == [(9, 11, 19, "macro")]
        assert repairs.empty


class TestMissing:
    @pytest.mark.parametrize(("cell", "shown"), [(None, ""), (0, ": 0"), (-1, ": -1"), ("-", "")])
    def test_onset(self, cell, shown):
        row = (cell, 12, 20, "macro")
        result = "the onset is the first frame, 1"
        assert_changed(row, (0, 11, 19, "macro"), f"the onset is missing{shown}", result)
        assert_left_out(row, f"the onset is missing{shown}", missing_onset="drop")

    def test_onset_of_numbers_from_elsewhere(self):
        intervals, _ = resolve((0, 55, 60, "macro"), recorded=recording(numbers=range(50, 80)))
        assert intervals == [(0, 5, 10, "macro")]

    def test_everything(self):
        assert_left_out((0, -1, None, "macro"), "onset, apex and offset are missing")

    @pytest.mark.parametrize(("cell", "shown"), [(None, ""), (0, ": 0"), (-1, ": -1")])
    def test_offset(self, cell, shown):
        row = (10, 12, cell, "macro")
        problem = f"the offset is missing{shown}"
        assert_changed(row, (9, 11, 11, "macro"), problem, "the offset is the apex, 12")
        assert_changed(
            row,
            (9, 11, 14, "macro"),
            problem,
            "the offset is 5 frames after the onset, 15",
            missing_offset=5,
        )
        assert_left_out(row, problem, missing_offset="drop")

    def test_offset_and_apex(self):
        assert_left_out((10, 0, 0, "macro"), "offset and apex are missing")
        problem = "the offset is missing and the apex is before the onset: 8 < 10"
        assert_left_out((10, 8, 0, "macro"), problem)

    def test_onset_and_offset(self):
        """The expression reaches from the first frame to its apex."""
        intervals, repairs = resolve((-1, 12, -1, "macro"))
        assert intervals == [(0, 11, 11, "macro")]
        assert reported(repairs, "changed") == [
            "the onset is missing: -1",
            "the offset is missing: -1",
        ]

    def test_numbers_from_0(self):
        """There 0 is the first frame, but an offset of 0 after the onset is none."""
        zero = recording(numbers=range(100))
        assert resolve((0, 2, 5, "macro"), recorded=zero)[0] == [(0, 2, 5, "macro")]
        assert resolve((0, 0, 0, "macro"), recorded=zero)[0] == [(0, 0, 0, "macro")]
        assert resolve((7, 9, 0, "macro"), recorded=zero)[0] == [(7, 9, 9, "macro")]

    @pytest.mark.parametrize(("apex", "shown"), [(0, "0"), (-1, "-1")])
    def test_apex(self, apex, shown):
        assert_changed(
            (10, apex, 21, "macro"),
            (9, 14, 20, "macro"),
            f"the apex is missing: {shown}",
            "the apex is the middle, 15",
        )

    def test_an_empty_apex_is_not_worth_a_note(self):
        intervals, repairs = resolve((10, None, 21, "macro"))
        assert intervals == [(9, 14, 20, "macro")]
        assert repairs.empty


class TestOrder:
    def test_offset_before_onset(self):
        assert_left_out((20, 15, 10, "macro"), "the offset is before the onset: 10 < 20")

    def test_negative_onset(self):
        assert_left_out((-5, 2, 10, "macro"), "the onset is negative: -5")

    @pytest.mark.parametrize("apex", [5, 30, -7])
    def test_apex_outside(self, apex):
        assert_changed(
            (10, apex, 20, "macro"),
            (9, 14, 19, "macro"),
            f"the apex is outside the interval: {apex} not in 10-20",
            "the apex is the middle, 15",
        )

    def test_onset_beyond_the_end(self):
        problem = "the onset is beyond the last frame: 101 > 100"
        assert_left_out((101, 105, 110, "macro"), problem)
        assert resolve((100, 100, 100, "macro"))[0] == [(99, 99, 99, "macro")]

    def test_offset_beyond_the_end(self):
        assert_changed(
            (90, 95, 101, "macro"),
            (89, 94, 99, "macro"),
            "the offset is beyond the last frame: 101 > 100",
            "the offset is 100",
        )

    def test_before_the_first_number(self):
        late = recording(numbers=range(50, 150))
        intervals, repairs = resolve(
            (40, 60, 70, "macro"), (10, 20, 49, "micro"), (20, 25, 50, "micro"), recorded=late
        )
        assert intervals == [(0, 0, 0, "micro"), (0, 10, 20, "macro")]
        assert reported(repairs, "left out") == ["the offset is before the first frame: 49 < 50"]
        assert reported(repairs, "changed")[0] == "the onset is before the first frame: 40 < 50"

    def test_unknown_length(self):
        """The frames of a file that nobody has opened are taken as they are."""
        intervals, _ = resolve((1, 500, 1000, "macro"), recorded=recording(numbers=None))
        assert intervals == [(0, 499, 999, "macro")]
        zero = recording(numbers=None, first_number=0)
        assert resolve((0, 5, 9, "macro"), recorded=zero)[0] == [(0, 5, 9, "macro")]


class TestHoles:
    """Images 1 to 10 and 21 to 30; image 21 is frame 10."""

    HOLE = recording(numbers=[*range(1, 11), *range(21, 31)])

    @pytest.mark.parametrize(
        ("frames", "interval", "problem", "result"),
        [
            ((15, 24, 26), (10, 13, 15), "no image of the onset: 15", "the onset is 21"),
            ((3, 5, 12), (2, 4, 9), "no image of the offset: 12", "the offset is 10"),
            ((3, 14, 25), (2, 9, 14), "no image of the apex: 14", "the apex is 10"),
            ((3, 17, 25), (2, 10, 14), "no image of the apex: 17", "the apex is 21"),
        ],
    )
    def test_one(self, frames, interval, problem, result):
        intervals, repairs = resolve((*frames, "macro"), recorded=self.HOLE)
        assert intervals == [(*interval, "macro")]
        changed = repairs[repairs["action"] == "changed"]
        assert changed[["problem", "result"]].values.tolist() == [[problem, result]]

    def test_all(self):
        intervals, repairs = resolve((12, 14, 18, "macro"), recorded=self.HOLE)
        assert intervals == []
        assert reported(repairs, "left out") == ["no images of the interval: 12-18"]

    def test_of_two_equally_near_images_the_first(self):
        recorded = recording(numbers=[1, 2, 3, 7, 8, 9])
        assert resolve((2, 5, 8, "macro"), recorded=recorded)[0] == [(1, 2, 4, "macro")]

    def test_the_apex_stays_inside(self):
        """The nearest image of 12 is 10, before the onset."""
        assert resolve((11, 12, 25, "macro"), recorded=self.HOLE)[0] == [(10, 10, 14, "macro")]


class TestReducedRate:
    def test_hand_worked(self):
        """Every 7th of 100 images: 1, 8, 15 ... 99 are frames 0, 1, 2 ... 14."""
        reduced = recording(keep_every=7, fps=200 / 7)
        assert reduced.n_frames == 15
        # 11 is 3 images after 8 and 4 before 15; 12 is nearer to 15; 100 is nearest to 99.
        assert resolve((11, 12, 100, "macro"), recorded=reduced)[0] == [(1, 2, 14, "macro")]

    def test_halves_are_rounded_up(self):
        """Images 2 and 4 are as near to the frame before as to the one after."""
        halved = recording(keep_every=2)
        assert resolve((2, 3, 4, "macro"), recorded=halved)[0] == [(1, 1, 2, "macro")]


class TestOptions:
    def test_over_long(self):
        """From the first frame, and longer than half of the video."""
        problem = "the interval covers most of the video from its start: 51 of 100 frames"
        assert_left_out((1, 5, 51, "micro"), problem, over_long="drop")
        for row in ((1, 5, 50, "micro"), (2, 5, 80, "micro")):
            assert len(resolve(row, over_long="drop")[0]) == 1
        intervals, repairs = resolve((1, 5, 51, "micro"), over_long="keep")
        assert intervals == [(0, 4, 50, "micro")]
        assert reported(repairs, "kept") == [problem]

    def test_long_micro(self):
        """At 30 frames per second 15 frames are 0.5 s."""
        rate = recording(fps=30.0)
        kind = "the micro-expression lasts more than 0.5 s"
        for rule in ("keep", "macro", "drop"):
            intervals, repairs = resolve((10, 12, 24, "micro"), recorded=rate, long_micro=rule)
            assert intervals == [(9, 11, 23, "micro")]
            assert repairs.empty
            intervals, repairs = resolve((10, 12, 25, "micro"), recorded=rate, long_micro=rule)
            action = {"keep": "kept", "macro": "changed", "drop": "left out"}[rule]
            assert reported(repairs, action) == [f"{kind}: 0.53 s"]
            label = {"keep": ["micro"], "macro": ["macro"], "drop": []}[rule]
            assert [interval[3] for interval in intervals] == label

    def test_missing_images_took_their_time(self):
        """Images 1 to 10 and 21 to 30 at 30 frames per second: 5 to 24 are 0.67 s, not 0.33 s."""
        holes = recording(numbers=[*range(1, 11), *range(21, 31)], fps=30.0)
        _, repairs = resolve((5, 7, 24, "micro"), recorded=holes)
        assert reported(repairs, "kept")[0] == "the micro-expression lasts more than 0.5 s: 0.67 s"

    def test_macro_expressions_may_be_long(self):
        _, repairs = resolve((10, 12, 70, "macro"), recorded=recording(fps=30.0), long_micro="drop")
        assert repairs.empty

    def test_long_micro_by_the_recorded_rate(self):
        """At 200 frames per second 100 images are 0.5 s, whatever is kept of them."""
        rate = recording(numbers=range(1, 301), keep_every=7, fps=200 / 7)
        for offset, n_intervals in ((100, 1), (101, 0)):
            intervals, _ = resolve((1, 5, offset, "micro"), recorded=rate, long_micro="drop")
            assert len(intervals) == n_intervals

    def test_long_micro_by_times(self):
        """Where the camera paused, four frames last more than half a second."""
        times = FrameTimes(np.array([0, 1, 2, 10, 11, 12, 13, 14]) / 20)
        paused = recording(numbers=range(1, 9), times=times)
        for onset, n_intervals in ((2, 0), (4, 1)):
            intervals, _ = resolve(
                (onset, None, onset + 3, "micro"), recorded=paused, long_micro="drop"
            )
            assert len(intervals) == n_intervals

    def test_classes(self):
        assert_left_out(
            (10, 12, 14, "micro"), "class micro is not among classes", classes=["macro"]
        )

    def test_rows_of_other_classes_are_not_read(self):
        problem = "class micro is not among classes"
        assert_left_out((10, "x", 5, "micro"), problem, classes=["macro"])

    def test_classes_and_long_micro(self):
        """A long micro-expression that becomes a macro-expression counts as one."""
        rows = [(10, 12, 70, "micro"), (80, 82, 84, "micro")]
        rate = recording(fps=30.0)
        for classes, spans in ((("macro",), [(9, 69)]), (("micro",), [(79, 83)])):
            intervals, repairs = resolve(*rows, recorded=rate, classes=classes, long_micro="macro")
            assert [(onset, offset) for onset, _, offset, _ in intervals] == spans
            assert reported(repairs, "left out") == [
                f"class {'micro' if classes == ('macro',) else 'macro'} is not among classes"
            ]

    @pytest.mark.parametrize("classes", [(), ("neutral",), ("macro", "x"), "macro"])
    def test_wrong_classes(self, classes):
        with pytest.raises(ValueError, match="classes must be one or both of"):
            AnnotationRules(classes=classes)

    def test_min_length(self):
        """In frames that are kept."""
        problem = "the interval is shorter than min_length=5: 4 frames"
        assert_left_out((10, 12, 13, "micro"), problem, min_length=5)
        reduced = recording(keep_every=7)
        assert len(resolve((1, 5, 29, "micro"), recorded=reduced, min_length=5)[0]) == 1
        assert resolve((1, 5, 22, "micro"), recorded=reduced, min_length=5)[0] == []

    def test_one_frame(self):
        intervals, repairs = resolve((10, 10, 10, "micro"))
        assert intervals == [(9, 9, 9, "micro")]
        assert reported(repairs, "kept") == ["the interval is one frame long"]

    def test_unlabelled(self):
        recordings = [recording("a"), recording("b"), recording("c")]
        rows = pd.concat(
            [table_of((5, 6, 7, "macro")), table_of((9, 8, 7, "macro"), video="c")],
        )
        kept, tables, repairs = resolve_table(rows, recordings)
        assert [len(table) for table in tables] == [1, 0, 0]
        entries = repairs.table()[["place", "video", "problem", "action"]].values.tolist()
        assert entries[-2:] == [
            ["", "b", "the video has no intervals", "kept"],
            ["", "c", "the video has no intervals: none of its 1 rows is used", "kept"],
        ]
        kept, tables, repairs = resolve_table(rows, recordings, unlabelled="drop")
        assert [record.name for record in kept] == ["a"]
        assert len(tables) == 1
        assert repairs.table()["action"].tolist() == ["left out"] * 3


class TestOverlaps:
    def test_repeats(self):
        intervals, repairs = resolve(
            (10, 12, 20, "macro"), (10, 15, 20, "macro"), (10, 12, 20, "micro")
        )
        assert intervals == [(9, 11, 19, "macro"), (9, 11, 19, "micro")]
        assert reported(repairs, "left out") == ["the interval repeats another: row 1"]

    @pytest.mark.parametrize("inner", [(10, 15), (15, 20), (12, 18)])
    def test_one_within_another(self, inner):
        for rows in ([inner, (10, 20)], [(10, 20), inner]):
            intervals, repairs = resolve(*[(on, None, off, "macro") for on, off in rows])
            assert intervals == [(9, 14, 19, "macro")]
            outer = rows.index((10, 20)) + 1
            assert reported(repairs, "left out") == [
                f"the interval lies within another: row {outer}"
            ]

    def test_partial(self):
        intervals, repairs = resolve((15, 17, 30, "macro"), (10, 12, 20, "macro"))
        assert intervals == [(9, 11, 19, "macro"), (20, 20, 29, "macro")]
        assert repairs[["place", "problem", "action", "result"]].values.tolist() == [
            [
                "row 1",
                "the interval begins within another of its class: row 2",
                "changed",
                "it begins after that, with frame 20 of the video",
            ]
        ]

    def test_a_frame_that_only_the_reduced_rate_shares(self):
        """Images 12 and 13 are both nearest to the kept image 15, frame 2."""
        reduced = recording(keep_every=7)
        rows = [(1, 4, 12, "macro"), (13, 20, 40, "macro")]
        intervals, repairs = resolve(*rows, recorded=reduced)
        assert intervals == [(0, 0, 2, "macro"), (3, 3, 6, "macro")]
        kind = "the interval begins within another of its class at the reduced rate"
        assert reported(repairs, "changed") == [f"{kind}: row 1"]

    @pytest.mark.parametrize(
        ("later", "kind"), [((15, 16), "repeats another"), ((15, 15), "lies within another")]
    )
    def test_intervals_that_only_the_reduced_rate_joins(self, later, kind):
        """Images 12 to 18 are nearest to image 15, frame 2; the first interval has frames 1, 2."""
        earlier = (13, 14) if kind == "repeats another" else (9, 14)
        rows = [(*earlier, None), (*later, None)]
        _, repairs = resolve(
            *[(onset, None, offset, "macro") for onset, offset, _ in rows],
            recorded=recording(keep_every=7),
        )
        assert reported(repairs, "left out") == [f"the interval {kind} at the reduced rate: row 1"]

    def test_a_chain(self):
        intervals, _ = resolve(*[(on, None, on + 10, "micro") for on in (1, 6, 11, 16)])
        spans = [(onset, offset) for onset, _, offset, _ in intervals]
        assert spans == [(0, 10), (11, 15), (16, 20), (21, 25)]

    def test_other_labels_may_overlap(self):
        _, repairs = resolve((10, 12, 20, "macro"), (15, 17, 30, "micro"))
        assert repairs.empty

    def test_what_is_left_must_be_long_enough(self):
        intervals, repairs = resolve(
            (10, 12, 20, "macro"), (15, 17, 22, "macro"), (18, 19, 30, "macro"), min_length=3
        )
        assert [(onset, offset) for onset, _, offset, _ in intervals] == [(9, 19), (20, 29)]
        assert reported(repairs, "left out") == [
            "the interval is shorter than min_length=3: 2 frames"
        ]
        assert len(reported(repairs, "changed")) == 1


class TestRepairs:
    def test_one_warning_counts_by_problem(self):
        rows = [
            (10, 12, 20.5, "macro"),
            (30.2, 32, 40, "macro"),
            (5, 4, 3, "macro"),
            (8, 4, 3, "macro"),
            (1, 2, 3, "micro"),
            (50, 50, 50, "macro"),
        ]
        _, _, repairs = resolve_table(table_of(*rows), [recording()], classes=["macro"])
        with pytest.warns(UserWarning, match="needed repair") as caught:
            repairs.warn(1)
        (warning,) = caught
        assert warning.filename == __file__
        assert str(warning.message) == (
            "Annotations needed repair. Left out: the offset is before the onset (2); Changed: the "
            "offset is not a whole number (1), the onset is not a whole number (1). `repairs` in "
            "the returned data lists every row."
        )

    @pytest.mark.filterwarnings("error")
    def test_no_warning_without_need(self):
        rules = {"classes": ("macro",), "unlabelled": "drop"}
        recordings = [recording("a"), recording("b")]
        rows = table_of((1, 2, 3, "micro"), (50, 50, 50, "macro"))
        _, _, repairs = resolve_table(rows, recordings, **rules)
        repairs.warn(1)
        assert len(repairs.table()) == 3

    def test_what_was_repaired_before_a_row_was_left_out_is_not_noted(self):
        _, repairs = resolve((10.5, 12, 5, "macro"))
        assert reported(repairs, "changed") == []
        assert reported(repairs, "left out") == ["the offset is before the onset: 5 < 11"]


def test_missing_columns():
    with pytest.raises(ValueError, match=r"needs each of the columns .* once, got \['video'\]"):
        resolve_table(pd.DataFrame({"video": ["a"]}), [recording()])


def test_recordings_of_one_name():
    with pytest.raises(ValueError, match=r"names of recordings must differ, got \['a'\]"):
        resolve_table(table_of(), [recording(), recording(), recording("b")])


def test_speed():
    """10,000 rows, most of which need repair; measured 0.3 s."""
    rng = np.random.default_rng(0)
    onset = rng.integers(1, 1000, 10_000)
    rows = pd.DataFrame(
        {
            "place": "row",
            "video": [f"v{i % 100}" for i in range(10_000)],
            "onset": onset,
            "apex": onset + 3,
            "offset": onset + rng.integers(0, 10, 10_000),
            "label": rng.choice(["macro", "micro"], 10_000),
        }
    )
    recordings = [recording(f"v{i}", range(1, 1001), keep_every=7) for i in range(100)]
    start = time.perf_counter()
    _, tables, repairs = resolve_table(rows, recordings)
    assert time.perf_counter() - start < 3
    for table in tables:
        check_intervals(table, n_frames=143)
    left_out = (repairs.table()["action"] == "left out").sum()
    assert sum(map(len, tables)) + left_out == 10_000
