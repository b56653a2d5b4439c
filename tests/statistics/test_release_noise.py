"""The noise of released values follows the law that the answer's own intervals tell, and noise of 0.7 of it is noticed.

Chi-square tests against the exact law of what is shown, with a threshold of 1e-9 (see `test_noise`), and the trade-off
curve of Gaussian noise, whose shift the charge's rho fixes. The twins fail by tens of orders of magnitude.
"""

import math
from collections.abc import Iterable
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from scipy import stats

from dp_queries.answers.answer import Answer
from dp_queries.plan import Plan
from privacy.mechanisms import Choice, Noise
from tests.privacy.choice_laws import LAWS
from tests.statistics.audit import bounds
from tests.statistics.people import has_one_more
from tests.statistics.shops import Shop, answer, planned
from tests.statistics.transcripts import Entry, Witness, bounded_truth
from tests.statistics.twins import QuieterNoise, SharperChoice

THRESHOLD = 1e-9
_Z = NormalDist().inv_cdf(0.975)
_CELLS = "SELECT cell, {} FROM visits GROUP BY cell"
_SHOPS = "SELECT shop, {} FROM visits GROUP BY shop"
# By query: the step of what is shown, the mechanism that is planned, epsilon, and how many releases.
LINEAR = {
    _CELLS.format("COUNT(*)"): (1.0, "gaussian", 8, 2),
    _CELLS.format("COUNT(DISTINCT person)"): (1.0, "gaussian", 2, 2),
    _CELLS.format("SUM(price)"): (0.01, "gaussian", 8, 2),
    _SHOPS.format("COUNT(price)"): (1.0, "laplace", 2, 450),
    _SHOPS.format("SUM(items)"): (1.0, "laplace", 2, 450),
}
CHOICES = {
    _CELLS.format("MAX(items)"): ("exponential", 2, 2),
    _CELLS.format("MEDIAN(items)"): ("exponential", 2, 2),
    "SELECT cell, MIN(items) FROM visits WHERE cell < 2 GROUP BY cell": ("permute_and_flip", 1, 1000),
}
LONG = {
    _SHOPS.format("SUM(items)"),
    _CELLS.format("MEDIAN(items)"),
    "SELECT cell, MIN(items) FROM visits WHERE cell < 2 GROUP BY cell",
}


def seconds_long(queries: Iterable[str]) -> list[Any]:
    """The queries; those that need a thousand releases are marked."""
    return [pytest.param(sql, marks=pytest.mark.long if sql in LONG else ()) for sql in queries]


def laplace_scale(half_width: float) -> float:
    """The scale of continuous Laplace noise that stays within the half-width with 95 %."""
    return half_width / math.log(20)


def deviations(plan: Plan, held: Shop, noise: Noise | None, releases: int) -> tuple[list[float], float]:
    """Released values less bounded ones, and the half-width that the answers tell."""
    found: list[float] = []
    truths: dict[tuple[int, ...], Answer] = {}  # by exact totals: norms are chosen anew in each release
    width = 0.0
    for _ in range(releases):
        witness = Witness(noise)
        shown = answer(plan, held.backend, witness, witness)
        exact_totals = witness.entries[-1].exact
        if exact_totals not in truths:
            truths[exact_totals] = bounded_truth(plan, held.backend, witness.entries)
        truth = truths[exact_totals]
        found += [float(row[-1]) - float(exact[-1]) for row, exact in zip(shown.rows, truth.rows, strict=True)]  # type: ignore[arg-type]  # numbers
        low, high = shown.intervals["0.95"][shown.columns[-1].name][0]
        width = (high - low) / 2  # type: ignore[operator]  # numbers
    return found, width


def p_value(found: list[float], law: Any, step: float) -> float:
    """Chi-square of rounded values in about twenty bins, whose edges lie between two steps."""
    edges = np.unique(np.floor(law.ppf(np.linspace(0.05, 0.95, 19)) / step)) * step + step / 2
    expected = np.diff(np.concatenate([[0.0], law.cdf(edges), [1.0]])) * len(found)
    observed = np.bincount(np.searchsorted(edges, np.array(found)), minlength=len(edges) + 1)
    return float(stats.chisquare(observed, expected).pvalue)


