import pytest

from dp_queries.algebra.expressions import Call, ColumnRef, Literal
from dp_queries.algebra.relations import Join, Scan
from tests.dp_queries.layers.views import refusal, view

SEATS = Call(">", (ColumnRef(1, "seats", "integer"), Literal(5)))
EAST = Call("=", (ColumnRef(1, "zone", "text"), Literal("east")))
DEST = Call("=", (ColumnRef(0, "dest", "text"), ColumnRef(1, "faa", "text")))


def joined(condition):
    return view(f"SELECT origin FROM flights f WHERE {condition}").below


@pytest.mark.parametrize(
    ("condition", "join"),
    [
        ("EXISTS (SELECT 1 FROM planes p WHERE p.tailnum = f.tailnum)", Join(1, "semi", 0, None)),
        ("NOT EXISTS (SELECT 1 FROM planes p WHERE p.tailnum = f.tailnum AND seats > 5)", Join(1, "anti", 0, SEATS)),
        ("NOT (NOT EXISTS (SELECT 1 FROM planes WHERE planes.tailnum = f.tailnum))", Join(1, "semi", 0, None)),
        ("tailnum IN (SELECT tailnum FROM planes WHERE seats > 5)", Join(1, "semi", 0, SEATS)),
        ("tailnum NOT IN (SELECT tailnum FROM planes)", Join(1, "anti", 0, None)),
        ("dest IN (SELECT faa FROM airports)", Join(1, "semi", None, DEST)),
        ("dest NOT IN (SELECT faa FROM airports)", Join(1, "anti", None, DEST)),
        ("EXISTS (SELECT 1 FROM airports WHERE faa = dest)", Join(1, "semi", None, DEST)),
    ],
)
def test_subqueries_in_where_are_semi_and_anti_joins(condition, join):
    assert joined(condition).joins == (join,)


def test_the_innermost_name_wins():
    inner = joined("EXISTS (SELECT 1 FROM planes WHERE planes.tailnum = f.tailnum AND tailnum = 'N1')")
    assert inner.joins[0].condition == Call("=", (ColumnRef(1, "tailnum", "text"), Literal("N1")))
    assert (
        refusal("SELECT 1 FROM flights f WHERE EXISTS (SELECT 1 FROM planes f WHERE f.delay > 3)")[0]
        == "unknown-column"
    )


def test_a_with_is_a_table_of_a_subquery_too():
    big = "WITH big AS (SELECT tailnum AS t FROM planes WHERE seats > 5)"
    found = view(f"{big} SELECT origin FROM flights f WHERE EXISTS (SELECT 1 FROM big WHERE t = f.tailnum)")
    assert found.below.sources == (Scan("flights", True), Scan("planes", True))
    assert found.below.joins == (Join(1, "semi", 0, SEATS),)


UNRELATED = (
    "EXISTS (SELECT 1 FROM planes)",
    "EXISTS (SELECT 1 FROM planes WHERE seats > 5)",
    "EXISTS (SELECT 1 FROM planes p WHERE p.tailnum || '' = f.tailnum)",
    "EXISTS (SELECT 1 FROM planes p WHERE p.tailnum = f.tailnum OR seats > 5)",
    "EXISTS (SELECT 1 FROM planes p WHERE p.tailnum <= f.tailnum AND p.tailnum >= f.tailnum)",
    "EXISTS (SELECT 1 FROM planes p WHERE p.tailnum = f.dest)",
    "EXISTS (SELECT 1 FROM planes p WHERE tailnum = tailnum)",
    "NOT EXISTS (SELECT 1 FROM flights f WHERE f.tailnum = f.tailnum)",
    "tailnum IN (SELECT dest FROM flights)",
    "dest IN (SELECT tailnum FROM planes)",
    "dest NOT IN (SELECT tailnum FROM planes)",
)


@pytest.mark.parametrize("condition", UNRELATED)
def test_rows_of_other_units_decide_about_none(condition):
    assert refusal(f"SELECT origin FROM flights f WHERE {condition}")[0] == "subquery-not-on-unit"


@pytest.mark.parametrize(
    "condition", ["faa IN (SELECT dest FROM flights)", "EXISTS (SELECT 1 FROM flights WHERE dest = faa)"]
)
def test_private_rows_decide_about_no_public_ones(condition):
    assert refusal(f"SELECT zone FROM airports WHERE {condition}")[0] == "subquery-not-on-unit"


@pytest.mark.parametrize(
    ("condition", "code", "place"),
    [
        ("EXISTS (SELECT COUNT(*) FROM planes p WHERE p.tailnum = f.tailnum)", "subquery", "COUNT"),
        ("EXISTS (SELECT 1 FROM planes p WHERE p.tailnum = f.tailnum LIMIT 0)", "subquery", "1 FROM"),
        ("EXISTS (SELECT 1 FROM planes p JOIN airports ON TRUE WHERE p.tailnum = f.tailnum)", "subquery", "1 FROM"),
        ("late OR dest IN (SELECT faa FROM airports)", "subquery", "dest IN"),
        ("NOT (late AND dest IN (SELECT faa FROM airports))", "subquery", "dest IN"),
        ("dest IN (SELECT faa, zone FROM airports)", "subquery", "dest IN"),
        ("note NOT IN (SELECT faa FROM airports)", "not-in-null", "note"),
        ("dest NOT IN (SELECT maker FROM planes p)", "not-in-null", "dest"),
        ("distance IN (SELECT faa FROM airports)", "types-differ", "distance"),
        ("late OR EXISTS (SELECT 1 FROM airports WHERE faa = dest)", "not-on-rows", "1 FROM airports"),
    ],
)
def test_what_is_refused(condition, code, place):
    found = refusal(f"SELECT origin FROM flights f WHERE {condition}")
    assert found[0] == code
    assert found[1].startswith(place)
