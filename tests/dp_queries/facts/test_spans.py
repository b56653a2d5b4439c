from datetime import date

import pytest

from dp_queries.facts.expressions import Facts
from dp_queries.facts.spans import days_after, leaves_calendar

WINTER = Facts("date", days=(date(2012, 12, 30), date(2013, 2, 1)))


def amount(count):
    return Facts("integer", domain=(count,))


@pytest.mark.parametrize(
    ("operator", "parts", "expected"),
    [
        ("trunc_quarter", [WINTER], (date(2012, 10, 1), date(2013, 1, 1))),
        ("trunc_hour", [WINTER], WINTER.days),
        ("add_days", [WINTER, amount(-30)], (date(2012, 11, 30), date(2013, 1, 2))),
        ("add_months", [WINTER, amount(2)], (date(2013, 2, 28), date(2013, 4, 1))),
        ("add_seconds", [WINTER, amount(0)], WINTER.days),
        ("add_seconds", [WINTER, amount(86400)], (date(2012, 12, 31), date(2013, 2, 2))),
        ("add_days", [WINTER, amount(-3_000_000)], (date.min, date.max)),
        ("trunc_week", [Facts("date")], None),
        ("greatest", [WINTER, Facts("date")], None),
    ],
)
def test_ends_go_where_the_twin_sends_them(operator, parts, expected):
    assert days_after(operator, parts) == expected


def test_the_calendar_ends():
    assert not leaves_calendar("add_days", [WINTER, amount(1)])
    assert leaves_calendar("add_days", [WINTER, amount(3_000_000)])
    assert leaves_calendar("add_months", [Facts("date"), amount(1)])
    assert leaves_calendar("add_seconds", [Facts("timestamp", days=(date.min, date.min)), amount(-1)])
