"""Arguments that several commands share, and checks of the places that results are written to."""

import argparse
import os
from pathlib import Path

from skspot.io import INTERVAL_FORMATS

# Files of "megc-subject" do not say whether an interval is macro or micro.
READABLE = [name for name in INTERVAL_FORMATS if name != "megc-subject"]

# As in `skspot.landmarks`, which takes time to import.
LANDMARKERS = ("mediapipe", "face-alignment", "template", "openface", "py-feat")

# Options whose name is not that of the attribute with dashes.
_SPELLINGS = {"label_names": "--label"}


def whole_number(least):
    """Return a function that reads a whole number of at least `least`, for argparse."""

    def whole(text):
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}, got {number}")
        return number

    return whole


def add_landmarker(command, default="mediapipe"):
    """Add the options for finding faces."""
    group = command.add_argument_group("faces and their landmarks")
    group.add_argument(
        "--landmarker",
        choices=LANDMARKERS,
        default=default,
        metavar="NAME",
        help=f"face landmark detector: {', '.join(LANDMARKERS)}; openface and py-feat read the "
        f"CSV file beside each video (default: {default or 'as in training'})",
    )
    group.add_argument(
        "--landmarker-option",
        type=_name_and_value,
        action="append",
        metavar="NAME=VALUE",
        help="parameter of the landmarker, such as model_path=face_landmarker.task for mediapipe "
        "or files={folder}/{stem}.csv for openface and py-feat; can be given several times",
    )
    group.add_argument(
        "--detect-every",
        type=whole_number(1),
        metavar="K",
        help="detect the face in every K-th frame and track it in the frames between "
        f"(default: {5 if default else 'as in training'}); without effect for template, openface "
        "and py-feat",
    )


def _name_and_value(text):
    """Read a parameter for argparse: its value is a number, true or false, or else text."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"must be NAME=VALUE, got {text!r}")
    for read in (int, float, {"true": True, "false": False}.__getitem__):
        try:
            return name, read(value)
        except (KeyError, ValueError):
            continue
    return name, value


def add_image_rate(command, every="1"):
    """Add the frame rate of folders of images."""
    command.add_argument(
        "--fps",
        type=float,
        metavar="RATE",
        help="frame rate at which the images of a folder were recorded (default 30)",
    )
    command.add_argument(
        "--keep-every",
        type=whole_number(1),
        metavar="N",
        help=f"use every N-th image of a folder (default {every})",
    )


def add_format(command, option, what):
    """Add the format of interval tables that are read."""
    command.add_argument(
        option,
        choices=READABLE,
        metavar="FORMAT",
        help=f"format {what}, if a folder has files of several formats or the file suffix does not "
        "identify it: " + ", ".join(READABLE),
    )


def add_computing(command, what="videos"):
    """Add the options that change how the work is done, but no result."""
    group = command.add_argument_group("computing")
    group.add_argument(
        "--cache",
        metavar="FOLDER",
        help="folder to store landmarks and features in, so that they are computed only once",
    )
    add_jobs(group, what)


def add_jobs(command, what="videos", default=1):
    """Add the number of workers."""
    command.add_argument(
        "--jobs",
        type=whole_number(1),
        metavar="N",
        default=default,
        help=f"number of {what} that are processed at a time (default {default})",
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
    """Add the options of training."""
    group = command.add_argument_group("training")
    group.add_argument(
        "--epochs",
        type=whole_number(1),
        metavar="N",
        help="number of times that training goes through all videos (default 10)",
    )
    group.add_argument(
        "--seed",
        type=int,
        metavar="N",
        default=0,
        help="random seed of the training; the same seed gives the same model (default 0)",
    )


def refuse_given(options, names, reason):
    """Refuse options that would have no effect."""
    for name in names:
        if getattr(options, name) is not None:
            raise ValueError(f"{_SPELLINGS.get(name, '--' + name.replace('_', '-'))} {reason}")


def given(options, names):
    """Return the values of the named options that were given, by name."""
    values = {name: getattr(options, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def check_folder(folder):
    """Refuse a folder that can't be written to, before any work is done."""
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
    """Refuse a file that can't be written, before any work is done."""
    if path.is_dir():
        raise IsADirectoryError(
            f"Can't write the file {str(path)!r}: there is a folder with this name."
        )
    check_folder(path.parent)


def add_out(command, default, what="folder to write to (default: the current one)"):
    """Add the folder of the results."""
    command.add_argument("--out", type=Path, metavar="FOLDER", default=default, help=what)
