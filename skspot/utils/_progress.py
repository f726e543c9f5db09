"""Progress: one bar with the time left, or lines where nothing can be overwritten."""

import multiprocessing
import sys

from tqdm.auto import tqdm

_LINE = "{desc}: {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_fmt}{postfix}]"
_SECONDS_BETWEEN_LINES = 10  # an hour adds some hundred lines to the log of a cluster


def progress_bar(iterable=None, *, desc, unit, total, shown, initial=0, smoothing=0.3):
    """Return a progress bar of tqdm on standard error.

    Parameters
    ----------
    iterable : iterable, default=None
        The items, counted as they are consumed. With None, count with `update`.
    desc : str
        Description, such as "videos aligned".
    unit : str
        Name of an item, such as "video".
    total : int or None
        Number of items, if known.
    shown : bool
        Whether to show the bar.
    initial : int, default=0
        Number of items that were done before. They do not enter the estimate of the time left.
    smoothing : float, default=0.3
        Weight of the latest items in the time left; 0 uses the mean of all.

    Returns
    -------
    bar : tqdm
        The bar. A nested bar disappears when it is full.
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
    """Return whether a bar can be overwritten: alone on a terminal, or in a notebook."""
    if multiprocessing.parent_process() is not None:  # other workers write there too
        return False
    return "ipykernel" in sys.modules or getattr(sys.stderr, "isatty", bool)()


def _lines():
    """Return the options of a bar that writes a line for each state."""
    return {
        "file": _Lines(sys.stderr),
        "bar_format": _LINE,
        "mininterval": _SECONDS_BETWEEN_LINES,
        "position": 0,  # there is no moving up to another bar
    }


class _Lines:
    """A stream that writes each state of a bar as a line.

    Parameters
    ----------
    stream : file
        Where the lines are written.
    """

    def __init__(self, stream):
        self._stream = stream
        self._last = ""

    def write(self, text):
        """Write the text as a terminal would show it, unless it has not changed."""
        line = text.strip()
        if line and line != self._last:
            self._stream.write(f"{line}\n")
            self._last = line

    def flush(self):
        """Write out what is buffered."""
        self._stream.flush()
