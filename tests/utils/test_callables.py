"""Keys of functions: an edit changes them, another process does not."""

import importlib.util
import os
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from skspot.utils._callables import callable_key

CODE = """
from functools import partial

def find(frame, level=0):
    return level + {number}

def search(frame, finder):
    return finder(frame)

class Finder:
    def __init__(self, level=0):
        self.level = level

    def __call__(self, frame):
        return self.find(frame)

    def find(self, frame):
        return self._found() + self.level

    def _found(self):
        return {number}

    @classmethod
    def build(cls, frame):
        return cls()._found()
"""

# How functions are passed, by expressions over the names of a module.
FORMS = {
    "function": "m.find",
    "partial": "partial(m.find, level=2)",
    "partial of a partial": "partial(partial(m.find, level=2), level=3)",
    "argument of a partial": "partial(m.search, finder=m.find)",
    "object": "m.Finder()",
    "bound method": "m.Finder(1).find",
    "method of a class": "m.Finder.build",
    "partial of a method": "partial(m.Finder(1).find)",
}


def load(path, number):
    """Write a module, and load it as a new process would."""
    path.write_text(CODE.format(number=number))
    spec = importlib.util.spec_from_file_location("finders", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["finders"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A file for a module that is forgotten at the end."""
    monkeypatch.setitem(sys.modules, "finders", None)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return tmp_path / "finders.py"


def make(form, module):
    return eval(FORMS[form], {"m": module, "partial": partial})


@pytest.mark.parametrize("form", FORMS)
def test_an_edit_changes_the_key(path, form):
    keys = [callable_key(make(form, load(path, number))) for number in (1, 22, 1)]
    assert None not in keys
    assert keys[0] == keys[2] != keys[1]


def test_another_process_has_the_same_keys(path):
    module = load(path, 1)
    here = [callable_key(make(form, module)) for form in FORMS]
    code = (
        "from functools import partial; import finders as m; "
        "from skspot.utils._callables import callable_key; "
        f"print([callable_key(function) for function in [{', '.join(FORMS.values())}]])"
    )
    folders = os.pathsep.join([str(path.parent), *sys.path])
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": folders},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == str(here)


def test_arguments_and_state_are_part_of_the_key(path):
    module = load(path, 1)
    different = [
        module.find,
        partial(module.find),
        partial(module.find, level=1),
        partial(module.find, level=2),
        partial(module.find, 2),
        partial(module.search, finder=module.find),
        partial(module.search, finder=partial(module.find, level=1)),
        module.Finder(1),
        module.Finder(2),
        module.Finder(1).find,
        module.Finder(2).find,
    ]
    assert len({callable_key(function) for function in different}) == len(different)


def test_what_has_no_key(path):
    local = object()
    for function in (lambda frame: local, np.array, partial(np.array), partial(lambda x: local)):
        assert callable_key(function) is None
