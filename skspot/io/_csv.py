"""CSV files: one row for each interval, with frames and seconds."""

import re

import numpy as np

from skspot.intervals import intervals_to_dataframe, make_intervals

_FRAMES = ("onset", "apex", "offset")
_VALUES = (*_FRAMES, "label", "score")
# Values that are read as missing. A video may nevertheless be called "NA".
_MISSING = ["", "NA", "N/A", "NaN", "nan", "null", "None", "-"]


def encode(tables, *, timestamps):
    """Return the CSV file of tables; a video without intervals gets one row with its name."""
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
            index_col=False,  # an extra comma at the ends of lines must not shift columns
            keep_default_na=False,
            na_values={"video": [""], "vid": [""], **dict.fromkeys(_VALUES, _MISSING)},
        )
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise ValueError(f"this is not a CSV table of intervals: {error}.") from error
    missing = needed - set(frame.columns)
    if missing:
        raise ValueError(f"lacks the columns {sorted(missing)}; it has {list(frame.columns)}.")
    frame = frame.rename(columns=renamed or {})
    for row in np.flatnonzero(frame["video"].isna()):
        raise ValueError(f"line {row + 2}: the name of the video is missing.")
    return frame


def tables_of(frame):
    """Return the table of each video; a row with only a name is a video without intervals."""
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
    """Replace the rows of a table in a message by the lines of the file."""

    def name(match):
        one, first, second = match.groups()
        if one:
            return f"line {lines[int(one)]}"
        return f"lines {lines[int(first)]} and {lines[int(second)]}"

    return re.sub(r"\b(?:[Rr]ow (\d+)|rows (\d+) and (\d+))", name, message, count=1)
