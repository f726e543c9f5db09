"""FaceAligner: find the face in videos."""

from __future__ import annotations

import warnings
from array import array
from collections.abc import Collection, Mapping
from contextlib import closing
from functools import partial
from itertools import pairwise
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from skspot.landmarks import LANDMARKERS, Landmarker, as_landmarker
from skspot.utils._cache import cached
from skspot.utils._doc_links import DocLinkMixin
from skspot.utils._parallel import map_videos
from skspot.utils._param_validation import MEMORY, Interval, StrOptions, _fit_context
from skspot.utils._progress import progress_bar
from skspot.utils._typing import LandmarkerLike, MaybeNone, Memory, OnError, VideoLike
from skspot.utils.validation import check_videos
from skspot.video import DEFAULT_FPS, AlignedVideo, NoFaceError, open_video, video_name

_ALGORITHM = 3  # part of the cache key: increase it when the landmarks of a video change


class FaceAligner(DocLinkMixin, TransformerMixin, BaseEstimator):
    """Find one face in every frame of each video.

    The result for each video is an `AlignedVideo`: a view with the 68 facial landmarks of every
    frame (iBUG order), which shows the face at a fixed size. If there are several faces, the one
    that is largest when first seen is followed, and never another one: if it disappears, it is
    recognised again only where it was last seen. Frames in which it is not found are not valid.

    Parameters
    ----------
    landmarker : {"mediapipe", "face-alignment", "template", "openface", "py-feat"}, Landmarker, \
            callable, mapping or ndarray, default="mediapipe"
        The landmarker: an object of `skspot.landmarks`, or its name for default parameters:

        - "mediapipe", :class:`~skspot.landmarks.MediaPipe`: precise and fast. It needs a package
          and a model file; an error says how to get both.
        - "face-alignment", :class:`~skspot.landmarks.FaceAlignment`: precise, takes seconds for
          each frame without a GPU.
        - "template", :class:`~skspot.landmarks.Template`: approximate, frontal faces only, needs no
          download.
        - "openface", "py-feat", :class:`~skspot.landmarks.OpenFace` and
          :class:`~skspot.landmarks.PyFeat`: landmarks that these programs have found before, read
          from the CSV file of each video.

        Or your own:

        - a callable: gets one frame, RGB uint8 (height, width, 3), and returns the points as an
          array of shape (68, 2), in pixels (x, y), or None if there is no face. Unless
          `detect_every` is 1, it may get a frame twice, and frames out of order.
        - a mapping from videos to landmarks found before: keys are the paths in X, or their file
          names, or those without suffix; values are arrays of shape (n_frames, 68, 2), NaN in
          frames without a face. For an `ImageSequence` of every n-th image they may also have one
          row for each image. A list in the order of X is not possible, because cross-validation
          selects videos.
        - an array of shape (n_frames, 68, 2), if X contains one video.
    face_size : int or float, default=128
        Median size of the face in the frames that the result shows, in pixels; see
        :func:`skspot.video.face_extent`. Landmarks are found in the original frames.
    detect_every : int, default=5
        Frames from one detection to the next, for landmarkers that detect faces in single frames
        ("mediapipe", "face-alignment" and callables); 1 detects in every frame. Between two
        detections the points are tracked by optical flow from both sides. If the tracks disagree,
        or no face was found in one of the two frames, the face is detected in each frame between
        them. With 5, in videos of 24 and 30 frames per second, the features changed by less than
        the error of the optical flow (``benchmarks/landmarks.md``).
    fps : float, default=None
        Frames per second of videos without times: arrays and folders of images. None means 30, with
        a warning for folders.
    max_gap : int, default=8
        Longest gap, in frames, between two frames with a face in which landmarks are interpolated
        linearly. At 30 frames per second, 8 frames are 0.27 s: a blink or a turn of the head, and
        shorter than most micro-expressions (0.2 to 0.5 s), so hardly any can be hidden in a gap.
        Interpolated frames are not valid.
    on_error : {"raise", "warn"}, default="raise"
        What to do with a video that can't be read or shows no face: "raise" raises its error; with
        "warn", its result is None, and one warning at the end names all failed videos and the
        reasons. Later steps of skspot skip None and predict nothing for it.
    memory : str, path-like or object with the joblib.Memory interface, default=None
        Cache of the landmarks of each video. `face_size` is not part of its key. The command
        ``skspot cache`` shows its size and deletes entries. See Notes.
    n_jobs : int, default=None
        Number of videos that are processed at a time; None is 1 unless in a
        `joblib.parallel_config` context, -1 uses all processors. The result does not depend on it.
    verbose : int, default=0
        Whether to show progress with the time left, on standard error: over the videos, or over
        the frames of a single video. 0 shows nothing.

    See Also
    --------
    skspot.video.AlignedVideo : The result for each video.

    Notes
    -----
    The aligner is stateless: `transform` works without `fit`.

    The cache key consists of the fingerprint of the video (not its frames, unless it is an array),
    the landmarker with its parameters, `detect_every` if it matters, `fps` and `max_gap`. For CSV
    files it contains the size, the modification time, the beginning and the end, for model files
    the content. A callable is identified by its source code and its pickled values. Changes in
    functions that it calls are not noticed: clear the cache after them. A callable that can't be
    pickled or has no source, such as a lambda that reads local variables, is not cached, with a
    warning.

    Examples
    --------
    >>> import numpy as np
    >>> from skimage.data import astronaut
    >>> from skspot.preprocessing import FaceAligner
    >>> video = np.stack([np.roll(astronaut(), shift, axis=1) for shift in range(10)])
    >>> aligned = FaceAligner("template").fit_transform([video])
    >>> aligned
    [AlignedVideo('array of shape (10, 512, 512, 3)', n_frames=10, fps=30.00, duration=0.33 s,
     valid=100.0 %)]
    >>> moved = aligned[0].landmarks[-1] - aligned[0].landmarks[0]
    >>> moved.mean(axis=0).round()
    array([9., 0.], dtype=float32)

    Set the parameters of a landmarker like those of any part of an estimator:

    >>> from skspot.landmarks import MediaPipe
    >>> aligner = FaceAligner(MediaPipe(num_faces=2))
    >>> aligner.set_params(landmarker__num_faces=1).landmarker
    MediaPipe(num_faces=1)
    """

    _parameter_constraints: dict = {
        "landmarker": [StrOptions(set(LANDMARKERS)), Landmarker, callable, Mapping, np.ndarray],
        "face_size": [Interval(Real, 0, None, closed="neither")],
        "detect_every": [Interval(Integral, 1, None, closed="left")],
        "fps": [Interval(Real, 0, None, closed="neither"), None],
        "max_gap": [Interval(Integral, 0, None, closed="left")],
        "on_error": [StrOptions({"raise", "warn"})],
        "memory": MEMORY,
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        landmarker: LandmarkerLike = "mediapipe",
        *,
        face_size: float = 128,
        detect_every: int = 5,
        fps: float | None = None,
        max_gap: int = 8,
        on_error: OnError = "raise",
        memory: Memory = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ):
        self.landmarker = landmarker
        self.face_size = face_size
        self.detect_every = detect_every
        self.fps = fps
        self.max_gap = max_gap
        self.on_error = on_error
        self.memory = memory
        self.n_jobs = n_jobs
        self.verbose = verbose

    def set_params(self, **params: Any) -> Self:
        """Set parameters, also those of the landmarker, such as ``landmarker__num_faces``.

        If the landmarker is a name, it is replaced by an object when its parameters are set.

        Parameters
        ----------
        **params : dict
            Names and values.

        Returns
        -------
        self : FaceAligner
            The aligner itself.
        """
        landmarker = params.get("landmarker", self.landmarker)
        named = isinstance(landmarker, str) and landmarker in LANDMARKERS
        if named and any(name.startswith("landmarker__") for name in params):
            params = {**params, "landmarker": as_landmarker(landmarker)}
        return super().set_params(**params)

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Collection[VideoLike], y: object = None) -> Self:
        """Check the parameters; nothing is learned.

        Parameters
        ----------
        X : list, tuple, Series or object array
            The videos; see `transform`. They are not opened.
        y : None
            Ignored.

        Returns
        -------
        self : FaceAligner
            The aligner itself.
        """
        as_landmarker(self.landmarker).check(check_videos(X))
        return self

    def transform(self, X: Collection[VideoLike]) -> list[AlignedVideo | MaybeNone]:
        """Find the face in each video.

        Parameters
        ----------
        X : list, tuple, Series or object array
            The videos: each a path to a video file, a path to a folder of numbered images, or an
            array of uint8, (n_frames, height, width) or (n_frames, height, width, 3).

        Returns
        -------
        aligned : list of AlignedVideo
            One per video, in the order of X; None for those that failed if `on_error="warn"`.

        Raises
        ------
        NoFaceError
            If no face is found in any frame of a video.
        VideoReadError
            If a file is not a video, or is damaged.
        FileNotFoundError
            If a video, a model file or a CSV file with landmarks does not exist.
        OSError
            If weights can't be downloaded, also with `on_error="warn"`.
        ImportError
            If the landmarker's package is not installed, also with `on_error="warn"`.
        ValueError
            If a parameter is invalid, or landmarks do not fit their video.
        """
        self._validate_params()  # because it works without fit
        videos = check_videos(X)
        landmarker = as_landmarker(self.landmarker)
        landmarker.check(videos)
        if self.memory is not None and not landmarker.cacheable:
            warnings.warn(
                "The landmarks are not cached, because the function given as landmarker can't be "
                "pickled or its source code can't be found. Define it in a module, with def or as "
                "a class.",
                UserWarning,
                stacklevel=3,
            )
        align = partial(
            _align,
            detect_every=int(self.detect_every),
            face_size=self.face_size,
            max_gap=self.max_gap,
            fps=self.fps,
            memory=self.memory if landmarker.cacheable else None,
            show=bool(self.verbose) and len(videos) == 1,
        )
        return map_videos(
            align,
            [(video, landmarker.only_for(video)) for video in videos],
            names=[f"X[{i}], {video_name(video)}" for i, video in enumerate(videos)],
            task="face alignment",
            n_jobs=self.n_jobs,
            on_error=self.on_error,
            verbose=self.verbose,
        )

    def key_of_landmarks(self, video: VideoLike) -> object:
        """Return a key for everything that the landmarks depend on except the frames.

        Parameters
        ----------
        video : str, path-like or ndarray
            The video, one element of X.

        Returns
        -------
        key : object
            It changes with the landmarker, its parameters and the files that it reads, such as the
            CSV file of "openface". None if it is unknown, as for some callables.
        """
        landmarker = as_landmarker(self.landmarker)
        if not landmarker.cacheable:
            return None
        try:
            return landmarker.only_for(video).key(open_video(video, fps=self.fps, warn=False))
        except (OSError, ValueError) as error:  # `transform` will raise it
            return str(error)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.no_validation = True
        tags.input_tags.two_d_array = False
        return tags


