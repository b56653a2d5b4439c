"""Attack 22: a question whose slot lasts for hours holds a lane, and with it everybody else, at a millionth of epsilon.

Nobody waits longer for an answer than the front does, so a longer slot can only be meant to block.
"""

import pytest

from dp_queries.errors import QueryRejected
from dp_queries.planner import analyse
from tests.dp_queries.backends.worlds import DATASET as WORLD
from tests.dp_queries.flights import DATASET as FLIGHTS

FRONT_WAITS_SECONDS = 330
_SUMS = ", ".join(f"SUM(distance * {factor})" for factor in range(2, 20))
_KEYS = "origin, day, EXTRACT(HOUR FROM departed), EXTRACT(DOW FROM day), EXTRACT(MONTH FROM day)"
HOGS = (
    (FLIGHTS, f"SELECT COUNT(*) FROM flights GROUP BY {_KEYS}"),
    (FLIGHTS, f"SELECT COUNT(*), {_SUMS} FROM flights GROUP BY {_KEYS}"),
    (FLIGHTS, f"SELECT COUNT(*), {_SUMS} FROM flights GROUP BY day, EXTRACT(DOW FROM day), EXTRACT(DAY FROM day)"),
    (WORLD, "SELECT COUNT(*) FROM trips a JOIN trips b USING (person) JOIN zones z ON a.free < z.zone"),
)


@pytest.mark.parametrize("case", range(len(HOGS)))
def test_no_slot_is_longer_than_the_front_waits(case):
    dataset, sql = HOGS[case]
    try:
        query = analyse(sql, dataset)
    except QueryRejected:
        return
    assert query.slot_seconds <= FRONT_WAITS_SECONDS
