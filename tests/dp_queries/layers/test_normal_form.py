"""One spelling for what means the same; the twin says on every row what it means."""

from itertools import product

import pytest

from dp_queries.algebra.expressions import Call, ColumnRef, Expression, Literal
from dp_queries.backends.evaluate import evaluate
from dp_queries.layers.normal_form import again, conjunction, conjuncts, met, negated

A, B = ColumnRef(0, "a", "boolean"), ColumnRef(0, "b", "boolean")
X, Y = ColumnRef(0, "x", "integer"), ColumnRef(0, "y", "integer")
TRUE, FALSE = Literal(True), Literal(False)
ROWS = [
    ({"a": a, "b": b, "x": x, "y": y},) for a, b, x, y in product((True, False, None), repeat=4) if x in (None, True)
]
VALUES = [{**row[0], "x": x, "y": y} for row in ROWS for x in (1.0, 2.0, None) for y in (1.0, float("nan"))]


def call(operator: str, *arguments: Expression) -> Call:
    return Call(operator, arguments)


def one(x: Expression, value: int) -> Call:
    return call("=", x, Literal(value))


SPELLINGS = [
    (call("or", one(X, 1), one(X, 2)), call("in", X, Literal(1), Literal(2))),
    (call("or", one(X, 1), call("in", X, Literal(2), Literal(1))), call("in", X, Literal(1), Literal(2))),
    (
        call("and", call("<>", X, Literal(1)), call("<>", X, Literal(2))),
        call("not", call("in", X, Literal(1), Literal(2))),
    ),
    (call("not", call("and", A, B)), call("or", call("not", A), call("not", B))),
    (call("not", call("not", A)), A),
    (call("and", A, TRUE), A),
    (call("and", A, FALSE), FALSE),
    (call("or", A, FALSE), A),
    (call("or", A, TRUE), TRUE),
    (call("=", A, TRUE), A),
    (call("<>", TRUE, A), call("not", A)),
    (call("=", Literal(1), Literal(2)), FALSE),
    (call("<=", X, X), call("=", X, X)),
    (call(">", X, X), call("<>", X, X)),
    (call(">", Literal(1), X), call("<", X, Literal(1))),
    (call("in", Literal(1), Literal(1), Literal(2)), TRUE),
]


@pytest.mark.parametrize(("spelled", "expected"), SPELLINGS)
def test_one_spelling_that_means_the_same_on_every_row(spelled: Expression, expected: Expression) -> None:
    assert again(spelled) == expected
    assert again(expected) == expected
    for row in VALUES:
        assert evaluate(spelled, (row,)) is evaluate(expected, (row,)), row


def test_a_condition_that_is_not_true_drops_a_row_whether_it_is_false_or_null() -> None:
    spelled = call("and", call("coalesce", A, FALSE), call("or", B, call("coalesce", one(X, 1), FALSE)))
    assert set(conjuncts(spelled)) == {A, call("or", one(X, 1), B)}
    kept = conjunction(conjuncts(spelled))
    assert kept is not None
    for row in VALUES:
        assert (evaluate(spelled, (row,)) is True) == (evaluate(kept, (row,)) is True)


def test_inside_not_null_and_false_differ() -> None:
    spelled = call("not", call("coalesce", A, FALSE))
    assert met(spelled) == spelled
    assert evaluate(spelled, ({"a": None},)) is True
    assert negated(spelled) == call("coalesce", A, FALSE)


def test_what_is_always_so_is_no_condition() -> None:
    assert conjuncts(None) == conjuncts(TRUE) == ()
    assert conjuncts(FALSE) == (FALSE,)
    assert conjunction([]) is None
