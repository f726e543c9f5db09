"""Displacements of the nodes between pairs of frames: what every window of SW-MRO is made of.

The flow from frame i to frame i + k belongs to several windows at once. It is computed once, while
the video streams by, and the windows are put together from the tables of pairs as they come.
"""

from collections import deque
from itertools import islice
from typing import NamedTuple

import numpy as np

from skspot.faces import (
    node_centres,
    node_names,
    region_radius,
    rigid_centres,
    rigid_radius,
)
from skspot.preprocessing.flow._engines import crop_box
from skspot.video import face_extent

# The picture around the outermost regions that the flow engine sees as well, at 128 px.
_MARGIN = 12 / 128

# Frames in a batch at 128 px. Larger faces make smaller batches, which need as much memory.
_BATCH_LENGTH = 256


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
    geometry = RegionGeometry(aligned.face_size, nodes, head_motion)
    bases = _iterate_bases(aligned, lags)
    held = deque()

    def table_of_oldest():
        base = next(bases)
        motion = None
        if base.lags:
            frames = [held[lag] for lag in (0, *base.lags)]
            motion = geometry.node_motion(engine, base.landmarks, frames)
        return _table(base, geometry, lags[-1], motion)

    for frame in aligned:
        held.append(engine.prepare(frame))
        if len(held) > lags[-1]:
            yield table_of_oldest()
            held.popleft()
    while held:
        yield table_of_oldest()
        held.popleft()


def batched_displacements(aligned, device, *, lags, nodes="paper", head_motion="nose"):
    """Return what `pair_displacements` does with the engine "patches", many frames at a time.

    Parameters
    ----------
    aligned : AlignedVideo
        The video; its frames are decoded once, and a batch and ``lags[-1]`` of them are held.
    device : str
        The torch device.
    lags, nodes, head_motion
        As for `pair_displacements`.

    Yields
    ------
    displacement : float32 array of shape (lags[-1] + 1, n_nodes, 2)
        As for `pair_displacements`.
    """
    from skspot.preprocessing.flow._patch_alignment_torch import extend_pyramids

    geometry = RegionGeometry(aligned.face_size, nodes, head_motion)
    bases = _iterate_bases(aligned, lags)
    pyramids = None
    for frames in _batches(aligned):
        pyramids = extend_pyramids(pyramids, frames, device)
        n_ready = max(0, len(pyramids[0]) - lags[-1])
        yield from _tables(list(islice(bases, n_ready)), pyramids, geometry, lags[-1])
        pyramids = [level[n_ready:] for level in pyramids]
    yield from _tables(list(bases), pyramids, geometry, lags[-1])


def _batches(aligned):
    """Yield the frames as arrays (n_frames, height, width)."""
    length = round(_BATCH_LENGTH * min(1, 128 / aligned.face_size) ** 2)
    frames = iter(aligned)
    while batch := list(islice(frames, max(1, length))):
        yield np.stack(batch)


def _tables(bases, pyramids, geometry, max_lag):
    """Yield the table of each base; the pictures are theirs and those after them."""
    motion = _batch_motion(bases, pyramids, geometry, max_lag)
    for i, base in enumerate(bases):
        yield _table(base, geometry, max_lag, motion.get(i))


def _batch_motion(bases, pyramids, geometry, max_lag):
    """Return the motion of the nodes for those bases that have lags, by their numbers."""
    from skspot.preprocessing.flow._patch_alignment_torch import align_batch

    moving = [i for i, base in enumerate(bases) if base.lags]
    if not moving:
        return {}
    needed = np.zeros((len(moving), max_lag + 1), dtype=bool)
    for row, i in zip(needed, moving):
        row[bases[i].lags] = True
    landmarks = np.stack([bases[i].landmarks for i in moving])
    nodes, rigid, boxes, _ = geometry.regions(landmarks)
    motion = align_batch(pyramids, np.array(moving), boxes, needed)
    return {
        i: geometry.without_head(nodes[k], rigid[k], motion[k, bases[i].lags])
        for k, i in enumerate(moving)
    }


class _Base(NamedTuple):
    """A frame from which motion is measured."""

    landmarks: np.ndarray  # (68, 2), in pixels of the frame
    size: float  # of the face, in pixels; NaN or 0 if it is not seen
    lags: list  # to which later frames


def _iterate_bases(aligned, lags):
    """Yield each frame as one from which motion is measured."""
    scale, shift = aligned.face_transform
    for i in range(len(aligned)):
        landmarks = aligned.landmarks[i] * scale + shift
        size = face_extent(landmarks)
        needed = _needed_lags(lags, i, len(aligned)) if size > 0 else []
        # To where the face is not seen there is no motion, whatever the flow would make of it.
        seen = [lag for lag in needed if np.isfinite(aligned.landmarks[i + lag]).all()]
        yield _Base(landmarks, size, seen)


def _needed_lags(lags, base, n_frames):
    """Return the lags needed of the frame `base`.

    Frames repeated beyond the video's ends shorten pairs, so that those with the first or the last
    frame need any lag up to the largest.
    """
    largest = min(lags[-1], n_frames - 1 - base)
    if base == 0:
        return list(range(1, largest + 1))
    return sorted({*lags, largest} & set(range(1, largest + 1)))


def _table(base, geometry, max_lag, motion):
    """Return the displacements from one frame by their lags, in pixels of the normalised face.

    `motion` is that of the nodes in pixels of the frame, for each lag of the base; None if it has
    no lags.
    """
    shape = (max_lag + 1, len(node_names(geometry.nodes)), 2)
    table = np.full(shape, np.nan, dtype=np.float32)
    if base.size > 0:  # neither NaN nor all points in one
        table[0] = 0
    if motion is not None:
        table[base.lags] = motion * (geometry.face_size / base.size)
    return table


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
        # The regions lie where the first frame has them: jitter of landmarks is no motion.
        nodes, rigid, boxes, _ = self.regions(landmarks)
        motion = engine.region_motion(frames[0], frames[1:], boxes, self.margin)
        return self.without_head(nodes, rigid, motion)

    def without_head(self, nodes, rigid, motion):
        """Return the nodes' motion (n_targets, n_nodes, 2) without that of the head.

        `nodes` and `rigid` are the centres of the regions, and `motion` is theirs.
        """
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
