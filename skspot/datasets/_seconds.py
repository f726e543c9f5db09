"""Frames of moments that a table gives in seconds."""

import math

import numpy as np

from skspot.datasets._cells import parse_number

_ROUNDED = 1e-3  # of a frame, by which the moments in a table are off
_TOLERATED = 0.5 + _ROUNDED


def frame_at(cell, times, *, decimal_comma=False):
    """Return the frame that is shown nearest to the moment in a cell.

    Parameters
    ----------
    cell : object
        Seconds since the first frame.
    times : ndarray of shape (n_frames,)
        When each frame is shown, in seconds.
    decimal_comma : bool, default=False
        As for `parse_number`.

    Returns
    -------
    frame : object
        The zero-based frame. A moment more than half a frame before the first or after the last
        gets the number that a frame would have there; -1, an empty cell and one that holds no
        number come back as they are.
    """
    try:
        seconds = parse_number(cell, decimal_comma=decimal_comma)
    except ValueError:
        return cell
    if math.isnan(seconds) or seconds == -1:
        return cell
    first, last = np.diff(times)[[0, -1]] if len(times) > 1 else (1 / 30, 1 / 30)
    early, late = (times[0] - seconds) / first, (seconds - times[-1]) / last
    if early > _TOLERATED:
        return -1 - np.ceil(early)  # -1 would stand for a missing frame
    if late > _TOLERATED:
        return len(times) - 1 + np.ceil(late - _ROUNDED)
    return int(np.abs(times - seconds).argmin())
