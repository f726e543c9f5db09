"""Does a model that was trained at 30 frames per second spot as well at other rates?

    python benchmarks/bench_rates.py [--seeds 0 1] [--out FOLDER]

Each seed makes synthetic videos of 20 s: two of each of 12 subjects to train on at 30 frames per
second, and one of each of 12 others, the same scenes rendered at every rate. Landmarks are the true
ones. The table, printed and written to ``rates.md`` in the folder, has the F1 scores at each rate,
pooled over the videos of all seeds, and the F1 score of the intervals found there against those
found at 30 frames per second, both in seconds.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from skspot.datasets import make_expression_videos
from skspot.intervals import make_intervals
from skspot.metrics import interval_f1_score
from skspot.neural_network import SpotFormerClassifier
from skspot.preprocessing import SWMROFlow
from skspot.video import AlignedVideo

RATES = (30, 25, 50, 60, 120, 200)
SECONDS = 20
N_SUBJECTS = 12


def features_of(n_subjects, videos_per_subject, fps, seed):
    """Return the features and the true intervals of new videos."""
    data = make_expression_videos(
        n_subjects,
        videos_per_subject=videos_per_subject,
        n_frames=SECONDS * fps,
        fps=fps,
        random_state=seed,
    )
    aligned = [
        AlignedVideo(
            video, points, np.ones(len(video), bool), np.arange(len(video)) / fps, (240, 240)
        )
        for video, points in zip(data.videos, data.landmarks)
    ]
    features = SWMROFlow().transform(aligned)
    for video in features:
        np.asarray(video)  # computed while its frames are at hand
    return features, data.intervals


def at_rate(table, fps, new_fps):
    """Return intervals with the frames of another rate."""
    table = table.copy()
    for name in ("onset", "apex", "offset"):
        table[name] = np.rint(table[name] * new_fps / fps)
    return make_intervals(table) if len(table) else table


def spot_at_all_rates(seed):
    """Return the true and the spotted intervals of each rate, for one seed."""
    X, y = features_of(N_SUBJECTS, 2, 30, seed)
    spotter = SpotFormerClassifier(random_state=seed).fit(X, y)
    results = {}
    for fps in RATES:
        X, y = features_of(N_SUBJECTS, 1, fps, 1000 + seed)
        results[fps] = y, list(spotter.predict(X))
    return results


def main():
    """Measure, print the table and write it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--out", type=Path, default=Path("benchmarks"))
    options = parser.parse_args()
    found = Parallel(n_jobs=-1)(delayed(spot_at_all_rates)(seed) for seed in options.seeds)
    rows = {}
    for fps in RATES:
        true = [table for results in found for table in results[fps][0]]
        spotted = [table for results in found for table in results[fps][1]]
        reference = [table for results in found for table in results[30][1]]
        same = [at_rate(table, fps, 30) for table in spotted]
        rows[fps] = {
            **dict(zip(("macro", "micro"), interval_f1_score(true, spotted, average=None))),
            "overall": interval_f1_score(true, spotted),
            "against 30": interval_f1_score(reference, same),
            "true": sum(map(len, true)),
        }
    table = pd.DataFrame(rows).T.rename_axis("frames per second").round(3)
    table["true"] = table["true"].astype(int)
    text = table.reset_index().to_markdown(index=False)
    print(text)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "rates.md").write_text(text + "\n")


if __name__ == "__main__":
    main()
