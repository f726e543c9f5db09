"""scikit-learn's estimator checks, and what every estimator of skspot must do besides."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import estimator_checks as checks
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from skspot import make_intervals
from skspot.datasets import make_expression_videos
from skspot.landmarks import LANDMARKERS, Template
from skspot.neural_network import SpotFormerClassifier
from skspot.preprocessing import FaceAligner, SWMROFlow
from skspot.utils.validation import as_object_array
from tests.conftest import align_exactly

ESTIMATORS = [FaceAligner(Template()), SWMROFlow(), SpotFormerClassifier()]
# They have parameters, but neither fit nor transform.
WITH_PARAMETERS = [make() for make in LANDMARKERS.values()]

# With features that are no 2-D arrays, scikit-learn's generator leaves these out; they apply.
CHECKS = [
    checks.check_do_not_raise_errors_in_init_or_set_params,
    checks.check_estimator_cloneable,
    checks.check_estimator_repr,
    checks.check_estimator_tags_renamed,
    checks.check_get_params_invariance,
    checks.check_mixin_order,
    checks.check_no_attributes_set_in_init,
    checks.check_param_validation,
    checks.check_parameters_default_constructible,
    checks.check_set_params,
    checks.check_valid_tag_types,
]
# What can't pass, and why. All other checks of scikit-learn fit on random 2-D arrays, which are
# neither videos nor features; tests of each estimator do the same on its own data.
FAILS = {
    ("check_no_attributes_set_in_init", "SpotFormerClassifier"): (
        "skorch sets history_, initialized_ and virtual_params_ in __init__"
    ),
}


def _cases():
    for estimator in (*ESTIMATORS, *WITH_PARAMETERS):
        for check in CHECKS:
            name = type(estimator).__name__
            reason = FAILS.get((check.__name__, name))
            marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
            yield pytest.param(estimator, check, id=f"{name}-{check.__name__}", marks=marks)


# skorch refuses some values as soon as they are set; the check says so.
@pytest.mark.filterwarnings("ignore:.* occurred during set_params of param")
@pytest.mark.filterwarnings("ignore:Estimator's parameters changed after set_params")
@pytest.mark.parametrize(("estimator", "check"), list(_cases()))
def test_scikit_learn_check(estimator, check):
    check(type(estimator).__name__, clone(estimator))


# -- the same on videos, aligned videos and features -----------------------------------------------

every_estimator = pytest.mark.parametrize(
    "estimator", [clone(e) for e in ESTIMATORS], ids=lambda e: type(e).__name__
)
TABLES = [
    make_intervals([(5, 10, 18, "macro")]),
    make_intervals([(2, 4, 7, "micro"), (12, 15, 21, "macro")]),
    make_intervals(),
]


@pytest.fixture(scope="module")
def inputs():
    """Return what each estimator takes for three videos, by the name of its class."""
    data = make_expression_videos(3, videos_per_subject=1, n_frames=60, random_state=0)
    for name in ("videos", "landmarks"):
        data[name] = [frames[:24] for frames in data[name]]
    aligned = align_exactly(data)
    return {
        "FaceAligner": data.videos,
        "SWMROFlow": aligned,
        "SpotFormerClassifier": SWMROFlow(flow="lucas-kanade").transform(aligned),
    }


def quick(estimator):
    """Return a clone that is trained quickly and finds something everywhere."""
    estimator = clone(estimator)
    if isinstance(estimator, SWMROFlow):
        estimator.set_params(flow="lucas-kanade")
    if isinstance(estimator, SpotFormerClassifier):
        estimator.set_params(max_epochs=1, macro_threshold=0.0, random_state=0)
    return estimator


def outputs(estimator, X):
    """Return the numbers that an estimator makes of each video."""
    if hasattr(estimator, "predict"):
        return estimator.predict(X)
    results = estimator.transform(X)
    return [getattr(result, "landmarks", result) for result in results]


def assert_same(some, others):
    for one, other in zip(some, others, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


@every_estimator
def test_html_and_pickle_hold_the_parameters(estimator):
    changed = clone(estimator).set_params(verbose=1)
    assert type(estimator).__name__ in changed._repr_html_()
    copied = pickle.loads(pickle.dumps(changed)).get_params(deep=False)
    assert copied["verbose"] == 1
    assert {name: repr(value) for name, value in copied.items()} == {
        name: repr(value) for name, value in changed.get_params(deep=False).items()
    }


@every_estimator
def test_fit_returns_the_estimator_and_leaves_parameters_and_inputs_alone(estimator, inputs):
    estimator, X = quick(estimator), list(inputs[type(estimator).__name__])
    params, before = repr(estimator.get_params(deep=False)), [np.array(x) for x in X]
    assert estimator.fit(X, TABLES) is estimator
    outputs(estimator, X)
    assert repr(estimator.get_params(deep=False)) == params
    assert_same(X, before)


@every_estimator
def test_fits_and_pickles_give_the_same_results(estimator, inputs):
    X = inputs[type(estimator).__name__]
    fitted = quick(estimator).fit(X, TABLES)
    expected = outputs(fitted, X)
    assert sum(map(len, expected)) > 0
    assert_same(outputs(pickle.loads(pickle.dumps(fitted)), X), expected)
    assert_same(outputs(fitted.fit(X, TABLES), X), expected)
    assert_same(outputs(clone(fitted).fit(X, TABLES), X), expected)


@every_estimator
def test_a_video_gets_the_same_whatever_the_others_are(estimator, inputs):
    X = inputs[type(estimator).__name__]
    fitted = quick(estimator).fit(X, TABLES)
    expected = outputs(fitted, X)
    assert_same(outputs(fitted, X[::-1]), expected[::-1])
    assert_same([outputs(fitted, [x])[0] for x in X], expected)


@every_estimator
@pytest.mark.parametrize("container", [tuple, pd.Series, as_object_array])
def test_collections_of_any_kind(estimator, container, inputs):
    X = inputs[type(estimator).__name__]
    fitted = quick(estimator).fit(container(X), container(TABLES))
    assert_same(outputs(fitted, container(X)), outputs(fitted, X))


@every_estimator
def test_one_video_instead_of_a_collection(estimator, inputs):
    X = inputs[type(estimator).__name__]
    fitted = quick(estimator).fit(X, TABLES)
    for one in ("interview.mp4", X[0], np.asarray(X[0])):
        with pytest.raises(TypeError, match=r"pass \["):
            outputs(fitted, one)
        if get_tags(estimator).requires_fit:
            with pytest.raises(TypeError, match=r"pass \["):
                clone(fitted).fit(one, TABLES[:1])


@every_estimator
def test_fit_is_needed_if_the_tags_say_so(estimator, inputs):
    estimator, X = quick(estimator), inputs[type(estimator).__name__]
    if get_tags(estimator).requires_fit:
        with pytest.raises(NotFittedError):
            outputs(estimator, X)
    else:
        expected = outputs(clone(estimator).fit(X), X)
        assert_same(outputs(estimator, X), expected)
        check_is_fitted(estimator)


@every_estimator
def test_invalid_parameters_are_refused_when_they_are_used(estimator, inputs):
    estimator, X = quick(estimator).set_params(verbose="loud"), inputs[type(estimator).__name__]
    with pytest.raises(ValueError, match=f"'verbose' parameter of {type(estimator).__name__}"):
        estimator.fit(X, TABLES)
