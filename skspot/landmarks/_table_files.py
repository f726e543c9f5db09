"""Reading the CSV files that OpenFace and py-feat write, one for each video."""

import csv
from array import array
from typing import NamedTuple

import numpy as np

from skspot.utils._text import join_limited

_POINTS = [f"{axis}_{i}" for axis in "xy" for i in range(68)]
_MORE_POINTS = "x_68"  # a column of tables with other points, such as the mesh of MediaPipe
_UNKNOWN = ["-nan(ind)", "nan(ind)"]  # NaN as OpenFace writes it on Windows
_MANY_FRAMES = 2**53  # from where on floating point skips whole numbers

_START = 64 * 1024  # bytes that show how a file is written
_CHUNK = 1000  # rows parsed at a time: with all their columns they take more than the landmarks


class Layout(NamedTuple):
    """How a program writes its tables."""

    program: str
    landmarker: str  # its class
    first: int  # number of the first frame
    confidence: str  # column
    success: tuple  # columns that are 0 where there is no face
    origin: str  # how to get a table with landmarks


OPENFACE = Layout(
    "OpenFace",
    "OpenFace",
    1,
    "confidence",
    ("success",),
    "OpenFace writes them with FeatureExtraction, or FaceLandmarkVidMulti for several faces, if it "
    "gets the option -2Dfp, or no option that chooses what it writes",
)
PY_FEAT = Layout(
    "py-feat",
    "PyFeat",
    0,
    "FaceScore",
    (),
    "They are in what py-feat's Detector returns for a video; save that with its method to_csv",
)


class Table(NamedTuple):
    """The faces in the images of one video, ordered by image."""

    images: np.ndarray  # (n_rows,) zero-based
    shows_face: np.ndarray  # (n_rows,)
    points: np.ndarray  # (n_rows, 68, 2)

    @property
    def last(self):
        """Number of the last image."""
        return int(self.images[-1])

    @property
    def step(self):
        """Usual distance of one image to the next."""
        steps = np.diff(np.unique(self.images))
        return int(np.median(steps)) if len(steps) else 1


def read_table(path, layout, min_confidence):
    """Return the faces in a CSV file.

    Parameters
    ----------
    path : Path
        The file. Separators may be commas, semicolons (then also with decimal commas) or tabs.
    layout : Layout
        How the program writes it.
    min_confidence : float
        Rows of less confidence show no face.

    Returns
    -------
    table : Table
        All rows, also those that show no face.

    Raises
    ------
    ValueError
        If the file is empty, lacks columns, contains other points or contains no numbers.
    """
    names, options = _dialect(path)
    columns = _find_columns(names, layout, path)
    try:
        facts, points = _read_columns(path, columns, options)
    except ValueError as error:  # those of pandas are, too
        raise ValueError(
            f"{str(path)!r} can't be read as a table of {layout.program}: {error}"
        ) from error
    images = _image_numbers(facts[:, 0], layout, path)
    shows_face = facts[:, 1] >= min_confidence
    shows_face &= (facts[:, 2:] == 1).all(axis=1) & np.isfinite(points).all(axis=(1, 2))
    return _ordered(Table(images, shows_face, points))


def _dialect(path):
    """Return the names of the columns and what `pandas.read_csv` must know to read the rest."""
    with path.open("rb") as file:
        start = file.read(_START)
    # Only numbers are wanted, so that it does not matter how the name of a video is encoded.
    encoding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    header, _, rows = start.decode(encoding, errors="replace").partition("\n")
    if not rows.strip():
        raise ValueError(f"{str(path)!r} has no rows below the names of columns.")
    separator = max(",;\t", key=header.count)
    names = next(csv.reader([header], delimiter=separator, skipinitialspace=True), [])
    return names, {
        "sep": separator,
        "decimal": "," if separator != "," and "," in rows else ".",
        "encoding": encoding,
        "encoding_errors": "replace",
    }


def _find_columns(names, layout, path):
    """Return the positions of the frame number, the confidence, the success and the points."""
    wanted = ["frame", layout.confidence, *layout.success, *_POINTS]
    missing = [name for name in wanted if name not in names]
    if missing:
        raise ValueError(
            f"{str(path)!r} is not a table of landmarks of {layout.program}: it lacks the columns "
            f"{join_limited(missing)} and has {join_limited([repr(name)[:40] for name in names])}. "
            f"{_advice(names, layout)}."
        )
    if _MORE_POINTS in names:
        raise ValueError(
            f"{str(path)!r} has a column {_MORE_POINTS!r}, so that its points are not the 68 of "
            "the iBUG scheme but others, such as the mesh of py-feat's MPDetector. Use a detector "
            "of the 68 points."
        )
    return [names.index(name) for name in wanted]


def _advice(names, layout):
    for other in (OPENFACE, PY_FEAT):
        if other is not layout and other.confidence in names:
            return f"It looks like one of {other.program}: use the landmarker {other.landmarker}"
    return layout.origin


def _read_columns(path, columns, options):
    """Return the facts about each row, (n_rows, n), and its points, float32 (n_rows, 68, 2)."""
    import pandas as pd

    others, landmarks = columns[: -len(_POINTS)], columns[-len(_POINTS) :]
    facts, points = [], array("f")  # one growing block: parts to be joined would take it twice
    chunks = pd.read_csv(
        path,
        header=None,
        skiprows=1,
        usecols=columns,
        dtype=dict.fromkeys(others, np.float64) | dict.fromkeys(landmarks, np.float32),
        na_values=_UNKNOWN,
        skipinitialspace=True,
        chunksize=_CHUNK,
        **options,
    )
    with chunks:
        for chunk in chunks:
            facts.append(chunk[others].to_numpy())
            block = chunk[landmarks].to_numpy().reshape(-1, 2, 68)
            points.frombytes(block.swapaxes(1, 2).tobytes())
    return np.concatenate(facts), np.frombuffer(points, dtype=np.float32).reshape(-1, 68, 2)


def _image_numbers(frames, layout, path):
    """Return the numbers of the frames from 0, int64; raise an error for other values."""
    usual = (frames >= layout.first) & (frames < _MANY_FRAMES) & (frames % 1 == 0)
    for row in np.flatnonzero(~usual):
        raise ValueError(
            f"{str(path)!r}, line {row + 2}: the frame is {frames[row]:g}, expected a whole number "
            f"from {layout.first} on, as {layout.program} counts."
        )
    return frames.astype(np.int64) - layout.first


def _ordered(table):
    """Return a table whose rows are ordered by image."""
    if (np.diff(table.images) >= 0).all():
        return table
    order = np.argsort(table.images, kind="stable")
    return Table(*(part[order] for part in table))
