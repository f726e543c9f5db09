"""CAS(ME)^3, part A: long videos with depth."""

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
    note_not_read,
    note_outside,
    note_skipped,
    plain_name,
    single,
    subfolders,
)
from skspot.datasets.tables import first_table, parse_id, read_workbook
from skspot.intervals import CLASSES
from skspot.utils._param_validation import Interval, StrOptions, validate_params
from skspot.utils._typing import FilePath

_FPS = 30

_LAYOUT = Layout(
    dataset="CAS(ME)^3, part A",
    tree="""\
<folder>/
    annotation/
        cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx              (micro-expressions)
        cas(me)3_part_A_MaE_label_JpgIndex_v2_emotion.xlsx     (macro-expressions)
        CAS(ME)3_part_A_v2.xls                                 (or both in this one)
    data/
        part_A/
            spNO.1/
                a/
                    color/
                        1.jpg
                        2.jpg
                        ...
                    depth/
                b/
            spNO.2/
            ...""",
    entry=r"spno\.?\s*\d+",
    workbooks=r"cas\(?me\)?\^?3_part_?a_.*\.xlsx?",
)

_NEEDED = {
    "Subject": ("sub",),
    "Filename": ("seq", "File", "Video"),
    "Onset": ("Onset frame",),
    "Offset": ("Offset frame",),
}
_OPTIONAL = {
    "Apex": ("Apex frame",),
    "AU": ("AUs", "Action Units"),
    "Expression type": ("Type",),
    "Objective class": (),
    "emotion": ("Estimated emotion",),
    "shade": (),
}

_DESCR = """CAS(ME)^3, part A

Faces of about 100 people who watched clips that were chosen to evoke emotions, recorded at 30
frames per second, 1280 x 720 pixels, with depth (not read here). Macro- and micro-expressions, 860
of the latter, are labelled with action units and emotions.

Obtain: by request from the Institute of Psychology of the Chinese Academy of Sciences, for
research, under a signed agreement. It may not be redistributed, so skspot reads your copy.

Layout: {workbooks} for the labels; the images of a video in {folder}/spNO.1/a/color/. Numbers in
the tables are those in the names of the images, which may begin at any number and have gaps. If
each class has its own workbook, the column `Expression type` of `table` says which.

Use: the intervals are in frames of the video, from 0. Rows whose offset is before the onset are
left out, onsets and offsets in gaps move inwards to the next image, an apex outside the interval
becomes the middle frame. `min_length` can leave out intervals of one frame, `long_micro` can leave
out or relabel micro-expressions of more than 0.5 s, and `shaded` can leave out faces behind a hand
or hair; by default they are kept. `repairs` lists each.

Cite: J. Li, Z. Dong, S. Lu, S.-J. Wang, W.-J. Yan, Y. Ma, Y. Liu, C. Huang, X. Fu. CAS(ME)^3: A
third generation facial spontaneous micro-expression database with depth information and high
ecological validity. IEEE Transactions on Pattern Analysis and Machine Intelligence, 2022.
"""


