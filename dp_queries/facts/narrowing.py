"""What the conditions of a query leave of a public domain: fewer groups, less noise. Told by the text alone."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from dp_queries.algebra.expressions import Call, Expression, Literal, Value

MOST_COMPARED: Final = 10**6


def narrowed(domain: tuple[Value, ...], key: Expression, conjuncts: Iterable[Expression]) -> tuple[Value, ...]:
    """The values that WHERE leaves of a key's domain: fewer groups, less noise. Told by the text alone.

    A conjunct that compares more than `MOST_COMPARED` pairs is left out, so that a text can't keep the room busy.
    """
    for conjunct in conjuncts:
        operator, constants = _comparison(conjunct, key)
        if operator and len(domain) * len(constants) <= MOST_COMPARED:
            domain = tuple(value for value in domain if _HOLDS[operator](value, constants))
    return domain


def narrowed_cells(
    domain: tuple[Value, ...], width: timedelta, key: Expression, conjuncts: Iterable[Expression]
) -> tuple[Value, ...]:
    """As `narrowed`, of timestamps that each stand for all from there on until `width` later.

    What stays is every one of which some instant may meet the conditions: a row without a group would not be counted.
    """
    for conjunct in conjuncts:
        operator, constants = _comparison(conjunct, key)
        if operator and operator in _REACHES and isinstance(constants[0], datetime) and len(domain) <= MOST_COMPARED:
            reaches, constant = _REACHES[operator], constants[0]
            domain = tuple(first for first in domain if isinstance(first, datetime) and reaches(first, width, constant))
    return domain


def _comparison(condition: Expression, key: Expression) -> tuple[str | None, tuple[Value, ...]]:
    """The operator and constants that the key is compared with; none for a condition on anything else."""
    if condition == key:  # a boolean by itself: WHERE late
        return "=", (True,)
    match condition:
        case Call("not", (subject,)) if subject == key:
            return "=", (False,)
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

_REACHES: Final[Mapping[str, Callable[[datetime, timedelta, datetime], bool]]] = {
    "=": lambda first, width, constant: first <= constant < first + width,
    "<": lambda first, width, constant: first < constant,
    "<=": lambda first, width, constant: first <= constant,
    ">": lambda first, width, constant: first + width > constant,
    ">=": lambda first, width, constant: first + width > constant,
}
