"""SAMM Long Videos."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from numbers import Integral
from pathlib import Path
from typing import Literal

from skspot.datasets._bunch import VideoBunch
from skspot.datasets._loading import make_bunch
from skspot.datasets.annotations import (
    RULE_CONSTRAINTS,
    AnnotationRules,
    Finding,
    LeftOut,
    Repairs,
    expression_class,
)
from skspot.datasets.files import (
    POINT_AT_ONE,
    Layout,
    by_key,
    find_image_folders,
    find_workbooks,
    image_recording,
    newest,
    note_outside,
    note_skipped,
    single,
    subfolders,
    with_name,
)
from skspot.datasets.tables import first_table, parse_id, read_workbook
from skspot.utils._param_validation import Interval, validate_params
from skspot.utils._typing import FilePath

_FPS = 200

_LAYOUT = Layout(
    dataset="SAMM Long Videos",
    tree="""\
<folder>/
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

Faces of 32 people who watched clips that were chosen to evoke emotions, recorded at 200 frames per
second in grey, 2040 x 1088 pixels. Coders marked 343 macro-expressions and 159 micro-expressions in
147 videos of 30 of them, with action units; the other videos show no expression.

Obtain: by request from the Manchester Metropolitan University, for research, under an agreement
that each person signs. It may not be redistributed, so skspot reads your copy.

Layout: {workbook} for the labels, a folder of images for each video in {folder}.

Use: one of {keep_every} images is a frame, so there are {fps:.4g} frames per second; the intervals
are in these frames, from 0. The first two parts of a Filename name the video. Fractional frame
numbers are rounded; an onset of -1 is an expression that began before the clip and becomes the
first frame; an apex that is not visible or outside the interval becomes the middle frame.
`missing_offset` determines what replaces a missing offset, `over_long` what happens to intervals
that fill a video. `repairs` lists each.

