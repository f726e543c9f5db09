"""Speed and memory of SW-MRO extraction with given landmarks.

    python benchmarks/bench_extraction.py speed
    python benchmarks/bench_extraction.py memory

"speed" prints windows per second on one core for every engine and both reference frames, and the
ratio to Farneback's with vectors from the first frame, all in one run. "memory" extracts a video
of 5 and one of 20 minutes, each in a process of its own, and prints the peak memory of both, with
and without the features and landmarks themselves, which are what grows with the length.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

import cv2
import numpy as np

from skspot.datasets import make_expression_videos
from skspot.datasets._synthetic import write_video
from skspot.preprocessing import SWMROFlow
from skspot.video import AlignedVideo

FPS = 30


def aligned_video(source, landmarks):
    n_frames = len(landmarks)
    return AlignedVideo(
        source, landmarks, np.ones(n_frames, bool), np.arange(n_frames) / FPS, (240, 240), 128
    )


def bench_speed(n_frames=150):
    data = make_expression_videos(1, videos_per_subject=1, n_frames=n_frames, random_state=0)
    aligned = aligned_video(data.videos[0], data.landmarks[0])
    cv2.setNumThreads(1)
    rates = {}
    for flow in ("farneback", "dis", "lucas-kanade"):
        for reference in ("first", "centre"):
            extractor = SWMROFlow(flow=flow, reference=reference)
            best = min(timed(extractor, aligned) for _ in range(3))
            rates[flow, reference] = n_frames / best
    baseline = rates["farneback", "first"]
    print(f"{'engine':14s} {'reference':10s} windows/s  ratio")
    for (flow, reference), rate in rates.items():
        print(f"{flow:14s} {reference:10s} {rate:9.1f}  {rate / baseline:5.2f}")
    default = SWMROFlow()
    print(f"default: {default.flow}, {default.reference}")


def timed(extractor, aligned):
    start = time.perf_counter()
    extractor.transform([aligned])
    return time.perf_counter() - start


def bench_memory():
    with tempfile.TemporaryDirectory() as folder:
        peaks = {}
        for minutes in (5, 20):
            path = make_long_video(Path(folder) / f"{minutes}.mp4", minutes)
            command = [sys.executable, __file__, "extract", str(path), str(minutes)]
            peak, data = map(float, subprocess.check_output(command, text=True).split()[-2:])
            peaks[minutes] = peak, peak - data
            print(f"{minutes:2d} minutes: peak {peak:.0f} MB, without data {peak - data:.0f} MB")
    whole, without = (long / short for long, short in zip(peaks[20], peaks[5]))
    print(f"20 minutes / 5 minutes: {whole:.3f}, without data {without:.3f}")


def make_long_video(path, minutes):
    """Write a video that runs back and forth through a short one, so that it has no cuts."""
    data = make_expression_videos(1, videos_per_subject=1, n_frames=120, random_state=0)
    there_and_back = [*range(120), *range(118, 0, -1)]
    order = list(islice(cycle(there_and_back), minutes * 60 * FPS))
    write_video(path, (data.videos[0][i] for i in order), fps=FPS, crf=18)
    np.save(path.with_suffix(".npy"), data.landmarks[0][order])
    return path


def extract(path, minutes):
    """Extract one video in this process; print its peak memory and that of the data in MB."""
    aligned = aligned_video(path, np.load(Path(path).with_suffix(".npy")))
    features = SWMROFlow(flow="lucas-kanade").transform([aligned])[0]
    assert len(features) == int(minutes) * 60 * FPS
    data = (features.nbytes + aligned.landmarks.nbytes) / 2**20
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, data)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["speed", "memory", "extract"])
    parser.add_argument("rest", nargs="*")
    options = parser.parse_args()
    {"speed": bench_speed, "memory": bench_memory, "extract": extract}[options.what](*options.rest)
