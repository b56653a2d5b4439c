"""Columns as they are stored: types, steps, ENUMs; and no value is lost silently."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.dp_queries.small_loads import AT, SECRET, card, faults, loaded, private, rows, write


def test_physical_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "person": pa.array([7, 7, None], pa.int64()),
            "kind": ["b", None, "a"],
            "note": ["x", "", "z"],
            "cost": [1.285, -5.0, 2.0],
            "much": [3, 10**12, 1],
            "plain": [1, None, 3],
            "free": [float("nan"), float("inf"), 0.5],
            "yes": [True, None, False],
            "day": [date(2025, 1, 2), None, None],
            "at": [AT, None, None],
        }
    )
    pq.write_table(table, tmp_path / "v.parquet")
    columns = [
        {"name": "person", "type": "integer"},
        {"name": "kind", "type": "text", "nullable": True, "domain": ["b", "a"]},
        {"name": "note", "type": "text", "nullable": True},
        {"name": "cost", "type": "number", "bounds": [0, 100], "granularity": 0.01},
        {"name": "much", "type": "integer", "bounds": [0, 5_000_000_000]},
        {"name": "plain", "type": "integer", "nullable": True},
        {"name": "free", "type": "number", "nullable": True},
        {"name": "yes", "type": "boolean", "nullable": True},
        {"name": "day", "type": "date", "nullable": True, "bounds": ["2025-01-01", "2025-01-01"]},
        {"name": "at", "type": "timestamp", "nullable": True},
    ]
    result = loaded(tmp_path, card(private("v", columns, source={"parquet": "v.parquet"})))
    types = dict(rows(tmp_path, "SELECT column_name, column_type FROM (DESCRIBE v)"))
    assert types == {
        "_unit": "INTEGER",
        "person": "BIGINT",
        "kind": "ENUM('b', 'a')",
        "note": "VARCHAR",
        "cost": "INTEGER",
        "much": "BIGINT",
        "plain": "BIGINT",
        "free": "DOUBLE",
        "yes": "BOOLEAN",
        "day": "DATE",
        "at": "TIMESTAMP",
    }
    assert rows(tmp_path, "SELECT * FROM v ORDER BY cost DESC") == [
        (0, 7, "b", "x", 129, 3, 1, None, True, date(2025, 1, 2), AT),
        (0, 7, None, "", 0, 5_000_000_000, None, None, None, None, None),
    ]
    report = result.report.tables[0]
    assert (report.rows_read, report.rows_without_unit, report.rows) == (3, 1, 2)
    counted = {column.name: (column.nulls, column.beyond_bounds) for column in report.columns}
    assert counted["cost"] == (0, 1)
    assert counted["much"] == (0, 1)
    assert counted["free"] == (2, 0)
    assert counted["day"] == (1, 1)


@pytest.mark.parametrize(
    ("value", "steps"),
    [
        ("0.285", 29),
        ("-0.285", -29),
        ("0.284999", 28),
        ("5", 100),
        ("-5", -100),
        ("0.005", 1),
        ("1e300", 100),
        ("", None),
    ],
)
def test_quantizing_rounds_half_away_from_zero_after_clamping(tmp_path: Path, value: str, steps: int | None) -> None:
    write(tmp_path, "v.csv", f"person,cost\nanna,{value}\n")
    column = {"name": "cost", "type": "number", "bounds": [-1, 1], "granularity": 0.01, "nullable": True}
    loaded(tmp_path, card(private("v", [column])))
    assert rows(tmp_path, "SELECT cost FROM v") == [(steps,)]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(("integer", value) for value in (SECRET, "1.5", "0x10", "99999999999999999999", "nan", '"1,5"')),
        *(("number", value) for value in (SECRET, '"1,5"', "1_0.5.", "12€")),
        *(("date", value) for value in (SECRET, "2025-02-30", "2025-01-01 10:00:00", "01/02/2025")),
        *(("timestamp", value) for value in (SECRET, "2025-02-30 00:00:00", "2025-01-01 25:00:00")),
        *(("boolean", value) for value in (SECRET, "2")),
    ],
)
def test_a_value_of_another_type_is_never_silently_missing(tmp_path: Path, kind: str, value: str) -> None:
    write(tmp_path, "v.csv", f"person,x\nanna,{value}\n")
    assert faults(tmp_path, card(private("v", [{"name": "x", "type": kind, "nullable": True}]))) == {
        ("wrong-type", "v.x")
    }


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "-7", -7),
        ("integer", "7.0", 7),
        ("integer", str(2**62), 2**62),
        ("number", "1e-3", 0.001),
        ("date", "2025-01-31", date(2025, 1, 31)),
        ("timestamp", "2025-01-02T03:04:05Z", AT),
        ("timestamp", "2025-01-02 03:04:05", AT),
        ("boolean", "true", True),
        ("text", "NULL", "NULL"),
    ],
)
def test_values_are_read(tmp_path: Path, kind: str, text: str, value: object) -> None:
    write(tmp_path, "v.csv", f"person,x\nanna,{text}\n")
    loaded(tmp_path, card(private("v", [{"name": "x", "type": kind}])))
    assert rows(tmp_path, "SELECT x FROM v") == [(value,)]


def test_a_source_of_another_type_is_a_fault(tmp_path: Path) -> None:
    pq.write_table(pa.table({"person": ["anna"], "cost": [date(2025, 1, 1)]}), tmp_path / "v.parquet")
    column = {"name": "cost", "type": "integer"}
    told = faults(tmp_path, card(private("v", [column], source={"parquet": "v.parquet"})))
    assert told == {("wrong-type", "v.cost")}
