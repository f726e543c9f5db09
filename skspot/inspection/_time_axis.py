"""The time axis of a timeline: frames above, seconds below, frames without a face greyed."""

import numpy as np

from skspot.inspection._style import GAP_COLOUR


class TimeAxis:
    """When each frame of a video is shown, and which frames show a face.

    Parameters
    ----------
    timestamps : array-like of shape (n_frames,)
        Time of each frame in seconds.
    valid : array-like of shape (n_frames,), default=None
        Whether each frame shows a face; None if all do.
    name : str, default="timestamps"
        What the errors call the timestamps.

    Raises
    ------
    ValueError
        If there is no frame, the timestamps are not finite or do not increase, or `valid` has
        another length.
    """

    def __init__(self, timestamps, valid=None, *, name="timestamps"):
        self.timestamps = np.asarray(timestamps, dtype=np.float64)
        self.name = name
        unknown = np.flatnonzero(~np.isfinite(self.timestamps))
        if len(unknown):
            frame = unknown[0]
            raise ValueError(
                f"{name} must hold a time for each frame, got {self.timestamps.flat[frame]} at "
                f"frame {frame}; where no time is known, give one between its neighbours."
            )
        increasing = self.timestamps.ndim == 1 and (np.diff(self.timestamps) > 0).all()
        if self.timestamps.size == 0 or not increasing:
            raise ValueError(
                f"{name} must hold a time for each frame, each later than the last; got an array "
                f"of shape {self.timestamps.shape}."
            )
        self.valid = None
        if valid is not None:
            self.check_length(valid, "valid")
            self.valid = np.asarray(valid, dtype=bool)

    def __len__(self):
        return len(self.timestamps)

    def check_length(self, values, what):
        """Refuse values that are not one for each frame."""
        if len(values) != len(self):
            raise ValueError(
                f"{what} has {len(values)} frames, {self.name} has {len(self)}; both must be of "
                "the same video."
            )

    @property
    def end(self):
        """When the last frame disappears: it is taken to be as long as most are."""
        several = len(self) > 1
        return self.timestamps[-1] + (np.median(np.diff(self.timestamps)) if several else 1.0)

    def edges(self, first, last):
        """Return when the first frame appears and the last one disappears."""
        after = last + 1 < len(self)
        return self.timestamps[first], self.timestamps[last + 1] if after else self.end

    def gaps(self):
        """Return the first and last frame of each run of frames without a face."""
        if self.valid is None:
            return []
        edges = np.diff(np.concatenate([[0], ~self.valid, [0]]).astype(int))
        return list(zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1))

    def draw(self, axes):
        """Give all axes, from top to bottom, the same time; grey the frames without a face."""
        for ax in axes:
            for first, last in self.gaps():
                ax.axvspan(*self.edges(first, last), color=GAP_COLOUR, linewidth=0, zorder=0)
            ax.spines[["top", "right"]].set_visible(False)
            ax.tick_params(labelbottom=ax is axes[-1])
        axes[0].set_xlim(*self.edges(0, len(self) - 1))
        axes[-1].set_xlabel("time in seconds")
        frames, times = np.arange(len(self) + 1), np.append(self.timestamps, self.end)
        top = axes[0].secondary_xaxis(
            "top",
            functions=(
                lambda time: _interpolate(time, times, frames),
                lambda frame: _interpolate(frame, frames, times),
            ),
        )
        top.set_xlabel("frame")


def _interpolate(x, points, values):
    """Interpolate linearly between increasing points, and go on evenly beyond their ends."""
    slope = (values[-1] - values[0]) / (points[-1] - points[0])
    x = np.asarray(x, dtype=np.float64)
    beyond = x - np.clip(x, points[0], points[-1])
    return np.interp(x, points, values) + slope * beyond
