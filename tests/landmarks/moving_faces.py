"""Videos of a face that moves in a known way, and landmarkers run on them."""

import cv2
import numpy as np
from skimage.data import astronaut

from skspot.landmarks._mean_face import Pose
from skspot.video import open_video

FACE = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2GRAY)[20:220, 120:320]  # 90 pixels wide
WALL = np.random.default_rng(5).integers(0, 255, (240, 240), dtype=np.uint8)


def moving_face(motions, shape=(240, 240), noise=2):
    """Return a grey video of the astronaut's face moved by transforms (n, 2, 3)."""
    rng = np.random.default_rng(0)
    size = shape[::-1]
    frames = [cv2.warpAffine(FACE, m, size, borderMode=cv2.BORDER_REPLICATE) for m in motions]
    return np.clip(frames + rng.normal(0, noise, (len(frames), *shape)), 0, 255).astype(np.uint8)


def similarity(x=0.0, y=0.0, zoom=1.0, turn=0.0):
    """Return a transform of FACE about its middle, which then moves by (x, y)."""
    matrix = cv2.getRotationMatrix2D((100, 100), -np.degrees(turn), zoom)
    matrix[:, 2] += x, y
    return matrix


def track(landmarker, frames, detect_every=1):
    """Return the points found in an array video, (n, 68, 2), NaN where there is no face."""
    video = open_video(frames)
    points = list(landmarker.track(video.frames(landmarker.colour), video, detect_every))
    assert len(points) == len(frames)
    return np.array([np.full((68, 2), np.nan) if p is None else p for p in points])


def found(points):
    return np.isfinite(points).all(axis=(1, 2))


def rms(differences):
    """Return the root-mean-square length of vectors (..., 2)."""
    return np.sqrt((differences**2).sum(axis=-1).mean())


def nodding(n_frames):
    """Return the transforms of a head that nods, turns and comes nearer."""
    t = np.arange(n_frames)
    return [
        similarity(20 + 5 * np.sin(s / 3), 20 + 8 * np.sin(s / 4), 1 + 0.004 * s, 0.05 * np.sin(s))
        for s in t
    ]


def moved_points(motions):
    """Return where the points of the mean face, placed on the astronaut's, are after motions."""
    points = Pose(104.0, 95.0, 30.0, 0.0).points
    return np.array([points @ m[:, :2].T + m[:, 2] for m in motions])


def numbered(frames):
    """Return colour frames that hold their number in the first pixel."""
    frames = np.stack([frames] * 3, axis=-1)
    frames[:, 0, 0] = np.arange(len(frames))[:, None]
    return frames
