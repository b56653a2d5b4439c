"""Is this load good? Nulls, wrong types, duplicates, violations of domains, bounds and caps (Art. 16).

The figures are measured on the rows: they are for the data provider and the operator, and for nobody else. Reasons hold
names and counts, never a value.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import duckdb

from dp_queries.loading import physical
from dp_queries.loading.encrypted import name
from dp_queries.loading.sources import Opened
from policies.catalogue import Column, Dataset, Table
from policies.errors import Reason


@dataclass(frozen=True)
class ColumnReport:
    """Counts over the rows that are kept: NULLs, values outside the bounds (clamped), and what makes a load bad."""

    name: str
    nulls: int
    beyond_bounds: int
    unreadable: int
    outside_domain: int
    too_long: int


@dataclass(frozen=True)
class TableReport:
    """Counts of a table. `duplicate_rows` is 0 where a unique key is declared and holds."""

    name: str
    rows_read: int
    rows_without_unit: int
    rows: int
    units: int
    most_rows_of_a_unit: int
    duplicate_rows: int
    columns: tuple[ColumnReport, ...]
    columns_left_out: tuple[str, ...]


@dataclass(frozen=True)
class LoadReport:
    """The quality report of a load. **For provider and operator only**: no researcher may see it (Art. 16)."""

    tables: tuple[TableReport, ...]
    units: int

    def to_json(self) -> dict[str, Any]:
        """The report as JSON, for provider and operator only."""
        return asdict(self)


class Inspection:
    """One table under inspection: its rows as typed values, and what is measured on them."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: Table, source: Opened) -> None:
        self.connection = connection
        self.table = table
        self.source = source

    def schema_faults(self) -> list[Reason]:
        """Columns that the source lacks, or holds in a type that can't be the card's."""
        faults = []
        for column in self.table.columns:
            found = self.source.columns.get(column.name)
            where = f"{self.table.name}.{column.name}"
            if found is None:
                faults.append(Reason("missing-column", "the source has no such column", where))
            elif not physical.is_readable(column, found[1]):
                faults.append(Reason("wrong-type", f"the source holds {found[1]}, the card says {column.type}", where))
        return faults

    def value(self, column: Column) -> str:
        """SQL of the column's logical value over the source."""
        return self._reading(column).value

    def kept(self) -> str:
        """SQL that is true for the rows that are kept: all, or those with a privacy unit."""
        unit = self.table.column(self.table.unit_column or "")
        if unit is None:
            return "true"
        present = f"{self.value(unit)} IS NOT NULL"
        return present if unit.type != "text" else f"coalesce(trim({self.value(unit)}) <> '', false)"

    def count_units(self) -> str:
        """Make the temporary table counted_<table>(raw, n): each privacy unit and its rows. Gives the table's name."""
        counted = name(f"counted_{self.table.name}")
        unit = self.table.column(self.table.unit_column or "")
        assert unit is not None, "only private tables have units"
        self.connection.execute(
            f"CREATE TEMP TABLE {counted} AS SELECT {self.value(unit)} AS raw, count(*) AS n "
            f"FROM {self.source.view} WHERE {self.kept()} GROUP BY 1"
        )
        return counted

    def report(self) -> TableReport:
        """Measure the table; private tables need count_units() before."""
        rows_read, lost_unit, rows, *counts = self._counts()
        units, most = self._unit_counts()
        columns = tuple(
            ColumnReport(column.name, *(counts[5 * index : 5 * index + 5]))
            for index, column in enumerate(self.table.columns)
        )
        return TableReport(
            name=self.table.name,
            rows_read=rows_read,
            rows_without_unit=rows_read - rows - lost_unit,
            rows=rows,
            units=units,
            most_rows_of_a_unit=most,
            duplicate_rows=0 if self.table.unique else self._duplicate_rows(),
            columns=tuple(_with_lost_units(report, self.table, lost_unit) for report in columns),
            columns_left_out=tuple(sorted(set(self.source.columns) - {column.name for column in self.table.columns})),
        )

    def value_count_faults(self) -> list[Reason]:
        """Columns with more different values than the card declares: their groups would be more work than planned."""
        faults = []
        for column in self.table.columns:
            if column.most_values is not None and self._value_count(column) > column.most_values:
                message = f"there are more than {column.most_values} different values"
                faults.append(Reason("too-many-values", message, f"{self.table.name}.{column.name}"))
        return faults

    def _value_count(self, column: Column) -> int:
        found = self.connection.execute(
            f"SELECT count(DISTINCT {self.value(column)}) FROM {self.source.view} WHERE {self.kept()}"
        ).fetchone()
        return int(found[0]) if found else 0

    def duplicate_key_faults(self) -> list[Reason]:
        """Declared unique keys that occur twice; a key with a NULL is none, as in SQL.

        Asked of the values that are stored, since joins meet these: clamping and quantizing may make one of two, and
        then a row would meet more partners than `relation_facts` grants to unique keys (ATTACKS 13).
        """
        faults = []
        for key in self.table.unique:
            doubles = self._doubles([self.table.column(part) for part in key])
            if doubles:
                where = f"{self.table.name}.{'+'.join(key)}"
                faults.append(
                    Reason("duplicate-key", f"{doubles} row(s) repeat a key that the card calls unique", where)
                )
        return faults

    def _reading(self, column: Column) -> physical.Reading:
        return physical.reading(column, *self.source.columns[column.name])

    def _counts(self) -> tuple[int, ...]:
        """Rows read, rows whose unit can't be read, rows kept; then per column the counts in ColumnReport's order."""
        unit = self.table.column(self.table.unit_column or "")
        inner = [f"{self.kept()} AS kept", f"{self._reading(unit).unreadable if unit else 'false'} AS lost_unit"]
        outer = ["count(*)", "count(*) FILTER (lost_unit)", "count(*) FILTER (kept)"]
        for index, column in enumerate(self.table.columns):
            inner.append(f"{self.value(column)} AS v{index}, {self._reading(column).unreadable} AS u{index}")
            tests = (
                f"v{index} IS NULL",
                physical.beyond_bounds(column, f"v{index}"),
                f"u{index}",
                physical.outside_domain(column, f"v{index}"),
                physical.too_long(column, f"v{index}"),
            )
            outer += ["0" if test == "false" else f"count(*) FILTER (kept AND {test})" for test in tests]
        row = self.connection.execute(
            f"SELECT {', '.join(outer)} FROM (SELECT {', '.join(inner)} FROM {self.source.view})"
        ).fetchone()
        assert row is not None, "an aggregate without groups has one row"
        return row

    def _unit_counts(self) -> tuple[int, int]:
        if not self.table.is_private:
            return 0, 0
        row = self.connection.execute(
            f"SELECT count(*), coalesce(max(n), 0) FROM {name(f'counted_{self.table.name}')}"
        ).fetchone()
        assert row is not None, "an aggregate without groups has one row"
        return row[0], row[1]

    def _duplicate_rows(self) -> int:
        return self._one(
            f"SELECT count(*) - count(DISTINCT hash({', '.join(map(self.value, self.table.columns))})) "
            f"FROM {self.source.view} WHERE {self.kept()}"
        )

    def _doubles(self, key: list[Column | None]) -> int:
        values = [physical.stored(column, self.value(column), None) for column in key if column is not None]
        whole = " AND ".join(f"{value} IS NOT NULL" for value in values)
        packed = values[0] if len(values) == 1 else f"row({', '.join(values)})"
        return self._one(
            f"SELECT count(*) - count(DISTINCT {packed}) FROM {self.source.view} WHERE {self.kept()} AND {whole}"
        )

    def _one(self, query: str) -> int:
        row = self.connection.execute(query).fetchone()
        assert row is not None, "an aggregate without groups has one row"
        return int(row[0])


