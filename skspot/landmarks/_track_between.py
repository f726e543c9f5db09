"""The points of a face in the frames between two in which it has been found.

They are tracked by optical flow from both ends and blended, so that they neither jump where the
face was found nor drift away from there.
"""

from itertools import pairwise

import cv2
import numpy as np

from skspot.landmarks._follower import bounding_box
from skspot.video import face_extent

_FACE_PIXELS = 128  # size of the face in the pictures that flow is computed in, at most
_MARGIN = 0.25  # around the face, in face sizes
_LK = {
    "winSize": (15, 15),
    "maxLevel": 2,
    "criteria": (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 15, 0.03),
}
_AGREEMENT = 0.03  # largest distance of a point's two tracks that agree, in face sizes
_MIN_AGREEING = 0.6  # share of the points whose tracks must agree
_NO_TRUST = 0.06  # distance of a point's two tracks from which it moves with the face


def points_between(frames, first, last):
    """Return the points of a face in the frames between two.

    Each point is tracked forward from the first frame and backward from the last, and the tracks
    are blended by their distance to those frames. The more the two tracks of a point disagree, the
    more it moves with the face instead: by the similarity transform of those that agree. On smooth
    skin, on the outline of the face and behind a hand, tracks are useless.

    Parameters
    ----------
    frames : list of ndarray of uint8, (height, width, 3) or (height, width)
        The first frame, those between and the last one.
    first, last : ndarray of shape (68, 2)
        The points in the first and in the last frame, in pixels.

    Returns
    -------
    points : ndarray of shape (len(frames) - 2, 68, 2) or None
        None if less than 60 % of the points have tracks that agree within 3 % of the size of the
        face: it may be hidden, or gone, or another one.
    """
    view = _View(frames[0].shape, first, last)
    if view.is_empty:
        return None
    pictures = [view.cut(frame) for frame in frames]
    start, end = view.enter(first), view.enter(last)
    forward = _track(pictures, start)
    backward = _track(pictures[::-1], end)[::-1]
    distance = np.linalg.norm(forward - backward, axis=-1).max(axis=0) / view.face_size
    if np.mean(distance < _AGREEMENT) < _MIN_AGREEING:  # NaN does not agree
        return None
    trust = np.clip(1 - np.nan_to_num(distance, nan=np.inf) / _NO_TRUST, 0, 1)
    share = np.linspace(0, 1, len(frames))[:, None, None]
    blend = (1 - share) * _steadied(forward, start, trust) + share * _steadied(backward, end, trust)
    return view.leave(blend[1:-1])


class _View:
    """The part of the pictures about both places of a face, reduced to a small face."""

    def __init__(self, shape, first, last):
        size = max(face_extent(first), face_extent(last))
        left, top, right, bottom = bounding_box(np.concatenate([first, last]))
        margin = _MARGIN * size
        self._left, self._top = max(0, int(left - margin)), max(0, int(top - margin))
        self._right = min(shape[1], int(right + margin) + 1)
        self._bottom = min(shape[0], int(bottom + margin) + 1)
        self._factor = min(1.0, _FACE_PIXELS / max(size, 1.0))
        # The point that becomes (0, 0): the corners of pixels coincide, not the centres.
        self._origin = np.array([self._left, self._top]) - 0.5 + 0.5 / self._factor
        self.face_size = size * self._factor
        sides = np.array([self._right - self._left, self._bottom - self._top])
        self.is_empty = (sides * self._factor).min() < 2 * _LK["winSize"][0] or size == 0

    def cut(self, frame):
        region = frame[self._top : self._bottom, self._left : self._right]
        if region.ndim == 3:
            region = cv2.cvtColor(region, cv2.COLOR_RGB2GRAY)
        if self._factor == 1:
            return np.ascontiguousarray(region)
        return cv2.resize(
            region, None, fx=self._factor, fy=self._factor, interpolation=cv2.INTER_AREA
        )

    def enter(self, points):
        """Return points of the frame as points of the view."""
        return ((points - self._origin) * self._factor).astype(np.float32)

    def leave(self, points):
        """Return points of the view as points of the frame."""
        return points / self._factor + self._origin


def _track(pictures, points):
    """Return points (n_pictures, n, 2) tracked from the first picture, NaN from where they fail."""
    tracks, failed = [points], np.zeros((len(points), 1), dtype=bool)
    found = points
    for before, after in pairwise(pictures):
        found, status, _ = cv2.calcOpticalFlowPyrLK(before, after, found, None, **_LK)
        failed = failed | (status == 0)
        tracks.append(np.where(failed, np.float32(np.nan), found))
    return np.array(tracks)


def _steadied(tracks, points, trust):
    """Return tracks of which those with little trust move with the others.

    Parameters
    ----------
    tracks : ndarray of shape (n_frames, n, 2)
        NaN allowed where `trust` is 0.
    points : ndarray of shape (n, 2)
        The points at the end of the tracks that is known.
    trust : ndarray of shape (n,)
        From 0 to 1.
    """
    # In complex numbers a similarity transform is z -> a z + b; least squares give both.
    known = points @ (1, 1j)
    tracked = np.where(trust > 0, tracks @ (1, 1j), 0)
    weight = trust / trust.sum()
    middle, middles = weight @ known, tracked @ weight
    arms, weighted = known - middle, weight * np.conj(known - middle)
    factor = tracked @ weighted / (weighted @ arms)
    rigid = factor[:, None] * arms + middles[:, None]
    blend = trust * tracked + (1 - trust) * rigid
    return np.stack([blend.real, blend.imag], axis=-1)
