"""Run the Python code of the README on few and short videos, and check its links."""

import re

import pytest

import skspot
from skspot.datasets import make_expression_videos
from skspot.recipes import spotformer
from tests.docs.pages import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
CITATION = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.rst").read_text(encoding="utf-8")


@pytest.fixture
def quickly(tmp_path, monkeypatch):
    """Make few and short videos where the README makes videos, and train briefly; no file stays."""
    monkeypatch.chdir(tmp_path)

    def make_few(n_subjects, **options):
        return make_expression_videos(2, n_frames=60, **options)

    def spotformer_of_one_epoch(*args, **options):
        return spotformer(*args, **options).set_params(spot__max_epochs=1)

    monkeypatch.setattr("skspot.datasets.make_expression_videos", make_few)
    monkeypatch.setattr("skspot.recipes.spotformer", spotformer_of_one_epoch)


def test_the_python_of_the_readme_prints_a_report(quickly, capsys):
    (code,) = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    exec(code, {"__name__": "__main__"})
    report = capsys.readouterr().out
    assert {"precision", "recall", "macro", "micro", "overall"} <= set(report.split())
    assert "4 videos" in report


def test_the_links_of_the_readme_lead_to_files():
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_citation_is_of_this_version_and_of_the_paper():
    assert re.findall(r"^version: (.*)$", CITATION, re.MULTILINE) == [skspot.__version__]
    (doi,) = re.findall(r"^  doi: (.*)$", CITATION, re.MULTILINE)
    assert f"https://doi.org/{doi}" in README
    assert f"{{{doi}}}" in README  # the BibTeX entry


def test_contributors_build_the_documentation_as_the_readme_does():
    build = re.search(r"sphinx-build .*", README).group()
    assert f"$ {build}" in CONTRIBUTING
