"""Copy-paste augmentation: expressions pasted into neutral stretches of training videos."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from skspot.intervals import CLASSES, INTERVAL_DTYPE, make_intervals
from skspot.neural_network._windows import shows_face
from skspot.preprocessing import FlowLayout
from skspot.video import n_frames_in

# Seconds between a pasted expression and its neighbours.
_GAP = 8 / 30

# Differences of pasted expressions from annotated ones: largest factors of size and length, and
# standard deviation of the relative place of the apex.
_SIZE_FACTOR = 1.4
_LENGTH_FACTOR = 1.25
_APEX_DEVIATION = 0.08

# Seconds of rise and fall; a long expression is held in between.
_RISE_SECONDS = (4 / 30, 16 / 30)
_FALL_SECONDS = (6 / 30, 30 / 30)

# Power of the curves of rise and fall: a rise starts fast, and a fall ends slowly.
_POWERS = (1.2, 2.5)

# The most by which an expression that is held is weaker at its ends than at the apex.
_SLACK = 0.3

# Probabilities that a pasted pattern combines those of two expressions, or is weaker on one side of
# the face, and the least that is left there.
_COMBINED = 0.25
_ONE_SIDED = 0.25
_OTHER_SIDE = 0.1

# Length in frames of the shortest pasted expression: onset, apex and offset with a frame between.
_MIN_LENGTH = 5


@dataclass(frozen=True)
class Example:
    """Description of an annotated expression.

    Attributes
    ----------
    pattern : array of shape (n_nodes, 2)
        Motion of the nodes from the onset to the apex, 1 for the node that moves most.
    size : float
        That node's motion, in pixels of the normalised face.
    seconds : float
        From onset to offset.
    apex : float
        Where in the interval the apex is, from 0 to 1.
    """

    pattern: np.ndarray
    size: float
    seconds: float
    apex: float


class ExpressionPaster:
    """Add expressions to the neutral stretches of training videos.

    A pasted expression has slightly changed length, apex and size of an annotated one of its class.
    The pattern of its motion is that of any annotated expression, because micro-expressions are
    small and short versions of the same facial actions; some are weaker on one side or combine two.
    Features are differences of positions, and adding the differences of the expression is exact.

    Parameters
    ----------
    features : list of FlowFeatures
        The features of each video.
    tables : list of ndarray of dtype `INTERVAL_DTYPE`
        The annotated intervals of each video.
    rates : list of float
        Frames per second of each video.
    ratios : dict of class to float
        Mean number of pasted expressions for each annotated one, if there is room.
    mirror : bool
        Whether half of the pasted expressions are mirrored.
    """

    def __init__(self, features, tables, rates, *, ratios, mirror):
        self.videos = [
            _Video(np.asarray(video), video.layout, table, fps)
            for video, table, fps in zip(features, tables, rates)
        ]
        self.mirrored_nodes = np.array(features[0].layout.mirrored_nodes)
        self.mirror = mirror
        self.examples = {label: [] for label in CLASSES}
        for video in self.videos:
            for interval in video.table:
                example = _describe(video, interval)
                if example is not None:
                    self.examples[str(interval["label"])].append(example)
        seconds = sum(len(video.values) / video.fps for video in self.videos)
        self.rates = {
            label: ratio * sum(np.count_nonzero(t["label"] == label) for t in tables) / seconds
            for label, ratio in ratios.items()
        }

    def __call__(self, rng):
        """Return all videos with more expressions.

        Parameters
        ----------
        rng : RandomState
            Source of randomness.

        Returns
        -------
        values : list of float32 arrays of shape (n_frames, n_positions, n_nodes, n_channels)
            The features with pasted expressions; frames without a face stay NaN.
        tables : list of ndarray of dtype `INTERVAL_DTYPE`
            The intervals with the pasted ones.
        """
        values, tables = zip(*[self._paste(video, rng) for video in self.videos])
        return values, tables

    def _paste(self, video, rng):
        """Return the values and the intervals of a video with more expressions."""
        gap = n_frames_in(_GAP, video.fps)
        busy = ~shows_face(video.values)
        for interval in video.table:
            _occupy(busy, interval["onset"], interval["offset"], gap)
        n_frames, _, n_nodes, _ = video.values.shape
        position = np.zeros((n_frames, n_nodes, 2))
        rows = []
        for label in self._draw_classes(n_frames / video.fps, rng):
            length, apex, motion = self._draw(label, video.fps, rng)
            onset = _free_place(busy, length, rng)
            if onset is None:  # no free stretch is long enough
                continue
            stop = onset + length
            course = _course(length, apex, video.fps, rng)
            position[onset:stop] += course[:, None, None] * motion
            rows.append((onset, onset + apex, stop - 1, label))
            _occupy(busy, onset, stop - 1, gap)
        if not rows:
            return video.values, video.table
        annotated = video.table[list(INTERVAL_DTYPE.names)].tolist()
        pasted = _as_windows(position, video.layout)
        return video.values + pasted, make_intervals([*annotated, *rows])

    def _draw_classes(self, seconds, rng):
        """Return the classes of the expressions to paste into a video, in random order."""
        labels = [
            label
            for label, rate in self.rates.items()
            for _ in range(rng.poisson(rate * seconds) if self.examples[label] else 0)
        ]
        return [labels[i] for i in rng.permutation(len(labels))]

    def _draw(self, label, fps, rng):
        """Return length, apex and the nodes' motion at the apex of an expression to paste."""
        example = _choice(self.examples[label], rng)
        length = round(example.seconds * fps * _LENGTH_FACTOR ** rng.uniform(-1, 1))
        # A micro-expression must not become a macro-expression, or the reverse.
        lengths = [round(known.seconds * fps) for known in self.examples[label]]
        length = int(np.clip(length, max(min(lengths), _MIN_LENGTH), max(*lengths, _MIN_LENGTH)))
        apex = example.apex + _APEX_DEVIATION * rng.normal()
        size = example.size * _SIZE_FACTOR ** rng.uniform(-1, 1)
        motion = size * self._draw_pattern(rng)
        return length, int(np.clip(round(apex * (length - 1)), 1, length - 2)), motion

    def _draw_pattern(self, rng):
        """Return the motion of the nodes, 1 for the node that moves most."""
        examples = [example for some in self.examples.values() for example in some]
        pattern = _choice(examples, rng).pattern
        if rng.uniform() < _COMBINED:
            pattern = pattern + rng.uniform() * _choice(examples, rng).pattern
        if self.mirror and rng.uniform() < 0.5:
            pattern = pattern[self.mirrored_nodes] * [-1, 1]
        if rng.uniform() < _ONE_SIDED:
            nodes = np.arange(len(self.mirrored_nodes))
            others = (
                nodes < self.mirrored_nodes if rng.uniform() < 0.5 else nodes > self.mirrored_nodes
            )
            pattern = np.where(others[:, None], rng.uniform(_OTHER_SIDE, 1) * pattern, pattern)
        return pattern / max(np.linalg.norm(pattern, axis=-1).max(), 1e-9)


