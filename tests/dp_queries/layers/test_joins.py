from dp_queries.expressions import Call, ColumnRef
from dp_queries.planner import analyse
from tests.dp_queries.flights import DATASET, planned


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
