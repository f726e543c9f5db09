"""Tests of the public names: what they load, and that they are documented as they are."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import skspot

PACKAGES = [
    "skspot",
    "skspot.baselines",
    "skspot.datasets",
    "skspot.faces",
    "skspot.inspection",
    "skspot.io",
    "skspot.landmarks",
    "skspot.metrics",
    "skspot.model_selection",
    "skspot.neural_network",
    "skspot.preprocessing",
    "skspot.recipes",
    "skspot.reporting",
    "skspot.spotting",
    "skspot.video",
]
HEAVY = {"torch", "cv2", "skorch", "av", "matplotlib", "skimage", "numba"}
HEAVY |= {"face_alignment", "mediapipe"}


def public_objects():
    """Return every public function and class once, by its full name."""
    objects = {}
    for package in PACKAGES:
        module = importlib.import_module(package)
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isfunction(value) or inspect.isclass(value):
                objects[f"{value.__module__}.{name}"] = value
    return objects


OBJECTS = public_objects()
MADE_BY_OTHERS = {"skspot.video._base.Video"}  # open_video makes it, and has the example


def loaded_by(code):
    """Return the heavy packages that a fresh interpreter has loaded after the code."""
    code = f"{code}\nimport sys\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return HEAVY & set(run.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import skspot",
        "import skspot; dir(skspot); skspot.make_intervals([(1, 2, 'macro')])",
        "import skspot; skspot.video",
        "import skspot.intervals",
        "import skspot.io",
        "import skspot.metrics",
        "import skspot.model_selection",
        "import skspot.cli",
    ],
)
def test_light_imports(code):
    assert loaded_by(code) == set()


def test_modules_of_public_names_are_attributes():
    code = "import skspot; assert skspot.intervals.make_intervals is skspot.make_intervals"
    assert loaded_by(code) == set()


def test_preprocessing_and_inspection_do_without_torch():
    code = "from skspot import preprocessing, inspection, datasets\n" + "\n".join(
        f"{module}.{name}"
        for module, name in (
            ("preprocessing", "SWMROFlow"),
            ("inspection", "SpottingDisplay"),
            ("datasets", "make_expression_videos"),
        )
    )
    assert not {"torch", "matplotlib"} & loaded_by(code)


@pytest.mark.parametrize("package", PACKAGES)
def test_all_public_names_exist(package):
    module = importlib.import_module(package)
    assert len(set(module.__all__)) == len(module.__all__)
    for name in module.__all__:
        assert hasattr(module, name), f"{package}.{name}"
    assert {name for name in module.__all__ if name[0] != "_"} <= set(dir(module))
    with pytest.raises(AttributeError):
        module.nonsense  # noqa: B018


# -- imports between packages ----------------------------------------------------------------------


def imported_names(code):
    """Yield the full name of everything that the code imports."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def private_imports(code, package):
    """Return what the code of a package of skspot imports from others and is private there."""
    found = []
    for name in imported_names(code):
        root, *parts = name.split(".")
        foreign = root == "skspot" and parts and parts[0] not in (package, "utils")
        if foreign and any(part.startswith("_") and part[1] != "_" for part in parts):
            found.append(name)
    return found


def test_packages_import_the_public_names_of_others():
    """What two packages share belongs into a public module, or into `skspot.utils`."""
    root = Path(skspot.__file__).parent
    found = set()
    for path in root.rglob("*.py"):
        place = path.relative_to(root)
        package = place.parts[0].removesuffix(".py")
        for name in private_imports(path.read_text(encoding="utf-8"), package):
            found.add(f"{place.as_posix()}: {name}")
    assert sorted(found) == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import numpy as np, skspot.video._base", ["skspot.video._base"]),
        ("def f():\n    from skspot.video._base import Video", ["skspot.video._base.Video"]),
        ("from skspot.video import _base", ["skspot.video._base"]),
        ("from skspot.io import _names", ["skspot.io._names"]),
        ("from skspot import __version__, video", []),
        ("from skspot.utils._cache import cached", []),
        ("from skspot.metrics._rules import RULES", []),
        ("from sklearn.base import _fit_context", []),
    ],
)
def test_private_imports_are_found(code, expected):
    assert private_imports(code, "metrics") == expected


# -- documentation ---------------------------------------------------------------------------------


def sections(docstring):
    """Return the sections of a numpydoc docstring, by their titles."""
    parts = re.split(r"^(\w[\w ]*)\n-{3,}$", inspect.cleandoc(docstring), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def documented(section):
    """Return the names of the parameters that a section describes, in their order."""
    lines = [line for line in section.splitlines() if re.match(r"[*\w]", line)]
    names = [name.strip() for line in lines for name in line.split(" : ")[0].split(",")]
    return [name.lstrip("*") for name in names]


def accepted(function):
    parameters = inspect.signature(function).parameters
    return [name for name in parameters if name not in ("self", "cls")]


def check_parameters(function, docstring, name):
    taken = accepted(function)
    described = documented(sections(docstring).get("Parameters", ""))
    assert set(described) == set(taken), f"{name}: documented {described}, taken {taken}"
    # Keywords may be grouped in another order; what can be passed by position may not.
    kinds = inspect.signature(function).parameters
    by_position = [n for n in taken if kinds[n].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    assert [n for n in described if n in by_position] == by_position, name


def own_methods(cls):
    """Return the public methods that the class defines itself."""
    for name, value in vars(cls).items():
        function = getattr(value, "__func__", value)
        if not name.startswith("_") and inspect.isfunction(function):
            yield name, function


def is_error(value):
    return inspect.isclass(value) and issubclass(value, Exception)


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_parameters_are_documented(name):
    value = OBJECTS[name]
    assert value.__doc__
    if not is_error(value) and name not in MADE_BY_OTHERS:
        check_parameters(value, value.__doc__, name)


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_examples(name):
    value = OBJECTS[name]
    if not is_error(value) and name not in MADE_BY_OTHERS:
        assert ">>> " in sections(value.__doc__).get("Examples", ""), f"{name} has no example"


@pytest.mark.parametrize("name", sorted(name for name, o in OBJECTS.items() if inspect.isclass(o)))
def test_methods_are_documented(name):
    for method, function in own_methods(OBJECTS[name]):
        assert function.__doc__, f"{name}.{method}"
        if "Parameters" in sections(function.__doc__):
            check_parameters(function, function.__doc__, f"{name}.{method}")


def test_the_checks_can_fail():
    def function(a, b, *, c=1, **kwargs):
        pass

    good = """Do.

    Parameters
    ----------
    a, b : int
        A, and : colons.
    c : int
        C.
    **kwargs : dict
        More.
    """
    check_parameters(function, good, "function")
    for wrong in (good.replace("a, b", "b, a"), good.replace("c : ", "d : "), "Do."):
        with pytest.raises(AssertionError):
            check_parameters(function, wrong, "function")
