from datetime import date, datetime
from decimal import Decimal

import pytest

from dp_queries.expressions import Call, ColumnRef, Literal
from tests.dp_queries.flights import planned

DAY = ColumnRef(0, "day", "date")
DEPARTED = ColumnRef(0, "departed", "timestamp")
MONTH = ColumnRef(0, "month", "integer")


def where(condition):
    return planned(f"SELECT COUNT(*) FROM flights WHERE {condition}").below.where


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("day = '2013-02-03'", Call("=", (DAY, Literal(date(2013, 2, 3))))),
        ("day < TIMESTAMP '2013-02-03 00:00:00'", Call("<", (DAY, Literal(date(2013, 2, 3))))),
        ("departed >= DATE '2013-02-03'", Call(">=", (DEPARTED, Literal(datetime(2013, 2, 3))))),
        ("3 < month", Call(">", (MONTH, Literal(3)))),
        ("month IN (2, 1, 2)", Call("in", (MONTH, Literal(1), Literal(2)))),
        ("month IN (2)", Call("=", (MONTH, Literal(2)))),
        ("NOT month > 2", Call("<=", (MONTH, Literal(2)))),
        ("month != -2", Call("<>", (MONTH, Literal(-2)))),
        ("month = 2.50", Call("=", (MONTH, Literal(Decimal("2.50"))))),
        ("dest IS NOT NULL", Call("not", (Call("is_null", (ColumnRef(0, "dest", "text"),)),))),
        ("departed::date = '2013-02-03'", Call("=", (Call("date", (DEPARTED,)), Literal(date(2013, 2, 3))))),
        ("late", ColumnRef(0, "late", "boolean")),
        ("FLIGHTS.Month = 1", Call("=", (MONTH, Literal(1)))),
    ],
)
def test_a_condition_becomes_a_typed_expression(condition, expected):
    assert where(condition) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("month = 1 AND delay > 2", "(2 < delay) AND (1 = month)"),
        ("month = 1 AND (delay > 2 AND late)", "late AND month = 1 AND delay > 2.0 AND month = 1"),
        ("month IN (3, 2, 1)", "month IN (1, 2, 3, 3)"),
        ("NOT (delay <= 2)", "delay > 2"),
        ("delay + distance > 3", "3 < distance + delay"),
        ("month BETWEEN 1 AND 2", "month <= 2 AND month >= 1"),
        ("NOT dest LIKE 'a%'", "dest NOT LIKE 'a%'"),
    ],
)
def test_respelled_twins_have_one_digest(one, other):
    query = "SELECT COUNT(*) AS {0} FROM flights AS {0} WHERE {1}"
    assert planned(query.format("a", one)).digest == planned(query.format("b", other)).digest


OTHERS = ("month = 1", "month = 2", "month <> 1", "NOT late", "late", "delay - 1 > 2", "1 - delay > 2")


def test_other_questions_have_other_digests():
    assert len({planned(f"SELECT COUNT(*) FROM flights WHERE {one}").digest for one in OTHERS}) == len(OTHERS)
