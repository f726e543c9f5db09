"""Tests of the links from HTML diagrams to the documentation."""

import re
from email.message import Message
from importlib import metadata

import pytest
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline

from skspot.landmarks import Template
from skspot.neural_network import SpotFormerClassifier
from skspot.preprocessing import FaceAligner, SWMROFlow
from skspot.utils import _doc_links
from skspot.utils._doc_links import DocLinkMixin, documentation_url

SITE = "https://docs.example.org/skspot"


def announce(monkeypatch, *entries):
    """Let the metadata of the package name these addresses."""
    headers = Message()
    for entry in entries:
        headers["Project-URL"] = entry
    monkeypatch.setattr(metadata, "metadata", lambda name: headers)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """Return an empty folder that is taken for the checkout; nothing names an address."""
    monkeypatch.delenv("SKSPOT_DOCS_URL", raising=False)
    monkeypatch.setattr(_doc_links, "_checkout", lambda: tmp_path)
    announce(monkeypatch)
    return tmp_path


def build_site(checkout):
    """Make a site of one page."""
    folder = checkout / "docs" / "_build" / "html"
    folder.mkdir(parents=True)
    (folder / "index.html").write_text("skspot")
    return folder


def links(estimator):
    return set(re.findall(r'sk-estimator-doc-link[^>]*href="([^"]*)"', estimator._repr_html_()))


def test_no_documentation_no_link(checkout):
    assert documentation_url() == ""
    assert FaceAligner()._get_doc_link() == ""
    assert links(FaceAligner()) == set()
    assert 'class="param-doc-link"' not in FaceAligner()._repr_html_()


def test_the_environment_comes_before_the_built_site_and_that_before_the_metadata(
    checkout, monkeypatch
):
    announce(monkeypatch, "Source, https://example.org/x", f"Documentation, {SITE}/")
    assert documentation_url() == SITE
    folder = build_site(checkout)
    assert documentation_url() == folder.as_uri()
    monkeypatch.setenv("SKSPOT_DOCS_URL", "https://else.example.org/")
    assert documentation_url() == "https://else.example.org"


def test_a_folder_without_a_site_is_none(checkout):
    (build_site(checkout) / "index.html").unlink()
    assert documentation_url() == ""


def test_a_package_that_is_not_installed_has_no_address(checkout, monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "metadata", missing)
    assert documentation_url() == ""


def test_the_checkout_is_the_folder_of_the_package():
    assert (_doc_links._checkout() / "skspot" / "__init__.py").is_file()


@pytest.mark.parametrize(
    ("estimator", "package"),
    [
        (FaceAligner(), "preprocessing"),
        (FaceAligner(Template()), "preprocessing"),
        (SWMROFlow(), "preprocessing"),
        (Template(), "landmarks"),
    ],
)
def test_links_lead_to_the_public_name(checkout, monkeypatch, estimator, package):
    monkeypatch.setenv("SKSPOT_DOCS_URL", SITE)
    page = f"{SITE}/generated/skspot.{package}.{type(estimator).__name__}.html"
    assert estimator._get_doc_link() == page
    assert links(estimator) == {page}


def test_parameters_link_to_their_place_on_the_page(checkout, monkeypatch):
    monkeypatch.setenv("SKSPOT_DOCS_URL", SITE)
    for estimator in (FaceAligner(), SWMROFlow()):
        found = re.findall(r'class="param-doc-link"[^>]*href="([^"]*)"', estimator._repr_html_())
        page = estimator._get_doc_link()
        names = [link.removeprefix(f"{page}#:~:text=").split(",-")[0] for link in found]
        assert sorted(names) == sorted(estimator.get_params())


def test_hyphens_and_blanks_of_a_type_are_no_syntax_of_the_link(checkout, monkeypatch):
    monkeypatch.setenv("SKSPOT_DOCS_URL", SITE)
    (kept,) = re.findall(r"#:~:text=memory,-([^\"]*)", FaceAligner()._repr_html_())
    assert kept.startswith("str%2C%20path%2Dlike%20or%20object")
    suffixes = re.findall(r"#:~:text=[a-z_]+,-([^\"]*)", FaceAligner()._repr_html_())
    assert len(suffixes) == len(FaceAligner().get_params())
    assert not any("-" in suffix or "%20%20" in suffix for suffix in suffixes)


def test_steps_of_a_pipeline_link_to_their_own_projects(checkout, monkeypatch):
    monkeypatch.setenv("SKSPOT_DOCS_URL", SITE)
    found = links(make_pipeline(FaceAligner(), SWMROFlow()))
    ours = {link for link in found if link.startswith(SITE)}
    (theirs,) = found - ours
    assert {link.rsplit(".", 2)[1] for link in ours} == {"FaceAligner", "SWMROFlow"}
    assert theirs.startswith("https://scikit-learn.org/")


def test_a_class_of_somebody_else_has_no_page(checkout, monkeypatch):
    class Own(DocLinkMixin, BaseEstimator):
        pass

    monkeypatch.setenv("SKSPOT_DOCS_URL", SITE)
    assert Own()._get_doc_link() == ""


def test_the_diagram_of_a_net_marks_what_was_set(checkout):
    spotter = SpotFormerClassifier(max_epochs=20, lr=0.003, module__dim=64, random_state=0)
    shown = spotter._get_params_html()
    assert set(shown.non_default) == {"max_epochs", "module__dim", "random_state"}
    assert list(shown)[:3] == list(shown.non_default)
    assert SpotFormerClassifier()._get_params_html().non_default == ()
    build_site(checkout)
    assert links(spotter) == {
        f"{documentation_url()}/generated/skspot.neural_network.SpotFormerClassifier.html"
    }


def test_the_repr_of_a_net_shows_what_was_set():
    spotter = SpotFormerClassifier(max_epochs=3, module__dim=64)
    assert repr(spotter) == "SpotFormerClassifier(max_epochs=3, module__dim=64)"
    assert repr(SpotFormerClassifier(lr=0.003)) == "SpotFormerClassifier()"
