"""
Ablation of SpotFormer
======================

Which part of the network matters? An ablation leaves one part out or puts something simpler in its
place, and trains again. The variants that the paper compares [Deng2026]_ are parameters here, so
that an ablation is a loop.
"""

# %%
# Features, once
# --------------
# Six synthetic subjects. The variants differ in the network alone, so that all of them learn from
# the same features, kept in the folder ``cache``.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from joblib import Memory
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skspot.datasets import make_expression_videos
from skspot.metrics import macro_expression_f1_scorer, micro_expression_f1_scorer
from skspot.model_selection import StratifiedSubjectKFold
from skspot.neural_network import SpotFormerClassifier
from skspot.preprocessing import FaceAligner, SWMROFlow

make_videos = Memory("cache", verbose=0).cache(make_expression_videos, ignore=["n_jobs"])
data = make_videos(n_subjects=6, random_state=0, n_jobs=2)
extractor = make_pipeline(FaceAligner("template", memory="cache"), SWMROFlow(memory="cache"))
features = extractor.fit_transform(data.videos)

# %%
# The variants
# ------------
# Parameters of the network begin with ``module__`` and those of the loss with ``criterion__``, as
# everywhere in skorch. :class:`~skspot.neural_network.SpotFormer` explains them:
#
# - attention: between nodes (spatial) and between window positions (temporal), or one of them
#   alone;
# - pooling: of the nodes of each :term:`facial part` the maximum, or their mean;
# - downsampling: a learned convolution halves the time steps, or the maximum of neighbours;
# - the contrastive loss, which pulls windows of one class together, or none.

variants = {
    "complete": {},
    "spatial attention only": {"module__attention": "spatial"},
    "temporal attention only": {"module__attention": "temporal"},
    "mean pooling": {"module__node_pooling": "mean"},
    "max-pool downsampling": {"module__downsampling": "max-pool"},
    "no contrastive loss": {"criterion__contrastive_weight": 0.0},
}

# %%
# Every variant with two seeds
# ----------------------------
# Training is random: the initial weights, the order of the windows, the augmentation. Two seeds for
# each variant are the least to tell a difference of the network from one of chance.
#
# Half of the subjects train and the other half test, because that is quick; a serious ablation
# tests each subject. For the same reason training is short.
# :class:`~sklearn.model_selection.GridSearchCV` is the loop, with one small grid for each variant.

seeds = [0, 1]
half = next(StratifiedSubjectKFold(2).split(features, data.intervals, data.subjects))
search = GridSearchCV(
    SpotFormerClassifier(max_epochs=4, planted_micro=2),
    [
        {"random_state": seeds, **{name: [value] for name, value in changed.items()}}
        for changed in variants.values()
    ],
    scoring={"macro": macro_expression_f1_scorer, "micro": micro_expression_f1_scorer},
    cv=[half],
    refit=False,
    n_jobs=2,
    error_score="raise",
)
search.fit(features, data.intervals)
scores = pd.DataFrame(
    {
        "variant": np.repeat(list(variants), len(seeds)),
        "seed": search.cv_results_["param_random_state"],
        "macro": search.cv_results_["mean_test_macro"],
        "micro": search.cv_results_["mean_test_micro"],
    }
)
scores.pivot(index="variant", columns="seed").loc[list(variants)].round(2)

# %%
# The picture
# -----------
# Bars are the mean of the seeds, and the dots are the seeds.

colours = {"macro": "#0072B2", "micro": "#E69F00"}
fig, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained", sharey=True)
for ax, (name, colour) in zip(axes, colours.items()):
    means = scores.groupby("variant")[name].mean()[list(variants)]
    ax.barh(means.index, means, color=colour, edgecolor="black", height=0.6)
    ax.plot(scores[name], scores["variant"], "o", color="black", markerfacecolor="white")
    ax.axvline(means["complete"], color="black", linestyle=":", linewidth=1)
    ax.set(xlim=(0, 1), xlabel="F1 on unseen subjects", title=f"{name}-expressions")
axes[0].invert_yaxis()
plt.show()
