"""What nothing reads is left out, what only renames is melted in, and the rest stands in one order."""

import pytest

from dp_queries.algebra.relations import Below, Derived, PerUnit, Scan, UnionAll, Windowed
from dp_queries.facts.relations import RelationFacts
from dp_queries.layers.canonical_rows import CanonicalRows
from tests.dp_queries.flights import DATASET
from tests.dp_queries.layers.views import view

FLIGHTS, PLANES = Scan("flights", True), Scan("planes", True)


def rows(sql, *names):
    """The rows of a SELECT of which these columns are read."""
    found = view(sql)
    terms = [("column", found.columns[name]) for name in names]
    return CanonicalRows(RelationFacts(DATASET)).rows(found.below, terms).below


RANKED = "SELECT tailnum, month, origin, ROW_NUMBER() OVER (PARTITION BY tailnum ORDER BY day) AS r FROM flights"


def test_windows_that_nobody_reads_are_no_windows():
    assert rows(RANKED, "month") == Below((FLIGHTS,))
    (kept,) = rows(RANKED, "r").sources
    assert isinstance(kept, Windowed)
    assert [column.column for column in kept.columns] == ["day"]


def test_a_relation_that_is_melted_in_brings_its_conditions_and_joins():
    inner = (
        "SELECT f.tailnum, month, r FROM (SELECT f.tailnum, month, seats, "
        "RANK() OVER (PARTITION BY f.tailnum ORDER BY day) AS r FROM flights f JOIN planes p USING (tailnum) "
        "LEFT JOIN airports a ON dest = faa WHERE seats > 5 AND zone = 'east') AS f WHERE month = 2"
    )
    plain = (
        "SELECT f.tailnum FROM flights f JOIN planes p USING (tailnum) LEFT JOIN airports a ON dest = faa "
        "WHERE seats > 5 AND zone = 'east' AND month = 2"
    )
    assert rows(inner, "tailnum") == rows(plain, "tailnum")
    assert rows(inner, "r") != rows(plain, "tailnum")


def test_a_left_join_of_a_filtered_table_filters_its_partners():
    inner = "SELECT f.month FROM flights f LEFT JOIN (SELECT *, RANK() OVER (PARTITION BY tailnum ORDER BY seats) AS r "
    found = rows(f"{inner} FROM planes WHERE seats > 5) AS p ON p.tailnum = f.tailnum", "month")
    assert found.sources == (FLIGHTS, PLANES)
    assert [(join.kind, join.on_unit, join.condition is None) for join in found.joins] == [("left", 0, False)]
    assert found.where is None


def test_keys_of_groups_stay_and_aggregates_go():
    grouped = "SELECT tailnum, origin, month, COUNT(*) AS n, MAX(delay) AS d FROM flights GROUP BY 1, 3, 2"
    (kept,) = rows(grouped, "n").sources
    assert isinstance(kept, PerUnit)
    assert [key.column for key in kept.keys] == ["month", "origin"]
    assert [part.kind for part in kept.aggregates] == ["count"]


def test_parts_of_a_union_lose_a_column_together():
    parts = "SELECT tailnum, {0} AS a, {1} AS b FROM flights WHERE late"
    both = f"SELECT * FROM ({parts.format('origin', 'dest')} UNION ALL {parts.format('carrier', 'note')}) AS x"
    (kept,) = rows(both, "b").sources
    assert isinstance(kept, UnionAll)
    assert sorted(column.column for part in kept.parts for column in part.columns) == ["dest", "note"]
    assert rows(both, "b") != rows(both, "a")
    assert all(part.columns == () for part in rows(both).sources[0].parts)


def test_public_rows_of_which_nothing_is_read_have_a_column_still():
    """An engine has no SELECT without columns; rows of units have their unit."""
    joined = "(SELECT a.zone FROM airports a JOIN airports b ON a.faa = b.faa) AS x"
    found = rows(f"SELECT seats FROM planes LEFT JOIN {joined} ON TRUE WHERE built = 2", "seats")
    (kept,) = (source for source in found.sources if isinstance(source, Derived))
    assert len(kept.columns) == 1


def test_what_is_asked_twice_is_asked_once():
    asked = "EXISTS (SELECT 1 FROM planes p WHERE p.tailnum = f.tailnum AND seats > 5)"
    found = rows(f"SELECT month FROM flights f WHERE {asked} AND {asked} AND NOT {asked}", "month")
    assert [join.kind for join in found.joins] == ["semi", "anti"]
    assert [join.on_unit for join in found.joins] == [0, 0]


@pytest.mark.parametrize("columns", [("month",), ("month", "origin"), ()])
def test_a_second_time_changes_nothing(columns):
    once = rows(f"SELECT x.* FROM ({RANKED}) AS x JOIN planes p USING (tailnum) WHERE r = 1", *columns)
    terms = []
    twice = CanonicalRows(RelationFacts(DATASET)).rows(once, terms).below
    assert [type(source) for source in twice.sources] == [type(source) for source in once.sources]
    assert twice.joins == once.joins
