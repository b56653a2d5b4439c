"""Deadlines in the Chinese working calendar (Art. 19): make-up workdays count, public holidays don't.

The State Council publishes each year's calendar late in the year before. What the package chinesecalendar or the
operator's file knows is published; any other year follows the regulation on holidays, and is provisional. Days are
those of Shanghai, which has been at UTC+8 without summer time since 1991. Nothing here reads a clock.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any, Final, Literal

import chinese_calendar.constants as packaged  # type: ignore[import-untyped]  # the package has no types

from policies.errors import Reason, RequestRejected
from policies.lunisolar import dragon_boat, mid_autumn, qingming, spring_festival

SHANGHAI: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
REVIEW_WORKING_DAYS: Final = 10
"""How long the data provider has to decide on an application (Art. 19)."""

_ONE_DAY: Final = timedelta(days=1)
_PACKAGED_YEARS: Final = range(min(packaged.holidays).year, max(packaged.holidays).year + 1)
_LAST_YEAR: Final = 2100  # further on the computed festivals are not to be trusted
_TURN_DAYS: Final = 7
"""The last days of a year belong to the next one's calendar as well: that of 2019 moved 29 and 31 December 2018."""
_MOST_WORKING_DAYS: Final = 1000
_FIELDS: Final = ("year", "source", "days_off", "workdays")

Basis = Literal["loaded", "packaged", "regulation"]


@dataclass(frozen=True)
class PublishedYear:
    """One year's calendar as the State Council published it; `read_published_year` makes it."""

    year: int
    source: str
    days_off: frozenset[date]
    workdays: frozenset[date]


@dataclass(frozen=True)
class Deadline:
    """The last day of a time limit, in Shanghai; provisional where a day on the way has no published calendar yet."""

    day: date
    is_provisional: bool
    basis: tuple[Basis, ...]

    @property
    def ends_at(self) -> datetime:
        """The first moment that is too late: the end of the last day in Shanghai."""
        return datetime.combine(self.day + _ONE_DAY, time(), SHANGHAI)

    def is_over(self, now: datetime) -> bool:
        """Whether the time limit has passed. Raises ValueError for a naive time."""
        return _aware(now) >= self.ends_at


@dataclass(frozen=True)
class WorkingCalendar:
    """The working calendar: what the operator loaded, else what the package knows, else the regulation."""

    loaded: tuple[PublishedYear, ...] = ()

    def __post_init__(self) -> None:
        if len({published.year for published in self.loaded}) != len(self.loaded):
            raise ValueError("a calendar holds each year once")

    def is_working_day(self, day: date) -> bool:
        """Whether people work on a day. A notice may move days at the end of the year before, and then prevails."""
        for published in sorted(self.loaded, key=lambda published: -published.year):
            if day in published.days_off or day in published.workdays:
                return day in published.workdays
            if published.year == day.year:
                return _is_weekday(day)
        if day.year in _PACKAGED_YEARS:
            return day in packaged.workdays or (_is_weekday(day) and day not in packaged.holidays)
        return _is_weekday(day) and day not in statutory_days_off(day.year)

    def basis(self, day: date) -> Basis:
        """Where a day's status comes from."""
        return self._year_basis(_settling_year(day)) if self._year_basis(day.year) != "regulation" else "regulation"

    def _year_basis(self, year: int) -> Basis:
        if any(published.year == year for published in self.loaded):
            return "loaded"
        return "packaged" if year in _PACKAGED_YEARS else "regulation"

    def deadline(self, accepted_at: datetime, working_days: int = REVIEW_WORKING_DAYS) -> Deadline:
        """The deadline of a time limit in working days; the day of acceptance is not counted.

        Ask again whenever a calendar was published or loaded: the value follows from its arguments alone.
        Raises ValueError for a naive time, and for a limit or a time outside of what is known.
        """
        if not 1 <= working_days <= _MOST_WORKING_DAYS:
            raise ValueError(f"a time limit has 1 to {_MOST_WORKING_DAYS} working days")
        day, seen = _aware(accepted_at).astimezone(SHANGHAI).date(), set[Basis]()
        if not _PACKAGED_YEARS[0] <= day.year < _LAST_YEAR - 10:
            raise ValueError(f"there is no calendar for {day.year}")
        while working_days:
            day += _ONE_DAY
            seen.add(self.basis(day))
            working_days -= self.is_working_day(day)
        return Deadline(day, "regulation" in seen, tuple(sorted(seen)))


