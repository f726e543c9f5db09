"""Finding the videos that a table names: files, files without suffix, folders of images."""

import difflib
import os
import unicodedata
from pathlib import Path

from skspot.video._pictures import holds_images

VIDEO_SUFFIXES = frozenset(
    (".3gp", ".avi", ".flv", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ogv")
    + (".ts", ".webm", ".wmv")
)

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
    listings = {}
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
    missing = [name for name in dict.fromkeys(names) if name not in found]
    held = _held(Path(folder))
    listed = [f"{name!r}{_hint(name, held)}" for name in missing]
    holds = f"holds {some_of(held)}" if held else "holds neither video files nor folders"
    return (
        f"{len(missing)} of {len(set(names))} videos of the table are not in the folder "
        f"{str(folder)!r}: {some_of(listed)}. The folder {holds}. A video goes by the name of its "
        "file, with or without suffix, or of its folder of images; pass the folder that holds them."
    )


def _candidates(folder, name, listings):
    """Return the paths of the videos that a name may mean."""
    only_folder = name.endswith(("/", os.sep))
    path = folder / name
    if path.name in ("", "..") or path == folder or "\0" in name:
        return []
    entries = _listing(path.parent, listings)
    if not entries and os.sep == "/" and "\\" in name:  # a table that was made on Windows
        return _candidates(folder, name.replace("\\", "/"), listings)
    wanted = unicodedata.normalize("NFC", path.name)  # macOS takes umlauts apart
    if wanted in entries and (only_folder or entries[wanted].is_file()):
        return [entries[wanted]]
    found = [
        entry
        for title, entry in entries.items()
        if (title == wanted and holds_images(entry))
        or (os.path.splitext(title)[0] == wanted and _is_video(entry))
    ]
    # A folder without images, or a name in other case where that does not matter.
    return found or [path] * os.path.exists(path)


def _listing(parent, listings):
    """Return the entries of a folder by their names in composed characters, listed only once."""
    if parent not in listings:
        try:
            names = sorted(os.listdir(parent))
        except (OSError, ValueError):
            names = []
        listings[parent] = {unicodedata.normalize("NFC", name): parent / name for name in names}
    return listings[parent]


def _is_video(path):
    """Tell whether a path looks like a video, without opening it."""
    if path.name.startswith("."):
        return False
    return holds_images(path) or (path.suffix.lower() in VIDEO_SUFFIXES and path.is_file())


def _held(folder):
    """Return the names of the videos and folders in a folder."""
    return sorted(
        entry.name
        for entry in os.scandir(folder)
        if not entry.name.startswith(".")
        and (entry.is_dir() or os.path.splitext(entry.name)[1].lower() in VIDEO_SUFFIXES)
    )


def _hint(name, held):
    """Return what a missing name may have been meant to be."""
    stems = {os.path.splitext(title)[0].casefold(): title for title in held}
    stem = Path(name).name
    if Path(stem).suffix.lower() in VIDEO_SUFFIXES:
        stem = Path(stem).stem
    close = [stems[near] for near in difflib.get_close_matches(stem.casefold(), stems, n=2)]
    if stem.isdecimal():  # spreadsheets take leading zeros away
        close = [title for key, title in stems.items() if key.lstrip("0") == stem] or close
    return f" (did you mean {' or '.join(map(repr, close))}?)" if close else ""


def _shown(path):
    return repr(path.name + "/" * path.is_dir())


def some_of(items, separator=", "):
    """Return the first items as text, and how many more there are."""
    more = f"{separator}and {len(items) - _MANY} more" if len(items) > _MANY else ""
    return separator.join(map(str, items[:_MANY])) + more
