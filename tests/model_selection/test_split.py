"""Tests of the splits by subject."""

import itertools
import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator
from sklearn.model_selection import (
    GridSearchCV,
    LeaveOneGroupOut,
    cross_val_predict,
    cross_validate,
)
from sklearn.pipeline import make_pipeline

from skspot import make_intervals
from skspot.metrics import interval_f1_scorer
from skspot.model_selection import LeaveOneSubjectOut, StratifiedSubjectKFold
from skspot.utils.validation import as_object_array

CONTAINERS = [list, tuple, pd.Series, as_object_array]


class SubjectSpotter(BaseEstimator):
    """A spotter of paths like ``s1/a.mp4`` that refuses a subject it was trained on."""

    def __init__(self, length=10):
        self.length = length

    def fit(self, X, y):
        self.seen_ = {path.split("/")[0] for path in X}
        return self

    def predict(self, X):
        assert not self.seen_ & {path.split("/")[0] for path in X}
        return as_object_array(make_intervals([(0, self.length - 1, "micro")]) for _ in X)


def table(n_macro, n_micro):
    """Return a table with these numbers of expressions."""
    labels = ["macro"] * n_macro + ["micro"] * n_micro
    return make_intervals([(10 * i, 10 * i + 5, label) for i, label in enumerate(labels)])


def corpus(*subjects):
    """Return X, y and groups of subjects, each given as its videos' (n_macro, n_micro)."""
    rows = [(f"s{i}", *video) for i, videos in enumerate(subjects) for video in videos]
    X = [f"{subject}/{i}.mp4" for i, (subject, *_) in enumerate(rows)]
    return X, [table(*counts) for _, *counts in rows], [subject for subject, *_ in rows]


def fold_counts(splitter, X, y, groups):
    """Return macro-expressions, micro-expressions and videos of each test set."""
    return np.array(
        [
            [sum(np.sum(y[i]["label"] == label) for i in test) for label in ("macro", "micro")]
            + [len(test)]
            for _, test in splitter.split(X, y, groups)
        ]
    )


@pytest.fixture
def six_subjects():
    return corpus(
        [(4, 0), (2, 1)], [(0, 3)], [(1, 1), (1, 1), (0, 0)], [(5, 2)], [(0, 0)], [(3, 1), (0, 2)]
    )


@pytest.fixture(params=[LeaveOneSubjectOut(), StratifiedSubjectKFold(3)], ids=["loso", "kfold"])
def splitter(request):
    return request.param


# Both splitters


def test_subjects_are_never_parted(splitter, six_subjects):
    X, y, groups = six_subjects
    tested = []
    for train, test in splitter.split(X, y, groups):
        assert not {groups[i] for i in train} & {groups[i] for i in test}
        assert_array_equal(np.sort(np.r_[train, test]), np.arange(len(X)))
        tested.extend(test)
    assert sorted(tested) == list(range(len(X)))


def test_number_of_splits(splitter, six_subjects):
    X, y, groups = six_subjects
    assert splitter.get_n_splits(X, y, groups) == len(list(splitter.split(X, y, groups)))


@pytest.mark.parametrize("container", CONTAINERS)
def test_containers(splitter, six_subjects, container):
    X, y, groups = six_subjects
    expected = [test.tolist() for _, test in splitter.split(X, y, groups)]
    splits = splitter.split(container(X), container(y), container(groups))
    assert [test.tolist() for _, test in splits] == expected


def test_numbers_as_subjects(splitter, six_subjects):
    X, y, groups = six_subjects
    numbers = [int(subject[1:]) for subject in groups]
    for kind in (list, np.array, pd.Series, pd.Categorical):
        splits = list(splitter.split(X, y, kind(numbers)))
        expected = list(splitter.split(X, y, groups))
        assert all(np.array_equal(a[1], b[1]) for a, b in zip(splits, expected))


def test_missing_groups_are_refused(splitter, six_subjects):
    X, y, _ = six_subjects
    with pytest.raises(ValueError, match=f"{type(splitter).__name__} .*pass groups=subjects"):
        splitter.split(X, y)


def test_groups_of_another_length_are_refused(splitter, six_subjects):
    X, y, groups = six_subjects
    with pytest.raises(ValueError, match="got 9 subjects for 10 videos"):
        splitter.split(X, y, groups[:-1])


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT, ("s", 1)])
def test_missing_subject_is_refused(splitter, six_subjects, missing):
    X, y, groups = six_subjects
    groups[3] = missing
    with pytest.raises(ValueError, match=r"groups\[3\] must be a subject, a string or a number"):
        splitter.split(X, y, groups)


def test_mixed_subjects_are_refused(splitter, six_subjects):
    X, y, groups = six_subjects
    with pytest.raises(ValueError, match="strings and numbers"):
        splitter.split(X, y, [1, *groups[1:]])


