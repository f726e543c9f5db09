"""From a row of an annotation table to an interval of a video.

Each step checks one thing, notes what it changes and raises `LeftOut` if the row can't be used.
Frame numbers are those of the table until `_to_video_frames` turns them into frames of the video.
"""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from skspot.datasets.annotations._recording import Recording
from skspot.datasets.annotations._repairs import BEYOND, COUNTS_FROM_1, Finding, LeftOut
from skspot.datasets.tables import Reading, is_empty, read_frame
from skspot.intervals import CLASSES

ROW_COLUMNS = ("place", "subject", "video", "onset", "apex", "offset", "label")

_MAX_MICRO_SECONDS = 0.5
_LARGEST = 2**53  # whole numbers are exact in float64 up to here
# By how much the number of frames in the header of a file may be wrong.
_HEADER_TOLERANCE = 10  # frames
_RELATIVE_HEADER_TOLERANCE = 0.01


def as_tuples(rows):
    """Yield the rows of an annotation table as named tuples, with `Index` and `ROW_COLUMNS`.

    Cells are as they stand in the table, or `Reading` if they have been read. Missing columns are
    empty.
    """
    if "subject" not in rows:
        rows = rows.assign(subject=None)
    return rows.reindex(columns=ROW_COLUMNS).astype(object).itertuples(name="Row")


@dataclass
class Draft:
    """An interval that is being made from a row; None is a missing frame.

    `recorded` holds the positions of onset and offset among the recorded images, once known.
    """

    row: NamedTuple
    recording: Recording
    label: str
    onset: int | None = None
    apex: int | None = None
    offset: int | None = None
    recorded: tuple = ()
    findings: list = field(default_factory=list)

    def reported(self, name):
        """Return a frame number as the table gives it, for messages."""
        cell = getattr(self.row, name)
        text = cell.text if isinstance(cell, Reading) else ""
        return text or str(getattr(self, name))

    def note_change(self, kind, detail, result):
        """Note a repair."""
        self.findings.append(Finding(kind, str(detail), "changed", result))

    def note(self, kind, detail=""):
        """Note something odd that is kept."""
        self.findings.append(Finding(kind, str(detail), "kept"))

    @property
    def length(self):
        """Number of frames."""
        return self.offset - self.onset + 1


def read_row(row, recordings, rules):
    """Return a row as a draft of an interval, in frames of its video.

    Parameters
    ----------
    row : named tuple
        The row, from `as_tuples`.
    recordings : dict of str to Recording
        The recordings by name.
    rules : AnnotationRules
        The options.

    Raises
    ------
    LeftOut
        If the row can't be used or an option excludes it.
    """
    recording = recordings.get(row.video) if isinstance(row.video, str) else None
    if recording is None:
        raise LeftOut("there are no frames of the video", repr(row.video))
    draft = Draft(row, recording, _read_label(row.label, rules))
    for name in ("onset", "apex", "offset"):
        setattr(draft, name, _read_frame(draft, name))
    _complete(draft, rules)
    if draft.offset < draft.onset:
        detail = f"{draft.reported('offset')} < {draft.reported('onset')}"
        raise LeftOut("the offset is before the onset", detail)
    _fit(draft)
    _check_apex(draft)
    seconds = _to_video_frames(draft, rules)
    _check_micro(draft, seconds, rules)
    if draft.label not in rules.classes:
        raise LeftOut(*_excluded(draft.label))
    check_length(draft, rules)
    return draft


def check_length(draft, rules):
    """Leave out an interval that is shorter than wanted."""
    if draft.length < rules.min_length:
        raise LeftOut(
            f"the interval is shorter than min_length={rules.min_length}",
            f"{draft.length} frames",
            "min_length",
        )


def _read_label(label, rules):
    if is_empty(label):
        raise LeftOut("the label is missing")
    if not isinstance(label, str) or label not in CLASSES:
        raise LeftOut("the label is neither macro nor micro", f"{label!r:.60}")
    becomes = {label, "macro"} if rules.long_micro == "macro" else {label}
    if not becomes & set(rules.classes):
        raise LeftOut(*_excluded(label))
    return label


