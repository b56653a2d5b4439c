"""Rows in one form, however a query cut, ordered and named them, and without what nothing uses.

What is normalized, and why no answer's distribution changes by it:

- *Order of joins, EXISTS and UNION ALL parts*: bags of rows do not depend on it (`join_order`).
- *Columns, windows and aggregates per unit that nothing reads* are left out: they decide neither which rows there are
  nor what is read of them. Keys of groups stay, for they decide which rows there are.
- *Computed columns* are sorted, equal ones are one, and a relation that only renames columns is what it renames.
- *Ties in a window's order* are broken by the columns that are left; any function of one unit's rows would do, so
  what one unit can change stays bounded (`relations`).
- *Conditions* are in `normal_form`, in which every row has the same value.

So the bounded sums of every unit are the same before and after, and noise depends on nothing else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from dp_queries.algebra.expressions import ColumnRef, Expression, Literal
from dp_queries.algebra.relations import (
    Below,
    Derived,
    PerUnit,
    Relation,
    Scan,
    UnionAll,
    UnitAggregate,
    Window,
    Windowed,
    references,
)
from dp_queries.facts.relations import RelationFacts
from dp_queries.layers.canonical_joins import Graph, Moved
from dp_queries.layers.join_order import Joins, Tagged, taken_apart
from dp_queries.layers.normal_form import order, ordered, presence
from policies.canonical import canonical_bytes

Columns = Mapping[str, str]  # a column's name before, and after
_ONE = Literal(1)  # public rows of which no column is read


class CanonicalRows:
    """Brings rows and relations into canonical form; each relation once for what is read of it."""

    def __init__(self, facts: RelationFacts) -> None:
        self._facts = facts
        # Relations are held, so that no other gets the id of one that is remembered.
        self._known: dict[tuple[int, frozenset[str]], tuple[Relation, Relation, Columns]] = {}

    def rows(self, below: Below, terms: Sequence[Tagged]) -> Moved:
        """The rows, of which no more than `terms` is read; each term has a tag that says what it is read for."""
        apart = taken_apart(below, self._facts, terms)
        graph = Graph(apart)
        for index, used in enumerate(_used(apart)):
            relation, names = self.relation(apart.nodes[index].relation, frozenset(column.column for column in used))
            graph.put(index, relation, {column: names[column.column] for column in used})
        return graph.moved()

    def relation(self, relation: Relation, used: frozenset[str]) -> tuple[Relation, Columns]:
        """The relation with the columns of these names alone, and what they are called in it."""
        if isinstance(relation, Scan):
            return relation, {column: column for column in used}
        key = (id(relation), used)
        if key not in self._known:
            self._known[key] = relation, *self._relation(relation, used)
        return self._known[key][1:]

    def _relation(
        self, relation: Derived | UnionAll | PerUnit | Windowed, used: frozenset[str]
    ) -> tuple[Relation, Columns]:
        match relation:
            case Derived(below, columns):
                return self._derived(below, _numbered("c", columns, used))
            case UnionAll(parts):
                return self._union(parts, sorted(int(name[1:]) for name in used))
            case PerUnit():
                return self._per_unit(relation, used)
            case Windowed():
                return self._windowed(relation, used)

    def _derived(self, below: Below, columns: Mapping[str, Expression]) -> tuple[Relation, Columns]:
        moved = self.rows(below, [("column", column) for column in columns.values()])
        held, names = _sorted("c", {name: moved(column) for name, column in columns.items()})
        return Derived(moved.below, held or (() if moved.below.owner is not None else (_ONE,))), names

    def _union(self, parts: Sequence[Derived], used: Sequence[int]) -> tuple[Relation, Columns]:
        """Parts in order, and columns by what they are in each part."""
        found = []
        for part in parts:
            moved = self.rows(part.below, [("column", part.columns[index]) for index in used])
            found.append((moved.below, {f"c{index}": moved(part.columns[index]) for index in used}))
        found.sort(key=lambda part: (_bytes(part[0].to_json()), sorted(map(order, part[1].values()))))
        names = _places("c", {name: _in_parts(name, found) for name in found[0][1]})
        held = {place: name for name, place in names.items()}
        in_order = [held[f"c{index}"] for index in range(len(held))]
        derived = [Derived(below, tuple(columns[name] for name in in_order)) for below, columns in found]
        if not in_order and not parts[0].has_unit:
            derived = [Derived(part.below, (_ONE,)) for part in derived]
        return UnionAll(tuple(sorted(derived, key=lambda part: _bytes(part.to_json())))), names

    def _per_unit(self, relation: PerUnit, used: frozenset[str]) -> tuple[Relation, Columns]:
        kept = {f"a{index}": part for index, part in enumerate(relation.aggregates) if f"a{index}" in used}
        terms = [("key", key) for key in relation.keys]
        terms += [(_tag(part), part.value) for part in kept.values() if part.value is not None]
        moved = self.rows(relation.below, terms)
        keys, names = _sorted("k", {f"k{index}": moved(key) for index, key in enumerate(relation.keys)})
        aggregates = {name: self._aggregate(part, moved) for name, part in kept.items()}
        places = _places("a", {name: _bytes(part.to_json()) for name, part in aggregates.items()})
        held = tuple(aggregates[name] for name in _one_each(places))
        return PerUnit(moved.below, keys, held), {**names, **places}

    def _aggregate(self, aggregate: UnitAggregate, moved: Moved) -> UnitAggregate:
        """The aggregate over the moved rows; COUNT of what is never NULL counts rows."""
        if aggregate.value is None:
            return aggregate
        value = moved(aggregate.value)
        if aggregate.kind != "present":
            return replace(aggregate, value=value)

        def is_nullable(part: Expression) -> bool:
            return self._facts.of(moved.below, part).is_nullable

        return UnitAggregate("present", presence(value, is_nullable)) if is_nullable(value) else UnitAggregate("count")

    def _windowed(self, relation: Windowed, used: frozenset[str]) -> tuple[Relation, Columns]:
        """Windows that are read, and columns that are read, by these too: rows that agree in all of them may swap."""
        windows = {f"w{index}": part for index, part in enumerate(relation.windows) if f"w{index}" in used}
        if not windows:
            return self._derived(relation.below, _numbered("c", relation.columns, used))
        inside = {seen for window in windows.values() for part in window.expressions() for seen in references(part)}
        columns = {
            f"c{index}": column
            for index, column in enumerate(relation.columns)
            if f"c{index}" in used or inside & set(references(column))
        }
        terms = [("column", column) for column in columns.values()]
        terms += [(f"window {window.function}", part) for window in windows.values() for part in window.expressions()]
        moved = self.rows(relation.below, terms)
        held, names = _sorted("c", {name: moved(column) for name, column in columns.items()})
        changed = {name: self._window(window, moved) for name, window in windows.items()}
        places = _places("w", {name: _bytes(window.to_json()) for name, window in changed.items()})
        return Windowed(moved.below, held, tuple(changed[name] for name in _one_each(places))), {**names, **places}

    def _window(self, window: Window, moved: Moved) -> Window:
        return replace(
            window,
            aggregate=None if window.aggregate is None else self._aggregate(window.aggregate, moved),
            value=None if window.value is None else moved(window.value),
            partition=tuple(ordered(map(moved, window.partition))),
            order=tuple(replace(term, value=moved(term.value)) for term in window.order),
        )


def _used(joins: Joins) -> list[set[ColumnRef]]:
    """The columns of each relation that conditions or terms read."""
    found = [set[ColumnRef]() for _ in joins.nodes]
    read = [*joins.conjuncts, *(term for _, term in joins.terms)]
    for expression in (*read, *(part for node in joins.nodes for part in node.conditions)):
        for column in references(expression):
            found[column.relation].add(column)
    return found


def _numbered(prefix: str, columns: Sequence[Expression], used: frozenset[str]) -> dict[str, Expression]:
    named = {f"{prefix}{index}": column for index, column in enumerate(columns)}
    return {name: column for name, column in named.items() if name in used}


def _sorted(prefix: str, columns: Mapping[str, Expression]) -> tuple[tuple[Expression, ...], Columns]:
    """The columns in order, each once, and what each is called then."""
    names = _places(prefix, {name: order(column) for name, column in columns.items()})
    return tuple(columns[name] for name in _one_each(names)), names


def _places(prefix: str, keys: Mapping[str, bytes]) -> Columns:
    """What each is called in the order of their keys; equal ones are one."""
    in_order = sorted(set(keys.values()))
    return {name: f"{prefix}{in_order.index(key)}" for name, key in keys.items()}


def _one_each(names: Columns) -> list[str]:
    """For each new name, in order, one of the old ones."""
    held = {place: name for name, place in names.items()}
    return sorted(held.values(), key=lambda name: int(names[name][1:]))


def _in_parts(name: str, parts: Iterable[tuple[Below, Mapping[str, Expression]]]) -> bytes:
    return _bytes([order(columns[name]).decode() for _, columns in parts])


def _tag(aggregate: UnitAggregate) -> str:
    return f"{aggregate.kind} {aggregate.lower_steps} {aggregate.upper_steps} {aggregate.granularity}"


def _bytes(value: object) -> bytes:
    return canonical_bytes(value)
