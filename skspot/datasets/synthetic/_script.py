"""What happens in a synthetic video: the expressions, the motion of the head, the light.

A script is drawn in steps of 1/30 s at any frame rate, so the same seed gives the same scene. Its
curves are continuous and are then evaluated at the times of the frames.
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d

from skspot.datasets.synthetic._faces import EXPRESSION_UNITS, OTHER_UNITS, UNITS
from skspot.datasets.synthetic._units import facs_code
from skspot.intervals import CLASSES, check_intervals, make_intervals

SCRIPT_FPS = 30  # steps per second: the lengths below are in steps

# Counts and lengths after SAMM-LV at 28.6 fps: 343 macro- and 159 micro-expressions in 147 videos,
# at most 14 in one; macro lengths 18 / 33 / 99 steps (10 % / median / 90 %), micro 7 / 12 / 15.
_MEAN_COUNTS = {"macro": 343 / 147, "micro": 159 / 147}
_MAX_COUNT = 14
_LENGTH_QUANTILES = {
    "macro": ([0, 0.1, 0.5, 0.9, 1], [16, 18, 33, 99, 116]),
    "micro": ([0, 0.1, 0.5, 0.9, 1], [5, 7, 12, 15, 15]),
}
_MEAN_APEX = 0.43
_MIN_GAP = 12

# Which units move together, after the emotions' usual combinations. Micro-expressions take one of
# these or a single unit of one.
_EXPRESSIONS = {
    "happiness": {"lip corner puller": 1.0, "cheek raiser": 0.7},
    "surprise": {"inner brow raiser": 1.0, "outer brow raiser": 0.9, "jaw drop": 0.8},
    "sadness": {"inner brow raiser": 0.9, "brow lowerer": 0.4, "lip corner depressor": 0.8},
    "anger": {"brow lowerer": 1.0, "lip presser": 0.6},
    "disgust": {"upper lip raiser": 1.0, "nose wrinkler": 0.7, "brow lowerer": 0.3},
    "fear": {"inner brow raiser": 0.9, "brow lowerer": 0.4, "lip stretcher": 0.9},
    "contempt": {"dimpler": 1.0},
    "doubt": {"chin raiser": 1.0, "lip corner depressor": 0.5},
}

# Units of speech, and the most that each moves in one syllable, in pixels.
_SPEECH_UNITS = {"jaw drop": 4.0, "lip stretcher": 1.5, "lip presser": 1.5}


@dataclass(frozen=True)
class Script:
    """What happens in one video.

    Attributes
    ----------
    intervals : ndarray of dtype INTERVAL_DTYPE
        The expressions, in frames of the video.
    activations : array of shape (n_frames, n_units)
        Activation of each unit, in pixels at its peak.
    shift, angle, scale : arrays of shape (n_frames, 2), (n_frames,), (n_frames,)
        The head's translation in pixels, rotation in radians and size.
    gain, slope : arrays of shape (n_frames,)
        The light: overall, and from one side of the picture to the other.
    turn : array of shape (n_frames, 2)
        The head's rotation in depth, in radians: to the right of the picture, and up.
    codes : list of str
        The action units of each expression in the notation of FACS, such as "6+12".
    """

    intervals: np.ndarray
    activations: np.ndarray
    shift: np.ndarray
    angle: np.ndarray
    scale: np.ndarray
    gain: np.ndarray
    slope: np.ndarray
    turn: np.ndarray
    codes: list


def write_script(
    n_frames,
    fps,
    unit_peaks,
    *,
    amplitudes,
    head_motion,
    head_turns,
    blinks,
    talking,
    light,
    rng,
    expressions=1.0,
):
    """Return a random script.

    Parameters
    ----------
    n_frames : int
        Length of the video.
    fps : float
        Frames per second.
    unit_peaks : array of shape (n_units, n_nodes)
        How far each unit moves each node at an activation of 1, in pixels.
    amplitudes : dict of label to (low, high)
        Range of the largest node displacement at the apex, in pixels.
    head_motion, head_turns, blinks, talking, light : float
        Strength of each distractor; 0 turns it off, 1 is the usual strength.
    rng : RandomState
        Source of randomness.
    expressions : float, default=1.0
        How often expressions occur; 0 for none, 1 is the usual rate.

    Returns
    -------
    script : Script
        The script.
    """
    n_steps = _round(n_frames * SCRIPT_FPS / fps)
    steps = np.arange(n_frames) * (SCRIPT_FPS / fps)  # when each frame is taken
    intervals = _draw_intervals(n_steps, rng, expressions)
    activations = np.zeros((n_frames, len(UNITS)))
    codes = []
    for interval in intervals:
        weights = _draw_expression(interval["label"], rng)
        peak = np.abs(weights @ unit_peaks).max()
        amplitude = rng.uniform(*amplitudes[interval["label"]])
        course = _course(interval, steps, rng)
        activations += course[:, None] * weights * (amplitude / peak)
        codes.append(facs_code(dict(zip(UNITS, weights))))
    activations[:, UNITS.index("blink")] = blinks * _draw_blinks(n_steps, steps, rng)
    turn = head_motion * _drift(n_steps, steps, 30, 2, rng)
    shift = head_motion * (_drift(n_steps, steps, 40, 2, rng) * 3 + _jerks(n_steps, steps, rng))
    angle = head_motion * np.deg2rad(1.0) * _drift(n_steps, steps, 45, 1, rng)[:, 0]
    scale = np.exp(head_motion * 0.01 * _drift(n_steps, steps, 60, 1, rng)[:, 0])
    gain = 1 + light * 0.06 * _drift(n_steps, steps, 80, 1, rng)[:, 0]
    slope = light * 0.06 * _drift(n_steps, steps, 80, 1, rng)[:, 0]
    # Drawn last, so that the rest does not depend on them.
    fast_turn = head_turns * _fast_turns(n_steps, steps, rng)
    activations[:, [UNITS.index(name) for name in OTHER_UNITS[1:]]] = turn + fast_turn
    # The head turns about a point behind the face, so that all of the face moves as well.
    shift = shift + 3 * fast_turn * [1, -1]
    activations += talking * _draw_talking(intervals, n_steps, steps, rng)
    frames = _nearest_frames(intervals, n_frames, fps)
    still = np.zeros((n_frames, 2))  # the units of this script turn the head
    return Script(frames, activations, shift, angle, scale, gain, slope, still, codes)


def _round(numbers):
    """Return the nearest whole numbers; halves are rounded up."""
    return np.floor(np.asarray(numbers) + 0.5).astype(int)


def _nearest_frames(intervals, n_frames, fps):
    """Return the intervals in the video's frames instead of steps."""
    frames = intervals.copy()
    for name in ("onset", "apex", "offset"):
        frames[name] = np.minimum(_round(intervals[name] * fps / SCRIPT_FPS), n_frames - 1)
    return check_intervals(frames, n_frames=n_frames)


