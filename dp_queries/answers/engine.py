"""SQL over released and public tables, in an empty, locked database: DuckDB's second home beside the backends.

The database lives in memory for one answer and holds released values and public tables only; no file, network,
extension or variable of this process can be reached from it (ATTACKS 18, 19).
"""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from math import isfinite
from threading import Event, Thread, get_ident
from time import clock_gettime, pthread_getcpuclockid
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]  # it ships without types

from dp_queries.answers.answer import Cell
from dp_queries.answers.bare_columns import picked
from dp_queries.post_processing import Above, OutputColumn

Floats = np.ndarray[Any, np.dtype[np.float64]]
Tables = Mapping[str, pa.Table]

_LOCKED = (
    "SET threads = 1",
    "SET temp_directory = ''",
    "SET memory_limit = '2GB'",
    # What is divided by 0 is NULL, without a NULLIF that the planner would copy (see `fragments.let`). GLOBAL, because
    # each answer has a cursor of its own, which does not inherit what is set for a session.
    "SET GLOBAL ieee_floating_point_ops = false",
    "SET GLOBAL scalar_subquery_error_on_multiple_rows = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET python_enable_replacements = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
_LARGEST_EXACT = 2**53 - 1  # beyond it a JSON number is not exact (RFC 8785), and an answer that can't be signed
_DRY_RUN_SECONDS = 1.0  # of the processor: a busy machine refuses no more than a quiet one
_LOOKED_AT_EVERY_SECONDS = 0.05


@dataclass(frozen=True)
class Processed:
    """The answer's rows, in order, and the hidden values that say which row each is."""

    rows: list[list[Cell]]
    hidden: list[tuple[Any, ...]]


def process(above: Above, tables: Tables) -> Processed:
    """The answer. Source: Dwork, Roth 2014, Proposition 2.1 (post-processing)."""
    bare = picked(above.sql, above.tables)
    found = _run(above.sql, tables) if bare is None else bare.rows(tables["released0"])
    width = len(above.columns)
    rows = [[_cell(column, value) for column, value in zip(above.columns, row, strict=False)] for row in found]
    return Processed(rows, [row[width:] for row in found])


def _run(sql: str, tables: Tables) -> list[tuple[Any, ...]]:
    with _database(tables) as connection:
        return connection.execute(sql).fetchall()


def run(sql: str, tables: Tables) -> pa.Table:
    """What a statement of an `Above` gives over other tables than those that were released."""
    with _database(tables) as connection:
        return connection.execute(sql).to_arrow_table()


def evaluate_rows(above: Above, selected: list[int], table: pa.Table) -> dict[int, Floats]:
    """Some columns of a rowwise statement as doubles, over other rows; NULL and infinity are NaN."""
    if above.rowwise is None:
        raise ValueError("the statement does not compute row by row")
    expressions = [f"CAST({above.rowwise.select[index]} AS DOUBLE) AS c{index}" for index in selected]
    with _database({"released0": table}) as connection:
        sql = f"SELECT {', '.join(expressions)} FROM {above.rowwise.source}"
        found = connection.execute(sql).fetchnumpy()
    return {index: np.ma.filled(found[f"c{index}"].astype(np.float64), np.nan) for index in selected}


def try_empty(above: Above, tables: Tables) -> None:
    """Run both statements over tables without rows. Raises duckdb.Error for what the engine would refuse later."""
    with _database(tables) as connection, _interrupted_after(_DRY_RUN_SECONDS, connection):
        for sql in dict.fromkeys((above.sql, above.loose)):
            connection.execute(sql).fetchall()


@contextmanager
def _interrupted_after(seconds: float, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Interrupt what the connection does in this thread once it has taken so many seconds of the processor.

    The engine folds constants, in the room's own process, where nobody could kill it.
    """
    clock, done = pthread_getcpuclockid(get_ident()), Event()
    limit = clock_gettime(clock) + seconds

    def watch() -> None:
        while not done.wait(_LOOKED_AT_EVERY_SECONDS):
            if clock_gettime(clock) > limit:
                connection.interrupt()

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


@contextmanager
def _database(tables: Tables) -> Iterator[duckdb.DuckDBPyConnection]:
    # A registered table is its cursor's own: nothing of one answer is there when the next comes.
    with closing(_engine().cursor()) as cursor:
        for name, table in tables.items():
            cursor.register(name, table)
        yield cursor


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """The locked, empty engine of this process; making one takes longer than most answers."""
    connection = duckdb.connect(":memory:")
    for statement in _LOCKED:
        connection.execute(statement)
    return connection


def _cell(column: OutputColumn, value: Any) -> Cell:
    """A value as JSON: whole numbers as integers, dates as ISO text, what has no value (0/0) as null."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, date):
        return value.isoformat()
    number = float(value)
    if not isfinite(number):
        return None
    if column.type == "integer" and abs(number) <= _LARGEST_EXACT:
        return round(number)
    return float(f"{number:.12g}")
