"""From the rows of an annotation table to the interval tables of recordings."""

from collections import Counter

import pandas as pd

from skspot.datasets.annotations._repairs import Finding, LeftOut
from skspot.datasets.annotations._rows import as_tuples, check_length, read_row
from skspot.intervals import CLASSES, make_intervals

_NEEDED = ("place", "video", "onset", "offset", "label")


def resolve_rows(rows, recordings, rules, repairs):
    """Make the interval tables of recordings from the rows of an annotation table.

    Parameters
    ----------
    rows : DataFrame
        A row for each annotated expression, with the columns ``place`` (where it stands, for
        messages), ``video`` (name of a recording), ``onset``, ``offset``, ``label`` and, if the
        table has them, ``apex`` and ``subject``. Cells are raw; frames are numbered as the
        recorded images are. A label is ``"macro"``, ``"micro"``, or what could not be understood.
        The index, of numbers, orders the findings.
    recordings : list of Recording
        The recordings.
    rules : AnnotationRules
        The options.
    repairs : Repairs
        Takes what was changed, left out, or is odd and was kept. A row is either used, or has
        exactly one finding whose action is "left out".

    Returns
    -------
    recordings : list of Recording
        Those that are kept.
    tables : list of ndarray
        Interval table of each, in frames of the video, sorted by onset.
    used : list of list of int
        The rows that the intervals of each are from, by the index of `rows`, in the order of the
        intervals.

    Raises
    ------
    ValueError
        If a column is missing or there twice, or two recordings have the same name.
    """
    by_name = _by_name(recordings)
    drafts, n_rows = {name: [] for name in by_name}, Counter()
    for row in _checked_tuples(rows, by_name):
        n_rows[str(row.video)] += 1
        try:
            draft = read_row(row, by_name, rules)
        except LeftOut as reason:
            repairs.add_row(row, reason.finding)
        else:
            drafts[row.video].append(draft)
    kept, tables, used = [], [], []
    for recording in recordings:
        chosen = _resolve_overlaps(drafts[recording.name], rules, repairs)
        for draft in chosen:
            for finding in draft.findings:
                repairs.add_row(draft.row, finding)
        if not chosen and not _keeps_unlabelled(recording, n_rows[recording.name], rules, repairs):
            continue
        intervals = [(draft.onset, draft.apex, draft.offset, draft.label) for draft in chosen]
        kept.append(recording)
        tables.append(make_intervals(intervals, n_frames=recording.n_frames))
        used.append([draft.row.Index for draft in chosen])
    return kept, tables, used


def _by_name(recordings):
    """Return the recordings by name; refuse two of the same name."""
    by_name = {recording.name: recording for recording in recordings}
    if len(by_name) < len(recordings):
        names = [recording.name for recording in recordings]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"The names of recordings must differ, got {twice} several times.")
    return by_name


def _checked_tuples(rows, recordings):
    """Return the rows of a DataFrame as named tuples, with the subjects if they are known."""
    columns = list(rows.columns)
    if any(columns.count(name) != 1 for name in _NEEDED):
        raise ValueError(
            f"An annotation table needs each of the columns {_NEEDED} once, got {columns}."
        )
    if "subject" not in columns:
        subjects = {recording.name: recording.subject for recording in recordings.values()}
        videos = [video if isinstance(video, str) else None for video in rows["video"]]
        found = pd.Series(list(map(subjects.get, videos)), rows.index, dtype=object)
        rows = rows.assign(subject=found)
    return as_tuples(rows)


def _keeps_unlabelled(recording, n_rows, rules, repairs):
    """Return whether to keep a video without intervals; note it."""
    detail = f"none of its {n_rows} rows is used" if n_rows else ""
    keeps = rules.unlabelled == "keep"
    action, option = ("kept", None) if keeps else ("left out", "unlabelled")
    finding = Finding("the video has no intervals", detail, action, option=option)
    repairs.add_video(recording, finding)
    return keeps


def _resolve_overlaps(drafts, rules, repairs):
    """Return the intervals of a video, sorted, such that no two of one class share a frame.

    One that begins within an earlier one begins after it instead; one that lies within another is
    left out.
    """
    used = []
    for label in CLASSES:
        same = [draft for draft in drafts if draft.label == label]
        used += _resolve_class(same, rules, repairs)
    used.sort(key=lambda draft: (draft.onset, draft.offset, draft.row.Index))
    for draft in used:
        if draft.length == 1:
            draft.note("the interval is one frame long")
    return used


def _resolve_class(drafts, rules, repairs):
    """Return the intervals of one class without those that lie within others."""
    used = []
    # Of those that begin together the longest comes first, of equal ones the first in the table.
    for draft in sorted(drafts, key=lambda d: (d.onset, -d.offset, d.row.Index)):
        try:
            if used:
                _separate(used[-1], draft, rules)
        except LeftOut as reason:
            repairs.add_row(draft.row, reason.finding)
        else:
            used.append(draft)
    return used


def _separate(earlier, later, rules):
    """Make an interval begin after an earlier one."""
    if later.onset > earlier.offset:
        return
    place = earlier.row.place
    apart = later.recorded[0] > earlier.recorded[1] or earlier.recorded[0] > later.recorded[1]
    where = " at the reduced rate" if apart else ""
    if (later.onset, later.offset) == (earlier.onset, earlier.offset):
        raise LeftOut(f"the interval repeats another{where}", place)
    if later.offset <= earlier.offset:
        raise LeftOut(f"the interval lies within another{where}", place)
    later.onset = earlier.offset + 1
    later.apex = max(later.apex, later.onset)
    later.note_change(
        f"the interval begins within another of its class{where}",
        place,
        f"it begins after that, with frame {later.onset} of the video",
    )
    check_length(later, rules)
