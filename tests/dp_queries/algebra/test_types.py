import pytest

from dp_queries.algebra.expressions import Call, ColumnRef, Literal
from dp_queries.algebra.types import are_comparable, branch_values, common_type, type_of

MONTH = ColumnRef(0, "month", "integer")
FARE = ColumnRef(0, "fare", "number")
PAID = ColumnRef(0, "paid", "boolean")
NULL = Literal(None)


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        (["integer", "integer"], "integer"),
        (["integer", "number", "null"], "number"),
        (["null", "date"], "date"),
        (["null"], "null"),
        (["date", "timestamp"], None),
        (["text", "integer"], None),
    ],
)
def test_the_common_type(types, expected):
    assert common_type(types) == expected


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (Call("case", (PAID, MONTH, NULL)), "integer"),
        (Call("case", (PAID, MONTH, PAID, FARE, NULL)), "number"),
        (Call("coalesce", (NULL, FARE, MONTH)), "number"),
        (Call("greatest", (MONTH, MONTH)), "integer"),
        (Call("abs", (FARE,)), "number"),
        (Call("round", (FARE,)), "integer"),
        (Call("round", (FARE, Literal(2))), "number"),
        (Call("trunc_month", (ColumnRef(0, "at", "timestamp"),)), "timestamp"),
        (Call("add_days", (ColumnRef(0, "day", "date"), Literal(2))), "date"),
        (Call("+", (MONTH, MONTH)), "number"),
        (Call("mod", (MONTH, MONTH)), "integer"),
    ],
)
def test_types_that_follow_the_arguments(call, expected):
    assert type_of(call) == expected


def test_branches_of_different_types_have_none():
    with pytest.raises(ValueError, match="different types"):
        type_of(Call("case", (PAID, MONTH, PAID)))


def test_the_values_of_a_case():
    assert branch_values(Call("case", (PAID, MONTH, PAID, FARE, NULL))) == (MONTH, FARE, NULL)


def test_numbers_are_comparable_with_each_other_only():
    assert are_comparable("integer", "number")
    assert not are_comparable("null", "null")
    assert not are_comparable("date", "timestamp")
