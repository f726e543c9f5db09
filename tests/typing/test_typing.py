"""Tests that type checkers know the public names, with pyright."""

import importlib.util
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import get_overloads

import pytest

from tests.conftest import ROOT
from tests.test_imports import OBJECTS, PACKAGES

SCRIPT = Path(__file__).with_name("user_script.py")

# The share of public names whose types are known in full. The others derive from, take or return
# classes of scikit-learn and skorch, which have no types.
LOWEST_COMPLETENESS = 0.75

needs_pyright = pytest.mark.skipif(
    importlib.util.find_spec("pyright") is None, reason="needs pyright, from the test extra"
)


def run_pyright(folder, *arguments):
    """Return what pyright says in a folder, from which skspot is found like any package."""
    run = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
        + [str(argument) for argument in arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert run.stdout.startswith("{"), run.stdout + run.stderr
    return json.loads(run.stdout)


def messages(diagnostics, severity):
    return [
        f"line {entry['range']['start']['line'] + 1}: {entry['message']}"
        for entry in diagnostics["generalDiagnostics"]
        if entry["severity"] == severity
    ]


@needs_pyright
def test_script_of_a_user(tmp_path):
    found = run_pyright(tmp_path, SCRIPT)
    assert messages(found, "error") + messages(found, "warning") == []
    revealed = messages(found, "information")
    assert len(revealed) >= SCRIPT.read_text().count(" reveal_type(")
    assert [text for text in revealed if "Unknown" in text] == []


@needs_pyright
def test_wrong_arguments_are_found(tmp_path):
    script = tmp_path / "wrong.py"
    script.write_text(
        "import skspot\n"
        "from skspot.preprocessing import FaceAligner, SWMROFlow\n"
        "skspot.load(3)\n"
        "FaceAligner(face_sise=128)\n"
        "SWMROFlow(nodes='papers')\n"
        "skspot.spot([])\n"
        "skspot.nonsense\n"
    )
    lines = [text.split(":")[0] for text in messages(run_pyright(tmp_path, script), "error")]
    assert lines == [f"line {number}" for number in (3, 4, 5, 6, 7)]


@needs_pyright
def test_completeness(tmp_path):
    found = run_pyright(tmp_path, "--verifytypes", "skspot", "--ignoreexternal")
    known = [
        symbol["isTypeKnown"] and not symbol["isTypeAmbiguous"]
        for symbol in found["typeCompleteness"]["symbols"]
        if symbol["isExported"] and symbol["name"].rpartition(".")[0] in PACKAGES
    ]
    assert len(known) > 100
    assert sum(known) / len(known) >= LOWEST_COMPLETENESS


# -- annotations -----------------------------------------------------------------------------------


def public_functions(value):
    """Return a public function, or the methods and getters of a public class, by name."""
    if inspect.isfunction(value):
        return {value.__name__: value}
    parts = {name: getattr(part, "__func__", part) for name, part in vars(value).items()}
    parts |= {name: part.fget for name, part in parts.items() if isinstance(part, property)}
    return {
        name: part
        for name, part in parts.items()
        if inspect.isfunction(part) and (name[0] != "_" or name == "__init__")
    }


def gaps(function):
    """Return what a function or one of its overloads does not annotate."""
    found = []
    for variant in get_overloads(inspect.unwrap(function)) or [function]:
        signature = inspect.signature(variant)
        found += [
            name
            for name, parameter in signature.parameters.items()
            if parameter.annotation is parameter.empty and name not in ("self", "cls")
        ]
        if signature.return_annotation is signature.empty and function.__name__ != "__init__":
            found.append("return")
    return found


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_everything_is_annotated(name):
    functions = public_functions(OBJECTS[name])
    assert {key: gaps(function) for key, function in functions.items() if gaps(function)} == {}


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_signatures_are_readable(name):
    """Annotations stay as they were written: evaluated, `ArrayLike` fills a page of `help`."""
    for function in public_functions(OBJECTS[name]).values():
        assert "numpy._typing" not in str(inspect.signature(function)), (
            "from __future__ import annotations is missing"
        )


def test_gaps_are_found():
    def function(a: int, b, *, c=1):
        pass

    assert gaps(function) == ["b", "c", "return"]
