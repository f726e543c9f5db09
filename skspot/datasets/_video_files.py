"""Finding the videos that a table names: files, files without suffix, folders of images."""

import difflib
import os
import unicodedata
from collections import defaultdict
from pathlib import Path

from skspot.video import VIDEO_SUFFIXES, is_image_folder

_MANY = 20  # how many names an error lists at most


def find_videos(folder, names):
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
        If there is no such folder, or some of the videos are not there; the error names them all.
    ValueError
        If a name fits several videos.
    """
    names = list(names)
    found = match_videos(folder, names)
    if len(found) < len(set(names)):
        raise FileNotFoundError(missing_videos(folder, names, found))
    return [found[name] for name in names]


def match_videos(folder, names):
    """Return the paths of those of the named videos that are there, by name; see `find_videos`."""
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
            f"In the folder {str(folder)!r}, {some_of(several, '; ')}. Give the names with their "
            "suffixes, that of a folder of images with a slash at its end."
        )
    return {name: str(paths[0]) for name, paths in candidates.items() if paths}


def missing_videos(folder, names, found):
    """Return the message about named videos that are not in a folder."""
    folder = Path(folder)
    missing = [name for name in dict.fromkeys(names) if name not in found]
    held = _held(folder)
    listed = some_of(missing, show=lambda name: f"{name!r}{_hint(name, folder)}")
    holds = f"holds {some_of(held)}" if held else "holds neither video files nor folders"
    return (
        f"{len(missing)} of {len(set(names))} videos of the table are not in the folder "
        f"{str(folder)!r}: {listed}. The folder {holds}. A video goes by the name of its "
        "file, with or without suffix, or of its folder of images; pass the folder that holds them."
    )


def _candidates(folder, name, listings):
    """Return the paths of the videos that a name may mean."""
    only_folder = name.endswith(("/", os.sep))
    path = folder / name
    if path.name in ("", "..") or path == folder or "\0" in name:
        return []
    entries, by_stem = listings[path.parent]
    wanted = unicodedata.normalize("NFC", path.name)  # macOS takes umlauts apart
    if wanted in entries and (only_folder or entries[wanted].is_file()):
        return [entries[wanted]]
    alike = {*by_stem[wanted], *([entries[wanted]] if wanted in entries else ())}
    # A folder without images, or a name in other case where that does not matter.
    found = sorted(filter(_is_video, alike)) or [path] * os.path.exists(path)
    if not found and os.sep == "/" and "\\" in name:  # a table that was made on Windows
        return _candidates(folder, name.replace("\\", "/"), listings)
    return found


class _Listings(dict):
    """Of each folder its entries by name and by name without suffix, listed only once.

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
    """Return what tells whether two paths lead to one file."""
    stat = os.stat(path)
    return stat.st_dev, stat.st_ino


def unnamed_videos(folder, paths):
    """Return the names of the videos beside some, and in their folder, that are not among them."""
    known = {file_id(path) for path in paths}
    folder = Path(os.path.normpath(folder))
    parents = {folder, *(Path(os.path.normpath(path)).parent for path in paths)}
    inner = [parent for parent in parents if parent.is_relative_to(folder)]
    entries = [entry for parent in inner for entry in parent.iterdir() if _is_video(entry)]
    others = [entry for entry in entries if file_id(entry) not in known]
    return sorted(entry.relative_to(folder).as_posix() for entry in others)


def _is_video(path):
    """Tell whether a path looks like a video, without opening it."""
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
    """Return what a missing name may have been meant to be."""
    parent = os.path.dirname(name)
    inner = parent and os.path.isdir(folder / parent)
    held = [os.path.join(parent, title) for title in _held(folder / parent)] if inner else []
    close = _close(name, held) or _close(name, _held(folder))
    return f" (did you mean {' or '.join(map(repr, close))}?)" if close else ""


def _close(name, held):
    """Return those of some videos whose names are close to a name."""
    stems = {Path(title).stem.casefold(): title for title in held}
    stem = Path(name).name
    if Path(stem).suffix.lower() in VIDEO_SUFFIXES:
        stem = Path(stem).stem
    close = [stems[near] for near in difflib.get_close_matches(stem.casefold(), stems, n=2)]
    if stem.isdecimal():  # spreadsheets take leading zeros away
        close = [title for key, title in stems.items() if key.lstrip("0") == stem] or close
    return close


def _shown(path):
    return repr(path.name + "/" * path.is_dir())


def some_of(items, separator=", ", show=str):
    """Return the first items as text, and how many more there are."""
    more = f"{separator}and {len(items) - _MANY} more" if len(items) > _MANY else ""
    return separator.join(map(show, items[:_MANY])) + more
