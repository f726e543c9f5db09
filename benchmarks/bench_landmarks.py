"""What detecting the face in every k-th frame changes, and what it saves.

    python benchmarks/bench_landmarks.py [--out benchmarks/landmarks.md]

Landmarks and features with a detection in every k-th frame and tracking between are compared with
those of a detection in every frame, on real videos and with MediaPipe. Beside them stand linear
interpolation between every k-th frame, the detector's own jitter (the same video with other noise
or another compression), and the error of the optical flow that the features are made of. Times are
the shortest of several rounds of all k in one process, with decoding, on one core.

Needs the folder of real videos, ../shared/data from the root of the repository; the environment
variable SKSPOT_TEST_DATA names another one.
"""

import argparse
import os
import platform
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from skspot.landmarks import MediaPipe
from skspot.preprocessing import FaceAligner, SWMROFlow
from skspot.preprocessing._aligner import fill_gaps
from skspot.video import face_extent, open_video

ROOT = Path(__file__).parent.parent
VIDEOS = ("expressions.mp4", "single_face.mp4")
STEPS = (1, 2, 3, 5, 8, 10, 15)
FACE_SIZE = 128
RANGES = ((0, 1), (1, 3), (3, np.inf))  # of motion, in pixels of a face of 128
# Farneback's error on exact warps without noise: pixels of motion, pixels of error.
FLOW_ERROR = ((0.5, 1.5, 5), (0.054, 0.163, 0.58))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, help="markdown file to write")
    parser.add_argument("--rounds", type=int, default=2, help="rounds of timing (default 2)")
    options = parser.parse_args()
    data = Path(os.environ.get("SKSPOT_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not data.is_dir():
        sys.exit(f"Skipped: there is no folder {data} of real videos; set SKSPOT_TEST_DATA.")
    count_detections()
    cv2.setNumThreads(1)
    text = INTRODUCTION + "".join(
        bench(data / "faces" / name, data / "models" / "face_landmarker.task", options.rounds)
        for name in VIDEOS
    )
    if options.out:
        options.out.write_text(text)


def bench(path, model, rounds):
    """Return the section of one video."""
    seconds, detections, aligned = timed_alignments(path, model, rounds)
    every = aligned[1]
    reference = features(every)
    size = np.median(face_extent(every.landmarks)[every.valid])
    lines = [
        f"\n## {path.name}: {len(every)} frames, a face of {size:.0f} px\n\n",
        "| landmarks | error | effect, motion < 1 px | 1 to 3 px | > 3 px | detections a frame "
        "| frames/s | ratio |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n",
        row("error of the flow", "", flow_errors(reference)),
    ]
    print("".join(lines), end="", flush=True)

    def add(name, other, *cells):
        lines.append(
            row(name, landmark_error(other, every), effects(features(other), reference), *cells)
        )
        print(lines[-1], end="", flush=True)

    with_noise = partial(noisy, np.random.default_rng(0))
    for name, change in (("noise", with_noise), ("JPEG", compressed)):
        add(f"every frame, video with {name}", realigned(every, change, model))
    for step in STEPS[1:]:
        add(f"every {step} frames, interpolated", interpolated(every, step))
    for step in STEPS:
        rate, ratio = len(every) / seconds[step], seconds[1] / seconds[step]
        share = f"{detections[step] / len(every):.2f}"
        name = "every frame" if step == 1 else f"every {step} frames, tracked"
        add(name, aligned[step], share, f"{rate:.0f}", f"{ratio:.2f}")
    return "".join(lines)


def timed_alignments(path, model, rounds):
    """Return the shortest seconds, the number of detections and the result for each step."""
    seconds = dict.fromkeys(STEPS, np.inf)
    detections, aligned = {}, {}
    for _ in range(rounds):
        for step in STEPS:
            calls.clear()
            start = time.perf_counter()
            aligned[step] = align(path, model, step)
            seconds[step] = min(seconds[step], time.perf_counter() - start)
            detections[step] = sum(calls)
    return seconds, detections, aligned


def align(source, model, step):
    aligner = FaceAligner(MediaPipe(model), detect_every=step, face_size=FACE_SIZE)
    return aligner.transform([source])[0]


calls = []  # frames of each call of the detector


def count_detections():
    """Make MediaPipe's landmarker note its calls."""
    original = MediaPipe.detector

    @contextmanager
    def detector(self):
        with original(self) as detect:

            def counted(frames, choose):
                calls.append(len(frames))
                return detect(frames, choose)

            yield counted

    MediaPipe.detector = detector


def realigned(aligned, change, model):
    """Return the video with the landmarks that are found after a change of its frames."""
    frames = np.stack([change(frame) for frame in open_video(aligned.source).frames(colour=True)])
    return replace(aligned, landmarks=align(frames, model, 1).landmarks)


def noisy(rng, frame):
    return np.clip(frame + rng.normal(0, 3, frame.shape), 0, 255).astype(np.uint8)


def compressed(frame):
    _, code = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 70])
    return cv2.imdecode(code, cv2.IMREAD_COLOR)


