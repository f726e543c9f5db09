"""The oracle of the public scripts: the best epoch of each test subject, by its own F1."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch

from skspot.intervals import CLASSES
from skspot.metrics import interval_f1_score
from skspot.model_selection._split import check_subjects, resolve_cv
from skspot.utils._typing import IntervalTable
from skspot.utils.validation import as_object_array, check_interval_tables, check_videos


def oracle_epoch_evaluation(
    estimator: Any,
    X: Collection[Any],
    y: Collection[IntervalTable],
    *,
    groups: ArrayLike,
    cv: Any = None,
    return_estimator: bool = False,
    n_jobs: int | None = None,
) -> Bunch:
    """Measure how much the score gains if the epoch is chosen by the test subject's own score.

    **For reproducing published figures only.** The public scripts of this field score every epoch
    on the subject held out and keep, for each subject, the epoch with the best score there. The
    result does not estimate how well the expressions of unseen subjects are spotted, because the
    test labels chose the model. This function runs that protocol beside the honest one, in which
    the spotter is used as `fit` leaves it: with the last epoch, or with that chosen by early
    stopping on subjects held out of the training part. Both use the same training.

    Parameters
    ----------
    estimator : SpotFormerClassifier, or Pipeline that ends with one
        The spotter. Each fold fits a clone.
    X : collection of n_videos elements
        What the spotter is fitted to: videos, or features.
    y : collection of n_videos interval tables
        The true intervals of each video.
    groups : array-like of shape (n_videos,)
        The subject of each video.
    cv : int, splitter, iterable of (train, test) or None, default=None
        How the videos are split. None means `LeaveOneSubjectOut`, a number means
        `StratifiedSubjectKFold` with that many folds. A video can be in at most one test part.
    return_estimator : bool, default=False
        Whether the result contains the fitted spotters.
    n_jobs : int, default=None
        Number of folds computed at a time. The result does not depend on it.

    Returns
    -------
    result : Bunch
        Its fields:

        videos : int array of shape (n_tested,)
            The indices of the videos that were tested, ascending. The next two refer to them.
        honest, oracle : object array of n_tested interval tables
            Predictions of the fitted spotter, and of the best epoch of the video's subject.
        best_epochs : dict of subject to int
            The epoch the oracle chose, counted from 1: the first of the best.
        scores : DataFrame
            F1 of macro, micro and overall, pooled over all tested videos, in the rows `honest`,
            `oracle` and `flattery`, which is their difference.
        estimators : list
            The fitted spotter of each fold, with `return_estimator`.

    Raises
    ------
    TypeError
        If the last step of the estimator does not take callbacks of skorch.
    ValueError
        If `groups` is missing or not as long as `X`, if a subject is in the training and the test
        part of a fold, or if a video is tested twice.

    See Also
    --------
    LeaveOneSubjectOut : The honest protocol, with scikit-learn's `cross_val_predict`.

    Examples
    --------
    >>> import numpy as np
    >>> from skspot import make_intervals
    >>> from skspot.model_selection import oracle_epoch_evaluation
    >>> from skspot.neural_network import SpotFormerClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(120, 16, 10, 2)).astype("float32") for _ in range(2)]
    >>> y = [make_intervals([(30, 60, "macro")]), make_intervals([(50, 60, "micro")])]
    >>> spotter = SpotFormerClassifier(
    ...     max_epochs=2, random_state=0
    ... )
    >>> result = oracle_epoch_evaluation(spotter, X, y, groups=["s1", "s2"])
    >>> list(result.scores.index), list(result.scores.columns)
    (['honest', 'oracle', 'flattery'], ['macro', 'micro', 'overall'])
    """
    import pandas as pd

    videos = check_videos(X)
    tables = check_interval_tables(y, n_videos=len(videos))
    subjects = check_subjects(groups, len(videos), "oracle_epoch_evaluation")
    callbacks = getattr(_last_step(estimator), "callbacks", "none of skorch")
    if isinstance(callbacks, str):
        raise TypeError(
            "The estimator must be a SpotFormerClassifier or a Pipeline that ends with one, with a "
            f"list of callbacks; got {type(_last_step(estimator)).__name__} with callbacks: "
            f"{callbacks}."
        )
    folds = _check_folds(resolve_cv(cv).split(videos, tables, subjects), subjects)
    per_fold = Parallel(n_jobs=n_jobs)(
        delayed(_predict_epochs)(clone(estimator), videos, tables, subjects, train, test)
        for train, test in folds
    )
    honest, oracle, best_epochs = {}, {}, {}
    for (_, test), (epochs, last, _) in zip(folds, per_fold):
        honest.update(zip(test, last))
        for subject in np.unique(subjects[test]):
            own = np.flatnonzero(subjects[test] == subject)
            truth = [tables[test[i]] for i in own]
            scores = [interval_f1_score(truth, [epoch[i] for i in own]) for epoch in epochs]
            best = int(np.argmax(scores))
            best_epochs[subject.item()] = best + 1
            oracle.update((test[i], epochs[best][i]) for i in own)
    tested = np.array(sorted(honest))
    result = Bunch(
        videos=tested,
        honest=as_object_array(honest[i] for i in tested),
        oracle=as_object_array(oracle[i] for i in tested),
        best_epochs=best_epochs,
    )
    if return_estimator:
        result.estimators = [fitted for *_, fitted in per_fold]
    truth = [tables[i] for i in tested]
    result.scores = pd.DataFrame(
        {name: _f1_scores(truth, result[name]) for name in ("honest", "oracle")}
    ).T
    result.scores.loc["flattery"] = result.scores.loc["oracle"] - result.scores.loc["honest"]
    return result


def _last_step(estimator):
    return estimator[-1] if isinstance(estimator, Pipeline) else estimator


def _check_folds(folds, subjects):
    """Return the folds as a list; refuse subjects in both parts, and videos tested twice."""
    folds = list(folds)
    for train, test in folds:
        shared = np.intersect1d(subjects[train], subjects[test])
        if len(shared):
            raise ValueError(
                f"Subjects {shared.tolist()} are in the training and the test part of one fold; "
                "split by subject, as LeaveOneSubjectOut does."
            )
    tested, times = np.unique(np.concatenate([test for _, test in folds]), return_counts=True)
    if (times > 1).any():
        raise ValueError(f"Videos {tested[times > 1].tolist()} are in several test parts.")
    return folds


def _predict_epochs(estimator, videos, tables, subjects, train, test):
    """Fit a spotter to one fold; return its predictions after each epoch and at last, and it."""
    from skorch.callbacks import Callback

    class PredictionRecorder(Callback):
        """Keep the predictions for the test videos after each epoch."""

        def on_epoch_end(self, net, **kwargs):
            epochs.append(list(net.predict(tested)))

    epochs = []
    trained, tested = ([videos[i] for i in part] for part in (train, test))
    truth = [tables[i] for i in train]
    if isinstance(estimator, Pipeline) and len(estimator) > 1:
        steps = estimator[:-1]
        trained = steps.fit_transform(trained, truth)
        tested = steps.transform(tested)
        _compute(tested)
    spotter = _last_step(estimator)
    callbacks = spotter.callbacks
    # First, because early stopping interrupts the callbacks after it.
    spotter.set_params(callbacks=[PredictionRecorder(), *(callbacks or [])])
    spotter.fit(trained, truth, groups=subjects[train])
    spotter.set_params(callbacks=callbacks)
    return epochs, list(spotter.predict(tested)), estimator


def _compute(features):
    """Compute features that are not computed yet, because each epoch predicts from them."""
    for video in features:
        if not getattr(video, "computed", True):
            np.asarray(video)  # which keeps them


def _f1_scores(y_true, y_pred):
    """Return the F1 score of each class and overall."""
    scores = dict(zip(CLASSES, interval_f1_score(y_true, y_pred, average=None)))
    return {**scores, "overall": interval_f1_score(y_true, y_pred)}
