"""The engine "patches" on a torch device: many frames at a time."""

from itertools import islice

import numpy as np

from skspot.preprocessing.flow._displacements import displacement_table, iterate_origins
from skspot.preprocessing.flow._engines import FlowEngine
from skspot.preprocessing.flow._patch_alignment_torch import align_batch, extend_pyramids

# Frames in a batch at 128 px. Larger faces make smaller batches, which need as much memory.
_BATCH_LENGTH = 256


class DevicePatchAlignment(FlowEngine):
    """Region motion from overlapping patches of each region, for a batch of frames at a time.

    A batch of frames and as many as the longest lag are held.

    Parameters
    ----------
    device : str
        The torch device.
    """

    def __init__(self, device):
        self.device = device

    def region_motion(self, reference, targets, regions, margin):
        """Return the mean displacement of each region."""
        pyramids = extend_pyramids(None, np.stack([reference, *targets]), self.device)
        needed = np.ones((1, len(targets) + 1), dtype=bool)
        return align_batch(pyramids, np.array([0]), regions[None], needed)[0, 1:]

    def displacements(self, aligned, geometry, lags, frames=None):
        """Yield the displacements of every node from each frame to later ones."""
        origins = iterate_origins(aligned, lags)
        pyramids = None
        for batch in _batches(aligned, frames):
            pyramids = extend_pyramids(pyramids, batch, self.device)
            n_ready = max(0, len(pyramids[0]) - lags[-1])
            yield from _tables(list(islice(origins, n_ready)), pyramids, geometry, lags[-1])
            pyramids = [level[n_ready:] for level in pyramids]
        yield from _tables(list(origins), pyramids, geometry, lags[-1])


def _batches(aligned, frames):
    """Yield the frames as arrays (n_frames, height, width)."""
    length = round(_BATCH_LENGTH * min(1, 128 / aligned.face_size) ** 2)
    frames = iter(aligned if frames is None else frames)
    while batch := list(islice(frames, max(1, length))):
        yield np.stack(batch)


def _tables(origins, pyramids, geometry, max_lag):
    """Yield the table of each origin; the pictures are theirs and those after them."""
    motion = _batch_motion(origins, pyramids, geometry, max_lag)
    for i, origin in enumerate(origins):
        yield displacement_table(origin, geometry, max_lag, motion.get(i))


def _batch_motion(origins, pyramids, geometry, max_lag):
    """Return the motion of the nodes for those origins that have lags, by their numbers."""
    moving = [i for i, origin in enumerate(origins) if origin.lags]
    if not moving:
        return {}
    needed = np.zeros((len(moving), max_lag + 1), dtype=bool)
    for row, i in zip(needed, moving):
        row[origins[i].lags] = True
    landmarks = np.stack([origins[i].landmarks for i in moving])
    nodes, rigid, boxes, _ = geometry.regions(landmarks)
    motion = align_batch(pyramids, np.array(moving), boxes, needed)
    return {
        i: geometry.subtract_head_motion(nodes[k], rigid[k], motion[k, origins[i].lags])
        for k, i in enumerate(moving)
    }
