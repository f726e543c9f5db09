"""Tests of label tracks of Audacity."""

import numpy as np
import pytest

from skspot import make_intervals
from skspot.io import read_intervals, write_intervals

TIMES = {"a": np.arange(100) / 25}
PREDICTIONS = make_intervals(
    [(10, 12, 24, "micro", 0.5), (20, 25, 30, "micro", 0.25), (50, 60, 99, "macro", 1.0)]
)


def labels(tmp_path, text):
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode())
    return path


def test_the_file_is_plain(tmp_path):
    path = tmp_path / "a.txt"
    write_intervals(path, {"a": PREDICTIONS}, timestamps=TIMES)
    assert path.read_text().splitlines() == [
        "0.400000\t1.000000\tmicro 0.5",
        "0.500000\t0.500000\tmicro apex",
        "0.800000\t1.240000\tmicro 2 0.25",
        "1.020000\t1.020000\tmicro 2 apex",
        "2.000000\t4.000000\tmacro 1.0",
        "2.420000\t2.420000\tmacro apex",
    ]
    write_intervals(path, {"a": make_intervals()}, timestamps=TIMES)
    assert path.read_text() == ""
    assert len(read_intervals(path, timestamps=TIMES)["a"]) == 0


def test_labels_of_a_person(tmp_path):
    """Line ends of Windows, commas, blank lines, frequencies, other labels, intervals only."""
    path = labels(
        tmp_path,
        "\ufeff0,41\t0,99\tMicro\r\n\\\t120,0\t3400,0\r\n\r\n2.0\t2.4\tmacro 2\n1.5\t1.5\tnoise\n"
        "3\t3.2\tnoise\n3\t3.2\n",
    )
    with pytest.warns(UserWarning, match=r"a.txt': left out the labels \['', 'noise'\]"):
        table = read_intervals(path, timestamps=TIMES)["a"]
    assert table.tolist() == [(10, 17, 24, "micro"), (50, 54, 59, "macro")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0.4\t0.5\tmicro\nhello\n", "line 2: a label is its begin, .* got 'hello'"),
        ("0.4 0.5 micro\n", "line 1: a label is"),
        ("0.4\tnan\tmicro\n", "line 1: a label is"),
        ("0.4\t0.5\tmicroscope\n", r"has no label 'macro' or 'micro'; its labels are \['microsc"),
        ("0.4\t7.5\tmicro\n", "'a' lasts from 0 to 4 s .100 frames.,.* from 0.4 to 7.5 s"),
        ("0.4\t1\tmicro\n0.5\t0.8\tmicro\n", r"micro intervals .*\(10-24 and 12-19\) share frames"),
    ],
)
def test_labels_that_cannot_be_read(tmp_path, text, message):
    with pytest.raises(ValueError, match=f"a.txt': .*{message}"):
        read_intervals(labels(tmp_path, text), timestamps=TIMES)
