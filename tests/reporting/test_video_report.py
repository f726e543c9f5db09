"""Tests of the report on one video."""

import base64
import json
import pickle
import re
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline

from skspot import make_intervals
from skspot.inspection._drawing import CLASS_COLOURS
from skspot.landmarks import MediaPipe
from skspot.neural_network import FRAME_SCORE_DTYPE, SpotFormerClassifier
from skspot.preprocessing import FaceAligner, SWMROFlow
from skspot.reporting import VideoReport
from skspot.reporting._page import _text
from skspot.reporting._settings import package_versions, step_settings
from skspot.reporting._timeline import clock
from skspot.spotting import BaseSpotter
from tests.reporting.pages import NASTY, Page, frame_scores


def test_intervals_on_the_page(page, report, predicted, true):
    first = true[0]
    cards = page.all("article")
    assert [card["id"] for card in cards] == ["interval-1", "interval-2"]
    marks = page.all("a", class_="mark spotted micro alone")
    assert [mark["href"] for mark in marks] == ["#interval-2"]
    assert f"annotated from frame {first['onset']} to {first['offset']} (100%" in page.text
    assert "Frame Seconds Score there Onset 140 4.67" in page.text
    assert "Lasts 0.30 s (9 frames). Score 0.25. No hit" in page.text
    assert f"1 of {len(true)} annotated intervals hit" in page.text
    assert len(page.all("img")) == 8
    assert all(image["alt"] for image in page.all("img"))
    assert [row["onset"] for row in report.predicted] == sorted(predicted["onset"])


def test_factors_are_written(page, report):
    for face in report.faces:
        assert f"motion \N{MULTIPLICATION SIGN} {face.factor:.1f}" in page.text
    assert report.faces[-1].wanted == 8


@pytest.mark.parametrize("faces", [True, False])
@pytest.mark.parametrize(
    ("factor", "caption", "expected"),
    [
        (3.0, "Apex, motion \N{MULTIPLICATION SIGN} 3.0", "exaggerated 3.0 times"),
        (2.96, "Apex, motion \N{MULTIPLICATION SIGN} 3.0", "exaggerated 3.0 times"),
        (
            2.94,
            "Apex, motion \N{MULTIPLICATION SIGN} 2.9 (not 3: it is large by itself)",
            "exaggerated 2.9 times",
        ),
        (1.04, "Apex, motion not exaggerated (it is large by itself)", "not exaggerated"),
        (1.0, "Apex, motion not exaggerated (it is large by itself)", "not exaggerated"),
    ],
)
def test_factors_are_rounded_before_they_are_compared(aligned, faces, factor, caption, expected):
    table = make_intervals([(10, 14, 40, "macro")])
    report = VideoReport.from_predictions(None, table, aligned=aligned, faces=faces)
    report.faces[0].factor = factor
    page = Page(report.to_html())
    (_, _, after) = page.text.partition(caption)
    assert after.strip().startswith("Offset , frame 40" if faces else ", without the motion")
    alts = [image["alt"] for image in page.all("img")] + [
        drawing["aria-label"] for drawing in page.all("svg", role="img")
    ]
    assert sum(alt.endswith(f"motion {expected}") for alt in alts) == 1


def test_times_are_the_same_everywhere(page, report):
    """Marks give the times of the onset and the offset frame, as the list does."""
    times = report.times.timestamps
    marks = [attrs for tag, attrs in page.elements if tag == "a" and "data-number" in attrs]
    marks.sort(key=lambda mark: int(mark["data-number"]))
    assert len(marks) == len(report.predicted)
    for row, mark in zip(report.predicted, marks):
        onset, offset = (clock(times[row[k]], 2) for k in ("onset", "offset"))
        assert f", {onset} to {offset}, score" in mark["aria-label"]
        assert mark["data-apex"] == str(row["apex"])
    annotated = [label["aria-label"] for label in page.all("g", role="img")]
    expected = [
        f"{clock(times[t['onset']], 2)} to {clock(times[t['offset']], 2)}" for t in report.true
    ]
    assert all(any(text in label for label in annotated) for text in expected)
    assert len(annotated) == len(expected)
    assert page.text.count("the duration includes the offset frame itself.") == 1


