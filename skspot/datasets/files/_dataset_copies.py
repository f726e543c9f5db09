"""Where a dataset's files lie in the copy that a user has: its images and its workbooks."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from skspot.datasets.annotations import Finding, Recording, image_numbers
from skspot.utils._text import join_limited
from skspot.video import ImageSequence, VideoReadError, is_image_folder

_DEPTH = 6  # levels of folders that are searched, including the given one

POINT_AT_ONE = "pass one of them as `folder`, and the workbook as `annotation_file`"


@dataclass(frozen=True)
class Layout:
    """The files and folders of a dataset.

    Parameters
    ----------
    dataset : str
        Name in messages.
    tree : str
        Its folders and files, as messages show them.
    entry : str
        Regular expression of the names of the folders in which the images are sorted, by
        subject or by video: their parent is the folder of the images.
    workbooks : str
        Regular expression of the names of the workbooks, ignoring case and blanks.
    """

    dataset: str
    tree: str
    entry: str
    workbooks: str

    def is_entry(self, name):
        """Return whether a folder of that name holds the images of a subject or a video."""
        return re.fullmatch(self.entry, name.strip(), re.IGNORECASE) is not None

    def is_workbook(self, name):
        """Return whether a file of that name is a workbook of the dataset."""
        return re.fullmatch(self.workbooks, plain_name(name)) is not None

    def missing(self, what, folder):
        """Return the FileNotFoundError for what is not in a folder."""
        found = sorted(os.listdir(folder))
        return FileNotFoundError(
            f"No {what} of {self.dataset} in {str(folder)!r}. Expected is\n\n{self.tree}\n\n"
            f"Found there: {join_limited(found) if found else 'nothing'}."
        )


def plain_name(name):
    """Return the name of a file or folder in the spelling that all copies share."""
    return re.sub(r"\s+", "", name).casefold()


def find_image_folders(folder, layout):
    """Return the folders of images within a folder, at least one.

    If the folder holds the workbook but no images, they are looked for beside it.
    """
    _check_folder(folder, layout)
    found = _image_folders(folder, layout)
    if not found and _workbooks(folder, layout):
        found = _image_folders(_parent(folder), layout, depth=2)
    if not found:
        raise layout.missing("images", folder)
    return found


def find_workbooks(folder, layout):
    """Return the workbooks within a folder, by their names; at least one.

    If the folder holds the images but no workbook, it is looked for beside it.
    """
    _check_folder(folder, layout)
    found = _workbooks(folder, layout)
    if not found and _image_folders(folder, layout):
        found = _workbooks(_parent(folder), layout, depth=1)
    if not found:
        raise layout.missing("labels", folder)
    return found


def note_outside(folder, paths, repairs):
    """Note those of the paths that are not within the folder."""
    for path in paths:
        if not path.is_relative_to(folder):
            finding = Finding("read from outside folder", repr(str(path)), "check")
            repairs.add(finding, order=-1)


def with_name(folders, name):
    """Return the folders of that name, or else those in a folder of that name."""
    wanted = plain_name(name)
    return [path for path in folders if plain_name(path.name) == wanted] or [
        path for path in folders if plain_name(path.parent.name) == wanted
    ]


def single(paths, what, advice):
    """Return the only path; refuse several."""
    if len(paths) > 1:
        listed = join_limited([repr(str(path)) for path in paths])
        raise ValueError(f"There are {len(paths)} {what}: {listed}; {advice}.")
    return paths[0]


def newest(workbooks, version, repairs):
    """Return the workbook of the highest version, and note the others.

    Parameters
    ----------
    workbooks : list of Path
        Candidates, at least one.
    version : callable
        Takes the plain name of a workbook, returns its version.
    repairs : Repairs
        Takes the notes.
    """
    versions = {path: version(plain_name(path.name)) for path in workbooks}
    highest = [path for path in workbooks if versions[path] == max(versions.values())]
    if len(highest) > 1 and len({path.read_bytes() for path in highest}) > 1:
        advice = "pass one of them as `annotation_file`"
        single(highest, "workbooks of the same version that differ", advice)
    for path in workbooks:
        if path != highest[0]:
            note_not_read(path, highest[0], repairs)
    return highest[0]


def note_not_read(workbook, other, repairs):
    """Note that another workbook is read instead of this one."""
    finding = Finding("another workbook is read", repr(other.name), "kept")
    repairs.add(finding, place=f"workbook {workbook.name!r}", order=-1)


def subfolders(path):
    """Return the visible folders in a folder, sorted by name."""
    return [Path(path, name) for name in _listed(path)[0]]


def visible_files(path):
    """Return the visible files in a folder, sorted by name."""
    return [Path(path, name) for name in _listed(path)[1]]


def image_recording(name, subject, folder, fps, keep_every, repairs):
    """Return the recording whose images lie in a folder; None, and a note, if it is not a video."""
    try:
        numbers = image_numbers(folder)
    except (VideoReadError, ValueError) as error:
        finding = Finding("the folder is not a video", str(error))
        repairs.add(finding, video=name, subject=subject)
        return None
    source = ImageSequence(str(folder), fps, keep_every)
    return Recording(name, subject, source, numbers, keep_every, fps / keep_every)


def note_skipped(path, what, repairs, depth=0):
    """Note a folder of images that is skipped because of its name.

    Parameters
    ----------
    path : Path
        The folder.
    what : {"a subject", "a video"}
        What it is not named like.
    repairs : Repairs
        Takes the note.
    depth : int, default=0
        Levels of folders below it that are searched for images; without any it is not noted.
    """
    if _images_within(path, depth):
        repairs.add(Finding(f"the folder is not named like {what}", repr(str(path))))


def by_key(found, layout, folder, repairs):
    """Return recordings by their keys, at least one, and note those with a key that is taken.

    Parameters
    ----------
    found : iterable of (key, Recording or None)
        What `image_recording` returned.
    layout : Layout
        The layout of the dataset, for the error if nothing is found.
    folder : Path
        Where it was looked for.
    repairs : Repairs
        Takes the notes.
    """
    recordings = {}
    for key, recording in found:
        if recording is None:
            continue
        taken = recordings.setdefault(key, recording)
        if taken is not recording:
            detail = f"{str(recording.source)!r}, {str(taken.source)!r}"
            result = "the second of these is used"
            finding = Finding("two folders hold the same video", detail, "left out", result)
            repairs.add_video(recording, finding)
    if not recordings:
        raise layout.missing("videos", folder)
    return recordings


def _check_folder(folder, layout):
    """Refuse what is not a folder."""
    folder = Path(folder)
    if not folder.is_dir():
        found = "is a file" if folder.exists() else "does not exist"
        raise FileNotFoundError(
            f"folder must be the folder with a copy of {layout.dataset}, but {str(folder)!r} "
            f"{found}. Expected is\n\n{layout.tree}"
        )


def _parent(folder):
    """Return the folder that contains a folder, as it is given."""
    return Path(os.path.abspath(folder)).parent


def _image_folders(folder, layout, depth=_DEPTH):
    walked = _walk(folder, layout, depth)
    return [path for path, folders, _ in walked if any(map(layout.is_entry, folders))]


def _workbooks(folder, layout, depth=_DEPTH):
    walked = _walk(folder, layout, depth)
    return [path / name for path, _, files in walked for name in files if layout.is_workbook(name)]


def _images_within(path, depth):
    return is_image_folder(path) or (
        depth > 0 and any(_images_within(child, depth - 1) for child in subfolders(path))
    )


def _walk(folder, layout, depth):
    """Yield each folder with the names in it, nearest first; folders of images are not listed."""
    level = [Path(folder)]
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
        return [], []  # another user's folder beside the dataset
    return sorted(folders), sorted(files)
