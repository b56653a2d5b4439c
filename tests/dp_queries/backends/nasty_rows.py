"""A table whose rows hold whatever a column can hold, and its columns as both backends know them."""

import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb

from dp_queries.algebra.expressions import ColumnRef
from dp_queries.backends.storage import Storage
from dp_queries.backends.terms import Term, column_term
from dp_queries.backends.twins.values import Steps
from dp_queries.loading.encrypted import attach_new, connect, literal, name, open_read_only

_KEY = bytes(range(32))
_INF = float("inf")
_DOMAIN = ("b", "a", "A%", "é_", "", " ß ", "12", "2024-02-29")
DOUBLES = (
    *(0.0, -0.0, 0.1, 0.5, -0.5, 1.5, 2.5, -2.5, 0.49999999999999994, 1.005, 2.675, -3.0, 64.0, 1e15 + 0.5),
    *(5e-324, -5e-324, 2.2250738585072014e-308, 1e-7, 1e300, 1e308, -1e308, 1.7976931348623157e308),
    *(2.0**52 + 0.5, 2.0**53, 2.0**53 + 2, -(2.0**53), -(2.0**53) - 2, 2.0**62, -(2.0**63), 2.0**64),
    *(709.782712893384, 709.7827128933841, -745.2, 700.0, _INF, -_INF, float("nan")),
)
TEXTS = (
    *(
        "",
        " ",
        "  a b  ",
        "a",
        "b",
        "ab",
        "A%",
        "é_",
        "e\u0301",
        "É",
        "😀a",
        "aaa",
        "a,b,,c",
        ",",
        ",,",
        "\ta\t",
        "a\nb",
    ),
    *("ßİŉǆΑΣΣ", "straße ﬁ ᾳ", "'; --", 'q"', "\\", "\0x", "a\0b", "\u00a0 5 \u00a0", "\uffff\U0010ffff", "x" * 300),
    *("12", " -7 ", "+0", "-0", "000000000000001", "999999999999999", "1000000000000000", "1.5", "1.", ".5", "1e5"),
    *("-0.0", "0.1", " 123456789012345.123456789012345 ", "0x10", "1_000", "٣", "\t1", "1\n", "inf", "nan", "--1", "+"),
    *("2024-02-29", "2023-02-29", "0000-01-01", "0001-01-01", "9999-12-31", "2024-2-29", "2024-02-29 ", "2024-13-01"),
    *(
        "10000-01-01",
        "2024-02-29\n",
        "2024-00-10",
        "infinity",
        "epoch",
        "2024-02-29 10:00:00",
        "-001-01-01",
        "２０２４-01-01",
    ),
)
DAYS = (
    *(date(1, 1, 1), date(1, 1, 7), date(1, 12, 31), date(4, 2, 29), date(1582, 10, 10), date(1600, 2, 29)),
    *(date(1899, 12, 31), date(1900, 2, 28), date(1969, 12, 31), date(1970, 1, 1), date(2000, 2, 29)),
    *(date(2020, 12, 31), date(2021, 1, 3), date(2024, 1, 31), date(2024, 2, 29), date(2024, 12, 30)),
    *(date(2026, 5, 31), date(2027, 1, 1), date(9996, 2, 29), date(9999, 1, 1), date(9999, 12, 30), date(9999, 12, 31)),
)
MOMENTS = (
    *(datetime.fromisoformat(f"{day} {hour}") for day in DAYS for hour in ("00:00:00", "23:59:59.999999")),
    *(datetime.fromisoformat(f"1969-12-31 {hour}") for hour in ("23:59:59.5", "23:59:58", "12:30:29.000001")),
    *(datetime.fromisoformat(f"2024-02-29 {hour}") for hour in ("00:00:00.000001", "11:59:59", "13:45:01.5")),
)
# What no Python date can be: NULL to every function of time, and of no other use here.
_FAR_DAYS = (
    "infinity",
    "-infinity",
    "0001-12-31 (BC)",
    "10000-01-01",
    "290000-01-01",
    "5000000-01-01",
    "4000-01-01 (BC)",
)
_FAR_MOMENTS = (
    "infinity",
    "-infinity",
    "0001-12-31 (BC) 23:59:59.999999",
    "10000-01-01 00:00:00",
    "290000-01-01 00:00:00",
)


@dataclass(frozen=True)
class Column:
    """A column: the card's type, how it is kept, its DuckDB type, and what its rows may hold besides NULL."""

    type: str
    kept: Storage
    sql: str
    values: tuple[Any, ...]


