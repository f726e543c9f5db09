"""
One's own annotations, and back to ELAN
=======================================

A laboratory has videos and a table of what its coders have marked. This example reads them, trains,
spots a new video, writes what was found for ELAN, lets a person correct it there, and measures how
much was corrected.
"""

# %%
# Videos and a table
# ------------------
# The table has a row for each expression, with the columns ``video``, ``onset``, ``offset`` and
# ``label``, in frames or in seconds; ``subject`` and ``apex`` are read if they are there. Here it
# is made from synthetic videos, in seconds, as if a coder had written it.

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pympi
from sklearn.pipeline import make_pipeline

from skspot.datasets import load_annotated_videos, make_expression_videos
from skspot.inspection import MatchDisplay
from skspot.io import read_intervals, write_intervals
from skspot.metrics import spotting_report
from skspot.neural_network import SpotFormerClassifier
from skspot.preprocessing import FaceAligner, SWMROFlow

folder = Path(tempfile.mkdtemp())
made = make_expression_videos(4, videos_per_subject=1, folder=folder / "videos", random_state=0)
coded = pd.concat(
    [
        pd.DataFrame(
            {
                "video": name,
                "subject": subject,
                "onset": table["onset"] / made.fps,
                "offset": table["offset"] / made.fps,
                "label": table["label"],
            }
        )
        for name, subject, table in zip(made.names, made.subjects, made.intervals)
    ]
)
coded.to_csv(folder / "coded.csv", index=False)
print(coded.round(2).head())

# %%
# Reading them
# ------------
# ``unit="seconds"`` turns times into frames by the presentation time of each frame, which is not
# frame / fps in many recordings. Rows that can't be used are an error that lists them.

data = load_annotated_videos(folder / "coded.csv", videos=folder / "videos", unit="seconds")
print(pd.DataFrame(data.intervals[0]))

# %%
# Train on three videos, spot the fourth
# --------------------------------------

spotter = make_pipeline(
    FaceAligner(landmarker="template", n_jobs=2),
    SWMROFlow(n_jobs=2),
    SpotFormerClassifier(max_epochs=6, planted_micro=4, random_state=0),
)
spotter.fit(data.videos[1:], data.intervals[1:])
(aligned,) = spotter[0].transform(data.videos[:1])
(spotted,) = spotter[1:].predict([aligned])
print(pd.DataFrame(spotted).round(2))

# %%
# To ELAN and back
# ----------------
# The file links the video, has a tier for each class, and below it one for apexes and one for
# scores.

name = data.names[0]
path = folder / f"{name}.eaf"
write_intervals(
    path,
    {name: spotted},
    format="elan",
    timestamps={name: aligned.timestamps},
    media={name: data.videos[0]},
)
document = pympi.Elan.Eaf(path)
print(*document.get_tier_names(), sep="\n")

# %%
# In ELAN a person looks at each annotation, deletes what is none, and draws what was missed. Here
# the coder's own table stands for that person.

times = np.append(aligned.timestamps, aligned.timestamps[-1] + 1 / made.fps)
for label in ("macro", "micro"):
    for tier in [t for t in document.get_tier_names() if t.startswith(label)]:
        document.remove_all_annotations_from_tier(tier)
    for row in data.intervals[0][data.intervals[0]["label"] == label]:
        first, last = times[row["onset"]], times[row["offset"] + 1]
        document.add_annotation(label, round(1000 * first), round(1000 * last))
document.to_file(str(path))

corrected = read_intervals(path)[name]
print(spotting_report([corrected], [spotted]))

# %%
# How much was corrected
# ----------------------
# What the person left as it was are hits; what was deleted are false alarms; what was drawn are
# misses. The corrected files are annotations like any other: ``skspot train --annotations`` and
# `load_annotated_videos` read them.

MatchDisplay.from_predictions(corrected, spotted, timestamps=aligned.timestamps)
plt.show()
