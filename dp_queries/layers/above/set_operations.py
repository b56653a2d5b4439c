"""UNION, INTERSECT and EXCEPT of queries over released and public tables."""

from typing import Any, Final

from dp_queries.algebra.types import NUMBERS
from dp_queries.layers.above.blocks import NODES
from dp_queries.layers.above.fragments import Fragment
from dp_queries.layers.above.names import Named, SourceNames
from dp_queries.layers.above.ordering import order_terms, row_count
from dp_queries.layers.above.queries import MOST_ROWS, AboveQuery, Column, Select, Source, item
from dp_queries.layers.above.writer import Context, Writer
from dp_queries.syntax.parse import Node, exp

_NAMES: Final = {exp.Union: "UNION", exp.Intersect: "INTERSECT", exp.Except: "EXCEPT"}


def write_set_operation(
    node: Any, left: AboveQuery, right: AboveQuery, context: Context, outer: Writer | None = None
) -> AboveQuery:
    """The set operation of two queries, with the ORDER BY and LIMIT that follow it."""
    names = SourceNames(outer)
    writer = Writer(context, NODES, names, level="windows")
    columns = _columns(node, left, right, writer)
    most_rows = left.most_rows + (right.most_rows if isinstance(node, exp.Union) else 0)
    if most_rows > MOST_ROWS:
        raise writer.refusal(node, "too-many-rows", f"a set operation gives at most {MOST_ROWS} rows")
    is_all = not node.args.get("distinct")
    operator = _NAMES[type(node)] + (" ALL" if is_all else "")
    sides = [_cast(side, columns) for side in (left, right)]
    has_noisy_rows = left.has_noisy_rows or right.has_noisy_rows or _depends_on_noise(node, columns)
    source = Source(f"({sides[0]} {operator} {sides[1]})", columns, most_rows, has_noisy_rows=has_noisy_rows)
    named = Named("", context.alias(), source)
    names.sources.append(named)
    return _ordered(node, left, right, named, writer)


def _ordered(node: Any, left: AboveQuery, right: AboveQuery, named: Named, writer: Writer) -> AboveQuery:
    source = named.source
    fragments = [named.column(column) for column in source.columns]
    writer.aliases.update(zip((column.name for column in source.columns), fragments, strict=True))
    order, has_noisy_order = order_terms(node.args.get("order"), fragments, writer)
    limit, offset = (row_count(node.args.get(name), writer) for name in ("limit", "offset"))
    select = Select(
        items=tuple(item(index, fragment) for index, fragment in enumerate(fragments)),
        source=f"{source.sql} AS {named.sql}",
        order=order,
        ties=tuple(f"c{index}" for index in range(len(fragments))),
        limit=limit,
        offset=offset,
    )
    is_distinct = bool(node.args.get("distinct"))
    all_columns = frozenset(column.sql for column in source.columns)
    return AboveQuery(
        select=select,
        loose=Select(items=select.items, source=select.source),
        columns=source.columns,
        most_rows=source.most_rows if limit is None else min(limit, source.most_rows),
        unique=frozenset({all_columns} if is_distinct else ()),
        has_noisy_rows=source.has_noisy_rows or (limit is not None and has_noisy_order),
        tables=left.tables | right.tables,
        work=left.work + right.work + source.most_rows,
        is_correlated=left.is_correlated or right.is_correlated,
    )


def _columns(node: Node, left: AboveQuery, right: AboveQuery, writer: Writer) -> tuple[Column, ...]:
    """The columns by the left side's names, each of one type."""
    if len(left.columns) != len(right.columns):
        raise writer.refusal(node, "set-columns", "both sides of a set operation select as many columns")
    found = []
    for index, (one, other) in enumerate(zip(left.columns, right.columns, strict=True)):
        parts = [Fragment("", one.type), Fragment("", other.type)]
        kind = writer.unified(node, parts)
        found.append(Column(one.name, f"c{index}", kind, one.is_noisy or other.is_noisy))
    return tuple(found)


def _depends_on_noise(node: Node, columns: tuple[Column, ...]) -> bool:
    """Comparing whole rows depends on noisy columns; putting them below each other does not."""
    is_plain = isinstance(node, exp.Union) and not node.args.get("distinct")
    return not is_plain and any(column.is_noisy for column in columns)


def _cast(side: AboveQuery, columns: tuple[Column, ...]) -> str:
    """A side with its numbers as doubles, which are compared alike whatever they were."""
    items = [f"CAST(c{index} AS DOUBLE) AS c{index}" if column.type in NUMBERS else f"c{index}"
             for index, column in enumerate(columns)]  # fmt: skip
    return f"(SELECT {', '.join(items)} FROM ({side.select.inner()}) AS u)"
