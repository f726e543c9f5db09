"""Interval tables, the representation of expressions in skspot.

An interval is one expression with its label and its onset, apex and offset. These are zero-based
frame numbers and all belong to the interval. The intervals of one video form a table, a structured
array.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from skspot.utils._typing import IntervalTable, TimesByName

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

    from skspot.video import FrameTimes

CLASSES = ("macro", "micro")

INTERVAL_DTYPE: np.dtype[np.void] = np.dtype(
    [("onset", np.int64), ("apex", np.int64), ("offset", np.int64), ("label", "U5")]
)

PREDICTION_DTYPE: np.dtype[np.void] = np.dtype([*INTERVAL_DTYPE.descr, ("score", np.float64)])

_FRAME_FIELDS = ("onset", "apex", "offset")
_COLUMNS = PREDICTION_DTYPE.names
_ROW_LAYOUTS = {
    3: ("onset", "offset", "label"),
    4: ("onset", "apex", "offset", "label"),
    5: ("onset", "apex", "offset", "label", "score"),
}


def make_intervals(rows: Iterable[Any] = (), *, n_frames: int | None = None) -> IntervalTable:
    """Build the interval table of one video.

    Parameters
    ----------
    rows : iterable of tuples, DataFrame, mapping of columns, or structured array, default=()
        The intervals. A tuple is (onset, offset, label), (onset, apex, offset, label) or (onset,
        apex, offset, label, score). Tables hold the columns `onset`, `offset`, `label` and, if
        known, `apex` and `score`; other columns are ignored. Frames are zero-based and inclusive.
        An interval without an apex gets its middle frame.
    n_frames : int, default=None
        Length of the video in frames. If given, intervals beyond it raise an error.

    Returns
    -------
    table : ndarray of shape (n_intervals,), dtype `INTERVAL_DTYPE` or `PREDICTION_DTYPE`
        The intervals in the given order, of `PREDICTION_DTYPE` if they have scores. Without rows
        the table is empty: a video without expressions.

    Raises
    ------
    ValueError
        If a frame is missing, negative, not a whole number or beyond the video, if onset, apex and
        offset are out of order, if a label is unknown, or if two intervals of one label without
        scores share a frame.

    Examples
    --------
    >>> from skspot import make_intervals
    >>> table = make_intervals([(12, 20, 40, "macro"), (100, 104, 109, "micro")])
    >>> table["apex"]
    array([ 20, 104])
    >>> import pandas as pd
    >>> pd.DataFrame(table)
       onset  apex  offset  label
    0     12    20      40  macro
    1    100   104     109  micro
    """
    columns = _as_columns(rows)
    for name in ("onset", "offset", "label"):
        if name not in columns:
            raise ValueError(
                f"An interval table needs the columns onset, offset and label; {name!r} is "
                f"missing, got {sorted(columns)}."
            )
    lengths = {name: len(column) for name, column in columns.items() if name in _COLUMNS}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"The columns of an interval table must be equally long, got {lengths}.")
    n_rows = lengths["label"]
    frames = {name: _as_frames(columns[name], name) for name in ("onset", "offset")}
    frames["apex"] = (
        _as_frames(columns["apex"], "apex")
        if "apex" in columns
        else (frames["onset"] + frames["offset"]) // 2
    )
    scored = "score" in columns
    table = np.empty(n_rows, dtype=PREDICTION_DTYPE if scored else INTERVAL_DTYPE)
    for name in _FRAME_FIELDS:
        table[name] = frames[name]
    # Checked before the assignment: a string field of fixed width would truncate a wrong label.
    table["label"] = _check_labels(columns["label"])
    if scored:
        table["score"] = _as_numbers(columns["score"], "score")
    return check_intervals(table, n_frames=n_frames, allow_overlap=scored)


def check_intervals(
    table: IntervalTable,
    *,
    n_frames: int | None = None,
    allow_overlap: bool = False,
    name: str = "intervals",
) -> IntervalTable:
    """Check one interval table and return it.

    Parameters
    ----------
    table : ndarray of dtype `INTERVAL_DTYPE` or `PREDICTION_DTYPE`
        The table to check.
    n_frames : int, default=None
        Length of the video in frames, if intervals beyond it are an error.
    allow_overlap : bool, default=False
        Whether intervals of one label may share frames: predictions may, annotations may not.
    name : str, default="intervals"
        Name of the table in errors, such as ``"y[3]"``.

    Returns
    -------
    table : ndarray
        The table itself.

    Raises
    ------
    TypeError
        If `table` is not an interval table.
    ValueError
        If a row is not a valid interval.
    """
    if not is_interval_table(table):
        got = f"an array of dtype {table.dtype}" if isinstance(table, np.ndarray) else type(table)
        raise TypeError(
            f"{name} must be an interval table of one video, got {got}; "
            "build it with skspot.make_intervals."
        )
    _check_labels(table["label"], name)
    ordered = (table["onset"] <= table["apex"]) & (table["apex"] <= table["offset"])
    _refuse(table, ~ordered, "needs onset <= apex <= offset", name)
    _refuse(table, table["onset"] < 0, "has a negative frame; frames count from 0", name)
    if n_frames is not None:
        _refuse(
            table,
            table["offset"] >= n_frames,
            f"reaches beyond the video of {n_frames} frames (last frame {n_frames - 1})",
            name,
        )
    if "score" in table.dtype.names:
        _refuse(table, ~np.isfinite(table["score"]), "has a score that is not finite", name)
    if not allow_overlap:
        _refuse_overlap(table, name)
    return table


def is_interval_table(table: object) -> TypeGuard[IntervalTable]:
    """Return whether `table` has one of the two interval dtypes and one dimension."""
    return (
        isinstance(table, np.ndarray)
        and table.ndim == 1
        and table.dtype in (INTERVAL_DTYPE, PREDICTION_DTYPE)
    )


def intervals_to_dataframe(
    tables: Collection[IntervalTable] | Mapping[str, IntervalTable],
    *,
    names: Collection[str] | None = None,
    subjects: Collection[str] | Mapping[str, str] | None = None,
    timestamps: Collection[ArrayLike] | TimesByName | None = None,
    fps: float | None = None,
) -> pd.DataFrame:
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
        Frames per second of all videos, instead of `timestamps`: for arrays and folders of images,
        whose frames are equally spaced.

    Returns
    -------
    dataframe : DataFrame
        A row for each interval, in the order of the tables: `video`; `subject` if given; `onset`,
        `apex` and `offset` in zero-based frames; `label`; `score` if a table has scores; and with
        `timestamps` or `fps`, `onset_seconds`, `apex_seconds` and `offset_seconds`, when these
        frames are shown. A video without intervals has one row, in which all but its name and
        subject is missing: ``dataframe.dropna(subset="onset")`` removes such rows.

    Raises
    ------
    TypeError
        If a table is not an interval table.
    ValueError
        If a table holds an invalid interval, names repeat, names, subjects or timestamps do not
        fit the tables, an interval ends beyond the timestamps, or both `timestamps` and `fps` are
        given.

    See Also
    --------
    make_intervals : Make the table of one video, for example from a DataFrame.
    skspot.io.write_intervals : Write tables to files of many formats.

    Examples
    --------
    >>> from skspot import intervals_to_dataframe, make_intervals
    >>> tables = [make_intervals([(12, 20, 40, "macro"), (60, 64, 69, "micro")]), make_intervals()]
    >>> intervals_to_dataframe(tables, names=["a", "b"], subjects=["Anna", "Ben"])
      video subject  onset  apex  offset  label
    0     a    Anna     12    20      40  macro
    1     a    Anna     60    64      69  micro
    2     b     Ben   <NA>  <NA>    <NA>    NaN
    >>> dataframe = intervals_to_dataframe({"a": tables[0]}, fps=30)
    >>> (dataframe["offset_seconds"] - dataframe["onset_seconds"]).round(3).tolist()
    [0.933, 0.3]
    """
    import pandas as pd

    tables = _by_name(tables, names)
    if fps is not None:
        if timestamps is not None:
            raise ValueError("Pass timestamps or fps, not both; timestamps are exact.")
        timestamps = _equally_spaced(tables, fps)
    timestamps = _given_by_name(timestamps, tables, "timestamps")
    subjects = _given_by_name(subjects, tables, "subjects")
    videos = pd.DataFrame({"video": list(tables)})
    if subjects is not None:
        videos["subject"] = [_subject_of(name, subjects) for name in tables]
    scored = any(table.dtype == PREDICTION_DTYPE for table in tables.values())
    columns = {
        field: _stack(tables.values(), field)
        for field in (PREDICTION_DTYPE if scored else INTERVAL_DTYPE).names
    }
    if timestamps is not None:
        columns |= _seconds(tables, timestamps)
    lengths = np.array([len(table) for table in tables.values()], dtype=int)
    rows = pd.DataFrame(columns, index=np.repeat(np.arange(len(tables)), lengths))
    # Integers, even if some are missing.
    rows = rows.astype(dict.fromkeys(_FRAME_FIELDS, "Int64"))
    return videos.join(rows).reset_index(drop=True)


