"""Tests of keeping freed memory."""

import platform

import numpy as np
import pytest

from skspot.neural_network import _memory
from skspot.neural_network._memory import freed_memory_kept

SIZE = 10 * 2**20  # numbers of an array of 40 MiB


def _page_faults(n_arrays):
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(n_arrays):
        np.zeros(SIZE, np.float32)[::1024] = 1  # touches every page
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs the GNU C library")
def test_memory_is_used_again_within_and_given_back_after():
    usual = _page_faults(3)
    with freed_memory_kept():
        _page_faults(1)
        kept = _page_faults(3)
    assert kept < 0.2 * usual
    assert _page_faults(3) > 0.5 * usual


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
