"""Recomputes the table of docs/privacy-proof.md: nothing is ever charged less than it truly loses.

The truth is the privacy loss distribution of the very mechanisms, by dp-accounting, rounded *up* (pessimistic): a
charge above it is a charge above the exact loss. Where randomized response is the truth, a closed form checks both.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest
from dp_accounting import LaplaceDpEvent
from dp_accounting.pld import common, privacy_loss_distribution as pld
from dp_accounting.rdp import RdpAccountant

from privacy.budget import Budget, Spent, spent_micro
from privacy.loss import (
    MOST_EPSILON_MICRO,
    Loss,
    PureEvent,
    SelectionEvent,
    ZCDPEvent,
    pure_loss,
    rho_nano_for,
    zcdp_loss,
)
from privacy.mechanisms import gaussian_scale

PAGE = Path(__file__).parents[2] / "docs" / "privacy-proof.md"
QUERY_DELTA = Fraction(1, 10**9)
DELTA = Fraction(1, 10**6)
SHARE = DELTA / 2
SELECTION_DELTA = Fraction(1, 10**8)
Truth = pld.PrivacyLossDistribution


@dataclass(frozen=True)
class Part:
    """`count` releases of one kind: what the ledger is told of each, and the true distribution of one."""

    count: int
    loss: Loss
    truth: Callable[[], Truth]


def laplace(count: int, epsilon_micro: int, l1_steps: int = 1) -> Part:
    parameter = epsilon_micro / 1e6 / l1_steps
    return Part(
        count,
        pure_loss(epsilon_micro),
        lambda: pld.from_discrete_laplace_mechanism(parameter, sensitivity=l1_steps),
    )


def gaussian(count: int, rho_nano: int) -> Part:
    scale = float(gaussian_scale(l2_steps=1, rho_nano=rho_nano))
    return Part(count, zcdp_loss(rho_nano), lambda: pld.from_discrete_gaussian_mechanism(scale))


def selection(count: int, epsilon_micro: int) -> Part:
    parameters = common.DifferentialPrivacyParameters(epsilon_micro / 1e6, float(SELECTION_DELTA))
    loss = Loss((SelectionEvent(PureEvent(epsilon_micro), SELECTION_DELTA),))
    return Part(count, loss, lambda: pld.from_privacy_parameters(parameters))


def gaussian_selections(count: int, rho_nano: int) -> Part:
    failure = common.DifferentialPrivacyParameters(0.0, float(SELECTION_DELTA))
    loss = Loss((SelectionEvent(ZCDPEvent(rho_nano), SELECTION_DELTA),))
    truth = gaussian(1, rho_nano).truth
    return Part(count, loss, lambda: truth().compose(pld.from_privacy_parameters(failure)))


HALF = rho_nano_for(500_000, QUERY_DELTA)
TENTH = rho_nano_for(100_000, QUERY_DELTA)
ROWS: dict[str, tuple[Fraction, tuple[Part, ...]]] = {
    "1 Laplace at 2": (DELTA, (laplace(1, 2_000_000),)),
    "100 Laplace counts at 1": (QUERY_DELTA, (laplace(100, 1_000_000),)),
    "1,000 Laplace counts at 0.1": (DELTA, (laplace(1_000, 100_000),)),
    "200 Laplace sums at 0.1, 50 steps": (DELTA, (laplace(200, 100_000, 50),)),
    "50 Gaussians at 0.5": (DELTA, (gaussian(50, HALF),)),
    "4 Gaussians of scale 1/2": (DELTA, (gaussian(4, 2_000_000_000),)),
    "30 Laplace and 60 Gaussians at 0.5": (DELTA, (laplace(30, 500_000), gaussian(60, HALF))),
    "the same and 20 selections at 0.1": (
        DELTA,
        (laplace(30, 500_000), gaussian(60, HALF), selection(20, 100_000)),
    ),
    "40 Gaussian selections at 0.1, 40 Gaussians at 0.5": (
        DELTA,
        (gaussian_selections(40, TENTH), gaussian(40, HALF)),
    ),
}


def charged(parts: Sequence[Part], delta: Fraction) -> float:
    """Epsilon that the ledger's odometer shows for the parts, in a budget with this delta."""
    spent = Spent()
    for part in parts:
        for _ in range(part.count):
            spent = spent.plus(part.loss)
    share = SHARE if spent.selection_delta else Fraction(0)
    assert spent.selection_delta <= share
    return spent_micro(Budget(MOST_EPSILON_MICRO, delta, share), spent) / 1e6


