"""Splits of videos that keep all videos of a subject together."""

from skspot.model_selection._cross_val import cross_val_intervals
from skspot.model_selection._oracle import oracle_epoch_evaluation
from skspot.model_selection._split import LeaveOneSubjectOut, StratifiedSubjectKFold

__all__ = [
    "LeaveOneSubjectOut",
    "StratifiedSubjectKFold",
    "cross_val_intervals",
    "oracle_epoch_evaluation",
]
