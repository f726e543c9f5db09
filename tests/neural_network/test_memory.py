"""Tests of keeping freed memory."""

import platform
import subprocess
import sys

import pytest

from skspot.neural_network import _memory
from skspot.neural_network._memory import freed_memory_kept

_HELD_AFTER_USE = """
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from skspot.neural_network._memory import freed_memory_kept


def mebibytes_held():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


before = mebibytes_held()
for context in (nullcontext, freed_memory_kept):
    with context():
        np.ones(100 * 2**20 // 8)
        print(mebibytes_held() - before)
print(mebibytes_held() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs the GNU C library")
def test_memory_is_held_within_and_given_back_after():
    # A process of its own: what others have allocated before decides where an array is put.
    run = subprocess.run(
        [sys.executable, "-c", _HELD_AFTER_USE], capture_output=True, text=True, check=True
    )
    usual, kept, after = map(float, run.stdout.split())
    assert usual < 20
    assert kept > 80
    assert after < 20


def test_an_error_within_ends_it_too(monkeypatch):
    calls = []
    monkeypatch.setattr(_memory, "_set", lambda library, options: calls.append(options))
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.36"))
    with pytest.raises(KeyError), freed_memory_kept():
        raise KeyError
    assert calls == [_memory._KEEPING, _memory._USUAL]


def test_nothing_happens_without_the_library(monkeypatch):
    def never(library, options):
        raise AssertionError

    monkeypatch.setattr(_memory, "_set", never)
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    with freed_memory_kept():
        pass
