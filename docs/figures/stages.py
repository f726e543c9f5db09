"""Draw the stages of SpotFormer: the tokens of one window."""

import matplotlib.pyplot as plt
from matplotlib.patches import Rectangle

from skspot.neural_network import SpotFormer

PARTS = {"left brow": (3, "#F0E442"), "right brow": (3, "#56B4E9"), "mouth": (4, "#009E73")}
NODES = (10, 3, 1, 1, 1)
BOTH = "spatial attention, feed-forward,\ntemporal attention, feed-forward"
BLOCKS = (BOTH, BOTH, "temporal attention, feed-forward", "temporal attention, feed-forward")
SCORES = (
    "micro: onset, offset or neither; macro: the same;\napex of each; part of an expression of each"
)
GAP = 4.4  # cells between two stages
TEXT = 17.5  # where words begin


def node_colours(n_nodes):
    """Return the colour of each node: that of its facial part, if it has one."""
    if n_nodes == 1:
        return ["0.75"]
    sizes = [size if n_nodes == 10 else 1 for size, _ in PARTS.values()]
    return [colour for size, (_, colour) in zip(sizes, PARTS.values()) for _ in range(size)]


def draw_tokens(top, n_steps, n_nodes):
    """Draw one square for each token; the first node is on top."""
    for node, colour in enumerate(node_colours(n_nodes)):
        for step in range(n_steps):
            corner = 8 - n_steps / 2 + step, top - node - 0.9
            ax.add_patch(Rectangle(corner, 0.86, 0.86, facecolor=colour, edgecolor="0.3", lw=0.4))


def draw_arrow(top, words):
    """Draw an arrow down to the next stage, and words beside it."""
    ax.annotate(
        "", (8, top - GAP + 0.3), (8, top - 0.3), arrowprops={"arrowstyle": "->", "lw": 1.3}
    )
    ax.text(TEXT, top - GAP / 2, words, va="center", fontsize=9, style="italic")


figure, ax = plt.subplots(figsize=(7.4, 6.6), layout="constrained")
top = 0
lengths = SpotFormer().lengths
for i, (n_steps, n_nodes) in enumerate(zip(lengths, NODES)):
    draw_tokens(top, n_steps, n_nodes)
    middle = top - n_nodes / 2
    if i == len(BLOCKS):
        break
    words = f"stage {i + 1}: {n_steps} x {n_nodes} tokens of D numbers"
    ax.text(TEXT, middle + 0.1, words, va="bottom", fontweight="bold", fontsize=9.5)
    ax.text(TEXT, middle - 0.1, BLOCKS[i], va="top", fontsize=9)
    changes = [f"convolution: {n_steps} steps to {lengths[i + 1]}"]
    if NODES[i + 1] < n_nodes:
        changes.insert(0, f"FLGP: {n_nodes} nodes to {NODES[i + 1]}")
    top -= n_nodes
    draw_arrow(top, "\n".join(changes))
    top -= GAP
ax.text(TEXT, middle, "embedding: D numbers", va="center", fontweight="bold", fontsize=9.5)
draw_arrow(top - 1, "linear layer")
ax.text(8, top - 1 - GAP - 0.2, "10 numbers", ha="center", va="top", fontsize=9)
ax.text(TEXT, top - 1 - GAP, SCORES, va="top", fontsize=9)

# What the two attentions look at, in the first stage.
ax.add_patch(Rectangle((11.9, -10.2), 1.06, 10.5, fill=False, edgecolor="black", lw=1.7))
ax.text(12.4, 0.5, "spatial", ha="center", va="bottom", fontsize=9)
ax.add_patch(Rectangle((-0.2, -8.08), 16.3, 1.2, fill=False, edgecolor="black", lw=1.7, ls="--"))
ax.text(-0.6, -7.5, "temporal", ha="right", va="center", fontsize=9)
for name, height in zip(PARTS, (-1.5, -4.5, -9.2)):
    ax.text(-0.6, height, name, ha="right", va="center", fontsize=9)
ax.set(xlim=(-6.5, 41), ylim=(top - 7.5, 2), aspect="equal")
ax.set_axis_off()
plt.show()
