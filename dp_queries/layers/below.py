"""Row-level syntax -> `dp_queries.expressions`: typed, total, in normal form."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from dp_queries.errors import QueryRejected
from dp_queries.expression_types import MOMENTS, NUMBERS, are_comparable, type_of
from dp_queries.expressions import Call, Expression, Literal
from dp_queries.layers import literals, normal_form
from dp_queries.layers.scope import Scope
from dp_queries.parse import Node, exp, rejected

EXTRACTED: Final = frozenset({"year", "month", "day", "dow", "hour"})
COMPARISONS: Final[Mapping[type[Node], str]] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
ARITHMETIC: Final[Mapping[type[Node], str]] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}


def expression(node: Node, scope: Scope) -> Expression:
    """The row-level expression of a node. Raises QueryRejected for what rows can't be asked."""
    translate = _NODES.get(type(node))
    if translate is None:
        raise _refusal(node, scope)
    return translate(node, scope)


def condition(node: Node, scope: Scope) -> Expression:
    """A row-level expression that must be boolean."""
    found = expression(node, scope)
    if type_of(found) != "boolean":
        raise rejected(scope.statement.reason(node, "not-a-condition", "a condition is wanted here, such as x = 1"))
    return found


def _refusal(node: Node, scope: Scope) -> QueryRejected:
    if isinstance(node, (exp.Count, exp.Sum, exp.Avg)):
        message = "an aggregate can't stand here; conditions on aggregates belong in HAVING"
        return rejected(scope.statement.reason(node, "aggregate-below", message))
    message = f"{type(node).__name__} isn't offered on rows; it is over aggregates, in SELECT, HAVING and ORDER BY"
    return rejected(scope.statement.reason(node, "not-on-rows", message))


def _number(node: Any, scope: Scope) -> Expression:
    if node.is_string:
        return Literal(str(node.this))
    return Literal(literals.number(scope.statement, node))


def _negative(node: Any, scope: Scope) -> Expression:
    if isinstance(node.this, exp.Literal) and not node.this.is_string:
        return Literal(literals.number(scope.statement, node.this, is_negative=True))
    return Call("neg", (_numeric(node.this, scope),))


def _numeric(node: Node, scope: Scope) -> Expression:
    found = expression(node, scope)
    if type_of(found) not in NUMBERS:
        raise rejected(scope.statement.reason(node, "not-a-number", "arithmetic takes numbers"))
    return found


def _arithmetic(node: Any, scope: Scope) -> Expression:
    left, right = _numeric(node.this, scope), _numeric(node.expression, scope)
    return normal_form.commuted(ARITHMETIC[type(node)], left, right)


def _logic(operator: str) -> Callable[[Any, Scope], Expression]:
    # Left-deep chains of one operator are walked flat: they may be longer than Python's stack is deep.
    def translate(node: Any, scope: Scope) -> Expression:
        return normal_form.joined(operator, (condition(part, scope) for part in node.flatten()))

    return translate


def _comparison(node: Any, scope: Scope) -> Expression:
    left, right = alike(node, expression(node.this, scope), expression(node.expression, scope), scope)
    return normal_form.compared(COMPARISONS[type(node)], left, right)


def alike(node: Node, left: Expression, right: Expression, scope: Scope) -> tuple[Expression, Expression]:
    """Both sides in one type: a quoted ISO text becomes the date or timestamp that it is compared with."""
    left, right = _as_moment(node, left, right, scope), _as_moment(node, right, left, scope)
    if "null" in (type_of(left), type_of(right)):
        raise rejected(scope.statement.reason(node, "null-comparison", "nothing equals NULL; write IS NULL"))
    if not are_comparable(type_of(left), type_of(right)):
        message = f"{type_of(left)} can't be compared with {type_of(right)}; write a {type_of(left)} literal"
        raise rejected(scope.statement.reason(node, "types-differ", message))
    return left, right


def _as_moment(node: Node, side: Expression, other: Expression, scope: Scope) -> Expression:
    wanted = type_of(other)
    if not isinstance(side, Literal) or wanted not in MOMENTS or type_of(side) not in ("text", *MOMENTS):
        return side
    text = side.value if isinstance(side.value, str) else side.value.isoformat()  # type: ignore[union-attr]  # a moment
    if type_of(side) == "timestamp":
        text = text.removesuffix("T00:00:00")
    return Literal(literals.moment(scope.statement, node, text, wanted))


