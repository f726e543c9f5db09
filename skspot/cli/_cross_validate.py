"""``skspot cross-validate``: test each subject by a model that was trained on the others."""

import argparse
import json
import platform
from pathlib import Path

from skspot.cli._annotated import add_annotated, load_to_train_on
from skspot.cli._arguments import (
    add_computing,
    add_iou,
    add_landmarker,
    add_out,
    add_training,
    check_folder,
    whole_number,
)
from skspot.cli._spotter import new_spotter, set_in_steps


def add_cross_validate(commands):
    """Add the command."""
    command = commands.add_parser(
        "cross-validate",
        help="train and test on annotated videos, with each subject tested by a model that has "
        "not seen them",
        description="Split the subjects into folds. For each fold, train a model on the videos of "
        "all other subjects and spot the expressions in the videos of the fold. Print counts, "
        "precision, recall and F1 of macro- and micro-expressions, pooled over all videos. If the "
        "command was interrupted, run it again with the same options: finished folds are not "
        "computed again.",
    )
    add_annotated(command)
    command.add_argument(
        "--cv",
        type=_folds,
        default="loso",
        metavar="loso|K",
        help="how to split the subjects: loso tests one subject at a time (the default), a number "
        "makes that many folds",
    )
    add_iou(command)
    add_out(
        command,
        Path("skspot-cross-validation"),
        "folder for predicted.csv, true.csv, scores.json and, unless --cache is given, the cache "
        "(default skspot-cross-validation)",
    )
    add_training(command)
    add_landmarker(command)
    add_computing(command, "videos, or folds,")
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
    from skspot.io import write_intervals
    from skspot.metrics import spotting_report

    check_folder(options.out)
    data = load_to_train_on(options)
    if data.subjects is None:
        raise ValueError(
            "A cross-validation needs the subject of each video, because a model spots the "
            "expressions of people it was trained on more easily than those of strangers. "
            f"{options.annotations} has no column `subject`; add one."
        )
    if options.cache is None:
        options.cache = str(options.out / "cache")
    spotter = new_spotter(options)
    predicted = _predict(spotter, data, options)
    options.out.mkdir(parents=True, exist_ok=True)
    for name, tables in (("predicted", predicted), ("true", data.intervals)):
        write_intervals(options.out / f"{name}.csv", dict(zip(data.names, tables)))
    scores = spotting_report(data.intervals, predicted, iou_threshold=options.iou, output_dict=True)
    record = _record(options, spotter, scores, data)
    (options.out / "scores.json").write_text(json.dumps(record, indent=2, default=str))
    print(spotting_report(data.intervals, predicted, iou_threshold=options.iou))
    print(f"Wrote predicted.csv, true.csv and scores.json to {options.out}.")
    return 0


def _predict(spotter, data, options):
    """Return the intervals of each video, predicted by a model that has not seen its subject."""
    from skspot.model_selection import (
        LeaveOneSubjectOut,
        StratifiedSubjectKFold,
        cross_val_intervals,
    )

    cv = LeaveOneSubjectOut() if options.cv == "loso" else StratifiedSubjectKFold(options.cv)
    list(cv.split(data.videos, data.intervals, data.subjects))  # refused before any work
    spotter[:-1].transform(data.videos)  # once for all folds; the cache keeps it
    set_in_steps(spotter, verbose=0)
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
            f"Finished folds are kept in {options.cache}; give the same command to continue."
        ) from None


def _record(options, spotter, scores, data):
    """Return the scores with all that they depend on."""
    from importlib.metadata import version

    packages = ("skspot", "scikit-learn", "skorch", "torch", "numpy", "opencv-python")
    versions = {name: version(name) for name in packages}
    return {
        "scores": scores,
        "n_videos": len(data.videos),
        "n_subjects": len(set(data.subjects)),
        "options": {name: value for name, value in vars(options).items() if name != "run"},
        "spotter": spotter.get_params(),
        "versions": versions | {"python": platform.python_version()},
    }
