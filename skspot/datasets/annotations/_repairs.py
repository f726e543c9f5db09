"""What was changed in annotations and what was left out of them."""

import warnings
from collections import Counter
from dataclasses import dataclass
from math import inf

import pandas as pd

from skspot.utils.validation import with_parameters

COLUMNS = ("place", "subject", "video", "problem", "action", "result")

# Kinds of findings that several modules refer to.
BEYOND = "the offset is beyond the last frame"
COUNTS_FROM_1 = f"{BEYOND} by one, as if frames counted from 1 (first_frame=1)"

# The user has asked for what these options leave out, so no warning is needed.
_SILENT = ("classes", "label_names", "unlabelled")


@dataclass(frozen=True)
class Finding:
    """Something that is odd about a row, a video or a file, and what was done about it.

    Parameters
    ----------
    kind : str
        What is odd, in the same words wherever it is found.
    detail : str, default=""
        The values in this place.
    action : {"changed", "left out", "check", "kept"}, default="left out"
        What was done. "check" and "kept" change nothing; "check" is for what may be wrong and
        warns, "kept" for what is merely odd.
    result : str, default=""
        The new value.
    option : str, default=None
        The option that leaves the row out; None if it can't be used at all.
    """

    kind: str
    detail: str = ""
    action: str = "left out"
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
        self.finding = Finding(kind, str(detail), option=option)


class Repairs:
    """Collects findings for the table `repairs` of a dataset."""

    def __init__(self):
        self._entries = []  # (order, place, subject, video, finding)

    def add(self, finding, *, place="", subject=None, video="", order=inf):
        """Add a finding.

        Parameters
        ----------
        finding : Finding
            What was found.
        place : str, default=""
            Where in the annotations.
        subject : str or None, default=None
            The subject it is about; None: all of them, ``""``: unknown.
        video : str, default=""
            The video it is about.
        order : float, default=inf
            Position in the table, as a number of a row. Equal ones stay in the order added.
        """
        self._entries.append((order, place, subject, video, finding))

    def add_row(self, row, finding):
        """Add a finding about a row, a named tuple of `as_tuples`."""
        where = {"place": row.place, "subject": row.subject, "video": row.video}
        self.add(finding, **where, order=row.Index)

    def add_video(self, recording, finding):
        """Add a finding about a whole video; it comes after those about rows."""
        self.add(finding, subject=recording.subject, video=recording.name)

    def of_subjects(self, subjects):
        """Return the findings about some subjects, and those that may concern anybody."""
        chosen = Repairs()
        chosen._entries = [entry for entry in self._entries if entry[2] in {"", None, *subjects}]
        return chosen

    def table(self):
        """Return the findings as a DataFrame, in the order of the rows."""
        entries = [
            (place, subject, video, finding.problem, finding.action, finding.result)
            for _, place, subject, video, finding in self._sorted()
        ]
        return pd.DataFrame(entries, columns=COLUMNS, dtype=object)

    def unusable(self):
        """Return place, video and finding of the rows that are left out without any option."""
        return [
            (place, video, finding)
            for _, place, _, video, finding in self._sorted()
            if finding.action == "left out" and finding.option is None
        ]

    def warn(self, stacklevel):
        """Warn once of what was changed, left out or should be checked, counted by kind."""
        parts = [self._counts(action) for action in ("left out", "changed", "check")]
        text = "; ".join(part for part in parts if part)
        if text:
            need = "needed repair" if any(parts[:2]) else "should be checked"
            text = f"Annotations {need}. {text}. `repairs` in the returned data lists every row."
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
