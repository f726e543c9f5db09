"""Read and write interval tables in many file formats."""

from skspot.io._formats import INTERVAL_FORMATS
from skspot.io._intervals import read_intervals, write_intervals

__all__ = ["INTERVAL_FORMATS", "read_intervals", "write_intervals"]
