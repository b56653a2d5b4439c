"""What a backend is: the one place where rows become exact, bounded aggregates."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol

from dp_queries.plan import Measure, Plan
from privacy.bounding import SATURATED, Contribution, Int64s


class Backend(Protocol):
    """Holds the rows of one dataset version and gives out bounded sums only."""

    def bounded_sums(self, plan: Plan) -> Int64s:
        """Exact sums of shape (measures, groups), in grid steps (`norm.grid` of them are one quantized step).

        All rows of one unit move measure m by at most `norm.l2_steps` in L2. They are **not** private: only
        `release` may ask, and only noise may follow. Every backend gives the very same integers.
        """
        ...


def contributions(measures: Sequence[Measure]) -> list[Contribution]:
    """How much a row and a unit may add to each measure, as the kernel wants it."""
    return [_contribution(measure) for measure in measures]


def _contribution(measure: Measure) -> Contribution:
    if measure.kind != "sum":
        # A row counts 1, and so does any value that is not NULL: clamped to [1, 1]. A unit in a group counts 1 at most.
        return Contribution(1, 1, 0, 1 if measure.kind == "units" else SATURATED, measure.norm)
    granularity: Fraction = measure.granularity
    return Contribution(
        measure.lower_steps,
        measure.upper_steps,
        measure.offset_steps,
        SATURATED,
        measure.norm,
        granularity.numerator,
        granularity.denominator,
    )
