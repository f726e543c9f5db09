"""What happens in a video with the dynamics of film: expressions, and what else a face does.

Everything is drawn in steps of 1/30 s and evaluated at the times of the frames, so the same seed
gives the same scene at any frame rate.
"""

import numpy as np

from skspot.datasets.synthetic._distractors import (
    add_courses,
    draw_blinks,
    draw_gaze,
    draw_moves,
    draw_talking,
    draw_turns,
    limited,
    slow,
    unit_index,
)
from skspot.datasets.synthetic._dynamics import annotated, draw_course
from skspot.datasets.synthetic._script import SCRIPT_FPS, Script
from skspot.datasets.synthetic._units import OWN_SMILE, SIDES, facs_code
from skspot.intervals import check_intervals, make_intervals

# How often an expression occurs, how often on one side alone, and how far its units move the face
# in pixels at a face of 128.
_EXPRESSIONS = (
    (5.0, 0.15, {"lip corner puller": 10, "cheek raiser": 4, "lid tightener": 1}),
    (2.0, 0.25, {"lip corner puller": 8}),
    (1.0, 0.2, {"lip corner puller": 5, "dimpler": 3}),
    (2.5, 0.2, {"inner brow raiser": 5, "outer brow raiser": 5, "upper lid raiser": 0.7}),
    (1.0, 0.4, {"outer brow raiser": 6}),
    (
        1.0,
        0.0,
        {"inner brow raiser": 4, "outer brow raiser": 5, "upper lid raiser": 1, "jaw drop": 7},
    ),
    (2.5, 0.05, {"brow lowerer": 5, "lid tightener": 1}),
    (1.0, 0.0, {"brow lowerer": 5, "lid tightener": 1, "lip presser": 3, "chin raiser": 1}),
    (1.0, 0.1, {"nose wrinkler": 6, "brow lowerer": 2, "lid tightener": 0.7}),
    (1.0, 0.25, {"upper lip raiser": 4, "nose wrinkler": 2}),
    (1.0, 0.0, {"inner brow raiser": 5, "brow lowerer": 2, "lip corner depressor": 4}),
    (
        1.0,
        0.0,
        {"inner brow raiser": 4, "outer brow raiser": 3, "brow lowerer": 2, "lip stretcher": 5},
    ),
    (1.5, 0.7, {"dimpler": 5}),
    (1.0, 0.0, {"chin raiser": 4, "lip corner depressor": 3}),
    (0.8, 0.1, {"lip corner depressor": 5}),
    (0.8, 0.0, {"lip pucker": 5}),
    (0.8, 0.0, {"lip presser": 4, "chin raiser": 1.5}),
    (0.5, 0.0, {"lip suck": 4, "lip presser": 2}),
    (0.6, 0.0, {"jaw drop": 12, "lip funneler": 2}),
    (0.6, 0.1, {"lower lip depressor": 4, "upper lip raiser": 3, "lip stretcher": 4}),
)
_SHARES = np.array([share for share, *_ in _EXPRESSIONS]) / sum(e[0] for e in _EXPRESSIONS)

_SMILE = "lip corner puller"
_MICRO_SHARE = 0.5  # of the bouts
_BOUT_SIZES = (0.45, 0.25, 0.15, 0.1, 0.05)
_MAX_TRIES = 100
_BOUT_TIME = 190  # mean steps from the beginning of one bout to that of the next
_RUN_ON = 0.3  # how often an expression passes into the next


def write_film(
    n_frames,
    fps,
    units,
    motion,
    largest,
    *,
    amplitudes,
    expressions,
    head_motion,
    head_turns,
    blinks,
    talking,
    light,
    person,
    rng,
):
    """Return a random script with the dynamics of film.

    Parameters
    ----------
    n_frames : int
        Length of the video.
    fps : float
        Frames per second.
    units : sequence of str
        The units of the face.
    motion : array of shape (n_units, n_nodes, 2)
        How each unit moves each node at an activation of 1, in pixels.
    largest : array of shape (n_units,)
        The strongest activation of each unit.
    amplitudes : dict of label to (low, high)
        Range of the largest node displacement, in pixels.
    expressions : float
        How often expressions occur; 0 for none, 1 is the usual rate.
    head_motion, head_turns, blinks, talking, light : float
        Strength of each distractor; 0 turns it off, 1 is the usual strength.
    person : RandomState
        Source of what is the same in all videos of a person.
    rng : RandomState
        Source of all other randomness.

    Returns
    -------
    script : Script
        The script.
    """
    n_steps = round(n_frames * SCRIPT_FPS / fps)
    times = np.arange(n_frames) * (SCRIPT_FPS / fps)
    level = {label: person.beta(3, 2) for label in amplitudes}
    # Each has a source of its own: what is switched off leaves the rest as it is.
    sources = [np.random.RandomState(rng.randint(2**31 - 1)) for _ in range(7)]
    bouts = _draw_bouts(n_steps, expressions, sources[0]) if expressions else ()
    activations, table, codes = _draw_expressions(
        bouts, times, units, motion, largest, amplitudes, level, sources[0]
    )
    add_courses(activations, units, draw_blinks(n_steps, times, sources[1]), blinks)
    add_courses(activations, units, draw_gaze(n_steps, times, sources[2]), blinks)
    lids = unit_index("blink", units)
    activations[:, lids] = np.minimum(activations[:, lids], 1)
    add_courses(activations, units, draw_talking(n_steps, times, sources[3]), talking)
    signals = slow(n_steps, times, 45, 6, sources[4])
    sway = slow(n_steps, times, 8, 2, sources[4])
    moves = draw_moves(n_steps, times, sources[4])
    turn = head_motion * np.deg2rad(1.2) * signals[:, 4:]
    turn += head_turns * draw_turns(n_steps, times, sources[5])
    lights = slow(n_steps, times, 80, 2, sources[6])
    return Script(
        intervals=table,
        activations=activations,
        shift=head_motion * (3 * signals[:, :2] + 0.6 * sway + moves),
        angle=head_motion * np.deg2rad(1.0) * signals[:, 2],
        scale=np.exp(head_motion * 0.01 * signals[:, 3]),
        gain=1 + light * 0.06 * lights[:, 0],
        slope=light * 0.06 * lights[:, 1],
        turn=limited(turn),
        codes=codes,
    )


