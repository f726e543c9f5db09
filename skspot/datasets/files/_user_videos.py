"""A user's videos as recordings: folders of images, and files that may have to be decoded."""

import os
from functools import partial

import numpy as np

from skspot.datasets.annotations import Recording, natural_order
from skspot.utils._parallel import map_videos
from skspot.video import FrameTimes, ImageSequence, VideoReadError, image_names, open_video


def make_recordings(
    paths, subjects, timed, *, fps, keep_every, first_frame, on_error, n_jobs, verbose
):
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
        Every how many images one is a frame.
    first_frame : int
        Number of the first frame in the table.
    on_error : {"raise", "warn"}
        With "warn", videos that can't be read are left out.
    n_jobs, verbose : int or None, int
        As for `map_videos`.

    Returns
    -------
    recordings : list of Recording
        They have times if those are needed.
    unreadable : dict of str to str
        Why videos that are left out can't be read.
    """
    files = sorted(name for name, path in paths.items() if not os.path.isdir(path))
    folders = sorted(paths.keys() - set(files))
    _check_options(files, folders, timed, fps, keep_every)
    decoded = [name for name in files if name in timed]
    times = map_videos(
        partial(_attempt, _read_times, on_error),
        [paths[name] for name in decoded],
        names=decoded,
        task="reading times",
        n_jobs=n_jobs,
        on_error="raise",
        verbose=verbose,
    )
    listed = [_attempt(image_names, on_error, paths[name]) for name in folders]
    found = dict(zip([*decoded, *folders], [*times, *listed]))
    unreadable = {name: value for name, value in found.items() if isinstance(value, str)}
    fields = {
        **{name: _unopened(paths[name], first_frame) for name in files if name not in found},
        **{name: _timed(found[name], first_frame) for name in decoded if name not in unreadable},
        **{
            name: _images(paths[name], found[name], first_frame, fps, keep_every)
            for name in folders
            if name not in unreadable
        },
    }
    recordings = [
        Recording(
            **{"name": name, "subject": subjects.get(name), "source": paths[name], **fields[name]}
        )
        for name in sorted(fields, key=natural_order)
    ]
    return recordings, unreadable


def _check_options(files, folders, timed, fps, keep_every):
    """Refuse options that contradict the kinds of the videos."""
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


def _attempt(function, on_error, path):
    """Return the result of a function of a video; if it can't be read, raise or return why."""
    try:
        return function(path)
    except VideoReadError as error:
        if on_error == "raise":
            raise
        return str(error)


def _read_times(path):
    return open_video(path).times


def _unopened(path, first_frame):
    """Return the fields of a recording that is a file of which no frame is decoded."""
    try:
        nominal_n_frames = open_video(path, warn=False).nominal_n_frames
    except OSError:  # to be raised when its frames are needed, if ever
        nominal_n_frames = 0
    return {"first_number": first_frame, "nominal_n_frames": nominal_n_frames or None}


def _timed(times, first_frame):
    """Return the fields of a recording that is a file whose frames have been decoded."""
    return {"numbers": np.arange(len(times)) + first_frame, "times": times}


def _images(path, images, first_frame, fps, keep_every):
    """Return the fields of a recording that is a folder of images."""
    positions = np.arange(len(images))
    return {
        "source": ImageSequence(path, fps, keep_every),
        "numbers": positions + first_frame,
        "keep_every": keep_every,
        "fps": fps and fps / keep_every,
        "times": FrameTimes(positions / fps) if fps else None,
    }
