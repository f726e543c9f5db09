"""CAS(ME)^2, the database of macro- and micro-expressions in long videos."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from numbers import Integral
from pathlib import Path
from typing import Literal

import pandas as pd

from skspot.datasets._bunch import VideoBunch
from skspot.datasets._loading import make_bunch
from skspot.datasets.annotations import (
    RULE_CONSTRAINTS,
    AnnotationRules,
    Finding,
    LeftOut,
    Recording,
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
    visible_files,
    with_name,
)
from skspot.datasets.tables import parse_id, read_workbook, table_below_header, with_places
from skspot.intervals import CLASSES
from skspot.utils._param_validation import Interval, validate_params
from skspot.utils._typing import FilePath

_FPS = 30

_LAYOUT = Layout(
    dataset="CAS(ME)^2",
    tree="""\
<folder>/
    CAS(ME)^2code_final(Updated).xlsx      (or code_final.xlsx)
    rawpic/
        s15/
            15_0101disgustingteeth/
                img1.jpg
                img2.jpg
                ...
        s16/
        ...
    rawvideo/                              (for video_folder="rawvideo")
        s15/
            15_0101disgustingteeth.avi""",
    entry=r"s\d+",
    workbooks=r"(cas\(?me\)?\^?2)?_?code_?final.*\.xlsx?",
)

_FILES = "rawvideo"  # the folder that holds video files, not images

# The names of the videos in folders of images, and in that of video files.
_VIDEO = (r"(\d+)_(\d{4}).*", r"(\d+)_(\d{4}).*\.(?:avi|mkv|mov|mp4|mpe?g|wmv)")

# The first sheet was released without a header; some copies have one.
_COLUMNS = {
    "Participant": ("Subject", "Participant number", "Participant No."),
    "Filename": ("Video", "Video name", "Clip", "File"),
    "Onset": ("Onset frame",),
    "Apex": ("Apex frame",),
    "Offset": ("Offset frame",),
    "AUs": ("AU", "Action Units"),
    "Estimated emotion": ("Emotion",),
    "Type": ("Expression type",),
    "Self-reported emotion": ("Self-report", "Self report"),
}
_NEEDED = {name: _COLUMNS[name] for name in ("Participant", "Filename", "Onset", "Offset", "Type")}

_DESCR = """CAS(ME)^2

Faces of 22 people who watched clips that were chosen to evoke emotions and tried to keep a straight
face, recorded at 30 frames per second, 640 x 480 pixels: 98 long videos, with 300 macro-expressions
and 57 micro-expressions, with action units, estimated and self-reported emotion.

Obtain: by request from the Institute of Psychology of the Chinese Academy of Sciences, for
research, under a signed agreement. It may not be redistributed, so skspot reads your copy.

Layout: {workbook} for the labels, a folder of images for each video in {folder}/s15/; or the
video files, in rawvideo/s15/. The workbook identifies people by number and videos by the emotion
that they should elicit; its second and third sheet lead to the folders.

Use: the intervals are in frames of the video, from 0. An offset of 0 is unknown; `missing_offset`
determines what replaces it. An apex that is missing or outside the interval becomes the middle
frame; a video in the folder of another subject belongs to the subject in its name. `repairs` lists
each.

