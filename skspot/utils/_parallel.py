"""Work on many videos: in parallel, with progress, and with failures that can be collected."""

import warnings
from contextlib import contextmanager

from joblib import Parallel, delayed

from skspot.utils._progress import progress_bar


class SetupError(OSError):
    """Something that every video needs is missing, such as the weights of a network."""


def map_videos(
    function,
    videos,
    *,
    names,
    action,
    n_jobs,
    on_error,
    verbose,
    instead="None stands in their places",
):
    """Apply a function to each video.

    Parameters
    ----------
    function : callable
        Takes what stands for one video; of a module, so that workers can import it.
    videos : list
        What stands for each video; None is one that failed in an earlier step, and stays None.
    names : list of str
        What errors call the videos: what the user knows them by, such as ``"X[0], a.mp4"``.
    action : str
        What was to be done to a video, for progress and warnings: "aligned".
    n_jobs : int or None
        Number of videos worked on at a time, as for `joblib.Parallel`.
    on_error : {"raise", "warn"}
        With "warn", a video that fails gives None, and one warning names all of them. What keeps
        every video from being worked on, `SetupError` and ImportError, is raised all the same.
    verbose : int
        Whether to show progress over the videos, if there are several.
    instead : str, default="None stands in their places"
        What the warning says that the user finds in place of the videos that failed.

    Returns
    -------
    results : list
        One result per video, in order.

    Warns
    -----
    Warning
        What `function` warns of, in the order of the videos, also if it ran in a worker process.
    """
    outcomes = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_attempt)(function, video, name, on_error) for video, name in zip(videos, names)
    )
    outcomes = list(
        progress_bar(
            outcomes,
            desc=f"videos {action}",
            unit="video",
            total=len(videos),
            shown=bool(verbose) and len(videos) > 1,
        )
    )
    shown = {}  # each text once, as Python does without workers
    for _, caught in outcomes:
        for text, category, filename, line in caught:
            warnings.warn_explicit(text, category, filename, line, registry=shown)
    outcomes = [outcome for outcome, _ in outcomes]
    failures = [
        f"{name}: {type(outcome).__name__}: {outcome}"
        for name, outcome in zip(names, outcomes)
        if isinstance(outcome, Exception)
    ]
    if failures:
        which = f"{len(failures)} of {len(videos)} videos" if len(videos) > 1 else "The video"
        warnings.warn(
            f"{which} could not be {action}; {instead}:\n- " + "\n- ".join(failures),
            stacklevel=3,
        )
    return [None if isinstance(outcome, Exception) else outcome for outcome in outcomes]


def _attempt(function, video, name, on_error):
    """Return the result for one video, or its error if errors are collected, and its warnings.

    Warnings are (text, category, file, line): a worker process can't show them, the parent can.
    """
    if video is None:
        return None, []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with one_opencv_thread():
                outcome = function(video)
        except Exception as error:
            error.add_note(f"This happened with {name}.")
            if on_error == "raise" or isinstance(error, (SetupError, ImportError)):
                raise
            outcome = error
    return outcome, [(str(w.message), w.category, w.filename, w.lineno) for w in caught]


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
