"""Node sets: the facial regions whose motion SpotFormer uses.

Each region is a square around the mean of a few of the 68 landmarks. "Left" and "right" are those
of the person.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skspot.faces._scheme import MIRRORED_POINTS
from skspot.utils._typing import HeadMotion, Nodes

# The nodes of each facial part, and the landmarks whose mean is the centre of a node.
_PAPER_PARTS = {
    "left brow": {
        "left brow inner": (22, 23),
        "left brow middle": (24,),
        "left brow outer": (25, 26),
    },
    "right brow": {
        "right brow inner": (20, 21),
        "right brow middle": (19,),
        "right brow outer": (17, 18),
    },
    "mouth": {
        "mouth corner left": (54,),
        "mouth corner right": (48,),
        "upper lip": (51, 62),
        "lower lip": (57, 66),
    },
}
_EXTENDED_PARTS = {
    **_PAPER_PARTS,
    "nose wings and lower eyelids": {
        "nose wing left": (35,),
        "nose wing right": (31,),
        "lower eyelid left": (46, 47),
        "lower eyelid right": (40, 41),
    },
}

# A new node set is one more entry here. It must be its own mirror image.
_PARTS = {"paper": _PAPER_PARTS, "extended": _EXTENDED_PARTS}

# The landmarks of each node, in the order of the nodes in feature arrays.
NODE_SETS: dict[str, dict[str, tuple[int, ...]]] = {
    nodes: {name: points for part in parts.values() for name, points in part.items()}
    for nodes, parts in _PARTS.items()
}

# The facial parts in the order of their nodes, and how many nodes each has.
PART_NAMES = {nodes: tuple(parts) for nodes, parts in _PARTS.items()}
PART_SIZES = {nodes: tuple(map(len, parts.values())) for nodes, parts in _PARTS.items()}


def _mirrored(nodes):
    """Return for each of the nodes, which are groups of points, the node that mirrors it."""
    groups = [set(points) for points in nodes]
    return tuple(groups.index({MIRRORED_POINTS[point] for point in group}) for group in groups)


# Node i of a face is node MIRRORED_NODES[...][i] of its mirror image.
MIRRORED_NODES = {nodes: _mirrored(points.values()) for nodes, points in NODE_SETS.items()}

# Points that expressions hardly move: the bridge of the nose, and the inner corners of the eyes.
# The bridge alone determines the shift of the head, all of them also its rotation and size.
_NOSE = (27, 28, 29, 30)
_RIGID_POINTS = ((27,), (29, 30), (39,), (42,))

# Half the side of a region and of the nose region at a face size of 128 px: 15 and 21 px wide.
_NODE_RADIUS = 7 / 128
_NOSE_RADIUS = 10 / 128


def node_names(nodes: Nodes = "paper") -> list[str]:
    """Return the names of the nodes, in their order in feature arrays.

    Parameters
    ----------
    nodes : {"paper", "extended"}, default="paper"
        The node set: the ten of the paper, or these and the nose wings and lower eyelids.

    Returns
    -------
    names : list of str
        One name per node; left and right are the person's.

    Raises
    ------
    ValueError
        If the node set does not exist.

    Examples
    --------
    >>> from skspot.faces import node_names
    >>> node_names()[6:]
    ['mouth corner left', 'mouth corner right', 'upper lip', 'lower lip']
    """
    if not isinstance(nodes, str) or nodes not in NODE_SETS:
        raise ValueError(f"nodes must be one of {sorted(NODE_SETS)}, got {nodes!r}.")
    return list(NODE_SETS[nodes])


def node_centres(landmarks: ArrayLike, nodes: Nodes = "paper") -> NDArray[Any]:
    """Return the centres of the nodes.

    Parameters
    ----------
    landmarks : array of shape (..., 68, 2)
        Landmarks in pixels, in the order of iBUG 300-W.
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


def strongest_displacement(displacement: ArrayLike) -> dict[str, NDArray[Any]]:
    """Return how far the strongest node of the eyebrows, and that of the mouth, has moved.

    Parameters
    ----------
    displacement : array of shape (n_frames, n_nodes, 2)
        Displacement of the nodes of any node set.

    Returns
    -------
    sizes : dict of str to array of shape (n_frames,)
        Of "eyebrows" and "mouth", in the unit of `displacement`.

    Examples
    --------
    >>> import numpy as np
    >>> from skspot.faces import strongest_displacement
    >>> displacement = np.zeros((2, 10, 2))
    >>> displacement[1, 7] = 3, 4  # the right corner of the mouth
    >>> strongest_displacement(displacement)["mouth"]
    array([0., 5.])
    """
    sizes = np.linalg.norm(np.asarray(displacement, dtype=np.float64), axis=-1)
    # Every node set begins with these parts.
    *brows, mouth = PART_SIZES["paper"]
    first = sum(brows)
    return {
        "eyebrows": sizes[:, :first].max(axis=1),
        "mouth": sizes[:, first : first + mouth].max(axis=1),
    }


def region_radius(face_size: float) -> int:
    """Return half the side of the square region of a node, without the centre pixel.

    Parameters
    ----------
    face_size : float
        Size of the face in pixels, as of `skspot.video.face_extent`.

    Returns
    -------
    radius : int
        In pixels; a region is ``2 * radius + 1`` pixels wide.

    Examples
    --------
    >>> from skspot.faces import region_radius
    >>> region_radius(128)
    7
    """
    return max(1, round(_NODE_RADIUS * face_size))


def rigid_centres(landmarks: ArrayLike, head_motion: HeadMotion) -> NDArray[Any]:
    """Return the centres of the regions that show the motion of the head.

    Parameters
    ----------
    landmarks : array of shape (..., 68, 2)
        Landmarks in pixels, in the order of iBUG 300-W.
    head_motion : {"nose", "similarity"}
        The motion that is measured: the shift of the nose, or shift, rotation and size of the head.

    Returns
    -------
    centres : array of shape (..., n_regions, 2)
        Centres in pixels, of one region or of four.

    Examples
    --------
    >>> import numpy as np
    >>> from skspot.faces import rigid_centres
    >>> rigid_centres(np.zeros((68, 2)), "nose").shape
    (1, 2)
    """
    groups = [_NOSE] if head_motion == "nose" else _RIGID_POINTS
    return _group_means(landmarks, groups)


def rigid_radius(face_size: float, head_motion: HeadMotion) -> int:
    """Return half the side of a region that shows the motion of the head, as for a node's.

    Parameters
    ----------
    face_size : float
        Size of the face in pixels.
    head_motion : {"nose", "similarity"}
        As for `rigid_centres`.

    Returns
    -------
    radius : int
        In pixels.

    Examples
    --------
    >>> from skspot.faces import rigid_radius
    >>> rigid_radius(128, "nose"), rigid_radius(128, "similarity")
    (10, 7)
    """
    radius = _NOSE_RADIUS if head_motion == "nose" else _NODE_RADIUS
    return max(1, round(radius * face_size))


def _group_means(landmarks, groups):
    landmarks = np.asarray(landmarks)
    return np.stack([landmarks[..., list(group), :].mean(axis=-2) for group in groups], axis=-2)
