"""Group keys of a DP aggregation: with a public domain where there is one, else private."""

from typing import Any

from dp_queries.expression_types import type_of
from dp_queries.expressions import ColumnRef, Expression
from dp_queries.facts import facts_of
from dp_queries.layers import below, normal_form
from dp_queries.layers.grouping import group_nodes
from dp_queries.layers.scope import Scope
from dp_queries.parse import Node, rejected
from dp_queries.partitions import MOST_GROUPS, NoDomain, key_domain, narrowed
from dp_queries.plan import Key
from dp_queries.relation_facts import RelationFacts
from dp_queries.relations import Below, references


def aggregation_keys(select: Any, rows: Below, scope: Scope) -> tuple[Key, ...]:
    """The keys of GROUP BY, each once."""
    keys: list[Key] = []
    for node, meant in group_nodes(select, scope):
        add_key(node, below.expression(meant, scope), keys, rows, scope)
    return tuple(keys)


def add_key(node: Node, expression: Expression, keys: list[Key], rows: Below, scope: Scope) -> None:
    """Add a key unless it is there already. Raises QueryRejected for the unit, and for more groups than we can do."""
    if any(key.expression == expression for key in keys):
        return
    keys.append(_key(node, expression, rows, scope))
    groups = 1
    for key in keys:
        groups *= len(key.domain or (None,))
    if groups > MOST_GROUPS:
        message = f"there are more than {MOST_GROUPS} groups; use fewer or coarser keys"
        raise rejected(scope.statement.reason(node, "too-many-groups", message))


def _key(node: Node, expression: Expression, rows: Below, scope: Scope) -> Key:
    met = _met(rows)
    try:
        domain = key_domain(expression, facts_of(expression, scope.facts), scope.facts, met, scope.effort)
    except NoDomain as refusal:
        if refusal.reason.code != "private-key":
            raise rejected(scope.statement.reason(node, refusal.reason.code, refusal.reason.message)) from None
        return _private(node, expression, refusal.reason.message, scope)
    shown = narrowed(domain, expression, met)
    if not shown:
        raise rejected(scope.statement.reason(node, "no-groups", "the conditions leave none of the groups; widen them"))
    return Key(expression, shown, type_of(expression))


def _met(rows: Below) -> list[Expression]:
    """The conditions that every row meets: those of WHERE, of which inner joins hold some."""
    held = (rows.where, *(join.condition for join in rows.joins if join.kind == "inner"))
    return [part for condition in held for part in normal_form.conjuncts(condition)]


def _private(node: Node, expression: Expression, hint: str, scope: Scope) -> Key:
    """A key whose groups are found by partition selection; doubles would be groups of single rows."""
    facts = facts_of(expression, scope.facts)
    if facts.type != "number":
        return Key(expression, None, facts.type)
    step = None if facts.range is None else facts.range.granularity
    if not isinstance(expression, ColumnRef) or step is None:
        raise rejected(scope.statement.reason(node, "private-key", hint))
    return Key(expression, None, facts.type, step)


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
