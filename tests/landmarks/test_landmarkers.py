"""What all landmarkers have in common: they are light estimators with parameters."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils import estimator_checks as checks
from sklearn.utils._param_validation import InvalidParameterError

from skspot.cli import _arguments
from skspot.landmarks import LANDMARKERS, Landmarker, Template, as_landmarker
from skspot.landmarks._given_landmarks import CallableLandmarker, KnownLandmarks
from tests.landmarks.moving_faces import found

CHECKS = [
    checks.check_do_not_raise_errors_in_init_or_set_params,
    checks.check_estimator_cloneable,
    checks.check_estimator_repr,
    checks.check_get_params_invariance,
    checks.check_mixin_order,
    checks.check_no_attributes_set_in_init,
    checks.check_parameters_default_constructible,
    checks.check_set_params,
]

# A value that each parameter must refuse, as all must be.
WRONG = {
    "mediapipe": {
        "model_path": 3,
        "num_faces": 0,
        "min_face_detection_confidence": 1.5,
        "min_face_presence_confidence": "high",
        "min_tracking_confidence": -0.1,
    },
    "face-alignment": {
        "device": 1,
        "face_detector": None,
        "face_detector_kwargs": "fast",
        "flip_input": "yes",
        "batch_size": 2.5,
    },
    "template": {"recheck": 0},
    "openface": {"files": 3, "min_confidence": 1.5},
    "py-feat": {"files": None, "min_confidence": "high"},
}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", LANDMARKERS)
def test_scikit_learn_check(name, check):
    check(LANDMARKERS[name].__name__, LANDMARKERS[name]())


@pytest.mark.parametrize("name", LANDMARKERS)
def test_clone_pickle_and_diagram(name):
    landmarker = LANDMARKERS[name]()
    for copy in (clone(landmarker), pickle.loads(pickle.dumps(landmarker))):
        assert copy.get_params() == landmarker.get_params()
    assert landmarker.display_name in landmarker._repr_html_()


@pytest.mark.parametrize(
    ("name", "param"), [(name, param) for name, wrong in WRONG.items() for param in wrong]
)
def test_wrong_parameters_are_refused_when_used(name, param):
    landmarker = LANDMARKERS[name](**{param: WRONG[name][param]})
    with pytest.raises(
        InvalidParameterError, match=f"'{param}' parameter of {type(landmarker).__name__}"
    ):
        landmarker.check(["a.mp4"])


def test_every_parameter_is_checked():
    assert WRONG.keys() == LANDMARKERS.keys()
    for name, wrong in WRONG.items():
        assert wrong.keys() == LANDMARKERS[name]().get_params().keys()


def test_the_command_line_knows_the_names():
    assert set(_arguments.LANDMARKERS) == set(LANDMARKERS)


class TestAsLandmarker:
    def test_names_and_objects(self):
        for name, landmarker in LANDMARKERS.items():
            assert type(as_landmarker(name)) is landmarker
        template = Template(recheck=3)
        assert as_landmarker(template) is template

    def test_what_the_user_has(self):
        assert isinstance(as_landmarker(found), CallableLandmarker)
        for landmarks in (np.zeros((3, 68, 2)), {"a": np.zeros((3, 68, 2))}):
            assert isinstance(as_landmarker(landmarks), KnownLandmarks)

    def test_anything_else(self):
        with pytest.raises(ValueError, match="no landmarker 'dlib'; there are .*mediapipe"):
            as_landmarker("dlib")
        with pytest.raises(TypeError, match=r"the class Template; pass Template\(\)"):
            as_landmarker(Template)
        with pytest.raises(TypeError, match="must be a name, a landmarker, .*got int"):
            as_landmarker(3)

    def test_every_landmarker_says_how_messages_call_it(self):
        names = [as_landmarker(name).display_name for name in LANDMARKERS]
        assert names == [landmarker.__name__ for landmarker in LANDMARKERS.values()]
        assert "function" in as_landmarker(found).display_name
        assert all(issubclass(landmarker, Landmarker) for landmarker in LANDMARKERS.values())
