"""Tests of interval tables."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skspot import INTERVAL_DTYPE, PREDICTION_DTYPE, make_intervals
from skspot.intervals import check_intervals, is_interval_table


@st.composite
def tables(draw, max_size=6):
    """Draw a valid table of one video, with or without scores."""
    rows, end = [], 0
    scored = draw(st.booleans())
    for _ in range(draw(st.integers(0, max_size))):
        gap, rise, fall = (draw(st.integers(0, 50)) for _ in range(3))
        onset = end + gap
        row = (onset, onset + rise, onset + rise + fall, draw(st.sampled_from(["macro", "micro"])))
        rows.append((*row, draw(st.floats(0, 1))) if scored else row)
        end = onset + rise + fall + 1
    return make_intervals(draw(st.permutations(rows)))


def test_three_entries_get_the_middle_frame_as_apex():
    table = make_intervals([(10, 20, "macro"), (30, 33, "micro"), (40, 40, "micro")])
    assert table.dtype == INTERVAL_DTYPE
    assert table.tolist() == [
        (10, 15, 20, "macro"),
        (30, 31, 33, "micro"),
        (40, 40, 40, "micro"),
    ]


def test_five_entries_make_predictions():
    table = make_intervals([(1, 2, 3, "micro", 0.25), (0, 1, 9, "micro", -2)])
    assert table.dtype == PREDICTION_DTYPE
    assert table.tolist() == [(1, 2, 3, "micro", 0.25), (0, 1, 9, "micro", -2.0)]


@pytest.mark.parametrize("rows", [(), [], iter([]), {"onset": [], "offset": [], "label": []}])
def test_no_rows_make_an_empty_table(rows):
    table = make_intervals(rows)
    assert table.shape == (0,)
    assert table.dtype == INTERVAL_DTYPE


@given(tables())
def test_round_trips(table):
    if len(table):  # a DataFrame of an empty table has no kinds of values to go by
        assert_array_equal(make_intervals(pd.DataFrame(table)), table)
    assert_array_equal(make_intervals(table), table)
    assert_array_equal(make_intervals({name: table[name] for name in table.dtype.names}), table)
    as_tuples = make_intervals(table.tolist())
    assert as_tuples.tolist() == table.tolist()


def test_other_columns_and_their_order_do_not_matter():
    frame = pd.DataFrame(
        {"note": ["x"], "label": ["macro"], "offset": [9.0], "onset": ["3"], "fold": [1]},
        index=["row"],
    )
    assert make_intervals(frame).tolist() == [(3, 6, 9, "macro")]


def test_the_table_does_not_share_memory_with_its_source():
    source = make_intervals([(1, 5, "macro")])
    table = make_intervals(source)
    table["onset"] = 0
    assert source["onset"][0] == 1


def test_the_last_frame_belongs_to_the_video():
    assert len(make_intervals([(0, 9, "macro")], n_frames=10)) == 1
    with pytest.raises(ValueError, match=r"row 0.*beyond the video of 9 frames \(last frame 8\)"):
        make_intervals([(0, 9, "macro")], n_frames=9)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(5, 4, "macro")], r"row 0.*onset 5, apex 4, offset 4.*onset <= apex <= offset"),
        ([(1, 5, 9, "macro"), (20, 19, 30, "macro")], "row 1.*onset <= apex <= offset"),
        ([(20, 31, 30, "macro")], "row 0.*onset <= apex <= offset"),
        ([(-1, 4, "macro")], "row 0.*negative frame; frames count from 0"),
        ([(1, np.nan, "macro")], "Row 0: offset is missing"),
        ([(None, 2, "macro")], "Row 0: onset is missing"),
        ([(1, np.inf, "macro")], "Row 0: offset is missing or not finite"),
        ([(1, 5, "macro"), (6.5, 9, "micro")], "Row 1: onset must be a whole frame.*6.5"),
        ([("soon", 5, "macro")], "Row 0: onset must be a frame number, got 'soon'"),
        ([(1, 5, "makro")], "row 0: label must be one of.*'makro'"),
        ([(1, 5, "macro-expression")], "row 0: label must be one of.*'macro-expression'"),
        ([(1, 5, "Micro")], "'Micro'"),
        ([(1, 5, np.nan)], "row 0: label must be one of.*nan"),
        ([(1, 5, 1)], "row 0: label must be one of"),
        ([(1, 5)], r"rows of \[2\] entries"),
        ([(1, 5, "macro"), (6, 7, 8, "macro")], r"rows of \[3, 4\] entries"),
        ([(1, 2, 3, "macro", np.nan)], "row 0.*score that is not finite"),
        ([(1, 2, 3, "macro", 0.5), (5, 6, 7, "macro", "high")], "Row 1: score must .*got 'high'"),
        ([(1, 2, 3, "macro", -np.inf)], "row 0.*score that is not finite"),
        ({"onset": [1], "offset": [2]}, "'label' is missing, got .*offset.*onset"),
        (pd.DataFrame({"onset": [1.0, 2.0], "label": ["macro"] * 2}), "'offset' is missing"),
    ],
)
def test_refusals(rows, message):
    with pytest.raises(ValueError, match=message):
        make_intervals(rows)


@pytest.mark.parametrize("rows", ["interview.csv", 5, None])
def test_what_is_no_table_at_all(rows):
    with pytest.raises(TypeError, match="must be rows or a table of columns"):
        make_intervals(rows)


@pytest.mark.parametrize("rows", [["abc", "xyz"], [5, 6], (10, 20, "macro"), [None]])
def test_rows_that_are_no_rows(rows):
    """Three letters are three entries, but no interval."""
    with pytest.raises(TypeError, match=r"as in \[\(10, 20, 'macro'\)\], got the entry"):
        make_intervals(rows)


@pytest.mark.parametrize("n_onsets", [1, 3])
def test_columns_of_different_lengths(n_onsets):
    """One value for all rows is refused as well: it would be repeated without a word."""
    columns = {"onset": [1] * n_onsets, "offset": [5, 9], "label": ["macro", "micro"]}
    with pytest.raises(ValueError, match=f"equally long, got .*'onset': {n_onsets}, 'offset': 2"):
        make_intervals(columns)


def test_missing_labels_of_pandas():
    frame = pd.DataFrame({"onset": [1], "offset": [2], "label": [pd.NA]})
    with pytest.raises(ValueError, match="row 0: label must be one of.*<NA>"):
        make_intervals(frame)


def test_overlap_within_a_class():
    shared = [(0, 10, "macro"), (30, 40, "macro"), (10, 20, "macro")]
    with pytest.raises(ValueError, match=r"macro intervals of rows 0 and 2 \(0-10 and 10-20\)"):
        make_intervals(shared)
    make_intervals([(0, 10, "macro"), (30, 40, "macro"), (11, 20, "macro")])
    make_intervals([(0, 10, "macro"), (5, 8, "micro")])  # classes may overlap
    make_intervals([(*row[:2], row[1], row[2], 0.5) for row in shared])  # so may predictions


def test_an_interval_within_another_is_found_behind_a_third():
    rows = [(0, 100, "micro"), (10, 20, "micro")]
    with pytest.raises(ValueError, match="rows 0 and 1"):
        make_intervals(rows)


@pytest.mark.parametrize(
    "table",
    [
        None,
        [(1, 2, 3, "macro")],
        np.zeros(3),
        np.zeros((2, 2), dtype=INTERVAL_DTYPE),
        np.zeros(1, dtype=[("onset", int), ("offset", int)]),
        np.zeros((), dtype=INTERVAL_DTYPE),
    ],
)
def test_what_is_no_interval_table(table):
    assert not is_interval_table(table)
    with pytest.raises(TypeError, match=r"y\[3\] must be an interval table.*make_intervals"):
        check_intervals(table, name="y[3]")


def test_check_intervals_finds_what_was_changed_later():
    table = make_intervals([(1, 5, "macro"), (8, 9, "macro")])
    assert check_intervals(table, n_frames=10) is table
    table["onset"][1] = 5
    with pytest.raises(ValueError, match=r"y\[0\]: the macro intervals of rows 0 and 1"):
        check_intervals(table, name="y[0]")
    assert check_intervals(table, allow_overlap=True) is table
    table["label"][0] = ""
    with pytest.raises(ValueError, match=r"y\[0\], row 0: label"):
        check_intervals(table, name="y[0]")
