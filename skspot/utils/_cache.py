"""The cache per video that the transformers share.

Under leave-one-subject-out every fold sees another subset of the videos, so that caching whole
pipeline steps never hits. Each video's result is stored on its own, under a key made of the
video's fingerprint and the parameters; the frames themselves are never hashed.
"""

import os

from sklearn.utils.validation import check_memory


def cached(function, memory, *, ignore):
    """Return `function` with its results stored by `memory`.

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
    """
    if memory is None:
        return function
    if isinstance(memory, os.PathLike):
        memory = os.fspath(memory)
    return check_memory(memory).cache(function, ignore=ignore)
