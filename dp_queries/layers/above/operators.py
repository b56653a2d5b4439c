"""Operators over released values: constants, arithmetic, comparisons, three-valued logic, CASE and CAST."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from dp_queries.algebra.types import MOMENTS, NUMBERS
from dp_queries.backends.texts import as_regular_expression
from dp_queries.layers import below, literals
from dp_queries.layers.above import moments
from dp_queries.layers.above.fragments import MOST_CHARACTERS, Fragment, combined, constant, double, joined, let
from dp_queries.layers.above.writer import Translate, Writer
from dp_queries.layers.normal_form import MIRRORED
from dp_queries.syntax.parse import Node, exp

WHOLE: Final = frozenset({exp.DType.INT, exp.DType.BIGINT, exp.DType.SMALLINT})
FRACTIONAL: Final = frozenset({exp.DType.DOUBLE, exp.DType.FLOAT, exp.DType.DECIMAL})
TEXTS: Final = frozenset({exp.DType.TEXT, exp.DType.VARCHAR, exp.DType.CHAR})
_TEXT: Final = frozenset({"text"})


def _literal(writer: Writer, node: Any) -> Fragment:
    return constant(str(node.this) if node.is_string else literals.number(writer.context.statement, node))


def _negative(writer: Writer, node: Any) -> Fragment:
    if isinstance(node.this, exp.Literal) and not node.this.is_string:
        return constant(literals.number(writer.context.statement, node.this, is_negative=True))
    inner = writer.number(node.this)
    if isinstance(inner.value, int | Decimal):
        return constant(-inner.value)
    return combined(f"(-{double(inner)})", inner.type, inner)


def _arithmetic(writer: Writer, node: Any) -> Fragment:
    operator = below.ARITHMETIC[type(node)]
    if operator in "+-" and isinstance(node.expression, exp.Interval):
        return moments.shifted(writer, node, is_backwards=operator == "-")
    left, right = writer.write(node.this), writer.write(node.expression)
    if operator == "-" and left.type in MOMENTS and right.type in MOMENTS:
        return moments.days_between(right, left)
    if operator in "+-" and left.type == "date" and right.is_constant and right.type == "integer":
        return moments.days_later(writer, node, left, right, is_backwards=operator == "-")
    if not {left.type, right.type} <= NUMBERS:
        raise writer.refusal(node, "not-a-number", "arithmetic takes numbers")
    # Division is in doubles, as on rows; the engine is set to give NULL where the divisor is 0.
    kind = "integer" if operator != "/" and left.type == right.type == "integer" else "number"
    return combined(f"({double(left)} {operator} {double(right)})", kind, left, right)


def _logic(operator: str) -> Translate:
    def translate(writer: Writer, node: Any) -> Fragment:
        # Each part once and in order, so that respelled twins are one plan (ATTACKS 2).
        written = {found.sql: found for found in (writer.condition(part) for part in node.flatten())}
        parts = [written[sql] for sql in sorted(written)]
        return combined("(" + f" {operator} ".join(part.sql for part in parts) + ")", "boolean", *parts)

    return translate


def _not(writer: Writer, node: Any) -> Fragment:
    inner = writer.condition(node.this)
    return combined(f"(NOT {inner.sql})", "boolean", inner)


def _comparison(operator: str) -> Translate:
    def translate(writer: Writer, node: Any) -> Fragment:
        left, right = writer.alike(node, writer.write(node.this), writer.write(node.expression))
        is_turned = (left.is_constant, left.sql) > (right.is_constant, right.sql)
        if is_turned:
            left, right = right, left
        found = MIRRORED[operator] if is_turned else operator
        return combined(f"({left.sql} {found} {right.sql})", "boolean", left, right)

    return translate


def _null_safe(operator: str) -> Translate:
    def translate(writer: Writer, node: Any) -> Fragment:
        left, right = writer.write(node.this), writer.write(node.expression)
        if "null" not in (left.type, right.type):
            left, right = writer.alike(node, left, right)
        return combined(f"({left.sql} {operator} {right.sql})", "boolean", left, right)

    return translate


def in_list(writer: Writer, node: Any) -> Fragment:
    """`x IN (a, b)`; alternatives may be expressions."""
    left = writer.write(node.this)
    if not node.expressions:
        raise writer.refusal(node, "in-list", "IN takes a list of values in brackets, one at least")
    written = [(item, writer.write(item)) for item in node.expressions]
    # NULL in the list is allowed, as in SQL: what it doesn't find is unknown.
    items = [part if part.type == "null" else writer.alike(item, left, part)[1] for item, part in written]
    return combined(f"({left.sql} IN ({joined(items)}))", "boolean", left, *items)


def _between(writer: Writer, node: Any) -> Fragment:
    middle = writer.write(node.this)
    lower = writer.alike(node, middle, writer.write(node.args["low"]))[1]
    upper = writer.alike(node, middle, writer.write(node.args["high"]))[1]
    # The engine copies what is between when it folds, so whatever could hold another BETWEEN is named first.
    sql = f"({middle.sql} BETWEEN {lower.sql} AND {upper.sql})"
    if "(" in middle.sql:
        sql = let("(v.a BETWEEN v.b AND v.c)", middle.sql, lower.sql, upper.sql)
    return combined(sql, "boolean", middle, lower, upper)


def _is(writer: Writer, node: Any) -> Fragment:
    negation = "NOT " if node.args.get("negate") else ""
    if isinstance(node.expression, exp.Boolean):
        inner, other = writer.condition(node.this), str(bool(node.expression.this)).upper()
        return combined(f"({inner.sql} IS {'' if negation else 'NOT '}DISTINCT FROM {other})", "boolean", inner)
    if not isinstance(node.expression, exp.Null):
        raise writer.refusal(node, "is", "IS takes NULL, TRUE or FALSE, with or without NOT")
    inner = writer.write(node.this)
    return combined(f"({inner.sql} IS {negation}NULL)", "boolean", inner)


def _like(writer: Writer, node: Any) -> Fragment:
    inner = writer.of_type(node.this, _TEXT, "a text")
    text = literals.pattern(writer.context.statement, node.expression)
    subject = inner.sql
    if isinstance(node, exp.ILike):
        text, subject = text.lower(), f"LOWER({subject})"
    # RE2 takes time linear in the text, whatever the pattern.
    matches = f"regexp_full_match({subject}, {constant(as_regular_expression(text)).sql}, 's')"
    return combined(f"(NOT {matches})" if node.args.get("negate") else matches, "boolean", inner)


def _case(writer: Writer, node: Any) -> Fragment:
    branches = [(_when(writer, node, branch), writer.write(branch.args["true"])) for branch in node.args["ifs"]]
    default = writer.write(node.args["default"]) if node.args.get("default") else constant(None)
    values = [then for _, then in branches] + [default]
    whens = " ".join(f"WHEN {when.sql} THEN {then.sql}" for when, then in branches)
    kind = writer.unified(node, values)
    return combined(f"(CASE {whens} ELSE {default.sql} END)", kind, *(when for when, _ in branches), *values)


def _when(writer: Writer, node: Any, branch: Any) -> Fragment:
    if node.this is None:
        return writer.condition(branch.this)
    left, right = writer.alike(branch, writer.write(node.this), writer.write(branch.this))
    return combined(f"({left.sql} = {right.sql})", "boolean", left, right)


def _if(writer: Writer, node: Any) -> Fragment:
    when, then = writer.condition(node.this), writer.write(node.args["true"])
    other = writer.write(node.args["false"]) if node.args.get("false") else constant(None)
    kind = writer.unified(node, [then, other])
    return combined(f"(CASE WHEN {when.sql} THEN {then.sql} ELSE {other.sql} END)", kind, when, then, other)


def _first_of(name: str) -> Translate:
    def translate(writer: Writer, node: Any) -> Fragment:
        parts = [writer.write(part) for part in (node.this, *node.expressions)]
        return combined(f"{name}({joined(parts)})", writer.unified(node, parts), *parts)

    return translate


def _nullif(writer: Writer, node: Any) -> Fragment:
    left, right = writer.alike(node, writer.write(node.this), writer.write(node.expression))
    return combined(let("CASE WHEN v.a = v.b THEN NULL ELSE v.a END", left.sql, right.sql), left.type, left, right)


def _cast(writer: Writer, node: Any) -> Fragment:
    target = node.args["to"].this
    if target in (exp.DType.DATE, exp.DType.TIMESTAMP):
        return moments.cast(writer, node, "date" if target == exp.DType.DATE else "timestamp")
    if target == exp.DType.BOOLEAN:
        return writer.of_type(node.this, frozenset({"boolean"}), "a boolean")
    inner = writer.write(node.this)
    if target in TEXTS:
        return combined(as_text(inner), "text", inner)
    if target in WHOLE | FRACTIONAL and inner.type not in MOMENTS:
        return combined(*_as_number(inner, is_whole=target in WHOLE), inner)
    message = "CAST makes INTEGER, DOUBLE, TEXT, DATE or TIMESTAMP, of values that have such a form"
    raise writer.refusal(node, "cast", message)


def _as_number(inner: Fragment, *, is_whole: bool) -> tuple[str, str]:
    value = f"TRY_CAST({inner.sql} AS DOUBLE)"
    return (f"ROUND({value})", "integer") if is_whole else (value, "number")


def as_text(inner: Fragment) -> str:
    """A value as text: whole numbers without a point."""
    value = f"TRY_CAST({inner.sql} AS HUGEINT)" if inner.type == "integer" else inner.sql
    return f"CAST({value} AS VARCHAR)"


def _concat(writer: Writer, node: Any) -> Fragment:
    """`a || b` is NULL where one of them is; CONCAT(a, b) skips NULLs."""
    is_operator = isinstance(node, exp.DPipe)
    parts = [writer.write(part) for part in (node.flatten() if is_operator else node.expressions)]
    texts = [as_text(part) for part in parts]
    joined_texts = " || ".join(texts) if is_operator else f"CONCAT({', '.join(texts)})"
    return combined(f"LEFT({joined_texts}, {MOST_CHARACTERS})", "text", *parts)


OPERATORS: Final[Mapping[type[Node], Callable[[Writer, Any], Fragment]]] = {
    exp.Literal: _literal,
    exp.Boolean: lambda writer, node: constant(bool(node.this)),
    exp.Null: lambda writer, node: constant(None),
    exp.Paren: lambda writer, node: writer.write(node.this),
    exp.Neg: _negative,
    exp.Not: _not,
    exp.And: _logic("AND"),
    exp.Or: _logic("OR"),
    exp.Between: _between,
    exp.Is: _is,
    exp.Like: _like,
    exp.ILike: _like,
    exp.Case: _case,
    exp.If: _if,
    exp.Coalesce: _first_of("COALESCE"),
    exp.Greatest: _first_of("GREATEST"),
    exp.Least: _first_of("LEAST"),
    exp.Nullif: _nullif,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.DPipe: _concat,
    exp.Concat: _concat,
    exp.NullSafeEQ: _null_safe("IS NOT DISTINCT FROM"),
    exp.NullSafeNEQ: _null_safe("IS DISTINCT FROM"),
    **{kind: _comparison(operator) for kind, operator in below.COMPARISONS.items()},
    **dict.fromkeys(below.ARITHMETIC, _arithmetic),
}
