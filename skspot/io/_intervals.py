"""Read and write interval tables in any format."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from skspot.intervals import check_intervals
from skspot.io._files import file_names, write_files
from skspot.io._formats import BY_SUFFIX, FORMATS
from skspot.io._times import VideoTimes
from skspot.utils._typing import FilePath, IntervalTable, TimesByName
from skspot.utils.validation import with_parameters

# In a folder, text files may have any content.
_AMBIGUOUS = ".txt"


def write_intervals(
    path: FilePath,
    tables: Mapping[str, IntervalTable],
    *,
    format: str | None = None,
    timestamps: TimesByName | None = None,
    media: Mapping[str, FilePath] | None = None,
    subjects: Mapping[str, str] | None = None,
) -> None:
    """Write the interval tables of videos, in frames or seconds depending on the format.

    ============== ============ ======= ===== ====== ====== ======================== =========
    format         suffix       times   apex  score  empty  videos                   reading
                                                     videos                          needs
    ============== ============ ======= ===== ====== ====== ======================== =========
    "csv"          .csv         frames  yes   yes    yes    many in a file
    "json"         .json        frames  yes   yes    yes    many in a file
    "megc"         .csv         frames  no    no     no     many in a file
    "megc-subject" .csv         frames  no    no     no     many in a file           label
    "elan"         .eaf         seconds yes   yes    yes    one, linked with media   (1)
    "praat"        .TextGrid    seconds yes   yes    yes    one                      timestamps
    "boris"        .boris       seconds yes   yes    yes    many, linked with media  (1)
    "audacity"     .txt         seconds yes   yes    yes    one                      timestamps
    ============== ============ ======= ===== ====== ====== ======================== =========

    (1) `timestamps`, unless the frames are equally spaced and skspot has written the file.

    Where a format holds seconds, an interval lasts from the time of its onset frame to the end of
    its offset frame, which is the time of the frame after it. CSV and JSON hold frames and, if
    `timestamps` are given, also the times of the frames. The frames of "megc" (vid, onset, offset,
    type: mae or me) and "megc-subject" (subject, video, onset, offset: one class) count from 1,
    those of all others from 0.

    Parameters
    ----------
    path : str or Path
        The file to write. For a format with one video in a file: the file if there is one table and
        `path` has the suffix of the format, else the folder for the files, which have the names of
        the videos.
    tables : dict of str to ndarray
        Interval table of each video, by its name. Videos without intervals are written if the
        format can store them.
    format : str, default=None
        One of the formats above. None chooses by the suffix of `path`; .csv is then "csv".
    timestamps : mapping of str to array of shape (n_frames,), or callable, default=None
        Time of each frame of each video in seconds from 0 on, or a function that returns them for
        the name of a video. Formats that hold seconds need them.
    media : mapping of str to path, default=None
        The file of each video that ELAN and BORIS play; None for a video without a file. Folders of
        images can't be linked. Other formats do not use it.
    subjects : mapping of str to str, default=None
        Subject of each video, for "megc-subject".

    Raises
    ------
    TypeError
        If `tables` is not a mapping, or one of the tables is not an interval table.
    FileNotFoundError
        If the folder of a file does not exist.
    ValueError
        If a format is unknown, a name is not one line of text or can't be that of a file, a table
        holds an invalid interval, timestamps, media or subjects lack a video or are missing, an
        interval ends beyond the timestamps, or frames are too short for the resolution of the times
        in the format, milliseconds in ELAN and BORIS. In these cases nothing is written.

    Warns
    -----
    UserWarning
        If videos without intervals are left out, which "megc" and "megc-subject" can't hold.

    See Also
    --------
    read_intervals : Reads the files.

    Notes
    -----
    In ELAN, Praat, BORIS and Audacity the intervals of a class share a tier, "macro" or "micro";
    predictions that overlap others of their class are on "micro 2", "micro 3" and so on, because
    these tools do not allow overlaps. Apexes are on "micro apex", scores on "micro score" (ELAN),
    in the text of an interval, such as "micro 0.75" (Praat, Audacity), or in the comment of its
    start, such as "score 0.75" (BORIS).

    MEGC files do not distinguish predictions from annotations. Overlapping intervals of one class
    can be written, but `read_intervals` raises an error.

    Examples
    --------
    >>> import tempfile, os
    >>> import numpy as np
    >>> from skspot import make_intervals
    >>> from skspot.io import read_intervals, write_intervals
    >>> folder = tempfile.mkdtemp()
    >>> path = os.path.join(folder, "intervals.csv")
    >>> tables = {"a": make_intervals([(3, 5, 9, "micro")]), "b": make_intervals()}
    >>> times = {"a": np.arange(10) / 30, "b": np.arange(5) / 30}
    >>> write_intervals(path, tables, timestamps=times)
    >>> print(open(path).read().strip())
    video,onset,apex,offset,label,onset_seconds,apex_seconds,offset_seconds
    a,3,5,9,micro,0.1,0.166667,0.3
    b,,,,,,,
    >>> read_intervals(path)["a"]["apex"]
    array([5])

    A document of ELAN for each video, and back:

    >>> folder = os.path.join(folder, "elan")
    >>> write_intervals(folder, tables, format="elan", timestamps=times)
    >>> sorted(os.listdir(folder))
    ['a.eaf', 'b.eaf']
    >>> read_intervals(folder)["a"]["offset"]
    array([9])
    """
    path = Path(path)
    chosen = _format_of(path, format)
    tables = _check_tables(tables)
    given = {
        "timestamps": timestamps,
        "times": VideoTimes(timestamps),
        "media": media,
        "subjects": subjects,
    }
    if subjects is not None and "subjects" not in chosen.encode_with:
        raise ValueError("subjects are for the format 'megc-subject' only.")
    contents = {}
    for file, part in _files_to_write(path, tables, chosen).items():
        keywords = {key: given[key] for key in chosen.encode_with if key in given}
        keywords |= {"path": file} if "path" in chosen.encode_with else {}
        contents[file] = chosen.encode(part, **keywords)
    if chosen.one_video and path not in contents:
        path.mkdir(parents=True, exist_ok=True)
    write_files(contents)


def read_intervals(
    path: FilePath,
    *,
    format: str | None = None,
    timestamps: TimesByName | None = None,
    label: Literal["macro", "micro"] | None = None,
) -> dict[str, IntervalTable]:
    """Read the interval tables of videos, from a file or all files of a folder.

    See `write_intervals` for the formats and what each can hold.

    Parameters
    ----------
    path : str or Path
        The file, or a folder, whose files with the suffix of `format` are read. None reads files of
        all formats; .txt files, which may have any content, are read only if there are no others.
        In formats with one video in a file, the name of the file without suffix is the name of the
        video.
    format : str, default=None
        The format; None chooses by the suffix.
    timestamps : mapping of str to array of shape (n_frames,), or callable, default=None
        Time of each frame of each video in seconds, or a function that returns them for the name
        of a video. Formats that hold seconds need them, except ELAN and BORIS for files written by
        skspot for videos whose frames are equally spaced, for which the function is not called.
    label : {"macro", "micro"}, default=None
        The class of the intervals in "megc-subject" files.

    Returns
    -------
    tables : dict of str to ndarray
        Interval table of each video, in order of appearance. Intervals of CSV, JSON and MEGC files
        are in the order of the file, all others in the order of time. An interval without an apex
        gets its middle frame.

    Raises
    ------
    FileNotFoundError
        If the file does not exist, or the folder contains no file to read.
    ValueError
        If the format is unknown, a file does not have its format, an interval is not valid, ends
        more than half a second beyond the video, or timestamps or a label are missing, or if two
        files hold the same video; the message names the file and the video, line or tier.

    Warns
    -----
    UserWarning
        If a file also contains other data, such as tiers with other names or apexes outside of the
        intervals, which is left out; or if only some intervals have a score, and all scores are
        left out.

    See Also
    --------
    write_intervals : Writes such files.

    Notes
    -----
    A time in seconds belongs to the nearest boundary between two frames. Reading is tolerant of
    edits by a person: tiers may be called "Macro" or "micro 2", and an annotation needs neither
    text nor apex. An interval that a person has added has no score. Such a table is an annotation
    and not a prediction; it is read without any scores, and its intervals of one class must not
    overlap.

    A CSV file needs the columns ``video``, ``onset``, ``offset`` and ``label``; ``apex`` and
    ``score`` are optional, other columns are ignored. A row with only the name of a video is a
    video without intervals.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skspot import make_intervals
    >>> from skspot.io import read_intervals, write_intervals
    >>> path = Path(tempfile.mkdtemp()) / "annotations.csv"
    >>> write_intervals(path, {"006_1": make_intervals([(12, 40, "macro"), (90, 99, "micro")])})
    >>> read_intervals(path)["006_1"]["offset"]
    array([40, 99])
    """
    path = Path(path)
    given = {"times": VideoTimes(timestamps), "label": label}
    tables, sources = {}, {}
    for file in _files_to_read(path, format):
        chosen = _format_of(file, format)
        if label is not None and "label" not in chosen.decode_with:
            raise ValueError("label is for the format 'megc-subject' only.")
        try:
            found = chosen.decode(file, **{key: given[key] for key in chosen.decode_with})
        except ValueError as error:
            hint, parameters = "", []
            if file != path and format is None:
                hint = " (format= chooses which files of the folder are read)"
                parameters = ["format"]
            error_of_file = ValueError(f"{str(file)!r}: {error}{hint}")
            raise with_parameters(error_of_file, *parameters) from error
        for video in found.keys() & sources.keys():
            error = ValueError(
                f"{str(path)!r} has two tables of the video {video!r}, in {sources[video]!r} and "
                f"{file.name!r}; move one of them, or choose one format with format=."
            )
            raise with_parameters(error, "format")
        sources |= dict.fromkeys(found, file.name)
        tables |= found
    return tables


def _format_of(path, name):
    """Return the format with this name, or the one of the suffix of the path."""
    if name is None:
        name = BY_SUFFIX.get(path.suffix.lower())
        if name is None:
            known = ", ".join(f"{FORMATS[name].suffix} ({name})" for name in BY_SUFFIX.values())
            raise ValueError(
                f"{str(path)!r} has no suffix of a known format ({known}); pass format, one "
                f"of {', '.join(FORMATS)}."
            )
    if name not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}, got {name!r}.")
    return FORMATS[name]


def _check_tables(tables):
    """Check all tables, and return them by the names of the videos."""
    if not isinstance(tables, Mapping):
        raise TypeError(
            "tables must map the name of each video to its interval table, as in {'video': table}, "
            f"got {type(tables).__name__}."
        )
    for name, table in tables.items():
        if str(name).splitlines() != [str(name)]:
            raise ValueError(f"The name of a video must be one line of text, got {name!r}.")
        check_intervals(table, allow_overlap=True, name=f"tables[{name!r}]")
    return {str(name): table for name, table in tables.items()}


def _files_to_write(path, tables, chosen):
    """Return the tables for each file."""
    if not chosen.one_video:
        return {path: tables}
    if path.suffix.lower() != chosen.suffix.lower() or path.is_dir():
        names = file_names(tables, chosen.suffix)
        return {path / names[video]: {video: table} for video, table in tables.items()}
    if len(tables) != 1:
        raise ValueError(
            f"A {chosen.suffix} file holds one video, got {len(tables)} tables for {str(path)!r}; "
            "give a folder, which gets a file for each, and the format."
        )
    return {path: tables}


def _files_to_read(path, name):
    """Return the files of a path."""
    if not path.is_dir():
        if not path.exists():
            raise FileNotFoundError(f"There is no file {str(path)!r}.")
        return [path]
    suffixes = set(BY_SUFFIX) if name is None else {_format_of(path, name).suffix.lower()}
    files = sorted(
        file
        for file in path.iterdir()
        # Some systems write hidden files with the same suffix next to those of the user.
        if file.suffix.lower() in suffixes and file.is_file() and not file.name.startswith(".")
    )
    certain = [file for file in files if file.suffix.lower() != _AMBIGUOUS]
    if not files:
        raise FileNotFoundError(
            f"There is no {' or '.join(sorted(suffixes))} file in {str(path)!r}."
        )
    return certain or files
