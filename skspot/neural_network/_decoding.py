"""Decoding: from the scores of each frame to the intervals of a video.

Source: Deng, Hayashi, Nagahara, "SpotFormer: Multi-Scale Spatio-Temporal Transformer for Facial
Expression Spotting", IEEE Transactions on Affective Computing 2026,
doi 10.1109/TAFFC.2026.3677401, section on expression spotting.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from numbers import Real

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, median_filter

from skspot.intervals import PREDICTION_DTYPE
from skspot.neural_network._frame_scores import FRAME_SCORE_DTYPE, FrameScores
from skspot.utils._param_validation import Interval, validate_params
from skspot.utils._typing import IntervalTable
from skspot.utils.validation import check_fps
from skspot.video import DEFAULT_FPS, n_frames_in

# Rise and fall of an expression, as a share of its length each, and the duration in seconds of what
# is too brief to be a return to neutral.
_MARGIN_SHARE = 0.15
_BRIEF_SECONDS = 0.1

# Shortest and longest macro-expression in seconds, with and without the distance from neutral.
_LENGTHS_WITH_DISTANCE = (0.47, 30.0)
_LENGTHS_ALONE = (0.47, 4.17)

PROPOSAL_DTYPE = np.dtype(
    [("onset", np.int64), ("apex", np.int64), ("offset", np.int64), ("score", np.float64)]
)


def propose(onset, apex, offset, *, max_length, min_length, apex_threshold=0.5):
    """Find the candidate intervals of one class in one video.

    Each frame with an apex score above the threshold is the apex of a candidate. Its onset is the
    frame with the highest onset score among the frames `min_length // 2` to `max_length // 2`
    before it. Its offset is found likewise after it. If several scores are equal, the frame nearest
    to the apex is used. A candidate is dropped unless the onset score exceeds the offset score at
    its onset, and the offset score exceeds the onset score at its offset.

    Parameters
    ----------
    onset, apex, offset : array-like of shape (n_frames,)
        Scores of each frame.
    max_length : int
        The longest interval found has ``2 * (max_length // 2) + 1`` frames.
    min_length : int
        Length, in frames, of the shortest.
    apex_threshold : float, default=0.5
        A candidate's apex score lies above it.

    Returns
    -------
    proposals : ndarray of shape (n_proposals,), dtype `PROPOSAL_DTYPE`
        Frames and score, the product of the three scores, sorted by apex. Near the ends of the
        video, frames are clipped to it.

    Raises
    ------
    ValueError
        If the scores differ in length, or not ``0 <= min_length <= max_length``.

    Examples
    --------
    >>> from skspot.neural_network._decoding import propose
    >>> onset, apex, offset = [0.1, 0.9, 0.1, 0.1], [0.1, 0.2, 0.8, 0.1], [0.1, 0.1, 0.1, 0.7]
    >>> propose(onset, apex, offset, max_length=4, min_length=2)
    array([(1, 2, 3, 0.504)],
          dtype=[('onset', '<i8'), ('apex', '<i8'), ('offset', '<i8'), ('score', '<f8')])
    """
    onset, apex, offset = (np.asarray(scores, dtype=np.float64) for scores in (onset, apex, offset))
    if onset.ndim != 1 or not onset.shape == apex.shape == offset.shape:
        raise ValueError(
            "onset, apex and offset must be of one shape (n_frames,), got "
            f"{onset.shape}, {apex.shape} and {offset.shape}."
        )
    if not 0 <= min_length <= max_length:
        raise ValueError(
            "The lengths must satisfy 0 <= min_length <= max_length, got "
            f"min_length={min_length} and max_length={max_length} frames."
        )
    apexes = np.flatnonzero(apex > apex_threshold)
    distances = np.arange(min_length // 2, max_length // 2 + 1)
    onsets = _best_frames(onset, apexes, -distances)
    offsets = _best_frames(offset, apexes, distances)
    kept = (onset[onsets] > offset[onsets]) & (offset[offsets] > onset[offsets])
    proposals = np.empty(len(apexes), dtype=PROPOSAL_DTYPE)
    proposals["onset"] = onsets
    proposals["apex"] = apexes
    proposals["offset"] = offsets
    proposals["score"] = onset[onsets] * offset[offsets] * apex[apexes]
    return proposals[kept]


def suppress(proposals, *, iou_threshold=0.5, max_intervals=5):
    """Keep the best of the candidates that overlap (non-maximum suppression).

    The best candidate is kept, and those that overlap it too much are dropped. This is repeated
    with the remaining candidates.

    Parameters
    ----------
    proposals : ndarray of shape (n_proposals,), dtype `PROPOSAL_DTYPE`
        Candidates of one class in one video. The first of equal scores counts as better.
    iou_threshold : float, default=0.5
        If the IoU of two intervals is above this, the worse one is dropped. Intervals are
        continuous here, from onset to offset: 10-20 and 15-25 share 5 of 15.
    max_intervals : int, default=5
        Largest number of intervals to keep; None for no limit.

    Returns
    -------
    kept : ndarray of shape (n_kept,), dtype `PROPOSAL_DTYPE`
        Sorted by falling score.

    Raises
    ------
    ValueError
        If an option is negative.

    Examples
    --------
    >>> import numpy as np
    >>> from skspot.neural_network._decoding import PROPOSAL_DTYPE, suppress
    >>> rows = [(10, 15, 20, 0.4), (11, 15, 20, 0.6), (30, 34, 40, 0.3)]
    >>> suppress(np.array(rows, dtype=PROPOSAL_DTYPE))["onset"]
    array([11, 30])
    """
    if iou_threshold < 0 or (max_intervals is not None and max_intervals < 0):
        raise ValueError(
            "iou_threshold and max_intervals must not be negative, got "
            f"iou_threshold={iou_threshold} and max_intervals={max_intervals}."
        )
    # Sorted by onset, all intervals that can overlap another one are close to it.
    order = np.argsort(proposals["onset"], kind="stable")
    sorted_proposals = proposals[order]
    onsets = sorted_proposals["onset"]
    longest = np.max(proposals["offset"] - proposals["onset"], initial=0)
    position = np.empty(len(order), dtype=np.intp)
    position[order] = np.arange(len(order))
    remaining = np.ones(len(order), dtype=bool)
    kept = []
    for best in position[np.argsort(-proposals["score"], kind="stable")]:
        if len(kept) == max_intervals:
            break
        if remaining[best]:
            kept.append(best)
            interval = sorted_proposals[best]
            start = np.searchsorted(onsets, interval["onset"] - longest, side="left")
            stop = np.searchsorted(onsets, interval["offset"], side="right")
            overlap = _iou(interval, sorted_proposals[start:stop])
            remaining[start:stop] &= overlap <= iou_threshold
    return sorted_proposals[kept]


def decode_apexes(
    scores: FrameScores | NDArray[np.void],
    *,
    fps: float | None = None,
    micro_max_length: float = 0.53,
    macro_max_length: float = 1.97,
    micro_min_length: float = 0.17,
    macro_min_length: float = 0.53,
    micro_apex_threshold: float = 0.5,
    macro_apex_threshold: float = 0.5,
    iou_threshold: float = 0.5,
    max_intervals: int | None = None,
) -> IntervalTable:
    """Decode the frame scores of one video to intervals, starting from apexes.

    Parameters
    ----------
    scores : FrameScores or ndarray of shape (n_frames,), dtype `FRAME_SCORE_DTYPE`
        The scores of one video.
    fps : float, default=None
        Frames per second. None uses the rate of `FrameScores`, or 30 for an array.
    micro_max_length, macro_max_length : float, default=0.53, 1.97
        Approximate length of the longest interval of each class, in seconds; in frames it is ``2 *
        (max_length // 2) + 1``. The defaults are the authors' 16 and 59 frames at 30 frames per
        second, which find up to 17 and 59.
    micro_min_length, macro_min_length : float, default=0.17, 0.53
        Length of the shortest interval of each class, in seconds.
    micro_apex_threshold, macro_apex_threshold : float, default=0.5
        Apex score above which a frame is a candidate.
    iou_threshold : float, default=0.5
        IoU above which the worse of two intervals of a class is dropped.
    max_intervals : int, default=None
        Largest number of intervals of each class in a video; None for no limit. The authors keep 5.

    Returns
    -------
    intervals : ndarray of dtype `PREDICTION_DTYPE`
        The intervals of both classes, sorted by onset.

    Raises
    ------
    TypeError
        If `scores` has another dtype.
    ValueError
        If an option is out of its range.

    Warns
    -----
    UserWarning
        If `max_intervals` drops intervals.

    See Also
    --------
    decode_boundaries : Pair onsets with offsets; the default.

    Examples
    --------
    >>> import numpy as np
    >>> from skspot.neural_network import FRAME_SCORE_DTYPE, decode_apexes
    >>> scores = np.zeros(40, dtype=FRAME_SCORE_DTYPE)
    >>> scores["micro_onset"][8] = scores["micro_apex"][12] = scores["micro_offset"][18] = 1
    >>> decode_apexes(scores)[["onset", "apex", "offset", "label"]]
    array([(8, 12, 18, 'micro')], ...)
    """
    fps = _check_scores(scores, fps)
    scores = np.asarray(scores)
    options = {
        "macro": (macro_max_length, macro_min_length, macro_apex_threshold),
        "micro": (micro_max_length, micro_min_length, micro_apex_threshold),
    }
    tables = []
    for label, (max_length, min_length, apex_threshold) in options.items():
        proposals = propose(
            *(scores[f"{label}_{name}"] for name in ("onset", "apex", "offset")),
            max_length=n_frames_in(max_length, fps),
            min_length=n_frames_in(min_length, fps),
            apex_threshold=apex_threshold,
        )
        kept = suppress(proposals, iou_threshold=iou_threshold, max_intervals=None)
        if max_intervals is not None and len(kept) > max_intervals:
            warnings.warn(
                f"max_intervals={max_intervals} drops {len(kept) - max_intervals} of {len(kept)} "
                f"{label}-expressions of a video of {len(scores) / fps:.0f} s.",
                stacklevel=2,
            )
        tables.append(_labelled(kept[:max_intervals], label))
    return _in_order(tables)


@validate_params(
    {
        "fps": [Interval(Real, 0, None, closed="neither"), None],
        "micro_lengths": [tuple, list],
        "macro_lengths": [tuple, list, None],
        "micro_flank": [Interval(Real, 0, None, closed="left")],
        "macro_flank": [Interval(Real, 0, None, closed="left")],
        "smoothing": [Interval(Real, 0, None, closed="left")],
        "peak_threshold": [Interval(Real, 0, 1, closed="both")],
        "neutral_level": [Interval(Real, 0, 1, closed="both")],
        "iou_threshold": [Interval(Real, 0, 1, closed="both")],
    },
    prefer_skip_nested_validation=True,
)
def decode_boundaries(
    scores: FrameScores | NDArray[np.void],
    *,
    fps: float | None = None,
    micro_lengths: Sequence[float] = (0.17, 0.53),
    macro_lengths: Sequence[float] | None = None,
    micro_flank: float = 4 / 30,
    macro_flank: float = 0.0,
    smoothing: float = 1 / 30,
    peak_threshold: float = 0.03,
    neutral_level: float = 0.5,
    iou_threshold: float = 0.0,
) -> IntervalTable:
    """Decode the frame scores of one video to intervals, by pairing onsets and offsets.

    The scores are smoothed over time. Each peak of the onset score is paired with each later peak
    of the offset score if the interval between them has a permitted length. Its apex is the frame
    with the highest apex score between the two. Its score is a product of factors: the geometric
    mean of the onset and the offset score, the apex score, the mean expression score between the
    two, with flanks, one minus the mean expression score just before and after, and for a
    macro-expression how far the face stays away from neutral. The best candidates are kept. Unlike
    `decode_apexes`, this also finds long expressions, whose apex is not visible in a short window.

    Parameters
    ----------
    scores : FrameScores or ndarray of shape (n_frames,), dtype `FRAME_SCORE_DTYPE`
        The scores of one video.
    fps : float, default=None
        Frames per second. None uses the rate of `FrameScores`, and 30 for an array.
    micro_lengths, macro_lengths : (float, float), default=(0.17, 0.53) and None
        Shortest and longest interval of each class, in seconds; 5 to 16 frames at 30 frames per
        second. None is (0.47, 30) where the distance from neutral tells a long expression from
        several in a row, and (0.47, 4.17) where it is not considered (`neutral_level`).
    micro_flank, macro_flank : float, default=4/30 and 0
        Seconds before and after an interval in which the expression score should be low; 0 ignores
        them. A micro-expression is recognised by its contrast to the frames around it, a
        macro-expression by its ends.
    smoothing : float, default=1/30
        Standard deviation, in seconds, of the Gaussian that smooths the scores; 0 does not smooth.
    peak_threshold : float, default=0.03
        Peaks of the onset and offset scores below this are ignored.
    neutral_level : float, default=0.5
        Share of its largest distance from neutral at which a face is away from it. The score of an
        interval in which the face comes closer to neutral is lower, in proportion, because it spans
        several expressions; so is that of an interval in which the distance is not always known,
        because the head is turned away. 0, and scores without `FrameScores.distance`, do not
        consider it.
    iou_threshold : float, default=0.0
        IoU above which the worse of two intervals of a class is dropped.

    Returns
    -------
    intervals : ndarray of dtype `PREDICTION_DTYPE`
        The intervals of both classes, sorted by onset.

    Raises
    ------
    TypeError
        If `scores` has another dtype.
    ValueError
        If an option is out of its range.

    See Also
    --------
    decode_apexes : The paper's decoding, starting from apexes.

    Examples
    --------
    >>> import numpy as np
    >>> from skspot.neural_network import FRAME_SCORE_DTYPE, decode_boundaries
    >>> scores = np.zeros(90, dtype=FRAME_SCORE_DTYPE)
    >>> scores["macro_onset"][8] = scores["macro_apex"][30] = scores["macro_offset"][80] = 1
    >>> scores["macro_expression"][8:81] = 0.5
    >>> decode_boundaries(scores, smoothing=0)
    array([(8, 30, 80, 'macro', 0.5)], ...)
    """
    fps = _check_scores(scores, fps)
    distance = getattr(scores, "distance", None) if neutral_level > 0 else None
    if macro_lengths is None:
        macro_lengths = _LENGTHS_ALONE if distance is None else _LENGTHS_WITH_DISTANCE
    scores = _smoothed(np.asarray(scores), smoothing * fps)
    options = {"macro": (macro_lengths, macro_flank), "micro": (micro_lengths, micro_flank)}
    tables = []
    for label, (lengths, flank) in options.items():
        proposals = _pair_boundaries(
            *(scores[f"{label}_{name}"] for name in ("onset", "apex", "offset", "expression")),
            *_frames_of(lengths, fps, f"{label}_lengths"),
            n_frames_in(flank, fps),
            peak_threshold,
        )
        if label == "macro" and distance is not None:
            proposals["score"] *= _share_held(distance, proposals, neutral_level, fps)
        kept = suppress(proposals, iou_threshold=iou_threshold, max_intervals=None)
        tables.append(_labelled(kept, label))
    return _in_order(tables)


def _frames_of(lengths, fps, name):
    """Return the shortest and the longest length in frames, at least one; refuse other values."""
    shortest, longest = lengths if len(lengths) == 2 else (0, 0)
    numbers = isinstance(shortest, Real) and isinstance(longest, Real)
    if not (numbers and 0 < shortest <= longest):
        raise ValueError(
            f"{name} must be (shortest, longest) in seconds with 0 < shortest <= longest, got "
            f"{lengths}."
        )
    return max(1, n_frames_in(shortest, fps)), max(1, n_frames_in(longest, fps))


def _smoothed(scores, deviation):
    """Return the scores smoothed over time by a Gaussian of this standard deviation in frames."""
    smoothed = scores.copy()
    if deviation > 0:
        for name in FRAME_SCORE_DTYPE.names:
            smoothed[name] = gaussian_filter1d(scores[name], deviation)
    return smoothed


def _pair_boundaries(onset, apex, offset, expression, shortest, longest, flank, threshold):
    """Return a candidate for each peak of the onset score with each offset peak in its reach."""
    onsets, offsets = _peaks(onset, threshold), _peaks(offset, threshold)
    first = np.searchsorted(offsets, onsets + shortest - 1, side="left")
    stop = np.searchsorted(offsets, onsets + longest - 1, side="right")
    n_partners = stop - first
    start = np.repeat(onsets, n_partners)
    # Positions first...stop - 1 of every onset, one after the other.
    position = np.arange(len(start)) - np.repeat(np.cumsum(n_partners) - n_partners, n_partners)
    end = offsets[np.repeat(first, n_partners) + position]
    proposals = np.empty(len(start), dtype=PROPOSAL_DTYPE)
    proposals["onset"], proposals["offset"] = start, end
    highest_apex = _running_argmax(apex, longest)
    proposals["apex"] = highest_apex(start, end)
    boundaries = np.sqrt(onset[start].astype(np.float64) * offset[end])
    contrast = _expression_contrast(expression, start, end, flank)
    proposals["score"] = boundaries * apex[proposals["apex"]] * contrast
    return proposals


def _expression_contrast(expression, start, end, flank):
    """Return the mean expression score inside, times one minus that of the frames beside."""
    total = np.concatenate([[0.0], np.cumsum(expression, dtype=np.float64)])
    inside = total[end + 1] - total[start]
    before, after = np.maximum(start - flank, 0), np.minimum(end + flank, len(expression) - 1)
    n_inside, n_beside = end - start + 1, (start - before) + (after - end)
    beside = (total[after + 1] - total[before] - inside) / np.maximum(n_beside, 1)
    return inside / n_inside * (1 - beside)


def _share_held(distance, proposals, level, fps):
    """Return how far the face stays away from neutral within intervals; 1 if it always does.

    Noise and blinks, which last a few frames, are no return. An interval counts as far as the
    distance is known: a head that turns away is no expression.
    """
    known = np.isfinite(distance)
    if not known.any():
        return np.ones(len(proposals))
    away = np.where(known, distance, np.inf)
    closeness = -median_filter(away, 2 * round(_BRIEF_SECONDS * fps / 2) + 1)
    distance = np.where(known, distance, 0.0)
    start, end = proposals["onset"], proposals["offset"]
    lengths = end - start + 1
    longest = int(np.max(lengths, initial=1))
    margin = (lengths * _MARGIN_SHARE).astype(np.int64)
    lowest = -closeness[_running_argmax(closeness, longest)(start + margin, end - margin)]
    highest = distance[_running_argmax(distance, longest)(start, end)]
    n_known = np.concatenate([[0], np.cumsum(known)])
    share_known = (n_known[end + 1] - n_known[start]) / lengths
    return share_known * np.clip(lowest / np.maximum(level * highest, 1e-9), 0, 1)


def _running_argmax(values, longest):
    """Return a function of arrays (start, end) giving the first maximum in each start...end.

    A table holds the maximum of every stretch of 1, 2, 4, ... values; two of them cover any
    stretch of up to `longest` values.
    """
    rows = [np.arange(len(values), dtype=np.int32)]
    while 2 ** len(rows) <= longest:
        half = 2 ** (len(rows) - 1)
        left = rows[-1]
        right = left[np.minimum(np.arange(len(values)) + half, len(values) - 1)]
        rows.append(np.where(values[right] > values[left], right, left))
    table = np.stack(rows)

    def argmax(start, end):
        level = np.log2(end - start + 1).astype(int)
        left, right = table[level, start], table[level, end - 2**level + 1]
        return np.where(values[right] > values[left], right, left)

    return argmax


def _peaks(scores, threshold):
    """Return the frames whose score is above a threshold and highest among their neighbours."""
    padded = np.concatenate([[-np.inf], scores, [-np.inf]])
    middle = padded[1:-1]
    highest = (middle >= padded[:-2]) & (middle > padded[2:])
    return np.flatnonzero(highest & (middle > threshold))


def _check_scores(scores, fps):
    """Refuse what is not an array of frame scores; return the frame rate."""
    if getattr(scores, "dtype", None) != FRAME_SCORE_DTYPE:
        raise TypeError(
            "scores must be FrameScores or an array of FRAME_SCORE_DTYPE, as frame_scores returns, "
            f"got {getattr(scores, 'dtype', type(scores))}."
        )
    if fps is None:
        fps = scores.fps if isinstance(scores, FrameScores) else None
    if fps is None:
        return DEFAULT_FPS
    check_fps(fps)
    return fps


def _labelled(proposals, label):
    """Return proposals as an interval table of one class."""
    table = np.empty(len(proposals), dtype=PREDICTION_DTYPE)
    for name in PROPOSAL_DTYPE.names:
        table[name] = proposals[name]
    table["label"] = label
    return table


def _in_order(tables):
    """Return the intervals of several tables, sorted by onset."""
    intervals = np.concatenate(tables)
    return intervals[np.lexsort((intervals["offset"], intervals["onset"]))]


def _best_frames(scores, apexes, distances):
    """Return, for each apex, the first frame of highest score at these distances from it."""
    frames = np.clip(apexes[:, None] + distances, 0, len(scores) - 1)
    best = scores[frames].argmax(axis=1)
    return frames[np.arange(len(apexes)), best]


def _iou(interval, others):
    """Return the intersection over union of one continuous interval with each of the others.

    The overlap of two equal intervals of one frame, which have no length, is 1.
    """
    shared = np.minimum(interval["offset"], others["offset"]) - np.maximum(
        interval["onset"], others["onset"]
    )
    lengths = (interval["offset"] - interval["onset"]) + (others["offset"] - others["onset"])
    union = lengths - np.maximum(shared, 0)
    return np.where(union > 0, np.maximum(shared, 0) / np.maximum(union, 1), shared == 0)
