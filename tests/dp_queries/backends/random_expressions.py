"""Random row-level expressions: what every operator takes, and trees of them of any depth."""

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from dp_queries.algebra.expressions import Call, Expression, Literal
from tests.dp_queries.backends.nasty_rows import COLUMNS, DAYS, MOMENTS, OUTSIDE, TEXTS, reference

Draw = random.Random
Argument = str | Callable[[Draw], Any]  # a type of expressions, or a constant's value


def _one_of(*values: Any) -> Argument:
    return lambda draw: draw.choice(values)


_PATTERN = _one_of("%", "", "_", "a%", "%b", "%a%", "a_b", "_%_", "A\\%", "É", "%%b%", "'%", "%ß%")
_NEEDLE = _one_of("a", "aa", ",", " ", "é", "e\u0301", "😀", "'", "\\", "ß", "b,", "xx", "{0}", "{")
_TEXT = _one_of(*("", "b", "aaa", "'; --", "ﬁ😀", "\\1", "$0"))
_COUNT = _one_of(0, 1, 2, 3, 7, 2**31, 2**40)
_PLACE = _one_of(1, 2, 3, 4, 300, 2**32, 2**63)
_DAYS = _one_of(0, 1, -1, 30, -365, 10**5, -(10**6), 3652058, -3652058, 3652059, 10**9, -(2**63))
_MONTHS = _one_of(0, 1, -1, 12, -13, 119987, -119987, 119988, 10**6, -(2**62), 1200, -25)
_SECONDS = _one_of(0, 1, -1, 86399, -86401, 3 * 10**9, -(10**10), 315537897599, -315537897599, 315537897600, 10**15)
_BUCKETS = (_one_of(-1, 0, Decimal("0.1"), -(10**9)), _one_of(1, Decimal("0.3"), 10**9), _one_of(1, 3, 10, 2**31))
_FARTHEST = (_one_of(Decimal("-1.7e308")), _one_of(Decimal("1.7e308")), _one_of(4))

