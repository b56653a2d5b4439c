"""Logic, comparisons and choices as SQL, in three-valued logic."""

from collections.abc import Sequence

from dp_queries.algebra.expressions import Call
from dp_queries.algebra.types import type_of
from dp_queries.backends.comparisons import PREDICATES, UNKNOWN, compared, contained, is_like
from dp_queries.backends.operators.arguments import NULL, Rendered, finite_double, integer, number, steps, text
from dp_queries.backends.terms import Term, without_nan


def truth(term: Term) -> str:
    """A truth value. Raises ValueError for anything else."""
    if term.kind == "null":
        return UNKNOWN
    if term.kind != "boolean":
        raise ValueError(f"{term.kind} is not a truth value")
    return term.sql


def _logic(call: Call, terms: Sequence[Term]) -> Term:
    return Term("boolean", "(" + f" {call.operator.upper()} ".join(map(truth, terms)) + ")")


def _not(_: Call, terms: Sequence[Term]) -> Term:
    return Term("boolean", f"(NOT {truth(terms[0])})")


def _comparison(call: Call, terms: Sequence[Term]) -> Term:
    return Term("boolean", compared(call.operator, *terms))


def _in(_: Call, terms: Sequence[Term]) -> Term:
    return Term("boolean", contained(terms[0], terms[1:]))


def _is_null(_: Call, terms: Sequence[Term]) -> Term:
    return Term("boolean", f"({without_nan(terms[0])} IS NULL)")


def _like(_: Call, terms: Sequence[Term]) -> Term:
    return Term("boolean", is_like(*terms))


def unified(kind: str, terms: Sequence[Term]) -> tuple[list[str], Term]:
    """SQL of the terms in one DuckDB type, for a result of the type `kind`; and the result's term, its SQL still empty.

    Numbers become finite doubles unless all are integers: which value a row takes must not decide how exact it is.
    """
    if kind == "integer":
        return [integer(term) for term in terms], steps("")
    if kind == "number":
        return [finite_double(term) for term in terms], number("")
    if kind == "text":
        return ["CAST(NULL AS VARCHAR)" if term.kind == "null" else text(term) for term in terms], Term("text", "")
    if any(term.kind not in (kind, "null") for term in terms):
        raise ValueError(f"these are no {kind}s")
    is_bounded = all(term.is_bounded or term.kind == "null" for term in terms)
    untyped = f"CAST(NULL AS {kind.upper()})"
    return [untyped if term.kind == "null" else term.sql for term in terms], Term(kind, "", is_bounded=is_bounded)  # type: ignore[arg-type]  # a term's kind


def _filled(result: Term, sql: str) -> Term:
    return Term(result.kind, sql, is_bounded=result.is_bounded)


def _case(call: Call, terms: Sequence[Term]) -> Term:
    kind = type_of(call)
    if kind == "null":
        return NULL
    conditions = [truth(term) for term in terms[:-1:2]]
    values, result = unified(kind, [*terms[1:-1:2], terms[-1]])
    cases = [f"WHEN {when} THEN {then}" for when, then in zip(conditions, values[:-1], strict=True)]
    return _filled(result, f"(CASE {' '.join(cases)} ELSE {values[-1]} END)")


def _chosen(call: Call, terms: Sequence[Term]) -> Term:
    """COALESCE, and GREATEST and LEAST, which skip NULLs in DuckDB as in PostgreSQL."""
    kind = type_of(call)
    if kind == "null":
        return NULL
    values, result = unified(kind, terms)
    return _filled(result, f"{call.operator}({', '.join(values)})")


LOGIC: dict[str, Rendered] = {
    "and": _logic,
    "or": _logic,
    "not": _not,
    **dict.fromkeys(PREDICATES, _comparison),
    "in": _in,
    "is_null": _is_null,
    "like": _like,
    "case": _case,
    **dict.fromkeys(("coalesce", "greatest", "least"), _chosen),
}
