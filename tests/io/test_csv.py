"""Tests of interval tables in CSV files."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skspot import INTERVAL_DTYPE, PREDICTION_DTYPE, make_intervals
from skspot.io import read_intervals, write_intervals
from tests.io.strategies import NAMES
from tests.test_intervals import tables

HEADER = "video,onset,apex,offset,label\n"


def written(tmp_path, text):
    path = tmp_path / "intervals.csv"
    path.write_text(text, encoding="utf-8")
    return path


def assert_same(read, tables):
    """Compare; CSV knows no empty prediction, and no prediction among annotations."""
    assert list(read) == list(tables)
    for name, table in tables.items():
        assert_array_equal(read[name], table if len(table) else make_intervals())


@given(st.dictionaries(NAMES, tables(max_size=3), max_size=4))
@example({"006_1": make_intervals([(1, 2, "macro")]), "007": make_intervals()})
@example(
    {"NA": make_intervals([(1, 2, "macro")]), "nan": make_intervals(), "null": make_intervals()}
)
@example({'a,b "c"; d': make_intervals([(1, 2, "macro")]), "Ünal №1": make_intervals()})
@example({" a ": make_intervals([(1, 2, "macro")]), "a": make_intervals(), "1e3": make_intervals()})
@example(
    {"a": make_intervals([(1, 2, 3, "micro", 0.1 + 0.2)]), "b": make_intervals([(1, 2, "micro")])}
)
def test_round_trip(tables):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "intervals.csv"
        write_intervals(path, tables)
        assert_same(read_intervals(path), tables)


def test_the_file_is_plain(tmp_path):
    path = tmp_path / "intervals.csv"
    tables = {
        "a": make_intervals([(3, 5, 9, "micro", 0.5), (20, 21, 40, "macro", 0.25)]),
        "b,c": make_intervals(),
    }
    times = {"a": np.arange(41) / 25, "b,c": np.arange(2)}
    write_intervals(str(path), tables, timestamps=times)
    assert path.read_text().splitlines() == [
        "video,onset,apex,offset,label,score,onset_seconds,apex_seconds,offset_seconds",
        "a,3,5,9,micro,0.5,0.12,0.2,0.36",
        "a,20,21,40,macro,0.25,0.8,0.84,1.6",
        '"b,c",,,,,,,,',
    ]


def test_seconds_are_those_of_the_frames(tmp_path):
    """Times of a camera that skips frames, not frame / fps."""
    times = np.cumsum([0, 0.1, 0.1, 0.5, 0.1])
    path = tmp_path / "intervals.csv"
    write_intervals(path, {"a": make_intervals([(1, 2, 4, "macro")])}, timestamps={"a": times})
    row = pd.read_csv(path).iloc[0]
    assert_allclose(
        row[["onset_seconds", "apex_seconds", "offset_seconds"]].tolist(), times[[1, 2, 4]]
    )


def test_no_videos(tmp_path):
    path = tmp_path / "intervals.csv"
    write_intervals(path, {})
    assert path.read_text() == HEADER
    assert read_intervals(path) == {}


def test_predictions_and_annotations_in_one_file(tmp_path):
    tables = {
        "a": make_intervals([(1, 2, 3, "macro", 0.5)]),
        "b": make_intervals([(4, 9, "micro")]),
    }
    path = tmp_path / "intervals.csv"
    write_intervals(path, tables)
    read = read_intervals(path)
    assert read["a"].dtype == PREDICTION_DTYPE
    assert read["b"].dtype == INTERVAL_DTYPE


def test_tables_written_by_hand(tmp_path):
    """Other columns, another order, no apex, rows of a video apart, floats as Excel writes them."""
    path = written(
        tmp_path,
        "\ufefflabel,coder,offset,onset,video\n"
        "macro,x,20.0,10.0,006_1\n"
        ",y,,,007\n"
        "micro,,30,24,006_1\n",
    )
    read = read_intervals(path)
    assert list(read) == ["006_1", "007"]
    assert read["006_1"].tolist() == [(10, 15, 20, "macro"), (24, 27, 30, "micro")]
    assert len(read["007"]) == 0


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_intervals(tmp_path / "none.csv")


@pytest.mark.filterwarnings("ignore:Length of header")
def test_a_comma_too_many_shifts_no_columns(tmp_path):
    path = written(tmp_path, HEADER + "a,1,2,3,macro,\n")
    assert read_intervals(path)["a"].tolist() == [(1, 2, 3, "macro")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a CSV table of intervals"),
        (
            "video,onset,offset\na,1,2\n",
            r"lacks the columns \['label'\]; it has \['video', 'onset'",
        ),
        ("video;onset;offset;label\na;1;2;macro\n", "lacks the columns"),
        (HEADER + "a,1,2,3,macro\nb,1,2,3,macro,5\n", "not a CSV table.*line 3"),
        (HEADER + "a,1,2,3,macro\n,1,2,3,macro\n", "line 3: the name of the video is missing"),
        (HEADER + "a,1,2,3,macro\nb,9,9,3,macro\n", "video b: .*line 3.*onset <= apex <= offset"),
        (
            HEADER + "a,1,2,3,macro\nb,,,,\nb,9.5,,13,macro\n",
            "video b: line 4: onset must be a whole frame number, got 9.5",
        ),
        (HEADER + "b,early,,13,macro\n", "video b: line 2: onset must be a frame number.*early"),
        (HEADER + "b,1,2,,macro\n", "video b: line 2: offset is missing"),
        (
            HEADER[:-1] + ",score\nb,1,2,3,macro,high\n",
            "video b: line 2: score must be a number, got 'high'",
        ),
        (HEADER + "b,1,2,3,\n", "video b: .*label must be one of"),
        (HEADER + "b,1,2,3,MACRO\n", "video b: .*line 2: label must be one of.*'MACRO'"),
        (
            HEADER + "b,1,2,3,macro\na,,,,\nb,3,4,5,macro\n",
            "video b: .*lines 2 and 4.*share frames",
        ),
    ],
)
def test_refusals_of_reading(tmp_path, text, message):
    path = written(tmp_path, text)
    with pytest.raises(ValueError, match=message) as caught:
        read_intervals(path)
    assert "intervals.csv" in str(caught.value)


def test_a_file_that_is_no_text(tmp_path):
    path = tmp_path / "intervals.csv"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe\x00")
    with pytest.raises(ValueError, match="not a CSV table"):
        read_intervals(path)


def test_refusals_of_writing(tmp_path):
    path = tmp_path / "intervals.csv"
    tables = {"a": make_intervals([(1, 2, 10, "macro")])}
    with pytest.raises(ValueError, match="timestamps lacks the video 'a'; it has .'b'."):
        write_intervals(path, tables, timestamps={"b": np.arange(20)})
    with pytest.raises(ValueError, match="'a' has an interval up to frame 10, but .* 10 frames"):
        write_intervals(path, tables, timestamps={"a": np.arange(10)})
    for name in ("", "two\nlines", "a\rb"):
        with pytest.raises(ValueError, match="name of a video must be one line"):
            write_intervals(path, {name: tables["a"]})
    with pytest.raises(TypeError, match="tables.'a'. must be an interval table"):
        write_intervals(path, {"a": [(1, 2, 10, "macro")]})
    assert not path.exists()
