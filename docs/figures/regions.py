"""Draw the fourteen nodes of the extended set, and the rigid regions."""

import matplotlib.pyplot as plt
from example_video import make_example

from skspot.inspection import RegionsDisplay

_, aligned = make_example(n_frames=60)
RegionsDisplay.from_video(aligned, frame=30, nodes="extended", head_motion="similarity")
plt.show()
