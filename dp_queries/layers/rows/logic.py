"""Columns, constants, conditions and choices: what rows are compared by."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from dp_queries.algebra.expressions import Call, Expression, Literal
from dp_queries.algebra.types import type_of
from dp_queries.layers import literals, normal_form
from dp_queries.layers.rows.reader import Reader, Translator
from dp_queries.syntax.parse import Node, exp

COMPARISONS: Final[Mapping[type[Node], str]] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_TRUE, _FALSE, _NULL = Literal(True), Literal(False), Literal(None)


def _logic(operator: str) -> Translator:
    # Left-deep chains of one operator are walked flat: they may be longer than Python's stack is deep.
    def translate(node: Any, reader: Reader) -> Expression:
        return normal_form.joined(operator, (reader.condition(part) for part in node.flatten()))

    return translate


def _comparison(node: Any, reader: Reader) -> Expression:
    left, right = reader.alike(node, reader.expression(node.this), reader.expression(node.expression))
    return normal_form.compared(COMPARISONS[type(node)], left, right)


def _equal(node: Node, left: Expression, right: Expression, reader: Reader) -> Expression:
    return normal_form.compared("=", *reader.alike(node, left, right))


def _in(node: Any, reader: Reader) -> Expression:
    if node.args.get("query"):
        message = "IN (SELECT ...) stands in WHERE, alone or joined by AND; for OR, LEFT JOIN it and ask IS NOT NULL"
        raise reader.refusal(node, "subquery", message)
    left = reader.expression(node.this)
    if not node.expressions:
        raise reader.refusal(node, "in-list", "IN takes a list of values in brackets, one at least")
    sides = [(item, reader.alike(item, left, reader.expression(item))) for item in node.expressions]
    values = [right for _, (_, right) in sides if isinstance(right, Literal)]
    others = [(item, pair) for item, pair in sides if not isinstance(pair[1], Literal)]
    if not others:
        return normal_form.listed(left, values)
    # x IN (a, b) is x = a OR x = b, so x is there as often as there are expressions.
    reader.repeated(node, left, len(others) + 1)
    listed = [normal_form.listed(left, values)] if values else []
    return normal_form.joined("or", (*listed, *(normal_form.compared("=", *pair) for _, pair in others)))


def _between(node: Any, reader: Reader) -> Expression:
    middle = reader.expression(node.this)
    lower = reader.alike(node, middle, reader.expression(node.args["low"]))
    upper = reader.alike(node, middle, reader.expression(node.args["high"]))
    return normal_form.joined("and", (normal_form.compared(">=", *lower), normal_form.compared("<=", *upper)))


def _is(node: Any, reader: Reader) -> Expression:
    if isinstance(node.expression, exp.Null):
        found: Expression = Call("is_null", (reader.expression(node.this),))
    elif isinstance(node.expression, exp.Boolean):
        inner = reader.condition(node.this)
        found = Call("coalesce", (inner if node.expression.this else normal_form.negated(inner), _FALSE))
    else:
        message = "IS takes NULL, TRUE, FALSE or DISTINCT FROM; write x = y otherwise"
        raise reader.refusal(node, "is", message)
    return normal_form.negated(found) if node.args.get("negate") else found


def _not_distinct(node: Any, reader: Reader) -> Expression:
    """IS NOT DISTINCT FROM: equal, or both NULL; never NULL itself."""
    left, right = reader.expression(node.this), reader.expression(node.expression)
    if _NULL in (left, right):
        return Call("is_null", (right if left == _NULL else left,))
    left, right = reader.alike(node, left, right)
    reader.repeated(node, Call("=", (left, right)), 2)
    both_null = normal_form.joined("and", (Call("is_null", (left,)), Call("is_null", (right,))))
    return Call("coalesce", (normal_form.compared("=", left, right), both_null))


def _like(node: Any, reader: Reader) -> Expression:
    pattern = literals.pattern(reader.scope.statement, node.expression)
    left = reader.typed(node.this, {"text"}, "types-differ", "LIKE takes a text column")
    if isinstance(node, exp.ILike):
        left, pattern = Call("lower", (left,)), lowered(pattern)
    found = Call("like", (left, Literal(pattern)))
    return normal_form.negated(found) if node.args.get("negate") else found


def lowered(text: str) -> str:
    """The text in lower case as the operator `lower` writes it: one character to one character."""
    return "".join(low if len(low := character.lower()) == 1 else character for character in text)


def _case(node: Any, reader: Reader) -> Expression:
    branches = node.args["ifs"]
    conditions = _conditions(node, branches, reader)
    default = node.args.get("default")
    given = [reader.expression(branch.args["true"]) for branch in branches]
    values = reader.values(node, [*given, reader.expression(default) if default else _NULL])
    return _chosen(conditions, values)


def _conditions(node: Any, branches: list[Any], reader: Reader) -> list[Expression]:
    if node.this is None:
        return [reader.condition(branch.this) for branch in branches]
    subject = reader.repeated(node, reader.expression(node.this), len(branches))
    return [_equal(branch, subject, reader.expression(branch.this), reader) for branch in branches]


def _chosen(conditions: list[Expression], values: list[Expression]) -> Expression:
    """`values` has one more than `conditions`: the default."""
    pairs = [part for pair in zip(conditions, values[:-1], strict=True) for part in pair]
    return Call("case", (*pairs, values[-1]))


def _if(node: Any, reader: Reader) -> Expression:
    otherwise = node.args.get("false")
    given = [reader.expression(node.args["true"]), reader.expression(otherwise) if otherwise else _NULL]
    return _chosen([reader.condition(node.this)], reader.values(node, given))


def _nullif(node: Any, reader: Reader) -> Expression:
    """NULLIF(a, b) is a, NULL where it equals b."""
    left = reader.repeated(node, reader.expression(node.this), 2)
    equal = _equal(node, left, reader.expression(node.expression), reader)
    return Call("case", (equal, _NULL, left))


def _several(operator: str) -> Callable[[Any, Reader], Expression]:
    """COALESCE, GREATEST or LEAST: NULLs are skipped, so the constant NULL is left out."""

    def translate(node: Any, reader: Reader) -> Expression:
        parts = [reader.expression(part) for part in (node.this, *node.expressions)]
        kept = [part for part in reader.values(node, parts) if part != _NULL]
        if operator != "coalesce":
            kept = normal_form.ordered(kept)
        return kept[0] if len(kept) == 1 else Call(operator, tuple(kept))

    return translate


def _literal(node: Any, reader: Reader) -> Expression:
    if node.is_string:
        return Literal(str(node.this))
    return Literal(literals.number(reader.scope.statement, node))


def is_constant(expression: Expression) -> bool:
    """Whether this is a constant of the text."""
    return isinstance(expression, Literal) and type_of(expression) != "null"


LOGIC: Final[Mapping[type[Node], Translator]] = {
    exp.Column: lambda node, reader: reader.scope.resolve(node),
    exp.Literal: _literal,
    exp.Boolean: lambda node, reader: Literal(bool(node.this)),
    exp.Null: lambda node, reader: _NULL,
    exp.Paren: lambda node, reader: reader.expression(node.this),
    exp.Not: lambda node, reader: normal_form.negated(reader.condition(node.this)),
    exp.And: _logic("and"),
    exp.Or: _logic("or"),
    exp.In: _in,
    exp.Between: _between,
    exp.Is: _is,
    exp.NullSafeEQ: _not_distinct,
    exp.NullSafeNEQ: lambda node, reader: normal_form.negated(_not_distinct(node, reader)),
    exp.Like: _like,
    exp.ILike: _like,
    exp.Case: _case,
    exp.If: _if,
    exp.Nullif: _nullif,
    exp.Coalesce: _several("coalesce"),
    exp.Greatest: _several("greatest"),
    exp.Least: _several("least"),
    **dict.fromkeys(COMPARISONS, _comparison),
}
