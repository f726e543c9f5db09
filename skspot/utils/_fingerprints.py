"""Fingerprints of files, the keys of caches. Each is computed once per process.

A fingerprint consists of the size of a file, its modification time, its beginning and its end. Most
of a long video is not read. A fingerprint is remembered until size or modification time of the file
change.
"""

import os
import time
from hashlib import blake2b

_ENDS_TO_HASH = 64 * 1024  # bytes hashed at each end of a file

# A file may change again within one tick of its clock (2 s on FAT), and look the same.
_TICK_NS = 2_000_000_000

_REMEMBERED = {}  # by key: the state of the files, and the fingerprint


def file_fingerprint(path):
    """Return a short text that changes when a file does.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    fingerprint : str
        Made from its size, its modification time, and its first and last 64 KiB.
    """
    digest = blake2b(digest_size=16)
    hash_file(digest, path, _ENDS_TO_HASH)
    return digest.hexdigest()


def hash_file(digest, path, n_bytes=_ENDS_TO_HASH):
    """Feed the size, the time of change and both ends of a file to a digest."""
    stat = os.stat(path)
    digest.update(repr((stat.st_size, stat.st_mtime_ns)).encode())
    with open(path, "rb") as file:
        digest.update(file.read(n_bytes))
        file.seek(max(stat.st_size - n_bytes, 0))
        digest.update(file.read(n_bytes))


def remembered(compute, key, paths):
    """Return the fingerprint of files, from memory if none of them has changed.

    Parameters
    ----------
    compute : callable
        Takes nothing and returns a fingerprint.
    key : tuple
        Identifies the computation and its files; a later result replaces an earlier one.
    paths : iterable of str or path-like
        The files.

    Returns
    -------
    fingerprint : str
        What `compute` returns.
    """
    state, changed = _state(paths)
    known = _REMEMBERED.get(key)
    if known is not None and known[0] == state:
        return known[1]
    fingerprint = compute()
    if time.time_ns() - changed > _TICK_NS:
        _REMEMBERED[key] = state, fingerprint
    return fingerprint


def _state(paths):
    """Return a digest of sizes and modification times of files, and the latest of these times."""
    digest, latest = blake2b(digest_size=16), 0
    for path in paths:
        stat = os.stat(path)
        latest = max(latest, stat.st_mtime_ns, stat.st_ctime_ns)
        facts = (os.fspath(path), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        digest.update(repr((*facts, stat.st_ino, stat.st_dev)).encode())
    return digest.digest(), latest
