"""Relations stand in one order, however they are numbered, and never before what their condition mentions."""

from itertools import permutations

import pytest

from dp_queries.algebra.expressions import Call, ColumnRef, Expression
from dp_queries.algebra.relations import Scan, placed
from dp_queries.facts.relations import RelationFacts
from dp_queries.layers.join_order import Joined, Joins, join_order
from tests.dp_queries.flights import DATASET

FLIGHTS, PLANES = Scan("flights", True), Scan("planes", True)
AIRPORTS, WEATHER = Scan("airports", False), Scan("weather", False)
FACTS = RelationFacts(DATASET)


def same(one: int, column: str, other: int, named: str) -> Expression:
    return Call("=", (ColumnRef(one, column, "text"), ColumnRef(other, named, "text")))


NODES = [
    Joined(FLIGHTS, "inner", None),
    Joined(PLANES, "inner", 0),
    Joined(PLANES, "inner", 0),
    Joined(AIRPORTS, "left", None, (same(0, "dest", 3, "faa"),)),
    Joined(WEATHER, "inner", None),
    Joined(AIRPORTS, "semi", None, (same(3, "zone", 5, "zone"),)),
]
PARTS = [
    same(0, "origin", 4, "origin"),
    Call("<", (ColumnRef(1, "seats", "integer"), ColumnRef(2, "seats", "integer"))),
]
TERMS = [("sum", ColumnRef(2, "built", "integer"))]


def numbered(order: tuple[int, ...]) -> Joins:
    """The same joins, of which relation `order[0]` is the first, and so on. The flights stand before the planes."""
    places = {old: new for new, old in enumerate(order)}
    nodes = [NODES[old] for old in order]
    moved = [
        Joined(
            node.relation,
            node.kind,
            None if node.on_unit is None else places[node.on_unit],
            tuple(placed(part, places) for part in node.conditions),
        )
        for node in nodes
    ]
    parts = [placed(part, places) for part in PARTS]
    return Joins(moved, parts, [(tag, placed(term, places)) for tag, term in TERMS], FACTS)


ORDERS = [(0, *rest) for rest in permutations(range(1, 6)) if rest.index(3) < rest.index(5)]


@pytest.mark.parametrize("order", ORDERS[::3])
def test_the_order_does_not_depend_on_the_numbers(order: tuple[int, ...]) -> None:
    assert [order[index] for index in join_order(numbered(order))] == join_order(numbered(tuple(range(6))))


def test_the_owner_is_first_and_conditions_come_after_what_they_mention() -> None:
    found = join_order(numbered(tuple(range(6))))
    assert found[0] == 0
    assert found.index(3) < found.index(5)


def test_two_that_nothing_tells_apart_stand_in_any_order() -> None:
    nodes = [Joined(FLIGHTS, "inner", None), Joined(PLANES, "inner", 0), Joined(PLANES, "inner", 0)]
    assert sorted(join_order(Joins(nodes, [], [], FACTS))) == [0, 1, 2]


def test_what_is_read_of_a_relation_tells_it_from_its_copy() -> None:
    """The flights, the plane that is summed and the other, in either numbering."""
    nodes = [Joined(FLIGHTS, "inner", None), Joined(PLANES, "inner", 0), Joined(PLANES, "inner", 0)]
    found = [
        join_order(Joins(nodes, [], [("sum", ColumnRef(summed, "built", "integer"))], FACTS)).index(summed)
        for summed in (1, 2)
    ]
    assert found[0] == found[1]


def test_many_copies_of_one_table_take_no_time() -> None:
    nodes = [Joined(FLIGHTS, "inner", None), *(Joined(PLANES, "inner", 0) for _ in range(40))]
    assert join_order(Joins(nodes, [], [], FACTS))[0] == 0
