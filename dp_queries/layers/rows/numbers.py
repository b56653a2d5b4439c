"""Arithmetic and functions of numbers."""

from collections.abc import Mapping
from typing import Any, Final

from dp_queries.algebra.expressions import Call, Expression, Literal
from dp_queries.algebra.types import type_of
from dp_queries.layers import literals, normal_form
from dp_queries.layers.rows.reader import Reader, Translator
from dp_queries.syntax.parse import Node, exp

ARITHMETIC: Final[Mapping[type[Node], str]] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}

MOST_BUCKETS: Final = 10_000
MOST_DECIMALS: Final = 10
_BUCKETS: Final = f"WIDTH_BUCKET takes constants: low < high, and 1 to {MOST_BUCKETS} buckets"
_DECIMALS: Final = f"ROUND takes a constant number of decimals, 0 to {MOST_DECIMALS}"
_BASE: Final = "a logarithm is LN(x) or LOG10(x); for another base divide: LN(x) / LN(2)"


def arithmetic(node: Any, left: Expression, right: Expression, reader: Reader) -> Expression:
    """+ - * / of numbers. Takes sides that are read already: reading them twice would double at every level."""
    for side, found in ((node.this, left), (node.expression, right)):
        reader.as_number(side, found)
    return normal_form.commuted(ARITHMETIC[type(node)], left, right)


def _product(node: Any, reader: Reader) -> Expression:
    return arithmetic(node, reader.expression(node.this), reader.expression(node.expression), reader)


def as_integer(expression: Expression) -> Expression:
    """An integer of an expression that adds or multiplies integers only, whose type is number."""
    return expression if type_of(expression) == "integer" else Call("to_integer", (expression,))


def _negative(node: Any, reader: Reader) -> Expression:
    if isinstance(node.this, exp.Literal) and not node.this.is_string:
        return Literal(literals.number(reader.scope.statement, node.this, is_negative=True))
    return Call("neg", (reader.number(node.this),))


def _function(operator: str) -> Translator:
    return lambda node, reader: Call(operator, (reader.number(node.this),))


def _to_whole(operator: str) -> Translator:
    """FLOOR and the like: an integer stays itself."""

    def translate(node: Any, reader: Reader) -> Expression:
        inner = reader.number(node.this)
        return inner if type_of(inner) == "integer" else Call(operator, (inner,))

    return translate


def _round(node: Any, reader: Reader) -> Expression:
    decimals = node.args.get("decimals")
    digits = Literal(0) if decimals is None else reader.whole(decimals, 0, MOST_DECIMALS, _DECIMALS)
    inner = reader.number(node.this)
    if type_of(inner) == "integer":
        return inner
    return Call("round", (inner, digits) if digits.value else (inner,))


def _trunc(node: Any, reader: Reader) -> Expression:
    decimals = node.args.get("decimals")
    if decimals is not None:
        reader.whole(decimals, 0, 0, "TRUNC cuts to a whole number; use ROUND(x, 2) for decimals")
    return _to_whole("trunc")(node, reader)


def _mod(node: Any, reader: Reader) -> Expression:
    sides = [reader.number(node.this), reader.number(node.expression)]
    for side in sides:
        if not _is_whole(side):
            raise reader.refusal(node, "not-an-integer", "MOD and % take integers; write CAST(x AS INTEGER)")
    return Call("mod", tuple(map(as_integer, sides)))


def _is_whole(expression: Expression) -> bool:
    """Whether an expression is made of integers by + - * alone, so that it is one where doubles are exact."""
    if isinstance(expression, Call) and expression.operator in ("+", "-", "*", "neg"):
        return all(map(_is_whole, expression.arguments))
    return type_of(expression) == "integer"


def _log(node: Any, reader: Reader) -> Expression:
    if node.expression is None:  # LOG(x) is to base 10, in PostgreSQL and in DuckDB
        return Call("log10", (reader.number(node.this),))
    if reader.constant(node.this, "logarithm", _BASE) != 10:
        raise reader.refusal(node, "logarithm", _BASE)
    return Call("log10", (reader.number(node.expression),))


def _width_bucket(node: Any, reader: Reader) -> Expression:
    low, high = (reader.constant(node.args[name], "literal-number", _BUCKETS) for name in ("min_value", "max_value"))
    count = reader.whole(node.args["num_buckets"], 1, MOST_BUCKETS, _BUCKETS)
    if low >= high:
        raise reader.refusal(node, "literal-number", _BUCKETS)
    ends = (reader.expression(node.args["min_value"]), reader.expression(node.args["max_value"]))
    return Call("width_bucket", (reader.number(node.this), *ends, count))


NUMBERS: Final[Mapping[type[Node], Translator]] = {
    exp.Neg: _negative,
    exp.Mul: _product,
    exp.Div: _product,
    exp.Mod: _mod,
    exp.Abs: _function("abs"),
    exp.Sign: _function("sign"),
    exp.Floor: _to_whole("floor"),
    exp.Ceil: _to_whole("ceil"),
    exp.Trunc: _trunc,
    exp.Round: _round,
    exp.Sqrt: _function("sqrt"),
    exp.Ln: _function("ln"),
    exp.Log: _log,
    exp.Exp: _function("exp"),
    exp.Pow: lambda node, reader: Call("power", (reader.number(node.this), reader.number(node.expression))),
    exp.WidthBucket: _width_bucket,
}
