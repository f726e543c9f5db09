"""Draw the history of a training with held-out subjects; see `make_results.py`."""

import matplotlib.pyplot as plt
import pandas as pd

from skspot.inspection import TrainingDisplay

TrainingDisplay.from_history(pd.read_csv("history.csv", index_col="epoch"))
plt.show()
