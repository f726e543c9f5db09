"""Types of arguments and results, for the annotations of public names."""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from skspot.landmarks import Landmarker
    from skspot.preprocessing import FlowFeatures

FilePath: TypeAlias = str | os.PathLike[str]

# What `open_video` opens. An array holds uint8, which is checked when it is opened.
VideoLike: TypeAlias = FilePath | NDArray[Any]

# What `FaceAligner` finds landmarks with.
LandmarkerLike: TypeAlias = (
    "str | Landmarker | Callable[..., Any] | Mapping[Any, Any] | NDArray[Any]"
)

# The features of one video; None is a video that could not be read.
FeaturesLike: TypeAlias = "FlowFeatures | NDArray[Any] | None"

# Of `INTERVAL_DTYPE` or `PREDICTION_DTYPE`.
IntervalTable: TypeAlias = NDArray[np.void]

# One entry for each video, which is any object, such as a table.
ObjectArray: TypeAlias = NDArray[np.object_]

# The times of the frames of videos, by the name of the video.
TimesByName: TypeAlias = Mapping[str, ArrayLike] | Callable[[str], ArrayLike]

# "X | MaybeNone" is X, and None in cases that callers bring about themselves, such as failed videos
# with on_error="warn". Type checkers then let everybody else use it without a test for None.
MaybeNone: TypeAlias = Any

RandomState: TypeAlias = int | np.random.RandomState | None

OnError: TypeAlias = Literal["raise", "warn"]

Nodes: TypeAlias = Literal["paper", "extended"]
Reference: TypeAlias = Literal["centre", "first"]
Resolution: TypeAlias = Literal["window", "neutral"] | int
HeadMotion: TypeAlias = Literal["nose", "similarity"]


class HasCache(Protocol):
    """An object with the interface of `joblib.Memory`."""

    @property
    def cache(self) -> Callable[..., Any]:
        """Decorate a function, so that its results are kept."""
        ...


Memory: TypeAlias = FilePath | HasCache | None
