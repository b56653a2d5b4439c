"""Attack 14: let one unit's rows decide about another's, so that one row moves an answer by any amount: NOT IN, EXISTS,
EXCEPT, DISTINCT, LIMIT, windows over everybody, scalar thresholds. What compares rows is within one unit, against
public rows, or after the noise; everything else is refused before a row is read.

Source: Wilson et al., "Differentially Private SQL with Bounded User Contribution", PoPETs 2020, section 3.
"""

from collections import Counter

import pytest

from dp_queries.backends.reference import ReferenceBackend
from dp_queries.backends.twins.rows import joined_rows
from dp_queries.errors import QueryRejected
from dp_queries.facts.relations import RelationFacts
from dp_queries.layers.blocks import Blocks
from dp_queries.planner import analyse
from dp_queries.syntax.parse import parse
from dp_queries.syntax.validate import validate
from tests.dp_queries.backends.test_agreement import without
from tests.dp_queries.backends.worlds import DATASET as WORLD
from tests.dp_queries.flights import DATASET, planned

UNSTABLE = (
    "flights WHERE dest NOT IN (SELECT dest FROM flights WHERE late)",
    "flights WHERE dest IN (SELECT dest FROM flights WHERE late)",
    "flights WHERE tailnum NOT IN (SELECT dest FROM flights)",
    "flights f WHERE NOT EXISTS (SELECT 1 FROM planes WHERE maker = 'BOEING')",
    "flights f WHERE EXISTS (SELECT 1 FROM planes p WHERE p.maker = f.carrier)",
    "flights f WHERE EXISTS (SELECT 1 FROM planes p WHERE p.tailnum > f.tailnum)",
    "flights f WHERE EXISTS (SELECT 1 FROM planes p WHERE p.tailnum || '' = f.tailnum)",
    "flights f WHERE EXISTS (SELECT 1 FROM planes p WHERE p.tailnum = f.tailnum OR p.seats = 3)",
    "flights f WHERE EXISTS (SELECT 1 FROM (SELECT dest AS tailnum FROM flights) p WHERE p.tailnum = f.tailnum)",
    "flights f WHERE EXISTS (SELECT 1 FROM airports a WHERE a.faa IN (SELECT dest FROM flights))",
    "(SELECT zone FROM airports WHERE faa IN (SELECT dest FROM flights)) x JOIN flights ON dest = zone",
    "(SELECT tailnum FROM flights EXCEPT SELECT tailnum FROM planes) x",
    "(SELECT tailnum FROM flights INTERSECT SELECT tailnum FROM planes) x",
    "(SELECT tailnum, origin FROM flights UNION SELECT tailnum, maker FROM planes) x",
    "(SELECT tailnum, origin FROM flights LIMIT 10) x",
    "(SELECT tailnum, origin FROM flights ORDER BY day OFFSET 10) x",
    "(SELECT tailnum FROM flights WHERE origin IN (SELECT origin FROM flights LIMIT 1)) x",
    "(SELECT tailnum, ROW_NUMBER() OVER (ORDER BY day) AS r FROM flights) x WHERE r = 1",
    "(SELECT tailnum, RANK() OVER (PARTITION BY origin ORDER BY delay DESC) AS r FROM flights) x WHERE r = 1",
    "(SELECT tailnum, COUNT(*) OVER () AS n FROM flights) x WHERE n > 1000",
    "(SELECT tailnum, COUNT(*) OVER (PARTITION BY tailnum || '') AS n FROM flights) x WHERE n > 1000",
    "(SELECT DISTINCT ON (origin) tailnum, origin FROM flights) x",
    "flights WHERE delay > (SELECT AVG(delay) FROM flights)",
    "flights WHERE delay >= ALL (SELECT delay FROM flights)",
    "flights f WHERE delay = (SELECT MAX(g.delay) FROM flights g WHERE g.origin = f.origin)",
    "flights f JOIN (SELECT origin AS o, MAX(delay) AS d FROM flights GROUP BY origin) m "
    "ON f.origin = o AND f.delay = d",
    "flights f JOIN flights g ON f.origin = g.origin AND f.day < g.day",
    "flights f LEFT JOIN planes p ON p.seats > f.distance",
    "airports LEFT JOIN flights ON faa = dest",
    "flights FULL JOIN planes USING (tailnum)",
)


@pytest.mark.parametrize("source", UNSTABLE)
def test_rows_of_one_unit_decide_about_no_others(source):
    with pytest.raises(QueryRejected):
        analyse(f"SELECT COUNT(*) FROM {source}", DATASET)


STABLE = (
    "flights f WHERE NOT EXISTS (SELECT 1 FROM planes p WHERE p.tailnum = f.tailnum AND p.maker = 'BOEING')",
    "flights WHERE tailnum NOT IN (SELECT tailnum FROM planes)",
    "flights WHERE dest NOT IN (SELECT faa FROM airports)",
    "(SELECT tailnum, origin FROM flights UNION ALL SELECT tailnum, maker FROM planes) x",
    "(SELECT ROW_NUMBER() OVER (PARTITION BY tailnum ORDER BY day) AS r FROM flights) x WHERE r = 1",
    "(SELECT DISTINCT tailnum, origin FROM flights) x",
    "(SELECT tailnum, MAX(delay) AS d FROM flights GROUP BY tailnum HAVING COUNT(*) > 3) x WHERE d > 60",
)


@pytest.mark.parametrize("source", STABLE)
def test_the_same_within_one_unit_is_answered(source):
    assert planned(f"SELECT COUNT(*) FROM {source}").aggregations[0].below.owner == 0


TRIP = dict.fromkeys(("kind", "note", "zone", "serial", "fare", "mass", "free", "paid", "day", "at"))
TABLES = {
    "trips": [{**TRIP, "person": unit, "zone": zone} for unit in (0, 10, 20) for zone in range(unit // 10 + 1)],
    "people": [{"person": unit, "age": unit} for unit in (0, 20, 20, 30)],
    "zones": [{"zone": 1, "borough": "north"}],
}
WITHIN = (
    "SELECT zone FROM trips t WHERE NOT EXISTS (SELECT 1 FROM people p WHERE p.person = t.person AND p.age > t.zone)",
    "SELECT zone FROM trips WHERE person NOT IN (SELECT person FROM people)",
    "SELECT zone, age FROM trips t LEFT JOIN people p ON t.person = p.person AND age > 3",
    "SELECT zone, RANK() OVER (PARTITION BY person ORDER BY zone DESC) AS r FROM trips",
    "SELECT person, COUNT(*) AS n, MAX(zone) AS z FROM trips GROUP BY person HAVING COUNT(*) > 1",
    "SELECT DISTINCT person, zone FROM trips WHERE zone IN (SELECT zone FROM zones)",
)


@pytest.mark.parametrize("sql", WITHIN)
def test_removing_a_unit_removes_its_rows_and_changes_no_others(sql):
    def rows(tables):
        statement = parse(sql)
        validate(statement)
        found = Blocks(statement, RelationFacts(WORLD)).view(statement.tree, {})
        backend = ReferenceBackend(tables, WORLD)
        return Counter((unit, repr(row)) for unit, row in joined_rows(found.below, backend.tables))

    everything = rows(TABLES)
    assert everything
    for unit in (0, 10, 20, 30):
        left = rows(without(TABLES, unit))
        assert left == Counter({held: n for held, n in everything.items() if held[0] != unit})
