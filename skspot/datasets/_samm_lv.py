"""SAMM Long Videos."""

import os
import re
from numbers import Integral
from pathlib import Path

from skspot.datasets._loading import expression_class, make_bunch, read_annotation
from skspot.datasets._trees import (
    POINT_AT_ONE,
    Layout,
    collect,
    find_folders,
    find_workbooks,
    named,
    newest,
    only,
    outside,
    picture_recording,
    skipped,
    subfolders,
)
from skspot.datasets.annotations._labels import LABEL_OPTIONS, LabelRules
from skspot.datasets.annotations._repairs import Finding, LeftOut
from skspot.datasets.tables._cells import parse_id
from skspot.datasets.tables._workbooks import first_table, read_workbook
from skspot.utils._param_validation import Interval, validate_params

_FPS = 200

_LAYOUT = Layout(
    dataset="SAMM Long Videos",
    tree="""\
<root>/
    SAMM_LongVideos_V3_Release.xlsx      (or V1, V2; .xls)
    SAMM_longvideos/
        006_1/
            006_1_0001.jpg
            006_1_0002.jpg
            ...
        006_2/
        ...""",
    entry=r"\d+_\d+",
    workbooks=r"samm_?long_?videos.*release.*\.xlsx?",
)

_NEEDED = {
    "Subject": (),
    "Filename": ("File",),
    "Onset": ("Onset Frame",),
    "Apex": ("Apex Frame",),
    "Offset": ("Offset Frame",),
    "Type": ("Expression Type",),
}

_DESCR = """SAMM Long Videos (SAMM-LV)

Faces of 32 people who watched clips that were chosen to move them, recorded at 200 frames per
second in grey, 2040 x 1088 pixels. Coders marked 343 macro-expressions and 159 micro-expressions in
147 videos of 30 of them, with action units; the other videos show no expression.

Obtain: by request from the Manchester Metropolitan University, for research, under an agreement
that each person signs. It may not be passed on, so that skspot reads the copy you have.

Layout: {workbook} for the labels, a folder of images for each video in {folder}.

Use: one of {keep_every} images is a frame, which makes {fps:.4g} frames per second; the intervals
are in these frames, from 0. The first two parts of a Filename name the video. Frame numbers may be
fractional (rounded); an onset of -1 is an expression that began before the clip (the first frame);
an apex that is not visible or outside the interval becomes the middle; an offset that is missing is
taken care of by `missing_offset`, intervals that fill a video by `over_long`. `report` lists each.

Cite: C. H. Yap, C. Kendrick, M. H. Yap. SAMM Long Videos: A spontaneous facial micro- and
macro-expressions dataset. IEEE International Conference on Automatic Face and Gesture Recognition,
2020.
"""


