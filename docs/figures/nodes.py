"""Draw the ten nodes, the nose, and the area of the optical flow on a synthetic face."""

import matplotlib.pyplot as plt
from example_video import make_example

from skspot.inspection import RegionsDisplay

_, aligned = make_example(n_frames=60)
RegionsDisplay.from_video(aligned)
plt.show()
