"""The block of a DP aggregation: rows in the order of the selected keys, and ROLLUP, CUBE and GROUPING SETS."""

import numpy as np
import pytest

from dp_queries.planner import analyse
from tests.dp_queries.flights import DATASET, GivenSums, planned, released
from tests.dp_queries.layers.views import refusal


class Numbered(GivenSums):
    """Of the finest grouping, group g has g + 1 rows; of the others, as many as that gives."""

    def __init__(self, plan):
        finest = max(plan.aggregations, key=lambda part: len(part.keys))
        self._keys = finest.keys
        self._rows = np.arange(1, finest.groups + 1).reshape([len(key.domain) for key in finest.keys])

    def bounded_sums(self, aggregation):
        left_out = tuple(at for at, key in enumerate(self._keys) if key not in aggregation.keys)
        rows = self._rows.sum(axis=left_out).ravel()
        return GivenSums(lambda measure, group: int(rows[group])).bounded_sums(aggregation)


def rows(sql):
    """The answer where the finest grouping has g + 1 rows in its group of number g."""
    plan = planned(sql)
    return released(plan, Numbered(plan)).rows


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
    assert found == [["EWR", 1, 0], ["JFK", 2, 0], ["LGA", 3, 0], [None, 6, 1]]


def test_grouping_tells_a_missing_value_from_a_key_that_is_left_out():
    found = rows("SELECT late, origin, COUNT(*), GROUPING(origin, late) AS g FROM flights GROUP BY CUBE (origin, late)")
    assert len(found) == 9 + 3 + 3 + 1
    assert [None, "EWR", 7, 0] in found
    assert [None, "EWR", 12, 1] in found
    assert [None, None, 24, 2] in found
    assert found[-1] == [None, None, 45, 3]


def test_what_stands_around_sees_the_groups_of_all():
    sql = "SELECT origin, COUNT(*) AS n, RANK() OVER (ORDER BY COUNT(*)) AS r FROM flights GROUP BY ROLLUP (origin)"
    assert rows(f"{sql} HAVING COUNT(*) > 1 ORDER BY n DESC LIMIT 1") == [[None, 6, 3]]
    assert rows(f"SELECT SUM(n) FROM ({sql}) AS t") == [[12]]
    assert rows("SELECT DISTINCT COUNT(*) AS n FROM flights GROUP BY ROLLUP (origin) ORDER BY n") == [
        [1],
        [2],
        [3],
        [6],
    ]


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
