import pytest

from dp_queries.algebra.expressions import Call, ColumnRef, Literal
from dp_queries.algebra.relations import Derived, Join, Scan
from tests.dp_queries.layers.views import refusal, view

FLIGHTS, PLANES, AIRPORTS = Scan("flights", True), Scan("planes", True), Scan("airports", False)


def test_inner_joins_of_subqueries_are_melted_into_one_list():
    nested = view(
        "SELECT s FROM flights f JOIN (SELECT tailnum AS t, seats AS s FROM planes WHERE seats > 5) p ON t = tailnum"
    )
    plain = view("SELECT seats AS s FROM flights f JOIN planes p USING (tailnum) WHERE seats > 5")
    assert nested == plain  # fmt: skip
    assert nested.below.sources == (FLIGHTS, PLANES)


def test_what_a_left_join_brings_stays_one_relation():
    found = view(
        "SELECT s FROM flights f LEFT JOIN (SELECT tailnum AS t, seats + 1 AS s FROM planes) p ON t = f.tailnum"
    )
    assert found.below.joins == (Join(1, "left", 0, None),)
    assert isinstance(found.below.sources[1], Derived)
    assert isinstance(found.columns["s"], ColumnRef)
    assert (found.columns["s"].relation, found.columns["s"].column) == (1, "c1")


def test_the_relation_with_most_rows_per_unit_stands_first_whatever_the_order():
    one = view("SELECT seats FROM planes p JOIN flights f ON f.tailnum = p.tailnum")
    other = view("SELECT seats FROM flights f JOIN planes p ON f.tailnum = p.tailnum")
    public = view("SELECT zone FROM airports a JOIN flights f ON f.dest = a.faa")
    assert one == other
    assert one.below.sources == (FLIGHTS, PLANES)
    assert public.below.sources == (FLIGHTS, AIRPORTS)


def test_a_left_join_keeps_its_rows_first():
    assert view("SELECT seats FROM planes p LEFT JOIN flights f USING (tailnum)").below.sources == (PLANES, FLIGHTS)


@pytest.mark.parametrize(
    "condition",
    [
        "f.tailnum = p.tailnum AND p.tailnum = q.tailnum",
        "q.tailnum = p.tailnum AND f.tailnum = q.tailnum",
        "f.tailnum = q.tailnum AND f.tailnum = p.tailnum AND p.tailnum = q.tailnum",
    ],
)
def test_equality_of_units_goes_by_chains(condition):
    found = view(f"SELECT p.seats FROM flights f, planes p, planes q WHERE {condition}")
    assert found.below.joins == (Join(1, "inner", 0, None), Join(2, "inner", 0, None))


def test_a_unit_that_a_subquery_names_by_another_of_its_tables_is_the_same():
    inner = "(SELECT p.tailnum FROM flights f JOIN planes p ON f.tailnum = p.tailnum)"
    found = view(f"SELECT q.seats FROM planes q JOIN {inner} b ON q.tailnum = b.tailnum")
    assert found.below.sources == (FLIGHTS, PLANES, PLANES)
    assert {join.on_unit for join in found.below.joins} == {0}


def test_an_optional_unit_equates_no_others():
    """p.tailnum may be NULL there: that it equals q's says more than that both are f's."""
    found = view(
        "SELECT q.seats FROM flights f LEFT JOIN planes p USING (tailnum) JOIN planes q ON q.tailnum = p.tailnum"
    )
    assert found.below.joins == (Join(1, "left", 0, None), Join(2, "inner", 1, None))
    inside = "(SELECT p.tailnum AS u, f.month AS m FROM flights f LEFT JOIN planes p ON f.tailnum = p.tailnum)"
    assert refusal(f"SELECT q.seats FROM planes q LEFT JOIN {inside} b ON q.tailnum = b.u")[0] == "join-not-on-unit"


def test_using_makes_one_column_and_star_names_it_once_and_first():
    found = list(view("SELECT * FROM planes JOIN flights USING (tailnum)").columns)
    assert found[:5] == ["tailnum", "maker", "seats", "built", "carrier"]
    both = "(SELECT * FROM flights f JOIN planes p ON f.tailnum = p.tailnum) AS x"
    assert refusal(f"SELECT tailnum FROM {both}")[0] == "ambiguous-column"


def test_a_condition_stands_where_its_last_relation_is_joined():
    found = view("SELECT zone FROM flights f JOIN airports a ON f.dest = a.faa WHERE height > 5 AND month = 2")
    assert found.below.joins[0].condition == Call(
        "and",
        (
            Call("=", (ColumnRef(0, "dest", "text"), ColumnRef(1, "faa", "text"))),
            Call(">", (ColumnRef(1, "height", "integer"), Literal(5))),
        ),
    )
    assert found.below.where == Call("=", (ColumnRef(0, "month", "integer"), Literal(2)))


@pytest.mark.parametrize(
    ("sql", "code", "place"),
    [
        ("SELECT x.origin FROM flights f", "unknown-column", "x.origin"),
        ("SELECT nothing FROM flights", "unknown-column", "nothing"),
        ("SELECT tailnum FROM flights f, planes p WHERE f.tailnum = p.tailnum", "ambiguous-column", "tailnum"),
        ("SELECT f.origin FROM flights f JOIN airports f ON f.dest = f.faa", "duplicate-alias", "airports f"),
    ],
)
def test_what_is_refused(sql, code, place):
    found = refusal(sql)
    assert found[0] == code
    assert found[1].startswith(place)
