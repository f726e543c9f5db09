"""Tests of tiers."""

import itertools

import pytest
from hypothesis import given
from numpy.testing import assert_array_equal

from skspot import PREDICTION_DTYPE, make_intervals
from skspot.io._tiers import Tier, TierReader, format_text, lay_out, parse_text, parse_tier
from tests.io.strategies import as_read, overlapping_predictions


@pytest.mark.parametrize(
    ("text", "tier", "score"),
    [
        ("micro", Tier("micro"), None),
        (" Macro ", Tier("macro"), None),
        ("MICRO  2", Tier("micro", 2), None),
        ("micro 1", Tier("micro"), None),
        ("micro apex", Tier("micro", 1, "apex"), None),
        ("macro 12 Score", Tier("macro", 12, "score"), None),
        ("micro 0.75", Tier("micro"), 0.75),
        ("micro 2 1.0", Tier("micro", 2), 1.0),
        ("micro 0,5", Tier("micro"), 0.5),
        ("micro -1e-05", Tier("micro"), -1e-05),
        ("micro 1e+22", Tier("micro"), 1e22),
        ("micro -0.0", Tier("micro"), 0.0),
        ("microexpression", None, None),
        ("micro smile", None, None),
        ("macro2", None, None),
        ("", None, None),
    ],
)
def test_parse(text, tier, score):
    assert parse_text(text) == (tier, score)
    assert parse_tier(text) == (tier if score is None else None)


def test_names():
    assert [str(tier) for tier in (Tier("micro"), Tier("macro", 3), Tier("micro", 2, "apex"))] == [
        *("micro", "macro 3", "micro 2 apex")
    ]


@given(overlapping_predictions())
def test_layout_and_back(table):
    reader = TierReader("a")
    for tier, rows in lay_out(table).items():
        for first, second in itertools.pairwise(rows):
            assert first["offset"] < second["onset"]
        for row in rows:
            parsed, score = parse_text(format_text(tier, row))
            assert parsed == tier
            reader.add_interval(parsed, int(row["onset"]), int(row["offset"]), score)
            reader.add_apex(parsed, int(row["apex"]))
    assert_array_equal(reader.table(), as_read(table, in_order=True))


def test_layout():
    table = make_intervals(
        [(5, 6, 9, "micro", 0.5), (0, 1, 4, "micro", 0.5), (4, 4, 4, "micro", 0.5)]
    )
    spans = {
        str(tier): [(row["onset"], row["offset"]) for row in rows]
        for tier, rows in lay_out(table).items()
    }
    assert spans == {"macro": [], "micro": [(0, 4), (5, 9)], "micro 2": [(4, 4)]}
    apart = {str(tier): len(rows) for tier, rows in lay_out(table, gap=1).items()}
    assert apart == {"macro": 0, "micro": 1, "micro 2": 1, "micro 3": 1}


def test_an_interval_without_an_apex_gets_its_middle():
    reader = TierReader("a")
    reader.add_interval(Tier("micro"), 10, 20)
    reader.add_interval(Tier("micro"), 30, 40)
    reader.add_apex(Tier("micro"), 31)
    assert reader.table().tolist() == [(10, 15, 20, "micro"), (30, 31, 40, "micro")]


def test_apexes_of_no_interval():
    reader = TierReader("a")
    reader.add_interval(Tier("micro"), 10, 20)
    for frame in (12, 14, 21):
        reader.add_apex(Tier("micro"), frame)
    reader.add_apex(Tier("macro"), 12)
    with pytest.warns(UserWarning, match="'a': .* macro at frame 12, micro at frame 14, .* 21"):
        assert reader.table().tolist() == [(10, 12, 20, "micro")]


def test_intervals_that_a_person_added_to_predictions():
    reader = TierReader("a")
    reader.add_interval(Tier("micro"), 10, 20, 0.5)
    reader.add_interval(Tier("macro"), 10, 20)
    with pytest.warns(UserWarning, match="1 of 2 intervals have no score.* an annotation"):
        assert reader.table().tolist() == [(10, 15, 20, "macro"), (10, 15, 20, "micro")]
    reader.add_interval(Tier("micro", 2), 15, 25, 0.4)
    with (
        pytest.warns(UserWarning, match="1 of 3 intervals have no score"),
        pytest.raises(ValueError, match=r"micro intervals .*\(10-20 and 15-25\) share frames"),
    ):
        reader.table()


def test_overlapping_predictions():
    reader = TierReader("a")
    reader.add_interval(Tier("micro", 2), 15, 25, 0.5)
    reader.add_interval(Tier("micro"), 10, 20, 0.25)
    table = reader.table()
    assert table.dtype == PREDICTION_DTYPE
    assert table.tolist() == [(10, 15, 20, "micro", 0.25), (15, 20, 25, "micro", 0.5)]
