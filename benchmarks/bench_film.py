"""Spotters on real film: what the pretrained one, and others, find in two webcam films.

    python benchmarks/bench_film.py --films FOLDER [--models FILE ...] [--out FOLDER]

The folder holds films with ``annotations.csv`` (expressions: video, onset, apex, offset, type,
sure) and ``events.csv`` (everything else that moves: video, start, end, what). Expressions of which
the annotator was not sure count neither as hits nor as false. Compared are the pretrained spotter,
the baseline without training, and the model files given, such as that of ``skspot demo``, with each
landmarker. False intervals are also counted by what happens during them. The table is printed and
written to ``film.md`` in the folder.
"""

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

import skspot
from skspot.baselines import DisplacementSpotter
from skspot.intervals import CLASSES, make_intervals
from skspot.metrics import interval_match
from skspot.preprocessing import FaceAligner, SWMROFlow

LANDMARKERS = ("mediapipe", "template")
IOUS = (0.3, 0.5)
HEAD = """# Spotters on real film

`python benchmarks/bench_film.py`: two webcam films (84 s) of one man who poses expressions, 15 of
them sure. They were not used for training. Hits at an IoU of 0.3 and 0.5; false intervals a minute;
and what happens during the false ones, which may be several things.

"""


def read_tables(folder):
    """Return the sure and the unsure intervals of each film, and its other events."""
    rows = pd.read_csv(folder / "annotations.csv")
    events = pd.read_csv(folder / "events.csv")
    names = sorted(rows["video"].unique())
    columns = ["onset", "apex", "offset", "type", "sure"]  # scored intervals may overlap
    tables = [
        [
            make_intervals(
                rows.loc[(rows["video"] == name) & (rows["sure"] == sure), columns].itertuples(
                    index=False
                )
            )
            for name in names
        ]
        for sure in (1, 0)
    ]
    return names, *tables, [events[events["video"] == name] for name in names]


def false_rows(spotted, sure, unsure):
    """Return the intervals that hit nothing and touch no unsure expression."""
    _, hits = interval_match(sure, spotted)
    rows = np.delete(spotted, hits)
    return [
        row
        for row in rows
        if not ((unsure["onset"] <= row["offset"]) & (unsure["offset"] >= row["onset"])).any()
    ]


def happenings(row, events):
    """Return what else happens during an interval."""
    during = (events["start"] <= row["offset"]) & (events["end"] >= row["onset"])
    return sorted(set(events.loc[during, "what"])) or ["nothing else"]


def score(spotted, sure, unsure, minutes):
    """Return hits, F1, and false intervals a minute of each class."""
    row = {
        f"hits at {iou}": sum(
            len(interval_match(true, found, iou_threshold=iou)[0])
            for true, found in zip(sure, spotted)
        )
        for iou in IOUS
    }
    false = [row for tables in zip(spotted, sure, unsure) for row in false_rows(*tables)]
    n_spotted = row["hits at 0.5"] + len(false)
    row["F1"] = 2 * row["hits at 0.5"] / (sum(map(len, sure)) + n_spotted)
    for label in CLASSES:
        n_false = sum(str(interval["label"]) == label for interval in false)
        row[f"false {label} a minute"] = n_false / minutes
    return row


def false_during(spotted, sure, unsure, events):
    """Return what happens during the false intervals, and how often, as text."""
    during = Counter(
        what
        for *tables, others in zip(spotted, sure, unsure, events)
        for row in false_rows(*tables)
        for what in happenings(row, others)
    )
    return ", ".join(f"{what} {n}" for what, n in sorted(during.items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--films", type=Path, required=True)
    parser.add_argument("--models", type=Path, nargs="*", default=[])
    parser.add_argument("--landmarkers", nargs="+", default=LANDMARKERS)
    parser.add_argument("--out", type=Path, default=Path("bench-film"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    names, sure, unsure, events = read_tables(options.films)
    spotters = {"pretrained": skspot.load_pretrained("template")[-1]}
    spotters["nothing (DisplacementSpotter)"] = DisplacementSpotter()
    for path in options.models:
        spotters[path.name] = skspot.load(path)[-1]
    rows = []
    for landmarker in options.landmarkers:
        films = [str(options.films / f"{name}.mp4") for name in names]
        features = SWMROFlow().transform(FaceAligner(landmarker).transform(films))
        minutes = sum(video.times.duration for video in features) / 60
        for name, spotter in spotters.items():
            spotted = spotter.predict(features)
            rows.append(
                {
                    "spotter": name,
                    "landmarks": landmarker,
                    **score(spotted, sure, unsure, minutes),
                    "false during": false_during(spotted, sure, unsure, events),
                }
            )
    text = HEAD + pd.DataFrame(rows).round(2).to_markdown(index=False) + "\n"
    print(text)
    (options.out / "film.md").write_text(text)


if __name__ == "__main__":
    main()
