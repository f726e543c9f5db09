"""Following one face among several."""

import numpy as np

_MIN_OVERLAP = 0.2  # IoU from which two boxes in consecutive frames are the same face
_SAME_PLACE = 0.5  # IoU from which two boxes in one frame are the same face
_MAX_SIZE_RATIO = 1.5  # of a face that comes back to the place of the lost one, to that one
_MAX_OTHERS = 8  # faces remembered beside the followed one


class FaceFollower:
    """Picks the box of one and the same face, frame by frame.

    The largest face of the first frame that shows any is followed by overlap with its last box.
    A face seen beside it is remembered and never taken for it, not even after it has left. Once
    lost, it is recognised only where it was last seen and at a similar size; a face at another
    place is never taken for it, however long it has been lost.
    """

    def __init__(self):
        self._box = None
        self._is_lost = False
        self._others = []

    def choose(self, boxes):
        """Return the index of the followed face in the boxes of one frame.

        Parameters
        ----------
        boxes : array-like of shape (n_faces, 4)
            Left, top, right, bottom of each face.

        Returns
        -------
        index : int or None
            None if the followed face is not among them.
        """
        boxes = np.asarray(boxes, dtype=float).reshape(-1, 4)
        if self._box is None:
            index, others = _largest(boxes), {}
        else:
            index, others = self._match(boxes)
        if index is None:
            self._is_lost = True
        else:
            self.move(boxes[index])
        self._remember(boxes, index, others)
        return index

    def move(self, box):
        """Set where the followed face is now, for landmarkers that do not detect every frame."""
        self._box = np.asarray(box, dtype=float)
        self._is_lost = False

    def agrees_with(self, other):
        """Return whether another follower, which has seen the same frame last, knows the same."""
        if self._box is None or other._box is None:
            return self._box is other._box
        if self._is_lost != other._is_lost or len(self._others) != len(other._others):
            return False
        pairs = zip([self._box, *self._others], [other._box, *other._others])
        return all(overlap(box, same) > _SAME_PLACE for box, same in pairs)

    def _match(self, boxes):
        """Return the index of the followed face and {index: number of the other face}."""
        overlaps = overlap(np.array([self._box, *self._others])[:, None], boxes)
        if self._is_lost:
            ratio = np.sqrt(_area(boxes) / max(_area(self._box), 1e-9))
            overlaps[0, (ratio < 1 / _MAX_SIZE_RATIO) | (ratio > _MAX_SIZE_RATIO)] = 0
        matches = {}  # from boxes to known faces, the best pairs first
        for face, index in sorted(np.ndindex(overlaps.shape), key=lambda pair: -overlaps[pair]):
            if overlaps[face, index] < _MIN_OVERLAP:
                break
            if index not in matches and face not in matches.values():
                matches[index] = face
        others = {index: face - 1 for index, face in matches.items() if face > 0}
        followed = [index for index, face in matches.items() if face == 0]
        return (followed[0] if followed else None), others

    def _remember(self, boxes, index, others):
        """Update the other faces; one seen only while the followed one is lost may be that one."""
        for i, box in enumerate(boxes):
            if i in others:
                self._others[others[i]] = box
            elif index not in (None, i) and overlap(box, boxes[index]) < _MIN_OVERLAP:
                self._others.append(box)
        self._others = self._others[-_MAX_OTHERS:]


def overlap(first, second):
    """Return the intersection over union of boxes (..., 4): left, top, right, bottom."""
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., 2:], second[..., 2:])
    common = _product(high - low)
    return common / np.maximum(_area(first) + _area(second) - common, 1e-9)


def bounding_box(points):
    """Return left, top, right, bottom of points (n, 2)."""
    return np.concatenate([points.min(axis=0), points.max(axis=0)])


def _area(boxes):
    return _product(boxes[..., 2:4] - boxes[..., :2])


def _product(sides):
    """Return width by height, 0 if one of them is negative; for hours of boxes, so no np.prod."""
    sides = np.maximum(sides, 0)
    return sides[..., 0] * sides[..., 1]


def _largest(boxes):
    """Return the index of the largest box, None if there is none."""
    areas = _area(boxes)
    return int(areas.argmax()) if areas.any() else None
