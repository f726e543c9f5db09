"""Displacement fields of a face on a coarse grid: one sheet above the mouth, one below.

The lips part, so one smooth field can't move both. Each sheet continues the motion of its side
smoothly beyond the line between the lips, and can be inverted there.
"""

import numpy as np

GRID_SIZE = 121  # nodes of a field in each direction: 2 px apart at a face of 128 px

_LEAST_AREA = 0.3  # a stronger shrinking is taken for this one, so that its inverse is bounded
_RIM = 0.3  # how far a surface must face the camera to be seen, as a cosine


def visible_triangles(fitted, triangles):
    """Return the triangles of a fitted head that face the camera."""
    a, b, c = (fitted.vertices[triangles[:, corner]] for corner in range(3))
    normal = np.cross(b - a, c - a)
    facing = normal[:, 2] < -_RIM * np.linalg.norm(normal, axis=1)
    return triangles[facing]


def rasterise(points, triangles, size):
    """Return which triangle is in front at each node of a grid, and where in it.

    Parameters
    ----------
    points : array of shape (n_points, 3)
        x and y in nodes of the grid; a larger z is nearer.
    triangles : array of shape (n_triangles, 3)
        Indices of points.
    size : int
        Nodes of the grid in each direction.

    Returns
    -------
    triangle : int array of shape (size, size)
        -1 where there is none.
    weights : array of shape (size, size, 3)
        Barycentric coordinates.
    """
    corners = points[triangles]
    low = np.ceil(corners[..., :2].min(axis=1)).astype(int)
    span = (np.floor(corners[..., :2].max(axis=1)).astype(int) - low).max(axis=1) + 1
    nearest = np.full(size * size, -np.inf)
    found, weights = np.full(size * size, -1), np.zeros((size * size, 3))
    for y, x in np.ndindex(span.max(), span.max()):
        index = np.flatnonzero(span > max(x, y))
        where = low[index] + [x, y]
        inside = ((where >= 0) & (where < size)).all(axis=1)
        index, where = index[inside], where[inside]
        bary = _barycentric(corners[index, :, :2], where)
        hit = bary.min(axis=1) >= -1e-9
        index, bary, node = index[hit], bary[hit], where[hit] @ [1, size]
        depth = (bary * corners[index, :, 2]).sum(axis=1)
        order = np.argsort(depth)  # the nearest is written last
        index, bary, node, depth = index[order], bary[order], node[order], depth[order]
        front = depth > nearest[node]
        found[node[front]], weights[node[front]] = index[front], bary[front]
        nearest[node[front]] = depth[front]
    return found.reshape(size, size), weights.reshape(size, size, 3)


def _barycentric(corners, where):
    a, b, c = (corners[:, i] - where for i in range(3))

    def area(p, q):
        return p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]

    parts = np.stack([area(b, c), area(c, a), area(a, b)], axis=1)
    total = parts.sum(axis=1, keepdims=True)
    return np.where(np.abs(total) > 1e-12, parts / np.where(total == 0, 1, total), -1.0)


def continued(values, known, reach):
    """Continue values smoothly beyond the nodes at which they are known, and fade them out.

    Parameters
    ----------
    values : array of shape (size, size, n)
        Values at the nodes.
    known : bool array of shape (size, size)
        Where they are known.
    reach : float
        The distance in nodes at which they have faded out.

    Returns
    -------
    filled : float32 array of shape (size, size, n)
        The same values at the known nodes.
    """
    import cv2

    away = cv2.distanceTransform((~known).astype(np.uint8), cv2.DIST_L2, 5) / reach
    fade = np.where(away < 1, 0.5 + 0.5 * np.cos(np.pi * np.clip(away, 0, 1)), 0)
    filled = np.empty(values.shape, dtype=np.float32)
    for i in range(0, values.shape[-1], 4):  # OpenCV takes four channels
        part = np.ascontiguousarray(values[..., i : i + 4], dtype=np.float32)
        part = part.reshape(*known.shape, -1)
        smooth = _pyramid_fill(part, known) * fade[..., None].astype(np.float32)
        filled[..., i : i + 4] = np.where(known[..., None], part, smooth)
    return filled


def _pyramid_fill(values, known):
    """Return the mean of the known values around each node, of as few as there are."""
    import cv2

    total, weight = np.where(known[..., None], values, 0), known.astype(np.float32)
    levels = [(total, weight)]
    while min(weight.shape) > 2:
        total, weight = cv2.pyrDown(total).reshape(*_half(weight), -1), cv2.pyrDown(weight)
        levels.append((total, weight))
    mean = total / np.maximum(weight, 1e-6)[..., None]
    for total, weight in levels[-2::-1]:
        mean = cv2.resize(mean, weight.shape[::-1], interpolation=cv2.INTER_LINEAR)
        mean = mean.reshape(total.shape)
        share = np.clip(2 * weight, 0, 1)[..., None]
        mean = share * total / np.maximum(weight, 1e-6)[..., None] + (1 - share) * mean
    return cv2.GaussianBlur(mean, (0, 0), 1.0).reshape(values.shape)


def _half(image):
    return tuple((side + 1) // 2 for side in image.shape)


def sampled(field, points, step):
    """Return values of a field at points in pixels; nodes are `step` pixels apart."""
    import cv2

    where = (np.asarray(points) / step).astype(np.float32).reshape(-1, 1, 2)
    values = cv2.remap(field, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return values.reshape(*np.shape(points)[:-1], *field.shape[2:])


def inverted(field, step, n_iterations=4):
    """Return the field e with ``x + e(x) = y`` wherever ``y + field(y) = x`` (Newton)."""
    import cv2

    rows, columns = field.shape[:2]
    grid = np.empty((rows, columns, 2), dtype=np.float32)
    grid[..., 0], grid[..., 1] = np.arange(columns), np.arange(rows)[:, None]
    across = cv2.Sobel(field, cv2.CV_32F, 1, 0, scale=1 / (8 * step))
    down = cv2.Sobel(field, cv2.CV_32F, 0, 1, scale=1 / (8 * step))
    a, b, c, d = 1 + across[..., 0], down[..., 0], across[..., 1], 1 + down[..., 1]
    scale = 1 / np.maximum(a * d - b * c, _LEAST_AREA)
    slope = np.dstack([d * scale, -b * scale, -c * scale, a * scale])
    inverse = np.zeros_like(field)
    for i in range(n_iterations):
        if i == 0:
            value, at = field, slope
        else:
            where = grid + inverse * np.float32(1 / step)
            value, at = (
                cv2.remap(part, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
                for part in (field, slope)
            )
        rest = inverse + value
        inverse[..., 0] -= at[..., 0] * rest[..., 0] + at[..., 1] * rest[..., 1]
        inverse[..., 1] -= at[..., 2] * rest[..., 0] + at[..., 3] * rest[..., 1]
    return inverse
