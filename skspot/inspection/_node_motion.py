"""The motion that a display draws: one displacement of every window, and the face it is on."""

from itertools import islice
from numbers import Integral
from typing import NamedTuple

import numpy as np

from skspot.faces import NODE_SETS, node_centres
from skspot.preprocessing._sw_mro import window_pairs


class FaceView(NamedTuple):
    """One frame of a video with the nodes.

    Attributes
    ----------
    frame : int
        The frame around which the window lies.
    shown : int
        The frame that the picture shows: that from which the motion starts.
    picture : uint8 array of shape (height, width)
        The frame, grey, with the face at its normalised size.
    centres : array of shape (n_nodes, 2)
        The centres of the nodes in pixels of the picture.
    """

    frame: int
    shown: int
    picture: np.ndarray
    centres: np.ndarray


def choose_pair(flow, resolution=None, position=None):
    """Return which displacement of a window to draw.

    Parameters
    ----------
    flow : SWMROFlow
        What makes the features.
    resolution : "window", int or None
        One of its resolutions; None is the first.
    position : int or None
        A position of its window; None is the last one of "window", and the middle one of a lag.

    Returns
    -------
    pair : tuple of (int, int)
        From which frame to which it is, counted from the frame around which the window lies.
    index : tuple of (int, int)
        The position, and the number of the resolution.
    """
    resolutions = list(flow.resolutions)
    if resolution is None:
        resolution = resolutions[0]
    if resolution not in resolutions:
        raise ValueError(f"resolution must be one of the flow's {resolutions}, got {resolution!r}.")
    n_positions = flow.window_length - 1
    if position is None:
        position = -1 if resolution == "window" else n_positions // 2
    if not isinstance(position, Integral) or not -n_positions <= position < n_positions:
        raise ValueError(
            f"A window of {flow.window_length} frames has the positions 0 to {n_positions - 1}, "
            f"or -{n_positions} to -1 from its end; got position={position!r}."
        )
    index = int(position) % n_positions, resolutions.index(resolution)
    pairs = window_pairs(flow.window_length, flow.spacing, flow.resolutions, flow.reference)
    return tuple(pairs[index].tolist()), index


def take_motion(features, flow, index):
    """Return the displacements of one pair of every window, (n_frames, n_nodes, 2)."""
    expected = flow.window_length - 1, len(NODE_SETS[flow.nodes]), 2 * len(flow.resolutions)
    if np.shape(features)[1:] != expected:
        raise ValueError(
            f"features must have the shape (n_frames, {', '.join(map(str, expected))}) for "
            f"window_length={flow.window_length}, nodes={flow.nodes!r} and "
            f"resolutions={flow.resolutions!r}, got {np.shape(features)}; give the SWMROFlow that "
            "made them as flow."
        )
    position, resolution = index
    return features[:, position, :, 2 * resolution : 2 * resolution + 2]


def view_face(aligned, motion, pair, nodes, frame=None):
    """Return the face where the motion of a window starts; by default where there is most of it."""
    start, end = np.clip(np.arange(len(motion))[:, None] + pair, 0, len(motion) - 1).T
    landmarks = np.isfinite(aligned.landmarks).all(axis=(1, 2))
    known = np.isfinite(motion).all(axis=(1, 2)) & landmarks[start] & landmarks[end]
    frame = _choose_frame(frame, known, motion, aligned.name)
    shown = int(start[frame])
    return FaceView(
        frame,
        shown,
        next(islice(iter(aligned), shown, None)),
        node_centres(aligned.face_landmarks[shown], nodes),
    )


def _choose_frame(frame, known, motion, name):
    """Return the frame, by default that with the most motion; refuse one without."""
    if not known.any():
        raise ValueError(f"{name}: no motion is known in any of its windows; there is no arrow.")
    if frame is None:
        size = np.linalg.norm(motion, axis=-1).mean(axis=-1)
        return int(np.where(known, size, -1).argmax())
    frame = check_frame(frame, len(known), name)
    if not known[frame]:
        nearest = np.flatnonzero(known)[np.abs(np.flatnonzero(known) - frame).argmin()]
        raise ValueError(
            f"The motion drawn for frame {frame} of {name} is not known, because the face is not "
            f"seen; the nearest frame where it is known is {nearest}."
        )
    return frame


def check_frame(frame, n_frames, name):
    """Return the number of a frame; refuse what is none of the video of this name."""
    if not isinstance(frame, Integral):
        raise TypeError(f"frame must be a whole number, got {type(frame).__name__}: {frame!r:.80}.")
    if not 0 <= frame < n_frames:
        raise ValueError(f"{name} has the frames 0 to {n_frames - 1}, got frame={frame!r}.")
    return int(frame)
