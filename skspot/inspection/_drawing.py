"""What several pictures share: colours, the axis of time, marked intervals, curves and arrows."""

from textwrap import fill

import numpy as np

from skspot.faces import PART_NAMES, PART_SIZES, node_names
from skspot.intervals import CLASSES
from skspot.video import frame_stretches

# Colours that differ in hue and in grey value (Okabe and Ito).
CLASS_COLOURS = {"macro": "#0072B2", "micro": "#D55E00"}
GAP_COLOUR = "0.85"
LEGEND = {
    "loc": "upper left",
    "bbox_to_anchor": (1.01, 1.0),
    "borderaxespad": 0,
    "frameon": False,
    "fontsize": "small",
}

# -- time ------------------------------------------------------------------------------------------


def draw_time(axes, times, valid=None):
    """Give axes the time of a video, in seconds below and frames above, and grey what has no face.

    Parameters
    ----------
    axes : list of matplotlib Axes
        Axes below each other, from top to bottom.
    times : FrameTimes
        When the frames are shown.
    valid : bool array of shape (n_frames,), default=None
        Which frames show a face; None if all do.
    """
    for ax in axes:
        for first, last in gaps(valid):
            span = times.start(first), times.end(last)
            ax.axvspan(*span, color=GAP_COLOUR, linewidth=0, zorder=0)
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelbottom=ax is axes[-1])
    # An axis needs some length, also that of a single frame, of which no length is known.
    edges = np.append(times.timestamps, times.timestamps[0] + (times.duration or 1.0))
    frames = np.arange(len(edges))
    axes[0].set_xlim(edges[0], edges[-1])
    axes[-1].set_xlabel("time in seconds")
    top = axes[0].secondary_xaxis(
        "top",
        functions=(
            lambda seconds: _interpolate(seconds, edges, frames),
            lambda frame: _interpolate(frame, frames, edges),
        ),
    )
    top.set_xlabel("frame")


def gaps(valid):
    """Return the first and last frame of each stretch without a face; None is none."""
    return [] if valid is None else frame_stretches(~np.asarray(valid, dtype=bool))


def _interpolate(x, points, values):
    """Interpolate linearly between increasing points, and extrapolate beyond their ends."""
    slope = (values[-1] - values[0]) / (points[-1] - points[0])
    x = np.asarray(x, dtype=np.float64)
    beyond = x - np.clip(x, points[0], points[-1])
    return np.interp(x, points, values) + slope * beyond


# -- intervals and a frame, marked in curves over time ---------------------------------------------

# They differ from each other, and from gaps, by their borders as well.
_INTERVAL_STYLES = {
    label: {
        "facecolor": (colour, 0.15),
        "edgecolor": colour,
        "linestyle": border,
        "linewidth": 1,
        "zorder": 0.5,
    }
    for (label, colour), border in zip(CLASS_COLOURS.items(), ("-", "--"))
}
_FRAME_STYLE = {"color": "black", "linewidth": 1, "linestyle": (0, (4, 2)), "zorder": 1.5}
_KEY_DROP = 40  # points below the curves, under the label of the time


