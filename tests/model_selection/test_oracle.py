import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch.callbacks import Callback, EarlyStopping

from skspot.metrics import interval_f1_score
from skspot.model_selection import (
    LeaveOneSubjectOut,
    StratifiedSubjectKFold,
    oracle_epoch_evaluation,
)
from skspot.neural_network import SpotFormerClassifier
from skspot.preprocessing import FlowFeatures, FlowLayout
from tests.neural_network.test_classifier import TINY, planted_videos

SUBJECTS = ["a", "a", "b", "c"]


@pytest.fixture(scope="module")
def data():
    return planted_videos(4, seed=0)


@pytest.fixture(scope="module")
def spotter():
    return SpotFormerClassifier(max_epochs=2, random_state=0, **TINY)


@pytest.fixture(scope="module")
def result(spotter, data):
    return oracle_epoch_evaluation(spotter, *data, groups=SUBJECTS)


def test_honest_predictions_are_those_of_cross_val_predict(spotter, data, result):
    expected = cross_val_predict(spotter, *data, groups=SUBJECTS, cv=LeaveOneSubjectOut())
    np.testing.assert_array_equal(result.videos, np.arange(4))
    for one, other in zip(result.honest, expected):
        np.testing.assert_array_equal(one, other)


class Epochs(Callback):
    """Predict videos after each epoch."""

    def __init__(self, videos):
        self.videos = videos

    def on_train_begin(self, net, **kwargs):
        self.predicted = []

    def on_epoch_end(self, net, **kwargs):
        self.predicted.append(net.predict(self.videos))


def test_the_oracle_takes_the_first_best_epoch_of_each_subject(data, result):
    X, y = data
    for subject, (train, test) in zip("abc", LeaveOneSubjectOut().split(X, y, SUBJECTS)):
        epochs = Epochs([X[i] for i in test])
        net = SpotFormerClassifier(max_epochs=2, random_state=0, callbacks=[epochs], **TINY)
        net.fit([X[i] for i in train], [y[i] for i in train])
        scores = [interval_f1_score([y[i] for i in test], tables) for tables in epochs.predicted]
        best = int(np.argmax(scores))
        assert result.best_epochs[subject] == best + 1
        for video, table in zip(test, epochs.predicted[best]):
            np.testing.assert_array_equal(result.oracle[video], table)


def test_scores_are_pooled_and_flattery_is_the_difference(data, result):
    scores = result.scores
    for name in ("honest", "oracle"):
        assert scores.loc[name, "overall"] == interval_f1_score(data[1], result[name])
        expected = interval_f1_score(data[1], result[name], average=None)
        np.testing.assert_array_equal(scores.loc[name, ["macro", "micro"]], expected)
    difference = scores.loc["oracle"] - scores.loc["honest"]
    np.testing.assert_array_equal(scores.loc["flattery"], difference)


def test_pipelines_folds_of_ones_own_and_jobs(spotter, data, result):
    pipeline = make_pipeline(FunctionTransformer(), spotter)
    folds = [(np.array([2, 3]), np.array([0, 1]))]
    for n_jobs in (1, 2):
        one = oracle_epoch_evaluation(
            pipeline, *data, groups=SUBJECTS, cv=folds, n_jobs=n_jobs, return_estimator=True
        )
        (fitted,) = one.estimators
        predicted = fitted.predict(data[0][:2])
        np.testing.assert_array_equal(one.videos, [0, 1])
        assert list(one.best_epochs) == ["a"]
        for i in (0, 1):
            np.testing.assert_array_equal(one.oracle[i], result.oracle[i])
            np.testing.assert_array_equal(one.honest[i], result.honest[i])
            np.testing.assert_array_equal(one.honest[i], predicted[i])


computed = []


def features_that_are_counted(X):
    """Return arrays as features that note when they are computed."""

    def lazily(values):
        def compute():
            computed.append(len(values))
            return iter(values)

        times = np.arange(len(values)) / 30
        return FlowFeatures(FlowLayout(), np.ones(len(values)), times, compute)

    return [lazily(values) for values in X]


