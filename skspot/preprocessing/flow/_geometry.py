"""Regions of the nodes, and regions that show the motion of the head."""

import numpy as np

from skspot.faces import node_centres, region_radius, rigid_centres, rigid_radius

# The picture around the outermost regions that the flow engine sees as well, at 128 px.
_MARGIN = 12 / 128


class RegionGeometry:
    """The crop of a frame, the regions of the nodes and the rigid regions.

    Parameters
    ----------
    face_size : float
        Size of the face in pixels.
    nodes : {"paper", "extended"}
        The node set.
    head_motion : {"nose", "similarity", None}
        How the motion of the head is removed: the mean motion of the nose is subtracted, or that of
        a similarity transform fitted to the nose and the inner corners of the eyes.
    """

    def __init__(self, face_size, nodes, head_motion):
        self.face_size = face_size
        self.nodes = nodes
        self.head_motion = head_motion
        self.margin = flow_margin(face_size)

    def regions(self, landmarks):
        """Return the regions around the landmarks of a frame, or of each of several.

        Parameters
        ----------
        landmarks : array of shape (..., 68, 2)
            In pixels of the frame.

        Returns
        -------
        nodes : array of shape (..., n_nodes, 2)
            Centres of the nodes' regions.
        rigid : array of shape (..., n_rigid, 2)
            Centres of the rigid ones.
        boxes : int array of shape (..., n_nodes + n_rigid, 4)
            First column and row, last column and row of each region.
        crop : int array of shape (..., 4)
            First column and row of the crop, and the column and row behind its last ones.
        """
        nodes, rigid = node_centres(landmarks, self.nodes), landmarks[..., :0, :]
        radii = np.full((nodes.shape[-2], 1), region_radius(self.face_size))
        if self.head_motion:
            rigid = rigid_centres(landmarks, self.head_motion)
            rigid_radii = np.full(
                (rigid.shape[-2], 1), rigid_radius(self.face_size, self.head_motion)
            )
            radii = np.concatenate([radii, rigid_radii])
        centres = np.rint(np.concatenate([nodes, rigid], axis=-2)).astype(int)
        boxes = np.concatenate([centres - radii, centres + radii], axis=-1)
        return nodes, rigid, boxes, crop_box(boxes, self.margin)

    def node_motion(self, engine, landmarks, frames):
        """Return the nodes' motion from the first of the frames to the others."""
        # The regions are placed by the first frame: jitter of landmarks must not become motion.
        nodes, rigid, boxes, _ = self.regions(landmarks)
        motion = engine.region_motion(frames[0], frames[1:], boxes, self.margin)
        return self.subtract_head_motion(nodes, rigid, motion)

    def subtract_head_motion(self, nodes, rigid, motion):
        """Return the nodes' motion (n_targets, n_nodes, 2) without that of the head.

        `nodes` and `rigid` are the centres of the regions, and `motion` is theirs.
        """
        node_motion, rigid_motion = motion[:, : len(nodes)], motion[:, len(nodes) :]
        if self.head_motion == "nose":
            return node_motion - rigid_motion
        if self.head_motion == "similarity":
            return node_motion - _similarity_motion(rigid, rigid_motion, nodes)
        return node_motion


def flow_margin(face_size):
    """Return the pixels around the outermost regions that dense flow is computed for as well."""
    return round(_MARGIN * face_size)


def _similarity_motion(rigid_points, rigid_motion, points):
    """Return how the similarity transform fitted to rigid points moves other points.

    Least squares for ``motion = shift + (a, -b; b, a) (point - centre)``, for each target frame.
    """
    centre = rigid_points.mean(axis=0)
    x, y = (rigid_points - centre).T
    shift = rigid_motion.mean(axis=1, keepdims=True)
    u, v = np.moveaxis(rigid_motion - shift, -1, 0)
    square = (x**2 + y**2).sum()
    growth = ((u * x + v * y).sum(axis=-1) / square)[:, None]
    turn = ((v * x - u * y).sum(axis=-1) / square)[:, None]
    x, y = (points - centre).T
    return shift + np.stack([growth * x - turn * y, turn * x + growth * y], axis=-1)


def crop_box(regions, margin):
    """Return first column and row of the regions with a margin, and those behind the last."""
    first, last = regions[..., :2].min(axis=-2), regions[..., 2:].max(axis=-2)
    return np.concatenate([first - margin, last + margin + 1], axis=-1)