def draw_marks(axes, times, intervals, frame, valid=None):
    """Shade intervals and mark a frame in all axes, and explain the marks below the last ones.

    Parameters
    ----------
    axes : list of matplotlib Axes
        Axes below each other, with one time.
    times : FrameTimes
        When the frames are shown.
    intervals : interval table or None
        What to shade.
    frame : int or None
        The frame to mark: the one that is drawn on the face.
    valid : bool array of shape (n_frames,), default=None
        Which frames show a face; None if all do.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    rows = () if intervals is None else intervals
    for ax in axes:
        for row in rows:
            span = times.start(row["onset"]), times.end(row["offset"])
            ax.axvspan(*span, **_INTERVAL_STYLES[row["label"]])
        if frame is not None:
            ax.axvline(times.start(frame), **_FRAME_STYLE)
    drawn = {row["label"] for row in rows}
    key = [Patch(**_INTERVAL_STYLES[label], label=label) for label in CLASSES if label in drawn]
    if gaps(valid):
        key.append(Patch(color=GAP_COLOUR, label="no face"))
    if frame is not None:
        key.append(Line2D([], [], **_FRAME_STYLE, label=f"i = {frame}, on the face"))
    if key:
        _add_key(axes[-1], key)


def _add_key(ax, handles):
    from matplotlib.transforms import offset_copy

    below = offset_copy(ax.transAxes, ax.figure, y=-_KEY_DROP, units="points")
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "bbox_transform": below}
    names = ax.get_legend()
    ax.legend(handles=handles, **{**LEGEND, **place}, ncols=len(handles))
    ax.add_artist(names)


# -- the motion of the nodes, one facial part below the other --------------------------------------

# What can be drawn of displacements of shape (..., 2).
COMPONENTS = {
    "magnitude": lambda motion: np.linalg.norm(motion, axis=-1),
    "dx": lambda motion: motion[..., 0],
    "dy": lambda motion: motion[..., 1],
}

_LABEL_WIDTH = 12  # characters

# One style for each node of a facial part; lines that differ without colour as well.
_NODE_STYLES = (
    {"color": "black", "linestyle": "-"},
    {"color": "#E69F00", "linestyle": "--"},
    {"color": "#56B4E9", "linestyle": "-."},
    {"color": "#009E73", "linestyle": ":"},
)


def node_colours(nodes):
    """Return the colour of each node of a node set."""
    return [_NODE_STYLES[i]["color"] for size in PART_SIZES[nodes] for i in range(size)]


def divide_into_parts(ax, nodes, left=0):
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
        What `divide_into_parts` returns.
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
    for ax, part, size in zip(axes, PART_NAMES[nodes], PART_SIZES[nodes]):
        for style, (name, curve) in zip(_NODE_STYLES[:size], curves):
            ax.plot(timestamps, curve, label=name, linewidth=1.3, marker=marker, **style)
        ax.set_ylabel(fill(part, _LABEL_WIDTH))
        ax.legend(**LEGEND, handlelength=2.6)
    if component == "magnitude":
        axes[0].set_ylim(bottom=0)


# -- arrows on a face ------------------------------------------------------------------------------

_LONGEST = 0.25  # of the side of the view
_MARGIN = 0.4  # of the extent of the nodes, shown around them


def draw_arrows(ax, image, centres, motion, colours):
    """Draw a image with one arrow per node, and a key for their scale.

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw.
    image : uint8 array of shape (height, width)
        The frame, grey.
    centres : array of shape (n_nodes, 2)
        Where the nodes are in it, in pixels.
    motion : array of shape (n_nodes, 2)
        Displacement (dx, dy) of each node in pixels.
    colours : list of str
        Colour of each arrow.
    """
    longest = np.linalg.norm(motion, axis=-1).max() or 1.0
    side = _show_part(ax, image, centres)
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
    ax.set(xticks=[], yticks=[])


def _show_part(ax, image, centres):
    """Show the image around the nodes, and return the side of what is shown in pixels."""
    ax.imshow(image, cmap="gray", vmin=0, vmax=255)
    first, last = centres.min(axis=0), centres.max(axis=0)
    half = (0.5 + _MARGIN) * (last - first).max()
    (left, top), (right, bottom) = (first + last) / 2 - half, (first + last) / 2 + half
    ax.set(xlim=(left, right), ylim=(bottom, top), facecolor="black")
    return 2 * half


def _round_down(value):
    """Return the largest of 1, 2 and 5, times a power of ten, that is not larger."""
    power = 10.0 ** np.floor(np.log10(value))
    steps = np.array([1, 2, 5]) * power
    return float(steps[steps <= value * (1 + 1e-9)].max())  # despite rounding errors
