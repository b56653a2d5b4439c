"""Functions of texts. None makes a text wider than its parts together, REPLACE with a longer text apart."""

from collections.abc import Mapping
from typing import Any, Final

from dp_queries.algebra.expressions import Call, Expression, Literal
from dp_queries.algebra.types import type_of
from dp_queries.layers.rows.casts import as_text
from dp_queries.layers.rows.limits import MOST_CHARACTERS
from dp_queries.layers.rows.reader import Reader, Translator
from dp_queries.syntax.parse import Node, exp

_PLACE: Final = f"a place or a length in a text is a constant whole number up to {MOST_CHARACTERS}"
_SPACES: Final = "only spaces are trimmed; write TRIM(x)"
_NEEDLE: Final = "the text to look for is quoted: POSITION('-' IN x), STARTS_WITH(x, 'A')"
_REPLACED: Final = "REPLACE takes quoted texts, the first of them not empty"
_PARTED: Final = "SPLIT_PART takes a quoted delimiter that is not empty, and a constant number from 1"


def _function(operator: str) -> Translator:
    return lambda node, reader: Call(operator, (reader.text(node.this),))


def _concatenated(node: Any, reader: Reader) -> Expression:
    """||: NULL if any part is NULL."""
    return _joined([_as_part(part, reader) for part in node.flatten()])


def _concat(node: Any, reader: Reader) -> Expression:
    """CONCAT: NULL counts as an empty text."""
    parts = [_as_part(part, reader) for part in node.expressions]
    return _joined([_or_empty(part) for part in parts])


def _or_empty(part: Expression) -> Expression:
    return part if isinstance(part, Literal) and part.value is not None else Call("coalesce", (part, Literal("")))


def _as_part(node: Node, reader: Reader) -> Expression:
    return as_text(node, reader.expression(node), reader)


def _joined(parts: list[Expression]) -> Expression:
    flat = [
        piece
        for part in parts
        for piece in (part.arguments if isinstance(part, Call) and part.operator == "concat" else (part,))
    ]
    return flat[0] if len(flat) == 1 else Call("concat", tuple(flat))


def _trim(node: Any, reader: Reader) -> Expression:
    what = node.args.get("expression")
    if what is not None and reader.quoted(what, _SPACES).value != " ":
        raise reader.refusal(node, "trim", _SPACES)
    operator = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
    return Call(operator, (reader.text(node.this),))


def _substring(node: Any, reader: Reader) -> Expression:
    start, length = node.args.get("start"), node.args.get("length")
    places = [Literal(1) if start is None else reader.whole(start, 1, MOST_CHARACTERS, _PLACE)]
    if length is not None:
        places.append(reader.whole(length, 0, MOST_CHARACTERS, _PLACE))
    return Call("substring", (reader.text(node.this), *places))


def _end(operator: str) -> Translator:
    def translate(node: Any, reader: Reader) -> Expression:
        return Call(operator, (reader.text(node.this), reader.whole(node.expression, 0, MOST_CHARACTERS, _PLACE)))

    return translate


def _replace(node: Any, reader: Reader) -> Expression:
    replacement = node.args.get("replacement")
    if replacement is None:
        raise reader.refusal(node, "literal-text", _REPLACED)
    needle = reader.quoted(node.expression, _REPLACED, least=1)
    return Call("replace", (reader.text(node.this), needle, reader.quoted(replacement, _REPLACED)))


def _split_part(node: Any, reader: Reader) -> Expression:
    delimiter = reader.quoted(node.args["delimiter"], _PARTED, least=1)
    place = reader.whole(node.args["part_index"], 1, MOST_CHARACTERS, _PARTED)
    return Call("split_part", (reader.text(node.this), delimiter, place))


def _position(node: Any, reader: Reader) -> Expression:
    if node.args.get("position") is not None:
        raise reader.refusal(node, "literal-text", _NEEDLE)
    return Call("position", (reader.text(node.this), reader.quoted(node.args["substr"], _NEEDLE, least=1)))


def _contains(node: Any, reader: Reader) -> Expression:
    needle = reader.quoted(node.expression, _NEEDLE, least=1)
    return Call(">", (Call("position", (reader.text(node.this), needle)), Literal(0)))


def _starts_with(node: Any, reader: Reader) -> Expression:
    return Call("starts_with", (reader.text(node.this), reader.quoted(node.expression, _NEEDLE, least=1)))


def _ends_with(node: Any, reader: Reader) -> Expression:
    """ENDS_WITH(x, 'abc') is RIGHT(x, 3) = 'abc'."""
    suffix = reader.quoted(node.expression, _NEEDLE, least=1)
    return Call("=", (Call("right", (reader.text(node.this), Literal(len(str(suffix.value))))), suffix))


def _length(node: Any, reader: Reader) -> Expression:
    inner = reader.expression(node.this)
    if type_of(inner) != "text":
        raise reader.refusal(node, "types-differ", "LENGTH takes a text; write CAST(x AS TEXT)")
    return Call("length", (inner,))


TEXTS: Final[Mapping[type[Node], Translator]] = {
    exp.Lower: _function("lower"),
    exp.Upper: _function("upper"),
    exp.Length: _length,
    exp.Trim: _trim,
    exp.Substring: _substring,
    exp.Left: _end("left"),
    exp.Right: _end("right"),
    exp.DPipe: _concatenated,
    exp.Concat: _concat,
    exp.Replace: _replace,
    exp.StrPosition: _position,
    exp.Contains: _contains,
    exp.StartsWith: _starts_with,
    exp.EndsWith: _ends_with,
    exp.SplitPart: _split_part,
}
