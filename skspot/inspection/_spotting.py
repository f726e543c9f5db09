"""The timeline of one video: scores, true and predicted intervals."""

import numpy as np

from skspot.intervals import LABELS, check_intervals

# Colours that differ in hue and in grey value (Okabe and Ito); truth is told by hatching as well.
_COLOURS = {"macro": "#0072B2", "micro": "#D55E00"}
_SCORE_STYLES = {
    "apex": {"linewidth": 1.6, "linestyle": "-"},
    "expression": {"linewidth": 1.0, "linestyle": "--"},
    "onset": {"linewidth": 0.8, "linestyle": ":", "color": "0.25"},
    "offset": {"linewidth": 0.8, "linestyle": "-.", "color": "0.5"},
}
_GAP_COLOUR = "0.85"
_LEGEND = {
    "loc": "upper left",
    "bbox_to_anchor": (1.01, 1.0),
    "borderaxespad": 0,
    "frameon": False,
    "fontsize": "small",
}
_LANES = (("macro", "true"), ("macro", "predicted"), ("micro", "true"), ("micro", "predicted"))


class SpottingDisplay:
    """Timeline of one video: intervals of both classes above the scores they come from.

    Make one with `from_estimator` or `from_predictions`.

    Parameters
    ----------
    predicted : ndarray of dtype `PREDICTION_DTYPE` or `INTERVAL_DTYPE`
        The predicted intervals.
    true : ndarray of dtype `INTERVAL_DTYPE` or None, default=None
        The annotated intervals; None if they are not known.
    scores : structured array of shape (n_frames,) or None, default=None
        What `SpotFormerClassifier.predict_scores` returns for the video.
    timestamps : array of shape (n_frames,)
        Time of each frame in seconds.
    valid : bool array of shape (n_frames,) or None, default=None
        Frames that show a face; the others are greyed.
    name : str, default=""
        Name of the video, for the title.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        The axes that hold the timeline.
    axes_ : list of matplotlib Axes
        The intervals, and the scores of each class if there are any.

    Examples
    --------
    >>> import numpy as np
    >>> from skspot import make_intervals
    >>> from skspot.inspection import SpottingDisplay
    >>> display = SpottingDisplay.from_predictions(
    ...     make_intervals([(20, 30, 55, "macro")]),
    ...     make_intervals([(22, 31, 50, "macro", 0.8), (70, 75, 80, "micro", 0.4)]),
    ...     timestamps=np.arange(100) / 30,
    ... )
    >>> display.axes_[0].get_xlabel()
    'time in seconds'
    """

    def __init__(self, predicted, *, timestamps, true=None, scores=None, valid=None, name=""):
        self.predicted = predicted
        self.true = true
        self.scores = scores
        self.timestamps = timestamps
        self.valid = valid
        self.name = name

    @classmethod
    def from_estimator(cls, estimator, video, intervals=None, *, ax=None):
        """Spot the expressions of a video and draw them.

        Parameters
        ----------
        estimator : fitted Pipeline
            Ends with a `SpotFormerClassifier`; a `FaceAligner` among its steps tells the times.
        video : path, array or AlignedVideo
            One video, of the kind that the pipeline takes.
        intervals : ndarray of dtype `INTERVAL_DTYPE`, default=None
            The annotated intervals, if they are known.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : SpottingDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If the estimator is no pipeline, or none of its steps makes an aligned video.
        """
        aligned, features = _run_transformers(estimator, video)
        scores = estimator[-1].predict_scores([features])[0]
        return cls.from_predictions(
            intervals,
            estimator[-1].decode(scores),
            scores=scores,
            timestamps=aligned.timestamps,
            valid=aligned.valid,
            name=aligned.name,
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls, y_true, y_pred, *, timestamps, scores=None, valid=None, name="", ax=None
    ):
        """Draw intervals that are known already.

        Parameters
        ----------
        y_true : ndarray of dtype `INTERVAL_DTYPE` or None
            The annotated intervals of the video; None if they are not known.
        y_pred : ndarray of dtype `PREDICTION_DTYPE` or `INTERVAL_DTYPE`
            The predicted intervals.
        timestamps : array of shape (n_frames,)
            Time of each frame in seconds.
        scores : structured array of shape (n_frames,), default=None
            What `SpotFormerClassifier.predict_scores` returns for the video.
        valid : bool array of shape (n_frames,), default=None
            Frames that show a face; the others are greyed.
        name : str, default=""
            Name of the video, for the title.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : SpottingDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If intervals reach beyond the timestamps, scores or `valid` have another length, or the
            timestamps do not increase.
        """
        timestamps = np.asarray(timestamps, dtype=np.float64)
        n_frames = len(timestamps)
        if n_frames == 0 or not (np.diff(timestamps) > 0).all():
            raise ValueError(
                "timestamps must hold a time for each frame, each later than the last."
            )
        for table, what in ((y_true, "y_true"), (y_pred, "y_pred")):
            if table is not None or what == "y_pred":
                check_intervals(table, n_frames=n_frames, allow_overlap=True, name=what)
        for values, what in ((scores, "scores"), (valid, "valid")):
            if values is not None and len(values) != n_frames:
                raise ValueError(
                    f"{what} has {len(values)} frames, timestamps has {n_frames}; both must be of "
                    "the same video."
                )
        display = cls(
            y_pred, true=y_true, scores=scores, timestamps=timestamps, valid=valid, name=name
        )
        return display.plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw the timeline.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : SpottingDisplay
            The display itself.
        """
        import matplotlib.pyplot as plt

        if ax is None:
            height = 2.2 if self.scores is None else 5.4
            _, ax = plt.subplots(figsize=(11, height), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        self.axes_ = self._divide(ax)
        self._draw_intervals(self.axes_[0])
        if self.scores is not None:
            for label, score_ax in zip(LABELS, self.axes_[1:]):
                self._draw_scores(score_ax, label)
        self._draw_time()
        return self

    def _divide(self, ax):
        """Return the axes of the intervals and, below them, those of the scores."""
        ax.set_axis_off()
        if self.name:
            ax.set_title(self.name, pad=34)
        if self.scores is None:
            return [ax.inset_axes([0, 0, 1, 1])]
        top = ax.inset_axes([0, 0.72, 1, 0.28])
        middle = ax.inset_axes([0, 0.37, 1, 0.31], sharex=top)
        return [top, middle, ax.inset_axes([0, 0.0, 1, 0.31], sharex=top)]

    def _draw_intervals(self, ax):
        """Draw one lane per class for the truth, if it is known, and for the prediction."""
        tables = {"true": self.true, "predicted": self.predicted}
        lanes = [lane for lane in _LANES if tables[lane[1]] is not None]
        for height, (label, kind) in enumerate(reversed(lanes)):
            table = tables[kind]
            for interval in table[table["label"] == label]:
                self._draw_interval(ax, interval, height, kind)
        ax.set_yticks(range(len(lanes)), [" ".join(lane) for lane in reversed(lanes)])
        ax.set_ylim(-0.6, len(lanes) - 0.4)
        ax.tick_params(axis="y", length=0)
        self._draw_key(ax)

    def _draw_interval(self, ax, interval, height, kind):
        start, end = self._edges(interval["onset"], interval["offset"])
        colour = _COLOURS[interval["label"]]
        style = (
            {"facecolor": colour, "edgecolor": "white", "linewidth": 1}
            if kind == "predicted"
            else {"facecolor": "white", "hatch": "////", "edgecolor": colour, "linewidth": 1}
        )
        ax.barh(height, end - start, 0.66, left=start, **style)
        apex = self.timestamps[interval["apex"]]
        ax.plot([apex, apex], [height - 0.4, height + 0.4], color="black", linewidth=1.4)

    def _draw_key(self, ax):
        """Say what the black lines and the grey areas are."""
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        apex = {"linestyle": "", "marker": "|", "markersize": 10, "markeredgewidth": 1.4}
        handles = [Line2D([], [], color="black", label="apex", **apex)]
        if list(self._gaps()):
            handles.append(Patch(color=_GAP_COLOUR, label="no face"))
        ax.legend(handles=handles, **_LEGEND)

    def _draw_scores(self, ax, label):
        for kind, style in _SCORE_STYLES.items():
            scores = self.scores[f"{label}_{kind}"]
            ax.plot(self.timestamps, scores, label=kind, **{"color": _COLOURS[label], **style})
        ax.set_ylim(-0.03, 1.03)
        ax.set_ylabel(f"{label}\nscores")
        ax.legend(**_LEGEND)

    def _draw_time(self):
        """Give all axes the same time, in frames above and in seconds below; grey lost faces."""
        n_frames = len(self.timestamps)
        for ax in self.axes_:
            for first, last in self._gaps():
                ax.axvspan(*self._edges(first, last), color=_GAP_COLOUR, linewidth=0, zorder=0)
            ax.spines[["top", "right"]].set_visible(False)
            ax.tick_params(labelbottom=ax is self.axes_[-1])
        self.axes_[0].set_xlim(*self._edges(0, n_frames - 1))
        self.axes_[-1].set_xlabel("time in seconds")
        frames, times = np.arange(n_frames + 1), np.append(self.timestamps, self._end)
        top = self.axes_[0].secondary_xaxis(
            "top",
            functions=(
                lambda time: _interpolate(time, times, frames),
                lambda frame: _interpolate(frame, frames, times),
            ),
        )
        top.set_xlabel("frame")

    def _gaps(self):
        """Return the first and last frame of each run of frames without a face."""
        if self.valid is None:
            return []
        lost = np.concatenate([[0], ~np.asarray(self.valid, dtype=bool), [0]]).astype(int)
        edges = np.diff(lost)
        return zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1)

    def _edges(self, first, last):
        """Return when the first frame appears and the last one disappears."""
        after = last + 1 < len(self.timestamps)
        return self.timestamps[first], self.timestamps[last + 1] if after else self._end

    @property
    def _end(self):
        """When the last frame disappears: it is taken to be as long as most are."""
        several = len(self.timestamps) > 1
        return self.timestamps[-1] + (np.median(np.diff(self.timestamps)) if several else 1.0)


def _interpolate(x, points, values):
    """Interpolate linearly between increasing points, and go on evenly beyond their ends."""
    slope = (values[-1] - values[0]) / (points[-1] - points[0])
    x = np.asarray(x, dtype=np.float64)
    beyond = x - np.clip(x, points[0], points[-1])
    return np.interp(x, points, values) + slope * beyond


def _run_transformers(estimator, video):
    """Return the aligned video and the features that a fitted pipeline makes of one video."""
    if not hasattr(estimator, "steps"):
        raise TypeError(
            "SpottingDisplay.from_estimator needs a fitted Pipeline of FaceAligner, SWMROFlow and "
            f"SpotFormerClassifier, got {type(estimator).__name__}; for other spotters use "
            "from_predictions."
        )
    videos = [video]
    aligned = video if hasattr(video, "timestamps") else None
    for _, step in estimator.steps[:-1]:
        videos = step.transform(videos)
        if videos[0] is None:
            raise ValueError(
                "The video could not be read or shows no face, as the warning says; there is "
                "nothing to draw."
            )
        if hasattr(videos[0], "timestamps"):
            aligned = videos[0]
    if aligned is None:
        raise TypeError(
            "The times of the frames are not known: no step of the pipeline is a FaceAligner, and "
            f"the video is no AlignedVideo but {type(video).__name__}."
        )
    return aligned, videos[0]
