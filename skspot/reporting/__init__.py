"""Reports as HTML files."""

from skspot.reporting._index import write_report_index
from skspot.reporting._video_report import SpottingReport

__all__ = ["SpottingReport", "write_report_index"]
