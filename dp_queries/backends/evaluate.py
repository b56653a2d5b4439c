"""Row-level expressions evaluated in plain Python: the twin of `render.py`, written for eyes and not for speed.

Numbers are `Steps` (an exact count of a granularity), exact constants, or floats (whatever arithmetic made).
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction
from math import isnan
from typing import Any

from dp_queries.expressions import Call, ColumnRef, Expression, Literal

Row = tuple[dict[str, Any] | None, ...]  # per relation its columns; None for the missing side of a left join


@dataclass(frozen=True)
class Steps:
    """The number `count * granularity`, as it is stored."""

    count: int
    granularity: Fraction = Fraction(1)

    @property
    def exact(self) -> Fraction:
        """The number itself."""
        return self.count * self.granularity


def evaluate(expression: Expression, row: Row) -> Any:
    """The value of an expression in a row; None is NULL."""
    match expression:
        case ColumnRef(relation, column, _):
            columns = row[relation]
            return None if columns is None else columns[column]
        case Literal(value):
            return Fraction(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value
        case Call(name, arguments):
            return EVALUATED[name](*(evaluate(argument, row) for argument in arguments))


def known(value: Any) -> Any:
    """The value, or None if it is not a number: NaN counts as NULL wherever it could be seen."""
    return None if isinstance(value, float) and isnan(value) else value


def double(value: Any) -> float:
    """A number as IEEE double; steps as count * numerator / denominator, in this order."""
    if isinstance(value, Steps):
        return float(value.count) * float(value.granularity.numerator) / float(value.granularity.denominator)
    if isinstance(value, Fraction):
        return float(Decimal(value.numerator) / Decimal(value.denominator)) if _is_huge(value) else float(value)
    return float(value)


def _is_huge(value: Fraction) -> bool:
    return abs(value) >= 2**1024


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
    return _exact(left), _exact(right)


def _exact(value: Steps | Fraction) -> Fraction:
    return value.exact if isinstance(value, Steps) else value


def _timestamp(value: date) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time())


def _comparison(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool | None]:
    def compared(left: Any, right: Any) -> bool | None:
        if known(left) is None or known(right) is None:
            return None
        return compare(*_both(left, right))

    return compared


def _arithmetic(calculate: Callable[[float, float], float]) -> Callable[[Any, Any], float | None]:
    def calculated(left: Any, right: Any) -> float | None:
        return None if left is None or right is None else calculate(double(left), double(right))

    return calculated


def _quotient(left: Any, right: Any) -> float | None:
    if left is None or right is None or double(right) == 0.0:
        return None
    return double(left) / double(right)


def _negative(value: Any) -> float | None:
    return None if value is None else -double(value)


def _and(*truths: bool | None) -> bool | None:
    if any(truth is False for truth in truths):
        return False
    return None if any(truth is None for truth in truths) else True


def _not(truth: bool | None) -> bool | None:
    return None if truth is None else not truth


def _or(*truths: bool | None) -> bool | None:
    return _not(_and(*map(_not, truths)))


def _in(value: Any, *members: Any) -> bool | None:
    return _or(*(EVALUATED["="](value, member) for member in members))


def _like(text: str | None, pattern: str | None) -> bool | None:
    return None if text is None or pattern is None else matches(text, pattern)


def matches(text: str, pattern: str) -> bool:
    """SQL LIKE by its definition: % is any run of characters, _ is one character."""
    if not pattern:
        return not text
    if pattern[0] == "%":
        return any(matches(text[at:], pattern[1:]) for at in range(len(text) + 1))
    return bool(text) and pattern[0] in ("_", text[0]) and matches(text[1:], pattern[1:])


def _part(read: Callable[[Any], int]) -> Callable[[date | None], Steps | None]:
    return lambda moment: None if moment is None else Steps(read(moment))


def _day(moment: date | None) -> date | None:
    return moment.date() if isinstance(moment, datetime) else moment


EVALUATED: dict[str, Callable[..., Any]] = {
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
    "like": _like,
    "+": _arithmetic(operator.add),
    "-": _arithmetic(operator.sub),
    "*": _arithmetic(operator.mul),
    "/": _quotient,
    "neg": _negative,
    "date": _day,
    "year": _part(lambda moment: moment.year),
    "month": _part(lambda moment: moment.month),
    "day": _part(lambda moment: moment.day),
    "dow": _part(lambda moment: moment.isoweekday() % 7),
    "hour": _part(lambda moment: moment.hour),
}
