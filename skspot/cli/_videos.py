"""Videos that a command spots expressions in, and the model that it does so with."""

import glob
from pathlib import Path

from skspot.cli._arguments import add_image_rate, add_landmarker, add_workers, apply_options, given


def add_videos(command):
    """Add the videos, the model and what they depend on."""
    command.add_argument(
        "videos",
        nargs="+",
        help="video files, folders of numbered images, folders of video files, or patterns such "
        "as *.mp4",
    )
    command.add_argument("--model", type=Path, required=True, help="a file that `train` has made")
    add_image_rate(command)
    add_landmarker(command, default=None)
    add_workers(command)


def find_all(videos):
    """Return the paths of videos: patterns and folders of videos stand for what is in them."""
    found = []
    for video in videos:
        path = Path(video)
        if not path.exists() and glob.has_magic(video):  # as shells on Windows leave them
            paths = [Path(match) for match in sorted(glob.glob(video))]
            if not paths:
                raise FileNotFoundError(f"No file or folder is called {video!r}.")
            found += paths
        else:
            found += _videos_within(path) or [path]
    return found


def _videos_within(folder):
    """Return the video files in a folder that is no video itself."""
    from skspot.datasets._video_files import VIDEO_SUFFIXES
    from skspot.video import is_image_folder

    if not folder.is_dir() or is_image_folder(folder):
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in VIDEO_SUFFIXES and not path.name.startswith(".")
    )


def output_names(videos):
    """Return the name under which the results of each video are written."""
    names = [
        Path(video).resolve().name if Path(video).is_dir() else Path(video).stem for video in videos
    ]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(
            f"Several videos are called {', '.join(repeated)}, so that their results would "
            "overwrite each other; spot them in separate calls with different --out."
        )
    return names


def with_rate(path, options):
    """Return a video with what the command line says of the rate of images in a folder."""
    from skspot.video import ImageSequence

    rate = given(options, ("fps", "keep_every"))
    if rate and Path(path).is_file():
        raise ValueError(
            f"--fps and --keep-every are for folders of images; {path!r} is a file, which has "
            "times of its own."
        )
    return ImageSequence(path, **rate) if rate else path


def load_spotter(options, videos):
    """Return the model's three steps, made ready for one video in each process.

    What is wrong with the landmarker is so for every video, and raised here.
    """
    import skspot

    spotter = _three_steps(skspot.load(options.model), options.model)
    apply_options(spotter, options)
    spotter["align"].fit(videos)
    # One video in each process, from its frames to its intervals; progress of each only if alone.
    alone = options.jobs == 1
    settings = {f"{step}__n_jobs": None for step in ("align", "flow")}
    settings |= {f"{step}__verbose": int(alone) for step in ("align", "flow")}
    settings |= {f"{step}__on_error": "raise" for step in ("align", "flow")}  # collected here
    return spotter.set_params(**settings)


def _three_steps(spotter, path):
    """Return the spotter with its steps called as here, whatever they were called before."""
    from sklearn.pipeline import Pipeline

    steps = [step for _, step in getattr(spotter, "steps", [(None, spotter)])]
    kinds = [type(step).__name__ for step in steps]
    if kinds != ["FaceAligner", "SWMROFlow", "SpotFormerClassifier"]:
        raise ValueError(
            "The command line needs a model of FaceAligner, SWMROFlow and SpotFormerClassifier; "
            f"{str(path)!r} holds {', '.join(kinds)}."
        )
    return Pipeline(list(zip(("align", "flow", "spot"), steps)))


def spot_video(spotter, path):
    """Return the aligned video, the scores of its frames and its intervals."""
    from skspot import spot

    (result,) = spot(spotter, [path])
    return result.aligned, result.scores, result.intervals


def count_text(video, table):
    """Say how many expressions of each class were found in a video."""
    n_macro, n_micro = ((table["label"] == label).sum() for label in ("macro", "micro"))
    return f"{n_macro} macro- and {n_micro} micro-expressions in {len(video)} frames"


def map_named(function, names, videos, paths, *, task, n_jobs):
    """Yield what a function makes of each (name, video); None, with a warning, of a failed one.

    A few videos at a time, so that what was found can be told as soon as it is known.
    """
    from skspot.utils._parallel import map_videos

    for start in range(0, len(names), n_jobs):
        chosen = slice(start, start + n_jobs)
        yield from map_videos(
            function,
            list(zip(names[chosen], videos[chosen])),
            names=paths[chosen],
            task=task,
            n_jobs=n_jobs,
            on_error="warn",
            verbose=0,
            consequence="nothing was written",
        )
