"""The timeline of one video: scores, true and predicted intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skspot.faces import strongest_displacement
from skspot.inspection._drawing import CLASS_COLOURS, GAP_COLOUR, LEGEND, draw_time, gaps
from skspot.intervals import CLASSES, check_intervals
from skspot.spotting import SpottingResult, spot
from skspot.utils._typing import IntervalTable, VideoLike
from skspot.utils.validation import check_frame_scores, check_n_frames
from skspot.video import AlignedVideo, FrameTimes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from skspot.neural_network import FrameScores

_SCORE_STYLES = {
    "apex": {"linewidth": 1.6, "linestyle": "-"},
    "expression": {"linewidth": 1.0, "linestyle": "--"},
    "onset": {"linewidth": 0.8, "linestyle": ":", "color": "0.25"},
    "offset": {"linewidth": 0.8, "linestyle": "-.", "color": "0.5"},
}
_PART_STYLES = {
    "eyebrows": {"linewidth": 1.2, "linestyle": "-", "color": "0.15"},
    "mouth": {"linewidth": 1.2, "linestyle": "--", "color": "0.5"},
}
_LANES = (("macro", "true"), ("macro", "predicted"), ("micro", "true"), ("micro", "predicted"))


class SpottingDisplay:
    """Timeline of one video: intervals of both classes above what they come from.

    Below the intervals are the displacement of the eyebrows and the mouth from the neutral face,
    and the scores of each class, as far as they are known.

    Make one with `from_estimator`, `from_result` or `from_predictions`.

    Parameters
    ----------
    true : ndarray of dtype `INTERVAL_DTYPE` or None
        The annotated intervals; None if they are not known.
    predicted : ndarray of dtype `PREDICTION_DTYPE` or `INTERVAL_DTYPE`
        The predicted intervals.
    timestamps : array of shape (n_frames,)
        Time of each frame in seconds.
    scores : FrameScores or structured array of shape (n_frames,), default=None
        What `SpotFormerClassifier.predict_scores` returns for the video.
    displacement : array of shape (n_frames, n_nodes, 2), default=None
        How far each node is from its place in the neutral face, in pixels of the normalised face.
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
        The intervals, the displacement from the neutral face and the scores of each class.

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

    figure_: Figure
    ax_: Axes
    axes_: list[Axes]

    def __init__(
        self,
        true: IntervalTable | None,
        predicted: IntervalTable,
        *,
        timestamps: ArrayLike,
        scores: FrameScores | NDArray[np.void] | None = None,
        displacement: ArrayLike | None = None,
        valid: ArrayLike | None = None,
        name: str = "",
    ):
        self.true = true
        self.predicted = predicted
        self.timestamps = timestamps
        self.scores = scores
        self.displacement = displacement
        self.valid = valid
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        video: VideoLike | AlignedVideo,
        y_true: IntervalTable | None = None,
        *,
        name: str | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Spot the expressions of a video and draw them.

        Parameters
        ----------
        estimator : fitted Pipeline or spotter
            What `skspot.spot` takes.
        video : path, array or AlignedVideo
            One video, of the kind that the estimator takes.
        y_true : ndarray of dtype `INTERVAL_DTYPE`, default=None
            The annotated intervals, if they are known.
        name : str, default=None
            Name of the video, for the title; None uses that of its file.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : SpottingDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If the estimator does not predict, or the times of the frames are not known.
        """
        (result,) = spot(estimator, [video])
        return cls.from_result(result, y_true, name=name, ax=ax)

    @classmethod
    def from_result(
        cls,
        result: SpottingResult,
        y_true: IntervalTable | None = None,
        *,
        name: str | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Draw what `skspot.spot` returned for a video.

        Parameters
        ----------
        result : SpottingResult
            The result for the video.
        y_true : ndarray of dtype `INTERVAL_DTYPE`, default=None
            The annotated intervals, if they are known.
        name : str, default=None
            Name of the video, for the title; None uses that of its file.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : SpottingDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If the times of the frames are not known: the video is not aligned, and not made of
            features with times either.
        ValueError
            If annotated intervals reach beyond the video.
        """
        if result.times is None:
            raise TypeError(
                f"The times of the frames of {result.name} are not known, because no step of the "
                "spotter makes an AlignedVideo or FlowFeatures; use from_predictions with "
                "timestamps."
            )
        source = result.features if result.aligned is None else result.aligned
        return cls.from_predictions(
            y_true,
            result.intervals,
            scores=result.scores,
            displacement=result.displacement,
            timestamps=result.times.timestamps,
            valid=getattr(source, "valid", None),
            name=result.name if name is None else name,
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: IntervalTable | None,
        y_pred: IntervalTable,
        *,
        timestamps: ArrayLike,
        scores: FrameScores | NDArray[np.void] | None = None,
        displacement: ArrayLike | None = None,
        valid: ArrayLike | None = None,
        name: str = "",
        ax: Axes | None = None,
    ) -> Self:
        """Draw intervals that are known already.

        Parameters
        ----------
        y_true : ndarray of dtype `INTERVAL_DTYPE` or None
            The annotated intervals of the video; None if they are not known.
        y_pred : ndarray of dtype `PREDICTION_DTYPE` or `INTERVAL_DTYPE`
            The predicted intervals.
        timestamps : array of shape (n_frames,)
            Time of each frame in seconds.
        scores : FrameScores or structured array of shape (n_frames,), default=None
            What `SpotFormerClassifier.predict_scores` returns for the video.
        displacement : array of shape (n_frames, n_nodes, 2), default=None
            What `FlowFeatures.displacement_from_neutral` returns for the video.
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
        TypeError
            If `y_true` or `y_pred` is not an interval table, or `scores` lacks fields of
            `FRAME_SCORE_DTYPE`.
        ValueError
            If intervals reach beyond the timestamps, scores or `valid` have another length, or the
            timestamps do not increase.
        """
        n_frames = len(FrameTimes(timestamps))
        for table, what in ((y_true, "y_true"), (y_pred, "y_pred")):
            if table is not None or what == "y_pred":
                check_intervals(table, n_frames=n_frames, allow_overlap=True, name=what)
        if scores is not None:
            check_frame_scores(scores, n_frames, of="timestamps")
        if displacement is not None:
            check_n_frames(displacement, n_frames, name="displacement", of="timestamps")
        if valid is not None:
            check_n_frames(valid, n_frames, name="valid", of="timestamps")
        display = cls(
            y_true,
            y_pred,
            timestamps=timestamps,
            scores=scores,
            displacement=displacement,
            valid=valid,
            name=name,
        )
        return display.plot(ax=ax)

    def plot(self, *, ax: Axes | None = None) -> Self:
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
            height = 2.2 + 1.6 * (len(self._panels) - 1)
            _, ax = plt.subplots(figsize=(11, height), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        self.axes_ = self._divide(ax)
        times = FrameTimes(self.timestamps)
        for panel, panel_ax in zip(self._panels, self.axes_):
            if panel == "intervals":
                self._draw_intervals(panel_ax, times)
            elif panel == "displacement":
                self._draw_displacement(panel_ax)
            else:
                self._draw_scores(panel_ax, panel)
        draw_time(self.axes_, times, self.valid)
        return self

    def _divide(self, ax):
        """Return the axes of the intervals and, below them, those of the scores."""
        ax.set_axis_off()
        if self.name:
            ax.set_title(self.name, pad=34)
        n_panels = len(self._panels)
        pitch = 1 / n_panels
        height = pitch if n_panels == 1 else 0.88 * pitch
        top = ax.inset_axes([0, 1 - height, 1, height])
        rest = [1 - height - k * pitch for k in range(1, n_panels)]
        return [top, *(ax.inset_axes([0, low, 1, height], sharex=top) for low in rest)]

    @property
    def _panels(self):
        """What is drawn, from the top."""
        displacement = [] if self.displacement is None else ["displacement"]
        return ["intervals", *displacement, *([] if self.scores is None else CLASSES)]

    def _draw_intervals(self, ax, times):
        """Draw one lane per class for the truth, if it is known, and for the prediction."""
        tables = {"true": self.true, "predicted": self.predicted}
        lanes = [lane for lane in _LANES if tables[lane[1]] is not None]
        for height, (label, kind) in enumerate(reversed(lanes)):
            table = tables[kind]
            for interval in table[table["label"] == label]:
                _draw_interval(ax, times, interval, height, kind)
        ax.set_yticks(range(len(lanes)), [" ".join(lane) for lane in reversed(lanes)])
        ax.set_ylim(-0.6, len(lanes) - 0.4)
        ax.tick_params(axis="y", length=0)
        self._draw_key(ax)

    def _draw_key(self, ax):
        """Explain the black ticks and the grey areas."""
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        apex = {"linestyle": "", "marker": "|", "markersize": 5, "markeredgewidth": 1.4}
        handles = [Line2D([], [], color="black", label="apex", **apex)]
        if gaps(self.valid):
            handles.append(Patch(color=GAP_COLOUR, label="no face"))
        ax.legend(handles=handles, **LEGEND)

    def _draw_displacement(self, ax):
        """Draw how far the eyebrows and the mouth are from neutral: their strongest nodes."""
        for part, sizes in strongest_displacement(self.displacement).items():
            ax.plot(self.timestamps, sizes, label=part, **_PART_STYLES[part])
        ax.set_ylim(bottom=0)
        ax.set_ylabel("from neutral\nin pixels")
        ax.legend(**LEGEND)

    def _draw_scores(self, ax, label):
        for kind, style in _SCORE_STYLES.items():
            scores = self.scores[f"{label}_{kind}"]
            ax.plot(self.timestamps, scores, label=kind, **{"color": CLASS_COLOURS[label], **style})
        ax.set_ylim(-0.03, 1.03)
        ax.set_ylabel(f"{label}\nscores")
        ax.legend(**LEGEND)


def _draw_interval(ax, times, interval, height, kind):
    start, end = times.start(interval["onset"]), times.end(interval["offset"])
    colour = CLASS_COLOURS[interval["label"]]
    style = (
        {"facecolor": colour} if kind == "predicted" else {"facecolor": "white", "hatch": "////"}
    )
    # The border keeps intervals of a long video visible, however few pixels wide.
    ax.barh(height, end - start, 0.66, left=start, edgecolor=colour, linewidth=1, **style)
    apex = times.start(interval["apex"])
    ax.plot([apex, apex], [height + 0.36, height + 0.48], color="black", linewidth=1.4)
