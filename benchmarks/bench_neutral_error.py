"""The error of the displacement from the neutral face, in pixels, on film with known displacement.

    python benchmarks/bench_neutral_error.py --faces FOLDER [--minutes 20] [--out FOLDER]

Photographs of people (`make_expression_videos` describes the folder) are moved with the dynamics of
film: held expressions, speech, turns of the head, drift, noise, H.264. Landmarks are the true ones
with 1 px of jitter. Compared are

- skspot: what `SWMROFlow` measures, one flow per frame;
- past only: the same with ``neutral_span=(120, 0)``, as for live film;
- shift only: the same, but only the shift of the head is removed, not its turns;
- seven references: flow from seven frames spread over the video to each frame, the median of the
  displacements from their joint modes, which costs seven times as much;
- landmarks: displacement of the landmarks from their median face, after a similarity transform.

For each condition, a table has the median and the 90th percentile of the error by the true
displacement, how often the neutral face is wrong by more than 1 px, and the share of unknown
frames. Another one has the error of small changes within 8 frames, which micro-expressions are made
of: of the displacement, and of the windows of SW-MRO. The last table is the error of the
displacement in the parts of one long video with drift, and what the pretrained spotter finds there.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

import skspot
from skspot.datasets import make_expression_videos
from skspot.faces import STABLE_POINTS, node_centres
from skspot.intervals import CLASSES
from skspot.metrics import interval_match
from skspot.preprocessing import SWMROFlow
from skspot.preprocessing.flow import _face_tracker as tracker_module
from skspot.preprocessing.flow import _head_turn as head_turn_module
from skspot.preprocessing.flow import make_engine
from skspot.preprocessing.flow._neutral_face import neutral_face
from skspot.preprocessing.flow._upright_face import (
    transformed,
    upright_picture,
    upright_size,
    upright_transform,
)
from skspot.video import AlignedVideo

SIZES = (0, 0.25, 1, 3, 7, 20)  # of the true displacement, around 0.5, 1.5, 5 and 10 px
CHANGES = (0, 0.125, 0.375, 0.75, 1.5)  # of the displacement within LAG frames
LAG = 8
CONDITIONS = {
    "still head": {"head_motion": 0, "talking": 0.5},
    "turns and speech": {"head_turns": 1.0, "talking": 0.7, "habits": 0.5, "drift": 0.5},
    "strong compression": {"head_turns": 1.0, "talking": 0.7, "crf": 30},
}


def make_videos(faces, folder, n_people, n_frames, seed, **options):
    """Return aligned videos, the true displacements and the intervals."""
    data = make_expression_videos(
        n_people,
        faces=faces,
        dynamics="film",
        videos_per_subject=1,
        n_frames=n_frames,
        folder=folder,
        random_state=seed,
        **{"crf": 18, **options},
    )
    rng = np.random.default_rng(seed)
    aligned = [
        AlignedVideo(
            video,
            (landmarks + rng.normal(0, 1, landmarks.shape)).astype(np.float32),
            np.ones(len(landmarks), bool),
            np.arange(len(landmarks)) / data["fps"],
            (240, 240),
        )
        for video, landmarks in zip(data["videos"], data["landmarks"])
    ]
    return aligned, data["displacement"], data["intervals"]


# -- the methods -----------------------------------------------------------------------------------


def by_skspot(video, **params):
    """Return the displacement that `SWMROFlow` measures."""
    (features,) = SWMROFlow(resolutions=("neutral",), **params).transform([video])
    return features.displacement_from_neutral()


def by_past(video):
    """Return the displacement from the neutral face of the past."""
    return by_skspot(video, neutral_span=(120, 0))


def by_shift(video):
    """Return the displacement if only the shift of the head is removed."""
    penalty = head_turn_module._PENALTY
    head_turn_module._PENALTY = np.diag(np.where(np.arange(len(penalty)) < 2, 0, 1e6))
    limits = tracker_module._LARGEST_MISFIT
    tracker_module._LARGEST_MISFIT = np.inf
    try:
        return by_skspot(video)
    finally:
        head_turn_module._PENALTY, tracker_module._LARGEST_MISFIT = penalty, limits


def by_seven_references(video):
    """Return the median displacement from the joint modes seen from seven frames."""
    engine = make_engine("patches")
    size = video.face_size * upright_size(video.landmarks)
    scale, shift = video.face_transform
    views = []
    for frame, landmarks in zip(video, video.landmarks):
        landmarks = landmarks * scale + shift
        transform = upright_transform(landmarks, size)
        picture = engine.prepare(upright_picture(frame, transform, size))
        points = transformed(landmarks, transform) / video.face_size
        views.append(tracker_module._View(picture, points))
    displacements = []
    for i in np.linspace(0, len(views) - 1, 9)[1:-1].astype(int):
        home = tracker_module._Home(views[i], engine, video.face_size, "paper")
        measured = [home.measure(view) for view in views]
        unknown = np.full((10, 2), np.nan)
        places = np.stack([unknown if there is None else there.places for there in measured])
        known = np.isfinite(places[:, 0, 0])
        if known.any():
            displacements.append(places - neutral_face(places[known]))
    return np.nan_to_num(np.nanmedian(displacements, axis=0)) * video.face_size


def by_landmarks(video):
    """Return the displacement of the landmarks from their median face."""
    points = video.face_landmarks.astype(np.float64)
    stable = points[:, list(STABLE_POINTS)]
    for _ in range(2):
        target = np.median(stable, axis=0)
        moved = []
        for frame, anchors in zip(points, points[:, list(STABLE_POINTS)]):
            a, b = anchors - anchors.mean(axis=0), target - target.mean(axis=0)
            z = np.vdot(a @ [1, 1j], b @ [1, 1j]) / np.vdot(a @ [1, 1j], a @ [1, 1j])
            turn = np.array([[z.real, z.imag], [-z.imag, z.real]])
            moved.append((frame - anchors.mean(axis=0)) @ turn + target.mean(axis=0))
        stable = np.stack(moved)[:, list(STABLE_POINTS)]
    nodes = node_centres(np.stack(moved))
    return nodes - np.median(nodes, axis=0)


METHODS = {
    "skspot": by_skspot,
    "past only": by_past,
    "shift only": by_shift,
    "seven references": by_seven_references,
    "landmarks": by_landmarks,
}


# -- figures ---------------------------------------------------------------------------------------


def errors(measured, true):
    """Return sizes and errors of the known displacements."""
    size, error = np.linalg.norm(true, axis=-1), np.linalg.norm(measured - true, axis=-1)
    known = np.isfinite(measured).all(axis=(1, 2)) & (measured != 0).any(axis=(1, 2))
    return size[known].ravel(), error[known].ravel(), 1 - known.mean()


def bias(measured, true):
    """Return by how much the neutral face is wrong: the median error of neutral frames."""
    neutral = np.linalg.norm(true, axis=-1).max(axis=1) < 0.25
    known = neutral & np.isfinite(measured).all(axis=(1, 2)) & (measured != 0).any(axis=(1, 2))
    if not known.any():
        return np.nan
    return np.linalg.norm(np.median((measured - true)[known], axis=0), axis=-1).max()


def by_size(size, error, bounds):
    """Return the median and the 90th percentile of the errors by the true size."""
    row = {}
    for low, high in pairwise(bounds):
        chosen = error[(size >= low) & (size < high)]
        row[f"{low:g}-{high:g} px"] = (
            "{:.2f} / {:.2f}".format(*np.percentile(chosen, [50, 90])) if len(chosen) else ""
        )
    return row


def change(displacement):
    """Return the change of a displacement within LAG frames; NaN where it is not known."""
    known = np.isfinite(displacement) & (displacement != 0).any(axis=(1, 2), keepdims=True)
    displacement = np.where(known, displacement, np.nan)
    return displacement[LAG:] - displacement[:-LAG]


def change_in_windows(video):
    """Return what the windows of SW-MRO show of the change within LAG frames."""
    (features,) = SWMROFlow(resolutions=("window",)).transform([video])
    return np.asarray(features)[:-LAG, -1]


def table_of_changes(videos, truth, measured):
    """Return a row for each method and the windows: errors of small changes."""
    changes = {name: map(change, displacements) for name, displacements in measured.items()}
    changes = {"windows": map(change_in_windows, videos), **changes}
    true = np.concatenate([t[LAG:] - t[:-LAG] for t in truth])
    rows = {}
    for name, found in changes.items():
        error = np.linalg.norm(np.concatenate(list(found)) - true, axis=-1)
        known = np.isfinite(error)
        rows[name] = by_size(np.linalg.norm(true, axis=-1)[known], error[known], CHANGES)
    return pd.DataFrame(rows).T


def table(truth, measured_by):
    """Return a row for each method: errors by size, wrong neutral faces, unknown frames."""
    rows = {}
    for name, measured in measured_by.items():
        size, error, unknown = zip(*(errors(m, t) for m, t in zip(measured, truth)))
        row = by_size(np.concatenate(size), np.concatenate(error), SIZES)
        wrong = [bias(m, t) for m, t in zip(measured, truth)]
        row["neutral wrong by > 1 px"] = f"{np.sum(np.array(wrong) > 1)} of {len(wrong)}"
        row["unknown"] = f"{100 * np.mean(unknown):.1f} %"
        rows[name] = row
    return pd.DataFrame(rows).T


def by_time(video, true, intervals, n_parts=4):
    """Return the errors, hits and false intervals in the parts of a long video."""
    (features,) = SWMROFlow().transform([video])
    (spotted,) = skspot.load_pretrained("template")[-1].predict([features])
    measured = features.displacement_from_neutral()
    hit, by = interval_match(intervals, spotted)
    false = np.delete(spotted, by)
    rows = {}
    for part in np.array_split(np.arange(len(true)), n_parts):
        size, error, unknown = errors(measured[part], true[part])
        minutes = part[[0, -1]] / video.fps / 60

        def inside(table, part=part):
            return table[(table["apex"] >= part[0]) & (table["apex"] <= part[-1])]

        row = {
            "rest": f"{np.median(error[size < 0.25]):.2f}",
            "1-3 px": f"{np.median(error[(size >= 1) & (size < 3)]):.2f}",
            "3-20 px": f"{np.median(error[size >= 3]):.2f}",
            "unknown": f"{100 * unknown:.1f} %",
            "hits": f"{len(inside(intervals[hit]))} of {len(inside(intervals))}",
        }
        for label in CLASSES:
            n_false = (inside(false)["label"] == label).sum()
            row[f"false {label} a minute"] = f"{n_false / np.ptp(minutes):.1f}"
        rows["{:.0f}-{:.0f} min".format(*minutes)] = row
    return pd.DataFrame(rows).T


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--faces", type=Path, required=True)
    parser.add_argument("--n-people", type=int, default=12)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--out", type=Path, default=Path("bench-neutral-error"))
    options = parser.parse_args()
    parts = ["# Error of the displacement from the neutral face\n"]
    parts.append("Median / 90th percentile of the error in pixels, by the true displacement.\n")
    for i, (name, condition) in enumerate(CONDITIONS.items()):
        folder = options.out / name.replace(" ", "-")
        folder.mkdir(parents=True, exist_ok=True)
        videos, truth, _ = make_videos(
            options.faces, folder, options.n_people, 600, 50 + i, **condition
        )
        measured = {name: list(map(method, videos)) for name, method in METHODS.items()}
        parts += [
            f"## {name}\n",
            table(truth, measured).to_markdown() + "\n",
            f"Changes within {LAG} frames:\n",
            table_of_changes(videos, truth, measured).to_markdown() + "\n",
        ]
        print(*parts[-4:], sep="\n", flush=True)
    folder = options.out / "long"
    folder.mkdir(parents=True, exist_ok=True)
    n_frames = round(options.minutes * 60 * 30)
    videos, truth, intervals = make_videos(
        options.faces, folder, 1, n_frames, 60, head_turns=0.5, talking=0.5, drift=1.0
    )
    parts += [
        "## One long video with drift: median errors, and what the pretrained spotter finds\n",
        by_time(videos[0], truth[0], intervals[0]).to_markdown() + "\n",
    ]
    print(parts[-1])
    (options.out / "neutral_error.md").write_text("\n".join(parts))


if __name__ == "__main__":
    main()