def test_scores_of_all_frames_are_in_the_page(page, report):
    (start,) = [i for i, e in enumerate(page.elements) if e[1].get("id") == "frames"]
    assert page.elements[start][1]["type"] == "application/json"
    text = re.search(r'id="frames">(.*?)</script>', report.to_html(), re.DOTALL).group(1)
    packed = json.loads(text)
    times = np.frombuffer(base64.b64decode(packed["times"]), dtype="<f4")
    scores = np.frombuffer(base64.b64decode(packed["scores"]), dtype=np.uint8).reshape(-1, 8)
    assert_allclose(times, [*report.times.timestamps, 5.0], rtol=1e-6)
    for name, column in zip(packed["fields"], scores.T):
        assert_allclose(column / 100, report.scores[name], atol=0.0051)


def test_nothing_comes_from_elsewhere(page, report):
    addresses = [v for _, attrs in page.elements for k, v in attrs.items() if k in ("src", "href")]
    assert addresses
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert not [k for _, attrs in page.elements for k in attrs if k.startswith("on")]
    assert not [attrs for _, attrs in page.elements if "style" in attrs]
    (policy,) = page.all("meta", **{"http-equiv": "Content-Security-Policy"})
    assert policy["content"].startswith("default-src 'none'; img-src data:;")
    assert "unsafe" not in policy["content"]
    assert "http" not in report.to_html().replace("http-equiv", "").replace(
        "http://www.w3.org/2000/svg", ""
    )


def test_limitations(page):
    assert "Limitations An interval is a time" in page.text
    assert "cannot detect lies or identify emotions" in page.text
    assert "Made 2030-01-02 03:04" in page.text


def test_colours_are_those_of_the_pictures():
    for label, colour in CLASS_COLOURS.items():
        assert f"--{label}: {colour};" in _text("style.css")


def test_any_name_and_title(aligned, tmp_path):
    report = VideoReport.from_predictions(None, make_intervals(), aligned=aligned, title=NASTY)
    report.name, report.model = NASTY, NASTY  # of which from_predictions takes the last part
    report.save(tmp_path / "report.html")
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert page.all("img") == []
    assert page.text.count(NASTY.replace("\udcff", "?")) == 4  # title, heading, video, model
    assert "No expression was spotted." in page.text
    assert "sandbox" in report._repr_html_()
    (frame,) = Page(report._repr_html_()).all("iframe")
    assert frame["srcdoc"] == report.to_html()


def test_parameters_and_versions():
    spotter = make_pipeline(
        FaceAligner(MediaPipe("/secret", num_faces=2), memory="/secret"),
        SWMROFlow(resolutions=["window", "neutral"], window_length=9),
        SpotFormerClassifier(lr=0.5, module__dim=16),
    )
    aligner, flow, classifier = step_settings(spotter)
    assert aligner[0] == "FaceAligner"
    assert aligner[1][:2] == [
        ("landmarker", "MediaPipe", True),
        ("landmarker__num_faces", "2", True),
    ]
    assert flow[1][0] == ("window_length", "9", True)
    assert [row[2] for row in flow[1]] == [True] + [False] * (len(flow[1]) - 1)
    changed = {name: value for name, value, differs in classifier[1] if differs}
    assert changed == {"lr": "0.5", "module__dim": "16"}
    assert "secret" not in str((aligner, flow, classifier))
    versions = package_versions()
    assert versions["numpy"] == np.__version__
    assert set(versions) > {"skspot", "Python", "torch", "opencv-python"}


class Part(BaseEstimator):
    """A part of a step."""

    def __init__(self, size=1, model_path=None):
        self.size = size
        self.model_path = model_path


class Step(BaseEstimator):
    """A step with a part."""

    def __init__(self, part=None, number=2):
        self.part = part
        self.number = number


