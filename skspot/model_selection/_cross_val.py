"""Cross-validated predictions that survive an interruption."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import joblib
from joblib import Parallel, delayed
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.utils import indexable
from sklearn.utils.validation import _check_method_params

import skspot
from skspot.model_selection._split import resolve_cv
from skspot.utils._cache import cached, is_stored
from skspot.utils._progress import progress_bar
from skspot.utils._typing import IntervalTable, Memory, ObjectArray
from skspot.utils.validation import as_object_array, check_interval_tables, check_videos

# Parameters that change how the work is done but no result, whatever step they belong to; each with
# a value that any step accepts.
_WITHOUT_EFFECT = {
    "device": "cpu",
    "memory": None,
    "model_path": None,  # the content of the file is part of `FaceAligner.key_of_landmarks`
    "n_jobs": None,
    "n_threads": 1,
    "on_error": "raise",
    "verbose": 0,
}


def cross_val_intervals(
    estimator: Any,
    X: Collection[Any],
    y: Collection[IntervalTable],
    *,
    groups: ArrayLike | None = None,
    cv: Any = None,
    params: Mapping[str, Any] | None = None,
    memory: Memory = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> ObjectArray:
    """Predict the intervals of each video with a model that was trained without its fold.

    Returns the same as scikit-learn's `cross_val_predict`, but is made for runs that take hours:
    with `memory`, each finished fold is stored, and a run that was interrupted continues from
    there.

    Parameters
    ----------
    estimator : estimator
        A spotter with `fit` and `predict`, such as a pipeline that ends in a
        `SpotFormerClassifier`. Each fold fits a clone. Set its `random_state`, so that the folds of
        an interrupted run and of its continuation belong together.
    X : list, tuple, Series or object array of n_videos elements
        The videos, or other input of the estimator for each of them.
    y : list, tuple, Series or object array of n_videos interval tables
        The true intervals of each video.
    groups : array-like of shape (n_videos,)
        The subject of each video.
    cv : int, splitter, iterable of (train, test) or None, default=None
        How the videos are split. None means `LeaveOneSubjectOut`, a number means
        `StratifiedSubjectKFold` with that many folds. Each video must be tested in exactly one
        fold.
    params : dict, default=None
        Further arguments of the estimator's `fit` by name. If an argument has one element per
        video, such as ``{"spot__groups": subjects}``, each fold gets the elements of its videos.
    memory : str, path-like or object with the joblib.Memory interface, default=None
        Where the predictions of each fold are stored. They are reused if nothing that they depend
        on has changed: the parameters of the estimator (except `device`, `memory`, `n_jobs`,
        `n_threads`, `on_error` and `verbose` of its steps), the fingerprints of the videos and of
        the files that hold their landmarks, the intervals, `params` and the version of skspot.
    n_jobs : int, default=None
        Number of folds computed at a time; None is 1 unless in a `joblib.parallel_config`
        context, -1 all processors.
    verbose : int, default=0
        Whether to show progress over the folds and the time left on standard error, instead of what
        the steps of the estimator show by their own `verbose`. The time left is estimated from the
        folds that are computed, not from those that were stored.

    Returns
    -------
    predicted : object array of shape (n_videos,)
        The predicted interval table of each video.

    Raises
    ------
    ValueError
        If X, y and groups differ in length, the videos can't be split in this way, a video is not
        tested exactly once, or the estimator does not return one table for each video.
    TypeError
        If y is not a collection of interval tables, `cv` is none of the above, or the estimator
        can't be pickled and `memory` is given.

    See Also
    --------
    LeaveOneSubjectOut, StratifiedSubjectKFold : How to split.
    skspot.metrics.spotting_report : The scores pooled over all videos.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.base import BaseEstimator
    >>> from skspot import make_intervals
    >>> from skspot.model_selection import cross_val_intervals
    >>> class LastSeen(BaseEstimator):
    ...     def fit(self, X, y):
    ...         self.table_ = y[-1]
    ...         return self
    ...     def predict(self, X):
    ...         return [self.table_ for _ in X]
    >>> videos = [np.full((20, 8, 8), level, dtype=np.uint8) for level in (1, 2, 3)]
    >>> intervals = [make_intervals([(onset, onset + 5, "macro")]) for onset in (1, 2, 3)]
    >>> predicted = cross_val_intervals(LastSeen(), videos, intervals, groups=["a", "b", "c"])
    >>> [int(table["onset"][0]) for table in predicted]
    [3, 3, 2]
    """
    videos = check_videos(X)
    tables = check_interval_tables(y, n_videos=len(videos))
    indexable(videos, groups)
    splits = list(resolve_cv(cv).split(videos, tables, groups))
    _check_partition([test for _, test in splits], len(videos))
    params = [_check_method_params(videos, params or {}, train) for train, _ in splits]
    keys = [None] * len(splits)
    if memory is not None:
        keys = _keys(estimator, videos, tables, splits, params)
    predict = cached(
        _predict_fold, memory, ignore=["estimator", "X", "y", "train", "test", "params"]
    )
    if verbose:  # one bar at a time
        estimator = clone(estimator).set_params(**_set_all(estimator, {"verbose": False}))
    common = {"estimator": estimator, "X": videos, "y": tables}
    calls = [
        {"key": key, "train": train, "test": test, "params": fit_params, **common}
        for key, (train, test), fit_params in zip(keys, splits, params)
    ]
    stored = [is_stored(predict, **call) for call in calls] if verbose else [False] * len(calls)
    folds = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(predict)(**call) for call in calls
    )
    predicted = [None] * len(videos)
    with _fold_bar(stored, shown=bool(verbose)) as bar:
        for fold, (_, test), was_stored in zip(folds, splits, stored):
            for i, table in zip(test, fold):
                predicted[i] = table
            bar.update(not was_stored)
    return as_object_array(predicted)


def _fold_bar(stored, *, shown):
    """Return the bar of the folds, which starts at the number of those that are stored."""
    return progress_bar(
        desc=f"folds done ({sum(stored)} before)" if any(stored) else "folds done",
        unit="fold",
        total=len(stored),
        initial=sum(stored),
        shown=shown,
        smoothing=0,
    )


def _check_partition(tests, n_videos):
    """Refuse folds that do not test each video exactly once."""
    times = [0] * n_videos
    for test in tests:
        for i in test:
            times[i] += 1
    for i, count in enumerate(times):
        if count != 1:
            raise ValueError(
                f"cv must put each video into the test set of exactly one fold, but X[{i}] is in "
                f"{count} of {len(tests)}."
            )


def _predict_fold(key, *, estimator, X, y, train, test, params):
    """Return the predictions for the test videos; `key` is the cache key of all other arguments."""
    fitted = clone(estimator).fit([X[i] for i in train], [y[i] for i in train], **params)
    predicted = list(fitted.predict([X[i] for i in test]))
    if len(predicted) != len(test):
        raise ValueError(
            f"predict must return one interval table for each video: got {len(predicted)} tables "
            f"for {len(test)} videos."
        )
    return predicted


def _keys(estimator, videos, tables, splits, params):
    """Return a key of each fold: everything that its predictions depend on, as text."""
    prints = [_fingerprint(video, estimator) for video in videos]
    settings = _settings(estimator)
    return [
        joblib.hash(
            (
                skspot.__version__,
                settings,
                [(prints[i], tables[i]) for i in train],
                [prints[i] for i in test],
                fit_params,
            )
        )
        for (train, test), fit_params in zip(splits, params)
    ]


def _settings(estimator):
    """Return a hash of an estimator and of its parameters that can change a result."""
    estimator = clone(estimator).set_params(**_set_all(estimator, _WITHOUT_EFFECT))
    try:
        return joblib.hash(estimator)
    except Exception as error:  # pickling can raise anything
        raise TypeError(
            "With memory, the estimator must be one that can be pickled, so that stored folds can "
            f"be recognised: {error}. Define its functions and classes in a module."
        ) from error


def _set_all(estimator, values):
    """Return new values for the parameters of these names of an estimator and all its steps."""
    names = {name: name.split("__")[-1] for name in estimator.get_params()}
    return {name: values[last] for name, last in names.items() if last in values}


def _fingerprint(video, estimator):
    """Return a hash of a video and of the landmark files that steps of the estimator read."""
    steps = [step for _, step in getattr(estimator, "steps", [("", estimator)])]
    beside = [step.key_of_landmarks(video) for step in steps if hasattr(step, "key_of_landmarks")]
    return joblib.hash((_fingerprint_alone(video), beside))


def _fingerprint_alone(video):
    """Return a hash of a video, or of the features of one."""
    from skspot.video import open_video

    if getattr(video, "fingerprint", ""):  # features made by hand may have none
        return video.fingerprint
    try:
        return open_video(video, warn=False).fingerprint
    except TypeError:  # what is neither a path nor an array
        return joblib.hash(video)
    except (OSError, ValueError) as error:  # features, or what the estimator will refuse
        return joblib.hash((video, str(error)))
