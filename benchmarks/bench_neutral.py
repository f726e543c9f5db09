"""Windows, the displacement from the neutral face, or both: on short and held expressions, on film.

    python benchmarks/bench_neutral.py --data FOLDER [--seeds 0 1 2] [--out FOLDER]

The folder holds ``london`` (photographs of 72 people with landmarks) and ``real`` (two films with
annotated expressions). Each seed makes its own videos:

- "ramps": the hard videos of ``bench_spotting.py``: 12 subjects to train on, 12 others to test on.
- "film": people of photographs, 24 to train on and 24 others to test on, a video of 20 s each, with
  the dynamics of film: fast rises, holds of up to 70 frames, slow falls, several in a row, speech,
  turns of the head, habits, light and noise.

A network is trained on the one half of one or both, and spots in the other halves, and in the real
films, with landmarks of two landmarkers. Expressions of which the annotator was not sure count
neither as hits nor as false. The last column is the baseline without training. The table is printed
and written to ``neutral.md`` in the folder. A run that is finished is not computed again.
"""

import argparse
import json
import os
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import bench_film
import joblib
import numpy as np
import pandas as pd
from bench_spotting import CLASSES, JITTER, halves, score

from skspot.baselines import DisplacementSpotter
from skspot.datasets import make_expression_videos
from skspot.neural_network import SpotFormerClassifier
from skspot.preprocessing import FaceAligner, FlowFeatures, SWMROFlow
from skspot.video import AlignedVideo

FEATURES = {
    "windows": ("window",),
    "neutral face": ("neutral",),
    "both": ("window", "neutral"),
}
LANDMARKERS = ("mediapipe", "template")
NOTHING = "nothing (DisplacementSpotter)"
HEAD = """# Windows, the neutral face, or both

`python benchmarks/bench_neutral.py`: mean ± standard deviation over the seeds, which differ in the
videos, the people and the training. "ramps" and "film" are synthetic videos of unseen subjects;
"mediapipe" and "template" are the two real films with these landmarks: hits of 15 sure expressions
at IoU 0.5. Columns: what the network was trained on, and its features.

"""
N_PEOPLE = 24
N_FRAMES = 600


# -- data ------------------------------------------------------------------------------------------


def film_halves(seed, data, out):
    """Return features and intervals of people to train on, and of others to test on."""
    path = out / f"film-{seed}.joblib"
    if not path.exists():
        videos = make_expression_videos(
            2 * N_PEOPLE,
            faces=data / "london",
            dynamics="film",
            videos_per_subject=1,
            n_frames=N_FRAMES,
            head_turns=1.0,
            talking=0.7,
            habits=0.5,
            drift=0.5,
            motion_blur=0.5,
            repeated_frames=0.2,
            random_state=seed,
        )
        rng = np.random.default_rng(seed)
        aligned = [
            AlignedVideo(
                video,
                (landmarks + rng.normal(0, JITTER, landmarks.shape)).astype(np.float32),
                np.ones(N_FRAMES, dtype=bool),
                np.arange(N_FRAMES) / videos["fps"],
                video.shape[1:],
            )
            for video, landmarks in zip(videos["videos"], videos["landmarks"])
        ]
        joblib.dump((in_memory(SWMROFlow().transform(aligned)), videos["intervals"]), path)
    features, intervals = joblib.load(path)
    train = slice(N_PEOPLE)
    test = slice(N_PEOPLE, None)
    return (features[train], intervals[train]), (features[test], intervals[test])


def ramps_halves(seed, data, out):
    """Return features and intervals of the hard videos of ``bench_spotting.py``."""
    path = out / f"ramps-{seed}.joblib"
    if not path.exists():
        train, test, _ = halves(seed, out)
        joblib.dump([(in_memory(X), y) for X, y in (train, test)], path)
    return joblib.load(path)


SETS = {"ramps": ramps_halves, "film": film_halves}


def real_films(landmarker, data, out):
    """Return names, features, sure and unsure intervals of the real films."""
    path = out / f"real-{landmarker}.joblib"
    names, sure, unsure, _ = bench_film.read_tables(data / "real")
    if not path.exists():
        aligned = FaceAligner(landmarker).transform(
            [str(data / "real" / f"{name}.mp4") for name in names]
        )
        joblib.dump(in_memory(SWMROFlow().transform(aligned)), path)
    return joblib.load(path), sure, unsure


