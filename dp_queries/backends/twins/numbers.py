"""Numbers in plain Python: IEEE doubles, and exact integers within +-2^53."""

import operator
from collections.abc import Callable
from fractions import Fraction
from math import ceil, copysign, exp, floor, inf, log, log10, pow, sqrt, trunc
from typing import Any

from dp_queries.backends.twins.values import (
    Steps,
    double,
    exact,
    finite,
    integer,
    known,
    made_whole,
    rounded,
    strict,
)


def _arithmetic(calculate: Callable[[float, float], float]) -> Callable[[Any, Any], float | None]:
    return strict(lambda left, right: calculate(double(left), double(right)))


def _quotient(left: Any, right: Any) -> float | None:
    if left is None or right is None or double(right) == 0.0:
        return None
    return double(left) / double(right)


def _abs(value: Any) -> Any:
    """Of what `unified` made: an exact integer or a finite double."""
    return Steps(abs(value.count)) if isinstance(value, Steps) else abs(value)


def _sign(value: Any) -> Steps | None:
    if known(value) is None:
        return None
    number = value if isinstance(value, float) else exact(value)
    return Steps((number > 0) - (number < 0))


_nearest = made_whole(rounded)


def _round(value: Any, digits: Any = None) -> Any:
    if value is None or digits is None:
        return _nearest(value)
    scale = 10.0 ** int(digits)
    scaled = double(value) * scale
    if finite(scaled) is None:
        return None
    return copysign(abs(float(rounded(Fraction(scaled)))), scaled) / scale


def _mod(dividend: Any, divisor: Any) -> Steps | None:
    left, right = integer(exact(dividend)), integer(exact(divisor))
    if left is None or right is None or right.count == 0:
        return None
    rest = abs(left.count) % abs(right.count)
    return Steps(rest if left.count >= 0 else -rest)


def _finite_function(calculate: Callable[..., float]) -> Callable[..., float | None]:
    """A function of doubles; None where it has no finite value."""

    def calculated(*values: Any) -> float | None:
        try:
            return finite(calculate(*map(double, values)))
        except (ValueError, OverflowError):
            return None

    return strict(calculated)


def _width_bucket(value: Any, low: Any, high: Any, count: Any) -> Steps | None:
    number, lower, upper, buckets = double(value), double(low), double(high), int(count)
    if known(number) is None:
        return None
    if number < lower or number >= upper:
        return Steps(0 if number < lower else buckets + 1)
    width = upper * 0.5 - lower * 0.5
    place = (number * 0.5 - lower * 0.5) / width * float(buckets) if width else inf
    return Steps(int(min(place, float(buckets - 1))) + 1)


NUMBERS: dict[str, Callable[..., Any]] = {
    "+": _arithmetic(operator.add),
    "-": _arithmetic(operator.sub),
    "*": _arithmetic(operator.mul),
    "/": _quotient,
    "neg": strict(lambda value: -double(value)),
    "abs": strict(_abs),
    "sign": _sign,
    "floor": made_whole(floor),
    "ceil": made_whole(ceil),
    "trunc": made_whole(trunc),
    "round": _round,
    "mod": strict(_mod),
    "sqrt": _finite_function(sqrt),
    "ln": _finite_function(log),
    "log10": _finite_function(log10),
    "exp": _finite_function(exp),
    "power": _finite_function(pow),
    "width_bucket": strict(_width_bucket),
}
