"""Intervals to and from files."""

from skspot.io._formats import FORMATS as _FORMATS
from skspot.io._intervals import read_intervals, write_intervals

INTERVAL_FORMATS = tuple(_FORMATS)

__all__ = ["INTERVAL_FORMATS", "read_intervals", "write_intervals"]
