"""Tests of interval tables as one DataFrame."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skspot import intervals_to_dataframe, make_intervals
from skspot.datasets import load_annotated_videos, make_expression_videos
from skspot.io import read_intervals, write_intervals
from tests.io.strategies import recordings

A = make_intervals([(12, 20, 40, "macro"), (60, 64, 69, "micro")])
B = make_intervals()
C = make_intervals([(3, 5, 9, "micro", 0.75)])


def test_a_row_for_each_interval_and_for_each_video_without():
    rows = intervals_to_dataframe(
        [A, B, C], names=["a", "b", "c"], subjects=["Anna", "Ben", "Cleo"]
    )
    assert list(rows) == ["video", "subject", "onset", "apex", "offset", "label", "score"]
    assert rows["video"].tolist() == ["a", "a", "b", "c"]
    assert rows["subject"].tolist() == ["Anna", "Anna", "Ben", "Cleo"]
    assert rows["onset"].dropna().tolist() == [12, 60, 3]
    assert rows["offset"].dropna().tolist() == [40, 69, 9]
    assert rows["score"].isna().tolist() == [True, True, True, False]
    assert rows.loc[2].drop(["video", "subject"]).isna().all()
    assert rows.groupby("video")["label"].count().tolist() == [2, 0, 1]
    assert rows.index.tolist() == [0, 1, 2, 3]


def test_frames_stay_whole_numbers():
    rows = intervals_to_dataframe([B, A])
    assert [str(rows[name].dtype) for name in ("onset", "apex", "offset")] == ["Int64"] * 3
    assert rows["video"].tolist() == [0, 1, 1]


def test_scores_only_if_there_are_any():
    assert "score" not in intervals_to_dataframe([A, B])
    assert intervals_to_dataframe([C])["score"].tolist() == [0.75]


def test_seconds_are_those_of_the_frames():
    uneven = np.cumsum(np.linspace(0, 0.1, 100))
    expected = uneven[[20, 64]].round(6).tolist()
    for timestamps in ([uneven], {0: uneven}, lambda name: uneven):
        rows = intervals_to_dataframe([A], timestamps=timestamps)
        assert rows["apex_seconds"].tolist() == expected
        assert list(rows)[-3:] == ["onset_seconds", "apex_seconds", "offset_seconds"]


def test_seconds_of_equally_spaced_frames():
    rows = intervals_to_dataframe([B, A], fps=25)
    assert rows["onset_seconds"].dropna().tolist() == [12 / 25, 60 / 25]
    assert rows["offset_seconds"].isna().tolist() == [True, False, False]


def test_times_of_videos_without_intervals_are_not_asked_for():
    asked = []

    def times(name):
        asked.append(name)
        return np.arange(100) / 30

    intervals_to_dataframe({"a": A, "b": B}, timestamps=times)
    assert asked == ["a"]


def test_no_videos_and_no_intervals():
    columns = ["video", "onset", "apex", "offset", "label"]
    assert list(intervals_to_dataframe([])) == columns
    assert len(intervals_to_dataframe([])) == 0
    assert intervals_to_dataframe([B], names=["b"])["video"].tolist() == ["b"]


@given(recordings())
def test_nothing_is_lost(recorded):
    tables, _ = recorded
    rows = intervals_to_dataframe(tables)
    assert list(dict.fromkeys(rows["video"])) == list(tables)
    assert len(rows) == sum(max(1, len(table)) for table in tables.values())
    for name, group in rows.groupby("video"):
        found = group.dropna(subset="onset")
        for field in ("onset", "apex", "offset", "label"):
            assert found[field].tolist() == tables[name][field].tolist()


@given(st.lists(st.integers(0, 2**53), min_size=1, max_size=4, unique=True))
def test_large_frame_numbers_are_exact(frames):
    tables = [make_intervals([(frame, frame, frame, "micro")]) for frame in frames]
    assert intervals_to_dataframe([B, *tables])["onset"].dropna().tolist() == frames


def test_a_csv_file_has_the_same_rows(tmp_path):
    tables = {"a": A, "b": B, "c": C}
    times = dict.fromkeys(tables, np.arange(100) / 30)
    write_intervals(tmp_path / "a.csv", tables, timestamps=times)
    written = pd.read_csv(tmp_path / "a.csv", dtype=dict.fromkeys(["onset", "apex"], "Int64"))
    made = intervals_to_dataframe(tables, timestamps=times)
    pd.testing.assert_frame_equal(written, made, check_dtype=False)
    assert list(read_intervals(tmp_path / "a.csv")) == list(tables)


def test_a_frame_can_be_loaded_again(tmp_path):
    data = make_expression_videos(
        2, videos_per_subject=1, n_frames=60, folder=tmp_path, random_state=0
    )
    rows = intervals_to_dataframe(
        [*data.intervals[:1], make_intervals()], names=data.names, subjects=data.subjects
    )
    again = load_annotated_videos(rows, tmp_path)
    assert_array_equal(again.intervals[0], data.intervals[0])
    assert len(again.intervals[1]) == 0
    assert again.subjects.tolist() == data.subjects.tolist()


@pytest.mark.parametrize(
    ("tables", "options", "error", "message"),
    [
        (A, {}, TypeError, "pass \\[table\\]"),
        ([A, [(1, 2, "macro")]], {}, TypeError, r"tables\[1\] must be an interval table"),
        ({"a": 3}, {}, TypeError, r"tables\['a'\] must be an interval table"),
        ({"a": A}, {"names": ["a"]}, ValueError, "the keys of a dict are the names"),
        ([A, C], {"names": ["a"]}, ValueError, "names must hold one entry .* got 1 for 2"),
        ([A, C], {"names": "ab"}, TypeError, "names must hold one entry"),
        ([A, B], {"names": ["a", "a"]}, ValueError, "Several videos are called a;"),
        ([A], {"subjects": []}, ValueError, "subjects must hold one entry .* got 0 for 1"),
        ({"a": A}, {"subjects": {"b": "Ben"}}, ValueError, "subjects lacks the video 'a'"),
        ([A], {"timestamps": {1: [0.0]}}, ValueError, "timestamps lacks the video 0"),
        ([A], {"timestamps": [[0.0, 0.1]]}, ValueError, "up to frame 69, but timestamps of only 2"),
        ([A], {"timestamps": [np.arange(99)], "fps": 30}, ValueError, "timestamps or fps, not"),
        ([A], {"fps": 0}, ValueError, "fps must be a positive number"),
    ],
)
def test_refusals(tables, options, error, message):
    with pytest.raises(error, match=message):
        intervals_to_dataframe(tables, **options)


def test_it_loads_nothing_heavy():
    code = "import skspot, sys; skspot.intervals_to_dataframe; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "cv2", "av", "pandas"} & set(run.stdout.split())
