"""Scores of spotted intervals, counted over all videos."""

from skspot.metrics._compare import compare_matching_rules
from skspot.metrics._interval import (
    interval_counts,
    interval_f1_score,
    interval_match,
    interval_pairs,
    interval_precision_recall_fscore_support,
)
from skspot.metrics._report import spotting_report
from skspot.metrics._scorers import (
    interval_counts_scorer,
    interval_f1_scorer,
    macro_expression_f1_scorer,
    micro_expression_f1_scorer,
)

__all__ = [
    "compare_matching_rules",
    "interval_counts",
    "interval_counts_scorer",
    "interval_f1_score",
    "interval_f1_scorer",
    "interval_match",
    "interval_pairs",
    "interval_precision_recall_fscore_support",
    "macro_expression_f1_scorer",
    "micro_expression_f1_scorer",
    "spotting_report",
]
