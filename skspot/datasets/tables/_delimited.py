"""Tables in text files, as spreadsheet programs of all countries write them."""

import csv
import io

import pandas as pd

_DELIMITERS = (",", ";", "\t")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_WORKBOOKS = (b"PK", b"\xd0\xcf\x11\xe0")
_CONTROL = frozenset(range(32)) - frozenset(b"\t\n\r\f")


def is_text(path):
    """Return whether a file is text, not a workbook or web page, whatever its suffix."""
    with path.open("rb") as file:
        start = file.read(512)
    markup = start.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<")
    return not (start.startswith(_WORKBOOKS) or markup)


def read_delimited(path):
    """Read the cells of a text file.

    Parameters
    ----------
    path : Path
        The file: UTF-8, UTF-16 with its mark, or else Windows' western code page.

    Returns
    -------
    grids : dict of str to DataFrame
        For each possible delimiter, the cells as text, indexed by the line they stand in, from 1.
    fault : str or None
        What is wrong with the quotes in the file, given its most frequent delimiter.

    Raises
    ------
    ValueError
        If the file is empty or not text.
    """
    text = _decode(path)
    if not text.strip():
        raise ValueError(
            f"The annotation table {path.name} is empty ({path.stat().st_size} bytes)."
        )
    grids, faults = {}, {}
    for delimiter in _DELIMITERS:
        try:
            grids[delimiter] = _grid(text, delimiter)
        except csv.Error as error:
            faults[delimiter] = str(error)
    return grids, faults.get(max(_DELIMITERS, key=text.count))


def _decode(path):
    """Return the text of a file."""
    data = path.read_bytes()
    encodings = ("utf-16",) if data.startswith(_UTF16) else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not any(ord(character) in _CONTROL for character in set(text)):
            return text
    raise ValueError(
        f"{path.name} is not a table: it holds binary data ({data[:16]!r} ...); export the table "
        "as CSV or .xlsx."
    )


def _grid(text, delimiter):
    """Return the cells of a text."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines, rows = [], []
    end = 0
    try:
        for row in reader:
            lines.append(end + 1)  # a cell may hold several lines
            rows.append(row)
            end = reader.line_num
    except csv.Error as error:
        raise csv.Error(f"line {end + 1}: {error}") from None
    width = max(map(len, rows))
    padded = [row + [""] * (width - len(row)) for row in rows]
    return pd.DataFrame(padded, index=lines, dtype=object)
