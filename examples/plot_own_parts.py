"""
A landmarker and a network of one's own
=======================================

Each step of the pipeline can be replaced by a function or a class of a few lines. Here a face
detector and a mean face of our own take the place of the landmarker, and a small recurrent network
that of SpotFormer. Everything around them stays: training, decoding, metrics, pictures.
"""

# %%
# A landmarker is a function
# --------------------------
# It takes one picture, RGB of dtype uint8, and returns the 68 points of the face in pixels, an
# array of shape (68, 2), or None if it sees no face. A laboratory would call its own tracker here.
# Ours finds the box of the face with a cascade of scikit-image and puts a mean face into it. The
# mean face is learned from the known landmarks of one subject, who is not used again.

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


def find_box(picture):
    """Return left, top and width of the largest face, or None."""
    found = cascade.detect_multi_scale(
        picture, scale_factor=1.1, step_ratio=1, min_size=(90, 90), max_size=(220, 220)
    )
    return max(([f["c"], f["r"], f["width"]] for f in found), key=lambda box: box[2], default=None)


model = make_expression_videos(1, videos_per_subject=1, n_frames=60, random_state=7)
left, top, width = find_box(np.repeat(model.videos[0][0][:, :, None], 3, axis=2))
mean_face = (model.landmarks[0][0] - [left, top]) / width


def box_landmarker(picture):
    """Return the 68 points of the mean face in the box that the cascade finds."""
    box = find_box(picture)
    return None if box is None else mean_face * box[2] + box[:2]


# %%
# `RegionsDisplay` shows whether the points fit, before time is spent on features. With
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
# It takes windows of shape (n_windows, n_channels, n_positions, n_nodes) and returns ten logits for
# each window and an embedding, which the contrastive part of the loss compares;
# `SpotFormer.forward` documents the order of the logits. If its constructor has arguments of these
# names, the classifier fills in the sizes of the features; the others are set as ``module__*``.


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
        planted_micro=4,
        random_state=0,
    ),
)

# %%
# Trained on four subjects, tested on two
# ---------------------------------------
# The aligned videos are passed to the rest of the pipeline, so that faces are found once. From four
# videos of twenty seconds such a network learns what a macro-expression looks like. For
# micro-expressions, it takes more of them.

rest = spotter[1:].fit(aligned[:4], data.intervals[:4])
predicted = rest.predict(aligned[4:])
print(spotting_report(data.intervals[4:], predicted))

SpottingDisplay.from_estimator(rest, aligned[4], data.intervals[4])
plt.show()
