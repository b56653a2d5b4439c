"""Does a loss still fit (the filter), how much is spent (the odometer), and the `Charge` that says it was taken.

Pure arithmetic on integers: the row and the lock are `enclave/ledger.py`. A budget is (epsilon, delta); part of delta
is reserved for partition selection, the rest is for converting Renyi losses.

The filter: a loss fits if at *some* order its Renyi sum still converts to the budget's epsilon. Each single order is a
sound filter under fully adaptive choice of queries (Feldman, Zrnic, "Individual Privacy Accounting via a Renyi
Filter", NeurIPS 2021; infinity is the pure filter of Rogers, Roth, Ullman, Vadhan 2016). Which order is
the last to fit depends on the answers, so it may not be chosen afterwards for free: the conversion's delta is split
equally over the finite orders (union bound; `docs/privacy-proof.md`, Ledger).
"""

from dataclasses import InitVar, dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

from privacy.loss import MOST_EPSILON_MICRO, ORDERS, UNBOUNDED_NANO, Loss, added, checked_delta, conversion_nano

_FINITE_ORDERS: Final = len(ORDERS) - 1
_SEAL: Final = object()


@dataclass(frozen=True)
class Budget:
    """What may be lost in all: (epsilon, delta), of which `selection_delta` is kept for partition selection."""

    epsilon_micro: int
    delta: Fraction
    selection_delta: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        if type(self.epsilon_micro) is not int or not 0 <= self.epsilon_micro <= MOST_EPSILON_MICRO:
            raise ValueError(f"a budget's epsilon must be an integer in [0, {MOST_EPSILON_MICRO}]")
        if checked_delta(self.selection_delta) > checked_delta(self.delta):
            raise ValueError("the share for selection is larger than delta")

    @property
    def conversion_nano(self) -> tuple[int, ...]:
        """What each order adds to a Renyi sum at its share of delta; rounded up."""
        return _conversion_nano(self.delta - self.selection_delta)


@dataclass(frozen=True)
class Spent:
    """What was charged so far: Renyi sums per order of `ORDERS` in nano-units, and the sum of selection deltas."""

    curve_nano: tuple[int, ...] = (0,) * len(ORDERS)
    selection_delta: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        if len(self.curve_nano) != len(ORDERS):
            raise ValueError("the curve was recorded on other orders")
        if any(type(value) is not int or not 0 <= value <= UNBOUNDED_NANO for value in self.curve_nano):
            raise ValueError("a curve holds integers in [0, UNBOUNDED_NANO]")
        if not isinstance(self.selection_delta, Fraction) or self.selection_delta < 0:
            raise ValueError("selection deltas add up to a Fraction that is not negative")

    def plus(self, loss: Loss) -> "Spent":
        """What is charged once `loss` is."""
        curve = tuple(map(added, self.curve_nano, loss.curve_nano()))
        return Spent(curve, self.selection_delta + loss.selection_delta)


@dataclass(frozen=True)
class Charge:
    """Proof that the loss of one plan was taken from its budgets; made only by `enclave.ledger.charge`.

    The seal is demanded by the constructor, not kept: a charge survives pickle on its way to our own worker process.
    """

    id: str
    agreement: str
    plan_digest: str
    loss: Loss
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("a Charge is made only by enclave.ledger.charge")


def issue_charge(*, id: str, agreement: str, plan_digest: str, loss: Loss) -> Charge:
    """Make a Charge. For `enclave.ledger.charge` alone, after the spending row is written."""
    return Charge(id, agreement, plan_digest, loss, _SEAL)


def fits(budget: Budget, spent: Spent, loss: Loss) -> bool:
    """Whether the budget still holds after `loss`: the filter. Ask before rows are read, in one transaction with the
    insert.
    """
    after = spent.plus(loss)
    if after.selection_delta > budget.selection_delta:
        return False
    return _composed_nano(budget, after) <= budget.epsilon_micro * 1000


def spent_micro(budget: Budget, spent: Spent) -> int:
    """Epsilon composed so far under the filter's own accounting, rounded up: the odometer.

    0 when nothing is spent, never smaller after another charge, and never above the budget's epsilon while the filter
    was obeyed.
    """
    return -(-_composed_nano(budget, spent) // 1000)


def remaining_micro(budget: Budget, spent: Spent) -> int:
    """The budget's epsilon minus `spent_micro`; never negative.

    A loss this small fits for certain if it is pure: it raises each order's sum by no more than its epsilon.
    """
    return max(0, budget.epsilon_micro - spent_micro(budget, spent))


def _composed_nano(budget: Budget, spent: Spent) -> int:
    """The least epsilon, over the orders, to which the Renyi sums convert."""
    return max(0, min(map(added, spent.curve_nano, budget.conversion_nano)))


@lru_cache(maxsize=256)
def _conversion_nano(delta: Fraction) -> tuple[int, ...]:
    return conversion_nano(delta / _FINITE_ORDERS)
