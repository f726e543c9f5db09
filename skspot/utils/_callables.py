"""Keys of functions of the user in caches."""

import inspect

import joblib


def callable_key(function):
    """Return a key for the results of a function, or None if there is none.

    joblib pickles functions by name; the key therefore also contains their source code. The
    functions that they call are not part of it.

    Parameters
    ----------
    function : callable
        A function, or an object that can be called.

    Returns
    -------
    key : tuple of str, or None
        None if the function can't be pickled or has no source code.
    """
    code = function if inspect.isroutine(function) else type(function)
    try:
        return joblib.hash(function), inspect.getsource(code)
    except Exception:  # pickling can raise anything
        return None
