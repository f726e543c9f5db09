"""What tells functions of the user's apart in caches."""

import inspect

import joblib


def callable_key(function):
    """Return what a function's results depend on, or None if that can't be told.

    joblib pickles functions by name, so that their source code is added. What they call is not
    seen.

    Parameters
    ----------
    function : callable
        A function, or an object that can be called.

    Returns
    -------
    key : tuple of str, or None
        None for what can't be pickled or has no source code.
    """
    code = function if inspect.isroutine(function) else type(function)
    try:
        return joblib.hash(function), inspect.getsource(code)
    except Exception:  # whatever pickling a stranger's object raises
        return None
