"""The scores of frames that displays are given."""

from skspot.intervals import CLASSES

_KINDS = ("onset", "apex", "offset", "expression")


def check_scores(scores):
    """Refuse what has not the score of each kind for each class."""
    expected = {f"{label}_{kind}" for label in CLASSES for kind in _KINDS}
    dtype = getattr(scores, "dtype", None)
    if not expected.issubset(getattr(dtype, "names", None) or ()):
        got = type(scores).__name__ if dtype is None else f"an array of dtype {dtype}"
        raise TypeError(
            "scores must be one element of what predict_scores returns, a structured array with "
            f"the fields {sorted(expected)}, got {got}."
        )