# operator -> the arguments it may have, and the type it gives; "same" is a type that the arguments share.
SIGNATURES: dict[str, tuple[tuple[tuple[Argument, ...], ...], str]] = {
    "and": ((("boolean",) * 2, ("boolean",) * 3), "boolean"),
    "or": ((("boolean",) * 2, ("boolean",) * 3), "boolean"),
    "not": ((("boolean",),), "boolean"),
    **dict.fromkeys(("=", "<>", "<", "<=", ">", ">="), ((("same", "same"), ("number", "number")), "boolean")),
    "in": (
        (
            ("same", "literal"),
            ("same", "literal", "literal", "literal"),
            ("text", _TEXT, _NEEDLE),
            ("number", _COUNT, _PLACE),
            ("integer", _DAYS, _COUNT, _COUNT),
        ),
        "boolean",
    ),
    "is_null": ((("same",),), "boolean"),
    "like": ((("text", _PATTERN),), "boolean"),
    "case": ((("boolean", "same", "same"), ("boolean", "same", "boolean", "same", "same")), "same"),
    "coalesce": ((("same",), ("same", "same"), ("same", "same", "same")), "same"),
    "greatest": ((("same", "same"), ("same", "same", "same")), "same"),
    "least": ((("same", "same"), ("same", "same", "same")), "same"),
    **dict.fromkeys(("+", "-", "*", "/", "power"), ((("number", "number"),), "number")),
    **dict.fromkeys(("neg", "sqrt", "ln", "log10", "exp"), ((("number",),), "number")),
    "abs": ((("integer",),), "integer"),
    **dict.fromkeys(("sign", "floor", "ceil", "trunc"), ((("number",),), "integer")),
    "round": ((("number",),), "integer"),
    "mod": ((("integer", "integer"),), "integer"),
    "width_bucket": ((("number", *_BUCKETS), ("number", *_FARTHEST)), "integer"),
    "to_integer": ((("number",), ("boolean",), ("text",)), "integer"),
    "to_number": ((("number",), ("integer",), ("boolean",), ("text",)), "number"),
    "to_text": ((("integer",), ("boolean",), ("date",), ("text",)), "text"),
    "to_timestamp": ((("moment",),), "timestamp"),
    "parse_date": ((("text",),), "date"),
    **dict.fromkeys(("lower", "upper", "trim", "ltrim", "rtrim"), ((("text",),), "text")),
    "length": ((("text",),), "integer"),
    "substring": ((("text", _PLACE), ("text", _PLACE, _COUNT)), "text"),
    **dict.fromkeys(("left", "right"), ((("text", _COUNT),), "text")),
    "concat": ((("text",), ("text", "text"), ("text", "text", "text")), "text"),
    "replace": ((("text", _NEEDLE, _TEXT),), "text"),
    "position": ((("text", _NEEDLE), ("text", _TEXT)), "integer"),
    "starts_with": ((("text", _NEEDLE), ("text", _TEXT)), "boolean"),
    "split_part": ((("text", _NEEDLE, _PLACE),), "text"),
    "date": ((("moment",),), "date"),
    **dict.fromkeys(("year", "month", "day", "dow", "isodow", "doy", "quarter", "week"), ((("moment",),), "integer")),
    **dict.fromkeys(("hour", "minute", "second"), ((("timestamp",),), "integer")),
    **dict.fromkeys((f"trunc_{unit}" for unit in ("year", "quarter", "month", "week", "day")), ((("date",),), "date")),
    **dict.fromkeys(("trunc_hour", "trunc_minute"), ((("timestamp",),), "timestamp")),
    "add_days": ((("date", _DAYS),), "date"),
    "add_months": ((("date", _MONTHS),), "date"),
    "add_seconds": ((("timestamp", _SECONDS),), "timestamp"),
    "days_between": ((("moment", "moment"),), "integer"),
    "seconds_between": ((("timestamp", "timestamp"),), "integer"),
    "epoch": ((("timestamp",),), "integer"),
}
# What an operator gives for arguments of other types than those above.
OTHERS: tuple[tuple[str, tuple[Argument, ...], str], ...] = (
    ("abs", ("number",), "number"),
    ("round", ("number", _one_of(1, 2, 5, 10)), "number"),
    *((f"trunc_{unit}", ("timestamp",), "timestamp") for unit in ("year", "quarter", "month", "week", "day")),
    ("add_days", ("timestamp", _DAYS), "timestamp"),
    ("add_months", ("timestamp", _MONTHS), "timestamp"),
)
SHARED = ("integer", "number", "text", "boolean", "date", "timestamp")
CONSTANTS: dict[str, tuple[Any, ...]] = {
    "integer": (0, 1, -1, 2, 7, -10, 2**31, 2**53, 2**53 + 1, -(2**63), 10**30),
    "number": (0, 1, -3, Decimal("0.5"), Decimal("-2.5"), Decimal("0.01"), Decimal("1e400"), Decimal("1e-400"), 10**10),
    "text": tuple(text for text in TEXTS if "\0" not in text),
    "boolean": (True, False),
    "date": DAYS,
    "timestamp": MOMENTS,
}


def every_call() -> list[tuple[str, tuple[Argument, ...], str]]:
    """Each operator with each of its ways to be called; "same" spelled out in every type."""
    found = []
    for operator, (ways, gives) in SIGNATURES.items():
        for way in ways:
            for kind in SHARED if "same" in way else ("",):
                literals = _one_of(*CONSTANTS[kind], None) if kind else ""
                spelled: dict[Argument, Argument] = {"same": kind, "literal": literals}
                arguments = tuple(spelled.get(argument, argument) for argument in way)
                found.append((operator, arguments, kind if gives == "same" else gives))
    return [*found, *OTHERS]


_CALLS = every_call()


def call(draw: Draw, operator: str, arguments: tuple[Argument, ...], depth: int) -> Call:
    """A call whose arguments are at most `depth` operators deep."""
    made = [
        expression(draw, argument, depth) if isinstance(argument, str) else Literal(argument(draw))
        for argument in arguments
    ]
    return Call(operator, tuple(made))


def expression(draw: Draw, kind: str, depth: int) -> Expression:
    """Any expression of a type, at most `depth` operators deep. "moment" is a date or a timestamp."""
    if kind == "moment":
        kind = draw.choice(("date", "timestamp"))
    if kind == "number" and draw.random() < 0.3:
        kind = "integer"
    if depth == 0 or draw.random() < 0.15:
        return leaf(draw, kind)
    operator, arguments, _ = draw.choice([one for one in _CALLS if one[2] == kind])
    return call(draw, operator, arguments, depth - 1)


def leaf(draw: Draw, kind: str) -> Expression:
    """A column, or now and then a constant or NULL."""
    if draw.random() < 0.2:
        return Literal(draw.choice((*CONSTANTS[kind], None)))
    return reference(draw.choice([title for title in COLUMNS if COLUMNS[title].type == kind and title not in OUTSIDE]))