@pytest.mark.parametrize("container", [list, tuple, as_object_array])
def test_cross_validate(splitter, six_subjects, container):
    X, y, groups = six_subjects
    results = cross_validate(
        SubjectSpotter(),
        container(X),
        container(y),
        groups=groups,
        cv=splitter,
        scoring=interval_f1_scorer,
        error_score="raise",
    )
    assert len(results["test_score"]) == splitter.get_n_splits(X, y, groups)


def test_cross_val_predict(splitter, six_subjects):
    X, y, groups = six_subjects
    predicted = cross_val_predict(SubjectSpotter(), X, y, groups=groups, cv=splitter)
    assert predicted.shape == (len(X),)
    assert all(len(table) == 1 for table in predicted)


@pytest.mark.parametrize("routing", [False, True])
def test_grid_search(splitter, six_subjects, routing):
    X, y, groups = six_subjects
    with sklearn.config_context(enable_metadata_routing=routing):
        search = GridSearchCV(
            make_pipeline(SubjectSpotter()),
            {"subjectspotter__length": [1, 6]},
            cv=splitter,
            scoring=interval_f1_scorer,
            error_score="raise",
        ).fit(X, y, groups=groups)
    assert search.best_params_ == {"subjectspotter__length": 6}


def test_metadata_routing(splitter, six_subjects):
    X, y, groups = six_subjects
    options = {"cv": splitter, "params": {"groups": groups}}
    with sklearn.config_context(enable_metadata_routing=True):
        cross_validate(
            SubjectSpotter(), X, y, scoring=interval_f1_scorer, error_score="raise", **options
        )
        assert len(cross_val_predict(SubjectSpotter(), X, y, **options)) == len(X)


def test_pickle_and_repr(splitter, six_subjects):
    copy = pickle.loads(pickle.dumps(splitter))
    assert repr(copy) == repr(splitter)
    for split, expected in zip(copy.split(*six_subjects), splitter.split(*six_subjects)):
        assert_array_equal(split[1], expected[1])


# Leave one subject out


def test_loso_is_leave_one_group_out(six_subjects):
    X, _, groups = six_subjects
    splits = LeaveOneSubjectOut().split(X, groups=groups)
    expected = LeaveOneGroupOut().split(X, groups=groups)
    for (train, test), (train_, test_) in itertools.zip_longest(splits, expected):
        assert_array_equal(train, train_)
        assert_array_equal(test, test_)


def test_loso_does_not_touch_the_videos():
    class Untouchable:
        def __getattribute__(self, name):
            raise AssertionError("the video was looked at")

    splits = list(LeaveOneSubjectOut().split([Untouchable() for _ in range(3)], groups=[1, 2, 1]))
    assert_array_equal(splits[0][1], [0, 2])


def test_loso_needs_two_subjects():
    with pytest.raises(ValueError, match=r"at least 2 subjects, got 3 videos of \['s1'\]"):
        LeaveOneSubjectOut().split(["a", "b", "c"], groups=["s1"] * 3)
    with pytest.raises(ValueError, match="at least 2 subjects"):
        LeaveOneSubjectOut().get_n_splits(groups=["s1"] * 3)


def test_loso_number_of_splits_needs_groups():
    assert LeaveOneSubjectOut().get_n_splits(groups=["b", "a", "b"]) == 2
    with pytest.raises(ValueError, match="pass groups=subjects"):
        LeaveOneSubjectOut().get_n_splits()


# Stratified k-fold


def test_kfold_balances_both_labels():
    # Balanced only if each fold has one subject with macro- and one with micro-expressions.
    data = corpus([(6, 0)], [(6, 0)], [(6, 0)], [(0, 2)], [(0, 2)], [(0, 2)])
    assert_array_equal(fold_counts(StratifiedSubjectKFold(3), *data), [[6, 2, 2]] * 3)


def test_kfold_weighs_rare_micro_expressions_as_much():
    # The six micro-expressions decide, though the macro-expressions vary as much.
    data = corpus([(50, 0)], [(49, 3)], [(48, 3)], [(51, 0)])
    assert_array_equal(fold_counts(StratifiedSubjectKFold(2), *data)[:, 1], [3, 3])


def test_kfold_swaps_what_was_dealt_badly():
    # Dealt in falling order, 8 + 5 + 4 face 7 + 6; the best is 8 + 7 against 6 + 5 + 4.
    data = corpus(*([(n, 0)] for n in (8, 7, 6, 5, 4)))
    assert sorted(fold_counts(StratifiedSubjectKFold(2), *data)[:, 0]) == [15, 15]


