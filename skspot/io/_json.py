"""JSON files: one line for each interval, with frames and, if known, seconds."""

import json

from skspot.intervals import find_times, make_intervals

_FORMAT, _VERSION = "skspot intervals", 1
_FRAMES = ("onset", "apex", "offset")


def encode(tables, *, timestamps):
    """Return the JSON file of tables."""
    videos = []
    for name, table in tables.items():
        rows = [dict(zip(table.dtype.names, row)) for row in table.tolist()]
        if timestamps is not None:
            seconds = find_times(timestamps, name, table).timestamps
            for row in rows:
                row |= {f"{field}_seconds": round(seconds[row[field]], 6) for field in _FRAMES}
        lines = ",\n".join(f"      {json.dumps(row)}" for row in rows)
        intervals = f"[\n{lines}\n    ]" if rows else "[]"
        videos.append(f"    {json.dumps(name, ensure_ascii=False)}: {intervals}")
    body = "{\n" + ",\n".join(videos) + "\n  }" if videos else "{}"
    head = f'  "format": {json.dumps(_FORMAT)},\n  "version": {_VERSION},\n'
    return f'{{\n{head}  "videos": {body}\n}}\n'.encode()


def decode(path):
    """Return the tables of a JSON file."""
    document = _parse(path.read_text(encoding="utf-8-sig"))
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise ValueError(f'this is not a file of intervals; it lacks "format": "{_FORMAT}".')
    if document.get("version") != _VERSION:
        raise ValueError(
            f"the file has the version {document.get('version')!r} of its format; this version of "
            f"skspot reads {_VERSION}. Update skspot."
        )
    videos = document.get("videos")
    if not isinstance(videos, dict):
        raise ValueError('"videos" must map the name of each video to a list of its intervals.')
    return {name: _table(name, rows) for name, rows in videos.items()}


def _parse(text):
    try:
        return json.loads(text, object_pairs_hook=_without_repetition)
    except json.JSONDecodeError as error:
        raise ValueError(f"this is not JSON: {error}.") from error


def _without_repetition(pairs):
    """Return a dict; JSON alone would silently keep the second of two equal names."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"has {', '.join(map(repr, repeated))} more than once in one object.")
    return found


def _table(name, rows):
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"video {name}: its intervals must be a list of objects.")
    columns = {field for row in rows for field in row} | {"onset", "offset", "label"}
    columns &= {*_FRAMES, "label", "score"}
    for number, row in enumerate(rows):
        if not columns <= set(row):
            raise ValueError(
                f"video {name}, row {number}: the interval lacks {sorted(columns - set(row))}, "
                f"got {row}."
            )
    try:
        return make_intervals({field: [row[field] for row in rows] for field in columns})
    except (ValueError, TypeError) as error:
        raise ValueError(f"video {name}: {error}") from error
