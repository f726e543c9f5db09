"""The options that say which rows of a table are used, and how gaps in them are filled."""

from dataclasses import dataclass
from numbers import Integral

from skspot.intervals import CLASSES
from skspot.utils._param_validation import Interval, StrOptions

# How `validate_params` checks the options that loaders share.
RULE_CONSTRAINTS = {
    "classes": ["array-like"],
    "missing_offset": [StrOptions({"apex", "drop"}), Interval(Integral, 1, None, closed="left")],
    "over_long": [StrOptions({"drop", "keep"})],
    "long_micro": [StrOptions({"keep", "macro", "drop"})],
    "min_length": [Interval(Integral, 1, None, closed="left")],
    "unlabelled": [StrOptions({"keep", "drop"})],
}


@dataclass(frozen=True)
class AnnotationRules:
    """Which rows are used, and how gaps in them are filled.

    Parameters
    ----------
    classes : sequence of str, default=("macro", "micro")
        Classes that are wanted.
    missing_offset : {"apex", "drop"} or int, default="apex"
        What replaces an offset that is empty, 0 or -1: the apex, or the frame that many recorded
        frames after the onset. ``"drop"`` leaves the row out.
    over_long : {"drop", "keep"}, default="drop"
        Whether intervals that begin with the first frame of the recording and last longer than
        half of it are left out.
    long_micro : {"keep", "macro", "drop"}, default="keep"
        Whether micro-expressions of more than 0.5 s are kept, become macro-expressions or are left
        out.
    min_length : int, default=1
        Intervals with fewer frames of the video are left out.
    unlabelled : {"keep", "drop"}, default="keep"
        Whether videos without any interval are kept.
    missing_onset : {"first", "drop"}, default="first"
        Whether an onset that is empty, 0 or -1 becomes the first frame of the recording.
    """

    classes: tuple = CLASSES
    missing_offset: str | int = "apex"
    over_long: str = "drop"
    long_micro: str = "keep"
    min_length: int = 1
    unlabelled: str = "keep"
    missing_onset: str = "first"

    def __post_init__(self):
        classes = self.classes
        if isinstance(classes, str) or not set(classes) or not set(classes) <= set(CLASSES):
            raise ValueError(
                f"classes must be one or both of {CLASSES} in a sequence, got {classes!r}."
            )
