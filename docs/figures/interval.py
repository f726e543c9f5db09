"""Draw a macro- and a micro-expression on a curve of motion, with a window."""

import matplotlib.pyplot as plt
import numpy as np
from example_video import make_example

from skspot.inspection import CLASS_COLOURS

WINDOW_LENGTH = 17
SHOWN = [(17, 95), (145, 195)]  # frames

data, _ = make_example(head_motion=0)
motion = np.linalg.norm(data.displacement[0], axis=-1)
figure, axes = plt.subplots(
    1, 2, figsize=(7.6, 3.8), layout="constrained", width_ratios=[b - a for a, b in SHOWN]
)
for ax, interval, (first, last) in zip(axes, data.intervals[0], SHOWN):
    onset, apex, offset, label = interval.tolist()
    node = motion[apex].argmax()
    frames = np.arange(first, last)
    colour = CLASS_COLOURS[label]
    peak = motion[apex, node]
    ax.axvspan(onset - 0.5, offset + 0.5, color=colour, alpha=0.18, linewidth=0)
    ax.plot(frames, motion[frames, node], ".-", color="0.15", markersize=4, linewidth=0.8)
    for name, frame in (("onset", onset), ("apex", apex), ("offset", offset)):
        ax.plot(frame, motion[frame, node], "o", color=colour, markeredgecolor="black", zorder=3)
        ax.annotate(
            f"{name}\n{frame}",
            (frame, motion[frame, node]),
            xytext=({"onset": -6, "apex": 0, "offset": 6}[name], 9),
            textcoords="offset points",
            ha={"onset": "right", "apex": "center", "offset": "left"}[name],
        )
    left = apex - WINDOW_LENGTH // 2 - 0.5
    ax.plot([left, left + WINDOW_LENGTH], [1.42 * peak] * 2, "k|-", markersize=9)
    ax.text(apex, 1.46 * peak, f"window of {WINDOW_LENGTH} frames", ha="center", va="bottom")
    n_frames = offset - onset + 1
    seconds = n_frames / data.fps
    ax.set_title(f"{label}-expression: {n_frames} frames, {seconds:.2f} s", fontsize="medium")
    ax.set(xlim=(first, last - 1), ylim=(-0.04 * peak, 1.65 * peak), xlabel="frame")
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("displacement of the strongest\nregion in pixels of a face of 128")
plt.show()
