"""Sliding-window multi-resolution optical flow: the features of SpotFormer."""

import warnings
from collections import deque
from functools import partial
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from tqdm.auto import tqdm

from skspot.preprocessing._displacements import pair_displacements
from skspot.preprocessing._engines import ENGINE_NAMES, make_engine
from skspot.preprocessing._regions import NODE_SETS
from skspot.utils._cache import cached
from skspot.utils._callables import callable_key
from skspot.utils._parallel import map_videos
from skspot.utils._param_validation import MEMORY, Interval, StrOptions, _fit_context
from skspot.utils.validation import check_videos

# Part of the cache's key: raise it whenever the features change.
_VERSION = 2


class SWMROFlow(TransformerMixin, BaseEstimator):
    """Sliding-window multi-resolution optical flow (SW-MRO) of facial regions.

    For each frame a window of frames is centred on it, and the optical flow is taken from one
    reference frame of the window to all the others: temporal distances from the finest to the
    coarsest, all within a window that is too short for large motion of the head. One crop, placed
    by the landmarks of the earlier frame of a pair, serves both of its pictures, so that jitter of
    landmarks never becomes motion. The flow is averaged over facial regions (nodes) and the motion
    of the head is removed. Frames before the first and after the last repeat the edge frame.

    The transformer is stateless: it needs no `fit`.

    Parameters
    ----------
    window_length : int, default=17
        Frames in a window: an odd number. 17 frames at 30 per second hold a whole micro-expression
        and no whole macro-expression.
    flow : {"farneback", "dis", "lucas-kanade", "tv-l1"} or callable, default="farneback"
        The optical flow engine. A callable takes two uint8 pictures (height, width) and returns the
        displacement of each pixel of the first, shape (height, width, 2). ``"tv-l1"`` needs
        opencv-contrib-python.
    nodes : {"paper", "extended"}, default="paper"
        The regions: the ten of the paper (three on each eyebrow, four on the mouth), or these and
        the nose wings and lower eyelids, fourteen. `node_names` lists them.
    reference : {"centre", "first"}, default="centre"
        The frame of the window from which displacements are measured: the middle one, or the first
        one as in the paper. From the middle one half of the flows suffice, since the flow from
        frame i to i + k serves the windows of both. ``benchmarks/bench_features.py`` compares how
        well both tell expressions.
    head_motion : {"nose", "similarity", None}, default="nose"
        How the head's motion is removed: the mean motion of the nose is subtracted as in the paper,
        or the motion of a similarity transform fitted to the nose and the inner eye corners; None
        leaves it in.
    on_error : {"raise", "warn"}, default="raise"
        What happens when a video can't be read. With "warn" its place in the output holds None, and
        one warning names all such videos.
    memory : str, joblib.Memory or None, default=None
        Where features are cached, for each video on its own.
    n_jobs : int, default=None
        Number of videos worked on at the same time. The result does not depend on it.
    verbose : int, default=0
        Whether to show progress.

    See Also
    --------
    FaceAligner : Makes the aligned videos.
    skspot.neural_network.SpotFormerClassifier : Spots expressions in the features.

    Notes
    -----
    Windows of which more than half of the frames show no face hold NaN, and nothing is spotted in
    them. In other windows the displacement to or from a frame without landmarks is 0.

    In the cache a callable `flow` is known by its own source code and what it pickles to; changes
    in what it calls go unnoticed, so clear the cache after them.

    References
    ----------
    .. [1] Deng, Hayashi, Nagahara, "SpotFormer: Multi-Scale Spatio-Temporal Transformer for Facial
       Expression Spotting", IEEE Transactions on Affective Computing, 2026, section on SW-MRO.
       :doi:`10.1109/TAFFC.2026.3677401`

    Examples
    --------
    >>> from skspot.datasets import make_expression_videos
    >>> from skspot.preprocessing import FaceAligner, SWMROFlow
    >>> data = make_expression_videos(1, videos_per_subject=1, n_frames=60, random_state=0)
    >>> aligned = FaceAligner(landmarker="template").transform(data.videos)
    >>> features = SWMROFlow().transform(aligned)
    >>> features[0].shape, features[0].dtype
    ((60, 16, 10, 2), dtype('float32'))
    """

    _parameter_constraints = {
        "window_length": [Interval(Integral, 3, None, closed="left")],
        "flow": [StrOptions(set(ENGINE_NAMES)), callable],
        "nodes": [StrOptions(set(NODE_SETS))],
        "reference": [StrOptions({"centre", "first"})],
        "head_motion": [StrOptions({"nose", "similarity"}), None],
        "on_error": [StrOptions({"raise", "warn"})],
        "memory": MEMORY,
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        window_length=17,
        *,
        flow="farneback",
        nodes="paper",
        reference="centre",
        head_motion="nose",
        on_error="raise",
        memory=None,
        n_jobs=None,
        verbose=0,
    ):
        self.window_length = window_length
        self.flow = flow
        self.nodes = nodes
        self.reference = reference
        self.head_motion = head_motion
        self.on_error = on_error
        self.memory = memory
        self.n_jobs = n_jobs
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X=None, y=None):
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
        self._check_window()
        return self

    def transform(self, X):
        """Compute the features of each video.

        Parameters
        ----------
        X : collection of AlignedVideo
            What `FaceAligner` returns. None, a video that could not be aligned, stays None.

        Returns
        -------
        features : list of float32 arrays of shape (n_frames, window_length - 1, n_nodes, 2)
            Displacements (dx, dy) in pixels of the normalised face: for each frame and each other
            frame of its window, in temporal order, the motion of each node since the reference
            frame.

        Raises
        ------
        ValueError
            If a parameter is invalid, or a video is shorter than the window.
        TypeError
            If X holds something else than aligned videos.
        """
        self._validate_params()
        self._check_window()
        videos = check_videos(X)
        for i, video in enumerate(videos):
            self._check_video(video, i)
        cacheable = _flow_key(self.flow) is not None
        if self.memory is not None and not cacheable:
            warnings.warn(
                "The features are not cached, because the callable flow can't be pickled or its "
                "source code can't be found. Define it in a module, with def or as a class.",
                stacklevel=2,
            )
        extract = partial(
            _extract,
            memory=self.memory if cacheable else None,
            show=bool(self.verbose) and len(videos) == 1,
            window_length=self.window_length,
            flow=self.flow,
            nodes=self.nodes,
            reference=self.reference,
            head_motion=self.head_motion,
        )
        return map_videos(
            extract,
            videos,
            names=[getattr(video, "name", "") for video in videos],
            action="turned into features",
            n_jobs=self.n_jobs,
            on_error=self.on_error,
            verbose=self.verbose,
        )

    def _check_window(self):
        if self.window_length % 2 == 0:
            raise ValueError(
                f"window_length must be odd, so that a window has a middle frame; got "
                f"{self.window_length}."
            )

    def _check_video(self, video, i):
        if video is None:
            return
        if not hasattr(video, "face_landmarks"):
            raise TypeError(
                f"X[{i}] must be an AlignedVideo, got {type(video).__name__}; put FaceAligner "
                "before SWMROFlow."
            )
        if self.on_error == "raise":  # before work on other videos
            _check_length(video, self.window_length, f"X[{i}] ({video.name})")

    def __sklearn_tags__(self):
        """Tell scikit-learn that the transformer is stateless and takes no 2-D arrays."""
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.no_validation = True
        tags.input_tags.two_d_array = False
        return tags


