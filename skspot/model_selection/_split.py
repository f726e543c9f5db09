"""Cross-validation splits by subject.

A model spots the expressions of people it was trained on more easily than those of strangers, so
no subject may be in the training and the test set of one split.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, check_cv
from sklearn.utils import check_random_state

from skspot.intervals import CLASSES
from skspot.utils._typing import IntervalTable
from skspot.utils.validation import check_interval_tables


class LeaveOneSubjectOut(LeaveOneGroupOut):
    """Leave-one-subject-out cross-validation.

    Each split tests all videos of one subject and trains on the videos of all others. The splits
    are in the sorted order of the subjects. Videos are neither opened nor loaded.

    See Also
    --------
    StratifiedSubjectKFold : Fewer splits, each with several subjects.

    Examples
    --------
    >>> from skspot.model_selection import LeaveOneSubjectOut
    >>> videos = ["006_1.mp4", "006_2.mp4", "007_1.mp4"]
    >>> subjects = ["006", "006", "007"]
    >>> for train, test in LeaveOneSubjectOut().split(videos, groups=subjects):
    ...     print("train", train, "test", test)
    train [2] test [0 1]
    train [0 1] test [2]
    """

    def get_n_splits(
        self, X: object = None, y: object = None, groups: ArrayLike | None = None
    ) -> int:
        """Return the number of splits, which is the number of subjects.

        Parameters
        ----------
        X : object, default=None
            Not used.
        y : object, default=None
            Not used.
        groups : array-like of shape (n_videos,)
            The subject of each video, a string or a number.

        Returns
        -------
        n_splits : int
            The number of subjects.

        Raises
        ------
        ValueError
            If `groups` is missing, holds invalid subjects, or fewer than two.
        """
        return len(np.unique(self._subjects(groups)))

    def split(
        self, X: Collection[Any], y: object = None, groups: ArrayLike | None = None
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Generate the indices of training and test videos.

        Parameters
        ----------
        X : list, tuple, Series or array of n_videos elements
            The videos. Only their number is used.
        y : list, tuple, Series or array of n_videos elements, default=None
            Only its length is used.
        groups : array-like of shape (n_videos,)
            The subject of each video, a string or a number.

        Returns
        -------
        splits : iterator of tuples (train, test)
            Both are int arrays of video indices.

        Raises
        ------
        ValueError
            If `groups` is missing, holds invalid subjects or fewer than two, or is not as long
            as `X`.
        """
        return super().split(X, y, self._subjects(groups, len(X)))

    def _subjects(self, groups, n_videos=None):
        """Return the subjects as an array; refuse a single one."""
        subjects = check_subjects(groups, n_videos, type(self).__name__)
        if len(set(subjects)) < 2:
            raise ValueError(
                f"LeaveOneSubjectOut needs at least 2 subjects, got {len(subjects)} videos of "
                f"{sorted(set(subjects.tolist()))}."
            )
        return subjects


