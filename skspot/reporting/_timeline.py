"""The geometry of the timeline: lanes of intervals above the curves that they come from.

Along x it is in seconds, so that a stretch of time is shown by choosing the view box; along y it is
in pixels.
"""

import base64
import math
from dataclasses import dataclass, field

import numpy as np

from skspot.faces import strongest_displacement
from skspot.intervals import CLASSES

_CAPTION, _BAR, _PLOT, _SPACE, _AXIS = 18, 22, 72, 8, 26  # heights in pixels
_CURVES = ("apex", "expression")
_N_BINS = 1500  # of the curves drawn at first, each with its least and its greatest score
_N_TICKS = 4  # that find room in 400 pixels
_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30)
_STEPS += tuple(60 * step for step in (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440))


@dataclass
class Timeline:
    """What the page draws; see `make_timeline`.

    Attributes
    ----------
    times : FrameTimes
        When frames are shown.
    lanes : list of dict
        `caption`, `top` and `marks`: of each interval `start`, `length`, `apex` and its `row`.
    plots : list of dict
        `caption`, `top`, and `curves`: of each its `name`, its `style` and its path.
    gaps : list of (float, float)
        Start and length of each stretch without a face.
    height : int
        Of all in pixels, without the axis of time.
    """

    times: object
    lanes: list = field(default_factory=list)
    plots: list = field(default_factory=list)
    gaps: list = field(default_factory=list)
    height: int = 0
    bar: int = _BAR
    plot: int = _PLOT
    axis_height: int = _AXIS

    @property
    def end(self):
        """When the last frame disappears, in seconds; 1 for a single frame, of unknown length."""
        return float(self.times.ends[-1]) or 1.0

    @property
    def ticks(self):
        """The labelled times, in seconds."""
        return nice_ticks(self.end, _N_TICKS)


@dataclass
class Curves:
    """Curves of one plot.

    Attributes
    ----------
    caption : str
        What they show.
    values : dict of str to array of shape (n_frames,)
        From 0 to 1, by name.
    styles : dict of str to str
        Classes of the style sheet, by name.
    """

    caption: str
    values: dict
    styles: dict


def score_curves(scores):
    """Return the curves of the scores of each class."""
    return [
        Curves(
            f"{label.capitalize()}, scores from 0 to 1",
            {f"{label}_{kind}": scores[f"{label}_{kind}"] for kind in _CURVES},
            {f"{label}_{kind}": f"{label} {kind}" for kind in _CURVES},
        )
        for label in CLASSES
    ]


def displacement_curves(displacement):
    """Return the curves of the displacement (n_frames, n_nodes, 2) from the neutral face."""
    strongest = strongest_displacement(np.nan_to_num(displacement))
    # A smile moves the corners of the mouth by some ten pixels. Single errors may be larger.
    limit = max(2, math.ceil(np.percentile([*strongest.values()], 99.5)))
    return Curves(
        f"From neutral, 0 to {limit} pixels: eyebrows (line), mouth (dashed)",
        {f"from_neutral_{part}": np.clip(size / limit, 0, 1) for part, size in strongest.items()},
        {"from_neutral_eyebrows": "neutral apex", "from_neutral_mouth": "neutral expression"},
    )


def make_timeline(true, predicted, *, times, gaps=(), curves=()):
    """Return the timeline of one video.

    Parameters
    ----------
    true : interval table or None
        The annotated intervals, if they are known.
    predicted : interval table
        The intervals that were spotted.
    times : FrameTimes
        When frames are shown.
    gaps : list of (int, int)
        First and last frame of each stretch without a face.
    curves : list of Curves
        What is drawn below the intervals.

    Returns
    -------
    timeline : Timeline
        What the page draws.
    """
    timeline = Timeline(times, gaps=[_stretch(times, *gap) for gap in gaps])
    tables = {"annotated": true, "spotted": predicted}
    for label in CLASSES:
        for kind, table in tables.items():
            if table is not None:
                _add_lane(timeline, label, kind, table)
    for plot in curves:
        _add_plot(timeline, plot)
    return timeline


