"""From a video file and known landmarks to intervals: speed, memory, and how they grow.

    python benchmarks/bench_pipeline.py [--minutes 10 20 40 60] [--out benchmarks/pipeline.md]

Each measurement runs in a process of its own: a video of 640 x 360 pixels at 30 frames per second
is decoded, features are extracted and scored a block at a time, and the scores become intervals, as
``skspot spot`` does it. "Load" is the time from the start of the process until the
first frame is read: importing packages and building the network. Peak memory is that of the whole
process, Python and its packages included; "idle" is what they take before the first frame.

The videos run back and forth through one minute of a synthetic face, so that they have no cuts.
Then come single steps, and the speed of two workers on two videos against one, for the features
alone.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import skspot
from skspot.video import AlignedVideo

FPS = 30
CLIP = 1800  # frames of the clip that long videos repeat
WIDTH, HEIGHT = 640, 360


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", nargs="+", type=int, default=[10, 20, 40, 60])
    parser.add_argument("--full-minutes", nargs="+", type=int, default=[5])
    parser.add_argument("--out", type=Path, help="file for the tables")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip = make_clip(Path(folder))
        skspot.save(trained_spotter(), clip.with_name("default.skspot"))
        runs = [("default", m) for m in options.minutes]
        runs += [("paper", m) for m in options.full_minutes]
        rows = [measured(network, make_video(clip, m), m) for network, m in runs]
        steps = steps_table(make_video(clip, 1))
        workers = workers_table(make_video(clip, 2))
    parts = ["# From a video file to intervals", to_markdown(rows), "## Steps", steps]
    text = "\n\n".join([*parts, "## Workers", workers])
    print(text)
    if options.out:
        options.out.write_text(text + "\n")


def measured(network, video, minutes):
    """Run one measurement in a process of its own."""
    command = [sys.executable, __file__, "--child", network, str(video)]  # the model is beside it
    result = json.loads(subprocess.check_output(command, text=True).splitlines()[-1])
    n_frames = result.pop("n_frames")
    row = {"network": network, "minutes": minutes, **result}
    row["frames/s"] = n_frames / result["seconds"]
    row["ms per frame"] = 1000 * result["seconds"] / n_frames
    print(row, flush=True)
    return row


def to_markdown(rows):
    import pandas as pd

    return pd.DataFrame(rows).to_markdown(index=False, floatfmt=".2f")


# -- videos ----------------------------------------------------------------------------------------


def make_clip(folder):
    """Write one minute of a face in the middle of a wide picture, and its landmarks."""
    import cv2

    from skspot.datasets import make_expression_videos
    from skspot.datasets.synthetic import write_video

    data = make_expression_videos(1, videos_per_subject=1, n_frames=CLIP // 2, random_state=0)
    order = [*range(CLIP // 2), *range(CLIP // 2 - 1, -1, -1)]
    left = (WIDTH - HEIGHT) // 2
    frames = (
        cv2.copyMakeBorder(
            cv2.resize(data.videos[0][i], (HEIGHT, HEIGHT), interpolation=cv2.INTER_CUBIC),
            *(0, 0, left, left),
            cv2.BORDER_REPLICATE,
        )
        for i in order
    )
    path = folder / "clip.mp4"
    write_video(path, frames, fps=FPS, crf=20)
    scale = HEIGHT / data.videos[0].shape[1]
    landmarks = (data.landmarks[0][order] + 0.5) * scale - 0.5 + [left, 0]
    np.save(path.with_suffix(".npy"), landmarks.astype(np.float32))
    return path


def make_video(clip, minutes):
    """Write the clip again and again, without coding it again."""
    import av

    path = clip.with_name(f"{minutes}.mp4")
    with av.open(str(clip)) as source, av.open(str(path), "w") as target:
        stream = source.streams.video[0]
        copy = target.add_stream_from_template(stream)
        packets = [packet for packet in source.demux(stream) if packet.dts is not None]
        step = round(1 / (FPS * stream.time_base))
        times = [(packet.pts, packet.dts) for packet in packets]
        for repeat in range(minutes):
            for packet, (pts, dts) in zip(packets, times):
                packet.pts, packet.dts = (t + repeat * CLIP * step for t in (pts, dts))
                packet.time_base = stream.time_base
                packet.stream = copy
                target.mux(packet)
    np.save(path.with_suffix(".npy"), np.tile(np.load(clip.with_suffix(".npy")), (minutes, 1, 1)))
    return path


def trained_spotter():
    """Return a spotter that has learnt enough to find intervals."""
    from skspot.datasets import make_expression_videos
    from skspot.neural_network import SpotFormerClassifier
    from skspot.preprocessing import SWMROFlow

    data = make_expression_videos(4, random_state=1)
    aligned = [
        AlignedVideo(
            video, points, np.ones(len(video), bool), np.arange(len(video)) / FPS, (240, 240)
        )
        for video, points in zip(data.videos, data.landmarks)
    ]
    features = SWMROFlow().transform(aligned)
    return SpotFormerClassifier(max_epochs=4, random_state=0).fit(features, data.intervals)


def aligned_video(path):
    landmarks = np.load(path.with_suffix(".npy"))
    n = len(landmarks)
    return AlignedVideo(str(path), landmarks, np.ones(n, bool), np.arange(n) / FPS, (HEIGHT, WIDTH))


# -- in processes of their own ---------------------------------------------------------------------


def child(network, path):
    """Spot the expressions of one video; print what it took."""
    start = time.perf_counter()
    from skspot.preprocessing import SWMROFlow
    from skspot.recipes import spotformer_paper

    if network == "default":
        spotter = skspot.load(path.with_name("default.skspot"))
    else:  # not trained: its speed is the same
        spotter = spotformer_paper()["spot"].initialize()
    flow = SWMROFlow()
    aligned = aligned_video(path)
    idle, loaded, worked = peak_memory(), time.perf_counter(), time.process_time()
    scores = spotter.predict_scores(flow.transform([aligned]))[0]
    table = spotter.decode(scores)
    result = {
        "load seconds": loaded - start,
        "seconds": time.perf_counter() - loaded,
        "CPU seconds": time.process_time() - worked,
        "idle MB": idle,
        "peak MB": peak_memory(),
        "n_frames": len(scores),
        "intervals": len(table),
    }
    assert len(scores) == len(aligned)
    print(json.dumps(result))


def peak_memory():
    """Return the largest memory of this process in MB; getrusage would count its parent's."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def steps_table(path):
    """Return the CPU time of single steps on one core as a table."""
    import cv2

    from skspot.preprocessing import FaceAligner, SWMROFlow
    from skspot.video import open_video

    cv2.setNumThreads(1)
    aligned = aligned_video(path)
    steps = {
        "decode": lambda: sum(1 for _ in open_video(str(path)).frames()),
        "decode, scale to the face": lambda: sum(1 for _ in aligned),
        "decode, scale to the face, features": lambda: sum(
            len(block) for block in SWMROFlow().transform([aligned])[0].blocks()
        ),
        "decode, find the face (template)": lambda: FaceAligner("template").transform([str(path)]),
    }
    rows = []
    for name, work in steps.items():
        start = time.process_time()
        work()
        seconds = time.process_time() - start
        rows.append({"step": name, "CPU ms per frame": 1000 * seconds / len(aligned)})
    return to_markdown(rows)


def workers_table(path):
    """Return the speed of one and of two workers on two videos as a table."""
    from skspot.preprocessing import SWMROFlow

    videos = [aligned_video(path)] * 2
    SWMROFlow(n_jobs=2).transform([videos[0], videos[0]])  # starts the workers
    seconds = {1: [], 2: []}
    for _ in range(2):
        for n_jobs in seconds:
            start = time.perf_counter()
            for features in SWMROFlow(n_jobs=n_jobs).transform(videos):
                np.asarray(features)
            seconds[n_jobs].append(time.perf_counter() - start)
    rates = {n_jobs: 2 * len(videos[0]) / min(times) for n_jobs, times in seconds.items()}
    return to_markdown(
        [{"workers": n, "windows/s": rate, "ratio": rate / rates[1]} for n, rate in rates.items()]
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]))
    else:
        main()
