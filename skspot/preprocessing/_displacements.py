"""Displacements of the nodes between pairs of frames: what every window of SW-MRO is made of.

The flow from frame i to frame i + k belongs to several windows at once. It is computed once, while
the video streams by, and the windows are put together from the tables of pairs as they come.
"""

from collections import deque

import numpy as np

from skspot.preprocessing._engines import crop_box
from skspot.preprocessing._regions import (
    node_centres,
    node_names,
    region_radius,
    rigid_centres,
    rigid_radius,
)
from skspot.video import face_extent

# The picture around the outermost regions that the flow engine sees as well, at 128 px.
_MARGIN = 12 / 128


def pair_displacements(aligned, engine, *, lags, nodes="paper", head_motion="nose"):
    """Return the displacement of every node from each frame to later ones.

    Parameters
    ----------
    aligned : AlignedVideo
        The video; its frames are decoded once and ``lags[-1] + 1`` of them are held.
    engine : FlowEngine
        The optical flow.
    lags : tuple of int
        Distances between the two frames of a pair, in frames, increasing from at least 1.
    nodes : {"paper", "extended"}, default="paper"
        The node set.
    head_motion : {"nose", "similarity", None}, default="nose"
        How the motion of the head is removed: the mean motion of the nose is subtracted, or that of
        a similarity transform fitted to the nose and the inner corners of the eyes.

    Yields
    ------
    displacement : float32 array of shape (lags[-1] + 1, n_nodes, 2)
        For each frame in turn, entry k is the displacement (dx, dy) to the frame k later, in pixels
        of the normalised face. NaN where one of the two frames has no landmarks or does not exist,
        and where k is not needed: neither 0, nor one of `lags`, nor the distance of a pair with the
        video's first or last frame, which the windows at its ends repeat.
    """
    max_lag = lags[-1]
    geometry = RegionGeometry(aligned.face_size, nodes, head_motion)
    n_nodes = len(node_names(nodes))
    scale, shift = aligned.face_transform
    held = deque()
    n_bases = 0

    def motion_from_oldest():
        table = np.full((max_lag + 1, n_nodes, 2), np.nan, dtype=np.float32)
        landmarks = aligned.landmarks[n_bases] * scale + shift
        size = face_extent(landmarks)
        if size > 0:  # neither NaN nor all points in one
            table[0] = 0
            # To where the face is not seen there is no motion, whatever the flow would make of it.
            needed = [
                lag
                for lag in _needed_lags(lags, n_bases, len(held))
                if np.isfinite(aligned.landmarks[n_bases + lag]).all()
            ]
            if needed:
                frames = [held[lag] for lag in (0, *needed)]
                motion = geometry.node_motion(engine, landmarks, frames)
                table[needed] = motion * (aligned.face_size / size)
        return table

    for frame in aligned:
        held.append(engine.prepare(frame))
        if len(held) > max_lag:
            yield motion_from_oldest()
            held.popleft()
            n_bases += 1
    while held:
        yield motion_from_oldest()
        held.popleft()
        n_bases += 1


def _needed_lags(lags, base, n_held):
    """Return the lags needed of the frame `base`, the first of those held.

    Frames repeated beyond the video's ends shorten pairs, so that those with the first or the last
    frame need any lag. The last frame held is the last of the video, or the largest lag away.
    """
    if base == 0:
        return list(range(1, n_held))
    return sorted({*lags, n_held - 1} & set(range(1, n_held)))


class RegionGeometry:
    """Where to look in a frame: the crop, the nodes' regions and the rigid ones.

    Parameters
    ----------
    face_size : float
        Size of the face in pixels.
    nodes, head_motion : str
        As for `pair_displacements`.
    """

    def __init__(self, face_size, nodes, head_motion):
        self.face_size = face_size
        self.nodes = nodes
        self.head_motion = head_motion
        self.margin = round(_MARGIN * face_size)

    def regions(self, landmarks):
        """Return the regions around the landmarks of one frame.

        Parameters
        ----------
        landmarks : array of shape (68, 2)
            In pixels of the frame.

        Returns
        -------
        nodes : array of shape (n_nodes, 2)
            Centres of the nodes' regions.
        rigid : array of shape (n_rigid, 2)
            Centres of the rigid ones.
        boxes : int array of shape (n_nodes + n_rigid, 4)
            First column and row, last column and row of each region.
        crop : int array of shape (4,)
            First column and row of the crop, and the column and row behind its last ones.
        """
        nodes, rigid = node_centres(landmarks, self.nodes), landmarks[:0]
        radii = np.full((len(nodes), 1), region_radius(self.face_size))
        if self.head_motion:
            rigid = rigid_centres(landmarks, self.head_motion)
            rigid_radii = np.full((len(rigid), 1), rigid_radius(self.face_size, self.head_motion))
            radii = np.concatenate([radii, rigid_radii])
        centres = np.rint(np.concatenate([nodes, rigid])).astype(int)
        boxes = np.hstack([centres - radii, centres + radii])
        return nodes, rigid, boxes, crop_box(boxes, self.margin)

    def node_motion(self, engine, landmarks, frames):
        """Return the nodes' motion from the first of the frames to the others."""
        # The regions lie where the first frame has them: jitter of landmarks is no motion.
        nodes, rigid, boxes, _ = self.regions(landmarks)
        motion = engine.region_motion(frames[0], frames[1:], boxes, self.margin)
        node_motion, rigid_motion = motion[:, : len(nodes)], motion[:, len(nodes) :]
        if self.head_motion == "nose":
            return node_motion - rigid_motion
        if self.head_motion == "similarity":
            return node_motion - _similarity_motion(rigid, rigid_motion, nodes)
        return node_motion


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
