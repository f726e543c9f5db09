"""The alignment of patches with PyTorch: many frames at a time, on any device.

The steps are those of `_patch_alignment`. There a processor takes one region after another; here
the regions of all frames of a batch take each step together, so that a GPU has enough to do.
"""

from typing import NamedTuple

import numpy as np
import torch

from skspot.preprocessing.flow._patch_alignment import (
    N_LEVELS,
    PRIOR,
    RESIDUAL,
    patch_kernel,
    place_patches,
    scaled_stages,
)

# The weights of pyrDown.
_BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


def check_device(name):
    """Refuse a device that torch does not know or does not see.

    Parameters
    ----------
    name : str
        A torch device, such as "cuda:1".

    Raises
    ------
    ValueError
        If the device does not exist.
    """
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(
            f"device must be None or a torch device such as 'cuda' or 'cuda:1', got {name!r}."
        ) from error
    n_seen = torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= n_seen:
        seen = f"{n_seen} of them, counted from 0" if n_seen else "none"
        raise ValueError(
            f"device is {name!r}, but the CUDA devices that torch sees are: {seen}. Check the "
            "driver and that torch is built for CUDA, or leave device=None: that needs no GPU."
        )


def extend_pyramids(pyramids, frames, device):
    """Return pyramids of successive pictures with those of more frames behind them.

    Parameters
    ----------
    pyramids : list of tensors of shape (n_pictures, height, width), or None
        Their levels; None if there are no pictures yet.
    frames : uint8 array of shape (n_frames, height, width)
        The frames. Nothing else of them travels to the device.
    device : str
        The torch device.

    Returns
    -------
    pyramids : list of tensors of shape (n_pictures + n_frames, height, width)
        The levels, the full resolution first.
    """
    levels = [torch.from_numpy(frames).to(device).float()]
    while len(levels) < N_LEVELS:
        levels.append(_halve(_halve(levels[-1], 1), 2))
    if pyramids is None:
        return levels
    return [torch.cat(pair) for pair in zip(pyramids, levels)]


def _halve(pictures, axis):
    """Return every second row or column, smoothed as OpenCV's pyrDown does."""
    n = pictures.shape[axis]
    mirrored = torch.from_numpy(np.pad(np.arange(n), 2, mode="reflect")).to(pictures.device)
    taps = pictures.index_select(axis, mirrored).unfold(axis, len(_BINOMIAL), 2).unbind(-1)
    return sum(weight * tap for weight, tap in zip(_BINOMIAL, taps))


def align_batch(pyramids, origins, regions, needed):
    """Return the mean displacement of each region of many pictures to later ones.

    Parameters
    ----------
    pyramids : list of tensors of shape (n_pictures, height, width)
        The levels of the pyramids of successive pictures.
    origins : int array of shape (n_origins,)
        The pictures in which the regions lie.
    regions : int array of shape (n_origins, n_regions, 4)
        First column, first row, last column and last row of each region, inclusive.
    needed : bool array of shape (n_origins, n_lags)
        Whether the displacements to the picture `lag` later are needed. Those to one picture are
        the first guess for the next one that is needed.

    Returns
    -------
    motion : float32 array of shape (n_origins, n_lags, n_regions, 2)
        Mean (dx, dy) in pixels, NaN where not needed.
    """
    device = pyramids[0].device
    origins = torch.from_numpy(origins).to(device)
    stages = [
        (level, n_steps, _cut_areas(pyramids[level], origins, regions, level, side, n_side))
        for level, side, n_side, n_steps in scaled_stages(regions)
    ]
    motion = pyramids[0].new_zeros((*regions.shape[:2], 2))
    result = motion.new_full((*needed.shape, *motion.shape[1:]), torch.nan)
    for lag in np.flatnonzero(needed.any(axis=0)).tolist():
        chosen = torch.from_numpy(np.flatnonzero(needed[:, lag])).to(device)
        moved = motion[chosen]
        for level, n_steps, areas in stages:
            areas = _Areas(*(part[chosen] for part in areas))
            for _ in range(n_steps):
                moved = moved - 2**level * _step(
                    pyramids[level], origins[chosen] + lag, areas, moved / 2**level
                )
        motion[chosen] = result[chosen, lag] = moved
    return result.cpu().numpy()


class _Areas(NamedTuple):
    """What the patches of each region cover, at one level; shapes after (n_origins, n_regions)."""

    corners: torch.Tensor  # (2,), first column and row
    rows: torch.Tensor  # (n_side, height), weights of an area's rows in each row of patches
    columns: torch.Tensor  # (width, n_side), weights of its columns in each column of patches
    values: torch.Tensor  # (height, width)
    gradients: torch.Tensor  # (2, height, width)
    means: torch.Tensor  # (2, n_side, n_side), mean gradient of each patch
    inverse: torch.Tensor  # (3, n_side, n_side), xx, xy and yy of the inverse of the normal matrix


