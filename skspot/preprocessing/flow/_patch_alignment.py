"""Region motion by the alignment of patches: the fast flow engine.

Only the regions of the nodes are used. Each is covered by overlapping patches. In each of a few
steps, from a coarse to the full resolution, all patches of a region are compared with the later
picture at the motion found so far, each takes one Gauss-Newton step on its own, and the region
moves by their mean. The gradients are those of the reference (the inverse compositional form: Baker
and Matthews, "Lucas-Kanade 20 Years On", IJCV 2004), so that they serve all later pictures.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numba import njit

# Level of the pyramid, side of a patch in its pixels, patches along one side of a region, steps.
# The sides are for regions of 15 pixels, those of a face of 128, and change with their size.
_STAGES = ((3, 15, 1, 4), (2, 15, 1, 2), (1, 13, 2, 2), (0, 23, 3, 1))
_REGION_SIDE = 15
N_LEVELS = 4

# Added to the mean squared gradient of a patch, in squared grey levels per pixel: patches without
# texture stay where the motion found so far has put them.
PRIOR = 2.0

# Residual of a good match, in grey levels. Patches that fit worse, such as those that a closing
# lid passes through, count less in their region's mean.
RESIDUAL = 2.0


def make_pyramid(frame):
    """Return the pyramid of a uint8 frame, which serves all pairs that the frame is part of."""
    pyramid = [frame.astype(np.float32)]
    while len(pyramid) < N_LEVELS:
        pyramid.append(cv2.pyrDown(pyramid[-1]))
    return pyramid


def describe_regions(reference, regions):
    """Return what is needed of the regions of a picture, for all alignments with later pictures.

    Parameters
    ----------
    reference : list of float32 arrays
        The pyramid of the picture in which the regions lie.
    regions : int array of shape (n_regions, 4)
        First column, first row, last column and last row of each region, inclusive.

    Returns
    -------
    stages : list of (int, int, _Areas)
        Level, steps and areas of each stage of the alignment.
    """
    return [
        (level, n_steps, _cut_areas(reference[level], regions, level, side, n_side))
        for level, side, n_side, n_steps in scaled_stages(regions)
    ]


def align_regions(stages, targets):
    """Return the mean displacement of each region of a picture to later pictures.

    Parameters
    ----------
    stages : list
        What `describe_regions` returns.
    targets : list of list of float32 arrays
        The pyramids of the later pictures. The motion found in one is the first guess in the next.

    Returns
    -------
    motion : float32 array of shape (n_targets, n_regions, 2)
        Mean (dx, dy) in pixels.
    """
    n_regions = len(stages[0][-1].corners)
    motion = np.zeros((n_regions, 2), dtype=np.float32)
    result = np.empty((len(targets), n_regions, 2), dtype=np.float32)
    for i, target in enumerate(targets):
        for level, n_steps, areas in stages:
            _align(target[level], *areas, n_steps, np.float32(2**level), motion)
        result[i] = motion
    return result


def scaled_stages(regions):
    """Return level, side of a patch, patches along one side, and steps of each stage."""
    size = np.median(regions[..., 2] - regions[..., 0] + 1) / _REGION_SIDE
    return [(level, _odd(size * side), n_side, n_steps) for level, side, n_side, n_steps in _STAGES]


def _odd(side):
    """Return the nearest odd number, 5 at least."""
    return max(5, 2 * round((side - 1) / 2) + 1)


def place_patches(regions, level, side, n_side):
    """Return where the patches of regions lie at one level.

    Parameters
    ----------
    regions : int array of shape (..., 4)
        As for `align_regions`.
    level, side, n_side : int
        Of a stage.

    Returns
    -------
    corners : int array of shape (..., 2)
        First column and row of the area that the patches of each region cover.
    starts : int array of shape (..., n_side, 2)
        Columns and rows of the area where patches start.
    """
    first, last = regions[..., None, :2], regions[..., None, 2:]
    part = ((np.arange(n_side) + 0.5) / n_side - 0.5)[:, None]
    centres = (first + last) / 2 + part * (last - first + 1)
    # In the levels of an OpenCV pyramid, the centres of the first pixels coincide.
    starts = np.rint(centres * 0.5**level).astype(np.int64) - side // 2
    corners = starts[..., 0, :].copy()
    return corners, starts - corners[..., None, :]


def patch_kernel(side):
    """Return the weight of the rows and of the columns of a patch; their sum is 1."""
    return cv2.getGaussianKernel(side, side / 4, cv2.CV_32F)[:, 0]


class _Areas(NamedTuple):
    """What the patches of each region cover, at one level of the reference's pyramid."""

    corners: np.ndarray  # (n_regions, 2), first column and row of each area
    starts: np.ndarray  # (n_regions, n_side, 2), columns and rows of an area where patches start
    kernel: np.ndarray  # (side,), weight of the rows and of the columns of a patch, sum 1
    values: np.ndarray  # (n_regions, height, width)
    gradients: np.ndarray  # (n_regions, 2, height, width)
    moments: np.ndarray  # (n_regions, 5, n_side, n_side), window sums of gradients, see `_describe`


