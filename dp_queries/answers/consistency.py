"""Noisy marginals of the same rows -> the consistent ones of least variance, by generalized least squares.

A table that groups by some keys is a marginal of one that groups by more. Where every row has a group in each of them,
their true values agree: what both tell is the table of the keys that they share. `Marginals` replaces the released
tables by the tables that agree and have the least variance among all linear unbiased estimates; nothing but released
values and public noise scales goes in, so it is post-processing (Dwork, Roth, "The Algorithmic Foundations of
Differential Privacy", 2014, Proposition 2.1).

Noise is independent and of one variance in a table, so the problem falls apart into orthogonal parts, one for each set
U of keys that several tables share, and each is a weighted mean: table S tells the part of U with variance n(S - U)
times its own, n being how many groups are summed up. Sources: Barak, Chaudhuri, Dwork, Kale, McSherry, Talwar,
"Privacy, Accuracy, and Consistency Too", PODS 2007; Hay, Rastogi, Miklau, Suciu, "Boosting the Accuracy of
Differentially Private Histograms through Consistency", VLDB 2010; Xiao, He, Zhang, Kifer, "An Optimal and Scalable
Matrix Mechanism for Noisy Marginals under Convex Loss Functions", NeurIPS 2023 (the residual parts).
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from math import prod
from typing import Any, Final

import numpy as np

MOST_PARTS: Final = 64
_ROUNDING: Final = 1 / 12  # the variance of what is cut off when values are rounded to whole numbers
_UNFELT: Final = 0.01

Floats = np.ndarray[Any, np.dtype[np.float64]]
Axes = frozenset[int]


def shared_parts(sets: Iterable[Axes]) -> tuple[Axes, ...] | None:
    """All intersections of these sets of keys, small ones first; None if there are more than `MOST_PARTS`.

    >>> [sorted(part) for part in shared_parts([frozenset({0, 1}), frozenset({1, 2}), frozenset()])]
    [[], [1], [0, 1], [1, 2]]
    """
    found: set[Axes] = set()
    for one in sets:
        found |= {one, *(one & other for other in found)}
        if len(found) > MOST_PARTS:
            return None
    return tuple(sorted(found, key=lambda part: (len(part), sorted(part))))


class Marginals:
    """Tables over some of the axes each. `sizes`: how many values an axis has; `tables`: the axes of each table, in the
    order in which its groups are numbered, first slowest; `variances`: of the noise in a group of each table.

    `losses`: of each table, an estimate of the L2 norm of what clipping took from it. Clipping takes from all groups
    alike, so what is lost adds up where groups are summed, unlike noise; a table that lost much tells less of totals.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        tables: Sequence[Sequence[int]],
        variances: Sequence[float],
        losses: Sequence[float] | None = None,
    ) -> None:
        parts = shared_parts(map(frozenset, tables))
        if parts is None:
            raise ValueError("these tables share too many parts")
        self._sizes = sizes
        self._tables = tables
        self._variances = variances
        self._losses = losses or [0.0] * len(tables)
        self._parts = parts
        self._share_of = {part: self._shares(part) for part in parts}

    def consistent(self, values: Sequence[Floats]) -> list[Floats]:
        """The consistent tables of least variance. Groups are the last axis of each table; others are kept as they are.

        Parts are made from small to large, each from all tables that have it, and moved to what smaller ones know.
        """
        spread = [self._spread(table, value) for table, value in zip(self._tables, values, strict=True)]
        found: dict[Axes, Floats] = {}
        for part in self._parts:
            mean = self._mean(part, spread)
            for smaller in self._below(part):
                mean = mean + (found[smaller] - self._summed(mean, part - smaller)) / self._groups(part - smaller)
            found[part] = mean
        return [self._gathered(table, found[frozenset(table)]) for table in self._tables]

    def whole(self, values: Sequence[Floats]) -> list[Floats]:
        """Consistent tables in whole numbers, so that shown totals are the sums of shown parts to the last digit.

        If a table has all axes, its groups are rounded, and the others are their sums. Where roundings that add up
        would be felt beside the noise, and where no table has all axes, tables are left as they are.
        """
        finest = next((table for table in self._tables if len(table) == len(self._sizes)), None)
        if finest is None or any(self._is_felt(number) for number in range(len(self._tables))):
            return list(values)
        rounded = np.rint(self._spread(finest, values[self._tables.index(finest)]))
        axes = frozenset(finest)
        return [self._gathered(table, self._summed(rounded, axes - frozenset(table))) for table in self._tables]

    def _is_felt(self, table: int) -> bool:
        """Whether rounding the groups of all axes adds more than a bit to the variance of this table's."""
        summed = self._groups(frozenset(range(len(self._sizes))) - frozenset(self._tables[table]))
        return summed * _ROUNDING > _UNFELT * self.variance(table)

    def own_share(self, table: int) -> float:
        """How much of a group's own noise is left in it; the rest of its error is noise of other groups."""
        mine = frozenset(self._tables[table])
        within = [part for part in self._parts if part <= mine]
        return sum(self._rank[part] / self._groups(mine - part) * self._share_of[part][table] for part in within)

    def variance(self, table: int) -> float:
        """The variance of a group of a consistent table, the same in all of its groups; less than before, if losses
        are equal.
        """
        mine = frozenset(self._tables[table])
        within = [part for part in self._parts if part <= mine]
        return sum(self._rank[part] / self._groups(mine - part) ** 2 * self._noise(part) for part in within)

    @cached_property
    def _rank(self) -> dict[Axes, float]:
        """By part, the share of a group's variance that is the part's own and of none that is smaller."""
        found: dict[Axes, float] = {}
        for part in self._parts:
            found[part] = 1.0 - sum(found[smaller] / self._groups(part - smaller) for smaller in self._below(part))
        return found

    def _shares(self, part: Axes) -> list[float]:
        """How much each table tells of a part: its share of the weighted mean, by the inverse of its squared error.

        What was lost of a table is taken to be spread over its groups; of a part's groups, each then lacks the sum.
        """
        errors = zip(map(frozenset, self._tables), self._variances, self._losses, strict=True)
        weights = [
            1 / (self._groups(axes - part) * (variance + loss**2 / self._groups(part))) if part <= axes else 0.0
            for axes, variance, loss in errors
        ]
        return [weight / sum(weights) for weight in weights]

    def _noise(self, part: Axes) -> float:
        """The variance of a group of a part's weighted mean."""
        tables = zip(map(frozenset, self._tables), self._variances, self._share_of[part], strict=True)
        return sum(share**2 * self._groups(axes - part) * variance for axes, variance, share in tables)

    def _below(self, part: Axes) -> list[Axes]:
        return [smaller for smaller in self._parts if smaller < part]

    def _groups(self, axes: Axes) -> int:
        return prod(self._sizes[axis] for axis in axes)

    def _mean(self, part: Axes, values: Sequence[Floats]) -> Floats:
        terms = (
            self._summed(value, frozenset(table) - part) * share
            for table, value, share in zip(self._tables, values, self._share_of[part], strict=True)
            if share
        )
        mean: Floats = sum(terms, np.zeros(()))
        return mean

    def _summed(self, values: Floats, axes: Axes) -> Floats:
        """Sums over axes, which stay, with one place."""
        total: Floats = values.sum(axis=tuple(axis - len(self._sizes) for axis in axes), keepdims=True)
        return total

    def _spread(self, table: Sequence[int], values: Floats) -> Floats:
        """A table's groups along all axes, with one place where it does not have one."""
        ordered = values.reshape((*values.shape[:-1], *(self._sizes[axis] for axis in table)))
        kept = values.ndim - 1
        turned = ordered.transpose((*range(kept), *(kept + at for at in np.argsort(table, kind="stable"))))
        places = [size if axis in table else 1 for axis, size in enumerate(self._sizes)]
        return turned.reshape((*values.shape[:-1], *places))

    def _gathered(self, table: Sequence[int], values: Floats) -> Floats:
        """The inverse of `_spread`."""
        kept = values.ndim - len(self._sizes)
        ordered = values.reshape((*values.shape[:kept], *(self._sizes[axis] for axis in sorted(table))))
        turned = ordered.transpose((*range(kept), *(kept + sorted(table).index(axis) for axis in table)))
        return turned.reshape((*values.shape[:kept], -1))
