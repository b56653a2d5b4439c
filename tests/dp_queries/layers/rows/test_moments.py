from datetime import date, datetime

import pytest

from dp_queries.backends.evaluate import Steps, evaluate
from dp_queries.errors import QueryRejected
from tests.dp_queries.layers.rows.reading import read, shown


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("EXTRACT(QUARTER FROM at)", "quarter(at)"),
        ("DATE_PART('isodow', day)", "isodow(day)"),
        ("EXTRACT(EPOCH FROM at)", "epoch(at)"),
        ("EXTRACT(EPOCH FROM (at - TIMESTAMP '2013-01-01 00:00:00'))", "seconds_between(2013-01-01 00:00:00, at)"),
        ("EXTRACT(EPOCH FROM at - day)", "seconds_between(to_timestamp(day), at)"),
        ("YEAR(at)", "year(at)"),
        ("WEEK(day)", "week(day)"),
        ("DAYOFWEEK(day)", "dow(day)"),
        ("DAYOFYEAR(day)", "doy(day)"),
        ("MINUTE(at)", "minute(at)"),
        ("DATE_TRUNC('month', at)", "trunc_month(at)"),
        ("DATE_TRUNC('weeks', day)", "trunc_week(day)"),
        ("DATE_TRUNC('hour', at)", "trunc_hour(at)"),
        ("day + INTERVAL '3 days'", "add_days(day, 3)"),
        ("INTERVAL '1' MONTH + day", "add_months(day, 1)"),
        ("day - INTERVAL '2 weeks'", "add_days(day, -14)"),
        ("at - INTERVAL -1 YEAR", "add_months(at, 12)"),
        ("at + (INTERVAL '90 minutes')", "add_seconds(at, 5400)"),
        ("day + INTERVAL '36 hours'", "add_seconds(to_timestamp(day), 129600)"),
        ("DATE_ADD(day, INTERVAL 1 DAY)", "add_days(day, 1)"),
        ("DATE_SUB(day, INTERVAL 1 QUARTER)", "add_months(day, -3)"),
        ("day + 3", "add_days(day, 3)"),
        ("3 + day", "add_days(day, 3)"),
        ("day - 3", "add_days(day, -3)"),
        ("day - DATE '2013-01-01'", "days_between(2013-01-01, day)"),
        ("DATE_DIFF('day', day, at)", "days_between(day, at)"),
        ("DATE_DIFF('day', at, trips.day)", "days_between(at, day)"),
        ("DATEDIFF('day', '2013-01-01', at::date)", "days_between(2013-01-01, date(at))"),
        ("DATE_DIFF('day', at, '2013-05-01')", "days_between(at, 2013-05-01)"),
    ],
)
def test_moments(sql, expected):
    assert shown(sql) == expected


EARLY, LATE = datetime(2012, 12, 30, 23, 59, 59), datetime(2013, 3, 1, 1)


@pytest.mark.parametrize(
    ("unit", "count"),
    # As DuckDB's date_diff counts: boundaries that are crossed.
    [("year", 1), ("quarter", 1), ("month", 3), ("week", 9), ("day", 61), ("hour", 1442), ("minute", 86461)],
)
def test_differences_count_boundaries(unit, count):
    row = ({"seen": EARLY, "at": LATE},)
    assert evaluate(read(f"DATE_DIFF('{unit}', seen, at)")[0], row) == Steps(count)
    assert evaluate(read(f"DATE_DIFF('{unit}', at, seen)")[0], row) == Steps(-count)
    assert evaluate(read(f"DATE_DIFF('{unit}', at, at)")[0], row) == Steps(0)


def test_a_difference_in_seconds_of_a_date_begins_at_midnight():
    row = ({"day": date(2013, 3, 1), "at": LATE},)
    assert evaluate(read("DATE_DIFF('second', day, at)")[0], row) == Steps(3600)


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("EXTRACT(DECADE FROM at)", "extract"),
        ("EXTRACT(HOUR FROM day)", "not-a-moment"),
        ("YEAR(note)", "not-a-moment"),
        ("YEAR('last year')", "moment"),
        ("DATE_TRUNC('decade', at)", "date-trunc"),
        ("DATE_TRUNC('hour', day)", "not-a-moment"),
        ("DATE_TRUNC('day', at, 'UTC')", "time-zone"),
        ("at AT TIME ZONE 'UTC'", "time-zone"),
        ("day + INTERVAL '1.5 days'", "interval"),
        ("day + INTERVAL '1 month 2 days'", "interval"),
        ("day + INTERVAL '1'", "interval"),
        ("day + INTERVAL month DAY", "interval"),
        ("day + INTERVAL '9000000000 days'", "interval"),
        ("day + 1.5", "interval"),
        ("day + month", "interval"),
        ("day + 5000000", "interval"),
        ("at + 1", "interval"),
        ("INTERVAL '1 day'", "not-on-rows"),
        ("day - at", "date-difference"),
        ("1 - day", "date-difference"),
        ("DATEDIFF(day, at)", "date-difference"),
        ("DATE_DIFF('decade', at, day)", "date-difference"),
        ("DATE_DIFF('day', at, day)", "ambiguous-column"),
        ("DATE_DIFF('day', at, nowhere)", "unknown-column"),
        ("CURRENT_DATE", "now"),
        ("NOW()", "now"),
        ("AGE(day)", "function"),
    ],
)
def test_what_is_refused_says_why(sql, code):
    with pytest.raises(QueryRejected) as refusal:
        read(sql)
    assert refusal.value.reasons[0].code == code
