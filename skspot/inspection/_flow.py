"""The motion of the nodes, over time and on the face."""

from itertools import islice
from numbers import Integral
from textwrap import fill
from typing import NamedTuple

import numpy as np

from skspot.faces import NODE_SETS, PART_SIZES, node_centres
from skspot.inspection._drawing import (
    COMPONENTS,
    divide_into_parts,
    draw_arrows,
    draw_curves,
    draw_marks,
    draw_time,
    node_colours,
)
from skspot.inspection._pipelines import run_transformers
from skspot.intervals import check_intervals
from skspot.preprocessing import SWMROFlow
from skspot.preprocessing.flow import window_pairs
from skspot.utils.validation import check_frame_number, check_n_frames
from skspot.video import FrameTimes

_TITLE_WIDTH = 70  # characters


class FaceView(NamedTuple):
    """One frame of a video with the nodes.

    Attributes
    ----------
    frame : int
        The frame around which the window lies.
    shown : int
        The frame that the picture shows: that from which the motion starts.
    picture : uint8 array of shape (height, width)
        The frame, grey, with the face at its normalised size.
    centres : array of shape (n_nodes, 2)
        The centres of the nodes in pixels of the picture.
    """

    frame: int
    shown: int
    picture: np.ndarray
    centres: np.ndarray


