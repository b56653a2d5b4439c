"""FROM over released and public tables: the join's text, and how many rows it can have at most.

A hash join on a key of one side gives no more rows than the other side has; whatever else may give the product of both.
The bound is public: it decides the slot, and what is beyond it is refused unread (ATTACKS 13, 32).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from dp_queries.layers.above.fragments import Fragment, combined
from dp_queries.layers.above.names import Named, SourceNames
from dp_queries.layers.above.queries import MOST_ROWS, Source
from dp_queries.layers.above.writer import Writer
from dp_queries.layers.scope import fold
from dp_queries.syntax.parse import Node, exp

MOST_JOINS: Final = 8
_SIDES: Final = frozenset({"", "LEFT", "RIGHT", "FULL"})
_KINDS: Final = frozenset({"", "INNER", "OUTER", "CROSS"})

# A column of FROM: the place of its source, and its name in the SQL.
Place = tuple[int, str]
Pair = tuple[Place | None, Place | None]


def write_from(
    select: Any, named: Sequence[tuple[str, Source]], names: SourceNames, writer: Writer
) -> tuple[str, int, frozenset[frozenset[str]]]:
    """The text of FROM, its most rows, and the keys of the first source that stay keys.

    `named`: alias and source of FROM and of each JOIN, in order; they are added to `names`.
    """
    nodes = select.args.get("joins") or []
    if len(nodes) > MOST_JOINS:
        raise writer.refusal(nodes[MOST_JOINS], "too-many-joins", f"join at most {MOST_JOINS} tables")
    text, rows, unique = "", 1, frozenset({frozenset[str]()})
    for place, (alias, source) in enumerate(named):
        node = nodes[place - 1] if place else select
        _add(alias, source, names, writer, node)
        if not place:
            text, rows, unique = _named(names.sources[0]), source.most_rows, source.unique
            continue
        joined, pairs = _joined(node, place, names, writer)
        text += joined
        rows, unique = _bounded(node, place, rows, unique, [*pairs, *_where_pairs(select, names, writer)], names)
        if rows > MOST_ROWS:
            message = f"this join may give up to {rows} rows, {MOST_ROWS} are possible; join on a key of one side"
            raise writer.refusal(node, "too-many-rows", message)
        writer.notes.work += rows
    names.is_complete = True
    return text, rows, unique


def _add(alias: str, source: Source, names: SourceNames, writer: Writer, node: Node) -> None:
    if any(named.alias == alias for named in names.sources):
        raise writer.refusal(node, "duplicate-alias", f"two tables are called {alias}; give one of them another alias")
    names.sources.append(Named(alias, writer.context.alias(), source))
    writer.notes.tables |= source.tables
    writer.notes.work += source.work


def _named(named: Named) -> str:
    return f"{named.source.sql} AS {named.sql}"


def _joined(node: Any, place: int, names: SourceNames, writer: Writer) -> tuple[str, list[Pair]]:
    side, kind = node.side.upper(), node.kind.upper()
    using, condition = node.args.get("using") or [], node.args.get("on")
    if side not in _SIDES or kind not in _KINDS:
        raise writer.refusal(node, "join-kind", "write JOIN, LEFT, RIGHT, FULL or CROSS JOIN")
    source = _named(names.sources[place])
    if not using and condition is None:
        if side:
            raise writer.refusal(node, "join-condition", f"{side} JOIN takes ON or USING")
        return f" CROSS JOIN {source}", []
    pairs = list(_pairs(condition, names, writer)) if condition is not None else []
    parts = [writer.at("rows").condition(condition)] if condition is not None else []
    for identifier in using:
        part, pair = _merged(identifier, side, place, names, writer)
        parts.append(part)
        pairs.append(pair)
    names.is_cut_by_noise |= any(part.is_noisy for part in parts)
    return f" {side or 'INNER'} JOIN {source} ON {' AND '.join(part.sql for part in parts)}", pairs


def _merged(identifier: Any, side: str, place: int, names: SourceNames, writer: Writer) -> tuple[Fragment, Pair]:
    """Equality of the column that both sides have; its bare name means the one that is there."""
    name = fold(identifier.name)
    owners = [
        (index, column)
        for index, named in enumerate(names.sources[: place + 1])
        for column in named.source.columns
        if column.name == name
    ]
    if not owners or owners[-1][0] != place or len(owners) < 2 or (len(owners) > 2 and name not in names.merged):
        message = "USING takes a column that exactly one table before and this one have; write ON instead"
        raise writer.refusal(identifier, "using", message)
    first, last = (names.sources[index].column(column) for index, column in (owners[0], owners[-1]))
    left, right = writer.alike(identifier, names.merged.get(name, first), last)
    both = combined(f"COALESCE({left.sql}, {right.sql})", left.type, left, right)
    names.merged[name] = {"RIGHT": right, "FULL": both}.get(side, left)
    pair = (owners[0][0], owners[0][1].sql), (place, owners[-1][1].sql)
    return combined(f"({left.sql} = {right.sql})", "boolean", left, right), pair


def _pairs(condition: Any, names: SourceNames, writer: Writer) -> Iterator[Pair]:
    """The columns that conjuncts equate; None stands for a constant or a column of the block around."""
    for part in condition.flatten() if isinstance(condition, exp.And) else [condition]:
        inner = part.unnest()
        if isinstance(inner, exp.And):
            yield from _pairs(inner, names, writer)
        elif isinstance(inner, exp.EQ):
            sides = [_place(side, names, writer) for side in (inner.this, inner.expression)]
            if False not in sides:
                yield sides[0] or None, sides[1] or None  # type: ignore[misc]  # False is excluded


def _place(node: Any, names: SourceNames, writer: Writer) -> Place | bool | None:
    """The place of a bare column, None for what no column of FROM decides, False for the rest."""
    node = node.unnest()
    if isinstance(node, exp.Literal):
        return None
    if not isinstance(node, exp.Column) or (not node.table and fold(node.name) in names.merged):
        return False
    found = names.find(node, writer)
    if found is None:
        # While FROM is read, this may be a column of a source that comes later; only then is it one of a block around.
        return None if names.is_complete and names.outer is not None else False
    return names.sources.index(found[0]), found[1].sql


def _where_pairs(select: Any, names: SourceNames, writer: Writer) -> Iterable[Pair]:
    """WHERE narrows inner joins too: FROM a, b WHERE a.k = b.k; with an outer join in between it may not."""
    where = select.args.get("where")
    if where is None or any(node.side for node in select.args.get("joins") or []):
        return ()
    return _pairs(where.this, names, writer)


def _bounded(
    node: Any,
    place: int,
    rows: int,
    unique: frozenset[frozenset[str]],
    pairs: Iterable[Pair],
    names: SourceNames,
) -> tuple[int, frozenset[frozenset[str]]]:
    source, given = names.sources[place].source, list(pairs)
    before = set(range(place))
    has_one_partner = _fixes(source.unique, place, before, given)
    is_one_partner = place == 1 and _fixes(unique, 0, {1}, given)
    most = rows if has_one_partner else source.most_rows if is_one_partner else rows * source.most_rows
    if has_one_partner and is_one_partner:
        most = min(rows, source.most_rows)
    side = node.side.upper()
    most = most + rows * (side in ("LEFT", "FULL") and not has_one_partner)
    most = most + source.most_rows * (side in ("RIGHT", "FULL"))
    keeps = has_one_partner and side in ("", "LEFT")
    return most, unique if keeps else frozenset()


def _fixes(unique: frozenset[frozenset[str]], place: int, others: set[int], pairs: Iterable[Pair]) -> bool:
    """Whether equalities with other sources, or with constants, fix a key of the source at `place`."""
    fixed = set()
    for pair in pairs:
        for mine, other in (pair, pair[::-1]):
            if mine is not None and mine[0] == place and (other is None or other[0] in others):
                fixed.add(mine[1])
    return any(key <= fixed for key in unique)


def fixes_one_row(select: Any, names: SourceNames, writer: Writer) -> bool:
    """Whether WHERE fixes a key of the only source by constants or by columns of the block around."""
    where = select.args.get("where")
    if where is None or len(names.sources) != 1:
        return False
    return _fixes(names.sources[0].source.unique, 0, set(), _pairs(where.this, names, writer))
