"""Work on many videos: in parallel, with progress, and with failures that can be collected.

Warning filters and the number of OpenCV's threads are settings of the whole process. joblib uses
threads on request, and within worker processes; several threads may then change these settings at
the same time. The changes here are therefore shared by all threads, see `_Shared`.
"""

import os
import platform
import threading
import warnings
from contextlib import contextmanager, nullcontext

from joblib import Parallel, delayed

from skspot.utils._progress import progress_bar


class SetupError(OSError):
    """Something that every video needs is missing, such as the weights of a network."""


def map_videos(function, videos, **options):
    """Apply a function to each video.

    Parameters
    ----------
    function : callable
        Takes the input of one video; defined in a module that workers can import.
    videos : list
        The input of each video; None is a video that failed in an earlier step, and stays None.
    **options : dict
        As for `imap_videos`.

    Returns
    -------
    results : list
        One result per video, in order.
    """
    return list(imap_videos(function, videos, **options))


def imap_videos(function, videos, *, names, task, n_jobs, on_error, verbose, consequence=None):
    """Apply a function to each video, and yield each result in order, as soon as possible.

    Parameters
    ----------
    function : callable
        Takes the input of one video; defined in a module that workers can import.
    videos : list
        The input of each video; None is a video that failed in an earlier step, and stays None.
    names : list of str
        Names of the videos in errors, such as ``"X[0], a.mp4"``.
    task : str
        Name of the task in progress bars and warnings, such as "face alignment".
    n_jobs : int or None
        Number of videos that are processed at a time, as for `joblib.Parallel`.
    on_error : {"raise", "warn"}
        With "warn", the result of a video that fails is None, and one warning at the end names all
        of them. Errors that concern all videos, `SetupError` and ImportError, are raised
        nevertheless.
    verbose : int
        Whether to show progress over the videos, if there are several.
    consequence : str, default=None
        Text of the warning about the failed videos; by default, that their results are None.

    Yields
    ------
    result : object
        The result of the function for a video; None if it failed.

    Warns
    -----
    Warning
        The warnings of `function`. Those from a worker process are shown with the result of the
        video, each text once.
    """
    process = _this_process()
    outcomes = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_attempt)(function, video, name, on_error, process)
        for video, name in zip(videos, names)
    )
    outcomes = progress_bar(
        outcomes,
        desc=task,
        unit="video",
        total=len(videos),
        shown=bool(verbose) and len(videos) > 1,
    )
    failures = []
    shown = {}  # each text once, as Python does within a process
    for (outcome, caught), name in zip(outcomes, names):
        for text, category, filename, line in caught:
            warnings.warn_explicit(text, category, filename, line, registry=shown)
        if isinstance(outcome, Exception):
            failures.append(f"{name}: {type(outcome).__name__}: {outcome}")
            outcome = None
        yield outcome
    if failures:
        several = len(videos) > 1
        which = f" for {len(failures)} of {len(videos)} videos" if several else ""
        consequence = consequence or ("the results are None" if several else "the result is None")
        text = f"{task[0].upper()}{task[1:]} failed{which}; {consequence}:\n- "
        warnings.warn(text + "\n- ".join(failures))


def _attempt(function, video, name, on_error, process):
    """Return the result for one video, or its error if errors are collected, and its warnings.

    The warnings are (text, category, file, line) of those in a worker process, which can't show
    them. Warnings in `process` itself are shown immediately and not returned.
    """
    if video is None:
        return None, []
    record = _recorded_warnings() if _this_process() != process else nullcontext([])
    with record as caught:
        first = len(caught)
        try:
            with one_opencv_thread():
                outcome = function(video)
        except Exception as error:
            error.add_note(f"This happened with {name}.")
            if on_error == "raise" or isinstance(error, (SetupError, ImportError)):
                raise
            outcome = error
        return outcome, [(str(w.message), w.category, w.filename, w.lineno) for w in caught[first:]]


def _this_process():
    """Return an identity of this process, which its worker processes do not have."""
    return platform.node(), os.getpid()


class _Shared:
    """A change of a process-wide setting, made by the first thread and undone by the last.

    A context manager that saves and restores such a setting for each thread is wrong if threads
    overlap: the last one restores the value that another thread has set.

    Parameters
    ----------
    make : callable
        Returns a context manager that makes and undoes the change.
    """

    def __init__(self, make):
        self._make = make
        self._lock = threading.Lock()
        self._n_users = 0

    @contextmanager
    def __call__(self):
        """Return a context manager within which the change is in effect."""
        with self._lock:
            if self._n_users == 0:
                self._context = self._make()
                self._value = self._context.__enter__()
            self._n_users += 1
            value = self._value
        try:
            yield value
        finally:
            with self._lock:
                self._n_users -= 1
                if self._n_users == 0:
                    self._context.__exit__(None, None, None)


@_Shared
@contextmanager
def one_opencv_thread():
    """Let OpenCV use one thread: the images are small, and joblib uses the other cores."""
    import cv2

    n_threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(n_threads)


@_Shared
@contextmanager
def _recorded_warnings():
    """Keep all warnings of the process in a list instead of showing them."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught
