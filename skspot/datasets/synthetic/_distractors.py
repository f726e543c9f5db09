"""What a face does besides expressions: blinks, gaze, speech, habits, turns of the head.

Each function returns the course of units, or of angles, at `times` in steps of 1/30 s.
"""

from dataclasses import replace

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d

from skspot.datasets.synthetic._script import SCRIPT_FPS, smooth_step
from skspot.datasets.synthetic._units import SIDES

_LARGEST_TURN = np.deg2rad(12)


def unit_index(name, units):
    """Return the indices of a unit: of both sides, or of neither if the face lacks it."""
    names = (name, *(f"{name} {side}" for side in SIDES))
    return [units.index(one) for one in names if one in units]


def add_courses(activations, units, courses, strength):
    """Add the courses of units to the activations of a script, in place."""
    for name, course in courses.items():
        for unit in unit_index(name, units):
            activations[:, unit] += strength * course


def limited(turn):
    """Return angles that a photograph bears."""
    return _LARGEST_TURN * np.tanh(turn / _LARGEST_TURN)


def with_daily_motion(script, units, fps, *, habits, drift, rng):
    """Return a script with habits of the mouth, and with a posture that drifts over minutes.

    Parameters
    ----------
    script : Script
        A script of any dynamics.
    units : sequence of str
        The units of the face.
    fps : float
        Frames per second.
    habits, drift : float
        Strengths; 0 turns them off.
    rng : RandomState
        Source of randomness.

    Returns
    -------
    script : Script
        Another script, or the same.
    """
    if not habits and not drift:
        return script
    n_steps = round(len(script.activations) * SCRIPT_FPS / fps)
    times = np.arange(len(script.activations)) * (SCRIPT_FPS / fps)
    activations = script.activations.copy()
    posture = drift * slow(n_steps, times, 900, 6, rng)
    add_courses(activations, units, draw_habits(n_steps, times, rng), habits)
    return replace(
        script,
        activations=activations,
        shift=script.shift + 6 * posture[:, :2],
        turn=limited(script.turn + np.deg2rad(2.5) * posture[:, 2:4]) if drift else script.turn,
        angle=script.angle + np.deg2rad(1.5) * posture[:, 4],
        scale=script.scale * np.exp(0.03 * posture[:, 5]),
    )


