"""Draw which motion the score of a micro-expression depends on; see `make_results.py`."""

import matplotlib.pyplot as plt
import numpy as np

from skspot.inspection import OcclusionDisplay

parts = {}
with np.load("results.npz") as results:
    for name in results.files:
        if name.startswith("occlusion_"):
            part = results[name]
            parts[name.removeprefix("occlusion_")] = part if part.ndim else part.item()
OcclusionDisplay(**parts).plot()
plt.show()
