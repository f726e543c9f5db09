"""Workbooks of spreadsheet programs: their sheets as raw cells, and the tables within."""

import os
import re
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from skspot.datasets.tables._cells import is_empty
from skspot.utils._text import join_limited

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # how .xls files begin, and encrypted .xlsx files
_ZIP = b"PK"
_SAVE_AS = "open it in a spreadsheet program and save it as .xlsx"


def read_workbook(path):
    """Read the sheets of an .xlsx or .xls workbook.

    Parameters
    ----------
    path : str or path-like
        The workbook. Its kind is determined by its content, as suffixes may be wrong.

    Returns
    -------
    sheets : dict of str to DataFrame
        The cells of each sheet, as the file stores them: numbers, text, dates, NaN for empty cells,
        and the saved values of formulas. The index numbers the rows as spreadsheet programs do,
        from 1; empty rows are left out.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If the file is not a workbook, damaged, empty, or protected by a password.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(_no_file(path))
    engine = _engine(path)
    try:
        with warnings.catch_warnings():
            # pandas announces future changes, openpyxl says which styles it ignores.
            warnings.simplefilter("ignore")
            sheets = pd.read_excel(
                path,
                sheet_name=None,
                header=None,
                dtype=object,
                engine=engine,
                keep_default_na=False,  # a subject may be called NA
                na_values=[""],
            )
    except Exception as error:  # the engines raise many kinds of errors for damaged files
        raise ValueError(_engine_failed(path, error)) from error
    sheets = {str(name): _occupied(cells) for name, cells in sheets.items()}
    if all(cells.empty for cells in sheets.values()):
        raise ValueError(f"The workbook {str(path)!r} is empty: no cell holds anything.")
    return sheets


def table_below_header(cells, needed, optional=()):
    """Find the table in a sheet by its header.

    Parameters
    ----------
    cells : DataFrame
        A sheet as `read_workbook` returns it.
    needed, optional : dict of str to tuple of str
        Columns, each with the other spellings of its name. Case, blanks and underscores are
        ignored. The header is the first row that contains all needed names.

    Returns
    -------
    table : DataFrame or None
        The rows below the header, with the column `place` ("row 12"). Known columns get the names
        given here, others keep their names; columns without a name are named after their letter,
        "column K". None if there is no such header.

    Raises
    ------
    ValueError
        If the header names a column twice.
    """
    known = {**needed, **dict(optional)}
    spellings = {_plain(text): name for name in known for text in (name, *known[name])}
    for row, header in cells.iterrows():
        names = [spellings.get(_plain(cell)) for cell in header]
        if not set(needed) <= set(names):
            continue
        twice = sorted({name for name in names if name and names.count(name) > 1})
        if twice:
            raise ValueError(f"row {row} names the column {twice[0]!r} twice; rename one of them")
        labels = [name or _label(cell, i) for i, (name, cell) in enumerate(zip(names, header))]
        return with_places(cells.loc[cells.index > row].set_axis(_unique(labels), axis=1))
    return None


def first_table(sheets, needed, optional=(), *, where):
    """Return the first table with such a header in a workbook; see `table_below_header`.

    Parameters
    ----------
    sheets : dict of str to DataFrame
        What `read_workbook` returned.
    needed, optional : dict of str to tuple of str
        The columns.
    where : Path
        The workbook, for messages.
    """
    for name, cells in sheets.items():
        try:
            table = table_below_header(cells, needed, optional)
        except ValueError as error:
            raise ValueError(f"{str(where)!r}, sheet {name!r}: {error}.") from None
        if table is not None:
            return table
    raise ValueError(
        f"No sheet of {str(where)!r} has a row with the names of the columns {list(needed)}. "
        f"{_nearest_header(sheets, needed)}."
    )


def _nearest_header(sheets, needed):
    """Return a description of the first row with the most needed names, for the error."""
    best = None
    for name, cells in sheets.items():
        for row, header in cells.iterrows():
            written = [cell for cell in header if not is_blank(cell)]
            names = set(map(_plain, written))
            lacks = [key for key in needed if not names & set(map(_plain, (key, *needed[key])))]
            if best is None or len(lacks) < len(best[0]):
                best = lacks, f"row {row} of sheet {name!r}", written
    lacks, place, written = best
    if len(lacks) == len(needed):
        return f"No row contains any of them; {place} contains {written!s:.200}"
    return f"The closest is {place}, {written!s:.300}, which lacks {lacks}"


def with_places(rows):
    """Return rows of a sheet with the column `place`, numbered from 0."""
    places = [f"row {number}" for number in rows.index]
    return rows.reset_index(drop=True).assign(place=places)


def _no_file(path):
    """Return the message for a path without a file."""
    if path.is_dir():
        return f"{str(path)!r} is a folder, not a workbook; pass the file."
    folder = path.absolute().parent
    if not folder.is_dir():
        return f"There is no workbook {str(path)!r}: the folder {str(folder)!r} does not exist."
    found = join_limited(sorted(os.listdir(folder))) or "nothing"
    return f"There is no workbook {str(path)!r}; {str(folder)!r} contains {found}."


def _engine(path):
    """Return which engine of pandas reads the file; refuse a file that is not a workbook."""
    if path.name.startswith("~$"):
        raise ValueError(
            f"{str(path)!r} is not a workbook, but the note of a spreadsheet program that "
            f"{path.name[2:]!r} is open; pass that file."
        )
    with path.open("rb") as file:
        start = file.read(512)
    if start.startswith(_ZIP):
        return _check_zip(path)
    if start.startswith(_OLE):
        return _check_ole(path)
    if not start.strip(b"\0"):
        fault = f"is empty ({path.stat().st_size} bytes); copy or download it again"
    elif start.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        fault = f"contains HTML or XML, despite its name; {_SAVE_AS}"
    elif b"\0" not in start:
        fault = f"contains plain text, such as CSV, despite its name; {_SAVE_AS}"
    else:
        fault = "is of an unknown kind; it may be damaged: copy or download it again"
    raise ValueError(_no_workbook(path, fault))


def _check_zip(path):
    """Return the engine for a zip archive; refuse one that is not an .xlsx workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
    except zipfile.BadZipFile:
        fault = f"is cut short or damaged ({path.stat().st_size} bytes); copy or download it again"
        raise ValueError(_no_workbook(path, fault)) from None
    if "xl/workbook.xml" in members:
        return "openpyxl"
    if "word/document.xml" in members:
        kind = "a text document (.docx)"
    elif "xl/workbook.bin" in members:
        kind = f"a binary workbook (.xlsb): {_SAVE_AS}"
    elif "content.xml" in members:
        kind = f"an OpenDocument file: {_SAVE_AS}"
    else:
        kind = f"a zip archive with {', '.join(members[:3]) or 'nothing'} in it"
    raise ValueError(_no_workbook(path, f"is {kind}"))


