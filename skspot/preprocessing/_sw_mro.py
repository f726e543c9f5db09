"""Sliding-window multi-resolution optical flow: the features of SpotFormer."""

import warnings
from functools import partial
from itertools import chain, islice, repeat
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from skspot.faces import NODE_SETS
from skspot.preprocessing.flow._displacements import batched_displacements, pair_displacements
from skspot.preprocessing.flow._engines import ENGINE_NAMES, make_engine
from skspot.utils._cache import cached
from skspot.utils._callables import callable_key
from skspot.utils._doc_links import DocLinkMixin
from skspot.utils._parallel import map_videos, one_opencv_thread
from skspot.utils._param_validation import MEMORY, Interval, StrOptions, _fit_context
from skspot.utils._progress import progress_bar
from skspot.utils.validation import check_videos

# Part of the cache's key: raise it whenever the features change.
_VERSION = 2


class SWMROFlow(DocLinkMixin, TransformerMixin, BaseEstimator):
    """Sliding-window multi-resolution optical flow (SW-MRO) of facial regions.

    For each frame a window of frames is centred on it, and the optical flow is taken from one
    reference frame of the window to all the others: temporal distances from the finest to the
    coarsest, all within a window that is too short for large motion of the head. One crop, placed
    by the landmarks of the earlier frame of a pair, serves both of its pictures, so that jitter of
    landmarks never becomes motion. The flow is averaged over facial regions (nodes) and the motion
    of the head is removed. Frames before the first and after the last repeat the edge frame.

    What the paper compares this with are parameters: one temporal resolution is
    ``resolutions=(1,)``, and flow over longer windows is ``spacing=4``.

    The transformer is stateless: it needs no `fit`.

    Parameters
    ----------
    window_length : int, default=17
        Frames in a window: an odd number. 17 frames at 30 per second hold a whole micro-expression
        and no whole macro-expression.
    spacing : int, default=1
        Frames of the video from one frame of a window to the next. With 4, the 17 frames of a
        window span 65 of the video, and temporal distances are multiples of 4.
    resolutions : tuple or list of "window" and int, default=("window",)
        The displacements at each position of a window, every one a pair of channels (dx, dy), in
        this order:

        - "window": from the window's reference frame to each other one, as in the paper.
        - a number k: over a fixed lag of k frames of the video, whatever the spacing. Position p is
          midway between the window's frames p and p + 1; the pair of frames is centred there, or
          half a frame earlier where whole frames do not allow it. For k = `spacing` these are the
          frames p and p + 1 themselves; pairs further apart reach beyond the window.

        ``("window", 1)`` adds the motion between neighbouring frames to the features of the paper.
    flow : {"patches", "farneback", "dis", "lucas-kanade", "tv-l1"} or callable, default="patches"
        The optical flow engine. "patches" aligns overlapping patches of each region; it is the
        fastest, the most exact here, and follows fast motion of the head (see Notes). The others
        are those of OpenCV; ``"tv-l1"`` needs opencv-contrib-python. A callable takes two uint8
        pictures (height, width) and returns the displacement of each pixel of the first, shape
        (height, width, 2).
    nodes : {"paper", "extended"}, default="paper"
        The regions: the ten of the paper (three on each eyebrow, four on the mouth), or these and
        the nose wings and lower eyelids, fourteen. `node_names` lists them.
    reference : {"centre", "first"}, default="centre"
        The frame of the window from which the resolution "window" is measured: the middle one, or
        the first one as in the paper. From the middle one half of the flows suffice, since the flow
        from frame i to i + k serves the windows of both. ``benchmarks/bench_features.py`` compares
        how well both tell expressions.
    head_motion : {"nose", "similarity", None}, default="nose"
        How the head's motion is removed: the mean motion of the nose is subtracted as in the paper,
        or the motion of a similarity transform fitted to the nose and the inner eye corners; None
        leaves it in.
    on_error : {"raise", "warn"}, default="raise"
        What happens when a video can't be read. With "warn" its place in the output holds None, and
        one warning names all such videos.
    device : str, default=None
        Where the engine "patches" computes; the other engines need None. None is the processor,
        one frame after the other, which is the fastest way there. A torch device, such as "cuda"
        or "cuda:1", computes with PyTorch, in batches of frames; videos worked on at the same time
        (`n_jobs`) share it. The features are the same within 0.002 pixels, not to the last bit.
    memory : str, joblib.Memory or None, default=None
        Where features are cached, for each video on its own.
    n_jobs : int, default=None
        Number of videos worked on at the same time. The result does not depend on it.
    verbose : int, default=0
        Whether to show progress with the time left, on standard error: over the videos, or over
        the frames of a single video. 0 shows nothing.

    See Also
    --------
    FaceAligner : Makes the aligned videos.
    skspot.neural_network.SpotFormerClassifier : Spots expressions in the features.

    Notes
    -----
    Windows of which more than half of the frames show no face hold NaN, and nothing is spotted in
    them. In other windows the displacement to or from a frame without landmarks is 0.

    At the ends of a video a pair of frames is cut to it: that of a frame with itself has the
    displacement 0. A video must hold a whole window and the longest lag.

    The time goes into flow, one for each frame and distinct lag: 8 for the defaults, one more for
    ``("window", 9)``, a single one for ``(1,)``. Flow from the first and to the last frame of the
    video comes on top, and frames as many as the longest lag are held.

    The engine "patches" covers each region with nine patches of 23 x 23 pixels (at a face of 128)
    and aligns them with the later frames by Gauss-Newton steps from coarse to fine [2]_. The mean
    grey level of a patch is free, so that changes of light are no motion; patches that do not fit
    count less. From one frame to the next it follows motion of up to 20 pixels. Its first call
    after the installation compiles it, which takes some seconds. ``benchmarks/features.md``
    compares the engines.

    The `device` is no part of the cache's key: features that were computed on one device are taken
    from the cache on another, although they differ by up to 0.002 pixels.

    In the cache a callable `flow` is known by its own source code and what it pickles to; changes
    in what it calls go unnoticed, so clear the cache after them.

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
    ((60, 16, 10, 2), dtype('float32'))

    The motion between neighbouring frames as two more channels:

    >>> SWMROFlow(resolutions=("window", 1)).transform(aligned)[0].shape
    (60, 16, 10, 4)
    """

    _parameter_constraints = {
        "window_length": [Interval(Integral, 3, None, closed="left")],
        "spacing": [Interval(Integral, 1, None, closed="left")],
        "resolutions": [tuple, list],
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
        window_length=17,
        *,
        spacing=1,
        resolutions=("window",),
        flow="patches",
        nodes="paper",
        reference="centre",
        head_motion="nose",
        on_error="raise",
        device=None,
        memory=None,
        n_jobs=None,
        verbose=0,
    ):
        self.window_length = window_length
        self.spacing = spacing
        self.resolutions = resolutions
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
        self._check_parameters()
        return self

    def transform(self, X):
        """Compute the features of each video.

        Parameters
        ----------
        X : collection of AlignedVideo
            What `FaceAligner` returns. None, a video that could not be aligned, stays None.

        Returns
        -------
        features : list of float32 arrays (n_frames, window_length - 1, n_nodes, n_channels)
            Displacements (dx, dy) in pixels of the normalised face: for each frame and each
            position of its window, in temporal order, the motion of each node. Two channels for
            each of `resolutions`; "window" is the motion from the reference frame to each other.

        Raises
        ------
        ValueError
            If a parameter is invalid, or a video is shorter than a window or a lag.
        TypeError
            If X holds something else than aligned videos.
        """
        self._check_parameters()
        videos = check_videos(X)
        for i, video in enumerate(videos):
            if video is not None:
                self._check_video(video, f"X[{i}]", check_length=self.on_error == "raise")
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
            device=self.device,
            **self._settings(),
        )
        return map_videos(
            extract,
            videos,
            names=[f"X[{i}], {getattr(video, 'name', '')}" for i, video in enumerate(videos)],
            task="feature extraction",
            n_jobs=self.n_jobs,
            on_error=self.on_error,
            verbose=self.verbose,
        )

    def stream(self, video, block_length=1024):
        """Compute the features of one video a block at a time.

        For long videos: neither frames nor features are ever all in memory. The features are those
        that `transform` gives; nothing is cached. With a `device`, whole batches of frames are
        read ahead.

        Parameters
        ----------
        video : AlignedVideo
            One element of what `FaceAligner` returns.
        block_length : int, default=1024
            Frames in a block; the last one may be shorter.

        Returns
        -------
        blocks : iterator of float32 arrays (n_frames, window_length - 1, n_nodes, n_channels)
            The features of the next frames each, see `transform`.

        Raises
        ------
        ValueError
            If a parameter is invalid, or the video is shorter than a window or a lag.
        TypeError
            If `video` is no aligned video.

        Examples
        --------
        >>> from skspot.datasets import make_expression_videos
        >>> from skspot.preprocessing import FaceAligner, SWMROFlow
        >>> data = make_expression_videos(1, videos_per_subject=1, n_frames=60, random_state=0)
        >>> aligned = FaceAligner(landmarker="template").transform(data.videos)
        >>> [block.shape for block in SWMROFlow().stream(aligned[0], block_length=40)]
        [(40, 16, 10, 2), (20, 16, 10, 2)]
        """
        self._check_parameters()
        if not (isinstance(block_length, Integral) and block_length > 0):
            raise ValueError(
                f"block_length must be a whole number of frames, at least 1; got {block_length!r}."
            )
        self._check_video(video, "video", check_length=True)
        return _blocks(
            video, block_length, show=bool(self.verbose), device=self.device, **self._settings()
        )

    def _settings(self):
        """Return the parameters on which the features depend."""
        names = (
            "window_length",
            "spacing",
            "resolutions",
            "flow",
            "nodes",
            "reference",
            "head_motion",
        )
        settings = {name: getattr(self, name) for name in names}
        return {**settings, "resolutions": tuple(self.resolutions)}

    def _check_parameters(self):
        self._validate_params()
        self._check_window()
        self._check_resolutions()
        self._check_device()

    def _check_window(self):
        if self.window_length % 2 == 0:
            raise ValueError(
                f"window_length must be odd, so that a window has a middle frame; got "
                f"{self.window_length}."
            )

    def _check_resolutions(self):
        known = [r == "window" or _is_lag(r) for r in self.resolutions]
        if not known or not all(known) or len(set(self.resolutions)) < len(known):
            raise ValueError(
                "resolutions must hold 'window' or lags in frames (int, at least 1), at least one "
                f"and none of them twice; got {self.resolutions!r}."
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

    def _check_video(self, video, name, *, check_length):
        if not hasattr(video, "face_landmarks"):
            raise TypeError(
                f"{name} must be an AlignedVideo, got {type(video).__name__}; put FaceAligner "
                "before SWMROFlow."
            )
        if check_length:  # before work on other videos
            _check_length(video, f"{name} ({video.name})", **self.get_params(deep=False))

    def __sklearn_tags__(self):
        """Tell scikit-learn that the transformer is stateless and takes no 2-D arrays."""
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.no_validation = True
        tags.input_tags.two_d_array = False
        return tags


def _is_lag(resolution):
    return isinstance(resolution, Integral) and not isinstance(resolution, bool) and resolution > 0


def _check_length(video, name, *, window_length, spacing, resolutions, **_):
    longest = max([(window_length - 1) * spacing, *(r for r in resolutions if r != "window")])
    if len(video) <= longest:
        raise ValueError(
            f"{name} has {len(video)} frames, fewer than window_length={window_length}, "
            f"spacing={spacing} and resolutions={resolutions!r} need ({longest + 1}); drop the "
            "video or shorten the window."
        )


def _extract(aligned, *, memory, show, flow, device, **settings):
    """Return the features of one video, from the cache if they are there."""
    _check_length(aligned, aligned.name, **settings)
    extract = cached(window_displacements, memory, ignore=["aligned", "show", "flow", "device"])
    key = None if memory is None else (aligned.fingerprint, _flow_key(flow), _VERSION)
    return extract(aligned, show, flow, device, key, **settings)


def _blocks(aligned, block_length, *, show, flow, device, **settings):
    """Yield the features of one video, `block_length` frames at a time."""
    windows = _iterate_windows(aligned, show, flow, device, **settings)
    while True:
        with one_opencv_thread():
            block = list(islice(windows, block_length))
        if not block:
            return
        yield np.stack(block)


def _flow_key(flow):
    """Return what an engine's results depend on; None if that can't be told."""
    return callable_key(flow) if callable(flow) else flow


def window_displacements(aligned, show, flow, device, key, **settings):
    """Return the features of one video; `key` stands for it and the engine in the cache.

    `show` is whether to show progress; see `SWMROFlow` for the other parameters.
    """
    features = None
    for i, window in enumerate(_iterate_windows(aligned, show, flow, device, **settings)):
        if features is None:
            features = np.empty((len(aligned), *window.shape), dtype=np.float32)
        features[i] = window
    return features


def _iterate_windows(
    aligned, show, flow, device, *, window_length, spacing, resolutions, reference, **settings
):
    """Yield the features of each frame; see `window_displacements` for the parameters."""
    pairs = window_pairs(window_length, spacing, resolutions, reference)
    lags = tuple(np.unique(np.abs(np.diff(pairs))).tolist())
    if device is None:
        displacements = pair_displacements(aligned, make_engine(flow), lags=lags, **settings)
    else:
        displacements = batched_displacements(aligned, device, lags=lags, **settings)
    displacements = progress_bar(
        displacements,
        desc=f"{aligned.name}, frames turned into features",
        unit="frame",
        total=len(aligned),
        shown=show,
    )
    n_valid = _valid_in_window(np.asarray(aligned.valid), window_length, spacing)
    for i, window in enumerate(gather_windows(displacements, len(aligned), pairs)):
        window[np.isnan(window)] = 0  # single displacements that are not known
        if 2 * n_valid[i] < window_length:
            window[:] = np.nan
        yield window


def window_pairs(window_length, spacing, resolutions, reference):
    """Return between which frames the displacements of a window are taken.

    Parameters
    ----------
    window_length, spacing, resolutions, reference
        As for `SWMROFlow`.

    Returns
    -------
    pairs : int array of shape (window_length - 1, n_resolutions, 2)
        From which frame to which, counted from the window's middle frame.
    """
    half = window_length // 2
    frames = spacing * np.arange(-half, half + 1)
    origin = half if reference == "centre" else 0
    pairs = []
    for resolution in resolutions:
        if resolution == "window":
            end = np.delete(frames, origin)
            start = np.full_like(end, frames[origin])
        else:
            start = frames[:-1] + (spacing - resolution) // 2
            end = start + resolution
        pairs.append(np.stack([start, end], axis=-1))
    return np.stack(pairs, axis=1)


def gather_windows(displacements, n_frames, pairs):
    """Put windows together from displacements of pairs of frames, as they come.

    Parameters
    ----------
    displacements : iterable of arrays of shape (max_lag + 1, n_nodes, 2)
        For each frame, the displacements to the frames `lag` later.
    n_frames : int
        Number of frames.
    pairs : int array of shape (n_positions, n_resolutions, 2)
        What `window_pairs` returns. A frame before the first one is the first, one after the last
        is the last.

    Yields
    ------
    window : float32 array of shape (n_positions, n_nodes, 2 * n_resolutions)
        For each frame in turn, the displacements of the pairs. That to an earlier frame is the
        opposite of the motion from there.
    """
    ahead = max(0, pairs.min(axis=-1).max())  # frames that the middle one has to wait for
    n_recent = ahead - pairs.min() + 1
    recent = None
    arriving = chain(displacements, repeat(np.nan, ahead))  # nothing comes after the last frame
    for i, displacement in enumerate(arriving, start=-ahead):
        if recent is None:
            recent = np.empty((n_recent, *displacement.shape), np.float32)
        recent[(i + ahead) % n_recent] = displacement
        if i >= 0:
            start, end = np.moveaxis(np.clip(i + pairs, 0, n_frames - 1), -1, 0)
            motion = recent[np.minimum(start, end) % n_recent, np.abs(end - start)]
            motion[end < start] *= -1
            yield motion.swapaxes(1, 2).reshape(len(pairs), motion.shape[2], -1)


def _valid_in_window(valid, window_length, spacing):
    """Return how many frames of each frame's window show the face."""
    span = (window_length - 1) * spacing
    padded = np.pad(valid.astype(np.int32), span // 2, mode="edge")
    return sum(padded[k : k + len(valid)] for k in range(0, span + 1, spacing))
