"""Interval arithmetic over exact fractions: within which bounds the number of a row-level expression lies.

A range says what the exact value of an expression is; a row's value is an IEEE double that may lie an ulp outside. So
whoever relies on a range clamps to it. Only where a double's error could be carried over an integer (FLOOR) is it asked
for here. Source: Moore, Kearfott, Cloud, "Introduction to Interval Analysis", 2009, chapters 2 and 5.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from typing import Final

MOST: Final = Fraction(2) ** 1000  # far inside of what an IEEE double holds
_SLACK: Final = Fraction(1, 2**40)  # relative; far more than the errors of the at most 200 operations of an expression


@dataclass(frozen=True)
class Range:
    """Values lie in [lower, upper] and are multiples of `granularity`, None if they may be anything.

    `is_sharp`: the double that is computed for a value lies between the doubles nearest to the ends.
    """

    lower: Fraction
    upper: Fraction
    granularity: Fraction | None
    is_sharp: bool = True

    @property
    def has_zero(self) -> bool:
        """Whether 0 lies between the bounds."""
        return self.lower <= 0 <= self.upper

    @property
    def largest(self) -> Fraction:
        """The largest absolute value."""
        return max(abs(self.lower), abs(self.upper))


def whole(lower: int | Fraction, upper: int | Fraction) -> Range:
    """All integers from `lower` to `upper`."""
    return Range(Fraction(math.floor(lower)), Fraction(math.ceil(upper)), Fraction(1))


def common(granularities: Iterable[Fraction | None]) -> Fraction | None:
    """The largest granularity that all are multiples of.

    >>> common([Fraction(1, 2), Fraction(3)])
    Fraction(1, 2)
    """
    found: Fraction | None = None
    for one in granularities:
        if one is None:
            return None
        found = one if found is None else _common(found, one)
    return found


def _common(one: Fraction, other: Fraction) -> Fraction:
    numerator = math.gcd(one.numerator * other.denominator, other.numerator * one.denominator)
    return Fraction(numerator, one.denominator * other.denominator)


def hull(ranges: Iterable[Range | None]) -> Range | None:
    """The smallest range that holds all."""
    found = list(ranges)
    known = [one for one in found if one is not None]
    if not known or len(known) < len(found):
        return None
    return Range(
        min(one.lower for one in known),
        max(one.upper for one in known),
        common(one.granularity for one in known),
        all(one.is_sharp for one in known),
    )


def negative(one: Range) -> Range:
    """-x."""
    return Range(-one.upper, -one.lower, one.granularity, one.is_sharp)


def absolute(one: Range) -> Range:
    """|x|."""
    lower = Fraction(0) if one.has_zero else min(abs(one.lower), abs(one.upper))
    return Range(lower, one.largest, one.granularity, one.is_sharp)


def added(left: Range, right: Range) -> Range | None:
    """x + y."""
    granularity = common((left.granularity, right.granularity))
    return _bounded(left.lower + right.lower, left.upper + right.upper, granularity, left, right)


def multiplied(left: Range, right: Range) -> Range | None:
    """x * y."""
    ends = [one * other for one, other in product((left.lower, left.upper), (right.lower, right.upper))]
    both = left.granularity and right.granularity
    return _bounded(min(ends), max(ends), left.granularity * right.granularity if both else None, left, right)  # type: ignore[operator]  # both are there


def divided(left: Range, right: Range) -> Range | None:
    """x / y; None where the divisor may be 0 or as good as 0."""
    if right.has_zero:
        return None
    ends = [one / other for one, other in product((left.lower, left.upper), (right.lower, right.upper))]
    return _bounded(min(ends), max(ends), None, left, right)


def remainder(dividend: Range | None, divisor: Range | None) -> Range | None:
    """The remainder of integers, with the dividend's sign."""
    if dividend is None and divisor is None:
        return None
    most = dividend.largest if divisor is None else max(divisor.largest - 1, Fraction(0))  # type: ignore[union-attr]  # one is there
    if dividend is None:
        return whole(-most, most)
    return whole(max(min(dividend.lower, Fraction(0)), -most), min(max(dividend.upper, Fraction(0)), most))


