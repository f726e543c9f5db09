"""What a report shows of the face in each interval: pictures, or a drawing of its motion."""

from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from skspot.reporting._magnification import (
    FACE_PIXELS,
    FACTORS,
    exaggerated,
    face_motion,
    face_view,
    held_still,
    largest_factor,
    motion_at,
    moved,
    warped,
)
from skspot.utils._parallel import one_opencv_thread

_MOMENTS = ("onset", "apex", "offset")
_QUALITY = 75  # of the JPEG pictures


@dataclass
class IntervalFace:
    """What is shown of the face in one interval.

    Attributes
    ----------
    pictures : dict of bytes
        JPEG pictures of the onset, apex and offset, and of the apex "exaggerated"; empty if faces
        are left out.
    outline : list of two float arrays of shape (68, 2)
        Landmarks at the onset, and at the apex with their motion exaggerated, in pixels of the
        pictures; empty if faces are shown, or if there is no motion to show.
    factor, wanted : float
        How many times the motion is exaggerated, and how many times it would be if it were small.
    unseen : list of str
        The moments without a face.
    """

    pictures: dict = field(default_factory=dict)
    outline: list = field(default_factory=list)
    factor: float = 1.0
    wanted: float = 1.0
    unseen: list = field(default_factory=list)


def interval_faces(aligned, table, *, show):
    """Return what is shown of the face in each interval.

    The frames are decoded once and up to the last interval; those of an interval are held until
    its offset.

    Parameters
    ----------
    aligned : AlignedVideo
        The video.
    table : interval table
        Its intervals.
    show : {"pictures", "outline"}
        Whether to show the face itself, or only how its landmarks move.

    Returns
    -------
    faces : list of IntervalFace
        One per row of the table.
    """
    video = replace(aligned, face_size=FACE_PIXELS)
    scale, shift = video.face_transform
    rows = [
        _Row(interval, {k: video.landmarks[interval[k]] * scale + shift for k in _MOMENTS})
        for interval in table
    ]
    wanted = defaultdict(list)
    for row in rows:
        for frame in row.frames.values():
            wanted[frame].append(row)
    faces = {}
    last = max(wanted, default=-1)
    with one_opencv_thread(), closing(iter(video)) as frames:
        for number, frame in zip(range(last + 1), frames):
            for row in dict.fromkeys(wanted.get(number, ())):
                row.see(number, frame)
                if number == row.last:
                    faces[row] = _RESULTS[show](row)
                    row.seen.clear()
    return [faces.get(row, IntervalFace(unseen=row.unseen)) for row in rows]


class _Row:
    """An interval of which pictures are taken, all with the head where it is in the first one.

    `points` are the landmarks at onset, apex and offset, in pixels of the frames.
    """

    def __init__(self, interval, points):
        self.label = str(interval["label"])
        self.frames = {k: int(interval[k]) for k in _MOMENTS if np.isfinite(points[k]).all()}
        self.unseen = [k for k in _MOMENTS if k not in self.frames]
        self.last = max(self.frames.values(), default=-1)
        self.seen = {}  # pictures by moment
        if self.frames:
            reference = points[next(iter(self.frames))]
            view = face_view(reference)
            self.landmarks = moved(reference, view)
            self.views = {k: held_still(view, points[k], reference) for k in self.frames}

    def see(self, number, frame):
        """Keep the picture of a frame."""
        for moment, wanted in self.frames.items():
            if wanted == number:
                self.seen[moment] = warped(frame, self.views[moment])

    @property
    def moves(self):
        """Whether there is a motion from an onset to an apex."""
        both = "onset" in self.frames and "apex" in self.frames
        return both and self.frames["onset"] < self.frames["apex"]

    def apex_motion(self):
        """Return the picture at the apex with the head held still, its motion, and the factor."""
        apex, motion = face_motion(self.seen["onset"], self.seen["apex"], self.landmarks)
        return apex, motion, largest_factor(motion, FACTORS[self.label])


def _pictures(row):
    """Return the pictures of a row."""
    face = IntervalFace(wanted=FACTORS[row.label], unseen=row.unseen)
    reference, *others = row.seen
    pictures = {reference: row.seen[reference]}
    for moment in others:
        pictures[moment], _ = face_motion(row.seen[reference], row.seen[moment], row.landmarks)
    if row.moves:
        apex, motion, face.factor = row.apex_motion()
        pictures["exaggerated"] = exaggerated(apex, motion, face.factor)
    face.pictures = {moment: _jpeg(picture) for moment, picture in pictures.items()}
    return face


def _outline(row):
    """Return the landmarks of a row and their motion; no picture."""
    face = IntervalFace(wanted=FACTORS[row.label], unseen=row.unseen)
    if row.moves:
        _, motion, face.factor = row.apex_motion()
        face.outline = [
            row.landmarks,
            row.landmarks + face.factor * motion_at(motion, row.landmarks),
        ]
    return face


_RESULTS = {"pictures": _pictures, "outline": _outline}


def _jpeg(picture):
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return data.tobytes()
