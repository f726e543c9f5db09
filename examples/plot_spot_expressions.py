"""
From face videos to expressions
===============================

The whole of skspot in one pipeline: faces are found, their motion is measured, and a network spots
macro- and micro-expressions. The videos are synthetic, so that the truth is known and nothing has
to be downloaded.
"""

# %%
# The data
# --------
# Six subjects with two videos each. ``data.intervals`` holds one table for every video: onset, apex
# and offset of each expression, and whether it is a macro- or a micro-expression.

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline

from skspot.datasets import make_expression_videos
from skspot.inspection import SpottingDisplay
from skspot.metrics import spotting_report
from skspot.model_selection import StratifiedSubjectKFold
from skspot.neural_network import SpotFormerClassifier
from skspot.preprocessing import FaceAligner, SWMROFlow

data = make_expression_videos(n_subjects=6, random_state=0)
print(pd.DataFrame(data.intervals[0]))

# %%
# The pipeline
# ------------
# The ``"template"`` landmarker works without a download; for real faces ``"face-alignment"`` and
# ``"mediapipe"`` are more precise. Landmarks and features are cached for each video, so that
# cross-validation computes them once.

spotter = make_pipeline(
    FaceAligner(landmarker="template", memory="cache"),
    SWMROFlow(memory="cache", n_jobs=2),
    SpotFormerClassifier(random_state=0),
)

# %%
# Cross-validation by subject
# ---------------------------
# No subject is in training and test at once. The counts are pooled over all videos before F1 is
# taken: the mean over folds would be another number. ``LeaveOneSubjectOut()`` is the protocol of
# the papers; three folds are three fits instead of one for every subject.

predicted = cross_val_predict(
    spotter,
    data.videos,
    data.intervals,
    groups=data.subjects,
    cv=StratifiedSubjectKFold(n_splits=3),
    n_jobs=2,
)
print(spotting_report(data.intervals, predicted))

# %%
# One video
# ---------
# Trained on all subjects but the first, the pipeline spots the expressions of the first one's
# video. Hatched bars are the truth, filled ones the predictions.

others = data.subjects != data.subjects[0]
spotter.fit(
    [video for video, chosen in zip(data.videos, others) if chosen],
    [table for table, chosen in zip(data.intervals, others) if chosen],
)
SpottingDisplay.from_estimator(spotter, data.videos[0], data.intervals[0])
plt.show()