def _cut_areas(pictures, origins, regions, level, side, n_side):
    """Return the areas of all regions of all origins at one level."""
    corners, starts = place_patches(regions, level, side, n_side)
    extent = int(starts.max()) + side
    weights = torch.from_numpy(_patch_weights(starts, side, extent)).to(pictures.device)
    columns, rows = weights[..., 0, :].mT, weights[..., 1, :]
    corners = torch.from_numpy(corners).to(pictures.device)
    cut = _cut(pictures, origins, corners - 1, extent + 2)
    values, gradients = cut[..., 1:-1, 1:-1], _gradients(cut)
    x, y = gradients.unbind(2)
    fields = torch.stack([x * x, x * y, y * y, x, y], dim=2)
    xx, xy, yy, mean_x, mean_y = _window_sums(fields, rows, columns).unbind(2)
    # Less the products of the means: the mean grey level of a patch is free.
    xx = xx - mean_x * mean_x + PRIOR
    xy = xy - mean_x * mean_y
    yy = yy - mean_y * mean_y + PRIOR
    inverse = torch.stack([yy, -xy, xx], dim=2) / (xx * yy - xy * xy)[:, :, None]
    means = torch.stack([mean_x, mean_y], dim=2)
    return _Areas(corners, rows, columns, values, gradients, means, inverse)


def _patch_weights(starts, side, extent):
    """Return the weights of the pixels along an area in each patch: (..., n_side, 2, extent)."""
    weights = np.zeros((*starts.shape, extent), np.float32)
    np.put_along_axis(weights, starts[..., None] + np.arange(side), patch_kernel(side), axis=-1)
    return weights


def _gradients(cut):
    """Return Scharr's derivatives along x and y of cuts, whose outermost pixels are lost."""
    across = (3 * cut[..., :-2, :] + 10 * cut[..., 1:-1, :] + 3 * cut[..., 2:, :]) / 32
    down = (3 * cut[..., :-2] + 10 * cut[..., 1:-1] + 3 * cut[..., 2:]) / 32
    x = across[..., 2:] - across[..., :-2]
    y = down[..., 2:, :] - down[..., :-2, :]
    return torch.stack([x, y], dim=2)


def _step(pictures, targets, areas, shift):
    """Return the mean of the steps of each region's patches, in pixels of the level."""
    difference = _read(pictures, targets, areas, shift) - areas.values
    difference = difference[:, :, None]
    fields = torch.cat([areas.gradients * difference, difference, difference**2], dim=2)
    sums = _window_sums(fields, areas.rows, areas.columns)
    along, mean, square = sums[:, :, :2], sums[:, :, 2:3], sums[:, :, 3]
    x, y = (along - areas.means * mean).unbind(2)
    xx, xy, yy = areas.inverse.unbind(2)
    steps = torch.stack([xx * x + xy * y, xy * x + yy * y], dim=-1)
    trust = 1 / (RESIDUAL**2 + square - mean[:, :, 0] ** 2)
    return (trust[..., None] * steps).sum(dim=(2, 3)) / trust.sum(dim=(2, 3))[..., None]


def _window_sums(fields, rows, columns):
    """Return the weighted sums over the patches of fields (..., n_fields, height, width)."""
    return rows[:, :, None] @ fields @ columns[:, :, None]


def _read(pictures, targets, areas, shift):
    """Return the areas at their shifted places in other pictures, read between the pixels."""
    whole = shift.floor()
    right, down = (shift - whole)[..., None, None].unbind(2)
    corners = areas.corners + whole.long()
    cut = _cut(pictures, targets, corners, areas.values.shape[-1] + 1)
    cut = torch.lerp(cut[..., :-1], cut[..., 1:], right)
    return torch.lerp(cut[..., :-1, :], cut[..., 1:, :], down)


def _cut(pictures, chosen, corners, extent):
    """Return squares of the pictures; beyond the border of a picture the border is repeated.

    Parameters
    ----------
    pictures : tensor of shape (n_pictures, height, width)
        The pictures.
    chosen : int tensor of shape (n,)
        The pictures that are cut from.
    corners : int tensor of shape (n, n_regions, 2)
        First columns and rows of the squares.
    extent : int
        Their side.

    Returns
    -------
    cut : tensor of shape (n, n_regions, extent, extent)
        The squares.
    """
    _, height, width = pictures.shape
    places = corners[..., None] + torch.arange(extent, device=pictures.device)
    columns, rows = places.unbind(2)
    rows = rows.clamp(0, height - 1)[..., None]
    columns = columns.clamp(0, width - 1)[..., None, :]
    return pictures[chosen[:, None, None, None], rows, columns]
