"""
Leave one subject out, and pooled F1
====================================

This is the protocol of the field: every subject is tested once, by a model that has not seen them.
The hits, misses and false alarms of all videos are summed, and F1 is computed from the sums. The
mean of the F1 of all subjects is a different number. In it, a subject with few expressions counts
as much as a subject with many.
"""

# %%
# Predictions for every subject
# -----------------------------
# ``cross_val_intervals`` works like scikit-learn's ``cross_val_predict``. By default, it leaves one
# subject out at a time. It stores each finished fold: an interrupted run continues where it
# stopped. Only the network learns from the videos; the features can therefore be computed once,
# before the folds. The network is small and trained quickly; the defaults find more.

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
    pasted_micro=6,
    pasted_macro=0,
    random_state=0,
)
predicted = cross_val_intervals(
    spotter, features, data.intervals, groups=data.subjects, memory="cache", n_jobs=2
)

# %%
# The pooled score
# ----------------
# TP, FP and FN count hits, false alarms and misses of all twelve videos. A prediction is a hit if
# the number of frames that it shares with a true interval is at least half of the frames that the
# two cover together (IoU 0.5). No true interval is hit twice.

print(spotting_report(data.intervals, predicted))

# %%
# The mean over subjects is different
# -----------------------------------
# With two videos, a single hit changes the F1 of a subject considerably. In the mean, every subject
# has the same weight, whether there were two expressions to find or ten.

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
# Hits, misses and false alarms
# -----------------------------
# There is one row for each video. The lines connect hits.

MatchDisplay.from_predictions(data.intervals, predicted, names=data.names)
plt.show()
