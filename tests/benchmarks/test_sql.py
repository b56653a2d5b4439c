"""The benchmark of the SQL door on a small workload: its lines are read by machines, and both sides count the same."""

import json
from datetime import date

import pytest
import yaml

from benchmarks.figures import table
from benchmarks.memory import growth_bytes
from benchmarks.sql import MEGABYTE, measured, memory
from benchmarks.trip_queries import PRIVATE_KEYS, QUERIES, Ours, Raw, Truth, truth
from benchmarks.trips import CARD, Size, prepared
from policies.catalogue import read_card
from tests.dp_queries.flights import Silence

SMALL = Size("20k")
CENTS = {"cat10", "join"}
# A private key drops groups, and a median is no sum: their answers differ from the exact ones without any noise.
EXACT = [query for query in QUERIES if query not in PRIVATE_KEYS | {"median"}]


@pytest.fixture(scope="module")
def trips(tmp_path_factory):
    """20,000 trips under norms that clip nobody."""
    document = yaml.safe_load(CARD.read_text(encoding="utf-8"))
    document["tables"][0]["rows_norm"] = 100_000
    fare = next(column for column in document["tables"][0]["columns"] if column["name"] == "fare")
    fare["clipping"] = {"sum": 1_000_000}
    return prepared(SMALL, tmp_path_factory.mktemp("bench"), read_card(document))


def groups(rows):
    return {
        tuple(cell.isoformat() if isinstance(cell, date) else cell for cell in row[:-1]): float(row[-1]) for row in rows
    }


@pytest.mark.parametrize("query", EXACT)
def test_without_noise_and_clipping_both_sides_agree(trips, query):
    raw, ours = Raw(trips), Ours(trips)
    exact, answer = groups(raw.run(query)), groups(ours.answer(query, Silence()).rows)
    raw.close(), ours.close()
    unit = 100 if query in CENTS else 1
    # The answer also has the groups that hold no rows.
    assert {key: answer.get(key) for key in exact} == {key: value / unit for key, value in exact.items()}
    assert sum(answer.values()) == pytest.approx(sum(exact.values()) / unit)


def test_the_truth_is_neither_clamped_nor_clipped(trips):
    ours = Ours(trips)
    assert truth(trips, "filter").error(ours.answer("filter", Silence()).rows, least_rows=1) == 0
    clamped = truth(trips, "cat10").error(ours.answer("cat10", Silence()).rows, least_rows=1)
    ours.close()
    assert 0 < clamped < 0.02  # fares above 100 are few


def test_small_groups_do_not_count_and_a_missing_one_counts_as_wrong():
    exact = Truth(
        {("a",): 100.0, ("b",): 100.0, ("c",): 100.0, ("d",): 9.0}, dict.fromkeys([("a",), ("b",), ("c",)], 9.0)
    )
    exact.rows[("d",)] = 1.0
    rows = [["a", 101], ["b", 110], ["d", 9]]
    assert exact.error(rows, least_rows=9) == pytest.approx(0.1)
    assert Truth({("c",): 1.0}, {("c",): 9.0}).error(rows, least_rows=9) == 1


def test_raw_answers_what_our_side_may_not_answer_yet(trips):
    raw = Raw(trips)
    zones, ((middle,),) = groups(raw.run("zone1k")), raw.run("median")
    raw.close()
    exact = truth(trips, "zone1k")
    assert zones.keys() == exact.values.keys()
    assert sum(zones.values()) / 100 == pytest.approx(sum(exact.values.values()), rel=0.05)  # stored fares are clamped
    assert middle / 100 == pytest.approx(truth(trips, "median").values[()], abs=0.01)


def test_a_query_that_our_side_refuses_is_told_and_raw_is_measured_all_the_same(trips, monkeypatch):
    monkeypatch.setitem(QUERIES, "rows", "SELECT trip_id FROM trips")
    told, raw_ms = measured(trips, ["rows"])
    assert json.loads(told.line())["figure"] == "rows_20k_ratio_to_raw"
    assert told.value is None
    assert told.notice.startswith("not answered yet: ")
    assert len(told.notice) > len("not answered yet: ")
    assert raw_ms.what == "raw_ms"
    assert raw_ms.value > 0
    assert list(memory(trips, ["rows"])) == []


def test_every_line_is_an_object_that_acceptance_can_read(trips):
    figures = list(measured(trips, ["users", "cat10"]))
    lines = [json.loads(figure.line()) for figure in figures]
    found = {line["figure"]: line for line in lines}
    assert set(found) == {
        f"{query}_20k_{what}"
        for query in ("users", "cat10")
        for what in ("ratio_to_raw", "raw_ms", "ms", "release_ms", "error")
    }
    assert all(line["bench"] == "sql" and line["value"] >= 0 and line["n"] >= 7 for line in lines)
    assert found["cat10_20k_ratio_to_raw"]["unit"] == "x"
    shown = table(figures).splitlines()
    assert [line.split()[:2] for line in shown[1:]] == [["users", "20k"], ["cat10", "20k"]]


def test_memory_is_measured_in_a_process_of_its_own():
    # Code that is loaded on the way would be counted as the query's: pricing alone takes a hundred megabytes.
    assert 0 < growth_bytes("ours", "users", SMALL) < 50 * MEGABYTE


def test_a_workload_is_made_once(trips):
    made = trips.file.stat().st_mtime_ns
    again = prepared(SMALL, trips.folder.parent, trips.dataset.card)
    assert again.file.stat().st_mtime_ns == made
    assert again.dataset == trips.dataset


def test_sizes_are_told_by_name():
    assert [(Size(name).rows, Size(name).users) for name in ("1m", "100m")] == [(10**6, 10**5), (10**8, 10**6)]
