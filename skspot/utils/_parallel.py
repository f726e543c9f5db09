"""Work on many videos: in parallel, with progress, and with failures that can be collected.

Warning filters and OpenCV's number of threads belong to the whole process. Several threads may
change them at a time, since joblib works with threads if it is asked to, or if it runs within a
worker process; what is changed here is therefore shared by all threads, see `_Shared`.
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
        Takes what stands for one video; defined in a module, so that workers can import it.
    videos : list
        What stands for each video; None is one that failed in an earlier step, and stays None.
    **options : dict
        As for `imap_videos`.

    Returns
    -------
    results : list
        One result per video, in order.
    """
    return list(imap_videos(function, videos, **options))


def imap_videos(function, videos, *, names, task, n_jobs, on_error, verbose, consequence=None):
    """Apply a function to each video, and yield the results in order as they come.

    Parameters
    ----------
    function : callable
        Takes what stands for one video; defined in a module, so that workers can import it.
    videos : list
        What stands for each video; None is one that failed in an earlier step, and stays None.
    names : list of str
        What errors call the videos: what the user knows them by, such as ``"X[0], a.mp4"``.
    task : str
        What is done with a video, for progress and warnings: "face alignment".
    n_jobs : int or None
        Number of videos worked on at a time, as for `joblib.Parallel`.
    on_error : {"raise", "warn"}
        With "warn", a video that fails gives None, and one warning at the end names all of them.
        What keeps every video from being worked on, `SetupError` and ImportError, is raised all
        the same.
    verbose : int
        Whether to show progress over the videos, if there are several.
    consequence : str, default=None
        What the warning says about the videos that failed; by default, that their results are
        None.

    Yields
    ------
    result : object
        What the function returns for a video; None for one that failed.

    Warns
    -----
    Warning
        What `function` warns of. Where that happens in a worker process, it is shown with the
        result of its video, each text once.
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

    Warnings are (text, category, file, line) of those raised in a worker process, which can't show
    them; those raised in `process` itself are shown at once, and not returned.
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
    """Return what tells this process apart from those that may work for it."""
    return platform.node(), os.getpid()


class _Shared:
    """A change of the whole process, made by the first thread that needs it, undone by the last.

    A context manager that saves and restores such a setting by itself goes wrong with threads that
    overlap: the last one restores what another thread has set.

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
        """Have the change made within a ``with`` statement."""
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
    """Keep OpenCV to one thread: its pictures here are small, and joblib has the other cores."""
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
