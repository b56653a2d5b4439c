"""The filter refuses what does not fit, the odometer never understates, and nobody forges a Charge."""

import dataclasses
import math
import pickle
import time
from fractions import Fraction
from itertools import pairwise

import pytest
from dp_accounting.pld import privacy_loss_distribution as pld
from hypothesis import given, settings, strategies as st

from privacy.budget import Budget, Charge, Spent, fits, issue_charge, remaining_micro, spent_micro
from privacy.loss import (
    ORDERS,
    UNBOUNDED_NANO,
    Loss,
    PureEvent,
    SelectionEvent,
    ZCDPEvent,
    pure_loss,
    rho_nano_for,
    zcdp_loss,
)

DELTA = Fraction(1, 10**6)
BUDGET = Budget(8_000_000, DELTA, DELTA / 2)
SELECTION = Loss((SelectionEvent(PureEvent(1_000), DELTA / 8),))
GAUSSIAN = zcdp_loss(rho_nano_for(100_000, Fraction(1, 10**9)))
LOSSES = st.one_of(
    st.integers(1, 3_000_000).map(pure_loss),
    st.integers(1, 100_000_000).map(zcdp_loss),
    st.integers(1, 1_000_000).map(lambda epsilon: Loss((SelectionEvent(PureEvent(epsilon), DELTA / 20),))),
    st.integers(1, 1_000_000).map(lambda rho: Loss((SelectionEvent(ZCDPEvent(rho), DELTA / 20),))),
)


def _spend(budget: Budget, loss: Loss) -> tuple[int, Spent]:
    count, spent = 0, Spent()
    while fits(budget, spent, loss):
        count, spent = count + 1, spent.plus(loss)
    return count, spent


def test_nothing_spent_leaves_the_whole_budget() -> None:
    assert remaining_micro(BUDGET, Spent()) == 8_000_000
    assert spent_micro(BUDGET, Spent()) == 0
    assert spent_micro(Budget(1, Fraction(9, 10)), Spent()) == 0


def test_a_pure_loss_of_the_whole_budget_fits_and_leaves_nothing() -> None:
    assert fits(BUDGET, Spent(), pure_loss(8_000_000))
    assert not fits(BUDGET, Spent(), pure_loss(8_000_001))
    spent = Spent().plus(pure_loss(8_000_000))
    assert remaining_micro(BUDGET, spent) == 0
    assert not fits(BUDGET, spent, pure_loss(1))


def test_without_delta_the_budget_is_the_sum_of_pure_losses() -> None:
    budget = Budget(1_000_000, Fraction(0))
    assert _spend(budget, pure_loss(100_000))[0] == 10
    assert not fits(budget, Spent(), zcdp_loss(1))


def test_small_losses_compose_better_than_their_sum() -> None:
    assert _spend(BUDGET, pure_loss(100_000))[0] > 80 * 2
    assert fits(BUDGET, Spent(), Loss(GAUSSIAN.events * 1600))


