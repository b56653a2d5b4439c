"""Files of unconditionally open data (Art. 17): each table as Parquet and CSV, checked against its card (Art. 16).

These rows are anybody's, so nothing here is protected, and a load's figures are public too.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import duckdb

from dp_queries.loading import encrypted, physical
from dp_queries.loading.encrypted import literal, name
from dp_queries.loading.load import LoadRejected
from dp_queries.loading.sources import Opened, SourceFault, open_source
from policies.catalogue import OpenDataset, OpenTable
from policies.errors import Reason

FORMATS: Final = {"parquet": "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20480", "csv": "FORMAT csv, HEADER true"}


@dataclass(frozen=True)
class OpenReport:
    """What a load found of a table: rows, rows that occur more than once, and missing values by column."""

    table: str
    rows: int
    duplicates: int
    nulls: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """The figures as JSON."""
        return asdict(self)


def write_open_files(card: OpenDataset, base: Path, folder: Path) -> tuple[OpenReport, ...]:
    """Write {table}.parquet and {table}.csv of every table into `folder`, which exists and is empty.

    Sources are relative to `base`. Raises LoadRejected with every fault of every table; files may be left then.
    """
    connection = encrypted.connect()
    try:
        tables = _opened(connection, card, base)
        reports = tuple(_report(connection, table) for table in card.tables)
        found = zip(card.tables, reports, strict=True)
        if faults := [fault for table, report in found for fault in _faults(connection, table, report)]:
            raise LoadRejected("the data break their card", tuple(faults))
        for table in tables:
            for ending, options in FORMATS.items():
                target = literal(str(folder / f"{table.name}.{ending}"))
                connection.execute(f"COPY (SELECT {_fields(table)} FROM {_view(table)}) TO {target} ({options})")
        return reports
    except duckdb.Error:
        message = "the load broke off: has a source changed meanwhile, is the disk full, may the folder be written to?"
        raise LoadRejected(message) from None
    finally:
        connection.close()


def _opened(connection: duckdb.DuckDBPyConnection, card: OpenDataset, base: Path) -> tuple[OpenTable, ...]:
    """Every table, read once by the card. Raises LoadRejected with every fault of the sources."""
    faults: list[Reason] = []
    for table in card.tables:
        try:
            source = open_source(connection, table, base)
        except SourceFault as fault:
            faults += fault.reasons
            continue
        wrong = list(_schema_faults(table, source))
        faults += wrong
        if not wrong:
            connection.execute(
                f"CREATE TEMP TABLE {_view(table)} AS SELECT {_readings(table, source)} FROM {source.view}"
            )
    if faults:
        raise LoadRejected("the data break their card", tuple(faults))
    return card.tables


def _schema_faults(table: OpenTable, source: Opened) -> Iterator[Reason]:
    for column in table.columns:
        where = f"{table.name}.{column.name}"
        if column.name not in source.columns:
            yield Reason("missing-column", "the source has no such column", where)
        elif not physical.is_readable(column, source.columns[column.name][1]):
            yield Reason("wrong-type", f"the source's type can't hold {column.type}", where)


def _readings(table: OpenTable, source: Opened) -> str:
    parts = []
    for column in table.columns:
        read = physical.reading(column, *source.columns[column.name])
        parts += [f"{read.value} AS {name(column.name)}", f"({read.unreadable}) AS {name(column.name + ' lost')}"]
    return ", ".join(parts)


def _report(connection: duckdb.DuckDBPyConnection, table: OpenTable) -> OpenReport:
    nulls = ", ".join(f"count(*) - count({name(column.name)})" for column in table.columns)
    row = connection.execute(f"SELECT count(*), {nulls} FROM {_view(table)}").fetchone()
    distinct = connection.execute(
        f"SELECT count(*) FROM (SELECT DISTINCT {_fields(table)} FROM {_view(table)})"
    ).fetchone()
    assert row is not None, "an aggregate without groups has one row"
    assert distinct is not None, "an aggregate without groups has one row"
    counts = dict(zip((column.name for column in table.columns), row[1:], strict=True))
    return OpenReport(table.name, row[0], row[0] - distinct[0], counts)


def _faults(connection: duckdb.DuckDBPyConnection, table: OpenTable, report: OpenReport) -> Iterator[Reason]:
    if not report.rows:
        yield Reason("empty", "the table has no rows", table.name)
    lost = _unreadable(connection, table)
    for column in table.columns:
        where, missing = f"{table.name}.{column.name}", report.nulls[column.name] - lost[column.name]
        if lost[column.name]:
            message = f"{lost[column.name]} of {report.rows} values are not of type {column.type}"
            yield Reason("wrong-type", message, where)
        if missing and not column.nullable:
            yield Reason("nulls", f"{missing} values are missing, and the card allows none", where)


def _unreadable(connection: duckdb.DuckDBPyConnection, table: OpenTable) -> dict[str, int]:
    """How many values of each column got lost on the way to the card's type; they are NULL by now."""
    lost = ", ".join(f"coalesce(count_if({name(column.name + ' lost')}), 0)" for column in table.columns)
    row = connection.execute(f"SELECT {lost} FROM {_view(table)}").fetchone()
    assert row is not None, "an aggregate without groups has one row"
    return dict(zip((column.name for column in table.columns), row, strict=True))


def _view(table: OpenTable) -> str:
    return name(f"open_{table.name}")


def _fields(table: OpenTable) -> str:
    return ", ".join(name(column.name) for column in table.columns)
