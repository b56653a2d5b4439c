"""The engine above: empty, locked, and total where our own SQL relies on its settings."""

from time import sleep

import duckdb
import pyarrow as pa
import pytest

from dp_queries.answers.engine import _database, _interrupted_after, run, try_empty
from dp_queries.post_processing import Above, OutputColumn

ONE = {"released0": pa.table({"g": [0, 1], "x": [0.0, 1e308]})}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM '/etc/passwd'",
        "COPY released0 TO '/tmp/x.csv'",
        "SET threads = 4",
        "ATTACH '/tmp/x.db' AS y",
        "INSTALL httpfs",
        "SELECT * FROM ONE",
    ],
)
def test_nothing_outside_is_reached(sql):
    with pytest.raises(duckdb.Error):
        run(sql, ONE)


def test_a_division_by_zero_is_null_and_an_overflow_no_error():
    found = run("SELECT 1e0 / x AS a, x * 10e0 AS b, x % 0e0 AS c FROM released0 ORDER BY g", ONE).to_pylist()
    assert [row["a"] for row in found] == [None, 1e-308]
    assert [row["b"] for row in found] == [0.0, float("inf")]
    assert [row["c"] for row in found] == [None, None]


def test_a_table_of_one_answer_is_not_there_for_the_next():
    run("SELECT * FROM released0", ONE)
    with pytest.raises(duckdb.Error):
        run("SELECT * FROM released0", {})


def _above(sql):
    return Above((OutputColumn("x", "number", False),), sql, sql, ("released0",), None, 0, 1)


def test_a_dry_run_ends_after_a_second_of_the_processor():
    with pytest.raises(duckdb.Error, match="INTERRUPT"):
        try_empty(_above("SELECT sum(a.range * b.range) AS c0 FROM range(10000000) a, range(1000000) b"), ONE)


def test_a_dry_run_may_wait_for_longer_than_that_on_a_busy_machine():
    with _database(ONE) as connection, _interrupted_after(0.2, connection):
        sleep(0.6)
        assert connection.execute("SELECT count(*) FROM released0").fetchall() == [(2,)]
