"""What is publicly known of relations: their columns' facts, and caps on their rows, from the card alone.

Caps are declared and hold for every admissible database, so work that is bounded by them can't be overrun by one
unit's rows (ATTACKS 8, 13, 32). Nothing here reads a row.
"""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from math import prod

from dp_queries.algebra.expressions import ColumnRef, Expression, Literal, Value
from dp_queries.algebra.relations import (
    Below,
    Derived,
    Join,
    PerUnit,
    Relation,
    Scan,
    UnionAll,
    UnitAggregate,
    Windowed,
)
from dp_queries.algebra.types import NUMBERS
from dp_queries.facts.equalities import are_few, equated, is_looked_up
from dp_queries.facts.expressions import Facts, Range, facts_of
from dp_queries.facts.ranges import hull
from dp_queries.layers import normal_form
from policies.catalogue import Column, LoadedDataset, Table
from privacy.units import ClampingBounds


class RelationFacts:
    """Facts and caps of relations over one loaded dataset."""

    def __init__(self, dataset: LoadedDataset) -> None:
        self.dataset = dataset
        self._at_most = dataset.card.unit.at_most
        # By identity, each relation held so that no other gets its id: what is named twice is computed once, or a chain
        # of subqueries that each use the one before twice would take for ever (ATTACKS 22).
        self._columns: dict[tuple[int, str], tuple[Relation, Facts]] = {}

    def columns(self, below: Below) -> Callable[[ColumnRef], Facts]:
        """The facts of every column that expressions over these rows may mention."""

        def found(reference: ColumnRef) -> Facts:
            facts = self.column(below.sources[reference.relation], reference.column)
            return replace(facts, is_nullable=True) if below.is_optional(reference.relation) else facts

        return found

    def of(self, below: Below, expression: Expression) -> Facts:
        """The facts of an expression over these rows."""
        return facts_of(expression, self.columns(below))

    def column(self, relation: Relation, name: str) -> Facts:
        """The facts of a relation's column; KeyError for one it does not have."""
        key = (id(relation), name)
        if key not in self._columns:
            self._columns[key] = relation, self._column(relation, name)
        return self._columns[key][1]

    def _column(self, relation: Relation, name: str) -> Facts:
        if isinstance(relation, Scan):
            return self._stored(relation, name)
        index = int(name[1:])
        if isinstance(relation, UnionAll):
            return _hull([self.column(part, name) for part in relation.parts])
        below = relation.below
        if isinstance(relation, PerUnit):
            return self.of(below, relation.keys[index]) if name[0] == "k" else self._aggregated(relation, index)
        if isinstance(relation, Windowed) and name[0] == "w":
            return self._windowed(relation, index)
        return self.of(below, relation.columns[index])

    def rows_at_most(self, below: Below) -> int:
        """How many rows these are at most."""
        return self._rows_at_most(below.sources[0]) * prod(self.partners_at_most(below, join) for join in below.joins)

    def units_at_most(self, below: Below) -> int:
        """How many units these rows belong to at most."""
        rows = self.rows_at_most(below)
        return rows if self._at_most is None else min(rows, self._at_most)

    def compared_at_most(self, below: Below) -> int:
        """How many rows, or pairs of rows, are looked at to join these, at most."""
        rows = most = self._rows_at_most(below.sources[0])
        for join in below.joins:
            most = max(most, rows * self.pairs_at_most(below, join))
            rows *= self.partners_at_most(below, join)
        return most

    def rows_per_unit(self, below: Below) -> int:
        """How many of these rows one unit has at most."""
        owner = below.owner
        if owner is None:
            return 0
        others = (self.partners_at_most(below, join) for join in below.joins if join.relation != owner)
        before = prod(self._rows_at_most(source) for source in below.sources[:owner])
        return self._rows_per_unit(below.sources[owner]) * (before if owner else 1) * prod(others)

    def rows_norm(self, below: Below) -> Fraction:
        """The default L2 clipping norm of one unit's counts of these rows, over all groups."""
        owner = below.owner
        return Fraction(1) if owner is None else self._rows_norm(below.sources[owner])

    def groups_norm(self, below: Below) -> Fraction:
        """How many groups a unit is expected to be in, at most: the square of its clipping norm as a unit."""
        owner = None if below.owner is None else below.sources[below.owner]
        if isinstance(owner, Scan) and (declared := self._table(owner.table).groups_norm):
            return Fraction(declared)
        return self.rows_norm(below)

    def partners_at_most(self, below: Below, join: Join) -> int:
        """Rows of the joined relation, at most, that one row before it meets."""
        if join.kind in ("semi", "anti"):
            return 1
        relation = below.sources[join.relation]
        pairs = (equated(part, join.relation) for part in normal_form.conjuncts(join.condition))
        matched = {pair[0].column for pair in pairs if pair and self._tells_apart(below, *pair)}
        if self._is_unique(relation, matched, on_unit=join.on_unit is not None):
            return 1
        return self._rows_per_unit(relation) if join.on_unit is not None else self._rows_at_most(relation)

    def pairs_at_most(self, below: Below, join: Join) -> int:
        """Rows of the joined relation, at most, that are looked at for one row before it.

        EXISTS gives no row twice, but compares until one matches: with all that an equality leaves, or with all.
        """
        rest = (part for part in normal_form.conjuncts(join.condition) if not is_looked_up(part, join.relation))
        if join.kind in ("semi", "anti") and any(True for _ in rest):
            return self.partners_at_most(below, replace(join, kind="inner"))
        return self.partners_at_most(below, join)

    def _table(self, name: str) -> Table:
        found = self.dataset.card.table(name)
        if found is None:
            raise KeyError(name)
        return found

    def _stored(self, scan: Scan, name: str) -> Facts:
        table = self._table(scan.table)
        column = table.column(name)
        if column is None:
            raise KeyError(f"{scan.table}.{name}")
        recorded = None if scan.has_unit else self.dataset.domains.get(f"{scan.table}.{name}")
        facts = _declared(column, recorded)
        # Rows without a unit are left out at load.
        return replace(facts, is_unit=True, is_nullable=False) if name == table.unit_column else facts

    def norm_of(self, relation: Relation) -> Fraction:
        """The default L2 clipping norm of one unit's counts of a relation's rows."""
        return self._rows_norm(relation)

    def rows_of(self, relation: Relation) -> int:
        """How many rows a relation has at most."""
        return self._rows_at_most(relation)

    def _rows_at_most(self, relation: Relation) -> int:
        match relation:
            case Scan(table, _):
                return self._table(table).rows_at_most
            case UnionAll(parts):
                return sum(self.rows_at_most(part.below) for part in parts)
            case PerUnit(below, keys, _):
                rows = self.rows_at_most(below)
                return rows if keys or self._at_most is None else min(rows, self._at_most)
            case _:
                return self.rows_at_most(relation.below)

    def _rows_per_unit(self, relation: Relation) -> int:
        match relation:
            case Scan(table, _):
                return self._table(table).rows_per_unit_at_most or 1
            case UnionAll(parts):
                return sum(self.rows_per_unit(part.below) for part in parts)
            case PerUnit(below, keys, _):
                return self.rows_per_unit(below) if keys else 1
            case _:
                return self.rows_per_unit(relation.below)

    def _rows_norm(self, relation: Relation) -> Fraction:
        match relation:
            case Scan(table, _):
                return Fraction(self._table(table).rows_norm or 1)
            case UnionAll(parts):
                return sum((self.rows_norm(part.below) for part in parts), Fraction(0))
            case PerUnit(below, keys, _):
                return self.rows_norm(below) if keys else Fraction(1)
            case _:
                return self.rows_norm(relation.below)

    def _tells_apart(self, below: Below, column: ColumnRef, other: Expression) -> bool:
        """Whether an equality holds for one value of the column at most.

        Integers are compared with integers that are kept exactly, and else as doubles, which beyond 2^53 are one for up
        to 1024 of them.
        """
        facts = self.of(below, column)
        if facts.type not in NUMBERS or isinstance(other, Literal):
            return True
        if facts.range is None and facts.type == "number":
            return True  # kept as doubles
        return are_few(facts) or (self._is_kept_exactly(below, column) and self._is_kept_exactly(below, other))

    def _is_kept_exactly(self, below: Below, expression: Expression) -> bool:
        """Whether this is a column of integers, however deep in subqueries, and not what arithmetic made of it."""
        if not isinstance(expression, ColumnRef) or expression.type != "integer":
            return False
        match below.sources[expression.relation], expression.column:
            case Scan() as scan, name:
                found = self._stored(scan, name).range
                return found is None or found.granularity == 1
            case PerUnit(inner, keys, _), name if name[0] == "k":
                return self._is_kept_exactly(inner, keys[int(name[1:])])
            case Derived(inner, columns), name:
                return self._is_kept_exactly(inner, columns[int(name[1:])])
        return False

    def _is_unique(self, relation: Relation, matched: set[str], *, on_unit: bool) -> bool:
        """Whether values of the matched columns belong to one row at most."""
        match relation:
            case Scan(name, has_unit):
                table = self._table(name)
                fixed = matched | ({table.unit_column} if has_unit and on_unit else set())
                return any(set(key) <= fixed for key in table.unique)
            case PerUnit(_, keys, _):
                return on_unit and {f"k{index}" for index in range(len(keys))} <= matched
        return False

    def _aggregated(self, relation: PerUnit, index: int) -> Facts:
        return self._aggregate(relation.below, relation.aggregates[index])

    def _aggregate(self, below: Below, aggregate: UnitAggregate) -> Facts:
        rows = self.rows_per_unit(below)
        if aggregate.value is None or aggregate.kind in ("count", "present", "distinct"):
            return Facts(
                "integer", range=Range(Fraction(0), Fraction(rows), Fraction(1)), sum_norm=self.rows_norm(below)
            )
        value = self.of(below, aggregate.value)
        if aggregate.kind in ("min", "max"):
            if value.is_unit and not value.is_nullable:  # all rows of a group are of one unit
                return value
            return replace(value, is_nullable=True, is_unit=False)
        step = aggregate.granularity
        ends = (min(0, aggregate.lower_steps) * rows * step, max(0, aggregate.upper_steps) * rows * step)
        kind = "integer" if value.type == "integer" and step.denominator == 1 else "number"
        return Facts(kind, is_nullable=True, range=Range(*ends, step), sum_norm=value.sum_norm)

    def _windowed(self, relation: Windowed, index: int) -> Facts:
        window = relation.windows[index]
        if window.aggregate is not None:
            return self._aggregate(relation.below, window.aggregate)
        if window.value is not None:
            return replace(self.of(relation.below, window.value), is_nullable=True, is_unit=False)
        return Facts("integer", range=Range(Fraction(1), Fraction(self.rows_per_unit(relation.below)), Fraction(1)))


