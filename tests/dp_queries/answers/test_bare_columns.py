"""Statements that pick columns: the same rows as the engine gives, and nothing else is taken for one."""

from dataclasses import replace
from datetime import date

import pyarrow as pa
import pytest

from dp_queries.answers import engine as above_engine
from dp_queries.answers.bare_columns import picked
from dp_queries.answers.engine import process
from dp_queries.planner import analyse
from tests.dp_queries.flights import DATASET

TABLE = pa.table(
    {
        "g": pa.array([0, 1, 2, 3], pa.int64()),
        "k0": pa.array(["b", "a", None, "A"], pa.string()),
        "k1": pa.array([date(2013, 1, 2), None, date(2013, 1, 1), date(1, 1, 1)], pa.date32()),
        "a0": pa.array([3.0, -2.0, float(2**53), 0.5]),
        "a1": pa.array([1.25, float("nan"), float("inf"), -0.0]),
    }
)
BARE = (
    "SELECT origin, COUNT(*), SUM(delay) FROM flights GROUP BY origin",
    "SELECT COUNT(*), origin, origin, SUM(delay) FROM flights GROUP BY origin LIMIT 2",
    "SELECT SUM(delay) FROM flights GROUP BY origin LIMIT 2 OFFSET 1",
    "SELECT origin, COUNT(*), SUM(delay) FROM flights GROUP BY origin OFFSET 3",
    "SELECT origin, day, COUNT(*), SUM(delay) FROM flights GROUP BY origin, day LIMIT 0",
    "SELECT origin, day, COUNT(*), SUM(delay) FROM flights GROUP BY origin, day",
)
NOT_BARE = (
    "SELECT COUNT(*) + 1 FROM flights",
    "SELECT origin, COUNT(*) FROM flights GROUP BY origin ORDER BY 2",
    "SELECT origin, COUNT(*) FROM flights GROUP BY origin ORDER BY origin DESC",
    "SELECT origin, COUNT(*) FROM flights GROUP BY origin HAVING COUNT(*) > 5",
    "SELECT DISTINCT origin FROM (SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin) x",
    "SELECT MAX(n) FROM (SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin) x",
)


def above(sql):
    return analyse(sql, DATASET).layers.statements[0]


@pytest.mark.parametrize("sql", BARE)
def test_the_engine_gives_the_same_rows(sql, monkeypatch):
    statement = above(sql)
    assert picked(statement.sql, statement.tables) is not None
    without = process(statement, {"released0": TABLE})
    monkeypatch.setattr(above_engine, "picked", lambda _sql, _tables: None)
    assert repr(process(statement, {"released0": TABLE})) == repr(without)


@pytest.mark.parametrize("sql", NOT_BARE)
def test_what_does_more_is_left_to_the_engine(sql):
    statement = above(sql)
    assert picked(statement.sql, statement.tables) is None


def test_no_text_around_a_bare_statement_is_passed_over():
    statement = above(BARE[0])
    for changed in (
        statement.sql + "; DROP TABLE released0",
        statement.sql + " ",
        statement.sql.replace("released0 AS s0", "released1 AS s0"),
        statement.sql.replace("AS c1", "AS c7"),
        statement.sql.replace('"a0"', '"a0" + 1'),
        statement.sql + " LIMIT 99999999999999999999",
    ):
        assert picked(changed, statement.tables) is None
    assert picked(statement.sql, (*statement.tables, "public_airports")) is None
    assert picked(replace(statement, sql=statement.sql).sql, statement.tables) is not None