def rounded(one: Range, to: Callable[[Fraction], int]) -> Range:
    """floor, ceil, trunc or round; wider where a double's error could be carried over an integer."""
    slack = Fraction(0) if one.is_sharp else one.largest * _SLACK
    return whole(to(one.lower - slack), to(one.upper + slack))


def rounded_to(one: Range, digits: int) -> Range | None:
    """round(x, digits)."""
    scaled = multiplied(one, Range(Fraction(10**digits), Fraction(10**digits), Fraction(1)))
    if scaled is None:
        return None
    steps = rounded(scaled, nearest)
    return Range(steps.lower / 10**digits, steps.upper / 10**digits, Fraction(1, 10**digits), False)


def nearest(value: Fraction) -> int:
    """Half away from zero.

    >>> nearest(Fraction(-5, 2))
    -3
    """
    whole_part = math.floor(abs(value) + Fraction(1, 2))
    return whole_part if value >= 0 else -whole_part


def root(one: Range) -> Range | None:
    """sqrt(x), NULL below 0."""
    return _not_negative(_increasing(math.sqrt, max(one.lower, Fraction(0)), one.upper))


def logarithm(one: Range, function: Callable[[float], float]) -> Range | None:
    """A logarithm, NULL at 0 and below: with a granularity, the least number above 0 is known."""
    lower = one.lower if one.lower > 0 else one.granularity
    return None if lower is None else _increasing(function, lower, one.upper)


def exponential(one: Range) -> Range | None:
    """exp(x)."""
    return _not_negative(_increasing(math.exp, one.lower, one.upper))


def power(base: Range, exponent: Range) -> Range | None:
    """x ^ y: exact for a small whole exponent; of positive bases by the corners, for it is monotone in each."""
    times = exponent.lower
    if times == exponent.upper and times.denominator == 1 and 0 <= times <= 64:
        even = times % 2 == 0 and base.has_zero and times > 0
        ends = [base.lower ** int(times), base.upper ** int(times), *([Fraction(0)] if even else [])]
        found = _widened(min(ends), max(ends))
        return _not_negative(found) if min(ends) >= 0 else found
    if base.lower > 0 or (base.lower == 0 and exponent.lower > 0):
        try:
            corners = [
                math.pow(one, other)
                for one, other in product((base.lower, base.upper), (exponent.lower, exponent.upper))
            ]
        except (OverflowError, ValueError):
            return None
        return _not_negative(_widened(Fraction(min(corners)), Fraction(max(corners))))
    return None


def _increasing(function: Callable[[float], float], lower: Fraction, upper: Fraction) -> Range | None:
    if upper < lower:
        return None  # always NULL
    try:
        return _widened(Fraction(function(float(lower))), Fraction(function(float(upper))))
    except (OverflowError, ValueError):
        return None


def _not_negative(found: Range | None) -> Range | None:
    return found and replace(found, lower=max(found.lower, Fraction(0)))


def _widened(lower: Fraction, upper: Fraction) -> Range | None:
    """Of what a mathematical library computes, whose last bits nobody promises."""
    if max(abs(lower), abs(upper)) > MOST:
        return None
    slack = max(abs(lower), abs(upper)) * _SLACK
    return Range(lower - slack, upper + slack, None, False)


def _bounded(lower: Fraction, upper: Fraction, granularity: Fraction | None, left: Range, right: Range) -> Range | None:
    if max(abs(lower), abs(upper)) > MOST:
        return None
    # Rounding to nearest is monotone: from ends that doubles hold, no result passes an end's nearest double.
    is_sharp = all(one.is_sharp and _is_double(one.lower) and _is_double(one.upper) for one in (left, right))
    return Range(lower, upper, granularity, is_sharp)


def _is_double(value: Fraction) -> bool:
    return Fraction(float(value)) == value
