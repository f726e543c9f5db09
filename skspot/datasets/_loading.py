"""What the loaders of the field's datasets share: from a table and recordings to a `VideoBunch`."""

import re
from dataclasses import dataclass
from math import inf

import numpy as np
import pandas as pd

from skspot.datasets._bunch import VideoBunch
from skspot.datasets.annotations._label_aliases import read_label
from skspot.datasets.annotations._labels import settle_rows
from skspot.datasets.annotations._recordings import natural_order
from skspot.datasets.annotations._repairs import Finding, LeftOut
from skspot.intervals import CLASSES
from skspot.utils._text import listing

_COLUMNS = ("record", "place", "subject", "video", "onset", "apex", "offset", "label")


@dataclass(frozen=True)
class Note:
    """A finding of a loader, for the report.

    Parameters
    ----------
    finding : Finding
        What is odd, and what was done.
    place, video : str, default=""
        Where it stands, and the video that it is about.
    subject : str or None, default=None
        Whom it is about; None: everybody.
    number : float, default=inf
        Its place in the report, counted in rows of the annotation.
    """

    finding: Finding
    place: str = ""
    video: str = ""
    subject: str | None = None
    number: float = inf


@dataclass(frozen=True)
class Annotation:
    """A table of annotations, as it stands and as it is understood.

    Parameters
    ----------
    frame : DataFrame
        The table as it stands, with the column `place`.
    subjects : list of str
        Subject of each row of `frame`, ``""`` if it can't be told.
    rows : DataFrame
        The rows that `settle_rows` takes; the column `record` has the index of each in `frame`.
    notes : list of Note
        What is odd about rows, and rows of `frame` that are no annotation.
    """

    frame: pd.DataFrame
    subjects: list
    rows: pd.DataFrame
    notes: list


def read_annotation(frame, read_row):
    """Read a table row by row.

    Parameters
    ----------
    frame : DataFrame
        The table, with the column `place`.
    read_row : callable
        Takes a row as a dict, returns the expressions in it: a list of dicts with the keys
        `subject`, `video`, `onset`, `apex`, `offset`, `label` and, if they differ from the usual,
        `place` and `remarks`, a list of findings; one of them may leave the expression out. Raises
        `LeftOut` if the row is no annotation.

    Returns
    -------
    annotation : Annotation
        The table.
    """
    rows, notes, subjects = [], [], []
    for index, record in zip(frame.index, frame.to_dict("records")):
        place = record["place"]
        try:
            expressions = read_row(record)
        except LeftOut as reason:
            notes.append(Note(reason.finding, place, subject="", number=len(rows) - 0.5))
            subjects.append("")
            continue
        subjects.append(expressions[0]["subject"])
        for expression in expressions:
            row = {"record": index, "place": place, **expression}
            remarks = row.pop("remarks", ())
            about = {"subject": row["subject"], "video": row["video"], "number": len(rows) - 0.5}
            notes += [Note(remark, row["place"], **about) for remark in remarks]
            if all(remark.action != "left out" for remark in remarks):
                rows.append(row)
    rows = pd.DataFrame(rows, columns=_COLUMNS, dtype=object)
    return Annotation(frame, subjects, rows, notes)


def expression_class(cell):
    """Return ``"macro"`` or ``"micro"`` for what datasets call them, other cells as they are."""
    # SAMM's "Micro - 1/2" is a micro-expression like any other.
    text = re.sub(r"[\s-]*1/2\s*$", "", cell) if isinstance(cell, str) else cell
    label = read_label(text, {})
    return label if label in CLASSES else cell


def make_bunch(annotation, recordings, notes, *, rules, subjects, fps, descr):
    """Label the recordings and return the data of a loader, with one warning on what was repaired.

    Parameters
    ----------
    annotation : Annotation
        The annotations.
    recordings : iterable of Recording
        The videos on the disk.
    notes : list of Note
        What the loader has found besides those of the annotation.
    rules : LabelRules
        The options.
    subjects : sequence of str or None
        Subjects that are wanted.
    fps : float
        Frames per second of the videos.
    descr : str
        What the dataset is.

    Returns
    -------
    data : Bunch
        What the loaders return.
    """
    recordings = sorted(recordings, key=lambda recording: natural_order(recording.name))
    annotation, recordings, notes = _chosen(annotation, recordings, notes, subjects)
    recordings, tables, report = settle_rows(annotation.rows, recordings, rules)
    for note in (*annotation.notes, *notes):
        report.add(note, note.finding)
    report.warn(4)  # the line that calls the loader, which scikit-learn wraps to check parameters
    return VideoBunch(
        videos=[recording.source for recording in recordings],
        intervals=tables,
        subjects=np.array([recording.subject for recording in recordings], dtype=str),
        names=[recording.name for recording in recordings],
        rows=[_positions(annotation, report.used[recording.name]) for recording in recordings],
        fps=fps,
        frame=annotation.frame,
        report=report.frame(),
        DESCR=descr,
    )


def _positions(annotation, used):
    """Return the places in the table as it stands of rows that are used."""
    records = annotation.rows.loc[used, "record"]
    return annotation.frame.index.get_indexer(records)


def _chosen(annotation, recordings, notes, subjects):
    """Return what is about some subjects."""
    if subjects is None:
        return annotation, recordings, notes
    wanted = set(map(str, subjects))
    known = {recording.subject for recording in recordings} | {*annotation.subjects} - {""}
    if not wanted or not wanted <= known:
        listed = listing(sorted(known, key=natural_order))
        raise ValueError(
            f"subjects must be some of the {len(known)} subjects of the dataset, {listed}; got "
            f"{listing(sorted(wanted - known)) or 'none'}."
        )
    # Rows that tell no subject may be about those that are wanted.
    of_interest = {"", None, *wanted}
    rows = annotation.rows
    annotation = Annotation(
        annotation.frame[[subject in of_interest for subject in annotation.subjects]],
        [subject for subject in annotation.subjects if subject in of_interest],
        rows[rows["subject"].isin(of_interest)],
        [note for note in annotation.notes if note.subject in of_interest],
    )
    recordings = [recording for recording in recordings if recording.subject in wanted]
    return annotation, recordings, [note for note in notes if note.subject in of_interest]
