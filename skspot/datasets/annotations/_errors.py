"""Errors about rows of a user's table that can't be used, and about tables in the wrong unit."""

import re
import warnings
from collections import Counter

from skspot.datasets.tables import is_empty, parse_id
from skspot.intervals import CLASSES
from skspot.utils._text import join_limited
from skspot.utils.validation import with_parameters

_MAX_ROWS = 20  # that the error lists
_SHORT = 5  # frames; at 25 frames per second a macro-expression lasts 12
_SEVERAL = 3
_IF_SECONDS = "Are these frames (unit='frames') or milliseconds (divide them by 1000)?"
_IF_FRAMES = (
    "Are these milliseconds (divide them by 1000, and pass unit='seconds'), or the frames of a "
    "video of another frame rate?"
)


def refuse_unusable(repairs, labels, unit, first_frame, table):
    """Raise ValueError if there are rows that can't be used.

    Parameters
    ----------
    repairs : Repairs
        What was found.
    labels : Series
        The labels of the rows: classes, or what could not be understood.
    unit : {"frames", "seconds"}
        The unit of the table.
    first_frame : int
        Number of the first frame in the table.
    table : UserTable
        The table.
    """
    unusable = repairs.unusable()
    if not unusable:
        return
    lines = [f"{place}, video {video!r}: {finding.problem}" for place, video, finding in unusable]
    kinds = Counter(finding.kind for *_, finding in unusable)
    hints = [*_hints(kinds, unit, first_frame, len(table.rows)), *_label_hints(labels)]
    error = ValueError(
        f"{table.name}: {len(unusable)} of {len(table.rows)} rows can't be used:\n- "
        + join_limited(lines, _MAX_ROWS, "\n- ")
        + "\n"
        + "".join(f"{hint}\n" for hint, _ in hints)
        + "Correct them, or pass on_error='warn' to leave them out and list them in `repairs`."
    )
    raise with_parameters(error, "on_error", *filter(None, (name for _, name in hints)))


def refuse_fractions(repairs, n_intervals, name):
    """Raise ValueError if most onsets had to be rounded: they are probably seconds.

    Parameters
    ----------
    repairs : Repairs
        What was found.
    n_intervals : int
        Number of rows that are used.
    name : str
        Name of the table in errors.
    """
    problems = repairs.table()["problem"]
    n_rounded = sum(problem.startswith("the onset is not a whole number") for problem in problems)
    if 2 * n_rounded > n_intervals:
        error = ValueError(
            f"{name}: {n_rounded} of {n_intervals} onsets are not whole frame numbers. If they are "
            "seconds, pass unit='seconds'; if they are frames, round them, or pass on_error='warn' "
            "to round them here."
        )
        raise with_parameters(error, "unit", "on_error")


def refuse_late(repairs, n_rows, name):
    """Raise ValueError if most offsets are beyond the ends of their videos: they are not seconds.

    Parameters
    ----------
    repairs : Repairs
        What was found.
    n_rows : int
        Number of rows with an expression.
    name : str
        Name of the table in errors.
    """
    beyond = re.compile(r"the (onset|offset) is beyond the last frame")
    problems = list(filter(beyond.match, repairs.table()["problem"]))
    if 2 * len(problems) > n_rows:
        error = ValueError(
            f"{name}: {len(problems)} of {n_rows} expressions end beyond their videos, the first: "
            f"{problems[0]}. {_IF_SECONDS} If they are seconds, correct them, or pass "
            "on_error='warn' to cut them to the videos or leave them out."
        )
        raise with_parameters(error, "unit", "on_error")


def warn_of_seconds(tables, name):
    """Warn if the frames of a table are probably whole seconds.

    Parameters
    ----------
    tables : list of ndarray
        The interval tables.
    name : str
        What the warning calls the table.

    Warns
    -----
    UserWarning
        If there are several macro-expressions, all of them too short.
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


def _hints(kinds, unit, first_frame, n_rows):
    """Yield what may help with some kinds of problems, each with the parameter to set or None.

    `kinds` counts the rows with each kind of problem.
    """
    if kinds["the row has more cells than the header has names"]:
        yield (
            "Decimal commas in a file that is delimited by commas make additional cells: write "
            "decimal points, or delimit the file by semicolons.",
            None,
        )
    if unit == "seconds" and any(kind.endswith("is not a number") for kind in kinds):
        yield "Write moments as seconds, without a unit: 65.5 for 00:01:05.5.", None
    if 2 * kinds["the offset is before the onset"] > n_rows:
        yield (
            "Are they durations? The offset is the onset plus the duration, less 1 in frames.",
            None,
        )
    if any("is beyond the last frame" in kind for kind in kinds):
        yield _IF_SECONDS if unit == "seconds" else _IF_FRAMES, "unit"
    if "the offset is missing" in kinds:
        yield "With missing_offset='apex', the apex replaces a missing offset.", None
    if "the onset is missing" in kinds and first_frame:
        yield (
            f"With first_frame={first_frame}, frame 0 means a missing one; does the table count "
            "from 0?",
            "first_frame",
        )


def _label_hints(labels):
    """Yield what to do about unknown labels, and the parameter to set."""
    unknown = Counter(
        parse_id(label)
        for label in labels
        if not is_empty(label) and not (isinstance(label, str) and label in CLASSES)
    )
    if unknown:
        counts = [f"{label!r} ({count})" for label, count in unknown.most_common()]
        skeleton = ", ".join(f"{label!r}: ..." for label, _ in unknown.most_common())
        yield (
            f"Say what the labels {join_limited(counts, 20)} mean with "
            f"label_names={{{skeleton}}}, where ... is 'macro', 'micro', or None to leave out the "
            "rows of a label.",
            "label_names",
        )
