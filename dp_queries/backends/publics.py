"""Public tables, whole, as values: what post-processing may join with released tables; never a private one."""

import duckdb
import pyarrow  # type: ignore[import-untyped]  # pyarrow ships no types

from dp_queries.backends.storage import storage
from dp_queries.backends.terms import Term, as_double, as_text, column_term
from dp_queries.loading.encrypted import DATABASE, name
from policies.catalogue import Column, LoadedDataset


def read_public(cursor: duckdb.DuckDBPyConnection, dataset: LoadedDataset, table: str) -> pyarrow.Table:
    """A public table as values by the card's types. Raises ValueError for a table with rows of units."""
    described = dataset.card.table(table)
    if described is None or described.is_private:
        raise ValueError(f"{table} is no public table")
    columns = ", ".join(
        f"{_value(column, column_term(name(column.name), storage(dataset, table, column.name)))} AS {name(column.name)}"
        for column in described.columns
    )
    return cursor.execute(f"SELECT {columns} FROM {DATABASE}.main.{name(table)}").to_arrow_table()


def _value(column: Column, term: Term) -> str:
    """The column in its logical type."""
    match column.type:
        case "integer":
            whole = term.granularity.numerator  # steps of integers are whole
            return f"CAST({term.sql} AS BIGINT) * {whole}"
        case "number":
            return as_double(term)
        case "text":
            return as_text(term)
    return term.sql