def in_memory(features):
    """Return the features with their values computed."""
    for video in features:
        np.asarray(video)
    return features


def select(features, resolutions):
    """Return the features of some of the resolutions only."""
    selected = []
    for video in features:
        layout = replace(video.layout, resolutions=resolutions)
        places = [video.layout.resolutions.index(r) for r in resolutions]
        channels = [2 * place + axis for place in places for axis in (0, 1)]
        values = np.asarray(video)[..., channels]
        selected.append(FlowFeatures(layout, video.valid, video.timestamps, values))
    return selected


# -- figures ---------------------------------------------------------------------------------------


def run(trained_on, features, seed, data, out):
    """Train one network, and return its figures."""
    if trained_on == NOTHING:
        return evaluate(DisplacementSpotter(), ("neutral",), seed, data, out)
    resolutions = FEATURES[features]
    halves = [SETS[name](seed, data, out)[0] for name in trained_on.split("+")]
    X, y = ([video for half in halves for video in half[part]] for part in (0, 1))
    spotter = SpotFormerClassifier(random_state=seed).fit(select(X, resolutions), y)
    return evaluate(spotter, resolutions, seed, data, out)


def evaluate(spotter, resolutions, seed, data, out):
    """Return the figures of a fitted spotter on all test sets."""
    rows = {}
    for name, make in SETS.items():
        X, y = make(seed, data, out)[1]
        rows[name] = score(y, spotter.predict(select(X, resolutions)))
    for landmarker in LANDMARKERS:
        X, sure, unsure = real_films(landmarker, data, out)
        predicted = spotter.predict(select(X, resolutions))
        minutes = sum(video.times.duration for video in X) / 60
        rows[landmarker] = bench_film.score(predicted, sure, unsure, minutes)
    return rows


def run_once(trained_on, features, seed, data, out):
    """Compute a run unless its result is there."""
    path = out / f"{trained_on}-{features}-{seed}.json".replace(" ", "_")
    if not path.exists():
        start = time.perf_counter()
        rows = run(trained_on, features, seed, data, out)
        path.write_text(json.dumps({"rows": rows, "minutes": (time.perf_counter() - start) / 60}))
        print(path.stem, json.dumps(rows), flush=True)
    return json.loads(path.read_text())["rows"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=Path("bench-neutral"))
    parser.add_argument("--n-jobs", type=int, default=2)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for seed in options.seeds:
        for make in SETS.values():
            make(seed, options.data, options.out)
    for landmarker in LANDMARKERS:
        real_films(landmarker, options.data, options.out)
    kinds = [(trained_on, features) for trained_on in SETS for features in FEATURES]
    kinds += [("ramps+film", "both"), (NOTHING, "neutral face")]
    jobs = [(*kind, seed) for kind in kinds for seed in options.seeds]
    results = joblib.Parallel(n_jobs=options.n_jobs)(
        joblib.delayed(run_once)(*job, options.data, options.out) for job in jobs
    )
    text = report(jobs, results)
    print(text)
    (options.out / "neutral.md").write_text(text)


def report(jobs, results):
    """Return the table of all results as Markdown: mean and spread over the seeds."""
    rows = []
    for (trained_on, features, _), result in zip(jobs, results):
        row = {"trained on": trained_on, "features": features}
        for name in SETS:
            for label in (*CLASSES, "overall"):
                row[f"{name}: {label} F1"] = result[name][label]
        for landmarker in LANDMARKERS:
            for name in ("hits at 0.5", "F1", *(f"false {label} a minute" for label in CLASSES)):
                row[f"{landmarker}: {name}"] = result[landmarker][name]
        rows.append(row)
    groups = pd.DataFrame(rows).groupby(["trained on", "features"], sort=False)
    mean, spread = groups.mean(), groups.std(ddof=0)
    table = mean.round(2).astype(str) + " ± " + spread.round(2).astype(str)
    table = table.T
    head = "| | " + " | ".join(", ".join(column) for column in table.columns) + " |"
    lines = [head, "| --- " * (len(table.columns) + 1) + "|"]
    lines += [
        f"| {name} | " + " | ".join(row) + " |" for name, row in zip(table.index, table.values)
    ]
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
