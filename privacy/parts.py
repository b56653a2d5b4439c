"""Parts of a table that are folded apart: disjoint ranges of units, in order, whose exact integers are added.

What every kernel here needs of its rows is that a unit's rows come together, in the order of the units' codes; what
breaks that is refused, since the bound on a unit's contribution would not hold.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]


class UnitOrderBroken(Exception):
    """A unit's rows did not come together, in the order of the units' codes: the bound would not hold."""


class Part(ABC):
    """What is folded of a range of units, and which units these were."""

    def __init__(self) -> None:
        self._first_unit: int | None = None
        self._last_unit = -1

    @abstractmethod
    def finish(self) -> Int64s:
        """The exact integers of this part. Nothing may be added afterwards."""

    @property
    def has_units(self) -> bool:
        """Whether any row was folded in."""
        return self._first_unit is not None

    def follows(self, before: "Part") -> bool:
        """Whether all units of this part come after all units of the part `before`."""
        return self._first_unit is None or self._first_unit > before._last_unit

    def _note(self, units: NDArray[np.int32]) -> None:
        if self._first_unit is None:
            self._first_unit = int(units[0])
        self._last_unit = int(units[-1])


def merged(parts: Sequence[Part]) -> Int64s:
    """Totals over parts that hold disjoint ranges of units, in order. Raises UnitOrderBroken if they don't.

    Integer sums: the same for every way to cut.
    """
    held = [part for part in parts if part.has_units] or list(parts[:1])
    if not all(after.follows(before) for before, after in pairwise(held)):
        raise UnitOrderBroken("two parts share a unit, or are out of order")
    # At most 2^31 units add at most 2^30 each: no total leaves int64.
    totals: Int64s = np.sum([part.finish() for part in held], axis=0, dtype=np.int64)
    return totals
