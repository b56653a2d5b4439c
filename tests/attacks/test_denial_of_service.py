"""Attack 22: text that keeps the room busy. Every refusal is quick, and what is accepted has bounded work."""

import pytest

from dp_queries.errors import QueryRejected
from dp_queries.planner import analyse
from tests.dp_queries.flights import DATASET
from tests.stopwatch import stopwatch

HUGE = {
    "in_list": "SELECT COUNT(*) FROM flights WHERE month IN (" + "1," * 2_000_000 + "1)",
    "in_list_64k": "SELECT COUNT(*) FROM flights WHERE month IN (" + "1," * 30_000 + "1)",
    "brackets": "SELECT COUNT(*) FROM flights WHERE " + "(" * 30_000 + "late" + ")" * 30_000,
    "not": "SELECT COUNT(*) FROM flights WHERE " + "NOT " * 2_900 + "late",
    "case": "SELECT " + "CASE WHEN TRUE THEN " * 500 + "1" + " END" * 500 + " FROM flights",
    "joins": "SELECT COUNT(*) FROM flights" + " JOIN airports ON dest = faa" * 200,
    "self_joins": "SELECT COUNT(*) FROM flights a" + "".join(f" JOIN flights b{i} USING (tailnum)" for i in range(8)),
    "columns": "SELECT " + ", ".join(["COUNT(*)"] * 700) + " FROM flights",
    "aggregates": "SELECT " + ", ".join(f"SUM(distance + {i})" for i in range(90)) + " FROM flights",
    "groups": "SELECT COUNT(*) FROM flights GROUP BY " + ", ".join(f"EXTRACT({part} FROM departed)" for part in
              ("HOUR", "DAY", "MONTH", "DOW")) + ", day",
    "pattern": "SELECT COUNT(*) FROM flights WHERE note LIKE '" + "%a" * 90 + "'",
    "regular_expression": "SELECT COUNT(*) FROM flights WHERE note ~ '(a+)+$'",
    "quotes": "SELECT " + "'" * 60_001,
    "comments": "SELECT 1 /*" + " /*" * 20_000,
    "recursion": "WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT * FROM r) SELECT COUNT(*) FROM r",
}  # fmt: skip


@pytest.mark.parametrize("name", HUGE)
def test_a_refusal_takes_a_tenth_of_a_second(name):
    with stopwatch() as took, pytest.raises(QueryRejected):
        analyse(HUGE[name], DATASET)
    assert took[0] < 0.5  # 0.1 on a quiet machine


def test_long_but_honest_queries_are_read():
    sql = "SELECT COUNT(*) FROM flights WHERE " + " OR ".join(
        f"(month = {i % 12 + 1} AND distance > {i})" for i in range(200)
    )
    with stopwatch() as took:
        analyse(sql, DATASET)
    assert took[0] < 5


def test_many_names_do_not_multiply():
    names = ", ".join(f"origin AS a{i}" for i in range(99))
    sql = f"SELECT {names}, COUNT(*) FROM flights GROUP BY {', '.join(f'a{i}' for i in range(99))}, dest"
    (aggregation,) = analyse(sql, DATASET).layers.aggregations
    assert len(aggregation.keys) == 2
