"""A table of values that functions choke on, as a public one, and SELECTs over it."""

from datetime import date, datetime
from typing import Any

import pyarrow as pa

from dp_queries.answers.engine import process, run, try_empty
from dp_queries.layers.above.blocks import write_block
from dp_queries.layers.above.finish import finished
from dp_queries.layers.above.queries import AboveQuery, Column, released_source
from dp_queries.layers.above.writer import Context
from dp_queries.post_processing import Above
from dp_queries.syntax.parse import Statement, parse

NUMBERS = [None, 0.0, -0.0, 1.0, -1.0, 0.5, 2.0**53, -1e16, 1e300, -1e308, 1.7e308, 5e-324, float("inf"), float("nan")]
TEXTS = [None, "", " ", "a", "A,b,,c", "ß", "İ", "é" * 900, "%_\\", "2013-02-30", "9" * 30, "0001-01-01", "-5", "1e400"]
DAYS = [None, date(1, 1, 1), date(9999, 12, 31), date(2012, 2, 29), *[date(2013, 1, day) for day in range(1, 11)]]
MOMENTS = [None if day is None else datetime(day.year, day.month, day.day, 23, 59, 59, 999999) for day in DAYS]
NASTY = pa.table(
    {
        "n": pa.array(NUMBERS, type=pa.float64()),
        "i": pa.array([None, 0, -1, 2**63 - 1, -(2**63), *range(9)], type=pa.int64()),
        "t": pa.array(TEXTS),
        "d": pa.array(DAYS, type=pa.date32()),
        "m": pa.array(MOMENTS, type=pa.timestamp("us")),
        "b": pa.array([None, True, False] * 4 + [True, None]),
    }
)
_TYPES = {"n": "number", "i": "integer", "t": "text", "d": "date", "m": "timestamp", "b": "boolean"}
SOURCE = released_source(
    "public_nasty", [Column(name, name, kind, name == "n") for name, kind in _TYPES.items()], 14, "i"
)


def query(sql: str) -> tuple[Statement, AboveQuery]:
    """A SELECT over the nasty table, or over it twice as x and y."""
    statement = parse(sql)
    names = ("x", "y") if "nasty y" in sql else ("x",)

    def refuse(node: Any, writer: Any) -> AboveQuery:
        raise AssertionError("no subquery is asked here")

    return statement, write_block(statement.tree, [(name, SOURCE) for name in names], Context(statement, refuse))


def above(sql: str) -> Above:
    """The SELECT as post-processing."""
    statement, found = query(sql)
    return finished(found, statement.tree, statement, (0,))


def rows(sql: str) -> list[list[Any]]:
    """The SELECT's answer, after the dry run that every plan has."""
    found = above(sql)
    try_empty(found, {"public_nasty": NASTY.slice(0, 0)})
    run(found.loose, {"public_nasty": NASTY})
    return process(found, {"public_nasty": NASTY}).rows


def empty(sql: str) -> list[list[Any]]:
    """The SELECT's answer over no rows."""
    return process(above(sql), {"public_nasty": NASTY.slice(0, 0)}).rows