def _declared(column: Column, recorded: tuple[str, ...] | tuple[int, ...] | None) -> Facts:
    clamping, bounds = column.clamping(), column.bounds
    is_moment = column.type in ("date", "timestamp") and bounds is not None
    return Facts(
        column.type,
        is_nullable=column.nullable,
        range=_recorded(recorded) if clamping is None else Range(clamping.lower, clamping.upper, clamping.granularity),
        days=(bounds[0], bounds[1]) if is_moment else None,  # type: ignore[index, arg-type]  # two days, by the card
        domain=column.domain or recorded or ((False, True) if column.type == "boolean" else None),
        longest=column.longest if column.type == "text" else 0,
        sum_norm=None if column.clipping.sum is None else Fraction(column.clipping.sum),
        deviation_norm=None if column.clipping.deviation is None else Fraction(column.clipping.deviation),
        most_values=column.most_values or (None if clamping is None else _count(clamping)),
    )


def _recorded(values: tuple[str, ...] | tuple[int, ...] | None) -> Range | None:
    """The range of a public table's integers, whose values the load has recorded."""
    numbers = [value for value in values or () if isinstance(value, int)]
    return Range(Fraction(min(numbers)), Fraction(max(numbers)), Fraction(1)) if numbers else None


def _count(clamping: ClampingBounds) -> int:
    """How many steps lie within the bounds."""
    return clamping.upper_steps - clamping.lower_steps + 1


def _hull(parts: list[Facts]) -> Facts:
    """What holds of a value that comes from one of several places. Where it is always NULL, it adds no values."""
    named = [part for part in parts if part.type != "null"] or parts[:1]
    days = [part.days for part in named]
    domains = [part.domain for part in named]
    norms = [part.sum_norm for part in named]
    return Facts(
        named[0].type,
        is_nullable=any(part.is_nullable for part in parts),
        range=hull(part.range for part in named),
        days=(min(day[0] for day in days if day), max(day[1] for day in days if day)) if all(days) else None,
        domain=_all_values(domains),
        longest=max(part.longest for part in parts),
        is_unit=all(part.is_unit for part in parts),
        reads_unit=any(part.reads_unit for part in parts),
        sum_norm=sum((norm for norm in norms if norm), Fraction(0)) if all(norms) else None,
    )


def _all_values(domains: list[tuple[Value, ...] | None]) -> tuple[Value, ...] | None:
    """The values of all domains: in their order if that is one, else sorted; parts of a union have no order."""
    if not all(domains):
        return None
    if len(set(domains)) == 1:
        return domains[0]
    return tuple(sorted({value for domain in domains for value in domain or ()}))  # type: ignore[type-var]  # one type


__all__ = ["RelationFacts"]
