"""How progress is shown: one bar with the time left, or lines where nothing can be overwritten."""

import multiprocessing
import sys

from tqdm.auto import tqdm

_LINE = "{desc}: {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_fmt}{postfix}]"
_SECONDS_BETWEEN_LINES = 10  # an hour makes some hundred lines in the log of a cluster


def progress_bar(iterable=None, *, desc, unit, total, shown, initial=0, smoothing=0.3):
    """Return a bar of tqdm over what is done, on standard error.

    Parameters
    ----------
    iterable : iterable, default=None
        What is counted as it passes by; None is counted with `update`.
    desc : str
        What is done with what: "videos aligned".
    unit : str
        One of them: "video".
    total : int or None
        How many there are, if known.
    shown : bool
        Whether there is a bar at all.
    initial : int, default=0
        How many were done before, which the time left is not reckoned from.
    smoothing : float, default=0.3
        Weight of the latest ones in the time left; 0 takes the mean of all.

    Returns
    -------
    bar : tqdm
        The bar. One within another vanishes when it is full.
    """
    form = {} if _can_overwrite() else _lines()
    return tqdm(
        iterable,
        desc,
        total,
        unit=unit,
        initial=initial,
        smoothing=smoothing,
        disable=not shown,
        leave=None,
        **form,
    )


def _can_overwrite():
    """Tell whether a bar stands alone where it can be overwritten: on a terminal, in a notebook."""
    if multiprocessing.parent_process() is not None:  # other workers write there, too
        return False
    return "ipykernel" in sys.modules or getattr(sys.stderr, "isatty", bool)()


def _lines():
    """Return the options of a bar each of whose states becomes a line."""
    return {
        "file": _Lines(sys.stderr),
        "bar_format": _LINE,
        "mininterval": _SECONDS_BETWEEN_LINES,
        "position": 0,  # there is no moving up to another bar
    }


class _Lines:
    """A stream that makes a line of each state of a bar.

    Parameters
    ----------
    stream : file
        Where the lines go.
    """

    def __init__(self, stream):
        self._stream = stream
        self._last = ""

    def write(self, text):
        """Write what a terminal would show of the text, unless that is nothing new."""
        line = text.strip()
        if line and line != self._last:
            self._stream.write(f"{line}\n")
            self._last = line

    def flush(self):
        """Write out what is buffered."""
        self._stream.flush()
