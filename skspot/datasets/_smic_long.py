"""SMIC-E long: spontaneous micro-expressions in long clips, of three cameras."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from math import isnan
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
    plain_name,
    single,
    subfolders,
)
from skspot.datasets.tables import first_table, is_empty, parse_id, parse_number, read_workbook
from skspot.utils._param_validation import Interval, StrOptions, validate_params
from skspot.utils._typing import FilePath

_FPS = {"HS": 100, "VIS": 25, "NIR": 25}

_VIDEO = r"s(\d+)_([a-z]+)_(\d+)"

_LAYOUT = Layout(
    dataset="SMIC-E long",
    tree="""\
<folder>/
    SMIC-E_raw image/
        HS_long/                             (or VIS_long, NIR_long)
            SMIC-HS-E_annotation.xlsx        (or within SMIC-HS-E/)
            SMIC-HS-E/
                HS/                          (or without this folder)
                    s01/
                        s1_ne_01/
                            image559700.jpg
                            image559701.jpg
                            ...""",
    entry=rf"s\d+|{_VIDEO}",
    workbooks=r"smic[-_]?(hs|vis|nir)[-_]e[-_]annotation.*\.xlsx?",
)

_NEEDED = {"Subject": (), "Filename": (), "OnsetF": (), "OffsetF": (), "FirstF": ()}
_OPTIONAL = {
    "LastF": (),
    "Emotion": (),
    "Onset2F": (),
    "Offset2F": (),
    "Onset3F": (),
    "Offset3F": (),
}
_EXPRESSIONS = (
    ("OnsetF", "OffsetF", ""),
    ("Onset2F", "Offset2F", ", second expression"),
    ("Onset3F", "Offset3F", ", third expression"),
)

_DESCR = """SMIC-E long, camera {camera}

Faces of people who watched clips that were chosen to evoke emotions and tried to keep a straight
face: 157 clips of 16 people by a fast camera (HS, 100 frames per second), fewer by a normal (VIS)
and an infrared one (NIR, both at 25 frames per second), with the seconds before and after one to
three micro-expressions each. There are no macro-expressions, apexes or action units.

Obtain: by request from the Center for Machine Vision and Signal Analysis of the University of Oulu,
for research, under a signed agreement. It may not be redistributed, so skspot reads your copy.

Layout: {workbook} for the labels; the images of a clip in {folder}/s01/s1_ne_01/, or in
{folder}/s1_ne_01/, with the camera in the name of a folder above. The images may be numbered as in
the table (from FirstF), from 1 (or 0), or, if there are as many as frames from FirstF to LastF,
from any number; skspot infers which.

Use: the intervals are in frames of the clip, from 0, and the apex is the middle frame. Text below
the table is left out; so are expressions of clips whose images are numbered in another way.
`repairs` lists each.

