"""A user's own annotated videos."""

import os
from collections.abc import Mapping
from numbers import Integral, Real

import numpy as np

from skspot.datasets._bunch import VideoBunch
from skspot.datasets._loading import Note
from skspot.datasets._user_videos import make_recordings
from skspot.datasets._video_files import (
    file_id,
    match_videos,
    missing_videos,
    some_of,
    unnamed_videos,
)
from skspot.datasets.annotations._errors import (
    refuse_fractions,
    refuse_late,
    refuse_unusable,
    warn_of_seconds,
)
from skspot.datasets.annotations._label_aliases import fold, read_label, read_names
from skspot.datasets.annotations._labels import LABEL_OPTIONS, LabelRules, settle_rows
from skspot.datasets.annotations._repairs import Finding, Report
from skspot.datasets.annotations._seconds import faults_of_moments, read_cells, row_of
from skspot.datasets.tables._cells import is_empty, parse_id
from skspot.datasets.tables._tables import read_annotations
from skspot.utils._param_validation import Interval, StrOptions, validate_params
from skspot.utils.validation import with_parameters
from skspot.video import ImageSequence

_DESCR = """Annotated videos

{n_videos} videos with {n_intervals} expressions from {name}. Frames count from 0, and onset and
offset both belong to an expression. `report` lists what was changed in the table, what was left out
of it, and what is odd and was kept.
"""

_VALUES = ("onset", "apex", "offset", "label")


