"""The errors about rows of a user's table that can't be used."""

from collections import Counter

from skspot.datasets._cells import is_empty, parse_id
from skspot.datasets._video_files import some_of
from skspot.intervals import LABELS

_MANY = 20  # how many rows the error lists at most


def refuse_unusable(report, labels, first_frame, annotations):
    """Raise ValueError if there are rows that can't be used.

    Parameters
    ----------
    report : Report
        What was found.
    labels : Series
        The labels of the rows, as far as they were understood.
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
    kinds = {finding.kind for *_, finding in unusable}
    raise ValueError(
        f"{annotations.name}: {len(unusable)} of {len(annotations.rows)} rows can't be used:\n- "
        + "\n- ".join(lines)
        + "\n"
        + "".join(f"{hint}\n" for hint in _hints(kinds, labels, first_frame))
        + "Correct them, or pass on_error='warn' to leave them out and have them reported."
    )


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
        raise ValueError(
            f"{name}: {n_rounded} of {n_intervals} onsets are no whole frame numbers. If they are "
            "seconds, pass unit='seconds'; if they are frames, round them, or pass on_error='warn' "
            "to have them rounded and reported."
        )


def _hints(kinds, labels, first_frame):
    """Yield what may help with problems of some kinds."""
    if "the offset is missing" in kinds:
        yield "With missing_offset='apex', the apex is the offset where that is missing."
    if "the onset is missing" in kinds and first_frame:
        yield f"With first_frame={first_frame}, a frame 0 is missing; does the table count from 0?"
    unknown = Counter(
        parse_id(label)
        for label in labels
        if not is_empty(label) and not (isinstance(label, str) and label in LABELS)
    )
    if unknown:
        counts = [f"{label!r} ({count})" for label, count in unknown.most_common()]
        yield (
            f"Say what the labels {some_of(counts)} mean, as in label_names="
            f"{{{next(iter(unknown))!r}: 'macro'}}; None leaves out the rows of a label."
        )
