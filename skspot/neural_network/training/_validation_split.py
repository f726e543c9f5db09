"""Split off the videos of held-out subjects for validation."""

import numpy as np


def validation_split(train_split, features, tables, groups):
    """Split videos into those to train on and those held out for validation.

    Parameters
    ----------
    train_split : cross-validation splitter or None
        Its first fold is taken; None holds out nothing.
    features : list of arrays or None
        The features of each video.
    tables : list of ndarray of dtype `INTERVAL_DTYPE`
        The annotated intervals of each video.
    groups : array-like of shape (n_videos,) or None
        The subject of each video.

    Returns
    -------
    train, held_out : list of int
        Indices of videos.

    Raises
    ------
    ValueError
        If `train_split` is not a splitter, puts videos of a subject in both parts, or `groups` are
        missing.
    """
    if train_split is None:
        return list(range(len(features))), []
    if not hasattr(train_split, "split"):
        raise ValueError(
            "train_split must be None or a splitter that keeps subjects together, such as "
            f"StratifiedSubjectKFold(5), got {train_split!r}. Windows of one expression would lie "
            "in both parts otherwise."
        )
    if groups is None:
        raise ValueError(
            "train_split needs the subject of each video: call fit(X, y, groups=subjects), or "
            "fit(X, y, spot__groups=subjects) of a pipeline with a step called spot. With "
            "scikit-learn's metadata routing, use set_fit_request(groups=True)."
        )
    split = next(iter(train_split.split(features, tables, groups)))
    train, held_out = (np.asarray(part) for part in split)
    subjects = np.asarray(groups)
    shared = np.intersect1d(subjects[train], subjects[held_out])
    if len(shared):
        raise ValueError(
            f"{train_split!r} puts videos of the subjects {shared.tolist()} in both parts; take a "
            "splitter that keeps subjects together, such as StratifiedSubjectKFold(5)."
        )
    return train.tolist(), held_out.tolist()


def check_monitors(callbacks, train_split):
    """Raise if a callback monitors a score of held-out videos but none are held out.

    Parameters
    ----------
    callbacks : list of Callback or of (str, Callback), None or str
        The parameter of a net.
    train_split : cross-validation splitter or None
        The parameter of a net.

    Raises
    ------
    ValueError
        If a callback monitors a value that is never recorded.
    """
    if train_split is not None or callbacks is None or isinstance(callbacks, str):
        return
    callbacks = [callback[1] if isinstance(callback, tuple) else callback for callback in callbacks]
    on_held_out = {"valid_loss", "valid_f1"}
    on_held_out |= {c.name for c in callbacks if not getattr(c, "on_train", True)}
    for callback in callbacks:
        monitor = getattr(callback, "monitor", None)
        if isinstance(monitor, str) and monitor.removesuffix("_best") in on_held_out:
            raise ValueError(
                f"{type(callback).__name__} watches {monitor!r}, which is recorded on held-out "
                "videos only: set train_split=StratifiedSubjectKFold(5), say, and call fit with "
                "groups=subjects; or let it watch 'train_loss'."
            )
