"""``skspot spot``: spot the expressions of videos with a trained model."""

import glob
from functools import partial
from pathlib import Path

from skspot.cli._arguments import (
    add_image_rate,
    add_landmarker,
    add_out,
    add_workers,
    apply_options,
    check_folder,
    given,
)
from skspot.io._formats import FORMATS

# MEGC's files are lists of many videos.
_SUFFIXES = {name: FORMATS[name].suffix for name in FORMATS if not name.startswith("megc")}

_FROM_FIRST_FRAME = {"csv", "json"}


def add_spot(commands):
    """Add the command."""
    command = commands.add_parser(
        "spot",
        help="spot the expressions of videos with a trained model",
        description="For each video, write its intervals, as CSV unless other formats are named, "
        "and a timeline as PNG.",
    )
    command.add_argument(
        "videos",
        nargs="+",
        help="video files, folders of numbered images, folders of video files, or patterns such "
        "as *.mp4",
    )
    command.add_argument("--model", type=Path, required=True, help="a file that `train` has made")
    add_out(command, Path("."))
    command.add_argument(
        "--format",
        action="append",
        choices=list(_SUFFIXES),
        dest="formats",
        help="format of the intervals; may be given several times (default csv)",
    )
    add_image_rate(command)
    add_landmarker(command, default=None)
    add_workers(command)
    command.set_defaults(run=_run)


def _run(options):
    import skspot
    from skspot.utils._parallel import map_videos

    check_folder(options.out)
    paths = list(map(str, find_all(options.videos)))
    names = output_names(paths)
    videos = [_with_rate(path, options) for path in paths]
    spotter = _three_steps(skspot.load(options.model), options.model)
    apply_options(spotter, options)
    spotter["align"].fit(videos)  # what is wrong with the landmarker is so for every video
    # One video in each process, from its frames to its intervals; progress of each only if alone.
    alone = options.jobs == 1
    settings = {f"{step}__n_jobs": None for step in ("align", "flow")}
    settings |= {f"{step}__verbose": int(alone) for step in ("align", "flow")}
    settings |= {f"{step}__on_error": "raise" for step in ("align", "flow")}  # collected here
    spotter.set_params(**settings)
    options.out.mkdir(parents=True, exist_ok=True)
    formats = list(dict.fromkeys(options.formats or ["csv"]))
    spot = partial(_spot_video, spotter=spotter, folder=options.out, formats=formats)
    failed = False
    # A few videos at a time: what was found is told as soon as it can be.
    for start in range(0, len(names), options.jobs):
        chosen = slice(start, start + options.jobs)
        found = map_videos(
            spot,
            list(zip(names[chosen], videos[chosen])),
            names=paths[chosen],
            action="spotted",
            n_jobs=options.jobs,
            on_error="warn",
            verbose=0,
        )
        for text in found:
            if text is not None:
                print(text)
        failed |= None in found
    return int(failed)


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
    from skspot.video._pictures import holds_images

    if not folder.is_dir() or holds_images(folder):
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in VIDEO_SUFFIXES and not path.name.startswith(".")
    )


def _with_rate(path, options):
    """Return a video with what the command line says of the rate of images in a folder."""
    from skspot.video import ImageSequence

    rate = given(options, ("fps", "keep_every"))
    if rate and Path(path).is_file():
        raise ValueError(
            f"--fps and --keep-every are for folders of images; {path!r} is a file, which has "
            "times of its own."
        )
    return ImageSequence(path, **rate) if rate else path


def _spot_video(name_and_path, *, spotter, folder, formats):
    """Write the intervals and the timeline of one video; return what to tell of them."""
    name, path = name_and_path
    aligner, flow, classifier = (step for _, step in spotter.steps)
    (video,) = aligner.transform([path])
    # What is kept must be there as a whole; otherwise features pass by without being held.
    features = flow.stream(video) if flow.memory is None else flow.transform([video])[0]
    (scores,) = classifier.predict_scores([features])
    table = classifier.decode(scores)
    written = _write_intervals(folder / name, video, table, formats)
    written.append(_write_timeline(folder / name, video, scores, table))
    n_macro, n_micro = ((table["label"] == label).sum() for label in ("macro", "micro"))
    return (
        f"{name}: {n_macro} macro- and {n_micro} micro-expressions in {len(video)} frames; wrote "
        f"{folder / name}{', '.join(written[:-1])} and {written[-1]}"
    )


def _write_intervals(stem, video, table, formats):
    """Write the intervals of one video in each format; return the suffixes of the files."""
    from skspot.io import write_intervals
    from skspot.video._readers import open_source

    media = None if Path(video.source).is_dir() else video.source
    # Other programs count from where their players begin, our tables from the first frame.
    start = 0.0
    if not set(formats) <= _FROM_FIRST_FRAME:
        start = open_source(video.source, quiet=True).start
    for name in formats:
        times = video.timestamps + (0.0 if name in _FROM_FIRST_FRAME else start)
        write_intervals(
            stem.with_name(stem.name + _SUFFIXES[name]),
            {stem.name: table},
            format=name,
            timestamps={stem.name: times},
            media={stem.name: media},
        )
    return [_SUFFIXES[name] for name in formats]


def _write_timeline(stem, video, scores, table):
    """Write the timeline of one video; return the suffix of the file."""
    import matplotlib.pyplot as plt

    from skspot.inspection import SpottingDisplay

    plt.switch_backend("agg")
    display = SpottingDisplay.from_predictions(
        None,
        table,
        scores=scores,
        timestamps=video.timestamps,
        valid=video.valid,
        name=video.name,
    )
    display.figure_.savefig(stem.with_name(f"{stem.name}.png"), dpi=130)
    plt.close(display.figure_)
    return ".png"


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
