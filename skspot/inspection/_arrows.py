"""Arrows on a face."""

import numpy as np

_LONGEST = 0.25  # of the side of the view
_MARGIN = 0.4  # of the extent of the nodes, shown around them


def draw_arrows(ax, face, motion, colours):
    """Draw a frame with one arrow per node, and a key that tells their scale.

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw.
    face : FaceView
        The frame, and where the nodes are in it.
    motion : array of shape (n_nodes, 2)
        Displacement (dx, dy) of each node in pixels.
    colours : list of str
        Colour of each arrow.
    """
    frame, shown, picture, centres = face
    longest = np.linalg.norm(motion, axis=-1).max() or 1.0
    side = _show_part(ax, picture, centres)
    times = _round_down(_LONGEST * side / longest)
    ax.plot(*centres.T, "o", markersize=4, color="white", markeredgecolor="black")
    quiver = ax.quiver(
        *centres.T,
        *motion.T,
        color=colours,
        angles="xy",
        scale_units="xy",
        scale=1 / times,
        width=0.009,
        edgecolor="white",
        linewidth=0.8,
        zorder=3,
    )
    key = _round_down(longest)
    text = f"{key:g} px, drawn {times:g} times as long"
    ax.quiverkey(quiver, 0.25, -0.06, key, text, labelpos="E", color="black")
    around = "" if shown == frame else f", window around frame {frame}"
    ax.set_title(f"frame {shown}{around}", fontsize="medium")
    ax.set(xticks=[], yticks=[])


def _show_part(ax, picture, centres):
    """Show the picture around the nodes, and return the side of what is shown in pixels."""
    ax.imshow(picture, cmap="gray", vmin=0, vmax=255)
    first, last = centres.min(axis=0), centres.max(axis=0)
    half = (0.5 + _MARGIN) * (last - first).max()
    (left, top), (right, bottom) = (first + last) / 2 - half, (first + last) / 2 + half
    ax.set(xlim=(left, right), ylim=(bottom, top), facecolor="black")
    return 2 * half


def _round_down(value):
    """Return the largest of 1, 2 and 5, times a power of ten, that is not larger."""
    power = 10.0 ** np.floor(np.log10(value))
    steps = np.array([1, 2, 5]) * power
    return float(steps[steps <= value * (1 + 1e-9)].max())  # rounding is no reason for less
