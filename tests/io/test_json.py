"""Tests of interval tables as JSON."""

import json

import numpy as np
import pytest

from skspot import PREDICTION_DTYPE, make_intervals
from skspot.io import read_intervals, write_intervals

HEAD = '{"format": "skspot intervals", "version": 1, "videos": '
ROW = '{"onset": 1, "apex": 2, "offset": 3, "label": "micro"}'


def file(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_file_is_readable(tmp_path):
    path = tmp_path / "a.json"
    tables = {
        "ü": make_intervals([(3, 5, 9, "micro", 0.5), (20, 21, 40, "macro", 0.25)]),
        "b": make_intervals(),
    }
    write_intervals(path, tables, timestamps={"ü": np.arange(41) / 25, "b": np.arange(2)})
    assert path.read_text(encoding="utf-8").splitlines() == [
        "{",
        '  "format": "skspot intervals",',
        '  "version": 1,',
        '  "videos": {',
        '    "ü": [',
        '      {"onset": 3, "apex": 5, "offset": 9, "label": "micro", "score": 0.5, '
        '"onset_seconds": 0.12, "apex_seconds": 0.2, "offset_seconds": 0.36},',
        '      {"onset": 20, "apex": 21, "offset": 40, "label": "macro", "score": 0.25, '
        '"onset_seconds": 0.8, "apex_seconds": 0.84, "offset_seconds": 1.6}',
        "    ],",
        '    "b": []',
        "  }",
        "}",
    ]


def test_no_videos(tmp_path):
    path = tmp_path / "a.json"
    write_intervals(path, {})
    assert json.loads(path.read_text())["videos"] == {}
    assert read_intervals(path) == {}


def test_a_file_written_by_hand(tmp_path):
    """Without apexes, with other fields; predictions and annotations in one file."""
    path = file(
        tmp_path,
        HEAD + '{"a": [{"label": "macro", "offset": 9, "onset": 3, "coder": "x", "score": 1}], '
        f'"b": [{ROW}]}}}}',
    )
    read = read_intervals(path)
    assert read["a"].dtype == PREDICTION_DTYPE
    assert read["a"].tolist() == [(3, 6, 9, "macro", 1.0)]
    assert read["b"].tolist() == [(1, 2, 3, "micro")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "this is not JSON: Expecting"),
        ('{"videos": {}}', 'lacks "format": "skspot intervals"'),
        ('{"format": "skspot intervals", "version": 2}', "the version 2 .* Update skspot"),
        (HEAD + "[]}", '"videos" must map the name of each video'),
        (HEAD + '{"a": {}}}', "video a: its intervals must be a list of objects"),
        (HEAD + '{"a": [[1, 2]]}}', "video a: its intervals must be a list of objects"),
        (HEAD + '{"a": [{"onset": 1, "label": "micro"}]}}', r"a, row 0: .* lacks \['offset'\]"),
        (
            HEAD + f'{{"a": [{ROW[:-1]}, "score": 1}}, {ROW.replace("3", "9")}]}}}}',
            r"a, row 1: the interval lacks \['score'\]",
        ),
        (HEAD + f'{{"a": [{ROW}], "a": []}}}}', "has 'a' more than once"),
        (
            HEAD + f'{{"a": [{ROW.replace("3", "1.5")}]}}}}',
            "video a: Row 0: offset must be a whole",
        ),
        (HEAD + f'{{"a": [{ROW.replace("3", "null")}]}}}}', "video a: Row 0: offset is missing"),
        (HEAD + f'{{"a": [{ROW.replace("3", "[1]")}]}}}}', "video a: "),
        (HEAD + f'{{"a": [{ROW.replace("micro", "ME")}]}}}}', "video a: .*label must be one of"),
        (HEAD + f'{{"a": [{ROW[:-1]}, "score": NaN}}]}}}}', "video a: .*not finite"),
    ],
)
def test_refusals_of_reading(tmp_path, text, message):
    with pytest.raises(ValueError, match=f"a.json': .*{message}"):
        read_intervals(file(tmp_path, text))
