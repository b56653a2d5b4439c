"""The allow-list of functions over released values: what they take, what they give, how the engine is told.

No function reads settings, files, the clock or chance; none makes a value that is much longer than what it takes; each
is total, and `total` says why. `{0}`, `{1}`, ... are the arguments, each written once (see `fragments.let`).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from dp_queries.algebra.types import NUMBERS
from dp_queries.layers.above.fragments import MOST_CHARACTERS, Fragment, combined, constant, double, let
from dp_queries.layers.above.writer import Translate, Writer
from dp_queries.syntax.parse import Node, called, exp

MOST_NEEDLE: Final = 100
MOST_DECIMALS: Final = 10
_TEXT: Final = frozenset({"text"})


@dataclass(frozen=True)
class Function:
    """A function. `takes`: (part of the node, "number" | "text" | "needle" | "count") for each argument.

    "needle" is a quoted literal, "count" a whole literal from `lowest` on; `default` stands for an argument left out.
    """

    takes: tuple[tuple[str, str], ...]
    gives: str
    sql: str
    total: str
    lowest: int = 0
    default: str = ""


def _one(kind: str, gives: str, sql: str, total: str) -> Function:
    return Function((("this", kind),), gives, sql, total)


def _guarded(condition: str, call: str) -> str:
    return let(f"CASE WHEN {condition} THEN {call} END", "{0}").replace("{'a': {0}}", "{{'a': {0}}}")


def _two(condition: str, call: str) -> str:
    body = let(f"CASE WHEN {condition} THEN {call} END", "{0}", "{1}")
    return body.replace("{'a': {0}, 'b': {1}}", "{{'a': {0}, 'b': {1}}}")


_DEFINED: Final = "defined for every double, infinity and NaN included"
_FINITE: Final = "asked for finite numbers only"
_TEXTS: Final = "defined for every text"
_IS_FINITE: Final = "ISFINITE(v.a)"

FUNCTIONS: Final[Mapping[type[Node], Function]] = {
    exp.Abs: _one("number", "same", "ABS({0})", _DEFINED),
    exp.Sign: _one("number", "integer", "CAST(SIGN({0}) AS DOUBLE)", _DEFINED),
    exp.Floor: _one("number", "integer", "FLOOR({0})", _DEFINED),
    exp.Ceil: _one("number", "integer", "CEIL({0})", _DEFINED),
    exp.Sqrt: _one("number", "number", _guarded("v.a >= 0", "SQRT(v.a)"), "asked for v >= 0 only"),
    exp.Cbrt: _one("number", "number", "CBRT({0})", _DEFINED),
    exp.Exp: _one("number", "number", "EXP({0})", "infinite where it overflows"),
    exp.Ln: _one("number", "number", _guarded("v.a > 0", "LN(v.a)"), "asked for v > 0 only"),
    exp.Sin: _one("number", "number", _guarded(_IS_FINITE, "SIN(v.a)"), _FINITE),
    exp.Cos: _one("number", "number", _guarded(_IS_FINITE, "COS(v.a)"), _FINITE),
    exp.Tan: _one("number", "number", _guarded(_IS_FINITE, "TAN(v.a)"), _FINITE),
    exp.Asin: _one("number", "number", _guarded("v.a BETWEEN -1 AND 1", "ASIN(v.a)"), "asked within [-1, 1] only"),
    exp.Acos: _one("number", "number", _guarded("v.a BETWEEN -1 AND 1", "ACOS(v.a)"), "asked within [-1, 1] only"),
    exp.Atan: _one("number", "number", "ATAN({0})", _DEFINED),
    exp.Atan2: Function((("this", "number"), ("expression", "number")), "number", "ATAN2({0}, {1})", _DEFINED),
    exp.Degrees: _one("number", "number", "DEGREES({0})", _DEFINED),
    exp.Radians: _one("number", "number", "RADIANS({0})", _DEFINED),
    exp.Pi: Function((), "number", "PI()", "a constant"),
    exp.Pow: Function(
        (("this", "number"), ("expression", "number")), "number", "POWER({0}, {1})", "IEEE 754 pow: infinite or NaN"
    ),
    exp.Mod: Function(
        (("this", "number"), ("expression", "number")), "same", "({0} % {1})", "NULL where the divisor is 0"
    ),
    exp.Upper: _one("text", "text", f"LEFT(UPPER({{0}}), {MOST_CHARACTERS})", _TEXTS),
    exp.Lower: _one("text", "text", f"LEFT(LOWER({{0}}), {MOST_CHARACTERS})", _TEXTS),
    exp.Length: _one("text", "integer", "CAST(LENGTH({0}) AS DOUBLE)", _TEXTS),
    exp.Reverse: _one("text", "text", "REVERSE({0})", _TEXTS),
    exp.Left: Function((("this", "text"), ("expression", "count")), "text", "LEFT({0}, {1})", _TEXTS),
    exp.Right: Function((("this", "text"), ("expression", "count")), "text", "RIGHT({0}, {1})", _TEXTS),
    exp.Substring: Function(
        (("this", "text"), ("start", "count"), ("length", "count")),
        "text",
        "SUBSTRING({0}, {1}, {2})",
        "start and length are literals, not negative",
        default=str(MOST_CHARACTERS),
    ),
    exp.StrPosition: Function(
        (("this", "text"), ("substr", "needle")), "integer", "CAST(INSTR({0}, {1}) AS DOUBLE)", _TEXTS
    ),
    exp.StartsWith: Function((("this", "text"), ("expression", "needle")), "boolean", "STARTS_WITH({0}, {1})", _TEXTS),
    exp.EndsWith: Function((("this", "text"), ("expression", "needle")), "boolean", "ENDS_WITH({0}, {1})", _TEXTS),
    exp.Contains: Function((("this", "text"), ("expression", "needle")), "boolean", "CONTAINS({0}, {1})", _TEXTS),
    exp.SplitPart: Function(
        (("this", "text"), ("delimiter", "needle"), ("part_index", "count")),
        "text",
        "SPLIT_PART({0}, {1}, {2})",
        "empty beyond the last part",
        lowest=1,
    ),
    exp.Replace: Function(
        (("this", "text"), ("expression", "needle"), ("replacement", "needle")),
        "text",
        f"LEFT(REPLACE({{0}}, {{1}}, {{2}}), {MOST_CHARACTERS})",
        "what it puts in is short, and the whole is cut",
    ),
}


def _call(writer: Writer, node: Any) -> Fragment:
    function = FUNCTIONS[type(node)]
    parts = [_argument(writer, node, function, name, kind) for name, kind in function.takes]
    kinds = {part.type for part in parts}
    gives = ("integer" if kinds == {"integer"} else "number") if function.gives == "same" else function.gives
    written = [double(part) if part.type in NUMBERS and not part.is_constant else part.sql for part in parts]
    return combined(function.sql.format(*written), gives, *parts)


def _argument(writer: Writer, node: Any, function: Function, name: str, kind: str) -> Fragment:
    given = node.args.get(name)
    if kind == "count":
        if given is None and function.default:
            return Fragment(function.default, "text")
        least = 1 if name == "start" else function.lowest
        return Fragment(str(writer.whole(given, least, MOST_CHARACTERS, "a place or length in a text")), "text")
    if given is None:
        raise writer.refusal(node, "arguments", f"{called(node)} takes more arguments here")
    if kind == "needle":
        return _needle(writer, given)
    return writer.number(given) if kind == "number" else writer.of_type(given, _TEXT, "a text")


def _needle(writer: Writer, node: Any) -> Fragment:
    if not (isinstance(node, exp.Literal) and node.is_string) or len(str(node.this)) > MOST_NEEDLE:
        raise writer.refusal(node, "needle", f"write a quoted text of at most {MOST_NEEDLE} characters")
    return constant(str(node.this))


def _round(writer: Writer, node: Any) -> Fragment:
    inner, digits = writer.number(node.this), node.args.get("decimals")
    most = MOST_DECIMALS
    places = 0 if digits is None else writer.whole(digits, -most, most, "the number of digits", "round")
    name = "TRUNC" if isinstance(node, exp.Trunc) else "ROUND"
    if places and name == "TRUNC":
        scale = f"1e{places}"
        return combined(f"(TRUNC({double(inner)} * {scale}) / {scale})", "number" if places > 0 else "integer", inner)
    call = f"{name}({double(inner)}{f', {places}' if places else ''})"
    return combined(call, "integer" if places <= 0 else "number", inner)


def _log(writer: Writer, node: Any) -> Fragment:
    """LOG(x) is to base 10, LOG(b, x) to base b, as in PostgreSQL."""
    base = writer.number(node.this) if node.expression else constant(10)
    inner = writer.number(node.expression or node.this)
    body = "CASE WHEN v.a > 0 AND v.b > 0 AND v.b <> 1 THEN LN(v.a) / LN(v.b) END"
    if base.value == 10:
        return combined(let("CASE WHEN v.a > 0 THEN LOG10(v.a) END", double(inner)), "number", inner)
    return combined(let(body, double(inner), double(base)), "number", inner, base)


def _trim(writer: Writer, node: Any) -> Fragment:
    """Of spaces only, or of the characters of a quoted text."""
    inner = writer.of_type(node.this, _TEXT, "a text")
    characters = _needle(writer, node.expression) if node.expression else constant(" ")
    name = {"LEADING": "LTRIM", "TRAILING": "RTRIM"}.get(str(node.args.get("position") or "").upper(), "TRIM")
    return combined(f"{name}({inner.sql}, {characters.sql})", "text", inner)


def _bucket(writer: Writer, node: Any) -> Fragment:
    """WIDTH_BUCKET(x, low, high, n): 0 below, n + 1 from `high` on."""
    inner = writer.number(node.this)
    ends = [writer.number(node.args[name]).value for name in ("min_value", "max_value")]
    count = writer.whole(node.args["num_buckets"], 1, 1000, "the number of buckets")
    low, high = (float(end) if isinstance(end, int | Decimal) else math.nan for end in ends)
    if not low < high:
        raise writer.refusal(node, "arguments", "WIDTH_BUCKET takes two numbers, the lower one first")
    inside = f"LEAST(FLOOR((v.a - {low!r}) / {high - low!r} * {count}), {count - 1}) + 1"
    body = f"CASE WHEN v.a < {low!r} THEN 0 WHEN v.a >= {high!r} THEN {count + 1} ELSE {inside} END"
    return combined(f"CAST({let(body, double(inner))} AS DOUBLE)", "integer", inner)


CALLS: Final[Mapping[type[Node], Translate]] = {
    **dict.fromkeys(FUNCTIONS, _call),
    exp.Round: _round,
    exp.Trunc: _round,
    exp.Log: _log,
    exp.Trim: _trim,
    exp.WidthBucket: _bucket,
}
