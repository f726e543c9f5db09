"""What the tests of formats draw: interval tables of videos, with the times of their frames."""

import re
import unicodedata

import numpy as np
from hypothesis import strategies as st

from skspot import make_intervals
from tests.test_intervals import tables

RATES = [24, 25, 30000 / 1001, 30, 50, 100, 200, 240]

# One line of text.
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), min_size=1)

_DEVICE = re.compile(r"(con|prn|aux|nul|com.|lpt.)(\..*)?", re.IGNORECASE)
# What can be the name of a file on any system.
FILE_NAMES = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["C", "Zl", "Zp"], exclude_characters='\\/:*?"<>|'
    ),
    min_size=1,
    max_size=20,
).filter(lambda name: name[0] != "." and name[-1] not in ". " and not _DEVICE.fullmatch(name))


@st.composite
def overlapping_predictions(draw):
    """Draw predictions that may share frames, of one class too, and may be equal."""
    rows = []
    for _ in range(draw(st.integers(0, 6))):
        onset, rise, fall = (draw(st.integers(0, 30)) for _ in range(3))
        label = draw(st.sampled_from(["macro", "micro"]))
        score = draw(st.floats(allow_nan=False, allow_infinity=False))
        rows.append((onset, onset + rise, onset + rise + fall, label, score))
    return make_intervals(rows)


@st.composite
def steady_times(draw, n_frames):
    """Draw the times of frames of one rate, exact or in whole milliseconds."""
    times = np.arange(n_frames) / draw(st.sampled_from(RATES))
    return draw(st.sampled_from([times, times.round(3)]))


@st.composite
def varying_times(draw, n_frames):
    """Draw times of frames that last from 2 ms on, each another time."""
    rng = np.random.RandomState(draw(st.integers(0, 1000)))
    return np.append(0, np.cumsum(rng.uniform(0.002, 0.3, n_frames)))[:n_frames]


@st.composite
def recordings(draw, names=NAMES, times=None):
    """Draw interval tables and times of frames, both by the names of videos."""
    found = draw(
        st.lists(names, max_size=3, unique_by=lambda n: unicodedata.normalize("NFC", n).casefold())
    )
    any_table = st.one_of(tables(max_size=4), overlapping_predictions())
    drawn, timestamps = {}, {}
    for name in found:
        table = drawn[name] = draw(any_table)
        n_frames = int(table["offset"].max(initial=0)) + 1 + draw(st.integers(0, 20))
        either = st.one_of(steady_times(n_frames), varying_times(n_frames))
        timestamps[name] = draw(either if times is None else times(n_frames))
    return drawn, timestamps


def as_read(table, *, in_order=False):
    """Return a table as it is read: no format knows an empty prediction, some the order."""
    if not len(table):
        return make_intervals()
    return table[np.argsort(table, order=table.dtype.names, kind="stable")] if in_order else table
