"""A row of an annotation table, read and repaired until it is an interval of a video.

Each step looks at one thing, notes what it changes and raises `LeftOut` if the row can't be used.
Frame numbers are those of the table until `_place` turns them into frames of the video.
"""

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from skspot.datasets.annotations._recordings import Recording
from skspot.datasets.annotations._repairs import BEYOND, COUNTS_FROM_1, Finding, LeftOut
from skspot.datasets.tables._cells import Reading, is_empty, read_frame
from skspot.intervals import CLASSES

_LONGEST_MICRO = 0.5  # seconds
_LARGEST = 2**53  # whole numbers are exact in float64 up to here
_HEADERS_LIE_BY = 10  # frames
_HEADERS_LIE_BY_SHARE = 0.01


class Row(NamedTuple):
    """A row as it stands in the table; frames may have been read, as `Reading`."""

    number: int
    place: str
    subject: Any
    video: Any
    onset: Any
    apex: Any
    offset: Any
    label: Any


@dataclass
class Draft:
    """What a row has become so far; `None` stands for a missing frame.

    ``recorded`` holds the places of onset and offset among the recorded images, once known.
    """

    row: Row
    recording: Recording
    label: str
    onset: int | None = None
    apex: int | None = None
    offset: int | None = None
    recorded: tuple = ()
    findings: list = field(default_factory=list)

    def told(self, name):
        """Return a frame number as the table gives it, for messages."""
        cell = getattr(self.row, name)
        text = cell.text if isinstance(cell, Reading) else ""
        return text or str(getattr(self, name))

    def changed(self, kind, detail, result):
        """Note a repair."""
        self.findings.append(Finding(kind, str(detail), "changed", result))

    def odd(self, kind, detail=""):
        """Note what is odd and stays."""
        self.findings.append(Finding(kind, str(detail), "kept"))

    @property
    def length(self):
        """Number of frames."""
        return self.offset - self.onset + 1


def read_row(row, recordings, rules):
    """Return a row as a draft of an interval, in frames of its video.

    Parameters
    ----------
    row : Row
        The row.
    recordings : dict of str to Recording
        The recordings by name.
    rules : LabelRules
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
        detail = f"{draft.told('offset')} < {draft.told('onset')}"
        raise LeftOut("the offset is before the onset", detail)
    _fit(draft)
    _check_apex(draft)
    seconds = _place(draft, rules)
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
        raise LeftOut(f"the {name} is no number", reading.fault)
    number = reading.frame
    if math.isnan(number):
        return None
    if abs(number) > _LARGEST:
        raise LeftOut(f"the {name} is no number", f"{number:g} is too large")
    whole = math.floor(number + 0.5)
    if abs(number - whole) > 1e-6:  # what spreadsheets compute may be off by less
        draft.changed(f"the {name} is no whole number", f"{number:.10g}", f"the {name} is {whole}")
    return whole


def _is_missing(number, draft):
    """Tell whether a frame number stands for none; 0 does where images count from 1."""
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
        draft.changed(
            "the onset is missing", _shown(onset), f"the onset is the first frame, {draft.onset}"
        )
    elif onset < 0:
        raise LeftOut("the onset is negative", draft.told("onset"))
    if no_offset:
        draft.offset, result = _other_offset(draft, no_apex, rules)
        draft.changed("the offset is missing", _shown(offset), f"{result}, {draft.offset}")


def _other_offset(draft, no_apex, rules):
    """Return what takes the place of a missing offset, and how to call it."""
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
            f"{draft.told('apex')} < {draft.told('onset')}",
        )
    return draft.apex, "the offset is the apex"


def _shown(number):
    return "" if number is None else str(number)


def _fit(draft):
    """Cut the interval to the recorded images; where the video ends may be unknown."""
    first = draft.recording.first
    if draft.offset < first:
        raise LeftOut("the offset is before the first frame", f"{draft.told('offset')} < {first}")
    if draft.onset < first:
        detail = f"{draft.told('onset')} < {first}"
        draft.changed("the onset is before the first frame", detail, f"the onset is {first}")
        draft.onset = first
    if draft.recording.numbers is not None:
        _cut(draft)
    elif draft.recording.n_announced is not None:
        _check_announced(draft)


def _cut(draft):
    """Let an interval end with the last recorded image."""
    numbers, times = draft.recording.numbers, draft.recording.times
    last = int(numbers[-1])
    end = str(last) if times is None else f"{last}, at {times[-1]:.3f} s"
    if draft.onset > last:
        raise LeftOut("the onset is beyond the last frame", f"{draft.told('onset')} > {end}")
    if draft.offset > last:
        kind = COUNTS_FROM_1 if _counts_from_1(draft, last) else BEYOND
        draft.changed(kind, f"{draft.told('offset')} > {end}", f"the offset is {last}")
        draft.offset = last


def _check_announced(draft):
    """Leave out an interval that is clearly beyond what the header of its file announces."""
    n_frames = draft.recording.n_announced
    last = draft.recording.first + n_frames - 1
    for name in ("onset", "offset"):
        if getattr(draft, name) - last > max(_HEADERS_LIE_BY, _HEADERS_LIE_BY_SHARE * n_frames):
            detail = f"{draft.told(name)} > {last}, as its file announces"
            raise LeftOut(f"the {name} is beyond the last frame", detail)
    if draft.onset <= last and _counts_from_1(draft, last):
        draft.changed(COUNTS_FROM_1, f"{draft.offset} > {last}", f"the offset is {last}")
        draft.offset = last


def _counts_from_1(draft, last):
    """Tell whether an interval ends as if the first frame, 0, were called 1."""
    return draft.recording.first == 0 and draft.offset == last + 1


def _check_apex(draft):
    """Replace an apex that can't be used by the middle; an empty cell needs no mention."""
    apex, onset, offset = draft.apex, draft.onset, draft.offset
    missing = _is_missing(apex, draft)
    if not missing and onset <= apex <= offset:
        return
    told = draft.told("apex")
    draft.apex = (onset + offset) // 2
    if apex is not None:
        kind = "the apex is missing" if missing else "the apex is outside the interval"
        detail = told if missing else f"{told} not in {onset}-{offset}"
        draft.changed(kind, detail, f"the apex is the middle, {draft.apex}")


