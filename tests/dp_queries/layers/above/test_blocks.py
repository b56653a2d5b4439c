"""Blocks over released and public tables: what they mean, how many rows they may have, and what decides the digest."""

import pytest

from dp_queries.errors import QueryRejected
from dp_queries.syntax.parse import parse
from dp_queries.syntax.validate import validate
from tests.dp_queries.layers.above.tables import read, rows

BY_CARRIER = "SELECT carrier, COUNT(*) AS n FROM flights GROUP BY carrier"
BY_ORIGIN = "SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin"
BOTH = "WITH t AS (SELECT carrier, origin, COUNT(*) AS n FROM flights GROUP BY carrier, origin)"


def code(sql):
    with pytest.raises(QueryRejected) as refusal:
        validate(parse(sql))
        read(sql)
    return refusal.value.reasons[0].code


def work(sql):
    return read(sql)[1].work


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (f"WITH t AS ({BY_CARRIER}) SELECT AVG(n), MAX(n), COUNT(*) FROM t", [[200, 300, 3]]),
        (f"SELECT carrier, n * 2 AS d FROM ({BY_CARRIER}) t WHERE n > 150 ORDER BY d DESC", [["UA", 600], ["DL", 400]]),
        (f"SELECT t.* FROM ({BY_CARRIER}) t (c, m) WHERE c = 'DL'", [["DL", 200]]),
        (f"WITH t(c, m) AS ({BY_CARRIER}) SELECT c, m FROM t ORDER BY m DESC LIMIT 1 OFFSET 1", [["DL", 200]]),
        (f"{BOTH} SELECT carrier, SUM(n) AS s FROM t GROUP BY carrier ORDER BY s DESC LIMIT 1", [["UA", 2400]]),
        (f"{BOTH} SELECT DISTINCT ON (carrier) carrier, origin FROM t ORDER BY carrier, n DESC",
         [["AA", "LGA"], ["DL", "LGA"], ["UA", "LGA"]]),
        (f"{BOTH} SELECT DISTINCT carrier FROM t ORDER BY carrier DESC LIMIT 2", [["UA"], ["DL"]]),
        ("SELECT LOWER(carrier) || '!' AS c, COUNT(*) + 1 FROM flights GROUP BY carrier LIMIT 1", [["aa!", 101]]),
        ("SELECT DISTINCT carrier FROM flights", [["AA"], ["DL"], ["UA"]]),
        (f"{BOTH} SELECT carrier, origin FROM t ORDER BY 2, 1 LIMIT 2", [["AA", "EWR"], ["DL", "EWR"]]),
    ],
)  # fmt: skip
def test_blocks(sql, expected):
    validate(parse(sql))
    assert rows(sql) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("JOIN airports a ON a.faa = t.origin WHERE zone = 'west'", [["LGA", 300, "west"]]),
        ("RIGHT JOIN airports a ON a.faa = t.origin WHERE t.n IS NULL", [[None, None, None]]),
        ("LEFT JOIN airports a ON a.faa = t.origin AND a.height > 25 WHERE t.n > 250", [["LGA", 300, "west"]]),
        ("FULL JOIN airports a ON a.faa = t.origin WHERE n IS NULL", [[None, None, None]]),
        ("CROSS JOIN airports a WHERE a.faa = 'XYZ' AND t.n < 150", [["EWR", 100, None]]),
        (", airports a WHERE a.faa = t.origin AND t.origin = 'JFK'", [["JFK", 200, "east"]]),
    ],
)
def test_joins_with_public_tables(sql, expected):
    assert rows(f"SELECT t.origin, t.n, a.zone FROM ({BY_ORIGIN}) t {sql} ORDER BY t.n") == expected


