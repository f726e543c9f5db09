"""Checks of input: videos, interval tables, scores of frames."""

from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from pathlib import Path

import numpy as np

from skspot.intervals import CLASSES, check_intervals, is_interval_table


def as_object_array(items):
    """Return the items as a 1-D object array, also if they have shapes.

    ``np.array(items, dtype=object)`` would build a 2-D array of items of equal length.
    """
    items = list(items)
    return np.fromiter(items, dtype=object, count=len(items))


def with_parameters(problem, *names):
    """Attach the names of the parameters that a message suggests to set.

    The command line adds the names of its corresponding options to the message.

    Parameters
    ----------
    problem : Exception or Warning
        The error or warning.
    *names : str
        The names of the parameters.

    Returns
    -------
    problem : Exception or Warning
        The same, with the attribute `parameters`.
    """
    problem.parameters = names
    return problem


def check_fps(fps):
    """Raise if the value is not a frame rate."""
    if not (isinstance(fps, Real) and 0 < fps < np.inf):
        raise ValueError(f"fps must be a positive number of frames per second, got {fps!r}.")


def check_videos(X, name="X"):
    """Return a collection of videos, aligned videos or features as a list.

    Parameters
    ----------
    X : list, tuple, Series, object array or 1-D array of text
        One element per video.
    name : str, default="X"
        Name of the collection in errors.

    Returns
    -------
    videos : list
        The elements of X.

    Raises
    ------
    TypeError
        If X is a single video instead of a collection.
    ValueError
        If X is empty.
    """
    if isinstance(X, (str, bytes, Path)):
        raise TypeError(
            f"{name} must be a collection of videos, got one path ({X!r}); pass [path]."
        )
    if isinstance(X, np.ndarray) and X.dtype.kind == "U" and X.ndim == 1:
        X = X.tolist()
    if isinstance(X, np.ndarray) and (X.dtype != object or X.ndim != 1):
        raise TypeError(
            f"{name} must be a collection with one element per video, got one array of shape "
            f"{X.shape} and dtype {X.dtype}; pass [array]."
        )
    if not hasattr(X, "__len__") or isinstance(X, dict) or hasattr(X, "columns"):
        raise TypeError(
            f"{name} must be a list, tuple, Series or object array with one element per video, "
            f"got {type(X).__name__}."
        )
    if hasattr(X, "timestamps"):  # an AlignedVideo has a length too
        raise TypeError(
            f"{name} must be a collection of videos, got one {type(X).__name__}; pass [video]."
        )
    videos = list(X)
    if not videos:
        raise ValueError(f"{name} holds no video.")
    return videos


def check_interval_tables(y, *, n_videos=None, allow_overlap=False, name="y"):
    """Return a collection of interval tables as a list, each of them checked.

    Parameters
    ----------
    y : list, tuple, Series or object array
        One interval table per video.
    n_videos : int, default=None
        Number of tables to expect.
    allow_overlap : bool, default=False
        Whether intervals of one label may share frames.
    name : str, default="y"
        Name of the collection in errors.

    Returns
    -------
    tables : list of ndarray
        The tables.

    Raises
    ------
    TypeError
        If `y` is not a collection of interval tables.
    ValueError
        If its length is not `n_videos` or a table holds an invalid interval.
    """
    if y is None or is_interval_table(y):
        got = "None" if y is None else "a single interval table; pass [table]"
        raise TypeError(f"{name} must hold one interval table per video, got {got}.")
    if isinstance(y, (str, Mapping)) or not isinstance(y, Iterable):
        raise TypeError(
            f"{name} must be a list with one interval table per video, got {type(y).__name__}: "
            f"{y!r:.80}."
        )
    tables = list(y)
    if n_videos is not None and len(tables) != n_videos:
        raise ValueError(
            f"{name} must hold one interval table per video: got {len(tables)} tables for "
            f"{n_videos} videos. A video without expressions has an empty table, "
            "make_intervals()."
        )
    for i, table in enumerate(tables):
        check_intervals(table, allow_overlap=allow_overlap, name=f"{name}[{i}]")
    return tables


def check_n_frames(values, n_frames, *, name, of="the video"):
    """Raise if values do not have one entry for each frame of a video.

    Parameters
    ----------
    values : sequence
        The values.
    n_frames : int
        Number of frames of the video.
    name, of : str
        Names of the values, and of the source of the number of frames, in errors.

    Raises
    ------
    ValueError
        If there are more or fewer.
    """
    if len(values) != n_frames:
        raise ValueError(
            f"{name} has {len(values)} frames, {of} has {n_frames}; both must be of the same video."
        )


def check_frame_scores(scores, n_frames, *, of="the video"):
    """Check the scores of the frames of one video.

    Parameters
    ----------
    scores : structured array of shape (n_frames,)
        One element of what `SpotFormerClassifier.predict_scores` returns.
    n_frames : int
        Number of frames of the video.
    of : str, default="the video"
        Name of the source of the number of frames in errors.

    Raises
    ------
    TypeError
        If they lack a field of `FRAME_SCORE_DTYPE`.
    ValueError
        If there are more or fewer than `n_frames`.
    """
    kinds = ("onset", "apex", "offset", "expression")
    expected = {f"{label}_{kind}" for label in CLASSES for kind in kinds}
    dtype = getattr(scores, "dtype", None)
    if not expected.issubset(getattr(dtype, "names", None) or ()):
        got = type(scores).__name__ if dtype is None else f"an array of dtype {dtype}"
        raise TypeError(
            "scores must be one element of what predict_scores returns, a structured array with "
            f"the fields {sorted(expected)}, got {got}."
        )
    check_n_frames(scores, n_frames, name="scores", of=of)


def check_frame_number(frame, n_frames, *, of="the video"):
    """Check the number of a frame of a video and return it.

    Parameters
    ----------
    frame : int
        The number, from 0.
    n_frames : int
        Number of frames of the video.
    of : str, default="the video"
        Name of the video in errors.

    Returns
    -------
    frame : int
        The number.

    Raises
    ------
    TypeError
        If it is not a whole number.
    ValueError
        If the video has no such frame.
    """
    if not isinstance(frame, Integral):
        raise TypeError(f"frame must be a whole number, got {type(frame).__name__}: {frame!r:.80}.")
    if not 0 <= frame < n_frames:
        raise ValueError(f"{of} has the frames 0 to {n_frames - 1}, got frame={frame!r}.")
    return int(frame)
