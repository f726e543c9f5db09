"""How well a video suits spotting: the face, the motion of the head, the frame rate."""

from dataclasses import dataclass

import numpy as np

from skspot.faces import STABLE_POINTS
from skspot.inspection._time_axis import TimeAxis
from skspot.video import face_extent

# Motion of the head that is called fast. In synthetic videos people who sit quietly stay below 0.2
# and 3, and fast turns of the head reach 0.6; an actress in a real one reaches 0.6 and 80.
FAST_SHIFT = 0.5  # face sizes per second
FAST_TURN = 30.0  # degrees per second, in the plane of the picture
_SPAN = 0.2  # seconds over which speed is measured, so that jitter of landmarks is none

USUAL_RATE = 30.0  # frames per second that the default windows are made for
_RATE_TOLERANCE = 0.2
_PAUSE = 1.5  # times the usual distance between frames


@dataclass
class Quality:
    """How well a video suits spotting.

    Attributes
    ----------
    n_frames : int
        Frames.
    duration : float
        Seconds from the first frame to the end of the last.
    face_duration : float
        Seconds of the frames with a face.
    fps : float
        Median frame rate; NaN for a single frame.
    face_size : float
        Median size of the face in pixels of the video, see `face_extent`.
    shown_size : float
        Size of the face in the pictures in which motion is measured.
    without_face, fast : list of (int, int)
        First and last frame of each stretch without a face, and with fast motion of the head.
    n_without_face, n_fast, n_pauses : int
        Frames in these stretches; places where frames are missing.
    """

    n_frames: int
    duration: float
    face_duration: float
    fps: float
    face_size: float
    shown_size: float
    without_face: list
    fast: list
    n_without_face: int
    n_fast: int
    n_pauses: int

    @property
    def remarks(self):
        """What may spoil the result, as sentences."""
        remarks = []
        if abs(self.fps / USUAL_RATE - 1) > _RATE_TOLERANCE:
            remarks.append(
                f"The video has {self.fps:.1f} frames per second, and the defaults are made for "
                f"about {USUAL_RATE:.0f}: {self._rate_advice()}"
            )
        if self.face_size < self.shown_size:
            remarks.append(
                f"The face is small: {self.face_size:.0f} pixels. It was enlarged to "
                f"{self.shown_size:.0f}, which adds no detail; weak motion may be missed."
            )
        if self.n_pauses:
            remarks.append(
                f"Frames are missing in {self.n_pauses} {_plural(self.n_pauses, 'place')}: the "
                f"next one comes later than {_PAUSE} times the usual distance."
            )
        if self.n_without_face:
            remarks.append(
                f"{self.n_without_face} {_plural(self.n_without_face, 'frame')} "
                f"({self.n_without_face / self.n_frames:.1%}) without a face: nothing can be "
                "spotted where most of a window shows none."
            )
        if self.n_fast:
            remarks.append(
                f"Fast head motion in {self.n_fast} {_plural(self.n_fast, 'frame')} "
                f"({self.n_fast / self.n_frames:.1%}): intervals there are less sure."
            )
        return remarks

    def _rate_advice(self):
        if self.fps > USUAL_RATE:
            return (
                "micro-expressions may be missed or called macro. Reduce it to "
                f'{USUAL_RATE:.0f} (see "Frames and seconds" in the user guide), or train at this '
                "rate."
            )
        return (
            "micro-expressions may be missed, and macro-expressions called micro. Record at "
            f'{USUAL_RATE:.0f}, or train at this rate (see "Frames and seconds" in the user guide).'
        )


def measure_quality(aligned):
    """Return how well an aligned video suits spotting.

    Parameters
    ----------
    aligned : AlignedVideo
        The video.

    Returns
    -------
    quality : Quality
        The measures.
    """
    axis = TimeAxis(aligned.timestamps, aligned.valid)
    fast = fast_frames(aligned)
    intervals = np.diff(aligned.timestamps)
    shown = np.diff(np.append(aligned.timestamps, axis.end))
    n_pauses = int((intervals > _PAUSE * np.median(intervals)).sum()) if len(intervals) else 0
    return Quality(
        n_frames=len(aligned),
        duration=float(axis.end),
        face_duration=float(shown[aligned.valid].sum()),
        fps=aligned.fps,
        face_size=float(np.median(face_extent(aligned.landmarks)[aligned.valid])),
        shown_size=float(aligned.face_size),
        without_face=axis.gaps(),
        fast=TimeAxis(aligned.timestamps, ~fast).gaps(),
        n_without_face=int((~aligned.valid).sum()),
        n_fast=int(fast.sum()),
        n_pauses=n_pauses,
    )


def fast_frames(aligned):
    """Return in which frames the head moves fast, bool array (n_frames,).

    The middle of the points that expressions hardly move shifts by more than `FAST_SHIFT`, or the
    line of the eyes turns by more than `FAST_TURN`, over about `_SPAN` seconds around the frame.
    """
    landmarks, times = aligned.landmarks, aligned.timestamps
    half = max(1, round(_SPAN / 2 * aligned.fps)) if len(times) > 1 else 0
    frames = np.arange(len(times))
    before, after = np.maximum(frames - half, 0), np.minimum(frames + half, len(times) - 1)
    if half == 0:
        return np.zeros(len(times), dtype=bool)
    centres = landmarks[:, list(STABLE_POINTS)].mean(axis=1, dtype=np.float64)
    eyes = landmarks[:, 42:48].mean(axis=1) - landmarks[:, 36:42].mean(axis=1)
    directions = eyes[:, 0] + 1j * eyes[:, 1]
    elapsed = times[after] - times[before]
    shift = np.linalg.norm(centres[after] - centres[before], axis=1) / face_extent(landmarks)
    turn = np.abs(np.degrees(np.angle(directions[after] * directions[before].conj())))
    # Where a landmark is unknown, both are NaN, which is not fast.
    return (shift / elapsed > FAST_SHIFT) | (turn / elapsed > FAST_TURN)


def _plural(count, word):
    return word if count == 1 else f"{word}s"
