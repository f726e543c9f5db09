"""The neutral face: the configuration of the nodes that a face takes most of the time."""

import math

import numpy as np
from scipy.spatial.distance import cdist

# Frames that are compared with each other; of longer stretches, as many at equal distances.
_SAMPLE_SIZE = 400

# The quantile of the squared distances between frames that is the width of the density's kernel:
# about how much neutral frames differ among each other.
_WIDTH_QUANTILE = 10

# Noise of a coordinate, in face sizes, which is the smallest width.
_NOISE = 0.1 / 128

# Share of the frames, those amid most others, whose median is the neutral face.
_DENSEST = 0.05

# How much denser another configuration must be to become the neutral one.
_HYSTERESIS = 1.5


def neutral_face(places, previous=None):
    """Return the places of the nodes in the neutral face.

    A joint mode: the median of the frames that resemble most others in all nodes at once. Unlike
    the median of all frames, it is neutral if a face is expressive most of the time, because
    expressions differ from each other.

    Parameters
    ----------
    places : array of shape (n_frames, n_nodes, 2)
        Places of the nodes, in face sizes.
    previous : array of shape (n_nodes, 2), default=None
        An earlier neutral face. It moves with the face, but is only left for one that is clearly
        more frequent.

    Returns
    -------
    neutral : array of shape (n_nodes, 2)
        The neutral face.
    """
    stride = math.ceil(len(places) / _SAMPLE_SIZE)
    sample = places[::stride].reshape(len(places[::stride]), -1).astype(np.float64)
    squares = cdist(sample, sample, "sqeuclidean")
    smallest = 2 * sample.shape[1] * _NOISE**2
    width = 2 * max(np.percentile(squares, _WIDTH_QUANTILE), smallest)
    density = np.exp(-squares / width).sum(axis=1)
    if previous is not None:
        weight = np.exp(-((sample - previous.ravel()) ** 2).sum(axis=1) / width)
        if density.max() < _HYSTERESIS * weight.sum():
            return (weight @ sample / weight.sum()).reshape(previous.shape)
    densest = np.argsort(-density, kind="stable")[: math.ceil(_DENSEST * len(sample))]
    return np.median(sample[densest], axis=0).reshape(places.shape[1:])


class NeutralFaces:
    """The neutral face over time, for each pose of the head.

    Parameters
    ----------
    places : array of shape (n_frames, n_nodes, 2)
        Places of the nodes, in face sizes; NaN where unknown. They may still be filled in beyond
        the frames that are asked for.
    poses : int array of shape (n_frames,)
        Number of the pose of each frame; places are only comparable within a pose.
    fps : float
        Frames per second.
    span : (float, float)
        Seconds before and after a frame in which its neutral face is sought.
    """

    # Seconds between two estimates, and the shortest time in a pose that can be judged.
    _INTERVAL = 1.0
    _SHORTEST = 1.0

    def __init__(self, places, poses, fps, span):
        self.places, self.poses = places, poses
        self.interval = max(1, round(self._INTERVAL * fps))
        self.shortest = self._SHORTEST * fps
        self.before, self.after = (math.ceil(seconds * fps) for seconds in span)
        self._estimated_at = None
        self._neutral = {}

    def displacement(self, frame):
        """Return the nodes' displacement (n_nodes, 2) from the neutral face; NaN if unknown.

        Frames must be asked for in their order.
        """
        at = frame // self.interval * self.interval
        if at != self._estimated_at:
            self._estimated_at = at
            self._estimate(at)
        neutral = self._neutral.get(self.poses[frame])
        if neutral is None:
            return np.full(self.places.shape[1:], np.nan)
        return self.places[frame] - neutral

    def _estimate(self, at):
        near = slice(max(0, at - self.before), at + self.after + 1)
        places, poses = self.places[near], self.poses[near]
        known = np.isfinite(places[:, 0, 0])
        for pose in np.unique(poses[known]):
            visits = places[known & (poses == pose)]
            if len(visits) >= min(self.shortest, 0.5 * len(places)):
                self._neutral[pose] = neutral_face(visits, self._neutral.get(pose))
