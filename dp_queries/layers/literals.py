"""Constants of the query text as typed values, within widths that no engine overflows."""

import re
from datetime import date, datetime, time
from decimal import Decimal
from typing import Final

from dp_queries.algebra.expressions import Value
from dp_queries.syntax.parse import Node, Statement, exp, rejected

MOST_DIGITS: Final = 15  # exact in an IEEE double
MOST_INTEGER: Final = 2**63 - 1
MOST_SPELLED: Final = 40
MOST_PATTERN: Final = 200
MOST_WILDCARDS: Final = 10

_NUMBER = re.compile(r"([0-9]{1,40})?(\.[0-9]{0,40})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{3}|\.[0-9]{6})?)?", re.ASCII
)


def number(statement: Statement, node: exp.Literal, *, is_negative: bool = False) -> int | Decimal:
    """The number of a literal: an integer of 64 bits, or a decimal of at most `MOST_DIGITS` digits.

    Wider ones are refused, because engines widen, round or raise differently there (ATTACKS 16).
    """
    text = str(node.this)
    if len(text) > MOST_SPELLED:
        raise rejected(statement.reason(node, "number-too-wide", f"a number has at most {MOST_SPELLED} characters"))
    if not _NUMBER.fullmatch(text) or not any(character.isdigit() for character in text):
        raise rejected(statement.reason(node, "number", "this number is not understood; write plain digits"))
    value = Decimal(text)
    value = -value if is_negative else value
    if value.adjusted() < 19 and value == value.to_integral_value() and abs(value) <= MOST_INTEGER:
        return int(value)
    digits = value.normalize().as_tuple()
    if len(digits.digits) > MOST_DIGITS or not -MOST_DIGITS <= value.adjusted() <= MOST_DIGITS:
        message = f"a number has at most {MOST_DIGITS} significant digits and lies within 10^{MOST_DIGITS}"
        raise rejected(statement.reason(node, "number-too-wide", message))
    return value


def moment(statement: Statement, node: Node, text: str, kind: str) -> Value:
    """The date or timestamp (`kind`) that an ISO text names. A date names midnight where a timestamp is wanted."""
    try:
        if _DATE.fullmatch(text):
            day = date.fromisoformat(text)
            return day if kind == "date" else datetime.combine(day, time())
        if _TIMESTAMP.fullmatch(text) and kind == "timestamp":
            return datetime.fromisoformat(text)
    except ValueError:
        pass  # a day or an hour that does not exist
    wanted = "DATE '2013-01-31'" if kind == "date" else "TIMESTAMP '2013-01-31 08:00:00'"
    raise rejected(statement.reason(node, "moment", f"this is not a {kind}; write {wanted}"))


def any_moment(statement: Statement, node: Node, text: str) -> Value:
    """The date that an ISO text names, or else the timestamp."""
    return moment(statement, node, text, "date" if _DATE.fullmatch(text) else "timestamp")


def pattern(statement: Statement, node: Node) -> str:
    """The pattern of a LIKE: short, few wildcards, no backslash (an escape in PostgreSQL, a letter in DuckDB)."""
    if not (isinstance(node, exp.Literal) and node.is_string):
        raise rejected(statement.reason(node, "pattern", "LIKE takes a quoted pattern"))
    text = str(node.this)
    if "\\" in text:
        raise rejected(statement.reason(node, "pattern", "a pattern has no backslash; use % and _ only"))
    if len(text) > MOST_PATTERN or text.count("%") > MOST_WILDCARDS:
        message = f"a pattern has at most {MOST_PATTERN} characters and {MOST_WILDCARDS} times %"
        raise rejected(statement.reason(node, "pattern-too-long", message))
    return text
