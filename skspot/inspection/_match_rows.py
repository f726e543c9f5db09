"""One row of a picture of matches: the intervals of one video and the lines between them."""

import numpy as np

from skspot.inspection._style import CLASS_COLOURS

_GAP = 0.13  # of the row, from its middle to the bars
_HEIGHTS = {"macro": 0.28, "micro": 0.17}  # so that the classes differ without colour
_MARKER = {"markersize": 6, "linestyle": "", "color": "black"}
_MARKERS = {
    "miss": {**_MARKER, "marker": "x", "markeredgewidth": 1.5},
    "false alarm": {**_MARKER, "marker": "v", "markeredgecolor": "white"},
}
_LINES = {
    "hit": {"color": "black", "linewidth": 1.1},
    "near miss": {"color": "black", "linewidth": 1.1, "linestyle": ":"},
}
_TEXTS = {"hit": {"color": "black"}, "near miss": {"color": "0.35", "style": "italic"}}
_TEXT_SIZE = 7  # points
_TEXT_WIDTH, _TEXT_HEIGHT = 3.2 * _TEXT_SIZE, 1.2 * _TEXT_SIZE


def kinds_of(table, hit_rows, missing):
    """Return "hit" or `missing` for each interval of a table."""
    hit = np.isin(np.arange(len(table)), hit_rows)
    return np.where(hit, "hit", missing).tolist()


def draw_bars(ax, row, side, table, spans, kinds):
    """Draw the intervals of one table.

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw; its y axis points down.
    row : int
        Number of the row.
    side : {-1, 1}
        Above or below the middle of the row.
    table : interval table
        The intervals.
    spans : array of shape (n_intervals, 2)
        Their begin and end on the x axis.
    kinds : list of {"hit", "miss", "false alarm"}
        What each of them is.
    """
    for i in np.argsort(table["label"], kind="stable"):  # micro on top of macro
        label, kind, (start, end) = table["label"][i], kinds[i], spans[i]
        middle = row + side * (_GAP + _HEIGHTS[label] / 2)
        ax.barh(middle, end - start, _HEIGHTS[label], left=start, **bar_style(kind, label))
        if kind in _MARKERS:
            ax.plot((start + end) / 2, middle, **_MARKERS[kind], label=kind)


def bar_style(kind, label=None):
    """Return how the bar of an interval looks; without a label as in the legend."""
    colour = CLASS_COLOURS.get(label, "0.4")
    style = {"facecolor": "white", "edgecolor": colour, "linewidth": 1.1}
    if kind == "hit":
        style["facecolor"] = colour
    elif kind == "false alarm":
        style["hatch"] = "xxxx"
    return style


def draw_lines(ax, row, pairs, true_middles, pred_middles):
    """Join the intervals of each pair, and write its IoU on the line where there is room."""
    room = _Room(ax)
    for pair in pairs:  # hits first
        kind = "hit" if pair["hit"] else "near miss"
        ends = true_middles[pair["true_row"]], pred_middles[pair["pred_row"]]
        ax.plot(ends, [row - _GAP, row + _GAP], **_LINES[kind], label=kind)
        if room.take(np.mean(ends)):
            text = f"{np.floor(100 * pair['iou'] + 1e-9) / 100:.2f}"  # never up to the threshold
            ax.text(
                np.mean(ends),
                row,
                text,
                ha="center",
                va="center",
                fontsize=_TEXT_SIZE,
                bbox={"facecolor": "white", "linewidth": 0, "pad": 0.6},
                **_TEXTS[kind],
            )


class _Room:
    """Where in the middle of a row there is room for a number."""

    def __init__(self, ax):
        size = ax.get_position().size * ax.figure.get_size_inches() * 72
        width, height = size / np.abs([np.ptp(ax.get_xlim()), np.ptp(ax.get_ylim())])
        self.high_enough = 2 * _GAP * height >= _TEXT_HEIGHT
        self.distance = _TEXT_WIDTH / width
        self.taken = []

    def take(self, x):
        """Return whether there is room at x, which then is taken."""
        free = self.high_enough and all(abs(x - other) >= self.distance for other in self.taken)
        if free:
            self.taken.append(x)
        return free


def key_handles(labels, n_kinds):
    """Return the handles of a legend, and their texts.

    Parameters
    ----------
    labels : list of str
        The classes that are drawn.
    n_kinds : dict of str to int
        How many intervals of each kind, and near misses, there are.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = {
        f"{label} ({'high' if label == 'macro' else 'low'} bars)": Patch(**bar_style("hit", label))
        for label in labels
    }
    for kind, n in n_kinds.items():
        if kind in _LINES and kind != "hit":
            handle = Line2D([], [], **_LINES[kind])
        else:
            marker = Line2D([], [], **_MARKERS.get(kind, _LINES.get(kind)))
            handle = (Patch(**bar_style(kind)), marker)
        handles[f"{kind} ({n})"] = handle
    return list(handles.values()), list(handles)
