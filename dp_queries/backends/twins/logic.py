"""Logic, comparisons and choices in plain Python, in three-valued logic."""

import operator
from collections.abc import Callable
from datetime import date, datetime, time
from fractions import Fraction
from typing import Any

from dp_queries.backends.twins.values import Steps, double, exact, finite, integer, known, strict


def unified(value: Any, kind: str) -> Any:
    """A value of a choice whose type is `kind`: integers exact, other numbers finite doubles, all else as it is."""
    if not isinstance(value, Steps | Fraction | float):
        return value
    if kind == "integer":
        return integer(exact(value))  # type: ignore[arg-type]  # an integer is never a float
    return finite(double(value))


def _both(left: Any, right: Any) -> tuple[Any, Any]:
    """Two values in a form in which Python compares them as SQL does: exact numbers, or two doubles."""
    if isinstance(left, datetime) != isinstance(right, datetime) and isinstance(left, date):
        return _timestamp(left), _timestamp(right)
    if not isinstance(left, Steps | Fraction | float):
        return left, right
    if isinstance(left, float) or isinstance(right, float):
        return double(left), double(right)
    if isinstance(left, Steps) and isinstance(right, Steps) and left.granularity != right.granularity:
        return double(left), double(right)
    return exact(left), exact(right)


def _timestamp(value: date) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time())


def _comparison(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool | None]:
    def compared(left: Any, right: Any) -> bool | None:
        if known(left) is None or known(right) is None:
            return None
        return compare(*_both(left, right))

    return compared


def _and(*truths: bool | None) -> bool | None:
    if any(truth is False for truth in truths):
        return False
    return None if any(truth is None for truth in truths) else True


def _not(truth: bool | None) -> bool | None:
    return None if truth is None else not truth


def _or(*truths: bool | None) -> bool | None:
    return _not(_and(*map(_not, truths)))


def _in(value: Any, *members: Any) -> bool | None:
    return _or(*(LOGIC["="](value, member) for member in members))


def matches(text: str, pattern: str) -> bool:
    """SQL LIKE by its definition: % is any run of characters, _ is one character."""
    if not pattern:
        return not text
    if pattern[0] == "%":
        return any(matches(text[at:], pattern[1:]) for at in range(len(text) + 1))
    return bool(text) and pattern[0] in ("_", text[0]) and matches(text[1:], pattern[1:])


def _case(*arguments: Any) -> Any:
    for when, then in zip(arguments[:-1:2], arguments[1::2], strict=True):
        if when is True:
            return then
    return arguments[-1]


def _chosen(choose: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    """NULLs are skipped; all NULL is NULL."""

    def chosen(*values: Any) -> Any:
        present = [value for value in values if value is not None]
        return choose(present) if present else None

    return chosen


def _order(value: Any) -> Any:
    return value.exact if isinstance(value, Steps) else value


LOGIC: dict[str, Callable[..., Any]] = {
    "and": _and,
    "or": _or,
    "not": _not,
    "=": _comparison(operator.eq),
    "<>": _comparison(operator.ne),
    "<": _comparison(operator.lt),
    "<=": _comparison(operator.le),
    ">": _comparison(operator.gt),
    ">=": _comparison(operator.ge),
    "in": _in,
    "is_null": lambda value: known(value) is None,
    "like": strict(matches),
    "case": _case,
    "coalesce": _chosen(lambda present: present[0]),
    "greatest": _chosen(lambda present: max(present, key=_order)),
    "least": _chosen(lambda present: min(present, key=_order)),
}
"""`case` and the three after it get their arguments `unified`."""
