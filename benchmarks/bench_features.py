"""How well features tell expressions, by optical flow engine and reference frame.

    python benchmarks/bench_features.py [--engines farneback dis lucas-kanade] [--subjects 8]

Gradient boosting tells the frames of macro- and of micro-expressions from the others, trained and
tested on different subjects of synthetic videos with exact landmarks. Printed is the average
precision of both, beside the share of positive frames, which is what chance reaches.
"""

import argparse
import time

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GroupKFold, cross_val_predict

from skspot import LABELS
from skspot.datasets import make_expression_videos
from skspot.preprocessing import SWMROFlow
from skspot.video import AlignedVideo

N_FRAMES = 600


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engines", nargs="+", default=["farneback", "dis", "lucas-kanade"])
    parser.add_argument("--subjects", type=int, default=8)
    options = parser.parse_args()
    data = make_expression_videos(
        options.subjects, videos_per_subject=2, n_frames=N_FRAMES, random_state=1, n_jobs=2
    )
    aligned = [
        AlignedVideo(video, points, np.ones(N_FRAMES, bool), np.arange(N_FRAMES) / 30, (240, 240))
        for video, points in zip(data.videos, data.landmarks)
    ]
    truth = {label: positive_frames(data.intervals, label) for label in LABELS}
    shares = ", ".join(f"{label} {frames.mean():.3f}" for label, frames in truth.items())
    print(f"share of positive frames: {shares}")
    print("engine         reference  macro AP  micro AP  seconds")
    for engine in options.engines:
        for reference in ("first", "centre"):
            start = time.perf_counter()
            features = SWMROFlow(flow=engine, reference=reference, n_jobs=2).transform(aligned)
            seconds = time.perf_counter() - start
            X = np.concatenate(features).reshape(len(aligned) * N_FRAMES, -1)
            groups = np.repeat(data.subjects, N_FRAMES)
            macro, micro = (precision(X, truth[label], groups) for label in LABELS)
            print(
                f"{engine:14s} {reference:9s} {macro:9.3f} {micro:9.3f} {seconds:8.0f}", flush=True
            )


def positive_frames(tables, label):
    positive = np.zeros((len(tables), N_FRAMES), dtype=bool)
    for row, table in zip(positive, tables):
        for interval in table[table["label"] == label]:
            row[interval["onset"] : interval["offset"] + 1] = True
    return positive.ravel()


def precision(X, y, groups):
    model = HistGradientBoostingClassifier(max_iter=100, random_state=0)
    scores = cross_val_predict(model, X, y, groups=groups, cv=GroupKFold(4), method="predict_proba")
    return average_precision_score(y, scores[:, 1])


if __name__ == "__main__":
    main()
