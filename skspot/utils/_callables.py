"""Keys of functions of the user in caches."""

import inspect
from functools import partial

import joblib


def callable_key(function):
    """Return a key for the results of a function, or None if there is none.

    joblib pickles functions by name; the key therefore also contains their source code: that of the
    function within a `functools.partial` and of functions among its arguments, that of the class of
    an object or of a bound method. The functions that they call are not part of it.

    Parameters
    ----------
    function : callable
        A function, or an object that can be called.

    Returns
    -------
    key : tuple of str, or None
        None if the function can't be pickled or has no source code.
    """
    try:
        return joblib.hash(function), "\n".join(_sources(function))
    except Exception:  # pickling can raise anything
        return None


def _sources(function):
    """Yield the source code of everything that a function consists of."""
    if isinstance(function, partial):
        for part in (function.func, *function.args, *function.keywords.values()):
            if callable(part):
                yield from _sources(part)
    elif inspect.ismethod(function):
        owner = function.__self__
        yield inspect.getsource(owner if inspect.isclass(owner) else type(owner))
    elif inspect.isroutine(function) or inspect.isclass(function):
        yield inspect.getsource(function)
    else:
        yield inspect.getsource(type(function))
