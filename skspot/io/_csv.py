"""Interval tables as CSV: one row for each interval, frames and seconds side by side."""

import re

import numpy as np

from skspot.intervals import intervals_to_dataframe, make_intervals

_FRAMES = ("onset", "apex", "offset")
_VALUES = (*_FRAMES, "label", "score")
# What stands for a missing value; a video may be called "NA" nevertheless.
_MISSING = ["", "NA", "N/A", "NaN", "nan", "null", "None", "-"]


def encode(tables, *, timestamps):
    """Return the CSV file of tables; a video without intervals gets one row, its name alone."""
    rows = intervals_to_dataframe(tables, timestamps=timestamps)
    return rows.to_csv(index=False).encode("utf-8")


def decode(path):
    """Return the tables of a CSV file."""
    return tables_of(read_rows(path, {"video", "onset", "offset", "label"}))


def read_rows(path, needed, renamed=None):
    """Return the rows of a CSV file that has the columns `needed`, some of them renamed first."""
    import pandas as pd

    try:
        frame = pd.read_csv(
            path,
            dtype=dict.fromkeys(("video", "vid", "subject", "label", "type", "score"), str),
            index_col=False,  # a comma too many at the ends of lines shifts no columns
            keep_default_na=False,
            na_values={"video": [""], "vid": [""], **dict.fromkeys(_VALUES, _MISSING)},
        )
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise ValueError(f"this is no CSV table of intervals: {error}.") from error
    missing = needed - set(frame.columns)
    if missing:
        raise ValueError(f"lacks the columns {sorted(missing)}; it has {list(frame.columns)}.")
    frame = frame.rename(columns=renamed or {})
    for row in np.flatnonzero(frame["video"].isna()):
        raise ValueError(f"line {row + 2}: the name of the video is missing.")
    return frame


def tables_of(frame):
    """Return the table of each video; a row with nothing but a name is a video without any."""
    columns = [column for column in _VALUES if column in frame.columns]
    return {
        name: _table(rows[columns], f"video {name}")
        for name, rows in frame.groupby("video", sort=False)
    }


def _table(rows, where):
    """Return the table of one video; rows without any value are left out."""
    rows = rows.dropna(how="all", axis=0)
    for column in ("apex", "score"):
        if column in rows and rows[column].isna().all():
            rows = rows.drop(columns=column)
    try:
        return make_intervals(rows)
    except ValueError as error:
        lines = [row + 2 for row in rows.index]  # the header is line 1
        raise ValueError(f"{where}: {_with_lines(str(error), lines)}") from error


def _with_lines(message, lines):
    """Return a message about rows of a table that names lines of the file instead."""

    def name(match):
        one, first, second = match.groups()
        if one:
            return f"line {lines[int(one)]}"
        return f"lines {lines[int(first)]} and {lines[int(second)]}"

    return re.sub(r"\b(?:[Rr]ow (\d+)|rows (\d+) and (\d+))", name, message, count=1)
