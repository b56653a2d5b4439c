"""Holds: in force until they are lifted, each placing and lifting a leaf."""

import json

import pytest

from policies.authorization import Hold
from policies.errors import NotFound
from tests.enclave.registry.conftest import BY, Registry


def place(registry: Registry, target: str, reason: str) -> int:
    with registry.database.writing() as session:
        return registry.holds.place(session, target=target, reason=reason, **BY)


def lift(registry: Registry, target: str) -> int:
    with registry.database.writing() as session:
        return registry.holds.lift(session, target=target, **BY)


def in_force(registry: Registry) -> set[Hold]:
    with registry.database.reading() as session:
        return set(registry.holds.in_force(session))


def test_a_hold_is_in_force_until_it_is_lifted(registry: Registry) -> None:
    first = place(registry, "visits", "a case")
    place(registry, "open-university", "another case")
    assert in_force(registry) == {Hold("visits", "a case"), Hold("open-university", "another case")}
    last = lift(registry, "visits")
    assert in_force(registry) == {Hold("open-university", "another case")}
    with registry.database.reading() as session:
        acts = [json.loads(registry.log.leaf(session, index))["act"] for index in (first, last)]
    assert acts == ["hold", "lift"]


def test_a_lift_ends_every_hold_on_a_target(registry: Registry) -> None:
    place(registry, "visits", "a case")
    place(registry, "visits", "another case")
    lift(registry, "visits")
    assert in_force(registry) == set()
    place(registry, "visits", "a third case")
    assert in_force(registry) == {Hold("visits", "a third case")}


def test_there_is_nothing_to_lift_where_nothing_is_held(registry: Registry) -> None:
    for _ in range(2):
        with pytest.raises(NotFound):
            lift(registry, "visits")
    with registry.database.reading() as session:
        assert registry.log.size(session) == 0