def test_what_the_filter_let_through_is_truly_within_the_budget() -> None:
    # The exact privacy loss distribution of what was spent, rounded against us, at the budget's delta.
    count, _ = _spend(Budget(4_000_000, DELTA), pure_loss(200_000))
    mixed = Spent().plus(Loss(pure_loss(200_000).events * (count // 2)))
    truth = pld.from_discrete_laplace_mechanism(0.2, value_discretization_interval=1e-3)
    assert truth.self_compose(count).get_epsilon_for_delta(float(DELTA)) <= 4.0
    assert spent_micro(Budget(4_000_000, DELTA), mixed) < 4_000_000


def test_selection_deltas_must_fit_their_reserved_share() -> None:
    assert _spend(BUDGET, SELECTION)[0] == 4
    assert not fits(Budget(8_000_000, DELTA), Spent(), SELECTION)
    assert fits(BUDGET, _spend(BUDGET, SELECTION)[1], pure_loss(1_000))


def test_the_share_for_selection_is_taken_from_the_conversion() -> None:
    shared, whole = Budget(8_000_000, DELTA, DELTA * 9 / 10), Budget(8_000_000, DELTA)
    spent = Spent().plus(GAUSSIAN)
    assert spent_micro(shared, spent) > spent_micro(whole, spent)


def test_delta_is_split_over_the_orders() -> None:
    # Unsplit, one order would convert with the whole delta: the choice among 24 would be free, and is not.
    order = ORDERS.index(16.0)
    split = BUDGET.conversion_nano[order]
    expected = math.log1p(-1 / 16) - math.log(float(DELTA / 2 / (len(ORDERS) - 1)) * 16) / 15
    assert split == pytest.approx(expected * 1e9, rel=1e-6)


@given(st.lists(LOSSES, max_size=12))
@settings(max_examples=60)
def test_odometer_is_monotone_and_agrees_with_the_filter(losses: list[Loss]) -> None:
    spent = Spent()
    for loss in losses:
        after = spent.plus(loss)
        assert spent_micro(BUDGET, after) >= spent_micro(BUDGET, spent)
        assert 0 <= remaining_micro(BUDGET, after) <= remaining_micro(BUDGET, spent) <= 8_000_000
        within = spent_micro(BUDGET, after) <= 8_000_000 and after.selection_delta <= BUDGET.selection_delta
        assert fits(BUDGET, spent, loss) == within
        spent = after


@given(st.lists(LOSSES, max_size=6))
@settings(max_examples=60)
def test_a_pure_loss_of_what_remains_fits(losses: list[Loss]) -> None:
    spent = Spent()
    for loss in losses:
        if fits(BUDGET, spent, loss):
            spent = spent.plus(loss)
    remaining = remaining_micro(BUDGET, spent)
    assert remaining == 0 or fits(BUDGET, spent, pure_loss(remaining))


@given(st.lists(LOSSES, min_size=1, max_size=6), st.randoms())
def test_the_order_of_charges_does_not_matter(losses: list[Loss], random: object) -> None:
    shuffled = list(losses)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    left, right = Spent(), Spent()
    for one, other in zip(losses, shuffled, strict=True):
        left, right = left.plus(one), right.plus(other)
    assert left == right


def test_unbounded_sums_never_fit() -> None:
    broken = Spent((UNBOUNDED_NANO,) * len(ORDERS))
    assert broken.plus(GAUSSIAN) == broken
    assert not fits(Budget(1_000_000_000, Fraction(999, 1000)), broken, pure_loss(1))
    assert remaining_micro(BUDGET, broken) == 0


def test_a_decision_takes_less_than_a_millisecond() -> None:
    spent = Spent().plus(GAUSSIAN)
    fits(BUDGET, spent, GAUSSIAN)
    best = min(_seconds(spent) for _ in range(20))
    assert best < 1e-3


def _seconds(spent: Spent) -> float:
    start = time.perf_counter()
    fits(BUDGET, spent, GAUSSIAN)
    return time.perf_counter() - start


@pytest.mark.parametrize("epsilon_micro", [-1, 1.0, math.nan, math.inf, True, "1", 10**10])
def test_a_budget_has_a_bounded_integer_epsilon(epsilon_micro: object) -> None:
    with pytest.raises(ValueError, match="epsilon"):
        Budget(epsilon_micro, DELTA)  # type: ignore[arg-type]  # that is the attack


@pytest.mark.parametrize(
    ("delta", "share"),
    [(Fraction(1), Fraction(0)), (Fraction(-1), Fraction(0)), (DELTA, DELTA * 2), (DELTA, -DELTA), (1e-6, Fraction(0))],
)
def test_a_budget_has_a_delta_and_a_share_of_it(delta: Fraction, share: Fraction) -> None:
    with pytest.raises(ValueError, match="delta"):
        Budget(1, delta, share)


@pytest.mark.parametrize(
    ("curve", "delta"),
    [
        ((0,) * (len(ORDERS) - 1), Fraction(0)),
        ((-1,) * len(ORDERS), Fraction(0)),
        ((0.5,) * len(ORDERS), Fraction(0)),
        ((UNBOUNDED_NANO + 1,) * len(ORDERS), Fraction(0)),
        ((0,) * len(ORDERS), Fraction(-1)),
        ((0,) * len(ORDERS), 0.0),
    ],
)
def test_what_is_spent_is_a_curve_of_integers(curve: tuple[int, ...], delta: Fraction) -> None:
    with pytest.raises(ValueError, match=r"curve|Fraction"):
        Spent(curve, delta)


def test_only_the_ledger_makes_a_charge() -> None:
    charge = issue_charge(id="c1", agreement="a1", plan_digest="00", loss=GAUSSIAN)
    with pytest.raises(TypeError):
        Charge("c1", "a1", "00", GAUSSIAN)  # type: ignore[call-arg]  # that is the attack
    with pytest.raises(TypeError, match="ledger"):
        Charge("c1", "a1", "00", GAUSSIAN, object())
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(charge, plan_digest="11")
    with pytest.raises(dataclasses.FrozenInstanceError):
        charge.plan_digest = "11"  # type: ignore[misc]  # that is the attack


def test_a_charge_survives_the_pipe_to_our_worker() -> None:
    charge = issue_charge(id="c1", agreement="a1", plan_digest="00", loss=GAUSSIAN + SELECTION)
    assert pickle.loads(pickle.dumps(charge)) == charge  # noqa: S301  # our own bytes


def _spent(losses: list[Loss]) -> Spent:
    spent = Spent()
    for loss in losses:
        spent = spent.plus(loss)
    return spent


PEOPLE = st.lists(st.lists(st.one_of(LOSSES, st.just(GAUSSIAN)), max_size=6), min_size=2, max_size=5)


@settings(max_examples=500)
@given(PEOPLE, st.sampled_from([DELTA, Fraction(1, 10**9), Fraction(1, 10**3)]))
def test_what_several_spend_together_is_no_more_than_the_sum_of_what_each_spent(
    people: list[list[Loss]], delta: Fraction
) -> None:
    """So a reserve that is kept for each of the named people is kept (Art. 20): others can't have spent it.

    Renyi curves grow with the order and what the conversion adds shrinks: at the least of the orders at which the
    people's own sums are converted, all curves together and one conversion are no more than those sums together.
    """
    budget = Budget(1_000_000_000, delta, delta / 2)
    each = [spent_micro(budget, _spent(losses)) for losses in people]
    together = spent_micro(budget, _spent([loss for losses in people for loss in losses]))
    assert together <= sum(each)


def test_the_conversion_adds_less_at_a_higher_order_and_never_takes_away() -> None:
    for delta in (DELTA, Fraction(1, 10**9), Fraction(1, 10**3)):
        added = Budget(1, delta).conversion_nano
        assert all(one >= other >= 0 for one, other in pairwise(added))
