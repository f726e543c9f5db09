"""A photograph of a face, moved by the units of a three-dimensional head.

The face lies level on a square canvas. A point x of the neutral face is seen at ``head(turn(x +
lids(x) + expression(x + lids(x))))``: the lids move by a rule of their own, the expression is a sum
of displacement fields on a coarse grid, the turn is a rotation in depth in parallel projection.
The motion is therefore known exactly; each picture is one lookup in the photograph.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from skspot.datasets.synthetic._canvas import FINE, looked_up
from skspot.datasets.synthetic._openings import Mouth
from skspot.datasets.synthetic._sheets import GRID_SIZE, inverted, sampled
from skspot.datasets.synthetic._units import GAZE

LOWER_ROW = GRID_SIZE // 3  # the lower sheet has only the nodes from here downwards


@dataclass(frozen=True)
class MovedPhotograph:
    """One subject: a photograph and the fields that move it.

    Attributes
    ----------
    units : tuple of str
        Names of the units.
    texture, inside : float32 arrays of shape (2 * canvas_size - 1, 2 * canvas_size - 1)
        Grey values of the neutral face, and of what is behind its openings, at every half pixel
        of the canvas: linear interpolation then moves them without a bias.
    landmarks : array of shape (68, 2)
        Landmarks of the neutral face in pixels of the canvas.
    upper, lower : float32 arrays of shape (n_units, n_rows, GRID_SIZE, 2)
        Displacements for an activation of 1 of each unit, above and below the line between the
        lips; the lower sheet has fewer rows.
    lids : array of shape (n_units, 2, 2)
        How far each unit closes the right and the left eye by its upper and lower lid.
    depth : float32 array of shape (GRID_SIZE, GRID_SIZE)
        Depth of the face over that of the eyes, in pixels.
    eyes : dict of str to Eye
        The eyes.
    mouth : Mouth
        The mouth.
    pivot : array of shape (3,)
        The point about which the head turns; its depth is that behind the eyes.
    largest : array of shape (n_units,)
        The activation of each unit that is as strong as a face can do it.
    fit_error : float
        Median distance of the landmarks to those of the fitted head, in pixels.
    """

    units: tuple
    texture: np.ndarray
    inside: np.ndarray
    landmarks: np.ndarray
    upper: np.ndarray
    lower: np.ndarray
    lids: np.ndarray
    depth: np.ndarray
    eyes: dict
    mouth: Mouth
    pivot: np.ndarray
    largest: np.ndarray
    fit_error: float

    @property
    def canvas_size(self):
        """Side of the canvas in pixels."""
        return (len(self.texture) + 1) // FINE

    @property
    def _step(self):
        return (self.canvas_size - 1) / (GRID_SIZE - 1)

    def unit_motion(self, points):
        """Return the motion of points of the neutral face for an activation of 1 of each unit.

        Parameters
        ----------
        points : array of shape (n_points, 2)
            Points on the canvas.

        Returns
        -------
        motion : array of shape (n_units, n_points, 2)
            In pixels of the canvas, without the motion of the head.
        """
        points = np.asarray(points, dtype=np.float64)
        motion = np.stack(
            [self._sampled(*sheets, points) for sheets in zip(self.upper, self.lower)]
        ).astype(np.float64)
        for eye, closing in zip(self.eyes.values(), self.lids.transpose(1, 0, 2)):
            for unit in np.flatnonzero(closing.any(axis=1)):
                motion[unit, :, 1] += eye.moved(points, closing[unit])
        return motion

    def pose(self, activations, head, turn=(0.0, 0.0)):
        """Return the face of one frame.

        Parameters
        ----------
        activations : array of shape (n_units,)
            Activation of each unit.
        head : array of shape (2, 3)
            Transform of the head in the plane.
        turn : (yaw, pitch), default=(0, 0)
            Rotation of the head in depth, in radians: to the right of the picture, and up.

        Returns
        -------
        pose : Pose
            It renders the picture, and knows where points are seen.
        """
        return Pose(self, activations, head, turn)

    def render(self, activations, head, turn=(0.0, 0.0)):
        """Return one image of the face, as float32 grey values without noise."""
        return self.pose(activations, head, turn).render()

    def _sampled(self, upper, lower, points):
        """Return a field at points of the neutral face, each on its side of the lips."""
        above = sampled(upper, points, self._step)
        below = sampled(lower, points - [0, LOWER_ROW * self._step], self._step)
        return np.where(self.mouth.below(points)[..., None], below, above)


class Pose:
    """The face of one frame: where its points are seen, and what it looks like."""

    def __init__(self, face, activations, head, turn):
        self.face = face
        active = np.flatnonzero(activations)
        weights = np.asarray(activations, dtype=np.float32)[active]
        self._fields = [
            np.tensordot(weights, sheet[active], 1) if len(active) else np.zeros_like(sheet[0])
            for sheet in (face.upper, face.lower)
        ]
        self._closing = np.tensordot(weights, face.lids[active], 1) if len(active) else [[0, 0]] * 2
        self._closing = [_possible(closing) for closing in self._closing]
        by_name = dict(zip(face.units, activations))
        self._gaze = np.array([by_name.get(name, 0.0) for name in GAZE])
        rotation = _rotation(*turn)
        plane, self._slant = rotation[:2, :2], np.linalg.solve(rotation[:2, :2], rotation[:2, 2])
        behind = rotation[:2, 2] * face.pivot[2]
        turned = np.column_stack([plane, face.pivot[:2] - plane @ face.pivot[:2] + behind])
        self._affine = head[:, :2] @ turned + np.column_stack([np.zeros((2, 2)), head[:, 2]])

    def seen_at(self, points):
        """Return where points of the neutral face, shape (n_points, 2), are seen."""
        face = self.face
        moved = np.array(points, dtype=np.float64)
        for eye, closing in zip(face.eyes.values(), self._closing):
            moved[:, 1] += eye.moved(np.asarray(points), closing)
        depth = sampled(face.depth, moved, face._step)
        shift = face._sampled(*self._fields, moved) + depth[:, None] * self._slant
        return (moved + shift) @ self._affine[:, :2].T + self._affine[:, 2]

    def carried(self, points):
        """Return where points that only the head moves are seen, at the depth of the eyes."""
        return points @ self._affine[:, :2].T + self._affine[:, 2]

    def render(self):
        """Return the image, as float32 grey values without noise."""
        face = self.face
        source, inside = self._skin_source()
        for (_, eye), closing in zip(face.eyes.items(), self._closing):
            box = self._box(eye.columns, eye.crease, eye.bag)
            if box is not None:
                x, y = source[box][..., 0], source[box][..., 1]
                source[box][..., 1], share = eye.source(x, y, closing)
                inside.append((box, share, eye.depth, self._gaze))
        image = looked_up(face.texture, source)
        for box, share, depth, gaze in inside:
            if (share > 0).any():
                where = self._head_source[box] - np.float32(depth * self._slant + gaze)
                behind = looked_up(face.inside, where)
                image[box] += share.astype(np.float32) * (behind - image[box])
        return image

    def _skin_source(self):
        """Return where each pixel of the skin comes from, but for the lids, and the open mouth."""
        mouth = self.face.mouth
        source = self._inverse(self._fields[0], 0)
        box = self._box(mouth.columns, mouth.upper - 2, mouth.lower + 2)
        first = 0 if box is None else box[0].start
        lower = self._inverse(self._fields[1], LOWER_ROW, first)
        upper = source[first:]
        above = upper[..., 1] - mouth.edges(upper[..., 0])[0]
        inside = []
        if box is not None:
            part = np.s_[: box[0].stop - first, box[1]]
            beneath = mouth.edges(lower[part][..., 0])[1] - lower[part][..., 1]
            share = np.clip(np.minimum(above[part], beneath), 0, 1)
            inside.append((box, share, mouth.depth, 0.0))
        np.copyto(upper, lower, where=(above > 0)[..., None])
        return source, inside

    def _inverse(self, field, first_row, first=0):
        """Return where pixels of the image from a row on come from, by one sheet."""
        import cv2

        face, step = self.face, self.face._step
        depth = face.depth[first_row:, :, None]
        inverse = inverted(field + depth * np.float32(self._slant), step)
        to_grid = cv2.invertAffineTransform(self._affine) / step
        to_grid[:, 2] += to_grid[:, 1] * first - [0, first_row]
        source = cv2.warpAffine(
            inverse,
            to_grid,
            (face.canvas_size, face.canvas_size - first),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        source += self._head_source[first:]
        return source

    @cached_property
    def _head_source(self):
        """The places of the canvas that the pixels of the image show of a flat, still face."""
        import cv2

        to_canvas = cv2.invertAffineTransform(self._affine).astype(np.float32)
        side = np.arange(self.face.canvas_size, dtype=np.float32)
        places = np.empty((len(side), len(side), 2), dtype=np.float32)
        for axis, (across, down, shift) in enumerate(to_canvas):
            places[..., axis] = across * side + (down * side + shift)[:, None]
        return places

    def _box(self, columns, top, bottom, margin=3):
        """Return the part of the image with an opening, None if it has left the image."""
        x = np.arange(max(columns[0] - margin, 0), min(columns[1] + margin, self.face.canvas_size))
        points = np.concatenate([np.stack([x, y[x]], axis=1) for y in (top, bottom)])
        seen = self.seen_at(points)
        low = np.maximum(np.floor(seen.min(axis=0)).astype(int) - margin, 0)
        high = np.minimum(np.ceil(seen.max(axis=0)).astype(int) + margin, self.face.canvas_size)
        if (high <= low).any():
            return None
        return np.s_[low[1] : high[1], low[0] : high[0]]


def _possible(closing):
    """Return the closing of the lids such that they meet and don't cross."""
    lower = np.clip(closing[1], -0.5, 1)
    return np.clip(closing[0], -0.5, 1 - lower), lower


def _rotation(yaw, pitch):
    """Return a rotation in the axes of the picture: x right, y down, z to the camera."""
    around_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    around_x = np.array(
        [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]
    )
    return around_x @ around_y
