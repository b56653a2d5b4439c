"""The computed festivals fall where the State Council's calendars and the published almanacs have them."""

from datetime import date

import pytest
from chinese_calendar.constants import holidays

from policies.lunisolar import dragon_boat, mid_autumn, qingming, spring_festival

NAMED = [
    (spring_festival, "Spring Festival"),
    (qingming, "Tomb-sweeping Day"),
    (dragon_boat, "Dragon Boat Festival"),
    (mid_autumn, "Mid-autumn Festival"),
]
ON_A_WEEKEND = {date(2012, 6, 23)}  # the list leaves such days out where the weekend stands anyway
WITH_ANOTHER_NAME = {date(2020, 10, 1)}  # Mid-Autumn and National Day at once


@pytest.mark.parametrize(("festival", "name"), NAMED)
def test_festivals_are_days_off_in_every_published_calendar(festival, name):
    days = {festival(year) for year in range(2008, 2027)} - ON_A_WEEKEND - WITH_ANOTHER_NAME
    assert {holidays.get(day) for day in days} == {name}
    assert not {holidays.get(day.replace(day=day.day % 28 + 1)) for day in days} <= {name}


def test_later_years_as_almanacs_have_them():
    assert [spring_festival(year) for year in (2027, 2028, 2031, 2034)] == [
        *(date(2027, 2, 6), date(2028, 1, 26), date(2031, 1, 23), date(2034, 2, 19))
    ]
    assert [qingming(year).day for year in (2027, 2028)] == [5, 4]


def test_the_leap_month_of_2033_comes_after_the_eleventh():
    """Two months between the solstices of 2033 and 2034 have no major term; the leap month is the first of them."""
    assert (mid_autumn(2033), spring_festival(2034)) == (date(2033, 9, 8), date(2034, 2, 19))


def test_a_leap_month_moves_what_follows():
    """Leap month 6 of 2025: Mid-Autumn comes 19 days later than the year before, and 11 earlier the year after."""
    assert [mid_autumn(year) for year in (2024, 2025, 2026)] == [
        *(date(2024, 9, 17), date(2025, 10, 6), date(2026, 9, 25))
    ]
