"""
Fine-tuning the pretrained spotter
==================================

skspot comes with a spotter that was trained on moved photographs of many people. This example tunes
it with the annotated videos of a few subjects, and measures on others what that brings, against the
spotter as it is and against training anew.
"""

# %%
# A laboratory's videos
# ---------------------
# Four synthetic subjects of another photograph, with turns of the head and speech. Features are
# computed once.

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.base import clone

import skspot
from skspot.datasets import make_expression_videos
from skspot.metrics import spotting_report
from skspot.model_selection import LeaveOneSubjectOut, cross_val_intervals
from skspot.neural_network import SpotFormerClassifier
from skspot.preprocessing import FaceAligner, SWMROFlow

data = make_expression_videos(4, talking=1.0, head_turns=1.0, random_state=1, n_jobs=2)
aligned = FaceAligner("template", memory="cache").transform(data.videos)
features = SWMROFlow(memory="cache", n_jobs=2).transform(aligned)

# %%
# Three ways
# ----------
# The pretrained spotter as it is needs no training. With ``initial_weights``, training starts from
# its weights; fewer epochs and a lower learning rate are enough. In the cross-validation, each fold
# starts from these weights again, and they know nothing of the subjects.

pretrained = skspot.load_pretrained("template")[-1]
anew = SpotFormerClassifier(random_state=0)
tuned = clone(anew).set_params(initial_weights="pretrained", max_epochs=5, lr=0.001)

predicted = {"as it is": pretrained.predict(features)}
for name, spotter in (("fine-tuned", tuned), ("anew", anew)):
    predicted[name] = cross_val_intervals(
        spotter, features, data.intervals, groups=data.subjects, cv=LeaveOneSubjectOut(), n_jobs=2
    )

# %%
# What it brings
# --------------
# The counts of all videos are pooled before F1 is computed.

f1 = pd.DataFrame(
    {
        name: spotting_report(data.intervals, intervals, as_dataframe=True)["F1"]
        for name, intervals in predicted.items()
    }
)
f1.round(2)

# %%

ax = f1.plot.bar(rot=0, figsize=(7, 3.2), ylabel="F1", ylim=(0, 1))
ax.legend(loc="lower right")
plt.show()

# %%
# With the videos of three subjects to learn from, the pretrained weights are the better start. Four
# subjects are few: ``benchmarks/fine_tuning.md`` has the means of several draws with 1 to 10
# annotated subjects.
