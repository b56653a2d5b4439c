"""Respelled twins of one query are one plan (ATTACKS 2): asked again, the same noise answers, at no charge."""

import pytest

from tests.dp_queries.flights import planned

TWINS = {
    "aliases, brackets, casing, spacing": (
        "SELECT origin, COUNT(*) AS n FROM flights WHERE month = 2 AND late GROUP BY origin",
        "select F.Origin , count( * ) as n\nfrom FLIGHTS as F where ((late) and (2 = f.month)) group by 1",
        "SELECT x.origin, COUNT(*) AS n FROM (SELECT * FROM flights WHERE late) x WHERE month = 2 GROUP BY x.origin",
        "WITH x (late, o) AS (SELECT month, origin FROM flights WHERE late) SELECT o AS origin, COUNT(*) AS n FROM x "
        "WHERE late = 2 GROUP BY o",
    ),
    "joins: ON, USING, WHERE, WITH, either order": (
        "SELECT COUNT(*) FROM flights f JOIN planes p ON f.tailnum = p.tailnum WHERE p.seats > 5",
        "SELECT COUNT(*) FROM PLANES AS p, Flights g WHERE g.tailnum = p.tailnum AND 5 < seats",
        "SELECT COUNT(*) FROM planes JOIN flights USING (tailnum) WHERE ((seats > 5))",
        "SELECT COUNT(*) FROM flights f INNER JOIN planes p ON p.tailnum = f.tailnum AND p.seats > 5",
        "WITH big AS (SELECT * FROM planes WHERE seats > 5) SELECT COUNT(*) FROM flights JOIN big USING (tailnum)",
        "SELECT COUNT(*) FROM (SELECT tailnum FROM flights) a JOIN (SELECT tailnum AS t FROM planes WHERE seats > 5) b "
        "ON t = tailnum",
    ),
    "public tables first or last": (
        "SELECT zone, COUNT(*) AS n FROM flights JOIN airports ON dest = faa GROUP BY zone",
        "SELECT zone, COUNT(*) AS n FROM airports a JOIN flights f ON a.faa = f.dest GROUP BY a.zone",
        "SELECT zone, COUNT(*) AS n FROM airports, flights WHERE faa = dest GROUP BY 1",
    ),
    "outer joins from either side": (
        "SELECT COUNT(*) FROM flights f LEFT JOIN planes p ON f.tailnum = p.tailnum WHERE p.seats IS NULL",
        "SELECT COUNT(*) FROM flights f LEFT OUTER JOIN planes p USING (tailnum) WHERE seats IS NULL",
        "SELECT COUNT(*) FROM planes p RIGHT JOIN flights f USING (tailnum) WHERE seats IS NULL",
    ),
    "chains of units": (
        "SELECT COUNT(*) FROM flights f JOIN planes p ON f.tailnum = p.tailnum JOIN planes q ON q.tailnum = f.tailnum",
        "SELECT COUNT(*) FROM flights f JOIN planes p ON f.tailnum = p.tailnum JOIN planes q ON q.tailnum = p.tailnum",
        "SELECT COUNT(*) FROM flights f, planes p, planes q WHERE f.tailnum = p.tailnum AND p.tailnum = q.tailnum AND "
        "q.tailnum = f.tailnum",
    ),
    "IN and EXISTS": (
        "SELECT COUNT(*) FROM flights f"
        " WHERE EXISTS (SELECT 1 FROM planes p WHERE p.tailnum = f.tailnum AND seats > 5)",
        "SELECT COUNT(*) FROM flights WHERE tailnum IN (SELECT tailnum FROM planes WHERE seats > 5)",
        "SELECT COUNT(*) FROM flights f WHERE EXISTS (SELECT * FROM (SELECT tailnum AS t FROM planes WHERE seats > 5) "
        "AS p WHERE t = f.tailnum)",
    ),
    "groups of a unit": (
        "SELECT COUNT(*) FROM (SELECT DISTINCT tailnum, origin, month FROM flights) x",
        "SELECT COUNT(*) FROM (SELECT tailnum, origin, month FROM flights GROUP BY month, origin, tailnum) x",
        "SELECT COUNT(*) FROM (SELECT DISTINCT month AS m, tailnum AS t, origin AS o FROM flights) x",
    ),
    "public joins in any order": (
        "SELECT COUNT(*) FROM flights f JOIN airports a ON dest = faa JOIN weather w ON w.origin = f.origin AND "
        "hour_start = departed",
        "SELECT COUNT(*) FROM weather w JOIN flights f ON f.origin = w.origin JOIN airports ON faa = f.dest "
        "WHERE departed = hour_start",
    ),
    "left joins in any order": (
        "SELECT COUNT(*) FROM flights LEFT JOIN airports ON dest = faa LEFT JOIN planes p USING (tailnum) "
        "WHERE seats > 3 OR zone = 'east'",
        "SELECT COUNT(*) FROM flights LEFT JOIN planes p USING (tailnum) LEFT JOIN airports ON faa = dest "
        "WHERE zone = 'east' OR 3 < seats",
    ),
    "a table joined twice": (
        "SELECT COUNT(*) FROM flights JOIN planes p USING (tailnum) JOIN planes q USING (tailnum) "
        "WHERE q.seats > p.seats AND q.maker = 'BOEING'",
        "SELECT COUNT(*) FROM flights JOIN planes p USING (tailnum) JOIN planes q USING (tailnum) "
        "WHERE p.maker = 'BOEING' AND q.seats < p.seats",
    ),
    "EXISTS in any order, and twice": (
        "SELECT COUNT(*) FROM flights f WHERE EXISTS (SELECT 1 FROM planes p WHERE p.tailnum = f.tailnum AND seats > 5)"
        " AND dest IN (SELECT faa FROM airports)",
        "SELECT COUNT(*) FROM flights f WHERE dest IN (SELECT faa FROM airports) AND dest IN (SELECT faa FROM airports)"
        " AND EXISTS (SELECT 1 FROM planes p WHERE p.tailnum = f.tailnum AND 5 < seats)",
    ),
    "UNION ALL in any order, with columns that nobody reads": (
        "SELECT origin, COUNT(*) FROM (SELECT tailnum, origin, month FROM flights WHERE late UNION ALL "
        "SELECT tailnum, carrier, day - day FROM flights WHERE origin = 'JFK') x GROUP BY origin",
        "SELECT o AS origin, COUNT(*) FROM (SELECT carrier AS o, tailnum FROM flights WHERE origin IN ('JFK') "
        "UNION ALL SELECT origin, tailnum FROM flights WHERE late = TRUE) x GROUP BY 1",
    ),
    "keys in any order": (
        "SELECT origin, month, COUNT(*) FROM flights GROUP BY origin, month",
        "SELECT origin, month, COUNT(1) FROM flights GROUP BY month, origin",
    ),
    "what is always so, and columns that nobody reads": (
        "SELECT COUNT(*) FROM flights",
        "SELECT COUNT(*) FROM flights WHERE 1 = 1 AND TRUE AND NOT 'a' = 'b'",
        "SELECT COUNT(*) FROM flights WHERE tailnum IS NOT NULL",
        "SELECT COUNT(tailnum) FROM (SELECT tailnum, delay + 1 AS d, "
        "ROW_NUMBER() OVER (PARTITION BY tailnum ORDER BY day) AS r FROM flights) AS x",
    ),
    "lists": (
        "SELECT month, COUNT(*) FROM flights WHERE month IN (1, 2) GROUP BY month",
        "SELECT month, COUNT(*) FROM flights WHERE month = 2 OR 1 = month GROUP BY month",
        "SELECT month, COUNT(*) FROM flights WHERE NOT (month <> 2 AND month <> 1) GROUP BY month",
        "SELECT month, COUNT(*) FROM flights WHERE month IN (2.0, 1, 2) GROUP BY month",
    ),
    "ranges": (
        "SELECT COUNT(*) FROM flights WHERE month BETWEEN 2 AND 3",
        "SELECT COUNT(*) FROM flights WHERE NOT (month < 2 OR month > 3)",
        "SELECT COUNT(*) FROM flights WHERE 3.0 >= month AND NOT 2 > month",
    ),
    "counting": (
        "SELECT COUNT(*) FILTER (WHERE late) FROM flights",
        "SELECT COUNT(origin) FILTER (WHERE late IS TRUE) FROM flights",
        "SELECT COUNT(CASE WHEN late THEN 5 END) FROM flights",
        "SELECT COUNT(1) FILTER (WHERE late = TRUE) FROM flights",
    ),
    "counting in a unit": (
        "SELECT AVG(n) FROM (SELECT tailnum, COUNT(*) AS n FROM flights GROUP BY tailnum) x",
        "SELECT AVG(n) FROM (SELECT tailnum, COUNT(1) AS n, MAX(delay) AS d FROM flights GROUP BY tailnum) x",
        "SELECT AVG(n) FROM (SELECT tailnum, COUNT(origin) AS n FROM flights GROUP BY tailnum) x",
    ),
    "a sum twice": (
        "SELECT SUM(distance) + SUM(distance) FROM flights",
        "SELECT SUM(f.distance) + SUM((distance)) FROM flights f",
    ),
    "HAVING": (
        "SELECT month, COUNT(*) FROM flights GROUP BY month HAVING COUNT(*) > 5 AND SUM(distance) > 2",
        "SELECT month, COUNT(*) FROM flights GROUP BY month HAVING 2 < SUM(distance) AND COUNT(*) > 5",
    ),
    "columns that are passed on": (
        "SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin",
        "WITH t AS (SELECT COUNT(*) AS c, origin FROM flights GROUP BY origin) SELECT origin, c AS n FROM t",
        "SELECT x.a AS origin, b AS n FROM (SELECT origin, COUNT(*) FROM flights GROUP BY 1) AS x (a, b)",
    ),
    "averages of averages": (
        "SELECT AVG(n) FROM (SELECT tailnum, COUNT(*) AS n FROM flights GROUP BY tailnum) x",
        "WITH x AS (SELECT tailnum AS t, COUNT(*) AS m FROM flights GROUP BY 1) SELECT AVG(x.m) FROM x",
    ),
}  # fmt: skip