Cite: F. Qu, S.-J. Wang, W.-J. Yan, H. Li, S. Wu, X. Fu. CAS(ME)^2: A database for spontaneous
macro-expression and micro-expression spotting and recognition. IEEE Transactions on Affective
Computing 9(4), 2018.
"""


@validate_params(
    {
        "folder": [str, os.PathLike],
        "subjects": ["array-like", None],
        **RULE_CONSTRAINTS,
        "keep_every": [Interval(Integral, 1, None, closed="left")],
        "annotation_file": [str, os.PathLike, None],
        "video_folder": [str],
    },
    prefer_skip_nested_validation=True,
)
def load_cas_me2(
    folder: FilePath,
    *,
    subjects: Collection[str] | None = None,
    classes: Collection[str] = ("macro", "micro"),
    missing_offset: Literal["apex", "drop"] | int = "apex",
    over_long: Literal["keep", "drop"] = "drop",
    long_micro: Literal["keep", "macro", "drop"] = "keep",
    min_length: int = 1,
    unlabelled: Literal["keep", "drop"] = "keep",
    keep_every: int = 1,
    annotation_file: FilePath | None = None,
    video_folder: str = "rawpic",
) -> VideoBunch:
    """Load CAS(ME)^2 from your copy.

    No image is opened or copied: the videos are the folders of images, with their rate, or the
    paths of the video files.

    Parameters
    ----------
    folder : str or path-like
        The folder of the dataset, with ``CAS(ME)^2code_final(Updated).xlsx`` and
        ``rawpic/s15/15_0101disgustingteeth/img1.jpg``; a folder above it, or one of the two within
        it, works as well unless it is ambiguous.
    subjects : sequence of str, default=None
        Subjects to load, such as ``["s15", "s16"]``. None: all.
    classes : sequence of str, default=("macro", "micro")
        Classes to load.
    missing_offset : {"apex", "drop"} or int, default="apex"
        What replaces an offset that is empty or 0: the apex, or the frame that many
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
    keep_every : int, default=1
        Every how many recorded images one is a frame of the video.
    annotation_file : str or path-like, default=None
        The workbook with the labels. None finds it, or the newest of several versions.
    video_folder : str, default="rawpic"
        Name of the folder with the videos: ``"rawpic"``, ``"cropped"``, or another with this
        layout. ``"rawvideo"`` holds video files, whose length is unknown until they are opened, so
        the intervals are not checked against it.

    Returns
    -------
    data : Bunch
        With one element per video, sorted by name:

        videos : list of ImageSequence or str
            The folders of images, or the video files.
        intervals : list of ndarray
            The interval tables, in frames of the video.
        subjects : ndarray of str
            The subjects, such as ``"s15"``.
        names : list of str
            The names of the videos, such as ``"15_0101disgustingteeth"``.
        rows : list of ndarray of int
            The rows of `table` that the intervals are from, in their order:
            ``table.iloc[rows[i]]`` has a row for each interval of video ``i``.

        and, about all of them:

        fps : float
            Frames per second, ``30 / keep_every``.
        table : DataFrame
            The annotation table unchanged, with action units and emotions, and the column `place`.
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
        If the workbook can't be read or does not have this layout, if there are several copies of
        the images or the workbook, if a subject is unknown, or if `keep_every` is not 1 for video
        files.

    Warns
    -----
    UserWarning
        If rows or folders were changed or left out, or something should be checked. One warning
        counts them all.

    See Also
    --------
    load_samm_lv, load_cas_me3, load_smic_long : Load the other datasets of the field.
    load_annotated_videos : Loads your own videos.

    References
    ----------
    F. Qu, S.-J. Wang, W.-J. Yan, H. Li, S. Wu, X. Fu. "CAS(ME)^2: A database for spontaneous
    macro-expression and micro-expression spotting and recognition." IEEE Transactions on Affective
    Computing 9(4), 2018.

    Examples
    --------
    >>> from skspot.datasets import load_cas_me2
    >>> data = load_cas_me2("/data/CASME_sq", subjects=["s15"])  # doctest: +SKIP
    >>> data.names  # doctest: +SKIP
    ['15_0101disgustingteeth', '15_0102eatingworms', ...]
    """
    rules = AnnotationRules(
        classes=classes,
        missing_offset=missing_offset,
        over_long=over_long,
        long_micro=long_micro,
        min_length=min_length,
        unlabelled=unlabelled,
        missing_onset="drop",
    )
    if video_folder == _FILES and keep_every != 1:
        raise ValueError(
            f"keep_every must be 1 for video files (video_folder='rawvideo'), got {keep_every}; it "
            "selects images, which video_folder='rawpic' holds."
        )
    repairs = Repairs()
    if annotation_file is None:
        workbook = newest(find_workbooks(folder, _LAYOUT), lambda name: "updated" in name, repairs)
    else:
        workbook = Path(annotation_file)
    videos = _find_folder(folder, video_folder)
    note_outside(folder, [videos, *[workbook] * (annotation_file is None)], repairs)
    found = _recordings(videos, video_folder, keep_every, repairs)
    recordings = by_key(found, _LAYOUT, videos, repairs)
    _note_misplaced(recordings, repairs)
    table, read_row = _read_workbook(
        workbook, {key: recording.name for key, recording in recordings.items()}
    )
    return make_bunch(
        table,
        read_row,
        recordings.values(),
        repairs,
        rules=rules,
        subjects=subjects,
        fps=_FPS / keep_every,
        descr=_DESCR.format(workbook=workbook, folder=videos),
    )


def _find_folder(folder, name):
    """Return the folder of that name that contains the folders of the subjects."""
    folders = find_image_folders(folder, _LAYOUT)
    chosen = with_name(folders, name)
    if name == "rawpic":
        chosen = chosen or [path for path in folders if path == Path(folder)]
    if not chosen:
        raise _LAYOUT.missing(f"folder {name!r} with images", folder)
    return single(chosen, f"folders {name!r}", POINT_AT_ONE)


def _recordings(folder, name, keep_every, repairs):
    """Yield the recordings by subject and code: 15_0101disgustingteeth by (15, "0101").

    Those in the folder of their own subject come first: others may be copies.
    """
    found = []
    for parent in subfolders(folder):
        if not _LAYOUT.is_entry(parent.name):
            note_skipped(parent, "a subject", repairs, depth=1)
            continue
        for path in visible_files(parent) if name == _FILES else subfolders(parent):
            match = re.fullmatch(_VIDEO[name == _FILES], path.name.strip(), re.IGNORECASE)
            if not match:
                note_skipped(path, "a video", repairs)
                continue
            key = (int(match[1]), match[2])
            title, subject = path.name.strip(), _subject(key[0])
            if name == _FILES:
                recording = Recording(path.stem.strip(), subject, str(path), fps=_FPS)
            else:
                recording = image_recording(title, subject, path, _FPS, keep_every, repairs)
            found.append((_number(parent.name) != key[0], key, recording))
    yield from (item[1:] for item in sorted(found, key=lambda item: item[0]))


def _subject(number):
    return f"s{number:02d}"


def _number(name):
    """Return the number in the name of a subject's folder."""
    return int(re.search(r"\d+", name)[0])