@pytest.mark.parametrize("sql", seconds_long(LINEAR))
def test_released_sums_have_the_noise_that_they_tell(street, sql):
    step, mechanism, epsilon, releases = LINEAR[sql]
    held = street.cells("high", each=30)
    plan = planned(sql, held.dataset, epsilon=epsilon)
    assert plan.mechanism == mechanism

    def fits(noise: Noise | None) -> bool:
        found, width = deviations(plan, held, noise, releases)
        law = stats.norm(scale=width / _Z) if mechanism == "gaussian" else stats.laplace(scale=laplace_scale(width))
        return p_value(found, law, step) > THRESHOLD

    assert fits(None)
    assert not fits(QuieterNoise())


def drawn(plan: Plan, held: Shop, choice: Choice | None, releases: int) -> tuple[list[int], Entry]:
    """The places of released values among the items, of groups that are all alike; and one of the draws as asked."""
    places: list[int] = []
    for _ in range(releases):
        witness = Witness(choice=choice)
        shown: Answer = answer(plan, held.backend, witness, witness)
        places += [int(row[-1]) for row in shown.rows]  # type: ignore[arg-type]  # numbers
    return places, witness.entries[0]


@pytest.mark.parametrize("sql", seconds_long(CHOICES))
def test_released_quantiles_have_the_law_of_their_choice(street, sql):
    mechanism, epsilon, releases = CHOICES[sql]
    held = street.cells("nothing but NULL")  # who has no value weighs nothing, so all groups are alike
    plan = planned(sql, held.dataset, epsilon=epsilon)
    assert plan.mechanism == mechanism

    def fits(choice: Choice | None) -> bool:
        places, asked = drawn(plan, held, choice, releases)
        scale = float(plan.aggregations[0].quantiles[0].drawing.value_scale)
        expected = np.exp(LAWS[mechanism](asked.exact, scale)) * len(places)
        observed = np.bincount(places, minlength=len(expected))
        rare = expected < 5
        both = [np.append(part[~rare], part[rare].sum()) if rare.any() else part for part in (observed, expected)]
        return float(stats.chisquare(both[0], both[1] * len(places) / both[1].sum()).pvalue) > THRESHOLD

    assert fits(None)
    assert not fits(SharperChoice())


def test_sums_with_and_without_one_person_trade_off_as_gaussian_noise_does(street):
    """Of every threshold, both errors lie on the curve of one person's shift, and it is sqrt(2 rho) at most.

    Source: Dong, Roth, Su, "Gaussian Differential Privacy", JRSS B 2022.
    """
    held = street.cells("high", each=30)
    plan = planned("SELECT cell, SUM(price) AS x FROM visits GROUP BY cell", held.dataset, epsilon=10)
    rho = sum(event.rho_nano for event in plan.loss.events) / 1e9  # type: ignore[union-attr]  # all are zCDP

    def lies_on_the_curve(noise: Noise | None) -> bool:
        mine, theirs, shift = told_apart(plan, held, noise, 6)
        assert 0.9 * math.sqrt(2 * rho) < shift <= math.sqrt(2 * rho)
        places = np.quantile(theirs, np.linspace(0.1, 0.95, 9))
        with_one = bounds(np.array([(mine > place).sum() for place in places]), len(mine), THRESHOLD)
        without = bounds(np.array([(theirs > place).sum() for place in places]), len(theirs), THRESHOLD)
        low, high = (stats.norm.cdf(stats.norm.ppf(end) + shift) for end in without)
        return bool(np.all(with_one[0] <= high) and np.all(low <= with_one[1]))

    assert lies_on_the_curve(None)
    assert not lies_on_the_curve(QuieterNoise())


def told_apart(plan: Plan, held: Shop, noise: Noise | None, releases: int) -> tuple[Any, Any, float]:
    """Values of groups with one person more and without; and what the person adds, in standard deviations as told."""
    sides: dict[bool, list[float]] = {True: [], False: []}
    shift = 0.0
    for _ in range(releases):
        witness = Witness(noise)
        shown = answer(plan, held.backend, witness, witness)
        truth = bounded_truth(plan, held.backend, witness.entries)
        for row in shown.rows:
            sides[has_one_more(str(row[0]))].append(float(row[1]))  # type: ignore[arg-type]  # numbers
        low, high = shown.intervals["0.95"]["x"][0]
        # Groups 0 and 1 are neighbours; one person more is in the first.
        added = float(truth.rows[0][1]) - float(truth.rows[1][1])  # type: ignore[arg-type]  # numbers
        shift = added / ((high - low) / 2 / _Z)  # type: ignore[operator]  # numbers
    return np.array(sides[True]), np.array(sides[False]), shift