def _excluded(label):
    return f"class {label} is not among classes", "", "classes"


def _read_frame(draft, name):
    """Return the frame number in a cell, None if it is empty."""
    cell = getattr(draft.row, name)
    reading = cell if isinstance(cell, Reading) else read_frame(cell)
    if reading.fault:
        raise LeftOut(f"the {name} is not a number", reading.fault)
    number = reading.frame
    if math.isnan(number):
        return None
    if abs(number) > _LARGEST:
        raise LeftOut(f"the {name} is not a number", f"{number:g} is too large")
    whole = math.floor(number + 0.5)
    if abs(number - whole) > 1e-6:  # results of formulas may be off by less
        draft.note_change(
            f"the {name} is not a whole number", f"{number:.10g}", f"the {name} is {whole}"
        )
    return whole


def _is_missing(number, draft):
    """Return whether a frame number means a missing frame, as 0 does if images count from 1."""
    return number is None or number == -1 or (number == 0 and draft.recording.first != 0)


def _complete(draft, rules):
    """Fill in onset and offset if they are missing."""
    onset, offset = draft.onset, draft.offset
    no_onset = _is_missing(onset, draft)
    no_apex = _is_missing(draft.apex, draft)
    no_offset = _is_missing(offset, draft) or (offset == 0 and not no_onset and onset > 0)
    if no_onset and no_apex and no_offset:
        raise LeftOut("onset, apex and offset are missing")
    if no_onset:
        if rules.missing_onset == "drop":
            raise LeftOut("the onset is missing", _shown(onset))
        draft.onset = draft.recording.first
        draft.note_change(
            "the onset is missing", _shown(onset), f"the onset is the first frame, {draft.onset}"
        )
    elif onset < 0:
        raise LeftOut("the onset is negative", draft.reported("onset"))
    if no_offset:
        draft.offset, result = _replaced_offset(draft, no_apex, rules)
        draft.note_change("the offset is missing", _shown(offset), f"{result}, {draft.offset}")


def _replaced_offset(draft, no_apex, rules):
    """Return the frame that replaces a missing offset, and what to call it."""
    if rules.missing_offset == "drop":
        raise LeftOut("the offset is missing", _shown(draft.offset))
    if rules.missing_offset != "apex":
        frames = rules.missing_offset
        return draft.onset + int(frames), f"the offset is {frames} frames after the onset"
    if no_apex:
        raise LeftOut("offset and apex are missing")
    if draft.apex < draft.onset:
        raise LeftOut(
            "the offset is missing and the apex is before the onset",
            f"{draft.reported('apex')} < {draft.reported('onset')}",
        )
    return draft.apex, "the offset is the apex"


def _shown(number):
    return "" if number is None else str(number)


def _fit(draft):
    """Cut the interval to the recorded images, if they are known."""
    first = draft.recording.first
    if draft.offset < first:
        raise LeftOut(
            "the offset is before the first frame", f"{draft.reported('offset')} < {first}"
        )
    if draft.onset < first:
        detail = f"{draft.reported('onset')} < {first}"
        draft.note_change("the onset is before the first frame", detail, f"the onset is {first}")
        draft.onset = first
    if draft.recording.numbers is not None:
        _cut(draft)
    elif draft.recording.nominal_n_frames is not None:
        _check_nominal_end(draft)


def _cut(draft):
    """Let an interval end with the last recorded image."""
    numbers, times = draft.recording.numbers, draft.recording.times
    last = int(numbers[-1])
    end = str(last) if times is None else f"{last}, at {times.timestamps[-1]:.3f} s"
    if draft.onset > last:
        raise LeftOut("the onset is beyond the last frame", f"{draft.reported('onset')} > {end}")
    if draft.offset > last:
        kind = COUNTS_FROM_1 if _counts_from_1(draft, last) else BEYOND
        draft.note_change(kind, f"{draft.reported('offset')} > {end}", f"the offset is {last}")
        draft.offset = last


