"""Frames and seconds: from which moment to which an interval lasts.

A frame lasts from its own time to that of the next; the last one as long as the median frame. So an
interval, whose offset frame belongs to it, lasts from the time of its onset frame to that of the
frame after its offset: one frame has a length, and a player shows the whole expression. The other
way, a moment belongs to the nearest of these boundaries between frames.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

# An edit may end a little behind the last frame, at the end of the sound track for example.
_BEYOND_SECONDS = 0.5
# Time stamps of many containers are whole milliseconds.
_JITTER_SECONDS = 0.001
_LONE_FRAME_SECONDS = 0.04
_MOST_FRAMES = 10**8  # what a damaged file may not make of the memory


@dataclass(frozen=True, eq=False)
class FrameTimes:
    """When each frame of a video begins and ends.

    Parameters
    ----------
    video : str
        What errors call the video.
    boundaries : ndarray of shape (n_frames + 1,)
        Time of each frame in seconds, then the end of the last one.
    rate : float or None
        Frames in a second if the frames are equally spaced from 0 on.
    """

    video: str
    boundaries: np.ndarray
    rate: float | None

    @classmethod
    def from_timestamps(cls, video, times):
        """Take the time of each frame; times with a steady rate are taken as exactly that."""
        if len(times) == 0 or times[0] < 0 or not (np.diff(times) > 0).all():
            raise ValueError(
                f"The timestamps of video {video!r} must be the times of its frames in seconds "
                f"from 0 on, increasing from frame to frame; got {times}."
            )
        lengths = np.diff(times) if len(times) > 1 else [_LONE_FRAME_SECONDS]
        rate = _rate_of(times)
        if rate is not None:
            return cls.from_rate(video, len(times), rate)
        return cls(video, np.append(times, times[-1] + np.median(lengths)), None)

    @classmethod
    def from_rate(cls, video, n_frames, rate):
        """Space `n_frames` frames equally, `rate` of them a second."""
        if not (1 <= n_frames <= _MOST_FRAMES and n_frames % 1 == 0 and 0 < rate < np.inf):
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
        """Return from when to when an interval lasts, in seconds with so many decimals."""
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
        """Return the onset and the offset of what lasts from `begin` to `end`, in seconds."""
        self._refuse_beyond(begin, end)
        onset = min(self._nearest(begin), self.n_frames - 1)
        return onset, max(self._nearest(end) - 1, onset)

    def frame(self, time):
        """Return the frame that is seen at a time, in seconds."""
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
            f"Video {self.video!r}: the frames {frames} can't be told from their neighbours by "
            f"times of {decimals} decimals; write CSV or JSON, which hold frames."
        )


def _rate_of(times):
    """Return the rate of frames if they are equally spaced from 0 on, else None."""
    numbers = np.arange(len(times))
    if len(times) == 1:
        period = _LONE_FRAME_SECONDS
    else:
        period = numbers @ times / (numbers @ numbers)  # the line through 0 that fits best
    rate = round(float(1 / period), 9)
    jitter = np.abs(times - numbers / rate).max()
    return rate if jitter <= min(_JITTER_SECONDS, 0.25 * period) else None


class VideoTimes:
    """The times of the frames of many videos, looked up when they are needed.

    Parameters
    ----------
    timestamps : mapping of str to array, callable or None
        Time of each frame in seconds by the video's name, what returns them, or None if they
        are not known.
    """

    def __init__(self, timestamps):
        if not (timestamps is None or isinstance(timestamps, Mapping) or callable(timestamps)):
            raise TypeError(
                "timestamps must map the name of each video to the times of its frames, or be a "
                f"function of the name, got {type(timestamps).__name__}."
            )
        self._timestamps = timestamps

    @property
    def known(self):
        """Whether there are timestamps."""
        return self._timestamps is not None

    def seconds(self, video, table):
        """Return the times of a video's frames as given; refuse a table that goes beyond them."""
        times = self._look_up(video)
        _check_length(video, table, len(times))
        return times

    def writing(self, video, table):
        """Return the `FrameTimes` of a video; refuse a table that goes beyond them."""
        if not self.known:
            raise ValueError(
                "This format holds times, not frames: pass timestamps, the time of each frame of "
                f"each video in seconds (of {video!r}, to begin with)."
            )
        times = FrameTimes.from_timestamps(video, self._look_up(video))
        _check_length(video, table, times.n_frames)
        return times

    def reading(self, video, stored=None):
        """Return the `FrameTimes` of a video: as given, else those that its file holds.

        A function is asked only if the file holds none, because it may have to decode the video.
        """
        if self.known and (stored is None or not callable(self._timestamps)):
            return FrameTimes.from_timestamps(video, self._look_up(video))
        if stored is None:
            raise ValueError(
                "The file holds times, and no frame rate to make frames of them: pass timestamps, "
                f"the time of each frame of {video!r} in seconds."
            )
        return stored

    def _look_up(self, video):
        if not callable(self._timestamps) and video not in self._timestamps:
            raise ValueError(
                f"timestamps lacks the video {video!r}; it has {list(self._timestamps)}."
            )
        found = self._timestamps(video) if callable(self._timestamps) else self._timestamps[video]
        times = np.asarray(found, dtype=np.float64)
        if times.ndim != 1 or not np.isfinite(times).all():
            raise ValueError(
                f"The timestamps of video {video!r} must be one finite number for each frame, got "
                f"an array of shape {times.shape}: {times}."
            )
        return times


def _check_length(video, table, n_frames):
    """Refuse a table that reaches beyond the frames."""
    last = int(table["offset"].max(initial=-1))
    if last >= n_frames:
        raise ValueError(
            f"Video {video!r} has an interval up to frame {last}, but timestamps of only "
            f"{n_frames} frames."
        )
