"""What rows are made of below the aggregation: relations of unit rows and of public rows, as our own frozen nodes.

The invariant, by construction: every row of a relation that `has_unit` belongs to exactly one privacy unit. A `Below`
joins relations with a unit only by equality of their units, and keeps rows of no other; grouping, windows and
DISTINCT are within one unit (`PerUnit`, `Windowed`). So all rows that a unit can change are its own.
Source: DESIGN 3; Wilson et al., "Differentially Private SQL with Bounded User Contribution", PoPETs 2020, section 3.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal as OneOf

from dp_queries.algebra.expressions import Call, ColumnRef, Expression, to_json

JoinKind = OneOf["inner", "left", "semi", "anti"]


@dataclass(frozen=True)
class Scan:
    """A table of the card, with its columns by their names."""

    table: str
    has_unit: bool

    def to_json(self) -> Any:
        """The node for the plan's digest."""
        return {"scan": self.table}


@dataclass(frozen=True)
class Join:
    """How `sources[relation]` joins what stands before it.

    `on_unit`: the earlier source whose privacy unit is the same, where the joined relation has units. `condition`:
    further conjuncts over the sources up to this one. "left" keeps unmatched rows of what stands before; "semi" and
    "anti" keep rows with and without a match, and give no columns.
    """

    relation: int
    kind: JoinKind
    on_unit: int | None
    condition: Expression | None


@dataclass(frozen=True)
class Below:
    """Joined and filtered rows. `joins[i]` joins `sources[i + 1]`."""

    sources: tuple["Relation", ...]
    joins: tuple[Join, ...] = ()
    where: Expression | None = None

    @property
    def owner(self) -> int | None:
        """The source whose privacy unit is the rows' unit; None for public rows."""
        return next((index for index, source in enumerate(self.sources) if source.has_unit), None)

    def is_optional(self, source: int) -> bool:
        """Whether rows may lack this source, because a left join found no partner."""
        return source > 0 and self.joins[source - 1].kind == "left"

    def to_json(self) -> Any:
        """The rows for the plan's digest."""
        return {
            "sources": [source.to_json() for source in self.sources],
            "joins": [
                [join.relation, join.kind, join.on_unit, join.condition and to_json(join.condition)]
                for join in self.joins
            ],
            "where": self.where and to_json(self.where),
        }


@dataclass(frozen=True)
class Derived:
    """Rows of `below` with computed columns c0, c1, ..."""

    below: Below
    columns: tuple[Expression, ...]

    @property
    def has_unit(self) -> bool:
        """Whether the rows belong to privacy units."""
        return self.below.owner is not None

    def to_json(self) -> Any:
        """The node for the plan's digest."""
        return {"derived": self.below.to_json(), "columns": [to_json(column) for column in self.columns]}


@dataclass(frozen=True)
class UnionAll:
    """The rows of all parts, which have the same columns c0, c1, ..., of one type each, and the same unit."""

    parts: tuple[Derived, ...]

    @property
    def has_unit(self) -> bool:
        """Whether the rows belong to privacy units: all parts alike."""
        return self.parts[0].has_unit

    def to_json(self) -> Any:
        """The node for the plan's digest."""
        return {"union_all": [part.to_json() for part in self.parts]}


@dataclass(frozen=True)
class UnitAggregate:
    """An aggregate over rows of one unit and key: exact integers, so that every engine gives the same.

    count: rows; present: rows whose value is not NULL; distinct: different values; sum: of values clamped to
    [lower_steps, upper_steps] and quantized to `granularity`, NULL without values; min, max: of values.
    """

    kind: OneOf["count", "present", "distinct", "sum", "min", "max"]
    value: Expression | None = None
    lower_steps: int = 0
    upper_steps: int = 0
    granularity: Fraction = Fraction(1)

    def to_json(self) -> Any:
        """The aggregate for the plan's digest."""
        steps = [str(self.lower_steps), str(self.upper_steps), str(self.granularity)]
        return [self.kind, self.value and to_json(self.value), *(steps if self.kind == "sum" else ())]


