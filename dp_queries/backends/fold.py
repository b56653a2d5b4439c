"""Rows in unit order -> exact bounded aggregates: what the kernels of `privacy` are fed with, and how parts merge.

Measures, histograms and sets of groups are folded apart for ranges of units and added; claims of distinct values go
through all units one after the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from dp_queries.backends.base import FoundGroups, Sums, contributions, tally
from dp_queries.backends.private_keys import PrivateKeys
from dp_queries.backends.streams import Rows, Stream
from dp_queries.plan import Aggregation, Measure
from privacy.bounding import Bounding, Int64s, merged_by
from privacy.distinct import Claims
from privacy.histograms import Histogram
from privacy.parts import merged
from privacy.unit_sets import UnitSetsBuilder, joined

_FIRST_GROUPS = 64  # room for groups that are discovered; it grows


@dataclass
class Fold:
    """What is folded of one range of units."""

    aggregation: Aggregation
    wanted: Stream
    bounding: Bounding = field(init=False)
    histograms: list[Histogram] = field(init=False)
    claims: list[Claims] = field(init=False)
    keys: PrivateKeys | None = field(init=False)
    sets: UnitSetsBuilder = field(init=False)

    def __post_init__(self) -> None:
        aggregation = self.aggregation
        groups = aggregation.groups if aggregation.selection is None else _FIRST_GROUPS
        self.bounding = Bounding(groups, contributions(summed(aggregation)))
        self.histograms = [Histogram(groups, tally(quantile)) for quantile in aggregation.quantiles]
        self.claims = [Claims(groups, part.norm) for part in aggregation.measures if part.kind == "distinct"]
        self.keys = PrivateKeys(len(aggregation.keys), np.random.default_rng()) if aggregation.selection else None
        self.sets = UnitSetsBuilder()

    def add(self, rows: Rows) -> None:
        """Fold a batch in; a unit may go on in the next. Raises UnitOrderBroken."""
        groups = rows.groups
        if self.keys is not None:
            groups = rows.discovered(self.keys)
            self.bounding.grow(len(self.keys))
            self.sets.add(rows.units, groups, len(self.keys))
        values = [None if at is None else rows.values[at] for at in self.wanted.sources]
        kinds = [part.kind for part in self.aggregation.measures]
        linear = [value for value, kind in zip(values, kinds, strict=False) if kind != "distinct"]
        self.bounding.add(rows.units, groups, linear)
        claimed = [value for value, kind in zip(values, kinds, strict=False) if kind == "distinct"]
        for claims, value in zip(self.claims, claimed, strict=True):
            if value is not None:
                claims.add(rows.units, groups, value)
        for histogram, value in zip(self.histograms, values[len(kinds) :], strict=True):
            if value is not None:
                histogram.add(rows.units, groups, value)


def summed(aggregation: Aggregation) -> list[Measure]:
    """The measures that are sums over rows: all but claims of distinct values."""
    return [measure for measure in aggregation.measures if measure.kind != "distinct"]


def finished(folds: Sequence[Fold]) -> Sums:
    """The aggregates of all ranges, in order."""
    aggregation = folds[0].aggregation
    if aggregation.selection is not None:
        return _discovered(folds)
    totals = _with_claims(aggregation, merged([fold.bounding for fold in folds]), folds)
    histograms = zip(*(fold.histograms for fold in folds), strict=True)
    return Sums(totals, tuple(merged(parts) for parts in histograms), None)


def _with_claims(aggregation: Aggregation, totals: Int64s, folds: Sequence[Fold]) -> Int64s:
    """The totals of all measures in order, claims among them."""
    if not folds[0].claims:
        return totals
    (fold,) = folds  # claims are never folded in parts
    linear, claimed = iter(totals), iter(fold.claims)
    rows = [next(claimed).finish() if part.kind == "distinct" else next(linear) for part in aggregation.measures]
    return np.array(rows, np.int64)


def _discovered(folds: Sequence[Fold]) -> Sums:
    """The aggregates over groups that were met: parts have codes of their own."""
    first = folds[0].keys
    if first is None:
        raise ValueError("groups are discovered where keys are private")
    maps = [np.arange(len(first), dtype=np.int32), *(first.merge(fold.keys) for fold in folds[1:] if fold.keys)]
    groups = len(first)
    totals = merged_by([fold.bounding for fold in folds], maps, groups)
    sets = joined([fold.sets for fold in folds], maps, groups)
    return Sums(totals, (), FoundGroups(first.keys(), sets))
