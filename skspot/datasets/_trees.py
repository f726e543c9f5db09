"""Where a dataset's files lie in the copy that somebody has: its pictures and its workbooks."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from skspot.datasets._loading import Note
from skspot.datasets.annotations._recordings import Recording, image_numbers
from skspot.datasets.annotations._repairs import Finding
from skspot.utils._text import listing
from skspot.video import ImageSequence, VideoReadError, is_image_folder

_DEPTH = 6  # how many levels of folders are looked at, that of the root among them

POINT_AT_ONE = "let `root` be one of them, and name the workbook by `labels`"


@dataclass(frozen=True)
class Layout:
    """What a dataset looks like on a disk.

    Parameters
    ----------
    dataset : str
        What messages call it.
    tree : str
        Its folders and files, as messages show them.
    entry : str
        Regular expression of the names of the folders in which the pictures are sorted, by
        subject or by video: their parent is the folder of the pictures.
    workbooks : str
        Regular expression of the names of the workbooks. Case and blanks are not looked at.
    """

    dataset: str
    tree: str
    entry: str
    workbooks: str

    def is_entry(self, name):
        """Tell whether a folder of that name holds the pictures of a subject or a video."""
        return re.fullmatch(self.entry, name.strip(), re.IGNORECASE) is not None

    def is_workbook(self, name):
        """Tell whether a file of that name is a workbook of the dataset."""
        return re.fullmatch(self.workbooks, plain_name(name)) is not None

    def missing(self, what, root):
        """Return the FileNotFoundError for what the root does not lead to."""
        found = sorted(os.listdir(root))
        return FileNotFoundError(
            f"No {what} of {self.dataset} in {str(root)!r}. Expected is\n\n{self.tree}\n\n"
            f"Found there: {listing(found) if found else 'nothing'}."
        )


def plain_name(name):
    """Return the name of a file or folder without what its copies differ in."""
    return re.sub(r"\s+", "", name).casefold()


def find_folders(root, layout):
    """Return the folders of pictures below a root, one at least.

    A root that holds the workbook but no pictures may have their folder beside it.
    """
    _check_root(root, layout)
    found = _folders(root, layout)
    if not found and _workbooks(root, layout):
        found = _folders(_parent(root), layout, depth=2)
    if not found:
        raise layout.missing("pictures", root)
    return found


def find_workbooks(root, layout):
    """Return the workbooks below a root, by their names; one at least.

    A root that holds the pictures but no workbook may have it beside itself.
    """
    _check_root(root, layout)
    found = _workbooks(root, layout)
    if not found and _folders(root, layout):
        found = _workbooks(_parent(root), layout, depth=1)
    if not found:
        raise layout.missing("labels", root)
    return found


def outside(root, paths):
    """Return a note on each of the paths that is not below the root."""
    return [
        Note(Finding("read from outside root", repr(str(path)), "check"), number=-1)
        for path in paths
        if not path.is_relative_to(root)
    ]


def named(folders, name):
    """Return the folders of that name, or else those in a folder of that name."""
    wanted = plain_name(name)
    return [path for path in folders if plain_name(path.name) == wanted] or [
        path for path in folders if plain_name(path.parent.name) == wanted
    ]


def only(paths, what, advice):
    """Return the one path there is; refuse several."""
    if len(paths) > 1:
        listed = listing([repr(str(path)) for path in paths])
        raise ValueError(f"There are {len(paths)} {what}: {listed}; {advice}.")
    return paths[0]


def newest(workbooks, version):
    """Return the workbook of the highest version, and notes on the others.

    Parameters
    ----------
    workbooks : list of Path
        Candidates, one at least.
    version : callable
        Returns the version that the plain name of a workbook tells.
    """
    versions = {path: version(plain_name(path.name)) for path in workbooks}
    highest = [path for path in workbooks if versions[path] == max(versions.values())]
    if len(highest) > 1 and len({path.read_bytes() for path in highest}) > 1:
        only(highest, "workbooks of one version that differ", "name one by `labels`")
    return highest[0], [not_read(path, highest[0]) for path in workbooks if path != highest[0]]


def not_read(workbook, other):
    """Return the note on a workbook in whose place another is read."""
    finding = Finding("another workbook is read", repr(other.name), "kept")
    return Note(finding, place=f"workbook {workbook.name!r}", number=-1)


def subfolders(path):
    """Return the visible folders in a folder, sorted by name."""
    return [Path(path, name) for name in _listed(path)[0]]


def visible_files(path):
    """Return the visible files in a folder, sorted by name."""
    return [Path(path, name) for name in _listed(path)[1]]


def picture_recording(name, subject, folder, fps, keep_every):
    """Return the recording whose images lie in a folder, or the note on why there is none."""
    try:
        numbers = image_numbers(folder)
    except (VideoReadError, ValueError) as error:
        finding = Finding("the folder is no video", error, "left out")
        return Note(finding, video=name, subject=subject)
    source = ImageSequence(str(folder), fps, keep_every)
    return Recording(name, subject, source, numbers, keep_every, fps / keep_every)


def skipped(path, what, depth=0):
    """Yield, for `collect`, the note on a folder that is passed over for its name.

    Parameters
    ----------
    path : Path
        The folder.
    what : {"a subject", "a video"}
        What it is not named like.
    depth : int, default=0
        How many folders may lie between it and the images without which it is no matter.
    """
    if _images_within(path, depth):
        finding = Finding(f"the folder is not named like {what}", repr(str(path)), "left out")
        yield None, Note(finding)


def collect(found, layout, folder):
    """Return recordings by their keys, and notes on what is no recording or one too many.

    Parameters
    ----------
    found : iterable of (key, Recording or Note)
        What `picture_recording` returned; of two with one key the first is taken.
    layout : Layout
        The layout of the dataset, for the error if nothing is found.
    folder : Path
        Where it was looked for.
    """
    recordings, notes = {}, []
    for key, item in found:
        if isinstance(item, Note):
            notes.append(item)
            continue
        taken = recordings.setdefault(key, item)
        if taken is not item:
            detail = f"{str(item.source)!r}, {str(taken.source)!r}"
            result = "the second of these is taken"
            finding = Finding("two folders hold one video", detail, "left out", result)
            notes.append(Note(finding, video=item.name, subject=item.subject))
    if not recordings:
        raise layout.missing("videos", folder)
    return recordings, notes


def _check_root(root, layout):
    """Refuse a root that is no folder."""
    root = Path(root)
    if not root.is_dir():
        found = "a file" if root.exists() else "nothing"
        raise FileNotFoundError(
            f"root must be the folder with a copy of {layout.dataset}, but {str(root)!r} is "
            f"{found}. Expected is\n\n{layout.tree}"
        )


def _parent(root):
    """Return the folder that a root is seen in."""
    return Path(os.path.abspath(root)).parent


def _folders(root, layout, depth=_DEPTH):
    walked = _walk(root, layout, depth)
    return [path for path, folders, _ in walked if any(map(layout.is_entry, folders))]


def _workbooks(root, layout, depth=_DEPTH):
    walked = _walk(root, layout, depth)
    return [path / name for path, _, files in walked for name in files if layout.is_workbook(name)]


def _images_within(path, depth):
    return is_image_folder(path) or (
        depth > 0 and any(_images_within(child, depth - 1) for child in subfolders(path))
    )


def _walk(root, layout, depth):
    """Yield each folder with the names in it, nearest first; pictures are not listed."""
    level = [Path(root)]
    for _ in range(depth):
        below = []
        for path in level:
            folders, files = _listed(path)
            yield path, folders, files
            below += [path / name for name in folders if not layout.is_entry(name)]
        level = below


def _listed(path):
    """Return the names of the visible folders and files in a folder."""
    folders, files = [], []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                # macOS and spreadsheet programs leave copies and locks that look like the files.
                if not entry.name.startswith((".", "~$", "__MACOSX")):
                    (folders if entry.is_dir() else files).append(entry.name)
    except PermissionError:
        return [], []  # somebody else's folder beside the dataset
    return sorted(folders), sorted(files)