def _with_lost_units(report: ColumnReport, table: Table, lost: int) -> ColumnReport:
    """A unit that can't be read is a fault of its column, though its row counts as one without a unit."""
    if report.name != table.unit_column:
        return report
    return replace(report, unreadable=lost)


def table_faults(table: Table, report: TableReport) -> Iterator[Reason]:
    """Every way in which the measured table breaks its card."""
    if report.rows == 0:
        what = "has no rows" if report.rows_read == 0 else "has no row with a privacy unit"
        yield Reason("no-rows", f"the table {what}", table.name)
    if report.rows > table.rows_at_most:
        yield Reason("too-many-rows", f"{report.rows} rows, the card allows {table.rows_at_most}", table.name)
    most = table.rows_per_unit_at_most
    if most is not None and report.most_rows_of_a_unit > most:
        yield Reason(
            "too-many-rows-per-unit",
            f"a unit has {report.most_rows_of_a_unit} rows, the card allows {most}",
            table.name,
        )
    for column, counts in zip(table.columns, report.columns, strict=True):
        yield from _column_faults(table, column, counts, report.rows)


def _column_faults(table: Table, column: Column, counts: ColumnReport, rows: int) -> Iterator[Reason]:
    where = f"{table.name}.{column.name}"
    if counts.unreadable:
        yield Reason("wrong-type", f"{counts.unreadable} of {rows} values are not of type {column.type}", where)
    nulls = counts.nulls - counts.unreadable if column.name != table.unit_column else 0
    if nulls > 0 and not column.nullable:
        yield Reason("null", f"{nulls} of {rows} values are missing, and the card says that none may be", where)
    if counts.outside_domain:
        yield Reason(
            "outside-domain", f"{counts.outside_domain} of {rows} values are not in the declared domain", where
        )
    if counts.too_long:
        yield Reason(
            "too-long", f"{counts.too_long} of {rows} texts are longer than {column.longest} characters", where
        )


def unit_faults(card: Dataset, units: int) -> Iterator[Reason]:
    """The declared upper bound on privacy units, over all private tables."""
    if units > card.unit.at_most:
        yield Reason("too-many-units", f"{units} privacy units, the card allows {card.unit.at_most}", "unit.at_most")