def _draw_intervals(n_steps, rng, often=1.0):
    """Return intervals in steps, at a distance from each other; drawn again until they fit."""
    while True:
        counts = {
            label: rng.poisson(rng.gamma(3.0, often * _MEAN_COUNTS[label] / 3.0))
            for label in CLASSES
        }
        labels = rng.permutation(np.repeat(CLASSES, [counts[label] for label in CLASSES]))
        lengths = np.array([_draw_length(label, rng) for label in labels], dtype=int)
        free = n_steps - lengths.sum() - _MIN_GAP * (len(labels) + 1)
        if len(labels) <= _MAX_COUNT and free >= 0:
            break
    gaps = np.diff(np.sort(rng.randint(0, free + 1, size=len(labels))), prepend=0)
    onsets = np.cumsum(gaps + _MIN_GAP) + np.cumsum(lengths) - lengths
    apexes = onsets + np.rint(rng.beta(6, 8, size=len(labels)) * (lengths - 1)).astype(int)
    return make_intervals(zip(onsets, apexes, onsets + lengths - 1, labels), n_frames=n_steps)


def _draw_length(label, rng):
    quantiles, lengths = _LENGTH_QUANTILES[label]
    return round(np.interp(rng.uniform(), quantiles, lengths))


def _draw_expression(label, rng):
    """Return the weight of each unit, with some variation; a micro-expression may be partial."""
    units = dict(list(_EXPRESSIONS.values())[rng.randint(len(_EXPRESSIONS))])
    if label == "micro" and rng.uniform() < 0.5:
        name = list(units)[rng.randint(len(units))]
        units = {name: 1.0}
    weights = np.zeros(len(UNITS))
    for name, weight in units.items():
        weights[EXPRESSION_UNITS.index(name)] = weight * rng.uniform(0.75, 1.25)
    return weights


