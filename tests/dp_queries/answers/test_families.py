"""Which measures are a family, what becomes of their noise, and that what is released of them agrees."""

import random
from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pytest

from dp_queries.answers.families import Families
from dp_queries.answers.noise_draws import JointDraws
from dp_queries.answers.released import Noisy, made_consistent
from dp_queries.backends.reference import ReferenceBackend
from dp_queries.plan import Plan
from dp_queries.pricing.accuracy import measure_half_width
from dp_queries.release import released_values
from privacy.intervals import standard_deviation
from privacy.mechanisms import OpenDPChoice, OpenDPNoise
from tests.dp_queries.flights import DATASET, GivenSums, charge, planned, released

ROLLUP = "SELECT origin, late, COUNT(*) AS n, AVG(delay) AS a FROM flights GROUP BY ROLLUP (origin, late)"
CUBE = "SELECT COUNT(*) AS n, SUM(distance) FROM flights GROUP BY CUBE (origin, late, carrier)"
IN_2013 = "WHERE day BETWEEN DATE '2013-01-01' AND DATE '2013-12-31'"


def families(sql):
    """By family, what is measured and the keys of each of its tables."""
    plan = planned(sql)
    found = set()
    for family in Families(plan.aggregations)._all:
        parts = [plan.aggregations[at] for at, _ in family.places]
        (kind,) = {part.measures[number].kind for part, (_, number) in zip(parts, family.places, strict=True)}
        keys = sorted("".join(key.expression.column[0] for key in part.keys) for part in parts)
        found.add((kind, *keys))
    return found


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("COUNT(*) FROM flights GROUP BY ROLLUP (origin, late)", {("rows", "", "lo", "o")}),
        ("AVG(delay) FROM flights GROUP BY ROLLUP (origin)", {("sum", "", "o"), ("present", "", "o")}),
        ("COUNT(*) FROM flights GROUP BY GROUPING SETS ((origin), (month))", {("rows", "m", "o")}),
        ("COUNT(*), COUNT(DISTINCT tailnum) FROM flights GROUP BY ROLLUP (origin)", {("rows", "", "o")}),
        ("MEDIAN(delay), COUNT(DISTINCT month) FROM flights GROUP BY ROLLUP (origin)", set()),
        ("COUNT(*) FROM flights GROUP BY origin", set()),
        ("COUNT(*) FROM flights GROUP BY ROLLUP (origin, dest)", {("rows", "", "o")}),  # dest is private
        ("COUNT(*) FROM flights GROUP BY CUBE (origin, day)", {("rows", "d", "do"), ("rows", "", "o")}),
        (f"COUNT(*) FROM flights {IN_2013} GROUP BY CUBE (origin, day)", {("rows", "", "d", "do", "o")}),
    ],
)
def test_families(select, expected):
    assert families(f"SELECT {select}") == expected


def test_blocks_of_one_statement_are_a_family_if_their_rows_are_the_same():
    ratio = "SELECT a.origin, a.n / t.n FROM (SELECT origin, COUNT(*) AS n FROM flights {} GROUP BY origin) AS a, "
    ratio += "(SELECT COUNT(*) AS n FROM flights) AS t"
    assert families(ratio.format("")) == {("rows", "", "o")}
    assert families(ratio.format("WHERE late")) == set()


def test_the_order_of_groupings_and_of_keys_is_no_other_plan():
    one = planned("SELECT COUNT(*) AS n FROM flights GROUP BY GROUPING SETS ((origin, late), (origin), ())")
    other = planned("SELECT COUNT(*) AS n FROM flights GROUP BY GROUPING SETS ((), (late, origin), (origin))")
    assert one.digest == other.digest
    assert one.aggregations == other.aggregations


@pytest.mark.parametrize("sql", [ROLLUP, CUBE])
@pytest.mark.parametrize("epsilon_micro", [20_000, 1_000_000])
def test_no_group_is_noisier_than_apart_and_its_stated_error_is_what_is_left(sql, epsilon_micro):
    plan = planned(sql, epsilon_micro=epsilon_micro)
    for measure in plan.measures:
        before = standard_deviation(measure.mechanism, measure.noise_scale)
        after = np.hypot(before * measure.spread.own, measure.spread.rest)
        assert 0.3 * before < after < 0.999 * before
        width = float(measure_half_width(measure, 0.95)) / float(measure.granularity) * measure.norm.grid
        assert 1.9 * after < width < 2.2 * after


