"""Tests of the cells of annotation tables."""

import datetime
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skspot.datasets.tables import is_empty, parse_id, parse_number

EMPTY = [None, math.nan, np.float64("nan"), pd.NA, pd.NaT, "", "  ", "\xa0", "-", "N/A", "nan", "/"]


class TestParseNumber:
    @pytest.mark.parametrize(
        ("cell", "number"),
        [
            (12, 12),
            (566.4, 566.4),
            (np.int16(-1), -1),
            (np.float32(0.5), 0.5),
            ("12", 12),
            ("12.0", 12),
            (" \xa0007\u202f\n", 7),
            ("566,4", 566.4),
            ("-1", -1),
            ("+3.", 3),
            ("1.234", 1.234),
            ("1e3", 1000),
            ("1,5E+2", 150),
        ],
    )
    def test_numbers(self, cell, number):
        assert parse_number(cell) == number

    @pytest.mark.parametrize("cell", EMPTY)
    def test_empty(self, cell):
        assert is_empty(cell)
        assert math.isnan(parse_number(cell))

    @pytest.mark.parametrize("cell", [0, 0.0, "0", False, "x", "NaN1", [], datetime.date.min])
    def test_not_empty(self, cell):
        assert not is_empty(cell)

    @pytest.mark.parametrize(
        ("cell", "message"),
        [
            (True, "True is a truth value, not a number"),
            (np.False_, "False is a truth value"),
            (datetime.date(2021, 3, 4), "2021-03-04 is a date or a time, which spreadsheets"),
            (pd.Timestamp("2021-03-04"), "is a date or a time"),
            (datetime.time(0, 1, 2), "00:01:02 is a date or a time"),
            (datetime.timedelta(seconds=3), "is a date or a time"),
            (np.datetime64("2021-03-04"), "is a date or a time"),
            ("abc", "'abc' is not a number"),
            ("12 frames", "'12 frames' is not a number"),
            ("1 234", "is not a number"),
            ("1.234,5", "'1.234,5' is not a number"),
            ("1,234", "'1,234' may be 1.234 or 1234"),
            ("\N{ARABIC-INDIC DIGIT FOUR}", "is not a number"),
            ("0x10", "is not a number"),
            ("1_000", "is not a number"),
            ("inf", "'inf' is not a number"),
            (math.inf, "inf is not finite"),
            ("1e999", "'1e999' is not finite"),
            (10**400, "more than 300 digits"),
            ("9" * 400, "is not finite"),
            (1j, "1j is not a number"),
            ([1], r"\[1\] is not a number"),
        ],
    )
    def test_refused(self, cell, message):
        with pytest.raises(ValueError, match=message):
            parse_number(cell)

    def test_decimal_comma(self):
        """Where commas surely separate decimals, three digits may follow one, but no point."""
        assert parse_number("12,345", decimal_comma=True) == 12.345
        assert parse_number("12.34", decimal_comma=True) == 12.34
        with pytest.raises(ValueError, match=r"'12\.345' may be 12\.345 or 12345"):
            parse_number("12.345", decimal_comma=True)

    @given(st.floats(allow_nan=False, allow_infinity=False))
    def test_numbers_as_text(self, number):
        """Numbers survive being stored as text, with a comma too if no thousands are meant."""
        assert parse_number(repr(number)) == number
        assert parse_number(repr(number).replace(".", ","), decimal_comma=True) == number


class TestParseId:
    @pytest.mark.parametrize(
        ("cell", "name"),
        [
            ("006", "006"),
            (" s15 ", "s15"),
            (6, "6"),
            (6.0, "6"),
            (np.float64(6), "6"),
            (np.int64(6), "6"),
            ("6.0", "6.0"),
            (6.5, "6.5"),
            ("NA", "NA"),
            (None, ""),
            (math.nan, ""),
            (pd.NA, ""),
            (math.inf, "inf"),
        ],
    )
    def test_text(self, cell, name):
        assert parse_id(cell) == name

    @pytest.mark.parametrize(
        ("cell", "name"),
        [(6.0, "006"), ("6", "006"), ("s6", "s6"), ("1234", "1234"), ("", ""), (-6, "-6")],
    )
    def test_width(self, cell, name):
        assert parse_id(cell, width=3) == name
