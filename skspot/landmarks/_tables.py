"""The landmarkers "openface" and "py-feat": landmarks in tables that these programs wrote."""

import os
import warnings
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from numbers import Real
from pathlib import Path
from string import Formatter

import numpy as np

from skspot.landmarks._base import Landmarker
from skspot.landmarks._follower import FaceFollower
from skspot.landmarks._given_landmarks import (
    check_entries,
    check_keys,
    entry_of,
    only_entry,
)
from skspot.landmarks._table_files import OPENFACE, PY_FEAT, read_table
from skspot.utils._fingerprints import file_fingerprint, remembered
from skspot.video import image_names, is_image_folder

_BESIDE_VIDEO = "{folder}/{stem}.csv"
_FIELDS = ("folder", "name", "stem")
_OPTION = 'landmarker_params["files"]'

# By how many images a table may end before the video: decoders differ in the last few, and
# FaceLandmarkVidMulti leaves out those without a face.
_SHORT_IMAGES = 10
_SHORT_SHARE = 0.01


class TableLandmarker(Landmarker):
    """Landmarks in one CSV file for each video.

    Parameters
    ----------
    files : str or mapping
        A pattern for the path of the CSV file with the fields {folder}, {name} and {stem}, or a
        mapping from videos to such paths: keys are the paths of the videos, their file names, or
        those without suffix.
    min_confidence : float
        Rows of less confidence show no face.
    """

    _layout = None

    def __init__(self, files, min_confidence):
        _check_files(files)
        if not (isinstance(min_confidence, Real) and 0 <= min_confidence <= 1):
            raise ValueError(
                'landmarker_params["min_confidence"] must be a number from 0 to 1, got '
                f"{min_confidence!r}."
            )
        self.files = files
        self.min_confidence = min_confidence

    def key(self, video):
        path = self._path_of(video).absolute()
        table = remembered(lambda: file_fingerprint(path), ("file", str(path)), [path])
        return (self._layout.landmarker, float(self.min_confidence), table)

    def __str__(self):
        return f'the landmarker "{self._layout.landmarker}"'

    def check(self, sources):
        """Refuse one table for several videos."""
        if isinstance(self.files, Mapping):
            check_entries(self.files, sources, _OPTION)
            return
        videos = {
            Path(source).absolute() for source in sources if isinstance(source, (str, os.PathLike))
        }
        for path, count in Counter(_fill(self.files, video) for video in videos).items():
            if count > 1:
                raise ValueError(
                    f"{_OPTION}={self.files!r} gives one path, {str(path)!r}, for {count} videos "
                    "of X; use more of the fields {folder}, {name} and {stem}, or a mapping from "
                    "videos to paths."
                )

    def only_for(self, source):
        """Return this landmarker with the path of one video's table."""
        if not isinstance(self.files, Mapping):
            return self
        return type(self)(files=only_entry(self.files, source), min_confidence=self.min_confidence)

    def track(self, frames, video):
        path = self._path_of(video)
        table = read_table(path, self._layout, self.min_confidence)
        _warn_of_order(video, self._layout.program)
        # The frames may be every n-th image, and the table may tell of them alone or of all images.
        every = video.keep_every
        if every > 1 and table.last < video.n_frames:
            every = 1
        if table.step > every:
            warnings.warn(
                f"{video.name}: {str(path)!r} tells of one in {table.step} images only; nothing "
                f"is spotted where most frames lack landmarks. Run {self._layout.program} on all "
                "images.",
                UserWarning,
            )
        rows = dict(_follow(table))
        n_frames = 0
        for _ in frames:
            row = rows.get(n_frames * every)
            yield None if row is None else table.points[row]
            n_frames += 1
        problem = self._misfit(table, n_frames, every)
        if problem:
            raise ValueError(f"{video.name}: the last frame in {str(path)!r} is {problem}.")

    def _path_of(self, video):
        """Return the path of a video's table; refuse a video without one."""
        if isinstance(video.source, np.ndarray):
            raise ValueError(
                f"{video.name}: {self} reads the CSV file that belongs to the path of a video, but "
                "this video is an array and has no path. Pass the path, or the landmarks "
                "themselves as landmarker."
            )
        if isinstance(self.files, Mapping):
            path = Path(self.files[entry_of(self.files, video, _OPTION)])
        else:
            path = _fill(self.files, video.source)
        if not path.is_file():
            hint = "" if path.is_absolute() else f" (relative to {Path.cwd()})"
            raise FileNotFoundError(
                f"{video.name}: there is no CSV file of {self._layout.program} {str(path)!r}"
                f"{hint}. Say where it is with {_OPTION}: a pattern with the fields {{folder}}, "
                f"{{name}} and {{stem}} of the video, such as {_BESIDE_VIDEO!r}, or a mapping from "
                "videos to paths."
            )
        return path

    def _misfit(self, table, n_frames, every):
        """Tell how a table ends behind its video or long before it; None if it does not."""
        n_images = (n_frames - 1) * every + 1  # at least: some may follow the last one kept
        n_short = n_images - 1 - table.last
        # Of every n-th image looked at, the last may be n - 1 before the end.
        n_allowed = max(_SHORT_IMAGES, _SHORT_SHARE * n_images, table.step - 1)
        if table.last < n_frames * every and n_short <= n_allowed:
            return None
        first = self._layout.first
        kept = f", one for every {every} recorded images" if every > 1 else ""
        advice = "The table was made from another video, or from another cut of this one"
        if n_short > 0:
            advice += (
                ", or not to its end. If nobody is in the picture from there on, append a row for "
                f"frame {n_images - 1 + first} with {self._layout.confidence} 0"
            )
        return (
            f"{table.last + first}, counted from {first}, but the video has {n_frames} "
            f"frames{kept}. {advice}"
        )


