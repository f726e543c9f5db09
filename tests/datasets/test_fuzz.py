"""Mutated annotation tables: whatever is in the cells, nothing is lost and nothing breaks."""

import datetime
import math
import re
import warnings

import numpy as np
import pandas as pd
import pytest

from skspot.datasets import load_annotated_videos
from skspot.datasets.annotations import AnnotationRules, Recording, Repairs, resolve_rows
from skspot.intervals import check_intervals
from skspot.video import ImageSequence

COLUMNS = ["video", "subject", "onset", "apex", "offset", "label"]
JUNK = [
    *(
        "",
        " ",
        "-",
        "x",
        "NaN",
        "nan1",
        "inf",
        "1e300",
        "-1",
        "0",
        "12.0",
        "566,4",
        "1,234",
        "0x1F",
    ),
    *("\N{ARABIC-INDIC DIGIT FOUR}", "\u00b2", "12\xa0", "True", "=A1", '"', "a\nb", "\U0001f600"),
    *(
        None,
        math.nan,
        math.inf,
        -math.inf,
        pd.NA,
        pd.NaT,
        True,
        False,
        np.True_,
        0,
        -1,
        -7,
        0.5,
        12.5,
    ),
    *(1e300, -1e300, 5e-324, 2**53, 2**53 + 1, 2**70, 10**400, np.int8(3), np.float32(2.5), 1j),
    *(pd.Timestamp("2021-03-04"), datetime.date(1900, 1, 1), datetime.time(1), "2021-03-04"),
    *(
        datetime.timedelta(1),
        np.datetime64("NaT"),
        [1],
        {},
        b"12",
        "Macro",
        "ME",
        "macro ",
        "neutral",
    ),
]
NUMBERS = [
    range(1, 201),
    range(200),
    range(501, 701),
    [*range(5, 40), *range(60, 80), 90, *range(100, 150)],
    [7],
    None,
]
CHOICES = {
    "missing_offset": ["apex", "drop", 3],
    "over_long": ["keep", "drop"],
    "long_micro": ["keep", "macro", "drop"],
    "min_length": [1, 1, 3],
    "classes": [("macro", "micro"), ("micro",), ("macro",)],
}


def draw(rng, items):
    return items[rng.integers(len(items))]


def make_table(rng, names, numbers):
    """Return a table that is in order, but for intervals that overlap."""
    rows = []
    for _ in range(rng.integers(1, 25)):
        name = draw(rng, names)
        low, high = (1, 200) if numbers[name] is None else (numbers[name][0], numbers[name][-1])
        onset, apex, offset = sorted(int(n) for n in rng.integers(low, high + 1, 3))
        rows.append(
            [name, f"s{names.index(name)}", onset, apex, offset, draw(rng, ["macro", "micro"])]
        )
    return rows


def mutate(rng, rows):
    """Return the table with junk in some cells, rows twice, dropped and in another order."""
    for _ in range(rng.integers(0, 2 * len(rows))):
        row, column = rng.integers(len(rows)), rng.integers(len(COLUMNS))
        cell = rows[row][column]
        change = rng.integers(6)
        if change < 3 or not isinstance(cell, int) or abs(cell) > 1000:
            cell = draw(rng, JUNK)
        elif change == 3:
            cell = str(cell) if rng.integers(2) else f" {cell},5"
        elif change == 4:
            cell = cell * draw(rng, [-1, 10, 0.1, 1e6])
        else:
            cell = cell + draw(rng, [-100, -0.5, 0.49, 100])
        rows[row][column] = cell
    return [rows[i] for i in rng.integers(len(rows), size=rng.integers(1, len(rows) + 4))]


def as_frame(rows):
    return pd.DataFrame(rows, columns=COLUMNS, dtype=object)


def random_rules(rng):
    return {name: draw(rng, choices) for name, choices in CHOICES.items()}


