"""Families: measures of several aggregations that tell the same of the same rows, grouped by different public keys.

Their released values are made consistent (`consistency`), so that totals are the sums of their parts and every table
profits from the others. Which measures are a family follows from the plan alone: the same rows, the same measure of
what adds up (rows, present values, sums; not units, which are in several groups at once), keys with public domains. The
tables of a family also share every key in which a row may have no place, for such rows are in all of them or in none.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any, Final

from dp_queries.answers.consistency import Floats, Marginals, shared_parts
from dp_queries.measures import Measure
from dp_queries.plan import Aggregation, Key
from dp_queries.spreads import Spread
from privacy.intervals import standard_deviation

_ADDITIVE: Final = frozenset({"rows", "present", "sum"})

Place = tuple[int, int]  # which measure of which aggregation
Change = Callable[[Marginals, Sequence[Floats]], list[Floats]]
Tables = Mapping[int, Sequence[Floats]]  # by aggregation, of each of its measures


@dataclass(frozen=True)
class Family:
    """Where its measures are, by aggregation and number, and the marginals that they are, in steps of the value."""

    places: tuple[Place, ...]
    marginals: Marginals

    @property
    def members(self) -> frozenset[int]:
        """Its aggregations."""
        return frozenset(at for at, _ in self.places)


class Families:
    """The families among the aggregations of a plan; where norms are still to be chosen, with the declared ones."""

    def __init__(self, aggregations: Sequence[Aggregation]) -> None:
        self.aggregations = aggregations
        self._all = tuple(_families(aggregations))

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._all)

    def partners(self, numbers: Set[int]) -> set[int]:
        """These aggregations, and those that have a family with one of them."""
        return set(numbers).union(*(family.members for family in self._all if family.members & numbers))

    def consistent(self, tables: Tables) -> dict[int, list[Floats]]:
        """Measures in grid steps, with those of families made consistent. Linear: of noise it makes what noise is left.

        A family is left as it is unless all of it is there. Groups are the last axis; before it there may be draws.
        """
        return self._made(tables, Marginals.consistent)

    def whole(self, tables: Tables) -> dict[int, list[Floats]]:
        """Consistent measures rounded to whole steps of their values, if they then still add up; for showing them."""
        return self._made(tables, Marginals.whole)

    def settled(self) -> tuple[Aggregation, ...]:
        """The aggregations, with what is left of the noise of their measures."""
        spreads = {place: spread for family in self._all for place, spread in self._spreads(family)}
        return tuple(
            replace(
                aggregation,
                measures=tuple(
                    replace(measure, spread=spreads.get((at, number), measure.spread))
                    for number, measure in enumerate(aggregation.measures)
                ),
            )
            for at, aggregation in enumerate(self.aggregations)
        )

    def _made(self, tables: Tables, change: Change) -> dict[int, list[Floats]]:
        found = {number: list(measures) for number, measures in tables.items()}
        for family in self._all:
            if family.members <= found.keys():
                grids = [self._measure(place).norm.grid for place in family.places]
                steps = [found[at][number] / grid for (at, number), grid in zip(family.places, grids, strict=True)]
                for (at, number), grid, made in zip(family.places, grids, change(family.marginals, steps), strict=True):
                    found[at][number] = made * grid
        return found

    def _spreads(self, family: Family) -> Iterator[tuple[Place, Spread]]:
        for index, place in enumerate(family.places):
            measure, own = self._measure(place), family.marginals.own_share(index)
            rest = max(0.0, family.marginals.variance(index) - own * own * _variance(measure))
            yield place, Spread(own, rest**0.5 * measure.norm.grid)

    def _measure(self, place: Place) -> Measure:
        return self.aggregations[place[0]].measures[place[1]]


def _families(aggregations: Sequence[Aggregation]) -> Iterator[Family]:
    alike: dict[Any, list[Place]] = {}
    for at, aggregation in enumerate(aggregations):
        for number, measure in enumerate(aggregation.measures):
            if measure.kind in _ADDITIVE and aggregation.selection is None:
                alike.setdefault(_name(aggregation, measure), []).append((at, number))
    for places in alike.values():
        if len(places) > 1:
            yield from _family(aggregations, places)


def _name(aggregation: Aggregation, measure: Measure) -> Any:
    """What the measures of a family share: rows, what is measured, and the keys in which a row may have no place."""
    bounds = (measure.lower_steps, measure.upper_steps, measure.offset_steps)
    measured = (measure.kind, measure.value, measure.granularity, *bounds)
    return aggregation.below, measured, frozenset(key for key in aggregation.keys if not key.is_complete)


def _family(aggregations: Sequence[Aggregation], places: Sequence[Place]) -> Iterator[Family]:
    """One family, or none where it would take too long."""
    keys: dict[Key, int] = {}
    tables = [[keys.setdefault(key, len(keys)) for key in aggregations[at].keys] for at, _ in places]
    if any(len(set(table)) < len(table) for table in tables) or shared_parts(map(frozenset, tables)) is None:
        return
    sizes = [len(key.domain or ()) for key in keys]
    variances = [_variance(aggregations[at].measures[number]) for at, number in places]
    losses = [_loss(aggregations[at].measures[number]) for at, number in places]
    yield Family(tuple(places), Marginals(sizes, tables, variances, losses))


def _loss(measure: Measure) -> float:
    """What clipping takes from a measure, as far as released values tell, in steps of its value."""
    return (measure.loss_steps or 0.0) / measure.norm.grid


def _variance(measure: Measure) -> float:
    """The variance of a measure's noise, in squared steps of its value."""
    return (standard_deviation(measure.mechanism, measure.noise_scale) / measure.norm.grid) ** 2
