"""Which predictions hit which truth."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skspot.inspection._drawing import CLASS_COLOURS, LEGEND, draw_time
from skspot.intervals import CLASSES, check_intervals, is_interval_table
from skspot.metrics import interval_pairs
from skspot.spotting import spot
from skspot.utils._typing import IntervalTable
from skspot.utils.validation import check_interval_tables, check_videos
from skspot.video import FrameTimes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HIGHEST = 24  # inches; rows of more videos are flatter
_MARGIN = 0.015  # of the time, at both ends, for numbers there
_RULE = {"color": "0.85", "linewidth": 0.8, "zorder": 0}
_LENGTH = {"color": "0.6", "linewidth": 0.8, "zorder": 0}

# Of a row: the bars of both tables, and the lines between them.
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


class MatchDisplay:
    """Which predicted intervals hit which true ones, and how close the others came.

    Make one with `from_estimator` or `from_predictions`.

    Each video is a row with its true intervals above and its predicted ones below. Filled bars hit,
    and a line joins the two of a hit. Open bars with a cross are misses, hatched bars with a
    triangle false alarms. A dotted line joins each of them to the interval of its class in the
    other table that it overlaps most. The number on a line is the intersection over union (IoU).

    Parameters
    ----------
    true, predicted : list of n_videos interval tables
        The intervals of each video.
    pairs : list of n_videos structured arrays
        The pairs that lines join, as :func:`~skspot.metrics.interval_pairs` returns them.
    names : list of str
        Name of each video.
    timestamps : list of arrays of shape (n_frames,), default=None
        Time of each frame of each video in seconds. None draws over frames.
    iou_threshold : float, default=0.5
        The smallest IoU of a hit, for the legend.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        The axes with the rows.

    See Also
    --------
    skspot.metrics.interval_match : Matches the intervals of one video.
    skspot.metrics.spotting_report : Counts hits, misses and false alarms.
    SpottingDisplay : Shows one video with its scores.

    Notes
    -----
    Hits are those of the rule "one-to-one". Other rules of `interval_counts` count without saying
    which interval hit which.

    A dotted line can carry an IoU that would be enough for a hit: then another interval was the
    better partner, or one partner for both was too few.

    Examples
    --------
    >>> from skspot import make_intervals
    >>> from skspot.inspection import MatchDisplay
    >>> display = MatchDisplay.from_predictions(
    ...     make_intervals([(10, 19, "micro"), (40, 79, "macro")]),
    ...     make_intervals([(12, 21, "micro"), (60, 99, "macro")]),
    ... )
    >>> for pair in display.pairs[0]:
    ...     print(f"IoU {pair['iou']:.2f}", "hit" if pair["hit"] else "near miss")
    IoU 0.67 hit
    IoU 0.33 near miss
    """

    figure_: Figure
    ax_: Axes

    def __init__(
        self,
        true: Sequence[IntervalTable],
        predicted: Sequence[IntervalTable],
        *,
        pairs: Sequence[NDArray[np.void]],
        names: Sequence[str],
        timestamps: Sequence[ArrayLike] | None = None,
        iou_threshold: float = 0.5,
    ):
        self.true = true
        self.predicted = predicted
        self.pairs = pairs
        self.names = names
        self.timestamps = timestamps
        self.iou_threshold = iou_threshold

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Collection[Any],
        y: Collection[IntervalTable],
        *,
        names: Sequence[str] | None = None,
        timestamps: Sequence[ArrayLike] | None = None,
        iou_threshold: float = 0.5,
        ax: Axes | None = None,
    ) -> Self:
        """Spot the expressions of videos and compare them with the truth.

        Parameters
        ----------
        estimator : fitted Pipeline or spotter
            What `skspot.spot` takes.
        X : collection of n_videos elements
            The videos, of the kind that the estimator takes.
        y : collection of n_videos interval tables
            The true intervals of each video.
        names : list of str, default=None
            Name of each video; None uses those of files, and numbers for others.
        timestamps : list of arrays of shape (n_frames,), default=None
            Time of each frame of each video in seconds. None uses the times that the estimator
            has found; if they are not known for all videos, frames are drawn.
        iou_threshold : float in (0, 1], default=0.5
            The smallest IoU of a hit.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : MatchDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If X is a single video, or y is not a collection of interval tables.
        ValueError
            As for `from_predictions`.
        """
        videos = check_videos(X)
        y = check_interval_tables(y, n_videos=len(videos), allow_overlap=True)
        found = [
            (result.intervals, _name(result, i), result.times)
            for i, result in enumerate(spot(estimator, videos, return_as="generator"))
        ]
        y_pred, found_names, times = zip(*found)
        if timestamps is None and None not in times:
            timestamps = [each.timestamps for each in times]
        return cls.from_predictions(
            y,
            list(y_pred),
            names=list(found_names) if names is None else names,
            timestamps=timestamps,
            iou_threshold=iou_threshold,
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: IntervalTable | Collection[IntervalTable],
        y_pred: IntervalTable | Iterable[IntervalTable],
        *,
        names: str | Sequence[str] | None = None,
        timestamps: ArrayLike | Sequence[ArrayLike] | None = None,
        iou_threshold: float = 0.5,
        ax: Axes | None = None,
    ) -> Self:
        """Compare predicted intervals with the truth.

        Parameters
        ----------
        y_true : interval table, or collection of n_videos interval tables
            The true intervals of one video, or of each video.
        y_pred : interval table, or collection of n_videos interval tables
            The predicted intervals of the same.
        names : str or list of str, default=None
            Name of the video, or of each video. None numbers several videos from 0.
        timestamps : array of shape (n_frames,) or list of such arrays, default=None
            Time of each frame of the video, or of each video, in seconds. None draws over frames.
        iou_threshold : float in (0, 1], default=0.5
            The smallest IoU of a hit.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : MatchDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If `y_true` and `y_pred` are neither two interval tables nor two collections of them, or
            `iou_threshold` is not a number.
        ValueError
            If there is no video, the numbers of tables, names and timestamps differ, intervals
            reach beyond the timestamps, or `iou_threshold` is out of range.
        """
        _check_iou_threshold(iou_threshold)
        if is_interval_table(y_true):
            check_intervals(y_pred, allow_overlap=True, name="y_pred")
            y_true, y_pred = [y_true], [y_pred]
            names = None if names is None else [names]
            timestamps = None if timestamps is None else [timestamps]
        true = check_interval_tables(y_true, allow_overlap=True, name="y_true")
        if not true:
            raise ValueError("y_true holds no video; there is nothing to draw.")
        predicted = check_interval_tables(
            y_pred, n_videos=len(true), allow_overlap=True, name="y_pred"
        )
        if timestamps is not None:
            _check_times(timestamps, true, predicted)
        display = cls(
            true,
            predicted,
            pairs=[
                interval_pairs(*tables, iou_threshold=iou_threshold)
                for tables in zip(true, predicted)
            ],
            names=_check_names(names, len(true)),
            timestamps=timestamps,
            iou_threshold=iou_threshold,
        )
        return display.plot(ax=ax)

    def plot(self, *, ax: Axes | None = None) -> Self:
        """Draw the rows.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : MatchDisplay
            The display itself.
        """
        import matplotlib.pyplot as plt

        n_videos = len(self.true)
        if ax is None:
            height = 2.4 if n_videos == 1 else min(1.2 + 0.55 * n_videos, _HIGHEST)
            _, ax = plt.subplots(figsize=(11, height), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        times = self._times()
        self._draw_axes(times)
        for row, time in enumerate(times):
            self._draw_row(row, time)
        self._draw_key()
        return self

    def _times(self):
        """Return the times of each video; without any, frames up to the end of its intervals."""
        if self.timestamps is not None:
            return [FrameTimes(timestamps) for timestamps in self.timestamps]
        tables = zip(self.true, self.predicted)
        last = [max([1, *true["offset"], *predicted["offset"]]) for true, predicted in tables]
        return [FrameTimes(np.arange(frame + 1)) for frame in last]

    def _draw_axes(self, times):
        """Draw the time, the names, and the length of each video if it is known."""
        ax, n_videos = self.ax_, len(times)
        ax.set_yticks(range(n_videos), self.names)
        ax.set_ylim(n_videos - 0.5, -0.5)
        ax.tick_params(axis="y", length=0)
        ax.spines[["top", "right"]].set_visible(False)
        for edge in np.arange(n_videos - 1) + 0.5:
            ax.axhline(edge, **_RULE)
        if self.timestamps is not None:
            for row, time in enumerate(times):
                ax.plot([time.start(0), time.ends[-1]], [row, row], **_LENGTH)
            if n_videos == 1:
                draw_time([ax], times[0])
        ax.set_xlabel("frame" if self.timestamps is None else "time in seconds")
        start, end = min(time.start(0) for time in times), max(time.ends[-1] for time in times)
        margin = _MARGIN * (end - start) or 0.5  # of a single frame no length is known
        ax.set_xlim(start - margin, end + margin)

    def _draw_row(self, row, time):
        """Draw the intervals of one video, and the lines between them."""
        middles = []
        for side, table, kinds in zip(
            (-1, 1), (self.true[row], self.predicted[row]), self._kinds(row)
        ):
            ends = [(time.start(each["onset"]), time.end(each["offset"])) for each in table]
            spans = np.reshape(ends, (-1, 2))
            _draw_bars(self.ax_, row, side, table, spans, kinds)
            middles.append(spans.mean(axis=1))
        _draw_lines(self.ax_, row, self.pairs[row], *middles)

    def _kinds(self, row):
        """Return what each true and each predicted interval of a video is."""
        hits = self.pairs[row][self.pairs[row]["hit"]]
        return (
            _kinds_of(self.true[row], hits["true_row"], "miss"),
            _kinds_of(self.predicted[row], hits["pred_row"], "false alarm"),
        )

    def _draw_key(self):
        """Explain the bars and lines, and count them."""
        rows = range(len(self.true))
        true, predicted = zip(*(self._kinds(row) for row in rows))
        counts = {
            "hit": sum(kinds.count("hit") for kinds in true),
            "miss": sum(kinds.count("miss") for kinds in true),
            "false alarm": sum(kinds.count("false alarm") for kinds in predicted),
            "near miss": sum(int((~pairs["hit"]).sum()) for pairs in self.pairs),
        }
        drawn = {label for table in (*self.true, *self.predicted) for label in table["label"]}
        self.ax_.legend(
            *_key_handles([label for label in CLASSES if label in drawn], counts),
            title=f"above: true\nbelow: predicted\nhit: IoU \u2265 {self.iou_threshold:g}",
            title_fontsize="small",
            alignment="left",
            **LEGEND,
        )


def _kinds_of(table, hit_rows, missing):
    """Return "hit" or `missing` for each interval of a table."""
    hit = np.isin(np.arange(len(table)), hit_rows)
    return np.where(hit, "hit", missing).tolist()


def _draw_bars(ax, row, side, table, spans, kinds):
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
        ax.barh(middle, end - start, _HEIGHTS[label], left=start, **_bar_style(kind, label))
        if kind in _MARKERS:
            ax.plot((start + end) / 2, middle, **_MARKERS[kind], label=kind)


def _bar_style(kind, label=None):
    """Return how the bar of an interval looks; without a label as in the legend."""
    colour = CLASS_COLOURS.get(label, "0.4")
    style = {"facecolor": "white", "edgecolor": colour, "linewidth": 1.1}
    if kind == "hit":
        style["facecolor"] = colour
    elif kind == "false alarm":
        style["hatch"] = "xxxx"
    return style


def _draw_lines(ax, row, pairs, true_middles, pred_middles):
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


def _key_handles(classes, n_kinds):
    """Return the handles of a legend, and their texts.

    Parameters
    ----------
    classes : list of str
        The classes that are drawn.
    n_kinds : dict of str to int
        How many intervals of each kind, and near misses, there are.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = {
        f"{label} ({'high' if label == 'macro' else 'low'} bars)": Patch(**_bar_style("hit", label))
        for label in classes
    }
    for kind, n in n_kinds.items():
        if kind in _LINES and kind != "hit":
            handle = Line2D([], [], **_LINES[kind])
        else:
            marker = Line2D([], [], **_MARKERS.get(kind, _LINES.get(kind)))
            handle = (Patch(**_bar_style(kind)), marker)
        handles[f"{kind} ({n})"] = handle
    return list(handles.values()), list(handles)


