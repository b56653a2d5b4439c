"""Attack 12: give an alias the name of the unit, of a public table or of a private one, so that a row or an exact
figure passes for something harmless. Names of FROM are resolved against the card, and aliases name nothing else.
"""

import pytest

from dp_queries.algebra.relations import Scan, scans
from dp_queries.errors import QueryRejected
from dp_queries.planner import analyse
from tests.dp_queries.flights import DATASET, planned


def code(sql):
    with pytest.raises(QueryRejected) as refused:
        analyse(sql, DATASET)
    return refused.value.reasons[0].code


def test_a_private_table_under_a_public_name_stays_private():
    plan = planned("SELECT COUNT(*) FROM flights AS airports")
    assert list(scans(plan.aggregations[0].below)) == [Scan("flights", True)]
    assert analyse("SELECT COUNT(*) FROM flights AS airports", DATASET).needs.columns == {("flights", "*")}


def test_a_public_table_under_a_private_name_is_still_public():
    assert code("SELECT COUNT(*) FROM airports AS flights") == "no-aggregate"
    assert code("SELECT zone, COUNT(*) FROM airports AS flights GROUP BY zone") == "no-aggregate"


def test_swapped_aliases_do_not_swap_bounds_or_norms():
    straight = planned("SELECT SUM(p.seats) FROM flights f JOIN planes p ON f.tailnum = p.tailnum")
    swapped = planned("SELECT SUM(flights.seats) FROM flights AS planes JOIN planes AS flights USING (tailnum)")
    assert swapped.measures == straight.measures
    assert swapped.digest == straight.digest


def test_a_column_alias_can_not_pass_for_the_unit():
    counted = planned("SELECT COUNT(DISTINCT origin) AS tailnum FROM flights")
    assert [measure.kind for measure in counted.measures] == ["distinct"]
    assert code("SELECT origin AS tailnum, COUNT(DISTINCT t) FROM flights GROUP BY origin") == "unknown-column"
    assert code("SELECT dest AS tailnum, COUNT(*) FROM flights GROUP BY tailnum") == "unit-key"


def test_a_public_column_of_the_units_name_does_not_join_units():
    sql = "SELECT COUNT(*) FROM flights f JOIN airports a ON f.dest = a.faa JOIN planes p ON p.tailnum = a.faa"
    assert code(sql) == "join-not-on-unit"


def test_with_can_not_redefine_a_table():
    assert (
        code("WITH airports AS (SELECT * FROM flights) SELECT zone, COUNT(*) FROM airports GROUP BY zone")
        == "shadowing"
    )


HIDDEN = (
    "WITH flights AS (SELECT * FROM airports) SELECT COUNT(*) FROM flights",
    "WITH x AS (SELECT * FROM flights), X AS (SELECT * FROM airports) SELECT COUNT(*) FROM x",
    "WITH x AS (SELECT * FROM flights) SELECT COUNT(*) FROM (WITH x AS (SELECT * FROM planes) SELECT * FROM x) y",
    "SELECT COUNT(*) FROM (WITH planes AS (SELECT * FROM flights) SELECT * FROM planes) y",
    'WITH "AIRPORTS" AS (SELECT * FROM flights) SELECT zone, COUNT(*) FROM airports GROUP BY zone',
)


@pytest.mark.parametrize("sql", HIDDEN)
def test_no_name_of_with_hides_another(sql):
    assert code(sql) == "shadowing"


OPTIONAL = "(SELECT p.tailnum FROM flights f LEFT JOIN planes p USING (tailnum)) x"
OTHERS_AS_THE_UNIT = (
    "(SELECT dest AS tailnum, day FROM flights) x",
    "(SELECT * FROM flights) AS x (u, c, o, tailnum)",
    "(SELECT dest AS tailnum FROM flights UNION ALL SELECT maker FROM planes) x",
    "(SELECT tailnum FROM flights UNION ALL SELECT dest FROM flights) x",
    "(SELECT COALESCE(dest, tailnum) AS tailnum FROM flights) x",
    "(SELECT tailnum || '' AS tailnum FROM flights) x",
    "(SELECT MIN(dest) AS tailnum FROM flights GROUP BY tailnum) x",
    "(SELECT LAG(tailnum) OVER (PARTITION BY tailnum ORDER BY day) AS tailnum FROM flights) x",
    OPTIONAL,
)


@pytest.mark.parametrize("source", OTHERS_AS_THE_UNIT)
def test_another_column_under_the_units_name_joins_and_groups_nothing(source):
    listed = "WITH x (tailnum) AS (SELECT dest FROM flights)"
    assert code(f"{listed} SELECT COUNT(*) FROM x JOIN planes p ON x.tailnum = p.tailnum") == "join-not-on-unit"
    if source != OPTIONAL:
        assert code(f"SELECT COUNT(*) FROM planes p JOIN {source} ON x.tailnum = p.tailnum") == "join-not-on-unit"
    exists = f"EXISTS (SELECT 1 FROM {source} WHERE x.tailnum = p.tailnum)"
    assert code(f"SELECT COUNT(*) FROM planes p WHERE {exists}") == "subquery-not-on-unit"
    ranked = f"(SELECT ROW_NUMBER() OVER (PARTITION BY tailnum ORDER BY tailnum) AS r FROM {source}) y"
    assert code(f"SELECT COUNT(*) FROM {ranked}") == "window-not-per-unit"


def test_an_optional_unit_is_the_unit_where_it_is_there():
    """Rows without the optional plane meet no other plane: the join is on the unit, in either order."""
    found = planned(f"SELECT COUNT(*) FROM planes p JOIN {OPTIONAL} ON x.tailnum = p.tailnum")
    chain = "flights f LEFT JOIN planes p USING (tailnum) JOIN planes q ON q.tailnum = p.tailnum"
    assert found.digest == planned(f"SELECT COUNT(*) FROM {chain}").digest
    assert [(join.kind, join.on_unit) for join in found.aggregations[0].below.joins] == [("left", 0), ("inner", 1)]


def test_the_unit_under_another_name_is_still_the_unit():
    renamed = (
        "WITH x (dest) AS (SELECT tailnum FROM planes) SELECT COUNT(*) FROM flights f JOIN x ON f.tailnum = x.dest"
    )
    assert planned(renamed).digest == planned("SELECT COUNT(*) FROM flights JOIN planes USING (tailnum)").digest
    assert code("SELECT u, COUNT(*) FROM (SELECT tailnum AS u FROM flights) x GROUP BY u") == "unit-key"
