"""The course of a training with held-out subjects; `make_results.py` recorded it."""

import matplotlib.pyplot as plt
import pandas as pd

from skspot.inspection import TrainingDisplay

TrainingDisplay.from_history(pd.read_csv("history.csv", index_col="epoch"))
plt.show()
