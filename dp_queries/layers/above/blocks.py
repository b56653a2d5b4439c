"""SELECT blocks over released tables: the block of a DP aggregation itself, and blocks over such and public tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from dp_queries.layers.above.aggregates import GROUPED
from dp_queries.layers.above.fragments import Fragment, typed
from dp_queries.layers.above.functions import CALLS
from dp_queries.layers.above.groups import write_groups
from dp_queries.layers.above.joins import fixes_one_row, write_from
from dp_queries.layers.above.moments import TIMES
from dp_queries.layers.above.names import AggregationNames, SourceNames
from dp_queries.layers.above.operators import OPERATORS
from dp_queries.layers.above.ordering import order_terms, output_name, row_count, unique_name
from dp_queries.layers.above.queries import AboveQuery, Column, Select, Source, item
from dp_queries.layers.above.subqueries import SUBQUERIES, comparisons
from dp_queries.layers.above.windows import WINDOWS
from dp_queries.layers.above.writer import Context, Translate, Writer
from dp_queries.layers.scope import fold
from dp_queries.post_processing import Rowwise
from dp_queries.syntax.parse import Node, exp

NODES: Final[Mapping[type[Node], Translate]] = {
    **GROUPED,
    **OPERATORS,
    **CALLS,
    **TIMES,
    **WINDOWS,
    **SUBQUERIES,
    **comparisons(OPERATORS),
}
MOST_HIDDEN: Final = 20


@dataclass(frozen=True)
class _From:
    """What a block's rows are: the text of FROM, how many at most, their keys, and which fragments tell them apart."""

    text: str
    most_rows: int
    unique: frozenset[frozenset[str]]
    identity: tuple[Fragment, ...]
    group: str | None = None
    where: Fragment | None = None
    is_released: bool = False  # a released table as it is: its groups are rows, and HAVING chooses among them
    ranks: Sequence[tuple[str, str]] = ()  # of a released table's keys, in its order, what they are ordered by


def write_aggregation_block(
    select: Any,
    names: AggregationNames,
    context: Context,
    *,
    table: str,
    most_rows: int,
    united: frozenset[str] = frozenset(),
    ranks: Sequence[tuple[str, str]] = (),
) -> AboveQuery:
    """The block of a DP aggregation, whose released table is `table` with `most_rows` groups at most.

    Of several groupings, `table` is a subquery over the tables `united`, and a key's NULL may mean that it is left out.
    `ranks`: of each key what its groups are ordered by, for rows to come in the order of the selected keys.

    WHERE, JOIN and GROUP BY were read below; here SELECT, HAVING, QUALIFY, ORDER BY, LIMIT and DISTINCT are.
    """
    context.count_block(select)
    writer = Writer(context, NODES, names, level="windows", windows=_windows(select))
    writer.notes.tables |= united or {table}
    writer.notes.work += most_rows * (2 if united else 1)
    group = Fragment(f"{names.alias}.g", "integer")
    keys = {f'{names.alias}."k{index}"' for index in range(len(names.keys))}
    unique = frozenset[frozenset[str]]() if united else frozenset({frozenset(keys)})
    rows = _From(f"{table} AS {names.alias}", most_rows, unique, (group,), is_released=True, ranks=ranks)
    found = _block(select, writer, rows)
    is_rowwise = not (united or writer.notes.has_windows or writer.notes.has_subqueries or found.select.distinct)
    if not is_rowwise:
        return found
    items = tuple(text.rpartition(" AS ")[0] for text in found.select.items)
    return replace(found, rowwise=Rowwise(rows.text, items))


def write_block(
    select: Any, named: Sequence[tuple[str, Source]], context: Context, outer: Writer | None = None
) -> AboveQuery:
    """A block over the sources of its FROM and JOINs (alias and source, in order); `outer` is the block around it."""
    context.count_block(select)
    names = SourceNames(outer)
    writer = Writer(context, NODES, names, windows=_windows(select))
    text, most_rows, unique = write_from(select, named, names, writer)
    where = select.args.get("where")
    condition = writer.condition(where.this) if where else None
    if fixes_one_row(select, names, writer):
        most_rows, unique = 1, frozenset({frozenset[str]()})
    if condition is not None:
        names.is_cut_by_noise |= condition.is_noisy
    identity = tuple(found for _, found in names.expanded("") if not found.is_noisy)
    visible = frozenset(frozenset(f'{names.sources[0].sql}."{column}"' for column in key) for key in unique if named)
    rows = _From(text, most_rows, visible, identity, where=condition)
    if _is_grouped(select):
        return _grouped(select, writer, names, rows)
    return _block(select, writer.at("windows"), rows)


