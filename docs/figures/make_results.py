"""Train models and predict the results for several pictures.

    python docs/figures/make_results.py

takes some minutes and writes `results.npz` and `history.csv`, which `matches.py`, `occlusion.py`
and `training.py` draw in the documentation.
"""

from pathlib import Path

import numpy as np
from sklearn.base import clone

from skspot.datasets import make_expression_videos
from skspot.inspection import OcclusionDisplay
from skspot.model_selection import StratifiedSubjectKFold, cross_val_intervals
from skspot.neural_network import SpotFormerClassifier
from skspot.preprocessing import FaceAligner, SWMROFlow

FIGURES = Path(__file__).parent
SPLITS = StratifiedSubjectKFold(4)


def main():
    data = make_expression_videos(8, random_state=7, n_jobs=2, verbose=1)
    aligned = FaceAligner("template", n_jobs=2, verbose=1).transform(data.videos)
    features = SWMROFlow(n_jobs=2, verbose=1).transform(aligned)
    spotter = SpotFormerClassifier(random_state=0)
    predicted = cross_val_intervals(
        spotter, features, data.intervals, groups=data.subjects, cv=SPLITS
    )
    np.savez_compressed(
        FIGURES / "results.npz",
        names=data.names,
        **{f"true_{i}": table for i, table in enumerate(data.intervals)},
        **{f"predicted_{i}": table for i, table in enumerate(predicted)},
        **occlusion(clone(spotter), features, data),
    )


def occlusion(spotter, features, data):
    """Train on all subjects but one; return the occlusion effects for its best micro-expression."""
    last = data.subjects == data.subjects[-1]
    others = np.flatnonzero(~last)
    spotter.set_params(train_split=SPLITS).fit(
        [features[i] for i in others],
        [data.intervals[i] for i in others],
        groups=data.subjects[others],
    )
    spotter.history_dataframe().to_csv(FIGURES / "history.csv")
    micro = [
        (i, interval)
        for i in np.flatnonzero(last)
        for interval in data.intervals[i]
        if interval["label"] == "micro"
    ]
    displays = [
        OcclusionDisplay.from_features(spotter, features[i], interval, name=data.names[i])
        for i, interval in micro
    ]
    display = max(displays, key=lambda display: display.full_score)
    parts = ("effects", "total_effects", "full_score", "names", "edges", "fps", "title")
    return {f"occlusion_{part}": getattr(display, part) for part in parts}


if __name__ == "__main__":
    main()
