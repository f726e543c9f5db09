"""What a cell of an annotation table may hold."""

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
    """What a cell says about a frame.

    Parameters
    ----------
    frame : float
        The number of the frame, NaN if the cell is empty.
    text : str, default=""
        What the cell says, if that is no number of a frame: "1,5 s".
    fault : str, default=""
        Why the cell can't be read, if so.
    """

    frame: float
    text: str = ""
    fault: str = ""


def read_frame(cell, *, decimal_comma=False):
    """Return what a cell with the number of a frame says; see `parse_number`."""
    try:
        return Reading(parse_number(cell, decimal_comma=decimal_comma))
    except ValueError as error:
        return Reading(math.nan, fault=str(error))


def is_empty(cell):
    """Tell whether a cell holds nothing, or what stands for nothing."""
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
        Whether a comma in text surely separates decimals. Before three digits the other of comma
        and point, which may separate thousands, is refused.

    Returns
    -------
    number : float
        The number, NaN if the cell is empty.

    Raises
    ------
    ValueError
        If the cell holds no number, or none that is certain.
    """
    if is_empty(cell):
        return math.nan
    if isinstance(cell, (bool, np.bool_)):
        raise ValueError(f"{bool(cell)} is a truth value, not a number")
    if isinstance(cell, _DATES):
        raise ValueError(f"{cell} is a date or a time; spreadsheets make such of numbers")
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
        Text, or a number that a spreadsheet has made of a name of digits.
    width : int, default=None
        Names of digits alone are filled with leading zeros up to this length.

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