def _is_grouped(select: Any) -> bool:
    """Whether rows become groups: by GROUP BY, HAVING, or an aggregate that is no window and of this block."""
    if select.args.get("group") or select.args.get("having"):
        return True
    parts = [*select.expressions, *(select.args.get(name) for name in ("order", "qualify") if select.args.get(name))]
    return any(_has_aggregate(part) for part in parts)


def _has_aggregate(node: Any) -> bool:
    """A window's own function is no aggregate of the block; what it takes may be."""
    if isinstance(node, (exp.Query, exp.Subquery)):
        return False
    if isinstance(node, exp.Window):
        core = node.this.this if isinstance(node.this, (exp.Filter, exp.IgnoreNulls)) else node.this
        inner = [*core.iter_expressions(), *(node.args.get("partition_by") or []), node.args.get("order")]
        return any(_has_aggregate(part) for part in inner if part is not None)
    if type(node) in GROUPED and not isinstance(node, exp.Grouping):
        return True
    return any(_has_aggregate(part) for part in node.iter_expressions())


def _grouped(select: Any, writer: Writer, names: SourceNames, rows: _From) -> AboveQuery:
    groups = write_groups(select, writer, names)
    most_rows = groups.most(rows.most_rows)
    keys = frozenset(key.sql for key in groups.keys)
    unique = frozenset({keys}) if groups.sets == 1 else frozenset[frozenset[str]]()
    identity = tuple(key for key in groups.keys if not key.is_noisy)
    inner = _From(rows.text, most_rows, unique, identity, groups.text, rows.where)
    writer.notes.work += rows.most_rows * groups.sets
    return _block(select, replace(writer, level="windows", is_grouped=True), inner)


def _block(select: Any, writer: Writer, rows: _From) -> AboveQuery:
    fragments, columns = _selected(select, writer)
    # After SELECT, whose aliases it may name.
    having = writer.at("groups").condition(select.args["having"].this) if select.args.get("having") else None
    if having is not None and having.is_noisy:
        columns = tuple(map(_of_chosen_groups, columns, fragments))
    if rows.is_released:
        rows, having = replace(rows, where=having), None
    qualify = select.args.get("qualify")
    qualified = writer.condition(qualify.this) if qualify else None
    order, has_noisy_order = order_terms(select.args.get("order"), fragments, writer)
    distinct, is_cut = _distinct(select, fragments, writer)
    if distinct:
        order = _of_selected(select, order, fragments, writer) if distinct == "DISTINCT " else order
    limit, offset = (row_count(select.args.get(name), writer) for name in ("limit", "offset"))
    ties = tuple(f"c{index}" for index in range(len(columns)))
    whole = Select(
        items=tuple(item(index, fragment) for index, fragment in enumerate(fragments)),
        source=rows.text,
        where=_sql(rows.where),
        group=rows.group,
        having=_sql(having),
        qualify=_sql(qualified),
        distinct=distinct,
        order=order,
        ties=(*_identity_ties(rows, fragments, distinct), *ties),
        limit=limit,
        offset=offset,
        identity=() if distinct else tuple(part.sql for part in rows.identity[:MOST_HIDDEN]),
    )
    conditions = [part for part in (rows.where, having, qualified) if part is not None]
    is_limited = limit is not None or offset is not None or distinct.startswith("DISTINCT ON")
    noisy = writer.names.has_noisy_rows or any(part.is_noisy for part in conditions) or (is_limited and has_noisy_order)
    most_rows = rows.most_rows if limit is None else min(limit, rows.most_rows)
    notes = writer.notes
    return AboveQuery(
        select=whole,
        loose=_loose(whole, writer, rows.where, having, qualified),
        columns=columns,
        most_rows=most_rows,
        unique=_selected_keys(rows.unique, fragments, most_rows, is_distinct=distinct == "DISTINCT "),
        has_noisy_rows=noisy or is_cut,
        tables=frozenset(notes.tables),
        work=notes.work + rows.most_rows * (1 + notes.row_work),
        is_correlated=notes.is_correlated,
    )


def _of_chosen_groups(column: Column, fragment: Fragment) -> Column:
    """A window counts the groups that HAVING has left: with a noisy HAVING it is noisy."""
    return replace(column, is_noisy=column.is_noisy or " OVER (" in fragment.sql)


def _sql(condition: Fragment | None) -> str | None:
    return None if condition is None else condition.sql


def _selected(select: Any, writer: Writer) -> tuple[list[Fragment], tuple[Column, ...]]:
    """The selected fragments and columns, * written out."""
    fragments: list[Fragment] = []
    names: list[str] = []
    taken = set[str]()
    for part in select.expressions:
        starred = _starred(part, writer)
        if starred is not None:
            fragments += [typed(fragment) for _, fragment in starred]
            names += [unique_name(name, taken) for name, _ in starred]
            continue
        fragment, is_windowed = _noted(part, writer)
        fragments.append(fragment)
        names.append(output_name(part, taken, writer))
        if isinstance(part, exp.Alias) and fold(part.alias) not in writer.aliases:
            writer.aliases[fold(part.alias)] = fragment
            writer.windowed.update([fold(part.alias)] if is_windowed else [])
    columns = [
        Column(name, f"c{index}", fragment.type, fragment.is_noisy)
        for index, (name, fragment) in enumerate(zip(names, fragments, strict=True))
    ]
    return fragments, tuple(columns)