Cite: C. H. Yap, C. Kendrick, M. H. Yap. SAMM Long Videos: A spontaneous facial micro- and
macro-expressions dataset. IEEE International Conference on Automatic Face and Gesture Recognition,
2020.
"""


@validate_params(
    {
        "folder": [str, os.PathLike],
        "subjects": ["array-like", None],
        **RULE_CONSTRAINTS,
        "keep_every": [Interval(Integral, 1, None, closed="left")],
        "annotation_file": [str, os.PathLike, None],
    },
    prefer_skip_nested_validation=True,
)
def load_samm_lv(
    folder: FilePath,
    *,
    subjects: Collection[str] | None = None,
    classes: Collection[str] = ("macro", "micro"),
    missing_offset: Literal["apex", "drop"] | int = "apex",
    over_long: Literal["keep", "drop"] = "drop",
    long_micro: Literal["keep", "macro", "drop"] = "keep",
    min_length: int = 1,
    unlabelled: Literal["keep", "drop"] = "keep",
    keep_every: int = 7,
    annotation_file: FilePath | None = None,
) -> VideoBunch:
    """Load SAMM Long Videos from your copy.

    No image is opened or copied: the videos are the folders of images, with their rate.

    Parameters
    ----------
    folder : str or path-like
        The folder of the dataset, with ``SAMM_LongVideos_V3_Release.xlsx`` and
        ``SAMM_longvideos/006_1/006_1_0001.jpg``; a folder above it, or one of the two within it,
        works as well unless it is ambiguous.
    subjects : sequence of str, default=None
        Subjects to load, such as ``["006", "007"]``. None: all.
    classes : sequence of str, default=("macro", "micro")
        Classes to load.
    missing_offset : {"apex", "drop"} or int, default="apex"
        What replaces an offset that is empty, 0 or -1: the apex, or the frame that many
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
        Every how many recorded images one is a frame of the video: 7 reduces 200 frames per second
        to 28.57.
    annotation_file : str or path-like, default=None
        The workbook with the labels. None finds it, or the newest of several versions.

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
            The rows of `table` that the intervals are from, in their order:
            ``table.iloc[rows[i]]`` has a row for each interval of video ``i``.

        and, about all of them:

        fps : float
            Frames per second, ``200 / keep_every``.
        table : DataFrame
            The annotation table unchanged, with action units and notes, and the column `place`.
        repairs : DataFrame
            Each row that was changed or left out, and what should be checked or is merely odd: the
            columns `place`, `subject`, `video`, `problem`, `action` (``"changed"``,
            ``"left out"``, ``"check"`` or ``"kept"``) and `result`.
        DESCR : str
            Description of the dataset, and how to obtain and cite it.

    Raises
    ------
    FileNotFoundError
        If the images or the workbook are not found.
    ValueError
        If the workbook can't be read or holds no such table, if there are several copies of the
        images or the workbook, or if a subject is unknown.

    Warns
    -----
    UserWarning
        If rows or folders were changed or left out, or something should be checked. One warning
        counts them all.

    See Also
    --------
    load_cas_me2, load_cas_me3, load_smic_long : Load the other datasets of the field.
    load_annotated_videos : Loads your own videos.

    References
    ----------
    C. H. Yap, C. Kendrick, M. H. Yap. "SAMM Long Videos: A spontaneous facial micro- and
    macro-expressions dataset." IEEE International Conference on Automatic Face and Gesture
    Recognition, 2020.

    Examples
    --------
    >>> from skspot.datasets import load_samm_lv
    >>> data = load_samm_lv("/data/SAMM", subjects=["006", "007"])  # doctest: +SKIP
    >>> data.repairs[["place", "video", "problem", "result"]]  # doctest: +SKIP
    """
    rules = AnnotationRules(
        classes=classes,
        missing_offset=missing_offset,
        over_long=over_long,
        long_micro=long_micro,
        min_length=min_length,
        unlabelled=unlabelled,
    )
    repairs = Repairs()
    if annotation_file is None:
        workbook = newest(find_workbooks(folder, _LAYOUT), _version, repairs)
    else:
        workbook = Path(annotation_file)
    found = find_image_folders(folder, _LAYOUT)
    found = with_name(found, "SAMM_longvideos") or found
    images = single(found, "folders of videos", POINT_AT_ONE)
    note_outside(folder, [images, *[workbook] * (annotation_file is None)], repairs)
    recordings = by_key(_recordings(images, keep_every, repairs), _LAYOUT, images, repairs)
    names = {key: recording.name for key, recording in recordings.items()}
    fps = _FPS / keep_every
    return make_bunch(
        first_table(read_workbook(workbook), _NEEDED, where=workbook),
        lambda row: [_read_row(row, names)],
        recordings.values(),
        repairs,
        rules=rules,
        subjects=subjects,
        fps=fps,
        descr=_DESCR.format(workbook=workbook, folder=images, keep_every=keep_every, fps=fps),
    )


def _version(name):
    """Return the version in the name of a workbook, 0 if there is none."""
    match = re.search(r"_v(\d+)", name)
    return int(match[1]) if match else 0


def _recordings(folder, keep_every, repairs):
    """Yield the recordings by subject and number: 006_1 by (6, 1)."""
    for path in subfolders(folder):
        if not _LAYOUT.is_entry(path.name):
            note_skipped(path, "a video", repairs)
            continue
        name = path.name.strip()
        subject, number = name.split("_")
        recording = image_recording(name, _subject(subject), path, _FPS, keep_every, repairs)
        yield (int(subject), int(number)), recording


def _subject(digits):
    """Return a subject with the zeros that spreadsheets remove: 006 for 6."""
    return f"{int(digits):03d}"


def _read_row(row, names):
    """Return the expression in a row of the workbook."""
    filename = parse_id(row["Filename"])
    parts = re.fullmatch(r"(\d+)_(\d+)(?:_\w+)?", filename)
    if parts is None:
        raise LeftOut("the Filename is not <subject>_<video>_<number>", repr(filename))
    subject, number = _subject(parts[1]), parts[2]
    stated = parse_id(row["Subject"], width=3)
    findings = []
    if stated not in ("", subject):
        detail = f"{stated!r} and {filename!r}"
        findings.append(Finding("Subject and Filename differ", detail, "kept", "by Filename"))
    return {
        "subject": subject,
        "video": names.get((int(subject), int(number)), f"{subject}_{number}"),
        "onset": row["Onset"],
        "apex": row["Apex"],
        "offset": row["Offset"],
        "label": expression_class(row["Type"]),
        "findings": findings,
    }
