"""The features of a video, and the layout that describes them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skspot.faces import MIRRORED_NODES, PART_SIZES, node_names
from skspot.preprocessing.flow import window_pairs
from skspot.utils._parallel import one_opencv_thread
from skspot.utils._typing import FeaturesLike, HeadMotion, Nodes, Reference, Resolution
from skspot.video import FrameTimes, n_frames_in

# Largest factor by which windows may differ in length because of the frame rate.
_STEP_TOLERANCE = 1.3


@dataclass(frozen=True)
class FlowLayout:
    """Description of the axes and values of features.

    Parameters
    ----------
    nodes : {"paper", "extended"}, default="paper"
        The node set.
    window_length : int, default=17
        Frames in a window.
    spacing : int, default=1
        Frames of the video from one frame of a window to the next.
    resolutions : tuple of "window", "neutral" and int, default=("window",)
        The displacements at each position, as for `SWMROFlow`.
    step : float, default=1/30
        Requested seconds from one frame of a window to the next; the unit of lags.
    reference : {"centre", "first"}, default="centre"
        The frame of the window from which the resolution "window" is measured.
    head_motion : {"nose", "similarity", None}, default="nose"
        How the motion of the head was removed.
    neutral_span : (float, float), default=(120, 120)
        Seconds before and after a frame in which its neutral face was sought.
    face_size : float, default=128
        Size of the normalised face in pixels, which are the unit of the displacements.
    fps : float, default=30.0
        Frames per second of the video.

    Attributes
    ----------
    pairs : int array of shape (n_positions, n_resolutions, 2)
        The two frames of each displacement, relative to the frame of the window; for "neutral",
        twice the frame that is compared with the neutral face.
    seconds : float array of shape (n_positions, n_resolutions, 2)
        The same in seconds.

    See Also
    --------
    FlowFeatures : Features with their layout.

    Examples
    --------
    >>> from skspot.preprocessing import FlowLayout
    >>> layout = FlowLayout(fps=60, spacing=2)
    >>> layout.shape, layout.pairs[0, 0], layout.seconds[0, 0].round(3)
    ((16, 10, 2), array([  0, -16]), array([ 0.   , -0.267]))
    """

    nodes: Nodes = "paper"
    window_length: int = 17
    spacing: int = 1
    resolutions: tuple[Resolution, ...] = ("window",)
    step: float = 1 / 30
    reference: Reference = "centre"
    head_motion: HeadMotion | None = "nose"
    neutral_span: tuple[float, float] = (120, 120)
    face_size: float = 128
    fps: float = 30.0

    def __post_init__(self) -> None:
        for name in ("resolutions", "neutral_span"):
            object.__setattr__(self, name, tuple(getattr(self, name)))  # the class is frozen

    @property
    def pairs(self) -> NDArray[np.int_]:
        """The two frames of each displacement, relative to the frame of the window."""
        unit = frames_per_step(self.step, self.fps)
        lags = [r if isinstance(r, str) else r * unit for r in self.resolutions]
        return window_pairs(self.window_length, self.spacing, lags, self.reference)

    @property
    def seconds(self) -> NDArray[np.float64]:
        """The two times of each displacement, relative to the frame of the window."""
        return self.pairs / self.fps

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of one window: (n_positions, n_nodes, n_channels)."""
        return self.window_length - 1, len(self.node_names), 2 * len(self.resolutions)

    @property
    def span(self) -> int:
        """Frames from the first to the last that a window needs."""
        longest = int(np.abs(np.diff(self.pairs)).max())
        return max((self.window_length - 1) * self.spacing, longest)

    @property
    def window_seconds(self) -> float:
        """Seconds from the first to the last frame of a window."""
        return (self.window_length - 1) * self.spacing / self.fps

    @property
    def node_names(self) -> list[str]:
        """Names of the nodes, in the order of their axis."""
        return node_names(self.nodes)

    @property
    def part_sizes(self) -> tuple[int, ...]:
        """Number of nodes of each facial part, in the order of the nodes."""
        return PART_SIZES[self.nodes]

    @property
    def mirrored_nodes(self) -> tuple[int, ...]:
        """For each node, its node in a mirrored face."""
        return MIRRORED_NODES[self.nodes]

    def differences(self, other: FlowLayout) -> list[str]:
        """Return the differences to another layout that a network can't handle.

        Parameters
        ----------
        other : FlowLayout
            The other layout.

        Returns
        -------
        differences : list of str
            Texts such as ``"nodes='paper' instead of 'extended'"``, with the value of `other` last.
            Frame rates, and spacings with them, may differ, and the span of the neutral face.
        """
        may_differ = ("fps", "spacing", "step", "neutral_span")
        names = [f.name for f in fields(self) if f.name not in may_differ]
        pairs = [(name, getattr(self, name), getattr(other, name)) for name in names]
        texts = [
            f"{name}={mine!r} instead of {theirs!r}"
            for name, mine, theirs in pairs
            if mine != theirs
        ]
        if not _close(self.step, other.step):
            texts.append(f"step={self.step:.4g} s instead of {other.step:.4g} s")
        elif not (_close(self.window_seconds, other.window_seconds) or self._closest(other)):
            texts.append(
                f"spacing={self.spacing} at {self.fps:.4g} frames per second instead of "
                f"{other.spacing} at {other.fps:.4g}"
            )
        return texts

    def _closest(self, other):
        """Return whether both have the spacing that is closest to their step."""
        return all(x.spacing == frames_per_step(x.step, x.fps) for x in (self, other))

    @classmethod
    def shared_by(
        cls,
        features: Collection[FeaturesLike],
        *,
        expected: FlowLayout | None = None,
        name: str = "X",
    ) -> FlowLayout | None:
        """Return the layout that the features of several videos share.

        Parameters
        ----------
        features : list of FlowFeatures, arrays or None
            The features; None is a video that could not be read.
        expected : FlowLayout, default=None
            The layout that a model was trained on; None uses that of the first video.
        name : str, default="X"
            Name of the collection in errors.

        Returns
        -------
        layout : FlowLayout or None
            `expected`, or that of the first video; None if the features are plain arrays.

        Raises
        ------
        ValueError
            If layouts differ, or only some of the features have one.

        Warns
        -----
        UserWarning
            If frame rates do not allow windows of about the same length.
        """
        known = [(i, v.layout) for i, v in enumerate(features) if isinstance(v, FlowFeatures)]
        if not known:
            return None if any(video is not None for video in features) else expected
        source = "the model was trained on others" if expected else f"as {name}[{known[0][0]}] was"
        expected = expected or known[0][1]
        for i, layout in known:
            if differences := layout.differences(expected):
                raise ValueError(
                    f"{name}[{i}] was made with other settings of SWMROFlow than needed: "
                    f"{', '.join(differences)} ({source}); extract all videos with one SWMROFlow."
                )
        plain = [
            i for i, v in enumerate(features) if not (v is None or isinstance(v, FlowFeatures))
        ]
        if plain:
            raise ValueError(
                f"{name}[{plain[0]}] is a plain array and {name}[{known[0][0]}] has a layout; pass "
                "FlowFeatures for all videos, or plain arrays. Slices of FlowFeatures are arrays."
            )
        _warn_of_pace(known, expected, name)
        return expected

    def to_dict(self) -> dict[str, Any]:
        """Return the layout as plain values.

        Returns
        -------
        values : dict
            Arguments of `FlowLayout`.
        """
        return asdict(self)


