"""SQL text -> row-level expression over one private table with a column of every type."""

from datetime import UTC, datetime

from dp_queries.algebra.expressions import Call, ColumnRef, Literal
from dp_queries.algebra.relations import Below, Scan
from dp_queries.facts.partitions import key_domain
from dp_queries.facts.relations import RelationFacts
from dp_queries.layers import below
from dp_queries.layers.scope import Scope, View
from dp_queries.syntax.parse import parse
from dp_queries.syntax.validate import validate
from policies.catalogue import LoadedDataset, read_card
from tests.worlds.entries import entry

YEAR = ["2013-01-01", "2013-12-31"]


def _column(name, kind, **more):
    return {"name": name, "type": kind, "description": name, **more}


CARD = read_card(
    {
        **entry("trips", "trips.fare"),
        "unit": {"noun": "person", "population": "people", "at_most": 1000},
        "budget": {"epsilon": "10", "delta": "0.000001", "query_delta": "0.000000001"},
        "tables": [
            {
                "name": "trips",
                "description": "private rows",
                "level": 3,
                "directory": "the tests",
                "source": {"parquet": "trips.parquet"},
                "unit_column": "person",
                "rows_at_most": 1000,
                "rows_per_unit_at_most": 10,
                "rows_norm": 3,
                "columns": [
                    _column("person", "text"),
                    _column("origin", "text", domain=["EWR", "JFK", "LGA"]),
                    _column("zone", "text", domain=["y", "x"], nullable=True),
                    _column("note", "text", nullable=True),
                    _column("essay", "text", most_characters=20_000),
                    _column("month", "integer", bounds=[1, 12]),
                    _column("serial", "integer", nullable=True),
                    _column("fare", "number", bounds=[-5, 100], granularity="0.01"),
                    _column("free", "number"),
                    _column("paid", "boolean", nullable=True),
                    _column("day", "date", bounds=YEAR),
                    _column("built", "date"),
                    _column("at", "timestamp", bounds=YEAR, nullable=True),
                    _column("seen", "timestamp"),
                ],
            }
        ],
    }
)
DATASET = LoadedDataset(card=CARD, version="1", loaded_at=datetime(2026, 1, 1, tzinfo=UTC), domains={})
TYPES = {column.name: column.type for column in CARD.tables[0].columns}


def scope_of(statement):
    """The names of the table."""
    scope = Scope(statement, RelationFacts(DATASET))
    columns = {name: ColumnRef(0, name, kind) for name, kind in TYPES.items()}
    scope.melt(statement.tree, "trips", View(Below((Scan("trips", has_unit=True),)), columns))
    return scope


def read(sql):
    """The expression of a validated piece of SQL, and its scope."""
    statement = parse(f"SELECT {sql} FROM trips")
    validate(statement)
    scope = scope_of(statement)
    return below.expression(statement.tree.expressions[0], scope), scope


def shown(sql):
    """The expression in short."""
    return _shown(read(sql)[0])


def domain(sql, *conditions):
    """The public values of a key where these conditions are met."""
    expression, scope = read(sql)
    return key_domain(expression, below.facts(expression, scope), scope.facts, [read(one)[0] for one in conditions])


def _shown(expression):
    match expression:
        case ColumnRef(_, column, _):
            return column
        case Literal(value):
            return repr(value) if isinstance(value, str | bool | None) else str(value)
        case Call(operator, arguments):
            return f"{operator}({', '.join(map(_shown, arguments))})"
