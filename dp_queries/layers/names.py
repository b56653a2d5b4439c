"""What FROM may name: tables of the card, and the names that WITH gives to subqueries."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dp_queries.algebra.expressions import ColumnRef
from dp_queries.algebra.relations import Below, Scan
from dp_queries.facts.relations import RelationFacts
from dp_queries.layers.scope import View, fold
from dp_queries.syntax.parse import Node, Statement, exp, rejected
from policies.catalogue import Table


@dataclass(frozen=True)
class Definition:
    """A name of WITH: its SELECT, with the names that were known where it stands."""

    node: Node
    names: "Names"
    columns: tuple[str, ...]


Names = Mapping[str, Definition]


def with_names(select: Any, names: Names, statement: Statement, facts: RelationFacts) -> Names:
    """The names known inside a SELECT: those around it, and those of its own WITH, each knowing the ones before.

    A name that hides a table of the card would make a query read differently from what it says (ATTACKS 12).
    """
    clause = select.args.get("with_")
    known = dict(names)
    if clause is not None and clause.args.get("recursive"):
        raise rejected(statement.reason(clause, "recursive", "WITH RECURSIVE isn't answered"))
    for part in clause.expressions if clause is not None else []:
        name = fold(part.alias)
        if facts.dataset.card.table(name) is not None or name in known:
            message = f"the name {name} is taken; call this subquery otherwise"
            raise rejected(statement.reason(part, "shadowing", message))
        columns = tuple(fold(column.name) for column in part.args["alias"].args.get("columns") or ())
        known[name] = Definition(part.this, dict(known), columns)
    return known


def card_table(node: Any, statement: Statement, facts: RelationFacts) -> Table:
    """The table of the card that a FROM item names."""
    if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
        raise rejected(statement.reason(node, "table-function", "FROM takes a table of the dataset, or a subquery"))
    table = facts.dataset.card.table(fold(node.name))
    if table is None:
        names = ", ".join(table.name for table in facts.dataset.card.tables)
        message = f"there is no table of this name; the dataset has {names}"
        raise rejected(statement.reason(node, "unknown-table", message))
    return table


def table_view(table: Table) -> View:
    """All rows of a table of the card."""
    scan = Scan(table.name, table.is_private)
    return View(Below((scan,)), {column.name: ColumnRef(0, column.name, column.type) for column in table.columns})


def renamed(view: View, columns: tuple[str, ...], node: Node, statement: Statement) -> View:
    """The view with its first columns called otherwise: name(a, b)."""
    if not columns:
        return view
    if len(columns) > len(view.columns) or len(set(columns)) != len(columns):
        raise rejected(statement.reason(node, "column-aliases", "a list of column names has one for each column, once"))
    names = [*columns, *list(view.columns)[len(columns) :]]
    if len(set(names)) != len(names):
        raise rejected(statement.reason(node, "column-aliases", "two columns have one name"))
    return View(view.below, dict(zip(names, view.columns.values(), strict=True)))
