"""Optical flow engines behind one interface.

An engine measures how regions of one picture move to later pictures. What it needs of a picture it
makes once with `prepare`, for all the pairs that the picture is part of. Dense engines compute the
flow of every pixel and average it over each region; Lucas-Kanade follows a few points of each;
`PatchAlignment` aligns patches that cover each region.
"""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from skspot.preprocessing.flow._displacements import displacements_frame_by_frame
from skspot.preprocessing.flow._geometry import crop_box


class FlowEngine(ABC):
    """Measures how regions of a picture move."""

    def displacements(self, aligned, geometry, lags, frames=None):
        """Return an iterator over the displacements of every node from each frame to later ones.

        Parameters
        ----------
        aligned : AlignedVideo
            The video.
        geometry : RegionGeometry
            Where to look, and how the motion of the head is removed.
        lags : tuple of int
            Distances between the two frames of a pair, in frames, increasing from at least 1.
        frames : iterable, default=None
            The frames of the video; None decodes them.

        Returns
        -------
        displacements : iterator of float32 arrays of shape (lags[-1] + 1, n_nodes, 2)
            For each frame in turn, entry k is the displacement (dx, dy) to the frame k later, in
            pixels of the normalised face. NaN where one of the two frames has no landmarks or does
            not exist, and where k is not needed: neither 0, nor one of `lags`, nor the distance of
            a pair with the video's first or last frame, which the windows at its ends repeat.
        """
        return displacements_frame_by_frame(self, aligned, geometry, lags, frames)

    def prepare(self, frame):
        """Return what is needed of a uint8 frame (height, width), for all its pairs."""
        return frame

    @abstractmethod
    def region_motion(self, reference, targets, regions, margin):
        """Return the mean displacement of each region.

        Parameters
        ----------
        reference : object
            The prepared frame in which the regions lie.
        targets : list of object
            The prepared later frames, in their order.
        regions : int array of shape (n_regions, 4)
            First column, first row, last column and last row of each region, inclusive. They may
            reach beyond the frame, whose border is repeated there.
        margin : int
            Pixels around the outermost regions that dense flow is computed for as well.

        Returns
        -------
        motion : float32 array of shape (n_targets, n_regions, 2)
            Mean (dx, dy) in pixels.
        """

    def follow(self, reference, regions, margin):
        """Return a function that measures the motion of regions to one frame after the other.

        Parameters
        ----------
        reference, regions, margin
            As for `region_motion`.

        Returns
        -------
        motion_to : callable
            Takes a prepared frame and returns the motion of each region, (n_regions, 2).
        """
        return lambda target: self.region_motion(reference, [target], regions, margin)[0]


class PatchAlignment(FlowEngine):
    """Region motion from overlapping patches of each region; the pictures are pyramids."""

    def prepare(self, frame):
        """Return the pyramid of a frame."""
        from skspot.preprocessing.flow._patch_alignment import make_pyramid  # it loads numba

        return make_pyramid(frame)

    def region_motion(self, reference, targets, regions, margin):
        """Return the mean displacement of each region."""
        from skspot.preprocessing.flow._patch_alignment import align_regions, describe_regions

        return align_regions(describe_regions(reference, regions), targets)

    def follow(self, reference, regions, margin):
        """Return a function that measures the motion of regions to one frame after the other."""
        from skspot.preprocessing.flow._patch_alignment import align_regions, describe_regions

        described = describe_regions(reference, regions)
        return lambda target: align_regions(described, [target])[0]


class DenseFlow(FlowEngine):
    """Region motion from a dense flow field.

    Parameters
    ----------
    flow : callable
        Takes two uint8 pictures of one shape (height, width) and returns the displacement of each
        pixel of the first as an array of shape (height, width, 2), (dx, dy) in pixels.
    """

    def __init__(self, flow):
        self.flow = flow

    def region_motion(self, reference, targets, regions, margin):
        """Return the mean displacement of each region."""
        reference, *targets = _crops([reference, *targets], regions, margin)
        boxes = regions - np.tile(crop_box(regions, margin)[:2], 2)
        return np.stack([region_means(self._checked(reference, t), boxes) for t in targets])

    def _checked(self, reference, target):
        flow = np.asarray(self.flow(reference, target))
        if flow.shape != (*reference.shape, 2):
            raise ValueError(
                f"A flow engine must return an array of shape {(*reference.shape, 2)} for pictures "
                f"of shape {reference.shape}, got {flow.shape}."
            )
        if not np.isfinite(flow).all():
            raise ValueError("A flow engine must return finite displacements, got NaN or infinity.")
        return flow


