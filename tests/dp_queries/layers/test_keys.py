from datetime import date

import pytest

from dp_queries.planner import analyse
from tests.dp_queries.flights import DATASET
from tests.dp_queries.layers.views import refusal


def draft(sql):
    (found,) = analyse(sql, DATASET).layers.aggregations
    return found


def test_a_declared_domain_makes_groups_and_conditions_narrow_it():
    assert draft("SELECT origin, COUNT(*) FROM flights GROUP BY origin").keys[0].domain == ("EWR", "JFK", "LGA")
    narrowed = draft("SELECT month, COUNT(*) FROM flights WHERE month < 3 GROUP BY month")
    assert narrowed.keys[0].domain == (1, 2)


def test_conditions_on_a_joined_table_and_on_instants_narrow_too():
    join = "SELECT zone, COUNT(*) FROM flights JOIN airports ON dest = faa WHERE zone = 'west' GROUP BY zone"
    assert draft(join).keys[0].domain == ("west",)
    optional = "SELECT zone, COUNT(*) FROM flights LEFT JOIN airports ON dest = faa AND zone = 'west' GROUP BY zone"
    assert draft(optional).keys[0].domain == ("east", "west", None)
    days = "SELECT departed::date AS d, COUNT(*) FROM flights WHERE departed < '2013-01-03 12:00:00' GROUP BY d"
    assert draft(days).keys[0].domain == tuple(date(2013, 1, day) for day in (1, 2, 3))


def test_a_key_without_a_domain_is_private_and_its_groups_are_capped_by_the_card():
    found = draft("SELECT dest, COUNT(*) FROM flights GROUP BY dest")
    assert found.keys[0].domain is None
    assert (found.groups_at_most, found.groups_per_unit) == (150, 150)
    once = draft("SELECT d, COUNT(*) FROM (SELECT MIN(dest) AS d FROM flights GROUP BY tailnum) x GROUP BY d")
    assert (once.groups_at_most, once.groups_per_unit) == (151, 1)  # and NULL


def test_a_column_has_no_more_values_than_its_table_has_rows():
    found = draft("SELECT faa, COUNT(*) FROM flights JOIN airports ON dest = faa GROUP BY faa")
    assert (found.keys[0].domain, found.groups_at_most) == (None, 2000)
    either = draft("SELECT faa, COUNT(*) FROM flights LEFT JOIN airports ON dest = faa GROUP BY faa")
    assert either.groups_at_most == 2001  # and NULL


def test_keys_of_rows_per_unit_keep_their_domain():
    inner = "(SELECT tailnum, MIN(origin) AS first, COUNT(*) AS n FROM flights GROUP BY tailnum) x"
    found = draft(f"SELECT first, COUNT(*) FROM {inner} GROUP BY first")
    assert set(found.keys[0].domain) == {"EWR", "JFK", "LGA", None}
    assert found.groups_per_unit == 1


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("tailnum", "unit-key"),
        ("LOWER(tailnum)", "unit-key"),
        ("weight", "private-key"),
        ("distance * delay", "private-key"),
    ],
)
def test_what_is_refused(key, code):
    sql = f"SELECT COUNT(*) FROM flights GROUP BY {key}"
    assert refusal(sql, lambda text: analyse(text, DATASET))[0] == code


def test_conditions_that_leave_no_group_and_keys_that_make_too_many():
    none = "SELECT month, COUNT(*) FROM flights WHERE month > 12 GROUP BY month"
    assert refusal(none, lambda text: analyse(text, DATASET))[0] == "no-groups"
    parts = "EXTRACT(HOUR FROM departed), EXTRACT(DAY FROM day), WIDTH_BUCKET(distance, 0, 5000, 100)"
    keys = f"month, origin, carrier, {parts}"
    days = f"SELECT COUNT(*) FROM flights GROUP BY {keys}"
    assert refusal(days, lambda text: analyse(text, DATASET))[0] == "too-many-groups"
