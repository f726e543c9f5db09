"""From the rows of annotation tables to interval tables, and what had to be repaired."""

from skspot.datasets.annotations._errors import (
    refuse_fractions,
    refuse_late,
    refuse_unusable,
    warn_of_seconds,
)
from skspot.datasets.annotations._intervals import resolve_rows
from skspot.datasets.annotations._label_aliases import (
    expression_class,
    fold,
    read_label,
    read_names,
)
from skspot.datasets.annotations._recording import Recording, image_numbers, natural_order
from skspot.datasets.annotations._repairs import Finding, LeftOut, Repairs
from skspot.datasets.annotations._rows import as_tuples
from skspot.datasets.annotations._rules import RULE_CONSTRAINTS, AnnotationRules
from skspot.datasets.annotations._seconds import find_faults, read_cells

__all__ = [
    "RULE_CONSTRAINTS",
    "AnnotationRules",
    "Finding",
    "LeftOut",
    "Recording",
    "Repairs",
    "as_tuples",
    "expression_class",
    "find_faults",
    "fold",
    "image_numbers",
    "natural_order",
    "read_cells",
    "read_label",
    "read_names",
    "refuse_fractions",
    "refuse_late",
    "refuse_unusable",
    "resolve_rows",
    "warn_of_seconds",
]
