"""Places of the nodes over time, measured by one flow per frame to a picture of the same face.

Motion between neighbouring frames can't be summed up over minutes: its errors would add up. Each
frame is compared with a home picture instead, and the face is upright in both. A home is renewed
every few seconds by a recent picture with the most frequent expression, so that light and posture
may drift. Turned far away from its home, a head shows other places of its nodes; after a while, it
gets a pose with a home of its own, as it does after a cut.
"""

from collections import deque
from typing import NamedTuple

import numpy as np

from skspot.faces import node_names, region_radius
from skspot.preprocessing.flow._geometry import flow_margin
from skspot.preprocessing.flow._head_turn import HeadTurnFit
from skspot.preprocessing.flow._neutral_face import neutral_face
from skspot.preprocessing.flow._upright_face import (
    difference,
    transformed,
    upright_picture,
    upright_transform,
)

# How far a head may be turned from its home (radians, as far as they can be seen), and how little
# its motion may be that of a rigid body (face sizes), to know the places of the nodes.
_LARGEST_TURN = 0.1
_LARGEST_MISFIT = 1 / 128

# How far the stable points may be, in face sizes, from where the landmarks say. Further away, the
# face is not where it was in the frame before.
_LARGEST_STEP = 6 / 128

# Seconds after which a head that is turned away gets a pose of its own.
_PATIENCE = 1.0

# Poses that are remembered.
_N_POSES = 4

# Seconds until a home is renewed for the first time; each time lasts longer, up to a limit.
_FIRST_RENEWAL = 2.0
_LAST_RENEWAL = 20.0
_RENEWAL_GROWTH = 1.6

# Seconds between the recent pictures of which one becomes the home, and their number.
_PICTURE_INTERVAL = 0.5
_N_PICTURES = 20

# Seconds of the past whose most frequent expression is sought for a home.
_MEMORY = 120.0


class FaceTracker:
    """Measures the places of the nodes in one frame after the other.

    Parameters
    ----------
    engine : FlowEngine
        Measures motion between two pictures.
    face_size : float
        Size of the face in the frames, in pixels.
    upright_size : float
        Size that the mean face would have if it were as large, see `upright_size`.
    nodes : {"paper", "extended"}
        The node set.
    fps : float
        Frames per second.
    """

    def __init__(self, engine, face_size, upright_size, nodes, fps):
        self.engine = engine
        self.face_size = face_size
        self.upright_size = upright_size
        self.nodes = nodes
        self.fps = fps
        self.poses = []  # the last one that was seen first
        self.n_poses = 0
        self.n_lost = 0
        self.transform = None  # what made the last frame lie as its home does
        self.unknown = np.full((len(node_names(nodes)), 2), np.nan)

    def follow(self, frame, landmarks):
        """Return the places of the nodes in the next frame.

        Parameters
        ----------
        frame : uint8 array of shape (height, width)
            The frame.
        landmarks : array of shape (68, 2)
            In pixels of the frame.

        Returns
        -------
        places : array of shape (n_nodes, 2)
            Relative to an unknown face that is the same within a pose, in face sizes, without the
            motion of the head. NaN if the head is turned too far.
        pose : int
            Number of the pose.
        """
        transform = self._upright(landmarks)
        picture = upright_picture(frame, transform, self.upright_size)
        seen = transformed(landmarks, transform) / self.face_size
        view = _View(self.engine.prepare(picture), seen)
        found = self._find(view)
        if found is None:
            self.transform = None
            self.n_lost += 1
            if self.poses and self.n_lost <= _PATIENCE * self.fps:
                return self.unknown, self.poses[0].number
            found = self._new_pose(view), _Measured(np.zeros_like(self.unknown), np.eye(2, 3))
        self.n_lost = 0
        pose, (places, motion) = found
        self.transform = _without_motion(transform, motion, self.face_size)
        self.poses = [pose, *(other for other in self.poses if other is not pose)][:_N_POSES]
        pose.remember(view, places)
        return places, pose.number

    def _upright(self, landmarks):
        """Return the transform that turns the face upright.

        Landmarks jitter, and so would a picture that is turned by them: they only say where the
        face is if it is not near its place in the last frame.
        """
        last, by_landmarks = self.transform, upright_transform(landmarks, self.upright_size)
        largest = _LARGEST_STEP * self.upright_size
        if last is not None and difference(last, by_landmarks, landmarks) < largest:
            return last
        return by_landmarks

    def _find(self, view):
        """Return the pose that the head is in, and what is measured there; None if unknown."""
        for pose in self.poses:
            measured = pose.home.measure(view)
            if measured is not None:
                return pose, measured
        return None

    def _new_pose(self, view):
        self.n_poses += 1
        return _Pose(self.n_poses - 1, self._home(view), self._home, self.fps)

    def _home(self, view):
        return _Home(view, self.engine, self.face_size, self.nodes)


