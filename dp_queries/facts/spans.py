"""Between which days the dates and timestamps of an expression lie: public facts, from declared bounds of columns.

Truncating and adding are monotone, so the ends of a span go where the twin (`backends/evaluate.py`) sends them.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Protocol

from dp_queries.algebra.expressions import Call, Literal, Value
from dp_queries.backends.evaluate import evaluate

Days = tuple[date, date]

_CALENDAR: Final = (date.min, date.max)
_DAY_SECONDS: Final = 86400
_HULL: Final = frozenset({"case", "coalesce", "greatest", "least"})
_SAME_DAY: Final = frozenset({"date", "to_timestamp", "trunc_day", "trunc_hour", "trunc_minute"})
_TRUNCATED: Final = frozenset({"trunc_year", "trunc_quarter", "trunc_month", "trunc_week"})
_ADDED: Final = frozenset({"add_days", "add_months", "add_seconds"})


class Part(Protocol):
    """What is asked of an argument's facts."""

    @property
    def days(self) -> Days | None:
        """First and last day."""

    @property
    def domain(self) -> tuple[Value, ...] | None:
        """The values; of a literal its one."""


def days_after(operator: str, parts: Sequence[Part]) -> Days | None:
    """First and last day of an operator's results, NULL apart; None if nothing is known."""
    spans = [part.days for part in parts]
    if operator in _HULL:
        known = [span for span in spans if span is not None]
        return _hull(known) if known and len(known) == len(spans) else None
    first = spans[0] if spans else None
    if first is None or operator in _SAME_DAY:
        return first
    if operator in _TRUNCATED:
        return _moved(operator, first[0]) or date.min, _moved(operator, first[1]) or date.max
    if operator in _ADDED:
        lower, upper = _shifted(operator, first, _amount(parts[1]))
        return lower or date.min, upper or date.max
    return None


def leaves_calendar(operator: str, parts: Sequence[Part]) -> bool:
    """Whether adding may lead outside the years 1 to 9999, where it gives NULL."""
    return None in _shifted(operator, parts[0].days or _CALENDAR, _amount(parts[1]))


def _hull(spans: Sequence[Days]) -> Days:
    return min(span[0] for span in spans), max(span[1] for span in spans)


def _shifted(operator: str, span: Days, amount: int) -> tuple[date | None, date | None]:
    if operator == "add_seconds":
        # From any time of the first day, to any time of the last one.
        return _later(span[0], amount // _DAY_SECONDS), _later(span[1], -(-amount // _DAY_SECONDS))
    return _moved(operator, span[0], amount), _moved(operator, span[1], amount)


def _later(day: date, days: int) -> date | None:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


def _moved(operator: str, day: date, *amount: int) -> date | None:
    found = evaluate(Call(operator, (Literal(day), *map(Literal, amount))), ())
    return found if isinstance(found, date) else None


def _amount(part: Part) -> int:
    """The whole number of a literal argument."""
    value = part.domain[0] if part.domain else 0
    return int(value) if isinstance(value, int | Decimal) else 0
