"""``skspot report``: reports on videos as HTML, with an index of many."""

import os
import warnings
from functools import partial
from pathlib import Path

from skspot.cli._arguments import check_file, check_folder
from skspot.cli._spotter import load_spotter, pretrained_name
from skspot.cli._videos import (
    add_videos,
    count_text,
    find_all,
    map_named,
    output_names,
    spot_video,
    with_rate,
)

_SUFFIXES = (".html", ".htm")


def add_report(commands):
    """Add the command."""
    command = commands.add_parser(
        "report",
        help="find the expressions in videos and write an HTML report on each video",
        description="For each video, write one HTML file with a timeline, pictures of each "
        "expression, and the settings that the result depends on. The files can be opened without "
        "an internet connection.",
    )
    add_videos(command)
    command.add_argument(
        "--out",
        type=Path,
        metavar="PATH",
        default=Path("report.html"),
        help="file to write or, for several videos, folder for the reports and their list, "
        "index.html (default report.html)",
    )
    command.add_argument(
        "--no-faces",
        action="store_false",
        dest="faces",
        help="leave out all pictures of the face; drawings show how its landmarks move",
    )
    command.set_defaults(run=_run)


def _run(options):
    paths = list(map(str, find_all(options.videos)))
    names = output_names(paths)
    files = _output_files(names, options)
    videos = [with_rate(path, options) for path in paths]
    spotter = load_spotter(options, videos)
    files[0].parent.mkdir(parents=True, exist_ok=True)
    model = options.model or pretrained_name()
    write = partial(_try_report, spotter=spotter, model=model, faces=options.faces)
    outcomes = map_named(write, files, videos, paths, task="the report", n_jobs=options.jobs)
    reports = {}
    for path, file, (text, report) in zip(paths, files, outcomes):
        if isinstance(report, Exception):
            reports[os.path.basename(os.path.abspath(path))] = report
            warnings.warn(f"No report on {path}: {type(report).__name__}: {report}")
        else:
            reports[file.name] = report
            print(text, flush=True)
    if not _is_page(options.out):
        _write_index(options.out, reports)
    return int(any(isinstance(report, Exception) for report in reports.values()))


def _is_page(path):
    return path.suffix.lower() in _SUFFIXES


def _output_files(names, options):
    """Return the file of each report; refuse one file for several."""
    out = options.out
    if not _is_page(out):
        check_folder(out)
        if "index" in names:
            raise ValueError(
                f"The report on the video 'index' would overwrite {out / 'index.html'}, the list "
                "of all reports. Rename the video."
            )
        return [out / f"{name}.html" for name in names]
    if len(names) > 1:
        raise ValueError(
            f"Each of the {len(names)} videos gets its own report, so --out must be a folder, got "
            f"the file {str(out)!r}."
        )
    check_file(out)
    return [out]


def _try_report(file_and_video, **settings):
    """Do what `_write_report` does; for a video that fails, return no text and the error."""
    from skspot.utils._parallel import SetupError

    try:
        return _write_report(*file_and_video, **settings)
    except (SetupError, ImportError):  # every video would fail
        raise
    except Exception as error:
        return None, error


def _write_report(file, video, *, spotter, model, faces):
    """Write the report on one video; return the line to print and the entry in the index."""
    from skspot.reporting import VideoReport

    result = spot_video(spotter, video)
    report = VideoReport.from_result(result, estimator=spotter, faces=faces, model=model)
    report.save(file)
    return f"{result.name}: {count_text(result)}; wrote {file}", report.summary()


def _write_index(folder, reports):
    from skspot.reporting import write_report_index

    write_report_index(folder / "index.html", reports)
    print(f"Wrote {folder / 'index.html'}, the list of all reports.")
