"""From moments in seconds to frames."""

import datetime
import math

import numpy as np
import pandas as pd

from skspot.datasets.annotations._recording import Recording
from skspot.datasets.annotations._repairs import LeftOut
from skspot.datasets.annotations._rows import as_tuples, read_row
from skspot.datasets.tables import Reading, read_frame

_MOMENTS = ("onset", "apex", "offset")
_ROUNDED = 1e-3  # of a frame, by which the moments in a table may be off
_EARLY = 0.5 + _ROUNDED  # frames before the first that are taken for it
_LATE = 1 + _ROUNDED  # the last frame is shown until one frame later
_TICKS = 1e6  # per second, used as frames of a video that has not been opened
_DEFAULT_PERIOD = 1 / 30  # of a video of one frame


def find_faults(rows, rules, decimal_comma):
    """Yield the faults of rows that do not depend on the times of the frames.

    Parameters
    ----------
    rows : DataFrame
        Rows whose cells hold seconds.
    rules : AnnotationRules
        The options.
    decimal_comma : bool
        As for `parse_number`.

    Yields
    ------
    row : named tuple
        The row.
    finding : Finding
        Why it is left out.
    """
    for row in as_tuples(rows):
        moments = {
            name: frame_at(getattr(row, name), None, decimal_comma=decimal_comma)
            for name in _MOMENTS
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
    times : dict of str to FrameTimes
        The times of the videos whose rows hold seconds; the rows of others hold frames.
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
        for name in _MOMENTS
        if name in rows
    }
    return rows.assign(
        **{name: pd.Series(cells, rows.index, object) for name, cells in columns.items()}
    )


def frame_at(cell, times, *, decimal_comma=False):
    """Return the frame that is shown nearest to the moment in a cell.

    Parameters
    ----------
    cell : object
        Seconds since the first frame, as a number or a time span.
    times : FrameTimes or None
        When each frame is shown. None: unknown; microseconds are returned as frames.
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
    last = len(times) - 1
    period = times.period or _DEFAULT_PERIOD
    early, late = (times.start(0) - seconds) / period, (seconds - times.start(last)) / period
    if early > _EARLY:
        return -1 - np.ceil(early)  # -1 would mean a missing frame
    if late > _LATE:
        return last + np.ceil(late - _ROUNDED)
    return int(np.abs(times.timestamps - seconds).argmin())
