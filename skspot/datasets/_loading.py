"""What the loaders of datasets share: from the table of a workbook and recordings to a Bunch."""

import numpy as np
import pandas as pd

from skspot.datasets._bunch import VideoBunch
from skspot.datasets.annotations import LeftOut, natural_order, resolve_rows
from skspot.utils._text import join_limited

_COLUMNS = ("table_row", "place", "subject", "video", "onset", "apex", "offset", "label")


def read_rows(table, read_row, repairs):
    """Read the table of a workbook row by row.

    Parameters
    ----------
    table : DataFrame
        The table, with the column `place`.
    read_row : callable
        Takes a row as a dict, returns the expressions in it: a list of dicts with the keys
        `subject`, `video`, `onset`, `apex`, `offset`, `label` and, if needed, `place` (if it
        differs from that of the row) and `findings`, a list; one of them may leave the expression
        out. Raises `LeftOut` if the row is not an annotation.
    repairs : Repairs
        Takes the findings.

    Returns
    -------
    rows : DataFrame
        The rows for `resolve_rows`; the column `table_row` holds the index of each in `table`.
    subjects : list of str
        Subject of each row of `table`, ``""`` if it is unknown.
    """
    rows, subjects = [], []
    for index, cells in zip(table.index, table.to_dict("records")):
        place, order = cells["place"], len(rows) - 0.5
        try:
            expressions = read_row(cells)
        except LeftOut as reason:
            repairs.add(reason.finding, place=place, subject="", order=order)
            subjects.append("")
            continue
        subjects.append(expressions[0]["subject"])
        for expression in expressions:
            row = {"table_row": index, "place": place, **expression}
            findings = row.pop("findings", ())
            where = {"place": row["place"], "subject": row["subject"], "video": row["video"]}
            for finding in findings:
                repairs.add(finding, **where, order=len(rows) - 0.5)
            if all(finding.action != "left out" for finding in findings):
                rows.append(row)
    return pd.DataFrame(rows, columns=_COLUMNS, dtype=object), subjects


def make_bunch(table, read_row, recordings, repairs, *, rules, subjects, fps, descr):
    """Return the data of a loader, with one warning about all repairs.

    Parameters
    ----------
    table : DataFrame
        The table of the workbook, with the column `place`.
    read_row : callable
        As for `read_rows`.
    recordings : iterable of Recording
        The videos on the disk.
    repairs : Repairs
        What the loader has found so far.
    rules : AnnotationRules
        The options.
    subjects : sequence of str or None
        Subjects that are wanted; None: all.
    fps : float
        Frames per second of the videos.
    descr : str
        Description of the dataset.

    Returns
    -------
    data : VideoBunch
        What the loader returns.
    """
    rows, row_subjects = read_rows(table, read_row, repairs)
    recordings = sorted(recordings, key=lambda recording: natural_order(recording.name))
    if subjects is not None:
        subjects = _check_subjects(subjects, recordings, row_subjects)
        # Rows of an unknown subject may be about one that is wanted.
        table = table[[subject in {"", *subjects} for subject in row_subjects]]
        rows = rows[rows["subject"].isin(subjects)]
        recordings = [recording for recording in recordings if recording.subject in subjects]
        repairs = repairs.of_subjects(subjects)
    recordings, tables, used = resolve_rows(rows, recordings, rules, repairs)
    repairs.warn(4)  # the line that calls the loader, which scikit-learn wraps to check parameters
    return VideoBunch(
        videos=[recording.source for recording in recordings],
        intervals=tables,
        subjects=np.array([recording.subject for recording in recordings], dtype=str),
        names=[recording.name for recording in recordings],
        rows=[table.index.get_indexer(rows.loc[numbers, "table_row"]) for numbers in used],
        fps=fps,
        table=table,
        repairs=repairs.table(),
        DESCR=descr,
    )


def _check_subjects(subjects, recordings, row_subjects):
    """Return the wanted subjects as a set; refuse unknown ones."""
    wanted = set(map(str, subjects))
    known = {recording.subject for recording in recordings} | {*row_subjects} - {""}
    if not wanted or not wanted <= known:
        unknown = join_limited(sorted(wanted - known)) or "none"
        raise ValueError(
            f"subjects must be some of the {len(known)} subjects of the dataset, "
            f"{join_limited(sorted(known, key=natural_order))}; got {unknown}."
        )
    return wanted
