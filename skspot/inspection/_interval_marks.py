"""Intervals and one frame, marked in curves over time."""

from skspot.inspection._style import CLASS_COLOURS, GAP_COLOUR, LEGEND
from skspot.intervals import CLASSES

# Told from each other, and from gaps, by their borders as well.
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


def draw_marks(axes, time, intervals, frame):
    """Shade intervals and mark a frame in all axes, and say below the last ones what is what.

    Parameters
    ----------
    axes : list of matplotlib Axes
        Axes below each other, with one time.
    time : TimeAxis
        The times of the frames.
    intervals : interval table or None
        What to shade.
    frame : int or None
        The frame to mark: the one that is drawn on the face.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    rows = () if intervals is None else intervals
    for ax in axes:
        for row in rows:
            span = time.edges(row["onset"], row["offset"])
            ax.axvspan(*span, **_INTERVAL_STYLES[row["label"]])
        if frame is not None:
            ax.axvline(time.timestamps[frame], **_FRAME_STYLE)
    drawn = {row["label"] for row in rows}
    key = [Patch(**_INTERVAL_STYLES[label], label=label) for label in CLASSES if label in drawn]
    if time.gaps():
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
