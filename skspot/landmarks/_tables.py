"""Landmarks in tables that OpenFace and py-feat have written."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from numbers import Real
from pathlib import Path
from string import Formatter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

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
from skspot.utils._param_validation import Interval
from skspot.utils._typing import FilePath, VideoLike
from skspot.utils.validation import with_parameters
from skspot.video import Video, image_names, is_image_folder

_BESIDE_VIDEO = "{folder}/{stem}.csv"
_FIELDS = ("folder", "name", "stem")

# By how many images a table may end before the video: decoders differ in the last few, and
# FaceLandmarkVidMulti leaves out those without a face.
_SHORT_IMAGES = 10
_SHORT_SHARE = 0.01


class TableLandmarker(Landmarker):
    """Landmarks in one CSV file for each video; the base of `OpenFace` and `PyFeat`."""

    _layout = None

    _parameter_constraints: dict = {
        "files": [str, Mapping],
        "min_confidence": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(self, files: str | Mapping[Any, FilePath], *, min_confidence: float):
        self.files = files
        self.min_confidence = min_confidence

    def check(self, videos: Sequence[VideoLike]) -> None:
        """Check the parameters; refuse one table for several videos."""
        super().check(videos)
        _check_files(self.files)
        if isinstance(self.files, Mapping):
            check_entries(self.files, videos, "files")
            return
        paths = {
            Path(video).absolute() for video in videos if isinstance(video, (str, os.PathLike))
        }
        for table, n_videos in Counter(_fill(self.files, path) for path in paths).items():
            if n_videos > 1:
                raise ValueError(
                    f"files={self.files!r} gives one path, {str(table)!r}, for {n_videos} videos "
                    "of X; use more of the fields {folder}, {name} and {stem}, or a mapping from "
                    "videos to paths."
                )

    def only_for(self, video: VideoLike) -> Landmarker:
        """Return this landmarker with the path of one video's table."""
        if not isinstance(self.files, Mapping):
            return self
        return clone(self).set_params(files=only_entry(self.files, video))

    def key(self, video: Video) -> object:
        """Return the least confidence and the fingerprint of the video's table."""
        path = self._path_of(video).absolute()
        table = remembered(lambda: file_fingerprint(path), ("file", str(path)), [path])
        return (self._layout.landmarker, float(self.min_confidence), table)

    def track(
        self, frames: Iterable[NDArray[np.uint8]], video: Video, detect_every: int = 1
    ) -> Iterator[ArrayLike | None]:
        """Yield the points of the followed face; see `Landmarker.track`."""
        path = self._path_of(video)
        table = read_table(path, self._layout, self.min_confidence)
        _warn_of_order(video, self._layout.program)
        # The frames may be every n-th image, and the table may be about them alone or all images.
        every = video.keep_every
        if every > 1 and table.last < video.n_frames:
            every = 1
        if table.step > every:
            warnings.warn(
                f"{video.name}: {str(path)!r} has landmarks for only one in {table.step} images; "
                f"nothing is spotted where most frames lack landmarks. Run {self._layout.program} "
                "on all images.",
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
        """Return the path of a video's table; raise an error if there is none."""
        if isinstance(video.source, np.ndarray):
            raise ValueError(
                f"{video.name}: {self.display_name} reads the CSV file that belongs to the path of "
                "a video, but this video is an array and has no path. Pass the path, or the "
                "landmarks themselves as landmarker."
            )
        if isinstance(self.files, Mapping):
            path = Path(self.files[entry_of(self.files, video, "files")])
        else:
            path = _fill(self.files, video.source)
        if not path.is_file():
            hint = "" if path.is_absolute() else f" (relative to {Path.cwd()})"
            error = FileNotFoundError(
                f"{video.name}: there is no CSV file of {self._layout.program} {str(path)!r}"
                f"{hint}. Say where it is with {self.display_name}(files=...): a pattern with the "
                f"fields {{folder}}, {{name}} and {{stem}} of the video, such as "
                f"{_BESIDE_VIDEO!r}, or a mapping from videos to paths."
            )
            raise with_parameters(error, "files")
        return path

    def _misfit(self, table, n_frames, every):
        """Return how a table ends after its video or long before it; None if it does not."""
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
                ", or not to its end. If nobody is in the picture after that, append a row for "
                f"frame {n_images - 1 + first} with {self._layout.confidence} 0"
            )
        return (
            f"{table.last + first}, counted from {first}, but the video has {n_frames} "
            f"frames{kept}. {advice}"
        )


