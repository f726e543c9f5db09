"""Draw frame scores, and the intervals that the two decodings derive from them."""

import matplotlib.pyplot as plt
import numpy as np

from skspot.inspection import CLASS_COLOURS
from skspot.neural_network import FRAME_SCORE_DTYPE, decode_apexes, decode_boundaries

FPS = 30
N_FRAMES = 260
THRESHOLDS = (0.1, 0.0)  # macro_threshold by default, and in the paper
CURVES = {
    "onset": ("#009E73", "--"),
    "apex": ("black", "-"),
    "offset": ("#CC79A7", "-."),
    "expression": ("#56B4E9", ":"),
}


def bump(centre, width, height):
    return height * np.exp(-(((np.arange(N_FRAMES) - centre) / width) ** 2) / 2)


def plateau(first, last, height):
    frames = np.arange(N_FRAMES)
    return height / (1 + np.exp(-(frames - first) / 2)) / (1 + np.exp((frames - last) / 2))


scores = np.zeros(N_FRAMES, dtype=FRAME_SCORE_DTYPE)
# A short expression, one too long for an apex and its usual length, and doubtful peaks.
scores["macro_onset"] = bump(30, 3, 0.85) + bump(130, 3, 0.8) + bump(88, 2, 0.3)
scores["macro_offset"] = bump(66, 3, 0.8) + bump(225, 3, 0.75) + bump(104, 2, 0.3)
scores["macro_apex"] = bump(46, 4, 0.9) + bump(172, 6, 0.75) + bump(95, 3, 0.3)
scores["macro_expression"] = plateau(31, 66, 0.9) + plateau(131, 224, 0.85) + plateau(89, 103, 0.5)

found = {
    "decode_boundaries\n(the default), ≥ 0.1": decode_boundaries(scores),
    "decode_apexes\n(as in the paper)": decode_apexes(scores),
}
figure, (above, below) = plt.subplots(
    2, 1, sharex=True, figsize=(7.6, 4.2), layout="constrained", height_ratios=(3, 1.4)
)
for name, (colour, line) in CURVES.items():
    above.plot(scores[f"macro_{name}"], line, color=colour, label=name, linewidth=1.6)
above.axhline(0.5, color="0.6", linewidth=0.8, zorder=0)
above.text(
    98, 0.52, "apex threshold\nof decode_apexes", ha="center", fontsize="small", color="0.25"
)
above.set(ylabel="macro score", ylim=(0, 1.02))
above.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
for row, table in enumerate(found.values()):
    for interval in table:
        onset, apex, offset = (int(interval[name]) for name in ("onset", "apex", "offset"))
        kept = interval["score"] >= THRESHOLDS[row]
        below.barh(
            row,
            offset - onset + 1,
            left=onset - 0.5,
            height=0.55,
            color=CLASS_COLOURS["macro"] if kept else "white",
            edgecolor="black",
        )
        below.plot(apex, row, "w^" if kept else "k^", markersize=5)
        below.text(onset + 3, row + 0.33, f"{interval['score']:.2f}", fontsize="small", va="top")
below.set_yticks(range(len(found)), found)
below.set(ylim=(1.6, -0.5), xlim=(0, N_FRAMES - 1), xlabel=f"frame ({FPS} frames/s)")
below.spines[["top", "right", "left"]].set_visible(False)
above.spines[["top", "right"]].set_visible(False)
plt.show()
