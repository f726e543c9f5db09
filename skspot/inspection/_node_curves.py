"""The motion of the nodes over time, one facial part below the other."""

import numpy as np

from skspot.faces import PART_SIZES, node_names
from skspot.inspection._style import LEGEND, NODE_STYLES

# What can be drawn of displacements of shape (..., 2).
COMPONENTS = {
    "magnitude": lambda motion: np.linalg.norm(motion, axis=-1),
    "dx": lambda motion: motion[..., 0],
    "dy": lambda motion: motion[..., 1],
}
_PARTS = ("left brow", "right brow", "mouth", "middle of\nthe face")


def node_colours(nodes):
    """Return the colour of each node."""
    return [NODE_STYLES[i]["color"] for size in PART_SIZES[nodes] for i in range(size)]


def divide(ax, nodes, left=0):
    """Return axes below each other within `ax`, right of `left`: one for each facial part."""
    n_parts = len(PART_SIZES[nodes])
    height = 1 / (n_parts + 0.15 * (n_parts - 1))
    axes = []
    for bottom in np.linspace(1 - height, 0, n_parts):
        first = axes[0] if axes else None
        bounds = [left, bottom, 1 - left, height]
        axes.append(ax.inset_axes(bounds, sharex=first, sharey=first))
    return axes


def draw_curves(axes, timestamps, motion, nodes, component):
    """Draw a curve for each node.

    Parameters
    ----------
    axes : list of matplotlib Axes
        What `divide` returns.
    timestamps : array of shape (n_frames,)
        Time of each frame in seconds.
    motion : array of shape (n_frames, n_nodes, 2)
        Displacements in pixels.
    nodes : {"paper", "extended"}
        The node set.
    component : {"magnitude", "dx", "dy"}
        What to draw of them.
    """
    marker = "o" if len(timestamps) == 1 else None  # a line needs two frames
    curves = iter(zip(node_names(nodes), COMPONENTS[component](motion).T))
    for ax, part, size in zip(axes, _PARTS, PART_SIZES[nodes]):
        for style, (name, curve) in zip(NODE_STYLES[:size], curves):
            ax.plot(timestamps, curve, label=name, linewidth=1.3, marker=marker, **style)
        ax.set_ylabel(part)
        ax.legend(**LEGEND, handlelength=2.6)
    if component == "magnitude":
        axes[0].set_ylim(bottom=0)
