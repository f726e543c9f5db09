"""Recordings: the videos of a dataset before their labels are known."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skspot.video import ImageSequence, image_names

_LARGEST = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)  # arrays don't compare to one truth value
class Recording:
    """A recorded video and how its annotations number its images.

    Parameters
    ----------
    name : str
        What the video is called; unique in a dataset.
    subject : str or None
        Who is seen, if known.
    source : str or ImageSequence
        What `open_video` opens.
    numbers : ndarray of int64 or None
        Increasing numbers of the recorded images, before any is left out. None: unknown.
    keep_every : int, default=1
        Of how many recorded images one is a frame of the video.
    fps : float, default=None
        Frames per second of the video, after images have been left out. None: unknown.
    first_number : int, default=1
        Number of the first image, if `numbers` is None.
    times : ndarray of float64, default=None
        When each recorded image is shown, in seconds since the first, if known.
    n_announced : int, default=None
        How many images the header of a file announces, which may be some off. None: unknown.
    """

    name: str
    subject: str | None
    source: str | ImageSequence
    numbers: np.ndarray | None = None
    keep_every: int = 1
    fps: float | None = None
    first_number: int = 1
    times: np.ndarray | None = None
    n_announced: int | None = None

    @property
    def first(self):
        """Number of the first recorded image."""
        return self.first_number if self.numbers is None else int(self.numbers[0])

    @property
    def n_frames(self):
        """Number of frames of the video, None if it is not known."""
        return None if self.numbers is None else -(-len(self.numbers) // self.keep_every)

    def frame_at(self, position):
        """Return the frame nearest to a recorded image, given by its place among all of them."""
        frame = (2 * position + self.keep_every) // (2 * self.keep_every)
        return frame if self.numbers is None else min(frame, self.n_frames - 1)

    def seconds_of(self, onset, offset):
        """Return how long recorded images are shown, given by their places; None if unknown."""
        if self.times is not None and len(self.times) > 1:
            ends = np.append(self.times[1:], 2 * self.times[-1] - self.times[-2])
            return float(ends[offset] - self.times[onset])
        if self.fps is None:
            return None
        if self.numbers is not None:  # images that are missing took their time
            onset, offset = int(self.numbers[onset]), int(self.numbers[offset])
        return (offset - onset + 1) / (self.fps * self.keep_every)


def image_numbers(directory):
    """Return the numbers of the images in a directory, as `open_video` orders them.

    Parameters
    ----------
    directory : str or path-like
        The directory; hidden files and what is no image are passed over.

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
    numbers = list(image_names(directory))
    if numbers[-1] > _LARGEST:
        raise ValueError(
            f"{Path(directory).name}: the number {numbers[-1]} of an image is too large; number "
            "the images from 1."
        )
    return np.array(numbers, dtype=np.int64)


def natural_order(name):
    """Return a key that sorts names with numbers in them by the numbers: a2 before a10."""
    parts = re.split(r"([0-9]+)", str(name))  # text and digits by turns, text first
    return [(int(part), part) if odd % 2 else part.casefold() for odd, part in enumerate(parts)]
