from datetime import UTC

import pytest

from dp_queries.algebra.expressions import Call, ColumnRef, Literal
from dp_queries.algebra.relations import Below, Derived, Join, Scan
from dp_queries.facts.relations import RelationFacts
from dp_queries.planner import analyse
from policies.catalogue import LoadedDataset
from tests.dp_queries.flights import DATASET
from tests.dp_queries.layers.views import refusal, view
from tests.dp_queries.small_loads import AT, card, private, public

FACTS = RelationFacts(DATASET)
FLIGHTS, PER_AIRCRAFT, AIRCRAFT, AIRPORTS = 400_000, 1000, 5000, 2000


@pytest.mark.parametrize(
    ("sql", "rows", "per_unit"),
    [
        ("SELECT day FROM flights", FLIGHTS, PER_AIRCRAFT),
        ("SELECT day FROM flights f JOIN planes p ON f.tailnum = p.tailnum", FLIGHTS, PER_AIRCRAFT),
        ("SELECT day FROM flights JOIN airports ON dest = faa", FLIGHTS, PER_AIRCRAFT),
        ("SELECT seats FROM planes JOIN airports ON height > 5", AIRCRAFT * AIRPORTS, AIRPORTS),
        ("SELECT seats FROM planes LEFT JOIN airports ON zone = maker", AIRCRAFT * AIRPORTS, AIRPORTS),
        ("SELECT p.seats FROM planes p LEFT JOIN flights f ON f.tailnum = p.tailnum", AIRCRAFT * 1000, PER_AIRCRAFT),
        ("SELECT day FROM flights WHERE dest IN (SELECT faa FROM airports)", FLIGHTS, PER_AIRCRAFT),
        ("SELECT day FROM flights UNION ALL SELECT NULL FROM planes", FLIGHTS + AIRCRAFT, PER_AIRCRAFT + 1),
        ("SELECT tailnum FROM flights GROUP BY tailnum", AIRCRAFT, 1),
        ("SELECT tailnum FROM flights GROUP BY tailnum, origin", FLIGHTS, PER_AIRCRAFT),
        ("SELECT RANK() OVER (PARTITION BY tailnum ORDER BY day) AS r FROM flights", FLIGHTS, PER_AIRCRAFT),
    ],
)
def test_caps_of_rows(sql, rows, per_unit):
    below = view(sql).below
    assert (FACTS.rows_at_most(below), FACTS.rows_per_unit(below)) == (rows, per_unit)


def grouped(on):
    inner = "(SELECT tailnum AS t, origin AS o, COUNT(*) AS n FROM flights GROUP BY tailnum, origin)"
    return view(f"SELECT n FROM planes p LEFT JOIN {inner} x ON p.tailnum = t{on}").below


def test_the_whole_key_of_a_group_finds_one_row():
    one, many = grouped(" AND o = p.maker"), grouped(" AND n = p.seats")
    assert FACTS.partners_at_most(one, one.joins[0]) == 1
    assert FACTS.partners_at_most(many, many.joins[0]) == PER_AIRCRAFT


def test_part_of_a_unique_key_does_not():
    whole = view(
        "SELECT wind FROM flights f LEFT JOIN weather w ON w.origin = f.origin AND hour_start = departed"
    ).below
    assert FACTS.partners_at_most(whole, whole.joins[0]) == 1
    assert refusal("SELECT wind FROM flights f LEFT JOIN weather w ON w.origin = f.origin")[0] == "fan-out"


@pytest.mark.parametrize(
    ("condition", "pairs"),
    [
        ("f.tailnum = p.tailnum", 1),
        ("f.tailnum = p.tailnum AND f.month > 3", 1),
        ("f.tailnum = p.tailnum AND f.origin = p.maker", 1),
        ("f.tailnum = p.tailnum AND f.distance > p.seats", PER_AIRCRAFT),
        ("f.tailnum = p.tailnum AND (f.late OR f.origin = p.maker)", PER_AIRCRAFT),
        ("f.tailnum = p.tailnum AND p.seats > 3", PER_AIRCRAFT),
    ],
)
def test_what_exists_compares_is_counted_though_it_gives_no_rows(condition, pairs):
    """A condition that no hash decides is asked of every pair: one unit's many rows must not outlast the slot."""
    below = view(f"SELECT seats FROM planes p WHERE NOT EXISTS (SELECT 1 FROM flights f WHERE {condition})").below
    assert FACTS.partners_at_most(below, below.joins[0]) == 1
    assert FACTS.pairs_at_most(below, below.joins[0]) == pairs
    assert FACTS.compared_at_most(below) == AIRCRAFT * pairs


