"""Released tables: each kind of aggregate from its measures, and rounding."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from dp_queries.algebra.expressions import ColumnRef
from dp_queries.algebra.relations import Below, Scan
from dp_queries.answers.released import (
    aggregate_values,
    group_keys,
    nothing_shown,
    rounded_values,
    shown_table,
)
from dp_queries.plan import Aggregate, Aggregation, Key, Measure
from privacy.units import ContributionNorm

GRID = 4
OFFSET = 20  # steps of 1/2: values are measured from 10


def aggregation(kind):
    """An aggregation over values within [0, 50], in halves."""
    norm = ContributionNorm(l2_steps=1024, grid=GRID)

    def measure(name, upper, granularity, offset):
        return Measure(name, None, 0, upper, granularity, offset, norm, "laplace", Fraction(1))

    measures = (
        measure("sum", 100, Fraction(1, 2), OFFSET),
        measure("sum", 1600, Fraction(1), 0),
        measure("rows", 1, Fraction(1), 0),
    )
    chosen = {"count": (2,), "sum": (0,), "avg": (0, 2)}.get(kind, (0, 1, 2))
    below = Below((Scan("flights", True),))
    return Aggregation(below, (), measures, (), (Aggregate(kind, chosen),), None)


def measured(values):
    """The exact measures of one group's values, in grid steps."""
    deviations = np.array(values, dtype=float) - OFFSET / 2
    return [np.array([float(x) * GRID]) for x in (2 * deviations.sum(), (deviations**2).sum(), len(values))]


def value(kind, measures):
    return aggregate_values(aggregation(kind), measures, [])[0][0]


VALUES = [3.0, 10.5, 22.0, 48.5]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("count", 4),
        ("avg", np.mean(VALUES)),
        ("var_pop", np.var(VALUES)),
        ("var_samp", np.var(VALUES, ddof=1)),
        ("stddev_pop", np.std(VALUES)),
        ("stddev_samp", np.std(VALUES, ddof=1)),
    ],
)
def test_each_kind_is_what_it_is_called(kind, expected):
    assert value(kind, measured(VALUES)) == pytest.approx(expected)


@pytest.mark.parametrize("noise", [-1e9, -50.0, 0.0, 50.0, 1e9])
@pytest.mark.parametrize("kind", ["avg", "var_pop", "var_samp", "stddev_pop", "stddev_samp"])
def test_noise_leaves_the_bounds_never(kind, noise):
    for place in range(3):
        measures = measured(VALUES)
        measures[place] = measures[place] + noise
        limit = {"avg": 50, "var_pop": 625, "var_samp": 1250, "stddev_pop": 25, "stddev_samp": 1250**0.5}[kind]
        assert 0 <= value(kind, measures) <= limit


def test_counts_are_whole_sums_in_steps_and_the_rest_has_six_digits():
    for kind, shown in (("count", 123457.0), ("sum", 123456.5), ("avg", 123457.0), ("var_samp", 123457.0)):
        assert rounded_values(aggregation(kind), [np.array([123456.6789])])[0][0] == shown


def test_where_no_group_is_shown_a_released_table_has_its_columns_and_no_rows():
    kinds = ("text", "integer", "date")
    keys = tuple(Key(ColumnRef(0, kind, kind), (), kind) for kind in kinds)
    noisy = nothing_shown(replace(aggregation("count"), keys=keys, shown=()))
    table = shown_table(noisy)
    assert (table.num_rows, table.column_names) == (0, ["g", "k0", "k1", "k2", "a0"])


def test_groups_that_are_shown_have_the_values_at_their_places():
    keys = (
        Key(ColumnRef(0, "a", "text"), ("x", "y", None), "text"),
        Key(ColumnRef(0, "b", "integer"), (5, 7), "integer"),
    )
    part = replace(aggregation("count"), keys=keys, shown=((0, 1), (2, 0)))
    assert [column.to_pylist() for column in group_keys(part)] == [["x", None], [7, 5]]