def test_features_are_computed_once_for_all_epochs(spotter, data):
    computed.clear()
    pipeline = make_pipeline(FunctionTransformer(features_that_are_counted), spotter)
    folds = [(np.array([2, 3]), np.array([0, 1]))]
    oracle_epoch_evaluation(pipeline, *data, groups=SUBJECTS, cv=folds)
    assert len(computed) == 4


def test_a_number_is_stratified_folds(spotter, data):
    once = clone(spotter).set_params(max_epochs=1)
    expected = list(StratifiedSubjectKFold(2).split(*data, SUBJECTS))
    one, other = (
        oracle_epoch_evaluation(once, *data, groups=SUBJECTS, cv=cv, return_estimator=True)
        for cv in (2, expected)
    )
    assert len(one.estimators) == 2
    for table, same in zip(one.honest, other.honest):
        np.testing.assert_array_equal(table, same)


def test_the_estimator_and_its_callbacks_are_left_alone(data):
    class Count(Callback):
        def on_train_begin(self, net, **kwargs):
            self.trained = True

    count = Count()
    spotter = SpotFormerClassifier(max_epochs=1, random_state=0, callbacks=[count], **TINY)
    oracle_epoch_evaluation(spotter, *data, groups=SUBJECTS)
    assert spotter.callbacks == [count]
    assert not hasattr(count, "trained")
    assert not spotter.__sklearn_is_fitted__()


def test_early_stopping_by_subject_is_the_honest_protocol(data):
    stopping = EarlyStopping("valid_f1", lower_is_better=False, patience=2, load_best=True)
    spotter = SpotFormerClassifier(
        train_split=LeaveOneSubjectOut(),
        callbacks=[stopping],
        random_state=0,
        **{**TINY, "max_epochs": 30},
    )
    train, test = [0, 1, 3], [2]
    result = oracle_epoch_evaluation(
        spotter, *data, groups=SUBJECTS, cv=[(train, test)], return_estimator=True
    )
    (fitted,) = result.estimators
    assert len(fitted.history) < 30
    np.testing.assert_array_equal(result.honest[0], fitted.predict([data[0][2]])[0])
    assert result.best_epochs["b"] <= len(fitted.history)
    alone = clone(spotter).fit(
        *([part[i] for i in train] for part in data), groups=np.array(SUBJECTS)[train]
    )
    assert alone.history[:, "valid_f1"] == fitted.history[:, "valid_f1"]


def test_refusals(spotter, data):
    with pytest.raises(ValueError, match="needs the subject of each video"):
        oracle_epoch_evaluation(spotter, *data, groups=None)
    with pytest.raises(ValueError, match=r"Subjects \['a'\] are in the training and the test part"):
        oracle_epoch_evaluation(
            spotter, *data, groups=SUBJECTS, cv=[(np.arange(1, 4), np.array([0]))]
        )
    folds = [(np.array([2, 3]), np.array([0, 1]))] * 2
    with pytest.raises(ValueError, match=r"Videos \[0, 1\] are in several test parts"):
        oracle_epoch_evaluation(spotter, *data, groups=SUBJECTS, cv=folds)
    with pytest.raises(ValueError, match="Subjects"):
        oracle_epoch_evaluation(
            spotter, *data, groups=SUBJECTS, cv=KFold(3, shuffle=True, random_state=0)
        )
    disabled = SpotFormerClassifier(callbacks="disable", **TINY)
    with pytest.raises(TypeError, match="with callbacks: disable"):
        oracle_epoch_evaluation(disabled, *data, groups=SUBJECTS)
    with pytest.raises(TypeError, match="got LogisticRegression with callbacks: none"):
        oracle_epoch_evaluation(LogisticRegression(), *data, groups=SUBJECTS)