Cite: X. Li, T. Pfister, X. Huang, G. Zhao, M. Pietikainen. A spontaneous micro-expression database:
Inducement, collection and baseline. IEEE International Conference on Automatic Face and Gesture
Recognition, 2013.
"""


@validate_params(
    {
        "folder": [str, os.PathLike],
        "subjects": ["array-like", None],
        **RULE_CONSTRAINTS,
        "keep_every": [Interval(Integral, 1, None, closed="left")],
        "annotation_file": [str, os.PathLike, None],
        "camera": [StrOptions({"HS", "VIS", "NIR"})],
    },
    prefer_skip_nested_validation=True,
)
def load_smic_long(
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
    camera: Literal["HS", "VIS", "NIR"] = "HS",
) -> VideoBunch:
    """Load SMIC-E long from your copy.

    No image is opened or copied: the videos are the folders of images, with their rate.

    Parameters
    ----------
    folder : str or path-like
        The folder of the dataset, with ``HS_long/SMIC-HS-E_annotation.xlsx`` and
        ``HS_long/SMIC-HS-E/HS/s01/s1_ne_01/image559700.jpg``; a folder above it or that of one
        camera works as well unless it is ambiguous.
    subjects : sequence of str, default=None
        Subjects to load, such as ``["s01", "s02"]``. None: all.
    classes : sequence of str, default=("macro", "micro")
        Classes to load. There are only micro-expressions.
    missing_offset : {"apex", "drop"} or int, default="apex"
        What replaces an offset that is empty: the frame that many recorded frames after
        the onset. As there are no apexes, ``"apex"`` and ``"drop"`` leave the row out.
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
        Every how many recorded images one is a frame of the video; 3 reduces the 100 frames per
        second of HS to 33.3.
    annotation_file : str or path-like, default=None
        The workbook with the labels. None finds it, or the newest of several versions.
    camera : {"HS", "VIS", "NIR"}, default="HS"
        The camera whose videos to load: the fast, the normal or the infrared one.

    Returns
    -------
    data : Bunch
        With one element per video, sorted by name:

        videos : list of ImageSequence
            The folders of images.
        intervals : list of ndarray
            The interval tables, in frames of the video.
        subjects : ndarray of str
            The subjects, such as ``"s01"``.
        names : list of str
            The names of the videos, such as ``"s1_ne_01"``.
        rows : list of ndarray of int
            The rows of `table` that the intervals are from, in their order:
            ``table.iloc[rows[i]]`` has a row for each interval of video ``i``. Intervals may share
            a row.

        and, about all of them:

        fps : float
            Frames per second: 100, 25 or 25, divided by `keep_every`.
        table : DataFrame
            The annotation table unchanged, with the emotions, and the column `place`.
        repairs : DataFrame
            Each row that was changed or left out, and what should be checked or is merely odd: the
            columns `place`, `subject`, `video`, `problem`, `action` (``"changed"``,
            ``"left out"``, ``"check"`` or ``"kept"``) and `result`.
        DESCR : str
            Description of the dataset, and how to obtain and cite it.

    Raises
    ------
    FileNotFoundError
        If the images or the workbook of the camera are not found.
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
    load_samm_lv, load_cas_me2, load_cas_me3 : Load the other datasets of the field.
    load_annotated_videos : Loads your own videos.

    References
    ----------
    X. Li, T. Pfister, X. Huang, G. Zhao, M. Pietikainen. "A spontaneous micro-expression database:
    Inducement, collection and baseline." IEEE International Conference on Automatic Face and
    Gesture Recognition, 2013.

    Examples
    --------
    >>> from skspot.datasets import load_smic_long
    >>> data = load_smic_long("/data/SMIC", camera="VIS")  # doctest: +SKIP
    >>> data.fps  # doctest: +SKIP
    25.0
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
        workbooks = _of_camera(find_workbooks(folder, _LAYOUT), camera, "labels", folder)
        workbook = newest(workbooks, _version, repairs)
    else:
        workbook = Path(annotation_file)
    found = _of_camera(find_image_folders(folder, _LAYOUT), camera, "images", folder)
    found = _within_long(found, camera) or found
    images = single(found, f"folders of videos of {camera}", POINT_AT_ONE)
    note_outside(folder, [images, *[workbook] * (annotation_file is None)], repairs)
    found = _recordings(images, _FPS[camera], keep_every, repairs)
    recordings = by_key(found, _LAYOUT, images, repairs)
    return make_bunch(
        first_table(read_workbook(workbook), _NEEDED, _OPTIONAL, where=workbook),
        lambda row: _read_row(row, recordings),
        recordings.values(),
        repairs,
        rules=rules,
        subjects=subjects,
        fps=_FPS[camera] / keep_every,
        descr=_DESCR.format(camera=camera, workbook=workbook, folder=images),
    )


def _of_camera(paths, camera, what, folder):
    """Return the paths of a camera: its name is in that of the file or of a folder above."""
    found = [path for path in paths if _camera(path) == camera]
    if not found:
        raise _LAYOUT.missing(f"{what} of the camera {camera}", folder)
    return found


def _camera(path):
    """Return the camera in the last possible name of a path, None if there is none."""
    # Either a link or its target may be named after the camera.
    for parts in (_parts(path), path.resolve().parts):
        for part in reversed(parts):
            match = re.search(r"(?:^|[^a-z])(hs|vis|nir)(?:[^a-z]|$)", plain_name(part))
            if match:
                return match[1].upper()
    return None


def _within_long(folders, camera):
    """Return the folders within one named HS_long; there may be cropped images beside it."""
    long = f"{camera}_long".casefold()
    return [path for path in folders if long in map(plain_name, _parts(path))]


def _parts(path):
    """Return the names in a path as it is given, links not followed."""
    return Path(os.path.abspath(path)).parts


