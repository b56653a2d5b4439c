"""EXISTS and IN (SELECT ...) as conditions of WHERE -> semi and anti joins, within the unit or against public rows.

A row of a unit is kept or dropped by public rows and by rows of its own unit alone: a subquery over rows of units must
equate their unit with that of the row outside (ATTACKS 14).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal as OneOf

from dp_queries.algebra.expressions import Call, Expression
from dp_queries.layers import below, normal_form
from dp_queries.layers.scope import Scope, View, fold, item_name
from dp_queries.layers.select_items import is_aggregated, windows_in
from dp_queries.syntax.parse import Node, exp, rejected

ViewOf = Callable[[Node], View]
Kind = OneOf["semi", "anti"]


def add_condition(node: Any, scope: Scope, view_of: ViewOf) -> None:
    """Add one conjunct of WHERE to the scope: a row-level condition, or a subquery as a semi or anti join."""
    is_negated, inner = False, node
    while isinstance(inner, (exp.Not, exp.Paren)):
        is_negated ^= isinstance(inner, exp.Not)
        inner = inner.this
    kind: Kind = "anti" if is_negated else "semi"
    if isinstance(inner, exp.Exists):
        _exists(inner, kind, scope, view_of)
    elif isinstance(inner, exp.In) and inner.args.get("query"):
        _is_in(inner, kind, scope, view_of)
    else:
        scope.conjuncts += normal_form.conjuncts(below.condition(node, scope))


def _exists(node: Any, kind: Kind, scope: Scope, view_of: ViewOf) -> None:
    """A correlated subquery: its WHERE may mention the row outside."""
    select = node.this
    correlated = _Correlated(scope, view_of)
    view, conditions = correlated.read(select)
    _attached(node, view, kind, scope, conditions)


def _is_in(node: Any, kind: Kind, scope: Scope, view_of: ViewOf) -> None:
    """x IN (SELECT y ...): equality as the condition. NOT IN is NULL where either side may be, so it must not be."""
    view = view_of(node.args["query"])
    if len(view.columns) != 1:
        raise rejected(scope.statement.reason(node, "subquery", "IN takes a subquery of one column"))
    left = below.expression(node.this, scope)

    def equality(columns: list[Expression]) -> list[Expression]:
        sides = below.alike(node, left, columns[0], scope)
        if kind == "anti" and any(_may_be_null(side, scope) for side in sides):
            message = "NOT IN is never true where a value is NULL, and here one may be; write NOT EXISTS"
            raise rejected(scope.statement.reason(node, "not-in-null", message))
        return [normal_form.compared("=", *sides)]

    _attached(node, view, kind, scope, equality)


def _may_be_null(expression: Expression, scope: Scope) -> bool:
    return below.facts(expression, scope).is_nullable


def _attached(
    node: Node, view: View, kind: Kind, scope: Scope, conditions: Callable[[list[Expression]], list[Expression]]
) -> None:
    alias = f" {len(scope.sources)}"  # no name of a query begins with a blank
    index = scope.attach(node, alias, view, kind)
    parts = conditions(list(scope.aliases.pop(alias).values()))
    units = [part for part in parts if scope.equated_unit(part, index) is not None]
    if view.has_unit and not units:
        message = "a subquery over rows of privacy units must equate their unit with that of the row outside, by AND"
        raise rejected(scope.statement.reason(node, "subquery-not-on-unit", message))
    on_unit = scope.equated_unit(units[0], index) if units else None
    join = scope.joins[index - 1]
    rest = [*normal_form.conjuncts(join.condition), *(part for part in parts if part not in units[:1])]
    scope.joins[index - 1] = replace(join, on_unit=on_unit, condition=normal_form.conjunction(rest))


class _Correlated:
    """A subquery of EXISTS: FROM and JOIN of its own, and a WHERE over its rows and the row outside."""

    def __init__(self, outer: Scope, view_of: ViewOf) -> None:
        self._outer = outer
        self._view_of = view_of

    def read(self, select: Any) -> tuple[View, Callable[[list[Expression]], list[Expression]]]:
        """The subquery's rows with all their columns, and its WHERE once they are attached to the row outside."""
        outer = self._outer
        if not isinstance(select, exp.Select) or _is_more_than_rows(select):
            message = "EXISTS takes a plain SELECT ... FROM ... WHERE"
            raise rejected(outer.statement.reason(select, "subquery", message))
        if not select.args.get("from_") or select.args.get("joins"):
            raise rejected(outer.statement.reason(select, "subquery", "EXISTS takes one table; join it in a WITH"))
        where = select.args.get("where")
        bare = select.copy()
        bare.set("where", None)
        bare.set("expressions", [exp.Star()])
        view = self._view_of(bare)
        item = select.args["from_"].this

        def conditions(columns: list[Expression]) -> list[Expression]:
            inner = _inner_scope(outer, item, dict(zip(view.columns, columns, strict=True)))
            found: list[Expression] = []
            if where:
                found += normal_form.conjuncts(below.condition(where.this, inner))
            return found

        return view, conditions


def _is_more_than_rows(select: Any) -> bool:
    """Whether a SELECT does more than FROM and WHERE. One with an aggregate always has a row: it is no condition."""
    parts = ("group", "having", "distinct", "limit", "offset", "with_", "qualify")
    return (
        any(select.args.get(part) for part in parts) or is_aggregated(select) or any(True for _ in windows_in(select))
    )


def _inner_scope(outer: Scope, item: Any, columns: dict[str, Expression]) -> Scope:
    """Names inside the subquery: its own first, then those of the row outside."""
    return _Nested(
        statement=outer.statement,
        facts_of_relations=outer.facts_of_relations,
        outer=outer,
        aliases={item_name(item): columns},
        sources=outer.sources,
        joins=outer.joins,
        named=outer.named,
    )


class _Nested(Scope):
    """A scope whose unknown names are those of the row outside (SQL's rule: the innermost name wins)."""

    def find(self, node: exp.Column) -> Expression | None:
        """The column that a name means, here or outside."""
        found = super().find(node)
        if found is None and self.outer is not None and fold(node.table) not in self.aliases:
            return self.outer.find(node)
        return found


__all__ = ["Call", "add_condition"]
