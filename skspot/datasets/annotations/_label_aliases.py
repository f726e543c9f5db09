"""How people write the labels of expressions."""

import re

from skspot.datasets.tables._cells import parse_id
from skspot.intervals import CLASSES

# Without case, blanks and hyphens.
_SPELLINGS = {
    **dict.fromkeys(("macro", "mae", "macroexpression", "macroexpressions", "makro"), "macro"),
    **dict.fromkeys(
        ("micro", "me", "mie", "microexpression", "microexpressions", "mikro"), "micro"
    ),
}


def fold(label):
    """Return a label as it is compared: text without case."""
    return parse_id(label).casefold()


def read_names(label_names):
    """Return what a user says that labels mean, by folded label; refuse other meanings.

    Parameters
    ----------
    label_names : mapping or None
        Of each label in a table, "macro", "micro", or None if its rows are to be left out.
    """
    names = dict(label_names or {})
    wrong = {key: value for key, value in names.items() if value not in (*CLASSES, None)}
    if wrong:
        raise ValueError(
            f"label_names must give each label of the table one of {CLASSES}, or None for rows to "
            f"leave out; got {wrong}."
        )
    folded = {fold(key): value for key, value in names.items()}
    twice = [key for key, value in names.items() if folded[fold(key)] != value]
    if twice:
        raise ValueError(
            f"label_names gives {twice[0]!r} two meanings, as case does not matter; got {names}."
        )
    return folded


def read_label(cell, names):
    """Return "macro" or "micro", or the cell itself if it means neither."""
    text = fold(cell)
    return names.get(text) or _SPELLINGS.get(re.sub(r"[\s_-]+", "", text), cell)
