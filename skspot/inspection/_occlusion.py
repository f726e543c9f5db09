"""What a spotter's score rests on: occlusion by node and window position."""

from numbers import Integral, Real

import numpy as np

from skspot.inspection._occlusion_effects import (
    check_offsets,
    motionless,
    node_rows,
    occlusion_effects,
    position_offsets,
    scored_windows,
)
from skspot.inspection._pipelines import run_transformers
from skspot.intervals import check_intervals

_CHOICES = {
    "score": ("onset", "apex", "offset", "expression"),
    "by": ("node", "part"),
    "baseline": ("zero", "median"),
}
_FROM_PIPELINE = {"offsets", "fps"}
_COLOURS = "PuOr"
_SMALLEST_LIMIT = 0.01  # of the colours: smaller changes of a score mean nothing
_MARKED = 0.1  # of that limit: rises from here on are marked


class OcclusionDisplay:
    """How a score of one interval changes without the motion of a node at some window positions.

    Make one with `from_estimator` or `from_features`. The spotter sees each frame through a window
    of frames around it. Here the motion of one node at a few neighbouring positions of the window
    is replaced by no motion, and the frame is scored again. Where the score falls, the spotter used
    this motion as a sign of the expression.

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
        Frames per second; None leaves out the axis in milliseconds.
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
    It does not tell why a face moved, nor what a person felt. It tells of this network and this
    interval alone. Effects do not add up: where one motion can stand in for another, leaving out
    either changes little, and leaving out both may change all, which is why the bars beside the map
    are measured and not summed. And a window with a part of its motion left out is none that a face
    makes; what the network says of it may be off.

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

    def __init__(self, effects, *, total_effects, full_score, names, edges, fps=None, title=""):
        self.effects = effects
        self.total_effects = total_effects
        self.full_score = full_score
        self.names = names
        self.edges = edges
        self.fps = fps
        self.title = title

    @classmethod
    def from_estimator(cls, estimator, video, interval, *, name=None, ax=None, **options):
        """Draw what a score of a fitted pipeline rests on.

        Parameters
        ----------
        estimator : fitted Pipeline
            Ends with a `SpotFormerClassifier`, and holds a `SWMROFlow`.
        video : path, array or AlignedVideo
            One video, of the kind that the pipeline takes.
        interval : row of an interval table
            A predicted or annotated interval of the video, such as ``table[0]``.
        name : str, default=None
            Name of the video, for the title; None takes that of its file.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        **options : dict
            `score`, `by`, `stretch`, `baseline` and `names` of `from_features`.

        Returns
        -------
        display : OcclusionDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If the estimator is no pipeline, or has no step that makes an aligned video, or no
            `SWMROFlow`; if an option is given that it tells itself.
        ValueError
            As `from_features`.
        """
        from skspot.preprocessing import SWMROFlow

        known = sorted(_FROM_PIPELINE.intersection(options))
        if known:
            raise TypeError(
                f"OcclusionDisplay.from_estimator takes {', '.join(known)} from the pipeline and "
                "the video; leave it out, or use from_features."
            )
        aligned, features = run_transformers(cls, estimator, video)
        flows = [step for _, step in estimator.steps if isinstance(step, SWMROFlow)]
        if not flows:
            raise TypeError(
                "OcclusionDisplay.from_estimator needs a pipeline with SWMROFlow, which tells what "
                "the window positions are; for other features use from_features with offsets."
            )
        return cls.from_features(
            estimator[-1],
            features,
            interval,
            offsets=position_offsets(flows[-1]),
            fps=aligned.fps,
            name=aligned.name if name is None else name,
            ax=ax,
            **options,
        )

    @classmethod
    def from_features(
        cls,
        classifier,
        features,
        interval,
        *,
        score="apex",
        by="node",
        stretch=4,
        baseline="zero",
        names=None,
        offsets=None,
        fps=None,
        name="",
        ax=None,
    ):
        """Draw what a score of a fitted classifier rests on.

        Parameters
        ----------
        classifier : SpotFormerClassifier
            The fitted spotter.
        features : array of shape (n_frames, n_positions, n_nodes, n_channels)
            The features of a video.
        interval : row of an interval table
            A predicted or annotated interval of the video, such as ``table[0]``. For a frame f of
            one's own choice, ``make_intervals([(f, f, f, "micro")])[0]``.
        score : {"apex", "onset", "offset", "expression"}, default="apex"
            The score, of the class of the interval: as apex, onset or offset at the interval's
            frame of this name, or as part of an expression, the mean of all its frames.
        by : {"node", "part"}, default="node"
            Whether the motion of each node is left out or that of each facial part.
        stretch : int, default=4
            Window positions left out together. Those next to each other tell nearly the same, so
            that leaving out one alone changes little.
        baseline : {"zero", "median"}, default="zero"
            What stands for no motion. With "zero" the displacement is 0: against the head, the node
            stands where it stands in the window's reference frame (for a lag: it does not move).
            That is no neutral face: a reference frame at the apex keeps the node at the apex.
            "median" takes the median displacement at this position over the video, which keeps what
            is there most of the time, such as errors that the head's motion leaves.
        names : list of str, default=None
            Names of the nodes; None takes those of `node_names`.
        offsets : array of shape (n_positions,), default=None
            How many frames after the window's middle frame each position lies; None takes those of
            `SWMROFlow` with its default `spacing`, `resolutions` and `reference`.
        fps : float, default=None
            Frames per second, for an axis in milliseconds.
        name : str, default=""
            Name of the video, for the title.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : OcclusionDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If `classifier` has no `predict_scores`, `interval` is no interval or `fps` no number.
        ValueError
            If `interval` is several, or lies beyond the video or in frames without a face, if an
            option is unknown, or if names, offsets or features have another shape.
        """
        for option, value in {"score": score, "by": by, "baseline": baseline}.items():
            if value not in _CHOICES[option]:
                raise ValueError(f"{option} must be one of {_CHOICES[option]}, got {value!r}.")
        _check_classifier(classifier)
        _check_fps(fps)
        interval = _one_interval(interval, len(features))
        windows, frames = scored_windows(features, interval, score)
        _, n_positions, n_nodes, _ = features.shape
        if not isinstance(stretch, Integral) or not 1 <= stretch <= n_positions:
            raise ValueError(f"stretch must be 1 to {n_positions} positions, got {stretch!r}.")
        offsets = check_offsets(offsets, n_positions)
        stretches = np.split(np.arange(n_positions), range(stretch, n_positions, stretch))
        rows, row_names = node_rows(n_nodes, by, names)
        effects, total_effects, full_score = occlusion_effects(
            classifier,
            windows,
            f"{interval['label']}_{score}",
            rows=rows,
            stretches=stretches,
            motionless=motionless(features, baseline),
        )
        half = np.diff(offsets).min() / 2 if n_positions > 1 else 0.5
        display = cls(
            effects,
            total_effects=total_effects,
            full_score=full_score,
            names=row_names,
            edges=np.array([[offsets[s[0]] - half, offsets[s[-1]] + half] for s in stretches]),
            fps=fps,
            title=f"{name}\n".lstrip("\n")
            + f"{interval['label']} {score} score {frames}: {full_score:.2f}",
        )
        return display.plot(ax=ax)

    def plot(self, *, ax=None):
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
        """Draw the heat map; rises are marked, since in grey they look as falls do."""
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
        ax.set_xlabel("frames from the window's middle")
        if self.fps is not None:
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


def _check_classifier(classifier):
    if not hasattr(classifier, "predict_scores"):
        raise TypeError(
            "OcclusionDisplay.from_features needs a fitted SpotFormerClassifier, got "
            f"{type(classifier).__name__}; from_estimator takes a Pipeline."
        )


def _check_fps(fps):
    if fps is None:
        return
    if not isinstance(fps, Real):
        raise TypeError(f"fps must be a number or None, got {type(fps).__name__}: {fps!r:.80}.")
    if not 0 < fps < np.inf:
        raise ValueError(f"fps must be above 0 and finite, got {fps!r}.")


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