class FlowDisplay:
    """What `SWMROFlow` sees: the motion of each node over time, and on the face.

    Make one with `from_estimator`, `from_video` or `from_features`.

    For each frame, features hold the displacements of the nodes between pairs of frames in a window
    around it. One such pair is drawn: the curves show, at frame i, the displacement that the window
    around frame i holds for it, and the title says from which frame to which it is, such as "from
    frame i to frame i + 8". The arrows on the face are this displacement for one frame, which a
    line marks in the curves.

    Parameters
    ----------
    motion : array of shape (n_frames, n_nodes, 2)
        Displacement (dx, dy) of each node, for the window around each frame, in pixels of the
        normalised face; dx points to the right of the picture, dy downwards. NaN where nothing is
        known.
    timestamps : array of shape (n_frames,)
        Time of each frame in seconds.
    pair : tuple of (int, int)
        From which frame to which the displacements are, counted from the frame of the window.
    nodes : {"paper", "extended"}, default="paper"
        The node set.
    component : {"magnitude", "dx", "dy"}, default="magnitude"
        What the curves show.
    intervals : ndarray of dtype `INTERVAL_DTYPE` or `PREDICTION_DTYPE`, default=None
        Intervals to shade, if there are any.
    valid : bool array of shape (n_frames,), default=None
        Frames that show a face; the others are greyed.
    name : str, default=""
        Name of the video, for the title.
    face : tuple (frame, shown, picture, centres), default=None
        For the arrows: the frame around which their window lies, the number of the frame that is
        shown, its grey picture (height, width), and the centres of the nodes in it, (n_nodes, 2).
        None draws the curves alone.

    Attributes
    ----------
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

    def __init__(
        self,
        motion,
        *,
        timestamps,
        pair,
        nodes="paper",
        component="magnitude",
        intervals=None,
        valid=None,
        name="",
        face=None,
    ):
        self.motion = motion
        self.timestamps = timestamps
        self.pair = pair
        self.nodes = nodes
        self.component = component
        self.intervals = intervals
        self.valid = valid
        self.name = name
        self.face = face

    @classmethod
    def from_estimator(
        cls,
        estimator,
        video,
        intervals=None,
        *,
        frame=None,
        resolution=None,
        position=None,
        component="magnitude",
        name=None,
        ax=None,
    ):
        """Draw what a pipeline sees of a video.

        Parameters
        ----------
        estimator : fitted Pipeline
            Its last steps are `SWMROFlow` and a spotter; the spotter is not used.
        video : path, array or AlignedVideo
            One video, of the kind that the pipeline takes.
        intervals : ndarray of dtype `INTERVAL_DTYPE` or `PREDICTION_DTYPE`, default=None
            Annotated or predicted intervals to shade.
        frame : int, default=None
            The frame whose window is drawn on the face. None takes the one with the most motion.
        resolution : "window" or int, default=None
            Which of the flow's `resolutions` is drawn; None is the first.
        position : int, default=None
            Which position of the window is drawn; negative ones count from its end. None is the
            last one of "window", and the middle one of a lag.
        component : {"magnitude", "dx", "dy"}, default="magnitude"
            What the curves show.
        name : str, default=None
            Name of the video, for the title; None takes that of its file.
        ax : matplotlib Axes, default=None
            Where to draw, about 14 x 6 inches with a face; None makes a new figure.

        Returns
        -------
        display : FlowDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If the estimator is no pipeline, its step before the spotter is no `SWMROFlow`, or none
            of its steps makes an aligned video.
        ValueError
            As for `from_video`.
        """
        flow = _flow_of(estimator)
        _check_choice(flow, resolution, position, component)
        aligned, features = run_transformers(cls, estimator, video)
        display = cls._from_aligned(
            aligned,
            features,
            flow,
            frame,
            intervals=intervals,
            resolution=resolution,
            position=position,
            component=component,
            name=name,
        )
        return display.plot(ax=ax)

    @classmethod
    def from_video(
        cls,
        aligned,
        intervals=None,
        *,
        flow=None,
        frame=None,
        resolution=None,
        position=None,
        component="magnitude",
        name=None,
        ax=None,
    ):
        """Measure the motion in an aligned video and draw it.

        Parameters
        ----------
        aligned : AlignedVideo
            The video.
        intervals : ndarray of dtype `INTERVAL_DTYPE` or `PREDICTION_DTYPE`, default=None
            Annotated or predicted intervals to shade.
        flow : SWMROFlow, default=None
            What measures the motion; None is ``SWMROFlow()``.
        frame : int, default=None
            The frame whose window is drawn on the face. None takes the one with the most motion.
        resolution : "window" or int, default=None
            Which of the flow's `resolutions` is drawn; None is the first.
        position : int, default=None
            Which position of the window is drawn; negative ones count from its end. None is the
            last one of "window", and the middle one of a lag.
        component : {"magnitude", "dx", "dy"}, default="magnitude"
            What the curves show.
        name : str, default=None
            Name of the video, for the title; None takes that of its file.
        ax : matplotlib Axes, default=None
            Where to draw, about 14 x 6 inches with a face; None makes a new figure.

        Returns
        -------
        display : FlowDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If `aligned` is no aligned video, `flow` no `SWMROFlow` or `frame` no whole number.
        ValueError
            If there is no such frame, resolution, position or component, no motion is known in the
            window of the frame, or intervals reach beyond the video.
        """
        if not hasattr(aligned, "face_landmarks"):
            raise TypeError(
                f"FlowDisplay needs an AlignedVideo, got {type(aligned).__name__}; FaceAligner "
                "makes one from a video."
            )
        flow = _check_flow(flow)
        _check_choice(flow, resolution, position, component)
        (features,) = flow.transform([aligned])
        if features is None:
            raise ValueError(
                f"{aligned.name} could not be turned into features, as the warning says; there is "
                "nothing to draw."
            )
        display = cls._from_aligned(
            aligned,
            features,
            flow,
            frame,
            intervals=intervals,
            resolution=resolution,
            position=position,
            component=component,
            name=name,
        )
        return display.plot(ax=ax)

    @classmethod
    def from_features(
        cls,
        features,
        intervals=None,
        *,
        timestamps,
        flow=None,
        resolution=None,
        position=None,
        component="magnitude",
        valid=None,
        name="",
        ax=None,
    ):
        """Draw features that are known already; without a video there is no face.

        Parameters
        ----------
        features : array of shape (n_frames, window_length - 1, n_nodes, n_channels)
            What `SWMROFlow.transform` returns for one video.
        intervals : ndarray of dtype `INTERVAL_DTYPE` or `PREDICTION_DTYPE`, default=None
            Annotated or predicted intervals to shade.
        timestamps : array of shape (n_frames,)
            Time of each frame in seconds.
        flow : SWMROFlow, default=None
            What made the features; None is ``SWMROFlow()``.
        resolution : "window" or int, default=None
            Which of the flow's `resolutions` is drawn; None is the first.
        position : int, default=None
            Which position of the window is drawn; negative ones count from its end. None is the
            last one of "window", and the middle one of a lag.
        component : {"magnitude", "dx", "dy"}, default="magnitude"
            What the curves show.
        valid : bool array of shape (n_frames,), default=None
            Frames that show a face; the others are greyed.
        name : str, default=""
            Name of the video, for the title.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : FlowDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If `flow` is no `SWMROFlow` or `intervals` no interval table.
        ValueError
            If the features are not of the shape that `flow` makes, timestamps or `valid` have
            another length, intervals reach beyond the video, or there is no such resolution,
            position or component.
        """
        flow = _check_flow(flow)
        _check_choice(flow, resolution, position, component)
        display = cls._from_features(
            features,
            flow,
            intervals=intervals,
            resolution=resolution,
            position=position,
            component=component,
            timestamps=timestamps,
            valid=valid,
            name=name,
        )
        return display.plot(ax=ax)

    @classmethod
    def _from_aligned(cls, aligned, features, flow, frame, *, name, **options):
        """Return the display with a face, not yet drawn."""
        display = cls._from_features(
            features,
            flow,
            timestamps=aligned.timestamps,
            valid=aligned.valid,
            name=aligned.name if name is None else name,
            **options,
        )
        display.face = _view_face(aligned, display.motion, display.pair, flow.nodes, frame)
        return display

    @classmethod
    def _from_features(cls, features, flow, *, intervals, resolution, position, **options):
        """Return the display of the chosen displacement, not yet drawn."""
        pair, index = _choose_pair(flow, resolution, position)
        motion = _take_motion(features, flow, index)
        display = cls(motion, pair=pair, nodes=flow.nodes, intervals=intervals, **options)
        n_frames = len(FrameTimes(display.timestamps))
        check_n_frames(motion, n_frames, name="features", of="timestamps")
        if display.valid is not None:
            check_n_frames(display.valid, n_frames, name="valid", of="timestamps")
        if intervals is not None:
            check_intervals(intervals, n_frames=len(motion), allow_overlap=True)
        return display

    def plot(self, *, ax=None):
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

        if ax is None:
            size = (9 if self.face is None else 14, 1.8 * len(PART_SIZES[self.nodes]) + 0.4)
            _, ax = plt.subplots(figsize=size, layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        ax.set_axis_off()
        ax.set_title(self._title(), pad=40)
        times = FrameTimes(self.timestamps)
        self.axes_ = divide_into_parts(ax, self.nodes, left=0 if self.face is None else 0.42)
        draw_curves(self.axes_, self.timestamps, self.motion, self.nodes, self.component)
        draw_time(self.axes_, times, self.valid)
        self.face_ax_, frame = None, None
        if self.face is not None:
            frame, shown, picture, centres = self.face
            self.face_ax_ = ax.inset_axes([0, 0, 0.34, 1])
            colours = node_colours(self.nodes)
            draw_arrows(self.face_ax_, picture, centres, self.motion[frame], colours)
            around = "" if shown == frame else f", window around frame {frame}"
            self.face_ax_.set_title(f"frame {shown}{around}", fontsize="medium")
        draw_marks(self.axes_, times, self.intervals, frame, self.valid)
        return self

    def _title(self):
        start, end = (f"i {'+' if k > 0 else '-'} {abs(k)}" if k else "i" for k in self.pair)
        name = f"{self.name}: " if self.name else ""
        return (
            f"{fill(name + 'motion seen around frame i,', _TITLE_WIDTH)}\n"
            f"from frame {start} to frame {end} ({self.component} in px)"
        )


def _check_flow(flow):
    """Return the flow, the default one for None; refuse what is no valid SWMROFlow."""
    if flow is None:
        return SWMROFlow()
    if not isinstance(flow, SWMROFlow):
        raise TypeError(f"flow must be a SWMROFlow, got {type(flow).__name__}: {flow!r:.80}.")
    return flow.fit()  # it is stateless: this checks its parameters alone


def _flow_of(estimator):
    """Return the SWMROFlow that makes what the last step of a pipeline takes."""
    steps = [step for _, step in getattr(estimator, "steps", [])]
    if len(steps) < 2 or not isinstance(steps[-2], SWMROFlow):
        got = " and ".join(type(step).__name__ for step in steps) or type(estimator).__name__
        raise TypeError(
            "FlowDisplay.from_estimator needs a fitted Pipeline whose last steps are SWMROFlow and "
            f"a spotter, got {got}; FlowDisplay.from_video needs no pipeline."
        )
    return steps[-2]


def _check_choice(flow, resolution, position, component):
    """Refuse, before any work, what can't be drawn."""
    _choose_pair(flow, resolution, position)
    if component not in COMPONENTS:
        raise ValueError(f"component must be one of {list(COMPONENTS)}, got {component!r}.")