class _Video(NamedTuple):
    """A video into which expressions are pasted."""

    values: np.ndarray  # (n_frames, n_positions, n_nodes, n_channels)
    layout: FlowLayout
    table: np.ndarray  # its annotated intervals
    fps: float


def _describe(video, interval):
    """Describe an annotated expression; None if its motion is not known."""
    onset, apex, offset = (int(interval[name]) for name in ("onset", "apex", "offset"))
    if apex > onset:
        motion = _motion(video, onset, apex)
    else:  # without a rise, the fall shows what moved
        motion = -_motion(video, apex, offset)
    size = np.linalg.norm(motion, axis=-1).max()
    if not size > 0:  # also NaN
        return None
    length = offset - onset + 1
    return Example(motion / size, size, length / video.fps, (apex - onset) / max(1, length - 1))


def _motion(video, start, stop):
    """Return the motion of the nodes between two frames, in steps that windows contain.

    It ends as close to the last frame as these steps allow. Without steps, it is the change of the
    displacement from the neutral face.
    """
    if set(video.layout.resolutions) == {"neutral"}:
        middle = np.flatnonzero(video.layout.pairs[:, 0, 0] == 0)[0]
        return video.values[stop, middle] - video.values[start, middle]
    motion = np.zeros((video.values.shape[2], 2))
    while start < stop:
        step = _longest_step(video, start, stop)
        if step is None:
            break
        position, resolution, centre, lag = step
        motion += video.values[centre, position, :, 2 * resolution : 2 * resolution + 2]
        start += lag
    return motion


