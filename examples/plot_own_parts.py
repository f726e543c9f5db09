"""
A custom landmarker and a custom network
========================================

You can replace each step of the pipeline by a function or a class of a few lines. In this example,
a face detector with a mean face replaces the landmarker, and a small recurrent network replaces
SpotFormer. Training, decoding, metrics and displays do not change.
"""

# %%
# A landmarker is a function
# --------------------------
# It takes one image, RGB of dtype uint8, and returns the 68 points of the face in pixels, an array
# of shape (68, 2), or None if it sees no face. You could call your own tracker here. This
# landmarker finds the box of the face with a cascade of scikit-image, and puts a mean face into it.
# The mean face comes from the known landmarks of one subject, who is not used again.

import matplotlib.pyplot as plt
import numpy as np
import torch
from skimage.data import lbp_frontal_face_cascade_filename
from skimage.feature import Cascade
from sklearn.pipeline import make_pipeline
from torch import nn

from skspot.datasets import make_expression_videos
from skspot.inspection import RegionsDisplay, SpottingDisplay
from skspot.metrics import spotting_report
from skspot.neural_network import SpotFormerClassifier
from skspot.preprocessing import FaceAligner, SWMROFlow

cascade = Cascade(lbp_frontal_face_cascade_filename())


def find_box(image):
    """Return left, top and width of the largest face, or None."""
    found = cascade.detect_multi_scale(
        image, scale_factor=1.1, step_ratio=1, min_size=(90, 90), max_size=(220, 220)
    )
    return max(([f["c"], f["r"], f["width"]] for f in found), key=lambda box: box[2], default=None)


model = make_expression_videos(1, videos_per_subject=1, n_frames=60, random_state=7)
left, top, width = find_box(np.repeat(model.videos[0][0][:, :, None], 3, axis=2))
mean_face = (model.landmarks[0][0] - [left, top]) / width


def box_landmarker(image):
    """Return the 68 points of the mean face in the box that the cascade finds."""
    box = find_box(image)
    return None if box is None else mean_face * box[2] + box[:2]


# %%
# `RegionsDisplay` shows whether the points fit. Check this before you compute features. With
# ``detect_every=5``, the default, the function is called for every fifth frame, and the points are
# tracked by optical flow in between.

data = make_expression_videos(6, videos_per_subject=1, random_state=2)
aligner = FaceAligner(landmarker=box_landmarker)
aligned = aligner.transform(data.videos)
error = np.linalg.norm(aligned[0].landmarks - data.landmarks[0], axis=2).mean()
print(f"mean distance from the true landmarks of the first video: {error:.1f} pixels")
RegionsDisplay.from_video(aligned[0], frame=40)
plt.show()

# %%
# A network is a module
# ---------------------
# It takes windows of shape (n_windows, n_channels, n_positions, n_nodes). For each window, it
# returns ten logits and an embedding for the contrastive part of the loss. `SpotFormer.forward`
# documents the order of the logits. If its constructor has arguments with these names, the
# classifier sets them to the sizes of the features. Set other arguments as ``module__*``.


class RecurrentSpotter(nn.Module):
    """Read the positions of a window one after the other, all nodes at once."""

    def __init__(self, n_channels, n_nodes, hidden=48):
        super().__init__()
        self.recurrent = nn.GRU(n_channels * n_nodes, hidden, bidirectional=True, batch_first=True)
        self.head = nn.Linear(4 * hidden, 10)

    def forward(self, x):
        """Return logits (n_windows, 10) and embeddings (n_windows, 4 * hidden)."""
        states, _ = self.recurrent(x.permute(0, 2, 3, 1).flatten(2))
        embedding = torch.cat([states.mean(dim=1), states.amax(dim=1)], dim=1)
        return self.head(embedding), embedding


spotter = make_pipeline(
    aligner,
    SWMROFlow(n_jobs=2),
    SpotFormerClassifier(
        module=RecurrentSpotter,
        module__hidden=32,
        max_epochs=12,
        pasted_micro=4,
        random_state=0,
    ),
)

# %%
# Trained on four subjects, tested on two
# ---------------------------------------
# We pass the aligned videos to the rest of the pipeline, because then faces are found only once.
# Four videos of twenty seconds are enough for such a network to learn macro-expressions.
# Micro-expressions need more videos.

rest = spotter[1:].fit(aligned[:4], data.intervals[:4])
predicted = rest.predict(aligned[4:])
print(spotting_report(data.intervals[4:], predicted))

SpottingDisplay.from_estimator(rest, aligned[4], data.intervals[4])
plt.show()
