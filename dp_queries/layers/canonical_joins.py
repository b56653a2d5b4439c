"""Joined rows being brought into canonical form: relations are replaced one by one, melted in, and put in order."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from dp_queries.algebra.expressions import Call, ColumnRef, Expression, Literal
from dp_queries.algebra.relations import Below, Derived, Join, Relation, placed, references
from dp_queries.layers.join_order import Joined, Joins, join_order
from dp_queries.layers.normal_form import again, conjunction, conjuncts, order
from policies.canonical import canonical_bytes


@dataclass(frozen=True)
class Moved:
    """Rows in canonical form; `settled` says what has become of expressions over the rows as they were."""

    below: Below
    settled: Callable[[Expression], Expression]
    places: Mapping[int, int]

    def __call__(self, expression: Expression) -> Expression:
        """The same expression over these rows."""
        return again(placed(self.settled(expression), self.places))


class Graph:
    """Joined rows whose relations are put in anew; `columns` says what a column of one has become."""

    def __init__(self, before: Joins) -> None:
        self._before = before
        self._nodes = [replace(node, conditions=()) for node in before.nodes]
        self._parts: list[Expression] = []
        self.columns: dict[tuple[int, str], Expression] = {}

    def put(self, index: int, relation: Relation, names: Mapping[ColumnRef, str]) -> None:
        """Put a relation where it stood in another form; one that only filters and renames is melted in."""
        node = self._nodes[index]
        if isinstance(relation, Derived) and (node.kind == "inner" or _is_bare(relation)):
            self._melt(index, relation, names)
            return
        self._nodes[index] = replace(node, relation=relation)
        for column, name in names.items():
            self.columns[index, column.column] = ColumnRef(index, name, column.type)

    def _melt(self, index: int, relation: Derived, names: Mapping[ColumnRef, str]) -> None:
        inner, node = relation.below, self._nodes[index]
        places = {0: index} | {at: len(self._nodes) + at - 1 for at in range(1, len(inner.sources))}
        parts = [placed(part, places) for part in conjuncts(inner.where)]
        for join in inner.joins:
            conditions = tuple(placed(part, places) for part in conjuncts(join.condition))
            on_unit = None if join.on_unit is None else places[join.on_unit]
            is_inner = join.kind == "inner"
            self._parts += conditions if is_inner else ()
            self._nodes.append(Joined(inner.sources[join.relation], join.kind, on_unit, () if is_inner else conditions))
        if node.kind == "inner":
            self._parts += parts
            parts = []
        self._nodes[index] = Joined(inner.sources[0], node.kind, node.on_unit, tuple(parts))
        for column, name in names.items():
            self.columns[index, column.column] = placed(relation.columns[int(name[1:])], places)

    def moved(self) -> Moved:
        """The rows in canonical form, once all relations are put in."""
        joins, kept = _once(self._joins())
        found = join_order(joins)
        return Moved(_built(joins, found), self._moved, {kept[index]: place for place, index in enumerate(found)})

    def _joins(self) -> Joins:
        before = self._before
        parts = [*self._parts, *self._all(before.conjuncts)]
        nodes = [
            replace(node, conditions=(*node.conditions, *self._all(old.conditions)))
            for node, old in zip(self._nodes, before.nodes, strict=False)
        ]
        nodes += self._nodes[len(nodes) :]
        terms = [(tag, self._moved(term)) for tag, term in before.terms]
        return Joins(nodes, conjuncts(conjunction(parts)), terms, before.facts)

    def _all(self, expressions: Iterable[Expression]) -> list[Expression]:
        return [self._moved(expression) for expression in expressions]

    def _moved(self, expression: Expression) -> Expression:
        return again(self._known(_replaced(expression, self.columns)))

    def _known(self, expression: Expression) -> Expression:
        """The expression with FALSE for x IS NULL of a column that never is."""
        match expression:
            case Call("is_null", (ColumnRef() as column,)) if not self._is_nullable(column):
                return Literal(False)
            case Call(operator, arguments):
                return Call(operator, tuple(map(self._known, arguments)))
        return expression

    def _is_nullable(self, column: ColumnRef) -> bool:
        node = self._nodes[column.relation]
        return node.kind == "left" or self._before.facts.column(node.relation, column.column).is_nullable


def _is_bare(relation: Derived) -> bool:
    """Whether it is one relation, filtered and with columns renamed."""
    return len(relation.below.sources) == 1 and all(isinstance(column, ColumnRef) for column in relation.columns)


def _replaced(expression: Expression, columns: Mapping[tuple[int, str], Expression]) -> Expression:
    match expression:
        case ColumnRef(relation, column, _):
            return columns[relation, column]
        case Call(operator, arguments):
            return Call(operator, tuple(_replaced(argument, columns) for argument in arguments))
    return expression


def _once(joins: Joins) -> tuple[Joins, list[int]]:
    """The relations without an EXISTS that was asked before, and which of them are left.

    The second one drops no further row, and gives no columns.
    """
    asked = set[bytes]()
    kept = []
    for index, node in enumerate(joins.nodes):
        question = _question(joins, index)
        if node.kind not in ("semi", "anti") or question not in asked:
            kept.append(index)
        asked.add(question)
    places = {index: place for place, index in enumerate(kept)}
    nodes = [_settled(joins.nodes[index], places) for index in kept]
    parts = [placed(part, places) for part in joins.conjuncts]
    return Joins(nodes, parts, [(tag, placed(term, places)) for tag, term in joins.terms], joins.facts), kept


def _question(joins: Joins, index: int) -> bytes:
    """What a relation is joined for, wherever it stands."""
    node = joins.nodes[index]
    places = {other: other for other in range(len(joins.nodes))} | {index: len(joins.nodes)}
    parts = sorted(order(again(placed(part, places))).decode() for part in node.conditions)
    unit = None if node.on_unit is None else joins.units.get(node.on_unit, node.on_unit)
    return canonical_bytes([node.kind, unit, node.relation.to_json(), parts])


def _settled(node: Joined, places: Mapping[int, int]) -> Joined:
    on_unit = None if node.on_unit is None else places[node.on_unit]
    return replace(node, on_unit=on_unit, conditions=tuple(placed(part, places) for part in node.conditions))


def _built(joins: Joins, found: list[int]) -> Below:
    """The relations in the order that was found, each condition at the last inner relation that it mentions."""
    places = {index: place for place, index in enumerate(found)}
    rest, at = list[Expression](), dict[int, list[Expression]]()
    for part in (again(placed(part, places)) for part in joins.conjuncts):
        last = max((column.relation for column in references(part)), default=0)
        is_inner = last and joins.nodes[found[last]].kind == "inner"
        (at.setdefault(last, []) if is_inner else rest).append(part)
    built = []
    for place, index in list(enumerate(found))[1:]:
        node = joins.nodes[index]
        parts = [again(placed(part, places)) for part in node.conditions] + at.get(place, [])
        built.append(Join(place, node.kind, _on_unit(joins, index, places), _all_of(parts)))
    return Below(tuple(joins.nodes[index].relation for index in found), tuple(built), _all_of(rest))


def _all_of(parts: Iterable[Expression]) -> Expression | None:
    return conjunction(conjuncts(conjunction(parts)))


def _on_unit(joins: Joins, index: int, places: Mapping[int, int]) -> int | None:
    """The place of the first relation of the same unit; None for the first itself, and for public ones."""
    target = joins.units.get(index, joins.nodes[index].on_unit)
    if target is None:
        return None
    alike = [places[other] for other, first in joins.units.items() if first == joins.units.get(target)]
    found = min(alike, default=places[target])
    return None if found == places[index] else found