def slow(n_steps, times, smoothness, n_signals, rng):
    """Return slow random signals of unit variance, shape (n_times, n_signals)."""
    # Slow signals are drawn with fewer points: at most a hundred steps of the filter.
    every = max(1, int(smoothness // 8))
    width = smoothness / every
    noise = rng.normal(size=(int(n_steps // every) + int(8 * width) + 8, n_signals))
    signals = gaussian_filter1d(noise, width, axis=0) * np.sqrt(2 * width * np.sqrt(np.pi))
    return CubicSpline((np.arange(len(signals)) - 4 * int(width)) * every, signals)(times)


def draw_blinks(n_steps, times, rng):
    """Return the closing of the lids: fast down, slower up, sometimes twice."""
    closing = np.zeros(len(times))
    start = rng.uniform(0, 100)
    while start < n_steps:
        down, shut, up = rng.uniform(1.5, 3.5), rng.uniform(0.3, 1.5), rng.uniform(3, 7)
        since = times - start
        course = smooth_step(since / down) - smooth_step((since - down - shut) / up)
        closing = np.maximum(closing, rng.uniform(0.8, 1.0) * course)
        wait = rng.exponential(90) + 20 if rng.uniform() < 0.9 else 4
        start += down + shut + up + wait
    return {"blink": closing}


def draw_gaze(n_steps, times, rng):
    """Return the gaze: it rests, and jumps within two steps; the lids follow it down."""
    gaze = np.zeros((len(times), 2))
    start, now = rng.uniform(10, 60), np.zeros(2)
    while start < n_steps:
        at_camera = rng.uniform() < 0.5
        goal = np.zeros(2) if at_camera else rng.normal(0, (1.3, 0.6), size=2).clip(-2.5, 2.5)
        gaze += smooth_step((times - start) / 2)[:, None] * (goal - now)
        now = goal
        start += rng.uniform(10, 30) if rng.uniform() < 0.4 else rng.uniform(30, 120)
    return {
        "look left": gaze[:, 0],
        "look down": gaze[:, 1],
        "blink": np.clip(0.08 * gaze[:, 1], 0, 0.2),
    }


# Units of speech: how far each moves in a strong syllable, in pixels, and how often.
_SPEECH = {
    "lip pucker": (3.0, 0.25),
    "lip funneler": (3.0, 0.25),
    "lip stretcher": (2.0, 0.3),
    "lip presser": (2.0, 0.2),
    "upper lip raiser": (1.0, 0.4),
    "lower lip depressor": (2.0, 0.5),
    "lip corner puller": (1.0, 0.2),
}


def draw_talking(n_steps, times, rng):
    """Return bursts of speech with rests: syllables of 2 to 8 Hz, and raised brows with some."""
    courses = {name: np.zeros(len(times)) for name in ("jaw drop", *_SPEECH)}
    brows = np.zeros(len(times))
    start = rng.uniform(-60, 120)
    while start < n_steps:
        stop = start + rng.uniform(20, 200)
        rate, loudness = rng.uniform(3, 6), np.exp(rng.normal(0, 0.3))
        while start < stop:
            length = 30 / np.clip(rate * np.exp(rng.normal(0, 0.25)), 2, 8)
            if rng.uniform() < 0.9:  # else a short pause
                _add_syllable(courses, times, start, length, loudness, rng)
            start += length
        if rng.uniform() < 0.4:
            at = start - rng.uniform(10, 40)
            brows += rng.uniform(0.5, 2) * _bump(times, at, rng.uniform(10, 25))
        start += rng.exponential(60) + 8
    return courses | {"inner brow raiser": brows, "outer brow raiser": brows}


def _add_syllable(courses, times, start, length, loudness, rng):
    # The parts of a syllable overlap with its neighbours: the mouth seldom closes in between.
    jaw = min(loudness * np.exp(rng.normal(np.log(2.2), 0.6)), 9.0)
    courses["jaw drop"] += jaw * _bump(times, start, 1.5 * length)
    for name, (size, often) in _SPEECH.items():
        if rng.uniform() < often:
            course = size * loudness * rng.uniform(0.3, 1) * _bump(times, start, 1.6 * length)
            courses[name] = np.maximum(courses[name], course)


def _bump(times, start, length):
    x = np.clip((times - start) / length, 0, 1)
    return np.sin(np.pi * x) ** 2


def draw_habits(n_steps, times, rng):
    """Return swallowing, licking and pressing the lips, and chewing: four in a minute."""
    names = ("chin raiser", "lip presser", "lip suck", "jaw drop", "jaw sideways")
    courses = {name: np.zeros(len(times)) for name in names}
    for _ in range(rng.poisson(n_steps / 450)):
        start = rng.uniform(0, n_steps)
        habit = rng.randint(4)
        if habit == 0:  # swallowing
            length = rng.uniform(14, 26)
            courses["chin raiser"] += rng.uniform(1, 2.5) * _bump(times, start, length)
            courses["lip presser"] += rng.uniform(0.5, 2) * _bump(times, start, length)
        elif habit == 1:  # licking the lips
            length = rng.uniform(15, 35)
            courses["jaw drop"] += rng.uniform(1.5, 4) * _bump(times, start, length)
            courses["lip suck"] += rng.uniform(2, 5) * _bump(times, start + length / 2, length)
        elif habit == 2:  # pressing the lips together
            length = rng.uniform(15, 50)
            courses["lip presser"] += rng.uniform(1, 3) * _bump(times, start, length)
            courses["lip suck"] += rng.uniform(1, 4) * _bump(times, start, length)
        else:  # chewing
            period = rng.uniform(15, 25)
            side = rng.choice([-1, 1])
            for _ in range(rng.randint(4, 12)):
                size = rng.uniform(1.5, 4.5)
                courses["jaw drop"] += size * _bump(times, start, period)
                sideways = 0.4 * side * size * _bump(times, start + period / 3, period)
                courses["jaw sideways"] += sideways
                start += period * rng.uniform(0.9, 1.1)
    return courses


def draw_moves(n_steps, times, rng):
    """Return moves to another place in pixels, shape (n_times, 2): one in four seconds."""
    place, now = np.zeros((len(times), 2)), np.zeros(2)
    start = rng.exponential(120)
    while start < n_steps:
        goal = 0.5 * now + rng.normal(0, (7, 4), size=2)
        length = rng.uniform(6, 25)
        place += smooth_step((times - start) / length)[:, None] * (goal - now)
        now = goal
        start += length + rng.exponential(100)
    return place


def draw_turns(n_steps, times, rng):
    """Return turns to the side and up in radians, shape (n_times, 2): looks around and nods."""
    turn = np.zeros((len(times), 2))
    for _ in range(rng.poisson(n_steps / 120)):
        start = rng.uniform(0, n_steps)
        if rng.uniform() < 0.35:
            turn += _nod(times, start, rng)
            continue
        there, held, back = rng.uniform(5, 20), rng.uniform(5, 90), rng.uniform(5, 25)
        since = times - start
        course = smooth_step(since / there) - smooth_step((since - there - held) / back)
        goal = np.clip(rng.normal(0, (5.0, 3.0), size=2), -10, 10)
        turn += np.deg2rad(goal) * course[:, None]
    return turn


def _nod(times, start, rng):
    """Return a few nods, or shakes of the head."""
    axis = 1 if rng.uniform() < 0.7 else 0
    period, cycles = rng.uniform(12, 28), rng.randint(1, 4)
    since = np.clip((times - start) / period, 0, cycles)
    nod = np.zeros((len(times), 2))
    size = np.deg2rad(rng.uniform(1.5, 4.5)) * smooth_step(since) * smooth_step(cycles - since)
    nod[:, axis] = size * np.sin(2 * np.pi * since)
    if cycles == 1:
        nod[:, axis] = -np.deg2rad(rng.uniform(1.5, 5)) * np.sin(np.pi * since) ** 2
    return nod
