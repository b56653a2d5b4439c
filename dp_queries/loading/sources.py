"""A table's source as a view of the load's DuckDB: Parquet, CSV, or a data file of an installed package.

Every file is read strictly. What is wrong is told by kind and count, and never by DuckDB's own text, which quotes rows.
A package is found but not imported: its data file is read, and no line of its code runs beside the room's keys.
"""

import csv
import importlib.util
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb
import pyarrow  # type: ignore[import-untyped]  # pyarrow ships no types
from pyarrow import csv as arrow_csv

from dp_queries.loading.encrypted import literal, name
from policies.catalogue import Source
from policies.errors import Reason

_GLOB = "*?["  # DuckDB would read such a path as a pattern


class Sourced(Protocol):
    """A table with a source: a private or public one of a conditional dataset, or one that is open."""

    @property
    def name(self) -> str:
        """The table's name."""

    @property
    def source(self) -> Source:
        """Where its rows come from."""


class SourceFault(Exception):
    """What is wrong with a source; carries the reasons."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__()
        self.reasons = reasons


@dataclass(frozen=True)
class Opened:
    """A source that can be read: its view, and each of its columns (lower case) as (quoted name, DuckDB type)."""

    view: str
    columns: dict[str, tuple[str, str]]


def open_source(connection: duckdb.DuckDBPyConnection, table: Sourced, base: Path) -> Opened:
    """Make the source of `table` readable as the view source_<table>. Raises SourceFault with every fault."""
    view = name(f"source_{table.name}")
    path = _path(table, base)
    if path.suffix == ".zip":
        connection.register(f"source_{table.name}", _zipped(path, table))
    else:
        reader = _csv(connection, path, table) if _is_csv(table.source, path) else _parquet(path, table)
        try:
            connection.execute(f"CREATE TEMP VIEW {view} AS SELECT * FROM {reader}")
        except duckdb.Error:
            raise SourceFault(_fault(table, "unreadable-file", f"{path.name} can't be read as Parquet")) from None
    return Opened(view, _columns(connection, view, table, path))


def _columns(
    connection: duckdb.DuckDBPyConnection, view: str, table: Sourced, path: Path
) -> dict[str, tuple[str, str]]:
    described = connection.execute(f"DESCRIBE {view}").fetchall()
    columns = {str(row[0]).lower(): (name(str(row[0])), str(row[1])) for row in described}
    if len(columns) != len(described):
        raise SourceFault(_fault(table, "double-column", f"{path.name} has two columns of one name"))
    return columns


def _path(table: Sourced, base: Path) -> Path:
    source = table.source
    path = base / (source.parquet or source.csv or "") if source.package is None else _in_package(table)
    if not path.exists():
        raise SourceFault(_fault(table, "missing-file", f"there is no file {path.name}"))
    if not path.is_file():
        raise SourceFault(_fault(table, "not-a-file", f"{path.name} is a directory or a device, not a file"))
    if any(character in str(path.resolve()) for character in _GLOB):
        raise SourceFault(
            _fault(table, "unreadable-file", f"the path of {path.name} holds one of the characters {_GLOB}")
        )
    if path.stat().st_size == 0:
        raise SourceFault(_fault(table, "empty-file", f"{path.name} is empty"))
    return path.resolve()


def _in_package(table: Sourced) -> Path:
    package, frame = table.source.package or "", table.source.frame or ""
    spec = importlib.util.find_spec(package) if package.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        raise SourceFault(_fault(table, "missing-package", f"the package {package} is not installed"))
    for place in map(Path, spec.submodule_search_locations):
        for ending in (".parquet", ".csv", ".csv.zip"):
            if (path := place / "data" / (frame + ending)).is_file():
                return path
    raise SourceFault(_fault(table, "missing-frame", f"the package {package} has no data file {frame}"))


def _is_csv(source: Source, path: Path) -> bool:
    return source.csv is not None or (source.package is not None and path.suffix == ".csv")


def _parquet(path: Path, table: Sourced) -> str:
    with path.open("rb") as file:
        if file.read(4) != b"PAR1":
            raise SourceFault(_fault(table, "unreadable-file", f"{path.name} is not a Parquet file"))
    return f"read_parquet({literal(str(path))}, hive_partitioning = false)"


def _csv(connection: duckdb.DuckDBPyConnection, path: Path, table: Sourced) -> str:
    """The strict reader of a CSV file, after one pass that collects every malformed line."""
    header = _header(path, table)
    columns = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in header)
    nulls = ", ".join(map(literal, table.source.nulls))
    options = (
        f"{literal(str(path))}, header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"', "
        f"strict_mode = true, null_padding = false, columns = {{{columns}}}, nullstr = [{nulls}]"
    )
    rejects = f"rejects_{table.name}"
    try:
        connection.execute(
            f"SELECT count(COLUMNS(*)) FROM read_csv({options}, store_rejects = true, rejects_limit = 0, "
            f"rejects_table = {literal(rejects)}, rejects_scan = {literal(rejects + '_scan')})"
        ).fetchall()
        malformed = connection.execute(
            f"SELECT CAST(error_type AS VARCHAR), count(*), min(line) FROM {name(rejects)} GROUP BY 1 ORDER BY 1"
        ).fetchall()
    except duckdb.Error:
        raise SourceFault(_fault(table, "unreadable-file", f"{path.name} can't be read as CSV")) from None
    if malformed:
        raise SourceFault(*(_malformed(table, path, *row) for row in malformed))
    return f"read_csv({options})"


_MALFORMED = {
    "MISSING COLUMNS": "too few fields",
    "TOO MANY COLUMNS": "too many fields",
    "UNQUOTED VALUE": "a broken quotation",
    "INVALID ENCODING": "bytes that are not UTF-8",
    "INVALID UNICODE": "bytes that are not UTF-8",
    "LINE SIZE OVER MAXIMUM": "too many characters",
}


def _malformed(table: Sourced, path: Path, kind: str, lines: int, first: int) -> Reason:
    what = _MALFORMED.get(kind, "a wrong form")
    return _fault(table, "malformed-lines", f"{path.name}: {lines} line(s) with {what}, the first is line {first}")


def _header(path: Path, table: Sourced) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _distinct(next(csv.reader(file, strict=True)), path, table)
    except UnicodeDecodeError:
        raise SourceFault(_fault(table, "not-utf-8", f"{path.name} is not UTF-8; save it as UTF-8")) from None
    except (csv.Error, StopIteration):
        raise SourceFault(
            _fault(table, "unreadable-file", f"the first line of {path.name} is not a CSV header")
        ) from None


def _distinct(header: list[str], path: Path, table: Sourced) -> list[str]:
    if not header or not all(column.strip() for column in header):
        raise SourceFault(_fault(table, "unreadable-file", f"the header of {path.name} has an empty column name"))
    if len({column.lower() for column in header}) != len(header):
        raise SourceFault(_fault(table, "double-column", f"{path.name} has two columns of one name"))
    return header


def _zipped(path: Path, table: Sourced) -> pyarrow.Table:
    """The one CSV file inside a ZIP, unpacked in memory only, every column as text."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as file:
            header = next(csv.reader([file.readline().decode("utf-8-sig")], strict=True))
            return arrow_csv.read_csv(
                file,
                read_options=arrow_csv.ReadOptions(column_names=_distinct(header, path, table)),
                parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
                convert_options=arrow_csv.ConvertOptions(
                    column_types={column: pyarrow.string() for column in header},
                    null_values=list(table.source.nulls),
                    strings_can_be_null=True,
                ),
            )
    except (zipfile.BadZipFile, pyarrow.ArrowInvalid, csv.Error, UnicodeDecodeError, IndexError, StopIteration):
        raise SourceFault(_fault(table, "unreadable-file", f"{path.name} can't be read as zipped CSV")) from None


def _fault(table: Sourced, code: str, message: str) -> Reason:
    return Reason(code, message, where=table.name)
