"""Arguments that several commands share, and checks of where results go."""

import argparse
import os
from pathlib import Path

from skspot.io import INTERVAL_FORMATS

# "megc-subject" does not tell what its intervals are.
READABLE = [name for name in INTERVAL_FORMATS if name != "megc-subject"]

LANDMARKERS = ("face-alignment", "mediapipe", "template", "openface", "py-feat")

# What options are called where that is not their name with dashes.
_SPELLINGS = {"label_names": "--label"}

# Options of landmarkers by the command line's names for them.
_PARAMS = {"landmarker_model": "model_path", "landmarker_files": "files"}


def whole_number(least):
    """Return what reads a whole number of at least `least` for argparse."""

    def whole(text):
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}, got {number}")
        return number

    return whole


def add_landmarker(command, default="face-alignment"):
    """Add what says how faces are found and where results of videos are kept."""
    command.add_argument(
        "--landmarker",
        choices=LANDMARKERS,
        default=default,
        help="what finds the face; openface and py-feat read the CSV file beside each video "
        f"(default: {default or 'what the model was trained with'})",
    )
    command.add_argument("--landmarker-model", help="file of mediapipe's FaceLandmarker model")
    command.add_argument(
        "--landmarker-files",
        metavar="PATTERN",
        help="where openface and py-feat have their CSV files, with the fields {folder}, {name} "
        "and {stem} of the video (default: {folder}/{stem}.csv)",
    )
    command.add_argument(
        "--detect-every",
        type=whole_number(1),
        metavar="K",
        help="detect the face in every K-th frame and track it between; 1 detects it in every one "
        f"(default: {'5' if default else 'as in training'}; no meaning for template, openface "
        "and py-feat)",
    )
    command.add_argument("--cache", help="folder that keeps landmarks and features of videos")


def add_image_rate(command, every="each"):
    """Add what is said of folders of images."""
    command.add_argument(
        "--fps",
        type=float,
        help="frames per second at which images in a folder were recorded (default 30)",
    )
    command.add_argument(
        "--keep-every",
        type=whole_number(1),
        metavar="N",
        help=f"take every N-th image of a folder as a frame (default: {every})",
    )


def add_format(command, option, what):
    """Add the format of interval tables that are read."""
    command.add_argument(
        option,
        choices=READABLE,
        metavar="FORMAT",
        help=f"format {what}, if there are several or the suffix does not tell: "
        + ", ".join(READABLE),
    )


def add_workers(command, default=1):
    """Add the number of workers."""
    command.add_argument(
        "--jobs",
        type=whole_number(1),
        default=default,
        help=f"videos, or folds, worked on at a time (default {default})",
    )


def add_iou(command):
    """Add the overlap that makes a predicted interval a hit."""
    command.add_argument(
        "--iou",
        type=_threshold,
        default=0.5,
        help="smallest intersection over union at which a predicted interval is a hit, above 0 "
        "and at most 1 (default 0.5)",
    )


def _threshold(text):
    """Read an IoU for argparse."""
    number = float(text)
    if not 0 < number <= 1:
        raise argparse.ArgumentTypeError(f"must be above 0 and at most 1, got {text}")
    return number


def add_training(command):
    """Add what training depends on."""
    command.add_argument("--epochs", type=whole_number(1), help="epochs of training")
    command.add_argument("--seed", type=int, default=0, help="seed of the training (default 0)")


def new_spotter(options):
    """Return an unfitted spotter with what the command line says of training and landmarks."""
    from sklearn.pipeline import Pipeline

    from skspot.neural_network import SpotFormerClassifier
    from skspot.preprocessing import FaceAligner, SWMROFlow

    spotter = Pipeline(
        [
            ("align", FaceAligner(on_error=options.on_error)),
            ("flow", SWMROFlow(on_error=options.on_error)),
            ("spot", SpotFormerClassifier(random_state=options.seed, verbose=1)),
        ]
    )
    if options.epochs is not None:
        spotter.set_params(spot__max_epochs=options.epochs)
    apply_options(spotter, options)
    return spotter


def apply_options(spotter, options):
    """Set what the command line says about landmarks, cache, workers and progress."""
    settings = {"align__verbose": 1, "flow__verbose": 1}
    settings |= {"align__n_jobs": options.jobs, "flow__n_jobs": options.jobs}
    settings |= {"align__memory": options.cache, "flow__memory": options.cache}
    settings |= {"spot__n_threads": None}  # one network, which may use all cores
    aligner = spotter.named_steps["align"]
    if options.landmarker not in (None, aligner.landmarker):
        settings |= {"align__landmarker": options.landmarker, "align__landmarker_params": None}
    if options.detect_every is not None:
        settings |= {"align__detect_every": options.detect_every}
    spotter.set_params(**settings)
    params = given(options, ("landmarker_model", "landmarker_files"))
    if params:
        params = {_PARAMS[name]: value for name, value in params.items()}
        spotter.set_params(align__landmarker_params={**(aligner.landmarker_params or {}), **params})


def refuse_given(options, names, reason):
    """Refuse options that were given though they would do nothing."""
    for name in names:
        if getattr(options, name) is not None:
            raise ValueError(f"{_SPELLINGS.get(name, '--' + name.replace('_', '-'))} {reason}")


def given(options, names):
    """Return those of the named options that were given, by name."""
    values = {name: getattr(options, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def check_folder(folder):
    """Refuse a folder that results can't be written to, before any work is done for them."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not existing.is_dir():
        raise NotADirectoryError(
            f"Can't write to the folder {str(folder)!r}: {existing} is a file."
        )
    if not os.access(existing, os.W_OK | os.X_OK):
        raise PermissionError(
            f"Can't write to the folder {str(folder)!r}: no permission to write in {existing}."
        )


def check_file(path):
    """Refuse a file that can't be written, before any work is done for it."""
    if path.is_dir():
        raise IsADirectoryError(
            f"Can't write the file {str(path)!r}: there is a folder of that name."
        )
    check_folder(path.parent)


def add_out(command, default, what="folder to write to"):
    """Add the folder of the results."""
    command.add_argument("--out", type=Path, default=default, help=what)
