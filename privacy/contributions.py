"""What a row adds to a measure or to a histogram, and how much a whole unit may: plain data, which plans hold.

It lies apart from the kernels that obey it (`bounding`, `histograms`), so that whoever only plans loads no compiler.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privacy.parts import Int64s
from privacy.quantiles import Bins
from privacy.units import ContributionNorm

Values = NDArray[np.int32] | NDArray[np.int64] | NDArray[np.float64]

NO_GROUP = -1
NULL_INT32 = -(2**31)
NULL_INT64 = -(2**63)
SATURATED = 2**31 - 1  # a row, and a unit's sum in one group, count for no more: squares then fit in 62 bits
MOST_GROUPS = 2**31 - 1


@dataclass(frozen=True)
class Contribution:
    """What one row adds to a measure, and how much a whole unit may.

    A row's value is clamped to [lower_steps, upper_steps], and `offset_steps` is taken away; without a column of
    values each row counts 1. A unit's sum in one group is cut off at +-`most_per_group` (1 counts units), then its
    vector is clipped. A float value is first divided by the granularity `numerator / denominator` and rounded half away
    from zero.
    """

    lower_steps: int
    upper_steps: int
    offset_steps: int
    most_per_group: int
    norm: ContributionNorm
    numerator: int = 1
    denominator: int = 1

    def __post_init__(self) -> None:
        if self.lower_steps > self.upper_steps:
            raise ValueError("the lower bound is above the upper bound")
        if max(map(abs, (self.lower_steps, self.upper_steps, self.offset_steps))) > 2**53:
            raise ValueError("bounds and offset must lie within 2^53 steps")
        if not 1 <= self.most_per_group <= SATURATED:
            raise ValueError("a unit's sum in a group must be cut off in [1, 2^31 - 1]")
        if not (1 <= self.numerator <= 2**53 and 1 <= self.denominator <= 2**53):
            raise ValueError("the granularity must be a fraction of numbers in [1, 2^53]")

    def integers(self) -> Int64s:
        """The numbers that the kernel takes: bounds, offset, cut, norm, grid, and the norm's square in steps."""
        square = self.norm.l2_steps * self.norm.l2_steps // (self.norm.grid * self.norm.grid)
        bounds = (self.lower_steps, self.upper_steps, self.offset_steps, self.most_per_group)
        return np.array([*bounds, self.norm.l2_steps, self.norm.grid, square], dtype=np.int64)


@dataclass(frozen=True)
class Tally:
    """Into which bins a column's values fall, and how much a unit may weigh.

    Values are clamped to the bins' range. A float value is first divided by the granularity `numerator / denominator`
    and rounded half away from zero.
    """

    bins: Bins
    norm: ContributionNorm
    numerator: int = 1
    denominator: int = 1

    def __post_init__(self) -> None:
        if not (1 <= self.numerator <= 2**53 and 1 <= self.denominator <= 2**53):
            raise ValueError("the granularity must be a fraction of numbers in [1, 2^53]")
