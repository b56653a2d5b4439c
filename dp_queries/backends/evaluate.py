"""Row-level expressions evaluated in plain Python: the twin of `render.py`, written for eyes and not for speed.

Numbers are `Steps` (an exact count of a granularity), exact constants, or floats (whatever arithmetic made).
"""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from dp_queries.algebra.expressions import Call, ColumnRef, Expression, Literal
from dp_queries.algebra.types import type_of
from dp_queries.backends.twins.casts import CASTS
from dp_queries.backends.twins.logic import LOGIC, matches, unified
from dp_queries.backends.twins.moments import MOMENTS
from dp_queries.backends.twins.numbers import NUMBERS
from dp_queries.backends.twins.texts import TEXTS
from dp_queries.backends.twins.values import Steps, double, known

__all__ = ["EVALUATED", "Row", "Steps", "double", "evaluate", "known", "matches"]

Row = tuple[dict[str, Any] | None, ...]  # per relation its columns; None for the missing side of a left join

# A choice's type is that of all its values together: which one a row takes must not decide how exact it is.
_UNIFIED = ("case", "coalesce", "greatest", "least", "abs")


def evaluate(expression: Expression, row: Row) -> Any:
    """The value of an expression in a row; None is NULL."""
    match expression:
        case ColumnRef(relation, column, _):
            columns = row[relation]
            return None if columns is None else columns[column]
        case Literal(value):
            return Fraction(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value
        case Call(name, arguments):
            values = [evaluate(argument, row) for argument in arguments]
            if name in _UNIFIED:
                kind = type_of(expression)
                values = [unified(value, kind) for value in values]
            return EVALUATED[name](*values)


EVALUATED: dict[str, Callable[..., Any]] = {**LOGIC, **NUMBERS, **CASTS, **TEXTS, **MOMENTS}
