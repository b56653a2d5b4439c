from datetime import date, datetime
from decimal import Decimal

import pytest

from dp_queries.algebra.expressions import Call, ColumnRef, Literal, to_json
from tests.dp_queries.layers.rows.reading import read

DAY = ColumnRef(0, "day", "date")
AT = ColumnRef(0, "at", "timestamp")
MONTH = ColumnRef(0, "month", "integer")


def where(condition):
    return read(condition)[0]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("day = '2013-02-03'", Call("=", (DAY, Literal(date(2013, 2, 3))))),
        ("day < TIMESTAMP '2013-02-03 00:00:00'", Call("<", (DAY, Literal(date(2013, 2, 3))))),
        ("at >= DATE '2013-02-03'", Call(">=", (AT, Literal(datetime(2013, 2, 3))))),
        ("3 < month", Call(">", (MONTH, Literal(3)))),
        ("month IN (2, 1, 2)", Call("in", (MONTH, Literal(1), Literal(2)))),
        ("month IN (2)", Call("=", (MONTH, Literal(2)))),
        ("NOT month > 2", Call("<=", (MONTH, Literal(2)))),
        ("month != -2", Call("<>", (MONTH, Literal(-2)))),
        ("month = 2.50", Call("=", (MONTH, Literal(Decimal("2.50"))))),
        ("note IS NOT NULL", Call("not", (Call("is_null", (ColumnRef(0, "note", "text"),)),))),
        ("at::date = '2013-02-03'", Call("=", (Call("date", (AT,)), Literal(date(2013, 2, 3))))),
        ("paid", ColumnRef(0, "paid", "boolean")),
        ("TRIPS.Month = 1", Call("=", (MONTH, Literal(1)))),
    ],
)
def test_a_condition_becomes_a_typed_expression(condition, expected):
    assert where(condition) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("month = 1 AND fare > 2", "(2 < fare) AND (1 = month)"),
        ("month = 1 AND (fare > 2 AND paid)", "paid AND month = 1 AND fare > 2.0 AND month = 1"),
        ("month IN (3, 2, 1)", "month IN (1, 2, 3, 3)"),
        ("NOT (fare <= 2)", "fare > 2"),
        ("fare + serial > 3", "3 < serial + fare"),
        ("month BETWEEN 1 AND 2", "month <= 2 AND month >= 1"),
        ("NOT note LIKE 'a%'", "note NOT LIKE 'a%'"),
    ],
)
def test_respelled_twins_are_one_expression(one, other):
    assert to_json(where(one)) == to_json(where(other))


OTHERS = ("month = 1", "month = 2", "month <> 1", "NOT paid", "paid", "fare - 1 > 2", "1 - fare > 2")


def test_other_questions_are_other_expressions():
    assert len({str(to_json(where(one))) for one in OTHERS}) == len(OTHERS)
