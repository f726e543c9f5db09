"""Make the pretrained spotter: videos, features, training, and the figures of its model card.

    python tools/make_pretrained.py --faces FOLDER [--out FOLDER] [--n-jobs 2]

The folder of faces holds photographs of people with landmarks (`make_expression_videos` describes
its layout) and their sex, age and ethnicity in ``people.csv``. The people are split by these into
those of the training, those on whom the thresholds are calibrated, and those of the tests. A
finished step is not repeated, so the command can be interrupted. It writes the model and what is
known of it, ``spotter.skspot`` and ``about.json``, to ``skspot/pretrained``.
"""

import argparse
import copy
import hashlib
import json
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("OMP_NUM_THREADS", "1")

import joblib
import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

import skspot
from skspot.baselines import DisplacementSpotter
from skspot.datasets import make_expression_videos
from skspot.datasets.synthetic._photographs import read_photographs
from skspot.intervals import CLASSES
from skspot.metrics import interval_f1_score
from skspot.neural_network import SpotFormerClassifier
from skspot.preprocessing import SWMROFlow
from skspot.recipes import spotformer
from skspot.video import AlignedVideo, open_video

PACKAGE = Path(skspot.__file__).parent / "pretrained"

VERSION = 1
SOURCES = [
    {
        "what": "photographs of faces",
        "name": "Face Research Lab London Set",
        "authors": "Lisa DeBruine, Benedict Jones",
        "link": "https://doi.org/10.6084/m9.figshare.5047666",
        "licence": "CC BY 4.0",
    },
    {
        "what": "blendshapes of a head",
        "name": "ICT-FaceKit",
        "authors": "USC Institute for Creative Technologies",
        "link": "https://github.com/ICT-VGL/ICT-FaceKit",
        "licence": "MIT",
    },
]

THRESHOLDS = np.round(np.arange(0.04, 0.62, 0.02), 2)
THRESHOLD_NAMES = ("macro_threshold", "micro_threshold")

# Landmarks jitter from frame to frame, and lie beside the true ones; pixels of a face of 128.
JITTER = 0.7
OFFSET = 1.0

LIVELY = {
    "dynamics": "film",
    "head_turns": 1.0,
    "talking": 0.7,
    "habits": 0.5,
    "drift": 0.5,
    "motion_blur": 0.5,
}
TRAINING = {
    "lively": LIVELY,
    "webcam": {
        **LIVELY,
        "talking": 1.0,
        "habits": 1.0,
        "head_turns": 0.5,
        "repeated_frames": 0.3,
        "noise": 3.0,
        "crf": 28,
    },
    "calm": {**LIVELY, "talking": 0.3, "head_turns": 0.3, "expressions": 0.5, "fps": 25, "crf": 20},
    "restless": {**LIVELY, "head_turns": 1.5, "talking": 1.0, "occlusions": 0.5, "light": 2.0},
    "short": {"dynamics": "ramps", "head_turns": 1.0, "talking": 1.0, "crf": 20},
}
TESTS = {
    "film": {
        **LIVELY,
        "talking": 0.8,
        "drift": 1.0,
        "occlusions": 0.3,
        "repeated_frames": 0.1,
        "noise": 2.5,
        "crf": 23,
    },
    "short": {
        "dynamics": "ramps",
        "head_turns": 1.0,
        "talking": 1.0,
        "crf": 20,
        "videos_per_subject": 2,
    },
    "talk": {**LIVELY, "expressions": 0, "talking": 1.0, "head_turns": 0.5, "crf": 23},
    "rest": {
        **LIVELY,
        "expressions": 0,
        "talking": 0,
        "habits": 0,
        "head_turns": 0.3,
        "crf": 23,
    },
}
N_TRAINING_FRAMES = 600
SMALLEST_GROUP = 3  # people; smaller ones are put together
N_TEST_FRAMES = 900


# -- people and videos -----------------------------------------------------------------------------


def split_people(people):
    """Return the photographs' names to train on, to calibrate on and to test on.

    Of each 18 people in the order of sex, ethnicity and age, five are for tests and two for the
    calibration.
    """
    names = people.sort_values(["sex", "ethnicity", "age"])["id"].tolist()
    parts = {"train": [], "calibrate": [], "test": []}
    for i, name in enumerate(names):
        place = i % 18
        part = (
            "test" if place in (0, 4, 8, 12, 16) else "calibrate" if place in (2, 10) else "train"
        )
        parts[part].append(name)
    return parts


