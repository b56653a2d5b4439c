"""Texts as SQL, counted in code points; every operator takes time linear in its text (times its constant)."""

from collections.abc import Callable, Sequence

from dp_queries.algebra.expressions import Call
from dp_queries.backends import guards
from dp_queries.backends.operators.arguments import Rendered, steps, strict, text, text_constant, whole_constant
from dp_queries.backends.terms import Term

_MOST_CHARACTERS = 2**31 - 1  # the engine raises for larger places; no text is as long


def _simple(sql: str) -> Rendered:
    return strict(lambda _, terms: Term("text", sql.format(text(terms[0]))))


def _length(_: Call, terms: Sequence[Term]) -> Term:
    return steps(f"length({text(terms[0])})")


def _place(call: Call, at: int, least: int) -> int:
    return min(whole_constant(call, at, least), _MOST_CHARACTERS)


def _substring(call: Call, terms: Sequence[Term]) -> Term:
    length = _place(call, 2, 0) if len(terms) > 2 else _MOST_CHARACTERS
    return Term("text", f"substring({text(terms[0])}, {_place(call, 1, 1)}, {length})")


def _end(call: Call, terms: Sequence[Term]) -> Term:
    return Term("text", f"{call.operator}({text(terms[0])}, {_place(call, 1, 0)})")


def _concat(_: Call, terms: Sequence[Term]) -> Term:
    return Term("text", "(" + " || ".join(map(text, terms)) + ")")


def _replace(call: Call, terms: Sequence[Term]) -> Term:
    return Term(
        "text", f"replace({text(terms[0])}, {text_constant(call, 1, is_nonempty=True)}, {text_constant(call, 2)})"
    )


def _split_part(call: Call, terms: Sequence[Term]) -> Term:
    """Not the engine's split_part: that is a macro, which copies its text twice, and nested ones grow exponentially."""
    parts = f"string_split({{0}}, {guards.verbatim(text_constant(call, 1, is_nonempty=True))})"
    part = f"(CASE WHEN {{0}} IS NOT NULL THEN coalesce({parts}[{_place(call, 2, 1)}], '') END)"
    return Term("text", guards.bound(text(terms[0]), part))


def _searched(function: str, made: Callable[[str], Term]) -> Rendered:
    return strict(lambda call, terms: made(f"{function}({text(terms[0])}, {text_constant(call, 1)})"))


TEXTS: dict[str, Rendered] = {
    "lower": _simple("lower({0})"),
    "upper": _simple("upper({0})"),
    "length": strict(_length),
    "trim": _simple("trim({0}, ' ')"),
    "ltrim": _simple("ltrim({0}, ' ')"),
    "rtrim": _simple("rtrim({0}, ' ')"),
    "substring": strict(_substring),
    "left": strict(_end),
    "right": strict(_end),
    "concat": strict(_concat),
    "replace": strict(_replace),
    "position": _searched("instr", steps),
    "starts_with": _searched("starts_with", lambda sql: Term("boolean", sql)),
    "split_part": strict(_split_part),
}
