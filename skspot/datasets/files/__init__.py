"""Finding the files of videos: those that a table names, and those of a copy of a dataset."""

from skspot.datasets.files._dataset_copies import (
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
    visible_files,
    with_name,
)
from skspot.datasets.files._named_videos import (
    file_id,
    find_videos,
    match_videos,
    missing_videos,
    unnamed_videos,
)
from skspot.datasets.files._user_videos import make_recordings

__all__ = [
    "POINT_AT_ONE",
    "Layout",
    "by_key",
    "file_id",
    "find_image_folders",
    "find_videos",
    "find_workbooks",
    "image_recording",
    "make_recordings",
    "match_videos",
    "missing_videos",
    "newest",
    "note_not_read",
    "note_outside",
    "note_skipped",
    "plain_name",
    "single",
    "subfolders",
    "unnamed_videos",
    "visible_files",
    "with_name",
]
