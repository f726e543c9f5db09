"""Open a video of any kind."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from skspot.utils._typing import VideoLike
from skspot.utils.validation import check_fps
from skspot.video._base import DEFAULT_FPS, Video
from skspot.video._files import FileVideo
from skspot.video._pictures import ArrayVideo, FolderVideo, ImageSequence


def open_video(source: VideoLike | Video, *, fps: float | None = None, warn: bool = True) -> Video:
    """Open a video of any kind.

    Parameters
    ----------
    source : str, path-like, ndarray of uint8 or Video
        A path to a video file, a path to a folder of images sorted by the last number in their
        names, or an array of shape (n_frames, height, width) in grey or (n_frames, height, width,
        3) in RGB. An `ImageSequence` is a folder whose rate is known, or of which every n-th image
        is a frame. A `Video` is returned as it is.
    fps : float, default=None
        Frames per second of folders and arrays, which contain no times. None uses 30, with a
        warning for a folder. Files contain times; for them it is used only if neither the frames
        nor the header give the rate.
    warn : bool, default=True
        Whether to warn; False if the video has been opened before with its warnings.

    Returns
    -------
    video : Video
        The frames, one at a time, their times and their number. A file is opened for each pass and
        closed after it.

    Raises
    ------
    FileNotFoundError
        If the file or folder does not exist.
    VideoReadError
        If a file is not a video, is empty or is cut short, or if a folder contains no images.
    ValueError
        If an array is not a video, if `fps` is not positive, or if images of a folder have no
        number or two have the same.
    TypeError
        If `source` is neither a path nor an array.

    Warns
    -----
    UserWarning
        If the rate of a folder of images is not known, or numbers are missing between its images;
        its frames are counted consecutively.

    See Also
    --------
    AlignedVideo : A view of a video in which the face has been found.
    ImageSequence : A folder of images with its frame rate, all of them or every n-th.

    Examples
    --------
    >>> import numpy as np
    >>> from skspot.video import open_video
    >>> video = open_video(np.zeros((50, 32, 48), dtype=np.uint8), fps=25)
    >>> video.n_frames, video.frame_shape
    (50, (32, 48))
    >>> video.timestamps[:3]
    array([0.  , 0.04, 0.08])
    >>> sum(frame.shape == (32, 48) for frame in video.frames())
    50
    """
    if isinstance(source, Video):
        return source
    if fps is not None:
        check_fps(fps)
    if isinstance(source, np.ndarray):
        return ArrayVideo(source, fps, warn)
    if not isinstance(source, (str, os.PathLike)):
        raise TypeError(
            "A video is a path to a video file, a path to a folder of images or an array of "
            f"uint8, got {type(source).__name__}: {source!r:.80}."
        )
    path = Path(source)
    if isinstance(source, ImageSequence) and path.exists() and not path.is_dir():
        raise NotADirectoryError(
            f"An ImageSequence is a folder of images; {str(path)!r} is a file."
        )
    if path.is_dir():
        return FolderVideo(source, fps, warn)
    if not path.exists():
        hint = "" if path.is_absolute() else f" (relative to {Path.cwd()})"
        raise FileNotFoundError(f"There is no video file or folder {str(path)!r}{hint}.")
    return FileVideo(source, fps or DEFAULT_FPS, warn)