_HALF, _WIDE = 2**31 - 1, 2**53
_CENTS = (0, 1, -1, 50, -50, 149, 150, 151, 250, -250, 9999, _HALF, -_HALF)
COLUMNS: dict[str, Column] = {
    "fare": Column("number", Storage("steps", granularity=Fraction(1, 100)), "INTEGER", _CENTS),
    "third": Column("number", Storage("steps", granularity=Fraction(1, 3)), "BIGINT", (0, 1, -2, 4, -5, _WIDE, -_WIDE)),
    "mass": Column("number", Storage("steps", granularity=Fraction(3)), "BIGINT", (0, 1, -1, 10**9, _WIDE, -_WIDE)),
    "ten": Column("integer", Storage("steps", granularity=Fraction(10)), "INTEGER", (0, 1, -1, 7, _HALF, -_HALF)),
    "vast": Column("integer", Storage("steps", granularity=Fraction(10**6)), "BIGINT", (0, -3, 2**33, 2**34, -_WIDE)),
    "zone": Column("integer", Storage("steps"), "INTEGER", (0, 1, 2, 3, 5, -7, _HALF, -_HALF)),
    "wide": Column("integer", Storage("steps"), "BIGINT", (0, 1, -3, 2**31, _WIDE, -_WIDE, _WIDE - 1)),
    "serial": Column(
        "integer", Storage("integer"), "BIGINT", (0, 1, -7, _WIDE, _WIDE + 1, -_WIDE - 1, 2**62, 2**63 - 1, -(2**63))
    ),
    "free": Column("number", Storage("double"), "DOUBLE", DOUBLES),
    "other": Column("number", Storage("double"), "DOUBLE", DOUBLES),
    "paid": Column("boolean", Storage("boolean"), "BOOLEAN", (True, False)),
    "kind": Column("text", Storage("enum", domain=_DOMAIN), f"ENUM ({', '.join(map(literal, _DOMAIN))})", _DOMAIN),
    "note": Column("text", Storage("text"), "VARCHAR", TEXTS),
    "remark": Column("text", Storage("text"), "VARCHAR", TEXTS),
    "day": Column("date", Storage("date"), "DATE", DAYS),
    "until": Column("date", Storage("date"), "DATE", DAYS),
    "at": Column("timestamp", Storage("timestamp"), "TIMESTAMP", MOMENTS),
    "left": Column("timestamp", Storage("timestamp"), "TIMESTAMP", MOMENTS),
    "far": Column("date", Storage("date"), "DATE", _FAR_DAYS),
    "never": Column("timestamp", Storage("timestamp"), "TIMESTAMP", _FAR_MOMENTS),
}
OUTSIDE = ("far", "never")
"""Columns with no value inside the years 1 to 9999."""


def column(ref: ColumnRef) -> Term:
    """The term of a column, as the renderer asks for it."""
    return column_term(f"r0.{name(ref.column)}", COLUMNS[ref.column].kept)


def reference(title: str) -> ColumnRef:
    """A column in an expression."""
    return ColumnRef(0, title, COLUMNS[title].type)


_IN_TURN = max(len(held.values) for held in COLUMNS.values())  # so many rows show every value of every column


def nasty_rows(count: int, seed: int) -> list[dict[str, Any]]:
    """Rows in which every value of every column stands, in mixed company, with NULLs; and a few days in between."""
    draw = random.Random(seed)
    rows = []
    for at in range(count):
        row = {title: held.values[(at * 7 + len(title)) % len(held.values)] for title, held in COLUMNS.items()}
        for title in draw.sample(sorted(COLUMNS), len(COLUMNS) // 2) if at >= _IN_TURN else ():
            row[title] = draw.choice((*COLUMNS[title].values, None))
        if at > _IN_TURN and at % 5 == 0:
            row["day"] = date.min + timedelta(days=draw.randrange(date.max.toordinal()))
            row["at"] = datetime.combine(date.min, time.min) + timedelta(
                microseconds=draw.randrange(315537897599999999)
            )
        rows.append(row)
    return rows


def logical(row: dict[str, Any]) -> dict[str, Any]:
    """A row as the twin wants it."""
    return {title: _logical(title, value) for title, value in row.items()}


def _logical(title: str, value: Any) -> Any:
    if value is None or title in OUTSIDE:
        return None
    kept = COLUMNS[title].kept
    return Steps(value, kept.granularity) if kept.kind in ("steps", "integer") else value


def create(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """The empty table, with the number of each row before its columns."""
    columns = ", ".join(f"{name(title)} {held.sql}" for title, held in COLUMNS.items())
    connection.execute(f"CREATE TABLE {table} (_row INTEGER, {columns})")


def opened(rows: list[dict[str, Any]], folder: Path) -> duckdb.DuckDBPyConnection:
    """The rows in an encrypted file, opened as a backend does."""
    path = folder / "nasty.db"
    connection = connect(threads=1)
    attach_new(connection, path, _KEY)
    create(connection, "d.rows")
    holes = ", ".join("?" * len(COLUMNS))
    connection.begin()
    connection.executemany(
        f"INSERT INTO d.rows VALUES (?, {holes})", [[at, *row.values()] for at, row in enumerate(rows)]
    )
    connection.commit()
    connection.close()
    return open_read_only(path, _KEY, threads=1)
