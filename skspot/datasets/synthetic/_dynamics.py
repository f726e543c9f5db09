"""Laws of motion of the film script: how an expression rises, holds and falls.

Times are in steps of 1/30 s, and all curves are continuous in time.
"""

from dataclasses import dataclass

import numpy as np

VISIBLE = 0.05  # the share of its height at which an expression begins and ends to be seen
REACHED = 0.95  # the share of its height at which the apex is reached

# Ranges of the lengths of rise, hold and fall. Of a rise, two thirds are between the onset and the
# apex: 4 to 16 steps of a macro-expression.
LENGTHS = {
    "macro": ((6, 22), (5, 70), (8, 38)),
    "micro": ((2.5, 5), (0.5, 3), (3, 6)),
}


def _smooth(x):
    return x * x * (3 - 2 * x)


def _minimum_jerk(x):
    return x**3 * (10 - 15 * x + 6 * x * x)


def _sine(x):
    return 0.5 - 0.5 * np.cos(np.pi * x)


_LAWS = (_smooth, _minimum_jerk, _sine)


@dataclass(frozen=True)
class Course:
    """The intensity of one expression over time: 0 before and after it, about 1 while it holds.

    Attributes
    ----------
    start, rise, hold, fall : float
        When it begins, and how long its parts last.
    law : int
        Which of the laws it follows as it rises.
    skew : float
        Below 1 it starts faster than it arrives.
    decay : float
        How exponential the fall is; at 0 it falls by the law of the rise.
    sag, sway, phase : float
        How far it goes down while it holds, and how much it moves up and down.
    """

    start: float
    rise: float
    hold: float
    fall: float
    law: int
    skew: float
    decay: float
    sag: float
    sway: float
    phase: float

    @property
    def stop(self):
        """When it is over."""
        return self.start + self.rise + self.hold + self.fall

    def __call__(self, times, lag=0.0):
        """Return the intensity at times; a part of the face may lag behind the others."""
        law = _LAWS[self.law]
        since = np.asarray(times, dtype=float) - self.start - lag
        up = law(np.clip(since / self.rise, 0, 1) ** self.skew)
        held = np.clip(since - self.rise, 0, self.hold + self.fall)
        wave = np.sin(held / 9 + self.phase) - np.sin(self.phase)
        settled = _smooth(np.clip(held / 10, 0, 1))
        drift = 1 - self.sag * np.clip(held / max(self.hold, 1), 0, 1) + self.sway * wave * settled
        down = np.clip((since - self.rise - self.hold) / max(self.fall - lag, 1), 0, 1)
        if self.decay:
            # It starts smoothly: no motion jumps to its full speed.
            late = down**1.25
            left = np.exp(-self.decay * late) - np.exp(-self.decay)
            left = left / (1 - np.exp(-self.decay))
        else:
            left = 1 - law(down)
        return up * drift * left


def draw_course(label, start, rng):
    """Return a random course of an expression of a class that begins at a time."""
    limits = LENGTHS[label]
    rise = rng.uniform(*limits[0])
    hold, fall = (_log_uniform(low, high, rng) for low, high in limits[1:])
    is_macro = label == "macro"
    return Course(
        start=start,
        rise=rise,
        hold=hold,
        fall=fall,
        law=rng.randint(len(_LAWS)),
        skew=rng.uniform(0.75, 1.3),
        decay=rng.uniform(2.0, 4.0) if rng.uniform() < 0.6 else 0.0,
        sag=rng.uniform(0, 0.15) if is_macro else 0.0,
        sway=rng.uniform(0, 0.04) if is_macro else 0.0,
        phase=rng.uniform(0, 2 * np.pi),
    )


def _log_uniform(low, high, rng):
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def annotated(intensity):
    """Return onset, apex and offset of an expression from its intensity in every frame.

    Parameters
    ----------
    intensity : array of shape (n_frames,)
        How far the expression moves the face, as a share of its height.

    Returns
    -------
    frames : (onset, apex, offset) or None
        The first frame with visible motion, the first in which the height is reached, the last with
        visible motion. None if it is never visible.
    """
    visible = np.flatnonzero(intensity >= VISIBLE)
    if not len(visible):
        return None
    onset, offset = visible[0], visible[-1]
    reached = np.flatnonzero(intensity[onset : offset + 1] >= REACHED * min(intensity.max(), 1.0))
    return int(onset), int(onset + reached[0]), int(offset)
