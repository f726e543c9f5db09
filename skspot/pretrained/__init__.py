"""The pretrained spotter: for videos of people whose expressions nobody has annotated."""

from __future__ import annotations

import json
from functools import cache
from numbers import Real
from pathlib import Path
from typing import Any

from sklearn.pipeline import Pipeline

from skspot.persistence import load
from skspot.utils._param_validation import Interval, validate_params
from skspot.utils._typing import LandmarkerLike

__all__ = ["about_pretrained", "load_pretrained"]

_FOLDER = Path(__file__).parent
_MODEL = _FOLDER / "spotter.skspot"


@validate_params(
    {
        "landmarker": [object],
        "false_macro_a_minute": [Interval(Real, 0, None, closed="left")],
        "false_micro_a_minute": [Interval(Real, 0, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def load_pretrained(
    landmarker: LandmarkerLike | None = None,
    *,
    false_macro_a_minute: float = 2.0,
    false_micro_a_minute: float = 0.5,
) -> Pipeline:
    """Return the spotter that comes with skspot, trained on moved photographs of people.

    Nothing is downloaded.

    Parameters
    ----------
    landmarker : object, default=None
        The face landmark detector, see `FaceAligner`. None is "mediapipe" if it can be used, and
        else "template".
    false_macro_a_minute, false_micro_a_minute : float, default=2.0, 0.5
        How many false macro- and micro-expressions a minute of talk are acceptable. The thresholds
        of the spotter are the lowest at which there were at most as many in synthetic talk of
        people whom it has not seen. With fewer false ones, more expressions are missed.

    Returns
    -------
    spotter : Pipeline
        The fitted steps "align", "flow" and "spot".

    Raises
    ------
    ValueError
        If so few false expressions were not reached at any threshold.

    See Also
    --------
    about_pretrained : What is known about it.
    skspot.spot : Spot videos with it.

    Notes
    -----
    The model card in the documentation says what the spotter has seen and where it fails. Synthetic
    talk differs from yours: check the results on a part of your film.

    Examples
    --------
    >>> import skspot
    >>> from skspot.datasets import make_expression_videos
    >>> spotter = skspot.load_pretrained("template")
    >>> list(spotter.named_steps)
    ['align', 'flow', 'spot']
    >>> data = make_expression_videos(1, videos_per_subject=1, n_frames=90, random_state=0)
    >>> (result,) = skspot.spot(spotter, data.videos)
    >>> len(result.scores)
    90

    Fewer false alarms:

    >>> careful = skspot.load_pretrained("template", false_micro_a_minute=0.1)
    >>> careful["spot"].micro_threshold > spotter["spot"].micro_threshold
    True
    """
    spotter = load(_MODEL)
    spotter.set_params(align__landmarker=_usable_landmarker() if landmarker is None else landmarker)
    spotter["spot"].set_params(
        macro_threshold=_threshold_for("macro", false_macro_a_minute),
        micro_threshold=_threshold_for("micro", false_micro_a_minute),
    )
    return spotter


@cache
def _about() -> str:
    return (_FOLDER / "about.json").read_text(encoding="utf-8")


def about_pretrained() -> dict[str, Any]:
    """Return what is known about the spotter that comes with skspot.

    Returns
    -------
    about : dict
        Its name, version, the SHA-256 of its file, its features, frame rates, training data,
        sources, licence, F1 and false expressions a minute of talk by threshold (`calibration`),
        and what was measured (`results`).

    See Also
    --------
    load_pretrained : Load it.

    Examples
    --------
    >>> import skspot
    >>> skspot.about_pretrained()["licence"]
    'BSD-3-Clause'
    """
    return json.loads(_about())


def _usable_landmarker():
    """Return the best landmarker that needs nothing but what is on this computer."""
    from skspot.landmarks import MediaPipe

    return "mediapipe" if MediaPipe.is_usable() else "template"


def _threshold_for(label, rate):
    """Return the lowest threshold with at most this many false expressions a minute of talk."""
    calibration = about_pretrained()["calibration"][label]
    for threshold, false in zip(calibration["threshold"], calibration["false a minute"]):
        if false <= rate:
            return threshold
    fewest = calibration["false a minute"][-1]
    raise ValueError(
        f"false_{label}_a_minute={rate} was not reached at any threshold; the fewest are {fewest} "
        "a minute."
    )