def _course(interval, steps, rng):
    """Return the intensity over time: above 0 only from onset to offset, 1 at the apex.

    Between steps it is above 0 for less than a step before the onset and after the offset.

    Long expressions rise and fall quickly at their ends and hold in between, as real ones do.
    """
    rise = (steps - interval["onset"] + 1) / (interval["apex"] - interval["onset"] + 1)
    fall = (interval["offset"] - steps + 1) / (interval["offset"] - interval["apex"] + 1)
    course = np.ones(len(steps))
    for side, length in ((rise, interval["apex"] - interval["onset"]), (fall, None)):
        length = interval["offset"] - interval["apex"] if length is None else length
        ramp = min(1.0, rng.uniform(8, 20) / (length + 1))
        quick = smooth_step(side / ramp)
        course *= (0.85 * quick + 0.15 * smooth_step(side)) if ramp < 1 else quick
    return course


def smooth_step(x):
    """Return 0 up to x = 0, 1 from x = 1 on, and a smooth course between them."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def _draw_blinks(n_steps, steps, rng):
    """Return the closing of the lids: 0.1 to 0.3 s, every four seconds or so."""
    closing = np.zeros(len(steps))
    start = rng.randint(0, 120)
    while start < n_steps:
        length = rng.randint(5, 10)
        since = np.clip(steps - start + 1, 0, length + 1)
        course = np.sin(np.pi * since / (length + 1)) ** 2
        inside = (since > 0) & (since < length + 1)  # sin(pi) is not quite 0
        closing[inside] = rng.uniform(0.7, 1.0) * course[inside]
        start += rng.randint(60, 200)
    return closing


def _drift(n_steps, steps, smoothness, n_signals, rng):
    """Return slow random signals of unit variance, shape (n_frames, n_signals)."""
    noise = rng.normal(size=(n_steps + 8 * smoothness, n_signals))
    signals = gaussian_filter1d(noise, smoothness, axis=0)
    signals *= np.sqrt(2 * smoothness * np.sqrt(np.pi))
    return CubicSpline(np.arange(len(signals)) - 4 * smoothness, signals)(steps)


def _jerks(n_steps, steps, rng):
    """Return occasional quick moves of the head: a few pixels within a third of a second."""
    moves = np.zeros((len(steps), 2))
    for _ in range(rng.poisson(n_steps / 300)):
        start, length = rng.randint(n_steps), rng.randint(8, 16)
        there = smooth_step((steps - start) / length)
        back = smooth_step((steps - start - rng.randint(20, 80)) / (2 * length))
        moves += rng.normal(0, 3, size=2) * (there - back)[:, None]
    return moves


def _fast_turns(n_steps, steps, rng):
    """Return quick turns of the head, sideways and up: how far the nose leads, in pixels."""
    turns = np.zeros((len(steps), 2))
    for _ in range(rng.poisson(n_steps / 200)):
        start, length, held = rng.randint(n_steps), rng.randint(5, 12), rng.randint(5, 60)
        there = smooth_step((steps - start) / length)
        back = smooth_step((steps - start - held) / rng.randint(5, 20))
        turns += rng.normal(0, 2, size=2) * (there - back)[:, None]
    return turns


def _draw_talking(intervals, n_steps, steps, rng):
    """Return the activations of stretches of speech between the expressions: syllables."""
    activations = np.zeros((len(steps), len(UNITS)))
    silent = np.zeros(n_steps, dtype=bool)
    for interval in intervals:  # speech during an expression could not be annotated
        silent[interval["onset"] - _MIN_GAP // 2 : interval["offset"] + _MIN_GAP // 2 + 1] = True
    for _ in range(rng.poisson(n_steps / 250)):
        start, stop = rng.randint(n_steps) + np.array([0, rng.randint(20, 90)])
        while start < stop:
            length = rng.randint(5, 11)
            sizes = {name: rng.uniform(0, size) for name, size in _SPEECH_UNITS.items()}
            # A syllable is spoken whole or not at all.
            if not silent[start : start + length].any():
                syllable = np.sin(np.pi * (np.clip((steps - start) / length, 0, 1) % 1)) ** 2
                for name, size in sizes.items():
                    unit = activations[:, UNITS.index(name)]  # a view
                    np.maximum(unit, size * syllable, out=unit)
            start += length - 1
    return activations
