"""Draw the timeline of a subject that the model has not seen; see `make_timeline.py`."""

import numpy as np

from skspot.inspection import SpottingDisplay

with np.load("timeline.npz") as spotted:
    display = SpottingDisplay.from_predictions(
        spotted["true"],
        spotted["predicted"],
        scores=spotted["scores"],
        timestamps=spotted["timestamps"],
        name=str(spotted["name"]),
    )
