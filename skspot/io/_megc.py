"""Files of the Micro-Expression Grand Challenges.

There is one row for each interval, in one of two layouts. Frames count from 1, as in the tables of
the datasets; they are converted. The files can't store apexes, scores, or videos without intervals.
"""

import csv
import io
import warnings

from skspot.intervals import CLASSES, check_intervals
from skspot.io._csv import read_rows, tables_of

_LABELS = {"mae": "macro", "me": "micro"}
_TYPES = {label: kind for kind, label in _LABELS.items()}


def encode_types(tables):
    """Return the file with the columns vid, onset, offset, type."""
    rows = [
        (name, row["onset"] + 1, row["offset"] + 1, _TYPES[row["label"]])
        for name, row in _rows(tables)
    ]
    _warn_of_empty(tables)
    return _encode(("vid", "onset", "offset", "type"), rows)


def decode_types(path):
    """Return the tables of a file with the columns vid, onset, offset, type."""
    frame = read_rows(path, {"vid", "onset", "offset", "type"}, {"vid": "video", "type": "label"})
    kinds = frame["label"].astype(str).str.strip().str.lower()
    for row in frame.index[~kinds.isin(_LABELS)]:
        raise ValueError(
            f"line {row + 2}: type must be mae (macro) or me (micro), got {frame['label'][row]!r}."
        )
    return _from_one(tables_of(frame.assign(label=kinds.map(_LABELS))))


def encode_subjects(tables, *, subjects):
    """Return the file with the columns subject, video, onset, offset, for one class."""
    labels = sorted({str(row["label"]) for _, row in _rows(tables)})
    if len(labels) > 1:
        raise ValueError(
            "This format holds one class in a file, but the tables hold macro- and "
            "micro-expressions: write one class at a time, table[table['label'] == 'micro'], to "
            "files of their own."
        )
    rows = []
    for name, row in _rows(tables):
        if subjects is None or name not in subjects:
            raise ValueError(
                "This format names the subject of each video: pass subjects, which maps the names "
                f"of the videos to them; that of {name!r} is missing."
            )
        rows.append((subjects[name], name, row["onset"] + 1, row["offset"] + 1))
    _warn_of_empty(tables)
    return _encode(("subject", "video", "onset", "offset"), rows)


def decode_subjects(path, *, label):
    """Return the tables of a file with the columns subject, video, onset, offset."""
    if label not in CLASSES:
        raise ValueError(
            f"This format does not contain the class of the intervals: pass label, one of "
            f"{CLASSES}; got {label!r}."
        )
    frame = read_rows(path, {"subject", "video", "onset", "offset"})
    for name, found in frame.groupby("video", sort=False)["subject"]:
        if found.nunique() > 1:
            raise ValueError(
                f"the video {name!r} is listed for the subjects {sorted(found.unique())}; names "
                "of videos must be unique, such as subject_video."
            )
    return _from_one(tables_of(frame[["video", "onset", "offset"]].assign(label=label)))


def _rows(tables):
    """Yield each interval with the name of its video."""
    for name, table in tables.items():
        for row in table:
            yield name, row


def _encode(header, rows):
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerows([header, *rows])
    return file.getvalue().encode("utf-8")


def _warn_of_empty(tables):
    """Warn about videos without intervals, which the file does not contain."""
    empty = [name for name, table in tables.items() if not len(table)]
    if empty:
        warnings.warn(
            f"MEGC files contain intervals only; {len(empty)} of {len(tables)} videos have none "
            f"and are not in the file: {', '.join(empty)}."
        )


def _from_one(tables):
    """Convert frames that count from 1 to frames that count from 0."""
    for name, table in tables.items():
        for field in ("onset", "apex", "offset"):
            table[field] -= 1
        if (table["onset"] < 0).any():
            raise ValueError(f"video {name}: frames of MEGC files count from 1, got 0.")
        check_intervals(table)
    return tables
