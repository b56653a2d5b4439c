"""Losses as events: exact at the border, never below the truth, refused when they are no numbers."""

import math
from fractions import Fraction
from itertools import pairwise
from statistics import NormalDist

import dp_accounting
import numpy as np
import pytest
from dp_accounting.privacy_accountant import NeighboringRelation
from dp_accounting.rdp import RdpAccountant
from hypothesis import given, settings, strategies as st

from privacy.loss import (
    MOST_EPSILON_MICRO,
    MOST_RHO_NANO,
    NANO,
    ORDERS,
    UNBOUNDED_NANO,
    Event,
    Loss,
    PureEvent,
    SelectionEvent,
    ZCDPEvent,
    added,
    conversion_nano,
    pure_loss,
    rho_nano_for,
    zcdp_loss,
)

TINY = Fraction(1, 10**9)
SELECTION = Loss((SelectionEvent(PureEvent(100_000), TINY),))
GAUSSIAN_SELECTION = Loss((SelectionEvent(ZCDPEvent(10**6), TINY),))
EPSILONS = st.integers(1, MOST_EPSILON_MICRO)


def test_orders_grow_and_end_at_infinity() -> None:
    assert list(ORDERS) == sorted(set(ORDERS))
    assert ORDERS[0] > 1
    assert math.isinf(ORDERS[-1])
    assert not math.isinf(ORDERS[-2])


@pytest.mark.parametrize("epsilon_micro", [1, 1_000, 100_000, 1_000_000, 5_000_000, 30_000_000])
def test_pure_curve_is_randomized_response_of_dp_accounting(epsilon_micro: int) -> None:
    # noise_parameter / 2 is the probability of a lie, 1 / (1 + e^epsilon).
    event = dp_accounting.RandomizedResponseDpEvent(2 / (1 + math.exp(epsilon_micro / 1e6)), 2)
    accountant = RdpAccountant(ORDERS[:-1], NeighboringRelation.REPLACE_ONE)
    accountant.compose(event)
    for charged, theirs in zip(pure_loss(epsilon_micro).curve_nano(), accountant._rdp, strict=False):
        assert theirs * NANO - 0.1 <= charged <= theirs * NANO + 2


@given(EPSILONS)
def test_pure_curve_grows_with_the_order_up_to_epsilon(epsilon_micro: int) -> None:
    curve = pure_loss(epsilon_micro).curve_nano()
    assert all(left <= right for left, right in pairwise(curve))
    assert 1 <= curve[0]
    assert curve[-1] == epsilon_micro * 1000


@pytest.mark.parametrize("epsilon_micro", [1, 7, 1_000])
def test_tiny_epsilon_keeps_its_digits(epsilon_micro: int) -> None:
    epsilon = epsilon_micro / 1e6
    expected = ORDERS[-2] * epsilon * epsilon / 2  # the curve's first term, an upper bound while a * epsilon is small
    assert pure_loss(epsilon_micro).curve_nano()[-2] <= math.ceil(expected * NANO) + 1


def test_huge_epsilon_does_not_overflow() -> None:
    curve = pure_loss(MOST_EPSILON_MICRO).curve_nano()
    assert curve == (MOST_EPSILON_MICRO * 1000,) * len(ORDERS)


@given(st.integers(1, MOST_RHO_NANO))
def test_zcdp_curve_is_rho_times_order(rho_nano: int) -> None:
    curve = zcdp_loss(rho_nano).curve_nano()
    accountant = RdpAccountant(ORDERS[:-1])
    accountant.compose(dp_accounting.ZCDpEvent(rho_nano / NANO))
    assert curve[-1] == UNBOUNDED_NANO
    assert np.allclose(np.array(curve[:-1]) / NANO, accountant._rdp, rtol=1e-9, atol=1e-9)
    assert all(value >= Fraction(order) * rho_nano for value, order in zip(curve, ORDERS[:-1], strict=False))


def test_losses_compose_by_adding() -> None:
    loss = pure_loss(300_000) + zcdp_loss(5) + SELECTION + SELECTION
    parts = (pure_loss(300_000), zcdp_loss(5), SELECTION, SELECTION)
    assert loss.curve_nano()[:-1] == tuple(map(sum, zip(*(part.curve_nano()[:-1] for part in parts), strict=True)))
    assert loss.selection_delta == 2 * TINY
    assert loss + Loss() == loss
    assert Loss().curve_nano() == (0,) * len(ORDERS)


