"""A user's annotation table: a text file, a workbook, a DataFrame or a mapping."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from skspot.datasets.tables._delimited import is_text, read_delimited
from skspot.datasets.tables._workbooks import is_blank, read_workbook, table_below_header
from skspot.intervals import check_intervals

_NEEDED = {"video": (), "onset": (), "offset": (), "label": ()}
# `place` is where a row stands; a column of that name in the table is renamed.
_OPTIONAL = {"subject": (), "apex": (), "place_": ("place",)}


class UserTable(NamedTuple):
    """The rows of a user's annotation table.

    Parameters
    ----------
    rows : DataFrame
        Raw cells in the columns ``place`` (where a row stands), ``video``, ``onset``, ``offset``,
        ``label``, ``subject`` and ``apex`` if the table has them, and its further columns.
    name : str
        Name of the table in errors.
    folder : Path or None
        The folder of its file.
    decimal_comma : bool
        Whether commas separate decimals in its text.
    shifted : frozenset of int
        The rows with more cells than the header has names: their cells may stand in the wrong
        column, as after a decimal comma in a file that is delimited by commas.
    """

    rows: pd.DataFrame
    name: str
    folder: Path | None = None
    decimal_comma: bool = False
    shifted: frozenset = frozenset()


def read_user_table(table):
    """Read a user's annotation table.

    Parameters
    ----------
    table : str, path-like, DataFrame, or mapping of str to ndarray
        The path of a text file or workbook, a DataFrame, or interval tables by video.

    Returns
    -------
    table : UserTable
        Its rows without empty ones.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    TypeError
        If `table` is of another kind.
    ValueError
        If the file can't be read, or a column is missing or there twice.
    """
    if isinstance(table, pd.DataFrame):
        return _from_dataframe(table)
    if isinstance(table, Mapping):
        return _from_tables(table)
    if not isinstance(table, (str, os.PathLike)):
        raise TypeError(
            "table must be the path of a CSV file or workbook, a DataFrame, or a mapping from "
            f"videos to interval tables, got {type(table).__name__}: {table!r:.80}."
        )
    return _from_file(Path(table))


def _from_file(path):
    if not path.is_file():
        what = "a folder; pass the table in it" if path.is_dir() else "no such file"
        hint = "" if path.is_absolute() else f" (relative to {Path.cwd()})"
        raise FileNotFoundError(f"The annotation table {str(path)!r}{hint} is {what}.")
    if not is_text(path):
        cells = next(iter(read_workbook(path).values()))
        rows = _table(cells, path.name)
        if rows is None:
            raise ValueError(_no_header(path.name, cells))
        return UserTable(rows, path.name, path.parent)
    grids, fault = read_delimited(path)
    for delimiter, cells in grids.items():
        rows = _table(cells, path.name)
        if rows is not None:
            rows["place"] = [place.replace("row", "line") for place in rows["place"]]
            comma = _has_decimal_commas(rows, delimiter)
            return UserTable(rows, path.name, path.parent, comma, _shifted(rows))
    if fault:
        raise ValueError(f"{path.name} is not a CSV table: {fault}; correct the quotes in it.")
    raise ValueError(_no_header(path.name, max(grids.values(), key=lambda cells: cells.shape[1])))


def _has_decimal_commas(rows, delimiter):
    """Return whether commas separate decimals, and points, if any, thousands."""
    cells = [cell for name in ("onset", "apex", "offset") if name in rows for cell in rows[name]]
    if delimiter == ";":  # then commas separate decimals, unless points clearly do
        return not any(re.fullmatch(r"\s*-?\d+\.(\d{1,2}|\d{4,})\s*", cell) for cell in cells)
    return delimiter == "\t" and any("," in cell for cell in cells)


def _shifted(rows):
    """Return the rows with cells beyond the last column that has a name."""
    columns = [column for column in rows if column != "place"]
    while re.fullmatch(r"column [A-Z]+", columns[-1]):  # what those without a name are called
        columns.pop()
    beyond = rows.drop(columns=[*columns, "place"])
    return frozenset(rows.index[~beyond.map(is_blank).all(axis=1)])


def _from_dataframe(dataframe):
    header = pd.DataFrame([list(dataframe.columns)], dtype=object)
    cells = dataframe.astype(object).set_axis(range(dataframe.shape[1]), axis=1)
    cells = pd.concat([header, cells], ignore_index=True)
    rows = _table(cells, "the DataFrame")
    if rows is None:
        raise ValueError(_no_header("the DataFrame", cells))
    numbers = [int(place.removeprefix("row ")) for place in rows["place"]]
    rows["place"] = [f"row {dataframe.index[number - 1]}" for number in numbers]
    return UserTable(rows, "the DataFrame")


def _from_tables(tables):
    rows = []
    for video, table in tables.items():
        check_intervals(table, allow_overlap=True, name=f"table[{video!r}]")
        for number, interval in enumerate(table):
            place = f"interval {number}"
            fields = zip(table.dtype.names, interval.tolist())
            rows.append({"place": place, "video": video, **dict(fields)})
        if not len(table):
            rows.append({"place": "", "video": video})
    columns = ["place", "video", "onset", "apex", "offset", "label"]
    return UserTable(pd.DataFrame(rows, columns=columns, dtype=object), "the mapping")


def _table(cells, name):
    """Return the table in a grid of cells, without empty rows; None if there is no header."""
    try:
        rows = table_below_header(cells, _NEEDED, _OPTIONAL)
    except ValueError as error:
        raise ValueError(f"{name}: {error}.") from error
    if rows is None:
        return None
    blank = rows.drop(columns="place").map(is_blank).all(axis=1)
    return rows[~blank].reset_index(drop=True)


def _no_header(name, cells):
    """Return the message for a table without the columns that are needed."""
    if cells.empty:
        return f"{name} is empty; it needs the columns {', '.join(_NEEDED)}."
    first = [str(cell) for cell in cells.iloc[0] if not is_blank(cell)]
    lacks = [column for column in _NEEDED if column not in {text.strip().lower() for text in first}]
    hint = ""
    if "offset" in lacks and any(text.strip().lower() == "duration" for text in first):
        hint = " An offset is the onset plus the duration, less 1 in frames."
    return (
        f"{name} lacks the columns {', '.join(lacks)}: no row holds all of the names "
        f"{', '.join(_NEEDED)}; the first row is {first[:12]!r:.400}. Rename the columns.{hint}"
    )
