"""Every value that an expression can give, from the public values of its columns, by the plain-Python twin.

Nothing here reads a row. What a column's values are is declared; which of them rows hold is not asked. So an image is a
public set, and holds every value of every admissible row.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import product
from math import ceil, floor, isinf, prod
from typing import Any, Final

from dp_queries.algebra.expressions import Call, ColumnRef, Expression, Literal, Value, size
from dp_queries.algebra.types import branch_values, type_of
from dp_queries.backends.evaluate import Steps, double, evaluate, known
from dp_queries.facts.expressions import Facts, facts_of
from dp_queries.facts.narrowing import narrowed, narrowed_cells
from dp_queries.facts.ranges import Range

MOST_COMBINATIONS: Final = 100_000
MOST_EVALUATED: Final = 250_000  # operators, for all keys of a query: about a second
MOST_INTEGERS: Final = 1_000

# How finely a timestamp must be known to know what an operator makes of it.
_GRAINS: Final[dict[str, timedelta]] = {
    **dict.fromkeys(("date", "year", "quarter", "month", "week", "day", "dow", "isodow", "doy"), timedelta(days=1)),
    **dict.fromkeys(("trunc_year", "trunc_quarter", "trunc_month", "trunc_week", "trunc_day"), timedelta(days=1)),
    **dict.fromkeys(("days_between", "is_null"), timedelta(days=1)),
    **dict.fromkeys(("hour", "trunc_hour"), timedelta(hours=1)),
    **dict.fromkeys(("minute", "trunc_minute"), timedelta(minutes=1)),
}
_INSTANT: Final = timedelta(0)
_PASSING: Final = frozenset({"add_days", "add_months", "coalesce", "greatest", "least", "case"})


def integers_of(found: Range | None) -> tuple[Value, ...] | None:
    """The integers of a range, if there are few."""
    if found is None or not found.granularity or found.granularity.denominator != 1:
        return None
    step = int(found.granularity)
    first, last = floor(found.lower / step), ceil(found.upper / step)
    return tuple(range(first * step, last * step + 1, step)) if last - first < MOST_INTEGERS else None


def as_values(found: Iterable[Any], kind: str) -> set[Value]:
    """The twin's values as constants: doubles by their shortest spelling, which reads back exactly."""
    return {_constant(value, kind) for value in found if not (isinstance(value, float) and isinf(value))}


def _constant(value: Any, kind: str) -> Value:
    if isinstance(value, Steps | Fraction | float) and known(value) is not None:
        if kind == "integer":
            return int(value.exact if isinstance(value, Steps) else value)
        number = double(value) + 0.0  # which makes -0 a 0
        return Decimal(int(number)) if number.is_integer() else Decimal(repr(number))
    return known(value)  # type: ignore[no-any-return]  # text, boolean, date, timestamp or None


@dataclass
class Effort:
    """How many operators may still be evaluated for a query's keys, so that its text can't keep the room busy."""

    left: int = MOST_EVALUATED