def test_using_merges_a_column():
    pair = f"FROM ({BY_ORIGIN}) t {{}} JOIN ({BY_ORIGIN}) u USING (origin)"
    assert rows(f"SELECT * {pair.format('')} LIMIT 1") == [["EWR", 100, 100]]
    assert rows(f"SELECT origin, t.n - u.n {pair.format('FULL')} ORDER BY origin LIMIT 1") == [["EWR", 0]]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT carrier, n / (SELECT SUM(n) FROM t) AS s FROM t LIMIT 1", [["AA", 1 / 6]]),
        ("SELECT carrier FROM t WHERE n > (SELECT AVG(n) FROM t)", [["UA"]]),
        ("SELECT carrier FROM t WHERE carrier IN (SELECT carrier FROM t WHERE n < 150)", [["AA"]]),
        ("SELECT carrier FROM t WHERE carrier NOT IN (SELECT carrier FROM t WHERE n < 150) LIMIT 1", [["DL"]]),
        ("SELECT carrier FROM t a WHERE EXISTS (SELECT 1 FROM t b WHERE b.n > a.n) ORDER BY 1", [["AA"], ["DL"]]),
        ("SELECT carrier FROM t WHERE n >= ALL (SELECT n FROM t)", [["UA"]]),
        ("SELECT carrier FROM t WHERE n = ANY (SELECT n FROM t WHERE n > 250)", [["UA"]]),
        ("SELECT carrier, (SELECT b.n FROM t b WHERE b.carrier = a.carrier) AS m FROM t a LIMIT 1", [["AA", 100]]),
        ("SELECT carrier, (SELECT MAX(b.n) FROM t b WHERE b.n < a.n) AS m FROM t a ORDER BY 1 LIMIT 2",
         [["AA", None], ["DL", 100]]),
        ("SELECT carrier, (SELECT n FROM t ORDER BY n DESC LIMIT 1) AS m FROM t LIMIT 1", [["AA", 300]]),
    ],
)  # fmt: skip
def test_subqueries(sql, expected):
    found = rows(f"WITH t AS ({BY_CARRIER}) {sql}")
    assert [[pytest.approx(cell) if isinstance(cell, float) else cell for cell in row] for row in expected] == found


def test_a_subquery_beside_dp_aggregates():
    sql = f"SELECT carrier, COUNT(*) / (SELECT SUM(n) FROM ({BY_CARRIER}) t) AS s FROM flights GROUP BY carrier LIMIT 1"
    assert rows(sql) == [["AA", pytest.approx(1 / 6)]]
    assert len(read(sql)[0].middles) == 1  # the same aggregation, paid once


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (f"{BY_CARRIER} UNION ALL SELECT 'all', COUNT(*) FROM flights ORDER BY n DESC, carrier LIMIT 2",
         [["UA", 300], ["DL", 200]]),
        (f"SELECT carrier FROM ({BY_CARRIER}) t EXCEPT SELECT 'UA' FROM ({BY_CARRIER}) u", [["AA"], ["DL"]]),
        (f"SELECT n FROM ({BY_CARRIER}) t INTERSECT SELECT height * 10 FROM airports", [[100], [200], [300]]),
        (f"SELECT n FROM ({BY_CARRIER}) t UNION SELECT n FROM ({BY_ORIGIN}) u", [[100], [200], [300]]),
    ],
)  # fmt: skip
def test_set_operations(sql, expected):
    validate(parse(sql))
    assert rows(sql) == expected


def test_order_is_complete_whatever_the_query_says():
    equal = {"values": lambda table, aggregate, group: 7}
    assert rows(f"{BOTH} SELECT n, carrier, origin FROM t ORDER BY n", **equal)[0] == [7, "AA", "EWR"]
    assert rows("SELECT COUNT(*), origin FROM flights GROUP BY origin ORDER BY 1 DESC", **equal)[0] == [7, "EWR"]


def test_names_do_not_enter_the_digest_and_meaning_does():
    one = read(
        "WITH t AS (SELECT carrier AS c, COUNT(*) AS n FROM flights GROUP BY carrier) SELECT c, n + 1 AS m FROM t"
    )
    other = read("WITH u AS (SELECT carrier AS x, COUNT(*) AS y FROM flights GROUP BY carrier) SELECT x, y + 1 FROM u")
    third = read("WITH u AS (SELECT carrier AS x, COUNT(*) AS y FROM flights GROUP BY carrier) SELECT x, y + 2 FROM u")
    assert one[1].to_json() == other[1].to_json() != third[1].to_json()


def test_nothing_of_the_text_passes():
    sql = f"""SELECT "n;--" AS "a""b" FROM ({BY_CARRIER}) t(c, "n;--") WHERE c <> 'x''; DROP TABLE t; --'"""
    above = read(sql)[1]
    assert "n;--" not in above.sql
    assert 'a"b' not in above.sql
    assert "'x''; DROP TABLE t; --'" in above.sql
    assert above.columns[0].name == 'a"b'


def test_rowwise_statements_are_known():
    assert read(f"{BY_CARRIER} HAVING COUNT(*) > 2 ORDER BY n")[1].rowwise.select == ('s0."k0"', 's0."a0"')
    assert read("SELECT carrier, RANK() OVER (ORDER BY COUNT(*)) FROM flights GROUP BY carrier")[1].rowwise is None
    assert read(f"SELECT * FROM ({BY_CARRIER}) t WHERE n > 2")[1].rowwise is None


