"""Tests of TextGrids of Praat."""

import numpy as np
import pytest
from pympi.Praat import TextGrid

from skspot import make_intervals
from skspot.io import read_intervals, write_intervals

TIMES = {"a": np.arange(100) / 25}
TABLE = make_intervals([(10, 12, 24, "micro"), (50, 60, 99, "macro")])
PREDICTIONS = make_intervals([(10, 12, 24, "micro", 0.5), (20, 25, 30, "micro", 0.1 + 0.2)])


def written(tmp_path, table):
    path = tmp_path / "a.TextGrid"
    write_intervals(path, {"a": table}, timestamps=TIMES)
    return path


def test_what_pympi_reads(tmp_path):
    grid = TextGrid(written(tmp_path, PREDICTIONS))
    assert (grid.xmin, grid.xmax) == (0, 4)
    tiers = {tier.name: list(tier.get_intervals()) for tier in grid.get_tiers()}
    assert list(tiers) == ["macro", "macro apex", "micro", "micro apex", "micro 2", "micro 2 apex"]
    assert tiers["macro"] == [(0, 4, "")]
    assert tiers["micro"] == [(0, 0.4, ""), (0.4, 1, "micro 0.5"), (1, 4, "")]
    assert tiers["micro apex"] == [(0.5, "apex")]
    assert tiers["micro 2"][1] == (0.8, 1.24, "micro 2 0.30000000000000004")


@pytest.mark.parametrize("mode", ["normal", "short", "binary"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_all_kinds_of_files(tmp_path, mode, codec):
    path = written(tmp_path, PREDICTIONS)
    TextGrid(path).to_file(path, codec=codec, mode=mode)
    read = read_intervals(path, timestamps=TIMES)["a"]
    assert read.tolist() == PREDICTIONS.tolist()


def test_windows_line_ends_and_exponents(tmp_path):
    path = written(tmp_path, make_intervals([(0, 0, 3, "micro")]))
    text = path.read_text().replace("xmin = 0.000000", "xmin = 1.5e-16")
    path.write_bytes(text.replace("\n", "\r\n").encode())
    assert read_intervals(path, timestamps=TIMES)["a"].tolist() == [(0, 0, 3, "micro")]


def test_grids_of_a_person(tmp_path):
    """Any text makes an interval, blanks make none; apexes may be intervals; others are told."""
    grid = TextGrid(xmax=4)
    micro = grid.add_tier("Micro")
    micro.add_interval(0.41, 0.99, "AU12")
    micro.add_interval(2, 2.4, " ")
    grid.add_tier("micro apex").add_interval(0.6, 0.64, "x")
    grid.add_tier("words").add_interval(0, 1, "hello")
    grid.add_tier("silence")
    path = tmp_path / "a.TextGrid"
    grid.to_file(path)
    with pytest.warns(UserWarning, match=r"a.TextGrid': left out the tiers \['words'\]"):
        table = read_intervals(path, timestamps=TIMES)["a"]
    assert table.tolist() == [(10, 15, 24, "micro")]


def test_scores_are_told_from_other_texts(tmp_path):
    path = written(tmp_path, make_intervals([(10, 12, 24, "micro", 0.5)]))
    text = path.read_text()
    path.write_text(text.replace("micro 0.5", "AU 12 0.5"))
    assert read_intervals(path, timestamps=TIMES)["a"].tolist() == [(10, 12, 24, "micro")]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"m', '"n', r"has no tier 'macro' or 'micro'; its tiers are \['nacro', 'nacro apex'"),
        ("xmin = 0.000000", "xmin = -0.500000", ".* the time -0.500000 s is before the video"),
        ("xmax = 4.000000", "xmax = soon", "this is not a TextGrid, or it is damaged"),
        ('text = "micro"', "text = micro", "this is not a TextGrid, or it is damaged"),
        ("xmin = 0.400000", "xmin = 3.000000", "Video 'a': what begins at 3.0 s ends at 1.0 s"),
        ("xmax = 1.000000", "xmax = 9.000000", "Video 'a' lasts from 0 to 4 s .* from 0.4 to 9 s"),
    ],
)
def test_grids_that_cannot_be_read(tmp_path, old, new, message):
    path = written(tmp_path, TABLE[:1])
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(ValueError, match=f"a.TextGrid': {message}"):
        read_intervals(path, timestamps=TIMES)


def test_a_point_tier_holds_no_intervals(tmp_path):
    grid = TextGrid(xmax=4)
    grid.add_tier("micro", "TextTier").add_point(1.0, "x")
    grid.to_file(tmp_path / "a.TextGrid")
    with pytest.raises(ValueError, match="'micro' must be an interval tier, got a point tier"):
        read_intervals(tmp_path / "a.TextGrid", timestamps=TIMES)
