"""What operators ask of their arguments: terms of the right kind, as SQL of one DuckDB type, and plain constants."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from math import isfinite

from dp_queries.algebra.expressions import Call, Literal, Value
from dp_queries.backends import guards
from dp_queries.backends.terms import Term, as_double, as_text, constant_term, double_literal, nearest_double

Rendered = Callable[[Call, Sequence[Term]], Term]

NULL = Term("null", "NULL")
MOMENT_KINDS = ("date", "timestamp")


def strict(rendered: Rendered) -> Rendered:
    """An operator that is NULL as soon as one of its arguments is the constant NULL."""

    def guarded(call: Call, terms: Sequence[Term]) -> Term:
        return NULL if any(term.kind == "null" for term in terms) else rendered(call, terms)

    return guarded


def constant(call: Call, at: int) -> Value:
    """The value of the argument number `at`, which is a constant."""
    argument = call.arguments[at]
    if not isinstance(argument, Literal):
        raise ValueError(f"{call.operator} takes a constant here")
    return argument.value


def whole_constant(call: Call, at: int, least: int | None = None) -> int:
    """The constant argument number `at`, an integer of at least `least`."""
    value = constant(call, at)
    if not isinstance(value, int) or isinstance(value, bool) or (least is not None and value < least):
        raise ValueError(f"{call.operator} takes no {value!r} here")
    return value


def float_constant(call: Call, at: int) -> str:
    """The constant argument number `at`, a number, as double."""
    value = constant(call, at)
    if not isinstance(value, int | Decimal):
        raise ValueError(f"{call.operator} takes a number here")
    return double_literal(nearest_double(value))


def text_constant(call: Call, at: int, *, is_nonempty: bool = False) -> str:
    """The constant argument number `at`, a text, quoted for SQL."""
    value = constant(call, at)
    if not isinstance(value, str) or (is_nonempty and not value):
        raise ValueError(f"{call.operator} takes no {value!r} here")
    return constant_term(value).sql


def text(term: Term) -> str:
    """A text as VARCHAR."""
    if term.kind not in ("enum", "text"):
        raise ValueError(f"{term.kind} is not a text")
    return as_text(term)


def double(term: Term) -> str:
    """A number as IEEE double, infinities and NaN included."""
    if term.kind == "null":
        return "CAST(NULL AS DOUBLE)"
    if not term.is_number:
        raise ValueError(f"{term.kind} is not a number")
    return as_double(term)


def finite_double(term: Term) -> str:
    """A number as IEEE double, NULL where it is not finite."""
    if isinstance(term.constant, Fraction):
        return term.sql if isfinite(_constant_double(term)) else "CAST(NULL AS DOUBLE)"
    return guards.finite(term.sql) if term.kind == "double" and not term.is_bounded else double(term)


def _constant_double(term: Term) -> float:
    # `double_literal` made the constant's SQL: the number stands between its quotes.
    return float(term.sql.split("'")[1])


def is_whole(term: Term) -> bool:
    """Whether all values are integers, so that they are kept exactly."""
    if isinstance(term.constant, Fraction):
        return term.constant.denominator == 1
    return term.kind == "steps" and term.granularity.denominator == 1


def integer(term: Term) -> str:
    """A number that is whole as an integer, NULL beyond +-2^53."""
    if term.kind == "null":
        return "CAST(NULL AS BIGINT)"
    if not is_whole(term):
        raise ValueError(f"{term.kind} is not an integer")
    if isinstance(term.constant, Fraction):
        whole = term.constant.numerator
        return str(whole) if abs(whole) <= guards.MOST_INTEGER else "CAST(NULL AS BIGINT)"
    if term.is_bounded and term.granularity == 1:
        return term.sql
    return guards.multiplied(term.sql, term.granularity.numerator)


def moment(term: Term, kinds: Sequence[str] = MOMENT_KINDS) -> str:
    """A date or timestamp, NULL outside the years 1 to 9999, which is where all backends know the calendar."""
    if term.kind == "null":
        return "CAST(NULL AS TIMESTAMP)"
    if term.kind not in kinds:
        raise ValueError(f"{term.kind} is not a time of this kind")
    if term.is_bounded:
        return term.sql
    is_day = term.kind == "date"
    first, last = (guards.FIRST_DAY, guards.LAST_DAY) if is_day else (guards.FIRST_MOMENT, guards.LAST_MOMENT)
    return guards.inside(term.sql, term.kind, first, last)


def steps(sql: str) -> Term:
    """An integer that a function made."""
    return Term("steps", sql, is_bounded=True)


def number(sql: str) -> Term:
    """A finite double that a function made."""
    return Term("double", sql, is_bounded=True)