def assert_accounted(tables, repairs, n_rows):
    """Check that every row is used or left out, for one reason each."""
    assert list(repairs) == ["place", "subject", "video", "problem", "action", "result"]
    assert set(repairs["action"]) <= {"changed", "left out", "kept"}
    entries = [entry for entry in zip(repairs["place"], repairs["action"]) if entry[0]]
    left_out = [place for place, action in entries if action == "left out"]
    assert len(set(left_out)) == len(left_out)
    # What is said of a row that is left out is only why.
    assert not any(place in left_out for place, action in entries if action != "left out")
    assert sum(map(len, tables)) + len(left_out) == n_rows


@pytest.mark.parametrize("n_tables", [1000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_rows(n_tables):
    rng = np.random.default_rng(n_tables)
    for _ in range(n_tables):
        names = [f"v{i}" for i in range(rng.integers(1, 5))]
        numbers = {name: draw(rng, NUMBERS) for name in names}
        keep_every = draw(rng, [1, 1, 2, 7])
        recordings = [
            Recording(
                name,
                "s",
                name,
                None if numbers[name] is None else np.array(numbers[name]),
                keep_every,
                draw(rng, [None, 30.0 / keep_every]),
            )
            for name in names
        ]
        rows = as_frame(mutate(rng, make_table(rng, names, numbers)))
        rows.insert(0, "place", [f"row {i}" for i in range(len(rows))])
        unlabelled = draw(rng, ["keep", "drop"])
        rules = AnnotationRules(**random_rules(rng), unlabelled=unlabelled)
        repairs = Repairs()
        kept, tables, used = resolve_rows(rows, recordings, rules, repairs)
        assert list(map(len, used)) == list(map(len, tables))
        assert unlabelled == "drop" or kept == recordings
        for recording, table in zip(kept, tables, strict=True):
            check_intervals(table, n_frames=recording.n_frames)
            assert (table["offset"] - table["onset"] + 1 >= rules.min_length).all()
            assert set(table["label"]) <= set(rules.classes)
            assert (np.diff(table["onset"]) >= 0).all()
        assert_accounted(tables, repairs.table(), len(rows))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Empty files: nothing but their names may be looked at."""
    folder = tmp_path_factory.mktemp("videos")
    for name in ("v0.mp4", "v1.avi", "v2.mov", "12.mp4"):
        (folder / name).touch()
    for directory in (folder / "v3", folder / "images" / "v3"):
        directory.mkdir(parents=True)
        for number in range(5, 60):
            (directory / f"img{number}.jpg").touch()
    return folder


def mutate_header(rng, rows):
    """Return the table with its columns named otherwise, in another order, or not all there."""
    names = {
        name: draw(rng, [name, name, name.upper(), f" {name.title()} "]) for name in rows.columns
    }
    if rng.integers(20) == 0:
        names[draw(rng, COLUMNS)] = draw(rng, ["x", "place", "", 3, None, "onset"])
    rows = rows.rename(columns=names)
    rows = rows.iloc[:, rng.permutation(rows.shape[1])]
    if rng.integers(20) == 0:
        rows = rows.iloc[:, :-1]
    return rows if rng.integers(4) else rows.assign(coder="B")


def as_text(rng, rows):
    """Return the table as the bytes of a text file."""
    text = rows.to_csv(index=False, sep=draw(rng, [",", ";", "\t"]))
    if rng.integers(10) == 0:
        text = text[: rng.integers(len(text) + 1)]
    return text.encode(draw(rng, ["utf-8", "utf-8-sig", "utf-16"]))


DOCUMENTED = re.compile(
    "rows can't be used|not whole frame numbers|lacks the columns|names the column|not a CSV table"
    "|is empty|binary data|is not an .xlsx|names no video|has one subject|no subject for"
    "|are not in the folder|end beyond their videos"
)


def load_or_refuse(*args, **options):
    """Load a table; None if it is refused for one of the documented reasons."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "Annotations needed repair")
        try:
            return load_annotated_videos(*args, **options)
        except (ValueError, FileNotFoundError) as error:
            if not DOCUMENTED.search(str(error)):
                raise
            return None


@pytest.mark.parametrize("n_tables", [250, pytest.param(4000, marks=pytest.mark.slow)])
def test_own_tables(folder, tmp_path, n_tables):
    rng = np.random.default_rng(n_tables)
    names = ["v0", "v1.avi", "v2", "v3", "12"]
    numbers = dict.fromkeys(names, range(60))
    n_loaded = 0
    for _ in range(n_tables):
        rows = make_table(rng, names, numbers)
        if rng.integers(3):
            rows = mutate(rng, rows)
        rows = mutate_header(rng, as_frame(rows))
        table = rows
        if rng.integers(3) == 0:
            table = tmp_path / "table.csv"
            table.write_bytes(as_text(rng, rows))
        data = load_or_refuse(
            table,
            folder,
            on_error=draw(rng, ["warn", "warn", "warn", "raise"]),
            first_frame=draw(rng, [0, 0, 1, 5]),
            **{**random_rules(rng), "long_micro": "keep"},
        )
        if data is None:
            continue
        n_loaded += 1
        check_own_data(data)
    assert n_loaded > n_tables // 5


def test_seconds(folder):
    """A folder of 55 images at 25 frames per second."""
    rng = np.random.default_rng(0)
    for _ in range(100):
        rows = mutate(rng, make_table(rng, ["v3"], {"v3": range(60)}))
        rows = as_frame([[*row[:2], *map(in_seconds, row[2:5]), row[5]] for row in rows])
        data = load_or_refuse(
            rows,
            folder / "images",
            unit="seconds",
            fps=25,
            keep_every=draw(rng, [1, 3]),
            on_error=draw(rng, ["warn", "warn", "raise"]),
            **random_rules(rng),
        )
        if data is not None:
            check_own_data(data)


def in_seconds(cell):
    return cell / 25 if type(cell) is int and abs(cell) < 1e6 else cell


def check_own_data(data):
    n_videos = len(data.videos)
    assert n_videos == len(data.intervals) == len(data.names) == len(set(data.names))
    assert data.subjects is None or len(data.subjects) == n_videos
    for video, table in zip(data.videos, data.intervals):
        check_intervals(table, n_frames=55 if isinstance(video, ImageSequence) else None)
    values = [name for name in ("onset", "apex", "offset", "label") if name in data.table]
    bare = data.table[values].map(lambda cell: str(cell).strip() in BLANK).all(axis=1)
    left_out = data.repairs.loc[data.repairs["action"] == "left out", "place"]
    bare &= ~data.table["place"].isin(left_out)
    assert_accounted(data.intervals, data.repairs, len(data.table) - bare.sum())


BLANK = {"", "-", "nan", "NaN", "None", "<NA>", "NaT"}


def test_unreadable_files(folder, tmp_path):
    """Bytes of a workbook and of text, cut and overwritten."""
    rng = np.random.default_rng(0)
    rows = as_frame(make_table(rng, ["v0", "v1"], dict.fromkeys(["v0", "v1"], range(60))))
    workbook = tmp_path / "whole.xlsx"
    rows.to_excel(workbook, index=False)
    for data in [workbook.read_bytes(), rows.to_csv(index=False).encode()]:
        for _ in range(50):
            damaged = bytearray(data[: rng.integers(len(data) + 1)])
            for place in rng.integers(max(len(damaged), 1), size=rng.integers(4)):
                damaged[place : place + 1] = rng.bytes(1)
            path = tmp_path / draw(rng, ["table.csv", "table.xlsx"])
            path.write_bytes(damaged)
            loaded = load_or_refuse(path, folder, on_error="warn")
            if loaded is not None:
                check_own_data(loaded)