def age_thirds(ages):
    """Return the third of the people that each age belongs to, as text."""
    thirds = pd.qcut(ages, 3, labels=["youngest third", "middle third", "oldest third"])
    bounds = ages.groupby(thirds, observed=True).agg(["min", "max"])
    names = {third: f"{row['min']:.0f} to {row['max']:.0f}" for third, row in bounds.iterrows()}
    return thirds.astype(object).map(names).fillna("unknown")


def make_features(photographs, condition, n_frames, seed, out):
    """Make videos of people under a condition; return their features, intervals and people."""
    with TemporaryDirectory(dir=out) as folder:
        made = make_expression_videos(
            len(photographs),
            faces=photographs,
            n_frames=n_frames,
            folder=folder if "crf" in condition else None,
            random_state=seed,
            **{"videos_per_subject": 1, **condition},
        )
        rng = np.random.default_rng(seed)
        aligned = []
        for video, landmarks in zip(made.videos, made.landmarks):
            offset = rng.normal(0, OFFSET, landmarks.shape[1:])
            jitter = rng.normal(0, JITTER, landmarks.shape)
            times = np.arange(len(landmarks)) / made.fps
            seen = np.ones(len(landmarks), dtype=bool)
            places = (landmarks + offset + jitter).astype(np.float32)
            aligned.append(
                AlignedVideo(
                    video, places, seen, times, open_video(video, fps=made.fps).frame_shape
                )
            )
        features = SWMROFlow().transform(aligned)
        for video in features:
            np.asarray(video)  # computed and kept
    return features, made.intervals, made.faces


def features_of(name, photographs, condition, n_frames, seed, out):
    """Return what `make_features` makes, from a file if it was made before."""
    path = out / f"{name}.joblib"
    if not path.exists():
        start = time.perf_counter()
        made = make_features(photographs, condition, n_frames, seed, out)
        joblib.dump(made, out / f"{name}.part")
        os.replace(out / f"{name}.part", path)
        print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)
    return joblib.load(path)


def feature_jobs(photographs, parts):
    """Return name, photographs, condition, frames and seed of each set of videos."""
    jobs = []
    train = [photographs[name] for name in parts["train"]]
    conditions = list(TRAINING)[:-1]
    for k, name in enumerate(conditions):
        # Each person is seen under two of the conditions with the dynamics of film.
        some = [face for i, face in enumerate(train) if (i + k) % len(conditions) in (0, 1)]
        jobs.append((f"train-{name}", some, TRAINING[name], N_TRAINING_FRAMES, 100 + k))
    jobs.append(("train-short", train, TRAINING["short"], N_TRAINING_FRAMES, 150))
    for part, seed in (("calibrate", 200), ("test", 300)):
        faces = [photographs[name] for name in parts[part]]
        for k, (name, condition) in enumerate(TESTS.items()):
            n_frames = 600 if name == "short" else N_TEST_FRAMES * (2 if part == "calibrate" else 1)
            jobs.append((f"{part}-{name}", faces, condition, n_frames, seed + k))
    return jobs


# -- training and thresholds -----------------------------------------------------------------------


def train(sets, out, name, seed=0):
    """Return a classifier trained on sets of videos, from a file if it was trained before."""
    path = out / f"{name}.skspot"
    if not path.exists():
        start = time.perf_counter()
        features = [video for some, _, _ in sets for video in some]
        tables = [table for _, some, _ in sets for table in some]
        spotter = SpotFormerClassifier(random_state=seed).fit(features, tables)
        skspot.save(spotter, path)
        print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)
    return skspot.load(path)


def above(tables, macro, micro):
    """Return the intervals whose score reaches the threshold of their class."""
    return [
        table[table["score"] >= np.where(table["label"] == "macro", macro, micro)]
        for table in tables
    ]


def false_a_minute(features, tables):
    """Return how many intervals of each class there are in a minute of film without any."""
    minutes = sum(video.times.duration for video in features) / 60
    labels = np.concatenate([table["label"] for table in tables])
    return [np.count_nonzero(labels == label) / minutes for label in CLASSES]


def calibrate(spotter, sets):
    """Return, for each class, F1 and false intervals a minute of talk at each threshold."""
    everything = copy.deepcopy(spotter).set_params(macro_threshold=0.0, micro_threshold=0.0)
    expressions = [*sets["film"][0], *sets["short"][0]]
    true = [*sets["film"][1], *sets["short"][1]]
    talk = sets["talk"][0]
    spotted, false = everything.predict(expressions), everything.predict(talk)
    f1 = [interval_f1_score(true, above(spotted, t, t), average=None) for t in THRESHOLDS]
    rates = [false_a_minute(talk, above(false, t, t)) for t in THRESHOLDS]
    return {
        label: {
            "threshold": THRESHOLDS.tolist(),
            "F1": np.round(f1, 3)[:, column].tolist(),
            "false a minute": np.round(rates, 2)[:, column].tolist(),
        }
        for column, label in enumerate(CLASSES)
    }


