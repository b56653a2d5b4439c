"""A query's noise is within 5 % of the least that its charge allows, in the ledger's currency; wasteful twins are not.

Twice: by the plan's own numbers, over a grid of queries and epsilons, and by what the worst person really moves.
"""

import dataclasses
import math
from fractions import Fraction

import pytest
from scipy import optimize

from dp_queries.plan import Plan
from privacy.loss import MICRO, NANO, PureEvent, SelectionEvent, ZCDPEvent
from tests.statistics.shops import QUERY_DELTA, planned
from tests.statistics.test_transcripts import EVERYTHING, fractions

MOST = 1.05
SQL = {
    "count": "SELECT COUNT(*) FROM purchases",
    "units": "SELECT shop, COUNT(DISTINCT person) FROM purchases GROUP BY shop",
    "sum by cell": "SELECT cell, SUM(price) FROM visits GROUP BY cell",
    "average": "SELECT shop, AVG(price) FROM purchases GROUP BY shop",
    "variance": "SELECT VAR_POP(price), AVG(price), COUNT(*) FROM purchases",
    "everything": EVERYTHING["public keys"],
    "private keys": "SELECT town, COUNT(*), SUM(price) FROM purchases GROUP BY town",
    "two aggregations": EVERYTHING["two aggregations"],
}
EPSILONS = (0.01, 0.1, 0.5, 1, 2, 5, 20, 80)


def rho_at_most(epsilon: float, delta: float) -> float:
    """The largest rho that is (epsilon, delta)-DP by Canonne, Kamath, Steinke 2020, Proposition 12, found anew."""

    def converted(rho: float) -> float:
        def at(log_order: float) -> float:
            order = 1 + math.exp(log_order)
            return rho * order + math.log1p(-1 / order) - (math.log(delta) + math.log(order)) / (order - 1)

        return float(optimize.minimize_scalar(at, bounds=(-8, 14), method="bounded").fun)

    return float(optimize.brentq(lambda rho: converted(rho) - epsilon, 1e-12, 1e3, xtol=1e-15))


def wasted(plan: Plan, epsilon: float) -> float:
    """By how much the widest of the plan's noises exceeds the least, given its shares of what epsilon allows."""
    costs = [event.cost if isinstance(event, SelectionEvent) else event for event in plan.loss.events]
    gaussian = [cost.rho_nano / NANO for cost in costs if isinstance(cost, ZCDPEvent)]
    pure = [cost.epsilon_micro / MICRO for cost in costs if isinstance(cost, PureEvent)]
    delta = QUERY_DELTA - plan.loss.selection_delta
    # All that the epsilon allows is charged, in one currency; so every share may be as much larger as the sum may.
    allowed = rho_at_most(epsilon, float(delta)) / sum(gaussian) if gaussian else epsilon / sum(pure)
    parts = [
        (measure, part, event)
        for part in plan.aggregations
        for measure, event in zip(part.measures, _events_of(plan, part), strict=True)
    ]
    return max(
        float(measure.noise_scale) / _least(measure, part.groups if part.keys else 1, event, allowed)
        for measure, part, event in parts
    )


def _events_of(plan: Plan, part: object) -> list[ZCDPEvent | PureEvent]:
    """The losses of an aggregation's measures: they stand in order, quantiles after them, selections last."""
    at = 0
    for other in plan.aggregations:
        if other is part:
            return list(plan.loss.events[at : at + len(other.measures)])  # type: ignore[arg-type]  # no selections
        at += len(other.measures) + len(other.quantiles)
    raise AssertionError


def _least(measure: object, groups: int, event: ZCDPEvent | PureEvent, allowed: float) -> float:
    """The least scale for a norm and a share: C / sqrt(2 rho); over groups, Laplace: sqrt(groups) C / epsilon."""
    norm: int = measure.norm.l2_steps  # type: ignore[attr-defined]  # a measure
    if isinstance(event, ZCDPEvent):
        return norm / math.sqrt(2 * event.rho_nano / NANO * allowed)
    return norm * math.sqrt(groups) / (event.epsilon_micro / MICRO * allowed)


@pytest.mark.parametrize("epsilon", EPSILONS)
@pytest.mark.parametrize("name", SQL)
def test_noise_is_within_5_percent_of_the_least(street, name, epsilon):
    plan = planned(SQL[name], street.without.dataset, epsilon=epsilon)
    assert 1 - 1e-6 <= wasted(plan, epsilon) <= MOST


@pytest.mark.parametrize("name", SQL)
def test_noise_that_is_wasted_is_caught(street, name):
    plan = planned(SQL[name], street.without.dataset, epsilon=1)
    noisier = [
        dataclasses.replace(
            part,
            measures=tuple(
                dataclasses.replace(measure, noise_scale=measure.noise_scale * Fraction(11, 10))
                for measure in part.measures
            ),
        )
        for part in plan.aggregations
    ]
    assert wasted(dataclasses.replace(plan, aggregations=tuple(noisier)), 1) > MOST
    assert wasted(plan, 1.2) > MOST  # a charge that leaves a part of the epsilon unused


@pytest.mark.parametrize("name", ["one group", "left fan-out", "histogram"])
def test_the_worst_person_moves_what_is_charged(street, name):
    """Losses go with the square of 1 / scale for Gaussians, and Laplace noise has groups to spread over."""
    assert max(fractions(street, EVERYTHING[name], ["2^62", "very long"])) > 1 / MOST**2