class OpenFaceLandmarker(TableLandmarker):
    """Landmarks that OpenFace has found; see `TableLandmarker` for the parameters.

    The author of OpenFace takes a confidence below 0.7 for a failure.
    """

    _layout = OPENFACE

    def __init__(self, *, files=_BESIDE_VIDEO, min_confidence=0.7):
        super().__init__(files, min_confidence)


class PyFeatLandmarker(TableLandmarker):
    """Landmarks that py-feat has found; see `TableLandmarker` for the parameters.

    py-feat itself drops faces with a score below 0.5, unless it is told another limit.
    """

    _layout = PY_FEAT

    def __init__(self, *, files=_BESIDE_VIDEO, min_confidence=0.5):
        super().__init__(files, min_confidence)


def _check_files(files):
    """Refuse what tells no paths of tables."""
    if isinstance(files, Mapping):
        check_keys(files, _OPTION)
        for entry, path in files.items():
            if not isinstance(path, (str, os.PathLike)):
                raise TypeError(
                    f"{_OPTION}[{str(entry)!r}] must be the path of a CSV file, got {path!r:.80}, "
                    f"{type(path).__name__}."
                )
    elif isinstance(files, str):
        _check_pattern(files)
    else:
        raise TypeError(
            f"{_OPTION} must be a pattern such as {_BESIDE_VIDEO!r}, or a mapping from videos to "
            f"paths, got {type(files).__name__}."
        )


def _check_pattern(pattern):
    """Refuse a pattern with other fields than those that `_fill` knows."""
    try:
        fields = {field for _, field, _, _ in Formatter().parse(pattern) if field is not None}
    except ValueError as error:
        raise ValueError(f"{_OPTION}={pattern!r} is no pattern: {error}.") from error
    unknown = sorted(fields - set(_FIELDS))
    if unknown:
        raise ValueError(
            f"{_OPTION}={pattern!r} has the fields {unknown}; those of a pattern are "
            "{folder}, {name} and {stem}."
        )


def _fill(pattern, source):
    """Return the path that a pattern gives for a video."""
    path = Path(source).absolute()
    # The name of a directory has no suffix, though it may have a point: "spNO.1".
    stem = path.name if path.is_dir() else path.stem
    return Path(pattern.format(folder=path.parent, name=path.name, stem=stem))


def _warn_of_order(video, program):
    """Warn of images whose order by number is not that of their names, by which programs go."""
    if isinstance(video.source, np.ndarray) or not is_image_folder(video.source):
        return
    for before, after in pairwise(image_names(video.source).values()):
        if before > after:
            warnings.warn(
                f"{video.name}: the numbers of the images lack leading zeros, so that sorted as "
                f"text {after!r} comes before {before!r}. If {program} was given them in that "
                "order, as OpenFace takes any directory, its landmarks are those of other frames: "
                "rename the images and run it again.",
                UserWarning,
            )
            return


def _follow(table):
    """Yield (image, row) of one and the same face.

    The numbers that programs give to faces tell no persons: OpenFace numbers its trackers, and one
    that has lost its face takes the next that appears.
    """
    boxes = np.concatenate([table.points.min(axis=1), table.points.max(axis=1)], axis=1)
    follower, step = FaceFollower(), table.step
    starts = np.flatnonzero(np.diff(table.images, prepend=-1))
    previous = -1
    for start, end in zip(starts, [*starts[1:], len(boxes)]):
        image = int(table.images[start])
        if image - previous > step:
            follower.choose([])  # images left out between the others: nobody was seen in them
        previous = image
        faces = start + np.flatnonzero(table.shows_face[start:end])
        index = follower.choose(boxes[faces])
        if index is not None:
            yield image, int(faces[index])