@dataclass(frozen=True)
class PerUnit:
    """One row for each unit and combination of its rows' keys: columns k0, k1, ... and a0, a1, ..."""

    below: Below
    keys: tuple[Expression, ...]
    aggregates: tuple[UnitAggregate, ...]

    has_unit = True

    def to_json(self) -> Any:
        """The node for the plan's digest."""
        keys = [to_json(key) for key in self.keys]
        return {"per_unit": self.below.to_json(), "keys": keys, "aggregates": [a.to_json() for a in self.aggregates]}


@dataclass(frozen=True)
class Order:
    """A term of a window's order."""

    value: Expression
    descending: bool
    nulls_first: bool

    def to_json(self) -> Any:
        """The term for the plan's digest."""
        return [to_json(self.value), self.descending, self.nulls_first]


@dataclass(frozen=True)
class Window:
    """A function over the rows of one unit (and partition), in a total order: ties are broken by `Windowed.columns`.

    row_number, rank, dense_rank; lag, lead: `value` of the row `offset` before or after; first_value, last_value: of
    the whole partition; aggregates (`UnitAggregate` kinds) over the rows up to this one and its peers when there is an
    order, over the whole partition otherwise.
    """

    function: str
    aggregate: UnitAggregate | None
    value: Expression | None
    offset: int
    partition: tuple[Expression, ...]
    order: tuple[Order, ...]

    def expressions(self) -> tuple[Expression, ...]:
        """Everything that the window computes on rows."""
        values = (self.value, None if self.aggregate is None else self.aggregate.value)
        return (
            *self.partition,
            *(term.value for term in self.order),
            *(value for value in values if value is not None),
        )

    def to_json(self) -> Any:
        """The window for the plan's digest."""
        return [
            self.function,
            self.aggregate and self.aggregate.to_json(),
            self.value and to_json(self.value),
            self.offset,
            [to_json(part) for part in self.partition],
            [term.to_json() for term in self.order],
        ]


@dataclass(frozen=True)
class Windowed:
    """Rows of `below` with columns c0, c1, ... and, per window, w0, w1, ..."""

    below: Below
    columns: tuple[Expression, ...]
    windows: tuple[Window, ...]

    has_unit = True

    def to_json(self) -> Any:
        """The node for the plan's digest."""
        return {
            "windowed": self.below.to_json(),
            "columns": [to_json(column) for column in self.columns],
            "windows": [window.to_json() for window in self.windows],
        }


Relation = Scan | Derived | UnionAll | PerUnit | Windowed


def shifted(expression: Expression, by: int) -> Expression:
    """The expression over sources that now stand `by` places later."""
    return _moved(expression, lambda relation: relation + by)


def placed(expression: Expression, places: Mapping[int, int]) -> Expression:
    """The expression over sources that now stand at these places."""
    return _moved(expression, lambda relation: places[relation])


def _moved(expression: Expression, place: Callable[[int], int]) -> Expression:
    match expression:
        case ColumnRef(relation, column, kind):
            return ColumnRef(place(relation), column, kind)
        case Call(operator, arguments):
            return Call(operator, tuple(_moved(argument, place) for argument in arguments))
    return expression


def references(expression: Expression | None) -> Iterator[ColumnRef]:
    """Every column that an expression mentions, in order, repeatedly."""
    if isinstance(expression, ColumnRef):
        yield expression
    elif isinstance(expression, Call):
        for argument in expression.arguments:
            yield from references(argument)


def inner_belows(relation: "Relation") -> tuple[Below, ...]:
    """The rows that a relation is made of; none for a table."""
    if isinstance(relation, Scan):
        return ()
    if isinstance(relation, UnionAll):
        return tuple(part.below for part in relation.parts)
    return (relation.below,)


def scans(below: Below) -> Iterator[Scan]:
    """Every table that rows are read from, as often as it is read."""
    for source in below.sources:
        if isinstance(source, Scan):
            yield source
        for inner in inner_belows(source):
            yield from scans(inner)


def nesting(below: Below) -> int:
    """How deep relations are nested: 1 for rows of tables."""
    inner = (nested for source in below.sources for nested in inner_belows(source))
    return 1 + max(map(nesting, inner), default=0)


def keeps_order(below: Below) -> bool:
    """Whether rows come as their units lie: tables are clustered by unit, and what computes on rows keeps the order.

    A join mostly does too, but no engine promises it.
    """
    return all(isinstance(source, Scan) for source in below.sources)
