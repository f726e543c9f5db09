"""``skspot evaluate``: score predictions, given ones or those of a cross-validation."""

import argparse
import json
import platform
import sys
from pathlib import Path

from skspot.cli._annotated import (
    add_annotated,
    is_table,
    load_annotated,
    load_to_train_on,
    read_own_table,
    read_tables,
)
from skspot.cli._arguments import (
    add_format,
    add_landmarker,
    add_out,
    add_training,
    add_workers,
    check_folder,
    given,
    new_spotter,
    refuse_given,
    whole_number,
)

# Options of a cross-validation, with what they are if they are not given.
_OF_CROSS_VALIDATION = {
    "out": Path("skspot-evaluation"),
    "epochs": None,
    "seed": 0,
    "landmarker": "face-alignment",
    "landmarker_model": None,
    "landmarker_files": None,
    "detect_every": None,
    "cache": None,
    "jobs": 1,
}
# Options for which the videos are looked at.
_NEED_VIDEOS = ("report", "fps", "keep_every")


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
    add_format(command, "--predicted-format", "of the predicted intervals")
    add_annotated(command)
    command.add_argument(
        "--iou", type=_threshold, default=0.5, help="least IoU of a hit, above 0 (default 0.5)"
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
        _OF_CROSS_VALIDATION["out"],
        "folder for predicted.csv, true.csv, report.json and, without --cache, what is kept "
        "(default skspot-evaluation)",
    )
    add_training(group)
    add_landmarker(group)
    add_workers(group)
    command.set_defaults(run=_run, **dict.fromkeys(_OF_CROSS_VALIDATION))


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


def _threshold(text):
    """Read an IoU for argparse."""
    number = float(text)
    if not 0 < number <= 1:
        raise argparse.ArgumentTypeError(f"must be above 0 and at most 1, got {text}")
    return number


def _run(options):
    if (options.predicted is None) == (options.cv is None):
        raise ValueError(
            "Name either the predicted intervals, to score them, or --cv loso or --cv K, to train "
            "and test models; got " + ("neither." if options.cv is None else "both.")
        )
    if options.cv is None:
        refuse_given(options, _OF_CROSS_VALIDATION, "belongs to --cv.")
        return _compare(options)
    refuse_given(options, ["predicted_format"], "belongs to predicted intervals.")
    missing = {name for name in _OF_CROSS_VALIDATION if getattr(options, name) is None}
    vars(options).update({name: _OF_CROSS_VALIDATION[name] for name in missing})
    return _cross_validate(options)


# -- intervals that were predicted before ----------------------------------------------------------


def _compare(options):
    from skspot.intervals import make_intervals
    from skspot.metrics import spotting_report

    source = options.annotations or options.dataset
    predicted = read_tables(options.predicted, options.videos, options.predicted_format)
    predicted = _by_stem(predicted, options.predicted)
    true = _by_stem(_true_tables(options), source)
    if not set(true) & set(predicted):
        raise ValueError(
            f"{options.predicted} and {source} have no video in common; videos go by their "
            f"file name without suffix: {_some(predicted)} there, {_some(true)} here."
        )
    videos = list(dict.fromkeys([*true, *predicted]))
    _tell_missing("predictions", predicted, options.predicted, videos)
    _tell_missing("annotations", true, source, videos)
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

    The videos themselves are looked at only where the options make that necessary.
    """
    if options.dataset or options.unit == "seconds" or given(options, _NEED_VIDEOS):
        options.jobs = 1
        data = load_annotated(options)
        return dict(zip(data.names, data.intervals))
    if is_table(options):
        return read_own_table(options)
    return read_tables(options.annotations, options.videos, options.annotation_format)


def _tell_missing(what, tables, path, videos):
    """Tell which videos have no table."""
    missing = [video for video in videos if video not in tables]
    if missing:
        print(
            f"{len(missing)} of {len(videos)} videos have no {what} in {path}, and count as "
            f"videos without intervals: {', '.join(missing)}",
            file=sys.stderr,
        )


def _by_stem(tables, path):
    """Return tables by the file name of their video without suffix, as `skspot spot` names them."""
    from skspot.datasets._video_files import VIDEO_SUFFIXES

    by_stem = {}
    for name, table in tables.items():
        file = Path(name)
        stem = file.stem if file.suffix.lower() in VIDEO_SUFFIXES else file.name
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

    check_folder(options.out)
    data = load_to_train_on(options)
    if data.subjects is None:
        raise ValueError(
            f"A cross-validation needs the subject of each video, but {options.annotations} has no "
            "column `subject`: a model that has seen a face spots its expressions more easily than "
            "those of a stranger."
        )
    if options.cache is None:
        options.cache = str(options.out / "cache")
    spotter = new_spotter(options)
    predicted = _predict(spotter, data, options)
    options.out.mkdir(parents=True, exist_ok=True)
    for name, tables in (("predicted", predicted), ("true", data.intervals)):
        write_intervals(options.out / f"{name}.csv", dict(zip(data.names, tables)))
    report = spotting_report(data.intervals, predicted, iou_threshold=options.iou, output_dict=True)
    record = _record(options, spotter, report, data)
    (options.out / "report.json").write_text(json.dumps(record, indent=2, default=str))
    print(spotting_report(data.intervals, predicted, iou_threshold=options.iou))
    print(f"Wrote predicted.csv, true.csv and report.json to {options.out}.")
    return 0


def _predict(spotter, data, options):
    """Return the intervals of each video, predicted by a model that has not seen its subject."""
    from skspot.model_selection import cross_val_intervals
    from skspot.model_selection._cross_val import split_videos

    cv = None if options.cv == "loso" else options.cv
    split_videos(cv, data.videos, data.intervals, data.subjects)  # refused before work is done
    spotter[:-1].transform(data.videos)  # once for all folds; the cache keeps it
    spotter.set_params(align__verbose=0, flow__verbose=0, spot__verbose=0)
    try:
        return cross_val_intervals(
            spotter,
            data.videos,
            data.intervals,
            groups=data.subjects,
            cv=cv,
            memory=options.cache,
            n_jobs=options.jobs,
            verbose=1,
        )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"Finished folds are kept in {options.cache}; the same command goes on after them."
        ) from None


def _record(options, spotter, report, data):
    """Return the figures with all that they depend on."""
    from importlib.metadata import version

    packages = ("skspot", "scikit-learn", "skorch", "torch", "numpy", "opencv-python")
    versions = {name: version(name) for name in packages}
    return {
        "scores": report,
        "n_videos": len(data.videos),
        "n_subjects": len(set(data.subjects)),
        "options": {name: value for name, value in vars(options).items() if name != "run"},
        "spotter": spotter.get_params(),
        "versions": versions | {"python": platform.python_version()},
    }
