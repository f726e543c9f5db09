"""Spot expressions in videos: `spot`, `SpottingResult` and `BaseSpotter`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from skspot.intervals import CLASSES
from skspot.metrics import interval_f1_score
from skspot.preprocessing import FaceAligner, FlowFeatures
from skspot.utils._parallel import imap_videos
from skspot.utils._typing import IntervalTable, MaybeNone, OnError, VideoLike
from skspot.utils.validation import check_videos
from skspot.video import AlignedVideo, FrameTimes, video_name

if TYPE_CHECKING:
    import pandas as pd

    from skspot.neural_network import FrameScores

__all__ = ["BaseSpotter", "SpottingResult", "spot"]


class BaseSpotter(BaseEstimator):
    """Base class of spotters, whose `predict` returns one interval table per video.

    A derived class defines `fit` and `predict`. The input X has one element for each video, such as
    its features, and y one interval table for each. A spotter can be the last step of a pipeline,
    and works with `spot`, `cross_validate` and `GridSearchCV`.

    Examples
    --------
    >>> import numpy as np
    >>> from skspot import make_intervals
    >>> from skspot.spotting import BaseSpotter
    >>> class BrightSpotter(BaseSpotter):
    ...     def fit(self, X, y):
    ...         self.level_ = np.mean([video.mean() for video in X])
    ...         return self
    ...     def predict(self, X):
    ...         spans = [np.flatnonzero(video > self.level_) for video in X]
    ...         return [make_intervals([(s[0], s[-1], "macro")] if len(s) else []) for s in spans]
    >>> X = [np.r_[np.zeros(20), np.ones(20), np.zeros(20)]]
    >>> y = [make_intervals([(20, 39, "macro")])]
    >>> BrightSpotter().fit(X, y).score(X, y)
    1.0
    """

    def score(
        self, X: Collection[Any], y: Collection[IntervalTable], sample_weight: None = None
    ) -> float:
        """Return the interval F1 score of the predictions, pooled over videos and classes.

        Parameters
        ----------
        X : collection of n_videos elements
            The input of `predict`.
        y : collection of n_videos ndarrays of dtype `INTERVAL_DTYPE`
            The annotated intervals.
        sample_weight : None
            Weights of videos are not supported; the name is needed for metadata routing.

        Returns
        -------
        f1 : float
            `skspot.metrics.interval_f1_score`.

        Raises
        ------
        ValueError
            If weights are given.
        """
        if sample_weight is not None:
            raise ValueError("Interval F1 has no sample weights; leave sample_weight None.")
        return interval_f1_score(y, self.predict(X))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.no_validation = True
        tags.target_tags.required = True
        return tags


@dataclass(frozen=True, eq=False, repr=False)
class SpottingResult:
    """The result for one video: intervals, scores, times, landmarks and features.

    Parameters
    ----------
    video : path, array or AlignedVideo
        The video that was passed.
    intervals : ndarray of dtype `PREDICTION_DTYPE`
        The predicted expressions.
    aligned : AlignedVideo or None, default=None
        The video with its landmarks; None if the spotter has no step that makes it.
    features : FlowFeatures, array or None, default=None
        The input of the spotter. Features that were not kept are computed again when they are used.
        Worker processes (`n_jobs`) do not return them.
    scores : FrameScores or None, default=None
        The scores of each frame, if the spotter has them.
    displacement : array of shape (n_frames, n_nodes, 2) or None, default=None
        How far each node is from its place in the neutral face, in pixels of the normalised face,
        if the features show it.

    Attributes
    ----------
    name : str
        Name of the video in messages.
    times : FrameTimes or None
        The times of its frames; None if unknown.

    See Also
    --------
    spot : Return a result for each video.

    Examples
    --------
    >>> import numpy as np
    >>> from skspot import SpottingResult, make_intervals
    >>> video = np.zeros((90, 120, 160), dtype=np.uint8)
    >>> result = SpottingResult(video, make_intervals([(12, 20, 40, "macro", 0.7)]))
    >>> result
    SpottingResult('array of shape (90, 120, 160)', 1 macro, 0 micro)
    >>> result.to_dataframe()[["onset", "apex", "offset", "label", "score"]]
       onset  apex  offset  label  score
    0     12    20      40  macro    0.7
    """

    video: VideoLike | AlignedVideo
    intervals: IntervalTable
    aligned: AlignedVideo | MaybeNone = None
    features: FlowFeatures | MaybeNone = None
    scores: FrameScores | MaybeNone = None
    displacement: NDArray[np.float32] | MaybeNone = None

    @property
    def name(self) -> str:
        """Name of the video in messages."""
        known = [part.name for part in (self.aligned, self.features) if hasattr(part, "name")]
        return known[0] if known else video_name(self.video)

    @property
    def times(self) -> FrameTimes | MaybeNone:
        """The times of the frames, a `FrameTimes`; None if unknown."""
        for part in (self.aligned, self.features, self.scores):
            times = getattr(part, "times", None)
            if times is not None:
                return times
        return None

    def __reduce__(self) -> tuple[Any, ...]:
        # A worker process would compute the features again only to send them.
        features = self.features
        if isinstance(features, FlowFeatures) and not features.computed:
            features = None
        parts = (self.video, self.intervals, self.aligned, features, self.scores)
        return SpottingResult, (*parts, self.displacement)

    def __repr__(self) -> str:
        counts = [f"{(self.intervals['label'] == label).sum()} {label}" for label in CLASSES]
        length = "" if self.times is None else f", {self.times.duration:.2f} s"
        return f"SpottingResult({self.name!r}{length}, {', '.join(counts)})"

    def to_dataframe(self) -> pd.DataFrame:
        """Return the intervals as a DataFrame, in frames and, if times are known, in seconds.

        Returns
        -------
        table : DataFrame
            The result of `intervals_to_dataframe` for the video: one row for each interval, or a
            single row with the name of the video if there are none.
        """
        from skspot.intervals import intervals_to_dataframe

        timestamps = None if self.times is None else [self.times.timestamps]
        return intervals_to_dataframe([self.intervals], names=[self.name], timestamps=timestamps)


@overload
def spot(
    spotter: Any,
    videos: Collection[VideoLike | AlignedVideo],
    *,
    n_jobs: int | None = None,
    on_error: OnError = "raise",
    verbose: int = 0,
    return_as: Literal["list"] = "list",
) -> list[SpottingResult | MaybeNone]: ...
@overload
def spot(
    spotter: Any,
    videos: Collection[VideoLike | AlignedVideo],
    *,
    n_jobs: int | None = None,
    on_error: OnError = "raise",
    verbose: int = 0,
    return_as: Literal["generator"],
) -> Iterator[SpottingResult | MaybeNone]: ...
def spot(spotter, videos, *, n_jobs=None, on_error="raise", verbose=0, return_as="list"):
    """Spot the expressions of videos, and return a result for each.

    One video at a time is passed through all steps. Memory does not grow with the number of videos
    and, unless features are cached, hardly with their length.

    Parameters
    ----------
    spotter : fitted Pipeline or spotter
        The spotter, such as a pipeline of `FaceAligner`, `SWMROFlow` and `SpotFormerClassifier`,
        for example from `skspot.load`.
    videos : collection of paths, arrays or AlignedVideo
        The videos, as for `predict`. An `AlignedVideo` is not aligned again by a `FaceAligner`.
    n_jobs : int, default=None
        Number of videos processed at a time; None is 1 unless in a `joblib.parallel_config`
        context, -1 all processors. The result does not depend on it.
    on_error : {"raise", "warn"}, default="raise"
        What to do with a video that can't be read or shows no face. With "warn", its result is
        None, and a warning gives the reason.
    verbose : int, default=0
        Whether to show progress over the videos, on standard error.
    return_as : {"list", "generator"}, default="list"
        A generator yields each result as soon as it is ready, in the order of the videos.

    Returns
    -------
    results : list or generator of SpottingResult
        One for each video.

    Raises
    ------
    TypeError
        If `videos` is not a collection, or `spotter` has no `predict`.
    NotFittedError
        If the spotter is not fitted.
    ValueError
        If an option is invalid.

    Examples
    --------
    >>> import skspot
    >>> from skspot.datasets import make_expression_videos
    >>> from skspot.recipes import spotformer
    >>> data = make_expression_videos(2, videos_per_subject=1, n_frames=90, random_state=4)
    >>> spotter = spotformer("template", random_state=0).set_params(spot__max_epochs=1)
    >>> (result,) = skspot.spot(spotter.fit(data.videos, data.intervals), data.videos[:1])
    >>> result.times.duration, len(result.scores), result.intervals.dtype.names
    (3.0, 90, ('onset', 'apex', 'offset', 'label', 'score'))
    """
    if on_error not in ("raise", "warn"):
        raise ValueError(f"on_error must be 'raise' or 'warn', got {on_error!r}.")
    if return_as not in ("list", "generator"):
        raise ValueError(f"return_as must be 'list' or 'generator', got {return_as!r}.")
    if not hasattr(spotter, "predict"):
        raise TypeError(
            f"spotter must be a fitted spotter or a Pipeline that ends with one, got "
            f"{type(spotter).__name__}, which has no predict."
        )
    videos = check_videos(videos, "videos")
    results = imap_videos(
        partial(_spot_video, spotter),
        videos,
        names=[f"videos[{i}], {video_name(video)}" for i, video in enumerate(videos)],
        task="spotting",
        n_jobs=n_jobs,
        on_error=on_error,
        verbose=verbose,
    )
    return results if return_as == "generator" else list(results)


def _spot_video(spotter, video):
    """Return the result for one video."""
    *transformers, last = (step for _, step in getattr(spotter, "steps", [("", spotter)]))
    aligned = video if isinstance(video, AlignedVideo) else None
    data = video
    for step in transformers:
        if step == "passthrough" or (isinstance(step, FaceAligner) and aligned is not None):
            continue
        (data,) = step.transform([data])
        if data is None:
            raise ValueError("It could not be read or shows no face, as the warning before says.")
        if isinstance(data, AlignedVideo):
            aligned = data
    made = data is not aligned and data is not video
    features = data if made or isinstance(data, FlowFeatures) else None
    if not hasattr(last, "predict_scores"):
        intervals, scores = last.predict([data])[0], None
    else:
        (scores,) = last.predict_scores([data])
        intervals = last.decode(scores)
    displacement = None
    if isinstance(data, FlowFeatures) and data.shows_neutral:
        displacement = data.displacement_from_neutral()
    return SpottingResult(video, intervals, aligned, features, scores, displacement)
