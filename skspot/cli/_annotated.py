"""Annotated videos that a command uses: the user's own, or those of a dataset."""

import argparse
import sys
from pathlib import Path

from skspot.cli._arguments import add_format, add_image_rate, check_file, given, refuse_given

# The loader and its arguments for each dataset, by the name on the command line.
_LOADERS = {
    "samm-lv": ("load_samm_lv", {}),
    "cas-me2": ("load_cas_me2", {}),
    "cas-me3": ("load_cas_me3", {}),
    "smic-hs": ("load_smic_long", {"camera": "HS"}),
    "smic-vis": ("load_smic_long", {"camera": "VIS"}),
    "smic-nir": ("load_smic_long", {"camera": "NIR"}),
}

# Suffixes of the user's tables; all other files are in a format that skspot writes.
_TABLES = frozenset((".csv", ".tsv", ".xlsx", ".xls"))

# Options that describe the user's own annotations.
_FOR_ANNOTATIONS = ("videos", "unit", "first_frame", "label_names", "fps", "annotation_format")


def add_annotated(command):
    """Add the options that specify the annotated videos."""
    group = command.add_argument_group("annotated videos")
    source = group.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--annotations",
        type=Path,
        metavar="PATH",
        help="your own annotations: a table with the columns video, onset, offset, label (macro or "
        "micro) and, optionally, apex and subject, in which a row with only the name of a video is "
        "a video without expressions; or a file or folder in another format that skspot writes, "
        "such as ELAN",
    )
    source.add_argument(
        "--dataset",
        choices=sorted(_LOADERS),
        metavar="NAME",
        help=f"a published dataset: {', '.join(sorted(_LOADERS))}",
    )
    group.add_argument(
        "--videos",
        type=Path,
        metavar="FOLDER",
        help="folder of the videos (default: folder of the annotations)",
    )
    add_format(group, "--annotation-format", "of the annotations")
    group.add_argument("--folder", type=Path, metavar="FOLDER", help="folder of the dataset")
    group.add_argument(
        "--subjects",
        nargs="+",
        metavar="SUBJECT",
        help="subjects of the dataset (default: all)",
    )
    add_image_rate(group, "7 for samm-lv, 1 for others")
    group.add_argument(
        "--unit",
        choices=["frames", "seconds"],
        help="unit of onset, apex and offset in your table (default frames); seconds are converted "
        "to the frame shown nearest to them, the offset to the last frame of the expression",
    )
    group.add_argument(
        "--first-frame",
        type=int,
        choices=[0, 1],
        help="number of the first frame in your table (default 0)",
    )
    group.add_argument(
        "--label",
        action="append",
        type=_label_name,
        dest="label_names",
        metavar="NAME=CLASS",
        help="the class that a label in your table means, such as smile=macro, or blink=none to "
        "leave out its rows; can be given several times",
    )
    group.add_argument(
        "--on-error",
        choices=["raise", "warn"],
        default="raise",
        help="what to do with unusable rows of your table, and with videos that can't be read or "
        "show no face: raise stops with an error, warn leaves them out with a warning (default "
        "raise)",
    )
    group.add_argument(
        "--repairs",
        type=Path,
        metavar="FILE",
        help="CSV file to write: each row of the annotations that was changed or left out, and why",
    )


def _label_name(text):
    """Return a label and its class, for argparse."""
    name, separator, label = text.rpartition("=")
    if not separator or label not in ("macro", "micro", "none"):
        raise argparse.ArgumentTypeError(
            f"must be a label, = and macro, micro or none, such as smile=macro; got {text!r}"
        )
    return name, None if label == "none" else label


def load_annotated(options):
    """Return the annotated videos as a Bunch; write their repairs to a file if requested."""
    if options.repairs is not None:
        check_file(options.repairs)
    data = _load_dataset(options) if options.dataset else _load_own(options)
    if options.repairs is not None:
        options.repairs.parent.mkdir(parents=True, exist_ok=True)
        data.repairs.to_csv(options.repairs, index=False)
        print(f"Wrote {options.repairs}: {len(data.repairs)} remarks on the annotations.")
    elif len(data.repairs):
        print(
            f"There are {len(data.repairs)} remarks on the annotations; --repairs FILE writes "
            "them.",
            file=sys.stderr,
        )
    return data


def load_to_train_on(options):
    """Return the annotated videos; refuse annotations without any expression."""
    data = load_annotated(options)
    if not any(map(len, data.intervals)):
        raise ValueError(
            f"{options.annotations or options.folder} contains no usable interval. A model "
            "can't be trained on videos without expressions."
        )
    return data


def _load_dataset(options):
    from skspot import datasets

    if options.folder is None:
        raise ValueError(f"--dataset {options.dataset} needs --folder, the folder of the dataset.")
    refuse_given(
        options,
        _FOR_ANNOTATIONS,
        f"is for --annotations; it is known for --dataset {options.dataset}.",
    )
    loader, settings = _LOADERS[options.dataset]
    settings = settings | given(options, ("subjects", "keep_every"))
    return getattr(datasets, loader)(options.folder, **settings)


def _load_own(options):
    from skspot.datasets import load_annotated_videos

    refuse_given(
        options,
        ("folder", "subjects"),
        "is for --dataset; with --annotations, pass the folder of the videos as --videos.",
    )
    table, videos = options.annotations, options.videos
    settings = given(options, ("unit", "first_frame", "label_names", "fps", "keep_every"))
    if not is_table(options):
        refuse_given(options, ("unit", "first_frame", "label_names"), "is for your own tables.")
        videos = videos or _folder_of(table)
        table = read_tables(table, videos, options.annotation_format)
    if "label_names" in settings:
        settings["label_names"] = _as_dict(settings["label_names"])
    return load_annotated_videos(
        table, videos, on_error=options.on_error, n_jobs=options.jobs, verbose=1, **settings
    )


def is_table(options):
    """Return whether the annotations are a user's table, not in a format that skspot writes."""
    path = options.annotations
    return not path.is_dir() and path.suffix.lower() in _TABLES and not options.annotation_format


def _as_dict(label_names):
    """Return the class of each label; refuse a label with two classes."""
    for name, label in label_names:
        others = {other for same, other in label_names if same == name} - {label}
        if others:
            raise ValueError(f"--label gives {name!r} two meanings, {label} and {others.pop()}.")
    return dict(label_names)


def read_table(options):
    """Return the interval tables in the user's table by video, without opening the videos."""
    from skspot.datasets import read_annotations

    settings = given(options, ("first_frame", "label_names"))
    if "label_names" in settings:
        settings["label_names"] = _as_dict(settings["label_names"])
    return read_annotations(options.annotations, on_error=options.on_error, **settings)


def read_tables(path, videos=None, format=None):
    """Return the interval tables of a file or folder by video.

    Parameters
    ----------
    path : Path
        A file in a format that skspot writes, or a folder of such files.
    videos : Path, default=None
        The folder of the videos, which are needed if the files hold only seconds; by default that
        of the files.
    format : str, default=None
        The format, if the suffix does not determine it.
    """
    from skspot.datasets import find_videos
    from skspot.io import read_intervals
    from skspot.video import open_video

    def times(name):
        try:
            (video,) = find_videos(videos or _folder_of(path), [name])
        except FileNotFoundError as error:
            error.add_note(
                f"{path} holds times in seconds. The video {name!r} is needed to convert them to "
                "frames; pass the folder of the videos as --videos."
            )
            raise
        video = open_video(video)
        return video.timestamps + video.start

    return read_intervals(path, format=format, timestamps=times)


def _folder_of(path):
    return path if path.is_dir() else path.parent
