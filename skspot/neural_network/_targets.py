"""Training targets for each frame of an annotated video.

Source: Deng, Hayashi, Nagahara, "SpotFormer: Multi-Scale Spatio-Temporal Transformer for Facial
Expression Spotting", IEEE Transactions on Affective Computing 2026,
doi 10.1109/TAFFC.2026.3677401, section on training.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from skspot.intervals import CLASSES, check_intervals
from skspot.utils._typing import IntervalTable
from skspot.utils.validation import check_fps
from skspot.video import n_frames_in

# The order in which the network's outputs list the classes, which is that of the authors' weights.
OUTPUT_ORDER = ("micro", "macro")

ONSET, OFFSET, NEITHER = 0, 1, 2

_CONTRASTIVE_CLASS = {"micro": 2, "macro": 1}


class FrameTargets(NamedTuple):
    """The targets of each frame; the class axis is in the order of `CLASSES`, macro then micro.

    Attributes
    ----------
    boundary : ndarray of shape (n_frames, 2), dtype int64
        0 near an onset, 1 near an offset, 2 elsewhere.
    apex : ndarray of shape (n_frames, 2), dtype float32
        1 at an apex, lower next to it, 0 elsewhere.
    expression : ndarray of shape (n_frames, 2), dtype float32
        1 from onset to offset, 0 elsewhere.
    contrastive : ndarray of shape (n_frames,), dtype int64
        0 neutral, 1 macro-expression, 2 micro-expression.
    """

    boundary: np.ndarray
    apex: np.ndarray
    expression: np.ndarray
    contrastive: np.ndarray


def frame_targets(
    intervals: IntervalTable,
    n_frames: int,
    *,
    fps: float = 30.0,
    boundary_radius_micro: float = 1 / 30,
    boundary_radius_macro: float = 3 / 30,
    apex_radius_micro: float = 1 / 30,
    apex_radius_macro: float = 3 / 30,
    apex_sigma: float = 4 / 30,
) -> FrameTargets:
    """Compute the targets of the frames from the intervals of one video.

    Parameters
    ----------
    intervals : ndarray of dtype `INTERVAL_DTYPE`
        The annotated expressions, from `make_intervals`.
    n_frames : int
        Length of the video in frames.
    fps : float, default=30.0
        Frames per second of the video.
    boundary_radius_micro, boundary_radius_macro : float, default=1/30, 3/30
        Seconds on each side of an onset or offset within which frames have its label too.
    apex_radius_micro, apex_radius_macro : float, default=1/30, 3/30
        Seconds on each side of an apex within which the apex target is above 0.
    apex_sigma : float, default=4/30
        Standard deviation of the apex target around an apex, in seconds.

    Returns
    -------
    targets : FrameTargets
        Arrays over the frames. If a frame belongs to an onset and an offset, it has the label of
        the offset; with two apexes, the larger target; with two classes, the contrastive class is
        macro.

    Raises
    ------
    TypeError
        If `intervals` is not an interval table.
    ValueError
        If an interval reaches beyond the video, or an option is negative.

    Examples
    --------
    >>> from skspot import make_intervals
    >>> from skspot.neural_network import frame_targets
    >>> targets = frame_targets(make_intervals([(2, 4, 6, "micro")]), n_frames=9)
    >>> targets.boundary[:, 1]
    array([2, 0, 0, 0, 2, 1, 1, 1, 2])
    >>> targets.apex[:, 1].round(3)
    array([0.   , 0.   , 0.   , 0.969, 1.   , 0.969, 0.   , 0.   , 0.   ], dtype=float32)
    >>> targets.contrastive
    array([0, 0, 2, 2, 2, 2, 2, 0, 0])
    """
    check_intervals(intervals, n_frames=n_frames)
    boundary_radius = {"micro": boundary_radius_micro, "macro": boundary_radius_macro}
    apex_radius = {"micro": apex_radius_micro, "macro": apex_radius_macro}
    if min(*boundary_radius.values(), *apex_radius.values()) < 0 or apex_sigma <= 0:
        raise ValueError(
            f"Radii must be at least 0 and apex_sigma above 0, got boundary radii "
            f"{boundary_radius}, apex radii {apex_radius} and apex_sigma={apex_sigma}."
        )
    check_fps(fps)
    shape = (n_frames, len(CLASSES))
    boundary = np.full(shape, NEITHER, dtype=np.int64)
    apex = np.zeros(shape, dtype=np.float32)
    expression = np.zeros(shape, dtype=np.float32)
    for column, label in enumerate(CLASSES):
        rows = intervals[intervals["label"] == label]
        # Offsets are written last, so that they win.
        for field, mark in (("onset", ONSET), ("offset", OFFSET)):
            for frame in rows[field]:
                around = _around(frame, n_frames_in(boundary_radius[label], fps), n_frames)
                boundary[around, column] = mark
        for row in rows:
            frames = _around(row["apex"], n_frames_in(apex_radius[label], fps), n_frames)
            bell = np.exp(-((frames - row["apex"]) ** 2) / (2 * (apex_sigma * fps) ** 2))
            apex[frames, column] = np.maximum(apex[frames, column], bell)
            expression[row["onset"] : row["offset"] + 1, column] = 1
    contrastive = np.zeros(n_frames, dtype=np.int64)
    for label in ("micro", "macro"):  # macro is written last, so that it wins
        contrastive[expression[:, CLASSES.index(label)] > 0] = _CONTRASTIVE_CLASS[label]
    return FrameTargets(boundary, apex, expression, contrastive)


def class_logits(logits, label):
    """Split off the logits of one class.

    Parameters
    ----------
    logits : Tensor or ndarray of shape (n_windows, 10)
        The output of `SpotFormer`.
    label : {"micro", "macro"}
        The class.

    Returns
    -------
    boundary : Tensor or ndarray of shape (n_windows, 3)
        Onset, offset, neither.
    apex, expression : Tensor or ndarray of shape (n_windows,)
        Each a logit for a sigmoid.

    Examples
    --------
    >>> import numpy as np
    >>> from skspot.neural_network._targets import class_logits
    >>> class_logits(np.arange(10)[None], "macro")
    (array([[3, 4, 5]]), array([7]), array([9]))
    """
    column = OUTPUT_ORDER.index(label)
    return logits[:, 3 * column : 3 * column + 3], logits[:, 6 + column], logits[:, 8 + column]


def _around(frame, radius, n_frames):
    """Return the frames within `radius` of a frame that the video has."""
    return np.arange(max(frame - radius, 0), min(frame + radius, n_frames - 1) + 1)
