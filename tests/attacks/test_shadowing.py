"""Attack 12: give an alias the name of the unit, of a public table or of a private one, so that a row or an exact
figure passes for something harmless. Names of FROM are resolved against the card, and aliases name nothing else.
"""

import pytest

from dp_queries.errors import QueryRejected
from dp_queries.planner import analyse
from dp_queries.relations import Scan, scans
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
