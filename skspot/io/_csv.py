"""Interval tables as CSV: one row for each interval, frames and seconds side by side."""

import re
from pathlib import Path

import numpy as np

from skspot.intervals import PREDICTION_DTYPE, check_intervals, make_intervals

_FRAMES = ("onset", "apex", "offset")
_VALUES = (*_FRAMES, "label", "score")
# What stands for a missing value; a video may be called "NA" nevertheless.
_MISSING = ["", "NA", "N/A", "NaN", "nan", "null", "None", "-"]


def write_intervals(path, tables, *, timestamps=None):
    """Write the interval tables of videos to a CSV file.

    Parameters
    ----------
    path : str or Path
        The file to write.
    tables : dict of str to ndarray
        Interval table of each video, by its name. A video without intervals gets one row that
        holds its name alone, so that it is not lost.
    timestamps : dict of str to array of shape (n_frames,), default=None
        Time of each frame in seconds, for the columns ``onset_seconds`` and so on.

    Raises
    ------
    TypeError
        If one of the tables is no interval table.
    ValueError
        If a name is not one line of text, a table holds an invalid interval, a video has no
        timestamps although others have, or an interval ends beyond them.

    See Also
    --------
    read_intervals : Reads the file.

    Examples
    --------
    >>> import tempfile, os
    >>> import numpy as np
    >>> from skspot import make_intervals
    >>> from skspot.io import read_intervals, write_intervals
    >>> path = os.path.join(tempfile.mkdtemp(), "intervals.csv")
    >>> tables = {"a": make_intervals([(3, 5, 9, "micro")]), "b": make_intervals()}
    >>> write_intervals(path, tables, timestamps={"a": np.arange(10) / 30, "b": np.arange(5) / 30})
    >>> print(open(path).read().strip())
    video,onset,apex,offset,label,onset_seconds,apex_seconds,offset_seconds
    a,3,5,9,micro,0.1,0.166667,0.3
    b,,,,,,,
    >>> read_intervals(path)["a"]["apex"]
    array([5])
    """
    import pandas as pd

    rows = []
    for name, table in tables.items():
        if str(name).splitlines() != [str(name)]:
            raise ValueError(f"The name of a video must be one line of text, got {name!r}.")
        check_intervals(table, allow_overlap=True, name=f"tables[{name!r}]")
        frame = pd.DataFrame(table) if len(table) else pd.DataFrame([{}])
        frame.insert(0, "video", name)
        if timestamps is not None and len(table):
            times = _times_of(name, timestamps, table)
            for field in _FRAMES:
                frame[f"{field}_seconds"] = times[table[field]].round(6)
        rows.append(frame)
    columns = ["video", *_FRAMES, "label"]
    if any(table.dtype == PREDICTION_DTYPE for table in tables.values()):
        columns.append("score")
    if timestamps is not None:
        columns += [f"{field}_seconds" for field in _FRAMES]
    written = pd.concat([pd.DataFrame(columns=columns).astype(object), *rows])[columns]
    written = written.astype(dict.fromkeys(_FRAMES, "Int64"))
    written.to_csv(Path(path), index=False)


def read_intervals(path):
    """Read the interval tables of videos from a CSV file.

    Parameters
    ----------
    path : str or Path
        The file. It needs the columns ``video``, ``onset``, ``offset`` and ``label``, in zero-based
        inclusive frames; ``apex`` and ``score`` are read if they are there, other columns are not
        looked at. A row with nothing but a video's name is a video without intervals.

    Returns
    -------
    tables : dict of str to ndarray
        Interval table of each video, in order of appearance.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a column is missing or a row holds no valid interval; the message names the video and
        the line of the file.

    See Also
    --------
    write_intervals : Writes such a file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skspot import make_intervals
    >>> from skspot.io import read_intervals, write_intervals
    >>> path = Path(tempfile.mkdtemp()) / "annotations.csv"
    >>> write_intervals(path, {"006_1": make_intervals([(12, 40, "macro"), (90, 99, "micro")])})
    >>> read_intervals(path)["006_1"]["offset"]
    array([40, 99])
    """
    import pandas as pd

    try:
        frame = pd.read_csv(
            Path(path),
            dtype={"video": str, "label": str, "score": str},
            index_col=False,  # a comma too many at the ends of lines shifts no columns
            keep_default_na=False,
            na_values={"video": [""], **dict.fromkeys(_VALUES, _MISSING)},
        )
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise ValueError(f"{str(path)!r} is no CSV table of intervals: {error}.") from error
    missing = {"video", "onset", "offset", "label"} - set(frame.columns)
    if missing:
        raise ValueError(
            f"{str(path)!r} lacks the columns {sorted(missing)}; it has {list(frame.columns)}."
        )
    for row in np.flatnonzero(frame["video"].isna()):
        raise ValueError(f"{str(path)!r}, line {row + 2}: the name of the video is missing.")
    columns = [column for column in _VALUES if column in frame.columns]
    return {
        name: _table(rows[columns], f"{path}, video {name}")
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


def _times_of(name, timestamps, table):
    """Return the times of a video's frames; refuse a table that reaches beyond them."""
    if name not in timestamps:
        raise ValueError(f"timestamps lacks the video {name!r}; it has {list(timestamps)}.")
    times = np.asarray(timestamps[name], dtype=np.float64)
    last = max(int(table[field].max()) for field in _FRAMES)
    if last >= len(times):
        raise ValueError(
            f"Video {name!r} has an interval up to frame {last}, but timestamps of only "
            f"{len(times)} frames."
        )
    return times
