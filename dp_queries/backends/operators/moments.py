"""Dates and timestamps as SQL, in the years 1 to 9999 of the proleptic Gregorian calendar; NULL outside."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta

from dp_queries.algebra.expressions import Call
from dp_queries.backends import guards
from dp_queries.backends.operators.arguments import MOMENT_KINDS, NULL, Rendered, moment, steps, strict, whole_constant
from dp_queries.backends.terms import Term

_PARTS = ("year", "month", "day", "dow", "isodow", "doy", "quarter", "week")
_PARTS_OF_DAY = ("hour", "minute", "second")
_UNITS = ("year", "quarter", "month", "week", "day")
_UNITS_OF_DAY = ("hour", "minute")
# Python's calendar has the same years.
_FIRST, _LAST = datetime.combine(date.min, time.min), datetime.combine(date.max, time.max)
_MONTHS = (12, 12 * 9999 + 11)  # of the years 1 and 9999, counted from January of the year 0


def _date(_: Call, terms: Sequence[Term]) -> Term:
    return Term("date", f"CAST({moment(terms[0])} AS DATE)", is_bounded=True)


def _part(call: Call, terms: Sequence[Term]) -> Term:
    kinds = ("timestamp",) if call.operator in _PARTS_OF_DAY else MOMENT_KINDS
    return steps(f"extract({call.operator} FROM {moment(terms[0], kinds)})")


def _truncated(call: Call, terms: Sequence[Term]) -> Term:
    (term,) = terms
    unit = call.operator.removeprefix("trunc_")
    value = moment(term, ("timestamp",) if unit in _UNITS_OF_DAY else MOMENT_KINDS)
    return Term(term.kind, f"CAST(date_trunc('{unit}', {value}) AS {term.kind.upper()})", is_bounded=True)


def _moved(call: Call, terms: Sequence[Term]) -> Term:
    """The interval is added only to moments that stay in the calendar; from which to which that is, is known before."""
    function, reach = _INTERVALS[call.operator]
    term, count = terms[0], whole_constant(call, 1)
    if term.kind not in (("timestamp",) if call.operator == "add_seconds" else MOMENT_KINDS):
        raise ValueError(f"{call.operator} does not take {term.kind}")
    ends = reach(count)
    if ends is None:
        return NULL
    first, last = (_spelled(end, term.kind) for end in ends)
    is_day = (call.operator, term.kind) == ("add_days", "date")  # the engine adds numbers to dates, at half the cost
    result = f"{{0}} + ({count})" if is_day else f"CAST({{0}} + {function}({count}) AS {term.kind.upper()})"
    return Term(term.kind, guards.inside(term.sql, term.kind, first, last, result), is_bounded=True)


def _spelled(end: datetime, kind: str) -> str:
    return end.date().isoformat() if kind == "date" else end.isoformat(sep=" ")


def _reach(unit: timedelta) -> Callable[[int], tuple[datetime, datetime] | None]:
    """The first and the last moment that can be moved by so many units; None if none can."""

    def ends(count: int) -> tuple[datetime, datetime] | None:
        if abs(count) > (_LAST - _FIRST) // unit:
            return None
        return (_FIRST, _LAST - count * unit) if count >= 0 else (_FIRST - count * unit, _LAST)

    return ends


def _reach_of_months(count: int) -> tuple[datetime, datetime] | None:
    first, last = max(_MONTHS[0], _MONTHS[0] - count), min(_MONTHS[1], _MONTHS[1] - count)
    if first > last:
        return None
    end = _LAST if last == _MONTHS[1] else _start(last + 1) - datetime.resolution
    return _start(first), end


def _start(month: int) -> datetime:
    return datetime.combine(date(month // 12, month % 12 + 1, 1), time.min)


_INTERVALS: dict[str, tuple[str, Callable[[int], tuple[datetime, datetime] | None]]] = {
    "add_days": ("to_days", _reach(timedelta(days=1))),
    "add_months": ("to_months", _reach_of_months),
    "add_seconds": ("to_seconds", _reach(timedelta(seconds=1))),
}


def _days_between(_: Call, terms: Sequence[Term]) -> Term:
    first, last = (f"CAST({moment(term)} AS DATE)" for term in terms)
    return steps(f"({last} - {first})")


def _seconds_between(_: Call, terms: Sequence[Term]) -> Term:
    first, last = (f"epoch_us({moment(term, ('timestamp',))})" for term in terms)
    return steps(f"(({last} - {first}) // 1000000)")


def _epoch(_: Call, terms: Sequence[Term]) -> Term:
    # The engine's count of the boundaries between two moments: floored, and exact, which epoch()'s double is not.
    return steps(f"date_diff('second', TIMESTAMP '1970-01-01 00:00:00', {moment(terms[0], ('timestamp',))})")


MOMENTS: dict[str, Rendered] = {
    "date": strict(_date),
    **dict.fromkeys((*_PARTS, *_PARTS_OF_DAY), strict(_part)),
    **{f"trunc_{unit}": strict(_truncated) for unit in (*_UNITS, *_UNITS_OF_DAY)},
    **dict.fromkeys(_INTERVALS, strict(_moved)),
    "days_between": strict(_days_between),
    "seconds_between": strict(_seconds_between),
    "epoch": strict(_epoch),
}
