from datetime import date

from tests.dp_queries.flights import planned


def domain(key, where="TRUE"):
    return planned(f"SELECT COUNT(*) FROM flights WHERE {where} GROUP BY {key}").keys[0].domain


def test_domains_come_from_the_card_and_the_calendar():
    assert domain("origin") == ("EWR", "JFK", "LGA")
    assert domain("late") == (False, True, None)
    assert domain("day")[::364] == (date(2013, 1, 1), date(2013, 12, 31))
    assert domain("departed::date") == domain("day")
    assert domain("EXTRACT(YEAR FROM departed)") == (2013,)
    assert domain("EXTRACT(MONTH FROM departed)") == tuple(range(1, 13))
    assert domain("EXTRACT(HOUR FROM departed)") == tuple(range(24))


def test_where_narrows_a_key_without_asking_rows():
    assert domain("origin", "origin IN ('JFK', 'XXX', 'LGA') AND origin <> 'LGA'") == ("JFK",)
    assert domain("month", "month BETWEEN 3 AND 4.5") == (3, 4)
    assert domain("month", "month NOT IN (1, 2, 3)") == tuple(range(4, 13))
    assert domain("late", "late IS NOT NULL") == (False, True)
    assert domain("late", "late IS NULL") == (None,)
    assert domain("late", "late = TRUE") == (True,)


def test_what_is_under_or_does_not_narrow():
    assert domain("month", "month = 1 OR delay > 3") == tuple(range(1, 13))
    assert domain("month", "month = distance") == tuple(range(1, 13))
