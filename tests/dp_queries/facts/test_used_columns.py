from dp_queries.planner import analyse
from tests.dp_queries.flights import DATASET


def used(sql):
    return analyse(sql, DATASET).layers.used


def test_columns_are_used_however_deep_inside():
    sql = """
        WITH busy AS (
            SELECT tailnum, MAX(delay) AS d FROM flights WHERE late GROUP BY tailnum HAVING COUNT(distance) > 3
        )
        SELECT COUNT(*) FROM busy b JOIN planes p ON b.tailnum = p.tailnum
        WHERE d > 60 AND EXISTS (SELECT 1 FROM airports WHERE faa = p.maker)
    """
    flights = {("flights", name) for name in ("tailnum", "delay", "late", "distance")}
    assert used(sql) == flights | {("planes", "tailnum"), ("planes", "maker"), ("airports", "faa")}


def test_windows_and_unions_read_what_they_name():
    ranked = "(SELECT RANK() OVER (PARTITION BY tailnum, origin ORDER BY day) AS r FROM flights) x WHERE r = 1"
    assert used(f"SELECT COUNT(*) FROM {ranked}") == {("flights", name) for name in ("tailnum", "origin", "day")}
    both = "(SELECT origin AS a FROM flights UNION ALL SELECT maker FROM planes) x"
    assert used(f"SELECT COUNT(a) FROM {both}") == {("flights", "origin"), ("planes", "maker")}
