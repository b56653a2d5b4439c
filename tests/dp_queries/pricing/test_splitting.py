from fractions import Fraction
from math import prod, sqrt
from typing import get_args

import pytest
from hypothesis import given, strategies as st

from dp_queries.plan import Aggregate, AggregateKind
from dp_queries.pricing.splitting import EFFECTS, GAUSSIAN_DEGREE, LAPLACE_DEGREE, measure_weights, split

DEGREES = [GAUSSIAN_DEGREE, LAPLACE_DEGREE]
WEIGHTS = st.lists(st.fractions(Fraction(1, 1000), 1000, max_denominator=1000), min_size=1, max_size=6)


def variance(shares, weights, degree):
    return sum(float(weight) / share ** (degree - 1) for weight, share in zip(weights, shares, strict=True))


@pytest.mark.parametrize("degree", DEGREES)
@given(total=st.integers(0, 10**12), weights=WEIGHTS)
def test_shares_are_positive_and_never_more_than_the_total(degree, total, weights):
    shares = split(total, weights, degree=degree)
    if total < len(weights):
        assert shares == []
    else:
        assert min(shares) >= 1
        assert total - 2 * len(weights) <= sum(shares) <= total


@pytest.mark.parametrize("degree", DEGREES)
@given(weights=WEIGHTS, others=st.lists(st.integers(1, 100), min_size=6, max_size=6))
def test_no_other_split_has_less_variance(degree, weights, others):
    total = 10**12
    mine = variance(split(total, weights, degree=degree), weights, degree)
    others = others[: len(weights)]
    theirs = variance([total * other / sum(others) for other in others], weights, degree)
    assert mine <= theirs * (1 + 1e-6)


@pytest.mark.parametrize("degree", DEGREES)
def test_equal_weights_share_equally(degree):
    assert split(3_000_003, [Fraction(5, 7)] * 3, degree=degree) == [1_000_001] * 3


def test_roots_decide():
    assert split(10**9 + 2, [Fraction(9), Fraction(1)], degree=GAUSSIAN_DEGREE) == [750_000_001, 250_000_001]
    assert split(10**9 + 2, [Fraction(27), Fraction(1)], degree=LAPLACE_DEGREE) == [750_000_001, 250_000_001]


def test_what_weighs_nothing_still_gets_something():
    assert split(100, [Fraction(0), Fraction(1)], degree=GAUSSIAN_DEGREE) == [1, 99]
    assert split(100, [Fraction(0), Fraction(0)], degree=LAPLACE_DEGREE) == [1, 1]
    assert split(100, [], degree=LAPLACE_DEGREE) == []


def test_every_aggregate_made_of_measures_has_its_effects():
    assert set(EFFECTS) == set(get_args(AggregateKind)) - {"quantile"}
    assert measure_weights([Aggregate("quantile", (0,))], 1) == [0]


def test_a_column_alone_weighs_its_effects():
    assert measure_weights([Aggregate("count", (0,)), Aggregate("sum", (1,))], 2) == [1, 1]
    assert measure_weights([Aggregate("avg", (1, 0))], 2) == [Fraction(1, 16), Fraction(9, 16)]
    assert measure_weights([Aggregate("var_samp", (2, 0, 1))], 3) == [Fraction(1, 9)] * 3


def test_a_count_that_is_shown_gets_more_than_one_that_only_divides():
    alone = split(10**6, measure_weights([Aggregate("avg", (0, 1))], 2), degree=GAUSSIAN_DEGREE)
    shown = [Aggregate("avg", (0, 1)), Aggregate("count", (1,))]
    both = split(10**6, measure_weights(shown, 2), degree=GAUSSIAN_DEGREE)
    assert both[1] > alone[1]


@pytest.mark.parametrize(("degree", "factor"), [(GAUSSIAN_DEGREE, 1.16), (LAPLACE_DEGREE, 1.49)])
@pytest.mark.parametrize("ratio", [0.0, 0.1, 0.3, 0.5, 0.7, 1.0])
def test_an_average_is_near_the_best_split_wherever_it_lies(ratio, degree, factor):
    """`ratio` is |avg - offset| * N / D: how much the count's noise matters beside that of the sum."""
    shares = split(10**9, measure_weights([Aggregate("avg", (0, 1))], 2), degree=degree)
    effects = [1.0, ratio**2]
    parts = [effect ** (1 / degree) for effect in effects]
    best = prod([sum(parts)] * degree) / 10 ** (9 * (degree - 1))
    assert variance(shares, effects, degree) <= factor**2 * best
    if 0.05 < ratio < 0.5:
        assert variance(shares, effects, degree) < variance([5 * 10**8] * 2, effects, degree)


def test_equal_shares_can_be_far_from_the_best_split():
    assert sqrt(variance([0.5, 0.5], [1.0, 0.0], GAUSSIAN_DEGREE)) > 1.4
