"""Intervals of one label that share frames, which no interval table may hold."""

from skspot.datasets.annotations._repairs import LeftOut
from skspot.datasets.annotations._rows import check_length
from skspot.intervals import CLASSES


def settle_overlaps(drafts, rules, report):
    """Return the intervals of a video, sorted, of which no two of one label share a frame.

    Parameters
    ----------
    drafts : list of Draft
        The intervals in frames of the video.
    rules : LabelRules
        The options.
    report : Report
        Where those that are left out go.

    Returns
    -------
    drafts : list of Draft
        Those that are used. One that began within an earlier one begins after it.
    """
    used = []
    for label in CLASSES:
        same = [draft for draft in drafts if draft.label == label]
        used += _settle(same, rules, report)
    used.sort(key=lambda draft: (draft.onset, draft.offset, draft.row.number))
    for draft in used:
        if draft.length == 1:
            draft.odd("the interval is one frame long")
    return used


def _settle(drafts, rules, report):
    """Return the intervals of one label without those that share all their frames with another."""
    used = []
    # Of those that begin together the longest comes first, of equal ones the first in the table.
    for draft in sorted(drafts, key=lambda d: (d.onset, -d.offset, d.row.number)):
        try:
            if used:
                _part(used[-1], draft, rules)
        except LeftOut as reason:
            report.add(draft.row, reason.finding)
        else:
            used.append(draft)
    return used


def _part(earlier, later, rules):
    """Let an interval begin after an earlier one."""
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
    later.changed(
        f"the interval begins within another of its label{where}",
        place,
        f"it begins after that, with frame {later.onset} of the video",
    )
    check_length(later, rules)
