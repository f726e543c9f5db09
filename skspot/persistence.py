"""Model files: weights in safetensors, everything else as JSON in the same file.

Nothing is unpickled, so that loading a stranger's file can run no code of theirs.
"""

import json
import os
from pathlib import Path

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

_FORMAT = 1
_METADATA_KEY = "skspot"

# How a step runs on one machine is no part of the model.
_RUN_SETTINGS = {"memory", "n_jobs", "verbose", "device"}


def save(estimator, path):
    """Save a fitted spotter to one file.

    Parameters
    ----------
    estimator : fitted Pipeline or SpotFormerClassifier
        A pipeline may hold `FaceAligner`, `SWMROFlow` and, as its last step, a
        `SpotFormerClassifier`.
    path : str or Path
        The file to write. An existing file is replaced, and only once the new one is complete.

    Raises
    ------
    NotFittedError
        If the spotter is not fitted.
    FileNotFoundError
        If the folder does not exist.
    TypeError
        If a step or parameter can't be saved: model files hold plain values only, no functions or
        classes of one's own.

    See Also
    --------
    load : Loads the file again.

    Notes
    -----
    Settings of the machine are left out: `memory`, `n_jobs`, `verbose`, `device`.

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
    >>> spotter = SpotFormerClassifier(max_epochs=1, module__dim=16, random_state=0).fit(X, y)
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
            f"A model file ends with a SpotFormerClassifier, got {described[-1]['class']}, which "
            "learns nothing that could be saved."
        )
    check_is_fitted(spotter)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {str(path.parent)!r} to write a model to.")
    description = {
        "format": _FORMAT,
        "version": skspot.__version__,
        "steps": described,
        "window_shape": [int(size) for size in spotter.window_shape_],
    }
    weights = {k: v.contiguous().cpu() for k, v in spotter.module_.state_dict().items()}
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        save_file(weights, unfinished, metadata={_METADATA_KEY: json.dumps(description)})
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def load(path):
    """Load a spotter that `save` has written.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    estimator : Pipeline or SpotFormerClassifier
        The fitted spotter; it predicts what the saved one did.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is no model of skspot, is damaged, or was written by a newer version.

    See Also
    --------
    save : Saves a spotter, with an example of both.

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
        raise ValueError(f"{str(path)!r} is no model file, or is damaged: {error}.") from error
    if _METADATA_KEY not in metadata:
        raise ValueError(f"{str(path)!r} is a safetensors file, but no model of skspot.")
    description = _read_description(metadata[_METADATA_KEY], path)
    try:
        steps = [(step["name"], _rebuild(step)) for step in description["steps"]]
        _restore(steps[-1][1], weights, description["window_shape"])
    except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(
            f"The model that {str(path)!r} describes can't be built; the file is damaged or was "
            f"changed by hand ({type(error).__name__}: {error})."
        ) from error
    return steps[0][1] if steps[0][0] is None else Pipeline(steps)


def _read_description(text, path):
    """Return the description of a model; refuse one of another format."""
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
    """Return a step as plain values: its class and the parameters that are not the defaults."""
    kind = type(step).__name__
    if type(step) is not _classes().get(kind):
        raise TypeError(
            f"A model file can hold FaceAligner, SWMROFlow and SpotFormerClassifier, got {kind}."
        )
    defaults = type(step)().get_params(deep=False)
    params = {}
    for key, value in step.get_params(deep=False).items():
        same = key in defaults and (value is defaults[key] or _equal(value, defaults[key]))
        if key not in _RUN_SETTINGS and not same:
            params[key] = _plain(value, f"{kind}.{key}")
    return {"name": name, "class": kind, "params": params}


def _equal(value, default):
    return (
        type(value) is type(default)
        and isinstance(value, (int, float, str, tuple, dict))
        and (value == default)
    )


def _plain(value, name):
    """Return a parameter as JSON would give it back; refuse what JSON can't hold."""
    try:
        return json.loads(json.dumps(value, allow_nan=False, default=_plain_of_kind))
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{name} ({type(value).__name__}) can't be saved: a model file holds plain values only "
            "(numbers, text, lists), so that loading it runs no code. Set it to a plain value "
            "before saving, and again after loading."
        ) from error


def _plain_of_kind(value):
    """Return a number of NumPy or a path as the plain value that it stands for."""
    if isinstance(value, np.generic):
        return value.item()
    return os.fspath(value)


def _rebuild(step):
    known = _classes()
    if step["class"] not in known:
        raise ValueError(f"unknown class {step['class']!r}")
    return known[step["class"]](**step["params"])


def _restore(spotter, weights, window_shape):
    """Give a classifier the saved weights; it is fitted then."""
    n_positions, n_nodes, n_channels = map(int, window_shape)
    spotter.restore((n_positions, n_nodes, n_channels))
    spotter.module_.load_state_dict(weights)
