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

# How far a head may be turned from its home (radians, as far as they can be seen), and how little
# its motion may be that of a rigid body (face sizes), to know the places of the nodes.
_LARGEST_TURN = 0.1
_LARGEST_MISFIT = 1 / 128

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
        Size of the face in the pictures, in pixels.
    nodes : {"paper", "extended"}
        The node set.
    fps : float
        Frames per second.
    """

    def __init__(self, engine, face_size, nodes, fps):
        self.engine = engine
        self.face_size = face_size
        self.nodes = nodes
        self.fps = fps
        self.poses = []  # the last one that was seen first
        self.n_poses = 0
        self.n_lost = 0
        self.unknown = np.full((len(node_names(nodes)), 2), np.nan)

    def follow(self, picture, landmarks):
        """Return the places of the nodes in the next frame.

        Parameters
        ----------
        picture : uint8 array of shape (side, side)
            The upright face.
        landmarks : array of shape (68, 2)
            In pixels of the picture.

        Returns
        -------
        places : array of shape (n_nodes, 2)
            Relative to an unknown face that is the same within a pose, in face sizes, without the
            motion of the head. NaN if the head is turned too far.
        pose : int
            Number of the pose.
        """
        view = _View(self.engine.prepare(picture), landmarks / self.face_size)
        found = self._find(view)
        if found is None:
            self.n_lost += 1
            if self.poses and self.n_lost <= _PATIENCE * self.fps:
                return self.unknown, self.poses[0].number
            found = self._new_pose(view), np.zeros_like(self.unknown)
        self.n_lost = 0
        pose, places = found
        self.poses = [pose, *(other for other in self.poses if other is not pose)][:_N_POSES]
        pose.remember(view, places)
        return places, pose.number

    def _find(self, view):
        """Return the pose that the head is in and the places of its nodes; None if unknown."""
        for pose in self.poses:
            places = pose.home.places(view)
            if places is not None:
                return pose, places
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
        known = [(home.places(view), place) for view, place in self.pictures]
        steps = [place - there for there, place in known if there is not None]
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

    def places(self, view):
        """Return the places of the nodes in face sizes; None if the head is turned too far."""
        motion = self.motion_to(view.prepared) / self.face_size
        head = self.head_turn(motion)
        if head.angle > _LARGEST_TURN or head.misfit > _LARGEST_MISFIT:
            return None
        return self.origin + motion[: self.head_turn.n_nodes] - head.motion
