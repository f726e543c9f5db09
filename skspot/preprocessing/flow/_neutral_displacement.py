"""The nodes' displacement from the neutral face, measured while a video streams by."""

import numpy as np

from skspot.faces import node_names
from skspot.preprocessing.flow._face_tracker import FaceTracker
from skspot.preprocessing.flow._neutral_face import NeutralFaces
from skspot.preprocessing.flow._upright_face import upright_size
from skspot.video import face_extent


class NeutralDisplacement:
    """Measures how far each node is from its place in the neutral face.

    The frames go through `watch`; displacements are known up to `lookahead` frames behind them.

    Parameters
    ----------
    aligned : AlignedVideo
        The video.
    engine : FlowEngine
        Measures motion between two pictures.
    nodes : {"paper", "extended"}
        The node set.
    span : (float, float)
        Seconds before and after a frame in which its neutral face is sought.
    """

    def __init__(self, aligned, engine, nodes, span):
        self.aligned = aligned
        size = aligned.face_size * upright_size(aligned.landmarks)
        self.tracker = FaceTracker(engine, aligned.face_size, size, nodes, aligned.fps)
        self.places = np.full((len(aligned), len(node_names(nodes)), 2), np.nan, np.float32)
        self.poses = np.zeros(len(aligned), np.int32)
        self.neutral = NeutralFaces(self.places, self.poses, aligned.fps, span)

    @property
    def lookahead(self):
        """Frames after one that must have been watched before its displacement is known."""
        return self.neutral.after

    def watch(self, frames):
        """Yield the frames and measure the places of their nodes."""
        scale, shift = self.aligned.face_transform
        for i, frame in enumerate(frames):
            landmarks = self.aligned.landmarks[i] * scale + shift
            if face_extent(landmarks) > 0:  # neither NaN nor all points in one
                self.places[i], self.poses[i] = self.tracker.follow(frame, landmarks)
            yield frame

    def __call__(self, frame):
        """Return the displacement (n_nodes, 2) in pixels of the normalised face; NaN if unknown.

        Frames must be asked for in their order.
        """
        return self.neutral.displacement(frame) * self.aligned.face_size