def interpolated(aligned, step):
    known = np.arange(len(aligned)) % step == 0
    known[-1] = True
    landmarks = aligned.landmarks.copy()
    fill_gaps(landmarks, known, step)
    return replace(aligned, landmarks=landmarks)


def features(aligned):
    return SWMROFlow(flow="farneback", resolutions=("window",)).transform([aligned])[0]


def landmark_error(aligned, every):
    """Return the root-mean-square distance of the points in pixels of a face of 128."""
    valid = aligned.valid & every.valid
    points, expected = aligned.landmarks[valid], every.landmarks[valid]
    distances = np.linalg.norm(points - expected, axis=-1) / face_extent(expected)[:, None]
    return f"{FACE_SIZE * rms(distances):.2f}"


def effects(changed, reference):
    """Return the root-mean-square change of the displacements by the size of the motion."""
    return by_motion(np.linalg.norm(changed - reference, axis=-1), reference)


def flow_errors(reference):
    """Return the error of the flow for the motions that there are."""
    return by_motion(np.interp(np.linalg.norm(reference, axis=-1), *FLOW_ERROR), reference)


def by_motion(values, reference):
    motion = np.linalg.norm(reference, axis=-1)
    return [rms(values[(motion >= low) & (motion < high)]) for low, high in RANGES]


def rms(values):
    return np.sqrt(np.nanmean(values**2))


def row(name, error, values, *cells):
    cells = [*cells, *[""] * (3 - len(cells))]
    return f"| {' | '.join([name, error, *(f'{v:.3f}' for v in values), *cells])} |\n"


INTRODUCTION = f"""# Landmarks: detection in every k-th frame

`python benchmarks/bench_landmarks.py`, MediaPipe, one core ({platform.machine()}). All lengths are
in pixels of a face of {FACE_SIZE}, and all means are root-mean-squares.

- Error: distance of the points to those of a detection in every frame.
- Effect: change of the displacements in SW-MRO features (`flow="farneback"`) against landmarks of
  every frame, by the size of the motion. It is to stay below the error of the optical flow itself
  for motions of that size, which is that of Farneback on exact warps without noise.
- Rows of changed videos: landmarks found after adding noise of 3 grey levels, or JPEG of quality
  70, with the frames of the unchanged video: how much the detector's own jitter matters.
- Interpolated: linearly, between landmarks of every k-th frame, without looking at the others.
- Ratio: speed relative to a detection in every frame, with decoding and with loading the model
  (which weighs much in 72 frames), in interleaved rounds.

The value of 0.10 that comes and goes with motions below 1 px in `expressions.mp4` is a single pair
of frames, 320 and 328, at the mouth, where Farneback's flow fails and changes by up to 9 px with
slightly different landmarks; without 20 of the 48,000 displacements it is 0.03.
"""


if __name__ == "__main__":
    main()