def _align(video_and_landmarker, *, detect_every, face_size, max_gap, fps, memory, show):
    """Return one aligned video."""
    source, landmarker = video_and_landmarker
    video = open_video(source, fps=fps)
    detect_every = detect_every if landmarker.detects_frames else 1
    key = None
    if memory is not None:
        key = (video.fingerprint, landmarker.key(video), detect_every)
    find = cached(_find_landmarks, memory, ignore=["video", "landmarker", "detect_every", "show"])
    found = find(
        key,
        max_gap,
        fps or DEFAULT_FPS,
        _ALGORITHM,
        video=video,
        landmarker=landmarker,
        detect_every=detect_every,
        show=show,
    )
    _check_found(video, landmarker, **found)
    _check_place(video, landmarker, **found)
    return AlignedVideo(source=source, face_size=face_size, **found)


def _check_place(video, landmarker, *, landmarks, valid, frame_shape, **found):
    """Raise a ValueError if landmarks were found in a picture of another size."""
    height, width = frame_shape
    centres = np.median(landmarks[valid], axis=1)
    outside = ((centres < 0) | (centres > (width, height))).any(axis=1)
    if outside.mean() > 0.5:
        x, y = np.median(centres, axis=0)
        raise ValueError(
            f"{video.name}: {landmarker.display_name} puts the face outside of the picture in "
            f"{outside.sum()} of {len(outside)} frames, most often at ({x:.0f}, {y:.0f}), but the "
            f"picture has {width} x {height} pixels. Were the landmarks found in a copy of another "
            "size?"
        )


