"""Check that the map of the code in CONTRIBUTING.rst fits the code."""

import re

import pytest

from tests.docs.pages import ROOT

CONTRIBUTING = (ROOT / "CONTRIBUTING.rst").read_text(encoding="utf-8")

_MAP = re.search(r"^Map of the code\n=+\n(.*?)^Style\n=+$", CONTRIBUTING, flags=re.M | re.S)[1]


def rows():
    """Return the places of the map, each with the modules that its row names."""
    rows = re.findall(r"^   \* - ``(skspot/.*?)``\n(.*?)(?=^   \* - |^\S)", _MAP, flags=re.M | re.S)
    return {place: re.findall(r"``(\w+\.py)``", text) for place, text in rows}


def packages_and_modules():
    """Return the packages of skspot, and the modules that are not in one of them."""
    package = ROOT / "skspot"
    folders = {path.parent for path in package.rglob("*.py")} - {package}
    folders |= {path.parent for path in package.rglob("*.html")}
    modules = [path for path in package.glob("*.py") if not path.name.startswith("__")]
    places = [f"{folder.relative_to(ROOT).as_posix()}/" for folder in folders]
    return places + [module.relative_to(ROOT).as_posix() for module in modules]


def test_the_map_has_every_place():
    assert sorted(rows()) == sorted(packages_and_modules())


@pytest.mark.parametrize("place", rows())
def test_the_modules_of_a_place_exist(place):
    missing = [name for name in rows()[place] if not (ROOT / place / name).is_file()]
    assert missing == []


def test_the_paths_in_the_text_exist():
    paths = set(re.findall(r"``(skspot/\S*?)``", CONTRIBUTING))
    assert len(paths) > 30
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def test_the_answers_name_what_is_there():
    """A name in parentheses after a path occurs in that file."""
    answers = re.findall(r"``(skspot/\S+\.py)``\s+\(``(\w+)``", _MAP)
    assert len(answers) >= 4
    for path, name in answers:
        assert re.search(rf"\b{name}\b", (ROOT / path).read_text(encoding="utf-8")), (path, name)
