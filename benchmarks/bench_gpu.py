"""A GPU against the CPU: the same features, training and predictions, and how fast they are.

    python benchmarks/bench_gpu.py [--device cuda] [--out benchmarks/gpu.md]

It needs no data. ``--device cpu`` compares PyTorch on the CPU with the usual engine there, to try
the script. Correctness: the largest difference of features, of frame scores, and of
the loss of one epoch; a failed check ends the script with status 1. Throughput: features and
training on one thread of the CPU and on the card. The tables of ``bench_network.py`` follow: the
share of the card's arithmetic that the network uses, and its bandwidth.
"""

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import torch
from bench_network import tables

import skspot
from skspot.datasets import make_expression_videos
from skspot.neural_network import SpotFormerClassifier
from skspot.preprocessing import SWMROFlow
from skspot.video import AlignedVideo

# Features in pixels, frame scores, and the relative difference of a loss.
TOLERANCES = {"features": 0.002, "scores": 0.001, "loss of one epoch": 0.01}
N_FRAMES = 600


def make_data(n_videos=4):
    """Return aligned synthetic videos and their intervals."""
    made = make_expression_videos(
        n_videos, videos_per_subject=1, n_frames=N_FRAMES, talking=1.0, random_state=0
    )
    aligned = [
        AlignedVideo(
            video, points, np.ones(len(points), bool), np.arange(len(points)) / 30, (240,) * 2
        )
        for video, points in zip(made.videos, made.landmarks)
    ]
    return aligned, made.intervals


def compute_features(aligned, device):
    """Return the features and the seconds that they took."""
    SWMROFlow(device=device).transform([aligned[0]])[0].displacement_from_neutral()  # warm up
    start = time.perf_counter()
    features = SWMROFlow(device=device).transform(aligned)
    for video in features:
        np.asarray(video)
    return features, time.perf_counter() - start


def train(features, intervals, device, epochs=1):
    """Return a trained classifier, the loss of each epoch, and windows a second."""
    spotter = SpotFormerClassifier(max_epochs=epochs, device=device, random_state=0)
    spotter.fit(features, intervals)
    history = spotter.history_dataframe()
    return spotter, history["train_loss"].to_numpy(), history["windows_per_second"].max()


# -- the tables ------------------------------------------------------------------------------------


def comparison(device):
    """Return the table of differences, and that of the throughput of whole steps."""
    aligned, intervals = make_data()
    here, here_seconds = compute_features(aligned, None)
    there, there_seconds = compute_features(aligned, device)
    differences = {
        "features": max(np.abs(np.asarray(a) - np.asarray(b)).max() for a, b in zip(here, there))
    }
    on_cpu, cpu_losses, cpu_rate = train(here, intervals, "cpu")
    _, losses, rate = train(here, intervals, device)
    with TemporaryDirectory() as folder:
        skspot.save(on_cpu, Path(folder, "spotter.skspot"))
        moved = skspot.load(Path(folder, "spotter.skspot")).set_params(device=device)
    scores = [spotter.predict_scores(here) for spotter in (on_cpu, moved)]
    differences["scores"] = max(
        np.abs(a[name] - b[name]).max() for a, b in zip(*scores) for name in a.dtype.names
    )
    differences["loss of one epoch"] = abs(losses[0] / cpu_losses[0] - 1)
    rows = [
        {
            "what": what,
            "largest difference": f"{float(differences[what]):.2g}",
            "tolerance": tolerance,
            "passed": bool(differences[what] <= tolerance),
        }
        for what, tolerance in TOLERANCES.items()
    ]
    n_frames = len(aligned) * N_FRAMES
    speed = [
        {
            "what": "features, frames/s",
            "CPU": n_frames / here_seconds,
            "device": n_frames / there_seconds,
        },
        {"what": "training, windows/s", "CPU": cpu_rate, "device": rate},
    ]
    speed = pd.DataFrame(speed)
    speed["ratio"] = speed["device"] / speed["CPU"]
    return pd.DataFrame(rows), speed.round(2)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--windows", type=int, default=4096, help="windows scored at a time")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if torch.device(options.device).type == "cuda" and not torch.cuda.is_available():
        print("There is no CUDA device; nothing was measured.")
        return 0
    network = argparse.Namespace(
        device=torch.device(options.device),
        threads=1,
        windows=options.windows,
        batch=512,
        repeats=4,
    )
    start = time.perf_counter()
    checks, speed = comparison(options.device)
    text = "\n\n".join(
        [
            f"# {options.device} against the CPU",
            "`python benchmarks/bench_gpu.py`",
            checks.to_markdown(index=False),
            speed.to_markdown(index=False),
            *tables(network),
            f"torch {torch.__version__}, {time.perf_counter() - start:.0f} s\n",
        ]
    )
    print(text)
    if options.out:
        options.out.write_text(text)
    return int(not checks["passed"].all())


if __name__ == "__main__":
    sys.exit(main())
