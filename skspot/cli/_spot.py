"""``skspot spot``: spot the expressions of videos with a trained model."""

from functools import partial
from pathlib import Path

from skspot.cli._arguments import add_out, check_folder
from skspot.cli._videos import (
    add_videos,
    count_text,
    find_all,
    load_spotter,
    map_named,
    output_names,
    spot_video,
    with_rate,
)
from skspot.io import INTERVAL_FORMATS

# MEGC's files are lists of many videos.
_SUFFIXES = {
    name: suffix for name, suffix in INTERVAL_FORMATS.items() if not name.startswith("megc")
}

_FROM_FIRST_FRAME = {"csv", "json"}


def add_spot(commands):
    """Add the command."""
    command = commands.add_parser(
        "spot",
        help="spot the expressions of videos with a trained model",
        description="For each video, write its intervals, as CSV unless other formats are named, "
        "and a timeline as PNG.",
    )
    add_videos(command)
    add_out(command, Path("."))
    command.add_argument(
        "--format",
        action="append",
        choices=list(_SUFFIXES),
        dest="formats",
        help="format of the intervals; may be given several times (default csv)",
    )
    command.set_defaults(run=_run)


def _run(options):
    check_folder(options.out)
    paths = list(map(str, find_all(options.videos)))
    names = output_names(paths)
    videos = [with_rate(path, options) for path in paths]
    spotter = load_spotter(options, videos)
    options.out.mkdir(parents=True, exist_ok=True)
    formats = list(dict.fromkeys(options.formats or ["csv"]))
    spot = partial(_spot_video, spotter=spotter, folder=options.out, formats=formats)
    failed = False
    for text in map_named(spot, names, videos, paths, task="spotting", n_jobs=options.jobs):
        if text is None:
            failed = True
        else:
            print(text)
    return int(failed)


def _spot_video(name_and_path, *, spotter, folder, formats):
    """Write the intervals and the timeline of one video; return what to tell of them."""
    name, path = name_and_path
    video, scores, table = spot_video(spotter, path)
    written = _write_intervals(folder / name, video, table, formats)
    written.append(_write_timeline(folder / name, video, scores, table))
    return (
        f"{name}: {count_text(video, table)}; wrote "
        f"{folder / name}{', '.join(written[:-1])} and {written[-1]}"
    )


def _write_intervals(stem, video, table, formats):
    """Write the intervals of one video in each format; return the suffixes of the files."""
    from skspot.io import write_intervals
    from skspot.video import open_video

    media = None if Path(video.source).is_dir() else video.source
    # Other programs count from where their players begin, our tables from the first frame.
    start = 0.0
    if not set(formats) <= _FROM_FIRST_FRAME:
        start = open_video(video.source, warn=False).start
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
