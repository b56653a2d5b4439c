"""FROM, JOIN and WHERE -> a scope's relations, keeping the invariant that every row has exactly one privacy unit.

Public rows join on anything (contributions are bounded afterwards), rows of units on the unit, as a conjunct of ON or
WHERE; outer joins preserve rows of units only. Source: DESIGN 3; Wilson et al., "Differentially Private SQL with
Bounded User Contribution", PoPETs 2020, section 3 (joins must equate the owners of rows).
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from dp_queries.algebra.expressions import Expression
from dp_queries.algebra.relations import Below, nesting, scans
from dp_queries.layers import below, normal_form
from dp_queries.layers.scope import Scope, View, fold, item_name
from dp_queries.layers.subqueries import add_condition
from dp_queries.syntax.parse import Node, Statement, rejected

MOST_JOINS: Final = 8
MOST_SOURCES: Final = 48
MOST_NESTED: Final = 24
MOST_JOINED_ROWS: Final = 10**8

ViewOf = Callable[[Node], View]


def fill(select: Any, scope: Scope, view_of: ViewOf) -> Below:
    """Read FROM, JOIN and WHERE into the scope; the rows. Raises QueryRejected with the place."""
    if not select.args.get("from_"):
        raise rejected(scope.statement.reason(select, "no-from", "write FROM with a table of the dataset"))
    items = [select.args["from_"].this, *(node.this for node in select.args.get("joins") or [])]
    nodes = select.args.get("joins") or []
    if len(nodes) > MOST_JOINS:
        raise rejected(scope.statement.reason(nodes[MOST_JOINS], "too-many-joins", f"join at most {MOST_JOINS} tables"))
    views = [view_of(item) for item in items]
    if nodes and _swaps(nodes[0], views):
        _swapped(nodes[0], items, views, scope)
    else:
        scope.melt(items[0], item_name(items[0]), views[0])
        if nodes:
            _join(nodes[0], views[1], scope)
    for node, view in zip(nodes[1:], views[2:], strict=True):
        _join(node, view, scope)
    where = select.args.get("where")
    if where:
        for part in _conjuncts(where.this):
            add_condition(part, scope, view_of)
    scope.arrange()
    return checked(select, scope)


def checked(node: Node, scope: Scope) -> Below:
    """The scope's rows, after checking that units are equated and that the rows have a cap that we can work with."""
    rows = scope.below()
    check_size(node, rows, scope.statement)
    for join in rows.joins:
        source = rows.sources[join.relation]
        if source.has_unit and join.relation != rows.owner and join.on_unit is None:
            message = "rows of privacy units are joined on the unit: JOIN ... ON a.{0} = b.{0}".format(
                _unit_name(scope)
            )
            raise rejected(scope.statement.reason(_joined(node), "join-not-on-unit", message))
    _check_fan_out(node, rows, scope)
    return rows


def check_size(node: Node, rows: Below, statement: Statement) -> None:
    """Refuse rows made of too many tables, counted as often as they are read, or nested too deep (ATTACKS 22)."""
    if sum(1 for _ in islice(scans(rows), MOST_SOURCES + 1)) > MOST_SOURCES:
        message = f"the query reads more than {MOST_SOURCES} tables, subqueries counted; use fewer"
        raise rejected(statement.reason(node, "too-many-joins", message))
    if nesting(rows) > MOST_NESTED:
        raise rejected(
            statement.reason(node, "too-deep", f"rows are nested more than {MOST_NESTED} deep; write it flatter")
        )


def _joined(node: Any) -> Node:
    """Where a SELECT joins: its last JOIN, or itself."""
    joins: list[Node] = node.args.get("joins") or [node]
    return joins[-1]


def _unit_name(scope: Scope) -> str:
    card = scope.facts_of_relations.dataset.card
    return next(table.unit_column for table in card.tables if table.unit_column)


