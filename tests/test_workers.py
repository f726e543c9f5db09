"""Tests of how the test suite uses the cores."""

import os
from types import SimpleNamespace

import pytest

from tests.conftest import pytest_cmdline_main

ArgsSource = pytest.Config.ArgsSource


@pytest.mark.parametrize(
    ("source", "given", "expected"),
    [
        (ArgsSource.TESTPATHS, {"numprocesses": None}, "auto"),
        (ArgsSource.TESTPATHS, {"numprocesses": 0}, 0),
        (ArgsSource.ARGS, {"numprocesses": None}, None),
        (ArgsSource.TESTPATHS, {"numprocesses": None, "workerinput": {}}, None),
    ],
    ids=["whole suite", "option given", "tests named", "worker"],
)
def test_only_the_whole_suite_gets_workers(source, given, expected, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    monkeypatch.delenv("OMP_NUM_THREADS")
    option = SimpleNamespace(numprocesses=given.pop("numprocesses"))
    config = SimpleNamespace(
        ArgsSource=ArgsSource,
        args_source=source,
        option=option,
        getoption=lambda name, default: getattr(option, name, default),
        **given,
    )
    pytest_cmdline_main(config)
    assert option.numprocesses == expected
    assert os.environ.get("OMP_NUM_THREADS") == ("1" if expected == "auto" else None)
