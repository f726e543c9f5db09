"""Model files: weights in safetensors, everything else as JSON in the same file.

Nothing is unpickled. Loading a file from somebody else does not run its code.
"""

from __future__ import annotations

import inspect
import json
import os
import stat
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skspot.utils._typing import FilePath

if TYPE_CHECKING:
    from skspot.neural_network import SpotFormerClassifier

_FORMAT = 2
_METADATA_KEY = "skspot"

# Settings of one computer are not part of the model. Files in these places may be unpickled, so a
# model file from somebody else must not set them.
RUN_SETTINGS = {
    "memory",
    "n_jobs",
    "verbose",
    "compile",
    "device",
    "initial_weights",
    "n_threads",
    "torch_load_kwargs",
}
# Arguments of a network that are sizes of the features.
_SIZES = {"n_channels", "n_positions", "n_nodes", "part_sizes"}
# Objects that are used in training only.
_TRAINING_OBJECTS = {"callbacks", "train_split"}
_LANDMARKER_RUN_SETTINGS = {"device", "model_path", "path_to_detector"}  # also in nested dicts


def save(estimator: Pipeline | SpotFormerClassifier, path: FilePath) -> None:
    """Save a fitted spotter to one file.

    Parameters
    ----------
    estimator : fitted Pipeline or SpotFormerClassifier
        A pipeline may contain `FaceAligner`, `SWMROFlow` and, as its last step, a
        `SpotFormerClassifier`.
    path : str or Path
        The file to write. An existing file is replaced when the new one is complete.

    Raises
    ------
    NotFittedError
        If the spotter is not fitted.
    FileNotFoundError
        If the folder does not exist.
    TypeError
        If a step or parameter can't be saved: model files contain plain values only, no functions
        or classes of the user.

    See Also
    --------
    load : Load the file.

    Notes
    -----
    The file contains every parameter; the model does not change if a default changes. Settings of
    the computer are not saved: `memory`, `n_jobs`, `verbose`, `compile`, `device`, `n_threads`,
    `initial_weights`, `torch_load_kwargs`, and those parameters of landmarkers that are paths or
    devices, such as `model_path`. Set them again after loading. `train_split` and `callbacks` are
    used in training only; unless they are plain values, they are not saved, with a warning.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import skspot
    >>> from skspot.neural_network import SpotFormerClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(60, 16, 10, 2)).astype("float32")]
    >>> y = [skspot.make_intervals([(20, 40, "macro")])]
    >>> spotter = SpotFormerClassifier(max_epochs=1, random_state=0).fit(X, y)
    >>> path = Path(tempfile.mkdtemp()) / "spotter.skspot"
    >>> skspot.save(spotter, path)
    >>> loaded = skspot.load(path)
    >>> np.array_equal(loaded.predict_proba(X)[0], spotter.predict_proba(X)[0])
    True
    """
    from safetensors.torch import save_file

    import skspot

    path = Path(path)
    steps = estimator.steps if isinstance(estimator, Pipeline) else [(None, estimator)]
    described = [_describe(name, step) for name, step in steps]
    spotter = steps[-1][1]
    if described[-1]["class"] != "SpotFormerClassifier":
        raise TypeError(
            "The last step of a model must be a SpotFormerClassifier, got "
            f"{described[-1]['class']}, which has nothing to save."
        )
    check_is_fitted(spotter)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"The folder {str(path.parent)!r} of the model does not exist.")
    description = {
        "format": _FORMAT,
        "version": skspot.__version__,
        "steps": described,
        "window_shape": [int(size) for size in spotter.window_shape_],
        "layout": None if spotter.layout_ is None else spotter.layout_.to_dict(),
    }
    weights = {k: v.contiguous().cpu() for k, v in spotter.module_.state_dict().items()}
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.touch()  # safetensors would make the file unreadable for others
        mode = stat.S_IMODE(unfinished.stat().st_mode)
        save_file(weights, unfinished, metadata={_METADATA_KEY: json.dumps(description)})
        unfinished.chmod(mode)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def load(path: FilePath) -> Pipeline | SpotFormerClassifier:
    """Load a spotter that `save` has written.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    estimator : Pipeline or SpotFormerClassifier
        The fitted spotter, with the same predictions as the saved one.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If the file is not a model of skspot, is damaged, was written by a newer version, or sets
        parameters that a model file must not set, such as `memory`.

    See Also
    --------
    save : Save a spotter, with an example of both.

    Examples
    --------
    >>> import skspot
    >>> skspot.load("spotter.skspot").predict(["interview.mp4"])  # doctest: +SKIP
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no model file {str(path)!r}.")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{str(path)!r} is not a model file, or is damaged: {error}.") from error
    if _METADATA_KEY not in metadata:
        raise ValueError(f"{str(path)!r} is a safetensors file, but not a model of skspot.")
    description = _read_description(metadata[_METADATA_KEY], path)
    try:
        steps = [(step["name"], _rebuild(step)) for step in description["steps"]]
        _restore(steps[-1][1], weights, description["window_shape"], description["layout"])
    except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(
            f"The model in {str(path)!r} can't be built; the file is damaged or was "
            f"modified ({type(error).__name__}: {error})."
        ) from error
    return steps[0][1] if steps[0][0] is None else Pipeline(steps)


def _read_description(text, path):
    """Return the description of a model; raise if it has another format."""
    try:
        description = json.loads(text)
        written_format, version = description["format"], description["version"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"The description in {str(path)!r} is damaged: {error}.") from error
    if written_format != _FORMAT:
        raise ValueError(
            f"{str(path)!r} has format {written_format}, this version of skspot reads format "
            f"{_FORMAT}; it was written by skspot {version}."
        )
    return description


def _classes():
    """Return the classes that a model file may name."""
    from skspot.neural_network import SpotFormerClassifier
    from skspot.preprocessing import FaceAligner, SWMROFlow

    known = (FaceAligner, SWMROFlow, SpotFormerClassifier)
    return {known_class.__name__: known_class for known_class in known}


def _describe(name, step):
    """Return a step as plain values: its class and all parameters of the model.

    Values that are not plain, such as the class of the network, must be the defaults.
    """
    kind = type(step).__name__
    if type(step) is not _classes().get(kind):
        raise TypeError(
            f"A model file can hold FaceAligner, SWMROFlow and SpotFormerClassifier, got {kind}."
        )
    defaults = type(step)().get_params(deep=False)
    params = {}
    for key, value in {**_network_defaults(step), **step.get_params(deep=False)}.items():
        if key in RUN_SETTINGS or (callable(value) and value is defaults.get(key)):
            continue
        if key in _TRAINING_OBJECTS and not isinstance(value, (str, type(None))):
            warnings.warn(
                f"{kind}.{key} is not saved: it is used in training only, and a model file has "
                "plain values only.",
                stacklevel=4,
            )
            continue
        if key == "landmarker":
            value = _describe_landmarker(value)
        params[key] = _plain(value, f"{kind}.{key}")
    return {"name": name, "class": kind, "params": params}


def _network_defaults(step):
    """Return the defaults of a classifier's network that do not follow from the features."""
    if not hasattr(step, "module"):
        return {}
    arguments = inspect.signature(step.module).parameters.values()
    return {
        f"module__{argument.name}": argument.default
        for argument in arguments
        if argument.default is not argument.empty and argument.name not in _SIZES
    }


