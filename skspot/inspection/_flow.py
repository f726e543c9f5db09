"""The motion of the nodes, over time and on the face."""

from __future__ import annotations

from itertools import islice
from numbers import Integral
from textwrap import fill
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skspot.faces import PART_SIZES, node_centres
from skspot.inspection._drawing import (
    COMPONENTS,
    divide_into_parts,
    draw_arrows,
    draw_curves,
    draw_marks,
    draw_time,
    node_colours,
)
from skspot.intervals import check_intervals
from skspot.preprocessing import FlowFeatures, FlowLayout, SWMROFlow
from skspot.spotting import spot
from skspot.utils._typing import IntervalTable, MaybeNone, Resolution, VideoLike
from skspot.utils.validation import check_frame_number, check_n_frames
from skspot.video import AlignedVideo, FrameTimes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


_TITLE_WIDTH = 70  # characters


class FaceView(NamedTuple):
    """One frame of a video with the nodes.

    Attributes
    ----------
    frame : int
        The frame around which the window lies.
    shown : int
        The frame that is shown: that from which the motion starts.
    image : uint8 array of shape (height, width)
        The frame, grey, with the scaled face.
    centres : array of shape (n_nodes, 2)
        The centres of the nodes in pixels of the image.
    """

    frame: int
    shown: int
    image: np.ndarray
    centres: np.ndarray


