"""Tests of the report."""

import json
import math

import pandas as pd
import pytest

from skspot import make_intervals
from skspot.metrics import interval_precision_recall_fscore_support, spotting_report
from skspot.metrics._rules import RULES

TEXT = """\
           TP    FP    FN  precision  recall     F1

  macro     2     2     1      0.500   0.667  0.571
  micro     2     1     2      0.667   0.500  0.571
overall     4     3     3      0.571   0.571  0.571

6 videos, matched one-to-one at IoU >= 0.5"""


def test_text(videos):
    assert spotting_report(*videos) == TEXT


def test_text_of_one_video_and_label():
    y = [make_intervals([(0, 9, "micro")])]
    report = spotting_report(y, y, classes=["micro"], iou_threshold=0.75, digits=1)
    _, _, *rows, _, foot = report.splitlines()
    assert [row.split() for row in rows] == [
        ["micro", "1", "0", "0", "1.0", "1.0", "1.0"],
        ["overall", "1", "0", "0", "1.0", "1.0", "1.0"],
    ]
    assert foot == "1 video, matched one-to-one at IoU >= 0.75"


@pytest.mark.parametrize("digits", [0, 1, 3, 12])
def test_columns_stay_aligned(videos, digits):
    head, _, *rows, _, _ = spotting_report(*videos, digits=digits).splitlines()
    assert {len(row) for row in rows} == {len(head)}
    if digits:
        assert len(rows[0].rsplit(".", 1)[1]) == digits


def test_columns_stay_aligned_with_large_counts():
    many = make_intervals([(10 * i, 10 * i + 5, "micro") for i in range(1200)])
    head, _, *rows, _, _ = spotting_report([many] * 10, [many] * 10).splitlines()
    assert {len(row) for row in rows} == {len(head)}
    assert "12000" in rows[-1]


def test_dict(videos):
    report = spotting_report(*videos, output_dict=True)
    assert report["macro"] == {
        "TP": 2,
        "FP": 2,
        "FN": 1,
        "precision": 2 / 4,
        "recall": 2 / 3,
        "F1": 4 / 7,
    }
    assert list(report) == ["macro", "micro", "overall", "n_videos", "iou_threshold", "rule"]
    assert (report["n_videos"], report["iou_threshold"]) == (6, 0.5)
    assert report["rule"] == "one-to-one"
    assert json.loads(json.dumps(report)) == report


def test_overall_row_is_the_pooled_score(videos):
    row = spotting_report(*videos, output_dict=True)["overall"]
    precision, recall, f1, support = interval_precision_recall_fscore_support(*videos)
    assert (row["precision"], row["recall"], row["F1"]) == (precision, recall, f1)
    assert row["TP"] + row["FN"] == support


def test_frame_holds_the_same_as_the_dict(videos):
    frame = spotting_report(*videos, as_dataframe=True)
    report = spotting_report(*videos, output_dict=True)
    assert isinstance(frame, pd.DataFrame)
    assert frame.attrs == {name: report.pop(name) for name in ("n_videos", "iou_threshold", "rule")}
    assert frame.to_dict("index") == report
    assert list(frame.columns) == ["TP", "FP", "FN", "precision", "recall", "F1"]
    assert all(frame[name].dtype.kind == "i" for name in ("TP", "FP", "FN"))


def test_options_reach_the_counts(videos):
    report = spotting_report(*videos, classes=["micro"], iou_threshold=1.0, output_dict=True)
    assert "macro" not in report
    assert report["micro"] == report["overall"]
    assert (report["micro"]["TP"], report["iou_threshold"]) == (1, 1.0)


def test_foot_names_the_rule(videos):
    last = [spotting_report(*videos, rule=rule).splitlines()[-1] for rule in RULES]
    assert last == [
        "6 videos, matched one-to-one at IoU >= 0.5",
        "6 videos, matched first-come at IoU >= 0.5",
        "6 videos, matched prediction-greedy at IoU >= 0.5",
        "6 videos, matched truth-greedy at IoU >= 0.5",
        "6 videos, matched unblocked at IoU > 0.5",
        "6 videos, matched many-to-many at IoU >= 0.5",
    ]


def test_zero_division():
    empty = [make_intervals()]
    report = spotting_report(empty, empty, zero_division=math.nan, output_dict=True)
    assert math.isnan(report["overall"]["F1"])
    assert "nan" in spotting_report(empty, empty, zero_division=math.nan)


def test_two_kinds_of_output_are_refused(videos):
    with pytest.raises(ValueError, match="output_dict and as_dataframe are both True"):
        spotting_report(*videos, output_dict=True, as_dataframe=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [("digits", -1), ("digits", 1.5), ("output_dict", "yes"), ("as_dataframe", 2)],
)
def test_wrong_options_are_refused(videos, name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of spotting_report must be"):
        spotting_report(*videos, **{name: value})


def test_different_numbers_of_videos_are_refused(videos):
    y_true, y_pred = videos
    with pytest.raises(ValueError, match="got 5 tables for 6 videos"):
        spotting_report(y_true, y_pred[1:])