def test_selection_costs_a_pure_curve_and_its_delta() -> None:
    assert SELECTION.curve_nano() == pure_loss(100_000).curve_nano()
    assert SELECTION.selection_delta == TINY
    assert pure_loss(100_000).selection_delta == 0


def test_a_gaussian_selection_costs_its_rho_and_converts_what_its_delta_leaves() -> None:
    assert GAUSSIAN_SELECTION.curve_nano() == zcdp_loss(10**6).curve_nano()
    assert GAUSSIAN_SELECTION.epsilon_micro(3 * TINY) == zcdp_loss(10**6).epsilon_micro(2 * TINY)
    both = GAUSSIAN_SELECTION + zcdp_loss(10**6) + SELECTION
    assert both.epsilon_micro(3 * TINY) == (zcdp_loss(2 * 10**6) + pure_loss(100_000)).epsilon_micro(TINY)
    with pytest.raises(ValueError, match="cover"):
        GAUSSIAN_SELECTION.epsilon_micro(TINY)


def test_unbounded_stays_unbounded() -> None:
    assert added(UNBOUNDED_NANO, UNBOUNDED_NANO) == UNBOUNDED_NANO
    assert added(1, 2) == 3
    assert (zcdp_loss(1) + zcdp_loss(1)).curve_nano()[-1] == UNBOUNDED_NANO