def _check_fan_out(node: Node, rows: Below, scope: Scope) -> None:
    """A larger fan-out than `MOST_JOINED_ROWS` is refused unread (ATTACKS 13)."""
    facts = scope.facts_of_relations
    if all(facts.pairs_at_most(rows, join) == 1 for join in rows.joins):
        return
    most = facts.compared_at_most(rows)
    if most > MOST_JOINED_ROWS:
        message = f"this join may give up to {most} rows; join on a unique key of the table"
        raise rejected(scope.statement.reason(_joined(node), "fan-out", message))


def _join(node: Any, view: View, scope: Scope) -> None:
    kind = _kind(node, scope)
    if kind == "left" and view.has_unit and not scope.has_unit:
        raise rejected(scope.statement.reason(node, "public-preserved", _PRESERVED.format("LEFT")))
    _add(node, node.this, view, kind, scope)


def _add(node: Any, item: Node, view: View, kind: str, scope: Scope) -> None:
    """Join a view with the conditions of `node`."""
    alias = item_name(item)
    if kind == "inner":
        scope.melt(item, alias, view)
        scope.conjuncts += _conditions(node, alias, scope)
        return
    index = scope.attach(item, alias, view, "left")
    parts = list(_conditions(node, alias, scope))
    scope.joins[index - 1] = _conditioned(index, parts, scope)


def _conditioned(index: int, parts: list[Expression], scope: Scope) -> Any:
    """The left join with its ON: unit equality apart, everything else as its condition."""
    units = [part for part in parts if scope.equated_unit(part, index) is not None]
    rest = [part for part in parts if part not in units[:1]]
    on_unit = scope.equated_unit(units[0], index) if units else None
    join = scope.joins[index - 1]
    condition = normal_form.conjunction([*normal_form.conjuncts(join.condition), *rest])
    return replace(join, on_unit=on_unit, condition=condition)


_PRESERVED = "{} JOIN would keep rows of no unit; start with the private table and write LEFT JOIN"


def _swaps(node: Any, views: list[View]) -> bool:
    """a RIGHT JOIN b is b LEFT JOIN a, if only its rows have units."""
    return bool(node.side.upper() == "RIGHT") and views[1].has_unit


def _swapped(node: Any, items: list[Any], views: list[View], scope: Scope) -> None:
    scope.melt(items[1], item_name(items[1]), views[1])
    _add(node, items[0], views[0], "left", scope)
    scope.aliases = dict(reversed(scope.aliases.items()))  # in the order in which * names them


def _kind(node: Any, scope: Scope) -> str:
    side, kind = node.side.upper(), node.kind.upper()
    if side in ("RIGHT", "FULL"):
        raise rejected(scope.statement.reason(node, "public-preserved", _PRESERVED.format(side)))
    if side not in ("", "LEFT") or kind not in ("", "INNER", "OUTER", "CROSS"):
        raise rejected(scope.statement.reason(node, "join-kind", "write JOIN or LEFT JOIN"))
    return "left" if side == "LEFT" else "inner"


def _conjuncts(node: Any) -> Iterator[Any]:
    """The parts of a condition that AND joins, brackets taken off."""
    node = node.unnest()
    if type(node).__name__ != "And":
        yield node
        return
    for part in node.flatten():
        yield from _conjuncts(part)


def _conditions(node: Any, alias: str, scope: Scope) -> Iterator[Expression]:
    for identifier in node.args.get("using") or []:
        yield _using(identifier, alias, scope)
    if node.args.get("on"):
        yield from normal_form.conjuncts(below.condition(node.args["on"], scope))


def _using(identifier: Node, alias: str, scope: Scope) -> Expression:
    """Equality of the column that both sides have; its bare name means the left one from here on."""
    name = fold(identifier.name)
    right = scope.aliases[alias].get(name)
    owners = [held for held, columns in scope.aliases.items() if held != alias and name in columns]
    if right is None or not owners or (len(owners) > 1 and name not in scope.merged):
        message = "USING takes a column that exactly one table before and this one have; write ON instead"
        raise rejected(scope.statement.reason(identifier, "using", message))
    left = scope.merged.get(name) or scope.aliases[owners[0]][name]
    scope.note(left)
    scope.note(right)
    scope.merged[name] = left
    return normal_form.compared("=", *below.alike(identifier, left, right, scope))
