"""Expressions planted in the features of neutral stretches, to learn from few annotated ones."""

from dataclasses import dataclass

import numpy as np

from skspot.intervals import CLASSES, INTERVAL_DTYPE, make_intervals

# Frames between a planted expression and its neighbours.
_GAP = 8

# How much planted expressions differ from annotated ones: their size and length at most by these
# factors, the place of the apex within them by this standard deviation.
_SIZE_FACTOR = 1.4
_LENGTH_FACTOR = 1.25
_APEX_DEVIATION = 0.08

# Length of the shortest planted expression: onset, apex and offset with a frame between them.
_MIN_LENGTH = 5

# Frames of rise and fall, which a long expression holds between.
_RAMP_LENGTHS = (8, 20)


@dataclass(frozen=True)
class Example:
    """What is known of an annotated expression.

    Attributes
    ----------
    pattern : array of shape (n_nodes, 2)
        Motion of the nodes from the onset to the apex, 1 for the node that moves most.
    size : float
        That node's motion, in pixels of the normalised face.
    length : int
        From onset to offset, in frames.
    apex : float
        Where in the interval the apex is, from 0 to 1.
    """

    pattern: np.ndarray
    size: float
    length: int
    apex: float


class ExpressionPlanter:
    """Add expressions to the neutral stretches of training videos.

    A planted expression has the length, apex and size of an annotated one of its class, changed a
    little, and moves the nodes as any annotated expression does: a micro-expression is a small and
    short edition of the same facial actions. Since features are differences of positions, adding
    the expression's own differences is exact.

    Parameters
    ----------
    features : list of float32 arrays of shape (n_frames, n_positions, n_nodes, 2)
        Displacements, as `SWMROFlow` returns them with its default `resolutions` and `spacing`.
    tables : list of ndarray of dtype `INTERVAL_DTYPE`
        The annotated intervals of each video.
    ratios : dict of label to float
        Mean number of planted expressions for each annotated one, as far as there is room.
    mirrored_nodes : sequence of int or None
        Node i of a mirrored face is node ``mirrored_nodes[i]``; None mirrors no pattern.

    Raises
    ------
    ValueError
        If the features are no such displacements.
    """

    def __init__(self, features, tables, *, ratios, mirrored_nodes):
        self.mirrored_nodes = mirrored_nodes
        reference = measured_from(features)
        self.offsets, self.origin = window_offsets(features[0].shape[1], reference)
        self.examples = {label: [] for label in CLASSES}
        for video, table in zip(features, tables):
            for interval in table:
                example = self._example(video, interval)
                if example is not None:
                    self.examples[str(interval["label"])].append(example)
        n_frames = sum(len(video) for video in features)
        self.rates = {
            label: ratio * sum(np.count_nonzero(t["label"] == label) for t in tables) / n_frames
            for label, ratio in ratios.items()
        }

    def __call__(self, video, table, rng):
        """Return a video with more expressions.

        Parameters
        ----------
        video : float32 array of shape (n_frames, n_positions, n_nodes, 2)
            The features of a video.
        table : ndarray of dtype `INTERVAL_DTYPE`
            Its intervals.
        rng : RandomState
            Source of randomness.

        Returns
        -------
        video : float32 array of shape (n_frames, n_positions, n_nodes, 2)
            The features with planted expressions; frames without a face stay NaN.
        table : ndarray of dtype `INTERVAL_DTYPE`
            The intervals with the planted ones.
        """
        busy = np.isnan(video[:, 0, 0, 0])
        for interval in table:
            _occupy(busy, interval["onset"], interval["offset"])
        position = np.zeros((len(video), *video.shape[2:]))
        rows = []
        for label in self._draw_labels(len(video), rng):
            length, apex, motion = self._draw(label, rng)
            onset = _free_place(busy, length, rng)
            if onset is None:  # no stretch as long as this is free any more
                continue
            stop = onset + length
            course = _course(length, apex, rng)
            position[onset:stop] += course[:, None, None] * motion
            rows.append((onset, onset + apex, stop - 1, label))
            _occupy(busy, onset, stop - 1)
        if not rows:
            return video, table
        annotated = table[list(INTERVAL_DTYPE.names)].tolist()
        return video + self._as_windows(position), make_intervals([*annotated, *rows])

    def _draw_labels(self, n_frames, rng):
        """Return the classes of the expressions to plant in a video, in random order."""
        labels = [
            label
            for label, rate in self.rates.items()
            for _ in range(rng.poisson(rate * n_frames) if self.examples[label] else 0)
        ]
        return [labels[i] for i in rng.permutation(len(labels))]

    def _draw(self, label, rng):
        """Return length, apex and the nodes' motion at the apex of an expression to plant."""
        example = _choice(self.examples[label], rng)
        length = round(example.length * _LENGTH_FACTOR ** rng.uniform(-1, 1))
        # A micro-expression does not become a macro-expression, nor the reverse.
        lengths = [known.length for known in self.examples[label]]
        length = int(np.clip(length, max(min(lengths), _MIN_LENGTH), max(*lengths, _MIN_LENGTH)))
        apex = example.apex + _APEX_DEVIATION * rng.normal()
        pattern = _choice([e for some in self.examples.values() for e in some], rng).pattern
        if self.mirrored_nodes is not None and rng.uniform() < 0.5:
            pattern = pattern[list(self.mirrored_nodes)] * [-1, 1]
        size = example.size * _SIZE_FACTOR ** rng.uniform(-1, 1)
        return length, int(np.clip(round(apex * (length - 1)), 1, length - 2)), size * pattern

    def _example(self, video, interval):
        """Describe an annotated expression; None if its motion is not known."""
        onset, apex, offset = (int(interval[name]) for name in ("onset", "apex", "offset"))
        if apex > onset:
            motion = self._motion(video, onset, apex)
        else:  # without a rise, the fall shows what moved
            motion = -self._motion(video, apex, offset)
        size = np.linalg.norm(motion, axis=-1).max()
        if not size > 0:  # also NaN
            return None
        length = offset - onset + 1
        return Example(motion / size, size, length, (apex - onset) / max(1, length - 1))

    def _motion(self, video, start, stop):
        """Return the nodes' motion from frame `start` to frame `stop`, in steps within a window."""
        motion = np.zeros(video.shape[2:])
        while start < stop:
            # The window that begins to measure at `start`, or the last one.
            centre = min(start - self.origin, len(video) - 1)
            end = min(stop, centre + self.offsets[-1])
            motion += self._displacement(video[centre], end - centre)
            motion -= self._displacement(video[centre], start - centre)
            start = end
        return motion

    def _displacement(self, window, offset):
        """Return the displacement to the frame at this offset from the centre of a window."""
        if offset == self.origin:
            return np.zeros(window.shape[1:])
        return window[np.searchsorted(self.offsets, offset)]

    def _as_windows(self, position):
        """Turn the position of the nodes in each frame into displacements in windows."""
        frames = np.arange(len(position))
        last = len(position) - 1
        origin = position[np.clip(frames + self.origin, 0, last)]
        others = position[np.clip(frames[:, None] + self.offsets, 0, last)]
        return (others - origin[:, None]).astype(np.float32)