def _check_nominal_end(draft):
    """Leave out an interval that is clearly beyond the end according to the header of the file."""
    n_frames = draft.recording.nominal_n_frames
    last = draft.recording.first + n_frames - 1
    tolerance = max(_HEADER_TOLERANCE, _RELATIVE_HEADER_TOLERANCE * n_frames)
    for name in ("onset", "offset"):
        if getattr(draft, name) - last > tolerance:
            detail = f"{draft.reported(name)} > {last}, according to the header of the file"
            raise LeftOut(f"the {name} is beyond the last frame", detail)
    if draft.onset <= last and _counts_from_1(draft, last):
        draft.note_change(COUNTS_FROM_1, f"{draft.offset} > {last}", f"the offset is {last}")
        draft.offset = last


def _counts_from_1(draft, last):
    """Return whether an interval ends as if the first frame, 0, were called 1."""
    return draft.recording.first == 0 and draft.offset == last + 1


def _check_apex(draft):
    """Replace an apex that can't be used by the middle frame; an empty cell is not noted."""
    apex, onset, offset = draft.apex, draft.onset, draft.offset
    missing = _is_missing(apex, draft)
    if not missing and onset <= apex <= offset:
        return
    reported = draft.reported("apex")
    draft.apex = (onset + offset) // 2
    if apex is not None:
        kind = "the apex is missing" if missing else "the apex is outside the interval"
        detail = reported if missing else f"{reported} not in {onset}-{offset}"
        draft.note_change(kind, detail, f"the apex is the middle, {draft.apex}")


def _to_video_frames(draft, rules):
    """Turn frame numbers into frames of the video; return the duration in seconds, or None."""
    recording = draft.recording
    onset, apex, offset = _positions(draft)
    numbers = recording.numbers
    if numbers is not None and onset == 0 and 2 * (offset + 1) > len(numbers):
        detail = f"{offset + 1} of {len(numbers)} frames"
        kind = "the interval covers most of the video from its start"
        if rules.over_long == "drop":
            raise LeftOut(kind, detail, "over_long")
        draft.note(kind, detail)
    draft.recorded = (onset, offset)
    draft.onset, draft.apex, draft.offset = map(recording.frame_at, (onset, apex, offset))
    return recording.seconds_between(onset, offset)


def _positions(draft):
    """Return the positions of onset, apex and offset among the recorded images."""
    numbers, first = draft.recording.numbers, draft.recording.first
    if numbers is None:
        return draft.onset - first, draft.apex - first, draft.offset - first
    onset = int(np.searchsorted(numbers, draft.onset))
    offset = int(np.searchsorted(numbers, draft.offset, side="right")) - 1
    if onset > offset:
        raise LeftOut("no images of the interval", f"{draft.onset}-{draft.offset}")
    apex = min(max(_nearest(numbers, draft.apex), onset), offset)
    # The middle replaces a missing apex, whether it has an image or not.
    for name, position in (("onset", onset), ("apex", apex), ("offset", offset)):
        wanted, got = getattr(draft, name), int(numbers[position])
        if wanted != got:
            draft.note_change(f"no image of the {name}", wanted, f"the {name} is {got}")
    return onset, apex, offset


def _nearest(numbers, number):
    """Return the position of the nearest of increasing numbers; of two, the first."""
    right = min(int(np.searchsorted(numbers, number)), len(numbers) - 1)
    left = max(right - 1, 0)
    return right if numbers[right] - number < number - numbers[left] else left


def _check_micro(draft, seconds, rules):
    """Keep, relabel or leave out a micro-expression that lasts too long to be one."""
    limit = _MAX_MICRO_SECONDS * (1 + 1e-9)  # an fps of 200 / 7 is not exact
    if draft.label != "micro" or seconds is None or seconds <= limit:
        return
    kind = f"the micro-expression lasts more than {_MAX_MICRO_SECONDS} s"
    detail = f"{seconds:.2f} s"
    if rules.long_micro == "drop":
        raise LeftOut(kind, detail, "long_micro")
    if rules.long_micro == "macro":
        draft.label = "macro"
        draft.note_change(kind, detail, "the label is macro")
    else:
        draft.note(kind, detail)
