"""One spelling for expressions that mean the same, so that respelled twins share a plan's digest (ATTACKS 2).

Every rewriting here gives the same value on every row, in three-valued logic; those of `conjuncts`, where NULL and
FALSE both drop a row, keep the same rows.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Final

from dp_queries.algebra.expressions import Call, Expression, Literal, to_json
from dp_queries.backends.evaluate import evaluate

MIRRORED: Final = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_OPPOSITE: Final = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_DUAL: Final = {"and": "or", "or": "and"}
NULL: Final = Literal(None)


def order(expression: Expression) -> bytes:
    """A total order of expressions."""
    return json.dumps(to_json(expression), sort_keys=True).encode()


def is_truth(expression: Expression, truth: bool) -> bool:
    """Whether this is the constant TRUE, or FALSE."""
    return isinstance(expression, Literal) and expression.value is truth


def joined(operator: str, parts: Iterable[Expression]) -> Expression:
    """AND or OR of the parts: flat, each part once, in order. Three-valued logic allows all three.

    What decides nothing is left out (TRUE of AND), what decides all stands alone (FALSE of AND). x = 1 OR x = 2 is
    x IN (1, 2), by IN's definition, and x <> 1 AND x <> 2 is NOT x IN (1, 2).
    """
    flat: dict[bytes, Expression] = {}
    for part in parts:
        inner = part.arguments if isinstance(part, Call) and part.operator == operator else (part,)
        flat.update((order(piece), piece) for piece in inner if not is_truth(piece, operator == "and"))
    if any(is_truth(piece, operator == "or") for piece in flat.values()):
        return Literal(operator == "or")
    flat = {order(piece): piece for piece in _gathered(operator, flat.values())}
    if not flat:
        return Literal(operator == "and")
    return next(iter(flat.values())) if len(flat) == 1 else Call(operator, tuple(flat[key] for key in sorted(flat)))


def _gathered(operator: str, parts: Iterable[Expression]) -> Iterable[Expression]:
    """The parts, those that compare one subject with constants made one list."""
    subjects: dict[bytes, tuple[Expression, list[Expression]]] = {}
    for part in parts:
        subject, values = _membership(operator, part)
        if values:
            subjects.setdefault(order(subject), (subject, []))[1].extend(values)
        else:
            yield part
    for subject, found in subjects.values():
        member = listed(subject, found)
        yield member if operator == "or" else negated(member)


def _membership(operator: str, part: Expression) -> tuple[Expression, tuple[Expression, ...]]:
    """The subject and constants of x = c and x IN (...), for AND of x <> c and NOT x IN (...); none for others."""
    if operator == "and":
        part = part if isinstance(part, Call) and part.operator in ("<>", "not") else NULL
        part = negated(part) if part is not NULL else NULL
    match part:
        case Call("=" | "in", (subject, *values)) if all(isinstance(value, Literal) for value in values):
            return subject, tuple(values)
    return part, ()


def conjuncts(expression: Expression | None) -> tuple[Expression, ...]:
    """The conditions that a row must all meet. NULL drops it as FALSE does, so COALESCE(c, FALSE) is c."""
    if expression is None:
        return ()
    kept = met(expression)
    if is_truth(kept, True):
        return ()
    return kept.arguments if isinstance(kept, Call) and kept.operator == "and" else (kept,)


def met(expression: Expression) -> Expression:
    """A condition where NULL and FALSE are alike: in WHERE, ON and WHEN. It is so inside AND and OR, not inside NOT."""
    match expression:
        case Call("and" | "or" as operator, parts):
            return joined(operator, map(met, parts))
        case Call("coalesce", (condition, otherwise)) if is_truth(otherwise, False):
            return met(condition)
    return expression


def conjunction(parts: Iterable[Expression]) -> Expression | None:
    """AND of the parts, None when there is none."""
    kept = tuple(parts)
    return joined("and", kept) if kept else None


def negated(expression: Expression) -> Expression:
    """NOT of the expression, pushed inwards: NOT a < b is a >= b, NOT (a AND b) is NOT a OR NOT b, NULL included."""
    if isinstance(expression, Literal) and isinstance(expression.value, bool):
        return Literal(not expression.value)
    match expression:
        case Call("not", (inner,)):
            return inner
        case Call("and" | "or" as operator, parts):
            return joined(_DUAL[operator], map(negated, parts))
        case Call(operator, parts) if operator in _OPPOSITE:
            return Call(_OPPOSITE[operator], parts)
    return Call("not", (expression,))


def compared(operator: str, left: Expression, right: Expression) -> Expression:
    """A comparison with the constant on the right; two columns in order. Of two constants, its truth."""
    left, right = _whole(left), _whole(right)
    if isinstance(left, Literal) and isinstance(right, Literal) and NULL not in (left, right):
        return Literal(evaluate(Call(operator, (left, right)), ()))
    if order(left) == order(right):  # x <= x is x = x: true, unless x is NULL
        return Call("=" if operator in ("=", "<=", ">=") else "<>", (left, right))
    is_turned = isinstance(left, Literal) != isinstance(right, Literal)
    swap = isinstance(left, Literal) if is_turned else order(left) > order(right)
    if swap:
        operator, left, right = MIRRORED[operator], right, left
    if operator in ("=", "<>") and isinstance(right, Literal) and isinstance(right.value, bool):
        return left if right.value is (operator == "=") else negated(left)
    return Call(operator, (left, right))


def _whole(expression: Expression) -> Expression:
    """A number to compare with, 1.0 as 1: comparisons are exact."""
    if isinstance(expression, Literal) and isinstance(expression.value, Decimal):
        value = expression.value
        return Literal(int(value)) if value == value.to_integral_value() and abs(value) < 2**63 else expression
    return expression


def listed(expression: Expression, values: Iterable[Expression]) -> Expression:
    """IN over the values, each once, in order; with one value it is an equality."""
    unique = {order(value): value for value in map(_whole, values)}
    if len(unique) == 1:
        return compared("=", expression, next(iter(unique.values())))
    found = Call("in", (expression, *(unique[key] for key in sorted(unique))))
    is_known = isinstance(expression, Literal) and NULL not in found.arguments
    return Literal(evaluate(found, ())) if is_known else found


def commuted(operator: str, left: Expression, right: Expression) -> Expression:
    """Arithmetic; the terms of + and * in order, which is exact for IEEE doubles."""
    if operator in ("+", "*") and order(left) > order(right):
        left, right = right, left
    return Call(operator, (left, right))


def ordered(parts: Iterable[Expression]) -> list[Expression]:
    """The parts of what is the same in any order and repetition, GREATEST and LEAST: each once, in order."""
    unique = {order(part): part for part in parts}
    return [unique[key] for key in sorted(unique)]


def presence(value: Expression, is_nullable: Callable[[Expression], bool]) -> Expression:
    """What is NULL exactly where `value` is: of CASE WHEN c THEN v END with a v that is never NULL, v is 1."""
    match value:
        case Call("case", (condition, chosen, Literal(None))) if not is_nullable(chosen):
            return Call("case", (met(condition), Literal(1), NULL))
    return value


def again(expression: Expression) -> Expression:
    """The normal form of an expression whose columns were renumbered."""
    if not isinstance(expression, Call):
        return expression
    operator, arguments = expression.operator, tuple(map(again, expression.arguments))
    if operator in MIRRORED:
        return compared(operator, *arguments)
    return _AGAIN[operator](arguments) if operator in _AGAIN else Call(operator, arguments)


def _case(arguments: tuple[Expression, ...]) -> Expression:
    pairs = [met(part) if index % 2 == 0 else part for index, part in enumerate(arguments[:-1])]
    return Call("case", (*pairs, arguments[-1]))


_AGAIN: Final[Mapping[str, Callable[[tuple[Expression, ...]], Expression]]] = {
    "and": lambda parts: joined("and", parts),
    "or": lambda parts: joined("or", parts),
    "not": lambda parts: negated(parts[0]),
    "in": lambda parts: listed(parts[0], parts[1:]),
    "+": lambda parts: commuted("+", *parts),
    "*": lambda parts: commuted("*", *parts),
    "greatest": lambda parts: Call("greatest", tuple(ordered(parts))),
    "least": lambda parts: Call("least", tuple(ordered(parts))),
    "case": _case,
}

__all__ = [
    "again",
    "commuted",
    "compared",
    "conjunction",
    "conjuncts",
    "is_truth",
    "joined",
    "listed",
    "met",
    "negated",
    "order",
    "ordered",
    "presence",
]
