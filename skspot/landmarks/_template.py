"""A mean face that is placed by a cascade and moved with the head by optical flow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from numbers import Integral
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from skspot.landmarks._base import Landmarker
from skspot.landmarks._follower import FaceFollower, overlap
from skspot.landmarks._mean_face import (
    LOOK_PIXELS_PER_UNIT,
    Pose,
    mean_look,
    transform_points,
)
from skspot.landmarks._rigid_flow import RigidFlow
from skspot.utils._param_validation import Interval

if TYPE_CHECKING:
    from skspot.video import Video

# Search of the cascade: the longer side of the picture is reduced to this many pixels. A face must
# be 24 pixels wide then, so small ones need the larger picture, which takes four times as long.
_SEARCH_SIDES = (160, 320)
_CASCADE_WINDOW = 24

# The mean face in a box of the cascade, whose side is 1: medians over eight faces.
_UNIT_IN_BOX = 0.3375
_CENTROID_BELOW_MIDDLE = 0.1135

# Search of the mean look about a first guess: tilts, relative sizes and shifts.
_TILTS = np.radians(np.arange(-20, 21, 5))
_SIZES = np.array([0.72, 0.8, 0.88, 0.96, 1.04, 1.12, 1.2])
_SHIFT = 0.5  # units
# Guesses from which a place is found several times, so that the steps above average out: shifts in
# units, relative size, tilt.
_NUDGES = (
    (0.08, 0.05, 1.04, 0.04),
    (-0.08, 0.05, 0.96, -0.04),
    (0, -0.08, 1.02, -0.04),
    (0.03, 0, 0.98, 0.04),
)
_CONTRAST_SCALE = 8  # pixels over which the local mean and standard deviation are taken
_LOOK_X, _LOOK_Y = (-1.2, 1.2), (-1.15, 1.05)  # part of the mean look that is compared, in units

_MIN_LIKENESS = 0.36  # correlation with the mean look from which a box of the cascade is a face
_MIN_CONTRAST = 0.1  # local standard deviation over the mean grey level; faces had 0.17 to 0.38
_SAME_FACE = 0.2  # IoU from which two boxes show the same face
_MIN_LIKENESS_TRACKED = 0.25  # the same for a face that was found before
_MAX_DOUBTS = 3  # checks in a row that a followed face may fail, such as behind a hand
_CORRECTION = 0.25  # share of the difference to the newly found place that a check corrects


class Template(Landmarker):
    """Approximate landmarks of frontal faces without any download.

    scikit-image's LBP cascade detects the face, a comparison with a mean face at small shifts,
    tilts and sizes places the 68 points, and optical flow moves them with the head. They follow
    position, size and tilt of the head, but neither its expression nor the proportions of the face.

    Parameters
    ----------
    recheck : int, default=30
        Frames between two checks that the face is still there. A check also corrects a quarter of
        the distance to where the face is then found.

    See Also
    --------
    MediaPipe : Precise, but needs a package and a model file.

    Notes
    -----
    In eight recordings, each time with the mean face of the other ones, the points lay 2.4 to 5.5 %
    (mean 3.4 %) of the size of the face away from MediaPipe's; the best placed mean face lies 3 %
    away from them. The mouth and the brows are not followed, which is not needed to crop the face
    and to measure motion in regions of it. To be found, a face must look ahead, be tilted by no
    more than 20 degrees and be at least 1/15 as wide as the longer side of the picture.

    Examples
    --------
    >>> from skspot.datasets import make_expression_videos
    >>> from skspot.landmarks import Template
    >>> from skspot.preprocessing import FaceAligner
    >>> data = make_expression_videos(1, videos_per_subject=1, n_frames=60, random_state=0)
    >>> (aligned,) = FaceAligner(Template(recheck=15)).transform(data.videos)
    >>> bool(aligned.valid.all())
    True
    """

    _parameter_constraints: dict = {"recheck": [Interval(Integral, 1, None, closed="left")]}

    def __init__(self, recheck: int = 30):
        self.recheck = recheck

    def key(self, video: Video) -> object:
        """Return the parameter."""
        return ("template", int(self.recheck))

    def track(
        self, frames: Iterable[NDArray[np.uint8]], video: Video, detect_every: int = 1
    ) -> Iterator[ArrayLike | None]:
        """Yield the points for each frame; see `Landmarker.track`."""
        tracker = _Tracker(self.recheck)
        for frame in frames:
            pose = tracker.step(frame)
            yield None if pose is None else pose.points


class _Tracker:
    """The face of one video: found, followed, checked, found again."""

    def __init__(self, recheck):
        self._recheck = recheck
        self._follower = FaceFollower()
        self._flow = None  # follows the face while it is in sight
        self._pose = None  # where it was in the last frame
        self._n_since_check = 0
        self._n_doubts = 0

    def step(self, frame):
        """Return the pose in the next frame, None if there is no face."""
        pose = self._follow(frame) if self._flow else None
        if pose is None:
            pose = self._search(frame)
        elif self._n_since_check >= self._recheck:
            pose = self._check(frame, pose)
        if pose is None:
            self._flow = None
        elif self._flow is None:
            self._flow = RigidFlow(frame, pose)
        self._n_since_check += 1
        self._pose = pose
        return pose

    def _follow(self, frame):
        pose = self._flow.follow(frame)
        if pose is None:
            self._flow = None
            self._follower.move(self._pose.box)
        return pose

    def _search(self, frame):
        """Find the face without knowing where it is."""
        # The search for small faces takes long; while there is no face it is done now and then.
        thorough = self._n_since_check % self._recheck == 0
        poses = _find_faces(frame, thorough)
        index = self._follower.choose([pose.box for pose in poses])
        if index is None:
            return None
        self._n_since_check = self._n_doubts = 0
        return _refine(frame, poses[index])

    def _check(self, frame, pose):
        """Verify and correct a pose that was followed."""
        self._n_since_check = 0
        self._follower.move(pose.box)
        self._follower.choose([pose.box, *(p.box for p in _find_faces(frame, False))])
        likeness, found = _place(frame, pose)
        if likeness < _MIN_LIKENESS_TRACKED:
            self._n_doubts += 1
            return pose if self._n_doubts < _MAX_DOUBTS else None
        self._n_doubts = 0
        corrected = pose.towards(_refine(frame, found), _CORRECTION)
        self._flow.correct(corrected)
        return corrected


@cache
def _cascade():
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade

    return Cascade(lbp_frontal_face_cascade_filename())


def _find_faces(frame, thorough):
    """Return the poses of the faces in a picture; small ones only if `thorough`."""
    for side in _SEARCH_SIDES if thorough else _SEARCH_SIDES[:1]:
        placed = [_place(frame, guess) for guess in _cascade_poses(frame, side)]
        poses = []
        for likeness, pose in sorted(placed, reverse=True):  # several boxes may show one face
            if likeness < _MIN_LIKENESS or _contrast(frame, pose) < _MIN_CONTRAST:
                continue
            if all(overlap(pose.box, other.box) < _SAME_FACE for other in poses):
                poses.append(pose)
        if poses:
            return poses
    return []


def _cascade_poses(frame, side):
    """Return first guesses from the boxes of the cascade."""
    factor = min(1.0, side / max(frame.shape))
    small = cv2.resize(frame, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    if min(small.shape) < _CASCADE_WINDOW:
        return []
    boxes = _cascade().detect_multi_scale(
        small,
        scale_factor=1.2,
        step_ratio=1,
        min_size=(_CASCADE_WINDOW, _CASCADE_WINDOW),
        max_size=small.shape,
    )
    poses = []
    for box in boxes:
        width = box["width"] / factor
        x = box["c"] / factor + 0.5 * width
        y = box["r"] / factor + (0.5 + _CENTROID_BELOW_MIDDLE) * width
        poses.append(Pose(x, y, _UNIT_IN_BOX * width, 0.0))
    return poses


def _place(frame, guess):
    """Return the largest correlation with the mean look about a first guess, and the pose there."""
    patch = _local_contrast(_cut(frame, guess))
    middle = len(patch) / 2
    best = (-1.0, guess)
    for size, tilt, look, corner in _looks():
        reach = int(_SHIFT * LOOK_PIXELS_PER_UNIT)
        x, y = np.maximum(0, (middle + corner - reach).astype(int))
        region = patch[y : y + look.shape[0] + 2 * reach, x : x + look.shape[1] + 2 * reach]
        scores = cv2.matchTemplate(region, look, cv2.TM_CCOEFF_NORMED)
        _, likeness, _, place = cv2.minMaxLoc(scores)
        if likeness > best[0]:
            shift = (np.array(place) + (x, y) - corner - middle) / LOOK_PIXELS_PER_UNIT
            dx, dy = transform_points(guess.matrix, shift[None])[0]
            best = (likeness, Pose(dx, dy, guess.unit * size, guess.tilt + tilt))
    return best


def _refine(frame, pose):
    """Return a pose that `_place` found, more exactly than its steps."""
    poses = [pose]
    for x, y, size, tilt in _NUDGES:
        guess = Pose(
            pose.x + x * pose.unit, pose.y + y * pose.unit, pose.unit * size, pose.tilt + tilt
        )
        poses.append(_place(frame, guess)[1])
    return Pose(*np.mean(poses, axis=0))


def _cut(frame, pose):
    """Return the surroundings of a face, upright, in the resolution of the mean look."""
    factor = LOOK_PIXELS_PER_UNIT / pose.unit
    side = 2 * int(LOOK_PIXELS_PER_UNIT * (1.45 + _SHIFT))
    to_patch = cv2.invertAffineTransform(pose.matrix) * LOOK_PIXELS_PER_UNIT
    to_patch[:, 2] += side / 2
    if factor < 1:  # warpAffine does not average over the pixels that it skips
        frame, to_patch = _shrunk(frame, pose, factor, to_patch)
    return cv2.warpAffine(frame, to_patch, (side, side), borderMode=cv2.BORDER_REPLICATE)


def _shrunk(frame, pose, factor, to_patch):
    """Blur the part of the picture about the face; return it and the transform from it."""
    reach = 3 * pose.unit
    left, top = (max(0, int(value - reach)) for value in (pose.x, pose.y))
    right, bottom = (max(0, int(value + reach) + 1) for value in (pose.x, pose.y))
    region = frame[top:bottom, left:right]
    if region.size == 0:  # the face has left the picture
        return frame, to_patch
    to_patch[:, 2] += to_patch[:, :2] @ (left, top)
    return cv2.GaussianBlur(region, (0, 0), 0.4 / factor), to_patch


def _without_shading(picture):
    """Return grey levels less the mean of their surroundings."""
    picture = picture.astype(np.float32)
    return picture - cv2.GaussianBlur(picture, (0, 0), _CONTRAST_SCALE)


def _local_contrast(picture):
    """Return grey levels relative to the mean and standard deviation of their surroundings."""
    difference = _without_shading(picture)
    variance = cv2.GaussianBlur(difference * difference, (0, 0), _CONTRAST_SCALE)
    return difference / np.sqrt(variance + 15)  # 15: below 4 grey levels, contrast is noise


def _contrast(frame, pose):
    """Return how strong light and dark are in a face, which a knot in wood can otherwise mimic."""
    patch = _cut(frame, pose)
    inside = slice(int(_SHIFT * LOOK_PIXELS_PER_UNIT), -int(_SHIFT * LOOK_PIXELS_PER_UNIT))
    patch = patch[inside, inside]
    return _without_shading(patch).std() / max(patch.mean(), 1.0)


@cache
def _looks():
    """Return (size, tilt, picture, corner) of the mean face for all sizes and tilts searched.

    `corner` is the top left corner of the picture relative to the origin of the mean face.
    """
    # Border pixels are never compared: of the rotated window less than the square is cut out.
    look = mean_look()
    middle = len(look) / 2
    unit = LOOK_PIXELS_PER_UNIT
    looks = []
    for size in _SIZES:
        side = int(np.ceil(len(look) * size)) + 2
        low = np.array([int(size * unit * _LOOK_X[0]), int(size * unit * _LOOK_Y[0])])
        high = np.array([int(size * unit * _LOOK_X[1]), int(size * unit * _LOOK_Y[1])])
        for tilt in _TILTS:
            turn = cv2.getRotationMatrix2D((middle, middle), -np.degrees(tilt), size)
            turn[:, 2] += side // 2 - middle
            turned = cv2.warpAffine(look, turn, (side, side), borderMode=cv2.BORDER_REPLICATE)
            (x0, y0), (x1, y1) = low + side // 2, high + side // 2
            looks.append((size, tilt, np.ascontiguousarray(turned[y0:y1, x0:x1]), low))
    return looks
