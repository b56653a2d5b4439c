"""SELECT a, b AS c FROM (...) without anything else: the query inside, with other columns.

What is asked in a WITH or a subselect and only passed on is the same question, and has the same plan and intervals.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from dp_queries.layers.above.blocks import NODES
from dp_queries.layers.above.names import SourceNames
from dp_queries.layers.above.ordering import output_name, unique_name
from dp_queries.layers.above.queries import AboveQuery, Column, Select
from dp_queries.layers.above.writer import Context, Writer
from dp_queries.layers.scope import fold
from dp_queries.syntax.parse import exp

_MORE: Final = ("joins", "where", "group", "having", "qualify", "windows", "distinct", "order", "limit", "offset")


def projected(select: Any, inner: AboveQuery, alias: str, context: Context) -> AboveQuery | None:
    """The query inside with the columns that the block around it selects; None where the block does more than that."""
    if any(select.args.get(part) for part in _MORE) or _is_cut(inner.select):
        return None
    places = _places(select, inner, alias)
    if not places:
        return None
    writer, taken = Writer(context, NODES, SourceNames()), set[str]()
    columns = [
        replace(inner.columns[at], name=_name(part, inner.columns[at], taken, writer), sql=f"c{index}")
        for index, (part, at) in enumerate(places)
    ]
    chosen = [at for _, at in places]
    return replace(
        inner,
        select=_chosen(inner.select, chosen),
        loose=_chosen(inner.loose, chosen),
        columns=tuple(columns),
        unique=_unique(inner, chosen),
        rowwise=inner.rowwise and replace(inner.rowwise, select=tuple(inner.rowwise.select[at] for at in chosen)),
    )


def _is_cut(select: Select) -> bool:
    """Whether rows, or their order, depend on which columns are selected."""
    return bool(select.distinct or select.order or select.limit is not None or select.offset is not None)


def _places(select: Any, inner: AboveQuery, alias: str) -> list[tuple[Any, int]]:
    """Each item with the place of the column that it is; none where one is not a column."""
    found: list[tuple[Any, int]] = []
    for item in select.expressions:
        if isinstance(item, exp.Star):
            found += [(None, at) for at in range(len(inner.columns))]
            continue
        node = item.unalias()
        is_column = isinstance(node, exp.Column) and not isinstance(node.this, exp.Star)
        name, qualifier = (fold(node.name), fold(node.table)) if is_column else ("", "")
        places = [at for at, column in enumerate(inner.columns) if column.name == name]
        if len(places) != 1 or qualifier not in ("", alias):
            return []
        found.append((item, places[0]))
    return found


def _name(item: Any, column: Column, taken: set[str], writer: Writer) -> str:
    return unique_name(column.name, taken) if item is None else output_name(item, taken, writer)


def _chosen(select: Select, places: Sequence[int]) -> Select:
    """The SELECT with these of its items, numbered anew."""
    items = [select.items[at].rpartition(" AS ")[0] for at in places]
    own = {f"c{index}" for index in range(len(select.items))}
    ties = [tie for tie in select.ties if tie not in own] if select.ties else []
    numbered = tuple(f"c{index}" for index in range(len(places))) if select.ties else ()
    return replace(
        select,
        items=tuple(f"{text} AS c{index}" for index, text in enumerate(items)),
        ties=(*ties, *numbered),
    )


def _unique(inner: AboveQuery, places: Sequence[int]) -> frozenset[frozenset[str]]:
    """The keys of which all columns are still there."""
    named = {inner.columns[at].sql: f"c{index}" for index, at in reversed(list(enumerate(places)))}
    return frozenset(frozenset(named[part] for part in key) for key in inner.unique if key <= named.keys())
