"""Sliding-window multi-resolution optical flow: the features of SpotFormer."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from numbers import Integral, Real
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, TransformerMixin

from skspot.faces import NODE_SETS
from skspot.preprocessing._extraction import iterate_windows
from skspot.preprocessing._features import FlowFeatures, FlowLayout, frames_per_step
from skspot.preprocessing.flow import ENGINE_NAMES
from skspot.utils._cache import cached
from skspot.utils._callables import callable_key
from skspot.utils._doc_links import DocLinkMixin
from skspot.utils._parallel import map_videos
from skspot.utils._param_validation import MEMORY, Interval, StrOptions, _fit_context
from skspot.utils._typing import (
    HeadMotion,
    MaybeNone,
    Memory,
    Nodes,
    OnError,
    Reference,
    Resolution,
)
from skspot.utils.validation import check_videos
from skspot.video import AlignedVideo

# Part of the cache key: increase it when the features change.
_VERSION = 5


class SWMROFlow(DocLinkMixin, TransformerMixin, BaseEstimator):
    """Sliding-window multi-resolution optical flow (SW-MRO) of facial regions.

    A window of frames is centred on each frame. Optical flow is computed from one reference frame
    of the window to all others: over short and long temporal distances, in a window that is too
    short for large motion of the head. Both frames of a pair are cropped at the same place, by the
    landmarks of the earlier one, and the jitter of landmarks is not measured as motion. The flow is
    averaged over facial regions (nodes), and the motion of the head is removed. The edge frames are
    repeated before the first and after the last frame.

    A window is too short to tell the way to an expression from the way back, and shows nothing
    while an expression is held. The displacement from the neutral face does; it is not part of the
    paper.

    A window spans the same time in videos of any frame rate: 16 steps of 1/30 s. A step is one
    frame at 30 frames per second, two frames at 60 and seven at 200.

    The features of the paper are ``resolutions=("window",)``. The variants in its comparisons are
    parameters, too: a single temporal resolution is ``resolutions=(1,)``, longer windows are
    ``step=4 / 30``.

    The transformer is stateless: it needs no `fit`.

    Parameters
    ----------
    window_length : int, default=17
        Number of frames in a window, odd. At the default `step`, 17 frames span 0.53 s, which
        contains a whole micro-expression, but not a whole macro-expression.
    step : float, default=1/30
        Seconds from one frame of a window to the next. For each video, the closest whole number of
        frames, at least one, is used.
    spacing : int, default=None
        Frames of the video from one frame of a window to the next, independent of its rate. None
        uses `step`.
    resolutions : tuple or list of "window", "neutral" and int, default=("window", "neutral")
        The displacements at each position of a window. Each is a pair of channels (dx, dy), in this
        order:

        - "window": from the window's reference frame to each other one, as in the paper.
        - "neutral": from the neutral face to frame p of the window, which is the middle one at
          position ``window_length // 2``. 0 where it is not known, see Notes.
        - a number k: over a fixed lag of k times `step`, independent of the spacing. Position p is
          midway between the frames p and p + 1 of the window; the pair of frames is centred there,
          or half a frame earlier if whole frames do not allow it. For k = 1, unless `spacing` is
          given, these are the frames p and p + 1 themselves; pairs further apart reach beyond the
          window.

        ``("window", 1)`` adds the motion between neighbouring frames to the features of the paper.
    neutral_span : (float, float), default=(120, 120)
        Seconds before and after a frame in which its neutral face is sought, for the resolution
        "neutral". ``(120, 0)`` uses the past alone, as live film requires.
    flow : {"patches", "farneback", "dis", "lucas-kanade", "tv-l1"} or callable, default="patches"
        The optical flow engine. "patches" aligns overlapping patches of each region. It is the
        fastest and the most precise of them, and follows fast motion of the head (see Notes). The
        others are those of OpenCV; ``"tv-l1"`` needs opencv-contrib-python. A callable takes two
        uint8 pictures (height, width) and returns the displacement of each pixel of the first,
        shape (height, width, 2).
    nodes : {"paper", "extended"}, default="paper"
        The node set: the ten regions of the paper (three on each eyebrow, four on the mouth), or
        fourteen with the nose wings and lower eyelids. `skspot.faces.node_names` lists them.
    reference : {"centre", "first"}, default="centre"
        The frame of the window from which the resolution "window" is measured: the middle one, or
        the first one as in the paper. With the middle one, half of the flows are enough, because
        the flow from frame i to i + k is used in the windows of both.
        ``benchmarks/bench_features.py`` compares both.
    head_motion : {"nose", "similarity", None}, default="nose"
        How the motion of the head is removed: by subtracting the mean motion of the nose, as in the
        paper, or the motion of a similarity transform that is fitted to the nose and the inner eye
        corners. None does not remove it.
    on_error : {"raise", "warn"}, default="raise"
        What to do if the features of a video can't be computed: "raise" raises its error; with
        "warn", its result is None, and one warning at the end names all such videos.
    device : str, default=None
        Device for the engine "patches"; the other engines need None. None is the CPU. With a torch
        device, such as "cuda" or "cuda:1", PyTorch computes batches of frames; videos that are
        processed at the same time (`n_jobs`) share it. The features agree within 0.002 pixels.
    memory : str, joblib.Memory or None, default=None
        Cache of the features of each video.
    n_jobs : int, default=None
        Number of videos that are processed at a time; with more than one, all features are computed
        immediately, see Notes. The result does not depend on it.
    verbose : int, default=0
        Whether to show progress with the time left, on standard error: over the videos, or over
        the frames of a single video. 0 shows nothing.

    See Also
    --------
    FaceAligner : Make the aligned videos.
    skspot.neural_network.SpotFormerClassifier : Spot expressions in the features.

    Notes
    -----
    Features are computed when they are needed. A long video can thus be spotted without keeping its
    features in memory, see `FlowFeatures.blocks`. `transform` computes them immediately if results
    are cached (`memory`), if several videos are processed at a time (`n_jobs`), or if failures are
    collected (`on_error="warn"`).

    If more than half of the frames of a window show no face, its values are NaN, and nothing is
    spotted there. In other windows, the displacement to or from a frame without landmarks is 0.

    The neutral face is the configuration of all nodes that a face takes most often during
    `neutral_span`: a joint mode, because a face that is expressive most of the time has another
    median. Each frame is compared with one picture of the same face (`flow` measures the motion),
    which is renewed every few seconds. The motion of the head is that of a rigid body with the
    depths of a mean face, fitted to the nose and the sides of the eyes. The displacement is
    unknown, and 0 in the features, where no face is seen, the head is turned further than about
    six degrees from its usual pose, or a pose lasted less than a second.

    At the ends of a video, the frames of a pair are clipped to it; a pair of equal frames has the
    displacement 0. A video must be at least as long as a window and the longest lag.

    Most of the time is spent on flow, once for each frame and distinct lag: 8 with "window", one
    more with ``("window", 9)``, a single one with ``(1,)``, and one with "neutral". In addition,
    there is flow from the first and to the last frame of the video. As many frames as the longest
    lag are in memory, and the features of the seconds after a frame in `neutral_span`.

    The engine "patches" covers each region with nine patches of 23 x 23 pixels (at a face of 128)
    and aligns them with the later frames by Gauss-Newton steps from coarse to fine [2]_. The mean
    grey level of a patch may change, so changes of light are not measured as motion; patches that
    do not fit have less weight. It follows motion of up to 20 pixels from one frame to the next.
    The first call after the installation compiles it, which takes some seconds.
    ``benchmarks/features.md`` compares the engines.

    The `device` is not part of the cache key: features that were computed on one device are used on
    another, although they differ by up to 0.002 pixels.

    In the cache, a callable `flow` is identified by its source code and its pickled values. Changes
    in functions that it calls are not noticed: clear the cache after them.

    References
    ----------
    .. [1] Deng, Hayashi, Nagahara, "SpotFormer: Multi-Scale Spatio-Temporal Transformer for Facial
       Expression Spotting", IEEE Transactions on Affective Computing, 2026, section on SW-MRO.
       :doi:`10.1109/TAFFC.2026.3677401`
    .. [2] Baker, Matthews, "Lucas-Kanade 20 Years On: A Unifying Framework", International Journal
       of Computer Vision, 2004. :doi:`10.1023/B:VISI.0000011205.11775.fd`

    Examples
    --------
    >>> from skspot.datasets import make_expression_videos
    >>> from skspot.preprocessing import FaceAligner, SWMROFlow
    >>> data = make_expression_videos(1, videos_per_subject=1, n_frames=60, random_state=0)
    >>> aligned = FaceAligner(landmarker="template").transform(data.videos)
    >>> features = SWMROFlow().transform(aligned)
    >>> features[0].shape, features[0].dtype
    ((60, 16, 10, 4), dtype('float32'))

    The features of the paper:

    >>> SWMROFlow(resolutions=("window",)).transform(aligned)[0].shape
    (60, 16, 10, 2)
    """

    _parameter_constraints = {
        "window_length": [Interval(Integral, 3, None, closed="left")],
        "step": [Interval(Real, 0, None, closed="neither")],
        "spacing": [Interval(Integral, 1, None, closed="left"), None],
        "resolutions": [tuple, list],
        "neutral_span": [tuple, list],
        "flow": [StrOptions(set(ENGINE_NAMES)), callable],
        "nodes": [StrOptions(set(NODE_SETS))],
        "reference": [StrOptions({"centre", "first"})],
        "head_motion": [StrOptions({"nose", "similarity"}), None],
        "on_error": [StrOptions({"raise", "warn"})],
        "device": [str, None],
        "memory": MEMORY,
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        window_length: int = 17,
        *,
        step: float = 1 / 30,
        spacing: int | None = None,
        resolutions: Sequence[Resolution] = ("window", "neutral"),
        neutral_span: tuple[float, float] = (120, 120),
        flow: str | Callable[..., ArrayLike] = "patches",
        nodes: Nodes = "paper",
        reference: Reference = "centre",
        head_motion: HeadMotion | None = "nose",
        on_error: OnError = "raise",
        device: str | None = None,
        memory: Memory = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ):
        self.window_length = window_length
        self.step = step
        self.spacing = spacing
        self.resolutions = resolutions
        self.neutral_span = neutral_span
        self.flow = flow
        self.nodes = nodes
        self.reference = reference
        self.head_motion = head_motion
        self.on_error = on_error
        self.device = device
        self.memory = memory
        self.n_jobs = n_jobs
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: object = None, y: object = None) -> Self:
        """Validate the parameters.

        Parameters
        ----------
        X : Ignored
            Not used.
        y : Ignored
            Not used.

        Returns
        -------
        self : SWMROFlow
            The transformer itself.
        """
        self._check_parameters()
        return self

    def transform(self, X: Collection[AlignedVideo | None]) -> list[FlowFeatures | MaybeNone]:
        """Compute the features of each video.

        Parameters
        ----------
        X : collection of AlignedVideo
            The result of `FaceAligner`. None, a video that could not be aligned, stays None.

        Returns
        -------
        features : list of FlowFeatures of shape (n_frames, window_length - 1, n_nodes, n_channels)
            Displacements (dx, dy) in pixels of the normalised face: for each frame and each
            position of its window, in temporal order, the motion of each node. There are two
            channels for each of `resolutions`; "window" is the motion from the reference frame to
            each other one. The `layout` describes them.

        Raises
        ------
        ValueError
            If a parameter is invalid, or a video is shorter than a window or a lag.
        TypeError
            If X contains anything but aligned videos.
        """
        self._check_parameters()
        videos = check_videos(X)
        for i, video in enumerate(videos):
            if video is not None:
                self._check_video(video, f"X[{i}]")
        key = callable_key(self.flow) if callable(self.flow) else self.flow
        if self.memory is not None and key is None:
            warnings.warn(
                "The features are not cached, because the callable flow can't be pickled or its "
                "source code can't be found. Define it in a module, with def or as a class.",
                stacklevel=2,
            )
        extract = partial(
            _extract,
            flow=self.flow,
            device=self.device,
            key=key,
            memory=self.memory,
            show=bool(self.verbose) and len(videos) == 1,
            at_once=self._computes_at_once(),
        )
        return map_videos(
            extract,
            [None if video is None else (video, self._layout(video)) for video in videos],
            names=[f"X[{i}], {getattr(video, 'name', '')}" for i, video in enumerate(videos)],
            task="feature extraction",
            n_jobs=self.n_jobs,
            on_error=self.on_error,
            verbose=self.verbose,
        )

    def _computes_at_once(self):
        return self.memory is not None or self.n_jobs not in (None, 1) or self.on_error == "warn"

    def _layout(self, video):
        """Return the layout of the features of a video."""
        fps = video.fps
        spacing = self.spacing or frames_per_step(self.step, fps)
        return FlowLayout(
            nodes=self.nodes,
            window_length=self.window_length,
            spacing=spacing,
            resolutions=tuple(self.resolutions),
            neutral_span=tuple(self.neutral_span),
            step=self.step,
            reference=self.reference,
            head_motion=self.head_motion,
            face_size=video.face_size,
            fps=fps,
        )

    def _check_parameters(self):
        self._validate_params()
        self._check_window()
        self._check_resolutions()
        self._check_neutral_span()
        self._check_device()

    def _check_window(self):
        if self.window_length % 2 == 0:
            raise ValueError(
                f"window_length must be odd, so that a window has a middle frame; got "
                f"{self.window_length}."
            )

    def _check_resolutions(self):
        known = [r in ("window", "neutral") or _is_lag(r) for r in self.resolutions]
        if not known or not all(known) or len(set(self.resolutions)) < len(known):
            raise ValueError(
                "resolutions must hold 'window', 'neutral' or lags in steps (int, at least 1), at "
                f"least one and none of them twice; got {self.resolutions!r}."
            )

    def _check_neutral_span(self):
        span = self.neutral_span
        numbers = len(span) == 2 and all(isinstance(seconds, Real) for seconds in span)
        if not numbers or min(span) < 0 or not 1 <= sum(span) < np.inf:
            raise ValueError(
                "neutral_span must be the seconds before and after a frame, not negative and "
                f"together at least 1 s; got {span!r}."
            )

    def _check_device(self):
        if self.device is None:
            return
        if self.flow != "patches":
            raise ValueError(
                f"Only flow='patches' computes on a device; got flow={self.flow!r} and "
                f"device={self.device!r}. Leave device=None, or choose flow='patches'."
            )
        from skspot.preprocessing.flow._patch_alignment_torch import check_device  # it loads torch

        check_device(self.device)

    def _check_video(self, video, name):
        if not isinstance(video, AlignedVideo):
            raise TypeError(
                f"{name} must be an AlignedVideo, got {type(video).__name__}; put FaceAligner "
                "before SWMROFlow."
            )
        if self.on_error == "raise":  # before work on other videos
            _check_length(video, self._layout(video), f"{name} ({video.name})")

    def __sklearn_tags__(self):
        """Tell scikit-learn that the transformer is stateless and takes no 2-D arrays."""
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.no_validation = True
        tags.input_tags.two_d_array = False
        return tags


def _is_lag(resolution):
    return isinstance(resolution, Integral) and not isinstance(resolution, bool) and resolution > 0


def _check_length(video, layout, name):
    if len(video) <= layout.span:
        raise ValueError(
            f"{name} has {len(video)} frames, fewer than window_length={layout.window_length}, "
            f"spacing={layout.spacing} and resolutions={layout.resolutions!r} need "
            f"({layout.span + 1}); drop the video or shorten the window."
        )


def _extract(video_and_layout, *, flow, device, key, memory, show, at_once):
    """Return the features of one video; `key` represents the engine in the cache key."""
    aligned, layout = video_and_layout
    _check_length(aligned, layout, aligned.name)
    video_key = (aligned.fingerprint, key, _VERSION)
    identity = repr((video_key, layout)).encode()
    values = partial(iterate_windows, aligned, layout, flow=flow, device=device, show=show)
    features = FlowFeatures(
        layout,
        aligned.valid,
        aligned.timestamps,
        values,
        aligned.name,
        "" if key is None else blake2b(identity, digest_size=16).hexdigest(),
    )
    if not at_once:
        return features
    compute = cached(
        window_displacements,
        None if key is None else memory,
        ignore=["features"],
    )
    return replace(features, values=compute(features, video_key, layout.to_dict()))


def window_displacements(features, video_key, layout):
    """Return the values of features; the other arguments are their cache key."""
    return np.asarray(features)
