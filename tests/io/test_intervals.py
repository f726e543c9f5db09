"""Tests of reading and writing intervals: what the formats have in common."""

import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skspot import make_intervals
from skspot.intervals import is_interval_table
from skspot.io import INTERVAL_FORMATS, read_intervals, write_intervals
from tests.io.strategies import FILE_NAMES, as_read, recordings, steady_times

SUFFIXES = {
    "csv": ".csv",
    "json": ".json",
    "megc": ".csv",
    "megc-subject": ".csv",
    "elan": ".eaf",
    "praat": ".TextGrid",
    "boris": ".boris",
    "audacity": ".txt",
}
ONE_VIDEO = ["elan", "praat", "audacity"]
OF_TIMES = [*ONE_VIDEO, "boris"]
TABLE = make_intervals([(3, 5, 9, "micro"), (20, 25, 29, "macro")])
TIMES = np.arange(30) / 30
PREDICTIONS = make_intervals(
    [(3, 5, 9, "micro", 0.1 + 0.2), (4, 4, 9, "micro", -1e-300), (3, 5, 9, "micro", 2.0)]
)


def read_back(tables, format, times, **reading):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "intervals")
        write_intervals(path, tables, format=format, timestamps=times)
        return read_intervals(path, format=format, **reading) if tables else {}


def assert_same(read, tables, in_order):
    assert sorted(read) == sorted(tables)
    for name, table in tables.items():
        assert_array_equal(read[name], as_read(table, in_order=in_order))


def test_the_formats():
    assert SUFFIXES == INTERVAL_FORMATS


@pytest.mark.parametrize("format", ["csv", "json", "boris"])
@given(recordings())
@example(
    (
        {'a,b "c"': TABLE, " a/b\\ ": PREDICTIONS, "NA": TABLE[:0]},
        dict.fromkeys(['a,b "c"', " a/b\\ ", "NA"], TIMES),
    )
)
@settings(max_examples=30, deadline=None)
def test_round_trip_of_many_videos_in_a_file(format, recording):
    tables, timestamps = recording
    read = read_back(tables, format, timestamps, timestamps=timestamps)
    assert list(read) == list(tables)
    assert_same(read, tables, in_order=format == "boris")


@pytest.mark.parametrize("format", ONE_VIDEO)
@given(recordings(names=FILE_NAMES))
@example(
    (
        {"a.b": TABLE, "Ünal №1 .eaf": PREDICTIONS, "nan": TABLE[:0]},
        dict.fromkeys(["a.b", "Ünal №1 .eaf", "nan"], TIMES),
    )
)
@settings(max_examples=30, deadline=None)
def test_round_trip_of_a_file_for_each_video(format, recording):
    tables, timestamps = recording
    read = read_back(tables, format, timestamps, timestamps=timestamps.get)
    assert_same(read, tables, in_order=True)


@pytest.mark.parametrize("format", ["elan", "boris"])
@given(recordings(names=FILE_NAMES, times=steady_times))
@settings(max_examples=30, deadline=None)
def test_files_of_a_steady_rate_need_no_timestamps(format, recording):
    tables, timestamps = recording
    assert_same(read_back(tables, format, timestamps), tables, in_order=True)


@pytest.mark.parametrize("format", OF_TIMES)
def test_five_hundred_frames_a_second(format):
    table = make_intervals([(i, i, i, "micro") for i in range(0, 1000, 7)])
    timestamps = {"a": np.arange(1000) / 500}
    assert_array_equal(
        read_back({"a": table}, format, timestamps, timestamps=timestamps)["a"], table
    )


@pytest.mark.parametrize("format", ["elan", "boris"])
def test_frames_shorter_than_a_millisecond_are_refused(tmp_path, format):
    table = make_intervals([(i, i, i, "micro") for i in range(100)])
    with pytest.raises(
        ValueError, match="'a': times with .* can't distinguish .* write CSV or JSON"
    ):
        write_intervals(
            tmp_path / "x", {"a": table}, format=format, timestamps={"a": np.arange(100) / 2000}
        )
    one = {"a": table[2:3]}  # from 1 to 1.5 ms
    with pytest.raises(ValueError, match="'a': times with .* can't distinguish the frames 2"):
        write_intervals(tmp_path / "x", one, format=format, timestamps={"a": np.arange(100) / 2000})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("format", OF_TIMES)
def test_varying_rates_need_timestamps(format):
    times = np.array([0, 0.1, 0.15, 0.5, 0.6, 0.61])
    tables = {"a": make_intervals([(1, 2, 4, "macro")])}
    with pytest.raises(
        ValueError, match="contains times, but no frame rate.* pass timestamps.*'a'"
    ):
        read_back(tables, format, {"a": times})


