"""Attacks 8, 22, 32: work that one unit's rows cause, until the answer misses its slot and is withheld: one exact bit.

`WHERE person = 'p17' AND note LIKE '%_%_%_...~'` makes the engine's naive matcher try C(length, 10) ways per row of
that one person, and nothing without them. So what a row may cost is bounded, whatever the row and the pattern hold.
"""

from contextlib import suppress
from time import perf_counter

import pytest

from dp_queries.answers.released import dry_run
from dp_queries.backends.duckdb import DuckDBBackend
from dp_queries.errors import QueryRejected
from dp_queries.planner import analyse
from dp_queries.pricing.offers import priced
from tests.attacks.test_sensitivity_understated import people_world
from tests.dp_queries.backends.worlds import DATASET, KEY, aggregation, write
from tests.stopwatch import stopwatch

TEXT = "x" * 38
PATTERNS = ("%_%_%_%_%_%_%_%_%_%~", "%x_%x_%x_%x_%x_%x_%x_%x_%~", "%x%x%x%x%x%x%x%x%x%~")


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_takes_no_longer_on_one_units_row(pattern, tmp_path):
    rows = people_world([1])
    rows["trips"][0]["note"] = TEXT
    try:
        query = analyse(f"SELECT COUNT(*) AS n FROM trips WHERE person = 1 AND note LIKE '{pattern}'", DATASET)
    except QueryRejected:
        return  # bounded by refusal
    (asked,), _ = priced(query, 1_000_000)
    with DuckDBBackend(write(rows, tmp_path / "one.duckdb"), KEY, DATASET) as backend:
        backend.bounded_sums(aggregation(*asked.measures))  # everything is warm
        with stopwatch(perf_counter) as took:
            backend.bounded_sums(asked)
    assert took[0] < 0.3


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_over_constants_does_not_keep_the_room_busy_for_free(pattern):
    """`explain` is free, and the engine folds constants: in the room's own process, where nobody can kill it."""
    dry_run(*_above("'x' LIKE 'x'"))
    with stopwatch() as took, suppress(QueryRejected):
        dry_run(*_above(f"'{TEXT}' LIKE '{pattern}'"))
    assert took[0] < 0.3


def _above(condition):
    query = analyse(f"SELECT COUNT(*) AS n FROM trips HAVING {condition}", DATASET)
    return query.layers.statements[0], priced(query, 1_000_000)[0]
