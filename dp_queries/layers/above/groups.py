"""GROUP BY over released and public tables, with ROLLUP, CUBE and GROUPING SETS."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from dp_queries.layers.above.fragments import Fragment, typed
from dp_queries.layers.above.names import SourceNames
from dp_queries.layers.above.ordering import position
from dp_queries.layers.above.writer import Writer
from dp_queries.layers.scope import fold
from dp_queries.syntax.parse import exp

MOST_SETS: Final = 64
MOST_KEYS: Final = 20
_CONSTANT: Final = "TRUE"  # any one: it groups nothing, but holds its place among groupings


@dataclass(frozen=True)
class Groups:
    """The keys, the text of GROUP BY (None for one group of all rows), and how many times rows are grouped."""

    keys: tuple[Fragment, ...]
    text: str | None
    sets: int

    def most(self, rows: int) -> int:
        """How many groups there are at most."""
        return max(1, rows) * self.sets if self.text is not None else 1


def write_groups(select: Any, writer: Writer, names: SourceNames) -> Groups:
    """Read GROUP BY; the keys are known to `names` from then on."""
    node = select.args.get("group")
    if node is None:
        return Groups((), None, 1)
    texts, sets = [], 1
    for part in node.expressions:
        text, times = _part(part, select, writer, names)
        texts.append(text)
        sets *= times
    if sets > MOST_SETS or len(names.grouped) > MOST_KEYS:
        message = f"GROUP BY has at most {MOST_KEYS} keys, in at most {MOST_SETS} groupings"
        raise writer.refusal(node, "too-many-groupings", message)
    kept = [text for text in texts if text]
    # A constant groups nothing; a group of none at all is one group, even of no rows, which "()" says.
    return Groups(tuple(names.grouped), ", ".join(kept) or "()", sets)


def _part(node: Any, select: Any, writer: Writer, names: SourceNames) -> tuple[str, int]:
    if isinstance(node, exp.Rollup):
        parts = _listed(node.expressions, select, writer, names)
        return f"ROLLUP ({', '.join(parts)})", len(parts) + 1
    if isinstance(node, exp.Cube):
        parts = _listed(node.expressions, select, writer, names)
        return f"CUBE ({', '.join(parts)})", 2 ** min(len(parts), 7)
    if isinstance(node, exp.GroupingSets):
        parts = [_set(part, select, writer, names) for part in node.expressions]
        return f"GROUPING SETS ({', '.join(parts)})", len(parts)
    return _key(node, select, writer, names), 1


def _listed(nodes: list[Any], select: Any, writer: Writer, names: SourceNames) -> list[str]:
    return [_set(node, select, writer, names) if isinstance(node, exp.Tuple) else
            _key(node, select, writer, names) or _CONSTANT for node in nodes]  # fmt: skip


def _set(node: Any, select: Any, writer: Writer, names: SourceNames) -> str:
    inner = node.expressions if isinstance(node, exp.Tuple) else [node.unnest()]
    return f"({', '.join(_key(part, select, writer, names) or _CONSTANT for part in inner)})"


def _key(node: Any, select: Any, writer: Writer, names: SourceNames) -> str:
    """A key's SQL, "" for a constant. A name means an input column first, then an alias, as in PostgreSQL."""
    found = typed(writer.at("rows").write(_meant(node, select, writer, names)))
    if found.is_constant:
        return ""
    if found.sql not in {key.sql for key in names.grouped}:
        names.grouped.append(replace(found))
    return found.sql


def _meant(node: Any, select: Any, writer: Writer, names: SourceNames) -> Any:
    if isinstance(node, exp.Literal) and not node.is_string:
        return select.expressions[position(node, len(select.expressions), writer)].unalias()
    is_free = isinstance(node, exp.Column) and not node.table and fold(node.name) not in names.merged
    if is_free and names.find(node, writer) is None:
        return next(_aliased(node, select), node)
    return node


def _aliased(node: Any, select: Any) -> Iterator[Any]:
    for item in select.expressions:
        if isinstance(item, exp.Alias) and fold(item.alias) == fold(node.name):
            yield item.unalias()
