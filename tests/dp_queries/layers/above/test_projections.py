"""A block that only selects columns is the query inside; one that does more is not."""

from tests.dp_queries.flights import planned
from tests.dp_queries.layers.above.tables import read, rows

INNER = "SELECT carrier, COUNT(*) AS n, SUM(distance) AS s FROM flights GROUP BY carrier"


def is_passed_on(sql):
    return read(sql)[1].rowwise is not None


def test_columns_that_are_passed_on_are_those_inside():
    assert rows(f"SELECT n AS m, carrier FROM ({INNER}) t") == rows(INNER.replace("carrier, COUNT(*) AS n, SUM(distance) AS s", "COUNT(*) AS m, carrier"))  # fmt: skip  # noqa: E501
    assert [column.name for column in read(f"SELECT t.n AS m, n FROM ({INNER}) t")[1].columns] == ["m", "n"]
    assert rows(f"WITH t AS ({INNER}) SELECT * FROM t") == rows(INNER)
    assert is_passed_on(f"WITH t AS ({INNER}) SELECT n FROM (SELECT n, carrier FROM t) AS u")


def test_accuracy_is_that_of_the_column_inside():
    assert planned(f"SELECT n FROM ({INNER}) t").statements[0].rowwise.select == ('s0."a0"',)


def test_what_does_more_is_a_block_of_its_own():
    for more in ("WHERE n > 5", "ORDER BY n", "LIMIT 1"):
        assert not is_passed_on(f"SELECT n FROM ({INNER}) t {more}")
    assert not is_passed_on(f"SELECT n + 1 AS m FROM ({INNER}) t")
    assert not is_passed_on(f"SELECT DISTINCT n FROM ({INNER}) t")
    assert not is_passed_on(f"SELECT n FROM ({INNER} LIMIT 2) t")
    assert not is_passed_on(f"SELECT x.n FROM ({INNER}) x JOIN ({INNER}) y USING (carrier)")


def test_rows_keep_their_order_and_repeat():
    """Without the key: each group's row is there still, in the order of the groups."""
    assert rows(f"SELECT s FROM ({INNER}) t") == [[row[2]] for row in rows(INNER)]
