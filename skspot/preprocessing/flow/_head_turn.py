"""The motion of a rigid head, fitted to the motion of regions that expressions hardly move.

A shift alone leaves the parallax of turns and nods in the motion of the nodes: the mouth lies in
front of the corners of the eyes. The regions' depths are those of the mean face.
"""

from typing import NamedTuple

import numpy as np

from skspot.faces import MEAN_SHAPE, NODE_SETS

# The landmarks of each rigid region and their weights: root, bridge and tip of the nose, and beside
# each eye, because its corners move when it blinks.
_RIGID = (
    {27: 1.0},
    {28: 0.5, 29: 0.5},
    {30: 1.0},
    {36: 1.3, 39: -0.3},
    {39: 1.25, 36: -0.25},
    {42: 1.25, 45: -0.25},
    {45: 1.3, 42: -0.3},
)

# How much each part of the motion costs, so that noise is not taken for it: shift (2), size, roll,
# turn, nod, and two kinds of foreshortening.
_PENALTY = np.diag([0.0, 0.0, 0.002, 0.002, 0.006, 0.006, 0.2, 0.2])

# Deviation of a region from the rigid motion, in face sizes, from which on it has less weight.
_OUTLIER = 0.5 / 128
_N_FITS = 3

# The same for the deviation from the median motion, before anything is fitted.
_FIRST_OUTLIER = 3 / 128


class HeadTurn(NamedTuple):
    """How a head has moved between two pictures.

    Attributes
    ----------
    motion : array of shape (n_nodes, 2)
        Motion of the nodes with the head, in face sizes.
    transform : array of shape (2, 3)
        The part of the motion in the plane of the picture, a similarity transform of points in face
        sizes.
    angle : float
        How far the head has turned and nodded, in radians as far as they can be seen.
    misfit : float
        Third quartile of the deviations of the rigid regions, in face sizes.
    """

    motion: np.ndarray
    transform: np.ndarray
    angle: float
    misfit: float


class HeadTurnFit:
    """Fits the motion of the head to the motion of regions.

    Parameters
    ----------
    landmarks : array of shape (68, 2)
        Of the face from which motion is measured, in face sizes.
    nodes : {"paper", "extended"}
        The node set.
    """

    def __init__(self, landmarks, nodes):
        self.n_nodes = len(NODE_SETS[nodes])
        weights = _weights(nodes)
        self.centres = weights @ landmarks
        self.origin = landmarks[27:31].mean(axis=0)
        basis = _rigid_motions(self.centres - self.origin, weights @ MEAN_SHAPE[:, 2])
        self._of_nodes, rigid = basis[: self.n_nodes], basis[self.n_nodes :]
        self._of_rigid = rigid.reshape(-1, rigid.shape[-1])

    def __call__(self, motion):
        """Return the motion of the head.

        Parameters
        ----------
        motion : array of shape (n_nodes + n_rigid, 2)
            Of the nodes and of the rigid regions, in face sizes.

        Returns
        -------
        turn : HeadTurn
            The motion of the head.
        """
        rigid = motion[self.n_nodes :]
        basis, target = self._of_rigid, rigid.ravel()
        middle = np.sort(rigid, axis=0)[(len(rigid) - 1) // 2 : len(rigid) // 2 + 1].sum(axis=0)
        middle /= 2 - len(rigid) % 2  # the median; numpy's takes longer than everything else here
        weight = _trust(rigid - middle, _FIRST_OUTLIER)
        for _ in range(_N_FITS):  # iteratively reweighted least squares
            weighted = basis.T * weight
            parts = np.linalg.solve(weighted @ basis + _PENALTY, weighted @ target)
            rest = (target - basis @ parts).reshape(-1, 2)
            weight = _trust(rest, _OUTLIER)
        deviations = np.sort(np.hypot(rest[:, 0], rest[:, 1]))
        misfit = deviations[round(0.75 * (len(deviations) - 1))]
        return HeadTurn(
            self._of_nodes @ parts,
            self._in_plane(*parts[:4]),
            float(np.hypot(*parts[4:6])),
            float(misfit),
        )

    def _in_plane(self, right, down, size, roll):
        """Return the similarity transform (2, 3) of these parts of the motion."""
        turn = np.array([[1 + size, -roll], [roll, 1 + size]])
        return np.column_stack([turn, self.origin + [right, down] - turn @ self.origin])


def _weights(nodes):
    """Return the weights of the landmarks in the centre of each node and rigid region."""
    means = [dict.fromkeys(points, 1 / len(points)) for points in NODE_SETS[nodes].values()]
    weights = np.zeros((len(means) + len(_RIGID), len(MEAN_SHAPE)))
    for row, group in zip(weights, (*means, *_RIGID)):
        row[list(group)] = list(group.values())
    return weights


def _trust(deviations, outlier):
    """Return the weights of both coordinates of each region."""
    sizes = np.hypot(deviations[:, 0], deviations[:, 1])
    return np.repeat(outlier / np.maximum(outlier, sizes), 2)


def _rigid_motions(points, depth):
    """Return how points move by each part of the head's motion, shape (n_points, 2, n_parts)."""
    x, y = points.T
    one, zero = np.ones_like(x), np.zeros_like(x)
    columns = [(one, zero), (zero, one), (x, y), (-y, x), (depth, zero), (zero, depth)]
    columns += [(x, -y), (y, x)]
    return np.stack([np.stack(column, axis=-1) for column in columns], axis=-1)
