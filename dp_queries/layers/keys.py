"""Group keys of a DP aggregation: with a public domain where there is one, else private."""

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

from dp_queries.algebra.expressions import ColumnRef, Expression, Literal
from dp_queries.algebra.relations import (
    Below,
    Derived,
    PerUnit,
    Relation,
    Scan,
    UnionAll,
    UnitAggregate,
    Windowed,
    references,
)
from dp_queries.algebra.types import type_of
from dp_queries.facts.complete_keys import is_complete
from dp_queries.facts.expressions import facts_of
from dp_queries.facts.partitions import MOST_GROUPS, NoDomain, key_domain, narrowed
from dp_queries.facts.relations import RelationFacts
from dp_queries.layers import below, normal_form
from dp_queries.layers.scope import Scope
from dp_queries.plan import Key
from dp_queries.syntax.parse import Node, rejected


class Keys:
    """Reads the keys of one aggregation block; a key that several groupings have is read once."""

    def __init__(self, rows: Below, scope: Scope) -> None:
        self._rows = rows
        self._scope = scope
        self._met = _met(rows)
        self._known: dict[Expression, Key] = {}

    def of(self, meanings: Iterable[tuple[Node, Any]]) -> tuple[Key, ...]:
        """The keys of a grouping, each once.

        Raises QueryRejected for the privacy unit, and for more groups than we can do.
        """
        found: dict[Expression, Key] = {}
        for node, meant in meanings:
            expression = below.expression(meant, self._scope)
            if expression in found:
                continue
            if expression not in self._known:
                self._known[expression] = _key(node, expression, self._met, self._scope)
            found[expression] = self._known[expression]
            if prod(len(key.domain or (None,)) for key in found.values()) > MOST_GROUPS:
                message = f"there are more than {MOST_GROUPS} groups; use fewer or coarser keys"
                raise rejected(self._scope.statement.reason(node, "too-many-groups", message))
        return tuple(found.values())


def _met(rows: Below) -> tuple[Expression, ...]:
    """What all rows meet: the conditions of WHERE and of inner joins."""
    inner = (join.condition for join in rows.joins if join.kind == "inner")
    return tuple(part for condition in (rows.where, *inner) for part in normal_form.conjuncts(condition))


def _key(node: Node, expression: Expression, met: tuple[Expression, ...], scope: Scope) -> Key:
    if type_of(expression) == "null":
        raise rejected(scope.statement.reason(node, "null-key", "this key is always NULL, one group; leave it out"))
    try:
        domain = key_domain(expression, facts_of(expression, scope.facts), scope.facts, met, scope.effort)
    except NoDomain as refusal:
        if refusal.reason.code != "private-key":
            raise rejected(scope.statement.reason(node, refusal.reason.code, refusal.reason.message)) from None
        return _private(node, expression, refusal.reason.message, scope)
    shown = narrowed(domain, expression, met)
    if not shown:
        raise rejected(scope.statement.reason(node, "no-groups", "the conditions leave none of the groups; widen them"))
    complete = is_complete(expression, scope.sources, scope.facts, met)
    return Key(expression, shown, type_of(expression), is_complete=complete)


def _private(node: Node, expression: Expression, hint: str, scope: Scope) -> Key:
    """A key whose groups are found by partition selection; doubles would be groups of single rows."""
    facts = facts_of(expression, scope.facts)
    if facts.type != "number":
        return Key(expression, None, facts.type)
    step = None if facts.range is None else facts.range.granularity
    if step is None or not counts_steps(expression, scope.sources):
        raise rejected(scope.statement.reason(node, "private-key", hint))
    return Key(expression, None, facts.type, step)


def counts_steps(expression: Expression, sources: Sequence[Relation]) -> bool:
    """Whether a number is kept as integer steps: a table's column or a sum per unit, seen through what stands around.

    What is computed of such is a double to every engine, whatever is known of its granularity.
    """
    if isinstance(expression, Literal):
        return expression.value is None
    return isinstance(expression, ColumnRef) and _is_kept_as_steps(sources[expression.relation], expression.column)


def _is_kept_as_steps(relation: Relation, column: str) -> bool:
    if isinstance(relation, Scan):
        return True
    if isinstance(relation, UnionAll):
        return all(_is_kept_as_steps(part, column) for part in relation.parts)
    made = _made(relation, column)
    if isinstance(made, UnitAggregate):
        made = made.value if made.kind in ("min", "max") else None
    return made is None or counts_steps(made, relation.below.sources)


def _made(relation: Derived | PerUnit | Windowed, column: str) -> Expression | UnitAggregate | None:
    """What a column is made of; None where rows are counted."""
    index = int(column[1:])
    if isinstance(relation, PerUnit):
        return relation.keys[index] if column[0] == "k" else relation.aggregates[index]
    if isinstance(relation, Windowed) and column[0] == "w":
        return relation.windows[index].aggregate or relation.windows[index].value
    return relation.columns[index]


def groups_at_most(rows: Below, keys: tuple[Key, ...], facts: RelationFacts) -> int:
    """How many groups rows can have, by the card's caps: of private keys, no more than rows or declared values."""
    groups = 1
    for key in keys:
        groups *= len(key.domain) if key.domain is not None else _values_at_most(rows, key, facts)
    return groups if all(key.domain is not None for key in keys) else min(groups, facts.rows_at_most(rows))


def _values_at_most(rows: Below, key: Key, facts: RelationFacts) -> int:
    """How many values a private key has at most: as many as its columns have together."""
    most, columns = 1, facts.columns(rows)
    for reference in set(references(key.expression)):
        found, source = columns(reference), rows.sources[reference.relation]
        most *= (found.most_values or min(facts.rows_of(source), facts.rows_at_most(rows))) + found.is_nullable
    return most


def groups_per_unit(rows: Below, keys: tuple[Key, ...], facts: RelationFacts) -> int:
    """In how many groups a unit can be at most."""
    return max(1, min(groups_at_most(rows, keys, facts), facts.rows_per_unit(rows)))
