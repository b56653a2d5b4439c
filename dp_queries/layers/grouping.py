"""GROUP BY: what its items mean, a position, an input column, or else an alias of SELECT (PostgreSQL's order).

ROLLUP, CUBE and GROUPING SETS are several groupings of the same rows; each is written out.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, Final

from dp_queries.algebra.expressions import Expression
from dp_queries.layers import below
from dp_queries.layers.scope import Scope, fold
from dp_queries.syntax.parse import Node, exp, rejected

MOST_SETS: Final = 16

Grouping = tuple[Node, ...]
_SETS: Final = (exp.Rollup, exp.Cube, exp.GroupingSets)


def has_sets(select: Any) -> bool:
    """Whether GROUP BY groups the rows in several ways."""
    group = select.args.get("group")
    parts = group.args if group else {}
    if any(parts.get(name) for name in ("rollup", "cube", "grouping_sets")):
        return True
    return any(isinstance(node, _SETS) for node in parts.get("expressions") or [])


def groupings(select: Any, scope: Scope) -> list[Grouping]:
    """The groupings that GROUP BY asks for, those of its items crossed. Raises QueryRejected for too many."""
    group = select.args["group"]
    if any(group.args.get(name) for name in ("rollup", "cube", "grouping_sets")):
        message = "write GROUP BY ROLLUP (a, b), with the keys in brackets"
        raise rejected(scope.statement.reason(group, "grouping-sets", message))
    found: list[Grouping] = [()]
    for node in group.expressions:
        more = list(_of(node, scope))
        if len(found) * len(more) > MOST_SETS:
            raise _too_many(group, scope)
        found = [(*before, *after) for before in found for after in more]
    return found


def _of(node: Any, scope: Scope) -> Iterator[Grouping]:
    """The groupings that one item stands for."""
    if isinstance(node, exp.Rollup):
        parts = [_keys(part) for part in node.expressions]
        yield from (_flat(parts[:count]) for count in range(len(parts), -1, -1))
    elif isinstance(node, exp.Cube):
        parts = [_keys(part) for part in node.expressions]
        if 2 ** len(parts) > MOST_SETS:
            raise _too_many(node, scope)
        counts = range(len(parts), -1, -1)
        yield from (_flat(chosen) for count in counts for chosen in combinations(parts, count))
    elif isinstance(node, exp.GroupingSets):
        for part in node.expressions:
            yield from _of(part, scope)
    else:
        yield _keys(node)


def _keys(node: Any) -> Grouping:
    """The keys that stand and fall together: (a, b)."""
    return tuple(node.expressions) if isinstance(node, exp.Tuple) else (node.unnest(),)


def _flat(parts: Sequence[Grouping]) -> Grouping:
    return tuple(key for part in parts for key in part)


def _too_many(node: Node, scope: Scope) -> Exception:
    message = (
        f"GROUP BY gives at most {MOST_SETS} groupings, which share the epsilon; name them: GROUPING SETS ((a), ())"
    )
    return rejected(scope.statement.reason(node, "too-many-groupings", message))


def meanings(grouping: Grouping, select: Any, scope: Scope) -> Iterator[tuple[Node, Any]]:
    """Each key of a grouping with the expression that it means."""
    for node in grouping:
        yield node, _grouped(node, select, scope)


def group_nodes(select: Any, scope: Scope) -> Iterator[tuple[Node, Any]]:
    """Each item of a GROUP BY with one grouping, with the expression that it means."""
    group = select.args.get("group")
    yield from meanings(tuple(group.expressions) if group else (), select, scope)


def group_keys(select: Any, scope: Scope) -> Iterator[Expression]:
    """The keys of GROUP BY, each once. Groups of single units are grouped in one way only."""
    several = has_sets(select)
    nodes = dict.fromkeys(key for grouping in groupings(select, scope) for key in grouping) if several else None
    found: set[Expression] = set()
    for node, meant in group_nodes(select, scope) if nodes is None else meanings(tuple(nodes), select, scope):
        key = below.expression(meant, scope)
        if several and scope.is_unit(key):
            message = "groups of single units are made in one way: GROUP BY the unit here, and ROLLUP (...) around it"
            raise rejected(scope.statement.reason(node, "grouping-sets", message))
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
