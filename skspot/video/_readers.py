"""Opening a video of any kind."""

import os
from pathlib import Path

import numpy as np

from skspot.utils.validation import check_fps
from skspot.video._base import Video
from skspot.video._files import FileVideo
from skspot.video._pictures import ArrayVideo, DirectoryVideo, ImageSequence


def open_video(source, *, fps=30.0):
    """Open a video of any kind.

    Parameters
    ----------
    source : str, path-like, ndarray of uint8 or Video
        A path to a video file, a path to a directory of images sorted by the last number in
        their names, or an array of shape (n_frames, height, width) in grey or (n_frames, height,
        width, 3) in RGB. An `ImageSequence` is a directory whose rate is known, or of which every
        n-th image is a frame. A `Video` is returned as it is.
    fps : float, default=30.0
        Frames per second of directories and arrays, which carry no times. Files have their own
        times; there it is only used if neither the frames nor the file tell the rate.

    Returns
    -------
    video : Video
        Gives the frames one at a time, their times and their number. A file is opened again for
        every pass, and nothing stays open in between.

    Raises
    ------
    FileNotFoundError
        If there is no such file or directory.
    VideoReadError
        If a file is no video, is empty or is cut short, or if a directory holds no images.
    ValueError
        If an array is not a video, if `fps` is not positive, or if images of a directory carry no
        number or one number twice.
    TypeError
        If `source` is neither a path nor an array.

    Warns
    -----
    UserWarning
        If numbers are missing between the images of a directory. Its frames count consecutively.

    See Also
    --------
    AlignedVideo : A view of a video whose face has been found.
    ImageSequence : A directory of images with its frame rate, all of them or every n-th.

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
    return open_source(source, fps, quiet=False)


def open_source(source, fps=30.0, *, quiet):
    """Open a video; `quiet` for a video whose warnings have been given before."""
    if isinstance(source, Video):
        return source
    check_fps(fps)
    if isinstance(source, np.ndarray):
        return ArrayVideo(source, fps, quiet)
    if not isinstance(source, (str, os.PathLike)):
        raise TypeError(
            "A video is a path to a video file, a path to a directory of images or an array of "
            f"uint8, got {type(source).__name__}: {source!r:.80}."
        )
    path = Path(source)
    if isinstance(source, ImageSequence) and path.exists() and not path.is_dir():
        raise NotADirectoryError(
            f"An ImageSequence is a directory of images; {str(path)!r} is a file."
        )
    if path.is_dir():
        return DirectoryVideo(source, fps, quiet)
    if not path.exists():
        hint = "" if path.is_absolute() else f" (relative to {Path.cwd()})"
        raise FileNotFoundError(f"There is no video file or directory {str(path)!r}{hint}.")
    return FileVideo(source, fps, quiet)