def find_times(
    timestamps: TimesByName, video: str, table: IntervalTable | None = None
) -> FrameTimes:
    """Return the times of the frames of a video; raise if a table goes beyond them.

    Parameters
    ----------
    timestamps : mapping of str to array of shape (n_frames,), or callable
        Time of each frame in seconds by the video's name, or a function that returns them.
    video : str
        The name of the video.
    table : ndarray, default=None
        Its interval table, if there is one.

    Returns
    -------
    times : FrameTimes
        The times of the frames.
    """
    from skspot.video import FrameTimes

    if not callable(timestamps) and video not in timestamps:
        raise ValueError(f"timestamps lacks the video {video!r}; it has {list(timestamps)}.")
    found = timestamps(video) if callable(timestamps) else timestamps[video]
    times = FrameTimes(found, f"The timestamps of video {video!r}")
    last = -1 if table is None else int(table["offset"].max(initial=-1))
    if last >= len(times):
        raise ValueError(
            f"Video {video!r} has an interval up to frame {last}, but timestamps of only "
            f"{len(times)} frames."
        )
    return times


def _as_columns(rows):
    """Return the rows as a dict of columns."""
    if isinstance(rows, np.ndarray) and rows.dtype.names:
        return {name: rows[name] for name in rows.dtype.names}
    if isinstance(rows, Mapping) or hasattr(rows, "columns"):
        return {str(name): np.asarray(rows[name]) for name in rows}
    if isinstance(rows, str) or not isinstance(rows, Iterable):
        raise TypeError(f"Intervals must be rows or a table of columns, got {rows!r}.")
    rows = list(rows)
    for row in rows:
        if isinstance(row, str) or not isinstance(row, Iterable):
            raise TypeError(
                "Every interval must be a tuple, as in [(10, 20, 'macro')], got the entry "
                f"{row!r} ({type(row).__name__}) in {rows!r:.80}."
            )
    rows = [tuple(row) for row in rows]
    widths = {len(row) for row in rows} or {4}
    layout = _ROW_LAYOUTS.get(next(iter(widths)))
    if len(widths) > 1 or layout is None:
        raise ValueError(
            "Every interval must be (onset, offset, label), (onset, apex, offset, label) or "
            f"(onset, apex, offset, label, score), all of one kind; got rows of {sorted(widths)} "
            "entries."
        )
    return dict(zip(layout, zip(*rows))) if rows else dict.fromkeys(layout, ())


