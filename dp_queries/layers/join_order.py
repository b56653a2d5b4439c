"""In which order relations are joined, so that the order in which a query names them makes no difference.

Inner joins and conditions may stand in any order; a left join, EXISTS or IN stands after the relations that its
condition mentions (both by the definition of joins over bags of rows). The order is that of a canonical labelling:
relations are coloured by what they are and how they are used, refined until nothing new tells two of them apart.
Source: Weisfeiler, Leman, "A reduction of a graph to a canonical form", 1968; McKay, "Practical graph isomorphism",
1981 (ties are settled by trying each).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial
from hashlib import sha256
from itertools import islice
from typing import Final

from dp_queries.algebra.expressions import Call, ColumnRef, Expression, Literal, to_json
from dp_queries.algebra.relations import Below, Join, JoinKind, Relation, references
from dp_queries.facts.relations import RelationFacts
from dp_queries.layers.normal_form import MIRRORED, conjunction, conjuncts
from policies.canonical import canonical_bytes

Tagged = tuple[str, Expression]  # what an expression is read for, and the expression

# What is said: how, of which relations besides those of the expression, the expression, and of which in all.
Statement = tuple[str, frozenset[int], Expression, frozenset[int]]

# Beyond so many equal choices the first is taken: the plan is as good, but a twin may not be recognized.
MOST_TRIED: Final = 6
MOST_COLOURINGS: Final = 40
TRUE: Final = Literal(True)
_COMMUTING: Final = frozenset({"and", "or", "=", "<>", "+", "*", "greatest", "least"})
_KINDS: Final = ("inner", "left", "semi", "anti")


@dataclass(frozen=True)
class Joined:
    """A relation among those that are joined. `conditions`: of ON, where it is no inner join."""

    relation: Relation
    kind: JoinKind
    on_unit: int | None
    conditions: tuple[Expression, ...] = ()


@dataclass(frozen=True)
class Joins:
    """Relations and the conditions that rows must meet; `terms` is what is computed from the rows, each with a tag."""

    nodes: Sequence[Joined]
    conjuncts: Sequence[Expression]
    terms: Sequence[Tagged]
    facts: RelationFacts

    @cached_property
    def units(self) -> Mapping[int, int]:
        """For each inner relation that is joined on the unit of inner ones alone: the first of them."""
        found: dict[int, int] = {}
        for index, node in enumerate(self.nodes):
            if node.kind == "inner" and (node.on_unit is None or node.on_unit in found):
                found[index] = index if node.on_unit is None else found[node.on_unit]
        return found

    @cached_property
    def needed(self) -> Sequence[frozenset[int]]:
        """Which relations must stand before each, directly or by others."""
        direct = [set[int]() for _ in self.nodes]
        for index, node in enumerate(self.nodes):
            direct[index] |= {part.relation for condition in node.conditions for part in references(condition)} - {
                index
            }
            if node.on_unit is not None and index not in self.units:
                direct[index].add(node.on_unit)
        found = direct
        for _ in self.nodes:  # nothing is nested deeper than there are relations
            found = [before.union(*(found[other] for other in before)) for before in found]
        return list(map(frozenset, found))

    @cached_property
    def below(self) -> Below:
        """The relations as they are joined, for facts about their columns; conditions left out."""
        joins = [Join(index, node.kind, node.on_unit, None) for index, node in enumerate(self.nodes)]
        return Below(tuple(node.relation for node in self.nodes), tuple(joins[1:]))

    @cached_property
    def mentioned(self) -> Sequence[frozenset[int]]:
        """The relations that each of `conjuncts` is about."""
        return [frozenset(part.relation for part in references(condition)) for condition in self.conjuncts]

    @cached_property
    def wished(self) -> Sequence[frozenset[int]]:
        """Which optional relations an inner one would better follow: a condition compares the two."""
        found = [set[int]() for _ in self.nodes]
        for mentioned in self.mentioned:
            for index in mentioned & self.units.keys():
                optional = (other for other in mentioned if self.nodes[other].kind == "left")
                found[index] |= {other for other in optional if index not in self.needed[other]}
        return list(map(frozenset, found))


def taken_apart(below: Below, facts: RelationFacts, terms: Sequence[Tagged] = ()) -> Joins:
    """The relations of joined rows; conditions of inner joins and of WHERE are one."""
    first = Joined(below.sources[0], "inner", None)
    nodes, parts = [first], [*conjuncts(below.where)]
    for join in below.joins:
        conditions = conjuncts(join.condition)
        parts += conditions if join.kind == "inner" else ()
        nodes.append(
            Joined(below.sources[join.relation], join.kind, join.on_unit, () if join.kind == "inner" else conditions)
        )
    return Joins(nodes, parts, terms, facts)


def join_order(joins: Joins) -> list[int]:
    """The relations in their order, the one whose privacy unit is the rows' unit first."""
    if len(joins.nodes) == 1:
        return [0]
    found = list(islice(_Labelling(joins).orders([]), MOST_TRIED))
    return min(found, key=partial(_name, joins)) if len(found) > 1 else found[0]


