"""
What SW-MRO sees
================

Between the video and the network stands SW-MRO, sliding-window multi-resolution optical flow
[Deng2026]_: it turns each frame into the motion of ten small regions of the face. This example
draws these regions, their motion over time and on the face, and what macro- and micro-expressions
look like in it. Look at your own videos in this way before you train on them: what can't be seen
here can't be spotted.
"""

# %%
# Videos with known expressions
# -----------------------------
# Six synthetic subjects with two videos each. Most examples of the gallery use them; they are
# rendered once and kept in the folder ``cache``.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from joblib import Memory

from skspot.datasets import make_expression_videos
from skspot.inspection import FlowDisplay, RegionsDisplay
from skspot.preprocessing import FaceAligner, SWMROFlow

make_videos = Memory("cache", verbose=0).cache(make_expression_videos, ignore=["n_jobs"])
data = make_videos(n_subjects=6, random_state=0, n_jobs=2)
number = data.names.index("s02_1")
table = data.intervals[number]
pd.DataFrame(table)

# %%
# The table shows one of the videos. Each row is one expression: the frames of its :term:`onset`,
# :term:`apex` and :term:`offset`, and its class. The video has 30 frames in a second, so that the
# micro-expressions last a third of a second or so.
#
# Where motion is measured
# ------------------------
# :class:`~skspot.preprocessing.FaceAligner` finds the face in each frame and scales it to 128
# pixels; from here on a pixel is a pixel of that face. The ten regions are called nodes: three on
# each eyebrow, four around the mouth. No expression moves the bridge of the nose much; its motion
# is that of the head and is subtracted. The optical flow sees no more than the bright part.

aligner = FaceAligner("template", memory="cache")
aligned = aligner.transform(data.videos)
RegionsDisplay.from_video(aligned[number], frame=int(table["apex"][0]))
plt.show()

# %%
# Motion over time
# ----------------
# :class:`~skspot.preprocessing.SWMROFlow` puts a window of 17 frames around each frame and measures
# how far each node moves from the middle of the window to each of its other frames. The features of
# a video are an array of frames, window positions, nodes and directions.

flow = SWMROFlow(memory="cache")
features = flow.transform(aligned)
print(features[number].shape)

# %%
# The picture takes one position of the window, the last one: the motion from each frame to the one
# 8 frames later. An expression comes and goes, and motion counts in both directions, so that each
# one shows as two humps: its rise before the apex, its fall before the offset. The long
# macro-expression at the beginning holds still in between. The arrows belong to the frame with the
# most motion: the corners of the mouth, in the last macro-expression.

FlowDisplay.from_video(aligned[number], table, flow=flow)
plt.show()

# %%
# The same picture with the arrows at the onset of the first micro-expression. They are drawn
# longer, as the scale below the face says: on the face itself, such a motion is hardly visible. The
# two last micro-expressions barely stand out of what surrounds them; such expressions are the hard
# ones to spot.

micro = table[table["label"] == "micro"]
FlowDisplay.from_video(aligned[number], table, flow=flow, frame=int(micro["onset"][0]))
plt.show()

# %%
# Macro against micro
# -------------------
# Now all expressions of all videos: how long each one is, and the strongest motion of any node in
# it. What moves without an expression, by noise, blinks, light and the remains of head motion, is
# the level to compare with.

strongest = [np.linalg.norm(video[:, -1], axis=-1).max(axis=1) for video in features]
rows, neutral = [], []
for motion, intervals in zip(strongest, data.intervals):
    away = np.ones(len(motion), dtype=bool)
    for onset, _, offset, label in intervals:
        rows.append((label, (offset - onset + 1) / data.fps, motion[onset : offset + 1].max()))
        away[max(onset - 16, 0) : offset + 17] = False
    neutral.append(motion[away])
expressions = pd.DataFrame(rows, columns=["class", "seconds", "pixels"])
level = np.quantile(np.concatenate(neutral), 0.99)

fig, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
styles = {"macro": ("o", "#0072B2"), "micro": ("^", "#D55E00")}
for label, (marker, colour) in styles.items():
    chosen = expressions[expressions["class"] == label]
    ax.plot(chosen["seconds"], chosen["pixels"], marker, color=colour, mec="black", label=label)
ax.axhline(level, color="black", linestyle="--", linewidth=1)
ax.annotate(
    "99 % of the frames without expression lie below",
    (0.99, level),
    xycoords=("axes fraction", "data"),
    xytext=(0, 3),
    textcoords="offset points",
    ha="right",
    fontsize="small",
)
ax.axvline(0.5, color="0.5", linestyle=":", linewidth=1)
ax.set(
    xscale="log",
    yscale="log",
    xlabel="length of the expression (s)",
    ylabel="strongest motion within 8 frames (px)",
    title="Every expression of the twelve videos",
)
ticks = {"x": [0.2, 0.5, 1, 2, 4], "y": [0.5, 1, 2, 5]}
ax.set_xticks(ticks["x"], ticks["x"])
ax.set_yticks(ticks["y"], ticks["y"])
ax.minorticks_off()
ax.legend(title="class", frameon=False)
plt.show()

# %%
# The classes are told apart by length: a micro-expression takes less than half a second (the dotted
# line), by definition. They are not told apart by size: a strong micro-expression moves as far as a
# weak macro-expression. And the weakest ones move hardly more than a face without any expression.
# This is why a spotter has to look at the course of the motion and at all nodes at once; a
# threshold on the motion would not do.
