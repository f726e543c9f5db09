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

import skspot
from skspot.datasets import make_expression_videos
from skspot.inspection import SpottingDisplay
from skspot.metrics import spotting_report
from skspot.recipes import spotformer

make_videos = Memory("cache", verbose=0).cache(make_expression_videos, ignore=["n_jobs"])
data = make_videos(n_subjects=6, random_state=0, n_jobs=2)
pd.DataFrame(data.intervals[0])

# %%
# The pipeline
# ------------
# :func:`~skspot.recipes.spotformer` returns a pipeline with three steps.
# :class:`~skspot.preprocessing.FaceAligner` ("align") finds the face in each frame,
# :class:`~skspot.preprocessing.SWMROFlow` ("flow") measures how ten regions of it move, and
# :class:`~skspot.neural_network.SpotFormerClassifier` ("spot") learns from this motion where
# expressions begin, peak and end. The ``"template"`` landmarker works without a download. For real
# faces, ``"mediapipe"`` and ``"face-alignment"`` are more precise. ``memory`` caches the landmarks
# and features of each video. With ``n_jobs=2``, a step processes two videos at a time.
#
# For this page, the network is smaller than the default, and it is trained for fewer epochs on
# fewer windows. For your own data, begin without ``set_params``. The training then takes some
# minutes, and the model spots better.

spotter = spotformer("template", memory="cache", random_state=0)
spotter.set_params(
    spot__max_epochs=4,
    spot__module__dim=16,
    spot__lr=0.01,
    spot__lr_decay=0.6,
    spot__batch_size=64,
    spot__neutral_ratio=1,
    spot__pasted_micro=4,
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
# :func:`skspot.spot` returns a result for each video: its intervals, the scores and the times of
# its frames, and its landmarks. Predicted intervals also have a score, by which you can rank and
# filter them.

results = skspot.spot(spotter, [data.videos[i] for i in test])
results[0].to_dataframe().round(2)

# %%
# A prediction is a :term:`hit` if it overlaps a true interval of its class with an :term:`IoU` of
# at least 0.5. TP counts the hits, FP the false alarms, FN the misses, over all videos together.

truth = [data.intervals[i] for i in test]
predicted = [result.intervals for result in results]
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

busiest = max(range(len(test)), key=lambda i: len(truth[i]))
SpottingDisplay.from_result(results[busiest], truth[busiest])
plt.show()
