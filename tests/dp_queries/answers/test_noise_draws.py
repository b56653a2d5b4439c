"""Intervals of quantiles at every level, and draws of what they may have been, from what was released alone."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from dp_queries.algebra.expressions import ColumnRef
from dp_queries.algebra.relations import Below, Scan
from dp_queries.answers.answer import LEVELS
from dp_queries.answers.noise_draws import drawn_aggregates, quantile_bounds, quantile_rows
from dp_queries.answers.released import Noisy
from dp_queries.plan import Aggregate, Aggregation, QuantileMeasure
from privacy.quantiles import Bins, Drawing, Quantile, Rank
from privacy.units import ContributionNorm

BINS = Bins(0, 999, 1)


def measure(fraction):
    scale = None if fraction in (0, 1) else Fraction(20)
    drawing = Drawing(Rank(Fraction(fraction)), BINS, "exponential", Fraction(14), scale)
    return QuantileMeasure(ColumnRef(0, "x", "integer"), Fraction(1), ContributionNorm(8, 8), drawing)


def drawn(fraction, quantile, many=20_000):
    aggregation = Aggregation(
        Below((Scan("t", True),)), (), (), (measure(fraction),), (Aggregate("quantile", (0,)),), None
    )
    (values,) = drawn_aggregates(Noisy(aggregation, (), ((quantile,),)), slice(None), many, np.random.default_rng(1))
    return values


def bounds(fraction, quantile, level):
    low, high = quantile_bounds(measure(fraction), quantile_rows((quantile,)), level)
    return low[0], high[0]


def test_intervals_grow_with_the_level_from_the_value_over_the_one_released_to_the_bounds():
    quantile = Quantile(500, 400, 510)
    assert bounds(Fraction(1, 2), quantile, 0.95) == pytest.approx((400, 510), abs=1)
    found = [bounds(Fraction(1, 2), quantile, level) for level in LEVELS]
    assert all(inner[0] > outer[0] and inner[1] < outer[1] for inner, outer in pairwise(found))
    # Each side is stretched about the value alike.
    assert [round((500 - low) / (high - 500)) for low, high in found] == [10] * len(LEVELS)
    assert bounds(Fraction(1, 2), Quantile(500, 0, 999), 0.99) == (0, 999)


def test_draws_of_a_quantile_lie_in_its_intervals_as_often_as_these_say():
    quantile = Quantile(500, 400, 510)
    values = drawn(Fraction(1, 2), quantile)
    for level in LEVELS:
        low, high = bounds(Fraction(1, 2), quantile, level)
        # Five standard errors of 20,000 draws.
        assert np.mean((low <= values) & (values <= high)) == pytest.approx(level, abs=5 * 0.5 / 20_000**0.5)
    assert np.mean(values > 500) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(("fraction", "quantile"), [(0, Quantile(30, 0, 30)), (1, Quantile(970, 970, 999))])
def test_ends_have_the_interval_that_was_released_at_lower_levels_and_all_the_range_at_higher_ones(fraction, quantile):
    for level in LEVELS:
        wanted = (quantile.low_steps, quantile.high_steps) if level <= 0.95 else (0, 999)
        assert bounds(fraction, quantile, level) == wanted


@pytest.mark.parametrize(("fraction", "quantile"), [(0, Quantile(30, 0, 30)), (1, Quantile(970, 970, 999))])
def test_draws_of_an_end_reach_from_what_was_drawn_to_the_bound(fraction, quantile):
    values = drawn(fraction, quantile)
    low, high = quantile.low_steps, quantile.high_steps
    assert (values.min(), values.max()) == (low, high)
    for end in (low, high):  # so that their middle half reaches from one to the other
        assert np.mean(values == end) == pytest.approx(1 / 3, abs=0.02)
