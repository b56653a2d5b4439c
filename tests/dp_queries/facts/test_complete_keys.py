"""Keys in whose domain every row has a place, and those in which a day beyond the declared ones has none."""

import pytest

from tests.dp_queries.flights import planned

COMPLETE = {
    "origin": "",
    "month": "",
    "late": "",
    "FLOOR(distance / 500)": "",
    "day": "WHERE day BETWEEN DATE '2013-02-01' AND DATE '2013-12-31'",
    "CAST(departed AS DATE)": "WHERE departed >= DATE '2013-01-01' AND departed < DATE '2014-01-01'",
    "EXTRACT(MONTH FROM day)": "WHERE day = DATE '2013-02-03'",
}
INCOMPLETE = {
    "day": "WHERE day >= DATE '2013-02-01'",
    "CAST(departed AS DATE)": "WHERE departed >= DATE '2012-12-31' AND departed < DATE '2014-01-01'",
    "EXTRACT(MONTH FROM day)": "",
    "CASE WHEN day < DATE '2013-07-01' THEN origin END": "WHERE day <= DATE '2014-01-01' AND day >= DATE '2013-01-01'",
    "EXTRACT(DOW FROM departed)": "WHERE departed < DATE '2014-01-02' AND departed >= DATE '2013-01-01'",
}
INSIDE = {
    "SELECT EXTRACT(MONTH FROM day) AS k FROM flights": False,
    "SELECT month AS k, day FROM flights": True,
    "SELECT tailnum, MIN(EXTRACT(MONTH FROM day)) AS k FROM flights GROUP BY tailnum": False,
    "SELECT tailnum, day, MIN(month) AS k FROM flights GROUP BY tailnum, day": True,
    "SELECT month AS k FROM flights UNION ALL SELECT EXTRACT(MONTH FROM day) FROM flights": False,
    "SELECT LAG(month) OVER (PARTITION BY tailnum ORDER BY month) AS k FROM flights": True,
    "SELECT LAG(month) OVER (PARTITION BY tailnum ORDER BY day) AS k FROM flights": False,  # careful
}


def is_complete(sql):
    ((key,),) = (part.keys for part in planned(sql).aggregations)
    assert key.domain
    return key.is_complete


@pytest.mark.parametrize(("key", "where"), COMPLETE.items())
def test_complete(key, where):
    assert is_complete(f"SELECT COUNT(*) FROM flights {where} GROUP BY {key}")


@pytest.mark.parametrize(("key", "where"), INCOMPLETE.items())
def test_incomplete(key, where):
    assert not is_complete(f"SELECT COUNT(*) FROM flights {where} GROUP BY {key}")


@pytest.mark.parametrize(("rows", "expected"), INSIDE.items())
def test_days_are_followed_inside(rows, expected):
    assert is_complete(f"SELECT k, COUNT(*) FROM ({rows}) AS t GROUP BY k") is expected
