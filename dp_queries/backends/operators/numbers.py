"""Numbers as SQL: IEEE doubles, and exact integers within +-2^53. No argument makes the engine raise."""

from collections.abc import Callable, Sequence
from fractions import Fraction

from dp_queries.algebra.expressions import Call
from dp_queries.algebra.types import type_of
from dp_queries.backends import guards
from dp_queries.backends.operators.arguments import (
    Rendered,
    double,
    finite_double,
    float_constant,
    integer,
    is_whole,
    number,
    steps,
    strict,
    whole_constant,
)
from dp_queries.backends.terms import Term, double_literal, without_nan

# A quotient by zero is NULL by the engine's setting (see `encrypted`): an own guard would print the divisor twice.
_ARITHMETIC = ("+", "-", "*", "/")
_LARGEST_EXPONENT = 709.782712893384  # the next double's power of e is infinite
_MOST_BUCKETS = 2**31
_MOST_DIGITS = 10


def _arithmetic(call: Call, terms: Sequence[Term]) -> Term:
    left, right = map(double, terms)
    return Term("double", f"({left} {call.operator} {right})")


def _negative(_: Call, terms: Sequence[Term]) -> Term:
    return Term("double", f"(- ({double(terms[0])}))")


def _abs(call: Call, terms: Sequence[Term]) -> Term:
    if type_of(call) == "integer":
        return steps(f"abs({integer(terms[0])})")
    return number(f"abs({finite_double(terms[0])})")


def _sign(_: Call, terms: Sequence[Term]) -> Term:
    if not terms[0].is_number:
        raise ValueError(f"{terms[0].kind} is not a number")
    exact = terms[0].constant
    if isinstance(exact, Fraction):  # its double may be 0
        return steps(str((exact > 0) - (exact < 0)))
    return steps(f"CAST(sign({without_nan(terms[0])}) AS BIGINT)")


def to_whole(function: str) -> Callable[[Term], Term]:
    """A number made whole by the engine's `function`; integers stay as they are, and exact."""

    def made(term: Term) -> Term:
        return steps(integer(term) if is_whole(term) else guards.whole(double(term), function))

    return made


def _whole(call: Call, terms: Sequence[Term]) -> Term:
    return to_whole(call.operator)(terms[0])


def _round(call: Call, terms: Sequence[Term]) -> Term:
    if len(terms) == 1:
        return to_whole("round")(terms[0])
    digits = whole_constant(call, 1, 1)
    if digits > _MOST_DIGITS:
        raise ValueError(f"rounding takes 1 to {_MOST_DIGITS} digits")
    scale = double_literal(10.0**digits)
    return number(guards.finite(f"(round({double(terms[0])} * {scale}) / {scale})"))


def _mod(_: Call, terms: Sequence[Term]) -> Term:
    dividend, divisor = map(integer, terms)
    return steps(f"({dividend} % {divisor})")


def _of_positive(sql: str, condition: str) -> Rendered:
    return lambda _, terms: number(guards.finite_between(double(terms[0]), condition, sql))


def _exp(_: Call, terms: Sequence[Term]) -> Term:
    most = double_literal(_LARGEST_EXPONENT)
    return number(guards.bound(double(terms[0]), f"(CASE WHEN {{0}} <= {most} THEN exp({{0}}) END)"))


def _power(_: Call, terms: Sequence[Term]) -> Term:
    base, exponent = map(double, terms)
    return number(guards.finite(f"power({base}, {exponent})"))


def _width_bucket(call: Call, terms: Sequence[Term]) -> Term:
    """Everything is halved, so that the distance of the bounds is finite; it changes no quotient but of subnormals."""
    low, high, count = float_constant(call, 1), float_constant(call, 2), whole_constant(call, 3, 1)
    if count > _MOST_BUCKETS:
        raise ValueError(f"there are at most {_MOST_BUCKETS} buckets")
    half = double_literal(0.5)
    width = f"({high} * {half} - {low} * {half})"
    place = f"floor(({{0}} * {half} - {low} * {half}) / {width} * {double_literal(count)})"
    buckets = (
        f"(CASE WHEN isnan({{0}}) THEN NULL WHEN {{0}} < {low} THEN 0 WHEN {{0}} >= {high} THEN {count + 1} "
        f"WHEN {{0}} >= {low} THEN CAST(least({place}, {double_literal(count - 1)}) AS BIGINT) + 1 END)"
    )
    return steps(guards.bound(double(terms[0]), buckets))


NUMBERS: dict[str, Rendered] = {
    **dict.fromkeys(_ARITHMETIC, _arithmetic),
    "neg": _negative,
    "abs": strict(_abs),
    "sign": strict(_sign),
    **dict.fromkeys(("floor", "ceil", "trunc"), strict(_whole)),
    "round": strict(_round),
    "mod": strict(_mod),
    "sqrt": strict(_of_positive("sqrt({0})", "{0} >= 0")),
    "ln": strict(_of_positive("ln({0})", "{0} > 0")),
    "log10": strict(_of_positive("log10({0})", "{0} > 0")),
    "exp": strict(_exp),
    "power": strict(_power),
    "width_bucket": strict(_width_bucket),
}
