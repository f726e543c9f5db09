"""Frames of moments that a table gives in seconds."""

import datetime
import math

import numpy as np
import pandas as pd

from skspot.datasets.annotations._recordings import Recording
from skspot.datasets.annotations._repairs import LeftOut
from skspot.datasets.annotations._rows import Row, read_row
from skspot.datasets.tables._cells import Reading, read_frame

_ROUNDED = 1e-3  # of a frame, by which the moments in a table are off
_EARLY = 0.5 + _ROUNDED  # frames before the first that are taken for it
_LATE = 1 + _ROUNDED  # the last frame is shown until one frame later
_TICKS = 1e6  # in a second: frames of a video that nobody has opened


def faults_of_moments(rows, rules, decimal_comma):
    """Yield what makes rows unusable, whatever the times of the frames are.

    Parameters
    ----------
    rows : DataFrame
        Rows whose cells hold seconds.
    rules : LabelRules
        The options.
    decimal_comma : bool
        As for `parse_number`.

    Yields
    ------
    row : Row
        The row.
    finding : Finding
        Why it is left out.
    """
    for number, cells in zip(rows.index, rows.to_dict("records")):
        row = row_of(number, cells)
        moments = {
            name: frame_at(getattr(row, name), None, decimal_comma=decimal_comma)
            for name in ("onset", "apex", "offset")
        }
        unopened = Recording(row.video, None, "", first_number=0)
        try:
            read_row(row._replace(**moments), {row.video: unopened}, rules)
        except LeftOut as reason:
            yield row, reason.finding


def read_cells(rows, times, decimal_comma):
    """Return rows whose frames have been read.

    Parameters
    ----------
    rows : DataFrame
        The rows.
    times : dict of str to ndarray
        The times of videos whose rows hold seconds; others hold frames.
    decimal_comma : bool
        As for `parse_number`.
    """
    columns = {
        name: [
            frame_at(cell, times[video], decimal_comma=decimal_comma)
            if video in times
            else read_frame(cell, decimal_comma=decimal_comma)
            for cell, video in zip(rows[name], rows["video"])
        ]
        for name in ("onset", "apex", "offset")
        if name in rows
    }
    return rows.assign(
        **{name: pd.Series(cells, rows.index, object) for name, cells in columns.items()}
    )


def row_of(number, cells):
    """Return a row of a table, given as a dict, as a `Row`."""
    return Row(**{**{name: cells.get(name) for name in Row._fields}, "number": number})


def frame_at(cell, times, *, decimal_comma=False):
    """Return the frame that is shown nearest to the moment in a cell.

    Parameters
    ----------
    cell : object
        Seconds since the first frame, as a number or a time span.
    times : ndarray of shape (n_frames,) or None
        When each frame is shown, in seconds. None: unknown, and microseconds stand for frames.
    decimal_comma : bool, default=False
        As for `parse_number`.

    Returns
    -------
    reading : Reading
        The zero-based frame. A moment more than half a frame before the first, or more than a frame
        after the last, gets the number that a frame would have there; -1 stays.
    """
    if isinstance(cell, (datetime.timedelta, np.timedelta64)) and not pd.isna(cell):
        cell = pd.Timedelta(cell).total_seconds()
    reading = read_frame(cell, decimal_comma=decimal_comma)
    seconds = reading.frame
    if math.isnan(seconds) or seconds == -1:
        return reading
    text = f"{str(cell).strip()} s"
    if times is None:
        slightly_early = -0.5 < seconds < 0  # may be within half a frame before the first
        return Reading(0.0 if slightly_early else seconds * _TICKS, text)
    frame = _nearest(seconds, times)
    return Reading(frame, f"{text} (frame {frame:g})")


def _nearest(seconds, times):
    """Return the frame shown nearest to a moment."""
    first, last = np.diff(times)[[0, -1]] if len(times) > 1 else (1 / 30, 1 / 30)
    early, late = (times[0] - seconds) / first, (seconds - times[-1]) / last
    if early > _EARLY:
        return -1 - np.ceil(early)  # -1 would stand for a missing frame
    if late > _LATE:
        return len(times) - 1 + np.ceil(late - _ROUNDED)
    return int(np.abs(times - seconds).argmin())