def _longest_step(video, start, stop):
    """Return the longest displacement from a frame that does not pass another, and its place.

    A displacement that passes it is accepted if it comes closer. None if there is none.
    """
    first, last = np.moveaxis(video.layout.pairs, -1, 0)
    lags, centres = last - first, start - first
    usable = (lags > 0) & (lags <= max(stop - start, 2 * (stop - start) - 1))
    usable &= (centres >= 0) & (centres < len(video.values)) & (start + lags < len(video.values))
    if not usable.any():
        return None
    short = usable & (lags <= stop - start)
    # The nearest window is best; a lag beyond the last frame is the last resort.
    order = np.where(short, lags, -lags) - np.abs(first) / 1000
    order = np.where(usable, order, -np.inf)
    position, resolution = np.unravel_index(np.argmax(order), order.shape)
    place = position, resolution
    return *place, centres[place], lags[place]


def _as_windows(position, layout):
    """Convert positions of the nodes in each frame, relative to the neutral face, to features."""
    frames = np.arange(len(position))[:, None, None]
    first, last = np.clip(frames + np.moveaxis(layout.pairs, -1, 0)[:, None], 0, len(position) - 1)
    start, motion = position[first], position[last]  # (n_frames, n_positions, n_resolutions, ...)
    start[:, :, [resolution == "neutral" for resolution in layout.resolutions]] = 0
    motion -= start
    motion = motion.astype(np.float32).swapaxes(2, 3)
    return motion.reshape(*motion.shape[:3], -1)


def _course(length, apex, fps, rng):
    """Return the intensity over time: 1 at the apex, and 0 just before and after.

    Long expressions rise and fall at their ends and hold in between, with some slack.
    """
    frames = np.arange(length)
    rise = min(apex + 1, fps * _log_uniform(_RISE_SECONDS, rng))
    fall = min(length - apex, fps * _log_uniform(_FALL_SECONDS, rng))
    rising = 1 - (1 - np.minimum((frames + 1) / rise, 1)) ** rng.uniform(*_POWERS)
    falling = np.minimum((length - frames) / fall, 1) ** rng.uniform(*_POWERS)
    slack = np.where(frames < apex, rng.uniform(0, _SLACK), rng.uniform(0, _SLACK))
    distance = np.where(frames < apex, apex - frames, frames - apex)
    hold = 1 - slack * distance / np.maximum(np.where(frames < apex, apex, length - 1 - apex), 1)
    return rising * falling * hold


def _log_uniform(limits, rng):
    return np.exp(rng.uniform(*np.log(limits)))


def _free_place(busy, length, rng):
    """Return a random frame from which `length` frames are free; None if there is none."""
    if length + 2 > len(busy):
        return None
    n_busy = np.convolve(busy, np.ones(length, dtype=int), mode="valid")
    places = np.flatnonzero(n_busy[1:-1] == 0) + 1  # with a neutral frame before and after
    return _choice(places, rng) if len(places) else None


def _occupy(busy, first, last, gap):
    busy[max(0, first - gap) : last + gap + 1] = True


def _choice(items, rng):
    return items[rng.randint(len(items))]
