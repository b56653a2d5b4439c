from fractions import Fraction

import pytest

from dp_queries.layers.middle import Range, norm, root_norm, steps
from privacy.units import ContributionNorm
from tests.dp_queries.flights import planned


def measures(sql):
    return planned(sql).measures


def test_a_bare_column_has_the_cards_bounds_granularity_and_norm():
    (total,) = measures("SELECT SUM(distance) FROM flights")
    assert (total.lower_steps, total.upper_steps, total.granularity) == (0, 5000, 1)
    assert Fraction(total.norm.l2_steps, total.norm.grid) == 60000
    assert total.norm in total.norms
    assert total.offset_steps == 0


def test_an_average_is_centred_and_counts_what_is_present():
    total, present = measures("SELECT AVG(delay) FROM flights")
    assert (total.lower_steps, total.upper_steps, total.offset_steps) == (-120, 1200, 540)
    assert total.norm.l2_steps == 30 * 660 * total.norm.grid  # rows_norm times the largest deviation, in half minutes
    assert (present.kind, present.norm) == ("present", ContributionNorm(30 * 1024, 1024))


@pytest.mark.parametrize(
    ("expression", "lower", "upper", "granularity"),
    [
        ("distance * 2", 0, 10000, 1),
        ("distance - delay", -600, 5060, Fraction(1, 2)),
        ("-delay", -600, 60, Fraction(1, 2)),
        ("delay * delay", -36000, 360000, Fraction(1, 4)),
        ("distance + 0.25", Fraction(1, 4), Fraction(20001, 4), Fraction(1, 4)),
    ],
)
def test_bounds_of_arithmetic(expression, lower, upper, granularity):
    (total,) = measures(f"SELECT SUM({expression}) FROM flights")
    assert total.granularity == granularity
    assert (total.lower_steps * granularity, total.upper_steps * granularity) == (lower, upper)


def test_a_quotient_has_a_fine_granularity():
    (total,) = measures("SELECT SUM(distance / month) FROM flights")
    assert total.lower_steps == 0
    assert total.upper_steps * total.granularity == 5000
    assert total.granularity <= Fraction(5000, 2**15)


def test_units_in_one_group_count_once_and_in_many_by_a_root():
    (one,) = measures("SELECT COUNT(DISTINCT tailnum) FROM flights")
    assert one.norm == ContributionNorm(1024, 1024)
    (three,) = measures("SELECT origin, COUNT(DISTINCT tailnum) FROM flights GROUP BY origin")
    assert three.norm == root_norm(Fraction(3))
    (many,) = measures("SELECT day, COUNT(DISTINCT tailnum) FROM flights GROUP BY day")
    assert many.norm == root_norm(Fraction(30))  # rows_norm is smaller than 365 groups


@pytest.mark.parametrize(
    "limit", [Fraction(1, 10**6), Fraction(7, 3), Fraction(10**6), Fraction(2**30), Fraction(2**40)]
)
def test_norms_stay_in_their_range(limit):
    found = norm(limit)
    assert 1 <= found.l2_steps <= 2**30
    assert Fraction(found.l2_steps, found.grid) <= max(limit, Fraction(1, 1024))


def test_wide_values_get_a_coarser_granularity_that_covers_the_bounds():
    lower, upper, granularity = steps(Range(Fraction(-1), Fraction(10**12), Fraction(1, 100)), Fraction(30))
    assert lower * granularity <= -1
    assert upper * granularity >= 10**12
    assert 30 * upper <= 2**31
