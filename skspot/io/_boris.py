"""Projects of BORIS, with one observation for each video.

The ethogram has a state event for each class and a point event for its apexes. A state event is two
rows of a project, its start and its stop; the score is the comment of its start.
"""

import json
import math
import re
from collections import defaultdict
from datetime import datetime

from skspot.intervals import CLASSES
from skspot.io._files import linked_media
from skspot.io._tiers import Tier, TierReader, lay_out, parse_tier, parse_tiers, warn_of_others
from skspot.io._times import FrameBoundaries

_VERSION = "7.0"
_DECIMALS = 3  # BORIS counts in milliseconds
_N_FRAMES, _RATE = "frames", "frames per second"
_SCORE = re.compile(r"\s*score\s+([+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?)\s*", re.IGNORECASE)
_PLAYERS = "12345678"


def encode(tables, *, times, media):
    """Return the project of tables."""
    now = datetime.now().isoformat(timespec="seconds")
    used = {Tier(label) for label in CLASSES}
    observations = {}
    for video, table in tables.items():
        # BORIS distinguishes starts and stops by their order only: no two may have the same time.
        tiers = lay_out(table, gap=1)
        used |= set(tiers)
        frame_times = times.writing(video, table)
        file = linked_media(video, media)
        file = video if file is None else file.as_posix()
        observations[video] = {
            **_empty_observation(file, frame_times, now),
            "events": _events(tiers, frame_times),
        }
    project = _project(sorted(used), observations, now)
    return json.dumps(project, ensure_ascii=False, indent=1).encode()


def decode(path, *, times):
    """Return the table of each observation of a project."""
    project = _parse(path)
    parse_tiers([str(b.get("code")) for b in project["behaviors_conf"].values()], "behavior")
    tables, unknown = {}, set()
    for video, observation in project["observations"].items():
        found, stored = _contents(video, observation)
        unknown |= {code for _, code, _ in found if parse_tier(code) is None}
        frame_times = times.reading(video, stored) if found else None
        tables[video] = _table(video, found, frame_times)
    warn_of_others(path, "behavior", unknown)
    return tables


def _project(tiers, observations, now):
    behaviors = [("State event", tier) for tier in tiers]
    behaviors += [("Point event", tier._replace(part="apex")) for tier in tiers]
    return {
        "time_format": "hh:mm:ss",
        "project_date": now,
        "project_name": "skspot",
        "project_description": "",
        "project_format_version": _VERSION,
        "subjects_conf": {},
        "behaviors_conf": {
            str(number): _behavior(kind, tier) for number, (kind, tier) in enumerate(behaviors)
        },
        "observations": observations,
        "behavioral_categories": [],
        "behavioral_categories_config": {},
        "independent_variables": {
            str(number): {
                "label": label,
                "description": "lets skspot convert times to frames",
                "type": "numeric",
                "default value": "",
                "possible values": "",
            }
            for number, label in enumerate((_N_FRAMES, _RATE))
        },
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }


def _behavior(kind, tier):
    # Keys for coding: the a of macro and the i of micro, in upper case for the apex.
    key = {"macro": "a", "micro": "i"}[tier.label] if tier.number == 1 else ""
    return {
        "type": kind,
        "key": key.upper() if tier.part else key,
        "code": str(tier),
        "description": f"apex of a {tier.label}-expression" if tier.part else "",
        "color": "",
        "category": "",
        "modifiers": {},
        "excluded": "",
        "coding map": "",
    }


def _empty_observation(file, frame_times, now):
    rate = frame_times.rate
    mean_rate = frame_times.n_frames / frame_times.duration
    return {
        "file": {player: [file] if player == "1" else [] for player in _PLAYERS},
        "type": "MEDIA",
        "date": now,
        "description": "",
        "time offset": 0.0,
        "events": [],
        "observation time interval": [0, 0],
        "independent_variables": {
            _N_FRAMES: "" if rate is None else str(frame_times.n_frames),
            _RATE: "" if rate is None else repr(rate),
        },
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "media_creation_date_as_offset": False,
        "media_scan_sampling_duration": 0,
        "image_display_duration": 1,
        "close_behaviors_between_videos": False,
        "media_info": {
            "length": {file: round(frame_times.duration, _DECIMALS)},
            "fps": {file: round(mean_rate, _DECIMALS)},
            "hasVideo": {file: True},
            "hasAudio": {file: False},
            "offset": {"1": 0.0},
        },
    }


def _events(tiers, frame_times):
    """Return the rows time, subject, behavior, modifier, comment, frame, in order of time."""
    events = []
    for tier, rows in tiers.items():
        apex_tier = str(tier._replace(part="apex"))
        for row in rows:
            onset, apex, offset = (int(row[field]) for field in ("onset", "apex", "offset"))
            begin, end = frame_times.span(onset, offset, _DECIMALS)
            score = f"score {float(row['score'])!r}" if "score" in row.dtype.names else ""
            events.append([begin, "", str(tier), "", score, onset])
            events.append([frame_times.instant(apex, _DECIMALS), "", apex_tier, "", "", apex])
            events.append([end, "", str(tier), "", "", min(offset + 1, frame_times.n_frames - 1)])
    return sorted(events)


def _parse(path):
    try:
        project = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise ValueError(f"this is not a project of BORIS: {error}.") from error
    for part in ("behaviors_conf", "observations"):
        found = project.get(part) if isinstance(project, dict) else None
        if not (isinstance(found, dict) and all(isinstance(one, dict) for one in found.values())):
            raise ValueError(f"this is not a project of BORIS; {part!r} must map to objects.")
    return project


def _contents(video, observation):
    """Return the events of an observation by behavior, and the times of its frames if known."""
    try:
        return _by_behavior(observation), _stored_times(observation, video)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"observation {video!r} does not have the structure that BORIS and skspot write: "
            f"{type(error).__name__}: {error}"
        ) from error


def _stored_times(observation, video):
    """Return the times of the frames, if the project contains them."""
    variables = observation.get("independent_variables", {})
    n_frames, rate = (variables.get(name, "") for name in (_N_FRAMES, _RATE))
    return (
        FrameBoundaries.from_rate(video, float(n_frames), float(rate))
        if n_frames and rate
        else None
    )


def _by_behavior(observation):
    """Return the times and comments of the events of each subject, behavior and modifier."""
    # The times that BORIS stores include the offset of the observation.
    shift = float(observation.get("time offset") or 0)
    found = defaultdict(list)
    for event in observation["events"]:
        if len(event) < 5 or not isinstance(event[0], int | float) or not math.isfinite(event[0]):
            raise ValueError(
                "an event must be its time in seconds, subject, behavior, modifier and comment, "
                f"got {event}"
            )
        time, *behavior, comment = event[:5]
        found[tuple(map(str, behavior))].append((time - shift, str(comment)))
    return found


def _table(video, found, frame_times):
    reader = TierReader(video)
    for (_, code, _), events in found.items():
        tier = parse_tier(code)
        events = sorted(events, key=lambda event: event[0])
        if tier is None:
            continue
        if tier.part:
            for time, _ in events:
                reader.add_apex(tier, frame_times.frame(time))
            continue
        if len(events) % 2:
            raise ValueError(
                f"observation {video!r}: the last {code!r}, which starts at {events[-1][0]:g} s, "
                "has no stop; let BORIS check the state events."
            )
        for (begin, comment), (end, _) in zip(events[::2], events[1::2]):
            score = _SCORE.fullmatch(comment)
            score = None if score is None else float(score[1])
            reader.add_interval(tier, *frame_times.frames(begin, end), score)
    return reader.table()
