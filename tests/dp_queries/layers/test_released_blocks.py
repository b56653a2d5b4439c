"""The block of a DP aggregation: rows in the order of the selected keys, and ROLLUP, CUBE and GROUPING SETS."""

import pytest

from dp_queries.planner import analyse
from tests.dp_queries.flights import DATASET, GivenSums, planned, released
from tests.dp_queries.layers.views import refusal


def rows(sql):
    """The answer where a group of number g has g + 1 rows."""
    return released(planned(sql), GivenSums(lambda measure, group: group + 1)).rows


def digest(sql):
    return planned(sql).digest


def test_rows_come_in_the_order_of_the_selected_keys_however_they_are_grouped():
    by_origin = "SELECT origin, late, COUNT(*) FROM flights GROUP BY"
    assert [row[:2] for row in rows(f"{by_origin} late, origin")][:3] == [["EWR", False], ["EWR", True], ["EWR", None]]
    assert [row[:2] for row in rows("SELECT late, origin, COUNT(*) FROM flights GROUP BY origin, late")][:2] == [
        [False, "EWR"],
        [False, "JFK"],
    ]
    assert digest(f"{by_origin} late, origin") == digest(f"{by_origin} origin, late")


def test_rollup_puts_totals_below_groups_and_null_for_what_is_left_out():
    found = rows("SELECT origin, COUNT(*) AS n, GROUPING(origin) AS g FROM flights GROUP BY ROLLUP (origin)")
    assert found == [["EWR", 1, 0], ["JFK", 2, 0], ["LGA", 3, 0], [None, 1, 1]]


def test_grouping_tells_a_missing_value_from_a_key_that_is_left_out():
    found = rows("SELECT late, origin, COUNT(*), GROUPING(origin, late) AS g FROM flights GROUP BY CUBE (origin, late)")
    assert len(found) == 9 + 3 + 3 + 1
    assert [None, "EWR", 7, 0] in found
    assert [None, "EWR", 1, 1] in found
    assert [None, None, 3, 2] in found
    assert found[-1] == [None, None, 1, 3]


def test_what_stands_around_sees_the_groups_of_all():
    sql = "SELECT origin, COUNT(*) AS n, RANK() OVER (ORDER BY COUNT(*)) AS r FROM flights GROUP BY ROLLUP (origin)"
    assert rows(f"{sql} HAVING COUNT(*) > 1 ORDER BY n DESC LIMIT 1") == [["LGA", 3, 2]]
    assert rows(f"SELECT SUM(n) FROM ({sql}) AS t") == [[7]]
    assert rows("SELECT DISTINCT COUNT(*) AS n FROM flights GROUP BY ROLLUP (origin) ORDER BY n") == [[1], [2], [3]]


def test_every_grouping_is_charged_and_has_noise_of_its_own():
    plan = planned("SELECT origin, COUNT(*), AVG(distance) FROM flights GROUP BY ROLLUP (origin)")
    assert [len(part.measures) for part in plan.aggregations] == [2, 2]
    assert plan.groups == 4
    alone = planned("SELECT origin, COUNT(*), AVG(distance) FROM flights GROUP BY origin")
    assert plan.measures[0].noise_scale > alone.measures[0].noise_scale


def test_private_keys_are_selected_grouping_by_grouping():
    plan = planned("SELECT dest, origin, COUNT(*) FROM flights GROUP BY ROLLUP (origin, dest)")
    assert sorted(part.selection is not None for part in plan.aggregations) == [False, False, True]


def test_a_grouping_that_is_asked_alone_is_the_same_aggregation():
    twice = "SELECT origin, COUNT(*) FROM flights GROUP BY GROUPING SETS ((origin), (origin))"
    assert len(planned(twice).aggregations) == 1
    assert rows(twice) == [["EWR", 1], ["JFK", 2], ["LGA", 3]] * 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CUBE (origin, late)", "CUBE (late, origin)"),
        ("ROLLUP (origin, late)", "GROUPING SETS ((), (late, origin), (origin))"),
        ("origin, ROLLUP (late)", "GROUPING SETS ((late, origin), origin)"),
    ],
)
def test_groupings_are_the_same_however_they_are_named(one, other):
    sql = "SELECT origin, late, COUNT(*) FROM flights GROUP BY"
    assert digest(f"{sql} {one}") == digest(f"{sql} {other}")
    assert digest(f"{sql} {one}") != digest(f"{sql} origin, late")


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT GROUPING(late), COUNT(*) FROM flights GROUP BY ROLLUP (origin)", "grouping"),
        ("SELECT carrier, COUNT(*) FROM flights GROUP BY ROLLUP (origin)", "bare-column"),
        ("SELECT tailnum, COUNT(*) FROM flights GROUP BY ROLLUP (tailnum, origin)", "grouping-sets"),
        ("SELECT COUNT(*) FROM flights GROUP BY ROLLUP (origin, weight)", "private-key"),
        ("SELECT COUNT(*) FROM flights GROUP BY CUBE (origin, late, month, carrier, day)", "too-many-groupings"),
        ("SELECT " + ", ".join(f"SUM(distance + {at})" for at in range(9)) + " FROM flights GROUP BY "
         "CUBE (origin, late, month)", "too-many-aggregates"),
    ],
)  # fmt: skip
def test_what_is_refused(sql, code):
    assert refusal(sql, lambda text: analyse(text, DATASET))[0] == code
