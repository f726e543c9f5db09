"""All steps on synthetic videos: ``skspot demo``."""

from pathlib import Path

import numpy as np
from sklearn.model_selection import cross_validate

import skspot
from skspot.datasets import make_expression_videos
from skspot.inspection import SpottingDisplay
from skspot.io import write_intervals
from skspot.metrics import interval_counts, interval_f1_scorer, spotting_report
from skspot.model_selection import StratifiedSubjectKFold
from skspot.recipes import spotformer
from skspot.utils.validation import as_object_array

_N_FOLDS = 4
_N_SHIFTS = 200


def run_demo(out, *, n_subjects=8, seed=0, n_jobs=2):
    """Train and test on synthetic videos, print a report, and write tables, a picture and a model.

    Parameters
    ----------
    out : str or Path
        Folder to write to.
    n_subjects : int, default=8
        Number of subjects, with two videos each.
    seed : int, default=0
        Seed of the videos, the folds and the training.
    n_jobs : int, default=2
        Number of videos processed at a time.

    Returns
    -------
    report : dict
        What `skspot.metrics.spotting_report` returns as a dict.
    """
    import matplotlib.pyplot as plt

    plt.switch_backend("agg")
    out = Path(out)
    print(f"1. Making face videos of {n_subjects} subjects in {out / 'videos'}")
    data = make_expression_videos(
        n_subjects,
        videos_per_subject=2,
        folder=out / "videos",
        random_state=seed,
        n_jobs=n_jobs,
        verbose=1,
    )
    cache = str(out / "cache")
    spotter = spotformer("template", memory=cache, n_jobs=n_jobs, random_state=seed, verbose=1)
    print("2. Finding faces and extracting features, once for each video")
    spotter[:-1].transform(data.videos)
    spotter.set_params(align__verbose=0, flow__verbose=0, spot__verbose=0)

    print(f"3. Training and spotting in {_N_FOLDS} folds; no subject is in its own training set")
    predicted, fitted = _cross_predict(spotter, data, seed, n_jobs)

    report = spotting_report(data.intervals, predicted, output_dict=True)
    print("\n" + spotting_report(data.intervals, predicted))
    print(_chance_line(data.intervals, predicted, [len(t) for t in data.landmarks], seed))

    shown = _video_to_show(data.intervals)
    spotter = fitted[shown]
    display = SpottingDisplay.from_estimator(spotter, data.videos[shown], data.intervals[shown])
    display.figure_.savefig(out / "timeline.png", dpi=130)
    timestamps = {name: np.arange(len(t)) / data.fps for name, t in zip(data.names, data.landmarks)}
    for name, tables in (("predicted", predicted), ("true", data.intervals)):
        write_intervals(out / f"{name}.csv", dict(zip(data.names, tables)), timestamps=timestamps)
    skspot.save(spotter, out / "model.skspot")
    print(
        f"\nWrote to {out}: timeline.png (an unseen subject), predicted.csv, true.csv, and "
        f"model.skspot. Next: skspot spot VIDEO --model {out / 'model.skspot'}"
    )
    return report


def _cross_predict(spotter, data, seed, n_jobs):
    """Return the prediction for each video, and the spotter that had not seen its subject."""
    results = cross_validate(
        spotter,
        data.videos,
        data.intervals,
        groups=data.subjects,
        cv=StratifiedSubjectKFold(_N_FOLDS, shuffle=True, random_state=seed),
        scoring=interval_f1_scorer,
        n_jobs=n_jobs,
        return_estimator=True,
        return_indices=True,
        error_score="raise",
    )
    predicted, fitted = [None] * len(data.videos), [None] * len(data.videos)
    for fold, test in zip(results["estimator"], results["indices"]["test"]):
        for i, table in zip(test, fold.predict([data.videos[i] for i in test])):
            predicted[i], fitted[i] = table, fold
    return as_object_array(predicted), fitted


def _chance_line(true, predicted, lengths, seed):
    """Return the scores of the same intervals, shifted by a random time in each video, as text."""
    rng = np.random.RandomState(seed)
    f1 = {label: [] for label in (*skspot.CLASSES, "overall")}
    for _ in range(_N_SHIFTS):
        shifted = [_shifted(table, n, rng) for table, n in zip(predicted, lengths)]
        counts = interval_counts(true, shifted)
        counts["overall"] = {
            kind: sum(counts[label][kind] for label in skspot.CLASSES)
            for kind in ("tp", "fp", "fn")
        }
        for label, count in counts.items():
            errors = count["fp"] + count["fn"]
            f1[label].append(2 * count["tp"] / max(2 * count["tp"] + errors, 1))
    means = ", ".join(f"{label} {np.mean(values):.3f}" for label, values in f1.items())
    return f"Chance (the same intervals shifted at random, {_N_SHIFTS} times), F1: {means}"


def _shifted(table, n_frames, rng):
    """Return the intervals shifted by one random time, from the end of the video to its start."""
    shift = rng.randint(n_frames)
    moved = table.copy()
    for field in ("onset", "apex", "offset"):
        moved[field] += shift
    beyond = moved["offset"] >= n_frames
    for field in ("onset", "apex", "offset"):
        moved[field][beyond] -= n_frames
    moved["onset"] = np.maximum(moved["onset"], 0)
    moved["apex"] = np.maximum(moved["apex"], 0)
    return moved[moved["offset"] >= 0]


def _video_to_show(intervals):
    """Return the video with the most intervals, of those with both kinds if there are any."""
    return max(
        range(len(intervals)),
        key=lambda i: (len(set(intervals[i]["label"])), len(intervals[i])),
    )
