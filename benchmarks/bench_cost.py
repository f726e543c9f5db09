"""The cost model of docs/cost_model.rst against a leave-one-subject-out run.

    python benchmarks/bench_cost.py [--subjects 4] [--out benchmarks/cost.md]

The rates of this machine are measured on one video and on one short training; the model then says
what a whole run takes, before it is made. Everything runs on one core.
"""

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import cross_val_predict

from skspot.datasets import make_expression_videos
from skspot.model_selection import LeaveOneSubjectOut
from skspot.neural_network import SpotFormerClassifier
from skspot.preprocessing import SWMROFlow
from skspot.video import AlignedVideo

N_FRAMES = 600


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--subjects", type=int, default=4)
    parser.add_argument("--out", type=Path, help="file for the table")
    options = parser.parse_args()
    data = make_expression_videos(options.subjects, n_frames=N_FRAMES, random_state=0)
    aligned = [
        AlignedVideo(video, points, np.ones(N_FRAMES, bool), np.arange(N_FRAMES) / 30, (240, 240))
        for video, points in zip(data.videos, data.landmarks)
    ]
    flow, spotter = SWMROFlow(), SpotFormerClassifier(random_state=0)
    extract(flow, aligned[:1])  # compiles the engine
    rates = measured_rates(flow, spotter, aligned, data.intervals)
    predicted = predicted_seconds(rates, spotter, data.intervals, data.subjects)
    seconds, features = timed(extract, flow, aligned)
    measured = {"features": seconds}
    run = {"groups": data.subjects, "cv": LeaveOneSubjectOut()}
    measured["folds"], _ = timed(cross_val_predict, spotter, features, data.intervals, **run)
    table = pd.DataFrame({"predicted seconds": predicted, "measured seconds": measured})
    table["measured / predicted"] = table["measured seconds"] / table["predicted seconds"]
    text = (
        f"# Cost model\n\n{options.subjects} subjects, {len(aligned)} videos of {N_FRAMES} frames, "
        f"{sum(map(len, data.intervals))} expressions; rates measured before: "
        + ", ".join(f"{name} {rate:.0f}/s" for name, rate in rates.items())
        + f".\n\n{table.to_markdown(floatfmt='.2f')}\n"
    )
    print(text)
    if options.out:
        options.out.write_text(text)


def measured_rates(flow, spotter, aligned, tables):
    """Return frames extracted, windows trained on and frames scored in a second."""
    n_videos = 2
    seconds, features = timed(extract, flow, aligned[:n_videos])
    brief = clone(spotter).set_params(max_epochs=2)
    brief.fit(features, tables[:n_videos])
    scoring, _ = timed(brief.predict, features)
    n_frames = n_videos * N_FRAMES
    return {
        "frames extracted": n_frames / seconds,
        "windows trained on": brief.history[-1]["windows_per_second"],
        "frames scored": n_frames / scoring,
    }


def predicted_seconds(rates, spotter, tables, subjects):
    """Return what the model says of features and folds; see docs/cost_model.rst."""
    n_frames = N_FRAMES * len(tables)
    windows = sum(
        spotter.max_epochs
        * epoch_windows(spotter, [t for t, s in zip(tables, subjects) if s != held_out])
        for held_out in np.unique(subjects)
    )
    return {
        "features": n_frames / rates["frames extracted"],
        "folds": windows / rates["windows trained on"] + n_frames / rates["frames scored"],
    }


def epoch_windows(spotter, tables):
    """Return the windows of one epoch, by the formula of the cost model."""
    table = np.concatenate(tables)
    lengths = table["offset"] - table["onset"] + spotter.segment_length
    copies = np.where(table["label"] == "micro", spotter.pasted_micro, spotter.pasted_macro)
    expressive = (lengths * (1 + copies)).sum()
    return min((1 + spotter.neutral_ratio) * expressive, N_FRAMES * len(tables))


def extract(flow, aligned):
    """Return the features of videos, computed."""
    features = flow.transform(aligned)
    for video in features:
        np.asarray(video)
    return features


def timed(function, *args, **kwargs):
    start = time.perf_counter()
    result = function(*args, **kwargs)
    return time.perf_counter() - start, result


if __name__ == "__main__":
    main()