class OpenFace(TableLandmarker):
    """Landmarks that OpenFace 2 has found, read from its CSV file for each video.

    It reads the tables of FeatureExtraction and FaceLandmarkVidMulti that were made with ``-2Dfp``
    or without any option that chooses the output.

    Parameters
    ----------
    files : str or mapping, default="{folder}/{stem}.csv"
        A pattern for the path of the CSV file with fields of the video or folder of images:
        ``{folder}`` where it lies, ``{name}``, and ``{stem}``, the name without suffix. Or a
        mapping from videos to paths of CSV files; its keys are the paths of the videos, their file
        names, or those without suffix.
    min_confidence : float, default=0.7
        Rows with less ``confidence`` show no face. OpenFace's author calls less than 0.7 a failure.

    See Also
    --------
    PyFeat : Reads tables of py-feat.

    Notes
    -----
    Coordinates are taken as they are; if a program means the corner of a pixel, not its centre,
    they are half a pixel off. The numbers that programs give to faces are ignored: OpenFace gives
    that of a lost face to the next one.

    A CSV file that continues after the end of its video, or ends more than 10 frames and more than
    1 % before it, is an error. For an `ImageSequence` of every n-th image it may have a row for
    each image or for each of those kept; the latter is assumed if its last number fits them.

    Rows with ``success`` 0 and frames without a row show no face. OpenFace takes the images of a
    folder in the order of their names as text, "10.jpg" before "9.jpg"; without leading zeros there
    is a warning.

    Examples
    --------
    Landmarks that OpenFace has written to "openface/a.csv" for a video "a.mp4":

    >>> from skspot.landmarks import OpenFace
    >>> from skspot.preprocessing import FaceAligner
    >>> aligner = FaceAligner(OpenFace("openface/{stem}.csv"))
    """

    _layout = OPENFACE

    def __init__(
        self, files: str | Mapping[Any, FilePath] = _BESIDE_VIDEO, *, min_confidence: float = 0.7
    ):
        super().__init__(files, min_confidence=min_confidence)


class PyFeat(TableLandmarker):
    """Landmarks that py-feat has found, read from its CSV file for each video.

    It reads what `to_csv` writes for a detector of 68 points, which detects them in each frame
    independently.

    Parameters
    ----------
    files : str or mapping, default="{folder}/{stem}.csv"
        A pattern or a mapping, as for `OpenFace`.
    min_confidence : float, default=0.5
        Rows with less ``FaceScore`` show no face. By default py-feat itself drops faces below 0.5.

    See Also
    --------
    OpenFace : Reads tables of OpenFace.

    Notes
    -----
    Coordinates are taken as they are; if a program means the corner of a pixel, not its centre,
    they are half a pixel off. The numbers that programs give to faces are ignored: OpenFace gives
    that of a lost face to the next one.

    A CSV file that continues after the end of its video, or ends more than 10 frames and more than
    1 % before it, is an error. For an `ImageSequence` of every n-th image it may have a row for
    each image or for each of those kept; the latter is assumed if its last number fits them.

    With py-feat's `skip_frames` the frames in between are not valid, and where most are not,
    nothing is spotted.

    Examples
    --------
    >>> from skspot.landmarks import PyFeat
    >>> from skspot.preprocessing import FaceAligner
    >>> aligner = FaceAligner(PyFeat("{folder}/{stem}_feat.csv", min_confidence=0.8))
    """

    _layout = PY_FEAT

    def __init__(
        self, files: str | Mapping[Any, FilePath] = _BESIDE_VIDEO, *, min_confidence: float = 0.5
    ):
        super().__init__(files, min_confidence=min_confidence)


def _check_files(files):
    """Raise an error if this is neither a pattern nor a mapping to paths."""
    if isinstance(files, str):
        _check_pattern(files)
        return
    check_keys(files, "files")
    for entry, path in files.items():
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(
                f"files[{str(entry)!r}] must be the path of a CSV file, got {path!r:.80}, "
                f"{type(path).__name__}."
            )


def _check_pattern(pattern):
    """Raise a ValueError if a pattern has fields that `_fill` does not know."""
    try:
        fields = {field for _, field, _, _ in Formatter().parse(pattern) if field is not None}
    except ValueError as error:
        raise ValueError(f"files={pattern!r} is not a pattern: {error}.") from error
    unknown = sorted(fields - set(_FIELDS))
    if unknown:
        raise ValueError(
            f"files={pattern!r} has the fields {unknown}; a pattern may have {{folder}}, {{name}} "
            "and {stem}."
        )


def _fill(pattern, source):
    """Return the path that a pattern gives for a video."""
    path = Path(source).absolute()
    # The name of a folder has no suffix, though it may have a point: "spNO.1".
    stem = path.name if path.is_dir() else path.stem
    return Path(pattern.format(folder=path.parent, name=path.name, stem=stem))


def _warn_of_order(video, program):
    """Warn of images whose order by number is not that of their names, which programs use."""
    if isinstance(video.source, np.ndarray) or not is_image_folder(video.source):
        return
    for before, after in pairwise(image_names(video.source).values()):
        if before > after:
            warnings.warn(
                f"{video.name}: the numbers of the images lack leading zeros, so that sorted as "
                f"text {after!r} comes before {before!r}. If {program} has read them in that "
                "order, as OpenFace reads any folder, its landmarks belong to other frames: rename "
                "the images and run it again.",
                UserWarning,
            )
            return


def _follow(table):
    """Yield (image, row) of one and the same face.

    The numbers that programs give to faces do not identify people: OpenFace numbers its trackers,
    and one that has lost its face takes the next that appears.
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