def _place(draft, rules):
    """Turn frame numbers into frames of the video; return the duration in seconds, or None."""
    recording = draft.recording
    onset, apex, offset = _positions(draft)
    numbers = recording.numbers
    if numbers is not None and onset == 0 and 2 * (offset + 1) > len(numbers):
        detail = f"{offset + 1} of {len(numbers)} frames"
        kind = "the interval covers most of the video from its start"
        if rules.over_long == "drop":
            raise LeftOut(kind, detail, "over_long")
        draft.odd(kind, detail)
    draft.recorded = (onset, offset)
    draft.onset, draft.apex, draft.offset = map(recording.frame_at, (onset, apex, offset))
    return recording.seconds_of(onset, offset)


def _positions(draft):
    """Return the places of onset, apex and offset among the recorded images."""
    numbers, first = draft.recording.numbers, draft.recording.first
    if numbers is None:
        return draft.onset - first, draft.apex - first, draft.offset - first
    onset = int(np.searchsorted(numbers, draft.onset))
    offset = int(np.searchsorted(numbers, draft.offset, side="right")) - 1
    if onset > offset:
        raise LeftOut("no images of the interval", f"{draft.onset}-{draft.offset}")
    apex = min(max(_nearest(numbers, draft.apex), onset), offset)
    # An apex that was missing is the middle, wherever that is.
    for name, position in (("onset", onset), ("apex", apex), ("offset", offset)):
        wanted, got = getattr(draft, name), int(numbers[position])
        if wanted != got:
            draft.changed(f"no image of the {name}", wanted, f"the {name} is {got}")
    return onset, apex, offset


def _nearest(numbers, number):
    """Return the place of the nearest of increasing numbers; of two, the first."""
    right = min(int(np.searchsorted(numbers, number)), len(numbers) - 1)
    left = max(right - 1, 0)
    return right if numbers[right] - number < number - numbers[left] else left


def _check_micro(draft, seconds, rules):
    """Say what becomes of a micro-expression that lasts too long for one."""
    tolerated = _LONGEST_MICRO * (1 + 1e-9)  # an fps of 200 / 7 is not exact
    if draft.label != "micro" or seconds is None or seconds <= tolerated:
        return
    kind = f"the micro-expression lasts more than {_LONGEST_MICRO} s"
    detail = f"{seconds:.2f} s"
    if rules.long_micro == "drop":
        raise LeftOut(kind, detail, "long_micro")
    if rules.long_micro == "macro":
        draft.label = "macro"
        draft.changed(kind, detail, "the label is macro")
    else:
        draft.odd(kind, detail)
