"""Quality of a video for spotting: frame rate, size of the face, motion of the head."""

from dataclasses import dataclass

import numpy as np

from skspot.faces import FACE_PARTS, STABLE_POINTS
from skspot.video._aligned import AlignedVideo, face_extent
from skspot.video._frame_times import frame_stretches

# Limits of fast motion of the head. In synthetic videos, people who sit quietly stay below 0.2 and
# 3, and fast turns of the head reach 0.6. An actress in a real video reaches 0.6 and 80.
FAST_SHIFT = 0.5  # face sizes per second
FAST_TURN = 30.0  # degrees per second, in the plane of the picture
_SPAN = 0.2  # seconds over which speed is measured, to average out the jitter of landmarks

# Frames per second below which windows of 1/30 s a step are far too long, and a micro-expression
# has too few frames. The 24 frames of films are enough.
_LOWEST_RATE = 23.0
_SMALL = 0.9  # times the size of the scaled face: below, detail is missing
_PAUSE = 1.5  # times the usual distance between frames


@dataclass(frozen=True)
class VideoQuality:
    """Quality of a video for spotting, measured by `measure_quality`.

    Parameters
    ----------
    n_frames : int
        Number of frames.
    duration : float
        Seconds from the start of the first frame to the end of the last.
    face_duration : float
        Seconds of the frames that show a face.
    fps : float
        Median frame rate; NaN for a single frame.
    face_size : float
        Median size of the face in pixels of the video, see `face_extent`.
    shown_size : float
        Size of the face in the scaled frames in which motion is measured.
    without_face : list of (int, int)
        First and last frame of each stretch without a face.
    fast_motion : list of (int, int)
        First and last frame of each stretch in which the head moves fast: by more than half a face
        size per second, or turning in the plane of the picture by more than 30 degrees per second.
    n_pauses : int
        Number of places where frames are missing: the next frame comes later than 1.5 times the
        usual distance.

    Examples
    --------
    >>> from skspot.datasets import make_expression_videos
    >>> from skspot.preprocessing import FaceAligner
    >>> from skspot.video import measure_quality
    >>> data = make_expression_videos(1, videos_per_subject=1, n_frames=60, random_state=0)
    >>> (aligned,) = FaceAligner("template").transform(data.videos)
    >>> quality = measure_quality(aligned)
    >>> quality.duration, quality.without_face, quality.low_rate
    (2.0, [], False)
    """

    n_frames: int
    duration: float
    face_duration: float
    fps: float
    face_size: float
    shown_size: float
    without_face: list[tuple[int, int]]
    fast_motion: list[tuple[int, int]]
    n_pauses: int

    @property
    def n_without_face(self) -> int:
        """Number of frames without a face."""
        return _n_frames(self.without_face)

    @property
    def n_fast(self) -> int:
        """Number of frames in which the head moves fast."""
        return _n_frames(self.fast_motion)

    @property
    def low_rate(self) -> bool:
        """Whether there are too few frames per second for micro-expressions; False if unknown."""
        return self.fps < _LOWEST_RATE

    @property
    def small_face(self) -> bool:
        """Whether the face had to be enlarged by a tenth or more, which adds no detail."""
        return self.face_size < _SMALL * self.shown_size


def measure_quality(aligned: AlignedVideo) -> VideoQuality:
    """Measure the quality of an aligned video for spotting.

    Parameters
    ----------
    aligned : AlignedVideo
        The video; its frames are not read.

    Returns
    -------
    quality : VideoQuality
        The measures.

    Examples
    --------
    >>> from skspot.datasets import make_expression_videos
    >>> from skspot.preprocessing import FaceAligner
    >>> from skspot.video import measure_quality
    >>> data = make_expression_videos(1, videos_per_subject=1, n_frames=60, random_state=0)
    >>> (aligned,) = FaceAligner("template").transform(data.videos)
    >>> measure_quality(aligned).n_fast
    0
    """
    times = aligned.times
    distances = np.diff(times.timestamps)
    return VideoQuality(
        n_frames=len(aligned),
        duration=times.duration,
        face_duration=float((times.ends - times.timestamps)[aligned.valid].sum()),
        fps=times.fps,
        face_size=float(np.median(face_extent(aligned.landmarks)[aligned.valid])),
        shown_size=float(aligned.face_size),
        without_face=frame_stretches(~aligned.valid),
        fast_motion=frame_stretches(_moves_fast(aligned)),
        n_pauses=int((distances > _PAUSE * np.median(distances)).sum()) if len(distances) else 0,
    )


def _moves_fast(aligned):
    """Return in which frames the head moves fast, bool array (n_frames,).

    The middle of the points that expressions hardly move shifts by more than `FAST_SHIFT`, or the
    line of the eyes turns by more than `FAST_TURN`, over about `_SPAN` seconds around the frame.
    """
    times = aligned.timestamps
    if len(times) == 1:
        return np.zeros(1, dtype=bool)
    half = max(1, aligned.times.n_frames_in(_SPAN / 2))
    frames = np.arange(len(times))
    before, after = np.maximum(frames - half, 0), np.minimum(frames + half, len(times) - 1)
    elapsed = times[after] - times[before]
    landmarks = aligned.landmarks
    centres = landmarks[:, list(STABLE_POINTS)].mean(axis=1, dtype=np.float64)
    eyes = (FACE_PARTS["right eye"], FACE_PARTS["left eye"])
    right, left = (landmarks[:, list(eye)].mean(axis=1) for eye in eyes)
    directions = (left - right)[:, 0] + 1j * (left - right)[:, 1]
    shift = np.linalg.norm(centres[after] - centres[before], axis=1) / face_extent(landmarks)
    turn = np.abs(np.degrees(np.angle(directions[after] * directions[before].conj())))
    # Where a landmark is unknown, both are NaN, which is not fast.
    return (shift / elapsed > FAST_SHIFT) | (turn / elapsed > FAST_TURN)


def _n_frames(stretches):
    return sum(last - first + 1 for first, last in stretches)
