import pytest

from dp_queries.algebra.expressions import Call, ColumnRef, Literal
from dp_queries.algebra.relations import PerUnit, UnitAggregate
from dp_queries.algebra.types import type_of
from dp_queries.planner import analyse
from tests.dp_queries.flights import DATASET
from tests.dp_queries.layers.views import refusal, view

UNIT, ORIGIN, MONTH = ColumnRef(0, "tailnum", "text"), ColumnRef(0, "origin", "text"), ColumnRef(0, "month", "integer")


def grouped(sql):
    found = view(sql)
    (relation,) = found.below.sources
    assert isinstance(relation, PerUnit)
    return relation, found


def test_groups_of_a_unit_are_rows_of_that_unit():
    relation, found = grouped("SELECT tailnum, COUNT(*) AS n FROM flights GROUP BY tailnum HAVING COUNT(*) > 3")
    assert relation.keys == ()
    assert relation.aggregates == (UnitAggregate("min", UNIT), UnitAggregate("count"))
    assert found.columns == {"tailnum": ColumnRef(0, "a0", "text"), "n": ColumnRef(0, "a1", "integer")}
    assert found.below.where == Call(">", (ColumnRef(0, "a1", "integer"), Literal(3)))


def test_keys_stand_in_one_order():
    one, _ = grouped("SELECT tailnum, origin, month FROM flights GROUP BY tailnum, origin, month")
    other, _ = grouped("SELECT tailnum, origin, month FROM flights GROUP BY month, origin, tailnum")
    distinct, _ = grouped("SELECT DISTINCT month, tailnum, origin FROM flights")
    assert one == other == distinct
    assert set(one.keys) == {ORIGIN, MONTH}


def test_sums_are_of_bounded_steps_and_averages_of_sums():
    relation, found = grouped(
        "SELECT tailnum, SUM(delay) AS s, AVG(delay) AS a, COUNT(delay) AS n FROM flights GROUP BY 1"
    )
    _, total, present = relation.aggregates
    assert (total.kind, total.lower_steps, total.upper_steps, str(total.granularity)) == ("sum", -120, 1200, "1/2")
    assert (present.kind, type_of(found.columns["a"])) == ("present", "number")


def test_an_average_lies_within_the_bounds_of_its_value():
    sql = "SELECT AVG(a) FROM (SELECT AVG(delay) AS a FROM flights GROUP BY tailnum) AS f"
    total, _ = analyse(sql, DATASET).layers.aggregations[0].drafts
    assert (total.lower_steps * total.granularity, total.upper_steps * total.granularity) == (-60, 600)


def test_a_filter_is_a_value_that_is_null_where_it_does_not_hold():
    relation, _ = grouped(
        "SELECT tailnum, COUNT(*) FILTER (WHERE late) AS n, MAX(day) FILTER (WHERE late) AS d FROM flights GROUP BY 1"
    )
    late, day = ColumnRef(0, "late", "boolean"), ColumnRef(0, "day", "date")
    assert relation.aggregates[1:] == (
        UnitAggregate("present", Call("case", (late, Literal(1), Literal(None)))),
        UnitAggregate("max", Call("case", (late, day, Literal(None)))),
    )


def test_distinct_rows_of_a_unit():
    relation, found = grouped("SELECT DISTINCT tailnum AS u, origin FROM flights")
    assert relation.keys == (ORIGIN,)
    assert found.columns == {"u": ColumnRef(0, "a0", "text"), "origin": ColumnRef(0, "k0", "text")}


@pytest.mark.parametrize(
    ("items", "code", "place"),
    [
        ("origin", "bare-column", "origin"),
        ("COUNT(*) + month", "bare-column", "month"),
        ("STDDEV(delay)", "aggregate-per-unit", "STDDEV"),
        ("SUM(weight)", "no-bounds", "SUM"),
        ("AVG(weight)", "no-bounds", "AVG"),
        ("SUM(note)", "not-a-number", "SUM"),
        ("COUNT(DISTINCT origin, dest)", "count-distinct", "COUNT"),
        ("SUM(COUNT(*))", "aggregate-below", "COUNT"),
    ],
)
def test_what_is_refused(items, code, place):
    found = refusal(f"SELECT tailnum, {items} FROM flights GROUP BY tailnum")
    assert found[0] == code
    assert found[1].startswith(place)