class Images:
    """Images of expressions over columns with these facts; `conjuncts` are conditions that all rows meet."""

    def __init__(
        self, columns: Callable[[ColumnRef], Facts], conjuncts: Iterable[Expression] = (), effort: Effort | None = None
    ) -> None:
        self._columns, self._conjuncts = cache(columns), tuple(conjuncts)
        self._effort = effort or Effort()

    def of(self, expression: Expression) -> list[Any] | None:
        """Every value that the expression can give, as the twin writes them; None if they are not few and public."""
        if isinstance(expression, Literal):
            return [evaluate(expression, ())]
        grains: dict[ColumnRef, timedelta] = {}
        _note_grains(expression, _INSTANT, grains)
        domains = {reference: self._values(reference, grain) for reference, grain in grains.items()}
        found = self._evaluated(expression, domains)
        if found is None and isinstance(expression, Call):
            return self._by_parts(expression)
        return found

    def _values(self, reference: ColumnRef, grain: timedelta) -> list[Any] | None:
        facts = self._columns(reference)
        values = _public_values(facts, grain)
        if values is None or facts.reads_unit:
            return None
        with_null = (*values, None) if facts.is_nullable and None not in values else values
        if facts.type == "timestamp":
            left = narrowed_cells(with_null, grain, reference, self._conjuncts)
        else:
            left = narrowed(with_null, reference, self._conjuncts)
        return [Steps(value) if type(value) is int else value for value in left]

    def _evaluated(self, expression: Expression, domains: dict[ColumnRef, list[Any] | None]) -> list[Any] | None:
        """The results on every combination of the columns' values."""
        lists = [values for values in domains.values() if values is not None]
        combinations = prod(map(len, lists))
        work = combinations * (size(expression) + 1)
        if len(lists) < len(domains) or combinations > MOST_COMBINATIONS or work > self._effort.left:
            return None
        self._effort.left -= work
        places = 1 + max((reference.relation for reference in domains), default=0)
        found = {}
        for values in product(*lists):
            row: tuple[dict[str, Any], ...] = tuple({} for _ in range(places))
            for reference, value in zip(domains, values, strict=True):
                row[reference.relation][reference.column] = value
            result = evaluate(expression, row)
            found[type(result), result] = result
        return list(found.values())

    def _by_parts(self, call: Call) -> list[Any] | None:
        """The image where some columns are private: of the operator, over the images of its arguments."""
        kind, is_nullable = type_of(call), facts_of(call, self._columns).is_nullable
        null = [None] if is_nullable else []
        if kind == "boolean":
            return [False, True, *null]
        if call.operator in ("case", "coalesce"):
            return self._union(branch_values(call) if call.operator == "case" else call.arguments, null)
        stand_ins = tuple(
            argument if isinstance(argument, Literal) else ColumnRef(0, str(index), type_of(argument))
            for index, argument in enumerate(call.arguments)
        )
        domains = {
            stand_in: self.of(argument)
            for stand_in, argument in zip(stand_ins, call.arguments, strict=True)
            if isinstance(stand_in, ColumnRef)
        }
        found = self._evaluated(Call(call.operator, stand_ins), domains)
        if found is not None or kind != "integer":
            return found
        integers = integers_of(facts_of(call, self._columns).range)
        return None if integers is None else [*map(Steps, integers), *null]  # type: ignore[arg-type]  # all are integers

    def _union(self, parts: Sequence[Expression], null: list[None]) -> list[Any] | None:
        """What either of the parts gives, whatever the conditions read: their values stand in the text."""
        images = [self.of(part) for part in parts]
        if any(image is None for image in images):
            return None
        return [value for image in images for value in image or () if value is not None] + null


def _note_grains(expression: Expression, grain: timedelta, found: dict[ColumnRef, timedelta]) -> None:
    """The finest grain at which each column is looked at."""
    if isinstance(expression, ColumnRef):
        found[expression] = min(grain, found.get(expression, grain))
    elif isinstance(expression, Call):
        inner = _GRAINS.get(expression.operator, grain if expression.operator in _PASSING else _INSTANT)
        for argument in expression.arguments:
            # The conditions of a `case` are booleans, and what is inside them asks for itself.
            _note_grains(argument, inner, found)


def _public_values(facts: Facts, grain: timedelta) -> tuple[Value, ...] | None:
    if facts.domain is not None:
        return facts.domain
    if facts.type == "integer":
        return integers_of(facts.range)
    if facts.days is None or (facts.type == "timestamp" and grain == _INSTANT):
        return None
    first, last = facts.days
    is_date = facts.type == "date"
    step = timedelta(days=1) if is_date else grain
    count = (last - first + timedelta(days=1)) // step
    if count > MOST_COMBINATIONS:
        return None
    if is_date:
        return tuple(date.fromordinal(first.toordinal() + day) for day in range(count))
    start = datetime.combine(first, time())
    return tuple(start + step * index for index in range(count))
