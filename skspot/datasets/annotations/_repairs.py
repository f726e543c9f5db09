"""What was changed in an annotation table and what was left out of it."""

import warnings
from collections import Counter
from dataclasses import dataclass

import pandas as pd

from skspot.utils.validation import with_parameters

COLUMNS = ("place", "subject", "video", "problem", "action", "result")

# Kinds of findings that several modules speak of.
BEYOND = "the offset is beyond the last frame"
COUNTS_FROM_1 = f"{BEYOND} by one, as if frames counted from 1 (first_frame=1)"

# These options ask for what they leave out, so that no warning is due.
_SILENT = ("classes", "label_names", "unlabelled")


@dataclass(frozen=True)
class Finding:
    """One thing that is odd about a row or a video.

    Parameters
    ----------
    kind : str
        What is odd, in the same words for all rows it happens to.
    detail : str
        The values of this row.
    action : {"changed", "left out", "check", "kept"}
        What was done. "check" and "kept" change nothing; "check" is for what may be wrong and
        warns, "kept" for what is merely odd.
    result : str, default=""
        What it is now.
    option : str, default=None
        The option that leaves the row out; None if it can't be used at all.
    """

    kind: str
    detail: str
    action: str
    result: str = ""
    option: str | None = None

    @property
    def problem(self):
        """The kind with its values."""
        return f"{self.kind}: {self.detail}" if self.detail else self.kind


class LeftOut(Exception):
    """A row is left out; `finding` says why."""

    def __init__(self, kind, detail="", option=None):
        super().__init__(kind, detail)
        self.finding = Finding(kind, str(detail), "left out", option=option)


class Report:
    """Collects the findings of rows and videos, and which rows are used.

    Attributes
    ----------
    used : dict of str to list of int
        By the name of each video that is kept, the numbers of the rows that its intervals are
        from, in the order of the intervals.
    """

    def __init__(self):
        self.used = {}
        self._entries = []  # (number of the row, place, subject, video, finding)

    def add(self, row, finding):
        """Add a finding about a row."""
        self._entries.append((row.number, row.place, row.subject, row.video, finding))

    def add_video(self, recording, finding):
        """Add a finding about a whole video; it comes after those about rows."""
        last = float("inf")
        self._entries.append((last, "", recording.subject, recording.name, finding))

    def frame(self):
        """Return the report as a DataFrame in the order of the rows."""
        entries = [
            (place, subject, video, finding.problem, finding.action, finding.result)
            for _, place, subject, video, finding in self._sorted()
        ]
        return pd.DataFrame(entries, columns=COLUMNS, dtype=object)

    def unusable(self):
        """Return place, video and finding of the rows that no option leaves out."""
        return [
            (place, video, finding)
            for _, place, _, video, finding in self._sorted()
            if finding.action == "left out" and finding.option is None
        ]

    def warn(self, stacklevel):
        """Warn once of what was changed, left out or is to be checked, counted by kind."""
        parts = [self._counts(action) for action in ("left out", "changed", "check")]
        text = "; ".join(part for part in parts if part)
        if text:
            need = "needed repair" if any(parts[:2]) else "need a look"
            text = (
                f"Annotations {need}. {text}. The attribute `report` of the data lists every row."
            )
            from_1 = any(finding.kind == COUNTS_FROM_1 for *_, finding in self._entries)
            warning = with_parameters(UserWarning(text), *["first_frame"] * from_1)
            warnings.warn(warning, stacklevel=stacklevel + 1)

    def _sorted(self):
        return sorted(self._entries, key=lambda entry: entry[0])

    def _counts(self, action):
        """Return how often each kind led to an action, as text."""
        counts = Counter(
            finding.kind
            for *_, finding in self._entries
            if finding.action == action and finding.option not in _SILENT
        )
        listed = ", ".join(f"{kind} ({count})" for kind, count in counts.most_common())
        return f"{action.capitalize()}: {listed}" if listed else ""