def test_parameters_of_nested_objects():
    (step,) = step_settings(Step(Part(size=3, model_path="/secret")))
    rows = [("part", "Part", True), ("part__size", "3", True), ("number", "2", False)]
    assert step == ("Step", rows)


def test_summary_and_repr(report):
    summary = report.summary()
    (n_macro, n_micro) = (np.sum(report.predicted["label"] == k) for k in ("macro", "micro"))
    assert (summary["macro"], summary["micro"]) == (n_macro, n_micro)
    assert summary["micro_per_minute"] == pytest.approx(n_micro * 12)  # 150 frames are 5 s
    assert summary["without_face"] == 0
    assert repr(report) == (
        f"VideoReport('array of shape (150, 240, 240)', n_frames=150, macro={n_macro}, "
        f"micro={n_micro})"
    )
    assert pickle.loads(pickle.dumps(report)).to_html() == report.to_html()


def test_cautions(aligned, predicted):
    valid = aligned.valid.copy()
    valid[146:] = False
    video = replace(aligned, valid=valid)
    page = Page(VideoReport.from_predictions(None, predicted, aligned=video).to_html())
    assert page.text.count("3 frames without a face.") == 1
    assert "4 of 150 1 stretch 0:04.87 to 0:05.00 (frames 146 to 149)" in page.text


class Spotter(BaseSpotter):
    """Finds one interval in any video."""

    def __init__(self, onset=20):
        self.onset = onset

    def predict(self, X):
        return [self.decode(scores) for scores in self.predict_scores(X)]

    def predict_scores(self, X):
        return [frame_scores(len(features)) for features in X]

    def decode(self, scores):
        assert scores.dtype == FRAME_SCORE_DTYPE
        return make_intervals([(self.onset, 25, 30, "macro", 0.5)])


def test_from_estimator(aligned, true):
    spotter = make_pipeline(SWMROFlow(flow="dis", resolutions=(1,)), Spotter(onset=22))
    report = VideoReport.from_estimator(spotter, aligned, true, faces=False, model="a/b.skspot")
    np.testing.assert_array_equal(report.predicted, spotter[-1].decode(report.scores))
    assert report.true is true
    assert len(report.scores) == len(aligned)
    text = Page(report.to_html()).text
    assert "Model b.skspot" in text
    assert re.search(r"SWMROFlow: 2 of \d+ parameters differ", text)
    assert "Spotter: 1 of 1 parameters differ from the defaults onset 22 changed" in text
    with pytest.raises(TypeError, match="VideoReport needs an AlignedVideo, got NoneType"):
        VideoReport.from_estimator(spotter[-1], np.zeros((150, 16, 10, 2)))
    with pytest.raises(TypeError, match="faces must be True or False"):
        VideoReport.from_estimator(spotter, aligned, faces="no")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"aligned": np.zeros((3, 4, 4))}, TypeError, "needs an AlignedVideo, got ndarray"),
        ({"y_pred": [(1, 2, "macro")]}, TypeError, "y_pred must be an interval table"),
        ({"y_pred": None}, TypeError, "y_pred must be an interval table"),
        ({"y_pred": make_intervals([(1, 150, "macro")])}, ValueError, "y_pred, row 0: .* beyond"),
        ({"y_true": make_intervals([(1, 150, "macro")])}, ValueError, "y_true, row 0: .* beyond"),
        ({"scores": np.zeros((150, 3))}, TypeError, "scores must be .* got an array of dtype fl"),
        ({"faces": "no"}, TypeError, "faces must be True or False, got 'no'"),
        ({"made": "today"}, TypeError, "made must be a datetime or None, got 'today'"),
        ({"scores": frame_scores(149)}, ValueError, "scores has 149 frames, array .* has 150"),
    ],
)
def test_refusals(aligned, options, error, message):
    options = {"aligned": aligned, "y_true": None, "y_pred": make_intervals(), **options}
    with pytest.raises(error, match=message):
        VideoReport.from_predictions(**options)
