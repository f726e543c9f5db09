"""Reports as HTML files."""

from skspot.inspection._report._index import write_report_index
from skspot.inspection._report._spotting_report import SpottingReport

__all__ = ["SpottingReport", "write_report_index"]
