"""The 68 landmarks of a face and the nodes whose motion is measured.

Left and right are the person's.
"""

from skspot.faces._nodes import (
    MIRRORED_NODES,
    NODE_SETS,
    PART_NAMES,
    PART_SIZES,
    node_centres,
    node_names,
    region_radius,
    rigid_centres,
    rigid_radius,
    strongest_displacement,
)
from skspot.faces._scheme import (
    CLOSED_PARTS,
    FACE_PARTS,
    MESH_TO_68,
    MIRRORED_POINTS,
    STABLE_POINTS,
)
from skspot.faces._shape import MEAN_SHAPE

__all__ = [
    "CLOSED_PARTS",
    "FACE_PARTS",
    "MEAN_SHAPE",
    "MESH_TO_68",
    "MIRRORED_NODES",
    "MIRRORED_POINTS",
    "NODE_SETS",
    "PART_NAMES",
    "PART_SIZES",
    "STABLE_POINTS",
    "node_centres",
    "node_names",
    "region_radius",
    "rigid_centres",
    "rigid_radius",
    "strongest_displacement",
]