class FlowDisplay:
    """The motion that `SWMROFlow` measures: of each node over time, and on the face.

    Make one with `from_estimator`, `from_video` or `from_features`.

    For each frame, features hold the displacements of the nodes between pairs of frames in a window
    around it. The display shows one such pair: at frame i, the curves show the displacement that
    the window around frame i holds for it. The title says between which frames, and how far apart
    in time they are: "from frame i to frame i + 8 (267 ms)". The arrows on the face are this
    displacement for one frame, which a line marks in the curves. For the resolution "neutral", they
    lead from the places of the nodes in the neutral face to those in the frame.

    Parameters
    ----------
    motion : array of shape (n_frames, n_nodes, 2)
        Displacement (dx, dy) of each node, for the window around each frame, in pixels of the
        scaled face; dx points to the right of the image, dy downwards. NaN where nothing is
        known.
    layout : FlowLayout
        The layout of the features: nodes, frame rate, positions of the window.
    position : int
        The position in the window.
    resolution : "window", "neutral" or int
        The resolution.
    timestamps : array of shape (n_frames,)
        Time of each frame in seconds.
    component : {"magnitude", "dx", "dy"}, default="magnitude"
        What the curves show.
    intervals : ndarray of dtype `INTERVAL_DTYPE` or `PREDICTION_DTYPE`, default=None
        Intervals to shade, if there are any.
    valid : bool array of shape (n_frames,), default=None
        Frames that show a face; the others are greyed.
    name : str, default=""
        Name of the video, for the title.
    face : tuple (frame, shown, image, centres), default=None
        For the arrows: the frame around which their window lies, the number of the frame that is
        shown, its grey image (height, width), and the centres of the nodes in it, (n_nodes, 2).
        None draws the curves alone.

    Attributes
    ----------
    pair : tuple of (int, int)
        From which frame to which the displacements are, counted from the frame of the window.
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        The axes that hold the display.
    axes_ : list of matplotlib Axes
        The curves of each facial part, from top to bottom.
    face_ax_ : matplotlib Axes or None
        The face.

    See Also
    --------
    RegionsDisplay : Shows the regions whose motion is measured.
    SpottingDisplay : Shows what is spotted in a video.

    Examples
    --------
    >>> from skspot.datasets import make_expression_videos
    >>> from skspot.inspection import FlowDisplay
    >>> from skspot.preprocessing import FaceAligner
    >>> data = make_expression_videos(1, videos_per_subject=1, n_frames=60, random_state=0)
    >>> (aligned,) = FaceAligner("template").transform(data.videos)
    >>> display = FlowDisplay.from_video(aligned, data.intervals[0])
    >>> display.motion.shape, display.pair
    ((60, 10, 2), (0, 8))
    >>> len(display.axes_), display.axes_[-1].get_xlabel()
    (3, 'time in seconds')
    """

    figure_: Figure
    ax_: Axes
    axes_: list[Axes]
    face_ax_: Axes | MaybeNone

    def __init__(
        self,
        motion: NDArray[Any],
        *,
        layout: FlowLayout,
        position: int,
        resolution: Resolution,
        timestamps: ArrayLike,
        component: Literal["magnitude", "dx", "dy"] = "magnitude",
        intervals: IntervalTable | None = None,
        valid: ArrayLike | None = None,
        name: str = "",
        face: FaceView | None = None,
    ):
        self.motion = motion
        self.layout = layout
        self.position = position
        self.resolution = resolution
        self.timestamps = timestamps
        self.component = component
        self.intervals = intervals
        self.valid = valid
        self.name = name
        self.face = face

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        video: VideoLike | AlignedVideo,
        intervals: IntervalTable | None = None,
        *,
        frame: int | None = None,
        resolution: Resolution | None = None,
        position: int | None = None,
        component: Literal["magnitude", "dx", "dy"] = "magnitude",
        name: str | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Draw the motion that a pipeline measures in a video.

        Parameters
        ----------
        estimator : fitted Pipeline
            A pipeline with `SWMROFlow`.
        video : path, array or AlignedVideo
            One video, of the kind that the pipeline takes.
        intervals : ndarray of dtype `INTERVAL_DTYPE` or `PREDICTION_DTYPE`, default=None
            Annotated or predicted intervals to shade.
        frame : int, default=None
            The frame whose window is drawn on the face. None uses the one with the most motion.
        resolution : "window", "neutral" or int, default=None
            Which of the `resolutions` of `SWMROFlow` is drawn; None is the first.
        position : int, default=None
            Which position of the window is drawn; negative ones count from its end. None is the
            last one of "window", and the middle one of the others.
        component : {"magnitude", "dx", "dy"}, default="magnitude"
            What the curves show.
        name : str, default=None
            Name of the video, for the title; None uses that of its file.
        ax : matplotlib Axes, default=None
            Where to draw, about 14 x 6 inches with a face; None makes a new figure.

        Returns
        -------
        display : FlowDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If the estimator has no `SWMROFlow`, or `frame` is not a whole number.
        ValueError
            As for `from_video`.
        """
        _check_component(component)  # before any work
        (result,) = spot(estimator, [video])
        if result.features is None:
            raise TypeError(
                "FlowDisplay.from_estimator needs a Pipeline with SWMROFlow, got "
                f"{type(estimator).__name__} without features; FlowDisplay.from_video needs no "
                "Pipeline."
            )
        return cls.from_features(
            result.features,
            intervals,
            aligned=result.aligned,
            frame=frame,
            resolution=resolution,
            position=position,
            component=component,
            name=name,
            ax=ax,
        )

    @classmethod
    def from_video(
        cls,
        aligned: AlignedVideo,
        intervals: IntervalTable | None = None,
        *,
        flow: SWMROFlow | None = None,
        frame: int | None = None,
        resolution: Resolution | None = None,
        position: int | None = None,
        component: Literal["magnitude", "dx", "dy"] = "magnitude",
        name: str | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Measure the motion in an aligned video and draw it.

        Parameters
        ----------
        aligned : AlignedVideo
            The video.
        intervals : ndarray of dtype `INTERVAL_DTYPE` or `PREDICTION_DTYPE`, default=None
            Annotated or predicted intervals to shade.
        flow : SWMROFlow, default=None
            Measures the motion; None is ``SWMROFlow()``.
        frame : int, default=None
            The frame whose window is drawn on the face. None uses the one with the most motion.
        resolution : "window", "neutral" or int, default=None
            Which of the `resolutions` of `SWMROFlow` is drawn; None is the first.
        position : int, default=None
            Which position of the window is drawn; negative ones count from its end. None is the
            last one of "window", and the middle one of the others.
        component : {"magnitude", "dx", "dy"}, default="magnitude"
            What the curves show.
        name : str, default=None
            Name of the video, for the title; None uses that of its file.
        ax : matplotlib Axes, default=None
            Where to draw, about 14 x 6 inches with a face; None makes a new figure.

        Returns
        -------
        display : FlowDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If `aligned` is not an aligned video, `flow` not a `SWMROFlow` or `frame` not a whole
            number.
        ValueError
            If there is no such frame, resolution, position or component, no motion is known in the
            window of the frame, or intervals reach beyond the video.
        """
        if not hasattr(aligned, "face_landmarks"):
            raise TypeError(
                f"FlowDisplay needs an AlignedVideo, got {type(aligned).__name__}; FaceAligner "
                "makes one from a video."
            )
        flow = SWMROFlow() if flow is None else flow
        if not isinstance(flow, SWMROFlow):
            raise TypeError(f"flow must be a SWMROFlow, got {type(flow).__name__}: {flow!r:.80}.")
        (features,) = flow.transform([aligned])
        if features is None:
            raise ValueError(
                f"Feature extraction failed for {aligned.name}, as the warning says; there is "
                "nothing to draw."
            )
        return cls.from_features(
            features,
            intervals,
            aligned=aligned,
            frame=frame,
            resolution=resolution,
            position=position,
            component=component,
            name=name,
            ax=ax,
        )

    @classmethod
    def from_features(
        cls,
        features: FlowFeatures,
        intervals: IntervalTable | None = None,
        *,
        aligned: AlignedVideo | None = None,
        frame: int | None = None,
        resolution: Resolution | None = None,
        position: int | None = None,
        component: Literal["magnitude", "dx", "dy"] = "magnitude",
        name: str | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Draw features that are known already.

        Parameters
        ----------
        features : FlowFeatures
            The features of one video.
        intervals : ndarray of dtype `INTERVAL_DTYPE` or `PREDICTION_DTYPE`, default=None
            Annotated or predicted intervals to shade.
        aligned : AlignedVideo, default=None
            The video, to draw the face; None draws the curves alone.
        frame : int, default=None
            The frame whose window is drawn on the face. None uses the one with the most motion.
        resolution : "window", "neutral" or int, default=None
            Which of the `resolutions` of `SWMROFlow` is drawn; None is the first.
        position : int, default=None
            Which position of the window is drawn; negative ones count from its end. None is the
            last one of "window", and the middle one of the others.
        component : {"magnitude", "dx", "dy"}, default="magnitude"
            What the curves show.
        name : str, default=None
            Name of the video, for the title; None uses that of the features.
        ax : matplotlib Axes, default=None
            Where to draw, about 14 x 6 inches with a face; None makes a new figure.

        Returns
        -------
        display : FlowDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If `features` are not `FlowFeatures`, `intervals` is not an interval table, or `frame`
            is not a whole number.
        ValueError
            If there is no such frame, resolution, position or component, no motion is known in the
            window of the frame, or `aligned` or intervals are those of another video.
        """
        if not isinstance(features, FlowFeatures):
            raise TypeError(
                "FlowDisplay needs the FlowFeatures that SWMROFlow makes, got "
                f"{type(features).__name__}; a plain array does not say between which frames its "
                "displacements are."
            )
        layout = features.layout
        position, resolution = _choose_displacement(layout, position, resolution)
        _check_component(component)
        if intervals is not None:
            check_intervals(intervals, n_frames=len(features), allow_overlap=True)
        if aligned is not None:
            check_n_frames(features, len(aligned), name="features", of=aligned.name)
            if frame is not None:
                frame = check_frame_number(frame, len(aligned), of=aligned.name)
        display = cls(
            _motion_of(features, position, resolution),
            layout=layout,
            position=position,
            resolution=resolution,
            timestamps=features.timestamps,
            component=component,
            intervals=intervals,
            valid=features.valid,
            name=features.name if name is None else name,
        )
        if aligned is not None:
            display.face = _view_face(aligned, display, frame)
        return display.plot(ax=ax)

    @property
    def pair(self) -> tuple[int, int]:
        """From which frame to which the displacements are, counted from the frame of the window."""
        number = self.layout.resolutions.index(self.resolution)
        return tuple(self.layout.pairs[self.position, number].tolist())

    def plot(self, *, ax: Axes | None = None) -> Self:
        """Draw the curves, and the face if there is one.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw, about 14 x 6 inches with a face; None makes a new figure.

        Returns
        -------
        display : FlowDisplay
            The display itself.
        """
        import matplotlib.pyplot as plt

        nodes = self.layout.nodes
        if ax is None:
            size = (9 if self.face is None else 14, 1.8 * len(PART_SIZES[nodes]) + 0.4)
            _, ax = plt.subplots(figsize=size, layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        ax.set_axis_off()
        ax.set_title(self._title(), pad=40)
        times = FrameTimes(self.timestamps)
        self.axes_ = divide_into_parts(ax, nodes, left=0 if self.face is None else 0.42)
        draw_curves(self.axes_, self.timestamps, self.motion, nodes, self.component)
        draw_time(self.axes_, times, self.valid)
        self.face_ax_, frame = None, None
        if self.face is not None:
            frame, shown, image, centres = self.face
            self.face_ax_ = ax.inset_axes([0, 0, 0.34, 1])
            draw_arrows(self.face_ax_, image, centres, self.motion[frame], node_colours(nodes))
            around = "" if shown == frame else f", window around frame {frame}"
            self.face_ax_.set_title(f"frame {shown}{around}", fontsize="medium")
        draw_marks(self.axes_, times, self.intervals, frame, self.valid)
        return self

    def _title(self):
        first, last = self.pair
        start, end = (f"i {'+' if k > 0 else '-'} {abs(k)}" if k else "i" for k in (first, last))
        name = f"{self.name}: " if self.name else ""
        if self.resolution == "neutral":
            what = f"{name}displacement from the neutral face,"
            return f"{fill(what, _TITLE_WIDTH)}\nin frame {end}; {self.component} in px"
        milliseconds = 1000 * abs(last - first) / self.layout.fps
        return (
            f"{fill(name + 'motion in the window around frame i,', _TITLE_WIDTH)}\n"
            f"from frame {start} to frame {end} ({milliseconds:.0f} ms); {self.component} in px"
        )


def _check_component(component):
    if component not in COMPONENTS:
        raise ValueError(f"component must be one of {list(COMPONENTS)}, got {component!r}.")


def _choose_displacement(layout, position, resolution):
    """Return the position in a window, and the resolution, that are drawn."""
    resolutions = list(layout.resolutions)
    if resolution is None:
        resolution = resolutions[0]
    if resolution not in resolutions:
        raise ValueError(
            f"resolution must be one of those of the features, {resolutions}, got {resolution!r}."
        )
    n_positions = layout.window_length - 1
    if position is None:
        position = -1 if resolution == "window" else n_positions // 2
    if not isinstance(position, Integral) or not -n_positions <= position < n_positions:
        raise ValueError(
            f"A window of {layout.window_length} frames has the positions 0 to {n_positions - 1}, "
            f"or -{n_positions} to -1 from its end; got position={position!r}."
        )
    return int(position) % n_positions, resolution


def _motion_of(features, position, resolution):
    """Return one displacement of every window, (n_frames, n_nodes, 2)."""
    first = 2 * features.layout.resolutions.index(resolution)
    parts = [block[:, position, :, first : first + 2].copy() for block in features.blocks()]
    return np.concatenate(parts)


def _view_face(aligned, display, frame=None):
    """Return the face where the motion of a window starts; by default where there is most of it."""
    motion = display.motion
    ends = np.arange(len(motion))[:, None] + display.pair
    start, end = np.clip(ends, 0, len(motion) - 1).T
    landmarks = np.isfinite(aligned.landmarks).all(axis=(1, 2))
    known = np.isfinite(motion).all(axis=(1, 2)) & landmarks[start] & landmarks[end]
    frame = _choose_frame(frame, known, motion, aligned.name)
    shown = int(start[frame])
    centres = node_centres(aligned.face_landmarks[shown], display.layout.nodes)
    if display.resolution == "neutral":  # the arrows end at the nodes
        centres = centres - motion[frame]
    return FaceView(frame, shown, next(islice(iter(aligned), shown, None)), centres)


def _choose_frame(frame, known, motion, name):
    """Return the frame, by default that with the most motion; refuse one without."""
    if not known.any():
        raise ValueError(f"{name}: no motion is known in any of its windows; there is no arrow.")
    if frame is None:
        size = np.linalg.norm(motion, axis=-1).mean(axis=-1)
        return int(np.where(known, size, -1).argmax())
    if not known[frame]:
        nearest = np.flatnonzero(known)[np.abs(np.flatnonzero(known) - frame).argmin()]
        raise ValueError(
            f"The motion drawn for frame {frame} of {name} is not known, because the face is not "
            f"visible; the nearest frame where it is known is {nearest}."
        )
    return frame
