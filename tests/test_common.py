"""scikit-learn's estimator checks, and what every estimator of skspot must do besides."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils import estimator_checks as checks

from skspot.neural_network import SpotFormerClassifier
from skspot.preprocessing import FaceAligner, SWMROFlow
from tests.conftest import align_exactly

ESTIMATORS = [FaceAligner(landmarker="template"), SWMROFlow(), SpotFormerClassifier()]

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
    for estimator in ESTIMATORS:
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


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_html_and_pickle(estimator):
    assert type(estimator).__name__ in estimator._repr_html_()
    copy = pickle.loads(pickle.dumps(estimator))
    assert copy.get_params(deep=False).keys() == estimator.get_params(deep=False).keys()


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_one_video_instead_of_a_collection(estimator, lively_data):
    video = lively_data.videos[0]
    method = estimator.predict if hasattr(estimator, "predict") else estimator.transform
    if hasattr(estimator, "predict"):
        pytest.skip("prediction needs a fit; its own tests cover it")
    with pytest.raises(TypeError, match=r"pass \["):
        method("interview.mp4")
    with pytest.raises(TypeError, match=r"pass \["):
        method(video)


@pytest.mark.parametrize("estimator", ESTIMATORS[:2], ids=lambda e: type(e).__name__)
def test_transformers_need_no_fit_and_leave_inputs_alone(estimator, lively_data):
    video = lively_data.videos[0].copy()
    video.flags.writeable = False
    aligned = align_exactly(lively_data)[:1]
    X = [video] if isinstance(estimator, FaceAligner) else aligned
    before = estimator.get_params()
    without_fit = estimator.transform(X)
    with_fit = clone(estimator).fit(X).transform(X)
    assert estimator.get_params() == before
    np.testing.assert_array_equal(np.asarray(video), lively_data.videos[0])
    if isinstance(estimator, FaceAligner):
        assert without_fit == with_fit
    else:
        np.testing.assert_array_equal(without_fit[0], with_fit[0])
