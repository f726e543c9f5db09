"""Draw the pairs of frames between which a window of 17 frames measures motion."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyArrowPatch

from skspot.inspection import CLASS_COLOURS
from skspot.preprocessing import FlowLayout

WINDOW_LENGTH = 17
FPS = 30
CASES = [
    ('"window", reference="centre" (default): from the middle frame', "window", "centre"),
    ('"window", reference="first" (paper): from the first frame', "window", "first"),
    ("1: between neighbours", 1, "centre"),
    ("9: over nine frames", 9, "centre"),
]
BEND = 0.45  # of an arrow; it rises by half as much of its length


def draw_row(ax, y, pairs):
    """Draw the frames of a window in a row, and an arrow for each pair of frames."""
    for start, end in pairs:
        bend = -BEND if end > start else BEND  # upwards in both directions
        ax.add_patch(
            FancyArrowPatch(
                (start, y),
                (end, y),
                connectionstyle=f"arc3,rad={bend}",
                arrowstyle="->",
                mutation_scale=8,
                shrinkA=4,
                shrinkB=4,
                color="0.35",
                linewidth=0.8,
            )
        )
    frames = np.arange(WINDOW_LENGTH) - WINDOW_LENGTH // 2
    beyond = np.setdiff1d(pairs, frames)
    ax.plot(frames, [y] * len(frames), "s", color="0.15", markersize=6)
    ax.plot(beyond, [y] * len(beyond), "s", color="0.15", markersize=6, markerfacecolor="w")
    ax.plot(0, y, "s", color=CLASS_COLOURS["micro"], markersize=9)


figure, ax = plt.subplots(figsize=(7.2, 5.0), layout="constrained")
y = 0
for title, resolution, reference in reversed(CASES):
    layout = FlowLayout(
        window_length=WINDOW_LENGTH, resolutions=(resolution,), reference=reference, fps=FPS
    )
    pairs = layout.pairs[:, 0]
    draw_row(ax, y, pairs)
    y += BEND / 2 * np.abs(np.diff(pairs)).max() + 0.7
    ax.text(-12.3, y, title, va="bottom")
    y += 2.2
ax.set(aspect="equal", xlim=(-13, 13), ylim=(-1, y - 0.8), yticks=[], xticks=range(-12, 13, 4))
ax.set_xlabel("frame, counted from the window's middle")
to_ms = 1000 / FPS
top = ax.secondary_xaxis("top", functions=(lambda x: x * to_ms, lambda x: x / to_ms))
top.set_xlabel(f"milliseconds, at {FPS} frames per second")
top.spines[:].set_visible(False)
ax.spines[:].set_visible(False)
plt.show()
