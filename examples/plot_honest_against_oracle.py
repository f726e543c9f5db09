"""
How much an oracle overestimates the score
==========================================

Training can stop after any epoch. Many public scripts of this field decide by the test: they score
every epoch on the test subject, and keep the best epoch for each subject. The resulting score
contains an :term:`oracle`, because it needs the labels of the test subject. This example measures
by how much it overestimates the performance.
"""

# %%
# Videos and features
# -------------------
# Six synthetic subjects. Their features are computed once, because the rest of the example concerns
# only the network. They are cached in the folder ``cache``.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from joblib import Memory
from sklearn.pipeline import make_pipeline

from skspot.datasets import make_expression_videos
from skspot.metrics import interval_f1_score
from skspot.model_selection import StratifiedSubjectKFold, oracle_epoch_evaluation
from skspot.neural_network import SpotFormerClassifier
from skspot.preprocessing import FaceAligner, SWMROFlow

make_videos = Memory("cache", verbose=0).cache(make_expression_videos, ignore=["n_jobs"])
data = make_videos(n_subjects=6, random_state=0, n_jobs=2)
extractor = make_pipeline(FaceAligner("template", memory="cache"), SWMROFlow(memory="cache"))
features = extractor.fit_transform(data.videos)

# %%
# Both protocols from the same training
# -------------------------------------
# :func:`~skspot.model_selection.oracle_epoch_evaluation` trains one network for each fold without
# the test subjects, and predicts after every epoch. The honest protocol uses the last epoch. The
# oracle uses the best epoch of each subject by the F1 of the same subject. Two folds and a small
# network keep the example short.

spotter = SpotFormerClassifier(
    max_epochs=6,
    module__dim=16,
    lr=0.01,
    lr_decay=0.75,
    batch_size=64,
    neutral_ratio=0.5,
    pasted_micro=6,
    pasted_macro=0,
    random_state=0,
)
result = oracle_epoch_evaluation(
    spotter,
    features,
    data.intervals,
    groups=data.subjects,
    cv=StratifiedSubjectKFold(2),
    n_jobs=2,
)
result.scores.round(3)

# %%
# ``flattery`` is the difference between the F1 of the oracle and of the honest protocol. The oracle
# chooses by both classes together; the score of a single class can be lower. The model is not
# better: the training is the same, and for a new subject there are no labels by which to choose.
#
# Subject by subject
# ------------------
# Both protocols agree if the last epoch is the best. Otherwise the oracle uses an epoch that is
# better by chance. Its score for a subject is never lower than the honest one.


def subject_f1(tables):
    """Return the F1 of each subject, of both classes together."""
    videos = {subject: data.subjects == subject for subject in result.best_epochs}
    return {
        subject: interval_f1_score(
            [table for table, own in zip(data.intervals, chosen) if own],
            [table for table, own in zip(tables, chosen) if own],
        )
        for subject, chosen in videos.items()
    }


scores = pd.DataFrame(
    {
        "honest": subject_f1(result.honest),
        "oracle": subject_f1(result.oracle),
        "epoch of the oracle": result.best_epochs,
    }
).sort_index()
scores.round(3)

# %%
# The same as a picture: the distance between the two marks of a subject is the effect of the choice
# of the epoch.

fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
ax.hlines(scores.index, scores["honest"], scores["oracle"], color="0.6", linewidth=3, zorder=1)
ax.scatter(scores["honest"], scores.index, s=70, color="#0072B2", label="honest: last epoch")
ax.scatter(
    scores["oracle"],
    scores.index,
    s=70,
    marker="D",
    facecolor="none",
    edgecolor="#D55E00",
    linewidth=1.8,
    label="oracle: best epoch of the subject",
)
for subject, row in scores.iterrows():
    ax.annotate(
        f"epoch {row['epoch of the oracle']:.0f}",
        (row["oracle"], subject),
        xytext=(9, 0),
        textcoords="offset points",
        va="center",
        fontsize="small",
    )
ax.set(xlabel="F1 of the subject, both classes", ylabel="subject")
ax.set_xticks(np.linspace(0, 1, 11))
ax.set_xlim(scores["honest"].min() - 0.05, scores["oracle"].max() + 0.12)
ax.invert_yaxis()
ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
plt.show()

# %%
# With six subjects and six epochs, the choice is small. The published settings train for 100
# epochs, and an oracle gains more if there are more epochs. When you compare your scores with
# published ones, find out which protocol was used. Report the honest score of your own models.
# Early stopping is not an oracle if it uses subjects that are held out of the *training* part: see
# ``train_split`` of :class:`~skspot.neural_network.SpotFormerClassifier`.
