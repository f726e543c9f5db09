"""Links from the HTML diagrams of estimators to the pages of the documentation."""

import os
import re
from functools import partial
from importlib import metadata
from pathlib import Path

_BUILT_SITE = Path("docs", "_build", "html")  # in a checkout


class DocLinkMixin:
    """Link an estimator in HTML diagrams of scikit-learn to its page in the documentation.

    Put it to the left of `BaseEstimator`, which otherwise links to the pages of scikit-learn.
    Classes outside of skspot that derive from the estimator have no page and get no link.
    """

    _doc_link_module = "skspot"

    @property
    def _doc_link_template(self):
        site = documentation_url()
        # scikit-learn inserts the package, not its private module; "" gives no link.
        return f"{site}/generated/{{estimator_module}}.{{estimator_name}}.html" if site else ""

    def _get_params_html(self, deep=True, doc_link=""):
        params = super()._get_params_html(deep, doc_link)
        params._html_repr = partial(_escape_fragments, params._html_repr)
        return params


def _escape_fragments(render):
    """Return HTML whose links to text on a page also work for types with hyphens or two blanks.

    Browsers interpret a hyphen as syntax, and show two blanks as one.
    """

    def escape(link):
        return link[1] + re.sub("(%20)+", "%20", link[2].replace("-", "%2D"))

    return re.sub(r"(#:~:text=[^\"]*?,-)([^\"]*)", escape, render())


def documentation_url():
    """Return the address of the documentation, ``""`` if there is none.

    The first of: the environment variable ``SKSPOT_DOCS_URL``, the site that was built in the
    checkout that this package is part of, and the address in the metadata of the package.
    """
    given = os.environ.get("SKSPOT_DOCS_URL")
    if given:
        return given.rstrip("/")
    built = _checkout() / _BUILT_SITE
    if (built / "index.html").is_file():
        return built.as_uri()
    return _published_url()


def _checkout():
    """Return the parent folder of the package, which is the checkout if there is one."""
    return Path(__file__).resolve().parents[2]


def _published_url():
    """Return the address of the documentation in the metadata of the package, ``""`` if none."""
    try:
        entries = metadata.metadata("skspot").get_all("Project-URL") or []
    except metadata.PackageNotFoundError:  # a copy that is not installed
        return ""
    for entry in entries:
        label, _, url = entry.partition(",")
        if label.strip().casefold() == "documentation":
            return url.strip().rstrip("/")
    return ""
