import math
from fractions import Fraction as F

import pytest

from dp_queries.facts import ranges
from dp_queries.facts.ranges import Range, nearest

TENTH = Range(F(0), F(3), F(1, 10))


@pytest.mark.parametrize(
    ("value", "expected"), [(F(5, 2), 3), (F(-5, 2), -3), (F(12, 5), 2), (F(-12, 5), -2), (F(0), 0)]
)
def test_halves_go_away_from_zero(value, expected):
    assert nearest(value) == expected


def test_granularities_have_a_common_one():
    assert ranges.common([F(1, 2), F(1, 3)]) == F(1, 6)
    assert ranges.common([F(6), F(4)]) == 2
    assert ranges.common([F(6), None]) is None


def test_only_errors_of_doubles_widen_a_floor():
    third = ranges.divided(TENTH, Range(F(3), F(3), F(1)))
    assert third.is_sharp
    assert ranges.rounded(third, math.floor) == Range(F(0), F(1), F(1))
    tenfold = ranges.divided(Range(F(3), F(3), F(1)), Range(F(1, 10), F(1, 10), F(1, 10)))
    assert (tenfold.lower, tenfold.is_sharp) == (30, False)
    assert ranges.rounded(tenfold, math.floor) == Range(F(29), F(30), F(1))


def test_what_leaves_the_doubles_has_no_range():
    huge = Range(F(2) ** 600, F(2) ** 600, F(1))
    assert ranges.multiplied(huge, huge) is None
    assert ranges.exponential(Range(F(0), F(1000), F(1))) is None
    assert ranges.power(huge, Range(F(2), F(2), F(1))) is None
    assert ranges.power(huge, Range(F(3, 2), F(2), None)) is None


def test_functions_know_where_they_are_not_defined():
    below_zero = Range(F(-4), F(-1), F(1))
    assert ranges.root(below_zero) is None
    assert ranges.logarithm(below_zero, math.log) is None
    assert ranges.logarithm(Range(F(-1), F(1), None), math.log) is None
    assert ranges.power(below_zero, Range(F(1, 2), F(1, 2), F(1, 2))) is None
    assert ranges.divided(TENTH, TENTH) is None


def test_a_hull_needs_all_its_parts():
    assert ranges.hull([TENTH, Range(F(-1), F(1), F(1))]) == Range(F(-1), F(3), F(1, 10))
    assert ranges.hull([TENTH, None]) is None
    assert ranges.hull([]) is None