@pytest.mark.parametrize("twins", TWINS.values(), ids=list(TWINS))
def test_respelled_twins_are_one_plan(twins):
    assert len({planned(sql).digest for sql in twins}) == 1


def test_other_questions_are_other_plans():
    others = (
        "SELECT COUNT(*) FROM flights",
        "SELECT COUNT(*) FROM planes",
        "SELECT COUNT(*) FROM flights JOIN planes USING (tailnum)",
        "SELECT COUNT(*) FROM flights LEFT JOIN planes USING (tailnum)",
        "SELECT COUNT(*) FROM flights f WHERE EXISTS (SELECT 1 FROM planes p WHERE p.tailnum = f.tailnum)",
        "SELECT COUNT(*) FROM flights f WHERE NOT EXISTS (SELECT 1 FROM planes p WHERE p.tailnum = f.tailnum)",
        "SELECT COUNT(*) FROM flights f JOIN planes p ON f.tailnum = p.tailnum AND f.origin = p.maker",
        "SELECT COUNT(*) FROM flights f JOIN planes p ON f.tailnum = p.tailnum AND f.dest = p.maker",
        "SELECT COUNT(*) FROM (SELECT tailnum, origin FROM flights GROUP BY tailnum, origin) x",
        "SELECT COUNT(*) FROM (SELECT tailnum, month FROM flights GROUP BY tailnum, month) x",
    )
    assert len({planned(sql).digest for sql in others}) == len(others)
