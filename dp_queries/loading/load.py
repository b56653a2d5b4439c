"""Loading a dataset: read, inspect, and write one encrypted file, whole or not at all (Art. 16).

A bad load names every fault at once and leaves the last good version where it is. The physical layout: private tables
have `_unit`, dense codes of the privacy units over all private tables, and lie in its order; public tables lie as read.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import duckdb

from dp_queries.loading import encrypted, physical
from dp_queries.loading.encrypted import DATABASE, name
from dp_queries.loading.quality import Inspection, LoadReport, TableReport, table_faults, unit_faults
from dp_queries.loading.sources import SourceFault, open_source
from policies.catalogue import Column, Dataset
from policies.columns import MOST_DOMAIN_VALUES
from policies.errors import CardRejected, Reason, Unavailable

Progress = Callable[[str, float], None]
Domain = tuple[str, ...] | tuple[int, ...]

_ROWS_AT_ONCE = 8_000_000  # how many rows are sorted in memory at a time; nothing is spilled to disk


class LoadRejected(CardRejected):
    """The data break the card, or can't be read; every fault is a reason, with names and counts and no values."""

    kind = "load-rejected"


@dataclass(frozen=True)
class LoadResult:
    """What a load adds: `domains` of public columns (public), and the `report` (for provider and operator only)."""

    domains: dict[str, Domain]
    report: LoadReport


def load(
    card: Dataset,
    base: Path,
    target: Path,
    key: bytes,
    progress: Progress = lambda stage, fraction: None,
    *,
    memory_limit: str | None = None,
) -> LoadResult:
    """Load the card's tables (sources relative to `base`) into the encrypted file `target`, under a 32-byte `key`.

    Raises LoadRejected with every fault; `target` is then untouched. `progress` gets a stage and its fraction done.
    """
    with _connection(memory_limit) as connection:
        inspections = _open(connection, card, base, progress)
        report = _inspect(connection, card, inspections, progress)
        with _written_whole(connection, target, key):
            writer = _Writer(connection, inspections, report)
            writer.write(progress)
    progress("finish", 1.0)
    return LoadResult(writer.domains, report)


@contextmanager
def _connection(memory_limit: str | None) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = encrypted.connect(memory_limit=memory_limit)
    try:
        yield connection
    except duckdb.OutOfMemoryException:
        raise Unavailable("the load needs more memory than its limit allows") from None
    except duckdb.Error:
        # DuckDB's own text may quote a row, or the statement with the key.
        message = "the load broke off: has a source changed meanwhile, is the disk full, may the folder be written to?"
        raise LoadRejected(message) from None
    finally:
        connection.close()


def _open(connection: duckdb.DuckDBPyConnection, card: Dataset, base: Path, progress: Progress) -> list[Inspection]:
    inspections: list[Inspection] = []
    faults: list[Reason] = []
    for index, table in enumerate(card.tables):
        progress("read", index / len(card.tables))
        try:
            inspection = Inspection(connection, table, open_source(connection, table, base))
        except SourceFault as fault:
            faults += fault.reasons
            continue
        wrong = inspection.schema_faults()
        faults += wrong
        inspections += [] if wrong else [inspection]
    if faults:
        # Tables that can be read are inspected all the same: the operator is to see every fault at once.
        faults += _faults(connection, card, [_measured(inspection) for inspection in inspections])
        raise _rejected(faults)
    return inspections


def _inspect(
    connection: duckdb.DuckDBPyConnection, card: Dataset, inspections: list[Inspection], progress: Progress
) -> LoadReport:
    measured = []
    for index, inspection in enumerate(inspections):
        progress("check", index / len(inspections))
        measured.append(_measured(inspection))
    if faults := _faults(connection, card, measured):
        raise _rejected(faults)
    units = connection.execute("SELECT count(*) FROM units").fetchone()
    assert units is not None, "an aggregate without groups has one row"
    return LoadReport(tuple(report for _, report in measured), units[0])


def _measured(inspection: Inspection) -> tuple[Inspection, TableReport]:
    if inspection.table.is_private:
        inspection.count_units()
    return inspection, inspection.report()


def _faults(
    connection: duckdb.DuckDBPyConnection, card: Dataset, measured: list[tuple[Inspection, TableReport]]
) -> list[Reason]:
    faults: list[Reason] = []
    for inspection, report in measured:
        faults += table_faults(inspection.table, report)
        faults += inspection.duplicate_key_faults()
        faults += inspection.value_count_faults()
    faults += unit_faults(card, _code_units(connection, [inspection for inspection, _ in measured]))
    return faults


