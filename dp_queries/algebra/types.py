"""The type of a row-level expression, and which types may be compared or stand for each other."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from dp_queries.algebra.expressions import OPERATORS, Call, ColumnRef, Expression, Value

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
    if not isinstance(expression, Call):
        return type_of_value(expression.value)
    given = OPERATORS[expression.operator][1]
    return given if given != "same" else _type_like_its_arguments(expression)


def type_of_value(value: Value) -> str:
    """The type's name of a constant; "null" for None."""
    return next((name for kind, name in _TYPES if isinstance(value, kind)), "null")


def are_comparable(left: str, right: str) -> bool:
    """Whether values of the two types have an order that all backends agree on."""
    return left == right != "null" or {left, right} <= NUMBERS


def common_type(types: Iterable[str]) -> str | None:
    """The one type that values of all these types have: NULL has any, integers are numbers. None if there is none.

    >>> common_type(["integer", "null", "number"])
    'number'
    """
    found = set(types) - {"null"}
    if found == NUMBERS:
        return "number"
    return "null" if not found else found.pop() if len(found) == 1 else None


def branch_values(case: Call) -> tuple[Expression, ...]:
    """The values that a `case` may give."""
    return (*case.arguments[1::2], case.arguments[-1]) if len(case.arguments) % 2 else case.arguments[1::2]


def _type_like_its_arguments(call: Call) -> str:
    match call.operator:
        case "case":
            among = branch_values(call)
        case "coalesce" | "greatest" | "least":
            among = call.arguments
        case "round":
            return "number" if len(call.arguments) == 2 else "integer"
        case _:
            among = call.arguments[:1]
    found = common_type(map(type_of, among))
    if found is None:
        raise ValueError(f"{call.operator} over different types")
    return found
