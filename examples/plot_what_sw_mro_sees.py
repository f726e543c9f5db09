"""
The features: SW-MRO
====================

SW-MRO, sliding-window multi-resolution optical flow [Deng2026]_, measures the motion of ten small
regions of the face around each frame. The network sees only these features. This example draws the
regions, their motion over time and on the face, and shows what macro- and micro-expressions look
like. Look at your own videos in this way before you train on them. An expression that is not
visible here can't be spotted.
"""

# %%
# Videos with known expressions
# -----------------------------
# Six synthetic subjects with two videos each. Most examples of the gallery use them. They are
# rendered once and cached in the folder ``cache``.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from joblib import Memory

from skspot.datasets import make_expression_videos
from skspot.inspection import CLASS_COLOURS, FlowDisplay, RegionsDisplay
from skspot.preprocessing import FaceAligner, SWMROFlow

make_videos = Memory("cache", verbose=0).cache(make_expression_videos, ignore=["n_jobs"])
data = make_videos(n_subjects=6, random_state=0, n_jobs=2)
number = data.names.index("s02_1")
table = data.intervals[number]
pd.DataFrame(table)

# %%
# The table shows one of the videos. Each row is one expression: the frames of its :term:`onset`,
# :term:`apex` and :term:`offset`, and its class. The video has 30 frames per second; the
# micro-expressions last about a third of a second.
#
# Where motion is measured
# ------------------------
# :class:`~skspot.preprocessing.FaceAligner` finds the face in each frame and scales it to 128
# pixels. From here on, all pixels are pixels of this face. The ten regions are called nodes: three
# on each eyebrow, four around the mouth. Expressions hardly move the bridge of the nose. Its motion
# is that of the head, and it is subtracted. The optical flow is computed in the bright part only.

aligner = FaceAligner("template", memory="cache")
aligned = aligner.transform(data.videos)
RegionsDisplay.from_video(aligned[number], frame=int(table["apex"][0]))
plt.show()

# %%
# Motion over time
# ----------------
# :class:`~skspot.preprocessing.SWMROFlow` uses a window of 17 frames around each frame and measures
# how far each node moves from the middle frame of the window to each other frame. The axes of the
# features are frames, window positions, nodes and channels. Their layout describes these axes,
# for example the times of the two frames of the last position.

features = SWMROFlow(memory="cache").transform(aligned)
print(features[number])
print(features[number].layout.seconds[-1, 0])

# %%
# The picture shows the last position of the window: the motion from each frame to the one 8 frames,
# a quarter of a second, later. Each expression shows as two humps, its rise before the apex and its
# fall before the offset. The face is still between the two humps of the long macro-expression at
# the beginning. The arrows are those of the frame with the most motion: the corners of the mouth,
# in the last macro-expression.

FlowDisplay.from_features(features[number], table, aligned=aligned[number])
plt.show()

# %%
# The same picture with the arrows at the onset of the first micro-expression. They are enlarged, as
# the scale below the face shows, because such a motion is hardly visible. The last two
# micro-expressions barely stand out from the motion around them. Such expressions are hard to spot.

micro = table[table["label"] == "micro"]
onset = int(micro["onset"][0])
FlowDisplay.from_features(features[number], table, aligned=aligned[number], frame=onset)
plt.show()

# %%
# Displacement from the neutral face
# ----------------------------------
# Motion does not tell whether an expression is held. The second pair of channels is the
# displacement from the neutral face: the configuration of the nodes that this face takes most
# often. It stays up for as long as an expression lasts, and returns to 0 after it. It is noisier
# than the motion in a window, because the two pictures that are compared lie minutes apart.

FlowDisplay.from_features(features[number], table, aligned=aligned[number], resolution="neutral")
plt.show()

# %%
# Macro- and micro-expressions
# ----------------------------
# Now consider all expressions of all videos: the length of each one, and the strongest motion of
# any node in it. Noise, blinks, changes of light and the rest of the head motion also cause motion
# without an expression. This is the level to compare with.

strongest = [np.linalg.norm(video[:, -1, :, :2], axis=-1).max(axis=1) for video in features]
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
for (label, colour), marker in zip(CLASS_COLOURS.items(), "o^"):
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
# The classes differ in length: by definition, a micro-expression takes less than half a second (the
# dotted line). They do not differ clearly in size: a strong micro-expression moves as far as a weak
# macro-expression. The weakest ones move hardly more than a face without any expression. A
# threshold on the motion is therefore not enough. A spotter must use the course of the motion and
# all nodes together.
