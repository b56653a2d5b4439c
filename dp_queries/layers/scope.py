"""What names mean: the relations of FROM, their columns, and which relation a column belongs to.

A relation is found by its alias and stands for the card's table of the name in FROM, so no alias can pass for another
table or for the unit's column (ATTACKS 12). Names are folded to lower case in ASCII only.
"""

from dataclasses import dataclass, field
from typing import Any

from dp_queries.expressions import ColumnRef
from dp_queries.parse import Statement, exp, rejected
from dp_queries.plan import Relation
from policies.catalogue import Column, Dataset, Table

_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def fold(name: str) -> str:
    """The name as catalogues spell it; only A-Z are folded, so no other letter turns into an ASCII one."""
    return name.translate(_LOWER)


@dataclass
class Scope:
    """The relations so far, in order. `used` collects (table, column) of every column that was named."""

    statement: Statement
    card: Dataset
    relations: list[Relation] = field(default_factory=list)
    optional: set[int] = field(default_factory=set)
    merged: dict[str, ColumnRef] = field(default_factory=dict)
    used: set[tuple[str, str]] = field(default_factory=set)

    def add(self, node: Any) -> int:
        """Add the table of FROM or JOIN under its alias; its index."""
        table = self._table(node)
        alias = fold(node.alias or node.name)
        if any(relation.alias == alias for relation in self.relations):
            message = f"two tables are called {alias}; give one of them another alias"
            raise rejected(self.statement.reason(node, "duplicate-alias", message))
        self.relations.append(Relation(alias, table.name, table.is_private))
        return len(self.relations) - 1

    def _table(self, node: Any) -> Table:
        if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
            raise rejected(self.statement.reason(node, "table-function", "FROM takes a table of the dataset"))
        table = self.card.table(fold(node.name))
        if table is None:
            names = ", ".join(table.name for table in self.card.tables)
            message = f"there is no table of this name; the dataset has {names}"
            raise rejected(self.statement.reason(node, "unknown-table", message))
        return table

    def table(self, relation: int) -> Table:
        """The card's table of a relation."""
        found = self.card.table(self.relations[relation].table)
        if found is None:
            raise ValueError("relations are made from the card's tables")
        return found

    def reference(self, relation: int, name: str) -> ColumnRef:
        """The reference to a column that the relation has."""
        return ColumnRef(
            relation, name, next(column.type for column in self.table(relation).columns if column.name == name)
        )

    def column(self, reference: ColumnRef) -> Column:
        """The card's column of a reference."""
        found = self.table(reference.relation).column(reference.column)
        if found is None:
            raise ValueError("references are made from the card's columns")
        return found

    def is_unit(self, reference: ColumnRef) -> bool:
        """Whether the reference is the privacy unit's column of a private relation."""
        return self.table(reference.relation).unit_column == reference.column

    def is_nullable(self, reference: ColumnRef) -> bool:
        """Whether rows may have NULL there: by the card, or because a left join found no partner."""
        return reference.relation in self.optional or self.column(reference).nullable

    def find(self, node: exp.Column) -> ColumnRef | None:
        """The column that a name means, None if no relation has it. Raises when several have it."""
        name, qualifier = fold(node.name), fold(node.table)
        if not qualifier and name in self.merged:
            return self._named(self.merged[name])
        found = [
            ColumnRef(index, name, column.type)
            for index, relation in enumerate(self.relations)
            if (not qualifier or relation.alias == qualifier) and (column := self.table(index).column(name))
        ]
        if len(found) > 1:
            owners = " or ".join(f"{self.relations[reference.relation].alias}.{name}" for reference in found)
            raise rejected(self.statement.reason(node, "ambiguous-column", f"write {owners}"))
        return self._named(found[0]) if found else None

    def resolve(self, node: exp.Column) -> ColumnRef:
        """The column that a name means; raises unless exactly one relation has it."""
        found = self.find(node)
        if found is None:
            raise rejected(self.statement.reason(node, "unknown-column", self._unknown(node)))
        return found

    def _unknown(self, node: exp.Column) -> str:
        if node.table and fold(node.table) not in {relation.alias for relation in self.relations}:
            return "no table of FROM has this name or alias"
        return "no table of FROM has a column of this name"

    def _named(self, reference: ColumnRef) -> ColumnRef:
        self.used.add((self.relations[reference.relation].table, reference.column))
        return reference
