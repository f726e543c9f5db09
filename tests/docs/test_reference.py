"""Tests that the API reference has a page for every public name."""

import importlib
import inspect
import re

import pytest

from tests.conftest import ROOT
from tests.test_imports import PACKAGES

REFERENCE = (ROOT / "docs" / "reference.rst").read_text()


def listed_names():
    """Return the full names that the summaries of the reference page list."""
    names = set()
    for part in REFERENCE.split(".. currentmodule:: ")[1:]:
        package = part.split()[0]
        names |= {f"{package}.{name}" for name in re.findall(r"^   (\w+)$", part, flags=re.M)}
    return names


def names_with_pages():
    """Return the full names of all that has a page, constants included."""
    return listed_names() | {path.stem for path in (ROOT / "docs" / "data").glob("*.rst")}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_has_a_page(package):
    module = importlib.import_module(package)
    pages = names_with_pages()
    homes = {
        id(getattr(importlib.import_module(page.rsplit(".", 1)[0]), page.rsplit(".", 1)[1]))
        for page in pages
    }
    missing = [
        name
        for name in module.__all__
        if not inspect.ismodule(getattr(module, name)) and id(getattr(module, name)) not in homes
    ]
    assert missing == []


def test_every_page_is_of_a_public_name():
    for page in names_with_pages():
        package, name = page.rsplit(".", 1)
        assert name in importlib.import_module(package).__all__