def _note_misplaced(recordings, repairs):
    """Note the videos that lie in the folder of another subject."""
    for (subject, _), recording in recordings.items():
        parent = Path(str(recording.source)).parent.name
        if _number(parent) != subject:
            finding = Finding(
                "the video lies in the folder of another subject",
                parent,
                "kept",
                f"its subject is {recording.subject}",
            )
            repairs.add_video(recording, finding)


def _read_workbook(workbook, names):
    """Return the table of a workbook and the function that reads its rows."""
    sheets = list(read_workbook(workbook).values())
    if len(sheets) < 3:
        raise ValueError(
            f"{str(workbook)!r} has {len(sheets)} sheets; the labels of CAS(ME)^2 are in three: "
            "expressions, subjects, videos."
        )
    try:
        table = _expressions(sheets[0])
        subjects = _mapping(sheets[1], keys=2, values=1, pattern=r"s?\d+", what="subject")
        codes = _mapping(sheets[2], keys=1, values=0, pattern=r"\d{1,4}", what="code of a video")
    except ValueError as error:
        raise ValueError(f"{str(workbook)!r}: {error}.") from None
    subjects = {key: _number(value) for key, value in subjects.items()}
    codes = {key: value.zfill(4) for key, value in codes.items()}
    return table, lambda row: [_read_row(row, subjects, codes, names)]


def _expressions(cells):
    """Return the first sheet with names of its columns, whether it has a header or not."""
    table = table_below_header(cells, _NEEDED, _COLUMNS)
    if table is None:
        # Empty columns in front shift the others; one in between is part of the layout.
        cells = cells.loc[:, cells.notna().any().cummax()]
        names = list(_COLUMNS)[: cells.shape[1]]
        names += [f"column {number}" for number in range(len(names) + 1, cells.shape[1] + 1)]
        table = with_places(cells.set_axis(names, axis=1))
    kinds = table["Type"].map(expression_class) if "Type" in table else pd.Series(dtype=object)
    if not kinds.isin(CLASSES).any():
        raise ValueError(
            "the eighth column of the first sheet contains no macro-expression and no "
            "micro-expression; expected are the columns "
            f"{', '.join(_COLUMNS)}, with or without a header"
        )
    return table


def _mapping(cells, keys, values, pattern, what):
    """Return a column of a sheet by another, both by position, without its header."""
    mapping = {}
    if cells.shape[1] > max(keys, values):
        for key, value in zip(cells.iloc[:, keys], cells.iloc[:, values]):
            key, value = parse_id(key).casefold(), parse_id(value).casefold()
            if key and re.fullmatch(pattern, value) and mapping.setdefault(key, value) != value:
                raise ValueError(f"{key!r} has two entries, {mapping[key]!r} and {value!r}")
    if not mapping:
        raise ValueError(f"no {what} is in column {values + 1} of the sheet that lists them")
    return mapping


def _read_row(row, subjects, codes, names):
    """Return the expression in a row of the first sheet."""
    participant, filename = parse_id(row["Participant"]), parse_id(row["Filename"])
    number = subjects.get(participant.casefold())
    if number is None:
        raise LeftOut("the second sheet has no such participant", repr(participant))
    subject, findings = _subject(number), []
    code = codes.get(filename.split("_")[0].strip().casefold())  # anger1 of anger1_2
    if code is None:
        findings.append(Finding("the third sheet has no such video", repr(filename)))
    return {
        "subject": subject,
        "video": names.get((number, code), f"{subject[1:]}_{code or filename}"),
        "onset": row["Onset"],
        "apex": row.get("Apex"),
        "offset": row["Offset"],
        "label": expression_class(row["Type"]),
        "findings": findings,
    }
