"""Comparisons as SQL: exact for numbers, over codes for ENUMs, in three-valued logic, and without errors."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil, floor
from typing import Any

from dp_queries.backends.guards import bound, verbatim
from dp_queries.backends.terms import Term, as_double, as_text, without_nan
from dp_queries.backends.texts import as_regular_expression, like
from dp_queries.loading.encrypted import literal

PREDICATES: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
MIRRORED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

UNKNOWN = "CAST(NULL AS BOOLEAN)"
_WIDEST = 2**64  # beyond every BIGINT, and still a HUGEINT


def compared(name: str, left: Term, right: Term) -> str:
    """`left name right`, for two numbers, two texts, two booleans, or two times."""
    if "null" in (left.kind, right.kind):
        return UNKNOWN
    if left.is_number and right.is_number:
        return _numbers(name, left, right)
    if left.kind == "enum" and isinstance(right.constant, str):
        text = right.constant
        return _members(left, lambda member: PREDICATES[name](member, text))
    if right.kind == "enum" and isinstance(left.constant, str):
        return compared(MIRRORED[name], right, left)
    return f"({_plain(left, right)} {name} {_plain(right, left)})"


def contained(value: Term, members: Sequence[Term]) -> str:
    """`value IN (members)`, the members constants. NULL among them makes a miss unknown, as in SQL."""
    present = [member for member in members if member.kind != "null"]
    if value.kind == "null" or not present:
        return UNKNOWN
    hit = _hit(value, present)
    return hit if len(present) == len(members) else f"({hit} OR {UNKNOWN})"


def _hit(value: Term, members: Sequence[Term]) -> str:
    constants = [member.constant for member in members if member.constant is not None]
    if len(members) == 1:
        return compared("=", value, members[0])
    if value.kind == "steps" and len(constants) == len(members):
        steps = [Fraction(constant) / value.granularity for constant in constants]
        whole = sorted({int(step) for step in steps if step.denominator == 1 and abs(step) < _WIDEST})
        return f"({value.sql} IN ({', '.join(map(str, whole))}))" if whole else _constant(value.sql, False)
    if value.kind == "enum":
        return _members(value, set(constants).__contains__)
    if value.kind == "text":
        return f"({value.sql} IN ({', '.join(map(as_text, members))}))"
    return _one_of(value, members)


def _one_of(value: Term, members: Sequence[Term]) -> str:
    """The comparisons one after the other, over a value that is not printed as often."""
    again = value if value.constant is not None else replace(value, sql="{0}")
    equal = (compared("=", again, replace(member, sql=verbatim(member.sql))) for member in members)
    return bound(value.sql, f"({' OR '.join(equal)})")


def is_like(text: Term, pattern: Term) -> str:
    """`text LIKE pattern`; over an ENUM, the pattern is matched here against the domain, once."""
    if "null" in (text.kind, pattern.kind):
        return UNKNOWN
    if not isinstance(pattern.constant, str) or text.kind not in ("enum", "text"):
        raise ValueError("LIKE takes a text and a constant pattern")
    wanted = pattern.constant
    if text.kind == "enum":
        return _members(text, lambda member: like(member, wanted))
    return f"regexp_full_match({text.sql}, {literal(as_regular_expression(wanted))}, 's')"


def _plain(term: Term, other: Term) -> str:
    kinds = {term.kind, other.kind}
    if kinds <= {"enum", "text"}:
        return as_text(term)
    if kinds == {"date", "timestamp"}:
        # A date beyond the timestamps is no error but unknown.
        return f"TRY_CAST({term.sql} AS TIMESTAMP)"
    if len(kinds) == 1 and kinds <= {"boolean", "date", "timestamp"}:
        return term.sql
    raise ValueError(f"can't compare {term.kind} and {other.kind}")


def _numbers(name: str, left: Term, right: Term) -> str:
    if isinstance(left.constant, Fraction) and isinstance(right.constant, Fraction):
        return "TRUE" if PREDICATES[name](left.constant, right.constant) else "FALSE"
    if left.kind == "steps" and isinstance(right.constant, Fraction):
        return _threshold(name, left.sql, right.constant / left.granularity)
    if right.kind == "steps" and isinstance(left.constant, Fraction):
        return _threshold(MIRRORED[name], right.sql, left.constant / right.granularity)
    if left.kind == right.kind == "steps" and left.granularity == right.granularity:
        return f"({left.sql} {name} {right.sql})"
    return f"({_number(left)} {name} {_number(right)})"


def _number(term: Term) -> str:
    return as_double(term) if term.kind == "steps" else without_nan(term)


def _threshold(name: str, steps: str, bound: Fraction) -> str:
    """Integer steps against an exact bound, which is moved to the integer that decides alike."""
    if name in ("=", "<>") and bound.denominator != 1:
        return _constant(steps, name == "<>")
    whole = floor(bound) if name in ("<=", ">") else ceil(bound)
    return f"({steps} {name} {max(min(whole, _WIDEST), -_WIDEST)})"


def _members(column: Term, holds: Callable[[str], bool]) -> str:
    """Membership of an ENUM in the texts of its domain for which `holds`; comparing with a foreign text can't raise."""
    codes = [code for code, member in enumerate(column.domain) if holds(member)]
    if len(codes) in (0, len(column.domain)):
        return _constant(column.sql, bool(codes))
    return f"(enum_code({column.sql}) IN ({', '.join(map(str, codes))}))"


def _constant(sql: str, truth: bool) -> str:
    """A truth that is NULL where the value is."""
    return f"({sql} IS NOT NULL OR {UNKNOWN})" if truth else f"({sql} IS NULL AND {UNKNOWN})"
