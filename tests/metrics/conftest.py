"""Fixtures of the metrics tests."""

import json
import os
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator

from skspot import make_intervals
from skspot.utils.validation import as_object_array


class EchoSpotter(BaseEstimator):
    """A spotter whose videos are the tables that it predicts."""

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        return as_object_array(X)


@pytest.fixture
def spotter():
    return EchoSpotter()


@pytest.fixture
def videos():
    """Return y_true and y_pred of six videos: macro 2 tp, 2 fp, 1 fn; micro 2 tp, 1 fp, 2 fn."""
    y_true = [
        make_intervals([(10, 19, "micro"), (50, 99, "macro")]),
        make_intervals([(0, 9, "micro"), (30, 59, "macro")]),
        make_intervals([(5, 14, "micro")]),
        make_intervals(),
        make_intervals([(100, 199, "macro"), (300, 309, "micro")]),
        make_intervals(),
    ]
    y_pred = [
        make_intervals([(10, 14, 19, "micro", 0.9), (60, 70, 99, "macro", 0.8)]),
        make_intervals([(0, 9, "macro"), (31, 60, "macro")]),
        make_intervals([(5, 9, "micro")]),
        make_intervals([(40, 80, "macro")]),
        make_intervals([(290, 302, "micro")]),
        make_intervals(),
    ]
    return y_true, y_pred


@pytest.fixture(scope="session")
def golden():
    """Return the reference results, or skip where they are not at hand."""
    root = Path(__file__).parents[2]
    folder = Path(os.environ.get("SKSPOT_TEST_GOLDEN", root.parent / "shared" / "golden"))
    path = folder / "interval_f1_reference.json"
    if not path.is_file():
        pytest.skip(f"no reference results at {path}; set SKSPOT_TEST_GOLDEN to their folder")
    return json.loads(path.read_text())
