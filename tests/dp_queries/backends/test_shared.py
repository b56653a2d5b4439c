"""Aggregations that share a scan get the very sums that each has alone, by DuckDB and by the twin."""

from dataclasses import replace
from fractions import Fraction
from math import prod

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from dp_queries.backends.reference import ReferenceBackend
from dp_queries.backends.shared import shared_stream
from dp_queries.measures import Measure, NormChoice
from dp_queries.plan import Aggregation
from dp_queries.planner import analyse
from dp_queries.shared_scans import read_together
from privacy.ladder import Ladder
from tests.dp_queries.backends.random_plans import aggregations, tables
from tests.dp_queries.backends.test_agreement import opened
from tests.dp_queries.backends.worlds import DATASET, Tables
from tests.dp_queries.flights import DATASET as FLIGHTS, planned

TWO = "SELECT a.n, b.n AS m FROM (SELECT COUNT(*) AS n FROM flights) AS a, ({}) AS b"
LARGE = "SELECT COUNT(*), SUM(distance) FROM flights GROUP BY ROLLUP ((day, month, origin), carrier, late)"
_calm = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
)


def climbing(measure: Measure) -> Measure:
    """The measure with a ladder around its norm."""
    ladder = Ladder.around(measure.norm, below=2, above=1, most_steps=10**6)
    return replace(measure, choice=NormChoice(ladder, Fraction(1), (Fraction(1),) * len(ladder.norms)))


@st.composite
def families(draw: st.DrawFn) -> list[Aggregation]:
    """Aggregations over the rows of one of them, by some of all their keys, of some of their measures."""
    several = draw(st.lists(aggregations(), min_size=2, max_size=3))
    keys = list(dict.fromkeys(key for part in several for key in part.keys))
    measures = [part for one in several[:1] for part in one.measures if part.kind != "distinct"]
    if draw(st.booleans()):
        measures = list(map(climbing, measures))
    found = []
    for _ in range(draw(st.integers(2, 4))):
        chosen = draw(st.lists(st.sampled_from(keys), max_size=3, unique=True)) if keys else []
        of_these = draw(st.lists(st.sampled_from(measures), max_size=3, unique=True)) if measures else []
        found.append(replace(several[0], keys=tuple(chosen), measures=tuple(of_these), quantiles=(), aggregates=()))
    return found


@_calm
@given(rows=tables(), several=st.lists(families(), min_size=6, max_size=6), threads=st.integers(1, 2))
def test_sums_are_the_same_together_and_apart(rows: Tables, several: list[list[Aggregation]], threads: int) -> None:
    twin = ReferenceBackend(rows, DATASET)
    with opened(rows, threads=threads, ranges=2) as backend:
        for parts in several:
            if prod(part.groups for part in parts) and all(column_fits(part) for part in parts):
                found = backend.sums_together(parts)
                for part, mine in zip(parts, found, strict=True):
                    alone, theirs = backend.bounded_sums(part), twin.bounded_sums(part)
                    assert mine.totals.tolist() == alone.totals.tolist() == theirs.totals.tolist()
                    assert mine.norms == alone.norms == theirs.norms


def column_fits(part: Aggregation) -> bool:
    """Whether all that it reads is of the rows it is over: keys of other plans may be of relations that are missing."""
    try:
        shared_stream([part], DATASET)
    except (ValueError, IndexError, KeyError):
        return False
    return True


def test_each_key_and_each_value_is_asked_for_once() -> None:
    sql = "SELECT COUNT(*), SUM(distance), AVG(distance) FROM flights GROUP BY CUBE (origin, month, late)"
    parts = planned(sql).aggregations
    wanted = shared_stream(parts, FLIGHTS)
    columns = wanted.select.split(" FROM ")[0]
    assert [columns.count(name) for name in ('"origin"', '"month"', '"late"', '"distance"')] == [1, 1, 1, 1]
    assert read_together(parts) == [tuple(range(8))]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT COUNT(*) FROM flights GROUP BY ROLLUP (origin, dest)", [1, 2]),  # private keys are read apart
        ("SELECT MEDIAN(delay) FROM flights GROUP BY ROLLUP (origin)", [1, 1]),
        ("SELECT COUNT(DISTINCT month) FROM flights GROUP BY ROLLUP (origin)", [1, 1]),
        ("SELECT COUNT(DISTINCT tailnum) FROM flights GROUP BY ROLLUP (origin)", [2]),
        (TWO.format("SELECT COUNT(*) AS n FROM flights WHERE late"), [1, 1]),
        (TWO.format("SELECT MAX(n) AS n FROM (SELECT COUNT(*) AS n FROM flights GROUP BY day) t"), [2]),
        ("SELECT COUNT(*) FROM flights GROUP BY ROLLUP ((day, month, origin), carrier, late)", [4]),
        (LARGE, [1, 1, 1, 1]),
    ],
)
def test_what_is_read_together(sql: str, expected: list[int]) -> None:
    plan = planned(sql)
    assert sorted(map(len, read_together(plan.aggregations))) == expected
    assert read_together(plan.aggregations) == read_together(analyse(sql, FLIGHTS).layers.aggregations)