def packed_frames(times, scores, curves=()):
    """Return times, scores and curves of all frames as base64, to be read off the timeline.

    Returns
    -------
    packed : dict
        `times`, float32 seconds; `scores`, uint8 hundredths, one frame after the other; `fields`,
        the names of the scores and of the other curves of a frame.
    """
    edges = np.append(times.timestamps, times.ends[-1]).astype("<f4")
    values = {} if scores is None else {name: scores[name] for name in scores.dtype.names}
    for plot in curves:
        values |= plot.values
    fields = list(values)
    columns = [np.rint(100 * values[name]).astype(np.uint8) for name in fields]
    values = np.stack(columns, axis=1) if columns else np.zeros(0, dtype=np.uint8)
    return {
        "times": base64.b64encode(edges.tobytes()).decode(),
        "scores": base64.b64encode(values.tobytes()).decode(),
        "fields": fields,
    }


def envelope(times, values, n_bins=_N_BINS):
    """Return a curve with no more points than can be seen.

    Parameters
    ----------
    times, values : arrays of shape (n_frames,)
        The curve.
    n_bins : int
        Above twice as many frames, each of `n_bins` stretches keeps its first frame, and its least
        and its greatest value.

    Returns
    -------
    times, values : arrays of shape (n_points,)
        The thinned curve.
    """
    if len(times) <= 2 * n_bins:
        return times, values
    starts = np.linspace(0, len(times), n_bins, endpoint=False).astype(int)
    least = np.minimum.reduceat(values, starts)
    greatest = np.maximum.reduceat(values, starts)
    return np.repeat(times[starts], 2), np.stack([least, greatest], axis=1).ravel()


def nice_ticks(end, n_ticks):
    """Return times from 0 to `end` seconds at a round distance, about `n_ticks` of them."""
    step = next((step for step in _STEPS if step * n_ticks >= end), _STEPS[-1])
    return (np.arange(int(end / step + 1e-9) + 1) * step).round(6).tolist()


def clock(seconds, decimals=0):
    """Return a time as text: 0:04, 12:30.25 or 1:02:03.

    Parameters
    ----------
    seconds : float
        The time.
    decimals : int, default=0
        Digits of the fraction of a second.

    Returns
    -------
    text : str
        Hours if there are any, minutes and seconds.
    """
    scale = 10**decimals
    whole, fraction = divmod(round(float(seconds) * scale), scale)
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
    return f"{text}.{fraction:0{decimals}d}" if decimals else text


def _add_lane(timeline, label, kind, table):
    marks = []
    for row in np.flatnonzero(table["label"] == label):
        start, length = _stretch(timeline.times, table["onset"][row], table["offset"][row])
        apex = float(timeline.times.timestamps[table["apex"][row]])
        marks.append({"start": start, "length": length, "apex": apex, "row": int(row)})
    top = timeline.height + _CAPTION
    lane = {"label": label, "kind": kind, "top": top, "marks": marks}
    timeline.lanes.append(lane)
    timeline.height = top + _BAR + _SPACE


def _add_plot(timeline, plot):
    top = timeline.height + _CAPTION
    curves = []
    for name, curve in plot.values.items():
        times, values = envelope(timeline.times.timestamps, curve)
        heights = top + _PLOT * (1 - values)
        points = " ".join(f"{time:.3f},{height:.1f}" for time, height in zip(times, heights))
        curves.append({"name": name, "style": plot.styles[name], "points": points})
    timeline.plots.append({"caption": plot.caption, "top": top, "curves": curves})
    timeline.height = top + _PLOT + _SPACE


def _stretch(times, first, last):
    """Return start and length in seconds."""
    start = times.start(first)
    return start, times.end(last) - start
