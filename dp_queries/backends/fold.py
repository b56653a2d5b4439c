"""Rows in unit order -> exact bounded aggregates: what the kernels of `privacy` are fed with, and how parts merge.

Measures, histograms and sets of groups are folded apart for ranges of units and added; claims of distinct values go
through all units one after the other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from dp_queries.backends.base import FoundGroups, Sums, contributions, tally
from dp_queries.backends.private_keys import PrivateKeys
from dp_queries.backends.streams import Rows, Stream
from dp_queries.plan import Aggregation, Measure
from privacy.bounding import Bounding
from privacy.distinct import Claims
from privacy.histograms import Histogram
from privacy.ladder import Ladder
from privacy.ladder_sums import Ladders, merged_histograms
from privacy.met_sums import MetSums, joined_sums
from privacy.parts import Int64s, merged
from privacy.unit_sets import SetsOnDemand, UnitSets, UnitSetsBuilder, joined

_KINDS: Final = ("fixed", "open", "claimed")


@dataclass
class GroupsFold:
    """The groups of private keys that a range of units has."""

    keys: PrivateKeys
    sets: UnitSetsBuilder = field(default_factory=UnitSetsBuilder)

    def add(self, rows: Rows) -> None:
        """Fold a batch in; a unit may go on in the next. Raises UnitOrderBroken."""
        groups = rows.discovered(self.keys)
        self.sets.add(rows.units, groups, len(self.keys))


def found(folds: Sequence[GroupsFold]) -> FoundGroups:
    """The groups of all ranges, in order."""
    keys = folds[0].keys
    sets = sets_of(folds, keys)
    return FoundGroups(keys.keys(), sets)


def sets_of(folds: Sequence[GroupsFold], keys: PrivateKeys) -> UnitSets:
    """The sets of all ranges, in order, by common codes; keys that are missing there are taken in."""
    maps = [keys.merge(fold.keys) for fold in folds]
    return joined([fold.sets for fold in folds], maps, len(keys))


class OnceFold:
    """The groups of private keys that a range of units has, and their sums, of rows that are read once."""

    def __init__(self, aggregation: Aggregation, wanted: Stream, weights: Int64s) -> None:
        self.keys = PrivateKeys(len(aggregation.keys), np.random.default_rng())
        self._sources = wanted.sources
        measures = aggregation.measures
        self.sums = MetSums(weights, contributions(measures), [_ladder(measure) for measure in measures])

    def add(self, rows: Rows) -> None:
        """Fold a batch in; a unit may go on in the next. Raises UnitOrderBroken."""
        groups = rows.discovered(self.keys)
        values = [None if at is None else rows.values[at] for at in self._sources]
        self.sums.add(rows.units, groups, len(self.keys), values)


def found_once(
    aggregation: Aggregation, folds: Sequence[OnceFold], weights: Int64s, again: Callable[[], Sequence[GroupsFold]]
) -> FoundGroups:
    """The groups of all ranges, in order, with their sums; sets are read again if selection asks for them."""
    keys = folds[0].keys
    maps = [keys.merge(fold.keys) for fold in folds]
    met = joined_sums([fold.sums for fold in folds], maps, len(keys))
    counts = zip(aggregation.measures, met.histograms, strict=True)
    return FoundGroups(
        keys.keys(),
        SetsOnDemand(len(keys), lambda: sets_of(again(), keys), weights, met.weighed),
        Sums(met.totals, norms=tuple(tuple(entries) for measure, entries in counts if measure.choice)),
    )


def _ladder(measure: Measure) -> Ladder:
    """The measure's norms; a single one is a ladder that leaves nothing to choose."""
    return Ladder((measure.norm,), 0) if measure.choice is None else measure.choice.ladder


class Fold:
    """What is folded of one range of units, over groups that are settled."""

    def __init__(self, aggregation: Aggregation, wanted: Stream) -> None:
        groups = aggregation.groups
        kinds = list(map(_kind, aggregation.measures))
        self._sources = [
            [source for source, at in zip(wanted.sources, kinds, strict=False) if at == kind] for kind in _KINDS
        ]
        self._drawn = wanted.sources[len(kinds) :]
        fixed, open_ones, claiming = (
            [measure for measure, at in zip(aggregation.measures, kinds, strict=True) if at == kind] for kind in _KINDS
        )
        self.bounding = Bounding(groups, contributions(fixed))
        ladders = [measure.choice.ladder for measure in open_ones if measure.choice]
        self.ladders = Ladders(groups, contributions(open_ones), ladders)
        self.claims = [Claims(groups, measure.norm) for measure in claiming]
        self.histograms = [Histogram(groups, tally(quantile)) for quantile in aggregation.quantiles]

    def add(self, rows: Rows) -> None:
        """Fold a batch in; a unit may go on in the next. Raises UnitOrderBroken."""
        fixed, open_ones, claiming = (
            [None if at is None else rows.values[at] for at in sources] for sources in self._sources
        )
        self.bounding.add(rows.units, rows.groups, fixed)
        self.ladders.add(rows.units, rows.groups, open_ones)
        for claims, value in zip(self.claims, claiming, strict=True):
            if value is not None:
                claims.add(rows.units, rows.groups, value)
        for histogram, at in zip(self.histograms, self._drawn, strict=True):
            if at is not None:
                histogram.add(rows.units, rows.groups, rows.values[at])


def finished(aggregation: Aggregation, folds: Sequence[Fold]) -> Sums:
    """The aggregates of all ranges, in order."""
    parts = {
        "fixed": iter(merged([fold.bounding for fold in folds])),
        "open": iter(merged([fold.ladders for fold in folds])),
        "claimed": _claimed(folds),
    }
    totals = [next(parts[_kind(measure)]) for measure in aggregation.measures for _ in measure.norms]
    histograms = zip(*(fold.histograms for fold in folds), strict=True)
    return Sums(
        np.array(totals, np.int64).reshape(-1, aggregation.groups),
        tuple(map(merged, histograms)),
        tuple(map(tuple, merged_histograms([fold.ladders for fold in folds]))),
    )


def _kind(measure: Measure) -> str:
    """By which kernel a measure is folded."""
    if measure.kind == "distinct":
        return "claimed"
    return "fixed" if measure.choice is None else "open"


def _claimed(folds: Sequence[Fold]) -> "map[Int64s]":
    if len(folds) > 1 and folds[0].claims:
        raise ValueError("claims are never folded in parts")
    return map(Claims.finish, folds[0].claims)
