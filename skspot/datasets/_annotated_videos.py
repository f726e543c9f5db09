"""A user's own videos and the table of their expressions."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from numbers import Integral, Real
from typing import TYPE_CHECKING, Literal

import numpy as np

from skspot.datasets._bunch import VideoBunch
from skspot.datasets.annotations import (
    RULE_CONSTRAINTS,
    AnnotationRules,
    Finding,
    Recording,
    Repairs,
    as_tuples,
    find_faults,
    fold,
    read_cells,
    read_label,
    read_names,
    refuse_fractions,
    refuse_late,
    refuse_unusable,
    resolve_rows,
    warn_of_seconds,
)
from skspot.datasets.files import (
    file_id,
    make_recordings,
    match_videos,
    missing_videos,
    unnamed_videos,
)
from skspot.datasets.tables import is_empty, parse_id, read_user_table
from skspot.utils._param_validation import Interval, StrOptions, validate_params
from skspot.utils._text import join_limited
from skspot.utils._typing import FilePath, IntervalTable, OnError
from skspot.utils.validation import with_parameters
from skspot.video import ImageSequence

if TYPE_CHECKING:
    import pandas as pd

_DESCR = """Annotated videos

{n_videos} videos with {n_intervals} expressions from {name}. Frames count from 0, and onset and
offset both belong to an expression. `repairs` lists what was changed in the table, what was left
out of it, and what is odd and was kept.
"""

_VALUES = ("onset", "apex", "offset", "label")
_MAX_LISTED = 20  # videos or labels that a message lists


@validate_params(
    {
        "table": "no_validation",
        "folder": [str, os.PathLike, None],
        "unit": [StrOptions({"frames", "seconds"})],
        "first_frame": [Interval(Integral, 0, None, closed="left")],
        "fps": [Interval(Real, 0, None, closed="neither"), None],
        "keep_every": [Interval(Integral, 1, None, closed="left")],
        "label_names": [Mapping, None],
        **{name: RULE_CONSTRAINTS[name] for name in RULE_CONSTRAINTS if name != "unlabelled"},
        "on_error": [StrOptions({"raise", "warn"})],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def load_annotated_videos(
    table: FilePath | pd.DataFrame | Mapping[str, IntervalTable],
    folder: FilePath | None = None,
    *,
    unit: Literal["frames", "seconds"] = "frames",
    first_frame: int = 0,
    fps: float | None = None,
    keep_every: int = 1,
    label_names: Mapping[str, str | None] | None = None,
    classes: Collection[str] = ("macro", "micro"),
    missing_offset: Literal["apex", "drop"] | int = "drop",
    over_long: Literal["keep", "drop"] = "keep",
    long_micro: Literal["keep", "macro", "drop"] = "keep",
    min_length: int = 1,
    on_error: OnError = "raise",
    n_jobs: int | None = None,
    verbose: int = 0,
) -> VideoBunch:
    """Load your own videos and the table of their expressions.

    Parameters
    ----------
    table : str, path-like, DataFrame, or mapping of str to ndarray
        The expressions, one per row: the path of a CSV file (delimited by commas, semicolons or
        tabs) or of an .xlsx or .xls workbook, whose first sheet is read, or a DataFrame. It needs
        the columns ``video``, ``onset``, ``offset`` and ``label``; ``apex`` and ``subject`` are
        optional. Case and blanks in their names do not matter. A row with only a video and perhaps
        a subject is a video without expressions. Or interval tables by video, as
        `skspot.io.read_intervals` returns them.
    folder : str or path-like, default=None
        The folder of the videos, by default that of the table's file. The table names a video by
        its file, with or without suffix, or by its folder of images, relative to this folder.
    unit : {"frames", "seconds"}, default="frames"
        Unit of onset, apex and offset. Seconds count from the first frame and are converted to the
        frame shown nearest to them; each video is decoded once to find the times of its frames.
    first_frame : int, default=0
        Number of a video's first frame in the table: 1 if the table counts from 1. Frames clearly
        beyond the end according to the header of a video file can't be used.
    fps : float, default=None
        Frames per second at which folders of images were recorded; required for seconds. If it is
        None, 30 is assumed when the videos are opened, with a warning. Video files have their own
        times.
    keep_every : int, default=1
        Every how many images of a folder one is a frame of the video; the intervals are scaled.
    label_names : dict of str to str, default=None
        What the labels in the table mean: ``{"smile": "macro", "blink": None}``. ``None`` leaves
        out their rows. "macro", "micro" and common names such as "macro-expression", "MaE" and "ME"
        are known. Case does not matter.
    classes : sequence of str, default=("macro", "micro")
        Classes to load.
    missing_offset : {"apex", "drop"} or int, default="drop"
        What replaces an offset that is empty, -1, or 0 after a later onset: the apex, or the frame
        that many recorded frames after the onset. With ``"drop"`` the row can't be used.
    over_long : {"keep", "drop"}, default="keep"
        Whether to leave out intervals that begin with the first frame and last longer than half of
        the video, if its length is known.
    long_micro : {"keep", "macro", "drop"}, default="keep"
        Whether micro-expressions of more than 0.5 s are kept, become macro-expressions or are left
        out. Unless kept, video files are decoded to learn their times.
    min_length : int, default=1
        Intervals of fewer frames are left out.
    on_error : {"raise", "warn"}, default="raise"
        What to do with rows that can't be used and with videos that are missing or can't be read:
        raise an error that lists them, or leave them out and list them in `repairs`. With "raise",
        it is also an error if most onsets are fractions of frames (probably seconds), or if most
        seconds are beyond the end (probably frames).
    n_jobs : int, default=None
        Number of video files decoded at the same time, if they must be.
    verbose : int, default=0
        Whether to show progress over the video files that are decoded, with the time left, on
        standard error. 0 shows nothing.

    Returns
    -------
    data : Bunch
        With one element per video, sorted by name:

        videos : list of str and ImageSequence
            The files, and the folders of images.
        intervals : list of ndarray
            Interval tables, in zero-based frames.
        subjects : ndarray of str, or None
            The subject of each video, if the table has such a column.
        names : list of str
            The names of the videos in the table.
        rows : list of ndarray of int
            The rows of `table` that the intervals are from, in their order: ``table.iloc[rows[i]]``
            has a row for each interval of video ``i``.

        and, about all of them:

        fps : float or None
            Frames per second if all videos are folders of images and `fps` is given; files have
            their own times.
        table : DataFrame
            The table unchanged, with all its columns, and the column `place`.
        repairs : DataFrame
            What was changed ("changed"), not used ("left out"), or is odd and used unchanged
            ("kept"): `place`, `subject`, `video`, `problem`, `action`, `result`. Frames are
            numbered as in the table, or from 0 if it holds seconds.
        DESCR : str
            Description of what was loaded.

    Raises
    ------
    FileNotFoundError
        If the table, the folder or videos do not exist; all missing videos are named.
    ValueError
        If the table can't be read or lacks a column, if rows can't be used, if a name fits several
        videos, if a video has two subjects or none, or if options contradict the data.
    TypeError
        If `table` is of another type.
    VideoReadError
        If a video that must be decoded can't be, unless `on_error` is "warn".

    Warns
    -----
    UserWarning
        If rows were repaired or left out. One warning counts them by problem.

    See Also
    --------
    read_annotations : Reads such a table without its videos.
    make_expression_videos : Makes videos whose expressions are known.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> from skspot.datasets import load_annotated_videos, make_expression_videos
    >>> folder = tempfile.mkdtemp()
    >>> _ = make_expression_videos(2, videos_per_subject=1, n_frames=60, folder=folder)
    >>> table = pd.DataFrame(
    ...     [
    ...         ("s01_1", "Anna", 12, 15, 20, "Micro"),
    ...         ("s01_1", "Anna", 30, None, 52, "smile"),
    ...         ("s02_1", "Ben", None, None, None, None),
    ...     ],
    ...     columns=["Video", "Subject", "Onset", "Apex", "Offset", "Label"],
    ... )
    >>> data = load_annotated_videos(table, folder, label_names={"smile": "macro"})
    >>> data.intervals[0].tolist()
    [(12, 15, 20, 'micro'), (30, 41, 52, 'macro')]
    >>> len(data.intervals[1])
    0
    >>> data.subjects.tolist()
    ['Anna', 'Ben']
    """
    rules = AnnotationRules(
        classes=classes,
        missing_offset=missing_offset,
        over_long=over_long,
        long_micro=long_micro,
        min_length=min_length,
        missing_onset="drop",
    )
    if isinstance(table, Mapping) and (unit, first_frame) != ("frames", 0):
        error = ValueError(
            "Interval tables hold zero-based frames; do not pass unit or first_frame."
        )
        raise with_parameters(error, "unit", "first_frame")
    if unit == "seconds" and first_frame:
        error = ValueError(f"first_frame={first_frame} is for unit='frames'; seconds count from 0.")
        raise with_parameters(error, "first_frame", "unit")
    table = read_user_table(table)
    folder = table.folder if folder is None else folder
    rows, paths = _find_videos(table, folder, on_error)
    subjects = _subjects(rows, paths, table.name)
    if subjects is not None:
        rows = rows.assign(subject=[subjects.get(video, "") for video in rows["video"]])
    rows, findings = _split_rows(rows, table.shifted, paths, read_names(label_names))
    if unit == "seconds" and on_error == "raise":  # before hours of video are decoded
        faults = _noted(*findings, *find_faults(rows, rules, table.decimal_comma))
        refuse_unusable(faults, rows["label"], unit, first_frame, table)
    recordings, unreadable = make_recordings(
        paths,
        subjects or {},
        timed=set(rows["video"]) if unit == "seconds" or long_micro != "keep" else (),
        fps=fps,
        keep_every=keep_every,
        first_frame=first_frame,
        on_error=on_error,
        n_jobs=n_jobs,
        verbose=verbose,
    )
    times = {r.name: r.times for r in recordings} if unit == "seconds" else {}
    rows = read_cells(rows, times, table.decimal_comma)
    repairs = Repairs()
    _, tables, used = resolve_rows(rows, recordings, rules, repairs)
    for row, finding in findings:
        repairs.add_row(row, finding)
    _note_videos(paths, unreadable, subjects or {}, folder, repairs)
    if on_error == "raise":
        if unit == "seconds":
            refuse_late(repairs, len(rows), table.name)
        refuse_unusable(repairs, rows["label"], unit, first_frame, table)
        refuse_fractions(repairs, sum(map(len, tables)), table.name)
    if unit == "frames":
        warn_of_seconds(tables, table.name)
    repairs.warn(3)  # the line that called the decorated function
    return VideoBunch(
        videos=[recording.source for recording in recordings],
        intervals=tables,
        subjects=None if subjects is None else np.array([r.subject for r in recordings], str),
        names=[recording.name for recording in recordings],
        rows=[table.rows.index.get_indexer(numbers) for numbers in used],
        fps=_common_fps(recordings),
        table=table.rows,
        repairs=repairs.table(),
        DESCR=_DESCR.format(
            n_videos=len(recordings), n_intervals=sum(map(len, tables)), name=table.name
        ),
    )


@validate_params(
    {
        "table": "no_validation",
        "first_frame": [Interval(Integral, 0, None, closed="left")],
        "label_names": [Mapping, None],
        "on_error": [StrOptions({"raise", "warn"})],
    },
    prefer_skip_nested_validation=True,
)
def read_annotations(
    table: FilePath | pd.DataFrame | Mapping[str, IntervalTable],
    *,
    first_frame: int = 0,
    label_names: Mapping[str, str | None] | None = None,
    on_error: OnError = "raise",
) -> dict[str, IntervalTable]:
    """Read the table of the expressions of your own videos without the videos.

    The table is read as by `load_annotated_videos`. The lengths of the videos are unknown, so
    intervals are not checked against them.

    Parameters
    ----------
    table : str, path-like, DataFrame, or mapping of str to ndarray
        The table, in frames, as for `load_annotated_videos`.
    first_frame : int, default=0
        Number of a video's first frame in the table.
    label_names : dict of str to str, default=None
        What the labels in the table mean: ``{"smile": "macro", "blink": None}``.
    on_error : {"raise", "warn"}, default="raise"
        Whether rows that can't be used raise an error that lists them, or are left out with a
        warning.

    Returns
    -------
    tables : dict of str to ndarray
        Interval table of each video, by its name in the table, in order of appearance.

    Raises
    ------
    FileNotFoundError
        If the table does not exist.
    ValueError
        If the table can't be read or lacks a column, or if rows can't be used.
    TypeError
        If `table` is of another type.

    Warns
    -----
    UserWarning
        If rows were repaired or left out. One warning counts them by problem.

    See Also
    --------
    load_annotated_videos : Reads the table and finds the videos.
    skspot.io.read_intervals : Reads the formats that skspot writes.

    Examples
    --------
    >>> import pandas as pd
    >>> from skspot.datasets import read_annotations
    >>> table = pd.DataFrame(
    ...     {"Video": ["a", "a"], "Onset": [13, 31], "Offset": [21, 53], "Label": ["ME", "smile"]}
    ... )
    >>> tables = read_annotations(table, first_frame=1, label_names={"smile": "macro"})
    >>> tables["a"].tolist()
    [(12, 16, 20, 'micro'), (30, 41, 52, 'macro')]
    """
    table = read_user_table(table)
    rows = table.rows.assign(video=[parse_id(cell) for cell in table.rows["video"]])
    names = dict.fromkeys(name for name in rows["video"] if name)
    rows, findings = _split_rows(rows, table.shifted, names, read_names(label_names))
    rows = read_cells(rows, {}, table.decimal_comma)
    recordings = [Recording(name, None, name, first_number=first_frame) for name in names]
    rules = AnnotationRules(missing_offset="drop", over_long="keep", missing_onset="drop")
    repairs = _noted(*findings)
    _, tables, _ = resolve_rows(rows, recordings, rules, repairs)
    if on_error == "raise":
        refuse_unusable(repairs, rows["label"], "frames", first_frame, table)
        refuse_fractions(repairs, sum(map(len, tables)), table.name)
    repairs.warn(3)
    return dict(zip(names, tables))


def _find_videos(table, folder, on_error):
    """Return the rows with one name for each video, and the paths of the videos by name."""
    if folder is None:
        raise ValueError(
            f"The folder of the videos of {table.name} is unknown; pass it as `folder`."
        )
    names = [parse_id(cell) for cell in table.rows["video"]]
    wanted = [name for name in names if name]
    if not wanted:
        raise ValueError(f"{table.name} names no video: there are no rows below its header.")
    found = match_videos(folder, wanted)
    if not found or (on_error == "raise" and len(found) < len(set(wanted))):
        raise FileNotFoundError(missing_videos(folder, wanted, found))
    first_names = {}  # "a" and "a.mp4" may be the same video
    known_as = {name: first_names.setdefault(file_id(path), name) for name, path in found.items()}
    rows = table.rows.assign(video=[known_as.get(name, name) for name in names])
    if "subject" in rows:
        rows = rows.assign(subject=[parse_id(cell) for cell in rows["subject"]])
    return rows, {name: found[name] for name in first_names.values()}


def _subjects(rows, paths, table):
    """Return the subject of each video, None if the table contains no subjects."""
    if "subject" not in rows or not any(rows["subject"]):
        return None
    places = {name: {} for name in paths}  # for each subject of a video, the first row
    for video, subject, place in zip(rows["video"], rows["subject"], rows["place"]):
        if video in paths and subject:
            places[video].setdefault(subject, place)
    several = [
        f"video {video!r} has "
        + " and ".join(f"{subject!r} ({place})" for subject, place in found.items())
        for video, found in places.items()
        if len(found) > 1
    ]
    if several:
        raise ValueError(
            f"{table}: a video has one subject, but {join_limited(several, _MAX_LISTED)}. Correct "
            "the table, or remove its column `subject`."
        )
    without = [repr(video) for video, found in places.items() if not found]
    if without:
        raise ValueError(
            f"{table} has the column `subject`, but no subject for "
            f"{join_limited(without, _MAX_LISTED)}. Fill in the subjects, or remove the column."
        )
    return {video: next(iter(found)) for video, found in places.items()}


def _split_rows(rows, shifted, paths, label_names):
    """Return the rows of expressions with their classes, and findings on rows that are left out.

    Parameters
    ----------
    rows : DataFrame
        The rows of a table.
    shifted : set of int
        The rows with more cells than the header has names.
    paths : collection of str
        The names of the videos that are there.
    label_names : dict of str to str or None
        What `read_names` returned.

    Returns
    -------
    rows : DataFrame
        The rows of expressions. Those with only a video that is there are in neither.
    findings : list of (named tuple, Finding)
        The other rows, and why they are left out.
    """
    bare = rows[[name for name in _VALUES if name in rows]].map(is_empty).all(axis=1)
    bare = set(rows.index[bare & rows["video"].isin(list(paths))])
    kept, findings = [], []
    for row in as_tuples(rows):
        finding = _fault(row, row.Index in shifted, label_names)
        if finding is not None:
            findings.append((row, finding))
        elif row.Index not in bare:
            kept.append(row.Index)
    rows = rows.loc[kept]
    labels = [read_label(cell, label_names) for cell in rows["label"]]
    return rows.assign(label=labels), findings


def _fault(row, is_shifted, label_names):
    """Return why a row is left out before anything else in it is read, or None."""
    if not row.video:
        return Finding("the name of the video is missing")
    if is_shifted:
        return Finding("the row has more cells than the header has names")
    if label_names.get(fold(row.label), "") is None:
        label = repr(parse_id(row.label))
        return Finding("label_names leaves out the label", label, option="label_names")
    return None


def _noted(*findings):
    """Return findings about rows as `Repairs`."""
    repairs = Repairs()
    for row, finding in findings:
        repairs.add_row(row, finding)
    return repairs


def _note_videos(paths, unreadable, subjects, folder, repairs):
    """Note the videos that can't be read, and those that are not in the table."""
    for video, reason in unreadable.items():
        finding = Finding("the video can't be read", reason)
        repairs.add(finding, video=video, subject=subjects.get(video))
    others = unnamed_videos(folder, paths.values())
    if others:
        detail = f"{len(others)} ({join_limited(others, _MAX_LISTED)})"
        repairs.add(Finding("videos in the folder are not in the table", detail, "kept"))


def _common_fps(recordings):
    """Return the frame rate of folders of images, None if there are files or it is unknown."""
    sources = [recording.source for recording in recordings]
    if sources and all(isinstance(source, ImageSequence) for source in sources):
        return sources[0].fps and sources[0].fps / sources[0].keep_every
    return None