def _in(node: Any, scope: Scope) -> Expression:
    left = expression(node.this, scope)
    values = []
    for item in node.expressions:
        value = alike(item, left, expression(item, scope), scope)[1]
        if not isinstance(value, Literal):
            raise rejected(scope.statement.reason(item, "in-list", "IN takes a list of literals"))
        values.append(value)
    return normal_form.listed(left, values)


def _between(node: Any, scope: Scope) -> Expression:
    middle = expression(node.this, scope)
    lower = alike(node, middle, expression(node.args["low"], scope), scope)
    upper = alike(node, middle, expression(node.args["high"], scope), scope)
    return normal_form.joined("and", (normal_form.compared(">=", *lower), normal_form.compared("<=", *upper)))


def _is(node: Any, scope: Scope) -> Expression:
    if not isinstance(node.expression, exp.Null):
        raise rejected(scope.statement.reason(node, "is", "IS takes NULL or NOT NULL; write x = TRUE otherwise"))
    found = Call("is_null", (expression(node.this, scope),))
    return normal_form.negated(found) if node.args.get("negate") else found


def _like(node: Any, scope: Scope) -> Expression:
    left = expression(node.this, scope)
    if type_of(left) != "text":
        raise rejected(scope.statement.reason(node, "types-differ", "LIKE takes a text column"))
    found = Call("like", (left, Literal(literals.pattern(scope.statement, node.expression))))
    return normal_form.negated(found) if node.args.get("negate") else found


def _cast(node: Any, scope: Scope) -> Expression:
    target, inner = node.args["to"].this, node.this
    kind = {exp.DType.DATE: "date", exp.DType.TIMESTAMP: "timestamp"}.get(target)
    if kind and isinstance(inner, exp.Literal) and inner.is_string:
        return Literal(literals.moment(scope.statement, node, str(inner.this), kind))
    if kind != "date":
        message = "on rows, CAST makes a DATE of a timestamp, and dates of quoted text; leave it out otherwise"
        raise rejected(scope.statement.reason(node, "cast", message))
    return _day(node, scope)


def _day(node: Any, scope: Scope) -> Expression:
    inner = expression(node.this, scope)
    if type_of(inner) not in MOMENTS or isinstance(inner, Literal):
        raise rejected(scope.statement.reason(node, "cast", "a DATE is made of a timestamp column"))
    return inner if type_of(inner) == "date" else Call("date", (inner,))


def _extract(node: Any, scope: Scope) -> Expression:
    part, inner = str(node.this.this).lower(), expression(node.expression, scope)
    if part not in EXTRACTED:
        message = f"EXTRACT takes one of {', '.join(sorted(EXTRACTED)).upper()}"
        raise rejected(scope.statement.reason(node, "extract", message))
    if type_of(inner) not in (("timestamp",) if part == "hour" else MOMENTS) or isinstance(inner, Literal):
        raise rejected(scope.statement.reason(node, "extract", "EXTRACT takes a date or timestamp column"))
    return Call(part, (inner,))


_NODES: Final[Mapping[type[Node], Callable[[Any, Scope], Expression]]] = {
    exp.Column: lambda node, scope: scope.resolve(node),
    exp.Literal: _number,
    exp.Boolean: lambda node, scope: Literal(bool(node.this)),
    exp.Null: lambda node, scope: Literal(None),
    exp.Paren: lambda node, scope: expression(node.this, scope),
    exp.Neg: _negative,
    exp.Not: lambda node, scope: normal_form.negated(condition(node.this, scope)),
    exp.And: _logic("and"),
    exp.Or: _logic("or"),
    exp.In: _in,
    exp.Between: _between,
    exp.Is: _is,
    exp.Like: _like,
    exp.Cast: _cast,
    exp.Date: _day,
    exp.Extract: _extract,
    **dict.fromkeys(COMPARISONS, _comparison),
    **dict.fromkeys(ARITHMETIC, _arithmetic),
}
