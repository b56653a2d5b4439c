"""A whole statement: blocks over rows give DP aggregations, all around them is SQL over released tables."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dp_queries.algebra.relations import Below
from dp_queries.facts.relations import RelationFacts
from dp_queries.layers.above.blocks import write_block
from dp_queries.layers.above.projections import projected
from dp_queries.layers.above.queries import AboveQuery, Column, Source, released_source
from dp_queries.layers.above.set_operations import write_set_operation
from dp_queries.layers.above.writer import Context, Writer
from dp_queries.layers.blocks import Blocks, from_items, listed_columns
from dp_queries.layers.canonical_form import Place
from dp_queries.layers.grouping import group_nodes, groupings, has_sets, meanings
from dp_queries.layers.keys import Keys
from dp_queries.layers.middle import Middle
from dp_queries.layers.names import Names, card_table, with_names
from dp_queries.layers.released_blocks import Opened, ReleasedBlock, write_released_block
from dp_queries.layers.scope import Scope, fold, item_name
from dp_queries.layers.select_items import is_aggregated
from dp_queries.plan import Key
from dp_queries.syntax.parse import Node, Statement, exp, rejected
from policies.catalogue import Table


@dataclass
class Statements:
    """Reads one statement. Aggregations over the same rows by the same keys are one, and share their measures."""

    statement: Statement
    facts: RelationFacts
    middles: list[Middle] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.blocks = Blocks(self.statement, self.facts)
        self._opened: dict[int, ReleasedBlock] = {}
        self._begin([])

    def _begin(self, places: Sequence[Place]) -> None:
        self._places = places
        self._context = Context(self.statement, self._resolve)
        self._names: list[Names] = [{}]
        self._queries: dict[int, AboveQuery] = {}

    def read(self) -> AboveQuery:
        """The statement as a query over released tables. Raises QueryRejected with the place."""
        return self._query(self.statement.tree, {}, None)

    def placed(self, places: Sequence[Place]) -> AboveQuery:
        """The statement read again, now that it is known where the parts of each of `middles` are released."""
        self._begin(places)
        return self.read()

    def _resolve(self, node: Node, writer: Writer) -> AboveQuery:
        """A subquery inside a block: it knows the block's names of WITH."""
        return self._query(node, self._names[-1], writer)

    def _query(self, node: Any, names: Names, outer: Writer | None) -> AboveQuery:
        if isinstance(node, (exp.Subquery, exp.Paren)):
            return self._query(node.this, names, outer)
        inside = with_names(node, names, self.statement, self.facts)
        self._names.append(inside)
        try:
            if isinstance(node, exp.SetOperation):
                left, right = (self._query(side, inside, outer) for side in (node.this, node.expression))
                return write_set_operation(node, left, right, self._context, outer)
            return self._select(node, names, inside, outer)
        finally:
            self._names.pop()

    def _select(self, select: Any, names: Names, inside: Names, outer: Writer | None) -> AboveQuery:
        kind = self.blocks.kind(select, names)
        kinds = [self.blocks.kind(item, inside) for item in from_items(select)]
        if kind == "unit":
            raise self._reject(select, *self._rows_stay(select))
        if "unit" in kinds and "released" in kinds:
            message = "rows can't be joined with released values; ask twice, and put the first answer in as a literal"
            raise self._reject(select, "mixed", message)
        if "unit" in kinds:
            return self._aggregation(select, inside)
        if not kinds and outer is None:
            raise self._reject(select, "no-from", "write FROM with a table of the dataset")
        items = list(from_items(select))
        passed = self._passed_on(select, items, inside) if len(items) == 1 and outer is None else None
        if passed is not None:
            return passed
        named = [self._source(item, inside) for item in items]
        return write_block(select, named, self._context, outer)

    def _rows_stay(self, select: Any) -> tuple[str, str]:
        if is_aggregated(select):
            return (
                "unit-key",
                "the privacy unit is no group key here: each group would be one unit; aggregate around it",
            )
        return "no-aggregate", "rows never leave the room; select an aggregate such as COUNT(*)"

    def _source(self, item: Any, names: Names) -> tuple[str, Source]:
        """An item of FROM over released and public tables, with what it is called."""
        return item_name(item), self._sourced(item, names)

    def _passed_on(self, select: Any, items: Sequence[Any], names: Names) -> AboveQuery | None:
        """The query inside, where this block does nothing but select columns of it."""
        inner = self._inner(items[0], names)
        return None if inner is None else projected(select, inner, item_name(items[0]), self._context)

    def _sourced(self, item: Any, names: Names) -> Source:
        inner = self._inner(item, names)
        return _public_source(card_table(item, self.statement, self.facts)) if inner is None else inner.as_source()

    def _inner(self, item: Any, names: Names) -> AboveQuery | None:
        """The query that an item of FROM is; None for a table of the card."""
        if isinstance(item, exp.Subquery):
            return self._remembered(item.this, names).named(listed_columns(item))
        definition = names.get(fold(item.name)) if isinstance(item, exp.Table) else None
        if definition is None:
            return None
        found = self._remembered(definition.node, definition.names).named(definition.columns)
        return found.named(listed_columns(item))

    def _remembered(self, node: Node, names: Names) -> AboveQuery:
        if id(node) not in self._queries:
            self._queries[id(node)] = self._query(node, names, None)
        return self._queries[id(node)]

    def _aggregation(self, select: Any, names: Names) -> AboveQuery:
        """The block of a DP aggregation, or of one for each grouping of ROLLUP and its like."""
        read = self.blocks.read(select, names)
        if id(select) not in self._opened:
            self._opened[id(select)] = ReleasedBlock(self._open(select, read.rows, read.scope), read.scope)
        return write_released_block(select, self._opened[id(select)], self._context, self._places)

    def _open(self, select: Any, rows: Below, scope: Scope) -> list[Opened]:
        """The aggregations of a block. Raises QueryRejected for keys that can't be."""
        keys = Keys(rows, scope)
        if not is_aggregated(select):  # SELECT DISTINCT: its columns are the keys
            of_each = [keys.of((item, item.unalias()) for item in select.expressions)]
        elif has_sets(select):
            of_each = [keys.of(meanings(grouping, select, scope)) for grouping in groupings(select, scope)]
        else:
            of_each = [keys.of(group_nodes(select, scope))]
        return [Opened(number, self.middles[number]) for number in (self._number(rows, found) for found in of_each)]

    def _number(self, rows: Below, keys: tuple[Key, ...]) -> int:
        """The number of the aggregation over these rows by these keys, a new one if there is none."""
        for number, middle in enumerate(self.middles):
            if (middle.below, middle.keys) == (rows, keys):
                return number
        self.middles.append(Middle(rows, keys, self.facts))
        return len(self.middles) - 1

    def _reject(self, node: Node, code: str, message: str) -> Exception:
        return rejected(self.statement.reason(node, code, message))


def _public_source(table: Table) -> Source:
    """A public table as the engine above holds it."""
    columns = [Column(column.name, column.name, column.type, False) for column in table.columns]
    source = released_source(f"public_{table.name}", columns, table.rows_at_most, ())
    return replace(source, unique=frozenset(map(frozenset, table.unique)))
