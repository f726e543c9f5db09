"""Interval tables: what an expression is in skspot.

An interval is one expression with its onset, apex and offset, zero-based frame numbers that all
belong to the interval, and its label. The intervals of one video make a table: a structured array.
"""

import itertools
from collections.abc import Iterable, Mapping

import numpy as np

CLASSES = ("macro", "micro")

INTERVAL_DTYPE = np.dtype(
    [("onset", np.int64), ("apex", np.int64), ("offset", np.int64), ("label", "U5")]
)

PREDICTION_DTYPE = np.dtype([*INTERVAL_DTYPE.descr, ("score", np.float64)])

_FRAME_FIELDS = ("onset", "apex", "offset")
_COLUMNS = PREDICTION_DTYPE.names
_ROW_LAYOUTS = {
    3: ("onset", "offset", "label"),
    4: ("onset", "apex", "offset", "label"),
    5: ("onset", "apex", "offset", "label", "score"),
}


def make_intervals(rows=(), *, n_frames=None):
    """Build the interval table of one video.

    Parameters
    ----------
    rows : iterable of tuples, DataFrame, mapping of columns, or structured array, default=()
        The intervals. A tuple is (onset, offset, label), (onset, apex, offset, label) or
        (onset, apex, offset, label, score). Tables hold the columns `onset`, `offset`, `label`
        and, if known, `apex` and `score`; other columns are not looked at. Frames are zero-based
        and inclusive. An interval without an apex gets its middle frame.
    n_frames : int, default=None
        Length of the video in frames. If given, intervals that reach beyond it are refused.

    Returns
    -------
    table : ndarray of shape (n_intervals,), dtype `INTERVAL_DTYPE` or `PREDICTION_DTYPE`
        The intervals in the order given, of `PREDICTION_DTYPE` if they carry scores. No rows make
        an empty table: a video without expressions.

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
    # Checked before the assignment: a fixed-width string field would cut a wrong label short.
    table["label"] = _check_labels(columns["label"])
    if scored:
        table["score"] = _as_numbers(columns["score"], "score")
    return check_intervals(table, n_frames=n_frames, allow_overlap=scored)


def check_intervals(table, *, n_frames=None, allow_overlap=False, name="intervals"):
    """Check one interval table and return it.

    Parameters
    ----------
    table : ndarray of dtype `INTERVAL_DTYPE` or `PREDICTION_DTYPE`
        The table to check.
    n_frames : int, default=None
        Length of the video in frames, if intervals beyond it are to be refused.
    allow_overlap : bool, default=False
        Whether intervals of one label may share frames: predictions may, annotations may not.
    name : str, default="intervals"
        What the errors call the table, such as ``"y[3]"``.

    Returns
    -------
    table : ndarray
        The table itself.

    Raises
    ------
    TypeError
        If `table` is no interval table.
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


def is_interval_table(table):
    """Tell whether `table` has one of the two interval dtypes and one dimension."""
    return (
        isinstance(table, np.ndarray)
        and table.ndim == 1
        and table.dtype in (INTERVAL_DTYPE, PREDICTION_DTYPE)
    )


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
    """Return a column of frame numbers as int64; refuse what is not a whole number."""
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
    """Return a column of numbers as float64; refuse what is none."""
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
    """Return the labels; refuse unknown ones."""
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
