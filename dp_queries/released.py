"""Noisy measures -> the columns of the released table, and SQL over that table in an empty, locked database.

The database lives in memory for one answer and holds released values only; no file, network, extension or variable of
this process can be reached from it (ATTACKS 18, 19).
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date
from functools import cache
from threading import Timer
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]  # it ships without types

from dp_queries.accuracy import bare_aggregate
from dp_queries.answer import Cell
from dp_queries.plan import Above, Aggregate, Key, Measure, OutputColumn, Plan

Floats = np.ndarray[Any, np.dtype[np.float64]]
Groups = np.ndarray[Any, np.dtype[np.int64]]

_LOCKED = (
    "SET threads = 1",
    "SET temp_directory = ''",
    "SET memory_limit = '2GB'",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET python_enable_replacements = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
_SIGNIFICANT = 6
_LARGEST_EXACT = 2**53 - 1  # beyond it a JSON number is not exact (RFC 8785), and an answer that can't be signed
_DRY_RUN_SECONDS = 1.0
_TYPES = {
    "text": pa.string(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}


def aggregate_values(plan: Plan, measures: Sequence[Floats]) -> list[Floats]:
    """The aggregates a0.. from measures in grid steps, unrounded; any shape, the same for all measures."""
    return [_aggregate(aggregate, plan.measures, measures) for aggregate in plan.aggregates]


def rounded_values(plan: Plan, values: Sequence[Floats]) -> list[Floats]:
    """The aggregates as they are shown: counts whole, sums to their granularity, averages to six digits."""
    return [_rounded(aggregate, plan, column) for aggregate, column in zip(plan.aggregates, values, strict=True)]


def post_process(plan: Plan, values: Sequence[Floats]) -> tuple[list[list[Cell]], Groups]:
    """The answer's rows, in order, and the group that each came from. Source: Dwork, Roth 2014, Proposition 2.1."""
    above, sql = plan.above, _sql(plan.above)
    groups = np.arange(plan.groups, dtype=np.int64)
    with _database(plan, groups, values, sql) as connection:
        found = connection.execute(sql).fetchall()
    rows = [[_cell(column, value) for column, value in zip(above.columns, row[1:], strict=True)] for row in found]
    return rows, np.array([row[0] for row in found], dtype=np.int64)


def dry_run(plan: Plan) -> None:
    """Post-process a table without rows: raises duckdb.Error now for what the engine would refuse after the charge."""
    sql = _sql(plan.above)
    nothing = np.zeros(0, dtype=np.int64)
    with _database(plan, nothing, [np.zeros(0) for _ in plan.aggregates], sql) as connection:
        # The engine folds constants, in the room's own process, where nobody could kill it.
        timer = Timer(_DRY_RUN_SECONDS, connection.interrupt)
        timer.start()
        try:
            connection.execute(sql).fetchall()
        finally:
            timer.cancel()


def evaluate(plan: Plan, selected: Sequence[int], groups: Groups, values: Sequence[Floats]) -> list[Floats]:
    """Some selected columns as doubles over given groups and aggregate values; NULL and infinity are NaN."""
    derived = [index for index in selected if bare_aggregate(plan.above.select[index]) is None]
    found = _evaluate_sql(plan, derived, groups, values) if derived else {}
    # What is a bare aggregate needs no database: averages are the most common case by far.
    for index in selected:
        aggregate = bare_aggregate(plan.above.select[index])
        if aggregate is not None:
            found[index] = values[aggregate]
    return [np.where(np.isfinite(found[index]), found[index], np.nan) for index in selected]


def _evaluate_sql(plan: Plan, selected: Sequence[int], groups: Groups, values: Sequence[Floats]) -> dict[int, Floats]:
    expressions = [f"CAST({plan.above.select[index]} AS DOUBLE) AS c{index}" for index in selected]
    sql = f"SELECT {', '.join(expressions)} FROM released"
    with _database(plan, groups, values, sql) as connection:
        found = connection.execute(sql).fetchnumpy()
    return {index: np.ma.filled(found[f"c{index}"].astype(np.float64), np.nan) for index in selected}


def _sql(above: Above) -> str:
    sql = f"SELECT g, {', '.join(above.select)} FROM released"
    sql += f" WHERE {above.where}" if above.where is not None else ""
    sql += f" ORDER BY {above.order_by}, g" if above.order_by is not None else " ORDER BY g"
    sql += f" LIMIT {above.limit}" if above.limit is not None else ""
    return sql + (f" OFFSET {above.offset}" if above.offset is not None else "")


@contextmanager
def _database(plan: Plan, groups: Groups, values: Sequence[Floats], sql: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with the table `released` (g, k0.., a0..), of which only what `sql` names, and nothing else."""
    columns = {"g": pa.array(groups)}
    codes = np.unravel_index(groups, [len(key.domain) for key in plan.keys]) if plan.keys else ()
    columns |= {
        f"k{index}": _key_column(key, codes[index]) for index, key in enumerate(plan.keys) if f'"k{index}"' in sql
    }
    columns |= {f"a{index}": pa.array(column) for index, column in enumerate(values) if f'"a{index}"' in sql}
    # A registered table is its cursor's own: nothing of one answer is there when the next comes.
    with closing(_engine().cursor()) as cursor:
        cursor.register("released", pa.table(columns))
        yield cursor


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """The locked, empty engine of this process; making one takes longer than most answers."""
    connection = duckdb.connect(":memory:")
    for statement in _LOCKED:
        connection.execute(statement)
    return connection


def _key_column(key: Key, codes: Any) -> pa.Array:
    return pa.array(key.domain, type=_TYPES[key.type]).take(pa.array(codes))


def _aggregate(aggregate: Aggregate, measures: Sequence[Measure], values: Sequence[Floats]) -> Floats:
    first = measures[aggregate.measures[0]]
    total: Floats = values[aggregate.measures[0]] / first.norm.grid
    if aggregate.kind == "count":
        return total
    if aggregate.kind == "sum":
        return total * first.granularity.numerator / first.granularity.denominator
    count = values[aggregate.measures[1]] / measures[aggregate.measures[1]].norm.grid
    # A mean lies within the column's bounds; so a group of few rows says "anywhere" and not "a million".
    mean = np.clip(total / np.maximum(count, 1.0) + first.offset_steps, first.lower_steps, first.upper_steps)
    value: Floats = mean * float(first.granularity)
    return value


def _rounded(aggregate: Aggregate, plan: Plan, values: Floats) -> Floats:
    if aggregate.kind == "avg":
        return _significant(values)
    granularity = plan.measures[aggregate.measures[0]].granularity
    steps: Floats = np.rint(values * granularity.denominator / granularity.numerator)
    return steps * granularity.numerator / granularity.denominator


def _significant(values: Floats) -> Floats:
    """Six significant digits: more would only show noise."""
    magnitude = np.floor(np.log10(np.maximum(np.abs(values), 1e-300)))
    scale = 10.0 ** np.clip(_SIGNIFICANT - 1 - magnitude, -300, 300)
    shown: Floats = np.rint(values * scale) / scale
    return shown


def _cell(column: OutputColumn, value: Any) -> Cell:
    """A value as JSON: whole numbers as integers, dates as ISO text, what has no value (0/0) as null."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, date):
        return value.isoformat()
    number = float(value)
    if not np.isfinite(number):
        return None
    if column.type == "integer" and abs(number) <= _LARGEST_EXACT:
        return round(number)
    return float(f"{number:.12g}")
