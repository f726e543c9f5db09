"""A page that lists the reports on many videos."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from skspot.reporting._page import render, write
from skspot.reporting._video_report import VideoReport
from skspot.utils._typing import FilePath


def write_report_index(
    path: FilePath,
    reports: Mapping[str, VideoReport | Mapping[str, Any] | Exception],
    *,
    title: str = "Spotted expressions",
    made: datetime | None = None,
) -> None:
    """Write a page that lists reports in a table, which can be sorted.

    Parameters
    ----------
    path : str or path-like
        The file; an existing one is replaced.
    reports : mapping of str to VideoReport, dict or Exception
        For each report its file, relative to the page, and the report or what its `summary`
        returns, which takes less memory. For a video that failed, its name and the error; the page
        shows the names of files in it without their folders.
    title : str, default="Spotted expressions"
        Title of the page.
    made : datetime, default=None
        When the page was made; None is now.

    Raises
    ------
    TypeError
        If `reports` is not a mapping, or a report is none of these.

    See Also
    --------
    VideoReport : The report on one video.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skspot.datasets import make_expression_videos
    >>> from skspot.reporting import VideoReport, write_report_index
    >>> from skspot.preprocessing import FaceAligner
    >>> data = make_expression_videos(1, videos_per_subject=1, n_frames=90, random_state=0)
    >>> (aligned,) = FaceAligner("template").transform(data.videos)
    >>> report = VideoReport.from_predictions(None, data.intervals[0], aligned=aligned)
    >>> folder = Path(tempfile.mkdtemp())
    >>> report.save(folder / "interview.html")
    >>> failed = ValueError("no face was found")
    >>> write_report_index(
    ...     folder / "index.html", {"interview.html": report, "broken.mp4": failed}
    ... )
    """
    if not isinstance(reports, Mapping):
        raise TypeError(
            "reports must map the file of each report, relative to the page, to the report, got "
            f"{type(reports).__name__}."
        )
    rows, failures = [], []
    for file, report in reports.items():
        if isinstance(report, Exception):
            failures.append({"name": file, "reason": _reason(report)})
        else:
            rows.append({"file": file, **_summary(file, report)})
    page = render(
        "index.html",
        script="index.js",
        title=title,
        rows=rows,
        failures=failures,
        made=made or datetime.now(),
    )
    write(path, page)


def _reason(error):
    """Return kind and text of an error, without the folders of the paths that it quotes."""
    text = re.sub(
        r"(?<!\w)(?P<quote>['\"])(?P<path>(?:\\.|(?!(?P=quote)).)*)(?P=quote)",
        lambda quoted: f"{quoted['quote']}{_last_part(quoted['path'])}{quoted['quote']}",
        str(error),
    )
    return f"{type(error).__name__}: {text}"


def _last_part(path):
    return re.split(r"[/\\]+", path.rstrip("/\\"))[-1]


def _summary(file, report):
    summary = report.summary() if isinstance(report, VideoReport) else report
    if not isinstance(summary, dict):
        raise TypeError(
            f"reports[{file!r}] must be a VideoReport, what its summary() returns, or the error "
            f"of a video that failed; got {type(report).__name__}."
        )
    return summary
