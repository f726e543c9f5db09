"""The formats of interval tables, with their names, readers and writers."""

from collections.abc import Callable
from dataclasses import dataclass

from skspot.io import _audacity, _boris, _csv, _elan, _json, _megc, _praat


@dataclass(frozen=True)
class Format:
    """A file format of interval tables.

    Parameters
    ----------
    suffix : str
        The suffix of its files.
    encode : callable
        Converts a dict of tables to bytes, with keywords.
    decode : callable
        Reads a dict of tables from a path, with keywords.
    encode_with, decode_with : tuple of str, default=()
        The keywords of these two.
    one_video : bool, default=False
        Whether a file holds one video, whose name is that of the file.
    """

    suffix: str
    encode: Callable
    decode: Callable
    encode_with: tuple = ()
    decode_with: tuple = ()
    one_video: bool = False


FORMATS = {
    "csv": Format(".csv", _csv.encode, _csv.decode, ("timestamps",)),
    "json": Format(".json", _json.encode, _json.decode, ("timestamps",)),
    "megc": Format(".csv", _megc.encode_types, _megc.decode_types),
    "megc-subject": Format(
        ".csv", _megc.encode_subjects, _megc.decode_subjects, ("subjects",), ("label",)
    ),
    "elan": Format(
        ".eaf", _elan.encode, _elan.decode, ("times", "media", "path"), ("times",), one_video=True
    ),
    "praat": Format(
        ".TextGrid", _praat.encode, _praat.decode, ("times",), ("times",), one_video=True
    ),
    "boris": Format(".boris", _boris.encode, _boris.decode, ("times", "media"), ("times",)),
    "audacity": Format(
        ".txt", _audacity.encode, _audacity.decode, ("times",), ("times",), one_video=True
    ),
}

INTERVAL_FORMATS = {name: chosen.suffix for name, chosen in FORMATS.items()}

# The format of each suffix, in any case. Other formats with the same suffix need their name.
BY_SUFFIX = {
    FORMATS[name].suffix.lower(): name
    for name in ("csv", "json", "elan", "praat", "boris", "audacity")
}