def _check_length(video, window_length, name):
    if len(video) < window_length:
        raise ValueError(
            f"{name} has {len(video)} frames, fewer than window_length={window_length}; drop the "
            "video or shorten the window."
        )


def _extract(aligned, *, memory, show, flow, **settings):
    """Return the features of one video, from the cache if they are there."""
    _check_length(aligned, settings["window_length"], aligned.name)
    extract = cached(window_displacements, memory, ignore=["aligned", "show", "flow"])
    key = None if memory is None else (aligned.fingerprint, _flow_key(flow), _VERSION)
    return extract(aligned, show, flow, key, **settings)


def _flow_key(flow):
    """Return what an engine's results depend on; None if that can't be told."""
    return callable_key(flow) if callable(flow) else flow


def window_displacements(aligned, show, flow, key, *, window_length, nodes, reference, head_motion):
    """Return the features of one video; `key` stands for it and the engine in the cache.

    `show` is whether to show progress; see `SWMROFlow` for the other parameters.
    """
    max_lag = window_length // 2 if reference == "centre" else window_length - 1
    displacements = pair_displacements(
        aligned, make_engine(flow), max_lag=max_lag, nodes=nodes, head_motion=head_motion
    )
    displacements = tqdm(
        displacements, aligned.name, len(aligned), unit=" frames", disable=not show
    )
    windows = gather_windows(displacements, len(aligned), window_length, reference)
    return _mask_windows(windows, np.asarray(aligned.valid), window_length)


def gather_windows(displacements, n_frames, window_length, reference):
    """Put windows together from displacements of pairs of frames, as they come.

    Parameters
    ----------
    displacements : iterable of arrays of shape (max_lag + 1, n_nodes, 2)
        For each frame, the displacements to the frames `lag` later.
    n_frames : int
        Number of frames.
    window_length : int
        Frames in a window.
    reference : {"centre", "first"}
        The frame of the window from which displacements are measured.

    Returns
    -------
    windows : float32 array of shape (n_frames, window_length - 1, n_nodes, 2)
        Displacements from each window's reference frame to its others. That to an earlier frame is
        the opposite of the motion from there.
    """
    half = window_length // 2
    offsets = np.arange(-half, half + 1)
    origin = 0 if reference == "centre" else -half
    offsets = offsets[offsets != origin]
    windows = None
    recent = deque(maxlen=half + 1)
    for i, displacement in enumerate(displacements):
        recent.append(displacement)
        if windows is None:
            windows = np.empty((n_frames, len(offsets), *displacement.shape[1:]), np.float32)
        reference_frame = max(i + origin, 0)
        for position, frame in enumerate(np.clip(i + offsets, 0, n_frames - 1)):
            first, last = sorted((reference_frame, int(frame)))
            motion = recent[first - i - 1][last - first]
            windows[i, position] = -motion if frame < reference_frame else motion
    return windows


def _mask_windows(windows, valid, window_length):
    """Make windows that mostly show no face NaN, and single unknown displacements of others 0."""
    half = window_length // 2
    padded = np.pad(valid.astype(int), half, mode="edge")
    n_valid = np.convolve(padded, np.ones(window_length, dtype=int), mode="valid")
    for i, window in enumerate(windows):  # not at once: a mask as large as the features
        window[np.isnan(window)] = 0
        if 2 * n_valid[i] < window_length:
            window[:] = np.nan
    return windows