def _code_units(connection: duckdb.DuckDBPyConnection, inspections: list[Inspection]) -> int:
    """Make the temporary table units(_raw, _code): dense codes in raw order, over all private tables."""
    counted = [name(f"counted_{one.table.name}") for one in inspections if one.table.is_private]
    if not counted:
        return 0
    raw = " UNION ".join(f"SELECT raw FROM {table}" for table in counted)
    connection.execute(
        "CREATE TEMP TABLE units AS SELECT raw AS _raw, "
        f"CAST(row_number() OVER (ORDER BY raw) - 1 AS INTEGER) AS _code FROM ({raw})"
    )
    row = connection.execute("SELECT count(*) FROM units").fetchone()
    assert row is not None, "an aggregate without groups has one row"
    return int(row[0])


def _rejected(faults: list[Reason]) -> LoadRejected:
    return LoadRejected(f"the load has {len(faults)} fault(s)", tuple(faults))


class _Writer:
    """Writes the inspected tables into the attached file, and collects the domains of public columns."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, inspections: list[Inspection], report: LoadReport
    ) -> None:
        self.connection = connection
        self.inspections = inspections
        self.report = report
        self.domains: dict[str, Domain] = {}

    def write(self, progress: Progress) -> None:
        total, done = sum(table.rows for table in self.report.tables), 0
        for inspection, report in zip(self.inspections, self.report.tables, strict=True):
            for statement in self._statements(inspection, report):
                progress("write", done / total)
                self.connection.execute(statement)
            done += report.rows

    def _statements(self, inspection: Inspection, report: TableReport) -> Iterator[str]:
        table = inspection.table
        target = f"{DATABASE}.{name(table.name)}"
        columns = ", ".join(self._stored(inspection, column) for column in table.columns)
        if not table.is_private:
            yield f"CREATE TABLE {target} AS SELECT {columns} FROM {inspection.source.view}"
            return
        unit = table.column(table.unit_column or "")
        assert unit is not None, "checked by the card"
        select = (
            f"SELECT units._code AS _unit, {columns} FROM {inspection.source.view} "
            f"JOIN units ON units._raw = {inspection.value(unit)} WHERE "
        )
        yield f"CREATE TABLE {target} AS {select} false"
        for first, last in _ranges(report.rows, self.report.units):
            yield f"INSERT INTO {target} {select} units._code BETWEEN {first} AND {last} ORDER BY units._code"

    def _stored(self, inspection: Inspection, column: Column) -> str:
        domain = column.domain
        if domain is None and not inspection.table.is_private and column.type in ("text", "integer"):
            domain = self._distinct(inspection, column)
        texts = tuple(value for value in domain or () if isinstance(value, str))
        return f"{physical.stored(column, inspection.value(column), texts or None)} AS {name(column.name)}"

    def _distinct(self, inspection: Inspection, column: Column) -> Domain | None:
        """The distinct values of a public column in order, recorded as its domain; None where there are too many."""
        value = physical.stored(column, inspection.value(column), None)
        rows = self.connection.execute(
            f"SELECT DISTINCT v FROM (SELECT {value} AS v FROM {inspection.source.view}) WHERE v IS NOT NULL "
            f"ORDER BY v LIMIT {MOST_DOMAIN_VALUES + 1}"
        ).fetchall()
        if not 0 < len(rows) <= MOST_DOMAIN_VALUES:
            return None
        clamping = column.clamping()
        step = int(clamping.granularity) if clamping else 1
        domain = tuple(row[0] if column.type == "text" else row[0] * step for row in rows)
        self.domains[f"{inspection.table.name}.{column.name}"] = domain
        return domain


def _ranges(rows: int, units: int) -> Iterator[tuple[int, int]]:
    """Unit codes first..last, in parts that are sorted in memory one after the other."""
    step = ceil(units / ceil(rows / _ROWS_AT_ONCE))
    for first in range(0, units, step):
        yield first, min(first + step, units) - 1


@contextmanager
def _written_whole(connection: duckdb.DuckDBPyConnection, target: Path, key: bytes) -> Iterator[None]:
    """The file is written beside its place, made durable, and moved there in one step; or nothing appears."""
    part = target.with_name(target.name + ".part")
    _remove(part)
    try:
        encrypted.attach_new(connection, part, key)
        part.chmod(0o600)
        yield
        connection.execute(f"CHECKPOINT {DATABASE}")
        connection.execute(f"DETACH {DATABASE}")
        _durable(part)
        part.replace(target)
        _durable(target.parent)
    finally:
        _remove(part)


def _remove(part: Path) -> None:
    for path in (part, part.with_name(part.name + ".wal")):
        path.unlink(missing_ok=True)


def _durable(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
