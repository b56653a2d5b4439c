"""Deadlines by the Chinese working calendar, held against notices of the State Council and a slow twin."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given, strategies as st

from policies.errors import RequestRejected
from policies.lunisolar import mid_autumn
from policies.working_days import (
    SHANGHAI,
    Deadline,
    WorkingCalendar,
    read_published_year,
    statutory_days_off,
)

PACKAGED = WorkingCalendar()
# The notice for 2026 (Guo Ban Fa Ming Dian [2025] No. 7), written from its text.
NOTICE_2026 = {
    "year": 2026,
    "source": "Guo Ban Fa Ming Dian [2025] No. 7",
    "days_off": [
        *(f"2026-01-0{day}" for day in (1, 2, 3)),
        *(f"2026-02-{day}" for day in range(15, 24)),
        *(f"2026-04-0{day}" for day in (4, 5, 6)),
        *(f"2026-05-0{day}" for day in range(1, 6)),
        *(f"2026-06-{day}" for day in (19, 20, 21)),
        *(f"2026-09-{day}" for day in (25, 26, 27)),
        *(f"2026-10-0{day}" for day in range(1, 8)),
    ],
    "workdays": ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"],
}
# Nobody has published 2027 where this is written: an invented notice.
INVENTED_2027 = {
    "year": 2027,
    "source": "an invented notice",
    "days_off": [
        *("2027-01-01", "2027-05-01", "2027-05-02"),
        *(f"2027-02-{day:02}" for day in range(5, 13)),
        *(f"2027-10-0{day}" for day in range(1, 8)),
    ],
    "workdays": ["2026-12-27", "2027-01-30", "2027-02-20"],
}


def at(text):
    return datetime.fromisoformat(f"{text}+08:00")


@pytest.mark.parametrize(
    ("accepted", "last"),
    [
        ("2023-09-27T10:00", "2023-10-17"),  # eight days off; Saturday and Sunday, 7 and 8 October, are worked
        ("2024-02-05T10:00", "2024-02-23"),  # the Eve is worked in 2024, and Sunday, 18 February
        ("2025-01-23T10:00", "2025-02-12"),  # Sunday, 26 January, and Saturday, 8 February, are worked
        ("2026-09-18T10:00", "2026-10-09"),  # Sunday, 20 September, is worked
        ("2026-11-02T10:00", "2026-11-16"),  # plain weeks
    ],
)
def test_deadlines_of_published_years(accepted, last):
    assert PACKAGED.deadline(at(accepted)) == Deadline(date.fromisoformat(last), False, ("packaged",))


def test_the_day_is_the_one_in_shanghai_and_ends_there():
    before, after = datetime(2026, 11, 2, 15, 59, 59, tzinfo=UTC), datetime(2026, 11, 2, 16, tzinfo=UTC)
    assert PACKAGED.deadline(before).day == date(2026, 11, 16)
    assert PACKAGED.deadline(after).day == date(2026, 11, 17)
    deadline = PACKAGED.deadline(before)
    assert deadline.ends_at == datetime(2026, 11, 16, 16, tzinfo=UTC)
    assert not deadline.is_over(datetime(2026, 11, 16, 15, 59, 59, tzinfo=UTC))
    assert deadline.is_over(datetime(2026, 11, 16, 16, tzinfo=UTC))


def test_naive_times_are_no_times():
    for ask in (PACKAGED.deadline, PACKAGED.deadline(at("2026-11-02T10:00")).is_over):
        with pytest.raises(ValueError, match="aware"):
            ask(datetime(2026, 11, 2))  # the fault that is tested


@pytest.mark.parametrize("year", [2003, 2090])
def test_years_without_any_calendar_are_refused(year):
    with pytest.raises(ValueError, match="no calendar"):
        PACKAGED.deadline(datetime(year, 6, 1, tzinfo=SHANGHAI))


@pytest.mark.parametrize("days", [0, -1, 1001])
def test_limits_out_of_reason_are_refused(days):
    with pytest.raises(ValueError, match="working days"):
        PACKAGED.deadline(at("2026-11-02T10:00"), days)


def test_2027_is_provisional_until_its_calendar_is_loaded():
    accepted = at("2027-02-01T10:00")
    # Off: Eve to 3rd of the month, 5 to 8 February, and two days in lieu of the weekend in it.
    assert PACKAGED.deadline(accepted) == Deadline(date(2027, 2, 19), True, ("regulation",))
    loaded = WorkingCalendar((read_published_year(INVENTED_2027),))
    # Off until the 12th, and Saturday, 20 February, is worked.
    assert loaded.deadline(accepted) == Deadline(date(2027, 2, 22), False, ("loaded",))


def test_a_deadline_that_leaves_the_published_years_is_provisional():
    across = PACKAGED.deadline(at("2026-12-21T10:00"))
    assert across == Deadline(date(2027, 1, 5), True, ("packaged", "regulation"))
    assert WorkingCalendar((read_published_year(INVENTED_2027),)).deadline(at("2026-12-21T10:00")) == Deadline(
        date(2027, 1, 4), False, ("loaded", "packaged")
    )


def test_the_last_days_of_a_year_wait_for_the_next_calendar():
    """The calendar of 2019 moved days of December 2018, and the package has them."""
    assert PACKAGED.is_working_day(date(2018, 12, 29))
    assert not PACKAGED.is_working_day(date(2018, 12, 31))
    assert PACKAGED.basis(date(2025, 12, 31)) == "packaged"
    assert PACKAGED.basis(date(2026, 12, 24)) == "packaged"
    assert PACKAGED.basis(date(2026, 12, 25)) == "regulation"


def test_holidays_on_weekends_are_made_up_on_workdays():
    off = statutory_days_off(2027)
    assert {date(2027, 5, 3), date(2027, 5, 4), date(2027, 10, 4), date(2027, 10, 5)} <= off
    assert len(off) == 13 + 6  # thirteen days by name; six of them fall on weekends in 2027


@pytest.mark.parametrize("year", range(2027, 2060))
def test_a_year_loses_thirteen_weekdays_to_holidays(year):
    """One less where Mid-Autumn falls on the first days of October; no festival is lost to a weekend."""
    meets = mid_autumn(year) in {date(year, 10, day) for day in (1, 2, 3)}
    assert sum(day.weekday() < 5 for day in statutory_days_off(year)) == 13 - meets


def test_the_package_agrees_with_the_notice_that_an_operator_would_load():
    loaded = WorkingCalendar((read_published_year(NOTICE_2026),))
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    assert [day for day in days if loaded.is_working_day(day) != PACKAGED.is_working_day(day)] == []
    assert loaded.basis(date(2026, 5, 9)) == "loaded"


def test_a_year_is_loaded_once():
    year = read_published_year(NOTICE_2026)
    with pytest.raises(ValueError, match="once"):
        WorkingCalendar((year, year))


FAULTS = [
    ([], ["calendar"]),
    ({}, ["year", "source", "days", "days"]),
    (NOTICE_2026 | {"year": True, "source": " ", "more": 1}, ["field", "year", "source"]),
    (
        NOTICE_2026 | {"year": 1999, "days_off": ["2026-02-30", 5], "workdays": "2026-01-04"},
        ["year", "day", "day", "days"],
    ),
    (NOTICE_2026 | {"days_off": NOTICE_2026["days_off"][1:]}, ["missing"]),
    (NOTICE_2026 | {"workdays": ["2026-01-05", "2026-05-02", "2026-05-02"]}, ["twice", "both", "no-weekend"]),
    (NOTICE_2026 | {"workdays": ["2025-12-24", "2027-01-02"]}, ["other-year", "other-year", "no-weekend"]),
]


@pytest.mark.parametrize(("value", "codes"), FAULTS)
def test_every_fault_of_a_loaded_calendar_is_told_at_once(value, codes):
    with pytest.raises(RequestRejected) as rejected:
        read_published_year(value)
    assert [reason.code for reason in rejected.value.reasons] == codes


def test_days_may_be_days_of_yaml():
    year = read_published_year(NOTICE_2026 | {"workdays": [date(2026, 1, 4)]})
    assert year.workdays == {date(2026, 1, 4)}


MOMENTS = st.datetimes(datetime(2004, 1, 1), datetime(2035, 12, 31), timezones=st.just(UTC))
LIMITS = st.integers(1, 40)


@given(MOMENTS, LIMITS)
def test_a_deadline_is_the_nth_working_day_after_acceptance(moment, limit):
    """The slow twin: list days one by one, and keep those that are worked."""
    day, worked = moment.astimezone(SHANGHAI).date(), []
    while len(worked) < limit:
        day += timedelta(days=1)
        if PACKAGED.is_working_day(day):
            worked.append(day)
    assert PACKAGED.deadline(moment, limit).day == worked[-1]


@given(MOMENTS, LIMITS, st.integers(-12, 14))
def test_a_deadline_depends_on_the_moment_and_not_on_how_it_is_written(moment, limit, hours):
    elsewhere = moment.astimezone(timezone(timedelta(hours=hours)))
    assert PACKAGED.deadline(moment, limit) == PACKAGED.deadline(elsewhere, limit)


@given(MOMENTS, MOMENTS, LIMITS)
def test_who_is_accepted_later_is_due_no_earlier(one, other, limit):
    first, second = sorted([one, other])
    assert PACKAGED.deadline(first, limit).day <= PACKAGED.deadline(second, limit).day
    assert PACKAGED.deadline(first, limit).day < PACKAGED.deadline(first, limit + 1).day


@given(MOMENTS, LIMITS)
def test_a_deadline_is_provisional_exactly_if_a_day_on_the_way_is_not_published(moment, limit):
    deadline = PACKAGED.deadline(moment, limit)
    assert deadline.is_provisional == (deadline.day >= date(2026, 12, 25))
    assert deadline.ends_at.astimezone(SHANGHAI).time() == time()
