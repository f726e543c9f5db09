"""``skspot report``: reports on videos as HTML, with an index of many."""

import os
import warnings
from functools import partial
from pathlib import Path

from skspot.cli._arguments import check_file, check_folder
from skspot.cli._videos import (
    add_videos,
    count_text,
    find_all,
    load_spotter,
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
        help="spot the expressions of videos and report on them as HTML",
        description="For each video, write one HTML file with a timeline, pictures of each "
        "interval, and what the result depends on. It needs no network.",
    )
    add_videos(command)
    command.add_argument(
        "--out",
        type=Path,
        default=Path("report.html"),
        help="file to write, or, for several videos, folder of the reports and their index.html "
        "(default report.html)",
    )
    command.add_argument(
        "--no-faces",
        action="store_false",
        dest="faces",
        help="leave out all pictures of the face; a drawing shows how its landmarks move",
    )
    command.set_defaults(run=_run)


def _run(options):
    paths = list(map(str, find_all(options.videos)))
    names = output_names(paths)
    files = _output_files(names, options)
    videos = [with_rate(path, options) for path in paths]
    spotter = load_spotter(options, videos)
    files[0].parent.mkdir(parents=True, exist_ok=True)
    write = partial(_try_report, spotter=spotter, model=options.model, faces=options.faces)
    outcomes = map_named(write, files, videos, paths, task="the report", n_jobs=options.jobs)
    reports = {}
    for path, file, (text, report) in zip(paths, files, outcomes):
        if isinstance(report, Exception):
            reports[os.path.basename(os.path.abspath(path))] = report
            warnings.warn(f"No report on {path}: {type(report).__name__}: {report}")
        else:
            reports[file.name] = report
            print(text)
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
                "of all reports; rename the video."
            )
        return [out / f"{name}.html" for name in names]
    if len(names) > 1:
        raise ValueError(
            f"There are {len(names)} videos, each with a report of its own; --out must be a folder "
            f"for them, got the file {str(out)!r}."
        )
    check_file(out)
    return [out]


def _try_report(file_and_path, **settings):
    """Do what `_write_report` does, but return no text and the error of a video that fails."""
    from skspot.utils._parallel import SetupError

    try:
        return _write_report(*file_and_path, **settings)
    except (SetupError, ImportError):  # so it would be with every video
        raise
    except Exception as error:
        return None, error


def _write_report(file, path, *, spotter, model, faces):
    """Write the report on one video; return what to tell of it, here and in the index."""
    from skspot.reporting import VideoReport

    video, scores, table = spot_video(spotter, path)
    report = VideoReport.from_predictions(
        None, table, aligned=video, scores=scores, estimator=spotter, faces=faces, model=model
    )
    report.save(file)
    return f"{video.name}: {count_text(video, table)}; wrote {file}", report.summary()


def _write_index(folder, reports):
    from skspot.reporting import write_report_index

    write_report_index(folder / "index.html", reports)
    print(f"Wrote {folder / 'index.html'}, the list of all reports.")
