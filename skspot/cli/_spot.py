"""``skspot spot``: find the expressions in videos with a trained model."""

from functools import partial
from pathlib import Path

from skspot.cli._arguments import add_out, check_folder
from skspot.cli._spotter import load_spotter
from skspot.cli._videos import (
    add_videos,
    count_text,
    find_all,
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
        help="find the expressions in videos with a trained model",
        description="For each video, write the onset, apex and offset of its macro- and "
        "micro-expressions (as CSV, unless --format names other formats) and a picture of its "
        "timeline (PNG).",
    )
    add_videos(command)
    add_out(command, Path("."))
    command.add_argument(
        "--format",
        action="append",
        choices=list(_SUFFIXES),
        dest="formats",
        help="format of the intervals; repeat the option for several formats (default csv)",
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
            print(text, flush=True)
    return int(failed)


def _spot_video(name_and_video, *, spotter, folder, formats):
    """Write the intervals and the timeline of one video; return the line to print."""
    name, video = name_and_video
    result = spot_video(spotter, video)
    written = _write_intervals(folder / name, result, formats)
    written.append(_write_timeline(folder / name, result))
    return (
        f"{name}: {count_text(result)}; wrote "
        f"{folder / name}{', '.join(written[:-1])} and {written[-1]}"
    )


def _write_intervals(stem, result, formats):
    """Write the intervals of one video in each format; return the suffixes of the files."""
    from skspot.io import write_intervals
    from skspot.video import open_video

    media = None if Path(result.video).is_dir() else result.video
    # Players of other programs start with the sound, which can be earlier than the first frame.
    start = 0.0
    if not set(formats) <= _FROM_FIRST_FRAME:
        start = open_video(result.video, warn=False).start
    for name in formats:
        times = result.times.timestamps + (0.0 if name in _FROM_FIRST_FRAME else start)
        write_intervals(
            stem.with_name(stem.name + _SUFFIXES[name]),
            {stem.name: result.intervals},
            format=name,
            timestamps={stem.name: times},
            media={stem.name: media},
        )
    return [_SUFFIXES[name] for name in formats]


def _write_timeline(stem, result):
    """Write the timeline of one video; return the suffix of the file."""
    import matplotlib.pyplot as plt

    from skspot.inspection import SpottingDisplay

    plt.switch_backend("agg")
    display = SpottingDisplay.from_result(result)
    display.figure_.savefig(stem.with_name(f"{stem.name}.png"), dpi=130)
    plt.close(display.figure_)
    return ".png"
