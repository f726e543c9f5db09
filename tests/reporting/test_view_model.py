"""Tests of what a report says of the quality of a video, and of the rates it shows."""

from copy import copy
from dataclasses import replace

import numpy as np
import pytest

from skspot import make_intervals
from skspot.reporting import VideoReport, write_report_index
from skspot.reporting._view_model import quality_problems
from skspot.video import AlignedVideo, VideoQuality
from tests.reporting.pages import Page

GOOD = VideoQuality(
    n_frames=60,
    duration=2.0,
    face_duration=2.0,
    fps=30.0,
    face_size=150.0,
    shown_size=128.0,
    without_face=[],
    fast_motion=[],
    n_pauses=0,
)


def test_a_good_video_has_no_problems(report):
    assert quality_problems(GOOD) == []
    good = copy(report)
    good.quality = GOOD
    assert "Quality of the video No problems found. Frame rate" in Page(good.to_html()).text


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"fps": 14.83},
            "The video has only 14.8 frames per second, so that a micro-expression of a quarter of "
            "a second has 4 frames; it may be missed or classified as macro. Record at 25 frames "
            "per second or more.",
        ),
        (
            {"face_size": 64.2},
            "The face is small: 64 pixels. It was enlarged to 128, which adds no detail; weak "
            "motion may be missed.",
        ),
        (
            {"n_pauses": 1},
            "Frames are missing in 1 place: the next frame comes later than 1.5 times the usual "
            "distance.",
        ),
        (
            {"without_face": [(3, 5), (20, 20)]},
            "4 frames (6.7%) without a face: nothing can be spotted where most of a window shows "
            "none.",
        ),
        (
            {"fast_motion": [(3, 3)]},
            "1 frame (1.7%) with fast head motion: intervals there are less certain.",
        ),
    ],
)
def test_problems(changes, problem):
    assert quality_problems(replace(GOOD, **changes)) == [problem]


def test_the_page_lists_the_problems(report):
    bad = copy(report)
    bad.quality = replace(GOOD, n_pauses=2, fps=15.0)
    text = Page(bad.to_html()).text
    assert "2 problems of the video may affect the result" in text
    assert all(problem in text for problem in quality_problems(bad.quality))
    assert bad.summary()["n_problems"] == 2


def test_rates_are_of_the_time_with_a_face(aligned):
    """Of 60 frames in 6 s, with 15 without a face, 4.5 s show one."""
    valid = ~np.isin(np.arange(60), np.arange(20, 35))
    times = np.arange(60) / 10
    video = AlignedVideo(aligned.source[:60], aligned.landmarks[:60], valid, times, (240, 240))
    rows = [(0, 2, 9, "macro"), (5, 6, 8, "micro"), (40, 41, 44, "micro")]
    report = VideoReport.from_predictions(None, make_intervals(rows), aligned=video)
    summary = report.summary()
    assert summary["duration"] == pytest.approx(6)
    assert summary["macro_per_minute"] == pytest.approx(60 / 4.5)
    assert summary["micro_per_minute"] == pytest.approx(120 / 4.5)
    assert "2 micro-expressions (26.7 per minute with a face)" in Page(report.to_html()).text


def test_without_a_face_there_is_no_rate(report, tmp_path):
    faceless = copy(report)
    faceless.quality = replace(report.quality, face_duration=0.0)
    assert faceless.summary()["macro_per_minute"] is None
    assert "per minute" not in Page(faceless.to_html()).text
    write_report_index(tmp_path / "index.html", {"a.html": faceless})
    page = Page((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert [cell["data-value"] for cell in page.all("td")[3:6:2]] == ["", ""]


def test_one_frame(aligned):
    video = AlignedVideo(aligned.source[:1], aligned.landmarks[:1], [True], [0.0], (240, 240))
    table = make_intervals([(0, 0, 0, "micro")])
    report = VideoReport.from_predictions(None, table, aligned=video)
    assert "unknown: there is one frame" in Page(report.to_html()).text
