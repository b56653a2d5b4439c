"""Window functions over the rows of one unit -> columns of those rows.

A window must be partitioned by the privacy unit: what it sees is one unit's rows, and no other unit's row changes by
it (ATTACKS 14). Ties are broken by the whole row, so that the same rows always give the same values.
"""

from collections.abc import Mapping
from typing import Any, Final

from dp_queries.algebra.expressions import Call, ColumnRef, Expression, Literal
from dp_queries.algebra.relations import Below, Order, UnitAggregate, Window, Windowed, references
from dp_queries.algebra.types import type_of
from dp_queries.layers import below
from dp_queries.layers.per_unit import mean, summed
from dp_queries.layers.scope import Scope, View, fold
from dp_queries.layers.select_items import named_expressions, windows_in
from dp_queries.syntax.parse import Node, exp, rejected

MOST_WINDOWS: Final = 20
MOST_OFFSET: Final = 1_000
_RANKS: Final[Mapping[type[Node], str]] = {
    exp.RowNumber: "row_number",
    exp.Rank: "rank",
    exp.DenseRank: "dense_rank",
}
_VALUES: Final[Mapping[type[Node], str]] = {
    exp.Lag: "lag",
    exp.Lead: "lead",
    exp.FirstValue: "first_value",
    exp.LastValue: "last_value",
}


def windowed(select: Any, rows: Below, scope: Scope) -> View:
    """The view of a SELECT with windows."""
    windows = [window for node in _all(select, scope) for window in _windows(node, scope)]
    names = WindowScope(scope, rows, windows, _held(scope))
    kept = _kept(names, _read(select, names), windows)
    names = WindowScope(scope, rows, windows, kept)
    columns, condition = _read(select, names)
    return View(Below((names.relation,), (), condition), columns)


def _read(select: Any, names: "WindowScope") -> tuple[dict[str, Expression], Expression | None]:
    qualify = select.args.get("qualify")
    return named_expressions(select, names), below.condition(qualify.this, names) if qualify else None


def _held(scope: Scope) -> tuple[ColumnRef, ...]:
    """Every column that the rows have a name for."""
    used = [value for columns in scope.aliases.values() for value in columns.values()]
    return tuple(dict.fromkeys(reference for value in used for reference in references(value)))


def _kept(
    names: "WindowScope", read: tuple[dict[str, Expression], Expression | None], windows: list[Window]
) -> tuple[ColumnRef, ...]:
    """The columns that are used: rows that agree in all of them may be swapped, whatever they hold besides."""
    columns, condition = read
    seen = {reference.column for value in (*columns.values(), condition) for reference in references(value)}
    inside = {reference for window in windows for value in window.expressions() for reference in references(value)}
    return tuple(held for at, held in enumerate(names.columns) if f"c{at}" in seen or held in inside)


def _all(select: Any, scope: Scope) -> list[Any]:
    found = list(windows_in(select))
    if len(found) > MOST_WINDOWS:
        raise rejected(scope.statement.reason(select, "too-many-windows", f"use at most {MOST_WINDOWS} windows"))
    return found


class WindowScope(Scope):
    """Names over rows that carry window columns."""

    def __init__(self, inner: Scope, rows: Below, windows: list[Window], columns: tuple[ColumnRef, ...]) -> None:
        super().__init__(inner.statement, inner.facts_of_relations)
        self._inner, self._windows, self.columns = inner, tuple(dict.fromkeys(windows)), columns
        self.relation = Windowed(rows, columns, self._windows)
        self.sources = [self.relation]
        self.aliases = {alias: self._named(named) for alias, named in inner.aliases.items()}
        self.merged = self._named(inner.merged)

    def _named(self, columns: dict[str, Expression]) -> dict[str, Expression]:
        """The names whose columns are there, over the new relation."""
        return {
            name: self._moved(value)
            for name, value in columns.items()
            if all(reference in self.columns for reference in references(value))
        }

    def _moved(self, value: Expression) -> Expression:
        """The expression over the new relation's columns."""
        if isinstance(value, ColumnRef):
            return ColumnRef(0, f"c{self.columns.index(value)}", value.type)
        if isinstance(value, Call):
            return Call(value.operator, tuple(map(self._moved, value.arguments)))
        return value

    def known(self, node: Any) -> Expression | None:
        """The column of a window; None for everything else."""
        if not isinstance(node, exp.Window):
            return None
        first, *rest = windows = _windows(node, self._inner)
        total, *present = map(self._column, windows)
        return mean(total, present[0], first.aggregate) if rest and first.aggregate else total

    def _column(self, window: Window) -> ColumnRef:
        name = f"w{self._windows.index(window)}"
        return ColumnRef(0, name, self.facts_of_relations.column(self.relation, name).type)


