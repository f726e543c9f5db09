"""Intervals to and from files."""

from skspot.io._csv import read_intervals, write_intervals

__all__ = ["read_intervals", "write_intervals"]