def _describe_landmarker(landmarker):
    """Return a landmarker as plain values: its name, or its class and parameters of the model."""
    from skspot.landmarks import LANDMARKERS

    if isinstance(landmarker, str):
        return landmarker
    if type(landmarker) not in LANDMARKERS.values():
        raise TypeError(
            f"FaceAligner.landmarker ({type(landmarker).__name__}) can't be saved: a model file "
            "can hold the landmarkers of skspot, but no functions and no landmarks. Set it to a "
            "name, such as 'template', before saving, and again after loading."
        )
    params = without_run_settings(landmarker.get_params(deep=False))
    return {"class": type(landmarker).__name__, "params": params}


def _rebuild_landmarker(described):
    """Return the landmarker that `_describe_landmarker` has described."""
    from skspot.landmarks import LANDMARKERS

    if isinstance(described, str):
        return described
    known = {landmarker.__name__: landmarker for landmarker in LANDMARKERS.values()}
    kind, params = described["class"], described["params"]
    if kind not in known:
        raise ValueError(f"unknown landmarker {kind!r}")
    if without_run_settings(params) != params:
        raise ValueError(f"a model file must not set how {kind} runs on this computer: {params}")
    return known[kind](**params)


def without_run_settings(params):
    """Return the parameters of a landmarker without those of one computer, also nested ones."""
    if not isinstance(params, dict):
        return params
    kept = {k: v for k, v in params.items() if k not in _LANDMARKER_RUN_SETTINGS}
    return {k: without_run_settings(v) for k, v in kept.items()}


def _plain(value, name):
    """Return a parameter as JSON returns it; raise if JSON can't represent it."""
    try:
        return json.loads(json.dumps(value, allow_nan=False, default=_plain_of_kind))
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{name} ({type(value).__name__}) can't be saved: a model file holds plain values only "
            "(numbers, text, lists), so that loading it runs no code. Set it to a plain value "
            "before saving, and again after loading."
        ) from error


def _plain_of_kind(value):
    """Convert a number of NumPy or a path to a plain value."""
    if isinstance(value, np.generic):
        return value.item()
    return os.fspath(value)


def _rebuild(step):
    known = _classes()
    if step["class"] not in known:
        raise ValueError(f"unknown class {step['class']!r}")
    params = dict(step["params"])
    defaults = known[step["class"]]().get_params(deep=False)
    _check_names(step["class"], params, defaults)
    for name, default in defaults.items():
        if isinstance(default, tuple) and isinstance(params.get(name), list):
            params[name] = tuple(params[name])  # JSON has lists only
    if "landmarker" in params:
        params["landmarker"] = _rebuild_landmarker(params["landmarker"])
    return known[step["class"]](**params)


def _check_names(kind, params, defaults):
    """Raise if a file sets parameters that it must not set, or that the class does not have."""
    machine = RUN_SETTINGS.intersection(params)
    if machine:
        raise ValueError(
            f"a model file must not set how {kind} runs on this computer: "
            f"{', '.join(sorted(machine))}"
        )
    # "module__depth" is a parameter of the module, although its default is not listed.
    parts = {name for name in defaults if isinstance(defaults[name], type)} | {"callbacks"}
    unknown = [
        name
        for name in params
        if name not in defaults and name.partition("__")[0] not in parts & set(defaults)
    ]
    if unknown:
        raise ValueError(f"{kind} has no parameter {', '.join(sorted(unknown))}")


def _restore(spotter, weights, window_shape, layout):
    """Set the saved weights of a classifier, which is then fitted."""
    import torch

    from skspot.preprocessing import FlowLayout

    n_positions, n_nodes, n_channels = map(int, window_shape)
    spotter.window_shape_ = (n_positions, n_nodes, n_channels)
    spotter.layout_ = None if layout is None else FlowLayout(**layout)
    if layout is not None and spotter.layout_.shape != spotter.window_shape_:
        raise ValueError(f"windows of shape {spotter.window_shape_} do not fit {spotter.layout_}")
    with torch.random.fork_rng(devices=[]):  # the first weights are replaced
        spotter.initialize()
    spotter.module_.load_state_dict(weights)
