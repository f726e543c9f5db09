"""Tests of ``skspot report``."""

import re
import shutil

import pytest

import skspot
from skspot.cli import main


def report(recorded, *arguments, model="sensitive.skspot"):
    options = ["--model", str(recorded / model), "--cache", str(recorded / "cache")]
    return main(["report", *map(str, arguments), *options])


def n_cards(html):
    return len(re.findall(r'<article class="card', html))


@pytest.fixture
def video(recorded):
    return recorded / "videos" / "s01_1.mp4"


def test_one_video(recorded, video, tmp_path, capsys):
    out = tmp_path / "new" / "interview.html"
    assert report(recorded, video, "--out", out) == 0
    (line,) = capsys.readouterr().out.splitlines()
    (table,) = skspot.load(recorded / "sensitive.skspot").predict([str(video)])
    counts = [(table["label"] == label).sum() for label in ("macro", "micro")]
    expected = "s01_1.mp4: {} macro- and {} micro-expressions in 60 frames; wrote {}"
    assert line == expected.format(*counts, out)
    html = out.read_text(encoding="utf-8")
    assert n_cards(html) == len(table) > 0
    assert "<dd>sensitive.skspot</dd>" in html
    assert "<dd>s01_1.mp4</dd>" in html
    assert "from_neutral_eyebrows" in html  # the curve that a person understands best
    assert str(recorded) not in html
    assert [path.name for path in out.parent.iterdir()] == ["interview.html"]


def test_without_faces(recorded, video, tmp_path):
    assert report(recorded, video, "--out", tmp_path / "report.html", "--no-faces") == 0
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert n_cards(html) > 0
    assert "<img" not in html
    assert "data:image" not in html


def test_several_videos(recorded, tmp_path, capsys):
    """Each has a report, the index lists all, and those that failed with the reason."""
    videos = tmp_path / "ward 7" / "Smith"
    shutil.copytree(recorded / "videos", videos)
    (videos / "broken.mp4").write_bytes(b"no video")
    out = tmp_path / "reports"
    assert report(recorded, videos, "--out", out) == 1
    names = {f"s0{number}_1.html" for number in (1, 2, 3)}
    assert {path.name for path in out.iterdir()} == {*names, "index.html"}
    index = (out / "index.html").read_text(encoding="utf-8")
    assert set(re.findall(r'<a href="(s.*?)">', index)) == names
    assert ">broken.mp4</dt><dd>VideoReadError: The file &#39;broken.mp4&#39; can" in index
    assert not [part for part in (*videos.parts[1:], str(recorded)) if part in index]
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 4
    assert captured.err.count("broken.mp4: VideoReadError") == 1
    assert "Traceback" not in captured.err


def test_one_video_that_fails(recorded, tmp_path, capsys):
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    assert report(recorded, tmp_path / "broken.mp4", "--out", tmp_path / "report.html") == 1
    captured = capsys.readouterr()
    assert "No report on" in captured.err
    assert captured.out == ""
    assert not (tmp_path / "report.html").exists()


def test_several_videos_into_one_file(recorded, tmp_path, capsys):
    assert report(recorded, recorded / "videos", "--out", tmp_path / "report.html") == 1
    assert "Each of the 3 videos gets its own report, so --out must be" in (capsys.readouterr().err)
    assert list(tmp_path.iterdir()) == []


def test_what_can_not_be_written(recorded, video, tmp_path, capsys):
    (tmp_path / "folder.html").mkdir()
    assert report(recorded, video, "--out", tmp_path / "folder.html") == 1
    assert "there is a folder with this name" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert report(recorded, video, "--out", tmp_path / "file") == 1
    assert "is a file" in capsys.readouterr().err
    shutil.copy(video, tmp_path / "index.mp4")
    assert report(recorded, tmp_path / "index.mp4", "--out", tmp_path / "out") == 1
    assert "would overwrite" in capsys.readouterr().err


def test_what_is_wrong_with_every_video_is_an_error(recorded, video, tmp_path, capsys):
    options = ["--landmarker", "mediapipe"]
    options += ["--landmarker-option", f"model_path={tmp_path / 'none.task'}"]
    assert report(recorded, video, "--out", tmp_path / "out", *options) == 1
    assert capsys.readouterr().err.startswith("skspot report: ")
    assert not (tmp_path / "out").exists()
