"""
Train on a table of annotations, and correct the results in ELAN
================================================================

A laboratory has videos and a table of annotations. This example loads them, trains a model, spots
the expressions in a new video, and writes them to a file for ELAN. A person corrects the file
there. The last step measures how much was corrected.
"""

# %%
# Videos and a table
# ------------------
# The table has a row for each expression, with the columns ``video``, ``onset``, ``offset`` and
# ``label``. Times are in frames or in seconds. ``subject`` and ``apex`` are optional. Here the
# table is made from synthetic videos, in seconds.

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pympi

import skspot
from skspot.datasets import load_annotated_videos, make_expression_videos
from skspot.inspection import MatchDisplay
from skspot.io import read_intervals, write_intervals
from skspot.metrics import spotting_report
from skspot.recipes import spotformer

folder = Path(tempfile.mkdtemp())
made = make_expression_videos(6, videos_per_subject=1, folder=folder / "videos", random_state=0)
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
# Loading the data
# ----------------
# ``unit="seconds"`` converts times to frames by the presentation time of each frame, which differs
# from frame / fps in many recordings. Unusable rows raise an error that lists them.

data = load_annotated_videos(folder / "coded.csv", folder / "videos", unit="seconds")
print(pd.DataFrame(data.intervals[0]))

# %%
# Train on five videos, spot the sixth
# ------------------------------------

spotter = spotformer("template", n_jobs=2, random_state=0)
spotter.set_params(spot__max_epochs=6, spot__pasted_micro=4)
spotter.fit(data.videos[1:], data.intervals[1:])
(result,) = skspot.spot(spotter, data.videos[:1])
print(result.to_dataframe().round(2))

# %%
# To ELAN and back
# ----------------
# The file has a link to the video and a tier for each class. Below each of these is a tier for the
# apexes and one for the scores.

name = data.names[0]
path = folder / f"{name}.eaf"
write_intervals(
    path,
    {name: result.intervals},
    format="elan",
    timestamps={name: result.times.timestamps},
    media={name: data.videos[0]},
)
document = pympi.Elan.Eaf(path)
print(*document.get_tier_names(), sep="\n")

# %%
# In ELAN, a person checks each annotation, deletes false alarms, and draws missed expressions. Here
# the true intervals replace the work of this person.

for label in ("macro", "micro"):
    for tier in [t for t in document.get_tier_names() if t.startswith(label)]:
        document.remove_all_annotations_from_tier(tier)
    for row in data.intervals[0][data.intervals[0]["label"] == label]:
        begin, end = result.times.start(row["onset"]), result.times.end(row["offset"])
        document.add_annotation(label, round(1000 * begin), round(1000 * end))
document.to_file(str(path))

corrected = read_intervals(path)[name]
print(spotting_report([corrected], [result.intervals]))

# %%
# How much was corrected
# ----------------------
# Unchanged annotations are hits, deleted ones are false alarms, and new ones are misses. ``skspot
# train --annotations`` and `load_annotated_videos` read the corrected files like any other
# annotations.

MatchDisplay.from_predictions(corrected, result.intervals, timestamps=result.times.timestamps)
plt.show()
