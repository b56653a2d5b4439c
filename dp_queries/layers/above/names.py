"""What names mean above: in the block of a DP aggregation its keys and aggregates, elsewhere columns of its sources."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dp_queries.algebra.expressions import Expression
from dp_queries.errors import QueryRejected
from dp_queries.layers.above.fragments import Fragment
from dp_queries.layers.above.queries import Column, Source
from dp_queries.layers.above.writer import Writer
from dp_queries.layers.scope import fold
from dp_queries.plan import Key
from dp_queries.syntax.parse import Node, exp

# What no key can contain: such a node is read by its parts.
_ABOVE_ONLY = (exp.AggFunc, exp.Window, exp.Query, exp.Subquery, exp.Exists)


@dataclass(frozen=True)
class AggregationNames:
    """Names in the block of a DP aggregation.

    `row_level` translates a node over rows (raising QueryRejected where it can't), `aggregate` gives the number and
    type of the DP aggregate that a node is, None for what is none. `alias` is the released table's name in the SQL.
    """

    alias: str
    keys: Sequence[Key]
    row_level: Callable[[Node], Expression]
    aggregate: Callable[[Node], tuple[int, str] | None]
    is_selected_by_noise: bool = False

    @property
    def has_noisy_rows(self) -> bool:
        """With private keys, noise selects the groups."""
        return self.is_selected_by_noise

    def meaning(self, node: Node, writer: Writer) -> Fragment | None:
        """A DP aggregate, a key, or a selected column's alias."""
        found = None if isinstance(node, exp.Window) else self.aggregate(node)
        if found is not None:
            writer.notes.has_aggregates = True
            return Fragment(f'{self.alias}."a{found[0]}"', found[1], is_noisy=True)
        key = self._key(node)
        if key is not None or not isinstance(node, exp.Column):
            return key
        return self._named(node, writer)

    def _named(self, node: exp.Column, writer: Writer) -> Fragment:
        alias = None if node.table else writer.aliased(node)
        if alias is not None:
            return alias
        self.row_level(node)  # a name that means nothing is refused as such
        raise writer.refusal(node, "bare-column", "rows never leave the room; aggregate this column, or GROUP BY it")

    def _key(self, node: Node) -> Fragment | None:
        if not self.keys or not node.find(exp.Column) or node.find(*_ABOVE_ONLY):
            return None
        try:
            expression = self.row_level(node)
        except QueryRejected:
            return None
        for index, key in enumerate(self.keys):
            if key.expression == expression:
                return Fragment(f'{self.alias}."k{index}"', key.type)
        return None


@dataclass(frozen=True)
class Named:
    """A source of FROM under the query's alias, and under its own in the SQL."""

    alias: str
    sql: str
    source: Source

    def column(self, column: Column) -> Fragment:
        """A column of the source."""
        return Fragment(f'{self.sql}."{column.sql}"', column.type, column.is_noisy)


@dataclass
class SourceNames:
    """Names in a block over released and public tables. `outer` is the block around it, whose names may be used too.

    `merged`: what the columns of USING mean; `grouped`: the group keys, once they are known; `is_complete`: all of FROM
    is read.
    """

    outer: Writer | None = None
    sources: list[Named] = field(default_factory=list)
    merged: dict[str, Fragment] = field(default_factory=dict)
    grouped: list[Fragment] = field(default_factory=list)
    is_cut_by_noise: bool = False
    is_complete: bool = False

    @property
    def has_noisy_rows(self) -> bool:
        """Whether noise decides which rows there are."""
        return self.is_cut_by_noise or any(named.source.has_noisy_rows for named in self.sources)

    def meaning(self, node: Node, writer: Writer) -> Fragment | None:
        """A group key as a whole, or a column."""
        if writer.level != "rows" and writer.is_grouped:
            key = self._group_key(node, writer)
            if key is not None:
                return key
            if isinstance(node, exp.Grouping):
                self._check_keys(node.expressions, writer)
        return self._column(node, writer) if isinstance(node, exp.Column) else None

    def _check_keys(self, nodes: Iterable[Node], writer: Writer) -> None:
        """GROUPING of anything else is an error of the engine, which would come too late."""
        known = {key.sql for key in self.grouped}
        for node in nodes:
            if replace(writer, level="rows").write(node).sql not in known:
                raise writer.refusal(node, "grouping", "GROUPING takes keys of this GROUP BY")

    def find(self, node: Any, writer: Writer) -> tuple[Named, Column] | None:
        """The column that a name means in this block. Raises QueryRejected when several sources have it."""
        name, qualifier = fold(node.name), fold(node.table)
        found = [
            (named, column)
            for named in self.sources
            if qualifier in ("", named.alias)
            for column in named.source.columns
            if column.name == name
        ]
        if len(found) > 1:
            message = "several tables have a column of this name; write table.column, with names used once"
            raise writer.refusal(node, "ambiguous-column", message)
        return found[0] if found else None

    def expanded(self, qualifier: str) -> list[tuple[str, Fragment]]:
        """The columns that * or alias.* means: those of USING first, each once."""
        found = [] if qualifier else list(self.merged.items())
        for named in self.sources:
            if qualifier in ("", named.alias):
                columns = [column for column in named.source.columns if qualifier or column.name not in self.merged]
                found += [(column.name, named.column(column)) for column in columns]
        return found

    def _column(self, node: exp.Column, writer: Writer) -> Fragment:
        name = fold(node.name)
        if not node.table and name in self.merged:
            return self._checked(self.merged[name], node, writer)
        found = self.find(node, writer)
        if found is not None:
            return self._checked(found[0].column(found[1]), node, writer)
        alias = None if node.table else writer.aliased(node)
        if alias is not None:
            return alias
        if self.outer is None:
            raise writer.refusal(node, "unknown-column", "no table of FROM has a column of this name")
        writer.notes.is_correlated = True
        return self.outer.write(node)

    def _checked(self, found: Fragment, node: Node, writer: Writer) -> Fragment:
        if writer.level != "rows" and writer.is_grouped and found.sql not in {key.sql for key in self.grouped}:
            raise writer.refusal(node, "bare-column", "this column is no group key; aggregate it, or GROUP BY it")
        return found

    def _group_key(self, node: Node, writer: Writer) -> Fragment | None:
        if isinstance(node, exp.Column) or not node.find(exp.Column) or node.find(*_ABOVE_ONLY):
            return None
        try:
            found = replace(writer, level="rows").write(node)
        except QueryRejected:
            return None
        return next((key for key in self.grouped if key.sql == found.sql), None)
