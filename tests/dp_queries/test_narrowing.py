from dp_queries import narrowing
from dp_queries.expressions import Call, ColumnRef, Literal
from dp_queries.narrowing import narrowed

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
