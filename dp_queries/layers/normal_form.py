"""One spelling for expressions that mean the same, so that respelled twins share a plan's digest (ATTACKS 2)."""

from collections.abc import Iterable
from typing import Final

from dp_queries.expressions import Call, Expression, Literal, to_json
from policies.canonical import canonical_bytes

MIRRORED: Final = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_OPPOSITE: Final = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def order(expression: Expression) -> bytes:
    """A total order of expressions."""
    return canonical_bytes(to_json(expression))


def joined(operator: str, parts: Iterable[Expression]) -> Expression:
    """AND or OR of the parts: flat, each part once, in order. Three-valued logic allows all three."""
    flat: dict[bytes, Expression] = {}
    for part in parts:
        inner = part.arguments if isinstance(part, Call) and part.operator == operator else (part,)
        flat.update((order(piece), piece) for piece in inner)
    if len(flat) == 1:
        return next(iter(flat.values()))
    return Call(operator, tuple(flat[key] for key in sorted(flat)))


def conjuncts(expression: Expression | None) -> tuple[Expression, ...]:
    """The parts that must all hold."""
    if expression is None:
        return ()
    return expression.arguments if isinstance(expression, Call) and expression.operator == "and" else (expression,)


def conjunction(parts: Iterable[Expression]) -> Expression | None:
    """AND of the parts, None when there is none."""
    kept = tuple(parts)
    return joined("and", kept) if kept else None


def negated(expression: Expression) -> Expression:
    """NOT of the expression, pushed into a comparison (NOT a < b is a >= b, NULL included)."""
    if isinstance(expression, Call) and expression.operator == "not":
        return expression.arguments[0]
    if isinstance(expression, Call) and expression.operator in _OPPOSITE:
        return Call(_OPPOSITE[expression.operator], expression.arguments)
    return Call("not", (expression,))


def compared(operator: str, left: Expression, right: Expression) -> Expression:
    """A comparison with the constant on the right; two columns in order."""
    swap = (
        isinstance(left, Literal)
        if isinstance(left, Literal) != isinstance(right, Literal)
        else order(left) > order(right)
    )
    return Call(MIRRORED[operator], (right, left)) if swap else Call(operator, (left, right))


def listed(expression: Expression, values: Iterable[Expression]) -> Expression:
    """IN over the values, each once, in order; with one value it is an equality."""
    unique = {order(value): value for value in values}
    if len(unique) == 1:
        return compared("=", expression, next(iter(unique.values())))
    return Call("in", (expression, *(unique[key] for key in sorted(unique))))


def commuted(operator: str, left: Expression, right: Expression) -> Expression:
    """Arithmetic; the terms of + and * in order, which is exact for IEEE doubles."""
    if operator in ("+", "*") and order(left) > order(right):
        left, right = right, left
    return Call(operator, (left, right))


def ordered(parts: Iterable[Expression]) -> list[Expression]:
    """The parts of what is the same in any order and repetition, GREATEST and LEAST: each once, in order."""
    unique = {order(part): part for part in parts}
    return [unique[key] for key in sorted(unique)]


def again(expression: Expression) -> Expression:
    """The normal form of an expression whose columns were renumbered."""
    if not isinstance(expression, Call):
        return expression
    operator, arguments = expression.operator, tuple(map(again, expression.arguments))
    if operator in MIRRORED:
        return compared(operator, *arguments)
    if operator in ("and", "or"):
        return joined(operator, arguments)
    if operator in ("+", "*"):
        return commuted(operator, *arguments)
    return Call(operator, tuple(ordered(arguments)) if operator in ("greatest", "least") else arguments)
