"""``skspot evaluate``: score predictions, given ones or those of a cross-validation."""

import argparse
import json
import platform
import re
import sys
from pathlib import Path

from skspot.cli._annotated import add_annotated, load_annotated, read_tables
from skspot.cli._arguments import (
    add_landmarker,
    add_out,
    add_training,
    add_workers,
    check_folder,
    new_spotter,
    whole_number,
)


def add_evaluate(commands):
    """Add the command."""
    command = commands.add_parser(
        "evaluate",
        help="score predicted intervals against annotated ones, or cross-validate",
        description="Print counts, precision, recall and F1 of macro- and micro-expressions, "
        "pooled over all videos: of intervals that were predicted before, or, with --cv, of those "
        "that models predict for subjects that they have not seen. A cross-validation that was "
        "interrupted goes on where it stopped when the same command is given again.",
    )
    command.add_argument(
        "predicted",
        type=Path,
        nargs="?",
        help="predicted intervals: a file of a format that skspot writes, or a folder of such "
        "files; not with --cv",
    )
    add_annotated(command)
    command.add_argument(
        "--iou", type=float, default=0.5, help="least IoU of a hit, above 0 (default 0.5)"
    )
    group = command.add_argument_group("cross-validation")
    group.add_argument(
        "--cv",
        type=_folds,
        metavar="loso|K",
        help="train and test anew: leave one subject out, or K folds of subjects",
    )
    add_out(
        group,
        Path("skspot-evaluation"),
        "folder for predicted.csv, true.csv, report.json and, without --cache, what is kept "
        "(default skspot-evaluation)",
    )
    add_training(group)
    add_landmarker(group)
    add_workers(group)
    command.set_defaults(run=_run)


def _folds(text):
    """Read "loso" or a number of folds for argparse."""
    if text == "loso":
        return text
    try:
        return whole_number(2)(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be loso or a number of folds, got {text!r}"
        ) from None


def _run(options):
    if (options.predicted is None) == (options.cv is None):
        raise ValueError(
            "Name either the predicted intervals, to score them, or --cv loso or --cv K, to train "
            "and test models; got " + ("neither." if options.cv is None else "both.")
        )
    return _compare(options) if options.cv is None else _cross_validate(options)


# -- intervals that were predicted before ----------------------------------------------------------


def _compare(options):
    from skspot.intervals import make_intervals
    from skspot.metrics import spotting_report

    source = options.annotations or options.dataset
    predicted = _by_stem(read_tables(options.predicted, options.videos), options.predicted)
    true = _by_stem(_true_tables(options), source)
    videos = list(dict.fromkeys([*true, *predicted]))
    if not set(true) & set(predicted):
        raise ValueError(
            f"{options.predicted} and {source} have no video in common; videos go by their "
            f"file name without suffix: {_some(predicted)} there, {_some(true)} here."
        )
    for what, tables, path in (
        ("predictions", predicted, options.predicted),
        ("annotations", true, source),
    ):
        missing = [video for video in videos if video not in tables]
        if missing:
            print(
                f"{len(missing)} of {len(videos)} videos have no {what} in {path}, and count as "
                f"videos without intervals: {', '.join(missing)}",
                file=sys.stderr,
            )
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

    The videos themselves are needed only where the options make them so.
    """
    as_written = options.unit == "frames" and options.first_frame == 0 and not options.dataset
    if as_written and options.annotations.suffix.lower() not in (".xlsx", ".xls", ".tsv"):
        return read_tables(options.annotations, options.videos)
    data = load_annotated(options)
    return dict(zip(data.names, data.intervals))


def _by_stem(tables, path):
    """Return tables by the file name of their video without suffix, as `skspot spot` names them."""
    by_stem = {}
    for name, table in tables.items():
        stem = re.sub(r"\.[A-Za-z][A-Za-z0-9]{1,3}$", "", Path(name).name)
        if stem in by_stem:
            raise ValueError(f"{str(path)!r} has several tables of the video {stem!r}.")
        by_stem[stem] = table
    return by_stem


def _some(names):
    """Return a few names as text."""
    names = list(names)
    return ", ".join(names[:5]) + (" ..." if len(names) > 5 else "") or "none"


# -- cross-validation ------------------------------------------------------------------------------


def _cross_validate(options):
    from skspot.io import write_intervals
    from skspot.metrics import spotting_report
    from skspot.model_selection import cross_val_intervals

    check_folder(options.out)
    data = load_annotated(options)
    if data.subjects is None:
        raise ValueError(
            f"A cross-validation needs the subject of each video, but {options.annotations} has no "
            "column `subject`: a model that has seen a face spots its expressions more easily than "
            "those of a stranger."
        )
    if options.cache is None:
        options.cache = str(options.out / "cache")
    spotter = new_spotter(options)
    spotter[:-1].transform(data.videos)  # once for all folds; the cache keeps it
    spotter.set_params(align__verbose=0, flow__verbose=0, spot__verbose=0)
    predicted = cross_val_intervals(
        spotter,
        data.videos,
        data.intervals,
        groups=data.subjects,
        cv=None if options.cv == "loso" else options.cv,
        memory=options.cache,
        n_jobs=options.jobs,
        verbose=1,
    )
    options.out.mkdir(parents=True, exist_ok=True)
    for name, tables in (("predicted", predicted), ("true", data.intervals)):
        write_intervals(options.out / f"{name}.csv", dict(zip(data.names, tables)))
    report = spotting_report(data.intervals, predicted, iou_threshold=options.iou, output_dict=True)
    (options.out / "report.json").write_text(json.dumps(_record(options, report, data), indent=2))
    print(spotting_report(data.intervals, predicted, iou_threshold=options.iou))
    print(f"Wrote predicted.csv, true.csv and report.json to {options.out}.")
    return 0


def _record(options, report, data):
    """Return the figures with all that they depend on."""
    from importlib.metadata import version

    packages = ("skspot", "scikit-learn", "skorch", "torch", "numpy", "opencv-python")
    return {
        "scores": report,
        "annotations": str(options.annotations or options.dataset),
        "n_videos": len(data.videos),
        "n_subjects": len(set(data.subjects)),
        "cv": options.cv,
        "seed": options.seed,
        "epochs": options.epochs,
        "landmarker": options.landmarker,
        "versions": {name: version(name) for name in packages}
        | {"python": platform.python_version()},
    }