def window_offsets(n_positions, reference):
    """Return the frames of a window, relative to its centre: the measured ones and the origin.

    Parameters
    ----------
    n_positions : int
        Measured frames of a window.
    reference : {"centre", "first"}
        The frame from which displacements are measured.

    Returns
    -------
    offsets : int array of shape (n_positions,)
        The frames to which displacements lead.
    origin : int
        The frame from which they start.
    """
    half = n_positions // 2
    origin = 0 if reference == "centre" else -half
    offsets = np.arange(-half, half + 1)
    return offsets[offsets != origin], origin


def measured_from(features):
    """Return the frame of the window from which features measure displacements.

    From the centre, the motion to a frame is the opposite of that frame's motion to here. From the
    first frame, two neighbouring windows see one frame differ by the motion between their firsts.

    Parameters
    ----------
    features : list of float32 arrays of shape (n_frames, n_positions, n_nodes, n_channels)
        One array per video.

    Returns
    -------
    reference : {"centre", "first"}
        The frame; "centre" if nothing moves.

    Raises
    ------
    ValueError
        If the features are no displacements from one of these frames.
    """
    half, n_channels = features[0].shape[1] // 2, features[0].shape[3]
    known = [~np.isnan(video[:, 0, 0, 0]) for video in features]
    both = [keep[:-1] & keep[1:] for keep in known]
    window = np.concatenate([video[:-1][keep] for video, keep in zip(features, both)])
    following = np.concatenate([video[1:][keep] for video, keep in zip(features, both)])
    if 2 * half == features[0].shape[1] and n_channels == 2:
        if np.allclose(window[:, half], -following[:, half - 1], atol=1e-4):
            return "centre"
        between_firsts = window[:, 1:] - following[:, :-1]
        if np.mean((between_firsts - window[:, :1]) ** 2) < 0.5 * np.mean(window**2):
            return "first"
    raise ValueError(
        "Expressions can't be planted in these features: they are not the displacements that "
        "SWMROFlow makes with its default resolutions and spacing. Set planted_micro=0 and "
        "planted_macro=0 to plant nothing."
    )


def _course(length, apex, rng):
    """Return the intensity over time: 1 at the apex, and 0 just before and after.

    Long expressions rise and fall at their ends and hold in between.
    """
    frames = np.arange(length)
    rise = min(apex + 1, rng.uniform(*_RAMP_LENGTHS))
    fall = min(length - apex, rng.uniform(*_RAMP_LENGTHS))
    ends = np.minimum((frames + 1) / rise, (length - frames) / fall)
    return np.sin(np.pi / 2 * np.minimum(ends, 1)) ** 2


def _free_place(busy, length, rng):
    """Return a random frame from which `length` frames are free; None if there is none."""
    if length + 2 > len(busy):
        return None
    n_busy = np.convolve(busy, np.ones(length, dtype=int), mode="valid")
    places = np.flatnonzero(n_busy[1:-1] == 0) + 1  # with a neutral frame before and after
    return _choice(places, rng) if len(places) else None


def _occupy(busy, first, last):
    busy[max(0, first - _GAP) : last + _GAP + 1] = True


def _choice(items, rng):
    return items[rng.randint(len(items))]
