"""The report on one video."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skspot.intervals import CLASSES, check_intervals
from skspot.reporting._faces import IntervalFace
from skspot.reporting._page import render, write
from skspot.reporting._settings import package_versions, step_settings
from skspot.reporting._timeline import (
    displacement_curves,
    make_timeline,
    packed_frames,
    score_curves,
)
from skspot.reporting._view_model import (
    annotated_details,
    interval_details,
    quality_problems,
)
from skspot.spotting import SpottingResult, spot
from skspot.utils._typing import FilePath, IntervalTable, VideoLike
from skspot.utils.validation import check_frame_scores, check_n_frames
from skspot.video import AlignedVideo, FrameTimes, VideoQuality, measure_quality

if TYPE_CHECKING:
    from skspot.neural_network import FrameScores


class VideoReport:
    """Report on one video: a single HTML file that needs neither a network nor skspot.

    Make one with `from_estimator`, `from_result` or `from_predictions`. It shows an interactive
    timeline; for each interval the face at onset, apex and offset, and the apex with its motion
    exaggerated; scores and times; how well the video suits spotting; parameters and versions. It
    can be used with the keyboard, read without JavaScript, and printed. A notebook displays it.

    Parameters
    ----------
    true : ndarray of dtype `INTERVAL_DTYPE` or None
        The annotated intervals; None if they are not known.
    predicted : ndarray of dtype `PREDICTION_DTYPE` or `INTERVAL_DTYPE`
        The predicted intervals, in order of onsets.
    times : FrameTimes
        When the frames are shown.
    quality : VideoQuality
        How well the video suits spotting.
    faces : list of IntervalFace
        What is shown of the face, for each predicted interval.
    scores : FrameScores or structured array of shape (n_frames,), default=None
        What `SpotFormerClassifier.predict_scores` returns for the video.
    displacement : array of shape (n_frames, n_nodes, 2), default=None
        What `FlowFeatures.displacement_from_neutral` returns for the video.
    settings : list, default=()
        The steps and their parameters.
    name : str, default=""
        Name of the video.
    title : str, default=None
        Title of the page; by default it names the video.
    model : str, default=None
        Name of the model file.
    made : datetime, default=None
        When the report was made; None is now.

    See Also
    --------
    write_report_index : Writes a page that lists the reports on many videos.
    SpottingDisplay : The timeline as a picture.

    Notes
    -----
    The pictures are grey, as the features see the video. Those of one interval are turned, shifted
    and scaled so that nose and corners of the eyes stay where they are at the onset. Then the
    motion from onset to apex is measured at each pixel by dense optical flow, what is left of the
    motion of the head is removed, and the apex is warped until the motion of the skin is 3 times
    (macro) or 8 times (micro) as large. Motion that is large by itself is exaggerated less, so that
    the face is not torn; the caption gives the factor. Whatever the similarity transform can't hold
    still is exaggerated as well: nods, turns to the side, blinks, a hand before the face.

    With ``faces=False`` no pixel of the face is in the file; a drawing of the landmarks shows the
    same motion. It still has the shape of the face, so that it is not strictly anonymous.

    Examples
    --------
    >>> from skspot import make_intervals
    >>> from skspot.datasets import make_expression_videos
    >>> from skspot.reporting import VideoReport
    >>> from skspot.preprocessing import FaceAligner
    >>> data = make_expression_videos(1, videos_per_subject=1, n_frames=90, random_state=0)
    >>> (aligned,) = FaceAligner("template").transform(data.videos)
    >>> predicted = make_intervals([(20, 30, 45, "macro", 0.8)])
    >>> report = VideoReport.from_predictions(None, predicted, aligned=aligned, title="Interview")
    >>> report
    VideoReport('Interview', n_frames=90, macro=1, micro=0)
    >>> report.to_html()[:15]
    '<!DOCTYPE html>'
    """

    def __init__(
        self,
        true: IntervalTable | None,
        predicted: IntervalTable,
        *,
        times: FrameTimes,
        quality: VideoQuality,
        faces: Sequence[IntervalFace],
        scores: FrameScores | NDArray[np.void] | None = None,
        displacement: ArrayLike | None = None,
        settings: Sequence[Any] = (),
        name: str = "",
        title: str | None = None,
        model: FilePath | None = None,
        made: datetime | None = None,
    ):
        self.true = true
        self.predicted = predicted
        self.times = times
        self.quality = quality
        self.faces = faces
        self.scores = scores
        self.displacement = displacement
        self.settings = settings
        self.name = name
        self.title = title
        self.model = model
        self.made = made

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        video: VideoLike | AlignedVideo,
        y_true: IntervalTable | None = None,
        *,
        faces: bool = True,
        title: str | None = None,
        model: FilePath | None = None,
        made: datetime | None = None,
    ) -> Self:
        """Spot the expressions of a video and report on them.

        Parameters
        ----------
        estimator : fitted Pipeline or spotter
            What `skspot.spot` takes.
        video : path, array or AlignedVideo
            One video, of the kind that the estimator takes.
        y_true : ndarray of dtype `INTERVAL_DTYPE`, default=None
            The annotated intervals, if they are known.
        faces : bool, default=True
            Whether to show the face; otherwise a drawing shows how its landmarks move.
        title : str, default=None
            Title of the page; by default it names the video.
        model : str or path-like, default=None
            The model file, whose name is shown.
        made : datetime, default=None
            When the report was made; None is now.

        Returns
        -------
        report : VideoReport
            The report.

        Raises
        ------
        TypeError
            If the estimator does not predict, or no step of it makes an aligned video.
        ValueError
            If an annotated interval is not valid, or reaches beyond the video.
        """
        _check_options(faces, made)  # before any work
        (result,) = spot(estimator, [video])
        return cls.from_result(
            result,
            y_true,
            estimator=estimator,
            faces=faces,
            title=title,
            model=model,
            made=made,
        )

    @classmethod
    def from_result(
        cls,
        result: SpottingResult,
        y_true: IntervalTable | None = None,
        *,
        estimator: Any = None,
        faces: bool = True,
        title: str | None = None,
        model: FilePath | None = None,
        made: datetime | None = None,
    ) -> Self:
        """Report on what `skspot.spot` returned for a video.

        Parameters
        ----------
        result : SpottingResult
            The result for the video.
        y_true : ndarray of dtype `INTERVAL_DTYPE`, default=None
            The annotated intervals, if they are known.
        estimator, faces, title, model, made : object
            As for `from_predictions`.

        Returns
        -------
        report : VideoReport
            The report.

        Raises
        ------
        TypeError
            If the result has no aligned video.
        ValueError
            If an annotated interval is not valid, or reaches beyond the video.
        """
        return cls.from_predictions(
            y_true,
            result.intervals,
            aligned=result.aligned,
            scores=result.scores,
            displacement=result.displacement,
            estimator=estimator,
            faces=faces,
            title=title,
            model=model,
            made=made,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: IntervalTable | None,
        y_pred: IntervalTable,
        *,
        aligned: AlignedVideo,
        scores: FrameScores | NDArray[np.void] | None = None,
        displacement: ArrayLike | None = None,
        estimator: Any = None,
        faces: bool = True,
        title: str | None = None,
        model: FilePath | None = None,
        made: datetime | None = None,
    ) -> Self:
        """Report on intervals that are known already.

        Parameters
        ----------
        y_true : ndarray of dtype `INTERVAL_DTYPE` or None
            The annotated intervals of the video; None if they are not known.
        y_pred : ndarray of dtype `PREDICTION_DTYPE` or `INTERVAL_DTYPE`
            The predicted intervals.
        aligned : AlignedVideo
            The video with its landmarks; its frames are decoded once, for the pictures.
        scores : FrameScores or structured array of shape (n_frames,), default=None
            What `SpotFormerClassifier.predict_scores` returns for the video.
        displacement : array of shape (n_frames, n_nodes, 2), default=None
            What `FlowFeatures.displacement_from_neutral` returns for the video.
        estimator : estimator or Pipeline, default=None
            What spotted them; its parameters are shown.
        faces : bool, default=True
            Whether to show the face; otherwise a drawing shows how its landmarks move.
        title : str, default=None
            Title of the page; by default it names the video.
        model : str or path-like, default=None
            The model file, whose name is shown.
        made : datetime, default=None
            When the report was made; None is now.

        Returns
        -------
        report : VideoReport
            The report.

        Raises
        ------
        TypeError
            If `aligned` is not an aligned video, `y_true` or `y_pred` is not an interval table,
            the scores are of another kind, `faces` is not a bool, or `made` is not a datetime.
        ValueError
            If an interval is not valid or reaches beyond the video, or the scores are of another
            length.
        """
        from skspot.reporting._faces import interval_faces

        if not hasattr(aligned, "face_landmarks"):
            raise TypeError(
                f"VideoReport needs an AlignedVideo, got {type(aligned).__name__}; FaceAligner "
                "makes one from a video, also as a step of a Pipeline."
            )
        _check_options(faces, made)
        _check(y_true, y_pred, scores, displacement, aligned)
        predicted = y_pred[np.argsort(y_pred["onset"], kind="stable")]
        return cls(
            y_true,
            predicted,
            times=aligned.times,
            quality=measure_quality(aligned),
            faces=interval_faces(aligned, predicted, show="pictures" if faces else "outline"),
            scores=scores,
            displacement=displacement,
            settings=() if estimator is None else step_settings(estimator),
            name=aligned.name,
            title=title,
            model=None if model is None else Path(model).name,
            made=made or datetime.now(),
        )

    def to_html(self) -> str:
        """Return the page.

        Returns
        -------
        html : str
            The whole file.
        """
        curves = [] if self.displacement is None else [displacement_curves(self.displacement)]
        if self.scores is not None:
            curves += score_curves(self.scores)
        return render(
            "page.html",
            script="script.js",
            report=self,
            heading=self._heading,
            details=interval_details(self),
            annotated=annotated_details(self),
            problems=quality_problems(self.quality),
            timeline=make_timeline(
                self.true,
                self.predicted,
                times=self.times,
                gaps=self.quality.without_face,
                curves=curves,
            ),
            frames=packed_frames(self.times, self.scores, curves),
            summary=self.summary(),
            versions=package_versions(),
        )

    def save(self, path: FilePath) -> None:
        """Write the page to a file.

        Parameters
        ----------
        path : str or path-like
            The file; an existing one is replaced.
        """
        write(path, self.to_html())

    def summary(self) -> dict[str, Any]:
        """Return what an index page shows of the video.

        Returns
        -------
        summary : dict
            `name`; `duration` in seconds; the counts `macro` and `micro`, with `macro_per_minute`
            and `micro_per_minute`, of the time with a face, None if there is none; `without_face`,
            the share of frames without a face; `n_problems`, the number of problems of the video
            that may affect the result.
        """
        minutes = self.quality.face_duration / 60
        summary = {"name": self.name, "duration": self.quality.duration}
        for label in CLASSES:
            summary[label] = int((self.predicted["label"] == label).sum())
            summary[f"{label}_per_minute"] = summary[label] / minutes if minutes else None
        summary["without_face"] = self.quality.n_without_face / self.quality.n_frames
        summary["n_problems"] = len(quality_problems(self.quality))
        return summary

    @property
    def _heading(self):
        return self.title or f"Expressions in {self.name}"

    def __repr__(self) -> str:
        summary = self.summary()
        counts = ", ".join(f"{label}={summary[label]}" for label in CLASSES)
        return f"VideoReport({self.title or self.name!r}, n_frames={len(self.times)}, {counts})"

    def _repr_html_(self):
        return (
            f'<iframe title="{escape(self._heading)}" sandbox="allow-scripts" width="100%" '
            f'height="800" srcdoc="{escape(self.to_html())}"></iframe>'
        )


def _check_options(faces, made):
    if not isinstance(faces, (bool, np.bool_)):  # "no" would show faces
        raise TypeError(f"faces must be True or False, got {faces!r}.")
    if not isinstance(made, (datetime, type(None))):
        raise TypeError(f"made must be a datetime or None, got {made!r}.")


def _check(y_true, y_pred, scores, displacement, aligned):
    """Refuse what does not belong to the video."""
    for table, what in ((y_true, "y_true"), (y_pred, "y_pred")):
        if table is not None or what == "y_pred":
            check_intervals(table, n_frames=len(aligned), allow_overlap=True, name=what)
    if scores is not None:
        check_frame_scores(scores, len(aligned), of=aligned.name)
    if displacement is not None:
        check_n_frames(displacement, len(aligned), name="displacement", of=aligned.name)
