"""
Honest against oracle
=====================

A network is trained for some epochs, and after each one it could stop. Many public scripts of this
field decide by the test: they score every epoch on the subject held out, and keep the best one for
each subject. The figure that comes out is an :term:`oracle`'s, since it needs the answers. This
example measures by how much it flatters.
"""

# %%
# Videos and features
# -------------------
# Six synthetic subjects, their faces found and their motion measured, all kept in the folder
# ``cache``. What follows concerns the network alone, so that features are made once, here.

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
# :func:`~skspot.model_selection.oracle_epoch_evaluation` trains one network for each fold, without
# the subjects that are tested, and predicts after every epoch. The honest figure takes the last
# epoch, the oracle the best epoch of each subject by the subject's own F1. Two folds and a small,
# quickly trained network keep the example short.

spotter = SpotFormerClassifier(
    max_epochs=6,
    module__dim=16,
    lr=0.01,
    lr_decay=0.75,
    batch_size=64,
    neutral_ratio=0.5,
    planted_micro=6,
    planted_macro=0,
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
# ``flattery`` is what the oracle adds to the F1 of the honest protocol. It chooses by both classes
# together, so that one class alone may even lose. Nothing was spotted better for it: the training
# is the same, and for a new subject there is no answer by which to choose.
#
# Subject by subject
# ------------------
# Where the last epoch is as good as any, both agree. Elsewhere the oracle takes whichever epoch
# happened to fit. For one subject it can't lose; choosing anew for each subject, it always wins.


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
# The same as a picture: the further apart the two marks of a subject, the more the choice of the
# epoch flatters it.

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
# With six subjects and six epochs the choice is small. The published settings train for 100 epochs,
# and the more epochs there are to choose from, the more an oracle gains. When you compare with
# published figures, ask which of the two they are; when you report your own, report the honest one.
# Early stopping is no oracle as long as it looks at subjects held out of the *training* part: see
# ``train_split`` of :class:`~skspot.neural_network.SpotFormerClassifier`.
