"""Group keys with a public domain: every group of it appears, with or without rows (ATTACKS 4, 9).

The domain comes from the card, from the calendar between declared date bounds, or from a public table; never from
private rows. A key that has none of these is private and refused.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final

from dp_queries.expressions import Call, ColumnRef, Expression, Literal, Value
from policies.catalogue import Column
from policies.errors import Reason

MOST_GROUPS: Final = 2**20
MOST_COMPARED: Final = 10**6

_CALENDAR: Final[Mapping[str, range]] = {
    "month": range(1, 13),
    "day": range(1, 32),
    "dow": range(7),
    "hour": range(24),
}


class NoDomain(Exception):
    """The key has no public domain; `reason` says what the card would have to declare."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.reason = Reason(code, message)


def key_domain(
    expression: Expression,
    *,
    column: Callable[[ColumnRef], Column],
    recorded: Callable[[ColumnRef], tuple[Value, ...] | None],
    is_unit: Callable[[ColumnRef], bool],
) -> tuple[Value, ...]:
    """The public values of a key, in order, without NULL. Raises NoDomain.

    `recorded` gives the distinct values of a public table's column, where the load recorded them.
    """
    match expression:
        case ColumnRef():
            if is_unit(expression):
                raise NoDomain("private-key", "the privacy unit is no group key; its groups would be single units")
            return _column_domain(column(expression), recorded(expression))
        case Call("date", (ColumnRef() as inner,)):
            return _days(*_date_bounds(column(inner)))
        case Call("year", (ColumnRef() as inner,)):
            lower, upper = _date_bounds(column(inner))
            return tuple(range(lower.year, upper.year + 1))
        case Call(operator, (ColumnRef(),)) if operator in _CALENDAR:
            return tuple(_CALENDAR[operator])
    raise NoDomain("key-expression", "GROUP BY takes columns, CAST(x AS DATE) and EXTRACT(... FROM x)")


def narrowed(domain: tuple[Value, ...], key: Expression, conjuncts: Iterable[Expression]) -> tuple[Value, ...]:
    """The values that WHERE leaves of a key's domain: fewer groups, less noise. Told by the text alone.

    A conjunct that compares more than `MOST_COMPARED` pairs is left out, so that a text can't keep the room busy.
    """
    for conjunct in conjuncts:
        operator, constants = _comparison(conjunct, key)
        if operator and len(domain) * len(constants) <= MOST_COMPARED:
            domain = tuple(value for value in domain if _HOLDS[operator](value, constants))
    return domain


def _comparison(condition: Expression, key: Expression) -> tuple[str | None, tuple[Value, ...]]:
    """The operator and constants that the key is compared with; none for a condition on anything else."""
    match condition:
        case Call("not", (Call("in" | "is_null" as operator, (subject, *constants)),)) if subject == key:
            return f"not {operator}", _constants(constants)
        case Call(operator, (subject, *constants)) if subject == key and operator in _HOLDS:
            if all(isinstance(constant, Literal) for constant in constants):
                return operator, _constants(constants)
    return None, ()


def _constants(constants: Iterable[Expression]) -> tuple[Value, ...]:
    return tuple(constant.value for constant in constants if isinstance(constant, Literal))


_HOLDS: Final[Mapping[str, Callable[[Any, tuple[Any, ...]], bool]]] = {
    "=": lambda value, constants: value is not None and bool(value == constants[0]),
    "<>": lambda value, constants: value is not None and bool(value != constants[0]),
    "<": lambda value, constants: value is not None and bool(value < constants[0]),
    "<=": lambda value, constants: value is not None and bool(value <= constants[0]),
    ">": lambda value, constants: value is not None and bool(value > constants[0]),
    ">=": lambda value, constants: value is not None and bool(value >= constants[0]),
    "in": lambda value, constants: value is not None and value in constants,
    "not in": lambda value, constants: value is not None and value not in constants,
    "is_null": lambda value, constants: value is None,
    "not is_null": lambda value, constants: value is not None,
}


def _column_domain(column: Column, recorded: tuple[Value, ...] | None) -> tuple[Value, ...]:
    if column.domain is not None:
        return column.domain
    if recorded is not None:
        return recorded
    if column.type == "boolean":
        return (False, True)
    if column.type == "date":
        return _days(*_date_bounds(column))
    hint = "group by CAST(... AS DATE) or EXTRACT" if column.type == "timestamp" else "the card must declare one"
    raise NoDomain("private-key", f"{column.name} has no declared domain, so its values are private; {hint}")


def _date_bounds(column: Column) -> tuple[date, date]:
    if column.bounds is None or not isinstance(column.bounds[0], date):
        raise NoDomain("private-key", f"{column.name} has no declared date bounds, so its days are private")
    lower, upper = column.bounds
    return lower, upper  # type: ignore[return-value]  # the card's bounds are of one type


def _days(lower: date, upper: date) -> tuple[Value, ...]:
    count = (upper - lower).days + 1
    if count > MOST_GROUPS:
        raise NoDomain("too-many-groups", f"there are more than {MOST_GROUPS} groups; use coarser keys")
    return tuple(lower + timedelta(days=day) for day in range(count))
