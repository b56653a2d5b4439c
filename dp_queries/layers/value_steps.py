"""From the bounds of a summed value to integer steps, and from clipping norms to integer grids.

Bounds come from the card by interval arithmetic, granularities exactly where that is possible. A clipping norm is
public, and any choice of it is private; a bad one is only less accurate.
"""

from decimal import Decimal
from fractions import Fraction
from math import floor, isqrt
from typing import Final

from dp_queries.algebra.expressions import Literal
from dp_queries.facts.expressions import Range
from policies.errors import Reason
from privacy.units import ContributionNorm

MOST_GRID: Final = 1024
MOST_NORM_STEPS: Final = 2**30
MOST_VALUE_STEPS: Final = 2**31 - 1
FINENESS: Final = 2**20
MOST_PART: Final = 2**53  # of a granularity's numerator and denominator: the kernel divides by doubles


class Unbounded(Exception):
    """A value that can't be bounded; `reason` says what to change."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.reason = Reason(code, message)


def norm(limit: Fraction) -> ContributionNorm:
    """A clipping norm of `limit` steps on the finest grid that keeps it within 2^30 grid steps."""
    grid = MOST_GRID
    while grid > 1 and limit * grid > MOST_NORM_STEPS:
        grid //= 2
    return ContributionNorm(max(1, min(MOST_NORM_STEPS, floor(limit * grid))), grid)


def root_norm(square: Fraction) -> ContributionNorm:
    """A clipping norm of sqrt(square) steps, rounded down to the grid.

    >>> root_norm(Fraction(4))
    ContributionNorm(l2_steps=2048, grid=1024)
    """
    return ContributionNorm(max(1, isqrt(floor(square * MOST_GRID**2))), MOST_GRID)


def steps(values: Range, rows_norm: Fraction = Fraction(1)) -> tuple[int, int, Fraction]:
    """Bounds in steps, and the granularity: a coarser one where the norm would leave its 2^30 steps.

    Raises Unbounded for bounds so wide that the kernel can't count in such steps: refused now, not after the charge.

    >>> steps(Range(Fraction(0), Fraction(1, 10**30), Fraction(1, 10**30)))
    (0, 1, Fraction(1, 9007199254740992))
    """
    width = max(abs(values.lower), abs(values.upper), Fraction(1, 10**15))
    granularity = values.granularity or _power_of_two(max(values.upper - values.lower, width / FINENESS) / FINENESS)
    while width / granularity > MOST_VALUE_STEPS or rows_norm * width / granularity > MOST_NORM_STEPS:
        granularity *= 2
    if granularity.denominator > MOST_PART:
        granularity = max(Fraction(1, MOST_PART), 2 * _power_of_two(granularity))
    if granularity.numerator > MOST_PART:
        raise Unbounded("too-wide", "these values may be too large to be summed; divide them, or bound them by LEAST")
    return floor(values.lower / granularity), -floor(-values.upper / granularity), granularity


def constant(value: Fraction) -> Literal:
    """An exact constant of the plan: a whole number of steps of a decimal granularity, or of 2^-k.

    >>> constant(Fraction(5, 2))
    Literal(value=Decimal('2.5'))
    """
    whole = value.denominator == 1
    return Literal(int(value) if whole else Decimal(value.numerator) / Decimal(value.denominator))


def _power_of_two(most: Fraction) -> Fraction:
    """The largest power of two at most `most`."""
    exponent = most.numerator.bit_length() - most.denominator.bit_length()
    power = Fraction(2) ** exponent
    return power if power <= most else power / 2
