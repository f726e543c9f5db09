"""What a result depends on: the parameters of each step, and the versions of packages."""

import inspect
import platform
import reprlib
from importlib.metadata import PackageNotFoundError, version

import skspot
from skspot import persistence

_PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "scikit-image",
    "opencv-python",
    "av",
    "numba",
    "torch",
    "skorch",
    "face-alignment",
    "mediapipe",
)


def step_settings(estimator):
    """Return the parameters of each step, those that differ from the defaults first.

    How the steps run on one machine, such as the folder of the cache, is left out, as it is from
    model files.

    Parameters
    ----------
    estimator : estimator or Pipeline
        What has the parameters.

    Returns
    -------
    steps : list of (str, list of (str, str, bool))
        The class of each step and its parameters: name, value, and whether it was changed.
    """
    steps = [step for _, step in getattr(estimator, "steps", [(None, estimator)])]
    return [(type(step).__name__, _parameters(step)) for step in steps]


def package_versions():
    """Return the version of skspot, Python, and each package that a result depends on."""
    versions = {"skspot": skspot.__version__, "Python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def _parameters(step):
    """Return name, value and whether it was changed, of each parameter, also of nested objects."""
    settings = persistence.without_run_settings(step.get_params(deep=False))
    defaults = _defaults(step)
    rows = []
    for name, value in settings.items():
        if name in persistence.RUN_SETTINGS:
            continue
        nested = hasattr(value, "get_params") and not inspect.isclass(value)
        shown = type(value).__name__ if nested else _short(value)
        rows.append((name, shown, shown != _short(defaults.get(name))))
        if nested:
            rows += [(f"{name}__{part}", *row) for part, *row in _parameters(value)]
    return sorted(rows, key=lambda row: not row[2])


def _defaults(step):
    """Return the defaults of a step; nothing of one that needs arguments."""
    required = [
        parameter.name
        for parameter in inspect.signature(type(step)).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    return {} if required else type(step)().get_params(deep=False)


def _short(value):
    """Return a parameter as a short text that holds no address in memory."""
    if inspect.isclass(value) or inspect.isfunction(value):
        return value.__qualname__
    text = _SHORT.repr(list(value) if isinstance(value, tuple) else value)
    return " ".join(text.split()).split(" object at 0x")[0]


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80
