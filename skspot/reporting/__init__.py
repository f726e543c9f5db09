"""Reports as HTML files."""

from skspot.reporting._index import write_report_index
from skspot.reporting._video_report import VideoReport

__all__ = ["VideoReport", "write_report_index"]
