"""Window functions over released rows and aggregates."""

import pytest

from dp_queries.errors import QueryRejected
from dp_queries.layers.above.windows import RANKS
from dp_queries.syntax.parse import parse
from dp_queries.syntax.validate import validate
from tests.dp_queries.layers.above import nasty, tables

WINDOWS = [
    *("ROW_NUMBER() OVER (ORDER BY n)", "RANK() OVER (ORDER BY n DESC NULLS LAST)", "DENSE_RANK() OVER (ORDER BY t)"),
    *("PERCENT_RANK() OVER (ORDER BY n)", "CUME_DIST() OVER (PARTITION BY b ORDER BY n)", "NTILE(3) OVER (ORDER BY d)"),
    *("LAG(n) OVER (ORDER BY i)", "LEAD(t, 2, 'none') OVER (ORDER BY i)", "LAG(i, 1, n) OVER (ORDER BY i)"),
    *(
        "FIRST_VALUE(n) OVER (ORDER BY i)",
        "LAST_VALUE(n IGNORE NULLS) OVER (ORDER BY i)",
        "NTH_VALUE(n, 2) OVER (ORDER BY i)",
    ),
    *("SUM(n) OVER ()", "SUM(i) OVER (ORDER BY n)", "AVG(n) OVER (PARTITION BY b)", "COUNT(*) OVER (ORDER BY t)"),
    *(
        "COUNT(DISTINCT t) OVER ()",
        "MEDIAN(n) OVER (ORDER BY i)",
        "STDDEV(n) OVER (ORDER BY i)",
        "MAX(t) OVER (ORDER BY i)",
    ),
    "SUM(n) FILTER (WHERE b) OVER (ORDER BY i)",
    "SUM(n) OVER (ORDER BY i ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)",
    "SUM(n) OVER (ORDER BY i ROWS 1000000 PRECEDING)",
    "SUM(n) OVER (ORDER BY n RANGE BETWEEN 5 PRECEDING AND 1000000 FOLLOWING)",
    "SUM(n) OVER (ORDER BY i RANGE BETWEEN 5 PRECEDING AND CURRENT ROW)",
    "SUM(n) OVER (ORDER BY d RANGE BETWEEN INTERVAL '1000000 days' PRECEDING AND INTERVAL '20000 years' FOLLOWING)",
    "SUM(n) OVER (ORDER BY m RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL '6 hours' FOLLOWING)",
    "SUM(n) OVER (ORDER BY b GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING)",
]


@pytest.mark.parametrize("window", WINDOWS)
def test_every_window_is_total(window):
    sql = f"SELECT {window} AS a FROM nasty x"
    validate(parse(sql))
    assert len(nasty.rows(sql)) == 14
    assert nasty.empty(sql) == []


def test_every_rank_is_in_that_list():
    used = {type(node) for text in WINDOWS for node in parse(f"SELECT {text} FROM nasty").tree.walk()}
    assert set(RANKS) <= used


@pytest.mark.parametrize(
    ("selected", "expected"),
    [
        ("SUM(COUNT(*)) OVER (ORDER BY origin)", [100, 300, 600]),
        ("COUNT(*) / SUM(COUNT(*)) OVER ()", [1 / 6, 1 / 3, 1 / 2]),
        ("RANK() OVER (ORDER BY COUNT(*) DESC)", [3, 2, 1]),
        ("COUNT(*) - LAG(COUNT(*)) OVER (ORDER BY origin)", [None, 100, 100]),
        ("AVG(COUNT(*)) OVER (ORDER BY origin ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)", [100, 150, 250]),
        ("COUNT(*) OVER ()", [3, 3, 3]),
        ("SUM(COUNT(*)) FILTER (WHERE origin <> 'EWR') OVER w", [500, 500, 500]),
    ],
)
def test_windows_over_released_aggregates(selected, expected):
    sql = f"SELECT origin, {selected} AS a FROM flights GROUP BY origin WINDOW w AS () ORDER BY origin"
    assert [row[1] for row in tables.rows(sql)] == pytest.approx(expected, nan_ok=True)


def test_qualify_keeps_rows_by_their_windows():
    sql = "SELECT origin FROM flights GROUP BY origin QUALIFY RANK() OVER (ORDER BY COUNT(*) DESC) <= 2 ORDER BY origin"
    assert tables.rows(sql) == [["JFK"], ["LGA"]]


def test_windows_over_groups_of_released_rows():
    sql = """WITH t AS (SELECT carrier, origin, COUNT(*) AS n FROM flights GROUP BY carrier, origin)
             SELECT carrier, SUM(n) AS s, SUM(SUM(n)) OVER (ORDER BY carrier) AS r FROM t GROUP BY carrier"""
    assert tables.rows(sql) == [["AA", 600, 600], ["DL", 1500, 2100], ["UA", 2400, 4500]]


def test_ranks_are_noisy_where_their_order_is():
    ranks = "RANK() OVER (ORDER BY i) AS a, RANK() OVER (ORDER BY n) AS b"
    sql = f"SELECT {ranks}, SUM(i) OVER (PARTITION BY n) AS c FROM nasty x"
    assert [column.is_noisy for column in nasty.above(sql).columns] == [False, True, True]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT NTILE(0) OVER (ORDER BY n) FROM nasty x", "whole-number"),
        ("SELECT NTILE(i) OVER (ORDER BY n) FROM nasty x", "whole-number"),
        ("SELECT SUM(n) OVER (ORDER BY i ROWS BETWEEN 1 FOLLOWING AND 1 PRECEDING) FROM nasty x", "frame"),
        ("SELECT SUM(n) OVER (ORDER BY i ROWS BETWEEN i PRECEDING AND CURRENT ROW) FROM nasty x", "whole-number"),
        ("SELECT SUM(n) OVER (ORDER BY t RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM nasty x", "frame"),
        ("SELECT SUM(n) OVER (ORDER BY i ROWS CURRENT ROW EXCLUDE TIES) FROM nasty x", "frame"),
        ("SELECT SUM(RANK() OVER ()) OVER () FROM nasty x", "window"),
        ("SELECT n FROM nasty x WHERE ROW_NUMBER() OVER () = 1", "window"),
        ("SELECT CORR(n, i) OVER () FROM nasty x", "window"),
        ("SELECT SUM(n) OVER v FROM nasty x", "window"),
    ],
)
def test_refusals(sql, code):
    with pytest.raises(QueryRejected) as refusal:
        validate(parse(sql))
        nasty.rows(sql)
    assert refusal.value.reasons[0].code == code