def _version(name):
    """Return the year in the name of a workbook, 0 if there is none."""
    match = re.search(r"annotation\D*(\d+)", name)
    return int(match[1]) if match else 0


def _key(name):
    """Return the parts of the name of a video: (1, "ne", 1) for s1_ne_01, None for other names."""
    match = re.fullmatch(_VIDEO, name.strip().casefold())
    return match and (int(match[1]), match[2], int(match[3]))


def _subject(key):
    return f"s{key[0]:02d}"


def _recordings(folder, fps, keep_every, repairs):
    """Yield the recordings by their parts: s01/s1_ne_01 by (1, "ne", 1)."""
    for child in subfolders(folder):
        if not _LAYOUT.is_entry(child.name):
            note_skipped(child, "a subject or a video", repairs, depth=1)
            continue
        for path in [child] if _key(child.name) else subfolders(child):
            key = _key(path.name)
            if not key:
                note_skipped(path, "a video", repairs)
                continue
            name = path.name.strip()
            yield key, image_recording(name, _subject(key), path, fps, keep_every, repairs)


def _read_row(row, recordings):
    """Return the expressions in a row of the workbook, one to three."""
    filename = parse_id(row["Filename"])
    key = _key(filename)
    if key is None:
        cells = [cell for name, cell in row.items() if name != "place" and not is_empty(cell)]
        raise LeftOut("the row is not an annotation", f"{str(cells[0] if cells else '')!r:.60}")
    subject, findings = _subject(key), []
    stated = re.fullmatch(r"s?0*(\d+)", parse_id(row["Subject"]).casefold())
    if stated and int(stated[1]) != key[0]:
        detail = f"{stated[1]!r} and {filename!r}"
        findings.append(Finding("Subject and Filename differ", detail, "kept", "by Filename"))
    recording, shift = recordings.get(key), 0
    if recording is not None:
        shift, more = _shift(row, recording)
        findings += more
    expressions = [
        {
            "place": row["place"] + suffix,
            "subject": subject,
            "video": filename if recording is None else recording.name,
            "onset": _shifted(row.get(onset), row, shift),
            "offset": _shifted(row.get(offset), row, shift),
            "label": "micro",
        }
        for onset, offset, suffix in _EXPRESSIONS
        if not suffix or not (is_empty(row.get(onset)) and is_empty(row.get(offset)))
    ]
    unusable = [finding for finding in findings if finding.action == "left out"]
    return [
        {**expression, "findings": unusable if i else findings}
        for i, expression in enumerate(expressions)
    ]


def _shift(row, recording):
    """Return what to add to frame numbers of the table to get those of images, and findings.

    Images without gaps that are as many as the frames from FirstF to LastF are these frames. Others
    are numbered as in the table if they begin between FirstF and LastF, or include all of these;
    and from 1 or 0 if they begin there, or end within the number of frames.
    """
    first, last = _bound(row["FirstF"]), _bound(row.get("LastF"))
    low, high, count = *map(int, recording.numbers[[0, -1]]), len(recording.numbers)
    images = f"{count} images, {low} to {high}"
    if isnan(first):
        return 0, [Finding("FirstF is not a number", f"{row['FirstF']!r:.60}, {images}", "check")]
    frames = last - first + 1
    detail = f"FirstF {first:.0f}, LastF {last:.0f}, {images}"
    if high - low + 1 == count == frames:
        return low - first, []
    if low == first:
        differs = not isnan(frames) and frames != count
        return 0, [Finding("the numbers of images and frames differ", detail, "check")] * differs
    if first <= low <= last or low <= first <= last <= high:
        shift, result = 0, "they are assumed to be numbered as in the table"
    elif low <= 1 or high <= frames:
        shift, result = min(low, 1) - first, f"they are assumed to be numbered from {min(low, 1)}"
    else:
        kind = "the images are numbered neither from FirstF nor from 1"
        return 0, [Finding(kind, detail)]
    return shift, [Finding("the first image is not FirstF", detail, "check", result)]


def _bound(cell):
    """Return a frame number, NaN if the cell holds none."""
    try:
        return parse_number(cell)
    except ValueError:
        return float("nan")


def _shifted(cell, row, shift):
    """Return a frame number as the images are numbered; cells without a number unchanged."""
    number = _bound(cell)
    is_none = isnan(number) or (number <= 0 and number < _bound(row["FirstF"]))
    return cell if is_none or not shift else number + shift
