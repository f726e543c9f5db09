"""Tiers: the intervals of one video, arranged by class for annotation programs.

Each class has a tier, "macro" and "micro". Intervals on a tier can't overlap, but predictions of
one class can: overlapping ones are put on "micro 2", "micro 3" and so on. Further tiers belong to a
tier, such as "micro apex" and "micro 2 score".
"""

import re
import warnings
from collections import defaultdict
from typing import NamedTuple

import numpy as np

from skspot.intervals import CLASSES, make_intervals

# A whole number is the number of a tier; a score has a decimal point or an exponent, like `repr`.
_TEXT = re.compile(
    r"\s*(?P<label>macro|micro)"
    r"(?:\s+(?P<number>\d+))?"
    r"(?:\s+(?P<part>apex|score))?"
    r"(?:\s+(?P<score>[+-]?(?:\d+[.,]\d*|[.,]\d+|\d+(?=e))(?:e[+-]?\d+)?))?\s*",
    re.IGNORECASE,
)


class Tier(NamedTuple):
    """A tier with intervals or, with a `part`, with their apexes or scores."""

    label: str
    number: int = 1
    part: str = ""

    def __str__(self):
        number = str(self.number) if self.number > 1 else ""
        return " ".join(word for word in (self.label, number, self.part) if word)


def parse_tier(text):
    """Return the `Tier` with this name, ignoring case and blanks, or None."""
    tier, score = parse_text(text)
    return tier if score is None else None


def parse_text(text):
    """Return the `Tier` and the score of a text like "micro 0.75", or None."""
    match = _TEXT.fullmatch(text)
    if match is None:
        return None, None
    tier = Tier(match["label"].lower(), int(match["number"] or 1), (match["part"] or "").lower())
    score = match["score"]
    return tier, None if score is None else float(score.replace(",", "."))


def parse_tiers(names, kind):
    """Return the `Tier` of each name, or None; raise if no name is that of a class."""
    tiers = [parse_tier(name) for name in names]
    if not any(tier is not None and not tier.part for tier in tiers):
        raise ValueError(f"has no {kind} 'macro' or 'micro'; its {kind}s are {list(names)}.")
    return tiers


def warn_of_others(path, kind, names):
    """Warn about the parts of a file that are left out, if any."""
    if names:
        warnings.warn(
            f"{str(path)!r}: left out the {kind}s {sorted(set(names))}, which skspot does not use."
        )


def format_text(tier, row):
    """Return the text of an interval: its tier, and its score if it has one."""
    return f"{tier} {float(row['score'])!r}" if "score" in row.dtype.names else str(tier)


def lay_out(table, gap=0):
    """Distribute the intervals of a table over tiers.

    Parameters
    ----------
    table : ndarray of dtype `INTERVAL_DTYPE` or `PREDICTION_DTYPE`
        The intervals of one video.
    gap : int, default=0
        Smallest number of frames between two intervals on a tier.

    Returns
    -------
    tiers : dict of Tier to list
        The rows on each tier, in order of time. The first tier of each class always exists.
    """
    tiers = {Tier(label): [] for label in CLASSES}
    for row in table[np.argsort(table, order=["onset", "offset"], kind="stable")]:
        number = 1
        while (rows := tiers.setdefault(Tier(str(row["label"]), number), [])) and (
            row["onset"] <= rows[-1]["offset"] + gap
        ):
            number += 1
        rows.append(row)
    return dict(sorted(tiers.items()))


class TierReader:
    """Collect the intervals and apexes of tiers, and build an interval table.

    Parameters
    ----------
    video : str
        Name of the video in warnings.
    """

    def __init__(self, video):
        self._video = video
        self._spans = defaultdict(list)
        self._apexes = defaultdict(list)

    def add_interval(self, tier, onset, offset, score=None):
        """Add an interval of a tier."""
        self._spans[tier.label, tier.number].append((onset, offset, score))

    def add_apex(self, tier, frame):
        """Add an apex for the intervals of a tier."""
        self._apexes[tier.label, tier.number].append(frame)

    def table(self):
        """Return the interval table, in order of time.

        An interval without an apex gets its middle frame. If only some have scores, a person has
        added the others. The table is then an annotation, and the scores are dropped.
        """
        rows, lost = [], []
        for key in {*self._spans, *self._apexes}:
            apexes = sorted(self._apexes[key])
            for onset, offset, score in sorted(self._spans[key], key=lambda span: span[:2]):
                inside = [apex for apex in apexes if onset <= apex <= offset]
                apex = inside[0] if inside else (onset + offset) // 2
                if inside:
                    apexes.remove(apex)
                rows.append((onset, apex, offset, key[0], score))
            lost += [f"{Tier(*key)} at frame {apex}" for apex in apexes]
        if lost:
            warnings.warn(
                f"Video {self._video!r}: left out apexes that are in no interval, or second ones "
                f"of an interval: {', '.join(sorted(lost))}."
            )
        # Sort by frames, then label, then score, the order of the fields.
        rows.sort(key=lambda row: (*row[:4], row[4] or 0.0))
        return self._as_table(rows)

    def _as_table(self, rows):
        n_scored = sum(row[4] is not None for row in rows)
        if rows and n_scored == len(rows):
            return make_intervals(rows)
        if n_scored:
            warnings.warn(
                f"Video {self._video!r}: {len(rows) - n_scored} of {len(rows)} intervals have no "
                "score; a person must have added them. The table is read as an annotation, "
                "without scores."
            )
        return make_intervals([row[:4] for row in rows])
