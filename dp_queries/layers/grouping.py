"""GROUP BY: what its items mean, a position, an input column, or else an alias of SELECT (PostgreSQL's order)."""

from collections.abc import Iterator
from typing import Any

from dp_queries.expressions import Expression
from dp_queries.layers import below
from dp_queries.layers.scope import Scope, fold
from dp_queries.parse import Node, exp, rejected


def group_nodes(select: Any, scope: Scope) -> Iterator[tuple[Node, Any]]:
    """Each item of GROUP BY with the expression that it means."""
    group = select.args.get("group")
    parts = group.args if group else {}
    if any(parts.get(name) for name in ("rollup", "cube", "grouping_sets")) or any(
        isinstance(node, (exp.Rollup, exp.Cube, exp.GroupingSets)) for node in parts.get("expressions") or []
    ):
        message = "ROLLUP and its like go around: SELECT k, SUM(n) FROM (SELECT k, COUNT(*) AS n ...) AS t GROUP BY ..."
        raise rejected(scope.statement.reason(select, "grouping-sets", message))
    for node in group.expressions if group else []:
        yield node, _grouped(node, select, scope)


def group_keys(select: Any, scope: Scope) -> Iterator[Expression]:
    """The keys of GROUP BY, each once."""
    found: set[Expression] = set()
    for _, meant in group_nodes(select, scope):
        key = below.expression(meant, scope)
        if key not in found:
            found.add(key)
            yield key


def _grouped(node: Node, select: Any, scope: Scope) -> Any:
    if isinstance(node, exp.Literal) and not node.is_string:
        return select.expressions[position(node, len(select.expressions), scope)].unalias()
    if isinstance(node, exp.Column) and not node.table and scope.find(node) is None:
        for item in select.expressions:
            if isinstance(item, exp.Alias) and fold(item.alias) == fold(node.name):
                return item.unalias()
    return node


def position(node: Any, most: int, scope: Scope) -> int:
    """The index that a number in GROUP BY or ORDER BY means."""
    text = str(node.this)
    if not text.isascii() or not text.isdigit() or len(text) > 4 or not 1 <= int(text) <= most:
        raise rejected(scope.statement.reason(node, "position", f"positions go from 1 to {most}"))
    return int(text) - 1
