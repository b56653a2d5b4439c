"""Subqueries over released and public tables as values and conditions; they may use names of the block around them."""

from collections.abc import Mapping
from typing import Any, Final

from dp_queries.algebra.types import are_comparable
from dp_queries.layers.above.fragments import Fragment
from dp_queries.layers.above.operators import in_list
from dp_queries.layers.above.queries import AboveQuery
from dp_queries.layers.above.writer import Translate, Writer
from dp_queries.layers.below import COMPARISONS
from dp_queries.syntax.parse import Node, exp


def _read(writer: Writer, node: Any) -> AboveQuery:
    """The query in the brackets; what it reads and costs is counted for the block around it."""
    found = writer.context.resolve(node, writer)
    notes = writer.notes
    notes.tables |= found.tables
    notes.has_subqueries = True
    if found.is_correlated:
        notes.row_work += found.work
    else:
        notes.work += found.work
    return found


def _is_noisy(found: AboveQuery) -> bool:
    return found.has_noisy_rows or any(column.is_noisy for column in found.columns)


def _one_column(writer: Writer, node: Node, found: AboveQuery) -> None:
    if len(found.columns) != 1:
        raise writer.refusal(node, "subquery-columns", "a subquery used as a value selects one column")


def _value(writer: Writer, node: Any) -> Fragment:
    found = _read(writer, node)
    _one_column(writer, node, found)
    if found.most_rows > 1:
        message = "this subquery may give several rows; aggregate it, add LIMIT 1, or fix all its keys by ="
        raise writer.refusal(node, "subquery-rows", message)
    return Fragment(f"({found.select.inner()})", found.columns[0].type, _is_noisy(found))


def _exists(writer: Writer, node: Any) -> Fragment:
    found = _read(writer, node.this)
    return Fragment(f"EXISTS ({found.select.inner()})", "boolean", found.has_noisy_rows)


def _in(writer: Writer, node: Any) -> Fragment:
    query = node.args.get("query")
    return in_list(writer, node) if query is None else _compared(writer, node, "IN", query)


def _quantified(writer: Writer, node: Any) -> Fragment | None:
    """`x > ALL (SELECT ...)`, `x = ANY (SELECT ...)`."""
    if not isinstance(node.expression, (exp.All, exp.Any)):
        return None
    name = "ALL" if isinstance(node.expression, exp.All) else "ANY"
    return _compared(writer, node, f"{COMPARISONS[type(node)]} {name}", node.expression.this)


def _compared(writer: Writer, node: Any, operator: str, query: Node) -> Fragment:
    if isinstance(node.this, exp.Tuple):
        raise writer.refusal(node, "row", "rows in brackets aren't compared; write EXISTS with one = for each column")
    left, found = writer.write(node.this), _read(writer, query)
    _one_column(writer, query, found)
    if not are_comparable(left.type, found.columns[0].type):
        message = f"{left.type} can't be compared with {found.columns[0].type}"
        raise writer.refusal(node, "types-differ", message)
    sql = f"({left.sql} {operator} ({found.select.inner()}))"
    return Fragment(sql, "boolean", left.is_noisy or _is_noisy(found))


def comparisons(plain: Mapping[type[Node], Translate]) -> dict[type[Node], Translate]:
    """The comparisons of `plain`, with ALL and ANY."""

    def either(kind: type[Node]) -> Translate:
        return lambda writer, node: _quantified(writer, node) or plain[kind](writer, node)

    return {kind: either(kind) for kind in COMPARISONS}


SUBQUERIES: Final[Mapping[type[Node], Translate]] = {
    exp.Subquery: _value,
    exp.Exists: _exists,
    exp.In: _in,
}
