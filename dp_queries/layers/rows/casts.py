"""CAST, :: and TRY_CAST: all alike, because no cast of ours fails; what can't be read is NULL."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from dp_queries.algebra.expressions import Call, Expression, Literal
from dp_queries.algebra.types import MOMENTS, NUMBERS, type_of
from dp_queries.layers import literals
from dp_queries.layers.rows.reader import Reader, Translator
from dp_queries.syntax.parse import Node, exp

Made = Callable[[Node, Expression, Reader], Expression]

_KINDS: Final[Mapping[Any, str]] = {
    exp.DType.SMALLINT: "integer",
    exp.DType.INT: "integer",
    exp.DType.BIGINT: "integer",
    exp.DType.FLOAT: "number",
    exp.DType.DOUBLE: "number",
    exp.DType.DECIMAL: "number",
    exp.DType.TEXT: "text",
    exp.DType.VARCHAR: "text",
    exp.DType.BOOLEAN: "boolean",
    exp.DType.DATE: "date",
    exp.DType.TIMESTAMP: "timestamp",
}


def _cast(node: Any, reader: Reader) -> Expression:
    kind = _KINDS.get(node.args["to"].this)
    inner = node.this
    if kind is None:
        message = "CAST makes INTEGER, DOUBLE PRECISION, TEXT, BOOLEAN, DATE or TIMESTAMP"
        raise reader.refusal(node, "cast", message)
    if kind in MOMENTS and isinstance(inner, exp.Literal) and inner.is_string:
        return Literal(literals.moment(reader.scope.statement, node, str(inner.this), kind))
    return made(kind, node, reader.expression(inner), reader)


def made(kind: str, node: Node, value: Expression, reader: Reader) -> Expression:
    """The value in this type; itself where it has it."""
    if type_of(value) in (kind, "null"):
        return value
    return _MADE[kind](node, value, reader)


def as_text(node: Node, value: Expression, reader: Reader) -> Expression:
    """The value as a text, as || writes it."""
    return made("text", node, value, reader)


def _refused(node: Node, value: Expression, reader: Reader, message: str) -> Exception:
    return reader.refusal(node, "cast", f"this is of type {type_of(value)}; {message}")


def _number(operator: str) -> Made:
    def make(node: Node, value: Expression, reader: Reader) -> Expression:
        if type_of(value) not in (*NUMBERS, "boolean", "text"):
            raise _refused(node, value, reader, "use EXTRACT(YEAR FROM x) or DATE_DIFF('day', x, y)")
        return Call(operator, (value,))

    return make


def _text(node: Node, value: Expression, reader: Reader) -> Expression:
    if type_of(value) not in ("integer", "boolean", "date"):
        # Engines spell doubles and timestamps differently.
        raise _refused(node, value, reader, "write CAST(CAST(x AS INTEGER) AS TEXT) or CAST(CAST(x AS DATE) AS TEXT)")
    return Call("to_text", (value,))


def _boolean(node: Node, value: Expression, reader: Reader) -> Expression:
    if type_of(value) != "integer":
        raise _refused(node, value, reader, "write a condition, such as x = 'yes'")
    return Call("<>", (value, Literal(0)))


def _date(node: Node, value: Expression, reader: Reader) -> Expression:
    if type_of(value) == "text":
        return Call("parse_date", (value,))
    if type_of(value) != "timestamp":
        raise _refused(node, value, reader, "a DATE is made of a timestamp or of a text YYYY-MM-DD")
    return Call("date", (value,))


def _timestamp(node: Node, value: Expression, reader: Reader) -> Expression:
    if type_of(value) != "date":
        raise _refused(node, value, reader, "a TIMESTAMP is made of a date; CAST(x AS DATE) reads a text")
    return Call("to_timestamp", (value,))


_MADE: Final[Mapping[str, Made]] = {
    "integer": _number("to_integer"),
    "number": _number("to_number"),
    "text": _text,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
}


def _day(node: Any, reader: Reader) -> Expression:
    """DATE(x)."""
    found = reader.expression(node.this)
    if isinstance(found, Literal) and isinstance(found.value, str):
        return Literal(literals.moment(reader.scope.statement, node, found.value, "date"))
    return made("date", node, found, reader)


def _read_date(node: Any, reader: Reader) -> Expression:
    """TO_DATE(x, 'YYYY-MM-DD')."""
    form = node.args.get("format")
    if form is None or str(form.this) != "%Y-%m-%d":
        raise reader.refusal(node, "cast", "a date is read as YYYY-MM-DD only; write CAST(x AS DATE)")
    return made("date", node, reader.text(node.this), reader)


CASTS: Final[Mapping[type[Node], Translator]] = {
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Date: _day,
    exp.StrToDate: _read_date,
}
