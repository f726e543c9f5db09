"""Documents of ELAN (.eaf), one for each video.

There is a tier for each class, with two tiers below it: the apex, included in the time of the
interval, and the score, associated with the interval. If a person moves or deletes an annotation,
ELAN does the same with the annotations below it.
"""

import mimetypes
import os
from datetime import datetime
from pathlib import Path

from skspot.io._files import bytes_of, linked_media
from skspot.io._tiers import TierReader, lay_out, parse_tiers, warn_of_others
from skspot.io._times import FrameBoundaries

_DECIMALS = 3  # the times of a document are whole milliseconds
_N_FRAMES, _RATE = "skspot:frames", "skspot:frames_per_second"
_TYPES = {  # by the part of a tier: the linguistic type, its constraint
    "": ("expression", None),
    "apex": ("apex", "Included_In"),
    "score": ("score", "Symbolic_Association"),
}


def encode(tables, *, times, media, path):
    """Return the document of one video."""
    ((video, table),) = tables.items()
    frame_times = times.writing(video, table)
    document = _new_document()
    _link(document, linked_media(video, media), path.parent)
    if frame_times.rate is not None:
        document.add_property(_N_FRAMES, frame_times.n_frames)
        document.add_property(_RATE, repr(frame_times.rate))
    parts = ("apex", "score") if "score" in table.dtype.names else ("apex",)
    for tier, rows in lay_out(table).items():
        _add_tiers(document, tier, parts)
        for row in rows:
            _add_interval(document, tier, row, frame_times)
    _sort_time_slots(document)
    document.add_property("lastUsedAnnotationId", document.maxaid)
    return bytes_of(document.to_file)


def decode(path, *, times):
    """Return the table of one document. Its key is the name of the file."""
    document = _parse(path)
    video = path.stem
    frame_times = times.reading(video, _stored_times(document, video))
    reader = TierReader(video)
    unknown = []
    tiers = dict(zip(document.tiers, parse_tiers(document.tiers, "tier")))
    scores = _scores(document, tiers)
    for name, tier in tiers.items():
        aligned, references, *_ = document.tiers[name]
        if tier is None:
            unknown += [name] if aligned or references else []
        elif tier.part != "score":
            _read_tier(document, name, tier, reader, frame_times, scores)
    warn_of_others(path, "tier", unknown)
    return {video: reader.table()}


def _new_document():
    from pympi.Elan import Eaf

    document = Eaf(author="skspot")
    # The date of pympi is invalid in time zones that are not whole hours from UTC.
    document.adocument["DATE"] = datetime.now().astimezone().isoformat(timespec="seconds")
    document.header = {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"}
    document.properties.clear()
    document.remove_tier("default")
    document.remove_linguistic_type("default-lt")
    for name, constraint in _TYPES.values():
        alignable = constraint != "Symbolic_Association"
        document.add_linguistic_type(name, constraint, timealignable=alignable)
    return document


def _link(document, media, folder):
    """Link a video; ELAN does not escape the characters of a path in its URLs."""
    if media is None:
        return
    try:
        relative = f"./{Path(os.path.relpath(media, folder)).as_posix()}"
    except ValueError:  # on another drive
        relative = None
    kind = mimetypes.guess_type(media.name)[0] or "unknown"
    document.add_linked_file(f"file:///{media.as_posix().lstrip('/')}", relative, kind)


def _add_tiers(document, tier, parts):
    document.add_tier(str(tier), _TYPES[""][0])
    for part in parts:
        document.add_tier(str(tier._replace(part=part)), _TYPES[part][0], parent=str(tier))


def _add_interval(document, tier, row, frame_times):
    begin, end = _milliseconds(frame_times, row["onset"], row["offset"])
    document.add_annotation(str(tier), begin, end, tier.label)
    apex = _milliseconds(frame_times, row["apex"], row["apex"])
    document.add_annotation(str(tier._replace(part="apex")), *apex, "apex")
    if "score" in row.dtype.names:
        document.add_ref_annotation(
            str(tier._replace(part="score")),
            str(tier),
            (begin + end) / 2,  # no other annotation of the tier holds the middle
            repr(float(row["score"])),
        )


def _milliseconds(frame_times, onset, offset):
    span = frame_times.span(int(onset), int(offset), _DECIMALS)
    return [round(1000 * time) for time in span]


def _sort_time_slots(document):
    """Number the time slots by their times, as ELAN does."""
    slots = sorted(document.timeslots.items(), key=lambda slot: slot[1])
    numbered = {old: f"ts{number}" for number, (old, _) in enumerate(slots, 1)}
    document.timeslots = {numbered[old]: time for old, time in slots}
    for aligned, *_ in document.tiers.values():
        for key, (begin, end, *rest) in aligned.items():
            aligned[key] = (numbered[begin], numbered[end], *rest)


def _parse(path):
    from pympi.Elan import Eaf

    try:
        document = Eaf(path, suppress_version_warning=True)
    except OSError:
        raise
    except Exception as error:  # pympi raises exceptions of any class
        raise ValueError(
            f"this is not an ELAN document, or it is damaged: {type(error).__name__}: {error}"
        ) from error
    units = document.header.get("TIME_UNITS", "milliseconds")
    if units != "milliseconds":
        raise ValueError(f"its times must be in milliseconds, got {units}.")
    return document


def _stored_times(document, video):
    """Return the times of the frames, if the document contains them."""
    properties = dict(document.properties)
    if _N_FRAMES not in properties or _RATE not in properties:
        return None
    try:
        n_frames, rate = int(properties[_N_FRAMES]), float(properties[_RATE])
    except (TypeError, ValueError) as error:
        raise ValueError(f"its properties {_N_FRAMES} and {_RATE} must be numbers.") from error
    return FrameBoundaries.from_rate(video, n_frames, rate)


def _scores(document, tiers):
    """Return the score of each annotation that has one, by the annotation's id."""
    scores = {}
    for name, tier in tiers.items():
        if tier is None or tier.part != "score":
            continue
        aligned, references, *_ = document.tiers[name]
        if aligned:
            raise ValueError(
                f"the tier {name!r} must hold scores that belong to annotations of the tier "
                f"{str(tier._replace(part=''))!r} (Symbolic_Association), not annotations of its "
                "own time."
            )
        for parent, text, *_ in references.values():
            if text.strip():
                scores[parent] = _as_score(text, name)
    return scores


def _as_score(text, tier):
    try:
        return float(text.strip().replace(",", "."))
    except ValueError as error:
        raise ValueError(f"a score on the tier {tier!r} must be a number, got {text!r}.") from error


def _read_tier(document, name, tier, reader, frame_times, scores):
    """Take the intervals or the apexes of a tier."""
    aligned, references, *_ = document.tiers[name]
    if references:
        raise ValueError(
            f"the annotations of the tier {name!r} have no times; it must be a tier of "
            "the type " + ("'Included_In'." if tier.part else "that has no constraint.")
        )
    shift = _shift(document)
    for key, (begin, end, *_) in aligned.items():
        slots = [document.timeslots.get(slot) for slot in (begin, end)]
        if None in slots:
            raise ValueError(
                f"the annotation {key} on the tier {name!r} is not aligned: it has no begin or "
                "no end."
            )
        onset, offset = frame_times.frames(*((slot + shift) / 1000 for slot in slots))
        if tier.part:
            reader.add_apex(tier, (onset + offset) // 2)
        else:
            reader.add_interval(tier, onset, offset, scores.get(key))


def _shift(document):
    """Return where in the video the times of the document begin, in milliseconds."""
    media = document.media_descriptors
    return int(media[0].get("TIME_ORIGIN") or 0) if media else 0
