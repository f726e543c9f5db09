"""Following the rigid motion of a head by sparse optical flow."""

import cv2
import numpy as np

_FACE_PIXELS = 100  # width of the face in the pictures that flow is computed in
_MARGIN = 0.3  # around the face, in face widths
_N_CORNERS = 60
_MIN_CORNERS = 10
_LK = {
    "winSize": (15, 15),
    "maxLevel": 2,
    "criteria": (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 15, 0.03),
}
_MAX_RESIDUAL = 2.0  # pixels, of a corner that moves with the head
_LOST = 0.35  # share of corners moving with the head below which the face is lost
_WORN = 0.6  # share below which new corners are chosen
_MAX_ZOOM = 0.15  # change of size, turn and shift from which new corners are chosen, too
_MAX_TURN = np.radians(12)
_MAX_SHIFT = 0.25  # in face widths
_MAX_STEP = 0.25  # relative change of size in one frame that is taken for a failure


class RigidFlow:
    """Carries the pose of a face from frame to frame.

    The flow runs from one key frame to the current frame, not from frame to frame, so that its
    errors do not add up; the key frame is replaced when the head has moved far from it. RANSAC
    leaves out corners that do not move with the head (mouth, lids, a hand).

    Parameters
    ----------
    frame : ndarray of shape (height, width), dtype uint8
        The first key frame.
    pose : Pose
        Where the face is in it.
    """

    def __init__(self, frame, pose):
        self._set_key(frame, pose)

    def follow(self, frame):
        """Return the pose in the next frame, None if the face is lost."""
        if len(self._corners) < _MIN_CORNERS:
            return None
        motion, share = self._motion(self._cut(frame))
        if motion is None or share < _LOST:
            return None
        change = np.hypot(*motion[:, 0]) / np.hypot(*self._previous[:, 0])
        if abs(np.log(change)) > _MAX_STEP:
            return None
        self._previous = motion
        pose = self._key_pose.moved(self._in_picture(motion))
        if share < _WORN or self._is_far(motion, pose):
            self._set_key(frame, pose)
        return pose

    def correct(self, pose):
        """Carry on as if the face had been followed to `pose` in the last frame."""
        back = cv2.invertAffineTransform(self._in_picture(self._previous))
        self._key_pose = pose.moved(back)

    def _set_key(self, frame, pose):
        self._key_pose = pose
        self._choose_region(frame.shape, pose)
        self._key = self._cut(frame)
        self._previous = np.eye(2, 3)
        self._corners = self._find_corners(pose)

    def _choose_region(self, shape, pose):
        """Set the part of the picture that is looked at while this key frame lasts."""
        left, top, right, bottom = pose.box
        width = right - left
        self._left = max(0, int(left - _MARGIN * width))
        self._top = max(0, int(top - _MARGIN * width))
        self._right = min(shape[1], int(right + _MARGIN * width) + 1)
        self._bottom = min(shape[0], int(bottom + _MARGIN * width) + 1)
        self._factor = min(1.0, _FACE_PIXELS / width)
        # The point that becomes (0, 0) when the region is reduced: the corners of pixels coincide,
        # not the centres that coordinates refer to.
        self._origin = np.array([self._left, self._top]) - 0.5 + 0.5 / self._factor

    def _cut(self, frame):
        region = frame[self._top : self._bottom, self._left : self._right]
        if region.size == 0 or self._factor == 1:
            return np.ascontiguousarray(region)
        size = [max(1, round(side * self._factor)) for side in region.shape[::-1]]
        return cv2.resize(region, size, interpolation=cv2.INTER_AREA)

    def _find_corners(self, pose):
        """Return well-defined points on the face, float32 (n, 1, 2)."""
        none = np.empty((0, 1, 2), dtype=np.float32)
        if min(self._key.shape) < 2:
            return none
        outline = (pose.points - self._origin) * self._factor
        mask = np.zeros_like(self._key)
        cv2.fillConvexPoly(mask, cv2.convexHull(outline.round().astype(np.int32)), 255)
        corners = cv2.goodFeaturesToTrack(
            self._key, _N_CORNERS, qualityLevel=0.01, minDistance=5, mask=mask, blockSize=5
        )
        return none if corners is None else corners.astype(np.float32)

    def _motion(self, picture):
        """Return the similarity (2, 3) from the key frame and the share of corners it fits."""
        # The last motion is undone first: windows that turn or grow make the flow fall short.
        undone = cv2.warpAffine(
            picture,
            self._previous,
            self._key.shape[::-1],
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        found, status, _ = cv2.calcOpticalFlowPyrLK(self._key, undone, self._corners, None, **_LK)
        tracked = status.ravel() == 1
        if tracked.sum() < _MIN_CORNERS:
            return None, 0.0
        rest, follows = cv2.estimateAffinePartial2D(
            self._corners[tracked],
            found[tracked],
            method=cv2.RANSAC,
            ransacReprojThreshold=_MAX_RESIDUAL,
        )
        if rest is None:
            return None, 0.0
        motion = self._previous[:, :2] @ rest
        motion[:, 2] += self._previous[:, 2]
        return motion, follows.sum() / len(self._corners)

    def _in_picture(self, motion):
        """Return a similarity of the reduced region as one of the whole picture."""
        linear, origin = motion[:, :2], self._origin
        return np.column_stack([linear, origin + motion[:, 2] / self._factor - linear @ origin])

    def _is_far(self, motion, pose):
        zoom, turn = np.hypot(*motion[:, 0]), np.arctan2(motion[1, 0], motion[0, 0])
        shift = np.hypot(pose.x - self._key_pose.x, pose.y - self._key_pose.y)
        left, _, right, _ = self._key_pose.box
        far = shift > _MAX_SHIFT * (right - left)
        return abs(np.log(zoom)) > _MAX_ZOOM or abs(turn) > _MAX_TURN or far