def _settling_year(day: date) -> int:
    """The year whose calendar has the last word on a day."""
    return (day + timedelta(days=_TURN_DAYS)).year


def statutory_days_off(year: int) -> frozenset[date]:
    """The days off that the regulation names, and those in lieu of the ones that fall on a weekend.

    The regulation says that the latter are made up on workdays, not on which: here the next ones. It leaves moving
    weekends to the yearly notice, so that is unknown here: a deadline errs by a few days, to either side.

    Source: State Council, Regulation on Public Holidays for National Annual Festivals and Memorial Days, revised
    10 November 2024 (Decree No. 795), Articles 2 and 6.
    """
    named = sorted(_named_days_off(year))
    off = set(named)
    for day in named:
        if not _is_weekday(day):
            off.add(_next_free_weekday(day, off))
    return frozenset(off)


def _named_days_off(year: int) -> set[date]:
    new_year = spring_festival(year)
    return {
        date(year, 1, 1),
        *(new_year + timedelta(days=days) for days in (-1, 0, 1, 2)),
        qingming(year),
        *(date(year, 5, day) for day in (1, 2)),
        dragon_boat(year),
        mid_autumn(year),
        *(date(year, 10, day) for day in (1, 2, 3)),
    }


def _next_free_weekday(day: date, off: set[date]) -> date:
    while not _is_weekday(day) or day in off:
        day += _ONE_DAY
    return day


def read_published_year(value: Any) -> PublishedYear:
    """A published calendar from the operator's file. Raises RequestRejected with every fault at once."""
    if not isinstance(value, Mapping):
        raise _rejected([Reason("calendar", "must be an object with the fields " + ", ".join(_FIELDS))])
    reasons = list(_field_faults(value))
    if reasons:
        raise _rejected(reasons)
    off, worked = ([day for text in value[name] if (day := _day(text))] for name in ("days_off", "workdays"))
    reasons = list(_day_faults(value["year"], off, worked))
    if reasons:
        raise _rejected(reasons)
    return PublishedYear(value["year"], value["source"].strip(), frozenset(off), frozenset(worked))


def _field_faults(value: Mapping[Any, Any]) -> Iterator[Reason]:
    for name in value.keys() - set(_FIELDS):
        yield Reason("field", "is no field of a calendar", str(name))
    year, source = value.get("year"), value.get("source")
    if type(year) is not int or not _PACKAGED_YEARS[0] <= year <= _LAST_YEAR:
        yield Reason("year", f"must be a whole number, {_PACKAGED_YEARS[0]} to {_LAST_YEAR}", "year")
    if not isinstance(source, str) or not source.strip():
        yield Reason("source", "must name the State Council's notice", "source")
    for name in ("days_off", "workdays"):
        listed = value.get(name)
        if not isinstance(listed, list):
            yield Reason("days", "must be a list of days as YYYY-MM-DD", name)
        else:
            no_days = [entry for entry in listed if _day(entry) is None]
            yield from (Reason("day", f"{str(entry)[:40]!r} is no day as YYYY-MM-DD", name) for entry in no_days)


def _day_faults(year: int, off: list[date], worked: list[date]) -> Iterator[Reason]:
    first = date(year, 1, 1)
    for name, days in (("days_off", off), ("workdays", worked)):
        for day in days:
            if not first - timedelta(days=_TURN_DAYS) <= day <= date(year, 12, 31):
                yield Reason("other-year", f"{day} is neither in {year} nor in the week before", name)
        twice = sorted(day for day, times in Counter(days).items() if times > 1)
        yield from (Reason("twice", f"{day} is listed twice", name) for day in twice)
    yield from (Reason("both", f"{day} is in both lists", "workdays") for day in sorted(set(off) & set(worked)))
    for day in sorted(set(worked)):
        if _is_weekday(day):
            yield Reason("no-weekend", f"{day} is no Saturday or Sunday, so it is a workday anyway", "workdays")
    for day in [first, date(year, 5, 1), *(date(year, 10, number) for number in (1, 2, 3))]:
        if day not in off:
            yield Reason("missing", f"{day} is a day off by the regulation", "days_off")


def _day(value: Any) -> date | None:
    """A day as YAML or JSON gives it, or None."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None


def _is_weekday(day: date) -> bool:
    return day.weekday() < 5


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time must be aware")
    return moment


def _rejected(reasons: list[Reason]) -> RequestRejected:
    return RequestRejected("the calendar has faults", tuple(reasons))
