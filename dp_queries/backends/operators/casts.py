"""Casts as SQL. A text that is no number or day is NULL, as is what doesn't fit."""

from collections.abc import Sequence
from fractions import Fraction

from dp_queries.algebra.expressions import Call
from dp_queries.backends.operators.arguments import (
    Rendered,
    finite_double,
    is_whole,
    moment,
    number,
    steps,
    strict,
    text,
)
from dp_queries.backends.operators.numbers import to_whole
from dp_queries.backends.terms import Term, constant_term
from dp_queries.loading.encrypted import literal

# Fifteen digits are below 2^53, so that the cast to a double is exact but for the fraction. RE2 matches in linear time.
_INTEGER = "^ *([+-]?[0-9]{1,15}) *$"
_NUMBER = r"^ *([+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?) *$"
_DAY = "^((?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-[0-9]{2}-[0-9]{2})$"


def _read(term: Term, pattern: str, kind: str) -> str:
    """The part of a text that matches, cast; no match is the empty text, which is no value of any kind."""
    return f"TRY_CAST(regexp_extract({text(term)}, {literal(pattern)}, 1) AS {kind})"


def _to_integer(_: Call, terms: Sequence[Term]) -> Term:
    (term,) = terms
    if term.kind == "boolean":
        return steps(f"CAST({term.sql} AS BIGINT)")
    return to_whole("round")(term) if term.is_number else steps(_read(term, _INTEGER, "BIGINT"))


def _to_number(_: Call, terms: Sequence[Term]) -> Term:
    (term,) = terms
    if term.kind == "boolean":
        return number(f"CAST(CAST({term.sql} AS INTEGER) AS DOUBLE)")
    return number(finite_double(term) if term.is_number else _read(term, _NUMBER, "DOUBLE"))


def _to_text(_: Call, terms: Sequence[Term]) -> Term:
    (term,) = terms
    if isinstance(term.constant, Fraction) and is_whole(term):
        return constant_term(str(term.constant.numerator))
    if term.kind == "steps" and is_whole(term):
        count = term.sql if term.granularity == 1 else f"CAST({term.sql} AS HUGEINT) * {term.granularity.numerator}"
        return Term("text", f"CAST({count} AS VARCHAR)")
    if term.kind in ("boolean", "date"):
        return Term("text", f"CAST({term.sql if term.kind == 'boolean' else moment(term)} AS VARCHAR)")
    return Term("text", text(term))


def _to_timestamp(_: Call, terms: Sequence[Term]) -> Term:
    return Term("timestamp", f"CAST({moment(terms[0])} AS TIMESTAMP)", is_bounded=True)


def _parse_date(_: Call, terms: Sequence[Term]) -> Term:
    return Term("date", _read(terms[0], _DAY, "DATE"), is_bounded=True)


CASTS: dict[str, Rendered] = {
    "to_integer": strict(_to_integer),
    "to_number": strict(_to_number),
    "to_text": strict(_to_text),
    "to_timestamp": strict(_to_timestamp),
    "parse_date": strict(_parse_date),
}
