"""The blocks of a query, each SELECT by itself: public rows, rows of units, or released tables.

*Rows of units* are what a block over private tables gives while it stays within one unit at a time. A block that
aggregates over units is a DP aggregation, and what it gives is *released*: it and everything around it is
post-processing. Rows of units and released values never meet again: a block may not read both.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal as OneOf

from dp_queries.algebra.relations import Below
from dp_queries.facts.images import Effort
from dp_queries.facts.relations import RelationFacts
from dp_queries.layers import joins
from dp_queries.layers.grouping import group_keys
from dp_queries.layers.names import Names, card_table, renamed, table_view, with_names
from dp_queries.layers.per_unit import distinct, per_unit
from dp_queries.layers.scope import Scope, View, fold
from dp_queries.layers.select_items import is_aggregated, named_expressions, windows_in
from dp_queries.layers.unions import union_all
from dp_queries.layers.windows import windowed
from dp_queries.syntax.parse import Node, Statement, exp, rejected

MOST_BLOCKS: Final = 40

_SET_OPERATION: Final = (
    "UNION, EXCEPT and INTERSECT compare rows of different units; write UNION ALL, or [NOT] EXISTS within the unit"
)
Kind = OneOf["public", "unit", "released"]


@dataclass(frozen=True)
class Read:
    """A block over rows: its names, and the rows of its FROM, JOIN and WHERE."""

    scope: Scope
    rows: Below


class Blocks:
    """Reads the blocks of one statement; each is read once, however often its name is used."""

    def __init__(self, statement: Statement, facts: RelationFacts) -> None:
        self.statement = statement
        self.facts = facts
        self._read: dict[int, Read] = {}
        self._views: dict[int, View] = {}
        self._kinds: dict[int, Kind] = {}
        self._held: list[Node] = []  # so that no other node gets the id of one that is remembered
        self.named: set[tuple[str, str]] = set()
        self.effort = Effort()

    def kind(self, node: Any, names: Names) -> Kind:
        """What a FROM item, a SELECT or a set operation gives."""
        if id(node) not in self._kinds:
            if len(self._kinds) > 8 * MOST_BLOCKS:
                raise self._reject(node, "too-many-blocks", "the query has too many subqueries; use fewer")
            self._held.append(node)
            self._kinds[id(node)] = self._kind(node, names)
        return self._kinds[id(node)]

    def _kind(self, node: Any, names: Names) -> Kind:
        if isinstance(node, exp.Table) and fold(node.name) in names:
            definition = names[fold(node.name)]
            return self.kind(definition.node, definition.names)
        if isinstance(node, (exp.Table, exp.Values)):
            return "unit" if card_table(node, self.statement, self.facts).is_private else "public"
        if isinstance(node, (exp.Subquery, exp.Paren)):
            return self.kind(node.this, names)
        inside = with_names(node, names, self.statement, self.facts)
        if isinstance(node, exp.SetOperation):
            return _widest(self.kind(node.this, inside), self.kind(node.expression, inside))
        kinds = {self.kind(item, inside) for item in from_items(node)}
        if "released" in kinds or "unit" not in kinds:
            return "released" if "released" in kinds else "public"
        return self._kind_over_units(node, inside)

    def _kind_over_units(self, select: Any, names: Names) -> Kind:
        if is_aggregated(select) or select.args.get("distinct"):
            return "unit" if self._keeps_units(select, names) else "released"
        return "unit"

    def _keeps_units(self, select: Any, names: Names) -> bool:
        """Whether GROUP BY, or SELECT DISTINCT, keeps the units apart."""
        scope = self.read(select, names).scope
        if is_aggregated(select):
            return any(scope.is_unit(key) for key in group_keys(select, scope))
        return any(scope.is_unit(value) for value in named_expressions(select, scope).values())

    def read(self, select: Any, names: Names) -> Read:
        """FROM, JOIN and WHERE of a block over rows. `names` are those inside the block."""
        if id(select) not in self._read:
            scope = Scope(self.statement, self.facts, named=self.named, effort=self.effort)
            rows = joins.fill(select, scope, partial(self.view, names=names))
            self._read[id(select)] = Read(scope, rows)
        return self._read[id(select)]

    def view(self, node: Any, names: Names) -> View:
        """The rows that a FROM item, a SELECT or a set operation gives. Raises where they are released values."""
        if self.kind(node, names) == "released":
            message = "rows can't be compared with released values; ask twice, and put the first answer in as a literal"
            raise self._reject(node, "mixed", message)
        if id(node) not in self._views:
            self._views[id(node)] = self._view(node, names)
        return self._views[id(node)]

    def _view(self, node: Any, names: Names) -> View:
        if isinstance(node, exp.Table):
            return renamed(self._named(node, names), listed_columns(node), node, self.statement)
        if isinstance(node, exp.Subquery):
            return renamed(self.view(node.this, names), listed_columns(node), node, self.statement)
        if isinstance(node, exp.Paren):
            return self.view(node.this, names)
        inside = with_names(node, names, self.statement, self.facts)
        self._check_rows_of_all(node)
        if isinstance(node, exp.SetOperation):
            return self._union(node, inside)
        return self._select(node, inside)

    def _named(self, node: Any, names: Names) -> View:
        definition = names.get(fold(node.name))
        if definition is None:
            return table_view(card_table(node, self.statement, self.facts))
        found = self.view(definition.node, definition.names)
        return renamed(found, definition.columns, node, self.statement)

    def _check_rows_of_all(self, node: Any) -> None:
        """LIMIT chooses among rows of all units: one unit's rows would decide about another's (ATTACKS 14)."""
        for part in ("limit", "offset"):
            if node.args.get(part):
                message = "LIMIT and OFFSET choose among rows of different units; they go on released values"
                raise self._reject(node, "limit-on-rows", message)

    def _union(self, node: Any, names: Names) -> View:
        parts = list(_parts(node))
        if any(not isinstance(part, exp.Union) or part.args.get("distinct") for part in _operations(node)):
            raise self._reject(node, "set-operation", _SET_OPERATION)
        return union_all(node, [self.view(part, names) for part in parts], self.statement, self.facts)

    def _select(self, select: Any, names: Names) -> View:
        read = self.read(select, names)
        if read.rows.owner is None:
            self._check_public(select)
        self._check_distinct(select)
        if is_aggregated(select):
            self._check_group(select)
            return per_unit(select, read.rows, read.scope)
        if select.args.get("having"):
            raise self._reject(select, "having", "HAVING needs GROUP BY; write WHERE")
        if any(True for _ in windows_in(select)) or select.args.get("qualify"):
            return windowed(select, read.rows, read.scope)
        columns = named_expressions(select, read.scope)
        if select.args.get("distinct"):
            return distinct(read.rows, columns, read.scope)
        return View(read.rows, columns)

    def _check_public(self, select: Any) -> None:
        has_windows = any(True for _ in windows_in(select))
        if is_aggregated(select) or has_windows or select.args.get("distinct") or select.args.get("qualify"):
            message = "public rows are joined as they are; aggregates of them go on released values only"
            raise self._reject(select, "public-aggregate", message)

    def _check_group(self, select: Any) -> None:
        if select.args.get("distinct") or any(True for _ in windows_in(select)) or select.args.get("qualify"):
            message = "per unit, put DISTINCT and windows in a SELECT around this one"
            raise self._reject(select, "per-unit", message)
        for item in select.expressions:
            if item.find(exp.Star) and not item.find(exp.Count):
                raise self._reject(item, "bare-column", "name the grouped columns here; * is all of them")

    def _check_distinct(self, select: Any) -> None:
        distinct = select.args.get("distinct")
        if distinct and distinct.args.get("on"):
            message = "DISTINCT ON chooses among rows; number them with ROW_NUMBER() OVER (PARTITION BY <unit> ...)"
            raise self._reject(select, "distinct-on", message)
        if distinct and (select.args.get("qualify") or any(True for _ in windows_in(select))):
            raise self._reject(select, "per-unit", "per unit, put DISTINCT in a SELECT around the windows")

    def _reject(self, node: Node, code: str, message: str) -> Exception:
        return rejected(self.statement.reason(node, code, message))


def from_items(select: Any) -> Iterator[Any]:
    """What FROM and JOIN of a SELECT read."""
    if select.args.get("from_"):
        yield select.args["from_"].this
    for join in select.args.get("joins") or []:
        yield join.this


def _widest(left: Kind, right: Kind) -> Kind:
    return next(kind for kind in ("released", "unit", "public") if kind in (left, right))


def _operations(node: Any) -> Iterator[Any]:
    """The set operations of a chain."""
    if isinstance(node, exp.SetOperation):
        yield node
        for side in (node.this, node.expression):
            yield from _operations(side)


def _parts(node: Any) -> Iterator[Any]:
    """What a chain of set operations is made of, from left to right."""
    if not isinstance(node, exp.SetOperation):
        yield node
        return
    yield from _parts(node.this)
    yield from _parts(node.expression)


def listed_columns(node: Any) -> tuple[str, ...]:
    """The column names of a FROM item's alias: AS t(a, b)."""
    alias = node.args.get("alias")
    return tuple(fold(column.name) for column in (alias.args.get("columns") or ())) if alias else ()
