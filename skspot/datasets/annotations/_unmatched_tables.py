"""A user's own table of expressions without its videos, to compare others with."""

from skspot.datasets._annotated import sift
from skspot.datasets.annotations._errors import refuse_fractions, refuse_unusable
from skspot.datasets.annotations._label_aliases import read_names
from skspot.datasets.annotations._labels import LabelRules, settle_rows
from skspot.datasets.annotations._recordings import Recording
from skspot.datasets.annotations._seconds import read_cells
from skspot.datasets.tables._cells import parse_id
from skspot.datasets.tables._tables import read_annotations


def read_own_tables(table, *, first_frame=0, label_names=None, on_error="raise"):
    """Read a table as `load_annotated_videos` does, where the videos are not at hand.

    Parameters
    ----------
    table : path-like
        The table, in frames.
    first_frame : int, default=0
        Number of a video's first frame in the table.
    label_names : dict of str to str, default=None
        What the labels in the table mean.
    on_error : {"raise", "warn"}, default="raise"
        What becomes of rows that can't be used.

    Returns
    -------
    tables : dict of str to ndarray
        Interval table of each video, in order of appearance.
    """
    annotations = read_annotations(table)
    rows = annotations.rows.assign(video=[parse_id(cell) for cell in annotations.rows["video"]])
    names = dict.fromkeys(name for name in rows["video"] if name)
    rows, odd = sift(rows, annotations.shifted, names, read_names(label_names))
    rows = read_cells(rows, {}, annotations.decimal_comma)
    recordings = [Recording(name, None, name, first_number=first_frame) for name in names]
    rules = LabelRules(
        missing_offset="drop", over_long="keep", long_micro="keep", missing_onset="drop"
    )
    _, tables, report = settle_rows(rows, recordings, rules)
    for row, finding in odd:
        report.add(row, finding)
    if on_error == "raise":
        refuse_unusable(report, rows["label"], "frames", first_frame, annotations)
        refuse_fractions(report, sum(map(len, tables)), annotations.name)
    report.warn(2)
    return dict(zip(names, tables))
