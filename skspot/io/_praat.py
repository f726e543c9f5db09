"""TextGrids of Praat, one for each video.

There is an interval tier for each class and a point tier for its apexes. The scores are in the
texts ("micro 0.75"). They stay with an interval when a person moves its boundaries. As always in a
TextGrid, an interval without text does not count.
"""

import codecs
import io
import re

from skspot.io._files import bytes_of
from skspot.io._tiers import (
    TierReader,
    format_text,
    lay_out,
    parse_text,
    parse_tiers,
    warn_of_others,
)

_DECIMALS = 6  # as many as pympi writes
_EXPONENT = re.compile(r"(?<=[\s=])-?\d[\d.]*e[+-]?\d+(?=\s*$)", re.MULTILINE)
_NEGATIVE = re.compile(r"(?<=[\s=])-\d[\d.]*(?=\s*$)", re.MULTILINE)
_MARKS = {  # Praat writes UTF-16 as soon as a text needs it
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def encode(tables, *, times):
    """Return the TextGrid of one video."""
    from pympi.Praat import TextGrid

    ((video, table),) = tables.items()
    frame_times = times.writing(video, table)
    grid = TextGrid(xmax=round(frame_times.duration, _DECIMALS))
    for tier, rows in lay_out(table).items():
        intervals = grid.add_tier(str(tier))
        apexes = grid.add_tier(str(tier._replace(part="apex")), "TextTier")
        for row in rows:
            onset, apex, offset = (int(row[field]) for field in ("onset", "apex", "offset"))
            begin, end = frame_times.span(onset, offset, _DECIMALS)
            intervals.add_interval(begin, end, format_text(tier, row), check=False)
            apexes.add_point(frame_times.instant(apex, _DECIMALS), "apex", check=False)
    return bytes_of(grid.to_file)


def decode(path, *, times):
    """Return the table of one TextGrid. Its key is the name of the file."""
    video = path.stem
    frame_times = times.reading(video)
    grid = list(_parse(path).get_tiers())
    reader, unknown = TierReader(video), []
    for tier, found in zip(parse_tiers([found.name for found in grid], "tier"), grid):
        if tier is None or tier.part == "score":
            unknown += [found.name] if any(texts[-1] for texts in found.get_intervals()) else []
        else:
            _read_tier(tier, found, reader, frame_times)
    warn_of_others(path, "tier", unknown)
    return {video: reader.table()}


def _parse(path):
    from pympi.Praat import TextGrid

    content = path.read_bytes()
    try:
        if not content.startswith(b"ooBinaryFile"):
            content = _plain(content)
        grid = TextGrid(xmax=0)
        grid.from_file(io.BytesIO(content), codec="utf-8")
    except Exception as error:  # pympi raises exceptions of any class
        raise ValueError(
            f"this is not a TextGrid, or it is damaged: {type(error).__name__}: {error}"
        ) from error
    return grid


def _plain(content):
    """Return a text file in a form that pympi reads: UTF-8, without exponents and signs."""
    codec = next((codec for mark, codec in _MARKS.items() if content.startswith(mark)), "utf-8")
    text = "\n".join(content.decode(codec).splitlines())
    text = _EXPONENT.sub(lambda number: f"{float(number[0]):.9f}", text)
    negative = _NEGATIVE.search(text)
    if negative is not None and float(negative[0]) < 0:
        raise ValueError(f"the time {negative[0]} s is before the video")
    return text.encode()


def _read_tier(tier, found, reader, frame_times):
    """Take the intervals or the apexes of a tier."""
    points = found.tier_type == "TextTier"
    if points and not tier.part:
        raise ValueError(f"the tier {found.name!r} must be an interval tier, got a point tier.")
    for *span, text in found.get_intervals():
        if not (text.strip() or points):
            continue
        if tier.part:
            reader.add_apex(tier, frame_times.frame(sum(span) / len(span)))
        else:
            reader.add_interval(tier, *frame_times.frames(*span), parse_text(text)[1])