def test_noise_is_told():
    sql = f"WITH t AS ({BY_CARRIER}) SELECT carrier, n, (SELECT MAX(carrier) FROM t WHERE n > 5) AS m, 1 AS o FROM t"
    assert [column.is_noisy for column in read(sql)[1].columns] == [False, True, True, False]
    assert read(f"SELECT COUNT(*) FROM ({BY_CARRIER} HAVING COUNT(*) > 9) t")[1].columns[0].is_noisy
    assert read(f"SELECT COUNT(*) FROM ({BY_CARRIER} ORDER BY n LIMIT 2) t")[1].columns[0].is_noisy
    assert not read(f"SELECT COUNT(*) FROM ({BY_CARRIER}) t")[1].columns[0].is_noisy


def test_a_join_on_a_key_costs_its_rows_and_not_their_product():
    by_day = "SELECT day, COUNT(*) AS n FROM flights GROUP BY day"
    on_key = work(f"SELECT a.n FROM ({by_day}) a JOIN ({by_day}) b ON a.day = b.day")
    assert on_key < 365 * 10
    assert work(f"SELECT a.n FROM ({by_day}) a, ({by_day}) b WHERE a.day = b.day") == on_key
    assert work(f"SELECT a.n FROM ({by_day}) a JOIN ({by_day}) b ON a.n = b.n") > 365**2
    assert work(f"SELECT a.n FROM ({by_day}) a LEFT JOIN ({by_day}) b ON a.n < b.n") > 365**2


def test_a_correlated_subquery_costs_its_rows_for_each_row():
    by_day = "WITH t AS (SELECT day, COUNT(*) AS n FROM flights GROUP BY day)"
    assert work(f"{by_day} SELECT (SELECT MAX(b.n) FROM t b WHERE b.n < a.n) AS m FROM t a") > 365**2
    assert work(f"{by_day} SELECT (SELECT MAX(b.n) FROM t b) AS m FROM t a") < 365 * 10


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (f"WITH t AS ({BY_CARRIER}) SELECT (SELECT n FROM t) AS m FROM t", "subquery-rows"),
        (f"WITH t AS ({BY_CARRIER}) SELECT (SELECT n FROM t b WHERE b.n = a.n) AS m FROM t a", "subquery-rows"),
        (f"WITH t AS ({BY_CARRIER}) SELECT (SELECT carrier, n FROM t LIMIT 1) AS m FROM t", "subquery-columns"),
        (f"WITH t AS ({BY_CARRIER}) SELECT 1 FROM t WHERE n IN (SELECT carrier FROM t)", "types-differ"),
        (f"SELECT nope FROM ({BY_CARRIER}) t", "unknown-column"),
        (f"SELECT n FROM ({BY_CARRIER}) t, ({BY_CARRIER}) u", "ambiguous-column"),
        (f"SELECT 1 FROM ({BY_CARRIER}) t, ({BY_CARRIER}) t", "duplicate-alias"),
        (f"SELECT t.n FROM ({BY_CARRIER}) t LEFT JOIN airports a", "join-condition"),
        (f"SELECT x.* FROM ({BY_CARRIER}) t", "unknown-table"),
        (f"SELECT DISTINCT carrier FROM ({BY_CARRIER}) t ORDER BY n", "order-distinct"),
        (f"{BY_CARRIER} UNION SELECT carrier FROM flights GROUP BY carrier", "set-columns"),
        (f"{BY_CARRIER} UNION SELECT COUNT(*), carrier FROM flights GROUP BY carrier", "types-differ"),
        ("SELECT day FROM flights GROUP BY day HAVING COUNT(delay)", "not-a-condition"),
        (f"SELECT n FROM ({BY_CARRIER}) t LIMIT n", "limit"),
        (f"SELECT 1 FROM ({BY_CARRIER}) t TABLESAMPLE SYSTEM (10)", "sample"),
        (f"SELECT 1 FROM ({BY_CARRIER}) t, read_csv('x') r", "table-function"),
        ("SELECT a.wind FROM (SELECT day, COUNT(*) AS n FROM flights GROUP BY day) t, weather a, weather b",
         "too-many-rows"),
        (f"SELECT 1 FROM {', '.join(f'({BY_CARRIER}) t{index}' for index in range(10))}", "too-many-joins"),
        (f"{' UNION ALL '.join([BY_CARRIER] * 21)}", "too-many-blocks"),
    ],
)  # fmt: skip
def test_refusals(sql, expected):
    assert code(sql) == expected
