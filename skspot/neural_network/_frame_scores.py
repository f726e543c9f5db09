"""The scores of the frames of a video, which decoding turns into intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from skspot.intervals import CLASSES
from skspot.neural_network._targets import class_logits
from skspot.video import FrameTimes

_SCORES = ("onset", "apex", "offset", "expression")

FRAME_SCORE_DTYPE: np.dtype[np.void] = np.dtype(
    [(f"{label}_{name}", np.float32) for label in CLASSES for name in _SCORES]
)


@dataclass(frozen=True, eq=False, repr=False)
class FrameScores:
    """The scores of the frames of one video, with their times.

    It is used like a structured array: ``scores["macro_onset"]``, ``len``, slices and
    ``numpy.asarray`` work.

    Parameters
    ----------
    values : ndarray of shape (n_frames,), dtype `FRAME_SCORE_DTYPE`
        The scores, from 0 to 1.
    times : FrameTimes or None, default=None
        The times of the frames; None if unknown.
    distance : ndarray of shape (n_frames,) or None, default=None
        How far the face is from neutral, see `FlowFeatures.distance_from_neutral`; NaN where it is
        not known, None if it was not measured.

    Examples
    --------
    >>> import numpy as np
    >>> from skspot.neural_network import FRAME_SCORE_DTYPE, FrameScores
    >>> from skspot.video import FrameTimes
    >>> values = np.zeros(50, dtype=FRAME_SCORE_DTYPE)
    >>> scores = FrameScores(values, FrameTimes(np.arange(50) / 25))
    >>> scores
    FrameScores(n_frames=50, fps=25.00)
    >>> scores["macro_apex"].max()
    np.float32(0.0)
    """

    values: NDArray[np.void]
    times: FrameTimes | None = None
    distance: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def shape(self) -> tuple[int, ...]:
        """(n_frames,)."""
        return self.values.shape

    @property
    def dtype(self) -> np.dtype[np.void]:
        """`FRAME_SCORE_DTYPE`."""
        return self.values.dtype

    @property
    def fps(self) -> float | None:
        """Frames per second; None if that is not known."""
        return self.times.fps if self.times is not None and len(self.times) > 1 else None

    def __getitem__(self, index: Any) -> Any:
        return self.values[index]

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.values, dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        fps = "" if self.fps is None else f", fps={self.fps:.2f}"
        return f"FrameScores(n_frames={len(self)}{fps})"


def frame_scores(logits: ArrayLike) -> NDArray[np.void]:
    """Convert the logits of SpotFormer to scores between 0 and 1.

    Parameters
    ----------
    logits : ndarray of shape (n_frames, 10)
        The output for the window of each frame.

    Returns
    -------
    scores : ndarray of shape (n_frames,), dtype `FRAME_SCORE_DTYPE`
        For each class, onset and offset (their shares of a softmax with "neither"), apex and
        expression (each a sigmoid).

    Raises
    ------
    ValueError
        If `logits` has another shape.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skspot.neural_network._frame_scores import frame_scores
    >>> pd.DataFrame(frame_scores(np.zeros((1, 10)))).round(2).T
                         0
    macro_onset       0.33
    macro_apex        0.50
    macro_offset      0.33
    macro_expression  0.50
    micro_onset       0.33
    micro_apex        0.50
    micro_offset      0.33
    micro_expression  0.50
    """
    logits = np.asarray(logits, dtype=np.float32)
    if logits.ndim != 2 or logits.shape[1] != 10:
        raise ValueError(f"Expected logits of shape (n_frames, 10), got {logits.shape}.")
    scores = np.empty(len(logits), dtype=FRAME_SCORE_DTYPE)
    for label in CLASSES:
        boundary, apex, expression = class_logits(logits, label)
        shares = np.exp(boundary - boundary.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        scores[f"{label}_onset"] = shares[:, 0]
        scores[f"{label}_offset"] = shares[:, 1]
        scores[f"{label}_apex"] = _sigmoid(apex)
        scores[f"{label}_expression"] = _sigmoid(expression)
    return scores


def _sigmoid(logits):
    """Return 1 / (1 + exp(-logits)) without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * logits))
