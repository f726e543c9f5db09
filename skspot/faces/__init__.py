"""What is known of faces: the nodes whose motion is measured.

Left and right are the person's.
"""

from skspot.faces._nodes import node_centres, node_names

__all__ = ["node_centres", "node_names"]
