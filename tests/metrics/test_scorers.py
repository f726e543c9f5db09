"""Tests of the scorers within scikit-learn's model selection."""

import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_validate

from skspot import make_intervals
from skspot.metrics import (
    interval_counts,
    interval_counts_scorer,
    interval_f1_score,
    interval_f1_scorer,
    macro_expression_f1_scorer,
    micro_expression_f1_scorer,
)
from skspot.model_selection import LeaveOneSubjectOut

SUBJECTS = ["s1", "s1", "s2", "s2", "s3", "s3"]


class ConstantSpotter(ClassifierMixin, BaseEstimator):
    """A classifier that predicts one micro-expression of a given length in every video."""

    def __init__(self, length=10):
        self.length = length

    def fit(self, X, y):
        self.classes_ = np.array(["neutral", "macro", "micro"])
        return self

    def predict(self, X):
        return [make_intervals([(0, self.length - 1, "micro")]) for _ in X]


def test_scorers_agree_with_the_score(spotter, videos):
    y_true, y_pred = videos
    assert interval_f1_scorer(spotter, y_pred, y_true) == interval_f1_score(y_true, y_pred)
    for label, scorer in (
        ("macro", macro_expression_f1_scorer),
        ("micro", micro_expression_f1_scorer),
    ):
        expected = interval_f1_score(y_true, y_pred, classes=[label])
        assert scorer(spotter, y_pred, y_true) == expected


def test_scorers_of_one_label_look_at_no_other(spotter):
    truth = [make_intervals([(0, 9, "macro"), (50, 59, "micro")])]
    predicted = [make_intervals([(0, 9, "macro")])]
    assert macro_expression_f1_scorer(spotter, predicted, truth) == 1.0
    assert micro_expression_f1_scorer(spotter, predicted, truth) == 0.0


def test_scorer_of_another_rule(spotter):
    truth = [make_intervals([(0, 9, "micro")])]
    predicted = [make_intervals([(0, 3, 6, "micro", 0.9), (3, 6, 9, "micro", 0.8)])]
    scorer = make_scorer(interval_f1_score, rule="many-to-many")
    assert interval_f1_scorer(spotter, predicted, truth) == 2 / 3
    assert scorer(spotter, predicted, truth) == 1.0


def test_counts_scorer(spotter, videos):
    y_true, y_pred = videos
    assert interval_counts_scorer(spotter, y_pred, y_true) == {
        "macro_tp": 2,
        "macro_fp": 2,
        "macro_fn": 1,
        "micro_tp": 2,
        "micro_fp": 1,
        "micro_fn": 2,
    }


def test_several_scorers_in_cross_validate(spotter, videos):
    y_true, y_pred = videos
    results = cross_validate(
        spotter,
        y_pred,
        y_true,
        groups=SUBJECTS,
        cv=LeaveOneSubjectOut(),
        scoring={"f1": interval_f1_scorer, "micro": micro_expression_f1_scorer},
        error_score="raise",
    )
    expected = [
        interval_f1_score(y_true[i : i + 2], y_pred[i : i + 2], classes=classes)
        for classes in (None, ["micro"])
        for i in (0, 2, 4)
    ]
    assert [*results["test_f1"], *results["test_micro"]] == expected


@pytest.mark.parametrize("routing", [False, True])
def test_counts_of_folds_add_up_to_the_pooled_counts(spotter, videos, routing):
    y_true, y_pred = videos
    with sklearn.config_context(enable_metadata_routing=routing):
        results = cross_validate(
            spotter,
            y_pred,
            y_true,
            **({"params": {"groups": SUBJECTS}} if routing else {"groups": SUBJECTS}),
            cv=LeaveOneSubjectOut(),
            scoring=interval_counts_scorer,
            error_score="raise",
        )
    for label, count in interval_counts(y_true, y_pred).items():
        for kind, n in count.items():
            assert results[f"test_{label}_{kind}"].sum() == n


def test_mean_over_folds_is_not_the_pooled_score(spotter, videos):
    y_true, y_pred = videos
    options = {"groups": SUBJECTS, "cv": LeaveOneSubjectOut()}
    results = cross_validate(spotter, y_pred, y_true, scoring=interval_f1_scorer, **options)
    pooled = interval_f1_score(y_true, cross_val_predict(spotter, y_pred, y_true, **options))
    assert pooled == interval_f1_score(y_true, y_pred)
    assert results["test_score"].mean() != pytest.approx(pooled)


def test_grid_search():
    y = [make_intervals([(0, 19, "micro")])] * 6
    search = GridSearchCV(
        ConstantSpotter(),
        {"length": [5, 20, 50]},
        cv=LeaveOneSubjectOut(),
        scoring=interval_f1_scorer,
        error_score="raise",
    ).fit(["video"] * 6, y, groups=SUBJECTS)
    assert search.best_params_ == {"length": 20}
    assert search.best_score_ == 1.0


def test_grid_search_by_pooled_counts():
    def best_pooled_f1(results):
        tp, fp, fn = (results[f"mean_test_micro_{kind}"] for kind in ("tp", "fp", "fn"))
        return int(np.argmax(2 * tp / (2 * tp + fp + fn)))

    y = [make_intervals([(0, 19, "micro")])] * 6
    search = GridSearchCV(
        ConstantSpotter(),
        {"length": [5, 20, 50]},
        cv=LeaveOneSubjectOut(),
        scoring=interval_counts_scorer,
        refit=best_pooled_f1,
        error_score="raise",
    ).fit(["video"] * 6, y, groups=SUBJECTS)
    assert search.best_params_ == {"length": 20}
