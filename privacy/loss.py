"""Privacy loss as events: what a release costs, as data, and as Renyi curves in integers.

Only here does dp-accounting enter (its conversion from Renyi divergence to (epsilon, delta)). Losses cross every
boundary as integers (micro-epsilon, nano-rho) or exact fractions; where a float is unavoidable inside, the integer
that leaves is rounded up. Whether a loss fits is asked in `budget.py`, not here.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

import numpy as np

MICRO: Final = 1_000_000
NANO: Final = 1_000_000_000

# The orders at which every loss is recorded; changing them would make stored curves unreadable. They are roughly
# geometric in (order - 1), because that is where the best order of a budget moves: 1 + 2 log(1/delta) / epsilon, about.
# The last one, infinity, is pure DP: it needs no delta, so a purely Laplace history composes at its plain sum.
ORDERS: Final[tuple[float, ...]] = (
    *(1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0),
    *(16.0, 20.0, 24.0, 32.0, 48.0, 64.0, 96.0, 128.0, 192.0, 256.0, 512.0, 1024.0),
    math.inf,
)

# Stands for "no finite bound": sums stop here, and what reached it never fits. Exact in JSON (RFC 8785 ends at 2^53).
UNBOUNDED_NANO: Final = 2**53 - 1

# An epsilon or a rho of 1,000 protects nobody; the limits keep float error far below the slack.
MOST_EPSILON_MICRO: Final = 1_000 * MICRO
MOST_RHO_NANO: Final = 1_000 * NANO

# Added before rounding up. What we round is made of a handful of double operations (2^-53 relative error each) on
# magnitudes below 2e4, so it errs by less than 16 * 2^-53 * 2e4 * 1e9 = 0.04 nano.
_SLACK_NANO: Final = 0.1

# For a loss that is fixed before its release any order may be picked afterwards: a fine grid costs nothing.
_FINE_ORDERS: Final = 1.0 + np.geomspace(0.02, 2e7, 2048)


def _checked_integer(value: object, most: int, name: str) -> None:
    """Raise ValueError unless `value` is an int (no bool, no float: never NaN) in [1, most]."""
    if type(value) is not int or not 1 <= value <= most:
        raise ValueError(f"{name} must be an integer in [1, {most}]")


def _nano_up(value: float) -> int:
    """A finite non-negative number in nano-units, rounded up with slack for float error."""
    return math.ceil(value * NANO + _SLACK_NANO)


@dataclass(frozen=True)
class PureEvent:
    """A mechanism that is epsilon-DP with delta 0: discrete Laplace, for one.

    Its curve is that of binary randomized response, the worst of all pure-DP mechanisms: each of them is a
    post-processing of it (Kairouz, Oh, Viswanath, "The Composition Theorem for Differential Privacy", ICML 2015), and
    Renyi divergence never grows by post-processing (van Erven, Harremoes, "Renyi Divergence and Kullback-Leibler
    Divergence", 2014). The curve of the continuous Laplace law would under-charge the discrete one.
    """

    epsilon_micro: int

    def __post_init__(self) -> None:
        _checked_integer(self.epsilon_micro, MOST_EPSILON_MICRO, "epsilon")

    def curve_nano(self) -> tuple[int, ...]:
        """Renyi divergence per order, in nano-units, rounded up."""
        return _pure_curve(self.epsilon_micro)

    def to_json(self) -> list[Any]:
        """The event as JSON."""
        return ["pure", self.epsilon_micro]


@dataclass(frozen=True)
class ZCDPEvent:
    """A rho-zCDP mechanism: the discrete Gaussian. Renyi divergence of order a is at most rho * a, exactly.

    Source: Bun, Steinke, "Concentrated Differential Privacy", TCC 2016, Definition 1.1; for the discrete Gaussian:
    Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy", NeurIPS 2020.
    """

    rho_nano: int

    def __post_init__(self) -> None:
        _checked_integer(self.rho_nano, MOST_RHO_NANO, "rho")

    def curve_nano(self) -> tuple[int, ...]:
        """Renyi divergence per order, in nano-units, rounded up; unbounded at infinity."""
        return tuple(
            UNBOUNDED_NANO if math.isinf(order) else math.ceil(Fraction(order) * self.rho_nano) for order in ORDERS
        )

    def to_json(self) -> list[Any]:
        """The event as JSON."""
        return ["zcdp", self.rho_nano]


@dataclass(frozen=True)
class SelectionEvent:
    """Partition selection: what it costs unless it fails, and with which probability, `delta`, it may fail.

    With probability 1 - delta it behaves as a mechanism of `cost`; the deltas add up beside the curve. Sources:
    Kairouz, Oh, Viswanath 2015: an (epsilon, delta)-DP mechanism is a post-processing of randomized response that tells
    everything with probability delta; Bun, Steinke 2016, Section 8: delta-approximate rho-zCDP, and its composition.
    """

    cost: PureEvent | ZCDPEvent
    delta: Fraction

    def __post_init__(self) -> None:
        if not isinstance(self.cost, PureEvent | ZCDPEvent):
            raise ValueError("a selection costs a pure or a zCDP event")
        checked_delta(self.delta)

    def curve_nano(self) -> tuple[int, ...]:
        """Renyi divergence per order of the event that selection does not fail, in nano-units, rounded up."""
        return self.cost.curve_nano()

    def to_json(self) -> list[Any]:
        """The event as JSON."""
        return ["selection", self.cost.to_json(), str(self.delta)]


Event = PureEvent | ZCDPEvent | SelectionEvent


@dataclass(frozen=True)
class Loss:
    """What a release costs: its events, composed. Adding losses composes them."""

    events: tuple[Event, ...] = ()

    def __add__(self, other: "Loss") -> "Loss":
        return Loss(self.events + other.events)

    def to_json(self) -> dict[str, Any]:
        """The loss as JSON: integers and exact fractions only."""
        return {"events": [event.to_json() for event in self.events]}

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> "Loss":
        """The loss of `to_json`; raises ValueError for anything else."""
        try:
            return Loss(tuple(_event_from_json(*entry) for entry in document["events"]))
        except (KeyError, TypeError, ZeroDivisionError) as error:
            raise ValueError("not a privacy loss") from error

    def curve_nano(self) -> tuple[int, ...]:
        """Renyi loss per order of `ORDERS`, in nano-units, rounded up.

        Source: Mironov, "Renyi Differential Privacy", CSF 2017, Proposition 1: divergences of one order add.
        """
        return _curve(self.events)

    @property
    def selection_delta(self) -> Fraction:
        """Probability, at most, that a selection of this loss fails; exact."""
        return sum((event.delta for event in self.events if isinstance(event, SelectionEvent)), Fraction(0))

    def epsilon_micro(self, delta: Fraction) -> int:
        """Epsilon of this loss alone, at `delta`, rounded up. What delta leaves after the selections converts.

        Pure events cost the sum of their epsilons. With Gaussian events it is the better of two bounds: that sum plus
        the conversion of the summed rho, or the conversion of the whole curve. Both hold, and which is smaller is
        known before the release, so the smaller holds.

        Raises ValueError when delta does not even cover the selections, or is 0 for a Gaussian.

        >>> (pure_loss(300_000) + pure_loss(200_000)).epsilon_micro(Fraction(0))
        500000
        """
        left = checked_delta(delta) - self.selection_delta
        costs = [event.cost if isinstance(event, SelectionEvent) else event for event in self.events]
        pure = tuple(cost.epsilon_micro for cost in costs if isinstance(cost, PureEvent))
        rho_nano = sum(cost.rho_nano for cost in costs if isinstance(cost, ZCDPEvent))
        if left < 0 or (rho_nano and not left):
            raise ValueError("delta does not cover this loss")
        if not rho_nano:
            return sum(pure)
        apart = sum(pure) + -(-_converted_nano(rho_nano, (), left) // 1000)
        return min(apart, -(-_converted_nano(rho_nano, tuple(sorted(pure)), left) // 1000))


def pure_loss(epsilon_micro: int) -> Loss:
    """The loss of one epsilon-DP mechanism."""
    return Loss((PureEvent(epsilon_micro),))


def zcdp_loss(rho_nano: int) -> Loss:
    """The loss of one rho-zCDP mechanism."""
    return Loss((ZCDPEvent(rho_nano),))


@lru_cache(maxsize=4096)
def rho_nano_for(epsilon_micro: int, delta: Fraction) -> int:
    """The largest rho, in nano-units, whose conversion at `delta` is at most epsilon; 0 when there is none.

    By bisection over integers: the conversion grows with rho. Below an epsilon of about 0.0003 no nano-rho is small
    enough, and a Gaussian can't be had.
    """
    _checked_integer(epsilon_micro, MOST_EPSILON_MICRO, "epsilon")
    if not checked_delta(delta):
        return 0
    low, high = 0, MOST_RHO_NANO + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if zcdp_loss(middle).epsilon_micro(delta) <= epsilon_micro else (low, middle)
    return low


@lru_cache(maxsize=256)
def conversion_nano(delta: Fraction) -> tuple[int, ...]:
    """What each order of `ORDERS` adds when a Renyi loss r becomes (r + this, delta)-DP; nano-units, rounded up.

    Source, as `compute_epsilon` names it: Canonne, Kamath, Steinke 2020, Proposition 12; Balle, Barthe, Gaboardi, Hsu,
    Sato, "Hypothesis Testing Interpretations and Renyi Differential Privacy", AISTATS 2020. Infinity adds nothing;
    without delta all others are unbounded.
    """
    return tuple(
        0 if math.isinf(order) else UNBOUNDED_NANO if not checked_delta(delta) else _nano_up(_conversion(order, delta))
        for order in ORDERS
    )


def checked_delta(delta: object) -> Fraction:
    """A delta that is an exact fraction in [0, 1); ValueError for anything else, NaN included."""
    if not isinstance(delta, Fraction) or not 0 <= delta < 1:
        raise ValueError("delta must be a Fraction in [0, 1)")
    return delta


def added(left: int, right: int) -> int:
    """Sum of two nano-losses that stops at `UNBOUNDED_NANO`."""
    return min(left + right, UNBOUNDED_NANO)


def _event_from_json(kind: str, amount: Any, delta: str | None = None) -> Event:
    if kind == "selection" and delta is not None:
        return SelectionEvent(_cost_from_json(*amount), Fraction(delta))
    if delta is not None:
        raise ValueError("not a privacy event")
    return _cost_from_json(kind, amount)


def _cost_from_json(kind: str, amount: int) -> PureEvent | ZCDPEvent:
    kinds: dict[str, type[PureEvent | ZCDPEvent]] = {"pure": PureEvent, "zcdp": ZCDPEvent}
    if kind not in kinds:
        raise ValueError("not a privacy event")
    return kinds[kind](amount)


@lru_cache(maxsize=1024)
def _curve(events: tuple[Event, ...]) -> tuple[int, ...]:
    curve = (0,) * len(ORDERS)
    for event in events:
        curve = tuple(map(added, curve, event.curve_nano()))
    return curve


@lru_cache(maxsize=4096)
def _pure_curve(epsilon_micro: int) -> tuple[int, ...]:
    """Nano-curve of randomized response, never above epsilon itself (Renyi divergence grows with its order)."""
    most = epsilon_micro * 1000
    finite = _randomized_response(epsilon_micro / MICRO, np.array(ORDERS[:-1]))
    return (*(min(most, _nano_up(float(value))) for value in finite), most)


def _randomized_response(epsilon: float, orders: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Renyi divergence of order a between randomized response with p = e^epsilon / (1 + e^epsilon) and its mirror.

    log(p^a q^(1-a) + q^a p^(1-a)) / (a - 1), q = 1 - p, rewritten so that no power overflows and no difference of
    large numbers is left: epsilon + (log1p(e^-((2a-1) epsilon)) - log1p(e^-epsilon)) / (a - 1).
    Source: Mironov 2017, Proposition 5.
    """
    tails = np.log1p(np.exp(-(2 * orders - 1) * epsilon)) - np.log1p(np.exp(-epsilon))
    curve: np.ndarray[Any, Any] = epsilon + tails / (orders - 1)
    return curve


def _conversion(order: float, delta: Fraction) -> float:
    """What `compute_epsilon` adds to a Renyi loss of this order. Asked at 64, where its floor of 0 is far away."""
    # Imported when first asked: it takes longer than all else here, and workers and command lines never convert.
    from dp_accounting.rdp.rdp_privacy_accountant import compute_epsilon  # type: ignore[import-untyped]  # no stubs

    below = math.nextafter(float(delta), 0.0)
    if not below:
        raise ValueError("delta is too small to be converted")
    return float(compute_epsilon([order], [64.0], below)[0]) - 64.0


@lru_cache(maxsize=64)
def _fine_conversions(delta: Fraction) -> "np.ndarray[Any, Any]":
    return np.array([_conversion(float(order), delta) for order in _FINE_ORDERS])


@lru_cache(maxsize=4096)
def _converted_nano(rho_nano: int, pure: tuple[int, ...], delta: Fraction) -> int:
    """Epsilon in nano-units of a fixed loss at `delta`: the least over the fine orders, rounded up, never negative."""
    curve = _FINE_ORDERS * (rho_nano / NANO)
    for epsilon_micro in pure:
        curve = curve + _randomized_response(epsilon_micro / MICRO, _FINE_ORDERS)
    return max(0, _nano_up(float(np.min(curve + _fine_conversions(delta)))))
