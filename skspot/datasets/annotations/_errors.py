"""The errors about rows of a user's table that can't be used."""

import re
import warnings
from collections import Counter

from skspot.datasets._video_files import some_of
from skspot.datasets.tables._cells import is_empty, parse_id
from skspot.intervals import CLASSES
from skspot.utils.validation import with_parameters

_MANY = 20  # how many rows the error lists at most
_SHORT = 5  # frames; at 25 frames per second a macro-expression lasts 12
_SEVERAL = 3
_NO_SECONDS = "Are these frames (unit='frames') or milliseconds (divide them by 1000)?"
_NO_FRAMES = (
    "Are these milliseconds (divide them by 1000, and pass unit='seconds'), or the frames of a "
    "video of another rate?"
)


def refuse_unusable(report, labels, unit, first_frame, annotations):
    """Raise ValueError if there are rows that can't be used.

    Parameters
    ----------
    report : Report
        What was found.
    labels : Series
        The labels of the rows, as far as they were understood.
    unit : {"frames", "seconds"}
        What the table holds.
    first_frame : int
        Number of the first frame in the table.
    annotations : Annotations
        The table.
    """
    unusable = report.unusable()
    if not unusable:
        return
    lines = [f"{place}, video {video!r}: {finding.problem}" for place, video, finding in unusable]
    if len(lines) > _MANY:
        lines[_MANY:] = [f"and {len(lines) - _MANY} more"]
    kinds = Counter(finding.kind for *_, finding in unusable)
    hints = [*_hints(kinds, unit, first_frame, len(annotations.rows)), *_label_hints(labels)]
    error = ValueError(
        f"{annotations.name}: {len(unusable)} of {len(annotations.rows)} rows can't be used:\n- "
        + "\n- ".join(lines)
        + "\n"
        + "".join(f"{hint}\n" for hint, _ in hints)
        + "Correct them, or pass on_error='warn' to leave them out and have them reported."
    )
    raise with_parameters(error, "on_error", *filter(None, (name for _, name in hints)))


def refuse_fractions(report, n_intervals, name):
    """Raise ValueError if most onsets had to be rounded: they will be seconds.

    Parameters
    ----------
    report : Report
        What was found.
    n_intervals : int
        Number of rows that are used.
    name : str
        What the error calls the table.
    """
    problems = report.frame()["problem"]
    n_rounded = sum(problem.startswith("the onset is no whole number") for problem in problems)
    if 2 * n_rounded > n_intervals:
        error = ValueError(
            f"{name}: {n_rounded} of {n_intervals} onsets are no whole frame numbers. If they are "
            "seconds, pass unit='seconds'; if they are frames, round them, or pass on_error='warn' "
            "to have them rounded and reported."
        )
        raise with_parameters(error, "unit", "on_error")


def warn_of_seconds(tables, name):
    """Warn if the frames of a table are probably seconds, in whole numbers.

    Parameters
    ----------
    tables : list of ndarray
        The interval tables.
    name : str
        What the warning calls the table.

    Warns
    -----
    UserWarning
        If there are several macro-expressions, and all are too short to be any.
    """
    lengths = [
        interval["offset"] - interval["onset"] + 1
        for table in tables
        for interval in table[table["label"] == "macro"]
    ]
    if len(lengths) >= _SEVERAL and max(lengths) <= _SHORT:
        warning = UserWarning(
            f"{name}: the longest of {len(lengths)} macro-expressions lasts {max(lengths)} frames, "
            "but a macro-expression lasts half a second or more. If onsets and offsets are "
            "seconds, pass unit='seconds'."
        )
        warnings.warn(with_parameters(warning, "unit"), stacklevel=4)


def refuse_late(report, n_rows, name):
    """Raise ValueError if most offsets are beyond the end of their videos: they are no seconds.

    Parameters
    ----------
    report : Report
        What was found.
    n_rows : int
        Number of rows with an expression.
    name : str
        What the error calls the table.
    """
    beyond = re.compile(r"the (onset|offset) is beyond the last frame")
    problems = list(filter(beyond.match, report.frame()["problem"]))
    if 2 * len(problems) > n_rows:
        error = ValueError(
            f"{name}: {len(problems)} of {n_rows} expressions end beyond their videos, the first: "
            f"{problems[0]}. {_NO_SECONDS} If they are seconds, correct them, or pass "
            "on_error='warn' to have them cut to the videos or left out, and reported."
        )
        raise with_parameters(error, "unit", "on_error")


def _hints(kinds, unit, first_frame, n_rows):
    """Yield what may help with problems of some kinds, and the parameter that it is about, if any.

    The kinds are counted.
    """
    if kinds["the row has more cells than the header has names"]:
        yield (
            "A row gets too many cells by decimal commas in a file that commas delimit: write "
            "points, or delimit it by semicolons.",
            None,
        )
    if unit == "seconds" and any(kind.endswith("is no number") for kind in kinds):
        yield "Write moments as seconds, without a unit: 65.5 for 00:01:05.5.", None
    if 2 * kinds["the offset is before the onset"] > n_rows:
        yield (
            "Are they durations? The offset is the onset plus the duration, less 1 in frames.",
            None,
        )
    if any("is beyond the last frame" in kind for kind in kinds):
        yield _NO_SECONDS if unit == "seconds" else _NO_FRAMES, "unit"
    if "the offset is missing" in kinds:
        yield "With missing_offset='apex', the apex is the offset where that is missing.", None
    if "the onset is missing" in kinds and first_frame:
        yield (
            f"With first_frame={first_frame}, a frame 0 is missing; does the table count from 0?",
            "first_frame",
        )


def _label_hints(labels):
    """Yield what to do about labels that mean nothing yet, and the parameter that it is about."""
    unknown = Counter(
        parse_id(label)
        for label in labels
        if not is_empty(label) and not (isinstance(label, str) and label in CLASSES)
    )
    if unknown:
        counts = [f"{label!r} ({count})" for label, count in unknown.most_common()]
        skeleton = ", ".join(f"{label!r}: ..." for label, _ in unknown.most_common())
        yield (
            f"Say what the labels {some_of(counts)} mean with label_names={{{skeleton}}}, where "
            "... is 'macro', 'micro', or None to leave out the rows of a label.",
            "label_names",
        )