@pytest.mark.parametrize("format", OF_TIMES)
def test_formats_of_times_need_timestamps(tmp_path, format):
    with pytest.raises(ValueError, match="holds times, not frames: pass timestamps.*'a'"):
        write_intervals(tmp_path / "x", {"a": TABLE}, format=format)
    with pytest.raises(ValueError, match="timestamps lacks the video 'a'; it has .'b'."):
        write_intervals(tmp_path / "x", {"a": TABLE}, format=format, timestamps={"b": TIMES})
    with pytest.raises(ValueError, match="'a' has an interval up to frame 29, but .* 29 frames"):
        write_intervals(tmp_path / "x", {"a": TABLE}, format=format, timestamps={"a": TIMES[:29]})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".csv", ".json", ".eaf", ".TEXTGRID", ".boris", ".txt"])
def test_the_suffix_tells_the_format(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    write_intervals(str(path), {"a": TABLE}, timestamps={"a": TIMES})
    assert path.is_file()
    assert_array_equal(read_intervals(str(path), timestamps={"a": TIMES})["a"], TABLE)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_unknown_formats(tmp_path):
    for path in ("a", "a.xlsx", "a.mp4"):
        with pytest.raises(
            ValueError, match=f"{path}' has no suffix of a known format ..csv .csv., .*boris"
        ):
            write_intervals(tmp_path / path, {"a": TABLE})
    (tmp_path / "a.xml").touch()
    with pytest.raises(ValueError, match="a.xml' has no suffix of a known format.*megc-subject"):
        read_intervals(tmp_path / "a.xml")
    with pytest.raises(ValueError, match="format must be one of csv, json,.* got 'eaf'"):
        write_intervals(tmp_path / "a.eaf", {"a": TABLE}, format="eaf")


def test_arguments_of_one_format(tmp_path):
    with pytest.raises(ValueError, match="subjects are for the format 'megc-subject' only"):
        write_intervals(tmp_path / "a.csv", {"a": TABLE}, subjects={"a": "s1"})
    write_intervals(tmp_path / "a.csv", {"a": TABLE})
    with pytest.raises(ValueError, match="label is for the format 'megc-subject' only"):
        read_intervals(tmp_path / "a.csv", label="micro")
    with pytest.raises(TypeError, match="timestamps must map .* or be a function.*, got ndarray"):
        read_intervals(tmp_path / "a.csv", timestamps=TIMES)


def test_one_file_holds_one_video(tmp_path):
    path = tmp_path / "a.eaf"
    for tables in ({}, {"a": TABLE, "b": TABLE}):
        with pytest.raises(ValueError, match=f"A .eaf file holds one video, got {len(tables)} tab"):
            write_intervals(path, tables, timestamps=lambda name: TIMES)
    assert not path.exists()


@pytest.mark.parametrize(
    "name", ["a/b", "a\\b", "a:b", "c?", ".a", "a.", "a ", "..", "con", "NUL.x", "a" * 300]
)
def test_names_that_no_file_can_have(tmp_path, name):
    with pytest.raises(ValueError, match="can't give its name to a file"):
        write_intervals(tmp_path / "x", {name: TABLE}, format="elan", timestamps={name: TIMES})
    assert not list(tmp_path.iterdir())


def test_names_that_differ_in_case_only(tmp_path):
    tables = {"a1": TABLE, "A1": TABLE}
    with pytest.raises(ValueError, match="'a1' and 'A1' differ only in case"):
        write_intervals(tmp_path / "x", tables, format="praat", timestamps=lambda name: TIMES)


@pytest.mark.parametrize("format", INTERVAL_FORMATS)
def test_nothing_is_written_if_something_is_wrong(tmp_path, format):
    """The error is in the last table; a file that was there before stays."""
    path = tmp_path / "x"
    write_intervals(tmp_path / "x.csv", {"old": TABLE})
    wrong = TABLE.copy()
    wrong["apex"] = 1000
    given = {"timestamps": lambda name: TIMES}
    with pytest.raises(ValueError, match="tables.'b'., row 0: .*needs onset <= apex <= offset"):
        write_intervals(path, {"a": TABLE, "b": wrong}, format=format, **given)
    with pytest.raises(TypeError, match="tables.'b'. must be an interval table"):
        write_intervals(path, {"a": TABLE, "b": [(1, 2, "macro")]}, format=format, **given)
    for name in ("", "two\nlines", "a\rb"):
        with pytest.raises(ValueError, match="name of a video must be one line"):
            write_intervals(path, {"a": TABLE, name: TABLE}, format=format, **given)
    assert [file.name for file in tmp_path.iterdir()] == ["x.csv"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    write_intervals(path, {"old": TABLE})

    def fail(self, content):
        with open(self, "wb") as file:
            file.write(content[:5])
        raise OSError("disk full")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match="disk full"):
        write_intervals(path, {"new": TABLE})
    assert [file.name for file in tmp_path.iterdir()] == ["a.csv"]
    assert list(read_intervals(path)) == ["old"]


def test_a_link_stays_one(tmp_path):
    (tmp_path / "link.csv").symlink_to(tmp_path / "file.csv")
    write_intervals(tmp_path / "link.csv", {"a": TABLE})
    assert (tmp_path / "link.csv").is_symlink()
    assert list(read_intervals(tmp_path / "file.csv")) == ["a"]


def test_what_cannot_be_written_to(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no folder .*none' to write to"):
        write_intervals(tmp_path / "none" / "a.csv", {"a": TABLE})
    with pytest.raises(IsADirectoryError):
        write_intervals(tmp_path, {"a": TABLE}, format="csv")
    with pytest.raises(TypeError, match="tables must map the name of each video.*, got ndarray"):
        write_intervals(tmp_path / "a.csv", TABLE)


def test_a_folder_of_one_format(tmp_path):
    write_intervals(tmp_path / "a.csv", {"006_1": TABLE, "006_2": TABLE[:1]})
    write_intervals(tmp_path / "b.CSV", {"007_1": TABLE[:0]})
    for other in ("a.png", "notes.txt", "._c.csv"):
        (tmp_path / other).write_bytes(b"\x00")
    (tmp_path / "folder.csv").mkdir()
    read = read_intervals(tmp_path)
    assert list(read) == ["006_1", "006_2", "007_1"]
    assert_array_equal(read["006_1"], TABLE)
    assert len(read["007_1"]) == 0


def test_a_folder_of_several_formats(tmp_path):
    timestamps = {"a": TIMES, "b": TIMES, "c": TIMES}
    write_intervals(tmp_path / "a.csv", {"a": TABLE})
    write_intervals(tmp_path / "b.eaf", {"b": TABLE[:1]}, timestamps=timestamps)
    write_intervals(tmp_path / "c.txt", {"c": TABLE[1:]}, timestamps=timestamps)
    assert list(read_intervals(tmp_path)) == ["a", "b"]
    assert list(read_intervals(tmp_path, format="elan")) == ["b"]
    assert list(read_intervals(tmp_path, format="audacity", timestamps=timestamps)) == ["c"]
    write_intervals(tmp_path / "d.json", {"b": TABLE})
    with pytest.raises(ValueError, match="two tables of the video 'b', in 'b.eaf' and 'd.json'"):
        read_intervals(tmp_path)


def test_a_folder_of_text_files_alone(tmp_path):
    """They can be anything beside others; alone they are what there is to read."""
    write_intervals(tmp_path, {"a": TABLE}, format="audacity", timestamps={"a": TIMES})
    assert read_intervals(tmp_path, timestamps={"a": TIMES})["a"].tolist() == TABLE.tolist()


def test_the_same_video_in_two_files(tmp_path):
    for name in ("x.csv", "y.csv"):
        write_intervals(tmp_path / name, {"a": TABLE})
    with pytest.raises(ValueError, match="two tables of the video 'a', in 'x.csv' and 'y.csv'"):
        read_intervals(tmp_path)


def test_a_foreign_file_in_a_folder(tmp_path):
    write_intervals(tmp_path / "a.csv", {"a": TABLE})
    (tmp_path / "settings.json").write_text("{}")
    with pytest.raises(ValueError, match="settings.json': this is not a file of .*format= chooses"):
        read_intervals(tmp_path)
    assert list(read_intervals(tmp_path, format="csv")) == ["a"]


@pytest.mark.parametrize("format", [None, *INTERVAL_FORMATS])
def test_what_is_not_there(tmp_path, format):
    with pytest.raises(FileNotFoundError, match="There is no file .*none.csv"):
        read_intervals(tmp_path / "none.csv", format=format)
    suffix = SUFFIXES.get(format, ".boris or .csv or .eaf or .json or .textgrid or .txt").lower()
    with pytest.raises(FileNotFoundError, match=f"There is no {suffix} file in"):
        read_intervals(tmp_path, format=format)


@pytest.mark.parametrize("format", [f for f in INTERVAL_FORMATS if "megc" not in f])
@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\xff\xfe\x00", b"<a>", b"[1, 2]", b"{"])
def test_files_of_something_else(tmp_path, format, content):
    path = tmp_path / "a"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="/a': "):
        read_intervals(path, format=format, timestamps={"a": TIMES})


@pytest.mark.parametrize("format", INTERVAL_FORMATS)
@given(st.data())
@settings(max_examples=40, deadline=None)
def test_damaged_files(format, data):
    """Whatever is read of them is a table, or an error that names the file."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder, "a" + SUFFIXES[format])
        subjects = {"a": "s1"} if format == "megc-subject" else None
        given = {"format": format, "timestamps": {"a": TIMES}}
        write_intervals(path, {"a": TABLE[:1]}, subjects=subjects, **given)
        content = path.read_bytes()
        start, end = sorted(data.draw(st.integers(0, len(content))) for _ in range(2))
        instead = data.draw(st.sampled_from([b"", b"9", b"-", b"e9", b"null", b'"', b"\xff"]))
        path.write_bytes(content[:start] + instead + content[min(end, start + 30) :])
        tables, refusal = {}, path.name
        try:
            tables = read_intervals(path, label="micro" if subjects else None, **given)
        except ValueError as error:
            refusal = str(error)
        assert path.name in refusal
        assert all(is_interval_table(table) for table in tables.values())


def test_timestamps_may_be_looked_up(tmp_path):
    asked = []

    def timestamps(name):
        asked.append(name)
        return TIMES

    write_intervals(tmp_path / "x", {"a": TABLE, "b": TABLE}, format="elan", timestamps=timestamps)
    assert asked == ["a", "b"]
