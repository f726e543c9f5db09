"""
Leave one subject out, and pool before dividing
===============================================

The protocol of the field: every subject is tested once by a model that has never seen them. Hits,
misses and false alarms of all videos are added up, and F1 is taken of the sums. The mean of each
subject's F1 is another number, and it depends on who happens to have many expressions.
"""

# %%
# Predictions for every subject
# -----------------------------
# ``cross_val_intervals`` does what scikit-learn's ``cross_val_predict`` does, leaves one subject
# out unless told otherwise, and keeps each finished fold: a run that is interrupted goes on where
# it stopped. Nothing is learned from the videos before the network, so that the features can be
# made once, before the folds. The network is small and trained quickly; the defaults find more.

import matplotlib.pyplot as plt
import pandas as pd
from joblib import Memory
from sklearn.pipeline import make_pipeline

from skspot.datasets import make_expression_videos
from skspot.inspection import MatchDisplay
from skspot.metrics import interval_f1_score, spotting_report
from skspot.model_selection import cross_val_intervals
from skspot.neural_network import SpotFormerClassifier
from skspot.preprocessing import FaceAligner, SWMROFlow

make_videos = Memory("cache", verbose=0).cache(make_expression_videos, ignore=["n_jobs"])
data = make_videos(n_subjects=6, random_state=0, n_jobs=2)
extractor = make_pipeline(FaceAligner("template", memory="cache"), SWMROFlow(memory="cache"))
features = extractor.transform(data.videos)
spotter = SpotFormerClassifier(
    max_epochs=4,
    module__dim=16,
    lr=0.01,
    lr_decay=0.6,
    batch_size=64,
    neutral_ratio=0.5,
    planted_micro=6,
    planted_macro=0,
    random_state=0,
)
predicted = cross_val_intervals(
    spotter, features, data.intervals, groups=data.subjects, memory="cache", n_jobs=2
)

# %%
# The pooled score
# ----------------
# TP, FP and FN count hits, false alarms and misses of all twelve videos. A prediction
# hits if it shares at least half of the frames that it and the truth cover together (IoU 0.5), and
# no annotated interval is hit twice.

print(spotting_report(data.intervals, predicted))

# %%
# The mean over subjects is another number
# ----------------------------------------
# With two videos, one hit more or less moves a subject's F1 a lot. Their mean weighs every subject
# alike, whether there were two expressions to find or ten.

of_subject = pd.Series(
    {
        subject: interval_f1_score(
            [table for table, of in zip(data.intervals, data.subjects) if of == subject],
            [table for table, of in zip(predicted, data.subjects) if of == subject],
        )
        for subject in dict.fromkeys(data.subjects)
    }
)
pooled = interval_f1_score(data.intervals, predicted)

fig, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
ax.bar(of_subject.index, of_subject, color="#56B4E9", edgecolor="black", linewidth=0.6)
ax.axhline(pooled, color="black", label=f"pooled: {pooled:.3f}")
ax.axhline(of_subject.mean(), color="black", ls="--", label=f"mean: {of_subject.mean():.3f}")
ax.set(xlabel="subject left out", ylabel="interval F1, both classes", ylim=(0, 1.05))
ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0, frameon=False)
plt.show()

# %%
# Which prediction hits which truth
# ---------------------------------
# One row for each video shows where the counts come from.

MatchDisplay.from_predictions(data.intervals, predicted, names=data.names)
plt.show()