def met(other, column="id", kind="integer", **facts):
    """How many rows of a public table with a unique column a row of trips meets where that column is `other`."""
    described = {"name": column, "type": kind, "description": "-", **facts}
    held = public("ids", [described], unique=[[column]])
    card_of = card(private("trips", [{"name": "serial", "type": "integer"}]), held)
    below = Below(
        (Scan("trips", True), Scan("ids", False)),
        (Join(1, "inner", None, Call("=", (ColumnRef(1, column, kind), other))),),
    )
    dataset = LoadedDataset(card=card_of, version="1", loaded_at=AT.replace(tzinfo=UTC), domains={})
    return RelationFacts(dataset).partners_at_most(below, below.joins[0])


SERIAL = ColumnRef(0, "serial", "integer")
ROUNDED = Call("*", (SERIAL, Literal(1)))  # a double, as all arithmetic is


def test_a_unique_number_finds_one_row_only_where_it_is_compared_exactly():
    # As doubles, 2^62 and the 512 integers around it are one.
    assert met(SERIAL) == met(Literal(7)) == 1
    assert met(ROUNDED) == met(Call("neg", (SERIAL,))) == 1000
    assert met(ROUNDED, bounds=[0, 10**9]) == met(ROUNDED, kind="number") == 1
    assert met(ROUNDED, bounds=[0, 2**52]) == 1000
    assert met(ROUNDED, kind="number", bounds=[0, 9], granularity="0.001") == 1


def test_a_number_is_exact_through_subqueries_but_for_arithmetic():
    def caps(column):
        trips = Derived(Below((Scan("flights", True),)), (ColumnRef(0, "day", "integer"), column))
        below = Below((trips, trips), (Join(1, "inner", 0, Call("=", (ColumnRef(1, "c1", "integer"), ROUNDED))),))
        return FACTS._is_kept_exactly(below, ColumnRef(1, "c1", "integer"))

    assert caps(ColumnRef(0, "month", "integer"))
    assert not caps(Call("+", (ColumnRef(0, "month", "integer"), Literal(1))))


@pytest.mark.parametrize(
    ("item", "type_", "lower", "upper", "is_nullable"),
    [
        ("COUNT(*)", "integer", 0, 1000, False),
        ("COUNT(DISTINCT dest)", "integer", 0, 1000, False),
        ("SUM(distance)", "integer", 0, 5_000_000, True),
        ("SUM(delay)", "number", -60_000, 600_000, True),
        ("MIN(delay)", "number", -60, 600, True),
    ],
)
def test_facts_of_aggregates_per_unit(item, type_, lower, upper, is_nullable):
    found = view(f"SELECT tailnum, {item} AS a FROM flights GROUP BY tailnum")
    facts = FACTS.of(found.below, found.columns["a"])
    assert (facts.type, facts.range.lower, facts.range.upper, facts.is_nullable) == (type_, lower, upper, is_nullable)


EXPRESSIONS = ("tailnum || ''", "LOWER(tailnum)", "COALESCE(tailnum, dest)", "CASE WHEN late THEN tailnum END",
               "GREATEST(tailnum, '')", "LAG(tailnum) OVER (PARTITION BY tailnum ORDER BY day)")  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_what_is_made_of_the_unit_reads_it_and_is_not_the_unit(expression):
    found = view(f"SELECT tailnum, {expression} AS x FROM flights")
    facts = FACTS.of(found.below, found.columns["x"])
    assert facts.reads_unit
    assert not facts.is_unit


def test_an_optional_side_may_be_null():
    found = view("SELECT p.tailnum AS u, seats FROM flights f LEFT JOIN planes p USING (tailnum)")
    assert all(FACTS.of(found.below, value).is_nullable for value in found.columns.values())


def test_integers_of_a_public_table_lie_between_those_that_the_load_has_recorded():
    height = FACTS.column(Scan("airports", False), "height").range
    assert (height.lower, height.upper, height.granularity) == (0, 10, 1)
    assert FACTS.column(Scan("planes", True), "built").range is None
    assert refusal("SELECT SUM(built) FROM planes", lambda sql: analyse(sql, DATASET))[0] == "no-bounds"
    analyse("SELECT SUM(height) FROM flights JOIN airports ON dest = faa", DATASET)
