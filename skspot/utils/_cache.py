"""The cache of the transformers, with an entry for each video, and of finished folds.

In a leave-one-subject-out evaluation each fold has a different list of videos, and a cache of whole
pipeline steps would never hit. Here the result of each video is stored separately. Its key consists
of the fingerprint of the video and the parameters. Frames are not hashed, and the key contains no
path: videos and cache may be moved.
"""

import os
import warnings
from functools import partial
from pathlib import Path
from typing import NamedTuple

import joblib
from sklearn.utils.validation import check_memory

# The kind of result of each cached function, by its name.
_KINDS = {
    "_find_landmarks": "landmarks",
    "window_displacements": "features",
    "_predict_fold": "folds",
}
_STORE = Path("joblib", "skspot")  # where joblib stores the results of functions of skspot


class StoredResults(NamedTuple):
    """The results of one kind in a cache."""

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
    """Return whether the result of a function returned by `cached` is stored."""
    if not isinstance(function, partial):  # nothing is stored, or the memory is not from joblib
        return False
    return function.args[0].check_call_in_cache(*args, **kwargs)


def _recall(function, *args, **kwargs):
    """Return the result of a function of joblib.Memory, stored or new."""
    if function.check_call_in_cache(*args, **kwargs):
        entry = function.call_and_shelve(*args, **kwargs)
        try:
            return entry.get()
        except Exception as error:  # unpickling a damaged file can raise anything
            warnings.warn(
                f"The entry {entry!r} of the cache can't be read ({type(error).__name__}: "
                f"{error}); the file may have been cut short. It is computed again."
            )
            entry.clear()
    return function(*args, **kwargs)


def stored_results(folder):
    """Return the contents of a cache.

    Parameters
    ----------
    folder : str or path-like
        The folder that was passed as `memory`.

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
    """Delete the least recently used entries until the others fit a size.

    Only results of skspot are counted and deleted; other files in the folder are not touched.

    Parameters
    ----------
    folder : str or path-like
        The folder that was passed as `memory`.
    max_bytes : int
        Size in bytes; 0 deletes all entries.

    Raises
    ------
    ValueError
        If skspot has no cache in the folder.
    """
    _open_store(folder).reduce_size(bytes_limit=max_bytes)


def _open_store(folder):
    """Return a joblib.Memory that sees only the entries of skspot in a cache."""
    store = Path(folder, _STORE)
    if not store.is_dir():
        raise ValueError(
            f"{os.fspath(folder)!r} is not a cache of skspot: it has no folder {str(_STORE)!r}. "
            "Pass the folder that was used as memory or --cache. Nothing was deleted."
        )
    memory = joblib.Memory(os.fspath(folder), verbose=0)
    memory.store_backend.location = os.fspath(store)
    return memory
