"""The block of a DP aggregation as a query over its released table, or over those of all groupings of ROLLUP put below
each other, NULL for the keys that a grouping leaves out.

Each grouping is an aggregation of its own, with noise of its own; they share the query's epsilon like any others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from math import prod
from typing import Any, Final

from dp_queries.algebra.expressions import Expression
from dp_queries.layers import below
from dp_queries.layers.above.blocks import write_aggregation_block
from dp_queries.layers.above.fragments import Fragment
from dp_queries.layers.above.names import AggregationNames
from dp_queries.layers.above.queries import AboveQuery
from dp_queries.layers.above.writer import Context, Writer
from dp_queries.layers.aggregates import Aggregates
from dp_queries.layers.canonical_form import Place
from dp_queries.layers.keys import groups_at_most
from dp_queries.layers.middle import Middle
from dp_queries.layers.normal_form import order
from dp_queries.layers.scope import Scope
from dp_queries.plan import Key
from dp_queries.syntax.parse import Node, exp

_TYPES: Final = {"text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE"}


@dataclass(frozen=True)
class Opened:
    """An aggregation of a block: its number, and what it collects."""

    number: int
    middle: Middle

    def place(self, places: Sequence[Place]) -> Place:
        """Where its parts are released; as they are numbered while that is not known."""
        if places:
            return places[self.number]
        middle = self.middle
        return Place(self.number, tuple(range(len(middle.keys))), tuple(range(len(middle.aggregates))))

    def groups_at_most(self) -> int:
        """How many groups it releases at most."""
        return groups_at_most(self.middle.below, self.middle.keys, self.middle.relations)


@dataclass(frozen=True)
class ReleasedBlock:
    """The aggregations of a block. `columns`, of several: of each aggregate that was read its number in every one."""

    opened: Sequence[Opened]
    scope: Scope
    columns: list[tuple[int, ...]] = field(default_factory=list)


def write_released_block(select: Any, block: ReleasedBlock, context: Context, places: Sequence[Place]) -> AboveQuery:
    """The block over what its aggregations release. `places` are empty as long as they are not known."""
    if len(block.opened) > 1:
        return _write_united(select, _United(block, places), context)
    (only,), scope = block.opened, block.scope
    found = Aggregates(scope, only.middle)
    place = only.place(places)

    def aggregate(node: Node) -> tuple[int, str] | None:
        read = found.read(node)
        return read and (only.place(places).aggregates[read[0]], read[1])

    keys = [only.middle.keys[place.keys.index(index)] for index in range(len(place.keys))]
    names = AggregationNames(
        alias=context.alias(),
        keys=keys,
        row_level=partial(below.expression, scope=scope),
        aggregate=aggregate,
        is_selected_by_noise=any(key.domain is None for key in keys),
    )
    table = f"released{place.aggregation}"
    ranks, most_rows = list(_ranks(names)), only.groups_at_most()
    return write_aggregation_block(select, names, context, table=table, most_rows=most_rows, ranks=ranks)


def _ranks(names: AggregationNames) -> Iterator[tuple[str, str]]:
    """Each key in the SQL with what orders its groups: its place in a public domain, or its value."""
    sizes = [len(key.domain or ()) for key in names.keys]
    for index in range(len(sizes)):
        key = f'{names.alias}."k{index}"'
        digit = f"{names.alias}.g // {prod(sizes[index + 1 :])} % {sizes[index]}"
        yield key, f"{key} ASC NULLS LAST" if names.is_selected_by_noise else digit


@dataclass
class _United:
    """The groupings of one block put below each other; `keys` are those of all.

    Which aggregates there are is known once the block was written, so only what is written with `places` is whole.
    """

    block: ReleasedBlock
    places: Sequence[Place]
    keys: list[Key] = field(init=False)

    def __post_init__(self) -> None:
        self.opened, self.columns = self.block.opened, self.block.columns
        keys = {key for one in self.opened for key in one.middle.keys}
        self.keys = sorted(keys, key=lambda key: order(key.expression))
        self._read = [Aggregates(self.block.scope, one.middle).read for one in self.opened]

    def aggregate(self, node: Node) -> tuple[int, str] | None:
        """The number and type of an aggregate, which every grouping has."""
        found = [read(node) for read in self._read]
        numbers = tuple(one[0] for one in found if one is not None)
        if found[0] is None:
            return None
        if numbers not in self.columns:
            self.columns.append(numbers)
        return self.columns.index(numbers), found[0][1]

    def sql(self) -> str:
        """The released tables below each other: which row it is, all keys, which are left out, all aggregates."""
        indices = sorted(range(len(self.opened)), key=self._order)
        starts = accumulate((self.opened[index].groups_at_most() for index in indices), initial=0)
        parts = [self._part(index, start) for index, start in zip(indices, starts, strict=False)]
        return f"({' UNION ALL '.join(parts)})"

    def _order(self, index: int) -> tuple[int, int]:
        """The finest groupings first, in whatever order the query names them."""
        place = self.opened[index].place(self.places)
        return -len(place.keys), place.aggregation

    def _part(self, index: int, start: int) -> str:
        one = self.opened[index]
        place = one.place(self.places)
        mine = dict(zip(one.middle.keys, place.keys, strict=True))
        items = [f"g + CAST({start} AS BIGINT) AS g"]
        for at, key in enumerate(self.keys):
            kind = _TYPES.get(key.type, key.type.upper())
            shown = f'"k{mine[key]}"' if key in mine else f"CAST(NULL AS {kind})"
            items += [f'{shown} AS "k{at}"', f'{int(key not in mine)} AS "p{at}"']
        items += [f'"a{place.aggregates[numbers[index]]}" AS "a{at}"' for at, numbers in enumerate(self.columns)]
        return f"SELECT {', '.join(items)} FROM released{place.aggregation}"

    def tables(self) -> frozenset[str]:
        """The released tables."""
        return frozenset(f"released{one.place(self.places).aggregation}" for one in self.opened)


@dataclass(frozen=True)
class _UnitedNames(AggregationNames):
    """Names in the block of several groupings, in which GROUPING(key) tells them apart."""

    def meaning(self, node: Any, writer: Writer) -> Fragment | None:
        """GROUPING(key, ...) as PostgreSQL counts: a bit for each key, the last one the lowest, 1 if it is left out."""
        if not isinstance(node, exp.Grouping):
            return super().meaning(node, writer)
        bits = [self._bit(key, writer) for key in node.expressions]
        terms = [f"{2**at} * {bit}" for at, bit in enumerate(reversed(bits))]
        return Fragment(f"CAST({' + '.join(terms)} AS DOUBLE)", "integer")

    def _bit(self, node: Node, writer: Writer) -> str:
        found = self._number(self.row_level(node))
        if found is None:
            raise writer.refusal(node, "grouping", "GROUPING takes keys of this GROUP BY")
        return f'{self.alias}."p{found}"'

    def _number(self, expression: Expression) -> int | None:
        return next((index for index, key in enumerate(self.keys) if key.expression == expression), None)


def _write_united(select: Any, united: _United, context: Context) -> AboveQuery:
    names = _UnitedNames(
        alias=context.alias(),
        keys=united.keys,
        row_level=partial(below.expression, scope=united.block.scope),
        aggregate=united.aggregate,
        is_selected_by_noise=any(key.domain is None for key in united.keys),
    )
    most_rows = sum(one.groups_at_most() for one in united.opened)
    return write_aggregation_block(
        select, names, context, table=united.sql(), united=united.tables(), most_rows=most_rows
    )