def _choose_pair(flow, resolution=None, position=None):
    """Return which displacement of a window to draw.

    Parameters
    ----------
    flow : SWMROFlow
        What makes the features.
    resolution : "window", int or None
        One of its resolutions; None is the first.
    position : int or None
        A position of its window; None is the last one of "window", and the middle one of a lag.

    Returns
    -------
    pair : tuple of (int, int)
        From which frame to which it is, counted from the frame around which the window lies.
    index : tuple of (int, int)
        The position, and the number of the resolution.
    """
    resolutions = list(flow.resolutions)
    if resolution is None:
        resolution = resolutions[0]
    if resolution not in resolutions:
        raise ValueError(f"resolution must be one of the flow's {resolutions}, got {resolution!r}.")
    n_positions = flow.window_length - 1
    if position is None:
        position = -1 if resolution == "window" else n_positions // 2
    if not isinstance(position, Integral) or not -n_positions <= position < n_positions:
        raise ValueError(
            f"A window of {flow.window_length} frames has the positions 0 to {n_positions - 1}, "
            f"or -{n_positions} to -1 from its end; got position={position!r}."
        )
    index = int(position) % n_positions, resolutions.index(resolution)
    pairs = window_pairs(flow.window_length, flow.spacing, flow.resolutions, flow.reference)
    return tuple(pairs[index].tolist()), index


