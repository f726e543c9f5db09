"""Label tracks of Audacity, one for each video.

Each label is a line with its begin, end and text. The text is the class and, if there is one, the
score ("micro 0.75"). An apex is a label without length. Predictions that overlap others of their
class are called "micro 2" and so on. This keeps each apex with its interval.
"""

import math

from skspot.io._tiers import TierReader, format_text, lay_out, parse_text, warn_of_others

_DECIMALS = 6


def encode(tables, *, times):
    """Return the label track of one video."""
    ((video, table),) = tables.items()
    frame_times = times.writing(video, table)
    labels = []
    for tier, rows in lay_out(table).items():
        for row in rows:
            onset, apex, offset = (int(row[field]) for field in ("onset", "apex", "offset"))
            labels.append((*frame_times.span(onset, offset, _DECIMALS), format_text(tier, row)))
            instant = frame_times.instant(apex, _DECIMALS)
            labels.append((instant, instant, str(tier._replace(part="apex"))))
    lines = [f"{begin:.{_DECIMALS}f}\t{end:.{_DECIMALS}f}\t{text}\n" for begin, end, text in labels]
    return "".join(line for _, line in sorted(zip(labels, lines))).encode()


def decode(path, *, times):
    """Return the table of one label track. Its key is the name of the file."""
    video = path.stem
    frame_times = times.reading(video)
    reader, unknown, n_ours = TierReader(video), [], 0
    for begin, end, text in _labels(path):
        tier, score = parse_text(text)
        if tier is None or tier.part == "score":
            unknown.append(text)
            continue
        n_ours += 1
        if tier.part:
            reader.add_apex(tier, frame_times.frame((begin + end) / 2))
        else:
            reader.add_interval(tier, *frame_times.frames(begin, end), score)
    if unknown and not n_ours:
        raise ValueError(f"has no label 'macro' or 'micro'; its labels are {sorted(set(unknown))}.")
    warn_of_others(path, "label", unknown)
    return {video: reader.table()}


def _labels(path):
    """Yield begin, end and text of each label."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"this is not a label track: {error}.") from error
    for number, line in enumerate(lines, 1):
        # A second line, with a backslash, holds the frequencies that were selected.
        if not line.strip() or line.startswith("\\"):
            continue
        begin, end, text = [*line.split("\t", 2), "", ""][:3]
        try:
            span = [float(time.replace(",", ".")) for time in (begin, end)]
        except ValueError:
            span = [math.nan]
        if not all(map(math.isfinite, span)):
            raise ValueError(
                f"line {number}: a label is its begin, its end and its text with tabs between, "
                f"got {line!r}."
            )
        yield *span, text