class StratifiedSubjectKFold(GroupKFold):
    """K-fold cross-validation by subject, balanced in macro- and micro-expressions.

    Each subject is in exactly one test set. Subjects are grouped so that each test set has about
    the same share of all macro-expressions and the same share of all micro-expressions; among
    equally good groupings, about the same number of videos.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2 and at most the number of subjects.
    shuffle : bool, default=False
        Whether to start from a random order of the subjects, which gives other folds that are also
        balanced. Without it, the folds depend only on the data.
    random_state : int, RandomState instance or None, default=None
        The seed of the order if `shuffle` is True.

    Raises
    ------
    ValueError
        If `n_splits` is not a whole number of at least 2, or a seed is given without `shuffle`.

    See Also
    --------
    LeaveOneSubjectOut : One split per subject.

    Notes
    -----
    Subjects are assigned one by one, those with the largest share of the expressions first unless
    shuffled, to the fold that keeps the sum of the squared shares of all folds smallest. Then pairs
    of subjects are swapped as long as this sum decreases. The result is not always the best
    possible one.

    Examples
    --------
    >>> from skspot import make_intervals
    >>> from skspot.model_selection import StratifiedSubjectKFold
    >>> videos = ["a.mp4", "b.mp4", "c.mp4", "d.mp4"]
    >>> macro, micro = [make_intervals([(10, 29, label)]) for label in ("macro", "micro")]
    >>> intervals = [macro, macro, micro, micro]
    >>> splitter = StratifiedSubjectKFold(n_splits=2)
    >>> for train, test in splitter.split(videos, intervals, groups=["s1", "s2", "s3", "s4"]):
    ...     print("train", train, "test", test)
    train [1 3] test [0 2]
    train [0 2] test [1 3]
    """

    def split(
        self,
        X: Collection[Any],
        y: Collection[IntervalTable] | None = None,
        groups: ArrayLike | None = None,
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Generate the indices of training and test videos.

        Parameters
        ----------
        X : list, tuple, Series or array of n_videos elements
            The videos. Only their number is used.
        y : list, tuple, Series or object array of n_videos interval tables
            The true intervals of each video.
        groups : array-like of shape (n_videos,)
            The subject of each video, a string or a number.

        Returns
        -------
        splits : iterator of tuples (train, test)
            Both are int arrays of video indices.

        Raises
        ------
        TypeError
            If `y` is missing or not a collection of interval tables.
        ValueError
            If `groups` is missing or holds invalid subjects, if there are fewer subjects than
            folds, or if `y` or `groups` are not as long as `X`.
        """
        subjects = check_subjects(groups, len(X), type(self).__name__)
        tables = check_interval_tables(y, n_videos=len(X), allow_overlap=True)
        names, subject_of_video = np.unique(subjects, return_inverse=True)
        if self.n_splits > len(names):
            raise ValueError(
                f"n_splits={self.n_splits} is more than the number of subjects, {len(names)}; "
                "lower n_splits, or use LeaveOneSubjectOut."
            )
        counts = _count_by_subject(tables, subject_of_video)
        fold_of_video = self._assign_folds(counts)[subject_of_video]
        return (
            (np.flatnonzero(fold_of_video != fold), np.flatnonzero(fold_of_video == fold))
            for fold in range(self.n_splits)
        )

    def _assign_folds(self, counts):
        """Return the fold of each subject."""
        shares = counts / np.maximum(counts.sum(axis=0), 1)
        if self.shuffle:
            order = check_random_state(self.random_state).permutation(len(shares))
        else:
            expressions, videos = shares[:, :-1].sum(axis=1), shares[:, -1]
            order = np.lexsort((-videos, -expressions))
        return _swap_subjects(_deal_subjects(shares, order, self.n_splits), shares, self.n_splits)


def resolve_cv(cv):
    """Return the splitter of a parameter `cv`.

    Parameters
    ----------
    cv : int, splitter, iterable of (train, test) or None
        None is `LeaveOneSubjectOut`, a number the folds of a `StratifiedSubjectKFold`.

    Returns
    -------
    splitter : splitter
        An object with the method `split`.
    """
    if cv is None:
        return LeaveOneSubjectOut()
    if isinstance(cv, Integral):
        return StratifiedSubjectKFold(cv)
    if isinstance(cv, str) or not (hasattr(cv, "split") or isinstance(cv, Iterable)):
        raise TypeError(
            "cv must be a number of folds, a splitter such as LeaveOneSubjectOut(), or pairs of "
            f"training and test indices, got {cv!r}."
        )
    return check_cv(cv)


def check_subjects(groups, n_videos, caller):
    """Return the subject of each video as an array; refuse missing ones."""
    if groups is None:
        raise ValueError(
            f"{caller} needs the subject of each video: pass groups=subjects "
            "(with metadata routing, cross_validate takes params={'groups': subjects})."
        )
    subjects = list(groups)
    if n_videos is not None and len(subjects) != n_videos:
        raise ValueError(
            f"groups must hold the subject of each video: got {len(subjects)} subjects for "
            f"{n_videos} videos."
        )
    for i, subject in enumerate(subjects):
        if not isinstance(subject, (str, Real)) or subject != subject:  # NaN
            raise ValueError(
                f"groups[{i}] must be a subject, a string or a number, got {subject!r}."
            )
    if len({isinstance(subject, str) for subject in subjects}) > 1:
        # As text, 1.0 and "1" would be two subjects.
        raise ValueError("groups mixes strings and numbers; use one kind for all subjects.")
    return np.asarray(subjects)


def _count_by_subject(tables, subject_of_video):
    """Return macro-expressions, micro-expressions and videos, shape (n_subjects, 3)."""
    of_video = [[*(np.sum(table["label"] == label) for label in CLASSES), 1] for table in tables]
    counts = np.zeros((subject_of_video.max() + 1, len(CLASSES) + 1), dtype=np.int64)
    np.add.at(counts, subject_of_video, of_video)
    return counts


def _deal_subjects(shares, order, n_folds):
    """Assign each subject in turn to the fold that keeps the squared shares smallest.

    A fold without subjects is always among the best in expressions and has the fewest videos, so
    no fold remains empty.
    """
    fold_of_subject = np.empty(len(shares), dtype=np.intp)
    totals = np.zeros((n_folds, shares.shape[1]))
    for subject in order:
        # Half of the growth of the sum of squares, without the term that all folds have in common.
        fold, _ = _first_smallest(totals * shares[subject])
        totals[fold] += shares[subject]
        fold_of_subject[subject] = fold
    return fold_of_subject


def _swap_subjects(fold_of_subject, shares, n_folds):
    """Swap pairs of subjects as long as the squared shares decrease."""
    fold_of_subject = fold_of_subject.copy()
    difference = shares[np.newaxis] - shares[:, np.newaxis]
    for _ in range(len(shares)):
        totals = np.zeros((n_folds, shares.shape[1]))
        np.add.at(totals, fold_of_subject, shares)
        ahead = totals[fold_of_subject]
        # Half of the growth of the sum of squares when two subjects are swapped.
        growth = difference * (ahead[:, np.newaxis] - ahead[np.newaxis] + difference)
        growth[fold_of_subject[:, np.newaxis] == fold_of_subject] = 0
        pair, (expressions, videos) = _first_smallest(growth.reshape(-1, shares.shape[1]))
        if (expressions, videos) >= (0, 0):
            break
        first, second = np.unravel_index(pair, growth.shape[:2])
        fold_of_subject[[first, second]] = fold_of_subject[[second, first]]
    return fold_of_subject


def _first_smallest(products):
    """Return the first row with the fewest expressions and, among equals, the fewest videos.

    The values of that row, expressions and videos, are returned as well. They are rounded, because
    floating-point noise would make equal sums different.
    """
    expressions = np.round(products[:, :-1].sum(axis=1), 12)
    videos = np.round(products[:, -1], 12)
    equal = np.flatnonzero(expressions == expressions.min())
    row = equal[np.argmin(videos[equal])]
    return row, (expressions[row], videos[row])
