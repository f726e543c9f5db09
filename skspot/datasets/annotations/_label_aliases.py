"""What labels of expressions are called in tables."""

import re

from skspot.datasets.tables import parse_id
from skspot.intervals import CLASSES

# Without case, blanks and hyphens.
_ALIASES = {
    **dict.fromkeys(("macro", "mae", "macroexpression", "macroexpressions", "makro"), "macro"),
    **dict.fromkeys(
        ("micro", "me", "mie", "microexpression", "microexpressions", "mikro"), "micro"
    ),
}


def fold(label):
    """Return a label as it is compared: text without case."""
    return parse_id(label).casefold()


def read_names(label_names):
    """Return what a user's labels mean, by folded label; refuse other meanings.

    Parameters
    ----------
    label_names : mapping or None
        For each label in a table, "macro", "micro", or None if its rows are to be left out.
    """
    names = dict(label_names or {})
    wrong = {key: value for key, value in names.items() if value not in (*CLASSES, None)}
    if wrong:
        raise ValueError(
            f"label_names must map each label of the table to one of {CLASSES}, or to None to "
            f"leave out its rows; got {wrong}."
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
    return names.get(text) or _ALIASES.get(re.sub(r"[\s_-]+", "", text), cell)


def expression_class(cell):
    """Return ``"macro"`` or ``"micro"`` for a type in a dataset's table, other cells unchanged."""
    # SAMM's "Micro - 1/2" is a micro-expression like any other.
    text = re.sub(r"[\s-]*1/2\s*$", "", cell) if isinstance(cell, str) else cell
    label = read_label(text, {})
    return label if label in CLASSES else cell
