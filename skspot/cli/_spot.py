"""``skspot spot``: spot the expressions of videos with a trained model."""

from functools import partial
from pathlib import Path

from skspot.cli._arguments import (
    add_image_rate,
    add_landmarker,
    add_out,
    add_workers,
    apply_options,
    check_folder,
)

# Formats of intervals of which a file holds one video, and their suffixes.
_SUFFIXES = {
    "csv": ".csv",
    "json": ".json",
    "elan": ".eaf",
    "praat": ".TextGrid",
    "boris": ".boris",
    "audacity": ".txt",
}


def add_spot(commands):
    """Add the command."""
    command = commands.add_parser(
        "spot",
        help="spot the expressions of videos with a trained model",
        description="For each video, write its intervals, as CSV unless other formats are named, "
        "and a timeline as PNG.",
    )
    command.add_argument("videos", nargs="+", help="video files, or folders of numbered images")
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
    names = output_names(options.videos)
    videos = [_with_rate(video, options) for video in options.videos]
    spotter = _three_steps(skspot.load(options.model), options.model)
    apply_options(spotter, options)
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
            names=options.videos[chosen],
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


def _with_rate(video, options):
    """Return a video with what the command line says of the rate of images in a folder."""
    from skspot.video import ImageSequence

    rate = {"fps": options.fps, "keep_every": options.keep_every}
    rate = {name: value for name, value in rate.items() if value is not None}
    return ImageSequence(video, **rate) if rate and Path(video).is_dir() else video


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

    media = {} if Path(video.source).is_dir() else {stem.name: video.source}
    for name in formats:
        write_intervals(
            stem.with_name(stem.name + _SUFFIXES[name]),
            {stem.name: table},
            format=name,
            timestamps={stem.name: video.timestamps},
            media=media,
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