class _View(NamedTuple):
    """What a frame shows."""

    prepared: object  # the upright face, prepared by the engine
    landmarks: np.ndarray  # (68, 2), in face sizes


class _Measured(NamedTuple):
    """What a frame shows, compared with a home."""

    places: np.ndarray  # (n_nodes, 2), in face sizes, without the motion of the head
    motion: np.ndarray  # (2, 3), that of the head in the plane of the picture, in face sizes


class _Pose:
    """A pose of the head: the home that its frames are compared with, and its recent frames."""

    def __init__(self, number, home, make_home, fps):
        self.number = number
        self.home = home
        self.make_home = make_home
        self.interval = max(1, round(_PICTURE_INTERVAL * fps))
        self.pictures = deque(maxlen=_N_PICTURES)
        self.recent = deque(maxlen=round(_MEMORY * fps))
        self.wait = _FIRST_RENEWAL * fps
        self.longest_wait = _LAST_RENEWAL * fps
        self.n_frames = 0
        self.next_renewal = self.wait

    def remember(self, view, places):
        """Add a frame, and renew the home if it is time."""
        self.recent.append(places)
        if self.n_frames % self.interval == 0:
            self.pictures.append((view, places))
        self.n_frames += 1
        if self.n_frames >= self.next_renewal:
            self._renew()
            self.wait = min(self.longest_wait, self.wait * _RENEWAL_GROWTH)
            self.next_renewal += self.wait

    def _renew(self):
        """Make the recent picture with the most frequent expression the home."""
        neutral = neutral_face(np.stack(self.recent))
        views, places = zip(*self.pictures)
        distance = [np.abs(place - neutral).max() for place in places]
        home = self.make_home(views[int(np.argmin(distance))])
        # Where it lies is measured in all recent pictures, so that the places go on without a step.
        measured = [(home.measure(view), place) for view, place in self.pictures]
        steps = [place - there.places for there, place in measured if there is not None]
        home.origin = np.median(steps, axis=0)
        self.home = home


class _Home:
    """A picture that frames are compared with."""

    def __init__(self, view, engine, face_size, nodes):
        self.face_size = face_size
        self.head_turn = HeadTurnFit(view.landmarks, nodes)
        centres = np.rint(self.head_turn.centres * face_size).astype(int)
        radius = region_radius(face_size)
        regions = np.concatenate([centres - radius, centres + radius], axis=-1)
        self.motion_to = engine.follow(view.prepared, regions, flow_margin(face_size))
        self.origin = 0.0

    def measure(self, view):
        """Return what a frame shows; None if the head is turned too far."""
        motion = self.motion_to(view.prepared) / self.face_size
        head = self.head_turn(motion)
        if head.angle > _LARGEST_TURN or head.misfit > _LARGEST_MISFIT:
            return None
        places = self.origin + motion[: self.head_turn.n_nodes] - head.motion
        return _Measured(places, head.transform)


def _without_motion(transform, motion, face_size):
    """Return the transform after which a picture would not have shown this motion."""
    turn = np.linalg.inv(motion[:, :2])
    shift = turn @ (transform[:, 2] - face_size * motion[:, 2])
    return np.column_stack([turn @ transform[:, :2], shift])
