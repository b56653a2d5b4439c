import pytest

from dp_queries.algebra.expressions import Call, ColumnRef, Literal
from dp_queries.algebra.relations import UnionAll
from dp_queries.facts.relations import RelationFacts
from tests.dp_queries.flights import DATASET
from tests.dp_queries.layers.views import refusal, view


def parts(sql):
    found = view(sql)
    (relation,) = found.below.sources
    assert isinstance(relation, UnionAll)
    return [part.columns for part in relation.parts], found


def test_columns_go_by_place_and_are_called_as_the_first_parts():
    columns, found = parts("SELECT tailnum AS u, origin FROM flights UNION ALL SELECT tailnum, maker FROM planes")
    assert columns == [
        (ColumnRef(0, "tailnum", "text"), ColumnRef(0, "origin", "text")),
        (ColumnRef(0, "tailnum", "text"), ColumnRef(0, "maker", "text")),
    ]
    assert found.columns == {"u": ColumnRef(0, "c0", "text"), "origin": ColumnRef(0, "c1", "text")}


def test_a_chain_is_one_union():
    columns, _ = parts("SELECT day FROM flights UNION ALL SELECT day FROM flights UNION ALL SELECT day FROM flights")
    assert len(columns) == 3


def test_numbers_of_different_steps_become_doubles():
    columns, _ = parts("SELECT delay FROM flights UNION ALL SELECT seats FROM planes")
    assert [column[0].operator for column in columns] == ["to_number", "to_number"]
    same, _ = parts("SELECT delay FROM flights UNION ALL SELECT delay FROM flights")
    assert same[0] == (ColumnRef(0, "delay", "number"),)
    computed, _ = parts("SELECT seats * 2 AS n FROM planes UNION ALL SELECT distance FROM flights")
    assert all(isinstance(column[0], Call) for column in computed)


def test_null_stands_for_a_column_that_a_part_has_not():
    columns, found = parts("SELECT NULL AS n, seats FROM planes UNION ALL SELECT distance, distance AS d FROM flights")
    assert columns[0][0] == Literal(None)
    facts = RelationFacts(DATASET).of(found.below, found.columns["n"])
    assert (facts.type, facts.is_nullable, facts.range.upper) == ("integer", True, 5000)


def test_what_holds_of_all_parts_holds_of_the_union():
    facts = RelationFacts(DATASET)
    _, both = parts("SELECT tailnum AS t, seats AS n FROM planes UNION ALL SELECT tailnum, month FROM flights")
    assert facts.of(both.below, both.columns["t"]).is_unit
    assert (facts.of(both.below, both.columns["n"]).range.lower, facts.rows_per_unit(both.below)) == (1, 1001)
    _, mixed = parts("SELECT tailnum AS t FROM planes UNION ALL SELECT dest FROM flights")
    found = facts.of(mixed.below, mixed.columns["t"])
    assert not found.is_unit
    assert found.reads_unit


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ("SELECT faa, zone FROM airports", "union-mixed"),
        ("SELECT seats, built FROM planes", "types-differ"),
        ("SELECT tailnum FROM planes", "union-columns"),
    ],
)
def test_what_is_refused(other, code):
    assert refusal(f"SELECT tailnum, origin FROM flights UNION ALL {other}")[0] == code


def test_there_are_so_many_parts():
    assert refusal(" UNION ALL ".join(["SELECT seats FROM planes"] * 9))[0] == "too-many-parts"
