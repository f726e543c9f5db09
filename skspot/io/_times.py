"""Convert between frames and seconds in annotation files.

An interval lasts from the time of its onset frame to the end of its offset frame, which is the time
of the next frame. A player then shows the whole expression. In the other direction, a time belongs
to the nearest of these boundaries between frames.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from skspot.intervals import find_times

# An edited interval may end slightly after the last frame, for example at the end of the sound.
_BEYOND_SECONDS = 0.5
# Timestamps of many containers are whole milliseconds.
_JITTER_SECONDS = 0.001
_RATE_OF_ONE_FRAME = 25.0
_MAX_N_FRAMES = 10**8  # limits the memory that a damaged file can request


@dataclass(frozen=True, eq=False)
class FrameBoundaries:
    """The boundaries between the frames of a video, to which the times in a file are rounded.

    Parameters
    ----------
    video : str
        Name of the video in errors.
    boundaries : ndarray of shape (n_frames + 1,)
        Time of each frame in seconds, then the end of the last one.
    rate : float or None
        Frames per second if the frames are equally spaced from 0 on.
    """

    video: str
    boundaries: np.ndarray
    rate: float | None

    @classmethod
    def from_times(cls, video, times):
        """Use the times of the frames; if they are equally spaced, use the exact rate."""
        if times.start(0) < 0:
            raise ValueError(
                f"The timestamps of video {video!r} must be in seconds from 0 on; got "
                f"{times.start(0):g} for the first frame."
            )
        rate = _steady_rate(times.timestamps)
        if rate is not None:
            return cls.from_rate(video, len(times), rate)
        return cls(video, np.append(times.timestamps, times.end(len(times) - 1)), None)

    @classmethod
    def from_rate(cls, video, n_frames, rate):
        """Space `n_frames` frames equally, `rate` of them per second."""
        if not (1 <= n_frames <= _MAX_N_FRAMES and n_frames % 1 == 0 and 0 < rate < np.inf):
            raise ValueError(f"Video {video!r} can't have {n_frames} frames at {rate} per second.")
        return cls(video, np.arange(int(n_frames) + 1) / rate, rate)

    @property
    def n_frames(self):
        """Number of frames."""
        return len(self.boundaries) - 1

    @property
    def duration(self):
        """End of the last frame in seconds."""
        return float(self.boundaries[-1])

    def span(self, onset, offset, decimals):
        """Return the begin and the end of an interval, in seconds with so many decimals."""
        begin, end = (round(float(self.boundaries[i]), decimals) for i in (onset, offset + 1))
        if begin == end or self.frames(begin, end) != (onset, offset):
            raise ValueError(self._too_dense(f"{onset} to {offset}", decimals))
        return begin, end

    def instant(self, frame, decimals):
        """Return the middle of a frame, in seconds with so many decimals."""
        time = round(float(self.boundaries[frame] + self.boundaries[frame + 1]) / 2, decimals)
        if self.frame(time) != frame:
            raise ValueError(self._too_dense(frame, decimals))
        return time

    def frames(self, begin, end):
        """Return the onset and the offset frame of the time from `begin` to `end`, in seconds."""
        self._refuse_beyond(begin, end)
        onset = min(self._nearest(begin), self.n_frames - 1)
        return onset, max(self._nearest(end) - 1, onset)

    def frame(self, time):
        """Return the frame that is shown at a time, in seconds."""
        self._refuse_beyond(time, time)
        after = int(np.searchsorted(self.boundaries, time, side="right"))
        return min(max(after - 1, 0), self.n_frames - 1)

    def _nearest(self, time):
        after = int(np.searchsorted(self.boundaries, time))
        if after == 0:
            return 0
        if after > self.n_frames:
            return self.n_frames
        before = self.boundaries[after - 1]
        return after if self.boundaries[after] - time < time - before else after - 1

    def _refuse_beyond(self, begin, end):
        if not begin <= end:
            raise ValueError(f"Video {self.video!r}: what begins at {begin} s ends at {end} s.")
        first, last = float(self.boundaries[0]), self.duration
        if begin < first - _BEYOND_SECONDS or end > last + _BEYOND_SECONDS:
            raise ValueError(
                f"Video {self.video!r} lasts from {first:g} to {last:g} s ({self.n_frames} "
                f"frames), but something in it from {begin:g} to {end:g} s; are these the "
                "timestamps of this video?"
            )

    def _too_dense(self, frames, decimals):
        return (
            f"Video {self.video!r}: times with {decimals} decimals can't distinguish the frames "
            f"{frames} from their neighbours; write CSV or JSON, which store frames."
        )


def _steady_rate(timestamps):
    """Return the rate of frames if they are equally spaced from 0 on, else None."""
    numbers = np.arange(len(timestamps))
    if len(timestamps) == 1:
        period = 1 / _RATE_OF_ONE_FRAME
    else:
        period = numbers @ timestamps / (numbers @ numbers)  # the line through 0 that fits best
    rate = round(float(1 / period), 9)
    jitter = np.abs(timestamps - numbers / rate).max()
    return rate if jitter <= min(_JITTER_SECONDS, 0.25 * period) else None


class VideoTimes:
    """The times of the frames of many videos, which are looked up when needed.

    Parameters
    ----------
    timestamps : mapping of str to array, callable or None
        Time of each frame in seconds by the video's name, a function that returns them, or None
        if they are not known.
    """

    def __init__(self, timestamps):
        if not (timestamps is None or isinstance(timestamps, Mapping) or callable(timestamps)):
            raise TypeError(
                "timestamps must map the name of each video to the times of its frames, or be a "
                f"function of the name, got {type(timestamps).__name__}."
            )
        self._timestamps = timestamps

    def writing(self, video, table):
        """Return the `FrameBoundaries` of a video; raise if a table goes beyond them."""
        if self._timestamps is None:
            raise ValueError(
                "This format holds times, not frames: pass timestamps, the time of each frame of "
                f"each video in seconds (of {video!r}, to begin with)."
            )
        return FrameBoundaries.from_times(video, find_times(self._timestamps, video, table))

    def reading(self, video, stored=None):
        """Return the `FrameBoundaries` of a video: those passed, else those of its file.

        A function is called only if the file contains none, because it may have to decode the
        video.
        """
        if stored is not None and (self._timestamps is None or callable(self._timestamps)):
            return stored
        if self._timestamps is None:
            raise ValueError(
                "The file contains times, but no frame rate to convert them to frames: pass "
                f"timestamps, the time of each frame of {video!r} in seconds."
            )
        return FrameBoundaries.from_times(video, find_times(self._timestamps, video))