# -- figures ---------------------------------------------------------------------------------------


def f1_of_classes(true, spotted):
    """Return the F1 of each class and overall."""
    scores = dict(zip(CLASSES, interval_f1_score(true, spotted, average=None)))
    return {**scores, "overall": interval_f1_score(true, spotted)}


def evaluate(spotter, sets, people):
    """Return the figures of a spotter on the people of the tests."""
    spotted = {name: spotter.predict(features) for name, (features, *_) in sets.items()}
    figures = {name: f1_of_classes(sets[name][1], spotted[name]) for name in ("film", "short")}
    for name in ("talk", "rest"):
        rates = false_a_minute(sets[name][0], spotted[name])
        figures[name] = {f"false {label} a minute": r for label, r in zip(CLASSES, rates)}
    true = [*sets["film"][1], *sets["short"][1]]
    predicted = [*spotted["film"], *spotted["short"]]
    faces = [*sets["film"][2], *sets["short"][2]]
    of_faces = people.set_index("id").loc[faces]
    for column in ("sex", "age", "ethnicity"):
        n_people = of_faces.loc[~of_faces.index.duplicated(), column].value_counts()
        small = set(n_people.index[n_people < SMALLEST_GROUP])
        values = of_faces[column].where(~of_faces[column].isin(small), "others")
        for value in sorted(values.unique()):
            chosen = np.flatnonzero(values == value)
            group = f1_of_classes([true[i] for i in chosen], [predicted[i] for i in chosen])
            group["people"] = len(set(np.array(faces)[chosen]))
            figures[f"{column}: {value}"] = group
    return {
        name: {key: round(float(value), 3) for key, value in row.items()}
        for name, row in figures.items()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--faces", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("pretraining"))
    parser.add_argument("--n-jobs", type=int, default=2)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    people = pd.read_csv(options.faces / "people.csv", dtype={"id": str})
    parts = split_people(people)
    people["age"] = age_thirds(people["age"])
    photographs = {face.name: face for face in read_photographs(options.faces)}
    jobs = feature_jobs(photographs, parts)
    made = joblib.Parallel(n_jobs=options.n_jobs)(
        joblib.delayed(features_of)(*job, options.out) for job in jobs
    )
    sets = {"train": {}, "calibrate": {}, "test": {}}
    for (name, *_), result in zip(jobs, made):
        part, _, condition = name.partition("-")
        sets[part][condition] = result
    spotter = train(list(sets["train"].values()), options.out, "both laws")
    of_film = [made for name, made in sets["train"].items() if name != "short"]
    other_law = train(of_film, options.out, "film only")
    write(spotter, other_law, sets, people, parts)


def write(spotter, other_law, sets, people, parts):
    """Write the model and what is known of it."""
    curves = calibrate(spotter, sets["calibrate"])
    path = PACKAGE / "spotter.skspot"
    skspot.save(Pipeline([*spotformer("template").steps[:-1], ("spot", spotter)]), path)
    n_frames = sum(len(video) for features, *_ in sets["train"].values() for video in features)
    about = {
        "name": "skspot pretrained spotter",
        "version": VERSION,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "features": "motion in windows of 17 frames and displacement from the neutral face",
        "frame rates": "24 frames per second and more",
        "training": {
            "people": len(parts["train"]),
            "frames": n_frames,
            "what": "photographs moved by the blendshapes of a head; no film of people",
        },
        "sources": SOURCES,
        "licence": "BSD-3-Clause",
        "calibration": curves,
    }
    write_about(about)
    spotters = {
        "pretrained": skspot.load_pretrained("template")[-1],
        "trained on the dynamics of film alone": other_law,
        "nothing (DisplacementSpotter)": DisplacementSpotter(),
    }
    thresholds = spotters["pretrained"].get_params()
    other_law.set_params(**{name: thresholds[name] for name in THRESHOLD_NAMES})
    about["results"] = {
        name: evaluate(some, sets["test"], people) for name, some in spotters.items()
    }
    write_about(about)
    for name, figures in about["results"].items():
        print(name, pd.DataFrame(figures).T, sep="\n")


def write_about(about):
    """Write what is known of the model."""
    (PACKAGE / "about.json").write_text(json.dumps(about, indent=1) + "\n")


if __name__ == "__main__":
    main()
