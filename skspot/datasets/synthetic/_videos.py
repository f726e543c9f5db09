"""Synthetic face videos with exactly known expressions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from numbers import Integral, Real
from pathlib import Path
from typing import Literal

import numpy as np
from joblib import Parallel, delayed
from sklearn.utils import check_random_state

from skspot.datasets._bunch import VideoBunch
from skspot.datasets.synthetic._camera import (
    Camera,
    draw_occluders,
    draw_repeated,
    frames_shown,
)
from skspot.datasets.synthetic._distractors import with_daily_motion
from skspot.datasets.synthetic._faces import (
    FACE_SIZE,
    UNITS,
    face_transform,
    make_face,
)
from skspot.datasets.synthetic._film import write_film
from skspot.datasets.synthetic._photograph_fit import move_photograph
from skspot.datasets.synthetic._photographs import FacePhotograph, read_photographs
from skspot.datasets.synthetic._script import write_script
from skspot.datasets.synthetic._units import OWN_SMILE, PHOTOGRAPH_UNITS
from skspot.faces import node_centres, node_names, region_radius
from skspot.utils._param_validation import Interval, StrOptions, validate_params
from skspot.utils._progress import progress_bar
from skspot.utils._typing import FilePath, RandomState

_MIN_DURATION = 2  # seconds: hardly an expression fits into less

_SCRIPTED = ("expressions", "head_motion", "head_turns", "blinks", "talking", "light")
_MACRO_AMPLITUDES = {"ramps": (2.5, 7.0), "film": (2.0, 12.0)}  # pixels of a face of 128

_DESCR = """Synthetic face videos

