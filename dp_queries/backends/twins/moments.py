"""Dates and timestamps in plain Python, whose calendar has the years 1 to 9999."""

from calendar import monthrange
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from dp_queries.backends.twins.values import Steps, strict

_SECOND = timedelta(seconds=1)
_EPOCH = datetime.combine(date(1970, 1, 1), time())


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _timestamp(moment: date) -> datetime:
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time())


def _part(read: Callable[[Any], int]) -> Callable[[date | None], Steps | None]:
    return strict(lambda moment: Steps(read(moment)))


def _truncated(first: Callable[[date], date]) -> Callable[[date | None], date | None]:
    """The start of the day `first` of the moment's day, as the moment's own type."""

    def truncated(moment: date) -> date:
        day = first(_day(moment))
        return datetime.combine(day, time()) if isinstance(moment, datetime) else day

    return strict(truncated)


def _moved(move: Callable[[Any, int], date]) -> Callable[..., date | None]:
    def moved(moment: date, count: Any) -> date | None:
        try:
            return move(moment, int(count))
        except (OverflowError, ValueError):
            return None

    return strict(moved)


def _months_later(moment: date, count: int) -> date:
    year, month = divmod(moment.year * 12 + moment.month - 1 + count, 12)
    if not date.min.year <= year <= date.max.year:
        raise OverflowError
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def _seconds_between(first: datetime, last: datetime) -> Steps:
    seconds = abs(last - first) // _SECOND
    return Steps(seconds if last >= first else -seconds)


MOMENTS: dict[str, Callable[..., Any]] = {
    "to_timestamp": strict(_timestamp),
    "date": strict(_day),
    "year": _part(lambda moment: moment.year),
    "month": _part(lambda moment: moment.month),
    "day": _part(lambda moment: moment.day),
    "dow": _part(lambda moment: moment.isoweekday() % 7),
    "isodow": _part(lambda moment: moment.isoweekday()),
    "doy": _part(lambda moment: moment.timetuple().tm_yday),
    "quarter": _part(lambda moment: (moment.month + 2) // 3),
    "week": _part(lambda moment: moment.isocalendar().week),
    "hour": _part(lambda moment: moment.hour),
    "minute": _part(lambda moment: moment.minute),
    "second": _part(lambda moment: moment.second),
    "trunc_year": _truncated(lambda day: day.replace(month=1, day=1)),
    "trunc_quarter": _truncated(lambda day: day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)),
    "trunc_month": _truncated(lambda day: day.replace(day=1)),
    "trunc_week": _truncated(lambda day: day - timedelta(days=day.weekday())),
    "trunc_day": _truncated(lambda day: day),
    "trunc_hour": strict(lambda moment: moment.replace(minute=0, second=0, microsecond=0)),
    "trunc_minute": strict(lambda moment: moment.replace(second=0, microsecond=0)),
    "add_days": _moved(lambda moment, count: moment + timedelta(days=count)),
    "add_months": _moved(_months_later),
    "add_seconds": _moved(lambda moment, count: moment + timedelta(seconds=count)),
    "days_between": strict(lambda first, last: Steps((_day(last) - _day(first)).days)),
    "seconds_between": strict(_seconds_between),
    "epoch": strict(lambda moment: Steps((moment - _EPOCH) // _SECOND)),
}
