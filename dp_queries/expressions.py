"""Row-level expressions of the *below* layer, as our own frozen nodes: what backends get instead of SQL text.

Every operator is **total**: whatever the row holds, it gives a value or NULL, never an error, because an error that
depends on a row would be an answer (ATTACKS 15). `OPERATORS` is the whole language; a backend renders or evaluates
each of its entries, and a test demands that none is missing.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

Value = None | bool | int | Decimal | str | date | datetime


@dataclass(frozen=True)
class ColumnRef:
    """A column of the relation with this index in `Below.relations`; `type` is the card's column type."""

    relation: int
    column: str
    type: str


@dataclass(frozen=True)
class Literal:
    """A constant of the query: NULL, boolean, integer, decimal, text, date or timestamp."""

    value: Value


@dataclass(frozen=True)
class Call:
    """An operator of `OPERATORS` over its arguments."""

    operator: str
    arguments: tuple["Expression", ...]

    def __post_init__(self) -> None:
        if self.operator not in OPERATORS:
            raise ValueError(f"unknown operator {self.operator!r}")


Expression = ColumnRef | Literal | Call

# name -> (what it takes, what it gives, meaning). SQL's three-valued logic throughout.
OPERATORS: dict[str, tuple[str, str, str]] = {
    "and": ("boolean+", "boolean", "SQL AND of all"),
    "or": ("boolean+", "boolean", "SQL OR of all"),
    "not": ("boolean", "boolean", "SQL NOT"),
    "=": ("same same", "boolean", "equal"),
    "<>": ("same same", "boolean", "not equal"),
    "<": ("same same", "boolean", "less"),
    "<=": ("same same", "boolean", "at most"),
    ">": ("same same", "boolean", "greater"),
    ">=": ("same same", "boolean", "at least"),
    "in": ("same+", "boolean", "first equals one of the literals that follow"),
    "is_null": ("any", "boolean", "SQL IS NULL"),
    "like": ("text literal", "boolean", "SQL LIKE with % and _, no escape"),
    "+": ("number number", "number", "sum, as IEEE double"),
    "-": ("number number", "number", "difference, as IEEE double"),
    "*": ("number number", "number", "product, as IEEE double"),
    "/": ("number number", "number", "quotient, as IEEE double; NULL when the divisor is 0"),
    "neg": ("number", "number", "minus, as IEEE double"),
    "date": ("date|timestamp", "date", "the calendar day"),
    "year": ("date|timestamp", "integer", "EXTRACT(YEAR)"),
    "month": ("date|timestamp", "integer", "EXTRACT(MONTH), 1-12"),
    "day": ("date|timestamp", "integer", "EXTRACT(DAY), 1-31"),
    "dow": ("date|timestamp", "integer", "EXTRACT(DOW), 0 = Sunday ... 6"),
    "hour": ("timestamp", "integer", "EXTRACT(HOUR), 0-23"),
}


def to_json(expression: Expression) -> Any:
    """The expression as JSON for the plan's digest: exact, typed, the same for equal expressions."""
    match expression:
        case ColumnRef(relation, column, _):
            return {"column": [relation, column]}
        case Literal(value):
            return {"literal": literal_json(value)}
        case Call(operator, arguments):
            return {"call": [operator, *map(to_json, arguments)]}


def literal_json(value: Value) -> Any:
    """A constant with its type's name, never as a JSON float."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return {"integer": str(value)}
    if isinstance(value, Decimal):
        return {"decimal": str(value.normalize())}
    return {"timestamp" if isinstance(value, datetime) else "date": value.isoformat()}