class LucasKanade(FlowEngine):
    """Region motion from nine points a region, followed by pyramidal Lucas-Kanade.

    The points of a region are averaged with weights that fall with their residual, so that a point
    which slides over skin without texture counts little.
    """

    _window = (21, 21)
    _levels = 3

    def region_motion(self, reference, targets, regions, margin):
        """Return the mean displacement of each region."""
        import cv2

        reference, *targets = _crops([reference, *targets], regions, margin)
        points = _grid_points(regions - np.tile(crop_box(regions, margin)[:2], 2))
        motion = []
        for target in targets:
            moved, found, residual = cv2.calcOpticalFlowPyrLK(
                reference, target, points, None, winSize=self._window, maxLevel=self._levels
            )
            weight = np.where(found[:, 0] > 0, 1 / (1 + residual[:, 0]), 0).reshape(-1, 9, 1)
            shift = (moved - points).reshape(-1, 9, 2)
            # No point of a region was found: without texture, the region counts as still.
            motion.append((shift * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9))
        return np.stack(motion).astype(np.float32)


def make_engine(flow: Any, device: str | None = None) -> FlowEngine:
    """Return the engine with a name, or the engine of a callable.

    Parameters
    ----------
    flow : {"dis", "farneback", "lucas-kanade", "patches", "tv-l1"} or callable
        The engine's name, or a function for `DenseFlow`.
    device : str, default=None
        The torch device on which "patches" computes; None is the processor, without torch.

    Returns
    -------
    engine : FlowEngine
        The engine. It holds OpenCV objects that can't be pickled: make it where it is used.
    """
    if device is not None:
        from skspot.preprocessing.flow._device_engine import DevicePatchAlignment  # it loads torch

        return DevicePatchAlignment(device)
    return DenseFlow(flow) if callable(flow) else _ENGINES[flow]()


def _crops(frames, regions, margin):
    """Return the part of each frame that the regions need; its border is repeated beyond it."""
    left, top, right, bottom = crop_box(regions, margin)
    height, width = frames[0].shape
    if left >= 0 and top >= 0 and right <= width and bottom <= height:
        return [np.ascontiguousarray(frame[top:bottom, left:right]) for frame in frames]
    rows = np.clip(np.arange(top, bottom), 0, height - 1)[:, None]
    columns = np.clip(np.arange(left, right), 0, width - 1)
    return [np.ascontiguousarray(frame[rows, columns]) for frame in frames]


def region_means(field, regions):
    """Return the means of a field of shape (height, width, k) over regions: (n_regions, k)."""
    import cv2

    sums = cv2.integral(np.ascontiguousarray(field, dtype=np.float32))
    left, top, right, bottom = regions.T
    right, bottom = right + 1, bottom + 1
    total = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    area = ((right - left) * (bottom - top))[:, None]
    return (total / area).astype(np.float32)


def _farneback():
    import cv2

    def flow(reference, target):
        return cv2.calcOpticalFlowFarneback(reference, target, None, 0.5, 3, 15, 2, 5, 1.1, 0)

    return DenseFlow(flow)


def _dis():
    import cv2

    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return DenseFlow(lambda reference, target: dis.calc(reference, target, None))


def _tv_l1():
    import cv2

    if not hasattr(cv2, "optflow"):
        raise ImportError(
            "flow='tv-l1' needs OpenCV's contrib modules: replace opencv-python by "
            "opencv-contrib-python, or choose 'farneback', 'dis' or 'lucas-kanade'."
        )
    engine = cv2.optflow.createOptFlow_DualTVL1()
    return DenseFlow(lambda reference, target: engine.calc(reference, target, None))


def _grid_points(regions):
    """Return nine points in each region, shape (9 * n_regions, 1, 2)."""
    left, top, right, bottom = regions.T.astype(np.float32)
    part = np.array([1, 3, 5], dtype=np.float32) / 6
    x = left[:, None, None] + part[None, None, :] * (right - left)[:, None, None]
    y = top[:, None, None] + part[None, :, None] * (bottom - top)[:, None, None]
    x, y = np.broadcast_arrays(x, y)
    return np.stack([x, y], axis=-1).reshape(-1, 1, 2).astype(np.float32)


_ENGINES = {
    "dis": _dis,
    "farneback": _farneback,
    "lucas-kanade": LucasKanade,
    "patches": PatchAlignment,
    "tv-l1": _tv_l1,
}
ENGINE_NAMES = tuple(_ENGINES)