@validate_params(
    {
        "table": "no_validation",
        "videos": [str, os.PathLike, None],
        "unit": [StrOptions({"frames", "seconds"})],
        "first_frame": [Interval(Integral, 0, None, closed="left")],
        "fps": [Interval(Real, 0, None, closed="neither"), None],
        "keep_every": [Interval(Integral, 1, None, closed="left")],
        "label_names": [Mapping, None],
        **{name: LABEL_OPTIONS[name] for name in LABEL_OPTIONS if name != "unlabelled"},
        "on_error": [StrOptions({"raise", "warn"})],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def load_annotated_videos(
    table,
    videos=None,
    *,
    unit="frames",
    first_frame=0,
    fps=None,
    keep_every=1,
    label_names=None,
    classes=("macro", "micro"),
    missing_offset="drop",
    over_long="keep",
    long_micro="keep",
    min_length=1,
    on_error="raise",
    n_jobs=None,
    verbose=0,
):
    """Load your own videos and the table of their expressions.

    Parameters
    ----------
    table : str, path-like, DataFrame, or mapping of str to ndarray
        The expressions, one a row: the path of a CSV file (delimited by commas, semicolons or tabs)
        or of an .xlsx or .xls workbook, whose first sheet is read, or a DataFrame. It needs the
        columns ``video``, ``onset``, ``offset`` and ``label``; ``apex`` and ``subject`` are read if
        they are there. Case and blanks in their names do not matter. A row with a video and nothing
        else, but perhaps a subject, is a video without expressions. Or interval tables by video,
        as `skspot.io.read_intervals` returns them.
    videos : str or path-like, default=None
        The folder of the videos, by default that of the table's file. The table names a video by
        its file, with or without suffix, or by its folder of images, relative to this folder.
    unit : {"frames", "seconds"}, default="frames"
        What onset, apex and offset are. Seconds count from the first frame, and stand for the frame
        shown nearest to them; each video is decoded once to learn when its frames are shown.
    first_frame : int, default=0
        Number of a video's first frame in the table: 1 in one that counts from 1. Frames clearly
        beyond the end that the header of a video file announces can't be used.
    fps : float, default=None
        Frames per second of folders of images, as recorded. None is 30, as for `open_video`, but
        seconds need the rate. Video files have their own times.
    keep_every : int, default=1
        Of how many images in a folder one is a frame of the video; the intervals are scaled.
    label_names : dict of str to str, default=None
        What the labels in the table mean: ``{"smile": "macro", "blink": None}``. ``None`` leaves
        their rows out. "macro" and "micro" and the field's "macro-expression", "MaE", "ME" are
        known, whatever their case.
    classes : sequence of str, default=("macro", "micro")
        The expressions that are wanted.
    missing_offset : {"apex", "drop"} or int, default="drop"
        What takes the place of an offset that is empty, -1, or 0 after a later onset: the apex, or
        the frame so many recorded frames after the onset. With ``"drop"`` the row can't be used.
    over_long : {"keep", "drop"}, default="keep"
        Whether to leave out intervals that begin with the first frame and last longer than half of
        the video, if its length is known.
    long_micro : {"keep", "macro", "drop"}, default="keep"
        Whether micro-expressions of more than 0.5 s are kept, become macro-expressions or are left
        out. Unless kept, video files are decoded to learn their times.
    min_length : int, default=1
        Intervals of fewer frames are left out.
    on_error : {"raise", "warn"}, default="raise"
        Whether rows that can't be used, and videos that are not there or can't be read, are an
        error, which lists them, or are left out and reported; also whether it is an error that
        most onsets are fractions of frames, which will be seconds, or that most seconds are beyond
        the end, which will be frames.
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
            The rows of `frame` that the intervals are from, in their order: ``frame.iloc[rows[i]]``
            has a row for each interval of video ``i``.

        and

        fps : float or None
            Frames per second if all videos are folders of images; files have their own times.
        frame : DataFrame
            The table as it is, with its further columns, and in ``place`` where each row stands.
        report : DataFrame
            What was changed ("changed"), not used ("left out"), or is odd and used as it is
            ("kept"): `place`, `subject`, `video`, `problem`, `action`, `result`. Frames are
            numbered as in the table, or from 0 if it holds seconds.
        DESCR : str
            What was loaded.

    Raises
    ------
    FileNotFoundError
        If the table, the folder or videos are not there; all missing videos are named.
    ValueError
        If the table can't be read or lacks a column, if rows can't be used, if a name fits several
        videos, if a video has two subjects or none, or if options contradict the data.
    TypeError
        If `table` is of an unknown kind.
    VideoReadError
        If a video that must be decoded can't be, unless `on_error` is "warn".

    Warns
    -----
    UserWarning
        If rows were repaired or left out. One warning counts them by problem.

    See Also
    --------
    skspot.io.read_intervals : Reads a table of intervals without its videos.
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
    rules = LabelRules(
        classes=classes,
        missing_offset=missing_offset,
        over_long=over_long,
        long_micro=long_micro,
        min_length=min_length,
        missing_onset="drop",
    )
    annotations = read_annotations(table)
    if isinstance(table, Mapping) and (unit, first_frame) != ("frames", 0):
        error = ValueError(
            "Interval tables hold zero-based frames; pass no unit and no first_frame."
        )
        raise with_parameters(error, "unit", "first_frame")
    if unit == "seconds" and first_frame:
        error = ValueError(f"first_frame={first_frame} is for unit='frames'; seconds count from 0.")
        raise with_parameters(error, "first_frame", "unit")
    folder = annotations.folder if videos is None else videos
    rows, paths = _find(annotations, folder, on_error)
    subjects = _subjects(rows, paths, annotations.name)
    if subjects is not None:
        rows = rows.assign(subject=[subjects.get(video, "") for video in rows["video"]])
    rows, odd = sift(rows, annotations.shifted, paths, read_names(label_names))
    if unit == "seconds" and on_error == "raise":  # before hours of video are decoded
        faults = Report()
        for row, finding in (*odd, *faults_of_moments(rows, rules, annotations.decimal_comma)):
            faults.add(row, finding)
        refuse_unusable(faults, rows["label"], unit, first_frame, annotations)
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
    rows = read_cells(rows, times, annotations.decimal_comma)
    _, tables, report = settle_rows(rows, recordings, rules)
    for row, finding in (*odd, *_remarks(paths, unreadable, subjects or {}, folder)):
        report.add(row, finding)
    if on_error == "raise":
        if unit == "seconds":
            refuse_late(report, len(rows), annotations.name)
        refuse_unusable(report, rows["label"], unit, first_frame, annotations)
        refuse_fractions(report, sum(map(len, tables)), annotations.name)
    if unit == "frames":
        warn_of_seconds(tables, annotations.name)
    report.warn(3)  # the line that called the decorated function
    return VideoBunch(
        videos=[recording.source for recording in recordings],
        intervals=tables,
        subjects=None if subjects is None else np.array([r.subject for r in recordings], str),
        names=[recording.name for recording in recordings],
        rows=[annotations.rows.index.get_indexer(report.used[r.name]) for r in recordings],
        fps=_common_fps(recordings),
        frame=annotations.rows,
        report=report.frame(),
        DESCR=_DESCR.format(
            n_videos=len(recordings), n_intervals=sum(map(len, tables)), name=annotations.name
        ),
    )


def _find(annotations, folder, on_error):
    """Return the rows with one name for each video, and the paths of the videos by name."""
    if folder is None:
        raise ValueError(
            f"Where are the videos of {annotations.name}? It has no folder of its own; pass the "
            "one that holds them as `videos`."
        )
    names = [parse_id(cell) for cell in annotations.rows["video"]]
    wanted = [name for name in names if name]
    if not wanted:
        raise ValueError(f"{annotations.name} names no video: it has no rows below its header.")
    found = match_videos(folder, wanted)
    if not found or (on_error == "raise" and len(found) < len(set(wanted))):
        raise FileNotFoundError(missing_videos(folder, wanted, found))
    first_names = {}  # "a" and "a.mp4" may be the same video
    known_as = {name: first_names.setdefault(file_id(path), name) for name, path in found.items()}
    rows = annotations.rows.assign(video=[known_as.get(name, name) for name in names])
    if "subject" in rows:
        rows = rows.assign(subject=[parse_id(cell) for cell in rows["subject"]])
    return rows, {name: found[name] for name in first_names.values()}


def _subjects(rows, paths, table):
    """Return the subject of each video, None if the table knows none."""
    if "subject" not in rows or not any(rows["subject"]):
        return None
    places = {name: {} for name in paths}  # of each subject of a video the first row
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
            f"{table}: a video has one subject, but {some_of(several)}. Correct the table, or drop "
            "its column `subject`."
        )
    without = [repr(video) for video, found in places.items() if not found]
    if without:
        raise ValueError(
            f"{table} has the column `subject`, but no subject of {some_of(without)}. Fill them "
            "in, or drop the column."
        )
    return {video: next(iter(found)) for video, found in places.items()}


def sift(rows, shifted, paths, label_names):
    """Return the rows of expressions, their labels understood, and what is odd about the others."""
    cells = rows[[name for name in _VALUES if name in rows]]
    bare = cells.map(is_empty).all(axis=1) & rows["video"].isin(list(paths))
    kept, odd = [], []
    for number, row in zip(rows.index, rows.to_dict("records")):
        finding = _fault(row, number in shifted, label_names)
        if finding is not None:
            odd.append((row_of(number, row), finding))
        elif not bare[number]:
            kept.append(number)
    rows = rows.loc[kept]
    return rows.assign(label=[read_label(cell, label_names) for cell in rows["label"]]), odd


def _fault(row, is_shifted, label_names):
    """Return why a row is left out before anything else in it is read, or None."""
    if not row["video"]:
        return Finding("the name of the video is missing", "", "left out")
    if is_shifted:
        return Finding("the row has more cells than the header has names", "", "left out")
    if label_names.get(fold(row["label"]), "") is None:
        label = repr(parse_id(row["label"]))
        return Finding("label_names leaves out the label", label, "left out", "", "label_names")
    return None


def _remarks(paths, unreadable, subjects, folder):
    """Yield what is odd about videos, for the report."""
    for video, reason in unreadable.items():
        finding = Finding("the video can't be read", reason, "left out")
        yield Note(finding, video=video, subject=subjects.get(video)), finding
    others = unnamed_videos(folder, paths.values())
    if others:
        detail = f"{len(others)} ({some_of(others)})"
        finding = Finding("videos of the folder are not in the table", detail, "kept")
        yield Note(finding), finding


def _common_fps(recordings):
    """Return the frame rate that folders of images have in common, None if there are files."""
    sources = [recording.source for recording in recordings]
    if sources and all(isinstance(source, ImageSequence) for source in sources):
        return sources[0].fps / sources[0].keep_every
    return None
