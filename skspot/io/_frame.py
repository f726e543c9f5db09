"""Interval tables of many videos as one DataFrame: a row for each interval."""

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from skspot.intervals import INTERVAL_DTYPE, PREDICTION_DTYPE, check_intervals
from skspot.io._times import VideoTimes
from skspot.utils.validation import check_interval_tables
from skspot.video._base import check_fps

_FRAMES = ("onset", "apex", "offset")


def intervals_to_frame(tables, *, names=None, subjects=None, timestamps=None, fps=None):
    """Put the interval tables of many videos into one DataFrame.

    Parameters
    ----------
    tables : list, tuple, Series or object array of ndarray, or dict of str to ndarray
        Interval table of each video: annotations, or what `predict` returns. The keys of a dict,
        as `skspot.io.read_intervals` returns it, are the names of the videos.
    names : sequence of str, default=None
        Name of each video, in the order of the tables. None counts them from 0.
    subjects : sequence of str, or mapping, default=None
        Subject of each video, in the order of the tables or by the name of the video.
    timestamps : sequence of arrays of shape (n_frames,), mapping or callable, default=None
        Time of each frame of each video in seconds, in the order of the tables, by the name of the
        video, or a function that returns them for the name.
    fps : float, default=None
        Frames per second of all videos, in place of `timestamps`: for arrays and folders of
        images, whose frames are equally spaced.

    Returns
    -------
    frame : DataFrame
        A row for each interval, in the order of the tables: `video`; `subject` if given; `onset`,
        `apex` and `offset` in zero-based frames; `label`; `score` if a table has scores; and with
        `timestamps` or `fps`, `onset_seconds`, `apex_seconds` and `offset_seconds`, when these
        frames are shown. A video without intervals has one row, in which all but its name and
        subject is missing: ``frame.dropna(subset="onset")`` leaves such rows out.

    Raises
    ------
    TypeError
        If a table is no interval table.
    ValueError
        If a table holds an invalid interval, names repeat, names, subjects or timestamps do not
        fit the tables, an interval ends beyond the timestamps, or both `timestamps` and `fps` are
        given.

    See Also
    --------
    make_intervals : Makes one table of the rows of one video.
    skspot.io.write_intervals : Writes tables to files of many formats.

    Examples
    --------
    >>> from skspot import intervals_to_frame, make_intervals
    >>> tables = [make_intervals([(12, 20, 40, "macro"), (60, 64, 69, "micro")]), make_intervals()]
    >>> intervals_to_frame(tables, names=["a", "b"], subjects=["Anna", "Ben"])
      video subject  onset  apex  offset  label
    0     a    Anna     12    20      40  macro
    1     a    Anna     60    64      69  micro
    2     b     Ben   <NA>  <NA>    <NA>    NaN
    >>> frame = intervals_to_frame({"a": tables[0]}, fps=30)
    >>> (frame["offset_seconds"] - frame["onset_seconds"]).round(3).tolist()
    [0.933, 0.3]
    """
    tables = _by_name(tables, names)
    if fps is not None:
        if timestamps is not None:
            raise ValueError("Pass timestamps or fps, not both; timestamps are exact.")
        timestamps = _equally_spaced(tables, fps)
    return frame_of(
        tables,
        VideoTimes(_given_by_name(timestamps, tables, "timestamps")),
        subjects=_given_by_name(subjects, tables, "subjects"),
    )


def frame_of(tables, times, *, subjects=None):
    """Return the DataFrame of tables that have been checked.

    Parameters
    ----------
    tables : dict of str to ndarray
        Interval table of each video, by its name.
    times : VideoTimes
        Times of the frames, looked up for videos with intervals.
    subjects : mapping of str to str, default=None
        Subject of each video.
    """
    import pandas as pd

    videos = pd.DataFrame({"video": list(tables)})
    if subjects is not None:
        videos["subject"] = [_subject_of(name, subjects) for name in tables]
    scored = any(table.dtype == PREDICTION_DTYPE for table in tables.values())
    columns = {
        field: _stack(tables.values(), field)
        for field in (PREDICTION_DTYPE if scored else INTERVAL_DTYPE).names
    }
    if times.known:
        columns |= _seconds(tables, times)
    lengths = np.array([len(table) for table in tables.values()], dtype=int)
    rows = pd.DataFrame(columns, index=np.repeat(np.arange(len(tables)), lengths))
    rows = rows.astype(dict.fromkeys(_FRAMES, "Int64"))  # whole numbers, also where one is missing
    return videos.join(rows).reset_index(drop=True)


def _stack(tables, field):
    """Return one field of all tables; where a table has no scores, they are missing."""
    columns = [
        table[field] if field in table.dtype.names else np.full(len(table), np.nan)
        for table in tables
    ]
    return np.concatenate([np.empty(0, PREDICTION_DTYPE[field]), *columns])


def _seconds(tables, times):
    """Return when the frames of all tables are shown, one column for each kind of frame."""
    known = [(times.seconds(name, table), table) for name, table in tables.items() if len(table)]
    return {
        f"{field}_seconds": np.concatenate(
            [np.empty(0), *(seconds[table[field]] for seconds, table in known)]
        ).round(6)
        for field in _FRAMES
    }


def _by_name(tables, names):
    """Return the tables by the names of their videos, all of them checked."""
    if isinstance(tables, Mapping):
        if names is not None:
            raise ValueError("names are for a list of tables; the keys of a dict are the names.")
        for name, table in tables.items():
            check_intervals(table, allow_overlap=True, name=f"tables[{name!r}]")
        return dict(tables)
    tables = check_interval_tables(tables, allow_overlap=True, name="tables")
    names = range(len(tables)) if names is None else _one_each(names, tables, "names")
    repeated = sorted({str(name) for name, count in Counter(names).items() if count > 1})
    if repeated:
        raise ValueError(f"Several videos are called {', '.join(repeated)}; names must differ.")
    return dict(zip(names, tables))


def _given_by_name(values, tables, what):
    """Return what is given for each video by its name; None, mappings and functions as they are."""
    if values is None or isinstance(values, Mapping) or callable(values):
        return values
    return dict(zip(tables, _one_each(values, tables, what)))


def _one_each(values, tables, what):
    """Return values as a list; refuse those that are not one for each table."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{what} must hold one entry for each table, got {values!r}.")
    values = list(values)
    if len(values) != len(tables):
        raise ValueError(
            f"{what} must hold one entry for each table, got {len(values)} for {len(tables)} "
            "tables."
        )
    return values


def _subject_of(name, subjects):
    if name not in subjects:
        raise ValueError(f"subjects lacks the video {name!r}; it has {list(subjects)}.")
    return subjects[name]


def _equally_spaced(tables, fps):
    """Return the times of the frames of each video, as far as its intervals go."""
    check_fps(fps)
    lengths = {name: table["offset"].max(initial=-1) + 1 for name, table in tables.items()}
    return {name: np.arange(length) / fps for name, length in lengths.items()}
