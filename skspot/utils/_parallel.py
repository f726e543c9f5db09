"""Work on many videos: in parallel, with progress, and with failures that can be collected."""

import warnings

from joblib import Parallel, delayed
from tqdm.auto import tqdm


def map_videos(function, videos, *args, step, n_jobs, on_error, verbose):
    """Return ``[function(video, *args) for video in videos]``, with None for a video that is None.

    Parameters
    ----------
    function : callable
        A module-level function.
    videos : list
        The videos; None is a video that failed before.
    *args : object
        Further arguments of the function.
    step : str
        What progress and warnings call the work.
    n_jobs : int or None
        Number of videos worked on at the same time.
    on_error : {"raise", "warn"}
        With "warn", videos that raise OSError or ValueError give None, and one warning lists them.
    verbose : int
        Whether to show progress.

    Returns
    -------
    results : list
        One result per video, in order.
    """
    outcomes = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_attempt)(function, video, args, on_error) for video in videos
    )
    outcomes = list(tqdm(outcomes, step, total=len(videos), unit="video", disable=not verbose))
    failures = [f"X[{i}]: {error}" for i, (_, error) in enumerate(outcomes) if error is not None]
    if failures:
        warnings.warn(
            f"{step} left out {len(failures)} of {len(videos)} videos; their place holds None:\n"
            + "\n".join(failures),
            stacklevel=3,
        )
    return [result for result, _ in outcomes]


def _attempt(function, video, args, on_error):
    """Return the result and the error, one of which is None."""
    import cv2

    if video is None:
        return None, None
    n_threads = cv2.getNumThreads()
    # Videos are the unit of parallel work; threads within one would only get in each other's way.
    cv2.setNumThreads(1)
    try:
        return function(video, *args), None
    except (OSError, ValueError) as error:
        if on_error == "raise":
            raise
        return None, error
    finally:
        cv2.setNumThreads(n_threads)