def _cut_areas(picture, regions, level, side, n_side):
    """Return the areas of all regions at one level."""
    corners, starts = place_patches(regions, level, side, n_side)
    height = int(starts.max()) + side
    width = -8 * (-(height + 1) // 8)  # whole vectors for the processor
    kernel = patch_kernel(side)
    return _Areas(
        corners, starts, kernel, *_describe(picture, corners, starts, kernel, height, width)
    )


@njit(cache=True, fastmath=True)
def _describe(picture, corners, starts, kernel, height, width):
    """Return values, gradients, and the window sums of xx, xy, yy, x and y of the gradients."""
    n_regions, n_side, _ = starts.shape
    values = np.empty((n_regions, height, width), np.float32)
    gradients = np.empty((n_regions, 2, height, width), np.float32)
    moments = np.empty((n_regions, 5, n_side, n_side), np.float32)
    cut = np.empty((height + 2, width + 2), np.float32)
    products = np.empty((5, height, width), np.float32)
    for i in range(n_regions):
        _cut(picture, corners[i, 0] - 1, corners[i, 1] - 1, cut)
        values[i] = cut[1:-1, 1:-1]
        # Scharr's derivative: smoother than a mere difference, so that noise counts less.
        across = (3 * cut[:-2] + 10 * cut[1:-1] + 3 * cut[2:]) / np.float32(32)
        gradients[i, 0] = across[:, 2:] - across[:, :-2]
        down = (3 * cut[:, :-2] + 10 * cut[:, 1:-1] + 3 * cut[:, 2:]) / np.float32(32)
        gradients[i, 1] = down[2:] - down[:-2]
        x, y = gradients[i]
        products[0] = x * x
        products[1] = x * y
        products[2] = y * y
        products[3] = x
        products[4] = y
        for k in range(5):
            _window_sums(products[k], starts[i], kernel, moments[i, k])
    return values, gradients, moments


@njit(cache=True, fastmath=True)
def _align(picture, corners, starts, kernel, values, gradients, moments, n_steps, pixel, motion):
    """Move each region, in place, by the mean of its patches' steps; a pixel is `pixel` large."""
    _, height, width = values.shape
    cut = np.empty((height + 2, width), np.float32)
    products = np.empty((4, height, width), np.float32)
    sums = np.empty((4, starts.shape[1], starts.shape[1]), np.float32)
    for i in range(len(motion)):
        for _ in range(n_steps):
            left = corners[i, 0] + motion[i, 0] / pixel
            top = corners[i, 1] + motion[i, 1] / pixel
            column, row = int(np.floor(left)), int(np.floor(top))
            right, down = np.float32(left - column), np.float32(top - row)
            _cut(picture, column, row, cut)
            _compare(cut, right, down, values[i], gradients[i], products)
            for k in range(4):
                _window_sums(products[k], starts[i], kernel, sums[k])
            x, y = _mean_step(sums, moments[i])
            motion[i, 0] -= pixel * x
            motion[i, 1] -= pixel * y


@njit(cache=True, fastmath=True)
def _mean_step(sums, moments):
    """Return the mean of the patches' steps along x and y."""
    n_side = sums.shape[1]
    total = np.float32(0)
    total_x = np.float32(0)
    total_y = np.float32(0)
    for r in range(n_side):
        for c in range(n_side):
            # Less the products of the means: the mean grey level of a patch is free.
            mean_x, mean_y, mean = moments[3, r, c], moments[4, r, c], sums[2, r, c]
            xx = moments[0, r, c] - mean_x * mean_x + np.float32(PRIOR)
            xy = moments[1, r, c] - mean_x * mean_y
            yy = moments[2, r, c] - mean_y * mean_y + np.float32(PRIOR)
            x = sums[0, r, c] - mean_x * mean
            y = sums[1, r, c] - mean_y * mean
            residual = sums[3, r, c] - mean * mean
            determinant = xx * yy - xy * xy
            trust = 1 / (np.float32(RESIDUAL**2) + residual)
            total += trust
            total_x += trust * (yy * x - xy * y) / determinant
            total_y += trust * (xx * y - xy * x) / determinant
    return total_x / total, total_y / total


@njit(cache=True, fastmath=True)
def _compare(cut, right, down, values, gradients, products):
    """Write difference times gradient along x and y, the difference, and its square.

    The difference is that of the cut, read between its pixels, to the values.
    """
    height, width = values.shape
    n = height * width
    # As long rows, which a processor does in one go. What is read beyond the end of a row lies in
    # the area's last columns, which no patch covers.
    pixels = cut.ravel()
    here, beside = pixels[:n], pixels[1 : n + 1]
    below, opposite = pixels[width : n + width], pixels[width + 1 : n + width + 1]
    reference, x, y = values.ravel(), gradients[0].ravel(), gradients[1].ravel()
    along_x, along_y = products[0].ravel(), products[1].ravel()
    differences, squares = products[2].ravel(), products[3].ravel()
    a = (1 - right) * (1 - down)
    b = right * (1 - down)
    c = (1 - right) * down
    d = right * down
    for k in range(n):
        difference = a * here[k] + b * beside[k] + c * below[k] + d * opposite[k] - reference[k]
        along_x[k] = x[k] * difference
        along_y[k] = y[k] * difference
        differences[k] = difference
        squares[k] = difference * difference


@njit(cache=True, fastmath=True)
def _window_sums(field, starts, kernel, sums):
    """Write the weighted sums of a field over the patches: (rows of patches, columns)."""
    width = field.shape[1]
    side, n_side = len(kernel), len(starts)
    row_sum = np.empty(width, np.float32)
    for r in range(n_side):
        row_sum[:] = 0
        first = starts[r, 1]
        for k in range(side):
            weight = kernel[k]
            row = field[first + k]
            for j in range(width):
                row_sum[j] += weight * row[j]
        for c in range(n_side):
            part = row_sum[starts[c, 0] : starts[c, 0] + side]
            total = np.float32(0)
            for k in range(side):
                total += kernel[k] * part[k]
            sums[r, c] = total


@njit(cache=True, fastmath=True)
def _cut(picture, left, top, cut):
    """Copy the part of the picture from a corner on; beyond its border the border is repeated."""
    height, width = picture.shape
    n_rows, n_columns = cut.shape
    if left >= 0 and left + n_columns <= width and top >= 0 and top + n_rows <= height:
        for i in range(n_rows):
            cut[i] = picture[top + i, left : left + n_columns]
    else:
        for i in range(n_rows):
            row = min(max(top + i, 0), height - 1)
            for j in range(n_columns):
                cut[i, j] = picture[row, min(max(left + j, 0), width - 1)]
