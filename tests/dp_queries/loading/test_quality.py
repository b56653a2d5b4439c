"""The quality report: every fault at once, by table and column, and no value of the data."""

import json
from pathlib import Path

import pytest

from tests.dp_queries.small_loads import SECRET, card, faults, loaded, private, rows, visits, write


def test_every_fault_is_told_at_once_with_table_and_column_and_without_values(tmp_path: Path) -> None:
    columns = [
        {"name": "count", "type": "integer"},
        {"name": "cost", "type": "number"},
        {"name": "day", "type": "date"},
        {"name": "flag", "type": "boolean"},
        {"name": "kind", "type": "text", "domain": ["a"]},
        {"name": "code", "type": "integer"},
        {"name": "absent", "type": "text"},
    ]
    header = "person,count,cost,day,flag,kind,code\n"
    write(
        tmp_path,
        "v.csv",
        header + f"anna,1.5,{SECRET},2025-02-30,maybe,{SECRET},1\nanna,2,,2025-01-01T10:00:00,true,a,1\n",
    )
    write(
        tmp_path,
        "w.csv",
        header + f"anna,1.5,{SECRET},2025-02-30,maybe,{SECRET},1\nanna,2,,2025-01-01T10:00:00,true,a,1\n",
    )
    first = private("v", columns[:-1], rows_at_most=1, rows_per_unit_at_most=1, unique=[["code"], ["person", "code"]])
    told = faults(tmp_path, card(first, private("w", columns), private("x", columns[:1])))
    assert told == {
        ("wrong-type", "v.count"), ("wrong-type", "v.cost"), ("null", "v.cost"), ("wrong-type", "v.day"),
        ("wrong-type", "v.flag"), ("outside-domain", "v.kind"), ("duplicate-key", "v.code"),
        ("duplicate-key", "v.person+code"), ("too-many-rows", "v"), ("too-many-rows-per-unit", "v"),
        ("missing-column", "w.absent"), ("missing-file", "x"),
    }  # fmt: skip


def test_too_many_units_over_all_tables(tmp_path: Path) -> None:
    write(tmp_path, "visits.csv", "person,cost\nanna,1\nbert,1\n")
    write(tmp_path, "stays.csv", "person,cost\ncora,1\n")
    stays = private("stays", [{"name": "cost", "type": "integer"}])
    assert loaded(tmp_path, card(visits(), stays, at_most=3)).report.units == 3
    (tmp_path / "target.duckdb").unlink()
    assert faults(tmp_path, card(visits(), stays, at_most=2)) == {("too-many-units", "unit.at_most")}


def test_a_unit_that_is_no_integer_is_a_fault_and_not_a_row_without_unit(tmp_path: Path) -> None:
    write(tmp_path, "v.csv", f"person,cost\n{SECRET},1\n,1\n5,1\n")
    columns = [{"name": "person", "type": "integer"}, {"name": "cost", "type": "integer"}]
    assert faults(tmp_path, card(private("v", columns))) == {("wrong-type", "v.person")}


def test_repeated_rows_are_counted_and_no_fault(tmp_path: Path) -> None:
    write(tmp_path, "visits.csv", "person,cost\nanna,1\nanna,1\nanna,\n")
    described = private("visits", [{"name": "cost", "type": "integer", "nullable": True}])
    report = loaded(tmp_path, card(described)).report
    assert report.tables[0].duplicate_rows == 1
    assert json.loads(json.dumps(report.to_json()))["tables"][0]["columns"][1]["nulls"] == 1


def test_columns_that_the_card_does_not_name_are_left_out_and_reported(tmp_path: Path) -> None:
    write(tmp_path, "visits.csv", f"PERSON,other,Cost\nanna,{SECRET},1\n")
    assert loaded(tmp_path, card(visits())).report.tables[0].columns_left_out == ("other",)
    assert rows(tmp_path, "SELECT * FROM visits") == [(0, "anna", 1)]


def test_more_values_than_the_card_declares_fail_the_load(tmp_path: Path) -> None:
    write(tmp_path, "v.csv", f"person,town\nanna,{SECRET}\nanna,b\nbob,c\n")
    columns = [{"name": "town", "type": "text", "most_values": 2}]
    assert faults(tmp_path, card(private("v", columns))) == {("too-many-values", "v.town")}
    columns = [{"name": "town", "type": "text", "most_values": 3}]
    loaded(tmp_path, card(private("v", columns)))


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ({"type": "integer", "bounds": [0, 9]}, ["9", "12"]),
        ({"type": "integer", "bounds": [0, 90], "granularity": 5}, ["21", "22"]),
        ({"type": "number", "bounds": [0, 9], "granularity": "0.5"}, ["1.1", "1.2"]),
    ],
)
def test_a_unique_key_is_unique_as_it_is_stored(tmp_path: Path, column: dict[str, object], values: list[str]) -> None:
    # Joins meet stored values: two that clamping or quantizing makes one would give a row two partners.
    write(tmp_path, "v.csv", "person,code\n" + "".join(f"p{value},{value}\n" for value in values))
    described = private("v", [{"name": "code", **column}], unique=[["code"]])
    assert faults(tmp_path, card(described)) == {("duplicate-key", "v.code")}
    write(tmp_path, "v.csv", "person,code\nanna,0\nbert,9\ncora,\ndora,\n")
    nullable = private("v", [{"name": "code", "nullable": True, **column}], unique=[["code"]])
    assert loaded(tmp_path, card(nullable)).report.tables[0].rows == 4
