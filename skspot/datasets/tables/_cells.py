"""Reading the cells of annotation tables: frames, numbers, names, empty cells."""

import datetime
import math
import re
from numbers import Real
from typing import NamedTuple

import numpy as np
import pandas as pd

# What people write into a cell that has no value; compared without case.
_EMPTY = frozenset(
    ("", "-", "--", "\N{EN DASH}", "\N{EM DASH}", "/", "?", "na", "n/a", "#n/a", "nan", "nat")
    + ("none", "null", "nil", "<na>")
)
_NUMBER = re.compile(r"([+-]?[0-9]+)(?:([.,])([0-9]*))?(e[+-]?[0-9]+)?", re.IGNORECASE)
_DATES = (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64)


class Reading(NamedTuple):
    """The content of a cell for a frame.

    Parameters
    ----------
    frame : float
        The number of the frame, NaN if the cell is empty.
    text : str, default=""
        Text of the cell, if it does not hold the number of the frame: "1,5 s".
    fault : str, default=""
        Why the cell can't be read.
    """

    frame: float
    text: str = ""
    fault: str = ""


def read_frame(cell, *, decimal_comma=False):
    """Read a cell that holds the number of a frame; see `parse_number`."""
    try:
        return Reading(parse_number(cell, decimal_comma=decimal_comma))
    except ValueError as error:
        return Reading(math.nan, fault=str(error))


def is_empty(cell):
    """Return whether a cell holds nothing, or a sign for it such as a dash."""
    if isinstance(cell, str):
        return cell.strip().casefold() in _EMPTY
    return cell is None or cell is pd.NA or cell is pd.NaT or (_is_real(cell) and cell != cell)


def parse_number(cell, *, decimal_comma=False):
    """Return the number in a cell.

    Parameters
    ----------
    cell : object
        A number, or text that holds one, with a decimal point or a decimal comma.
    decimal_comma : bool, default=False
        Whether commas in the table separate decimals, instead of points. The other character is
        accepted, too, except before three digits, where it may separate thousands.

    Returns
    -------
    number : float
        The number, NaN if the cell is empty.

    Raises
    ------
    ValueError
        If the cell does not hold a number, or an ambiguous one.
    """
    if is_empty(cell):
        return math.nan
    if isinstance(cell, (bool, np.bool_)):
        raise ValueError(f"{bool(cell)} is a truth value, not a number")
    if isinstance(cell, _DATES):
        raise ValueError(f"{cell} is a date or a time, which spreadsheets turn some numbers into")
    if isinstance(cell, str):
        return _finite(_parse_text(cell, decimal_comma), cell)
    if not _is_real(cell):
        raise ValueError(f"{cell!r:.60} is not a number")
    try:
        return _finite(float(cell), cell)
    except OverflowError:
        raise ValueError("a number of more than 300 digits") from None


def parse_id(cell, width=None):
    """Return the name in a cell, such as that of a subject, as text.

    Parameters
    ----------
    cell : object
        Text, or a number if a spreadsheet has converted a name that consists of digits.
    width : int, default=None
        Names that consist of digits are filled with leading zeros up to this length.

    Returns
    -------
    name : str
        The text without blanks around it, ``""`` for an empty cell; 6.0 is ``"6"``.
    """
    if not isinstance(cell, str) and is_empty(cell):
        return ""
    whole = isinstance(cell, (float, np.floating)) and float(cell).is_integer()
    text = str(int(cell) if whole else cell).strip()
    return text.zfill(width) if width and text.isascii() and text.isdigit() else text


def _is_real(cell):
    return isinstance(cell, Real) and not isinstance(cell, (bool, np.bool_))


def _parse_text(text, decimal_comma):
    """Return the number that a text holds."""
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r:.60} is not a number")
    whole, separator, decimals, exponent = match.groups()
    of_thousands = "." if decimal_comma else ","
    if separator == of_thousands and len(decimals) == 3:
        raise ValueError(f"{text!r:.60} may be {whole}.{decimals} or {whole}{decimals}")
    return float(f"{whole}.{decimals or '0'}{exponent or ''}")


def _finite(number, cell):
    if not math.isfinite(number):
        raise ValueError(f"{cell!r:.60} is not finite")
    return number
