"""The privacy unit, and what bounds one unit's part in a release.

The neighbouring relation is add-or-remove of all rows of one privacy unit, in every table and version.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt


@dataclass(frozen=True)
class PrivacyUnit:
    """Whose presence is hidden: `noun` for people ("aircraft"), `column` in the private tables."""

    noun: str
    column: str
    population: str


@dataclass(frozen=True)
class ClampingBounds:
    """Lower and upper value after clamping, both multiples of `granularity` (steps are integers).

    >>> ClampingBounds(Fraction(0), Fraction(100), Fraction(1, 100)).upper_steps
    10000
    """

    lower: Fraction
    upper: Fraction
    granularity: Fraction

    def __post_init__(self) -> None:
        if self.granularity <= 0:
            raise ValueError("granularity must be positive")
        if self.lower > self.upper:
            raise ValueError("the lower bound is above the upper bound")
        if (self.lower / self.granularity).denominator != 1 or (self.upper / self.granularity).denominator != 1:
            raise ValueError("bounds must be multiples of the granularity")

    @property
    def lower_steps(self) -> int:
        """The lower bound in steps of the granularity."""
        return int(self.lower / self.granularity)

    @property
    def upper_steps(self) -> int:
        """The upper bound in steps of the granularity."""
        return int(self.upper / self.granularity)


@dataclass(frozen=True)
class ContributionNorm:
    """Clipping norm of one unit's whole contribution vector over the groups of a release.

    The vector lives on an integer grid: `grid` grid steps are one quantized step of the value. `l2_steps` bounds
    its L2 norm in grid steps, so the L2 sensitivity under add-or-remove of one unit is `l2_steps` exactly.
    """

    l2_steps: int
    grid: int

    def __post_init__(self) -> None:
        if not 1 <= self.l2_steps <= 2**30:
            raise ValueError("the clipping norm must lie in [1, 2^30] grid steps")
        if not 1 <= self.grid <= 2**20:
            raise ValueError("the grid must lie in [1, 2^20]")

    def l1_steps(self, groups: int) -> int:
        """L1 sensitivity in grid steps when the vector has `groups` entries: ceil(l2 * sqrt(groups)).

        Source: Cauchy-Schwarz, |v|_1 <= sqrt(groups) |v|_2.

        >>> ContributionNorm(10, 1).l1_steps(4)
        20
        """
        square = self.l2_steps * self.l2_steps * groups
        root = isqrt(square)
        return root if root * root == square else root + 1