@validate_params(
    {
        "root": [str, os.PathLike],
        "subjects": ["array-like", None],
        **LABEL_OPTIONS,
        "keep_every": [Interval(Integral, 1, None, closed="left")],
        "labels": [str, os.PathLike, None],
    },
    prefer_skip_nested_validation=True,
)
def load_samm_lv(
    root,
    *,
    subjects=None,
    classes=("macro", "micro"),
    missing_offset="apex",
    over_long="drop",
    long_micro="keep",
    min_length=1,
    unlabelled="keep",
    keep_every=7,
    labels=None,
):
    """Load SAMM Long Videos from a copy on the disk.

    No image is opened or copied: the videos are the folders of images, with their rate.

    Parameters
    ----------
    root : str or path-like
        The folder of the dataset, with ``SAMM_LongVideos_V3_Release.xlsx`` and
        ``SAMM_longvideos/006_1/006_1_0001.jpg``; a folder above it, or one of the two within, will
        do if there is no doubt.
    subjects : sequence of str, default=None
        Subjects that are wanted, such as ``["006", "007"]``. None: all.
    classes : sequence of str, default=("macro", "micro")
        Which expressions are wanted.
    missing_offset : {"apex", "drop"} or int, default="apex"
        What takes the place of an offset that is empty, 0 or -1: the apex, or the frame that many
        recorded frames after the onset. ``"drop"`` leaves the row out.
    over_long : {"drop", "keep"}, default="drop"
        Whether intervals that begin with the first frame of the recording and last longer than
        half of it are left out.
    long_micro : {"keep", "macro", "drop"}, default="keep"
        Whether micro-expressions of more than 0.5 s are kept, become macro-expressions or are left
        out.
    min_length : int, default=1
        Intervals with fewer frames of the video are left out.
    unlabelled : {"keep", "drop"}, default="keep"
        Whether videos without any interval are kept.
    keep_every : int, default=7
        Of how many recorded images one is a frame of the video: 7 makes 28.57 of 200 frames per
        second.
    labels : str or path-like, default=None
        The workbook with the labels. None finds it; of several versions the newest.

    Returns
    -------
    data : Bunch
        With one element per video, sorted by name:

        videos : list of ImageSequence
            The folders of images.
        intervals : list of ndarray
            The interval tables, in frames of the video.
        subjects : ndarray of str
            The subjects, such as ``"006"``.
        names : list of str
            The names of the videos, such as ``"006_1"``.
        rows : list of ndarray of int
            The rows of `frame` that the intervals are from, in their order:
            ``frame.iloc[rows[i]]`` has a row for each interval of video ``i``.

        And about all of them:

        fps : float
            Frames per second, ``200 / keep_every``.
        frame : DataFrame
            The annotation table as it stands, with action units and notes, and the column `place`.
        report : DataFrame
            Each row that was changed or left out, and what is to be checked or is merely odd: the
            columns `place`, `subject`, `video`, `problem`, `action` (``"changed"``,
            ``"left out"``, ``"check"`` or ``"kept"``) and `result`.
        DESCR : str
            What the dataset is, and how to cite it.

    Raises
    ------
    FileNotFoundError
        If the images or the workbook are not found.
    ValueError
        If the workbook can't be read or holds no such table, there are several copies of the
        images or the workbook, or a subject is unknown.

    Warns
    -----
    UserWarning
        If rows or folders were changed or left out, or something should be checked; one warning,
        which counts them.

    See Also
    --------
    load_cas_me2, load_cas_me3, load_smic_long : Load the other datasets of the field.
    load_annotated_videos : Loads recordings of your own.

    References
    ----------
    C. H. Yap, C. Kendrick, M. H. Yap. "SAMM Long Videos: A spontaneous facial micro- and
    macro-expressions dataset." IEEE International Conference on Automatic Face and Gesture
    Recognition, 2020.

    Examples
    --------
    >>> from skspot.datasets import load_samm_lv
    >>> data = load_samm_lv("/data/SAMM", subjects=["006", "007"])  # doctest: +SKIP
    >>> data.report[["place", "video", "problem", "result"]]  # doctest: +SKIP
    """
    rules = LabelRules(
        classes=classes,
        missing_offset=missing_offset,
        over_long=over_long,
        long_micro=long_micro,
        min_length=min_length,
        unlabelled=unlabelled,
    )
    workbooks = find_workbooks(root, _LAYOUT) if labels is None else [Path(labels)]
    workbook, notes = newest(workbooks, _version)
    folders = find_folders(root, _LAYOUT)
    folder = only(named(folders, "SAMM_longvideos") or folders, "folders of videos", POINT_AT_ONE)
    found = [folder] if labels is not None else [workbook, folder]
    recordings, faults = collect(_recordings(folder, keep_every), _LAYOUT, folder)
    table = first_table(read_workbook(workbook), _NEEDED, where=workbook)
    names = {key: recording.name for key, recording in recordings.items()}
    fps = _FPS / keep_every
    return make_bunch(
        read_annotation(table, lambda row: [_read_row(row, names)]),
        recordings.values(),
        [*notes, *outside(root, found), *faults],
        rules=rules,
        subjects=subjects,
        fps=fps,
        descr=_DESCR.format(workbook=workbook, folder=folder, keep_every=keep_every, fps=fps),
    )


def _version(name):
    """Return the version that the name of a workbook tells, 0 if it tells none."""
    match = re.search(r"_v(\d+)", name)
    return int(match[1]) if match else 0


def _recordings(folder, keep_every):
    """Yield the recordings by subject and number: 006_1 by (6, 1)."""
    for path in subfolders(folder):
        if not _LAYOUT.is_entry(path.name):
            yield from skipped(path, "a video")
            continue
        name = path.name.strip()
        subject, number = name.split("_")
        recording = picture_recording(name, _subject(subject), path, _FPS, keep_every)
        yield (int(subject), int(number)), recording


def _subject(digits):
    """Return a subject with the zeros that spreadsheets take away: 006 for 6."""
    return f"{int(digits):03d}"


def _read_row(row, names):
    """Return the expression in a row of the workbook."""
    filename = parse_id(row["Filename"])
    parts = re.fullmatch(r"(\d+)_(\d+)(?:_\w+)?", filename)
    if parts is None:
        raise LeftOut("the Filename is not <subject>_<video>_<number>", repr(filename))
    subject, number = _subject(parts[1]), parts[2]
    told = parse_id(row["Subject"], width=3)
    remarks = []
    if told not in ("", subject):
        detail = f"{told!r} and {filename!r}"
        remarks.append(Finding("Subject and Filename differ", detail, "kept", "by Filename"))
    return {
        "subject": subject,
        "video": names.get((int(subject), int(number)), f"{subject}_{number}"),
        "onset": row["Onset"],
        "apex": row["Apex"],
        "offset": row["Offset"],
        "label": expression_class(row["Type"]),
        "remarks": remarks,
    }
