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

# name -> (what it takes, what it gives, meaning). SQL's three-valued logic throughout; NULL for a NULL argument unless
# said otherwise. What gives "same" has the type that `expression_types.type_of` computes from the arguments. Integers
# that a function makes are exact, and NULL beyond +-2^53; its doubles (not those of + - * / neg) NULL if not finite.
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
    "case": ("(boolean same)+ same", "same", "the value after the first true condition, else the last argument"),
    "coalesce": ("same+", "same", "the first that is not NULL"),
    "greatest": ("same+", "same", "the greatest that is not NULL"),
    "least": ("same+", "same", "the least that is not NULL"),
    "+": ("number number", "number", "sum, as IEEE double"),
    "-": ("number number", "number", "difference, as IEEE double"),
    "*": ("number number", "number", "product, as IEEE double"),
    "/": ("number number", "number", "quotient, as IEEE double; NULL when the divisor is 0"),
    "neg": ("number", "number", "minus, as IEEE double"),
    "abs": ("number", "same", "without its sign"),
    "sign": ("number", "integer", "-1, 0 or 1"),
    "floor": ("number", "integer", "the largest integer at most"),
    "ceil": ("number", "integer", "the smallest integer at least"),
    "trunc": ("number", "integer", "the integer part, towards zero"),
    "round": (
        "number [digits]",
        "same",
        "half away from zero; to 1..10 digits: double(round(x * 10^d)) / 10^d",
    ),
    "mod": ("integer integer", "integer", "remainder with the dividend's sign; NULL when the divisor is 0"),
    "sqrt": ("number", "number", "square root; NULL below 0"),
    "ln": ("number", "number", "natural logarithm; NULL at 0 and below"),
    "log10": ("number", "number", "logarithm to base 10; NULL at 0 and below"),
    "exp": ("number", "number", "e to the power; NULL when not finite"),
    "power": ("number number", "number", "first to the power of the second; NULL when not finite"),
    "width_bucket": ("number low high count", "integer", "0 below low, 1..count, count + 1 from high on"),
    "to_integer": ("number|boolean|text", "integer", "half away from zero; text: [+-]?[0-9]{1,15}, trimmed, else NULL"),
    "to_number": ("number|boolean|text", "number", "text: [+-]?[0-9]{1,15}(.[0-9]{1,15})?, trimmed, else NULL"),
    "to_text": ("integer|boolean|date|text", "text", "plain decimal, true or false, ISO date"),
    "to_timestamp": ("date|timestamp", "timestamp", "midnight of a date"),
    "parse_date": ("text", "date", "exactly YYYY-MM-DD, an existing day of the years 1..9999, else NULL"),
    "lower": ("text", "text", "character by character; those whose mapping is longer stay"),
    "upper": ("text", "text", "character by character; those whose mapping is longer stay"),
    "length": ("text", "integer", "code points"),
    "trim": ("text", "text", "without spaces at both ends"),
    "ltrim": ("text", "text", "without spaces at the start"),
    "rtrim": ("text", "text", "without spaces at the end"),
    "substring": ("text start [length]", "text", "from the start-th character (1-based), at most length of them"),
    "left": ("text count", "text", "the first count characters"),
    "right": ("text count", "text", "the last count characters"),
    "concat": ("text+", "text", "one after the other"),
    "replace": ("text from to", "text", "every occurrence of a text that is not empty, left to right"),
    "position": ("text needle", "integer", "1-based place of the first occurrence, 0 if absent"),
    "starts_with": ("text prefix", "boolean", "whether the text starts so"),
    "split_part": ("text delimiter n", "text", "the n-th part (1-based) between delimiters, '' beyond the last"),
    "date": ("date|timestamp", "date", "the calendar day"),
    "year": ("date|timestamp", "integer", "EXTRACT(YEAR)"),
    "month": ("date|timestamp", "integer", "EXTRACT(MONTH), 1-12"),
    "day": ("date|timestamp", "integer", "EXTRACT(DAY), 1-31"),
    "dow": ("date|timestamp", "integer", "EXTRACT(DOW), 0 = Sunday ... 6"),
    "isodow": ("date|timestamp", "integer", "EXTRACT(ISODOW), 1 = Monday ... 7"),
    "doy": ("date|timestamp", "integer", "EXTRACT(DOY), 1-366"),
    "quarter": ("date|timestamp", "integer", "EXTRACT(QUARTER), 1-4"),
    "week": ("date|timestamp", "integer", "EXTRACT(WEEK), ISO 8601, 1-53"),
    "hour": ("timestamp", "integer", "EXTRACT(HOUR), 0-23"),
    "minute": ("timestamp", "integer", "EXTRACT(MINUTE), 0-59"),
    "second": ("timestamp", "integer", "EXTRACT(SECOND) without its fraction, 0-59"),
    "trunc_year": ("date|timestamp", "same", "the first moment of its year"),
    "trunc_quarter": ("date|timestamp", "same", "the first moment of its quarter"),
    "trunc_month": ("date|timestamp", "same", "the first moment of its month"),
    "trunc_week": ("date|timestamp", "same", "the Monday of its week"),
    "trunc_day": ("date|timestamp", "same", "the first moment of its day"),
    "trunc_hour": ("timestamp", "same", "the first moment of its hour"),
    "trunc_minute": ("timestamp", "same", "the first moment of its minute"),
    "add_days": ("date|timestamp days", "same", "so many days later; NULL outside the years 1..9999"),
    "add_months": ("date|timestamp months", "same", "so many months later, the day clamped to the month's last"),
    "add_seconds": ("timestamp seconds", "same", "so many seconds later; NULL outside the years 1..9999"),
    "days_between": ("date|timestamp date|timestamp", "integer", "calendar days from the first to the second"),
    "seconds_between": ("timestamp timestamp", "integer", "whole seconds from the first to the second, towards zero"),
    "epoch": ("timestamp", "integer", "whole seconds since 1970-01-01 00:00:00, floored"),
}


def size(expression: Expression) -> int:
    """Columns and operators of an expression; constants are as many as the text holds."""
    if isinstance(expression, Literal):
        return 0
    return 1 + sum(map(size, expression.arguments)) if isinstance(expression, Call) else 1


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
