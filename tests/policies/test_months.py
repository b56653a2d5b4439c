"""Months are those of Shanghai's calendar: a step forward and back again, whatever the month's length."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from policies.months import months_between, months_later

MOMENTS = st.datetimes(datetime(2004, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-01-31T12:00", 1, "2026-02-28T12:00"),
        ("2027-12-31T12:00", 2, "2028-02-29T12:00"),
        ("2026-01-31T16:00", 1, "2026-02-28T16:00"),  # in Shanghai it is the first of February
        ("2026-03-31T12:00", 0, "2026-03-31T12:00"),
    ],
)
def test_a_month_that_is_too_short_ends_on_its_last_day(start: str, months: int, end: str):
    moved = months_later(datetime.fromisoformat(start).replace(tzinfo=UTC), months)
    assert moved == datetime.fromisoformat(end).replace(tzinfo=UTC)


@given(MOMENTS, st.integers(0, 100))
def test_as_many_months_have_passed_as_were_stepped(start: datetime, months: int):
    later = months_later(start, months)
    assert months_between(start, later) == months
    if months:
        assert months_between(start, later - timedelta(seconds=1)) == months - 1
