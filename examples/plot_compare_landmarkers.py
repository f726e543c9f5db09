"""
Comparing landmarkers
=====================

A landmarker finds the 68 points that determine the crop of the face and the regions of the nodes.
How precise must it be? For synthetic videos, the exact points and the exact motion of each node are
known. This example measures both errors: those of the landmarks, and those of the features.
"""

# %%
# Four sources of landmarks
# -------------------------
# - :class:`~skspot.landmarks.Template` needs no download and is approximate: a mean face that
#   follows the head, but not its expressions.
# - The exact landmarks of the synthetic videos, passed as arrays: a perfect landmarker.
# - The exact landmarks with noise of 2 pixels in each frame: an unsteady landmarker.
# - :class:`~skspot.landmarks.MediaPipe`, if its package and its model file are there.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from joblib import Memory

from skspot.datasets import make_expression_videos
from skspot.inspection import RegionsDisplay
from skspot.preprocessing import FaceAligner, SWMROFlow

make_videos = Memory("cache", verbose=0).cache(make_expression_videos, ignore=["n_jobs"])
data = make_videos(n_subjects=6, random_state=0, n_jobs=2)
videos = data.videos[::2]  # the first one of each subject
true_landmarks = data.landmarks[::2]
rng = np.random.default_rng(0)


def align_with(tables):
    """Align each video with the landmarks that are given for it."""
    return [
        FaceAligner(landmarks).transform([video])[0] for video, landmarks in zip(videos, tables)
    ]


noisy = [exact + rng.normal(scale=2, size=exact.shape) for exact in true_landmarks]
aligned = {
    "template": FaceAligner("template", memory="cache").transform(videos),
    "exact": align_with(true_landmarks),
    "exact, noise of 2 px": align_with(noisy),
}
try:
    aligned["mediapipe"] = FaceAligner("mediapipe", memory="cache").transform(videos)
except (FileNotFoundError, ImportError):
    print("Not compared: MediaPipe, which needs a package and a model file.")

# %%
# The regions
# -----------
# One frame, with the regions from three of the sources. Such pictures show immediately whether a
# landmarker misses the face.

shown = list(aligned)[:3]
fig, axes = plt.subplots(1, 3, figsize=(11, 4.2), layout="constrained")
for ax, source in zip(axes, shown):
    RegionsDisplay.from_video(aligned[source][1], frame=221, ax=ax)
    ax.set_title(source)
    ax.get_legend().remove()
plt.show()

# %%
# Orange squares are the nodes. The motion of the head is measured in the blue square. Dots are the
# landmarks. The face of the template is at the right place, but its mouth does not move, and its
# nodes are a few pixels off.
#
# Errors of the landmarks
# -----------------------
# The mean distance of a point from its true place, in pixels. The size of the face is 128 pixels.


def landmark_error(found):
    """Return the mean distance of the landmarks of aligned videos from the true ones."""
    pairs = zip(found, true_landmarks)
    return np.mean([np.linalg.norm(v.landmarks - true, axis=-1).mean() for v, true in pairs])


# %%
# Errors of the motion
# --------------------
# The last position of the window is the motion from each frame to the one 8 frames later. The true
# motion is known too. In each frame, we use the node that moves most. We average the distance
# between measured and true motion over the frames of macro-expressions, of micro-expressions, and
# of neither.

flow = SWMROFlow(resolutions=("window",), memory="cache", n_jobs=2)


def true_motion(displacement):
    """Return the true motion from each frame to the one 8 frames later, or to the last one."""
    later = np.minimum(np.arange(len(displacement)) + 8, len(displacement) - 1)
    return displacement[later] - displacement


def frame_classes(n_frames, intervals):
    """Return the class of each frame."""
    classes = np.full(n_frames, "neither")
    for onset, _, offset, label in intervals:
        classes[onset : offset + 1] = label
    return classes


truth = np.concatenate([true_motion(displacement) for displacement in data.displacement[::2]])
classes = np.concatenate(
    [frame_classes(len(video), table) for video, table in zip(videos, data.intervals[::2])]
)


moving = np.linalg.norm(truth, axis=-1).argmax(axis=1)


def motion_error(measured):
    """Return the mean error of the motion of the moving node, for each class of frames."""
    error = np.linalg.norm(measured - truth, axis=-1)[np.arange(len(truth)), moving]
    return {name: error[classes == name].mean() for name in ("macro", "micro", "neither")}


motion = {
    source: np.concatenate([features[:, -1] for features in flow.transform(found)])
    for source, found in aligned.items()
}
motion["no motion at all"] = np.zeros_like(truth)
results = pd.DataFrame({source: motion_error(measured) for source, measured in motion.items()}).T
results.insert(0, "landmarks", pd.Series({k: landmark_error(v) for k, v in aligned.items()}))
results.round(2)

# %%
# The last row is the error of features that are all zero, which is the size of the true motion. In
# expressions, the other rows must be well below it. Even exact landmarks have an error, because the
# optical flow has errors and the motion of the head is not removed completely.

fig, ax = plt.subplots(figsize=(7.5, 3.8), layout="constrained")
results[["macro", "micro", "neither"]].T.plot.bar(
    ax=ax,
    rot=0,
    width=0.8,
    edgecolor="black",
    color=["#0072B2", "#56B4E9", "#F0E442", "#009E73"][: len(aligned)] + ["0.8"],
)
ax.set(xlabel="frames of", ylabel="mean error of the motion (px)")
ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, title="landmarks")
plt.show()

# %%
# Two things can be seen. Landmarks need not be precise: those of the template are several pixels
# off, and the error of the motion hardly grows, because landmarks only say where to look. The
# motion itself comes from the optical flow. For the same reason landmarks that tremble do not
# become motion.
#
# The synthetic faces look ahead and have all been made of one photograph. On real faces, with
# glasses, beards and turned heads, a landmarker can miss the face altogether, and then nothing
# helps: take ``"mediapipe"`` or ``"face-alignment"`` there.