def test_json_round_trip() -> None:
    loss = pure_loss(300_000) + zcdp_loss(5) + SELECTION
    assert Loss.from_json(loss.to_json()) == loss
    assert Loss.from_json(GAUSSIAN_SELECTION.to_json()) == GAUSSIAN_SELECTION
    assert loss.to_json() == {
        "events": [["pure", 300_000], ["zcdp", 5], ["selection", ["pure", 100_000], "1/1000000000"]]
    }


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"events": 3},
        {"events": [3]},
        {"events": [[]]},
        {"events": [["pure"]]},
        {"events": [["pure", 0]]},
        {"events": [["pure", 0.5]]},
        {"events": [["pure", True]]},
        {"events": [["pure", "1"]]},
        {"events": [["pure", 1, "1/2"]]},
        {"events": [["zcdp", -1]]},
        {"events": [["training", 1]]},
        {"events": [["selection", ["pure", 1]]]},
        {"events": [["selection", 1, "1/2"]]},
        {"events": [["selection", ["pure"], "1/2"]]},
        {"events": [["selection", ["pure", 0], "1/2"]]},
        {"events": [["selection", ["selection", ["pure", 1], "1/2"], "1/2"]]},
        {"events": [["selection", ["pure", 1], "nan"]]},
        {"events": [["selection", ["pure", 1], "1/0"]]},
        {"events": [["selection", ["pure", 1], "1"]]},
        {"events": [["pure", 1, None, None]]},
        {"events": [[["pure"], 1]]},
        [],
    ],
)
def test_what_is_no_loss_is_refused(document: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Loss.from_json(document)  # type: ignore[arg-type]  # that is the attack


@pytest.mark.parametrize("amount", [0, -1, 0.5, math.nan, math.inf, True, None, 10**13])
def test_events_take_bounded_positive_integers_only(amount: object) -> None:
    for event in (PureEvent, ZCDPEvent):
        with pytest.raises(ValueError, match="integer"):
            event(amount)  # type: ignore[arg-type]  # that is the attack
    with pytest.raises(ValueError, match="costs"):
        SelectionEvent(amount, TINY)  # type: ignore[arg-type]  # that is the attack


@pytest.mark.parametrize("delta", [Fraction(-1, 2), Fraction(1), 0.1, math.nan, math.inf, None, 0])
def test_delta_is_an_exact_fraction_below_one(delta: object) -> None:
    with pytest.raises(ValueError, match="delta"):
        pure_loss(1).epsilon_micro(delta)  # type: ignore[arg-type]  # that is the attack
    with pytest.raises(ValueError, match="delta"):
        conversion_nano(delta)  # type: ignore[arg-type]  # that is the attack


def test_pure_losses_cost_their_exact_sum() -> None:
    loss = pure_loss(333_333) + pure_loss(333_333) + pure_loss(333_334)
    assert loss.epsilon_micro(Fraction(0)) == 1_000_000
    assert loss.epsilon_micro(Fraction(1, 10)) == 1_000_000
    assert SELECTION.epsilon_micro(TINY) == 100_000
    assert Loss().epsilon_micro(Fraction(0)) == 0


def test_epsilon_is_infinite_and_so_refused_without_enough_delta() -> None:
    for loss, delta in ((zcdp_loss(1), Fraction(0)), (SELECTION, TINY / 2), (SELECTION + zcdp_loss(1), TINY)):
        with pytest.raises(ValueError, match="cover"):
            loss.epsilon_micro(delta)
    with pytest.raises(ValueError, match="too small"):
        zcdp_loss(1).epsilon_micro(Fraction(1, 10**400))


@pytest.mark.parametrize("rho_nano", [100, 3_953_160, 10**8, 5 * 10**9])
def test_conversion_of_zcdp_is_the_best_of_a_dense_search(rho_nano: int) -> None:
    orders = 1 + np.geomspace(0.02, 1e6, 200_001)
    rho = rho_nano / NANO
    best = np.min(rho * orders + np.log1p(-1 / orders) - np.log(1e-9 * orders) / (orders - 1))
    charged = zcdp_loss(rho_nano).epsilon_micro(TINY) / 1e6
    assert best <= charged <= best * 1.00001 + 2e-6


def test_conversion_of_zcdp_covers_the_exact_gaussian() -> None:
    # Balle, Wang, "Improving the Gaussian Mechanism for Differential Privacy", ICML 2018, Theorem 8: the exact delta.
    for rho_nano in (10**6, 10**8, 10**9):
        epsilon = zcdp_loss(rho_nano).epsilon_micro(Fraction(1, 10**6)) / 1e6
        sigma = math.sqrt(NANO / (2 * rho_nano))
        left, right = (NormalDist().cdf(shift / sigma - epsilon * sigma) for shift in (0.5, -0.5))
        delta = left - math.exp(epsilon) * right
        assert 1e-8 < delta <= 1e-6


@given(st.lists(EPSILONS.map(lambda e: 1 + e // 10_000), max_size=4), st.integers(1, 10**8))
@settings(max_examples=30)
def test_a_mixed_loss_costs_at_most_its_parts_and_at_least_each(pures: list[int], rho_nano: int) -> None:
    loss = Loss((*map(PureEvent, pures), ZCDPEvent(rho_nano)))
    charged = loss.epsilon_micro(TINY)
    gaussian = zcdp_loss(rho_nano).epsilon_micro(TINY)
    assert gaussian <= charged <= sum(pures) + gaussian


def test_many_small_pure_events_beside_a_gaussian_cost_less_than_their_sum() -> None:
    loss = Loss((PureEvent(10_000),) * 400 + (ZCDPEvent(10**6),))
    assert loss.epsilon_micro(TINY) < 4_000_000


@pytest.mark.parametrize("epsilon_micro", [1_000, 500_000, 1_000_000, 100_000_000])
def test_rho_is_the_largest_that_converts_to_epsilon(epsilon_micro: int) -> None:
    rho_nano = rho_nano_for(epsilon_micro, TINY)
    assert zcdp_loss(rho_nano).epsilon_micro(TINY) <= epsilon_micro < zcdp_loss(rho_nano + 1).epsilon_micro(TINY)


def test_rho_is_zero_where_no_gaussian_can_be_had() -> None:
    assert rho_nano_for(1, TINY) == 0
    assert rho_nano_for(1_000_000, Fraction(0)) == 0
    with pytest.raises(ValueError, match="integer"):
        rho_nano_for(0, TINY)


def test_conversion_is_that_of_dp_accounting_rounded_up() -> None:
    accountant = RdpAccountant(ORDERS[:-1])
    accountant.compose(dp_accounting.ZCDpEvent(1.0))
    ours = min(order * NANO + add for order, add in zip(ORDERS[:-1], conversion_nano(TINY), strict=False))
    assert 0 <= ours - accountant.get_epsilon(1e-9) * NANO <= 2


def test_without_delta_only_infinity_converts() -> None:
    assert conversion_nano(Fraction(0)) == (UNBOUNDED_NANO,) * (len(ORDERS) - 1) + (0,)
    assert conversion_nano(TINY)[-1] == 0


def test_every_event_is_a_loss_of_its_own() -> None:
    events: tuple[Event, ...] = (PureEvent(1), ZCDPEvent(1), SelectionEvent(PureEvent(1), TINY))
    assert [len(Loss((event,)).curve_nano()) for event in events] == [len(ORDERS)] * 3
