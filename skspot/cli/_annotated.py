"""Annotated videos that a command works on: the user's own, or those of a dataset."""

import argparse
import sys
from pathlib import Path

from skspot.cli._arguments import add_image_rate, check_file

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
    group.add_argument("--root", type=Path, help="folder of the dataset")
    group.add_argument(
        "--subjects", nargs="+", metavar="SUBJECT", help="only these subjects of the dataset"
    )
    add_image_rate(group)
    group.add_argument(
        "--unit",
        choices=["frames", "seconds"],
        default="frames",
        help="what onset, apex and offset of your table are in (default frames)",
    )
    group.add_argument(
        "--first-frame",
        type=int,
        choices=[0, 1],
        default=0,
        help="the number of the first frame in your table (default 0)",
    )
    group.add_argument(
        "--label",
        action="append",
        default=[],
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
            f"There are {len(data.report)} remarks on rows of the annotations; --report FILE "
            "writes them.",
            file=sys.stderr,
        )
    return data


def _load_dataset(options):
    from skspot import datasets

    if options.root is None:
        raise ValueError(f"--dataset {options.dataset} needs --root, the folder of the dataset.")
    if options.fps is not None:
        raise ValueError(
            f"--fps is for folders of your own; the rate of {options.dataset} is known."
        )
    loader, settings = _LOADERS[options.dataset]
    if options.keep_every is not None:
        settings = {**settings, "keep_every": options.keep_every}
    return getattr(datasets, loader)(options.root, subjects=options.subjects, **settings)


def _load_own(options):
    from skspot.datasets import load_annotated_videos

    for name in ("root", "subjects"):
        if getattr(options, name) is not None:
            raise ValueError(
                f"--{name} belongs to --dataset; with --annotations, the folder of the videos is "
                "--videos."
            )
    table, videos = options.annotations, options.videos
    if table.is_dir() or table.suffix.lower() not in _TABLES:
        videos = videos or _folder_of(table)
        table = read_tables(table, videos)
    rate = {"fps": options.fps, "keep_every": options.keep_every}
    return load_annotated_videos(
        table,
        videos,
        unit=options.unit,
        first_frame=options.first_frame,
        label_names=dict(options.label_names),
        on_error=options.on_error,
        n_jobs=options.jobs,
        verbose=1,
        **{name: value for name, value in rate.items() if value is not None},
    )


def read_tables(path, videos=None):
    """Return the interval tables of a file or folder by video.

    Parameters
    ----------
    path : Path
        A file of a format that skspot writes, or a folder of such files.
    videos : Path, default=None
        Where the videos are, of which the times are needed if a file holds seconds alone; by
        default with the file.
    """
    from skspot.datasets._video_files import find_videos
    from skspot.io import read_intervals
    from skspot.video import open_video

    def times(name):
        (video,) = find_videos(videos or _folder_of(path), [name])
        return open_video(video).timestamps

    return read_intervals(path, timestamps=times)


def _folder_of(path):
    return path if path.is_dir() else path.parent
