"""How a spotter's score changes when the motion of a node is left out of its windows."""

import numpy as np

from skspot.faces import NODE_SETS, PART_NAMES, PART_SIZES
from skspot.neural_network._windows import check_features
from skspot.preprocessing.flow import window_pairs

_KINDS = {len(names): kind for kind, names in NODE_SETS.items()}


def occlusion_effects(classifier, windows, score, *, rows, stretches, motionless):
    """Return what each occlusion changes in the mean score of some windows.

    Parameters
    ----------
    classifier : SpotFormerClassifier
        The fitted spotter.
    windows : array of shape (n_windows, n_positions, n_nodes, n_channels)
        The windows, all with a face.
    score : str
        The field of `FRAME_SCORE_DTYPE`.
    rows : list of int arrays
        The nodes whose motion is replaced together.
    stretches : list of int arrays
        The window positions at which it is replaced together.
    motionless : array of shape (n_positions, n_nodes, n_channels)
        What it is replaced by.

    Returns
    -------
    effects : array of shape (n_rows, n_stretches)
        Mean score with this motion replaced, less `full`.
    total : array of shape (n_rows,)
        The same with the motion of the row's nodes replaced at all positions.
    full : float
        Mean score of the windows as they are.
    """
    everywhere = np.concatenate(stretches)

    def variants():
        yield windows
        for nodes in rows:
            yield np.concatenate(
                [_occluded(windows, part, nodes, motionless) for part in (*stretches, everywhere)]
            )

    scores = classifier.predict_scores([variants()])[0][score]
    full, *means = scores.reshape(-1, len(windows)).mean(axis=1, dtype=np.float64)
    effects = np.reshape(means, (len(rows), -1)) - full
    return effects[:, :-1], effects[:, -1], float(full)


def _occluded(windows, positions, nodes, motionless):
    """Return the windows with the motion of nodes at positions replaced."""
    occluded = windows.copy()
    occluded[:, positions[:, None], nodes] = motionless[positions[:, None], nodes]
    return occluded


def scored_windows(features, interval, score):
    """Return the windows of an interval from which a score comes, and the frames in words.

    Parameters
    ----------
    features : array of shape (n_frames, n_positions, n_nodes, n_channels)
        The features of a video.
    interval : row of an interval table
        The interval.
    score : {"onset", "apex", "offset", "expression"}
        The frame of this name, or all of the interval.

    Returns
    -------
    windows : array of shape (n_windows, n_positions, n_nodes, n_channels)
        The windows that show a face.
    frames : str
        "at frame 31", or "over the frames 20 to 40".
    """
    check_features([features])
    ends = ("onset", "offset") if score == "expression" else (score, score)
    first, last = (int(interval[end]) for end in ends)
    windows = features[first : last + 1]
    windows = windows[~np.isnan(windows[:, 0, 0, 0])]
    frames = f"at frame {first}" if first == last else f"over the frames {first} to {last}"
    if not len(windows):
        raise ValueError(
            f"No window {frames} shows a face, so that there is no score to explain; take another "
            "interval or another score."
        )
    return windows, frames


def motionless(features, baseline):
    """Return what stands for no motion at each position; see `OcclusionDisplay.from_features`."""
    if baseline == "zero":
        return np.zeros(features.shape[1:], dtype=features.dtype)
    known = ~np.isnan(features[:, 0, 0, 0])
    return np.median(features[known], axis=0)


def node_rows(n_nodes, by, names):
    """Return the nodes of each row of the picture, and its name.

    Parameters
    ----------
    n_nodes : int
        Number of nodes of the features.
    by : {"node", "part"}
        Whether each node has a row or each facial part.
    names : list of str or None
        The nodes' names; None takes those of `node_names`, if there are as many.

    Returns
    -------
    rows : list of int arrays
        The nodes.
    names : list of str
        The names of the rows.
    """
    if names is not None and len(names) != n_nodes:
        raise ValueError(f"names has {len(names)} entries for {n_nodes} nodes; give one for each.")
    if by == "node":
        known = list(NODE_SETS[_KINDS[n_nodes]]) if n_nodes in _KINDS else None
        numbered = [f"node {i}" for i in range(n_nodes)]
        return [np.array([i]) for i in range(n_nodes)], list(names or known or numbered)
    if n_nodes not in _KINDS:
        raise ValueError(
            f"The facial parts of {n_nodes} nodes are not known, only those of {sorted(_KINDS)}; "
            "choose by='node'."
        )
    kind = _KINDS[n_nodes]
    firsts = np.cumsum(PART_SIZES[kind])[:-1]
    return np.split(np.arange(n_nodes), firsts), list(PART_NAMES[kind])


def position_offsets(flow):
    """Return how many frames after the window's middle each position of its features lies.

    Parameters
    ----------
    flow : SWMROFlow
        What makes the features. With "window" among its resolutions a position is the frame to
        which the motion from the reference frame leads, otherwise the middle of the lag.
    """
    settings = (flow.window_length, flow.spacing, flow.resolutions, flow.reference)
    pairs = window_pairs(*settings)
    if "window" in flow.resolutions:
        return pairs[:, list(flow.resolutions).index("window"), 1]
    return pairs[:, 0].mean(axis=-1)


def check_offsets(offsets, n_positions):
    """Return the offsets of positions as an array; None stands for those of SWMROFlow's default."""
    if offsets is None and n_positions % 2 == 0:
        return window_pairs(n_positions + 1, 1, ("window",), "centre")[:, 0, 1]
    given = np.asarray(() if offsets is None else offsets, dtype=np.float64)
    if given.shape != (n_positions,) or not (np.diff(given) > 0).all():
        raise ValueError(
            f"offsets must hold an increasing number of frames for each of the {n_positions} "
            f"window positions, got {offsets!r}."
        )
    return given
