"""Statements over released tables of given values: what they are written as, and what the engine makes of it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from dp_queries.answers.engine import process, try_empty
from dp_queries.answers.released import public_table, released_table
from dp_queries.facts.relations import RelationFacts
from dp_queries.layers.above.finish import finished
from dp_queries.layers.statements import Statements
from dp_queries.post_processing import Above
from dp_queries.syntax.parse import parse
from tests.dp_queries.flights import DATASET

AIRPORTS = {"faa": ["EWR", "JFK", "LGA", "XYZ"], "zone": ["east", "east", "west", None], "height": [10, 20, 30, -5]}
PUBLICS = {
    "public_airports": public_table(DATASET.card.table("airports"), AIRPORTS),
    "public_weather": public_table(DATASET.card.table("weather")),
}
_ARROW = {"text": pa.string(), "integer": pa.int64(), "date": pa.date32(), "boolean": pa.bool_()}


def read(sql: str) -> tuple[Statements, Above]:
    """A statement as post-processing, with the aggregations that it needs."""
    statement = parse(sql)
    statements = Statements(statement, RelationFacts(DATASET))
    return statements, finished(statements.read(), statement.tree, statement, (0,))


def tables(statements: Statements, values: Any = None) -> dict[str, pa.Table]:
    """The released tables of a statement; aggregate `a` of group `g` of table `t` is values(t, a, g)."""
    given = values or (lambda table, aggregate, group: 100 * (group + 1))
    found = dict(PUBLICS)
    for number, middle in enumerate(statements.middles):
        domains = [key.domain for key in middle.keys]
        groups = int(np.prod([len(domain) for domain in domains], dtype=np.int64))
        codes = np.unravel_index(np.arange(groups), [len(domain) for domain in domains]) if domains else ()
        keys = [
            pa.array(domain, type=_ARROW[key.type]).take(pa.array(code))
            for key, domain, code in zip(middle.keys, domains, codes, strict=True)
        ]
        columns = [
            np.array([given(number, aggregate, group) for group in range(groups)], dtype=np.float64)
            for aggregate in range(len(middle.aggregates))
        ]
        found[f"released{number}"] = released_table(keys, columns, groups)
    return found


def rows(sql: str, values: Any = None) -> list[Sequence[Any]]:
    """The answer's rows."""
    statements, above = read(sql)
    named = {name: table for name, table in tables(statements, values).items() if name in above.tables}
    try_empty(above, {name: table.slice(0, 0) for name, table in named.items()})
    return process(above, named).rows