@validate_params(
    {
        "folder": [str, os.PathLike],
        "subjects": ["array-like", None],
        **RULE_CONSTRAINTS,
        "keep_every": [Interval(Integral, 1, None, closed="left")],
        "annotation_file": [str, os.PathLike, "array-like", None],
        "shaded": [StrOptions({"keep", "drop"})],
    },
    prefer_skip_nested_validation=True,
)
def load_cas_me3(
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
    annotation_file: FilePath | Collection[FilePath] | None = None,
    shaded: Literal["keep", "drop"] = "keep",
) -> VideoBunch:
    """Load part A of CAS(ME)^3 from your copy.

    No image is opened or copied: the videos are the folders of images, with their rate.

    Parameters
    ----------
    folder : str or path-like
        The folder of part A, with ``annotation/cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx`` and
        ``data/part_A/spNO.1/a/color/1.jpg``; a folder above it works as well unless it is
        ambiguous.
    subjects : sequence of str, default=None
        Subjects to load, such as ``["spNO.1", "spNO.2"]``. None: all.
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
    annotation_file : str, path-like or sequence of them, default=None
        The workbook with the labels of both classes, or a workbook for each class. None finds them,
        or the newest of several versions; the two workbooks of single classes are preferred.
    shaded : {"keep", "drop"}, default="keep"
        Whether rows with a 1 in the column ``shade``, a hand or hair over the face, are used.

    Returns
    -------
    data : Bunch
        With one element per video, sorted by name:

        videos : list of ImageSequence
            The folders of images.
        intervals : list of ndarray
            The interval tables, in frames of the video.
        subjects : ndarray of str
            The subjects, such as ``"spNO.1"``.
        names : list of str
            The names of the videos, such as ``"spNO.1_a"``.
        rows : list of ndarray of int
            The rows of `table` that the intervals are from, in their order:
            ``table.iloc[rows[i]]`` has a row for each interval of video ``i``.

        and, about all of them:

        fps : float
            Frames per second, ``30 / keep_every``.
        table : DataFrame
            The annotation tables unchanged, one below the other, with action units and emotions,
            and the columns `place` and ``Expression type``.
        repairs : DataFrame
            Each row that was changed or left out, and what should be checked or is merely odd: the
            columns `place`, `subject`, `video`, `problem`, `action` (``"changed"``,
            ``"left out"``, ``"check"`` or ``"kept"``) and `result`.
        DESCR : str
            Description of the dataset, and how to obtain and cite it.

    Raises
    ------
    FileNotFoundError
        If the images or the workbooks are not found.
    ValueError
        If a workbook can't be read or holds no such table, if there are several copies of the
        images or a workbook, or if a subject is unknown.

    Warns
    -----
    UserWarning
        If rows or folders were changed or left out, or something should be checked. One warning
        counts them all.

    See Also
    --------
    load_samm_lv, load_cas_me2, load_smic_long : Load the other datasets of the field.
    load_annotated_videos : Loads your own videos.

    References
    ----------
    J. Li, Z. Dong, S. Lu, S.-J. Wang, W.-J. Yan, Y. Ma, Y. Liu, C. Huang, X. Fu. "CAS(ME)^3: A
    third generation facial spontaneous micro-expression database with depth information and high
    ecological validity." IEEE Transactions on Pattern Analysis and Machine Intelligence, 2022.

    Examples
    --------
    >>> from skspot.datasets import load_cas_me3
    >>> data = load_cas_me3("/data/CASME3/part_A", shaded="drop")  # doctest: +SKIP
    >>> data.table["emotion"].value_counts()  # doctest: +SKIP
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
    repairs = Repairs()
    if annotation_file is None:
        workbooks = _find_workbooks(folder, repairs)
    else:
        one = isinstance(annotation_file, (str, os.PathLike))
        workbooks = [Path(path) for path in ([annotation_file] if one else annotation_file)]
    images = _find_folder(folder)
    note_outside(folder, [images, *workbooks * (annotation_file is None)], repairs)
    recordings = by_key(_recordings(images, keep_every, repairs), _LAYOUT, images, repairs)
    names = {key: recording.name for key, recording in recordings.items()}
    table = pd.concat([_read_workbook(workbook) for workbook in workbooks], ignore_index=True)
    _note_single_class(table, classes, repairs)
    return make_bunch(
        table,
        lambda row: [_read_row(row, names, shaded)],
        recordings.values(),
        repairs,
        rules=rules,
        subjects=subjects,
        fps=_FPS / keep_every,
        descr=_DESCR.format(workbooks=", ".join(map(str, workbooks)), folder=images),
    )


def _find_workbooks(folder, repairs):
    """Return the workbooks to read, and note the others."""
    kinds = {"both": [], "macro": [], "micro": []}
    for path in find_workbooks(folder, _LAYOUT):
        kinds[_kind(path)].append(path)
    chosen = {kind: newest(paths, _version, repairs) for kind, paths in kinds.items() if paths}
    if "both" in chosen and len(chosen) < 3:
        used = [chosen.pop("both")]
    else:
        used = [chosen.pop(kind) for kind in ("macro", "micro") if kind in chosen]
    for path in chosen.values():
        note_not_read(path, used[0], repairs)
    return used


def _note_single_class(table, classes, repairs):
    """Note that only one class is labelled, if another one is wanted."""
    labelled = set(table["Expression type"].map(expression_class)) & set(CLASSES)
    if len(labelled) == 1 and set(classes) != labelled:
        finding = Finding("only one class is labelled", labelled.pop(), "check")
        repairs.add(finding, order=-1)


def _kind(path):
    """Return which classes a workbook labels, by its name."""
    match = re.search(r"_(mae|me)_", plain_name(path.name))
    return {None: "both", "mae": "macro", "me": "micro"}[match and match[1]]


def _version(name):
    """Return the version in the name of a workbook: _v2_20250903 is (2, 20250903)."""
    return tuple(map(int, re.findall(r"\d+", name.rpartition("_v")[2])))


def _read_workbook(workbook):
    """Return the table of a workbook, with the kind of each expression."""
    table = first_table(read_workbook(workbook), _NEEDED, _OPTIONAL, where=workbook)
    kind = _kind(workbook)
    if "Expression type" not in table:
        if kind == "both":
            raise ValueError(
                f"{str(workbook)!r} has no column 'Expression type', and its name does not say "
                "which class it labels; add MaE_label or ME_label to the name, as in "
                "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx."
            )
        table["Expression type"] = kind
    table["place"] = f"{workbook.name}, " + table["place"]
    return table


def _find_folder(folder):
    """Return the folder that contains the folders of the subjects."""
    folders = [
        path
        for path in find_image_folders(folder, _LAYOUT)
        if not {"part_b", "part_c"} & _names_below(path, folder)
    ]
    if not folders:
        raise _LAYOUT.missing("images", folder)
    official = [path for path in folders if plain_name(path.name) == "part_a"]
    return single(official or folders, "folders of subjects", POINT_AT_ONE)


def _names_below(path, folder):
    """Return the plain names in a path below a folder."""
    below = path.relative_to(folder).parts if path.is_relative_to(folder) else path.parts
    return {plain_name(part) for part in below}


def _recordings(folder, keep_every, repairs):
    """Yield the recordings by subject and letter: spNO.1/a/color by (1, "a")."""
    for parent in subfolders(folder):
        if not _LAYOUT.is_entry(parent.name):
            note_skipped(parent, "a subject", repairs, depth=2)
            continue
        number = _number(parent.name.strip())
        subject = _subject(number)
        for path in subfolders(parent):
            letter = path.name.strip().casefold()
            colour = [child for child in subfolders(path) if plain_name(child.name) == "color"]
            recording = image_recording(
                f"{subject}_{letter}", subject, (colour or [path])[0], _FPS, keep_every, repairs
            )
            yield (number, letter), recording


def _subject(number):
    return f"spNO.{number}"


def _number(subject):
    """Return the number in the name of a subject, None if there is none."""
    match = re.fullmatch(r"(?:spno)?\.?\s*(\d+)", subject.casefold())
    return int(match[1]) if match else None


def _read_row(row, names, shaded):
    """Return the expression in a row of a workbook."""
    number, letter = _number(parse_id(row["Subject"])), parse_id(row["Filename"]).casefold()
    if number is None or not letter:
        detail = f"{row['Subject']!r} and {row['Filename']!r}"
        raise LeftOut("Subject and Filename are not a subject and a letter", detail)
    findings = []
    if shaded == "drop" and parse_id(row.get("shade")) == "1":
        findings.append(Finding("the face is shaded", option="shaded"))
    subject = _subject(number)
    return {
        "subject": subject,
        "video": names.get((number, letter), f"{subject}_{letter}"),
        "onset": row["Onset"],
        "apex": row.get("Apex"),
        "offset": row["Offset"],
        "label": expression_class(row["Expression type"]),
        "findings": findings,
    }
