"""Facial regions of interest: the nodes of the graph that SpotFormer looks at.

Each region is a square around the mean of a few of the 68 landmarks (iBUG 300-W order). "Left" and
"right" are those of the person.
"""

import numpy as np

# Landmarks whose mean is a node's centre. The order is that of the module's facial parts.
_PAPER_NODES = {
    "left brow inner": (22, 23),
    "left brow middle": (24,),
    "left brow outer": (25, 26),
    "right brow inner": (20, 21),
    "right brow middle": (19,),
    "right brow outer": (17, 18),
    "mouth corner left": (54,),
    "mouth corner right": (48,),
    "upper lip": (51, 62),
    "lower lip": (57, 66),
}

_EXTENDED_NODES = {
    **_PAPER_NODES,
    "nose wing left": (35,),
    "nose wing right": (31,),
    "lower eyelid left": (46, 47),
    "lower eyelid right": (40, 41),
}

NODE_SETS = {"paper": _PAPER_NODES, "extended": _EXTENDED_NODES}

# Nodes of each facial part: left brow, right brow, mouth, and the middle of the face.
PART_SIZES = {"paper": (3, 3, 4), "extended": (3, 3, 4, 4)}

# Node i of the mirrored face is node MIRRORED_NODES[...][i]: left and right change places.
MIRRORED_NODES = {
    "paper": (3, 4, 5, 0, 1, 2, 7, 6, 8, 9),
    "extended": (3, 4, 5, 0, 1, 2, 7, 6, 8, 9, 11, 10, 13, 12),
}

# Points that expressions hardly move: the bridge of the nose, and the inner corners of the eyes.
# The bridge alone gives the shift of the head; together they give its rotation and size as well.
_NOSE = (27, 28, 29, 30)
_RIGID_POINTS = ((27,), (29, 30), (39,), (42,))

# Half the side of a region and of the nose region at a face size of 128 px: 15 and 21 px wide.
_NODE_RADIUS = 7 / 128
_NOSE_RADIUS = 10 / 128


def node_names(nodes="paper"):
    """Return the names of the nodes, in their order in the feature array.

    Parameters
    ----------
    nodes : {"paper", "extended"}, default="paper"
        The node set: the ten of the paper, or these and the nose wings and lower eyelids.

    Returns
    -------
    names : list of str
        One name per node; left and right are the person's.

    Examples
    --------
    >>> from skspot.faces import node_names
    >>> node_names()[6:]
    ['mouth corner left', 'mouth corner right', 'upper lip', 'lower lip']
    """
    return list(NODE_SETS[nodes])


def node_centres(landmarks, nodes="paper"):
    """Return the centres of the nodes.

    Parameters
    ----------
    landmarks : array of shape (..., 68, 2)
        Landmarks in pixels, in the iBUG 300-W order.
    nodes : {"paper", "extended"}, default="paper"
        The node set.

    Returns
    -------
    centres : array of shape (..., n_nodes, 2)
        Centres in pixels.

    Examples
    --------
    >>> from skspot.datasets import make_expression_videos
    >>> from skspot.faces import node_centres
    >>> data = make_expression_videos(1, videos_per_subject=1, n_frames=60, random_state=0)
    >>> node_centres(data.landmarks[0]).shape
    (60, 10, 2)
    """
    return _group_means(landmarks, NODE_SETS[nodes].values())


def rigid_centres(landmarks, head_motion):
    """Return the centres of the regions from which the motion of the head is taken."""
    groups = [_NOSE] if head_motion == "nose" else _RIGID_POINTS
    return _group_means(landmarks, groups)


def region_radius(face_size):
    """Return half the side of a node's region in pixels, without the centre pixel."""
    return max(1, round(_NODE_RADIUS * face_size))


def rigid_radius(face_size, head_motion):
    """Return half the side of a rigid region in pixels, without the centre pixel."""
    radius = _NOSE_RADIUS if head_motion == "nose" else _NODE_RADIUS
    return max(1, round(radius * face_size))


def _group_means(landmarks, groups):
    landmarks = np.asarray(landmarks)
    return np.stack([landmarks[..., list(group), :].mean(axis=-2) for group in groups], axis=-2)
