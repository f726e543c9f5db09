"""Tests of a user's own tables without their videos."""

import pytest

from skspot.datasets import read_annotations

HEADER = "Video;Onset;Apex;Offset;Label\n"


def table(tmp_path, text):
    path = tmp_path / "table.csv"
    path.write_text(HEADER + text)
    return path


def test_hand_worked(tmp_path):
    path = table(tmp_path, "b.mp4;11;;21;Lachen\na;1;3;6;ME\nc;;;;\n")
    tables = read_annotations(path, first_frame=1, label_names={"Lachen": "macro"})
    assert {name: rows.tolist() for name, rows in tables.items()} == {
        "b.mp4": [(10, 15, 20, "macro")],
        "a": [(0, 2, 5, "micro")],
        "c": [],
    }


def test_unusable_rows(tmp_path):
    path = table(tmp_path, "a;1;3;6;ME\na;9;;2;ME\n")
    with pytest.raises(
        ValueError, match=r"1 of 2 rows can't be used:\n- line 3, video 'a': .*2 < 9"
    ):
        read_annotations(path)
    with pytest.warns(UserWarning, match="the offset is before the onset"):
        tables = read_annotations(path, on_error="warn")
    assert tables["a"].tolist() == [(1, 3, 6, "micro")]


def test_seconds_are_noticed(tmp_path):
    path = table(tmp_path, "a;1,5;;2,5;ME\na;8,2;;9,1;MaE\n")
    with pytest.raises(ValueError, match="2 of 2 onsets are not whole frame numbers"):
        read_annotations(path)
