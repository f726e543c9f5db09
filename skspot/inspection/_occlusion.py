"""The motion that a spotter's score depends on: occlusion by node and window position."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from skspot.faces import PART_NAMES
from skspot.intervals import check_intervals
from skspot.preprocessing import FlowFeatures
from skspot.spotting import spot
from skspot.utils._typing import VideoLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from skspot.video import AlignedVideo

_CHOICES = {
    "score": ("onset", "apex", "offset", "expression"),
    "by": ("node", "part"),
    "baseline": ("zero", "median"),
}
_COLOURS = "PuOr"
_SMALLEST_LIMIT = 0.01  # of the colours: smaller changes of a score mean nothing
_MARKED = 0.1  # of that limit: rises from here on are marked


class OcclusionDisplay:
    """How a score of one interval changes without the motion of a node at some window positions.

    Make one with `from_estimator` or `from_features`. The spotter sees each frame through a window
    of frames around it. Here the motion of one node at a few neighbouring positions of the window
    is replaced by no motion, and the frame is scored again. Where the score falls, the spotter has
    used this motion.

    Parameters
    ----------
    effects : array of shape (n_rows, n_stretches)
        Score without the motion of the row's nodes at a stretch of positions, less `full_score`.
    total_effects : array of shape (n_rows,)
        The same without their motion at all positions.
    full_score : float
        The score with all motion.
    names : list of str
        Names of the rows.
    edges : array of shape (n_stretches, 2)
        Where each stretch begins and ends, in frames from the window's middle frame.
    fps : float or None, default=None
        Frames per second, for an axis in milliseconds. None means that the times of the window's
        positions are not known: then `edges` are numbers of positions.
    title : str, default=""
        Title of the picture.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        The axes that hold the picture.
    axes_ : list of matplotlib Axes
        The heat map of `effects`, the bars of `total_effects`, and the key of the colours.

    See Also
    --------
    FlowDisplay : Shows the motion itself.

    Notes
    -----
    The result describes this network and this interval. It does not explain why a face moved, or
    what a person felt. Effects do not add up: if two motions carry the same information, leaving
    out one of them changes little, and leaving out both may change everything, which is why the
    bars beside the map are measured and not summed. And no face makes a window in which part of the
    motion is missing; the network may be wrong about it.

    Examples
    --------
    >>> import numpy as np
    >>> from skspot import make_intervals
    >>> from skspot.inspection import OcclusionDisplay
    >>> from skspot.neural_network import SpotFormerClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(60, 16, 10, 2)).astype("float32")]
    >>> y = [make_intervals([(20, 30, 40, "macro")])]
    >>> spotter = SpotFormerClassifier(max_epochs=1).fit(X, y)
    >>> display = OcclusionDisplay.from_features(spotter, X[0], y[0][0])
    >>> display.effects.shape
    (10, 4)
    """

    figure_: Figure
    ax_: Axes
    axes_: list[Axes]

    def __init__(
        self,
        effects: NDArray[Any],
        *,
        total_effects: NDArray[Any],
        full_score: float,
        names: Sequence[str],
        edges: NDArray[Any],
        fps: float | None = None,
        title: str = "",
    ):
        self.effects = effects
        self.total_effects = total_effects
        self.full_score = full_score
        self.names = names
        self.edges = edges
        self.fps = fps
        self.title = title

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        video: VideoLike | AlignedVideo,
        interval: Any,
        *,
        score: Literal["apex", "onset", "offset", "expression"] = "apex",
        by: Literal["node", "part"] = "node",
        stretch: int = 4,
        baseline: Literal["zero", "median"] = "zero",
        names: Sequence[str] | None = None,
        name: str | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Draw the motion that a score of a video depends on.

        Parameters
        ----------
        estimator : fitted Pipeline
            A pipeline with `SWMROFlow` that ends with a `SpotFormerClassifier`.
        video : path, array or AlignedVideo
            One video, of the kind that the pipeline takes.
        interval : row of an interval table
            A predicted or annotated interval of the video, such as ``table[0]``.
        score, by, stretch, baseline, names : object
            As for `from_features`.
        name : str, default=None
            Name of the video, for the title; None uses that of its file.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : OcclusionDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If the estimator does not end with a `SpotFormerClassifier`, or has no step that makes
            features.
        ValueError
            As for `from_features`.
        """
        _check_choices(score=score, by=by, baseline=baseline)  # before any work
        _spotter_of(estimator)
        (result,) = spot(estimator, [video])
        if result.features is None:
            raise TypeError(
                "OcclusionDisplay.from_estimator needs a Pipeline that makes features, with "
                f"SWMROFlow, got {type(estimator).__name__}; from_features takes features."
            )
        return cls.from_features(
            estimator,
            result.features,
            interval,
            score=score,
            by=by,
            stretch=stretch,
            baseline=baseline,
            names=names,
            name=result.name if name is None else name,
            ax=ax,
        )

    @classmethod
    def from_features(
        cls,
        estimator: Any,
        features: FlowFeatures | NDArray[Any],
        interval: Any,
        *,
        score: Literal["apex", "onset", "offset", "expression"] = "apex",
        by: Literal["node", "part"] = "node",
        stretch: int = 4,
        baseline: Literal["zero", "median"] = "zero",
        names: Sequence[str] | None = None,
        name: str | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Draw the motion that a score of a video depends on, from its features.

        Parameters
        ----------
        estimator : SpotFormerClassifier or Pipeline
            The fitted spotter, or a pipeline that ends with it.
        features : FlowFeatures or array of shape (n_frames, n_positions, n_nodes, n_channels)
            The features of a video. Of a plain array, neither the times of the positions nor the
            names of the nodes are known.
        interval : row of an interval table
            A predicted or annotated interval of the video, such as ``table[0]``. For a single frame
            f, ``make_intervals([(f, f, f, "micro")])[0]``.
        score : {"apex", "onset", "offset", "expression"}, default="apex"
            The score, of the class of the interval: as apex, onset or offset at the interval's
            frame of this name, or as part of an expression, the mean of all its frames.
        by : {"node", "part"}, default="node"
            Whether the motion of each node is left out or that of each facial part.
        stretch : int, default=4
            Number of neighbouring window positions that are left out together. Neighbours carry
            nearly the same information, so that leaving out one alone changes little.
        baseline : {"zero", "median"}, default="zero"
            The values that mean no motion. With "zero" the displacement is 0: relative to the head,
            the node is where it is in the window's reference frame (for a lag: it does not move).
            That is not a neutral face: a reference frame at the apex keeps the node at the apex.
            "median" takes the median displacement at this position over the video, which keeps
            constant errors, such as those that the head's motion leaves.
        names : list of str, default=None
            Names of the nodes; None uses those of the features' layout.
        name : str, default=None
            Name of the video, for the title; None uses that of the features.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : OcclusionDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If the estimator has no `predict_scores`, or `interval` is not an interval.
        ValueError
            If `interval` is more than one, or lies beyond the video or in frames without a face, if
            an option is unknown, if the features are of another layout than in `fit`, or if `by` is
            "part" and they are a plain array.
        """
        _check_choices(score=score, by=by, baseline=baseline)
        spotter = _spotter_of(estimator)
        if np.ndim(features) != 4:
            raise ValueError(
                "features must be FlowFeatures or an array (n_frames, n_positions, n_nodes, "
                f"n_channels), got shape {np.shape(features)}."
            )
        _, n_positions, n_nodes, _ = features.shape
        interval = _one_interval(interval, len(features))
        if not isinstance(stretch, Integral) or not 1 <= stretch <= n_positions:
            raise ValueError(f"stretch must be 1 to {n_positions} positions, got {stretch!r}.")
        layout = features.layout if isinstance(features, FlowFeatures) else None
        rows, row_names = _node_rows(layout, n_nodes, by, names)
        stretches = np.split(np.arange(n_positions), range(stretch, n_positions, stretch))
        windows, frames = _scored_windows(features, interval, score)
        effects, total_effects, full_score = _occlusion_effects(
            partial(_score, spotter, f"{interval['label']}_{score}", layout),
            windows,
            rows=rows,
            stretches=stretches,
            motionless=_motionless(features, baseline),
        )
        if name is None:
            name = "" if layout is None else features.name
        text = f"{interval['label']} {score} score {frames}: {full_score:.2f}"
        display = cls(
            effects,
            total_effects=total_effects,
            full_score=full_score,
            names=row_names,
            edges=_edges(stretches, layout),
            fps=None if layout is None else layout.fps,
            title=f"{name}\n{text}" if name else text,
        )
        return display.plot(ax=ax)

    def plot(self, *, ax: Axes | None = None) -> Self:
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : OcclusionDisplay
            The display itself.
        """
        import matplotlib.pyplot as plt
        from matplotlib.colors import Normalize

        if ax is None:
            size = (8.5, max(3.6, 1.9 + 0.3 * len(self.names)))
            _, ax = plt.subplots(figsize=size, layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        ax.set_axis_off()
        ax.set_title(self.title, pad=12 if self.fps is None else 40)
        heat_map = ax.inset_axes([0, 0, 0.62, 1])
        bars = ax.inset_axes([0.65, 0, 0.21, 1], sharey=heat_map)
        key = ax.inset_axes([0.92, 0, 0.025, 1])
        self.axes_ = [heat_map, bars, key]
        limit = max(np.abs(self.effects).max(), _SMALLEST_LIMIT)
        colours = {"norm": Normalize(-limit, limit), "cmap": _COLOURS}
        self._draw_effects(heat_map, colours)
        self._draw_total(bars)
        self._draw_key(key, colours)
        return self

    def _draw_effects(self, ax, colours):
        """Draw the heat map; rises are marked, because in grey they look like falls."""
        borders = np.arange(len(self.names) + 1) - 0.5
        for edges, column in zip(self.edges, self.effects.T):
            ax.pcolormesh(edges, borders, column[:, None], **colours)
            for row in np.flatnonzero(column > _MARKED * colours["norm"].vmax):
                colour = "white" if column[row] > 0.5 * colours["norm"].vmax else "black"
                ax.text(edges.mean(), row, "+", ha="center", va="center", color=colour)
            ax.vlines(edges, *borders[[0, -1]], color="white", linewidth=1)
        ax.hlines(borders[1:-1], self.edges[0, 0], self.edges[-1, 1], color="white", linewidth=1)
        ax.set_facecolor("0.85")
        ax.set_xlim(self.edges[0, 0], self.edges[-1, 1])
        ax.set_ylim(borders[-1], borders[0])
        ax.set_yticks(range(len(self.names)), self.names)
        ax.tick_params(axis="y", length=0)
        if self.fps is None:
            ax.set_xlabel("position in the window")
            return
        ax.set_xlabel("frames from the window's middle")
        ms = 1000 / self.fps
        top = ax.secondary_xaxis("top", functions=(lambda x: x * ms, lambda x: x / ms))
        top.set_xlabel("milliseconds")

    def _draw_total(self, ax):
        ax.barh(range(len(self.names)), self.total_effects, height=0.7, color="0.45")
        ax.axvline(0, color="black", linewidth=0.8)
        ax.margins(x=0.08)
        largest = self.total_effects[np.abs(self.total_effects).argmax()]
        ticks = sorted({0.0, float(largest)})
        ax.set_xticks(ticks, [f"{tick:.2g}" for tick in ticks])
        ax.tick_params(axis="y", left=False, labelleft=False)
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.set_xlabel("change without\nthe whole row")

    def _draw_key(self, ax, colours):
        from matplotlib.cm import ScalarMappable

        bar = self.figure_.colorbar(ScalarMappable(**colours), cax=ax)
        bar.set_label("change of the score (+: it rises)")
        bar.outline.set_linewidth(0.5)


def _check_choices(**options):
    for option, value in options.items():
        if value not in _CHOICES[option]:
            raise ValueError(f"{option} must be one of {_CHOICES[option]}, got {value!r}.")


def _spotter_of(estimator):
    """Return the last step of a pipeline, or what is given instead of one; it has to score."""
    spotter = estimator[-1] if hasattr(estimator, "steps") else estimator
    if not hasattr(spotter, "predict_scores"):
        raise TypeError(
            "OcclusionDisplay needs a fitted SpotFormerClassifier, or a Pipeline that ends with "
            f"one, got {type(spotter).__name__}."
        )
    return spotter


def _one_interval(interval, n_frames):
    """Return the row of an interval table, checked."""
    table = np.atleast_1d(interval)
    check_intervals(table, n_frames=n_frames, allow_overlap=True, name="interval")
    if len(table) != 1:
        raise ValueError(
            f"interval must be one interval, got a table of {len(table)}; take a row, such as "
            "table[0]."
        )
    return table[0]


def _node_rows(layout, n_nodes, by, names):
    """Return the nodes of each row of the picture, and its name."""
    if names is not None and len(names) != n_nodes:
        raise ValueError(f"names has {len(names)} entries for {n_nodes} nodes; give one for each.")
    if by == "node":
        known = [f"node {i}" for i in range(n_nodes)] if layout is None else layout.node_names
        return [np.array([i]) for i in range(n_nodes)], list(names or known)
    if layout is None:
        raise ValueError(
            "features are a plain array, of which the facial parts are not known; pass the "
            "FlowFeatures that SWMROFlow makes, or choose by='node'."
        )
    firsts = np.cumsum(layout.part_sizes)[:-1]
    return np.split(np.arange(n_nodes), firsts), list(PART_NAMES[layout.nodes])


def _edges(stretches, layout):
    """Return where each stretch of positions begins and ends.

    In frames from the window's middle: with "window" among the resolutions a position is the frame
    to which the motion from the reference frame leads, otherwise the middle of the lag. Without a
    layout in numbers of positions.
    """
    if layout is None:
        places = np.arange(stretches[-1][-1] + 1)
    elif "window" in layout.resolutions:
        places = layout.pairs[:, layout.resolutions.index("window"), 1]
    else:
        places = layout.pairs[:, 0].mean(axis=-1)
    half = np.diff(places).min() / 2 if len(places) > 1 else 0.5
    return np.array([[places[s[0]] - half, places[s[-1]] + half] for s in stretches])


def _scored_windows(features, interval, score):
    """Return the windows with a face from which a score comes, and their frames in words."""
    ends = ("onset", "offset") if score == "expression" else (score, score)
    first, last = (int(interval[end]) for end in ends)
    windows = np.asarray(features[first : last + 1])
    windows = windows[_shows_face(windows)]
    frames = f"at frame {first}" if first == last else f"over the frames {first} to {last}"
    if not len(windows):
        raise ValueError(
            f"No window {frames} shows a face, and there is no score to explain; choose another "
            "interval or another score."
        )
    return windows, frames


def _shows_face(windows):
    return ~np.isnan(windows[:, 0, 0, 0])


def _motionless(features, baseline):
    """Return the values for no motion at each position, see `OcclusionDisplay.from_features`."""
    if baseline == "zero":
        return np.zeros(features.shape[1:], dtype=features.dtype)
    values = np.asarray(features)
    return np.median(values[_shows_face(values)], axis=0)


def _score(spotter, field, layout, windows):
    """Return a score of each of some windows, which are of a layout if one is known."""
    if layout is not None:  # the spotter compares it with its own
        n_windows = len(windows)
        valid, timestamps = np.ones(n_windows, dtype=bool), np.arange(n_windows) / layout.fps
        windows = FlowFeatures(layout, valid=valid, timestamps=timestamps, values=windows)
    (scores,) = spotter.predict_scores([windows])
    return scores[field]


def _occlusion_effects(score, windows, *, rows, stretches, motionless):
    """Return what each occlusion changes in the mean score of some windows.

    Parameters
    ----------
    score : callable
        Returns the score of each of some windows.
    windows : array of shape (n_windows, n_positions, n_nodes, n_channels)
        The windows, all with a face.
    rows : list of int arrays
        The nodes whose motion is replaced together.
    stretches : list of int arrays
        The window positions at which it is replaced together.
    motionless : array of shape (n_positions, n_nodes, n_channels)
        The values that replace it.

    Returns
    -------
    effects : array of shape (n_rows, n_stretches)
        Mean score with this motion replaced, less `full`.
    total : array of shape (n_rows,)
        The same with the motion of the row's nodes replaced at all positions.
    full : float
        Mean score of the windows as they are.
    """
    everywhere = np.concatenate(stretches)
    full = score(windows).mean(dtype=np.float64)
    means = np.empty((len(rows), len(stretches) + 1))
    for row, nodes in enumerate(rows):
        variants = [_occluded(windows, s, nodes, motionless) for s in (*stretches, everywhere)]
        scores = score(np.concatenate(variants)).reshape(len(variants), -1)
        means[row] = scores.mean(axis=1, dtype=np.float64)
    effects = means - full
    return effects[:, :-1], effects[:, -1], float(full)


def _occluded(windows, positions, nodes, motionless):
    """Return the windows with the motion of nodes at positions replaced."""
    occluded = windows.copy()
    occluded[:, positions[:, None], nodes] = motionless[positions[:, None], nodes]
    return occluded
