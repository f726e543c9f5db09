"""What a second run over cached videos costs, as a share of the first.

    python benchmarks/bench_cache.py [--videos 3] [--frames 600] [--rounds 3]

Synthetic videos, written to files, go through FaceAligner(landmarker="template") and SWMROFlow
with an empty cache and again with the full one. Each run is a process of its own, as in practice,
and measures its two transforms without the imports. Printed are the seconds of both and their
ratio, and the least and the largest of the ratios; the target is below 2 %.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from skspot.datasets import make_expression_videos
from skspot.preprocessing import FaceAligner, SWMROFlow


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--videos", type=int, default=3, help="number of videos (default 3)")
    parser.add_argument("--frames", type=int, default=600, help="frames of each (default 600)")
    parser.add_argument("--rounds", type=int, default=3, help="first and second runs (default 3)")
    parser.add_argument("--extract", nargs=2, metavar=("VIDEOS", "CACHE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.extract:
        print(extract(*options.extract))
        return
    with tempfile.TemporaryDirectory() as folder:
        make_expression_videos(
            1,
            videos_per_subject=options.videos,
            n_frames=options.frames,
            folder=f"{folder}/videos",
            random_state=0,
        )
        ratios = [bench(folder, number) for number in range(options.rounds)]
    print(f"second / first run: {100 * min(ratios):.2f} % to {100 * max(ratios):.2f} %")


def bench(folder, number):
    """Return the ratio of a second to a first run with a new cache."""
    command = [sys.executable, __file__, "--extract", f"{folder}/videos", f"{folder}/{number}"]
    first, second = (float(subprocess.check_output(command, text=True)) for _ in range(2))
    print(f"first {first:.2f} s, second {second:.3f} s, {100 * second / first:.2f} %", flush=True)
    return second / first


def extract(videos, cache):
    """Return the seconds that landmarks and features of a folder of videos take."""
    paths = sorted(Path(videos).glob("*.mp4"))
    start = time.perf_counter()
    aligned = FaceAligner("template", memory=cache).transform(paths)
    SWMROFlow(memory=cache).transform(aligned)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