def true_at_most(parts: Sequence[Part], delta: Fraction) -> float:
    """Epsilon at delta of the exact composition, rounded up."""
    whole = pld.identity()
    for part in parts:
        whole = whole.compose(part.truth().self_compose(part.count))
    return float(whole.get_epsilon_for_delta(float(delta)))


def continuous_curve(parts: Sequence[Part], delta: Fraction) -> float | None:
    """What the Renyi curve of continuous Laplace noise would charge; None where there are other mechanisms."""
    events = [event for part in parts for event in part.loss.events]
    if not all(isinstance(event, PureEvent) for event in events):
        return None
    accountant = RdpAccountant()
    for part in parts:
        accountant.compose(LaplaceDpEvent(1e6 / part.loss.epsilon_micro(Fraction(0))), part.count)
    return float(accountant.get_epsilon(float(delta)))


def _printed() -> dict[str, list[str]]:
    """The table's rows by their first cell."""
    cells = [
        [cell.strip() for cell in line.strip("|\n").split("|")]
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| ")
    ]
    return {row[0]: row[1:] for row in cells if row[0] in ROWS}


@pytest.mark.parametrize("name", ROWS)
def test_never_under_charged_and_as_the_page_says(name: str) -> None:
    delta, parts = ROWS[name]
    truth, price, trap = true_at_most(parts, delta), charged(parts, delta), continuous_curve(parts, delta)
    assert truth <= price <= truth * 1.25
    shown = [f"{float(delta):.0e}", f"{truth:.3f}", "" if trap is None else f"{trap:.3f}", f"{price:.3f}"]
    assert _printed()[name] == shown


def test_the_trap_the_continuous_curve_under_charges_discrete_laplace() -> None:
    delta, parts = ROWS["100 Laplace counts at 1"]
    trap, truth = continuous_curve(parts, delta), _randomized_response_epsilon(100, 1.0, float(delta))
    assert trap is not None
    assert trap < 82 < 91 < truth < charged(parts, delta)


@pytest.mark.parametrize(("count", "epsilon"), [(1, 2.0), (100, 1.0), (1_000, 0.1), (20, 0.25)])
def test_the_worst_pure_mechanism_is_covered_by_closed_form(count: int, epsilon: float) -> None:
    part = laplace(count, round(epsilon * 1e6))
    truth = _randomized_response_epsilon(count, epsilon, 1e-6)
    assert truth <= charged((part,), DELTA)
    # With sensitivity 1, discrete Laplace is randomized response: the two ways to the truth agree.
    assert true_at_most((part,), DELTA) == pytest.approx(truth, abs=1e-3)


def _randomized_response_epsilon(count: int, epsilon: float, delta: float) -> float:
    """Least epsilon at which `count` randomized responses are delta-close, by bisection on the binomial law."""
    low, high = 0.0, count * epsilon
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if _randomized_response_delta(count, epsilon, middle) <= delta else (middle, high)
    return high


def _randomized_response_delta(count: int, each: float, epsilon: float) -> float:
    """Sum over k lies of P(k) * max(0, 1 - exp(epsilon - (count - 2k) each)). Source: Kairouz et al. 2015."""
    truth, lie = -math.log1p(math.exp(-each)), -math.log1p(math.exp(each))
    return sum(
        math.exp(math.log(math.comb(count, k)) + (count - k) * truth + k * lie)
        * -math.expm1(epsilon - (count - 2 * k) * each)
        for k in range(count + 1)
        if (count - 2 * k) * each > epsilon
    )