def _name(result, number):
    """Return the name of a video's file, or its number."""
    source = getattr(result.video, "source", result.video)
    return result.name if isinstance(source, (str, os.PathLike)) else f"video {number}"


def _check_names(names, n_videos):
    """Return the names of the videos; by default their numbers, if there are several."""
    if names is None:
        return [""] if n_videos == 1 else [f"video {number}" for number in range(n_videos)]
    if isinstance(names, str) or len(names) != n_videos:
        raise ValueError(
            f"names must hold one name for each of the {n_videos} videos, got {names!r:.80}."
        )
    return [str(name) for name in names]


def _check_iou_threshold(iou_threshold):
    if not isinstance(iou_threshold, Real):
        raise TypeError(
            f"iou_threshold must be a number, got {type(iou_threshold).__name__}: "
            f"{iou_threshold!r:.80}."
        )
    if not 0 < iou_threshold <= 1:
        raise ValueError(f"iou_threshold must be above 0 and at most 1, got {iou_threshold!r}.")


def _check_times(timestamps, true, predicted):
    """Refuse timestamps that are not those of the videos."""
    if len(timestamps) != len(true):
        raise ValueError(
            f"timestamps must hold one array for each of the {len(true)} videos, got "
            f"{len(timestamps)}."
        )
    for i, (times, *tables) in enumerate(zip(timestamps, true, predicted)):
        n_frames = len(FrameTimes(times, f"timestamps[{i}]"))
        for table, what in zip(tables, ("y_true", "y_pred")):
            check_intervals(table, n_frames=n_frames, allow_overlap=True, name=f"{what}[{i}]")
