"""Tests of the files of the Micro-Expression Grand Challenges."""

import tempfile
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skspot import make_intervals
from skspot.io import read_intervals, write_intervals
from tests.io.strategies import NAMES
from tests.test_intervals import tables

TABLES = {
    "006_1": make_intervals([(0, 2, 9, "micro", 0.5), (20, 21, 40, "macro", 0.25)]),
    "15,0101": make_intervals([(4, 4, 4, "macro", 0.5)]),
}
MICRO = {"006_1": TABLES["006_1"][:1], "006_2": make_intervals([(5, 9, "micro")])}


def file(tmp_path, text):
    path = tmp_path / "a.csv"
    path.write_text(text)
    return path


def without_apex(table):
    return make_intervals({name: table[name] for name in ("onset", "offset", "label")})


def test_types_count_from_one(tmp_path):
    path = tmp_path / "a.csv"
    write_intervals(path, TABLES, format="megc")
    assert path.read_text().splitlines() == [
        "vid,onset,offset,type",
        "006_1,1,10,me",
        "006_1,21,41,mae",
        '"15,0101",5,5,mae',
    ]
    read = read_intervals(path, format="megc")
    assert read["006_1"].tolist() == [(0, 4, 9, "micro"), (20, 30, 40, "macro")]


def test_subjects_count_from_one(tmp_path):
    path = tmp_path / "a.csv"
    subjects = {"006_1": "006", "006_2": "006"}
    write_intervals(path, MICRO, format="megc-subject", subjects=subjects)
    assert path.read_text().splitlines() == [
        "subject,video,onset,offset",
        "006,006_1,1,10",
        "006,006_2,6,10",
    ]
    read = read_intervals(path, format="megc-subject", label="micro")
    assert read["006_2"].tolist() == [(5, 7, 9, "micro")]


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(NAMES, tables(max_size=3), max_size=4), st.sampled_from(["macro", "micro"]))
def test_round_trip(tables, label):
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        path = Path(folder, "a.csv")
        write_intervals(path, tables, format="megc")
        read = read_intervals(path, format="megc")
        chosen = {name: table[table["label"] == label] for name, table in tables.items()}
        write_intervals(path, chosen, format="megc-subject", subjects=dict.fromkeys(tables, "s1"))
        read_of_class = read_intervals(path, format="megc-subject", label=label)
    for found, expected in ((read, tables), (read_of_class, chosen)):
        assert list(found) == [name for name, table in expected.items() if len(table)]
        for name, table in found.items():
            assert_array_equal(table, without_apex(expected[name]))


@pytest.mark.parametrize("format", ["megc", "megc-subject"])
def test_videos_without_intervals_are_named(tmp_path, format):
    tables = {**MICRO, "b": make_intervals(), "c": make_intervals()}
    subjects = dict.fromkeys(tables, "s1") if format == "megc-subject" else None
    with pytest.warns(UserWarning, match="2 of 4 videos have none .*: b, c"):
        write_intervals(tmp_path / "a.csv", tables, format=format, subjects=subjects)


def test_refusals_of_writing(tmp_path):
    path = tmp_path / "a.csv"
    with pytest.raises(ValueError, match="one class in a file.* write one class at a time"):
        write_intervals(path, TABLES, format="megc-subject", subjects=dict.fromkeys(TABLES, "s1"))
    for subjects in (None, {"006_1": "006"}):
        with pytest.raises(ValueError, match="pass subjects.* of '006_[12]' is missing"):
            write_intervals(path, MICRO, format="megc-subject", subjects=subjects)
    assert not path.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("vid,onset,offset\na,1,2\n", r"lacks the columns \['type'\]; it has \['vid', 'onset'"),
        (
            "vid,onset,offset,type\na,1,2,me\na,5,9,macro\n",
            "line 3: type must be mae .*got 'macro'",
        ),
        ("vid,onset,offset,type\na,1,2,\n", "line 2: type must be mae"),
        ("vid,onset,offset,type\n,1,2,me\n", "line 2: the name of the video is missing"),
        ("vid,onset,offset,type\na,0,2,me\n", "video a: frames of MEGC files count from 1, got 0"),
        ("vid,onset,offset,type\na,1,2,me\na,9,5,me\n", "video a: .*line 3.*onset <= apex <= offs"),
        ("vid,onset,offset,type\na,1,,me\n", "video a: line 2: offset is missing"),
        ("vid,onset,offset,type\na,1,5,me\na,5,7,me\n", "video a: .*lines 2 and 3.*share frames"),
    ],
)
def test_refusals_of_reading_types(tmp_path, text, message):
    with pytest.raises(ValueError, match=f"a.csv': .*{message}"):
        read_intervals(file(tmp_path, text), format="megc")


def test_types_in_other_case(tmp_path):
    path = file(tmp_path, "vid,onset,offset,type\na,1,2, ME\na,3,4,Mae\n")
    assert read_intervals(path, format="megc")["a"]["label"].tolist() == ["micro", "macro"]


def test_refusals_of_reading_subjects(tmp_path):
    path = file(tmp_path, "subject,video,onset,offset\ns1,a,1,2\ns2,a,5,9\n")
    for label in (None, "me"):
        with pytest.raises(ValueError, match="does not contain the class.* pass label"):
            read_intervals(path, format="megc-subject", label=label)
    with pytest.raises(ValueError, match=r"'a' is listed for the subjects \['s1', 's2'\]"):
        read_intervals(path, format="megc-subject", label="micro")