def _check_ole(path):
    """Return the engine for a compound document; refuse one that is encrypted."""
    if "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
        raise ValueError(_protected(path))
    return "xlrd"


def _engine_failed(path, error):
    """Return the message for a workbook that can't be read."""
    if "encrypted" in str(error).lower():
        return _protected(path)
    return _no_workbook(
        path, f"can't be read ({error!r:.200}); if a spreadsheet program can open it, {_SAVE_AS}"
    )


def _protected(path):
    return (
        f"The workbook {str(path)!r} is protected by a password; open it in a spreadsheet program "
        "and save it without a password."
    )


def _no_workbook(path, fault):
    return f"{str(path)!r} is not an .xlsx or .xls workbook: it {fault}."


def _occupied(cells):
    """Return the rows and columns up to the last that holds a cell; rows numbered from 1."""
    filled = ~cells.map(lambda cell: is_blank(cell)).to_numpy(dtype=bool)
    last_column = np.flatnonzero(filled.any(axis=0)).max(initial=-1)
    cells = cells.set_axis(cells.index + 1).iloc[:, : last_column + 1]
    return cells[filled.any(axis=1)]


def is_blank(cell):
    """Return whether a cell contains nothing, or only blanks."""
    return not cell.strip() if isinstance(cell, str) else is_empty(cell)


def _plain(cell):
    """Return a name in the spelling that is compared."""
    return re.sub(r"[\s_]+", "", cell).casefold() if isinstance(cell, str) else ""


def _label(cell, position):
    """Return the name of a column that is not in the lists of known names."""
    if not is_blank(cell):
        return str(cell).strip()
    letters = ""
    position += 1
    while position:
        position, letter = divmod(position - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"column {letters}"


def _unique(labels):
    """Return distinct labels: repeated ones get their count, as in Notes, Notes (2)."""
    seen = {}
    result = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        result.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return result
