"""Keeping freed memory while training.

A training step of a large network allocates and frees hundreds of arrays of tens of megabytes. The
GNU C library gives such memory back to the system at once, which clears it anew page by page for
the next array; that takes as long as half of the arithmetic.
"""

import ctypes
import platform
from contextlib import contextmanager

# Options of mallopt, from malloc.h.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3

# Sizes in bytes: all that is freed is kept; and what the library itself comes to in a program that
# has freed large arrays, where nothing else was set.
_KEEPING = {_MMAP_THRESHOLD: 2**31 - 1, _TRIM_THRESHOLD: 2**31 - 1, _TOP_PAD: 2**26}
_USUAL = {_MMAP_THRESHOLD: 2**25, _TRIM_THRESHOLD: 2**26, _TOP_PAD: 2**17}


@contextmanager
def freed_memory_kept():
    """Let the C library keep freed memory for later arrays; give it back at the end.

    Without the GNU C library nothing happens.
    """
    if platform.libc_ver()[0] != "glibc":
        yield
        return
    library = ctypes.CDLL(None)
    _set(library, _KEEPING)
    try:
        yield
    finally:
        _set(library, _USUAL)
        library.malloc_trim(0)


def _set(library, options):
    for option, value in options.items():
        library.mallopt(option, value)
