"""
From face videos to expressions
===============================

One pipeline finds the faces, measures their motion, and spots :term:`macro- <macro-expression>` and
:term:`micro-expressions <micro-expression>` with a network. The videos are synthetic: the true
intervals are known, and you need not download anything.
"""

# %%
# The data
# --------
# Six subjects with two videos each, 20 seconds long. They are rendered once and cached in the
# folder ``cache``, which all examples share. For your own videos, use a list of paths instead of
# ``data.videos``. ``data.intervals`` contains one table for each video: :term:`onset`, :term:`apex`
# and :term:`offset` of each expression, and its class.

import matplotlib.pyplot as plt
import pandas as pd
from joblib import Memory
from sklearn.pipeline import make_pipeline

from skspot.datasets import make_expression_videos
from skspot.inspection import SpottingDisplay
from skspot.metrics import spotting_report
from skspot.neural_network import SpotFormerClassifier
from skspot.preprocessing import FaceAligner, SWMROFlow

make_videos = Memory("cache", verbose=0).cache(make_expression_videos, ignore=["n_jobs"])
data = make_videos(n_subjects=6, random_state=0, n_jobs=2)
pd.DataFrame(data.intervals[0])

# %%
# The pipeline
# ------------
# Three steps: :class:`~skspot.preprocessing.FaceAligner` finds the face in each frame,
# :class:`~skspot.preprocessing.SWMROFlow` measures how ten regions of it move, and
# :class:`~skspot.neural_network.SpotFormerClassifier` learns from this motion where expressions
# begin, peak and end. The ``"template"`` landmarker works without a download. For real faces,
# ``"mediapipe"`` and ``"face-alignment"`` are more precise. ``memory`` caches the landmarks and
# features of each video. With ``n_jobs=2``, a step processes two videos at a time.
#
# For this page, the network is smaller than the default, and it is trained for fewer epochs on
# fewer windows. For your own data, begin with ``SpotFormerClassifier(random_state=0)``, which takes
# some minutes and spots better.

spotter = make_pipeline(
    FaceAligner("template", memory="cache"),
    SWMROFlow(memory="cache"),
    SpotFormerClassifier(
        max_epochs=4,
        module__dim=16,
        lr=0.01,
        lr_decay=0.6,
        batch_size=64,
        neutral_ratio=1,
        pasted_micro=4,
        random_state=0,
    ),
)

# %%
# Training
# --------
# The first four subjects are used for training, the other two for the test. Never split the videos
# of one subject: a network recognises faces, and the scores would be too high.

train = [i for i, subject in enumerate(data.subjects) if subject < "s05"]
test = [i for i, subject in enumerate(data.subjects) if subject >= "s05"]
spotter.fit([data.videos[i] for i in train], [data.intervals[i] for i in train])

# %%
# Spotting
# --------
# ``predict`` returns one table for each video. Predicted intervals also have a score, by which you
# can rank and filter them.

truth = [data.intervals[i] for i in test]
predicted = spotter.predict([data.videos[i] for i in test])
pd.DataFrame(predicted[0])

# %%
# A prediction is a :term:`hit` if it overlaps a true interval of its class with an :term:`IoU` of
# at least 0.5. TP counts the hits, FP the false alarms, FN the misses, over all videos together.

print(spotting_report(truth, predicted))

# %%
# Four videos contain few expressions, and a single one changes these scores considerably. For an
# evaluation, test each subject once, as the other examples in the :doc:`gallery
# </auto_examples/index>` do.
#
# One video
# ---------
# The timeline of a test video. Hatched bars are true intervals, filled ones are predictions. Below
# them are the scores of the frames, from which the predictions are decoded.

busiest = max(test, key=lambda i: len(data.intervals[i]))
SpottingDisplay.from_estimator(spotter, data.videos[busiest], data.intervals[busiest])
plt.show()
