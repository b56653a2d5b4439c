"""Attack 15: make a row raise (divide by zero, overflow, a bad cast) and read the error. Nothing that stands in a row
may change whether, or what, the door says; and hostile text may only be refused, never break the planner.
"""

import contextlib
import json
import re
from datetime import date, datetime
from decimal import Decimal
from random import Random

import pytest

from dp_queries.backends.reference import ReferenceBackend
from policies.errors import JaliError
from tests.dp_queries.flights import DATASET, GivenSums, planned, released
from tests.dp_queries.random_sql import select

ORDINARY = {
    "tailnum": "N1",
    "carrier": "AA",
    "origin": "JFK",
    "dest": "LAX",
    "month": 1,
    "distance": 100,
    "delay": Decimal("1.5"),
    "weight": 2.5,
    "departed": datetime(2013, 1, 1, 5),
    "day": date(2013, 1, 1),
    "late": False,
    "note": "",
}
HOSTILE = [
    {"distance": 0},
    {"delay": None},
    {"delay": Decimal(0)},
    {"weight": float("nan")},
    {"weight": float("inf")},
    {"weight": 1.7e308},
    {"distance": 2**31},
    {"distance": -(2**62)},
    {"origin": "'; DROP TABLE flights --"},
    {"note": None, "late": None},
    {"day": date(1, 1, 1), "departed": datetime(9999, 12, 31, 23)},
    {"dest": "%_\\" * 50},
]
QUESTIONS = [
    "SELECT COUNT(*) FROM flights WHERE 1 / distance > 0 OR weight * weight * weight > 1e14",
    "SELECT SUM(delay / month), AVG(distance - delay) FROM flights WHERE weight / delay < 3 OR note LIKE '%a_'",
    "SELECT day, COUNT(*) FROM flights WHERE departed > '2013-01-01' GROUP BY day ORDER BY 2 LIMIT 1",
    "SELECT late, COUNT(delay), COUNT(*) / COUNT(note) FROM flights GROUP BY late",
]


@pytest.mark.parametrize("sql", QUESTIONS)
@pytest.mark.parametrize("row", HOSTILE, ids=lambda row: re.sub(r"\W+", "-", str(row))[:30])
def test_no_row_can_raise(sql, row):
    rows = [ORDINARY, ORDINARY | row]
    answers = [released(planned(sql), ReferenceBackend({"flights": part}, DATASET)) for part in ([], rows[:1], rows)]
    shapes = {(len(answer.rows), tuple(column.type for column in answer.columns)) for answer in answers}
    assert len(shapes) == 1


@pytest.mark.parametrize("seed", range(5))
def test_random_sql_is_answered_or_refused_and_nothing_else(seed):
    answered = 0
    for part in range(120):
        draw = Random(seed * 1000 + part)
        sql = select(draw)
        plan = None
        with contextlib.suppress(JaliError):
            plan = planned(sql, epsilon_micro=draw.choice((1, 1000, 10**6)))
        if (
            plan is not None
            and plan.groups < 50
            and not any(part.selection or part.quantiles for part in plan.aggregations)
        ):
            sums = [draw.choice((0, -5, 1000, 2**40)) for _ in range(5)]
            answer = released(plan, GivenSums(lambda measure, group, sums=sums: sums[group % 5]))
            json.dumps(answer.to_json(), allow_nan=False)
            answered += 1
    assert answered
