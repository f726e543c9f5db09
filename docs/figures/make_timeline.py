"""Spot the video of the first picture, and draw it for the README.

    python docs/figures/make_timeline.py

takes a few minutes and writes `timeline.npz`, which `timeline.py` draws in the documentation, and
`docs/_static/timeline.png`.
"""

import os
import runpy
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

import skspot
from skspot.datasets import make_expression_videos
from skspot.recipes import spotformer

FIGURES = Path(__file__).parent


def spot():
    """Train on seven subjects and write the predictions for a video of the eighth."""
    data = make_expression_videos(8, random_state=0, n_jobs=2, verbose=1)
    # The video with the most expressions of both classes.
    shown = max(
        range(len(data.videos)),
        key=lambda i: (len(set(data.intervals[i]["label"])), len(data.intervals[i])),
    )
    others = [i for i, subject in enumerate(data.subjects) if subject != data.subjects[shown]]
    spotter = spotformer("template", n_jobs=2, random_state=0, verbose=1).fit(
        [data.videos[i] for i in others], [data.intervals[i] for i in others]
    )
    (result,) = skspot.spot(spotter, [data.videos[shown]])
    np.savez_compressed(
        FIGURES / "timeline.npz",
        true=data.intervals[shown],
        predicted=result.intervals,
        scores=result.scores,
        timestamps=result.times.timestamps,
        name=data.names[shown],
    )


def draw():
    """Draw the picture for the README."""
    os.chdir(FIGURES)
    display = runpy.run_path("timeline.py")["display"]
    picture = BytesIO()
    display.figure_.savefig(picture, dpi=110)
    # A palette is enough for lines on white, and a third of the bytes.
    Image.open(picture).convert("RGB").quantize(64).save("../_static/timeline.png", optimize=True)


if __name__ == "__main__":
    spot()
    draw()
