"""The cache per video that the transformers share, and the folds of a cross-validation.

Under leave-one-subject-out every fold sees another subset of the videos, so that caching whole
pipeline steps never hits. Each video's result is stored on its own, under a key made of the
video's fingerprint and the parameters; the frames themselves are never hashed, and no path is part
of it, so that videos and cache may be moved.
"""

import os
import warnings
from functools import partial
from pathlib import Path
from typing import NamedTuple

import joblib
from sklearn.utils.validation import check_memory

# What the functions that are cached return, by their names.
_KINDS = {
    "_find_landmarks": "landmarks",
    "window_displacements": "features",
    "_predict_fold": "folds",
}
_STORE = Path("joblib", "skspot")  # where joblib keeps what functions of skspot return


class StoredResults(NamedTuple):
    """What a cache keeps of one kind."""

    n_entries: int
    n_bytes: int


def cached(function, memory, *, ignore):
    """Return `function` with its results stored by `memory`.

    An interrupted run leaves no entry, because joblib writes a result under another name and
    renames it when it is complete. One that was damaged afterwards is computed again.

    Parameters
    ----------
    function : callable
        A module-level function; its arguments that are not ignored are the key. joblib does not
        see edits in helpers, so one of these arguments is the version of the algorithm.
    memory : str, path-like, object with the joblib.Memory interface, or None
        Where results are stored; None stores nothing.
    ignore : list of str
        Arguments left out of the key.

    Returns
    -------
    function : callable
        The function itself if `memory` is None.

    Warns
    -----
    UserWarning
        If an entry can't be read. It is replaced.
    """
    if memory is None:
        return function
    if isinstance(memory, os.PathLike):
        memory = os.fspath(memory)
    function = check_memory(memory).cache(function, ignore=ignore)
    return partial(_recall, function) if isinstance(memory, (str, joblib.Memory)) else function


def is_stored(function, *args, **kwargs):
    """Tell whether a function that `cached` has returned has stored this result."""
    if not isinstance(function, partial):  # nothing is stored, or a memory of others can't tell
        return False
    return function.args[0].check_call_in_cache(*args, **kwargs)


def _recall(function, *args, **kwargs):
    """Return the result of a function of joblib.Memory, stored or new."""
    if function.check_call_in_cache(*args, **kwargs):
        entry = function.call_and_shelve(*args, **kwargs)
        try:
            return entry.get()
        except Exception as error:  # whatever unpickling a damaged file raises
            warnings.warn(
                f"The entry {entry!r} of the cache can't be read ({type(error).__name__}: "
                f"{error}); the file may have been cut short. It is computed again."
            )
            entry.clear()
    return function(*args, **kwargs)


def stored_results(folder):
    """Return what a cache keeps.

    Parameters
    ----------
    folder : str or path-like
        What was given as `memory`.

    Returns
    -------
    results : dict of str to StoredResults
        Number of entries and size of "landmarks", "features", "folds" (predictions of finished
        folds) and, if there are any, of "others": results of functions that this version of skspot
        no longer has.

    Raises
    ------
    ValueError
        If skspot has no cache in the folder.
    """
    sizes = {kind: [] for kind in _KINDS.values()}
    for item in _open_store(folder).store_backend.get_items():
        kind = _KINDS.get(Path(item.path).parent.name, "others")
        sizes.setdefault(kind, []).append(item.size)
    return {kind: StoredResults(len(items), sum(items)) for kind, items in sizes.items()}


def limit_cache(folder, max_bytes):
    """Delete the entries that were not used for longest, until the others fit a size.

    Only what functions of skspot returned is deleted and counted, whatever else is in the folder.

    Parameters
    ----------
    folder : str or path-like
        What was given as `memory`.
    max_bytes : int
        Size in bytes; 0 deletes all entries.

    Raises
    ------
    ValueError
        If skspot has no cache in the folder.
    """
    _open_store(folder).reduce_size(bytes_limit=max_bytes)


def _open_store(folder):
    """Return a joblib.Memory that sees only what skspot has put into a cache."""
    store = Path(folder, _STORE)
    if not store.is_dir():
        raise ValueError(
            f"{os.fspath(folder)!r} is no cache of skspot: it has no folder {str(_STORE)!r}. Name "
            "the folder that was given as memory or with --cache. Nothing was deleted."
        )
    memory = joblib.Memory(os.fspath(folder), verbose=0)
    memory.store_backend.location = os.fspath(store)
    return memory
