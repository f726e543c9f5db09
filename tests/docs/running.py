"""Run the commands of a page like a shell, but quickly."""

import doctest
import os
import shlex
import shutil
from pathlib import Path

from skspot.cli import main, make_parser
from tests.conftest import QUICK
from tests.docs.pages import ROOT

_CHECKER = doctest.OutputChecker()

# Options that trade time for precision; the tests choose them differently.
_CHOICES = ["--landmarker", "--landmarker-option", "--jobs", "--epochs"]

# Commands other than skspot. .ci/run tests the installation with the commands of the README. For
# the programs of the repository, the tests only check that the file exists.
_INSTALLING = {"git", "pip", "source"}
_OF_THE_REPOSITORY = {"pytest", "python", "python3", "ruff", "sphinx-build"}


def run_commands(commands, capsys, further=()):
    """Run commands one after the other, and compare their output with that on the page."""
    for command in commands:
        capsys.readouterr()
        for line in command.line.split("&&"):
            run(line, further)
        printed = capsys.readouterr().out
        if command.output:
            flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
            same = _CHECKER.check_output(command.output, printed, flags)
            assert same, f"{command.line}\nprinted\n{printed}\nthe page shows\n{command.output}"


def run(line, further=()):
    """Run one command; `further` are additional arguments for commands that train."""
    program, *arguments = _words(line)
    if program in _INSTALLING:
        return
    if program in _OF_THE_REPOSITORY:
        _look_for(arguments)
        return
    _PROGRAMS[program](arguments, further)


def _words(line):
    """Return the words of a command, with patterns expanded to the matching names."""
    return [
        str(part)
        for word in shlex.split(line)
        for part in (sorted(Path().glob(word)) if "*" in word else [word])
    ]


def _look_for(arguments):
    """Check that the files and folders of a command exist in the repository."""
    for word in arguments:
        made = word.startswith(("-", "docs/_build")) or "/" not in word
        assert made or (ROOT / word.partition("::")[0]).exists(), f"There is no {word}."


def _skspot(arguments, further):
    options = make_parser().parse_args(arguments)  # the page's own words are valid
    trains = options.command in ("train", "cross-validate")
    if trains:
        arguments = [*_without_choices(arguments), *QUICK, *further]
    elif "--jobs" in arguments:
        arguments = _without_choices(arguments)
    assert main(arguments) == 0, arguments


def _without_choices(arguments):
    """Return arguments without those options, each of which has one value."""
    values = {i + 1 for i, word in enumerate(arguments) if word in _CHOICES}
    return [word for i, word in enumerate(arguments) if word not in _CHOICES and i not in values]


def _copy(arguments, further):
    *options, source, target = arguments
    assert options == ["-r"] * Path(source).is_dir()
    (shutil.copytree if options else shutil.copy)(source, target)


def _change_folder(arguments, further):
    (folder,) = arguments
    os.chdir(folder)


def _make_folder(arguments, further):
    (folder,) = arguments
    Path(folder).mkdir()


_PROGRAMS = {"skspot": _skspot, "cp": _copy, "cd": _change_folder, "mkdir": _make_folder}
