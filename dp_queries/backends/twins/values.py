"""The numbers of the plain-Python twin: exact steps, exact constants, and doubles."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor, isfinite, isnan
from typing import Any

MOST_INTEGER = 2**53


@dataclass(frozen=True)
class Steps:
    """The number `count * granularity`, as it is stored."""

    count: int
    granularity: Fraction = Fraction(1)

    @property
    def exact(self) -> Fraction:
        """The number itself."""
        return self.count * self.granularity


def known(value: Any) -> Any:
    """The value, or None if it is not a number: NaN counts as NULL wherever it could be seen."""
    return None if isinstance(value, float) and isnan(value) else value


def double(value: Any) -> float:
    """A number as IEEE double; steps as count * numerator / denominator, in this order."""
    if isinstance(value, Steps):
        return float(value.count) * float(value.granularity.numerator) / float(value.granularity.denominator)
    if isinstance(value, Fraction):
        return float(Decimal(value.numerator) / Decimal(value.denominator)) if _is_huge(value) else float(value)
    return float(value)


def _is_huge(value: Fraction) -> bool:
    return abs(value) >= 2**1024


def finite(value: float) -> float | None:
    """The double, or None if it is infinite or not a number."""
    return value if isfinite(value) else None


def exact(value: Steps | Fraction) -> Fraction:
    """A number that is no double."""
    return value.exact if isinstance(value, Steps) else value


def integer(value: Fraction | int) -> Steps | None:
    """An integer that a function made: None beyond +-2^53."""
    return Steps(int(value)) if -MOST_INTEGER <= value <= MOST_INTEGER else None


def is_whole(value: Any) -> bool:
    """Whether the value is of a kind that only holds integers: then it is kept exactly."""
    granularity = value.granularity if isinstance(value, Steps) else value if isinstance(value, Fraction) else None
    return granularity is not None and granularity.denominator == 1


def rounded(value: Fraction) -> int:
    """The nearest integer, halves away from zero."""
    whole = floor(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole


def made_whole(make: Callable[[Fraction], int]) -> Callable[[Any], Steps | None]:
    """A function from numbers to integers: exact for integers, and else over the number's double."""

    def made(value: Any) -> Steps | None:
        if value is None or is_whole(value):
            return None if value is None else integer(exact(value))
        approximate = finite(double(value))
        return None if approximate is None else integer(make(Fraction(approximate)))

    return made


def strict(evaluated: Callable[..., Any]) -> Callable[..., Any]:
    """An operator that is NULL as soon as one of its arguments is."""
    return lambda *values: None if any(value is None for value in values) else evaluated(*values)