def _noted(part: Any, writer: Writer) -> tuple[Fragment, bool]:
    """A selected fragment, and whether it has a window."""
    notes, before = writer.notes, writer.notes.has_windows
    notes.has_windows = False
    fragment = typed(writer.write(part.unalias()))
    is_windowed, notes.has_windows = notes.has_windows, notes.has_windows or before
    return fragment, is_windowed


def _starred(part: Any, writer: Writer) -> list[tuple[str, Fragment]] | None:
    is_qualified = isinstance(part, exp.Column) and isinstance(part.this, exp.Star)
    if not isinstance(part, exp.Star) and not is_qualified:
        return None
    if not isinstance(writer.names, SourceNames) or writer.is_grouped:
        raise writer.refusal(part, "star", "name the columns here; * stands for those of released or public tables")
    found = writer.names.expanded(fold(part.table) if is_qualified else "")
    if not found:
        raise writer.refusal(part, "unknown-table", "no table of FROM has this name or alias")
    return found


def _distinct(select: Any, fragments: list[Fragment], writer: Writer) -> tuple[str, bool]:
    """DISTINCT as text, and whether noise decides which rows it keeps."""
    node = select.args.get("distinct")
    if node is None:
        return "", False
    if node.args.get("on") is None:
        return "DISTINCT ", any(fragment.is_noisy for fragment in fragments)
    parts = [writer.write(part) for part in getattr(node.args["on"], "expressions", None) or [node.args["on"]]]
    return f"DISTINCT ON ({', '.join(part.sql for part in parts)}) ", any(part.is_noisy for part in parts)


def _of_selected(select: Any, order: tuple[str, ...], fragments: list[Fragment], writer: Writer) -> tuple[str, ...]:
    """ORDER BY of SELECT DISTINCT names selected columns only: others have no one value."""
    found = []
    for term in order:
        places = [index for index, fragment in enumerate(fragments) if term.startswith(f"{fragment.sql} ")]
        if not places:
            raise writer.refusal(select, "order-distinct", "ORDER BY of SELECT DISTINCT takes selected columns")
        sql = fragments[places[0]].sql
        found.append(f"c{places[0]}{term[len(sql) :]}")
    return tuple(found)


def _identity_ties(rows: _From, fragments: list[Fragment], distinct: str) -> tuple[str, ...]:
    """What breaks ties before the selected columns do: what tells rows apart without noise."""
    if distinct == "DISTINCT ":
        return ()
    return (*_in_selected_order(rows, fragments), *(part.sql for part in rows.identity[:MOST_HIDDEN]))


def _in_selected_order(rows: _From, fragments: list[Fragment]) -> tuple[str, ...]:
    """The ranks of selected keys, unless the table lies in that order."""
    ranks = dict(rows.ranks)
    found = tuple(dict.fromkeys(ranks[part.sql] for part in fragments if part.sql in ranks))
    return () if found == tuple(ranks.values())[: len(found)] else found


def _loose(
    whole: Select, writer: Writer, where: Fragment | None, having: Fragment | None, qualify: Fragment | None
) -> Select:
    """The SELECT with all its rows: no LIMIT, and no noisy condition on rows that are finished."""
    is_final_where = whole.group is None and not writer.notes.has_windows
    return replace(
        whole,
        where=None if where is not None and where.is_noisy and is_final_where else whole.where,
        having=None if having is not None and having.is_noisy and not writer.notes.has_windows else whole.having,
        qualify=None if qualify is not None and qualify.is_noisy else whole.qualify,
        order=(),
        ties=(),
        limit=None,
        offset=None,
    )


def _selected_keys(
    unique: frozenset[frozenset[str]], fragments: list[Fragment], most_rows: int, *, is_distinct: bool
) -> frozenset[frozenset[str]]:
    """The keys of the rows, by the columns that show them; {} when there is one row at most."""
    if most_rows <= 1:
        return frozenset({frozenset[str]()})
    shown = {fragment.sql: f"c{index}" for index, fragment in reversed(list(enumerate(fragments)))}
    found = {frozenset(shown[part] for part in key) for key in unique if key <= shown.keys()}
    if is_distinct:
        found.add(frozenset(f"c{index}" for index in range(len(fragments))))
    return frozenset(found)


def _windows(select: Any) -> dict[str, Any]:
    """The windows that WINDOW names."""
    return {window.this.name: window for window in select.args.get("windows") or []}
