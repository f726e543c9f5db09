"""Tests of projects of BORIS."""

import json

import numpy as np
import pytest

from skspot import make_intervals
from skspot.io import read_intervals, write_intervals

TIMES = {"a": np.arange(100) / 25, "b": np.array([0, 0.1, 0.3, 0.35])}
PREDICTIONS = make_intervals([(10, 12, 24, "micro", 0.5), (25, 26, 30, "micro", 0.25)])
TABLES = {"a": PREDICTIONS, "b": make_intervals([(0, 1, 2, "macro")])}


def project(tmp_path, edit=None, tables=TABLES, **writing):
    """Write a project, and let a person edit it."""
    path = tmp_path / "p.boris"
    write_intervals(path, tables, timestamps=TIMES, **writing)
    document = json.loads(path.read_text(encoding="utf-8"))
    if edit is not None:
        edit(document)
        path.write_text(json.dumps(document), encoding="utf-8")
    return path, document


def test_the_project(tmp_path):
    _, document = project(tmp_path, media={"a": tmp_path / "v.mp4", "b": None})
    assert document["project_format_version"] == "7.0"
    behaviors = [(b["code"], b["type"]) for b in document["behaviors_conf"].values()]
    assert behaviors == [
        ("macro", "State event"),
        ("micro", "State event"),
        ("micro 2", "State event"),
        ("macro apex", "Point event"),
        ("micro apex", "Point event"),
        ("micro 2 apex", "Point event"),
    ]
    keys = [b["key"] for b in document["behaviors_conf"].values() if b["key"]]
    assert len(keys) == len(set(keys)) == 4
    observation = document["observations"]["a"]
    media = str(tmp_path / "v.mp4")
    assert observation["type"] == "MEDIA"
    assert observation["file"]["1"] == [media]
    assert observation["media_info"]["length"] == {media: 4.0}
    assert observation["media_info"]["fps"] == {media: 25.0}
    assert document["observations"]["b"]["file"]["1"] == ["b"]
    # The stop of one and the start of the next have the same time; the code distinguishes them.
    assert observation["events"] == [
        [0.4, "", "micro", "", "score 0.5", 10],
        [0.5, "", "micro apex", "", "", 12],
        [1.0, "", "micro", "", "", 25],
        [1.0, "", "micro 2", "", "score 0.25", 25],
        [1.06, "", "micro 2 apex", "", "", 26],
        [1.24, "", "micro 2", "", "", 31],
    ]


def test_steady_and_varying_rates(tmp_path):
    path, document = project(tmp_path)
    variables = {v["label"] for v in document["independent_variables"].values()}
    assert variables == {"frames", "frames per second"}
    values = [o["independent_variables"] for o in document["observations"].values()]
    assert values == [
        {"frames": "100", "frames per second": "25.0"},
        {"frames": "", "frames per second": ""},
    ]
    with pytest.raises(
        ValueError, match="p.boris': The file contains times.* pass timestamps.*'b'"
    ):
        read_intervals(path)


def test_an_observation_without_events_needs_no_times(tmp_path):
    path, _ = project(tmp_path, tables={"b": make_intervals()})
    assert len(read_intervals(path)["b"]) == 0


def test_a_person_codes(tmp_path):
    """Events in any order, by subject, of other behaviors, with a comment of their own."""

    def code(document):
        document["observations"]["a"]["events"] = [
            [1.4, "", "micro", "", "", 0],
            [0.41, "", "micro", "", "sure 3", "NA"],
            [2.0, "child", "macro", "", ""],
            [0.99, "", "micro", "", None],
            [1.2, "", "micro", "", "score high"],
            [2.4, "child", "macro", "", ""],
            [0.1, "", "blink", "", ""],
            [0.1, "", None, "", ""],
        ]

    path, _ = project(tmp_path, code)
    with pytest.warns(UserWarning, match=r"p.boris': left out the behaviors \['None', 'blink'\]"):
        table = read_intervals(path, timestamps=TIMES)["a"]
    assert table.tolist() == [
        (10, 17, 24, "micro"),
        (30, 32, 34, "micro"),
        (50, 54, 59, "macro"),
    ]


def test_times_include_the_offset_of_the_observation(tmp_path):
    def shift(document):
        document["observations"]["a"]["time offset"] = 100.0
        for event in document["observations"]["a"]["events"]:
            event[0] += 100

    path, _ = project(tmp_path, shift)
    assert read_intervals(path, timestamps=TIMES)["a"].tolist() == PREDICTIONS.tolist()


def remove_stop(document):
    del document["observations"]["a"]["events"][-1]


def drop_events(document):
    del document["observations"]["a"]["events"]


def rename_behaviors(document):
    for behavior in document["behaviors_conf"].values():
        behavior["code"] = "x" + behavior["code"]


def lose_time(document):
    document["observations"]["a"]["events"][0][0] = "NA"


def shorten_event(document):
    document["observations"]["a"]["events"][0] = [0.4]


def change_rate(document):
    document["observations"]["a"]["independent_variables"]["frames"] = "many"


def move_out(document):
    document["observations"]["a"]["events"][2][0] = 77.0


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (remove_stop, "observation 'a': the last 'micro 2', which starts at 1 s, has no stop"),
        (
            drop_events,
            "does not have the structure that BORIS and skspot write: KeyError: 'events'",
        ),
        (rename_behaviors, "has no behavior 'macro' or 'micro'; its behaviors are .'xmacro'"),
        (
            lose_time,
            "observation 'a' does not have .*an event must be its time in seconds.*got .'NA'",
        ),
        (shorten_event, "observation 'a'.*an event must be .*got .0.4."),
        (
            change_rate,
            "observation 'a' does not have .*could not convert.*'many'",
        ),
        (move_out, "'a' lasts from 0 to 4 s"),
        (
            lambda document: document.pop("observations"),
            "not a project of BORIS; 'observations' must map",
        ),
    ],
)
def test_projects_that_cannot_be_read(tmp_path, edit, message):
    path, _ = project(tmp_path, edit)
    with pytest.raises(ValueError, match=f"p.boris': .*{message}"):
        read_intervals(path)