def test_kfold_balances_videos_among_equals():
    data = corpus([(1, 1)] + [(0, 0)] * 3, [(1, 1)], [(0, 0)] * 2, [(0, 0)])
    counts = fold_counts(StratifiedSubjectKFold(2), *data)
    assert_array_equal(counts, [[1, 1, 4], [1, 1, 4]])


def test_kfold_balances_videos_without_expressions():
    data = corpus(*([(0, 0)] * n for n in (4, 3, 3, 2)))
    assert_array_equal(fold_counts(StratifiedSubjectKFold(2), *data), [[0, 0, 6]] * 2)


def test_kfold_of_as_many_folds_as_subjects(six_subjects):
    X, y, groups = six_subjects
    splits = StratifiedSubjectKFold(6).split(X, y, groups)
    assert {frozenset(groups[i] for i in test) for _, test in splits} == {
        frozenset([f"s{i}"]) for i in range(6)
    }


@settings(deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=3),
        min_size=2,
        max_size=9,
    ),
    st.integers(2, 4),
    st.sampled_from([None, 0, 1]),
)
def test_no_exchange_of_subjects_would_balance_better(subjects, n_splits, seed):
    n_splits = min(n_splits, len(subjects))
    X, y, groups = corpus(*subjects)
    splitter = StratifiedSubjectKFold(n_splits, shuffle=seed is not None, random_state=seed)
    tests = [sorted({groups[i] for i in test}) for _, test in splitter.split(X, y, groups)]
    assert all(tests)
    folds = {subject: fold for fold, names in enumerate(tests) for subject in names}

    counts = np.array([np.sum(videos, axis=0) for videos in subjects])
    shares = counts / np.maximum(counts.sum(axis=0), 1)
    folds = np.array([folds[f"s{i}"] for i in range(len(subjects))])

    def spread(folds):
        return np.var([shares[folds == fold].sum(axis=0) for fold in range(n_splits)], axis=0).sum()

    for i, j in itertools.combinations(range(len(subjects)), 2):
        exchanged = folds.copy()
        exchanged[[i, j]] = folds[[j, i]]
        assert spread(exchanged) >= spread(folds) - 1e-9


def test_kfold_of_a_corpus_of_usual_size():
    rng = np.random.default_rng(0)
    subjects = [
        list(zip(rng.poisson(rng.gamma(1, 2.5, n)), rng.poisson(rng.gamma(1, 1, n))))
        for n in rng.integers(2, 7, 30)
    ]
    counts = fold_counts(StratifiedSubjectKFold(5), *corpus(*subjects))
    mean = counts.mean(axis=0)
    assert np.all(np.abs(counts[:, :2] - mean[:2]) <= np.maximum(0.1 * mean[:2], 2))


def test_kfold_depends_on_the_data_alone(six_subjects):
    X, y, groups = six_subjects
    order = np.random.default_rng(0).permutation(len(X))
    shuffled = [[values[i] for i in order] for values in (X, y, groups)]
    splitter = StratifiedSubjectKFold(3)
    assert [{X[i] for i in test} for _, test in splitter.split(X, y, groups)] == [
        {shuffled[0][i] for i in test} for _, test in splitter.split(*shuffled)
    ]


def test_kfold_shuffles(six_subjects):
    def folds(seed):
        splitter = StratifiedSubjectKFold(3, shuffle=True, random_state=seed)
        return [tuple(test) for _, test in splitter.split(*six_subjects)]

    assert folds(0) == folds(0)
    assert len({frozenset(folds(seed)) for seed in range(10)}) > 1


def test_kfold_refuses_more_folds_than_subjects(six_subjects):
    with pytest.raises(ValueError, match="n_splits=7 is more than the number of subjects, 6"):
        StratifiedSubjectKFold(7).split(*six_subjects)
    with pytest.raises(ValueError, match="n_splits=2 is more than the number of subjects, 0"):
        StratifiedSubjectKFold(2).split([], [], [])


@pytest.mark.parametrize("n_splits", [1, 0, 2.5, "3"])
def test_kfold_refuses_a_wrong_number_of_folds(n_splits):
    with pytest.raises(ValueError, match=f"{n_splits}"):
        StratifiedSubjectKFold(n_splits)


def test_kfold_refuses_a_seed_without_shuffle():
    with pytest.raises(ValueError, match="random_state has no effect"):
        StratifiedSubjectKFold(random_state=0)


def test_kfold_needs_interval_tables(six_subjects):
    X, y, groups = six_subjects
    with pytest.raises(TypeError, match="y must hold one interval table per video, got None"):
        StratifiedSubjectKFold(3).split(X, groups=groups)
    with pytest.raises(TypeError, match=r"y\[0\] must be an interval table"):
        StratifiedSubjectKFold(3).split(X, [0] * len(X), groups)
    with pytest.raises(ValueError, match="got 9 tables for 10 videos"):
        StratifiedSubjectKFold(3).split(X, y[1:], groups)