def _windows(node: Any, scope: Scope) -> tuple[Window, ...]:
    """What a window function is computed from: itself, or the sum and the count that an average is made of."""
    over = _defined(node, scope)
    partition = [below.expression(part, scope) for part in over.args.get("partition_by") or []]
    rest = tuple(part for part in partition if not scope.is_unit(part))
    if len(rest) == len(partition):
        message = "a window over rows is partitioned by the privacy unit: OVER (PARTITION BY <unit>, ... ORDER BY ...)"
        raise rejected(scope.statement.reason(node, "window-not-per-unit", message))
    if over.args.get("spec"):
        message = "a frame isn't offered on rows; leave ROWS and RANGE out"
        raise rejected(scope.statement.reason(node, "window-frame", message))
    order = over.args.get("order")
    terms = tuple(_order(term, scope) for term in order.expressions) if order else ()
    return _function(node, scope, rest, terms)


def _defined(node: Any, scope: Scope) -> Any:
    """The node that says partition and order: the window itself, or the one of WINDOW that it names."""
    alias = node.args.get("alias")
    if alias is None:
        return node
    named = node.find_ancestor(exp.Select).args.get("windows") or []
    found = next((window for window in named if fold(window.name) == fold(alias.name)), None)
    if found is None or any(node.args.get(part) for part in ("partition_by", "order", "spec")):
        message = "OVER name takes a window that WINDOW defines, without more"
        raise rejected(scope.statement.reason(node, "window", message))
    return found


def _order(term: Any, scope: Scope) -> Order:
    is_descending = bool(term.args.get("desc"))
    nulls_first = bool(term.args.get("nulls_first"))
    return Order(below.expression(term.this, scope), is_descending, nulls_first)


def _function(
    node: Any, scope: Scope, partition: tuple[Expression, ...], order: tuple[Order, ...]
) -> tuple[Window, ...]:
    function = node.this
    if type(function) in _RANKS:
        return (Window(_RANKS[type(function)], None, None, 0, partition, _needed(node, order, scope)),)
    if type(function) in _VALUES:
        value, offset = below.expression(function.this, scope), _offset(function, scope)
        return (Window(_VALUES[type(function)], None, value, offset, partition, _needed(node, order, scope)),)
    return tuple(
        Window("aggregate", aggregate, None, 0, partition, order) for aggregate in _aggregates(function, scope)
    )


def _needed(node: Node, order: tuple[Order, ...], scope: Scope) -> tuple[Order, ...]:
    if not order:
        raise rejected(scope.statement.reason(node, "window-order", "this window function needs ORDER BY"))
    return order


def _offset(function: Any, scope: Scope) -> int:
    given = function.args.get("offset")
    if function.args.get("default") is not None:
        raise rejected(scope.statement.reason(function, "window-default", "write COALESCE around it for a default"))
    if given is None:
        return 1
    value = below.expression(given, scope)
    if not isinstance(value, Literal) or type(value.value) is not int or not 0 <= value.value <= MOST_OFFSET:
        message = f"an offset is a whole number up to {MOST_OFFSET}"
        raise rejected(scope.statement.reason(function, "window-offset", message))
    return value.value


def _aggregates(function: Any, scope: Scope) -> tuple[UnitAggregate, ...]:
    if isinstance(function, exp.Avg):
        value = below.expression(function.this, scope)
        return summed(function, value, scope), UnitAggregate("present", value)
    return (_aggregate(function, scope),)


def _aggregate(function: Any, scope: Scope) -> UnitAggregate:
    if isinstance(function, exp.Count) and isinstance(function.this, exp.Star):
        return UnitAggregate("count")
    if isinstance(function, exp.Count) and not isinstance(function.this, exp.Distinct):
        return UnitAggregate("present", below.expression(function.this, scope))
    if isinstance(function, exp.Sum):
        return summed(function, below.expression(function.this, scope), scope)
    if isinstance(function, (exp.Min, exp.Max)) and not function.expressions:
        kind = type(function).__name__.lower()
        return UnitAggregate(kind, below.expression(function.this, scope))  # type: ignore[arg-type]  # min or max
    message = (
        "over rows, windows offer ROW_NUMBER, RANK, DENSE_RANK, LAG, LEAD, FIRST_VALUE, LAST_VALUE, and aggregates"
    )
    raise rejected(scope.statement.reason(function, "window-function", message))


__all__ = ["type_of", "windowed"]
