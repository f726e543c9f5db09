"""Draw the features of a macro- and a micro-expression, over time and on the face."""

import matplotlib.pyplot as plt
from example_video import MICRO, make_example

from skspot.inspection import FlowDisplay

data, aligned = make_example()
apex = data.intervals[0]["apex"][MICRO]
_, ax = plt.subplots(figsize=(11, 5.4), layout="constrained")
FlowDisplay.from_video(aligned, data.intervals[0], frame=apex, ax=ax)
plt.show()
