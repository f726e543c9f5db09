"""From the rows of an annotation table to the interval tables of recordings."""

from collections import Counter
from dataclasses import dataclass
from numbers import Integral

from skspot.datasets.annotations._overlaps import settle_overlaps
from skspot.datasets.annotations._repairs import Finding, LeftOut, Report
from skspot.datasets.annotations._rows import Row, read_row
from skspot.intervals import CLASSES, make_intervals
from skspot.utils._param_validation import Interval, StrOptions

_NEEDED = ("place", "video", "onset", "offset", "label")

# What `validate_params` checks of the options that loaders share.
LABEL_OPTIONS = {
    "classes": ["array-like"],
    "missing_offset": [StrOptions({"apex", "drop"}), Interval(Integral, 1, None, closed="left")],
    "over_long": [StrOptions({"drop", "keep"})],
    "long_micro": [StrOptions({"keep", "macro", "drop"})],
    "min_length": [Interval(Integral, 1, None, closed="left")],
    "unlabelled": [StrOptions({"keep", "drop"})],
}


@dataclass(frozen=True)
class LabelRules:
    """The options that say which rows are used, and how gaps in them are filled.

    Parameters
    ----------
    missing_offset : {"apex", "drop"} or int, default="apex"
        What takes the place of an offset that is empty, 0 or -1: the apex, or the frame that many
        recorded frames after the onset. ``"drop"`` leaves the row out.
    over_long : {"drop", "keep"}, default="drop"
        Whether intervals that begin with the first frame of the recording and last longer than
        half of it are left out.
    long_micro : {"keep", "macro", "drop"}, default="keep"
        Whether micro-expressions of more than 0.5 s are kept, become macro-expressions or are left
        out.
    min_length : int, default=1
        Intervals with fewer frames of the video are left out.
    classes : sequence of str, default=("macro", "micro")
        Labels that are wanted.
    unlabelled : {"keep", "drop"}, default="keep"
        Whether videos without any interval are kept.
    missing_onset : {"first", "drop"}, default="first"
        Whether an onset that is empty, 0 or -1 becomes the first frame of the recording.
    """

    missing_offset: str | int = "apex"
    over_long: str = "drop"
    long_micro: str = "keep"
    min_length: int = 1
    classes: tuple = CLASSES
    unlabelled: str = "keep"
    missing_onset: str = "first"

    def __post_init__(self):
        classes = self.classes
        if isinstance(classes, str) or not set(classes) or not set(classes) <= set(CLASSES):
            raise ValueError(
                f"classes must be one or both of {CLASSES} in a sequence, got {classes!r}."
            )


def settle_rows(rows, recordings, rules):
    """Make the interval tables of recordings from the rows of an annotation table.

    Parameters
    ----------
    rows : DataFrame
        A row for each annotated expression, with the columns ``place`` (where it stands, for
        messages), ``video`` (name of a recording), ``onset``, ``offset``, ``label`` and, if the
        table has them, ``apex`` and ``subject``. Cells are raw; frames are numbered as the
        recorded images are. A label is ``"macro"``, ``"micro"``, or what could not be understood.
        The index, of numbers, orders the report.
    recordings : list of Recording
        The recordings.
    rules : LabelRules
        The options.

    Returns
    -------
    recordings : list of Recording
        Those that are kept.
    tables : list of ndarray
        Interval table of each, in frames of the video, sorted by onset.
    report : Report
        What was changed, left out, or is odd and was kept. A row of the annotation is used, or has
        exactly one finding whose action is "left out". Its attribute `used` tells the row of each
        interval, by the index of `rows`.

    Raises
    ------
    ValueError
        If a column is missing or twice there, or two recordings have one name.
    """
    report = Report()
    rows = _as_rows(rows, recordings)
    drafts = _read_rows(rows, _by_name(recordings), rules, report)
    n_rows = Counter(row.video for row in rows if isinstance(row.video, str))
    kept, tables = [], []
    for recording in recordings:
        used = settle_overlaps(drafts[recording.name], rules, report)
        for draft in used:
            for finding in draft.findings:
                report.add(draft.row, finding)
        if used or _keeps_unlabelled(recording, n_rows[recording.name], rules, report):
            kept.append(recording)
            report.used[recording.name] = [draft.row.number for draft in used]
            tables.append(
                make_intervals(
                    [(draft.onset, draft.apex, draft.offset, draft.label) for draft in used],
                    n_frames=recording.n_frames,
                )
            )
    return kept, tables, report


def _by_name(recordings):
    """Return the recordings by name; refuse a name twice."""
    by_name = {recording.name: recording for recording in recordings}
    if len(by_name) < len(recordings):
        names = [recording.name for recording in recordings]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"Every recording needs a name of its own, got {twice} several times.")
    return by_name


def _as_rows(rows, recordings):
    """Return the rows of a DataFrame as `Row`s."""
    columns = list(rows.columns)
    if any(columns.count(name) != 1 for name in _NEEDED):
        raise ValueError(
            f"An annotation table needs each of the columns {_NEEDED} once, got {columns}."
        )
    subjects = {recording.name: recording.subject for recording in recordings}
    videos = rows["video"].tolist()
    if "subject" in columns:
        people = rows["subject"].tolist()
    else:
        people = [subjects.get(video) if isinstance(video, str) else None for video in videos]
    apexes = rows["apex"].tolist() if "apex" in columns else [None] * len(rows)
    cells = (rows[name].tolist() for name in ("place", "onset", "offset", "label"))
    places, onsets, offsets, labels = cells
    fields = (rows.index.tolist(), places, people, videos, onsets, apexes, offsets, labels)
    return [Row(*cells) for cells in zip(*fields)]


def _read_rows(rows, recordings, rules, report):
    """Return the drafts of the usable rows by recording; report the others."""
    drafts = {name: [] for name in recordings}
    for row in rows:
        try:
            draft = read_row(row, recordings, rules)
        except LeftOut as reason:
            report.add(row, reason.finding)
        else:
            drafts[row.video].append(draft)
    return drafts


def _keeps_unlabelled(recording, n_rows, rules, report):
    """Tell whether to keep a video without intervals; report it."""
    detail = f"none of its {n_rows} rows is used" if n_rows else ""
    keeps = rules.unlabelled == "keep"
    action, option = ("kept", None) if keeps else ("left out", "unlabelled")
    report.add_video(
        recording, Finding("the video has no intervals", detail, action, option=option)
    )
    return keeps
