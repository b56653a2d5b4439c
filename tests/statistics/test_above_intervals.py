"""Intervals that are carried through SQL over released tables hold as often as they say, and no oftener.

Each statement gives about 4,400 rows with noise of their own; 2 % are then six standard deviations (p ~ 1e-9). The twin
that must fail: the 80 % intervals of the same answers.
"""

import pytest

from privacy.mechanisms import OpenDPNoise
from tests.dp_queries.flights import GivenSums, planned, released

ROWS = 4_380
GROUPS = "FROM flights GROUP BY day, origin"
# The statement, its value for counts of 5,000 and distance sums of 2,000,000, and how many rows it has for a day.
STATEMENTS = {
    "ratio": (
        f"WITH t AS (SELECT day, origin, COUNT(*) AS n, SUM(distance) AS s {GROUPS}) "
        "SELECT day, origin, s / n AS x FROM t",
        400.0,
        3,
    ),
    "share": (f"SELECT day, origin, COUNT(*) / SUM(COUNT(*)) OVER () AS x {GROUPS}", 1 / 1095, 3),
    "running": (  # the windows of LGA's rows do not overlap
        "SELECT day, origin, x FROM (SELECT day, origin, SUM(COUNT(*)) OVER "
        f"(ORDER BY day, origin ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS x {GROUPS}) t WHERE origin = 'LGA'",
        15_000.0,
        1,
    ),
    "difference": (
        f"WITH a AS (SELECT day, origin, COUNT(*) AS n {GROUPS}), "
        "b AS (SELECT day, origin, COUNT(*) AS n FROM flights WHERE late GROUP BY day, origin) "
        "SELECT a.day, a.origin, a.n - b.n AS x FROM a JOIN b ON a.day = b.day AND a.origin = b.origin",
        0.0,
        3,
    ),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == "share" else pytest.mark.long) for name in STATEMENTS]
)
def test_intervals_hold_as_often_as_they_say(name):
    sql, truth, per_day = STATEMENTS[name]
    truths = GivenSums(lambda measure, group: 2_000_000 if measure.kind == "sum" else 5_000)
    held = {"0.95": 0, "0.8": 0}
    total = 0
    for number in range(ROWS // (365 * per_day)):
        answer = released(planned(sql, epsilon_micro=20_000_000 + number), truths, OpenDPNoise())
        total += len(answer.rows)
        for level in held:
            held[level] += sum(low <= truth <= high for low, high in answer.intervals[level]["x"])
    assert total == ROWS
    assert 0.93 < held["0.95"] / total < 0.97
    assert not 0.93 < held["0.8"] / total < 0.97
