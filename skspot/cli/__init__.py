"""The command line, ``skspot COMMAND``; each command is a module of this package."""

import argparse
import sys
import warnings

import skspot
from skspot.cli._cache import add_cache
from skspot.cli._cross_validate import add_cross_validate
from skspot.cli._demo import add_demo
from skspot.cli._report import add_report
from skspot.cli._score import add_score
from skspot.cli._spot import add_spot
from skspot.cli._train import add_train

__all__ = ["main"]

# What parameters that errors and warnings suggest to set are called on the command line.
_OPTIONS = {
    "first_frame": "--first-frame",
    "files": "--landmarker-option files=...",
    "format": "--annotation-format or --predicted-format",
    "fps": "--fps",
    "label_names": "--label smile=macro",
    "model_path": "--landmarker-option model_path=...",
    "on_error": "--on-error warn",
    "unit": "--unit seconds",
}


def main(arguments=None):
    """Run the command line.

    Parameters
    ----------
    arguments : list of str, default=None
        The arguments; None uses those of the process.

    Returns
    -------
    status : int
        0 on success, 1 after an error or if a video was left out, 130 after an interruption.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # file names may hold characters it can't print
            stream.reconfigure(errors="replace")
    options = make_parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _print_warning
            return options.run(options)
    except (OSError, TypeError, ValueError, ImportError) as error:
        notes = "\n".join(getattr(error, "__notes__", []))
        print(f"skspot {options.command}: {error}\n{notes}".rstrip(), file=sys.stderr)
        _print_options(error)
        return 1
    except KeyboardInterrupt as interruption:
        print(f"\nskspot {options.command}: interrupted. {interruption}", file=sys.stderr)
        return 130


def make_parser():
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="skspot",
        description="Find macro- and micro-expressions in face videos. `skspot COMMAND --help` "
        "explains the options of a command.",
    )
    parser.add_argument("--version", action="version", version=f"skspot {skspot.__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    for add in (
        add_demo,
        add_train,
        add_spot,
        add_report,
        add_score,
        add_cross_validate,
        add_cache,
    ):
        add(commands)
    return parser


def _print_warning(message, category, filename, lineno, file=None, line=None):
    print(f"Warning: {message}", file=sys.stderr)
    _print_options(message)


def _print_options(problem):
    """Print what the parameters that an error or warning names are called on the command line."""
    parameters = dict.fromkeys(getattr(problem, "parameters", ()))
    options = [f"{name} is {_OPTIONS[name]}" for name in parameters if name in _OPTIONS]
    if options:
        print(f"On the command line, {', '.join(options)}.", file=sys.stderr)
