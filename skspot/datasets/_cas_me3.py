"""CAS(ME)^3, part A: long videos with depth."""

import os
import re
from numbers import Integral
from pathlib import Path

import pandas as pd

from skspot.datasets._loading import Note, expression_class, make_bunch, read_annotation
from skspot.datasets._trees import (
    POINT_AT_ONE,
    Layout,
    collect,
    find_folders,
    find_workbooks,
    newest,
    not_read,
    only,
    outside,
    picture_recording,
    plain_name,
    skipped,
    subfolders,
)
from skspot.datasets.annotations._labels import LABEL_OPTIONS, LabelRules
from skspot.datasets.annotations._repairs import Finding, LeftOut
from skspot.datasets.tables._cells import parse_id
from skspot.datasets.tables._workbooks import first_table, read_workbook
from skspot.intervals import CLASSES
from skspot.utils._param_validation import Interval, StrOptions, validate_params

_FPS = 30

_LAYOUT = Layout(
    dataset="CAS(ME)^3, part A",
    tree="""\
<root>/
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

Faces of about 100 people who watched clips that were chosen to move them, recorded at 30 frames per
second, 1280 x 720 pixels, with depth (not read here). Macro- and micro-expressions, 860 of the
latter, are labelled with action units and emotions.

Obtain: by request from the Institute of Psychology of the Chinese Academy of Sciences, for
research, under a signed agreement. It may not be passed on, so that skspot reads the copy you have.

Layout: {workbooks} for the labels; the images of a video in {folder}/spNO.1/a/color/. Numbers in
the tables are those in the names of the images, which need not begin with 1 and have holes. The
column `Expression type` of `frame` tells the workbook where each kind has its own.

Use: the intervals are in frames of the video, from 0. Rows whose offset is before the onset are
left out, onsets and offsets in holes move to the next image within, an apex outside the interval
becomes the middle. Intervals of one frame and micro-expressions of more than 0.5 s are kept unless
`min_length` and `long_micro` say otherwise; faces behind a hand or hair, unless `shaded` does.
`report` lists each.

Cite: J. Li, Z. Dong, S. Lu, S.-J. Wang, W.-J. Yan, Y. Ma, Y. Liu, C. Huang, X. Fu. CAS(ME)^3: A
third generation facial spontaneous micro-expression database with depth information and high
ecological validity. IEEE Transactions on Pattern Analysis and Machine Intelligence, 2022.
"""


@validate_params(
    {
        "root": [str, os.PathLike],
        "subjects": ["array-like", None],
        **LABEL_OPTIONS,
        "keep_every": [Interval(Integral, 1, None, closed="left")],
        "labels": [str, os.PathLike, "array-like", None],
        "shaded": [StrOptions({"keep", "drop"})],
    },
    prefer_skip_nested_validation=True,
)
def load_cas_me3(
    root,
    *,
    subjects=None,
    classes=("macro", "micro"),
    missing_offset="apex",
    over_long="drop",
    long_micro="keep",
    min_length=1,
    unlabelled="keep",
    keep_every=1,
    labels=None,
    shaded="keep",
):
    """Load part A of CAS(ME)^3 from a copy on the disk.

    No image is opened or copied: the videos are the folders of images, with their rate.

    Parameters
    ----------
    root : str or path-like
        The folder of part A, with ``annotation/cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx`` and
        ``data/part_A/spNO.1/a/color/1.jpg``; a folder above it will do if there is no doubt.
    subjects : sequence of str, default=None
        Subjects that are wanted, such as ``["spNO.1", "spNO.2"]``. None: all.
    classes : sequence of str, default=("macro", "micro")
        Which expressions are wanted.
    missing_offset : {"apex", "drop"} or int, default="apex"
        What takes the place of an offset that is empty or 0: the apex, or the frame that many
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
        Of how many recorded images one is a frame of the video.
    labels : str, path-like or sequence of them, default=None
        The workbooks with the labels: that of both kinds of expressions, or those of each. None
        finds them: the two of the kinds if both are there, of several versions the newest.
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
            The rows of `frame` that the intervals are from, in their order:
            ``frame.iloc[rows[i]]`` has a row for each interval of video ``i``.

        And about all of them:

        fps : float
            Frames per second, ``30 / keep_every``.
        frame : DataFrame
            The annotation tables as they stand, one below the other, with action units and
            emotions, and the columns `place` and ``Expression type``.
        report : DataFrame
            Each row that was changed or left out, and what is to be checked or is merely odd: the
            columns `place`, `subject`, `video`, `problem`, `action` (``"changed"``,
            ``"left out"``, ``"check"`` or ``"kept"``) and `result`.
        DESCR : str
            What the dataset is, and how to cite it.

    Raises
    ------
    FileNotFoundError
        If the pictures or the workbooks are not found.
    ValueError
        If a workbook can't be read or holds no such table, there are several copies of the pictures
        or a workbook, or a subject is unknown.

    Warns
    -----
    UserWarning
        If rows or folders were changed or left out, or something should be checked; one warning,
        which counts them.

    See Also
    --------
    load_samm_lv, load_cas_me2, load_smic_long : Load the other datasets of the field.
    load_annotated_videos : Loads recordings of your own.

    References
    ----------
    J. Li, Z. Dong, S. Lu, S.-J. Wang, W.-J. Yan, Y. Ma, Y. Liu, C. Huang, X. Fu. "CAS(ME)^3: A
    third generation facial spontaneous micro-expression database with depth information and high
    ecological validity." IEEE Transactions on Pattern Analysis and Machine Intelligence, 2022.

    Examples
    --------
    >>> from skspot.datasets import load_cas_me3
    >>> data = load_cas_me3("/data/CASME3/part_A", shaded="drop")  # doctest: +SKIP
    >>> data.frame["emotion"].value_counts()  # doctest: +SKIP
    """
    rules = LabelRules(
        classes=classes,
        missing_offset=missing_offset,
        over_long=over_long,
        long_micro=long_micro,
        min_length=min_length,
        unlabelled=unlabelled,
        missing_onset="drop",
    )
    workbooks, notes = _workbooks(root, labels)
    folder = _folder(root)
    found = [folder] if labels is not None else [*workbooks, folder]
    recordings, faults = collect(_recordings(folder, keep_every), _LAYOUT, folder)
    names = {key: recording.name for key, recording in recordings.items()}
    table = pd.concat([_read_workbook(workbook) for workbook in workbooks], ignore_index=True)
    return make_bunch(
        read_annotation(table, lambda row: [_read_row(row, names, shaded)]),
        recordings.values(),
        [*notes, *outside(root, found), *_one_kind(table, classes), *faults],
        rules=rules,
        subjects=subjects,
        fps=_FPS / keep_every,
        descr=_DESCR.format(workbooks=", ".join(map(str, workbooks)), folder=folder),
    )


def _workbooks(root, labels):
    """Return the workbooks to read, and notes on others."""
    if labels is not None:
        return [Path(path) for path in ([labels] if _is_path(labels) else labels)], []
    kinds = {"both": [], "macro": [], "micro": []}
    for path in find_workbooks(root, _LAYOUT):
        kinds[_kind(path)].append(path)
    chosen, notes = {}, []
    for kind, paths in kinds.items():
        if paths:
            chosen[kind], passed_over = newest(paths, _version)
            notes += passed_over
    if "both" in chosen and len(chosen) < 3:
        used = [chosen.pop("both")]
    else:
        used = [chosen.pop(kind) for kind in ("macro", "micro") if kind in chosen]
    notes += [not_read(path, used[0]) for path in chosen.values()]
    return used, notes


def _one_kind(table, classes):
    """Return the note that a wanted kind of expression is not labelled, if only one is."""
    kinds = set(table["Expression type"].map(expression_class)) & set(CLASSES)
    if len(kinds) != 1 or set(classes) == kinds:
        return []
    finding = Finding("only one kind of expression is labelled", kinds.pop(), "check")
    return [Note(finding, number=-1)]


def _is_path(labels):
    return isinstance(labels, (str, os.PathLike))


def _kind(path):
    """Return which expressions a workbook labels, by its name."""
    match = re.search(r"_(mae|me)_", plain_name(path.name))
    return {None: "both", "mae": "macro", "me": "micro"}[match and match[1]]


def _version(name):
    """Return the version that the name of a workbook tells: _v2_20250903 is (2, 20250903)."""
    return tuple(map(int, re.findall(r"\d+", name.rpartition("_v")[2])))


def _read_workbook(workbook):
    """Return the table of a workbook, with the kind of each expression."""
    table = first_table(read_workbook(workbook), _NEEDED, _OPTIONAL, where=workbook)
    kind = _kind(workbook)
    if "Expression type" not in table:
        if kind == "both":
            raise ValueError(
                f"{str(workbook)!r} has no column 'Expression type', and its name tells neither "
                "macro- nor micro-expressions; put MaE_label or ME_label into the name, as in "
                "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx."
            )
        table["Expression type"] = kind
    table["place"] = f"{workbook.name}, " + table["place"]
    return table


def _folder(root):
    """Return the folder of the subjects' folders."""
    folders = [
        path
        for path in find_folders(root, _LAYOUT)
        if not {"part_b", "part_c"} & _parts_below(path, root)
    ]
    if not folders:
        raise _LAYOUT.missing("pictures", root)
    official = [path for path in folders if plain_name(path.name) == "part_a"]
    return only(official or folders, "folders of subjects", POINT_AT_ONE)


def _parts_below(path, root):
    """Return the plain names of the folders on the way from the root to a folder."""
    below = path.relative_to(root).parts if path.is_relative_to(root) else path.parts
    return {plain_name(part) for part in below}


def _recordings(folder, keep_every):
    """Yield the recordings by subject and letter: spNO.1/a/color by (1, "a")."""
    for parent in subfolders(folder):
        if not _LAYOUT.is_entry(parent.name):
            yield from skipped(parent, "a subject", depth=2)
            continue
        number = _number(parent.name.strip())
        subject = _subject(number)
        for path in subfolders(parent):
            letter = path.name.strip().casefold()
            colour = [child for child in subfolders(path) if plain_name(child.name) == "color"]
            recording = picture_recording(
                f"{subject}_{letter}", subject, (colour or [path])[0], _FPS, keep_every
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
        told = f"{row['Subject']!r} and {row['Filename']!r}"
        raise LeftOut("Subject and Filename are no subject and letter", told)
    remarks = []
    if shaded == "drop" and parse_id(row.get("shade")) == "1":
        remarks.append(Finding("the face is shaded", "", "left out", option="shaded"))
    subject = _subject(number)
    return {
        "subject": subject,
        "video": names.get((number, letter), f"{subject}_{letter}"),
        "onset": row["Onset"],
        "apex": row.get("Apex"),
        "offset": row["Offset"],
        "label": expression_class(row["Expression type"]),
        "remarks": remarks,
    }
