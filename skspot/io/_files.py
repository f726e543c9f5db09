"""Names of files, writing of files, and paths of linked videos."""

import os
import re
import tempfile
import unicodedata
from pathlib import Path

_FORBIDDEN = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_MOST_BYTES = 200  # of 255 that file systems allow; suffixes and temporary names are longer


def file_names(videos, suffix):
    """Return the name of the file of each video; raise if some system does not allow it."""
    found = {}
    for video in videos:
        if (
            _FORBIDDEN.search(video)
            or _RESERVED.fullmatch(video)
            or video.startswith(".")
            or video.endswith((".", " "))
            or len(os.fsencode(video)) > _MOST_BYTES
        ):
            raise ValueError(
                f"The video {video!r} can't give its name to a file: characters like / and :, dots "
                "at the begin and end, a blank at the end, names of devices and long names are not "
                "possible on all systems; rename it, or choose a format with many videos in a "
                "file."
            )
        key = unicodedata.normalize("NFC", video).casefold()
        if key in found:
            raise ValueError(
                f"The videos {found[key]!r} and {video!r} differ only in case, and their files "
                "would be the same on some systems; rename one of them."
            )
        found[key] = video
    return {video: video + suffix for video in videos}


def write_files(contents):
    """Write files, each of them completely or not at all.

    Parameters
    ----------
    contents : dict of Path to bytes
        The content of each file.
    """
    for path, content in contents.items():
        if not path.parent.is_dir():
            raise FileNotFoundError(f"There is no folder {str(path.parent)!r} to write to.")
        # A link, or a device such as the standard output, must not be replaced by a file.
        if path.is_symlink() or (path.exists() and not path.is_file()):
            path.write_bytes(content)
            continue
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            part.write_bytes(content)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)


def bytes_of(write):
    """Return what `write`, a function of a path, writes to a file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "file")
        write(file)
        return file.read_bytes()


def linked_media(video, media):
    """Return the path of a video's file, or None if it has none."""
    if media is None:
        return None
    if video not in media:
        raise ValueError(
            f"media lacks the video {video!r}; it has {list(media)}. Give None for a video "
            "without a file."
        )
    path = media[video]
    # Annotation tools can't play a folder of images.
    return None if path is None or Path(path).is_dir() else Path(os.path.abspath(path))
