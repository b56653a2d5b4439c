"""A table of an entry as a Frictionless Table Schema, for validators and readers of CSV files.

Source: Frictionless Data Package, Table Schema 2.0, 2024.
"""

from types import MappingProxyType
from typing import Any, Final

from policies.card_types import ColumnType
from policies.columns import Column, EntryColumn
from policies.entries import EntryTable
from policies.tables import Table

SCHEMA: Final = "https://datapackage.org/profiles/2.0/tableschema.json"
_TYPES: Final = MappingProxyType[ColumnType, str](
    {
        "text": "string",
        "integer": "integer",
        "number": "number",
        "boolean": "boolean",
        "date": "date",
        "timestamp": "datetime",
    }
)


def table_schema(table: EntryTable) -> dict[str, Any]:
    """The schema of a table: types, descriptions, and whatever bounds and domains the card declares."""
    schema: dict[str, Any] = {"$schema": SCHEMA, "fields": [_field(table, column) for column in table.columns]}
    unique = [list(key) for key in table.unique] if isinstance(table, Table) else []
    return schema | ({"uniqueKeys": unique} if unique else {})


def _field(table: EntryTable, column: EntryColumn) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": _TYPES[column.type],
        "description": f"{column.description} ({column.unit})" if column.unit else column.description,
        "constraints": {"required": not column.nullable} | _declared(column),
        "jali:level": table.level_of(column),
        "jali:directory": table.directory_of(column),
    }


def _declared(column: EntryColumn) -> dict[str, Any]:
    """Declared bounds aren't promises on the stored values, which are clamped to them: domains alone constrain."""
    if isinstance(column, Column) and column.domain is not None:
        return {"enum": list(column.domain)}
    return {}