def _as_frames(values, name):
    """Return a column of frame numbers as int64; raise if one is not a whole number."""
    numbers = _as_numbers(values, name)
    for row in np.flatnonzero(~np.isfinite(numbers)):
        raise ValueError(f"Row {row}: {name} is missing or not finite ({numbers[row]}).")
    for row in np.flatnonzero(numbers != np.floor(numbers)):
        raise ValueError(
            f"Row {row}: {name} must be a whole frame number, got {numbers[row]}; convert seconds "
            "with the video's timestamps first."
        )
    return numbers.astype(np.int64)


def _as_numbers(values, name):
    """Return a column of numbers as float64; raise if one is not a number."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        kind = "number" if name == "score" else "frame number"
        for row, value in enumerate(values):
            try:
                np.float64(np.nan if value is None else value)
            except (TypeError, ValueError) as error:
                raise ValueError(f"Row {row}: {name} must be a {kind}, got {value!r}.") from error
        raise


def _check_labels(labels, name="intervals"):
    """Return the labels; raise if one is unknown."""
    for row, label in enumerate(labels):
        if not isinstance(label, str) or label not in CLASSES:
            raise ValueError(f"{name}, row {row}: label must be one of {CLASSES}, got {label!r}.")
    return labels


def _refuse(table, bad, reason, name):
    """Raise ValueError naming the first row marked as bad."""
    for row in np.flatnonzero(bad):
        onset, apex, offset = (int(table[field][row]) for field in _FRAME_FIELDS)
        raise ValueError(
            f"{name}, row {row}: the interval (onset {onset}, apex {apex}, offset {offset}) "
            f"{reason}."
        )


def _refuse_overlap(table, name):
    """Raise ValueError if two intervals of one label share a frame."""
    for label in CLASSES:
        rows = np.flatnonzero(table["label"] == label)
        rows = rows[np.argsort(table["onset"][rows], kind="stable")]
        for first, second in itertools.pairwise(rows):
            if table["onset"][second] <= table["offset"][first]:
                spans = [f"{table['onset'][r]}-{table['offset'][r]}" for r in (first, second)]
                raise ValueError(
                    f"{name}: the {label} intervals of rows {first} and {second} "
                    f"({spans[0]} and {spans[1]}) share frames; merge or shorten them."
                )


def _by_name(tables, names):
    """Check all tables, and return them by the names of their videos."""
    from skspot.utils.validation import check_interval_tables

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
    """Return the values by the names of the videos; None, mappings and functions without change."""
    if values is None or isinstance(values, Mapping) or callable(values):
        return values
    return dict(zip(tables, _one_each(values, tables, what)))


def _one_each(values, tables, what):
    """Return values as a list; raise if there is not one for each table."""
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
    """Return the times of the frames of each video, up to the end of its last interval."""
    from skspot.utils.validation import check_fps

    check_fps(fps)
    lengths = {name: table["offset"].max(initial=-1) + 1 for name, table in tables.items()}
    return {name: np.arange(length) / fps for name, length in lengths.items()}


def _stack(tables, field):
    """Return one field of all tables; the scores of a table without scores are missing."""
    columns = [
        table[field] if field in table.dtype.names else np.full(len(table), np.nan)
        for table in tables
    ]
    return np.concatenate([np.empty(0, PREDICTION_DTYPE[field]), *columns])


def _seconds(tables, timestamps):
    """Return the times of the frames in all tables, one column for each kind of frame."""
    known = [
        (find_times(timestamps, name, table).timestamps, table)
        for name, table in tables.items()
        if len(table)
    ]
    return {
        f"{field}_seconds": np.concatenate(
            [np.empty(0), *(seconds[table[field]] for seconds, table in known)]
        ).round(6)
        for field in _FRAME_FIELDS
    }
