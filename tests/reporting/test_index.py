"""Tests of the page that lists reports."""

import pytest

from skspot.reporting import write_report_index
from tests.reporting.pages import MADE, NASTY, Page


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
    assert page.text.startswith("<i> <i> 2 videos, no report on 1 more . Made 2030-")
    values = [float(cell["data-value"]) for cell in page.all("td")[1:8]]
    summary = report.summary()
    assert values == [v for k, v in summary.items() if k != "name"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The file '/home/o x/b.mp4' can't be opened: it's 'cut/short'", "'b.mp4' can't be opened"),
        ('The file "/home/o\'x/b.mp4" is empty', 'The file "b.mp4" is empty'),
        ("The file 'C:\\\\home\\\\b.mp4' is empty", "'b.mp4' is empty"),
        ("No frame in 'home/b/' at 1/2", "No frame in 'b' at 1/2"),
    ],
)
def test_the_index_shows_no_folders(tmp_path, text, expected):
    write_report_index(tmp_path / "index.html", {"b.mp4": OSError(text)})
    page = Page((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert expected in page.text
    assert "home" not in page.text


def test_index_of_something_else(tmp_path):
    with pytest.raises(TypeError, match="reports must map the file .* got list"):
        write_report_index(tmp_path / "index.html", ["a.html"])
    with pytest.raises(TypeError, match="'a.html'.* must be a VideoReport, .* got str"):
        write_report_index(tmp_path / "index.html", {"a.html": "a.html"})