def _take_motion(features, flow, index):
    """Return the displacements of one pair of every window, (n_frames, n_nodes, 2)."""
    expected = flow.window_length - 1, len(NODE_SETS[flow.nodes]), 2 * len(flow.resolutions)
    if np.shape(features)[1:] != expected:
        raise ValueError(
            f"features must have the shape (n_frames, {', '.join(map(str, expected))}) for "
            f"window_length={flow.window_length}, nodes={flow.nodes!r} and "
            f"resolutions={flow.resolutions!r}, got {np.shape(features)}; give the SWMROFlow that "
            "made them as flow."
        )
    position, resolution = index
    return features[:, position, :, 2 * resolution : 2 * resolution + 2]


def _view_face(aligned, motion, pair, nodes, frame=None):
    """Return the face where the motion of a window starts; by default where there is most of it."""
    start, end = np.clip(np.arange(len(motion))[:, None] + pair, 0, len(motion) - 1).T
    landmarks = np.isfinite(aligned.landmarks).all(axis=(1, 2))
    known = np.isfinite(motion).all(axis=(1, 2)) & landmarks[start] & landmarks[end]
    frame = _choose_frame(frame, known, motion, aligned.name)
    shown = int(start[frame])
    return FaceView(
        frame,
        shown,
        next(islice(iter(aligned), shown, None)),
        node_centres(aligned.face_landmarks[shown], nodes),
    )


def _choose_frame(frame, known, motion, name):
    """Return the frame, by default that with the most motion; refuse one without."""
    if not known.any():
        raise ValueError(f"{name}: no motion is known in any of its windows; there is no arrow.")
    if frame is None:
        size = np.linalg.norm(motion, axis=-1).mean(axis=-1)
        return int(np.where(known, size, -1).argmax())
    frame = check_frame_number(frame, len(known), of=name)
    if not known[frame]:
        nearest = np.flatnonzero(known)[np.abs(np.flatnonzero(known) - frame).argmin()]
        raise ValueError(
            f"The motion drawn for frame {frame} of {name} is not known, because the face is not "
            f"seen; the nearest frame where it is known is {nearest}."
        )
    return frame
