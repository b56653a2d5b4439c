"""Attack 13: multiply rows before they are counted (joins, self joins, UNION ALL), so that one unit counts more often
than its noise covers, or so that its rows take longer than the slot. One unit's vector is clipped whatever the joins
made of it, and what they may make of it is known, and limited, before a row is read.
"""

import numpy as np
import pytest

from dp_queries.backends.reference import ReferenceBackend
from dp_queries.errors import QueryRejected
from dp_queries.facts.relations import RelationFacts
from dp_queries.layers.blocks import Blocks
from dp_queries.planner import analyse
from dp_queries.syntax.parse import parse
from dp_queries.syntax.validate import validate
from privacy.units import ContributionNorm
from tests.dp_queries.backends.test_agreement import excess, without
from tests.dp_queries.backends.worlds import DATASET as WORLD, aggregation, measure
from tests.dp_queries.flights import DATASET, planned

EXPLOSIONS = (
    "flights f JOIN flights g ON f.tailnum = g.tailnum",
    "flights f, flights g WHERE f.tailnum = g.tailnum",
    "flights CROSS JOIN airports",
    "flights, airports",
    "flights JOIN weather USING (origin)",
    "flights f JOIN airports a ON a.height > 3",
    "flights f JOIN airports a ON f.dest = a.faa OR TRUE",
    "flights f JOIN airports a ON f.dest = a.faa || ''",
    "planes p JOIN flights f ON f.tailnum = p.tailnum JOIN flights g ON g.tailnum = p.tailnum",
    "flights f LEFT JOIN (SELECT tailnum AS t, origin AS o FROM flights) g ON g.t = f.tailnum AND g.o > f.origin",
    "flights f WHERE NOT EXISTS (SELECT 1 FROM flights g WHERE g.tailnum = f.tailnum AND g.day > f.day)",
    "flights f WHERE EXISTS (SELECT 1 FROM airports a WHERE a.height > f.distance)",
    "flights f JOIN (SELECT a.faa FROM airports a CROSS JOIN airports b) x ON f.dest = x.faa",
)


@pytest.mark.parametrize("source", EXPLOSIONS)
def test_a_join_that_may_explode_is_refused_unread(source):
    with pytest.raises(QueryRejected) as refused:
        analyse(f"SELECT COUNT(*) FROM {source}", DATASET)
    assert refused.value.reasons[0].code == "fan-out"


def test_doubling_over_and_over_is_refused_at_once():
    steps = ", ".join(f"x{at + 1} AS (SELECT * FROM x{at} UNION ALL SELECT * FROM x{at})" for at in range(40))
    with pytest.raises(QueryRejected) as refused:
        analyse(f"WITH x0 AS (SELECT tailnum FROM planes), {steps} SELECT COUNT(*) FROM x40", DATASET)
    assert refused.value.reasons[0].code == "too-many-joins"


def test_the_noise_follows_the_clipping_norm_and_not_the_rows_that_a_join_makes():
    def norms(source):
        return [part.norm for part in planned(f"SELECT COUNT(*) FROM {source}").measures]

    assert norms("flights f JOIN airports ON f.dest = faa") == norms("flights")
    assert norms("planes p JOIN flights f ON f.tailnum = p.tailnum") == norms("flights")
    assert norms("(SELECT tailnum FROM flights UNION ALL SELECT tailnum FROM planes) x")[0].l2_steps == 31 * 1024


TRIP = dict.fromkeys(("kind", "note", "zone", "serial", "fare", "mass", "free", "paid", "day", "at"))
TABLES = {
    "trips": [{**TRIP, "person": unit} for unit in (0, 0, 0, 10)],
    "people": [{"person": 0, "age": age} for age in range(6)],
    "zones": [{"zone": zone, "borough": "north"} for zone in range(6)],
}
MULTIPLIED = (
    "SELECT t.zone FROM trips t JOIN trips u ON t.person = u.person",
    "SELECT t.zone FROM trips t, people p WHERE t.person = p.person",
    "SELECT t.zone FROM trips t CROSS JOIN zones a CROSS JOIN zones b",
    "SELECT zone FROM trips UNION ALL SELECT age FROM people UNION ALL SELECT zone FROM trips",
    "SELECT age FROM (SELECT person, age, COUNT(*) AS n FROM people GROUP BY 1, 2) x LEFT JOIN trips USING (person)",
)


@pytest.mark.parametrize("sql", MULTIPLIED)
def test_a_unit_counts_no_more_than_its_norm_however_often_its_rows_are_joined(sql):
    statement = parse(sql)
    validate(statement)
    rows = Blocks(statement, RelationFacts(WORLD)).view(statement.tree, {}).below
    norm, huge = ContributionNorm(2, 1), ContributionNorm(2**30, 1)
    counts, unclipped = (aggregation(measure("rows", norm=one), below=rows) for one in (norm, huge))
    here, there = (ReferenceBackend(tables, WORLD) for tables in (TABLES, without(TABLES, 0)))
    totals, left = (np.array(backend.bounded_sums(counts).totals) for backend in (here, there))
    assert not excess(counts, totals, left)
    everything, rest = (np.array(backend.bounded_sums(unclipped).totals) for backend in (here, there))
    assert (everything - rest).max() > 2  # without clipping the attack would work
