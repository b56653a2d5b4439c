"""Ordinary aggregates over released rows: total on nasty values and on no rows, and what GROUP BY means."""

from math import isfinite

import pytest

from dp_queries.errors import QueryRejected
from dp_queries.layers.above.aggregates import GROUPED
from dp_queries.syntax.parse import parse
from dp_queries.syntax.validate import validate
from tests.dp_queries.layers.above.nasty import above, empty, rows

AGGREGATES = [
    *("COUNT(*)", "COUNT(n)", "COUNT(DISTINCT t)", "SUM(n)", "SUM(DISTINCT i)", "AVG(n)", "MIN(n)", "MAX(t)", "MIN(d)"),
    *("MAX(b)", "MEDIAN(n)", "STDDEV(n)", "STDDEV_SAMP(n)", "STDDEV_POP(n)", "VARIANCE(n)", "VAR_POP(n)", "CORR(n, i)"),
    *("COVAR_POP(n, i)", "COVAR_SAMP(n, n)", "REGR_SLOPE(n, i)", "REGR_INTERCEPT(n, i)", "REGR_R2(n, i)"),
    *("SKEWNESS(n)", "KURTOSIS(n)", "BOOL_AND(b)", "BOOL_OR(b)", "QUANTILE(n, 0.9)", "APPROX_QUANTILE(n, 0.1)"),
    *("PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY n)", "PERCENTILE_DISC(0) WITHIN GROUP (ORDER BY i)"),
    *("SUM(n) FILTER (WHERE b)", "COUNTIF(n > 0)", "COUNT(*) FILTER (WHERE n > 5)"),
]


@pytest.mark.parametrize("aggregate", AGGREGATES)
@pytest.mark.parametrize("grouped", ["", " GROUP BY b", " GROUP BY ROLLUP (b, t)"])
def test_every_aggregate_is_total(aggregate, grouped):
    sql = f"SELECT {aggregate} AS a FROM nasty x{grouped}"
    validate(parse(sql))
    assert all(isfinite(row[0]) for row in rows(sql) if isinstance(row[0], float))
    assert len(empty(sql)) == (0 if grouped.endswith("BY b") else 1)


def test_every_aggregate_is_in_that_list():
    trees = [parse(f"SELECT {text} FROM nasty").tree for text in AGGREGATES]
    used = {type(node) for tree in trees for node in tree.walk()}
    assert {kind.__name__ for kind in set(GROUPED) - used} == {"Grouping"}


@pytest.mark.parametrize(
    "values", ["POWER(10, 60) * SIGN(i)", "CASE WHEN n > 1 THEN POWER(10, 60) ELSE i END", "POWER(10, 60)", "1"]
)
@pytest.mark.parametrize("name", ["SKEWNESS", "KURTOSIS", "STDDEV", "VAR_POP", "SUM"])
def test_the_largest_numbers_that_count_cannot_overflow(values, name):
    assert len(rows(f"SELECT {name}({values}) AS a FROM nasty x")) == 1


def test_groups_of_expressions_aliases_and_positions():
    assert rows("SELECT UPPER(t) AS u, COUNT(*) FROM nasty x WHERE t = 'a' GROUP BY UPPER(t)") == [["A", 1]]
    assert rows("SELECT UPPER(t) AS u, COUNT(*) FROM nasty x WHERE t = 'a' GROUP BY u") == [["A", 1]]
    assert rows("SELECT UPPER(t) || '!', COUNT(*) FROM nasty x WHERE t = 'a' GROUP BY UPPER(t)") == [["A!", 1]]
    assert rows("SELECT 1, COUNT(*) FROM nasty x WHERE i > 3 GROUP BY 1") == [[1, 6]]
    assert rows("SELECT COUNT(*) FROM nasty x WHERE i > 100 HAVING COUNT(*) > 5") == []


def test_rollup_says_which_rows_are_totals():
    sql = "SELECT b, GROUPING(b) AS g, COUNT(*) AS c FROM nasty x GROUP BY ROLLUP (b) ORDER BY g, b"
    assert rows(sql) == [[False, 0, 4], [True, 0, 5], [None, 0, 5], [None, 1, 14]]
    assert len(rows("SELECT b, COUNT(*) FROM nasty x GROUP BY GROUPING SETS ((b), ())")) == 4
    assert len(rows("SELECT COUNT(*) FROM nasty x GROUP BY CUBE (b)")) == 4


def test_noise_of_aggregates_is_that_of_their_rows():
    noisy = [column.is_noisy for column in above("SELECT COUNT(*), COUNT(i), SUM(n), MAX(i) FROM nasty x").columns]
    assert noisy == [False, False, True, False]
    chosen = above("SELECT COUNT(*), MAX(i) FROM nasty x WHERE n > 1")
    assert [column.is_noisy for column in chosen.columns] == [True, True]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT i FROM nasty x GROUP BY b", "bare-column"),
        ("SELECT SUM(SUM(i)) FROM nasty x", "aggregate-below"),
        ("SELECT i FROM nasty x WHERE SUM(i) > 1", "aggregate-below"),
        ("SELECT SUM(t) FROM nasty x", "not-a-number"),
        ("SELECT QUANTILE(n, 2) FROM nasty x", "fraction"),
        ("SELECT STRING_AGG(t, ',') FROM nasty x", "aggregate"),
        ("SELECT ARRAY_AGG(t) FROM nasty x", "aggregate"),
        ("SELECT COUNT(*) FROM nasty x GROUP BY CUBE (n, i, t, d, m, b, n + 1)", "too-many-groupings"),
        ("SELECT GROUPING(b) FROM nasty x", "grouping"),
    ],
)
def test_refusals(sql, code):
    with pytest.raises(QueryRejected) as refusal:
        validate(parse(sql))
        rows(sql)
    assert refusal.value.reasons[0].code == code
