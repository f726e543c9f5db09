"""FrameTimes, when the frames of a video are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_RATE_SPAN = 100  # frames over which the frame rate is measured


@dataclass(frozen=True, eq=False, repr=False)
class FrameTimes:
    """When each frame of a video appears and disappears.

    A frame is shown until the next one appears. The last one is shown for one period of the frame
    rate, because files do not contain its end.

    Parameters
    ----------
    timestamps : array-like of shape (n_frames,)
        When each frame appears, in seconds, increasing.
    name : str, default="timestamps"
        Name of the timestamps in errors.

    Raises
    ------
    ValueError
        If there is no frame, or the timestamps are not finite or do not increase.

    Examples
    --------
    >>> import numpy as np
    >>> from skspot.video import FrameTimes
    >>> times = FrameTimes(np.arange(50) / 25)
    >>> times.fps, times.duration, times.end(49)
    (25.0, 2.0, 2.0)
    >>> times.n_frames_in(0.5), times.frame_at(0.99)
    (13, 24)
    """

    timestamps: NDArray[Any]
    name: str = "timestamps"

    def __post_init__(self) -> None:
        timestamps = np.asarray(self.timestamps, dtype=np.float64)
        object.__setattr__(self, "timestamps", timestamps)  # the class is frozen
        unknown = np.flatnonzero(~np.isfinite(timestamps))
        if len(unknown):
            raise ValueError(
                f"{self.name} must hold a time for each frame, got "
                f"{timestamps.flat[unknown[0]]} at frame {unknown[0]}; where no time is known, "
                "give one between its neighbours."
            )
        increasing = timestamps.ndim == 1 and (np.diff(timestamps) > 0).all()
        if timestamps.size == 0 or not increasing:
            raise ValueError(
                f"{self.name} must hold a time for each frame, each later than the last; got an "
                f"array of shape {timestamps.shape}."
            )

    def __repr__(self) -> str:
        return (
            f"FrameTimes(n_frames={len(self)}, fps={self.fps:.2f}, duration={self.duration:.2f} s)"
        )

    def __len__(self) -> int:
        return len(self.timestamps)

    @property
    def fps(self) -> float:
        """Median frame rate in frames per second; NaN for a single frame."""
        # Over many frames, because containers round times: Matroska to milliseconds, which makes
        # the single intervals of 23.976 frames per second 41 or 42 ms.
        span = min(len(self) - 1, _RATE_SPAN)
        if span < 1:
            return float("nan")
        return float(span / np.median(self.timestamps[span:] - self.timestamps[:-span]))

    @property
    def period(self) -> float:
        """Seconds that a frame lasts at the frame rate; 0 for a single frame."""
        return 1 / self.fps if len(self) > 1 else 0.0

    @property
    def ends(self) -> NDArray[np.float64]:
        """When each frame disappears, in seconds, ndarray (n_frames,)."""
        return np.append(self.timestamps[1:], self.timestamps[-1] + self.period)

    @property
    def duration(self) -> float:
        """Seconds from the start of the first frame to the end of the last."""
        return float(self.timestamps[-1] - self.timestamps[0] + self.period)

    def start(self, frame: int) -> float:
        """Return when a frame appears.

        Parameters
        ----------
        frame : int
            The number of the frame, from 0.

        Returns
        -------
        seconds : float
            The time in seconds.
        """
        return float(self.timestamps[frame])

    def end(self, frame: int) -> float:
        """Return when a frame disappears.

        Parameters
        ----------
        frame : int
            The number of the frame, from 0.

        Returns
        -------
        seconds : float
            The time in seconds.
        """
        last = frame == len(self) - 1
        return float(self.timestamps[frame] + self.period if last else self.timestamps[frame + 1])

    def frame_at(self, seconds: float) -> int:
        """Return the frame that is shown at a time.

        Parameters
        ----------
        seconds : float
            The time in seconds.

        Returns
        -------
        frame : int
            The number of the frame. Before the video it is the first, after it the last.
        """
        frame = np.searchsorted(self.timestamps, seconds, side="right") - 1
        return int(np.clip(frame, 0, len(self) - 1))

    def n_frames_in(self, seconds: float) -> int:
        """Return how many frames come closest to a length of time at the frame rate.

        Parameters
        ----------
        seconds : float
            The length of time in seconds.

        Returns
        -------
        n_frames : int
            The number of frames; halves are rounded up.
        """
        return n_frames_in(seconds, self.fps)


def n_frames_in(seconds: float, fps: float) -> int:
    """Return how many frames come closest to a length of time; halves are rounded up.

    Parameters
    ----------
    seconds : float
        A length of time.
    fps : float
        Frames per second.

    Returns
    -------
    n_frames : int
        The number of frames.

    Examples
    --------
    >>> from skspot.video import n_frames_in
    >>> n_frames_in(0.5, fps=30), n_frames_in(0.5, fps=200)
    (15, 100)
    """
    # Rates measured from rounded timestamps differ a little from the true ones.
    return int(np.floor(round(seconds * fps, 3) + 0.5))


def frame_stretches(chosen: ArrayLike) -> list[tuple[int, int]]:
    """Return the stretches of consecutive frames among those chosen.

    Parameters
    ----------
    chosen : bool array-like of shape (n_frames,)
        Whether each frame is chosen.

    Returns
    -------
    stretches : list of (int, int)
        First and last frame of each stretch.

    Examples
    --------
    >>> from skspot.video import frame_stretches
    >>> frame_stretches([True, False, False, True, True])
    [(0, 0), (3, 4)]
    """
    chosen = np.asarray(chosen, dtype=bool)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], chosen, [0]]).astype(int)))
    return list(zip(edges[::2].tolist(), (edges[1::2] - 1).tolist()))
