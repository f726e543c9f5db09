"""SW-MRO by flow engine: speed, error on exact warps, and how well expressions are separated.

    python benchmarks/bench_features.py [--engines ...] [--seeds 1 2] [--out benchmarks/features.md]

Speed: windows per second on one core, from decoded grey frames with landmarks to features, and the
ratio to Farneback from the window's first frame, which is what public codes compute. The engines
take turns and the fastest of three rounds counts.

Error: one picture of each of eight synthetic faces, and the same face with a random expression
whose strongest region moves by 0.5, 1.5 and 5 px; mean distance of the regions' measured motion to
the true one, with and without sensor noise of 2.5 grey levels.

Average precision: gradient boosting separates the frames of macro- and micro-expressions from the
others, trained and tested on different subjects of synthetic videos with all distractors and exact
landmarks. Chance reaches the share of positive frames. This takes most of the time: about half a
minute for each engine, reference and seed, and a few minutes with Farneback.
"""

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # beside the workers

import cv2
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GroupKFold, cross_val_predict

from skspot import CLASSES
from skspot.datasets import make_expression_videos
from skspot.datasets.synthetic import (
    EXPRESSION_UNITS,
    FACE_SIZE,
    UNITS,
    make_face,
    node_motion,
)
from skspot.faces import node_centres, region_radius
from skspot.preprocessing import SWMROFlow
from skspot.preprocessing.flow import make_engine
from skspot.video import AlignedVideo

N_FRAMES = 600
REFERENCES = ("first", "centre")
AMPLITUDES = (0.5, 1.5, 5.0)
NOISES = (0.0, 2.5)
UNMOVED = np.eye(2, 3)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    engines = ["farneback", "dis", "lucas-kanade", "patches"]
    parser.add_argument("--engines", nargs="+", default=engines)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--subjects", type=int, default=8)
    parser.add_argument("--out", type=Path, help="file for the tables")
    options = parser.parse_args()
    tables = [
        ("Speed on one core", speed_table(options.engines)),
        ("Error on exact warps, in pixels", error_table(options.engines)),
        (
            "Average precision on unseen subjects",
            precision_table(options.engines, options.seeds, options.subjects),
        ),
    ]
    text = "\n\n".join(
        f"## {title}\n\n{table.to_markdown(index=False, floatfmt='.3f')}" for title, table in tables
    )
    print(text)
    if options.out:
        options.out.write_text(f"# SW-MRO by flow engine\n\n{text}\n")


# -- speed -----------------------------------------------------------------------------------------


def speed_table(engines, n_frames=150, n_rounds=3):
    data = make_expression_videos(1, videos_per_subject=1, n_frames=n_frames, random_state=0)
    aligned = align(data)
    cv2.setNumThreads(1)
    best = {}
    for _ in range(n_rounds):
        for engine in engines:
            for reference in REFERENCES:
                start = time.perf_counter()
                flow = SWMROFlow(flow=engine, reference=reference, resolutions=("window",))
                np.asarray(flow.transform(aligned)[0])
                seconds = time.perf_counter() - start
                best[engine, reference] = min(best.get((engine, reference), np.inf), seconds)
    baseline = best.get(("farneback", "first"), np.nan)
    return pd.DataFrame(
        [
            {
                "engine": engine,
                "reference": reference,
                "windows/s": round(n_frames / seconds, 1),
                "ratio": baseline / seconds,
            }
            for (engine, reference), seconds in best.items()
        ]
    )


# -- error on exact warps --------------------------------------------------------------------------


def error_table(engines, n_faces=8, n_expressions=6):
    cases = [
        case
        for seed in range(n_faces)
        for case in warped_faces(np.random.RandomState(seed), n_expressions)
    ]
    rows = []
    for name in [None, *engines]:
        engine = make_engine(name) if name else None
        row = {"engine": name or "none: no motion at all"}
        for noise in NOISES:
            for amplitude in AMPLITUDES:
                errors = [
                    np.linalg.norm(measured_motion(engine, case, noise) - case["truth"], axis=-1)
                    for case in cases
                    if case["amplitude"] == amplitude
                ]
                row[f"{amplitude} px" + ", noise" * bool(noise)] = np.mean(errors)
        rows.append(row)
    return pd.DataFrame(rows)


def warped_faces(rng, n_expressions):
    """Yield pairs of pictures of one face, before and after a known motion of its regions."""
    face = make_face(rng)
    node_shifts = node_motion(face)  # (n_units, n_nodes, 2)
    centres = np.rint(node_centres(face.landmarks)).astype(int)
    radius = region_radius(FACE_SIZE)
    for _ in range(n_expressions):
        activations = np.zeros(len(UNITS))
        chosen = rng.choice(len(EXPRESSION_UNITS), size=2, replace=False)
        activations[chosen] = rng.uniform(0.5, 1, size=2)
        motion = np.tensordot(activations, node_shifts, 1)
        for amplitude in AMPLITUDES:
            factor = amplitude / np.linalg.norm(motion, axis=-1).max()
            yield {
                "amplitude": amplitude,
                "pictures": [
                    face.render(0 * activations, UNMOVED),
                    face.render(factor * activations, UNMOVED),
                ],
                "regions": np.hstack([centres - radius, centres + radius]),
                "truth": factor * motion,
            }


def measured_motion(engine, case, noise):
    if engine is None:
        return np.zeros_like(case["truth"])
    rng = np.random.default_rng(0)
    reference, target = (
        engine.prepare(np.clip(np.rint(p + noise * rng.normal(size=p.shape)), 0, 255).astype("u1"))
        for p in case["pictures"]
    )
    return engine.region_motion(reference, [target], case["regions"], margin=12)[0]


# -- average precision -----------------------------------------------------------------------------


def precision_table(engines, seeds, n_subjects):
    rows = []
    for seed in seeds:
        data = make_expression_videos(
            n_subjects, videos_per_subject=2, n_frames=N_FRAMES, random_state=seed, n_jobs=2
        )
        aligned = align(data)
        truth = {label: positive_frames(data.intervals, label) for label in CLASSES}
        chance = {label: frames.mean() for label, frames in truth.items()}
        rows.append({"seed": seed, "engine": "share of positive frames", "reference": "", **chance})
        for engine in engines:
            for reference in REFERENCES:
                flow = SWMROFlow(
                    flow=engine, reference=reference, resolutions=("window",), n_jobs=2
                )
                X = np.concatenate(flow.transform(aligned)).reshape(len(aligned) * N_FRAMES, -1)
                groups = np.repeat(data.subjects, N_FRAMES)
                found = {label: precision(X, truth[label], groups) for label in CLASSES}
                rows.append({"seed": seed, "engine": engine, "reference": reference, **found})
                print(rows[-1], flush=True)
    return pd.DataFrame(rows)


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


def align(data):
    """Return the videos of a Bunch with their exact landmarks."""
    return [
        AlignedVideo(
            video, points, np.ones(len(points), bool), np.arange(len(points)) / 30, (240, 240)
        )
        for video, points in zip(data.videos, data.landmarks)
    ]


if __name__ == "__main__":
    main()
