"""Check that every block of code in the pages is run by a test."""

import ast
import re

import pytest

from tests.docs.pages import Block, Command, blocks_of, commands_of, page_names, read_page

# Blocks that can't be run: outputs, tables and references.
SHOWN = {"bibtex", "text"}

PAGE_NAMES = page_names()


def test_a_page_is_taken_apart():
    text = """
.. code-block:: console
   :caption: Two commands.

   $ skspot cache cache
   landmarks: 2 entries

   $ skspot spot a.mp4 \\
       --model m

.. note::

   .. code-block:: text

      $ not a command

After it.
"""
    assert commands_of(text) == [
        Command("skspot cache cache", "landmarks: 2 entries"),
        Command("skspot spot a.mp4 --model m", ""),
    ]
    note, shown = blocks_of(text)[1:]
    assert note.name == "note"
    assert "After" not in note.body
    assert shown._replace(body=shown.body.strip()) == Block("code-block", "text", "$ not a command")


def test_a_console_block_begins_with_a_command():
    with pytest.raises(ValueError, match="must begin with '\\$ '"):
        commands_of(".. code-block:: console\n\n   skspot demo\n")


def test_the_pages_are_found():
    assert {"index", "datasets", "user_guide/evaluation"} <= set(PAGE_NAMES)
    assert not any(name.startswith(("_build", "auto_examples", "generated")) for name in PAGE_NAMES)


@pytest.mark.parametrize("name", PAGE_NAMES)
def test_code_is_of_a_kind_that_is_run(name):
    for block in blocks_of(read_page(name)):
        assert block.name not in {"code", "sourcecode", "highlight", "parsed-literal"}, block
        if block.name == "code-block":
            assert block.argument in {"console", *SHOWN}, f"{name}: make this a doctest: {block}"


@pytest.mark.parametrize("name", PAGE_NAMES)
def test_no_code_hides_in_a_literal_block(name):
    """Sphinx would show it as Python, and nobody would run it."""
    text = read_page(name)
    assert not re.search(r"^(?! *\.\. ).*::\s*\n\n +(?!>>>)", text, flags=re.MULTILINE)


@pytest.mark.parametrize("name", PAGE_NAMES)
def test_what_is_shown_as_text_is_no_program(name):
    for block in blocks_of(read_page(name)):
        if (block.name, block.argument) == ("code-block", "text"):
            assert "import " not in block.body or not _is_python(block.body), block.body


def _is_python(text):
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


@pytest.mark.parametrize("name", PAGE_NAMES)
def test_examples_are_never_skipped(name):
    assert "+SKIP" not in read_page(name)
