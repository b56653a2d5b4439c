import pytest

from tests.dp_queries.flights import GivenSums, planned, released


def rows(sql, sums=lambda measure, group: 100 * (group + 1)):
    return released(planned(sql), GivenSums(sums)).rows


@pytest.mark.parametrize(
    ("selected", "expected"),
    [
        ("COUNT(*) * 2 + 1", 201),
        ("COUNT(*) / 8", 12.5),
        ("COUNT(*) / 0", None),
        ("ROUND(COUNT(*) / 3, 2)", 33.33),
        ("CASE WHEN COUNT(*) > 10 THEN 'many' ELSE 'few' END", "many"),
        ("CASE COUNT(*) WHEN 3 THEN 1 END", None),
        ("COALESCE(NULLIF(COUNT(*), 100), -5)", -5),
        ("-COUNT(*)", -100),
        ("ABS(-COUNT(*))", 100),
        ("CAST(COUNT(*) / 8 AS INTEGER)", 13),
        ("COUNT(*) IN (100, 2)", True),
        ("COUNT(*) BETWEEN 1 AND 99", False),
        ("COUNT(*) IS NULL", False),
        ("1e15 * 1e15 * COUNT(*)", 1e32),
        ("'it''s; DROP TABLE released --'", "it's; DROP TABLE released --"),
        ("DATE '2013-02-03'", "2013-02-03"),
        ("1 / 3", 0.333333333333),
    ],
)
def test_expressions_over_aggregates(selected, expected):
    assert rows(f"SELECT {selected}, COUNT(*) FROM flights") == [[expected, 100]]


def test_having_order_limit_and_offset():
    sql = "SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin HAVING COUNT(*) > 100 ORDER BY n DESC"
    assert rows(sql) == [["LGA", 300], ["JFK", 200]]
    assert rows(sql + " LIMIT 1 OFFSET 1") == [["JFK", 200]]
    assert rows(sql + " LIMIT 0") == []


def test_nulls_sort_as_in_postgresql():
    sql = "SELECT maker, COUNT(*) FROM flights JOIN planes USING (tailnum) GROUP BY maker ORDER BY maker"
    assert [row[0] for row in rows(sql)] == ["AIRBUS", "BOEING", None]
    assert [row[0] for row in rows(sql + " DESC")] == [None, "BOEING", "AIRBUS"]
    assert [row[0] for row in rows(sql + " DESC NULLS LAST")] == ["BOEING", "AIRBUS", None]


def test_a_constant_orders_nothing():
    sql = "SELECT origin, 'x', COUNT(*) FROM flights GROUP BY origin ORDER BY 2 DESC, 'y', -1.5, -(2), NULL, 3 DESC"
    assert [row[0] for row in rows(sql)] == ["LGA", "JFK", "EWR"]


def test_order_of_keys_compares_their_values():
    sql = "SELECT EXTRACT(DOW FROM day) AS d, COUNT(*) FROM flights GROUP BY d HAVING d >= 5 AND d <> 5 ORDER BY d"
    assert rows(sql) == [[6, 700]]
    dates = "SELECT day, COUNT(*) FROM flights GROUP BY day HAVING day < '2013-01-03' ORDER BY day DESC"
    assert [row[0] for row in rows(dates)] == ["2013-01-02", "2013-01-01"]


def test_names_of_columns_are_unique_and_say_what_they_are():
    plan = planned('SELECT origin, COUNT(*), COUNT(delay), AVG(delay) AS "Mean", 1 + 1 FROM flights GROUP BY origin')
    assert [column.name for column in plan.statements[0].columns] == ["origin", "count", "count_2", "Mean", "column"]
    assert [column.is_noisy for column in plan.statements[0].columns] == [False, True, True, True, False]
    assert [column.type for column in plan.statements[0].columns] == ["text", "integer", "integer", "number", "integer"]


def test_an_aggregate_asked_twice_is_paid_once():
    plan = planned("SELECT COUNT(*), COUNT(*) * 2, SUM(distance) FROM flights HAVING COUNT(*) > 3 ORDER BY COUNT(*)")
    assert [measure.kind for measure in plan.measures] == ["rows", "sum"]