def _check_found(video, landmarker, *, valid, frame_shape, **found):
    if not valid.any():
        raise NoFaceError(
            f"{video.name}: {landmarker.display_name} found no face in any of its {len(valid)} "
            f"frames of {frame_shape[1]} x {frame_shape[0]} pixels. Look at the video: if it shows "
            "a face, try another landmarker (MediaPipe and FaceAlignment also find turned and "
            "small faces), or crop the video to the surroundings of the face."
        )


def _find_landmarks(key, max_gap, fps, algorithm, *, video, landmarker, detect_every, show):
    """Return the expensive parts of an `AlignedVideo`; the first four arguments are the key.

    A video without a face is an ordinary result, which is cached too.
    """
    # One growing block, because many single arrays would need twice the memory.
    found, times, shape = array("f"), [], None

    def frames():
        nonlocal shape
        with closing(video.iterate(landmarker.colour)) as pairs:
            for frame, time in progress_bar(
                pairs,
                desc=f"{video.name}, frames aligned",
                unit="frame",
                total=video.nominal_n_frames or None,
                shown=show,
            ):
                times.append(time)
                shape = frame.shape[:2]
                yield frame

    with closing(landmarker.track(frames(), video, detect_every)) as points:
        for face in points:
            face = np.full((68, 2), np.nan) if face is None else face
            found.frombytes(np.asarray(face, dtype=np.float32).tobytes())
    landmarks = np.frombuffer(found, dtype=np.float32).reshape(-1, 68, 2)
    valid = np.isfinite(landmarks).all(axis=(1, 2))
    landmarks[~valid] = np.nan
    fill_gaps(landmarks, valid, max_gap)
    return {
        "landmarks": landmarks,
        "valid": valid,
        "timestamps": np.array(times),
        "frame_shape": shape,
    }


def fill_gaps(landmarks, valid, max_gap):
    """Interpolate landmarks linearly over short gaps between valid frames, in place.

    Parameters
    ----------
    landmarks : ndarray of shape (n_frames, 68, 2)
        Points of each frame. Those in longer gaps, before the first valid frame and after the last
        one stay as they are.
    valid : ndarray of shape (n_frames,), dtype bool
        Frames whose points are known.
    max_gap : int
        Longest gap in frames that is filled.
    """
    known = np.flatnonzero(valid)
    for before, after in pairwise(known):
        if 1 < after - before <= max_gap + 1:
            share = np.arange(1, after - before)[:, None, None] / (after - before)
            between = (1 - share) * landmarks[before] + share * landmarks[after]
            landmarks[before + 1 : after] = between
