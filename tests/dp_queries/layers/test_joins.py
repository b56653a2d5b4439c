import pytest

from dp_queries.algebra.expressions import Call, ColumnRef
from dp_queries.planner import analyse
from tests.dp_queries.flights import DATASET, planned
from tests.dp_queries.layers.views import refusal, view


def test_the_units_equality_is_taken_out_of_the_condition():
    join = (
        planned("SELECT COUNT(*) FROM flights f JOIN planes p ON p.tailnum = f.tailnum AND seats > 9")
        .aggregations[0]
        .below.joins[0]
    )
    assert (join.kind, join.on_unit) == ("inner", 0)
    assert isinstance(join.condition, Call)
    assert join.condition.operator == ">"


def test_a_public_join_on_the_units_column_is_no_unit_join():
    join = planned("SELECT COUNT(*) FROM flights JOIN airports ON tailnum = faa").aggregations[0].below.joins[0]
    assert join.on_unit is None


def test_using_makes_one_column_of_two():
    (plan,) = planned("SELECT COUNT(*) FROM flights JOIN planes USING (tailnum) WHERE tailnum = 'N1'").aggregations
    assert plan.below.where is not None
    assert isinstance(plan.below.where, Call)
    assert plan.below.where.arguments[0] == ColumnRef(0, "tailnum", "text")


def test_left_joined_keys_get_the_null_group():
    plan = planned(
        "SELECT height, COUNT(*) FROM flights LEFT JOIN airports ON dest = faa GROUP BY height"
    ).aggregations[0]
    assert plan.keys[0].domain == (0, 10, None)
    inner = planned("SELECT height, COUNT(*) FROM flights JOIN airports ON dest = faa GROUP BY height").aggregations[0]
    assert inner.keys[0].domain == (0, 10)


def test_needs_name_every_column_and_bare_tables():
    needs = analyse("SELECT COUNT(*) FROM flights JOIN airports ON dest = faa WHERE late", DATASET).needs
    assert needs.columns == {("flights", "dest"), ("flights", "late"), ("airports", "faa")}
    joined = analyse("SELECT AVG(delay) FROM flights JOIN planes USING (tailnum)", DATASET).needs
    assert joined.columns == {("flights", "tailnum"), ("planes", "tailnum"), ("flights", "delay")}
    assert analyse("SELECT COUNT(*) FROM flights", DATASET).needs.columns == {("flights", "*")}
    assert joined.aggregates == {"avg"}


def test_a_right_join_is_a_left_join_from_its_other_side():
    right = view("SELECT seats, day FROM planes p RIGHT JOIN flights f USING (tailnum)")
    assert right == view("SELECT seats, day FROM flights f LEFT JOIN planes p USING (tailnum)")
    public = view("SELECT zone, day FROM airports RIGHT JOIN flights ON faa = dest")
    assert public == view("SELECT zone, day FROM flights LEFT JOIN airports ON faa = dest")


def test_conditions_of_a_left_join_stay_with_it():
    on = view("SELECT day FROM flights f LEFT JOIN planes p ON f.tailnum = p.tailnum AND seats > 5").below
    where = view("SELECT day FROM flights f LEFT JOIN planes p ON f.tailnum = p.tailnum WHERE seats > 5").below
    assert on.where is None
    assert on.joins[0].condition == where.where
    assert where.joins[0].condition is None


@pytest.mark.parametrize(
    ("source", "code", "place"),
    [
        ("airports LEFT JOIN flights ON faa = dest", "public-preserved", "flights"),
        ("airports FULL JOIN flights ON faa = dest", "public-preserved", "flights"),
        ("flights RIGHT JOIN airports ON faa = dest", "public-preserved", "airports"),
        ("flights FULL JOIN planes USING (tailnum)", "public-preserved", "planes"),
        ("flights, planes", "join-not-on-unit", "planes"),
        ("flights JOIN planes ON seats > 3", "join-not-on-unit", "planes"),
        ("flights f JOIN planes p ON f.tailnum = p.tailnum OR seats > 3", "join-not-on-unit", "planes p"),
        ("flights f JOIN planes p ON f.tailnum || '' = p.tailnum", "join-not-on-unit", "planes p"),
        ("flights f JOIN planes p ON f.dest = p.tailnum", "join-not-on-unit", "planes p"),
        ("flights f LEFT JOIN planes p ON seats > 3 WHERE f.tailnum = p.tailnum", "join-not-on-unit", "planes p"),
        ("flights f JOIN airports USING (zone)", "using", "zone"),
        ("flights f JOIN airports ON late IN (SELECT TRUE FROM airports)", "subquery", "late IN"),
        ("flights f JOIN flights g ON f.tailnum = g.tailnum", "fan-out", "flights g"),
        ("flights JOIN weather USING (origin)", "fan-out", "weather"),
        ("flights CROSS JOIN airports", "fan-out", "airports"),
    ],
)
def test_what_is_refused(source, code, place):
    found = refusal(f"SELECT 1 FROM {source}")
    assert found[0] == code
    assert found[1].startswith(place)


def test_there_are_so_many_joins_and_tables():
    joins = " ".join(f"JOIN planes p{at} USING (tailnum)" for at in range(9))
    assert refusal(f"SELECT 1 FROM planes {joins}")[0] == "too-many-joins"
    twice = ", ".join(f"x{at + 1} AS (SELECT * FROM x{at} UNION ALL SELECT * FROM x{at})" for at in range(40))
    assert refusal(f"WITH x0 AS (SELECT * FROM planes), {twice} SELECT * FROM x40")[0] == "too-many-joins"
    group = "SELECT tailnum, SUM(n + n) AS n FROM x{} GROUP BY tailnum"
    deep = ", ".join(f"x{at + 1} AS ({group.format(at)})" for at in range(30))
    assert refusal(f"WITH x0 AS (SELECT tailnum, 1 AS n FROM planes), {deep} SELECT n FROM x30")[0] == "too-deep"