{faces} {dynamics} Motion and turns of the head, blinks, speech, changes of light and sensor noise
are distractors without labels. The face is 128 pixels large; a micro-expression moves its strongest
region by 0.5 to 2 pixels.
"""
_ONE_FACE = """One photograph of a face (scikit-image's astronaut) with the shapes, skins and lights
of several "subjects", warped by fields after the facial action coding system."""
_MANY_FACES = """Photographs of several people, moved by the blendshapes of ICT-FaceKit (MIT)
that were fitted to them."""
_DYNAMICS = {
    "ramps": "Counts and lengths of the expressions follow SAMM Long Videos.",
    "film": "Expressions rise fast, hold, and fall slowly, several in a row, also during speech.",
}


@validate_params(
    {
        "faces": [list, tuple, str, Path, None],
        "dynamics": [StrOptions({"ramps", "film"})],
        "expressions": [Interval(Real, 0, 10, closed="both")],
        "drift": [Interval(Real, 0, None, closed="left")],
        "habits": [Interval(Real, 0, None, closed="left")],
        "n_subjects": [Interval(Integral, 1, None, closed="left")],
        "videos_per_subject": [Interval(Integral, 1, None, closed="left")],
        "n_frames": [Interval(Integral, 1, None, closed="left")],
        "fps": [Interval(Real, 5, 1000, closed="both")],
        "macro_amplitude": [tuple, None],
        "micro_amplitude": [tuple],
        "head_motion": [Interval(Real, 0, None, closed="left")],
        "head_turns": [Interval(Real, 0, None, closed="left")],
        "blinks": [Interval(Real, 0, 1, closed="both")],
        "talking": [Interval(Real, 0, None, closed="left")],
        "light": [Interval(Real, 0, 3, closed="both")],
        "occlusions": [Interval(Real, 0, None, closed="left")],
        "motion_blur": [Interval(Real, 0, 1, closed="both")],
        "repeated_frames": [Interval(Real, 0, 1, closed="left")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "folder": [str, Path, None],
        "crf": [Interval(Integral, 0, 51, closed="both")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def make_expression_videos(
    n_subjects: int = 6,
    *,
    faces: Sequence[FacePhotograph] | FilePath | None = None,
    dynamics: Literal["ramps", "film"] = "ramps",
    videos_per_subject: int = 2,
    n_frames: int = 600,
    fps: float = 30.0,
    expressions: float = 1.0,
    macro_amplitude: tuple[float, float] | None = None,
    micro_amplitude: tuple[float, float] = (0.5, 2.0),
    head_motion: float = 1.0,
    head_turns: float = 0.0,
    blinks: float = 1.0,
    talking: float = 0.0,
    habits: float = 0.0,
    drift: float = 0.0,
    light: float = 1.0,
    occlusions: float = 0.0,
    motion_blur: float = 0.0,
    repeated_frames: float = 0.0,
    noise: float = 2.0,
    folder: FilePath | None = None,
    crf: int = 12,
    n_jobs: int | None = None,
    random_state: RandomState = None,
    verbose: int = 0,
) -> VideoBunch:
    """Make face videos with exactly known macro- and micro-expressions.

    Parameters
    ----------
    n_subjects : int, default=6
        Number of subjects. Without `faces` they differ in the shape of the face, its skin, light
        and asymmetry.
    faces : list of FacePhotograph, str or Path, default=None
        Photographs of the subjects, or a folder of them. Each is used once before one is used
        again; subjects with the same photograph differ in what happens only. None is the one
        photograph that comes with scikit-image. See Notes for the layout of the folder.
    dynamics : {"ramps", "film"}, default="ramps"
        What happens. "ramps" are single expressions on both sides of the face that rise and fall
        in 0.3 to 0.7 s, with counts and lengths after SAMM Long Videos. In "film" about 12 macro-
        and 7 micro-expressions a minute rise within 4 to 16 steps of 1/30 s, hold up to 70 and
        fall, often exponentially, within 6 to 30. Some are one-sided, some follow each other
        closely or pass into each other, and speech goes on during expressions.
    videos_per_subject : int, default=2
        Number of videos of each subject.
    n_frames : int, default=600
        Length of each video in frames, at least 2 s. In "ramps" the number of expressions does not
        depend on it, except that they must fit.
    fps : float, default=30.0
        Frames per second, from 5 to 1000. With the same `random_state`, videos of the same duration
        ``n_frames / fps`` show the same scene at any rate. Only the sensor noise differs; onset,
        apex and offset are the frames nearest to those of the scene.
    expressions : float, default=1.0
        How often expressions occur, as a multiple of the usual rate. 0 is a neutral face.
    macro_amplitude, micro_amplitude : (low, high), default=None and (0.5, 2.0)
        Range of the displacement of the strongest region at the apex, in pixels of a face of 128.
        None is (2.5, 7.0) for "ramps" and (2.0, 12.0) for "film", where each person has an
        expressiveness.
    head_motion : float, default=1.0
        Strength of the motion of the head: slow drift of about 3 px, rotation by about 1 degree,
        turns of the head, and quick moves, which are larger in "film". At 0 the head does not move.
    head_turns : float, default=0.0
        Strength of fast turns of the head, one in 7 s: at 1 the nose leads by about 2 px and
        the face moves by about 6 px, within 0.2 to 0.4 s. In "film" they are rotations by up to
        10 degrees that may last, and nods.
    blinks : float, default=1.0
        How far the eyes close in a blink, from 0 to 1; in "film" also how far the gaze wanders.
    talking : float, default=0.0
        Strength of speech between the expressions, one stretch of 1 to 3 s in 8 s: at 1 a
        syllable lowers the jaw by up to 4 px. In "film" speech fills half of the time, in bursts
        with syllables of 2 to 8 Hz, and does not stop for expressions.
    habits : float, default=0.0
        Strength of swallowing, licking or pressing the lips, and chewing, four in a minute.
    drift : float, default=0.0
        Strength of slow changes of the posture over minutes, of about 6 px and 2 degrees at 1.
    light : float, default=1.0
        Strength of the changes of light, of about 6 % at 1.
    occlusions : float, default=0.0
        How often something is in front of the face: at 1 a hand every 30 s, and glasses with
        reflections on every third subject.
    motion_blur : float, default=0.0
        Share of the time of a frame during which the shutter is open, from 0 to 1. The head's
        motion blurs the picture.
    repeated_frames : float, default=0.0
        Share of the frames that show the one before again, as webcams do that drop frames.
        Landmarks and displacement are those that are shown.
    noise : float, default=2.0
        Standard deviation of the sensor noise, in grey values of 255.
    folder : str or Path, default=None
        Folder to which the videos are written, as H.264 in MP4 files. None returns arrays.
    crf : int, default=12
        Quality of the written videos; 0 is best. Measured at 12 with still heads, RMS in pixels:
        the codec changes the flow by 0.014 and sensor noise by 0.030, and the error of the flow
        from noisy videos is 0.053 with and without the codec. With moving heads the codec changes
        it by 0.039, and the error is 0.134.
    n_jobs : int, default=None
        Number of videos rendered at the same time. The result does not depend on it.
    random_state : int, RandomState or None, default=None
        Seed of all random numbers.
    verbose : int, default=0
        Whether to show progress over the videos with the time left, on standard error. 0 shows
        nothing.

    Returns
    -------
    data : Bunch
        With one element per video:

        videos : list of str, or of uint8 arrays of shape (n_frames, 240, 240)
            The paths, or the grey frames.
        intervals : list of ndarray
            Interval tables.
        subjects : ndarray of str
            The subject of each video.
        names : list of str
            Names such as ``"s01_2"``.
        landmarks : list of float32 arrays of shape (n_frames, 68, 2)
            The exact landmarks in pixels.
        displacement : list of float32 arrays of shape (n_frames, 10, 2)
            True displacement of the region of each node from the neutral face, in pixels, including
            blinks and speech but not the rigid motion of the head. In "ramps" it includes the
            turns of the head as well.
        units : list of list of str
            The action units of each interval in the notation of FACS, such as "6+12", or "L14" for
            the person's left side.
        faces : list of str
            The name of the photograph in each video. Keep videos of the same photograph together
            when you split data into training and test.

        and `fps`, `node_names`, `DESCR`.

    Notes
    -----
    A folder of `faces` has a file ``landmarks.npz`` with the arrays ``ids`` (names, shape (n,)),
    ``neutral`` (landmarks in pixels, shape (n, 68, 2) or (n, 478, 2), or with more columns) and, if
    you have them, ``smiling`` of the same shape. The pictures are ``<id>/neutral.jpg`` and
    ``<id>/smiling.jpg``.

    The onset of an expression in "film" is the first frame in which it moves a node by 5 % of its
    height, the apex the first in which it reaches 95 %, and the offset the last with 5 %. An
    expression that passes into the next ends in the frame before the onset of that one.

    Photographs are moved by the blendshapes of ICT-FaceKit [1]_, a three-dimensional head that is
    fitted to the landmarks. Only shapes move: there are no wrinkles.

    References
    ----------
    .. [1] Li et al., "Learning Formation of Physically-Based Face Attributes", CVPR 2020.

    Examples
    --------
    >>> from skspot.datasets import make_expression_videos
    >>> data = make_expression_videos(2, videos_per_subject=1, n_frames=120, random_state=0)
    >>> data.videos[0].shape, data.landmarks[0].shape, data.displacement[0].shape
    ((120, 240, 240), (120, 68, 2), (120, 10, 2))
    >>> data.subjects
    array(['s01', 's02'], dtype='<U3')

    Videos with the dynamics of film, with the action units of each expression:

    >>> data = make_expression_videos(
    ...     1, dynamics="film", videos_per_subject=1, n_frames=150, talking=1, random_state=3
    ... )
    >>> len(data.units[0]) == len(data.intervals[0])
    True
    """
    if macro_amplitude is None:
        macro_amplitude = _MACRO_AMPLITUDES[dynamics]
    _check_amplitude(macro_amplitude, "macro_amplitude")
    _check_amplitude(micro_amplitude, "micro_amplitude")
    if n_frames < _MIN_DURATION * fps:
        raise ValueError(
            f"A video must last at least {_MIN_DURATION} s, got n_frames={n_frames} at "
            f"fps={fps:g}, {n_frames / fps:.3g} s; pass n_frames={ceil(_MIN_DURATION * fps)} or "
            "more."
        )
    if folder is not None:
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
    photographs = _read_faces(faces)
    rng = check_random_state(random_state)
    jobs = [
        (f"s{subject + 1:02d}", video + 1, subject_seed, rng.randint(2**31 - 1))
        for subject, subject_seed in enumerate(rng.randint(2**31 - 1, size=n_subjects))
        for video in range(videos_per_subject)
    ]
    drawn = _draw_faces(photographs, n_subjects, rng)
    of_video = [drawn[video // videos_per_subject] for video in range(len(jobs))]
    settings = {
        "n_frames": n_frames,
        "fps": fps,
        "amplitudes": {"macro": macro_amplitude, "micro": micro_amplitude},
        "expressions": expressions,
        "head_motion": head_motion,
        "head_turns": head_turns,
        "blinks": blinks,
        "talking": talking,
        "habits": habits,
        "drift": drift,
        "light": light,
        "occlusions": occlusions,
        "motion_blur": motion_blur,
        "repeated_frames": repeated_frames,
        "noise": noise,
    }
    made = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_make_video)(
            f"{subject}_{number}", face, dynamics, subject_seed, seed, settings, folder, crf
        )
        for face, (subject, number, subject_seed, seed) in zip(of_video, jobs)
    )
    made = list(
        progress_bar(made, desc="videos made", unit="video", total=len(jobs), shown=bool(verbose))
    )
    return VideoBunch(
        videos=[video for video, *_ in made],
        intervals=[script.intervals for _, script, *_ in made],
        subjects=np.array([subject for subject, *_ in jobs]),
        names=[f"{subject}_{number}" for subject, number, *_ in jobs],
        landmarks=[landmarks for *_, landmarks, _ in made],
        displacement=[displacement for *_, displacement in made],
        units=[script.codes for _, script, *_ in made],
        faces=["astronaut" if face is None else face.name for face in of_video],
        fps=fps,
        node_names=node_names(),
        DESCR=_DESCR.format(
            faces=_ONE_FACE if faces is None else _MANY_FACES, dynamics=_DYNAMICS[dynamics]
        ),
    )


def _read_faces(faces):
    """Return the photographs, or None for the one at hand."""
    if faces is None:
        return None
    photographs = read_photographs(faces) if isinstance(faces, str | Path) else list(faces)
    for i, face in enumerate(photographs):
        if not isinstance(face, FacePhotograph):
            raise TypeError(f"faces[{i}] must be a FacePhotograph, got {type(face).__name__}.")
    if not photographs:
        raise ValueError("faces has no photograph; pass at least one, or None.")
    return photographs


def _draw_faces(photographs, n_subjects, rng):
    """Return the photograph of each subject: each is used before one is used again."""
    if photographs is None:
        return [None] * n_subjects
    n_rounds = -(-n_subjects // len(photographs))
    order = np.concatenate([rng.permutation(len(photographs)) for _ in range(n_rounds)])
    return [photographs[i] for i in order[:n_subjects]]


def _check_amplitude(amplitude, name):
    numbers = len(amplitude) == 2 and all(isinstance(number, Real) for number in amplitude)
    if not numbers or not 0 < amplitude[0] <= amplitude[1] < np.inf:
        raise ValueError(f"{name} must be (low, high) with 0 < low <= high, got {amplitude!r}.")


def _make_video(name, photograph, dynamics, subject_seed, seed, settings, folder, crf):
    """Return the video of one subject, its script, landmarks and node displacement."""
    person = np.random.RandomState(subject_seed)
    face = _make_subject(photograph, dynamics, person)
    rng = np.random.RandomState(seed)
    motion = node_motion(face)
    script = _write_script(face, motion, dynamics, settings, person, rng)
    heads = [
        face_transform(shift, angle, scale, face.landmarks.mean(axis=0))
        for shift, angle, scale in zip(script.shift, script.angle, script.scale)
    ]
    poses = map(face.pose, script.activations, heads, script.turn)
    camera = Camera(
        gain=script.gain,
        slope=script.slope,
        noise=settings["noise"],
        motion_blur=settings["motion_blur"],
        occluders=_draw_occluders(face, settings, person, rng),
        repeated=draw_repeated(settings["n_frames"], settings["repeated_frames"], rng),
    )
    landmarks = []
    frames = _kept(camera.film(face, poses, np.random.default_rng(seed)), landmarks)
    if folder is None:
        video = np.stack(list(frames))
    else:
        video = str(folder / f"{name}.mp4")
        write_video(video, frames, fps=settings["fps"], crf=crf)
    shown = script.activations[frames_shown(camera.repeated)]
    displacement = np.einsum("fu,una->fna", shown, motion)
    return video, script, np.stack(landmarks), displacement.astype(np.float32)


def _write_script(face, motion, dynamics, settings, person, rng):
    """Return the script with all that the settings ask for."""
    names = ("n_frames", "fps", "amplitudes", *_SCRIPTED)
    usual = {name: settings[name] for name in names}
    if dynamics == "film":
        script = write_film(
            units=face.units,
            motion=motion,
            largest=face.largest,
            person=person,
            rng=rng,
            **usual,
        )
    else:
        script = write_script(unit_peaks=np.linalg.norm(motion, axis=-1), rng=rng, **usual)
    daily = {name: settings[name] for name in ("fps", "habits", "drift")}
    return with_daily_motion(script, face.units, rng=rng, **daily)


def _draw_occluders(face, settings, person, rng):
    strength = settings["occlusions"]
    if not strength:
        return []
    return draw_occluders(face, settings["n_frames"], settings["fps"], strength, person, rng)


def _kept(filmed, landmarks):
    """Yield the images of a camera, and append the landmarks to a list."""
    for image, points in filmed:
        landmarks.append(points)
        yield image


def _make_subject(photograph, dynamics, rng):
    """Return the face of a subject with the units that the script needs."""
    if photograph is None:
        return make_face(rng, one_sided=dynamics == "film")
    if dynamics == "ramps":
        return move_photograph(photograph, UNITS)
    smile = () if photograph.smile_landmarks is None else (OWN_SMILE,)
    return move_photograph(photograph, (*PHOTOGRAPH_UNITS, *smile))


def node_motion(face):
    """Return the motion of the regions of the nodes for each unit, (n_units, n_nodes, 2)."""
    radius = region_radius(FACE_SIZE)
    side = np.arange(-radius, radius + 1)
    square = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    centres = node_centres(face.landmarks)
    motion = face.unit_motion((centres[:, None] + square).reshape(-1, 2))
    return motion.reshape(len(face.units), len(centres), len(square), 2).mean(axis=2)


def write_video(path, frames, *, fps, crf=12):
    """Write grey frames as H.264 with the quality `crf`; 0 is best."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        stream.pix_fmt = "gray"
        # With several threads the encoder's choices depend on which of them is ahead.
        stream.options = {"crf": str(crf), "preset": "veryfast", "threads": "1"}
        for i, frame in enumerate(frames):
            if i == 0:  # it can only be set before the first frame
                stream.height, stream.width = frame.shape
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="gray")))
        container.mux(stream.encode())
