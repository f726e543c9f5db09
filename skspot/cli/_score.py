"""``skspot score``: compare intervals that were predicted before with annotated ones."""

import sys
from pathlib import Path

from skspot.cli._annotated import (
    add_annotated,
    is_table,
    load_annotated,
    read_table,
    read_tables,
)
from skspot.cli._arguments import add_format, add_iou, given
from skspot.video import VIDEO_SUFFIXES

# Options for which the videos have to be opened.
_NEED_VIDEOS = ("repairs", "fps", "keep_every")


def add_score(commands):
    """Add the command."""
    command = commands.add_parser(
        "score",
        help="compare predicted intervals with annotated ones",
        description="Print counts, precision, recall and F1 of macro- and micro-expressions, "
        "pooled over all videos. Predicted and annotated intervals belong to one video if its file "
        "name without suffix is the same.",
    )
    command.add_argument(
        "predicted",
        type=Path,
        help="the predicted intervals: a file in a format that skspot writes, or a folder of such "
        "files",
    )
    add_format(command, "--predicted-format", "of the predicted intervals")
    add_annotated(command)
    add_iou(command)
    command.set_defaults(run=_run, jobs=1)


def _run(options):
    from skspot.intervals import make_intervals
    from skspot.metrics import spotting_report

    source = options.annotations or options.dataset
    predicted = read_tables(options.predicted, options.videos, options.predicted_format)
    predicted = _by_stem(predicted, options.predicted)
    true = _by_stem(_true_tables(options), source)
    if not set(true) & set(predicted):
        raise ValueError(
            f"{options.predicted} and {source} have no video in common. Videos are identified by "
            f"their file name without suffix: {_first_few(predicted)} in the predictions, "
            f"{_first_few(true)} in the annotations."
        )
    videos = list(dict.fromkeys([*true, *predicted]))
    _print_missing("predictions", predicted, options.predicted, videos)
    _print_missing("annotations", true, source, videos)
    empty = make_intervals()
    print(
        spotting_report(
            [true.get(video, empty) for video in videos],
            [predicted.get(video, empty) for video in videos],
            iou_threshold=options.iou,
        )
    )
    return 0


def _true_tables(options):
    """Return the annotated interval tables by the names of their videos.

    The videos are opened only if an option makes that necessary.
    """
    if options.dataset or options.unit == "seconds" or given(options, _NEED_VIDEOS):
        data = load_annotated(options)
        return dict(zip(data.names, data.intervals))
    if is_table(options):
        return read_table(options)
    return read_tables(options.annotations, options.videos, options.annotation_format)


def _print_missing(what, tables, path, videos):
    """Print which videos have no table."""
    missing = [video for video in videos if video not in tables]
    if missing:
        print(
            f"{len(missing)} of {len(videos)} videos have no {what} in {path}, and count as "
            f"videos without intervals: {', '.join(missing)}",
            file=sys.stderr,
        )


def _by_stem(tables, path):
    """Return tables by the file name of their video without suffix, as `skspot spot` names them."""
    by_stem = {}
    for name, table in tables.items():
        file = Path(name)
        stem = file.stem if file.suffix.lower() in VIDEO_SUFFIXES else file.name
        if stem in by_stem:
            raise ValueError(f"{str(path)!r} has several tables of the video {stem!r}.")
        by_stem[stem] = table
    return by_stem


def _first_few(names):
    """Return the first names as text."""
    names = list(names)
    return ", ".join(names[:5]) + (" ..." if len(names) > 5 else "") or "none"
