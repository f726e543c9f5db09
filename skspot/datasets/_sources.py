"""A user's videos as recordings: folders of images, and files that may have to be decoded."""

import os
from pathlib import Path

import numpy as np

from skspot.datasets._recordings import Recording, natural_order
from skspot.utils._parallel import map_videos
from skspot.video import ImageSequence, open_video
from skspot.video._pictures import names_by_number

_DEFAULT_FPS = 30.0  # of `open_video`


def make_recordings(paths, subjects, timed, *, fps, keep_every, first_frame, n_jobs, verbose):
    """Return the recordings of a user's videos, sorted by name.

    Parameters
    ----------
    paths : dict of str to str
        The path of each video, by name.
    subjects : dict of str to str
        The subject of each video.
    timed : collection of str
        Names of the videos whose times are needed; files among them are decoded.
    fps : float or None
        Rate at which folders of images were recorded, if known.
    keep_every : int
        Of how many images one is a frame.
    first_frame : int
        Number of the first frame in the table.
    n_jobs, verbose : int or None, int
        As for `map_videos`.

    Returns
    -------
    recordings : list of Recording
        Those whose times are needed have them.
    """
    files = sorted(name for name, path in paths.items() if not os.path.isdir(path))
    folders = sorted(paths.keys() - set(files))
    if keep_every > 1 and files:
        raise ValueError(
            f"keep_every={keep_every} is for folders of images, but the video {files[0]!r} is a "
            "file; load files and folders in separate calls."
        )
    if fps is None and not set(folders).isdisjoint(timed):
        raise ValueError(
            f"The video {folders[0]!r} is a folder of images, which carry no times; pass fps, the "
            "rate at which they were recorded."
        )
    decoded = [name for name in files if name in timed]
    times = map_videos(
        _times,
        [paths[name] for name in decoded],
        names=decoded,
        action="timed",
        n_jobs=n_jobs,
        on_error="raise",
        verbose=verbose,
    )
    fields = {name: _file(first_frame, None) for name in files}
    fields |= {name: _file(first_frame, found) for name, found in zip(decoded, times)}
    fields |= {name: _images(paths[name], first_frame, fps, keep_every) for name in folders}
    return [
        Recording(
            **{"name": name, "subject": subjects.get(name), "source": paths[name], **fields[name]}
        )
        for name in sorted(paths, key=natural_order)
    ]


def _times(path):
    return open_video(path).timestamps


def _file(first_frame, times):
    """Return the fields of a recording that is a file."""
    if times is None:
        return {"first_number": first_frame}
    fps = (len(times) - 1) / times[-1] if len(times) > 1 else None
    return {"numbers": np.arange(len(times)) + first_frame, "times": times, "fps": fps}


def _images(path, first_frame, fps, keep_every):
    """Return the fields of a recording that is a folder of images."""
    places = np.arange(len(names_by_number(Path(path))))
    return {
        "source": ImageSequence(path, fps or _DEFAULT_FPS, keep_every),
        "numbers": places + first_frame,
        "keep_every": keep_every,
        "fps": fps and fps / keep_every,
        "times": fps and places / fps,
    }
