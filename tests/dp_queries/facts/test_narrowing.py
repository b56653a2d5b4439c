from datetime import datetime, timedelta

import pytest

from dp_queries.algebra.expressions import Call, ColumnRef, Literal
from dp_queries.facts import narrowing
from dp_queries.facts.narrowing import narrowed, narrowed_cells

KEY = ColumnRef(0, "month", "integer")
OTHER = ColumnRef(0, "serial", "integer")
DOMAIN = (1, 2, 3, None)


def left(operator, *constants, key=KEY):
    return narrowed(DOMAIN, KEY, [Call(operator, (key, *map(Literal, constants)))])


def test_conditions_leave_what_meets_them():
    assert left("=", 2) == (2,)
    assert left("<>", 2) == (1, 3)
    assert left("<", 2) == (1,)
    assert left("<=", 2) == (1, 2)
    assert left(">", 2) == (3,)
    assert left(">=", 2) == (2, 3)
    assert left("in", 3, 7) == (3,)
    assert left("is_null") == (None,)
    assert narrowed(DOMAIN, KEY, [Call("not", (Call("in", (KEY, Literal(3))),))]) == (1, 2)
    assert narrowed(DOMAIN, KEY, [Call("not", (Call("is_null", (KEY,)),))]) == (1, 2, 3)


def test_conditions_on_anything_else_leave_all():
    assert left("=", 2, key=OTHER) == DOMAIN
    assert narrowed(DOMAIN, KEY, [Call("=", (KEY, OTHER))]) == DOMAIN
    assert narrowed(DOMAIN, KEY, [Call("or", (Call("=", (KEY, Literal(1))), Call("=", (KEY, Literal(2)))))]) == DOMAIN


def test_a_text_cannot_keep_the_room_busy(monkeypatch):
    monkeypatch.setattr(narrowing, "MOST_COMPARED", 7)
    assert left("in", 3, 7) == DOMAIN


MOMENT = ColumnRef(0, "departed", "timestamp")
HOURS = (*(datetime(2013, 1, 1, hour) for hour in range(5)), None)


@pytest.mark.parametrize(
    ("operator", "hours"),
    [("=", {2}), ("<", {0, 1, 2}), ("<=", {0, 1, 2}), (">", {2, 3, 4}), (">=", {2, 3, 4})],
)
def test_an_hour_stays_if_one_of_its_instants_may_meet_the_condition(operator, hours):
    met = [Call(operator, (MOMENT, Literal(datetime(2013, 1, 1, 2, 30))))]
    assert {hour.hour for hour in narrowed_cells(HOURS, timedelta(hours=1), MOMENT, met)} == hours


def test_the_end_of_an_hour_is_the_next_one():
    bounds = {operator: [Call(operator, (MOMENT, Literal(HOURS[2])))] for operator in ("<", "=", ">=")}
    left = {name: narrowed_cells(HOURS, timedelta(hours=1), MOMENT, met) for name, met in bounds.items()}
    assert (left["<"], left["="]) == (HOURS[:2], HOURS[2:3])
    assert HOURS[2] in left[">="]


def test_other_conditions_leave_all_hours():
    for met in (Call("=", (OTHER, Literal(1))), Call("in", (MOMENT, Literal(HOURS[0]))), Call("is_null", (MOMENT,))):
        assert narrowed_cells(HOURS, timedelta(hours=1), MOMENT, [met]) == HOURS
