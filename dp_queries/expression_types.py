"""The type of a row-level expression, and which types may be compared."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final

from dp_queries.expressions import OPERATORS, Call, ColumnRef, Expression, Value

NUMBERS: Final = frozenset({"integer", "number"})
MOMENTS: Final = frozenset({"date", "timestamp"})

_TYPES: Final[tuple[tuple[type, str], ...]] = (  # bool before int and datetime before date: each is a kind of the other
    (bool, "boolean"),
    (int, "integer"),
    (Decimal, "number"),
    (str, "text"),
    (datetime, "timestamp"),
    (date, "date"),
)


def type_of(expression: Expression) -> str:
    """text, integer, number, boolean, date, timestamp, or null for the literal NULL."""
    if isinstance(expression, ColumnRef):
        return expression.type
    if isinstance(expression, Call):
        return OPERATORS[expression.operator][1]
    return type_of_value(expression.value)


def type_of_value(value: Value) -> str:
    """The type's name of a constant; "null" for None."""
    return next((name for kind, name in _TYPES if isinstance(value, kind)), "null")


def are_comparable(left: str, right: str) -> bool:
    """Whether values of the two types have an order that all backends agree on."""
    return left == right != "null" or {left, right} <= NUMBERS