@dataclass(frozen=True, eq=False, repr=False)
class FlowFeatures:
    """The features of one video, with their layout and times.

    Use it like an array of shape (n_frames, n_positions, n_nodes, n_channels): ``len``, ``shape``,
    slices and ``numpy.asarray`` work; a slice is an array without a layout. The values may not have
    been computed yet. `blocks`, which predictions use, then computes them while the video is
    decoded and does not keep them: an hour needs no more memory than a minute, but each prediction
    computes them again. Any other access computes all values once and keeps them. A pickle contains
    the values.

    Parameters
    ----------
    layout : FlowLayout
        The description of the axes and values.
    valid : bool array of shape (n_frames,)
        Whether each frame shows the face.
    timestamps : array of shape (n_frames,)
        The time of each frame in seconds.
    values : float32 array of shape (n_frames, n_positions, n_nodes, n_channels), or callable
        Displacements in pixels of the normalised face; windows without a face hold NaN. A callable
        returns an iterator over the windows of all frames.
    name : str, default=""
        Name of the video in messages.
    fingerprint : str, default=""
        Text that changes when the values change, for use as a cache key.

    Raises
    ------
    ValueError
        If the parts do not fit together.

    See Also
    --------
    SWMROFlow : Compute features.

    Examples
    --------
    >>> import numpy as np
    >>> from skspot.preprocessing import FlowFeatures, FlowLayout
    >>> features = FlowFeatures(
    ...     FlowLayout(),
    ...     valid=np.ones(60, dtype=bool),
    ...     timestamps=np.arange(60) / 30,
    ...     values=np.zeros((60, 16, 10, 2), dtype=np.float32),
    ... )
    >>> features.shape, features[10:20].shape, features.layout.nodes
    ((60, 16, 10, 2), (10, 16, 10, 2), 'paper')
    """

    layout: FlowLayout
    valid: NDArray[Any]
    timestamps: NDArray[Any]
    values: NDArray[Any] | Callable[[], Iterator[NDArray[np.float32]]]
    name: str = ""
    fingerprint: str = ""

    def __post_init__(self) -> None:
        convert = object.__setattr__  # the class is frozen
        convert(self, "valid", np.asarray(self.valid, dtype=bool))
        convert(self, "timestamps", np.asarray(self.timestamps, dtype=np.float64))
        if not callable(self.values):
            convert(self, "values", np.asarray(self.values, dtype=np.float32))
            if self.values.shape != self.shape:
                raise ValueError(
                    f"{self.name or 'FlowFeatures'}: values must have the shape {self.shape} of "
                    f"{len(self)} timestamps and the layout, got {self.values.shape}."
                )
        if self.valid.shape != self.timestamps.shape:
            raise ValueError(
                f"{self.name or 'FlowFeatures'}: valid and timestamps must be of one length, got "
                f"shapes {self.valid.shape} and {self.timestamps.shape}."
            )

    def __len__(self) -> int:
        return len(self.timestamps)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(n_frames, n_positions, n_nodes, n_channels)."""
        return len(self), *self.layout.shape

    @property
    def ndim(self) -> int:
        """Number of axes, 4."""
        return 4

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """Type of the values, float32."""
        return np.dtype(np.float32)

    @property
    def computed(self) -> bool:
        """Whether the values have been computed and are kept."""
        return not callable(self.values)

    @property
    def times(self) -> FrameTimes:
        """When frames appear and disappear, a `FrameTimes`."""
        return FrameTimes(self.timestamps, f"{self.name}: timestamps")

    def __repr__(self) -> str:
        name = f"{self.name!r}, " if self.name else ""
        state = "float32" if self.computed else "not computed yet"
        return f"FlowFeatures({name}shape={self.shape}, fps={self.layout.fps:.2f}, {state})"

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the values, which are computed if necessary, and kept."""
        if not self.computed:
            values, stop = np.empty(self.shape, dtype=self.dtype), 0
            for block in self.blocks():
                values[stop : stop + len(block)] = block
                stop += len(block)
            object.__setattr__(self, "values", values)
        return np.array(self.values, dtype=dtype, copy=copy)

    def __getitem__(self, index: Any) -> Any:
        return np.asarray(self)[index]

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        return iter(np.asarray(self))

    def __reduce__(self) -> tuple[Any, ...]:
        parts = (self.layout, self.valid, self.timestamps, np.asarray(self))
        return FlowFeatures, (*parts, self.name, self.fingerprint)

    def blocks(self, length: int = 1024) -> Iterator[NDArray[np.float32]]:
        """Yield the values of consecutive frames; those not computed yet are not kept.

        Parameters
        ----------
        length : int, default=1024
            Frames in a block; the last one may be shorter.

        Yields
        ------
        block : float32 array of shape (n_frames, n_positions, n_nodes, n_channels)
            The values of the next frames.
        """
        if self.computed:
            for start in range(0, len(self), length):
                yield self.values[start : start + length]
            return
        windows = self.values()
        displacement = np.empty((len(self), self.shape[2], 2), np.float32)
        for start in range(0, len(self), length):
            block = np.empty((min(length, len(self) - start), *self.layout.shape), np.float32)
            with one_opencv_thread():
                for i in range(len(block)):
                    block[i] = next(windows)
                if start + len(block) == len(self):
                    next(windows, None)  # let it end
            if self.shows_neutral:
                displacement[start : start + len(block)] = self._neutral_channels(block)
            yield block
        if self.shows_neutral:  # they are small, and asked for after predictions
            object.__setattr__(self, "_displacement", displacement)

    def displacement_from_neutral(self) -> NDArray[np.float32]:
        """Return how far each node is from its place in the neutral face, over time.

        Returns
        -------
        displacement : float32 array of shape (n_frames, n_nodes, 2)
            (dx, dy) in pixels of the normalised face; 0 where it is not known. Windows without a
            face hold NaN. After a prediction, they need not be computed again.

        Raises
        ------
        ValueError
            If "neutral" is not among the resolutions.
        """
        if not self.shows_neutral:
            raise ValueError(
                f"{self.name or 'The features'}: the displacement from the neutral face was not "
                f"measured, only the resolutions {self.layout.resolutions}; extract the features "
                "with SWMROFlow(resolutions=('window', 'neutral'))."
            )
        if self.computed:
            return self._neutral_channels(self.values)
        if "_displacement" not in vars(self):
            for _ in self.blocks():
                pass
        return self._displacement

    def distance_from_neutral(self) -> NDArray[np.float64]:
        """Return how far the face is from neutral over time.

        Returns
        -------
        distance : float array of shape (n_frames,)
            Mean displacement of the two strongest nodes from the neutral face, in pixels of a face
            of 128; NaN where it is not known.

        Raises
        ------
        ValueError
            If "neutral" is not among the resolutions.

        See Also
        --------
        displacement_from_neutral : The displacement of each node.
        """
        displacement = np.nan_to_num(self.displacement_from_neutral())
        sizes = np.sort(np.linalg.norm(displacement.astype(np.float64), axis=-1), axis=1)
        distance = sizes[:, -2:].mean(axis=1) * 128 / self.layout.face_size
        return np.where(sizes[:, -1] > 0, distance, np.nan)

    @property
    def shows_neutral(self) -> bool:
        """Whether the displacement from the neutral face was measured."""
        return "neutral" in self.layout.resolutions

    def _neutral_channels(self, values):
        """Return the displacement from the neutral face in the middle frame of each window."""
        number = self.layout.resolutions.index("neutral")
        middle = np.flatnonzero(self.layout.pairs[:, number, 0] == 0)[0]
        return values[:, middle, :, 2 * number : 2 * number + 2]


def frames_per_step(step, fps):
    """Return the whole frames, at least one, that come closest to a step of a window.

    Parameters
    ----------
    step : float
        Seconds.
    fps : float
        Frames per second; NaN of a single frame gives one.
    """
    return max(1, n_frames_in(step, fps)) if np.isfinite(fps) else 1


def _warn_of_pace(layouts, expected, name):
    """Warn of windows that span another time, because a frame rate allows no better fit."""
    others = [
        (i, layout)
        for i, layout in layouts
        if not _close(layout.window_seconds, expected.window_seconds)
    ]
    if others:
        i, layout = others[0]
        warnings.warn(
            f"{name}[{i}] has {layout.fps:.4g} frames per second, so that its windows span "
            f"{layout.window_seconds:.2f} s; those of {expected.fps:.4g} frames per second span "
            f"{expected.window_seconds:.2f} s. Expressions may be missed in {len(others)} of "
            f"{len(layouts)} videos.",
            stacklevel=4,
        )


def _close(first, second):
    return 1 / _STEP_TOLERANCE < first / second < _STEP_TOLERANCE
