"""Loads: units and their order, domains, whole or not at all, and the real flights."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from dp_queries.loading import load as loading
from dp_queries.loading.load import LoadRejected, load
from policies.catalogue import read_card
from policies.errors import Unavailable
from tests.dp_queries.small_loads import KEY, SECRET, card, loaded, private, public, rows, visits, write

FLIGHTS = Path(__file__).parents[3] / "examples" / "cards" / "flights.yaml"


def test_units_are_coded_over_all_private_tables_in_raw_order_and_rows_lie_in_it(tmp_path: Path) -> None:
    write(tmp_path, "visits.csv", "person,cost\ncora,1\nanna,2\ncora,3\n")
    write(tmp_path, "stays.csv", "person,cost\nbert,1\nanna,2\n")
    stays = private("stays", [{"name": "cost", "type": "integer"}])
    result = loaded(tmp_path, card(visits(), stays))
    assert result.report.units == 3
    assert [row[:2] for row in rows(tmp_path, "SELECT * FROM visits")] == [(0, "anna"), (2, "cora"), (2, "cora")]
    assert [row[:2] for row in rows(tmp_path, "SELECT * FROM stays")] == [(0, "anna"), (1, "bert")]


def test_rows_stay_in_unit_order_when_they_are_written_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "_ROWS_AT_ONCE", 7)
    write(tmp_path, "visits.csv", "person,cost\n" + "".join(f"p{(i * 37) % 23:02},{i % 10}\n" for i in range(100)))
    loaded(tmp_path, card(visits()))
    units = [row[0] for row in rows(tmp_path, "SELECT _unit FROM visits")]
    assert units == sorted(units)
    assert (len(units), set(units)) == (100, set(range(23)))


def test_rows_without_a_unit_are_left_out_and_counted(tmp_path: Path) -> None:
    write(tmp_path, "visits.csv", "person,cost\nanna,1\n,99\n   ,\n")
    report = loaded(tmp_path, card(visits())).report.tables[0]
    assert (report.rows_read, report.rows_without_unit, report.rows, report.units) == (3, 2, 1, 1)
    assert rows(tmp_path, "SELECT * FROM visits") == [(0, "anna", 1)]


def test_public_columns_become_domains_when_they_are_few(tmp_path: Path) -> None:
    write(tmp_path, "visits.csv", "person,cost\nanna,1\n")
    lines = "".join(f"{i},k{i % 3},t{i},{i % 2 * 4}\n" for i in range(10_001))
    write(tmp_path, "zones.csv", "zone,kind,name,step\n" + lines)
    columns = [
        {"name": "zone", "type": "integer"},
        {"name": "kind", "type": "text"},
        {"name": "name", "type": "text"},
        {"name": "step", "type": "integer", "bounds": [0, 4], "granularity": 2},
    ]
    result = loaded(tmp_path, card(visits(), public("zones", columns, rows_at_most=20_000)))
    assert result.domains == {"zones.kind": ("k0", "k1", "k2"), "zones.step": (0, 4)}
    types = dict(rows(tmp_path, "SELECT column_name, column_type FROM (DESCRIBE zones)"))
    assert types == {"zone": "BIGINT", "kind": "ENUM('k0', 'k1', 'k2')", "name": "VARCHAR", "step": "INTEGER"}
    assert rows(tmp_path, "SELECT max(step) FROM zones") == [(2,)]


def test_columns_may_have_the_names_that_the_load_uses_itself(tmp_path: Path) -> None:
    names = ["raw", "code", "n", "v", "v0", "u0", "kept", "lost_unit", "units"]
    write(tmp_path, "units.csv", ",".join(["person", *names]) + "\nbert" + ",2" * 9 + "\nanna" + ",1" * 9 + "\n")
    columns = [{"name": one, "type": "integer"} for one in names]
    loaded(tmp_path, card(private("units", columns), public("v", columns, source={"csv": "units.csv"})))
    assert rows(tmp_path, "SELECT * FROM units") == [(0, "anna", *[1] * 9), (1, "bert", *[2] * 9)]


def test_the_last_good_version_stays_when_a_load_is_bad_or_breaks_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "visits.csv", "person,cost\nanna,1\n")
    loaded(tmp_path, card(visits()))
    good = (tmp_path / "target.duckdb").read_bytes()
    write(tmp_path, "visits.csv", "person,cost\nanna,x\n")
    with pytest.raises(LoadRejected):
        loaded(tmp_path, card(visits()))
    assert (tmp_path / "target.duckdb").read_bytes() == good

    class Killed(BaseException):
        pass

    def killed(stage: str, fraction: float) -> None:
        if stage == "write" and (tmp_path / "target.duckdb.part").exists():
            raise Killed

    write(tmp_path, "visits.csv", "person,cost\nanna,2\n")
    with pytest.raises(Killed):
        load(card(visits()), tmp_path, tmp_path / "target.duckdb", KEY, killed)
    assert (tmp_path / "target.duckdb").read_bytes() == good
    assert sorted(path.name for path in tmp_path.iterdir()) == ["target.duckdb", "visits.csv"]
    write(tmp_path, "target.duckdb.part", "left by a kill -9")
    loaded(tmp_path, card(visits()))
    assert rows(tmp_path, "SELECT cost FROM visits") == [(2,)]


def test_a_source_that_changes_during_the_load_is_told_without_its_values(tmp_path: Path) -> None:
    write(tmp_path, "visits.csv", "person,cost\nanna,1\n")

    def change(stage: str, fraction: float) -> None:
        if stage == "write":
            write(tmp_path, "visits.csv", f"person,cost\nanna,1,{SECRET}\n")

    with pytest.raises(LoadRejected) as rejected:
        load(card(visits()), tmp_path, tmp_path / "target.duckdb", KEY, change)
    assert SECRET not in str(rejected.value.to_json())
    assert not (tmp_path / "target.duckdb").exists()


def test_a_folder_that_can_t_be_written_to_is_told(tmp_path: Path) -> None:
    write(tmp_path, "visits.csv", "person,cost\nanna,1\n")
    with pytest.raises(LoadRejected):
        load(card(visits()), tmp_path, tmp_path / "nowhere" / "target.duckdb", KEY)


def test_too_little_memory_is_told_and_nothing_is_spilled(tmp_path: Path) -> None:
    table = pa.table({"person": [f"p{i:07}" * 20 for i in range(200_000)], "cost": [1] * 200_000})
    pq.write_table(table, tmp_path / "visits.parquet")
    described = card(visits(source={"parquet": "visits.parquet"}, rows_at_most=10**6), at_most=10**6)
    with pytest.raises(Unavailable, match="memory"):
        load(described, tmp_path, tmp_path / "target.duckdb", KEY, memory_limit="20MB")
    assert [path.name for path in tmp_path.iterdir()] == ["visits.parquet"]


def test_progress_goes_through_its_stages(tmp_path: Path) -> None:
    write(tmp_path, "visits.csv", "person,cost\nanna,1\n")
    seen: list[tuple[str, float]] = []
    load(card(visits()), tmp_path, tmp_path / "t", KEY, lambda stage, fraction: seen.append((stage, fraction)))
    assert list(dict.fromkeys(stage for stage, _ in seen)) == ["read", "check", "write", "finish"]
    assert all(0 <= fraction <= 1 for _, fraction in seen)
    assert seen[-1] == ("finish", 1.0)


def test_the_real_flights(tmp_path: Path) -> None:
    described = read_card(yaml.safe_load(FLIGHTS.read_text(encoding="utf-8")))
    result = loaded(tmp_path, described)
    flights, planes, *rest = result.report.tables
    assert (flights.rows_read, flights.rows_without_unit, flights.rows, flights.units) == (
        336_776,
        2_512,
        334_264,
        4_043,
    )
    assert (flights.most_rows_of_a_unit, planes.rows, planes.units, result.report.units) == (575, 3_322, 3_322, 4_043)
    assert [table.rows for table in rest] == [16, 1_458, 26_115]
    assert len(result.domains["airports.faa"]) == 1_458
    assert result.domains["weather.origin"] == ("EWR", "JFK", "LGA")
    unmatched = "SELECT count(*) FROM flights f LEFT JOIN planes p ON f._unit = p._unit WHERE p._unit IS NULL"
    apart = "SELECT count(*) FROM flights f JOIN planes p ON f._unit = p._unit WHERE f.tailnum <> p.tailnum"
    assert rows(tmp_path, unmatched) == [(50_094,)]
    assert rows(tmp_path, apart) == [(0,)]
    assert rows(tmp_path, "SELECT enum_code(origin), count(*) FROM flights GROUP BY 1 ORDER BY 1")[0][0] == 0
