"""Finding the videos that a table names: files, with or without suffix, and folders of images."""

from __future__ import annotations

import difflib
import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from skspot.utils._text import join_limited
from skspot.utils._typing import FilePath
from skspot.video import VIDEO_SUFFIXES, is_image_folder

_MAX_NAMES = 20  # that an error lists


def find_videos(folder: FilePath, names: Iterable[str]) -> list[str]:
    """Return the path of each named video.

    Parameters
    ----------
    folder : str or path-like
        The folder of the videos.
    names : iterable of str
        Each the name of a file or of a folder of images, with or without suffix, or its path
        relative to `folder`.

    Returns
    -------
    paths : list of str
        The path of each.

    Raises
    ------
    FileNotFoundError
        If the folder or some of the videos do not exist; the error names them all.
    ValueError
        If a name fits several videos.

    See Also
    --------
    load_annotated_videos : Reads a table of expressions and finds its videos.
    skspot.io.read_intervals : Reads intervals by the names of their videos.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skspot.datasets import find_videos
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("interview.mp4", "talk.avi"):
    ...     (folder / name).touch()
    >>> [Path(path).name for path in find_videos(folder, ["talk", "interview.mp4"])]
    ['talk.avi', 'interview.mp4']
    """
    names = list(names)
    found = match_videos(folder, names)
    if len(found) < len(set(names)):
        raise FileNotFoundError(missing_videos(folder, names, found))
    return [found[name] for name in names]


def match_videos(folder, names):
    """Return the paths of the named videos that are there, by name; see `find_videos`."""
    folder = Path(folder)
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        hint = "" if folder.is_absolute() else f" (relative to {Path.cwd()})"
        raise FileNotFoundError(
            f"The folder of the videos, {str(folder)!r}{hint}, {what}; pass the folder that holds "
            "the videos."
        )
    listings = _Listings()
    candidates = {name: _candidates(folder, name, listings) for name in dict.fromkeys(names)}
    several = [
        f"{name!r} may be {' or '.join(_shown(path) for path in paths)}"
        for name, paths in candidates.items()
        if len(paths) > 1
    ]
    if several:
        raise ValueError(
            f"In the folder {str(folder)!r}, {join_limited(several, _MAX_NAMES, '; ')}. Write the "
            "names with their suffixes, or with a slash at the end for a folder of images."
        )
    return {name: str(paths[0]) for name, paths in candidates.items() if paths}


def missing_videos(folder, names, found):
    """Return the message about named videos that are not in a folder."""
    folder = Path(folder)
    missing = [name for name in dict.fromkeys(names) if name not in found]
    held = _held(folder)
    shown = [f"{name!r}{_hint(name, folder)}" for name in missing[: _MAX_NAMES + 1]]
    listed = join_limited(shown + missing[_MAX_NAMES + 1 :], _MAX_NAMES)
    holds = f"holds {join_limited(held, _MAX_NAMES)}" if held else "holds no video files or folders"
    return (
        f"{len(missing)} of {len(set(names))} videos of the table are not in the folder "
        f"{str(folder)!r}: {listed}. The folder {holds}. A video has the name of its file, with "
        "or without suffix, or of its folder of images; pass the folder that holds them."
    )


def _candidates(folder, name, listings):
    """Return the paths of the videos that a name may mean."""
    only_folder = name.endswith(("/", os.sep))
    path = folder / name
    if path.name in ("", "..") or path == folder or "\0" in name:
        return []
    entries, by_stem = listings[path.parent]
    wanted = unicodedata.normalize("NFC", path.name)  # macOS decomposes umlauts
    if wanted in entries and (only_folder or entries[wanted].is_file()):
        return [entries[wanted]]
    alike = {*by_stem[wanted], *([entries[wanted]] if wanted in entries else ())}
    # Else a folder without images, or a name in another case on systems that ignore case.
    found = sorted(filter(_is_video, alike)) or [path] * os.path.exists(path)
    if not found and os.sep == "/" and "\\" in name:  # a table from Windows
        return _candidates(folder, name.replace("\\", "/"), listings)
    return found


class _Listings(dict):
    """For each folder, its entries by name and by name without suffix, listed only once.

    Names are in composed characters.
    """

    def __missing__(self, parent):
        try:
            names = os.listdir(parent)
        except (OSError, ValueError):
            names = []
        entries = {unicodedata.normalize("NFC", name): parent / name for name in names}
        by_stem = defaultdict(list)
        for title, entry in entries.items():
            by_stem[os.path.splitext(title)[0]].append(entry)
        self[parent] = entries, by_stem
        return self[parent]


def file_id(path):
    """Return what two paths have in common only if they lead to the same file."""
    stat = os.stat(path)
    return stat.st_dev, stat.st_ino


def unnamed_videos(folder, paths):
    """Return the names of other videos in a folder and beside the videos at some paths in it."""
    known = {file_id(path) for path in paths}
    folder = Path(os.path.normpath(folder))
    parents = {folder, *(Path(os.path.normpath(path)).parent for path in paths)}
    inner = [parent for parent in parents if parent.is_relative_to(folder)]
    entries = [entry for parent in inner for entry in parent.iterdir() if _is_video(entry)]
    others = [entry for entry in entries if file_id(entry) not in known]
    return sorted(entry.relative_to(folder).as_posix() for entry in others)


def _is_video(path):
    """Return whether a path looks like a video, without opening it."""
    if path.name.startswith("."):
        return False
    return is_image_folder(path) or (path.suffix.lower() in VIDEO_SUFFIXES and path.is_file())


def _held(folder):
    """Return the names of the videos and folders in a folder."""
    return sorted(
        entry.name
        for entry in os.scandir(folder)
        if not entry.name.startswith(".")
        and (entry.is_dir() or os.path.splitext(entry.name)[1].lower() in VIDEO_SUFFIXES)
    )


def _hint(name, folder):
    """Return which video may have been meant by a missing name."""
    parent = os.path.dirname(name)
    inner = parent and os.path.isdir(folder / parent)
    held = [os.path.join(parent, title) for title in _held(folder / parent)] if inner else []
    close = _close(name, held) or _close(name, _held(folder))
    return f" (did you mean {' or '.join(map(repr, close))}?)" if close else ""


def _close(name, held):
    """Return the videos whose names are close to a name."""
    stems = {Path(title).stem.casefold(): title for title in held}
    stem = Path(name).name
    if Path(stem).suffix.lower() in VIDEO_SUFFIXES:
        stem = Path(stem).stem
    close = [stems[near] for near in difflib.get_close_matches(stem.casefold(), stems, n=2)]
    if stem.isdecimal():  # spreadsheets remove leading zeros
        close = [title for key, title in stems.items() if key.lstrip("0") == stem] or close
    return close


def _shown(path):
    return repr(path.name + "/" * path.is_dir())
