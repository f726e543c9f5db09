"""Annotated videos that a command works on: the user's own, or those of a dataset."""

import argparse
import sys
from pathlib import Path

from skspot.cli._arguments import add_format, add_image_rate, check_file, given, refuse_given

# The loader of each dataset by the name on the command line, and what it is called with.
_LOADERS = {
    "samm-lv": ("load_samm_lv", {}),
    "cas-me2": ("load_cas_me2", {}),
    "cas-me3": ("load_cas_me3", {}),
    "smic-hs": ("load_smic_long", {"camera": "HS"}),
    "smic-vis": ("load_smic_long", {"camera": "VIS"}),
    "smic-nir": ("load_smic_long", {"camera": "NIR"}),
}

# Tables with columns of the user's own; all other files are of a format that skspot writes.
_TABLES = frozenset((".csv", ".tsv", ".xlsx", ".xls"))

# Options that say what your own annotations are like.
_OF_OWN = ("videos", "unit", "first_frame", "label_names", "fps", "annotation_format")


def add_annotated(command):
    """Add what names the annotated videos."""
    group = command.add_argument_group("annotated videos")
    source = group.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--annotations",
        type=Path,
        metavar="PATH",
        help="your own: a table with the columns video, onset, offset, label (macro or micro) and, "
        "if known, apex and subject, where a row with a video's name alone is a video without "
        "expressions; or a file or folder of another format that skspot writes, such as ELAN",
    )
    source.add_argument("--dataset", choices=sorted(_LOADERS), help="a dataset by its name")
    group.add_argument(
        "--videos", type=Path, help="folder of the videos (default: that of the annotations)"
    )
    add_format(group, "--annotation-format", "of the annotations")
    group.add_argument("--root", type=Path, help="folder of the dataset")
    group.add_argument(
        "--subjects", nargs="+", metavar="SUBJECT", help="only these subjects of the dataset"
    )
    add_image_rate(group, "7 of samm-lv, otherwise each")
    group.add_argument(
        "--unit",
        choices=["frames", "seconds"],
        help="what onset, apex and offset of your table are in (default frames); seconds stand for "
        "the frame shown nearest to them, an offset for the last frame of the expression",
    )
    group.add_argument(
        "--first-frame",
        type=int,
        choices=[0, 1],
        help="the number of the first frame in your table (default 0)",
    )
    group.add_argument(
        "--label",
        action="append",
        type=_label_name,
        dest="label_names",
        metavar="NAME=CLASS",
        help="what a label of your table means, such as smile=macro, or blink=none to leave its "
        "rows out; may be given several times",
    )
    group.add_argument(
        "--on-error",
        choices=["raise", "warn"],
        default="raise",
        help="what becomes of rows of your table that can't be used, and of videos that can't be "
        "read or show no face: raise stops, warn leaves them out (default raise)",
    )
    group.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="CSV to write: each row of the annotations that was changed or left out, and why",
    )


def _label_name(text):
    """Read a label and the class that it means for argparse."""
    name, separator, label = text.rpartition("=")
    if not separator or label not in ("macro", "micro", "none"):
        raise argparse.ArgumentTypeError(
            f"must be a label, = and macro, micro or none, such as smile=macro, got {text!r}"
        )
    return name, None if label == "none" else label


def load_annotated(options):
    """Return the annotated videos as a Bunch; write the report on their rows if it is wanted."""
    if options.report is not None:
        check_file(options.report)
    data = _load_dataset(options) if options.dataset else _load_own(options)
    if options.report is not None:
        options.report.parent.mkdir(parents=True, exist_ok=True)
        data.report.to_csv(options.report, index=False)
        print(f"Wrote {options.report}: {len(data.report)} remarks on the annotations.")
    elif len(data.report):
        print(
            f"There are {len(data.report)} remarks on the annotations; --report FILE writes them.",
            file=sys.stderr,
        )
    return data


def load_to_train_on(options):
    """Return the annotated videos; refuse those without any expression."""
    data = load_annotated(options)
    if not any(map(len, data.intervals)):
        raise ValueError(
            f"There is no interval at all in {options.annotations or options.root} that could be "
            f"used; nothing can be learned from {len(data.videos)} videos without expressions."
        )
    return data


def _load_dataset(options):
    from skspot import datasets

    if options.root is None:
        raise ValueError(f"--dataset {options.dataset} needs --root, the folder of the dataset.")
    refuse_given(options, _OF_OWN, f"belongs to --annotations; that of {options.dataset} is known.")
    loader, settings = _LOADERS[options.dataset]
    settings = settings | given(options, ("subjects", "keep_every"))
    return getattr(datasets, loader)(options.root, **settings)


def _load_own(options):
    from skspot.datasets import load_annotated_videos

    refuse_given(
        options,
        ("root", "subjects"),
        "belongs to --dataset; with --annotations, the folder of the videos is --videos.",
    )
    table, videos = options.annotations, options.videos
    settings = given(options, ("unit", "first_frame", "label_names", "fps", "keep_every"))
    if not is_table(options):
        refuse_given(options, ("unit", "first_frame", "label_names"), "is for tables of your own.")
        videos = videos or _folder_of(table)
        table = read_tables(table, videos, options.annotation_format)
    if "label_names" in settings:
        settings["label_names"] = _as_dict(settings["label_names"])
    return load_annotated_videos(
        table, videos, on_error=options.on_error, n_jobs=options.jobs, verbose=1, **settings
    )


def is_table(options):
    """Tell whether the annotations are a table with columns, not of a format that skspot writes."""
    path = options.annotations
    return not path.is_dir() and path.suffix.lower() in _TABLES and not options.annotation_format


def _as_dict(label_names):
    """Return what labels mean; refuse one that means two things."""
    for name, label in label_names:
        others = {other for same, other in label_names if same == name} - {label}
        if others:
            raise ValueError(f"--label gives {name!r} two meanings, {label} and {others.pop()}.")
    return dict(label_names)


def read_own_table(options):
    """Return the interval tables of a table of your own by video, without looking at the videos."""
    from skspot.datasets.annotations._unmatched_tables import read_own_tables

    settings = given(options, ("first_frame", "label_names"))
    if "label_names" in settings:
        settings["label_names"] = _as_dict(settings["label_names"])
    return read_own_tables(options.annotations, on_error=options.on_error, **settings)


def read_tables(path, videos=None, format=None):
    """Return the interval tables of a file or folder by video.

    Parameters
    ----------
    path : Path
        A file of a format that skspot writes, or a folder of such files.
    videos : Path, default=None
        Where the videos are, of which the times are needed if a file holds seconds alone; by
        default with the file.
    format : str, default=None
        The format, if the suffix does not tell it.
    """
    from skspot.datasets._video_files import find_videos
    from skspot.io import read_intervals
    from skspot.video import open_video

    def times(name):
        try:
            (video,) = find_videos(videos or _folder_of(path), [name])
        except FileNotFoundError as error:
            error.add_note(
                f"{path} holds times in seconds, and the frames of {name!r} are needed to make "
                "frames of them; name the folder of the videos with --videos."
            )
            raise
        video = open_video(video)
        return video.timestamps + video.start

    return read_intervals(path, format=format, timestamps=times)


def _folder_of(path):
    return path if path.is_dir() else path.parent
