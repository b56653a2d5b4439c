"""Group keys with a public domain: every group of it appears, with or without rows (ATTACKS 4, 9).

The domain comes from the card, from the calendar between declared days, from a public table or from the query's text;
never from private rows. A key that has none of these is private.
"""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Final

from dp_queries.algebra.expressions import Call, ColumnRef, Expression, Value
from dp_queries.algebra.types import type_of
from dp_queries.facts.expressions import Facts
from dp_queries.facts.images import MOST_INTEGERS, Effort, Images, as_values, integers_of
from dp_queries.facts.narrowing import narrowed
from policies.errors import Reason

__all__ = ["MOST_GROUPS", "Effort", "NoDomain", "key_domain", "narrowed"]

MOST_GROUPS: Final = 2**20

# Engines and mathematical libraries differ in the last bit of these, so their doubles are no names of groups.
_INEXACT: Final = frozenset({"ln", "log10", "exp", "power"})
_MADE_EXACT: Final = frozenset({"floor", "ceil", "trunc", "round", "to_integer", "width_bucket", "sign"})


class NoDomain(Exception):
    """The key has no public domain; `reason` says what the card would have to declare."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.reason = Reason(code, message)


def key_domain(
    expression: Expression,
    facts: Facts,
    columns: Callable[[ColumnRef], Facts],
    conjuncts: Iterable[Expression] = (),
    effort: Effort | None = None,
) -> tuple[Value, ...]:
    """The public values of a key, in order, NULL last if it may be one. Raises NoDomain.

    Of a column, its declared values; of anything else, what it gives on the public values of its columns, so that a
    group may stay empty but no row is without a group. `conjuncts` are conditions that all rows meet; they narrow the
    columns' values; `effort` is what is left for all keys of a query.
    """
    if facts.reads_unit:
        raise NoDomain(
            "unit-key", "the privacy unit is no group key, nor part of one; its groups would be single units"
        )
    if isinstance(expression, ColumnRef):
        return _with_null(_column_domain(expression.column, facts), facts)
    found = None if _is_inexact(expression) else Images(columns, conjuncts, effort).of(expression)
    if found is None:
        raise NoDomain("private-key", _hint(type_of(expression)))
    domain = as_values(found, type_of(expression))
    _check_groups(len(domain))
    return (*sorted(value for value in domain if value is not None), *((None,) if None in domain else ()))


def _is_inexact(expression: Expression) -> bool:
    if not isinstance(expression, Call) or expression.operator in _MADE_EXACT or type_of(expression) != "number":
        return False
    return expression.operator in _INEXACT or any(map(_is_inexact, expression.arguments))


def _hint(kind: str) -> str:
    hints = {
        "number": "round it, or use WIDTH_BUCKET(x, 0, 100, 10)",
        "integer": f"declare bounds of at most {MOST_INTEGERS} values, or use WIDTH_BUCKET(x, 0, 100, 10)",
        "timestamp": "declare its bounds and use DATE_TRUNC('day', x) or EXTRACT",
        "date": "the card must declare the days of its columns",
    }
    return f"this key has no public domain; {hints.get(kind, 'its columns need declared domains')}"


def _with_null(domain: tuple[Value, ...], facts: Facts) -> tuple[Value, ...]:
    return (*domain, None) if facts.is_nullable and None not in domain else domain


def _column_domain(name: str, facts: Facts) -> tuple[Value, ...]:
    if facts.domain is not None:
        return facts.domain
    if facts.type == "date":
        return _days(name, facts)
    if facts.type == "integer" and (found := integers_of(facts.range)) is not None:
        return found
    if facts.type == "number":
        raise NoDomain("private-key", _hint("number"))
    hint = "group by CAST(... AS DATE) or EXTRACT" if facts.type == "timestamp" else "the card must declare one"
    raise NoDomain("private-key", f"{name} has no declared domain, so its values are private; {hint}")


def _days(name: str, facts: Facts) -> tuple[Value, ...]:
    if facts.days is None:
        raise NoDomain("private-key", f"{name} has no declared date bounds, so its days are private")
    lower, upper = facts.days
    count = (upper - lower).days + 1
    _check_groups(count)
    return tuple(date.fromordinal(lower.toordinal() + day) for day in range(count))


def _check_groups(count: int) -> None:
    if count > MOST_GROUPS:
        raise NoDomain("too-many-groups", f"there are more than {MOST_GROUPS} groups; use coarser keys")
