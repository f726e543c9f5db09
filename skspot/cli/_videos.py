"""The videos that a command spots expressions in."""

import glob
from pathlib import Path

from skspot.cli._arguments import add_computing, add_image_rate, add_landmarker, given
from skspot.video import VIDEO_SUFFIXES, is_image_folder


def add_videos(command):
    """Add the videos, the model and the options that results on videos depend on."""
    command.add_argument(
        "videos",
        nargs="+",
        help="video files, folders of numbered images, folders of video files, or patterns such "
        "as *.mp4",
    )
    command.add_argument(
        "--model",
        type=Path,
        metavar="FILE",
        help="model file, made by skspot train (default: the pretrained model of skspot)",
    )
    add_image_rate(command)
    add_landmarker(command, default=None)
    add_computing(command)


def find_all(videos):
    """Return the paths of the videos; patterns and folders are replaced by the videos in them."""
    found = []
    for video in videos:
        path = Path(video)
        if not path.exists() and glob.has_magic(video):  # shells on Windows do not expand patterns
            paths = [Path(match) for match in sorted(glob.glob(video))]
            if not paths:
                raise FileNotFoundError(f"No file or folder matches {video!r}.")
            found += paths
        else:
            found += _videos_within(path) or [path]
    return found


def _videos_within(folder):
    """Return the video files in a folder, unless the folder itself is a video."""
    if not folder.is_dir() or is_image_folder(folder):
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in VIDEO_SUFFIXES and not path.name.startswith(".")
    )


def output_names(videos):
    """Return the name of the results of each video."""
    names = [
        Path(video).resolve().name if Path(video).is_dir() else Path(video).stem for video in videos
    ]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(
            f"Several videos are called {', '.join(repeated)}, and their results would overwrite "
            "each other. Use separate commands with different --out for them."
        )
    return names


def with_rate(path, options):
    """Return a video, with the frame rate of a folder of images if it is given."""
    from skspot.video import ImageSequence

    rate = given(options, ("fps", "keep_every"))
    if rate and Path(path).is_file():
        raise ValueError(
            f"--fps and --keep-every are for folders of images, but {path!r} is a file, which "
            "contains its frame times."
        )
    return ImageSequence(path, **rate) if rate else path


def spot_video(spotter, video):
    """Return the result for one video."""
    import skspot

    (result,) = skspot.spot(spotter, [video])
    return result


def count_text(result):
    """Return how many expressions of each class were found, as text."""
    n_macro, n_micro = ((result.intervals["label"] == name).sum() for name in ("macro", "micro"))
    return f"{n_macro} macro- and {n_micro} micro-expressions in {len(result.times)} frames"


def map_named(function, names, videos, paths, *, task, n_jobs):
    """Yield what a function returns for each (name, video), as soon as it is known.

    For a video that fails it is None. At the end, one warning names these videos.
    """
    from skspot.utils._parallel import imap_videos

    return imap_videos(
        function,
        list(zip(names, videos)),
        names=paths,
        task=task,
        n_jobs=n_jobs,
        on_error="warn",
        verbose=0,
        consequence="nothing was written for them",
    )
