"""Draw hits, misses and false alarms for unseen subjects; `make_results.py` predicted them."""

import matplotlib.pyplot as plt
import numpy as np

from skspot.inspection import MatchDisplay

with np.load("results.npz") as results:
    names = results["names"].tolist()
    shown = range(0, len(names), 2)  # the first of each subject's two videos
    true, predicted = ([results[f"{kind}_{i}"] for i in shown] for kind in ("true", "predicted"))
_, ax = plt.subplots(figsize=(9.5, 5.2), layout="constrained")
MatchDisplay.from_predictions(true, predicted, names=[names[i] for i in shown], ax=ax)
plt.show()
