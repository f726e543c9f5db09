"""The formats of interval tables: what each is called, and what it reads and writes with."""

from collections.abc import Callable
from dataclasses import dataclass

from skspot.io import _audacity, _boris, _csv, _elan, _json, _megc, _praat


@dataclass(frozen=True)
class Format:
    """A format of files that hold interval tables.

    Parameters
    ----------
    suffix : str
        How the names of its files end.
    encode : callable
        Makes bytes of a dict of tables, with keywords.
    decode : callable
        Makes a dict of tables of a path, with keywords.
    encode_with, decode_with : tuple of str, default=()
        The keywords that they take.
    one_video : bool, default=False
        Whether a file holds one video, by the file's name.
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

# What a suffix means, in any case; the other formats that share it go by their names.
BY_SUFFIX = {
    FORMATS[name].suffix.lower(): name
    for name in ("csv", "json", "elan", "praat", "boris", "audacity")
}