class _Labelling:
    """Colours the relations of one query, for at most `MOST_COLOURINGS` times: the text decides about the work."""

    def __init__(self, joins: Joins) -> None:
        self._joins = joins
        self._bases = [_number([node.kind, node.relation.to_json()]) for node in joins.nodes]
        self._statements = [
            (tag, of, expression, of | {part.relation for part in references(expression)})
            for tag, of, expression in _statements(joins)
        ]
        self._left = MOST_COLOURINGS

    def orders(self, before: list[int], colours: Sequence[int] = ()) -> Iterator[list[int]]:
        """The orders that begin so; several where nothing tells relations apart."""
        joins = self._joins
        if len(before) == len(joins.nodes):
            yield before
            return
        if len(set(colours)) < len(joins.nodes):
            colours = self._colours(before, colours)
        possible = [i for i in range(len(joins.nodes)) if i not in before and joins.needed[i] <= set(before)]
        ranked = {index: (_rank(joins, index, before), colours[index]) for index in possible}
        best = min(ranked.values())
        for index in possible:
            if ranked[index] == best:
                yield from self.orders([*before, index], colours)

    def _colours(self, before: Sequence[int], last: Sequence[int]) -> Sequence[int]:
        """A number for each relation, the same for those that nothing tells apart; `before` are told by their place."""
        places = {index: place for place, index in enumerate(before)}
        colours = [_number([places.get(index, -1), base]) for index, base in enumerate(self._bases)]
        count = 0
        while len(set(colours)) > count:
            if not self._left:
                return last or colours
            self._left -= 1
            count = len(set(colours))
            colours = [_number([colours[index], seen]) for index, seen in enumerate(_seen(self._statements, colours))]
        return colours


def _seen(statements: Sequence[Statement], colours: Sequence[int]) -> list[list[str]]:
    """For each relation all that is said about it, in terms of colours, it being marked."""
    found: list[list[str]] = [[] for _ in colours]
    for tag, of, expression, mentioned in statements:
        for index in mentioned:
            others = sorted(colours[other] for other in of)
            found[index].append(f"{tag} {others} {index in of} {_said(expression, colours, index)}")
    return [sorted(said) for said in found]


def _statements(joins: Joins) -> Iterator[tuple[str, frozenset[int], Expression]]:
    """All that is said of relations: how, about which besides those of the expression, and the expression."""
    for expression in joins.conjuncts:
        yield "where", frozenset(), expression
    for tag, expression in joins.terms:
        yield tag, frozenset(), expression
    for index, node in enumerate(joins.nodes):
        for expression in node.conditions:
            yield "on", frozenset({index}), expression
        target = joins.units.get(index, node.on_unit)
        if target is not None and target != index:
            yield f"unit {node.kind}", frozenset({index, joins.units.get(target, target)}), TRUE


def _said(expression: Expression, labels: Sequence[int] | Mapping[int, int], marked: int | None = None) -> str:
    """The expression with labels for relations, the same for one that is normalized after such a renumbering."""
    match expression:
        case ColumnRef(relation, column, _):
            return f"{labels[relation]}{'!' if relation == marked else '.'}{column!r}"
        case Call(operator, arguments):
            parts = [_said(argument, labels, marked) for argument in arguments]
            if operator in (">", ">="):
                operator, parts = MIRRORED[operator], parts[::-1]
            return f"{operator}({', '.join(sorted(parts) if operator in _COMMUTING else parts)})"
    return repr(to_json(expression))


def _name(joins: Joins, tried: Sequence[int]) -> tuple[object, ...]:
    """What the query is when its relations stand in this order."""
    places = {index: place for place, index in enumerate(tried)}
    statements = [
        (tag, sorted(places[other] for other in of), _said(expression, places))
        for tag, of, expression in _statements(joins)
    ]
    bases = [canonical_bytes(joins.nodes[index].relation.to_json()) for index in tried]
    return bases, sorted(statements)


def _rank(joins: Joins, index: int, before: Sequence[int]) -> tuple[Fraction | int, ...]:
    """Which relation stands next: what can be compared with those before, and gives the fewest partners, first."""
    if not before:
        return _as_first(joins, index)
    node, kind = joins.nodes[index], _KINDS.index(joins.nodes[index].kind)
    is_early = not joins.wished[index] <= set(before)
    if node.kind != "inner":
        return (is_early, kind)
    placed = frozenset(before)
    parts = [
        part
        for part, mentioned in zip(joins.conjuncts, joins.mentioned, strict=True)
        if index in mentioned and len(mentioned) > 1 and mentioned - {index} <= placed
    ]
    is_on_unit = index in joins.units and any(joins.units.get(other) == joins.units[index] for other in before)
    join = Join(index, "inner", before[0] if is_on_unit else node.on_unit, conjunction(parts))
    return (is_early, kind, not (parts or is_on_unit), joins.facts.partners_at_most(joins.below, join))


def _as_first(joins: Joins, index: int) -> tuple[Fraction | int, ...]:
    """The first relation owns the rows if it has units: the one of which a unit is expected to have most rows.

    Clipping to its norm loses least.
    """
    node = joins.nodes[index]
    if index not in joins.units:
        return (2,)
    if not node.relation.has_unit:
        return (1,)
    below = Below((node.relation,))
    return (0, -joins.facts.rows_norm(below), -joins.facts.groups_norm(below))


def _number(value: object) -> int:
    return int.from_bytes(sha256(repr(value).encode()).digest()[:6])
