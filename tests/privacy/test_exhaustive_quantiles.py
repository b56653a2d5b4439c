"""Quantiles' losses on every small world: all draws of both groups, by their exact laws, from rows to places.

All databases of a few units, each with up to two rows over two groups of three bins, go through the kernel of
`histograms`; the joint law of what is drawn, the value and then the ends of its interval, is held against what is
charged.
"""

from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import combinations_with_replacement

import numpy as np
import pytest
from scipy.special import logsumexp

from privacy.contributions import Tally
from privacy.histograms import Histogram
from privacy.quantiles import Bins, Drawing, Rank, high_scores, low_scores, pure_drawing, value_scores, zcdp_drawing
from privacy.units import ContributionNorm
from tests.privacy.choice_laws import LAWS

Rows = tuple[tuple[int, int], ...]  # a unit's: a group and a bin each
Weights = tuple[int, ...]  # of a group's bins

BINS = Bins(0, 2, 1)
CELLS = [(group, place) for group in (0, 1) for place in range(3)]
UNITS = [rows for size in (1, 2) for rows in combinations_with_replacement(CELLS, size)]
NORM = ContributionNorm(5, 3)  # a lone row weighs 3 of 5 steps, each of two rows in one group 2
RANKS = [Rank(Fraction(1, 2)), Rank(Fraction(1, 4)), Rank(Fraction(0)), Rank(Fraction(1))]
ORDERS = (1.5, 8.0, 64.0)


@cache
def histogram(database: tuple[Rows, ...]) -> tuple[Weights, ...]:
    """The bounded weights per group and bin."""
    kernel = Histogram(2, Tally(BINS, NORM))
    rows = [(unit, *cell) for unit, cells in enumerate(database) for cell in cells]
    if rows:
        kernel.add(*(np.array(column, np.int32) for column in zip(*rows, strict=True)))
    return tuple(tuple(weights) for weights in kernel.finish().tolist())


@cache
def law(weights: Weights, asked: Drawing) -> np.ndarray:
    """log P of each triple of a value, a low end and a high end, or of a value alone."""
    drawn, column = LAWS[asked.mechanism], np.array(weights, np.int64)
    values = drawn(value_scores(column, asked), float(asked.value_scale))
    if asked.interval_scale is None:
        return values
    found = []
    for value in range(BINS.count):
        low, high = (
            drawn(scores(column, value, asked), float(asked.interval_scale)) for scores in (low_scores, high_scores)
        )
        found.append(values[value] + np.add.outer(low, high).ravel())
    return np.concatenate(found)


@cache
def divergence(first: Weights, second: Weights, asked: Drawing, order: float) -> float:
    """Renyi divergence of one group's draws, between two histograms."""
    one, other = law(first, asked), law(second, asked)
    if order == np.inf:
        return float(np.max(one - other))
    return float(logsumexp(order * one + (1 - order) * other) / (order - 1))


@cache
def neighbours() -> list[tuple[tuple[Weights, ...], tuple[Weights, ...]]]:
    """The histograms of all pairs of neighbours, each pair of histograms once, in both directions."""
    found = set()
    for size in range(3):
        for others in combinations_with_replacement(UNITS, size):
            found |= {(histogram(others), histogram((*others, mine))) for mine in UNITS}
    return [*found, *((with_it, without) for without, with_it in found)]


def worst(asked: Drawing, order: float) -> float:
    """The largest divergence of both groups together: they are drawn independently, so divergences add."""
    return max(sum(divergence(*pair, asked, order) for pair in zip(*both, strict=True)) for both in neighbours())


def pure(rank: Rank) -> Drawing:
    return pure_drawing(rank, BINS, NORM, groups=2, epsilon_micro=2_000_000)


def zcdp(rank: Rank) -> Drawing:
    return zcdp_drawing(rank, BINS, NORM, rho_nano=300_000_000)


@pytest.mark.parametrize("rank", RANKS)
def test_permute_and_flip_costs_epsilon_at_most_in_all_groups(rank: Rank) -> None:
    assert 0.6 <= worst(pure(rank), np.inf) <= 2.0


@pytest.mark.parametrize("rank", RANKS)
def test_the_exponential_mechanism_costs_rho_at_most_at_every_order(rank: Rank) -> None:
    costs = [worst(zcdp(rank), order) / order for order in ORDERS]
    assert 0.04 <= max(costs) <= 0.3


def test_the_twin_with_too_small_a_scale_fails() -> None:
    asked = pure(RANKS[0])
    assert worst(replace(asked, value_scale=asked.value_scale / 4), np.inf) > 2.0
