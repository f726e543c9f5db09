"""Tests of the report on one video, and of the index of many."""

import base64
import json
import pickle
import re
from copy import copy
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline

from skspot import make_intervals
from skspot.faces import node_centres
from skspot.inspection._style import CLASS_COLOURS
from skspot.inspection._time_axis import TimeAxis
from skspot.neural_network import FRAME_SCORE_DTYPE, SpotFormerClassifier
from skspot.preprocessing import FaceAligner, SWMROFlow
from skspot.reporting import SpottingReport, write_report_index
from skspot.reporting import _magnification as magnification
from skspot.reporting._faces import interval_faces
from skspot.reporting._page import _text
from skspot.reporting._quality import fast_frames, measure_quality
from skspot.reporting._settings import package_versions, step_settings
from skspot.reporting._timeline import clock, envelope, make_timeline, nice_ticks
from skspot.video import AlignedVideo, VideoReadError, face_extent
from tests.conftest import align_exactly

MADE = datetime(2030, 1, 2, 3, 4)


class Page(HTMLParser):
    """Reads a page: its elements with their attributes, and the text outside of scripts."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.texts, self.open = [], [], []
        self.feed(html)
        self.text = " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        self.open.pop(len(self.open) - 1 - self.open[::-1].index(tag))

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open[-1:]):
            self.texts.append(data)

    def all(self, tag, **wanted):
        """Return the attributes of all elements of a kind that have some."""
        return [
            attrs
            for kind, attrs in self.elements
            if kind == tag and all(attrs.get(k.rstrip("_")) == v for k, v in wanted.items())
        ]


def frame_scores(n_frames):
    values = np.zeros(n_frames, dtype=FRAME_SCORE_DTYPE)
    for i, name in enumerate(values.dtype.names):
        values[name] = np.linspace(0, (i + 1) / 8, n_frames)
    return values


@pytest.fixture(scope="module")
def aligned(still_data):
    return align_exactly(still_data)[0]


@pytest.fixture(scope="module")
def true(still_data):
    return still_data.intervals[0]


@pytest.fixture(scope="module")
def predicted(true):
    """Return one interval that hits the first true one, and one that hits nothing."""
    first = true[0]
    rows = [
        (140, 143, 148, "micro", 0.25),
        (first["onset"], first["apex"], first["offset"], str(first["label"]), 0.75),
    ]
    return make_intervals(rows)


@pytest.fixture(scope="module")
def report(aligned, predicted, true):
    return SpottingReport.from_predictions(
        aligned, predicted, true=true, scores=frame_scores(len(aligned)), made=MADE
    )


@pytest.fixture(scope="module")
def page(report):
    return Page(report.to_html())


# -- motion -------------------------------------------------------------------------------------


def test_motion_is_that_of_the_face(still_data):
    """The motion at the nodes is the true one, but for the motion of the head."""
    errors, sizes = [], []
    for video, true, moved in zip(
        align_exactly(still_data), still_data.intervals, still_data.displacement
    ):
        landmarks, frames = video.face_landmarks, list(video)
        for row in true:
            onset, apex = row["onset"], row["apex"]
            view = magnification.face_view(landmarks[onset])
            reference = magnification.warped(frames[onset], view)
            still = magnification.held_still(view, landmarks[apex], landmarks[onset])
            points = magnification.moved(landmarks[onset], view)
            _, motion = magnification.face_motion(
                reference, magnification.warped(frames[apex], still), points
            )
            scale = magnification.FACE_PIXELS / face_extent(video.landmarks[onset])
            expected = scale * (moved[apex] - moved[onset])
            found = magnification.motion_at(motion, node_centres(points))
            errors.append(np.linalg.norm(found - expected, axis=1).mean())
            sizes.append(np.linalg.norm(expected, axis=1).max())
    assert np.mean(errors) < 0.35 * np.mean(sizes)


def test_exaggeration_multiplies_the_motion(aligned):
    """A dot that was moved by (2, 1) lies 3 times as far from where it was."""
    side = magnification.SIDE
    y, x = np.mgrid[:side, :side]

    def dot(centre_x, centre_y):
        return np.uint8(255 * np.exp(-((x - centre_x) ** 2 + (y - centre_y) ** 2) / 30))

    motion = np.empty((side, side, 2), dtype=np.float32)
    motion[:] = (2, 1)
    picture = magnification.exaggerated(dot(102, 101), motion, 3.0)
    assert np.abs(picture.astype(int) - dot(106, 103)).max() <= 2
    same = magnification.exaggerated(dot(102, 101), motion, 1.0)
    np.testing.assert_array_equal(same, dot(102, 101))


def test_large_motion_is_exaggerated_less():
    motion = np.zeros((200, 200, 2), dtype=np.float32)
    assert magnification.largest_factor(motion, 8.0) == 8.0
    motion[..., 0] = 9.0  # 18 pixels are 12 % of the face
    assert_allclose(magnification.largest_factor(motion, 8.0), 2.0)
    motion[..., 0] = 30.0
    assert magnification.largest_factor(motion, 8.0) == 1.0
    motion[..., 0] = 0.1 * np.arange(200) - 10  # a slope of 0.1 may become 0.7 steeper
    assert magnification.largest_factor(motion, 8.0) < 2


def test_a_head_that_moves_is_held_still(still_data):
    """A video of which each frame is turned and shifted shows the same pictures."""
    video, landmarks = still_data.videos[0][:3], still_data.landmarks[0][:3]
    transform = cv2.getRotationMatrix2D((120, 120), 8, 1.0) + [[0, 0, 5], [0, 0, -3]]
    turned = np.stack(
        [video[0], *[cv2.warpAffine(f, transform, (240, 240), borderMode=1) for f in video[1:]]]
    )
    moved = np.stack([landmarks[0], *(magnification.moved(p, transform) for p in landmarks[1:])])
    table = make_intervals([(0, 1, 2, "macro")])
    shown = []
    for frames, points in ((video, landmarks), (turned, moved)):
        aligned = AlignedVideo(frames, points, np.ones(3), np.arange(3) / 30, (240, 240))
        (face,) = interval_faces(aligned, table, show="pictures")
        shown.append(picture(face.pictures["apex"])[40:180, 40:160])
    assert np.abs(shown[0] - shown[1]).mean() < 3


def picture(jpeg):
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE).astype(float)


# -- faces --------------------------------------------------------------------------------------


def test_pictures_are_of_the_right_frames(aligned, predicted):
    """They are those taken from the frames one at a time."""
    faces = interval_faces(aligned, predicted, show="pictures")
    video = replace(aligned, face_size=magnification.FACE_PIXELS)
    frames = list(video)
    for row, face in zip(predicted, faces):
        assert list(face.pictures) == ["onset", "apex", "offset", "exaggerated"]
        view = magnification.face_view(video.face_landmarks[row["onset"]])
        expected = magnification.warped(frames[row["onset"]], view)
        assert np.abs(picture(face.pictures["onset"]) - expected).mean() < 4
        assert {picture(jpeg).shape for jpeg in face.pictures.values()} == {(200, 200)}


def test_frames_are_decoded_once_and_not_beyond_the_last_interval(aligned):
    decoded = []

    class Watched(AlignedVideo):
        def __iter__(self):
            for number, frame in enumerate(super().__iter__()):
                decoded.append(number)
                yield frame

    video = Watched(
        aligned.source, aligned.landmarks, aligned.valid, aligned.timestamps, (240, 240)
    )
    rows = [(0, 5, 9, "macro"), (3, 5, 12, "micro"), (12, 12, 14, "macro"), (3, 4, 12, "macro")]
    table = np.concatenate([make_intervals([row]) for row in rows])
    faces = interval_faces(video, table, show="pictures")
    assert decoded == list(range(15))
    exaggerated = ["exaggerated" in face.pictures for face in faces]
    assert exaggerated == [True, True, False, True]  # no motion to an apex at the onset
    decoded.clear()
    assert interval_faces(video, table[:0], show="pictures") == []
    assert decoded == []


def test_moments_without_a_face(aligned):
    landmarks, valid = aligned.landmarks.copy(), aligned.valid.copy()
    landmarks[20:25], valid[20:25] = np.nan, False
    video = AlignedVideo(aligned.source, landmarks, valid, aligned.timestamps, (240, 240))
    rows = [(20, 30, 40, "macro"), (10, 20, 30, "macro"), (21, 22, 23, "macro")]
    table = np.concatenate([make_intervals([row]) for row in rows])
    for show in ("pictures", "outline"):
        faces = interval_faces(video, table, show=show)
        assert [face.unseen for face in faces] == [["onset"], ["apex"], ["onset", "apex", "offset"]]
        assert all(face.outline == [] for face in faces)
    faces = interval_faces(video, table, show="pictures")
    assert [list(f.pictures) for f in faces] == [["apex", "offset"], ["onset", "offset"], []]
    html = Page(SpottingReport.from_predictions(video, table).to_html())
    assert "The face is not seen at the onset and the apex and the offset." in html.text


def test_a_video_that_has_become_shorter(aligned):
    video = replace(aligned, source=aligned.source[:100])
    with pytest.raises(VideoReadError, match="has 100 frames, but its landmarks .* in 150"):
        interval_faces(video, make_intervals([(90, 100, 110, "macro")]), show="pictures")


def test_without_faces_there_is_no_picture(aligned, predicted, true):
    report = SpottingReport.from_predictions(aligned, predicted, true=true, faces=False)
    html = report.to_html()
    page = Page(html)
    assert page.all("img") == []
    assert "data:image" not in html
    assert "/9j/" not in html  # how a JPEG begins in base64
    drawings = page.all("path", class_="apex")
    assert len(drawings) == 2 * len(predicted)  # with the keys
    assert all(not face.pictures for face in report.faces)


def test_the_outline_shows_the_motion_of_the_pictures(aligned, true):
    """Landmarks move as they do in truth, times the factor."""
    (row,) = true[true["label"] == "macro"][:1]
    (face,) = interval_faces(aligned, np.array([row]), show="outline")
    view = magnification.face_view(aligned.face_landmarks[row["onset"]])
    before, after = (
        magnification.moved(aligned.face_landmarks[row[k]], view) for k in ("onset", "apex")
    )
    assert_allclose(face.outline[0], before, atol=0.1)  # of faces of another size
    inner = slice(17, 68)  # the line of the jaw is at the border of what is looked at
    moved = (face.outline[1] - face.outline[0])[inner] / face.factor
    expected = (after - before)[inner]
    assert np.linalg.norm(moved - expected, axis=1).mean() < 0.5 * np.abs(expected).max()
    strongest = np.linalg.norm(expected, axis=1).argmax()
    assert np.dot(moved[strongest], expected[strongest]) > 0


# -- quality ------------------------------------------------------------------------------------


def with_motion(aligned, shift=0.0, turn=0.0, fps=30, scale=1.0, missing=()):
    """Return a view of a still face that shifts (pixels) and turns (degrees) in each frame."""
    n_frames = 60
    face = aligned.landmarks[0] * scale
    moves = [cv2.getRotationMatrix2D(face.mean(axis=0).tolist(), k * turn, 1.0) for k in range(60)]
    landmarks = np.stack(
        [magnification.moved(face, move) + [k * shift, 0] for k, move in enumerate(moves)]
    )
    valid = ~np.isin(np.arange(n_frames), missing)
    landmarks[~valid] = np.nan
    return AlignedVideo(
        aligned.source[:n_frames], landmarks, valid, np.arange(n_frames) / fps, (900, 900)
    )


@pytest.mark.parametrize(
    ("motion", "fast"),
    [
        ({"shift": 0.45}, False),  # in face sizes per second
        ({"shift": 0.55}, True),
        ({"turn": 27}, False),  # in degrees per second
        ({"turn": 33}, True),
        ({}, False),
    ],
)
def test_fast_head_motion_is_told_by_the_thresholds(aligned, motion, fast):
    size = face_extent(aligned.landmarks[0])
    video = with_motion(
        aligned, shift=motion.get("shift", 0) * size / 30, turn=motion.get("turn", 0) / 30
    )
    assert fast_frames(video).all() == fast
    assert fast_frames(video).any() == fast


def test_quality_of_a_good_video(aligned):
    quality = measure_quality(with_motion(aligned, scale=1.2))
    assert quality.remarks == []
    assert quality.without_face == quality.fast == []
    assert quality.duration == pytest.approx(2.0)
    assert quality.fps == pytest.approx(30)


def test_what_is_remarked(aligned):
    video = with_motion(aligned, fps=15, scale=0.5, missing=[3, 4, 5, 20])
    times = video.timestamps + (np.arange(60) >= 30) / 15  # a frame is missing
    quality = measure_quality(replace(video, timestamps=times))
    assert quality.without_face == [(3, 5), (20, 20)]
    assert quality.n_pauses == 1
    rate, small, pauses, faces = quality.remarks
    assert rate.startswith("The video has 14.8 frames per second, and the defaults are made for")
    assert "micro-expressions may be missed, and macro-expressions called micro." in rate
    assert f"small: {quality.face_size:.0f} pixels. It was enlarged to 128" in small
    assert pauses.startswith("Frames are missing in 1 place:")
    assert faces.startswith("4 frames (6.7%) without a face")


@pytest.mark.parametrize(("fps", "told"), [(30, False), (35, False), (60, True), (200, True)])
def test_a_high_frame_rate_is_remarked(aligned, fps, told):
    remarks = measure_quality(with_motion(aligned, fps=fps, scale=1.2)).remarks
    assert remarks == told * [
        f"The video has {fps}.0 frames per second, and the defaults are made for about 30: "
        'micro-expressions may be missed or called macro. Reduce it to 30 (see "Frames and '
        'seconds" in the user guide), or train at this rate.'
    ]


def test_rates_are_of_the_time_with_a_face(aligned):
    """Of 60 frames in 6 s, with 15 without a face, 4.5 s show one."""
    video = with_motion(aligned, fps=10, missing=range(20, 35))
    video = replace(video, frame_shape=aligned.frame_shape)
    report = SpottingReport.from_predictions(
        video, make_intervals([(0, 2, 9, "macro"), (5, 6, 8, "micro"), (40, 41, 44, "micro")])
    )
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
    report = SpottingReport.from_predictions(video, make_intervals([(0, 0, 0, "micro")]))
    assert "unknown: there is one frame" in Page(report.to_html()).text


# -- timeline -----------------------------------------------------------------------------------


def test_marks_last_from_the_first_frame_to_the_end_of_the_last():
    times = np.arange(100) / 25 + 0.5 * (np.arange(100) >= 50)
    axis = TimeAxis(times, np.arange(100) != 99)
    predicted = make_intervals([(22, 31, 49, "macro", 0.8), (90, 95, 99, "micro", 0.4)])
    timeline = make_timeline(axis, predicted)
    macro, micro = timeline.lanes
    assert macro["marks"] == [
        {
            "start": times[22],
            "length": pytest.approx(times[50] - times[22]),
            "apex": times[31],
            "row": 0,
        }
    ]
    assert micro["marks"][0]["length"] == pytest.approx(0.4)
    assert timeline.gaps == [(times[99], pytest.approx(0.04))]
    assert timeline.plots == []


@pytest.mark.parametrize("n_frames", [1, 2, 3000, 3001, 100_000])
def test_curves_keep_their_extremes(n_frames):
    rng = np.random.default_rng(0)
    times, values = np.arange(n_frames) / 30, rng.random(n_frames)
    thin_times, thin = envelope(times, values)
    assert len(thin) <= 3000
    assert thin.min() == values.min()
    assert thin.max() == values.max()
    assert (np.diff(thin_times) >= 0).all()
    assert thin_times[0] == times[0]


@pytest.mark.parametrize(
    ("seconds", "decimals", "text"),
    [
        (0, 0, "0:00"),
        (59.996, 2, "1:00.00"),
        (61.5, 2, "1:01.50"),
        (3599.6, 0, "1:00:00"),
        (3723, 0, "1:02:03"),
        (7.05, 1, "0:07.0"),
    ],
)
def test_clock(seconds, decimals, text):
    assert clock(seconds, decimals) == text


@pytest.mark.parametrize("end", [0.03, 1, 7.3, 59, 60, 3600, 20 * 3600])
def test_ticks_are_few_and_within(end):
    ticks = nice_ticks(end, 4)
    assert 1 <= len(ticks) <= 5
    assert ticks[0] == 0
    assert ticks[-1] <= end


# -- the page -----------------------------------------------------------------------------------


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
    ("factor", "caption", "told"),
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
def test_factors_are_rounded_before_they_are_compared(aligned, faces, factor, caption, told):
    table = make_intervals([(10, 14, 40, "macro")])
    report = SpottingReport.from_predictions(aligned, table, faces=faces)
    report.faces[0].factor = factor
    page = Page(report.to_html())
    (_, _, after) = page.text.partition(caption)
    assert after.strip().startswith("Offset , frame 40" if faces else ", without the motion")
    alts = [image["alt"] for image in page.all("img")] + [
        drawing["aria-label"] for drawing in page.all("svg", role="img")
    ]
    assert sum(alt.endswith(f"motion {told}") for alt in alts) == 1


def test_times_are_the_same_everywhere(page, report):
    """Marks tell the times of the onset and the offset frame, as the list does."""
    times = report.axis.timestamps
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
    assert_allclose(times, [*report.axis.timestamps, 5.0], rtol=1e-6)
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


def test_what_it_can_not_tell(page):
    assert "neither whether somebody lies nor what somebody feels" in page.text
    assert "Made 2030-01-02 03:04" in page.text


def test_colours_are_those_of_the_pictures():
    for label, colour in CLASS_COLOURS.items():
        assert f"--{label}: {colour};" in _text("style.css")


NASTY = "</script><img src=x onerror=alert(1)>&\"' \udcff.mp4"


def test_any_name_and_title(aligned, tmp_path):
    report = SpottingReport.from_predictions(aligned, make_intervals(), title=NASTY)
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
        FaceAligner("mediapipe", landmarker_params={"model_path": "/secret"}, memory="/secret"),
        SWMROFlow(resolutions=["window"], window_length=9),
        SpotFormerClassifier(lr=0.5, module__dim=16),
    )
    aligner, flow, classifier = step_settings(spotter)
    assert aligner[0] == "FaceAligner"
    assert aligner[1][:2] == [
        ("landmarker", "'mediapipe'", True),
        ("landmarker_params", "{}", True),
    ]
    assert flow[1][0] == ("window_length", "9", True)
    assert [row[2] for row in flow[1]] == [True] + [False] * (len(flow[1]) - 1)
    changed = {name: value for name, value, differs in classifier[1] if differs}
    assert changed == {"lr": "0.5", "module__dim": "16"}
    assert "secret" not in str((aligner, flow, classifier))
    versions = package_versions()
    assert versions["numpy"] == np.__version__
    assert set(versions) > {"skspot", "Python", "torch", "opencv-python"}


def test_summary_and_repr(report):
    summary = report.summary()
    (n_macro, n_micro) = (np.sum(report.predicted["label"] == k) for k in ("macro", "micro"))
    assert (summary["macro"], summary["micro"]) == (n_macro, n_micro)
    assert summary["micro_per_minute"] == pytest.approx(n_micro * 12)  # 150 frames are 5 s
    assert summary["without_face"] == 0
    assert repr(report) == (
        f"SpottingReport('array of shape (150, 240, 240)', n_frames=150, macro={n_macro}, "
        f"micro={n_micro})"
    )
    assert pickle.loads(pickle.dumps(report)).to_html() == report.to_html()


def test_cautions(aligned, predicted):
    valid = aligned.valid.copy()
    valid[146:] = False
    video = replace(aligned, valid=valid)
    page = Page(SpottingReport.from_predictions(video, predicted).to_html())
    assert page.text.count("3 frames without a face.") == 1
    assert "4 of 150 1 stretch 0:04.87 to 0:05.00 (frames 146 to 149)" in page.text


class Spotter(BaseEstimator):
    """Finds one interval in any video."""

    def __init__(self, onset=20):
        self.onset = onset

    def predict_scores(self, X):
        return [frame_scores(len(features)) for features in X]

    def decode(self, scores):
        assert scores.dtype == FRAME_SCORE_DTYPE
        return make_intervals([(self.onset, 25, 30, "macro", 0.5)])


def test_from_estimator(aligned, true):
    spotter = make_pipeline(SWMROFlow(flow="dis", resolutions=(1,)), Spotter(onset=22))
    report = SpottingReport.from_estimator(spotter, aligned, true, faces=False, model="a/b.skspot")
    np.testing.assert_array_equal(report.predicted, spotter[-1].decode(report.scores))
    assert report.true is true
    assert len(report.scores) == len(aligned)
    text = Page(report.to_html()).text
    assert "Model b.skspot" in text
    assert re.search(r"SWMROFlow: 2 of \d parameters differ", text)
    assert "Spotter: 1 of 1 parameters differ from the defaults onset 22 changed" in text
    with pytest.raises(TypeError, match="SpottingReport.from_estimator needs a fitted Pipeline"):
        SpottingReport.from_estimator(spotter[-1], aligned)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"aligned": np.zeros((3, 4, 4))}, TypeError, "needs an AlignedVideo, got ndarray"),
        ({"predicted": [(1, 2, "macro")]}, TypeError, "predicted must be an interval table"),
        (
            {"predicted": make_intervals([(1, 150, "macro")])},
            ValueError,
            "predicted, row 0: .* bey",
        ),
        ({"true": make_intervals([(1, 150, "macro")])}, ValueError, "true, row 0: .* beyond"),
        ({"scores": np.zeros((150, 3))}, TypeError, "scores must be .* got an array of dtype fl"),
        ({"faces": "no"}, TypeError, "faces must be True or False, got 'no'"),
        ({"made": "today"}, TypeError, "made must be a datetime or None, got 'today'"),
        ({"scores": frame_scores(149)}, ValueError, "scores has 149 frames, array .* has 150"),
    ],
)
def test_refusals(aligned, options, error, message):
    options = {"aligned": aligned, "predicted": make_intervals(), **options}
    with pytest.raises(error, match=message):
        SpottingReport.from_predictions(**options)


# -- the index ----------------------------------------------------------------------------------


def test_index(report, tmp_path):
    reports = {
        "a b#1.html": report,
        "javascript:alert(1)": {**report.summary(), "name": NASTY},
        NASTY: ValueError("no <b>face</b>"),
    }
    write_report_index(tmp_path / "index.html", reports, title="<i>", made=MADE)
    page = Page((tmp_path / "index.html").read_text(encoding="utf-8"))
    links = [link["href"] for link in page.all("a")]
    assert links == ["#failures", "a%20b%231.html", "javascript%3Aalert%281%29"]
    assert page.all("img") == page.all("b") == page.all("i") == []
    assert "ValueError: no <b>face</b>" in page.text
    assert page.text.startswith("<i> <i> 2 videos, 1 more could not be reported on . Made 2030-")
    values = [float(cell["data-value"]) for cell in page.all("td")[1:8]]
    summary = report.summary()
    assert values == [v for k, v in summary.items() if k != "name"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("The file '/home/o x/b.mp4' can't be opened: it's 'cut/short'", "'b.mp4' can't be opened"),
        ('The file "/home/o\'x/b.mp4" is empty', 'The file "b.mp4" is empty'),
        ("The file 'C:\\\\home\\\\b.mp4' is empty", "'b.mp4' is empty"),
        ("No frame in 'home/b/' at 1/2", "No frame in 'b' at 1/2"),
    ],
)
def test_the_index_tells_no_folders(tmp_path, text, told):
    write_report_index(tmp_path / "index.html", {"b.mp4": OSError(text)})
    page = Page((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert told in page.text
    assert "home" not in page.text


def test_index_of_something_else(tmp_path):
    with pytest.raises(TypeError, match="reports must map the file .* got list"):
        write_report_index(tmp_path / "index.html", ["a.html"])
    with pytest.raises(TypeError, match="'a.html'.* must be a SpottingReport, .* got str"):
        write_report_index(tmp_path / "index.html", {"a.html": "a.html"})
