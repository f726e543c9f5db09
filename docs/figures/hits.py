"""Draw four predictions for a true interval, frame by frame, and whether they are hits."""

import matplotlib.pyplot as plt

from skspot.inspection import CLASS_COLOURS

CASES = {  # true and predicted onset and offset
    "within it": ((2, 11), (4, 7)),
    "half of it": ((2, 11), (2, 6)),
    "three frames late": ((2, 11), (5, 14)),
    "twice as long": ((2, 11), (0, 19)),
}


def frames(interval):
    return set(range(interval[0], interval[1] + 1))


figure, axes = plt.subplots(len(CASES), 1, sharex=True, figsize=(7.6, 4.8), layout="constrained")
for ax, (title, (true, predicted)) in zip(axes, CASES.items()):
    shared, either = frames(true) & frames(predicted), frames(true) | frames(predicted)
    for row, (interval, style) in enumerate(
        [
            (true, {"facecolor": "white", "hatch": "////"}),
            (predicted, {"facecolor": CLASS_COLOURS["micro"]}),
        ]
    ):
        for frame in frames(interval):
            ax.barh(row, 1, left=frame - 0.5, height=0.7, edgecolor="black", **style)
    iou = len(shared) / len(either)
    verdict = "hit" if iou >= 0.5 else "no hit"
    ax.text(20.3, 0.5, f"IoU {len(shared)}/{len(either)} = {iou:.2f}: {verdict}", va="center")
    ax.set_yticks([0, 1], ["true", "predicted"])
    ax.set_title(title, loc="left", fontsize="medium")
    ax.set(xlim=(-0.6, 27), ylim=(1.5, -0.5))
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
axes[-1].set_xticks(range(0, 21, 2))
axes[-1].set_xlabel("frame: each box is one", loc="left")
plt.show()
