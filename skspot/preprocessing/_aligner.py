"""Finding the face in videos."""

import warnings
from array import array
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from itertools import pairwise
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from skspot.landmarks import LANDMARKERS, make_landmarker
from skspot.utils._cache import cached
from skspot.utils._doc_links import DocLinkMixin
from skspot.utils._parallel import map_videos
from skspot.utils._param_validation import MEMORY, Interval, StrOptions, _fit_context
from skspot.utils._progress import progress_bar
from skspot.utils.validation import check_videos
from skspot.video import DEFAULT_FPS, AlignedVideo, NoFaceError, open_video, video_name

_ALGORITHM = 3  # part of the cache's key: raise it whenever the same video gives other landmarks


class FaceAligner(DocLinkMixin, TransformerMixin, BaseEstimator):
    """Find one face in every frame of each video.

    Each video becomes an `AlignedVideo`: a view with the 68 facial landmarks of every frame (iBUG
    order), which shows the face at a fixed size. Of several faces, the one that is largest when
    first seen is followed, and no other is ever taken for it: after it has been lost from sight, it
    is the same again only where it was last seen. Where nobody is followed, frames are not valid.

    Parameters
    ----------
    landmarker : {"face-alignment", "mediapipe", "template", "openface", "py-feat"}, callable, \
            mapping or ndarray, default="face-alignment"
        What finds the landmarks:

        - "face-alignment": the FAN network of the package face-alignment. Precise. It downloads
          its weights (about 180 MB) on first use, and without a network it raises an error
          instead of taking another landmarker. Seconds per frame on a CPU.
        - "mediapipe": MediaPipe's FaceLandmarker, its mesh reduced to the 68 points. Precise and
          fast (some 10 ms a frame). Needs ``pip install "skspot[mediapipe]"``, or
          ``-e ".[mediapipe]"`` in a checkout, and the file of its model.
        - "template": a mean face, found by scikit-image's LBP cascade and moved with the head by
          optical flow. Needs no download. Approximate (see Notes); frontal faces only.
        - "openface", "py-feat": what OpenFace 2 or py-feat found before, read from the CSV file of
          each video (see Notes).
        - a callable: gets one frame, RGB uint8 (height, width, 3), and returns the points as an
          array of shape (68, 2), in pixels (x, y), or None if there is no face. It may get a frame
          twice and an earlier one after a later one, unless `detect_every` is 1.
        - a mapping from videos to landmarks found before: keys are the paths in X, or their file
          names, or those without suffix; values are arrays of shape (n_frames, 68, 2), NaN in
          frames without a face; for an `ImageSequence` of every n-th image also one row for each
          image. Cross-validation may pick any videos, so that a list in the order of X would not
          do.
        - an array of shape (n_frames, 68, 2), if X holds one video.
    face_size : int or float, default=128
        Median size of the face in the frames that the result shows, in pixels; see
        :func:`skspot.video.face_extent`. Landmarks are found in the frames as they are.
    landmarker_params : dict, default=None
        Options of the landmarkers that are given by name.

        - "face-alignment": `device` (default: CUDA if there is any, else CPU), `face_detector`
          ("sfd"), `face_detector_kwargs` (None), `flip_input` (True), `batch_size` (default: 4 on a
          GPU, 1 on a CPU), detections at a time.
        - "mediapipe": `model_path` (required), `num_faces` (4), `min_face_detection_confidence`,
          `min_face_presence_confidence`, `min_tracking_confidence` (0.5 each).
        - "template": `recheck` (30), frames between two checks that the face is still there.
        - "openface", "py-feat": `files` ("{folder}/{stem}.csv"), the paths of the CSV files: a
          pattern with fields of the video or directory of images (``{folder}``, ``{name}`` and, for
          the name without suffix, ``{stem}``) or a mapping from videos, as above, to paths;
          `min_confidence` (0.7 and 0.5), least ``confidence`` or ``FaceScore`` of a face.
    detect_every : int, default=5
        Frames from one detection to the next, for "face-alignment", "mediapipe" and callables; 1
        detects in every frame. Between two detections the points are tracked by optical flow from
        both sides. Where the tracks disagree, or no face was found at one of the two, the frames
        between are detected one by one. With 5, in videos of 24 and 30 frames per second, the
        features changed by less than the error of the flow that they are made of
        (``benchmarks/landmarks.md``). "template" tracks by itself, and landmarks found before need
        no detection: for them this has no meaning.
    fps : float, default=None
        Frames per second of videos that carry no times: arrays and folders of images. None takes
        30, with a warning if there is a folder.
    max_gap : int, default=8
        Longest gap, in frames, between two frames with a face in which landmarks are
        interpolated linearly. At 30 frames per second, 8 frames are 0.27 s: a blink or a turn of
        the head, and shorter than most micro-expressions (0.2 to 0.5 s), so that hardly one can
        take place unseen. Interpolated frames are not valid.
    on_error : {"raise", "warn"}, default="raise"
        What to do with a video that can't be read or shows no face: "raise" raises its error;
        "warn" puts None in its place in the output and ends with one warning that names every
        failed video and why. Later steps of skspot pass None on and predict nothing for it.
    memory : str, path-like or object with the joblib.Memory interface, default=None
        Where the landmarks of each video are kept, so that they are found once, in whatever
        collection the video comes again. `face_size` may change meanwhile. ``skspot cache`` on the
        command line shows how much is kept, and clears it. See Notes.
    n_jobs : int, default=None
        Number of videos worked on at a time; None is 1 unless in a `joblib.parallel_config`
        context, -1 all processors. The result does not depend on it.
    verbose : int, default=0
        Whether to show progress with the time left, on standard error: over the videos, or over
        the frames of a single video. 0 shows nothing.

    See Also
    --------
    skspot.video.AlignedVideo : What `transform` returns for each video.

    Notes
    -----
    `fit` learns nothing; `transform` works without it.

    The "template" landmarker knows the position, size and tilt of a face, nothing else. In eight
    recordings, each time with the mean face of the other ones, its points lay 2.4 to 5.5 % (mean
    3.4 %) of the size of the face away from MediaPipe's; 3 % is how far the best placed mean face
    lies from them. It does not follow the mouth or the brows, which is not needed to crop the face
    and to measure motion in regions of it. To be found, a face must look ahead, be tilted by no
    more than 20 degrees and be at least 1/15 as wide as the longer side of the picture.

    "openface" reads what FeatureExtraction and FaceLandmarkVidMulti write with ``-2Dfp`` or without
    any option that chooses their output. Rows with ``success`` 0 and frames without a row show no
    face; the least confidence, 0.7, is the one below which OpenFace's author speaks of failure.
    "py-feat" reads what `to_csv` writes for a detector of 68 points, which finds them in each frame
    anew; 0.5 is py-feat's own least score. With its `skip_frames` the frames in between are not
    valid, and where most are not, nothing is spotted. Coordinates are taken as they are; if a
    program means the corner of a pixel, not its centre, they are half a pixel off. The numbers that
    programs give to faces are not relied on: OpenFace gives that of a lost face to the next one.

    A CSV file that goes on after the end of its video, or ends more than 10 frames and more than
    1 % before it, is an error. For an `ImageSequence` of every n-th image it may tell of all images
    or of those kept: the latter, if its last number fits them. OpenFace takes the images of a
    directory in the order of their names as text, "10.jpg" before "9.jpg"; without leading zeros
    there is a warning.

    The cache's key is the fingerprint of the video (not its frames, unless it is an array), the
    landmarker with its options and `detect_every`, `fps` and `max_gap`. Of a CSV file, size, time
    of change and both ends count. A callable is known by its own source code and what it pickles
    to; changes in what it calls go unnoticed, so clear the cache after them. One that can't be
    pickled or has no source, such as a lambda that reads local variables, is not cached, with a
    warning.

    Examples
    --------
    >>> import numpy as np
    >>> from skimage.data import astronaut
    >>> from skspot.preprocessing import FaceAligner
    >>> video = np.stack([np.roll(astronaut(), shift, axis=1) for shift in range(10)])
    >>> aligned = FaceAligner(landmarker="template").fit_transform([video])
    >>> aligned
    [AlignedVideo('array of shape (10, 512, 512, 3)', n_frames=10, fps=30.00, duration=0.33 s,
     valid=100.0 %)]
    >>> moved = aligned[0].landmarks[-1] - aligned[0].landmarks[0]
    >>> moved.mean(axis=0).round()
    array([9., 0.], dtype=float32)

    Landmarks that OpenFace has written to "openface/a.csv" for a video "a.mp4":

    >>> aligner = FaceAligner("openface", landmarker_params={"files": "openface/{stem}.csv"})
    """

    _parameter_constraints: dict = {
        "landmarker": [StrOptions(set(LANDMARKERS)), callable, Mapping, np.ndarray],
        "face_size": [Interval(Real, 0, None, closed="neither")],
        "landmarker_params": [dict, None],
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
        landmarker="face-alignment",
        *,
        face_size=128,
        landmarker_params=None,
        detect_every=5,
        fps=None,
        max_gap=8,
        on_error="raise",
        memory=None,
        n_jobs=None,
        verbose=0,
    ):
        self.landmarker = landmarker
        self.face_size = face_size
        self.landmarker_params = landmarker_params
        self.detect_every = detect_every
        self.fps = fps
        self.max_gap = max_gap
        self.on_error = on_error
        self.memory = memory
        self.n_jobs = n_jobs
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check the parameters; nothing is learned.

        Parameters
        ----------
        X : list, tuple, Series or object array
            The videos; see `transform`. Only its kind is checked.
        y : None
            Ignored.

        Returns
        -------
        self : FaceAligner
            The aligner itself.
        """
        check_videos(X)
        make_landmarker(self.landmarker, self.landmarker_params)
        return self

    def transform(self, X):
        """Find the face in each video.

        Parameters
        ----------
        X : list, tuple, Series or object array
            The videos: each a path to a video file, a path to a directory of numbered images, or
            an array of uint8, (n_frames, height, width) or (n_frames, height, width, 3).

        Returns
        -------
        aligned : list of AlignedVideo
            One per video, in the order of X; None for those that failed if `on_error="warn"`.

        Raises
        ------
        NoFaceError
            If no face is found in any frame of a video.
        VideoReadError
            If a video is damaged or is none.
        FileNotFoundError
            If there is no such video, no such model file, or no CSV file with its landmarks.
        OSError
            If weights can't be downloaded, whatever `on_error` says.
        ImportError
            If the landmarker's package is not installed, whatever `on_error` says.
        ValueError
            If a parameter is invalid, or landmarks do not fit their video.
        """
        self._validate_params()  # because it works without fit
        sources = check_videos(X)
        landmarker = make_landmarker(self.landmarker, self.landmarker_params, self.detect_every)
        landmarker.check(sources)
        if self.memory is not None and not landmarker.cacheable:
            warnings.warn(
                "The landmarks are not cached, because the callable landmarker can't be pickled "
                "or its source code can't be found. Define it in a module, with def or as a class.",
                UserWarning,
                stacklevel=3,
            )
        align = partial(
            _align,
            face_size=self.face_size,
            max_gap=self.max_gap,
            fps=self.fps,
            memory=self.memory if landmarker.cacheable else None,
            show=bool(self.verbose) and len(sources) == 1,
        )
        return map_videos(
            align,
            [(source, landmarker.only_for(source)) for source in sources],
            names=[f"X[{i}], {video_name(source)}" for i, source in enumerate(sources)],
            task="face alignment",
            n_jobs=self.n_jobs,
            on_error=self.on_error,
            verbose=self.verbose,
        )

    def key_of_landmarks(self, source):
        """Return what the landmarks of a video depend on besides its frames, for a cache's key.

        Parameters
        ----------
        source : str, path-like or ndarray
            The video, one element of X.

        Returns
        -------
        key : object
            Changes with the landmarker, its options and the files that it reads, such as the CSV
            file of "openface". None if it can't be told, as of some callables.
        """
        landmarker = make_landmarker(self.landmarker, self.landmarker_params, self.detect_every)
        if not landmarker.cacheable:
            return None
        try:
            return landmarker.only_for(source).key(open_video(source, fps=self.fps, warn=False))
        except (OSError, ValueError) as error:  # what `transform` will say of this video
            return str(error)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.no_validation = True
        tags.input_tags.two_d_array = False
        return tags


def _align(source_and_landmarker, *, face_size, max_gap, fps, memory, show):
    """Return one aligned video."""
    source, landmarker = source_and_landmarker
    video = open_video(source, fps=fps)
    key = None
    if memory is not None:
        key = (video.fingerprint, landmarker.key(video), landmarker.detect_every)
    find = cached(_find_landmarks, memory, ignore=["video", "landmarker", "show"])
    settings = (key, max_gap, fps or DEFAULT_FPS, _ALGORITHM)
    found = find(*settings, video=video, landmarker=landmarker, show=show)
    _check_found(video, landmarker, **found)
    _check_place(video, landmarker, **found)
    return AlignedVideo(source=source, face_size=face_size, **found)


def _check_place(video, landmarker, *, landmarks, valid, frame_shape, **found):
    """Refuse landmarks that were found in a picture of another size."""
    height, width = frame_shape
    centres = np.median(landmarks[valid], axis=1)
    outside = ((centres < 0) | (centres > (width, height))).any(axis=1)
    if outside.mean() > 0.5:
        x, y = np.median(centres, axis=0)
        raise ValueError(
            f"{video.name}: {landmarker} puts the face outside of the picture in "
            f"{outside.sum()} of {len(outside)} frames, most often at ({x:.0f}, {y:.0f}), but the "
            f"picture has {width} x {height} pixels. Were the landmarks found in a copy of another "
            "size?"
        )


def _check_found(video, landmarker, *, valid, frame_shape, **found):
    if not valid.any():
        raise NoFaceError(
            f"{video.name}: {landmarker} found no face in any of its {len(valid)} frames of "
            f"{frame_shape[1]} x {frame_shape[0]} pixels. Look at the video: if it shows a face, "
            "try another landmarker ('face-alignment' and 'mediapipe' also find turned and small "
            "faces), or cut the pictures to the surroundings of the face."
        )


def _find_landmarks(key, max_gap, fps, algorithm, *, video, landmarker, show):
    """Return the parts of an `AlignedVideo` that cost time; the first four arguments are the key.

    A video without a face is an ordinary result, so that it is not searched again.
    """
    # One growing block: as many single arrays would take twice the memory of an hour's landmarks.
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

    with closing(landmarker.track(frames(), video)) as points:
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
