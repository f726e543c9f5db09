"""Recordings: the videos of a dataset as its annotations number their images."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skspot.video import FrameTimes, ImageSequence, image_names

_LARGEST = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)  # comparing arrays does not give one truth value
class Recording:
    """A recorded video and how its annotations number its images.

    Parameters
    ----------
    name : str
        Name of the video; unique in a dataset.
    subject : str or None
        Who is seen, if known.
    source : str or ImageSequence
        What `open_video` opens.
    numbers : ndarray of int64 or None
        Increasing numbers of the recorded images, before any is left out. None: unknown.
    keep_every : int, default=1
        Every how many recorded images one is a frame of the video.
    fps : float, default=None
        Frames per second of the video, after images have been left out. None: unknown.
    first_number : int, default=1
        Number of the first image, if `numbers` is None.
    times : FrameTimes, default=None
        When each recorded image is shown, if known.
    nominal_n_frames : int, default=None
        Number of images according to the header of a file, which may be slightly wrong. None:
        unknown.
    """

    name: str
    subject: str | None
    source: str | ImageSequence
    numbers: np.ndarray | None = None
    keep_every: int = 1
    fps: float | None = None
    first_number: int = 1
    times: FrameTimes | None = None
    nominal_n_frames: int | None = None

    @property
    def first(self):
        """Number of the first recorded image."""
        return self.first_number if self.numbers is None else int(self.numbers[0])

    @property
    def n_frames(self):
        """Number of frames of the video, None if it is not known."""
        return None if self.numbers is None else -(-len(self.numbers) // self.keep_every)

    def frame_at(self, position):
        """Return the frame nearest to a recorded image, given by its position among all of them."""
        frame = (2 * position + self.keep_every) // (2 * self.keep_every)
        return frame if self.numbers is None else min(frame, self.n_frames - 1)

    def seconds_between(self, onset, offset):
        """Return how long images are shown, from one position to another; None if unknown."""
        if self.times is not None and len(self.times) > 1:
            return self.times.end(offset) - self.times.start(onset)
        if self.fps is None:
            return None
        if self.numbers is not None:  # the time of missing images counts as well
            onset, offset = int(self.numbers[onset]), int(self.numbers[offset])
        return (offset - onset + 1) / (self.fps * self.keep_every)


def image_numbers(folder):
    """Return the numbers of the images in a folder, as `open_video` orders them.

    Parameters
    ----------
    folder : str or path-like
        The folder; hidden files and files that are not images are skipped.

    Returns
    -------
    numbers : ndarray of int64
        The last number in the name of each image, increasing.

    Raises
    ------
    VideoReadError
        If there is no image.
    ValueError
        If an image has no number, or two have the same.
    """
    numbers = list(image_names(folder))
    if numbers[-1] > _LARGEST:
        raise ValueError(
            f"{Path(folder).name}: the number {numbers[-1]} of an image is too large; number the "
            "images from 1."
        )
    return np.array(numbers, dtype=np.int64)


def natural_order(name):
    """Return a key that sorts names with numbers in them by the numbers: a2 before a10."""
    parts = re.split(r"([0-9]+)", str(name))  # text and digits alternate, text first
    return [(int(part), part) if odd % 2 else part.casefold() for odd, part in enumerate(parts)]