def _draw_expressions(bouts, times, units, motion, largest, amplitudes, level, rng):
    """Return the activations of all expressions, the interval table and the codes of FACS."""
    activations = np.zeros((len(times), len(units)))
    rows, codes = [], []
    for label, course in bouts:
        weights, height = _draw_expression(
            label, units, motion, largest, amplitudes[label], level[label], rng
        )
        own = _follow(course, times, weights, rng)
        moved = np.linalg.norm(np.einsum("fu,una->fna", own, motion), axis=-1).max(axis=1)
        frames = annotated(moved / height)
        if frames is None or not _join(rows, frames):
            continue
        activations += own
        rows.append((*frames, label))
        codes.append(facs_code(dict(zip(units, weights))))
    table = make_intervals(rows, n_frames=len(times))
    return activations, check_intervals(table, n_frames=len(times)), codes


def _follow(course, times, weights, rng):
    """Return the activations of an expression; some units lag behind the first."""
    used = np.flatnonzero(weights)
    lags = rng.uniform(0, min(2.0, course.rise / 3), size=len(used))
    activations = np.zeros((len(times), len(weights)))
    for unit, lag in zip(used, lags - lags.min(initial=0)):
        activations[:, unit] = weights[unit] * course(times, lag)
    return activations


def _join(rows, frames):
    """End the last row before the next expression, in place; return whether there is room."""
    if not rows or frames[0] > rows[-1][2]:
        return True
    onset, apex, _, label = rows[-1]
    if frames[0] <= apex:
        return False
    rows[-1] = (onset, apex, frames[0] - 1, label)
    return True


def _draw_bouts(n_steps, often, rng):
    """Yield the class and the course of each expression."""
    start = rng.uniform(8, 60) + _longer_rest(often, rng)
    while True:
        micro = rng.uniform() < _MICRO_SHARE
        size = 1 if micro else 1 + rng.choice(len(_BOUT_SIZES), p=_BOUT_SIZES)
        for _ in range(size):
            course = draw_course("micro" if micro else "macro", start, rng)
            if course.stop > n_steps - 2:
                return
            yield ("micro" if micro else "macro"), course
            if not micro and rng.uniform() < _RUN_ON:
                start = course.stop - rng.uniform(0.2, 0.9) * course.fall
            else:
                start = course.stop + rng.uniform(10, 25)
        start += (5 + rng.exponential(60)) / max(1, often) + _longer_rest(often, rng)


def _longer_rest(often, rng):
    """Return by how much a rest is longer than usual if expressions are rarer."""
    return rng.exponential(_BOUT_TIME * (1 / often - 1)) if often < 1 else 0.0


def _draw_expression(label, units, motion, largest, amplitude, level, rng):
    """Return the activation of each unit, and how far the strongest node moves."""
    for _ in range(_MAX_TRIES):
        weights = _draw_weights(label, units, rng)
        size = _node_size(weights, motion)
        is_own = OWN_SMILE in units and weights[units.index(OWN_SMILE)] > 0
        own_smile = size if is_own and label == "macro" else None
        # A unit that has reached its end stays there, the others may go on.
        scale = _draw_height(own_smile, amplitude, level, rng) / size
        weights = np.minimum(scale * weights, largest)
        height = _node_size(weights, motion)
        if height >= amplitude[0]:
            break
    return weights, height


def _node_size(weights, motion):
    """Return how far an expression moves the strongest node."""
    return np.linalg.norm(np.tensordot(weights, motion, 1), axis=-1).max()


def _draw_weights(label, units, rng):
    """Return the weight of each unit, in pixels of its peak."""
    while True:
        _, one_sided, recipe = _EXPRESSIONS[rng.choice(len(_EXPRESSIONS), p=_SHARES)]
        recipe = {name: size * rng.uniform(0.7, 1.3) for name, size in recipe.items()}
        if label == "micro" and rng.uniform() < 0.4:
            first = next(iter(recipe))
            recipe = {first: recipe[first]}
        weights = np.zeros(len(units))
        side = rng.randint(2) if rng.uniform() < one_sided else None
        smiles_as_usual = _SMILE in recipe and OWN_SMILE in units and rng.uniform() < 0.6
        if smiles_as_usual and side is None:
            weights[units.index(OWN_SMILE)] = 1
            return weights
        lean = np.clip(rng.normal(0, 0.15), -0.4, 0.4) if side is None else None
        shares = (1 + lean, 1 - lean) if side is None else np.eye(2)[side] + 0.1 * rng.uniform()
        for name, size in recipe.items():
            for one in unit_index(name, units):
                of_side = [i for i, s in enumerate(SIDES) if units[one] == f"{name} {s}"]
                weights[one] = size * (shares[of_side[0]] if of_side else 1.0)
        if weights.any():
            return weights


def _draw_height(own_smile, amplitude, level, rng):
    """Return how far the strongest node moves: a person is about as expressive at all times."""
    low, high = amplitude
    if own_smile:
        return np.clip(own_smile * rng.uniform(0.4, 1.1), low, high)
    place = np.clip(level + rng.normal(0, 0.3), 0, 1)
    place = 0.6 * place + 0.4 * rng.uniform()
    return low * (high / low) ** place
