"""The command line: ``skspot demo | train | spot | evaluate | cache``."""

import argparse
import glob
import os
import re
import sys
import warnings
from functools import partial
from pathlib import Path

import skspot

_MB = 1_000_000
_VIDEO_SUFFIXES = frozenset(
    (".3gp", ".avi", ".flv", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ogv")
    + (".ts", ".webm", ".wmv")
)


def main(arguments=None):
    """Run the command line.

    Parameters
    ----------
    arguments : list of str, default=None
        The arguments; None takes those of the process.

    Returns
    -------
    status : int
        0 if all went well; 1 after an error, or if a video was left out.
    """
    options = _parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _print_warning
            return options.run(options)
    except (OSError, TypeError, ValueError, ImportError) as error:
        notes = "\n".join(getattr(error, "__notes__", []))
        print(f"skspot {options.command}: {error}\n{notes}".rstrip(), file=sys.stderr)
        return 1
    except KeyboardInterrupt as interruption:
        print(f"\nskspot {options.command}: interrupted. {interruption}", file=sys.stderr)
        return 130


def _parser():
    parser = argparse.ArgumentParser(
        prog="skspot", description="Spot macro- and micro-expressions in face videos."
    )
    parser.add_argument("--version", action="version", version=f"skspot {skspot.__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    for add in (_add_demo, _add_train, _add_spot, _add_evaluate, _add_cache):
        add(commands)
    return parser


def _add_demo(commands):
    command = commands.add_parser(
        "demo",
        help="the whole story on synthetic videos: train, spot and score unseen subjects",
        description="Make synthetic face videos, cross-validate by subject, report how well "
        "expressions of unseen subjects are spotted, and write tables, a timeline and a model.",
    )
    command.add_argument("--out", type=Path, default=Path("skspot-demo"), help="folder to write to")
    command.add_argument(
        "--subjects", type=_at_least(3), default=8, help="number of subjects (default 8)"
    )
    command.add_argument("--seed", type=int, default=0, help="seed of everything (default 0)")
    _add_workers(command, default=2)
    command.set_defaults(run=_demo)


def _add_train(commands):
    command = commands.add_parser(
        "train",
        help="train a spotter on annotated videos",
        description="Train a spotter on the videos that a table names, and save it.",
    )
    command.add_argument(
        "annotations",
        type=Path,
        help="CSV with the columns video, onset, offset, label (macro or micro) and, if known, "
        "apex; zero-based frames; a row with a video's name alone is a video without expressions",
    )
    command.add_argument(
        "--videos", type=Path, help="folder of the videos (default: that of the table)"
    )
    command.add_argument("--model", type=Path, required=True, help="file to write the model to")
    command.add_argument("--epochs", type=_positive, help="epochs of training")
    command.add_argument("--seed", type=int, default=0, help="seed of the training (default 0)")
    _add_landmarker(command)
    _add_workers(command)
    command.set_defaults(run=_train)


def _add_spot(commands):
    command = commands.add_parser(
        "spot",
        help="spot the expressions of videos with a trained model",
        description="For each video, write its intervals as CSV, in frames and in seconds, and a "
        "timeline as PNG.",
    )
    command.add_argument("videos", nargs="+", help="video files, or folders of numbered images")
    command.add_argument("--model", type=Path, required=True, help="a file that `train` has made")
    command.add_argument("--out", type=Path, default=Path("."), help="folder to write to")
    _add_landmarker(command, default=None)
    _add_workers(command)
    command.set_defaults(run=_spot)


def _add_evaluate(commands):
    command = commands.add_parser(
        "evaluate",
        help="score predicted intervals against annotated ones",
        description="Print counts, precision, recall and F1 of macro- and micro-expressions, "
        "pooled over all videos of both tables.",
    )
    command.add_argument(
        "predicted", type=Path, help="CSV of predicted intervals, or a folder of such files"
    )
    command.add_argument("true", type=Path, help="CSV of annotated intervals, or a folder")
    command.add_argument(
        "--iou", type=float, default=0.5, help="least IoU of a hit, above 0 (default 0.5)"
    )
    command.set_defaults(run=_evaluate)


def _add_cache(commands):
    command = commands.add_parser(
        "cache",
        help="show or clear what --cache has kept",
        description="Print how many landmarks and features of videos a cache keeps and their size, "
        "after clearing it if wanted. Only what skspot has put there is counted and deleted. A "
        "cache may be moved; videos may too, as long as their times of change stay.",
    )
    command.add_argument("folder", type=Path, help="folder that was given with --cache")
    how = command.add_mutually_exclusive_group()
    how.add_argument("--clear", action="store_true", help="delete all entries")
    how.add_argument(
        "--limit-mb",
        type=_at_least(0),
        help="delete the entries not used for longest, until the others fit this many MB",
    )
    command.set_defaults(run=_cache)


def _add_landmarker(command, default="face-alignment"):
    command.add_argument(
        "--landmarker",
        choices=["face-alignment", "mediapipe", "template"],
        default=default,
        help=f"what finds the face (default: {default or 'what the model was trained with'})",
    )
    command.add_argument("--landmarker-model", help="file of mediapipe's FaceLandmarker model")
    command.add_argument(
        "--detect-every",
        type=_positive,
        metavar="K",
        help="detect the face in every K-th frame and track it between; 1 detects it in every one "
        f"(default: {'5' if default else 'as in training'}; no meaning for template)",
    )
    command.add_argument("--cache", help="folder that keeps landmarks and features of videos")


def _add_workers(command, default=1):
    command.add_argument(
        "--jobs",
        type=_positive,
        default=default,
        help=f"videos worked on at a time (default {default})",
    )


def _at_least(least):
    """Return what reads a whole number for argparse."""

    def whole(text):
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}, got {number}")
        return number

    return whole


_positive = _at_least(1)


def _demo(options):
    from skspot.demo import run_demo

    _check_folder(options.out)
    run_demo(options.out, n_subjects=options.subjects, seed=options.seed, n_jobs=options.jobs)
    return 0


def _train(options):
    from sklearn.pipeline import Pipeline

    from skspot.io import read_intervals
    from skspot.neural_network import SpotFormerClassifier
    from skspot.preprocessing import FaceAligner, SWMROFlow

    _check_file(options.model)
    tables = read_intervals(options.annotations)
    folder = options.videos or options.annotations.parent
    videos = _find_videos(folder, list(tables))
    options.model.parent.mkdir(parents=True, exist_ok=True)
    spotter = Pipeline(
        [
            ("align", FaceAligner()),
            ("flow", SWMROFlow()),
            ("spot", SpotFormerClassifier(random_state=options.seed, verbose=1)),
        ]
    )
    _apply_options(spotter, options)
    if options.epochs is not None:
        spotter.set_params(spot__max_epochs=options.epochs)
    spotter.fit(videos, list(tables.values()))
    skspot.save(spotter, options.model)
    print(f"Wrote {options.model}, trained on {len(videos)} videos.")
    return 0


def _spot(options):
    from skspot.utils._parallel import map_videos

    _check_folder(options.out)
    names = _output_names(options.videos)
    spotter = _three_steps(skspot.load(options.model), options.model)
    _apply_options(spotter, options)
    # One video in each process, from its frames to its intervals; progress of each only if alone.
    alone = options.jobs == 1
    settings = {f"{step}__n_jobs": None for step in ("align", "flow")}
    settings |= {f"{step}__verbose": int(alone) for step in ("align", "flow")}
    settings |= {f"{step}__on_error": "raise" for step in ("align", "flow")}  # collected here
    spotter.set_params(**settings)
    options.out.mkdir(parents=True, exist_ok=True)
    failed = False
    # A few videos at a time: what was found is told as soon as it can be.
    for start in range(0, len(names), options.jobs):
        chosen = slice(start, start + options.jobs)
        found = map_videos(
            partial(_spot_video, spotter=spotter, folder=options.out),
            list(zip(names[chosen], options.videos[chosen])),
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


def _spot_video(name_and_path, *, spotter, folder):
    """Write the intervals and the timeline of one video; return what to tell of them."""
    name, path = name_and_path
    aligner, flow, classifier = (step for _, step in spotter.steps)
    (video,) = aligner.transform([path])
    # What is kept must be there as a whole; otherwise features pass by without being held.
    features = flow.stream(video) if flow.memory is None else flow.transform([video])[0]
    (scores,) = classifier.predict_scores([features])
    return _write_results(folder, name, video, scores, classifier.decode(scores))


def _write_results(folder, name, video, scores, table):
    """Write the intervals and the timeline of one video; return what to tell of them."""
    import matplotlib.pyplot as plt

    from skspot.inspection import SpottingDisplay
    from skspot.io import write_intervals

    plt.switch_backend("agg")
    write_intervals(folder / f"{name}.csv", {name: table}, timestamps={name: video.timestamps})
    display = SpottingDisplay.from_predictions(
        None,
        table,
        scores=scores,
        timestamps=video.timestamps,
        valid=video.valid,
        name=video.name,
    )
    display.figure_.savefig(folder / f"{name}.png", dpi=130)
    plt.close(display.figure_)
    n_macro, n_micro = ((table["label"] == label).sum() for label in skspot.LABELS)
    return (
        f"{name}: {n_macro} macro- and {n_micro} micro-expressions in {len(video)} frames; wrote "
        f"{folder / name}.csv and .png"
    )


def _evaluate(options):
    from skspot.metrics import spotting_report

    predicted, true = _read_tables(options.predicted), _read_tables(options.true)
    videos = list(dict.fromkeys([*true, *predicted]))
    if not set(true) & set(predicted):
        raise ValueError(
            f"{options.predicted} and {options.true} have no video in common; videos go by their "
            f"file name without suffix: {_some(predicted)} there, {_some(true)} here."
        )
    for what, tables, path in (
        ("predictions", predicted, options.predicted),
        ("annotations", true, options.true),
    ):
        missing = [video for video in videos if video not in tables]
        if missing:
            print(
                f"{len(missing)} of {len(videos)} videos have no {what} in {path}, and count as "
                f"videos without intervals: {', '.join(missing)}",
                file=sys.stderr,
            )
    empty = skspot.make_intervals()
    print(
        spotting_report(
            [true.get(video, empty) for video in videos],
            [predicted.get(video, empty) for video in videos],
            iou_threshold=options.iou,
        )
    )
    return 0


def _cache(options):
    from skspot.utils._cache import limit_cache, stored_results

    before = stored_results(options.folder)
    if options.clear or options.limit_mb is not None:
        limit_cache(options.folder, 0 if options.clear else options.limit_mb * _MB)
    left = stored_results(options.folder)
    for kind, (n_before, _) in before.items():
        n_entries, n_bytes = left.get(kind, (0, 0))
        deleted = f", {n_before - n_entries} deleted" if n_entries < n_before else ""
        print(f"{kind}: {n_entries} entries, {n_bytes / _MB:.1f} MB{deleted}")
    return 0


def _read_tables(path):
    """Return the interval tables of a CSV file, or of all those in a folder, by video.

    Videos go by their file name without suffix, as `skspot spot` writes them.
    """
    from skspot.io import read_intervals

    files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    if not files:
        raise FileNotFoundError(f"There is no CSV file in {str(path)!r}.")
    tables = {}
    for file in files:
        for name, table in read_intervals(file).items():
            key = re.sub(r"\.[A-Za-z][A-Za-z0-9]{1,3}$", "", Path(name).name)
            if key in tables:
                raise ValueError(f"{str(path)!r} has several tables of the video {key!r}.")
            tables[key] = table
    return tables


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


def _apply_options(spotter, options):
    """Set what the command line says about landmarks, cache, workers and progress."""
    settings = {"align__verbose": 1, "flow__verbose": 1}
    settings |= {"align__n_jobs": options.jobs, "flow__n_jobs": options.jobs}
    settings |= {"align__memory": options.cache, "flow__memory": options.cache}
    settings |= {"spot__n_threads": None}  # one network, which may use all cores
    aligner = spotter.named_steps["align"]
    if options.landmarker not in (None, aligner.landmarker):
        settings |= {"align__landmarker": options.landmarker, "align__landmarker_params": None}
    if options.detect_every is not None:
        settings |= {"align__detect_every": options.detect_every}
    spotter.set_params(**settings)
    if options.landmarker_model is not None:
        params = {**(aligner.landmarker_params or {}), "model_path": options.landmarker_model}
        spotter.set_params(align__landmarker_params=params)


def _check_folder(folder):
    """Refuse a folder that results can't be written to, before any work is done for them."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not existing.is_dir():
        raise NotADirectoryError(
            f"Can't write to the folder {str(folder)!r}: {existing} is a file."
        )
    if not os.access(existing, os.W_OK | os.X_OK):
        raise PermissionError(
            f"Can't write to the folder {str(folder)!r}: no permission to write in {existing}."
        )


def _check_file(path):
    """Refuse a file that can't be written, before any work is done for it."""
    if path.is_dir():
        raise IsADirectoryError(
            f"Can't write the file {str(path)!r}: there is a folder of that name."
        )
    _check_folder(path.parent)


def _some(names):
    """Return a few names as text."""
    names = list(names)
    return ", ".join(names[:5]) + (" ..." if len(names) > 5 else "") or "none"


def _find_videos(folder, names):
    """Return the path of each named video: its file, its folder, or its file without suffix."""
    found = []
    for name in names:
        path = folder / name
        candidates = [path]
        if not path.exists():
            candidates = sorted(path.parent.glob(f"{glob.escape(path.name)}.*"))
            candidates = [
                c for c in candidates if c.is_dir() or c.suffix.lower() in _VIDEO_SUFFIXES
            ]
        if len(candidates) != 1:
            got = [c.name for c in candidates] or "none"
            raise FileNotFoundError(
                f"The table names the video {name!r}; expected one file or folder of that name in "
                f"{folder}, got {got}. Give the folder with --videos, or the file name with suffix."
            )
        found.append(str(candidates[0]))
    return found


def _output_names(videos):
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


def _print_warning(message, category, filename, lineno, file=None, line=None):
    print(f"Warning: {message}", file=sys.stderr)
