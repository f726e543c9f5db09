"""Parse the pages of the documentation into blocks and commands."""

import re
import textwrap
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_MADE_BY_THE_BUILD = ("_build", "auto_examples", "generated")

# A directive with its argument, its options and the indented lines that belong to it.
_DIRECTIVE = re.compile(
    r"^(?P<indent> *)\.\. (?P<name>[\w-]+):: *(?P<argument>.*)\n"
    r"(?P<body>(?:(?:(?P=indent) +\S.*)?\n)*)",
    flags=re.MULTILINE,
)
_OPTIONS = re.compile(r"\A(?:\s*:[\w-]+:.*\n)*")


class Block(NamedTuple):
    """A directive of a page."""

    name: str
    argument: str
    body: str


class Command(NamedTuple):
    """A command of a page, and the output that the page shows."""

    line: str
    output: str


def page_names():
    """Return the names of all hand-written pages, such as "user_guide/task"."""
    paths = (path.relative_to(DOCS) for path in sorted(DOCS.rglob("*.rst")))
    return [
        path.with_suffix("").as_posix()
        for path in paths
        if path.parts[0] not in _MADE_BY_THE_BUILD and path.name != "sg_execution_times.rst"
    ]


def read_page(name):
    """Return the text of a page."""
    return (DOCS / f"{name}.rst").read_text(encoding="utf-8")


def blocks_of(text):
    """Return the directives of a text, including nested ones."""
    found = []
    for match in _DIRECTIVE.finditer(text + "\n"):
        body = textwrap.dedent(match["body"])
        found.append(Block(match["name"], match["argument"], _OPTIONS.sub("", body, count=1)))
        found += blocks_of(body) if match["name"] != "code-block" else []
    return found


def commands_of(text):
    """Return the commands of a text's console blocks, in order."""
    commands = []
    for block in blocks_of(text):
        if (block.name, block.argument) == ("code-block", "console"):
            commands += _split_console(block.body)
    return commands


def _split_console(body):
    """Return the commands of a console block; a backslash at its end continues a line."""
    body = re.sub(r"\\\n\s*", "", body)
    before, *parts = re.split(r"^\$ ", body, flags=re.MULTILINE)
    if before.strip():
        raise ValueError(f"A console block must begin with '$ ' and a command, got {body!r}.")
    lines_and_outputs = (part.partition("\n") for part in parts)
    return [Command(line.strip(), output.strip()) for line, _, output in lines_and_outputs]
