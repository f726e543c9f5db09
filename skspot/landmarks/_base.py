"""The interface of landmarkers."""

from abc import ABC, abstractmethod


class Landmarker(ABC):
    """Finds the 68 points of one face in every frame of a video.

    It holds parameters only and can be pickled; models are loaded, and what is known of a video is
    kept, within one call of `track`.

    Attributes
    ----------
    colour : bool
        Whether `track` wants RGB frames (height, width, 3) instead of grey ones (height, width).
    cacheable : bool
        Whether `key` can tell what the points depend on.
    detect_every : int
        Frames from one detection to the next; 1 where nothing is detected in single frames.
    """

    colour = False
    cacheable = True
    detect_every = 1

    @abstractmethod
    def key(self, video):
        """Return what the points of `video` depend on besides its frames, for the cache."""

    @abstractmethod
    def track(self, frames, video):
        """Yield the points of the followed face for each frame, in order.

        Parameters
        ----------
        frames : iterable of ndarray of uint8
            The frames of the video.
        video : Video
            The video that they come from.

        Yields
        ------
        points : ndarray of shape (68, 2) or None
            x and y in pixels, (0, 0) being the centre of the top left one. None: no face.
        """

    def check(self, sources):  # noqa: B027, most landmarkers take any collection of videos
        """Refuse a collection of videos that the landmarker can't serve."""

    def only_for(self, source):
        """Return what is needed of the landmarker for one video, to send it to a worker."""
        return self