def noisy(plan: Plan, draws: int):
    """Released measures of truths that agree (a row in each group of all keys), by aggregation and measure."""
    cells = max(part.groups for part in plan.aggregations)
    backend = GivenSums(lambda measure, group: 0)
    found = []
    for _ in range(draws):
        raw = released_values(plan, charge(plan), backend, noise=OpenDPNoise(), choice=OpenDPChoice())
        true = [
            Noisy(
                part.aggregation,
                tuple(
                    values + cells // part.aggregation.groups * measure.norm.grid
                    for measure, values in zip(part.aggregation.measures, part.measures, strict=True)
                ),
            )
            for part in raw
        ]
        found.append(made_consistent(true))
    return found


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) AS n FROM flights GROUP BY ROLLUP (origin)",
        pytest.param(ROLLUP, marks=pytest.mark.long),
        pytest.param(CUBE, marks=pytest.mark.long),
    ],
)
def test_what_is_left_of_noise_is_what_is_stated_and_what_is_simulated(sql):
    """Of 400 releases and as many draws, a table's groups together: within six deviations of the stated variance."""
    plan = planned(sql)
    releases = noisy(plan, 400)
    draws = JointDraws(releases[0], np.random.default_rng(1))
    simulated = [draws._noise() for _ in range(400)]
    cells = max(part.groups for part in plan.aggregations)
    for at, part in enumerate(plan.aggregations):
        for number, measure in enumerate(part.measures):
            scale = standard_deviation(measure.mechanism, measure.noise_scale)
            stated = (scale * measure.spread.own) ** 2 + measure.spread.rest**2
            true = cells // part.groups * measure.norm.grid
            within = 6 * ((5 if measure.mechanism == "laplace" else 2) / 400) ** 0.5  # as of one group
            errors = np.array([release[at].measures[number] - true for release in releases])
            assert np.mean(errors**2) == pytest.approx(stated, rel=within)
            drawn = np.array([noise[at][number] for noise in simulated])
            assert np.mean(drawn**2) == pytest.approx(stated, rel=within)


def test_totals_that_are_shown_are_the_sums_of_their_parts():
    sql = "SELECT origin, late, COUNT(*) AS n, SUM(distance) AS s FROM flights GROUP BY CUBE (origin, late)"
    sql = sql.replace("late,", "GROUPING(origin) AS g, GROUPING(late) AS h, late,", 1)
    answer = released(planned(sql), GivenSums(lambda measure, group: 100), OpenDPNoise())
    rows = [dict(zip(("origin", "g", "h", "late", "n", "s"), row, strict=True)) for row in answer.rows]
    assert len(rows) == 16
    for column in ("n", "s"):
        parts = [row for row in rows if not row["g"] and not row["h"]]
        total = sum(row[column] for row in parts)
        assert [row[column] for row in rows if row["g"] and row["h"]] == [total]
        for origin in ("EWR", "JFK", "LGA"):
            mine = sum(row[column] for row in parts if row["origin"] == origin)
            assert [row[column] for row in rows if row["origin"] == origin and row["h"]] == [mine]
        assert sum(row[column] for row in rows if row["g"] and not row["h"]) == total


def rows_of_flights(seed):
    """Rows with all that could keep one out of a group: NULLs, days beyond the declared ones, bounds exceeded."""
    draw = random.Random(seed)
    for _ in range(120):
        day = date(draw.choice((2011, 2013, 2013, 2015)), draw.randint(1, 12), draw.randint(1, 28))
        yield {
            "tailnum": f"N{draw.randint(1, 30)}",
            "carrier": draw.choice(("AA", "DL", "UA")),
            "origin": draw.choice(("EWR", "JFK", "LGA")),
            "dest": "ATL",
            "month": draw.randint(1, 12),
            "distance": draw.randint(-100, 6000),
            "delay": draw.choice((None, Decimal("-70"), Decimal("3.5"), Decimal("700"))),
            "weight": draw.choice((0.5, float("nan"))),
            "departed": datetime.combine(day, datetime.min.time()),
            "day": day,
            "late": draw.choice((None, True, False)),
            "note": draw.choice((None, "a")),
        }


KEYS = [
    "origin",
    "late",
    "FLOOR(distance / 500)",
    "FLOOR(delay / 100)",
    "EXTRACT(QUARTER FROM day)",
    "CASE WHEN late THEN origin END",
    "COALESCE(late, month > 6)",
    "NULLIF(month, 3)",
]


@pytest.mark.parametrize("seed", range(6))
def test_the_truths_of_a_family_agree_whatever_the_rows_hold(seed):
    """Unclipped sums over awkward rows are left as they are; days that have no group would give them away."""
    draw = random.Random(seed)
    keys = draw.sample(KEYS, 2)
    where = draw.choice(("", IN_2013, "WHERE distance > 1000"))
    asked = "COUNT(*), SUM(distance), AVG(delay), COUNT(delay)"
    plan = planned(f"SELECT {asked} FROM flights {where} GROUP BY CUBE ({', '.join(keys)})", epsilon_micro=20_000)
    tables = {"flights": list(rows_of_flights(seed)), "planes": [], "airports": [], "weather": []}
    backend = ReferenceBackend(tables, DATASET)
    sums = {at: list(backend.bounded_sums(part).totals.astype(float)) for at, part in enumerate(plan.aggregations)}
    assert all(len(part.measures) == len(sums[at]) for at, part in enumerate(plan.aggregations))  # nothing is chosen
    made = Families(plan.aggregations)
    assert made
    for at, measures in made.consistent(sums).items():
        for mine, true in zip(measures, sums[at], strict=True):
            assert mine == pytest.approx(true, rel=1e-9, abs=1e-3)
    assert all(np.abs(true).max() > 0 for true in sums[0])
