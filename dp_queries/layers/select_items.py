"""The items of a SELECT over rows: their names, what * stands for, and which of them hold aggregates or windows."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from dp_queries.algebra.expressions import Expression
from dp_queries.layers import below
from dp_queries.layers.function_names import function_name
from dp_queries.layers.scope import Scope, ambiguous, fold
from dp_queries.syntax.parse import Node, exp

AGGREGATES: Final = (exp.AggFunc, exp.WithinGroup, exp.Filter)


def named_expressions(select: Any, scope: Scope) -> dict[str, Expression]:
    """The columns of a SELECT over rows by name, * written out; those that share a name are there without one."""
    found = [pair for place, item in enumerate(select.expressions) for pair in _expanded(item, place, scope)]
    names = Counter(name for name, _ in found)
    return {
        name if names[name] == 1 else ambiguous(name, place): expression
        for place, (name, expression) in enumerate(found)
    }


def _expanded(item: Any, place: int, scope: Scope) -> Iterator[tuple[str, Expression]]:
    if isinstance(item, exp.Star):
        yield from scope.all_columns()
    elif isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
        yield from scope.all_columns(fold(item.table))
    else:
        yield item_name(item, place), below.expression(item.unalias(), scope)


def item_name(item: Any, place: int) -> str:
    """The name of a SELECT item for those who read it: its alias, the column's own, its function's, or its place."""
    if isinstance(item, (exp.Alias, exp.Column)):
        return fold(item.alias_or_name)
    return function_name(item) or f"column{place + 1}"


def aggregates_in(node: Node | None) -> Iterator[Node]:
    """The aggregates of this block in a node: not those of windows, nor of subqueries inside."""
    if node is None or isinstance(node, (exp.Select, exp.SetOperation)):
        return
    if isinstance(node, exp.Window):
        for argument in node.iter_expressions():
            # SUM(COUNT(*)) OVER (...): the window's own function is no aggregate of the block, what it takes may be.
            inner = list(argument.iter_expressions()) if isinstance(argument, AGGREGATES) else [argument]
            yield from (found for piece in inner for found in aggregates_in(piece))
        return
    if isinstance(node, AGGREGATES):
        yield node
        return
    for part in node.iter_expressions():
        yield from aggregates_in(part)


def is_aggregated(select: Any) -> bool:
    """Whether the block groups rows: by GROUP BY, or because it holds aggregates."""
    if select.args.get("group") or select.args.get("having"):
        return True
    return any(True for item in select.expressions for _ in aggregates_in(item))


def windows_in(select: Any) -> Iterator[Any]:
    """The windows of a block's items and of its QUALIFY, not those of subqueries inside."""
    pending: list[Any] = [*select.expressions, select.args.get("qualify")]
    while pending:
        node = pending.pop(0)
        if node is None or isinstance(node, (exp.Select, exp.SetOperation)):
            continue
        if isinstance(node, exp.Window):
            yield node
        else:
            pending = [*node.iter_expressions(), *pending]
