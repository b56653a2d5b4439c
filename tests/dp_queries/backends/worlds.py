"""A small dataset with every kind of column, as logical rows and as the encrypted file a load would write."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from dp_queries.algebra.expressions import Expression
from dp_queries.algebra.relations import Below, Scan
from dp_queries.backends.storage import storage
from dp_queries.loading.encrypted import attach_new, connect, literal, name
from dp_queries.plan import Aggregation, Key, Measure, QuantileMeasure
from policies.catalogue import LoadedDataset, read_card
from privacy.selection import Selection
from privacy.units import ContributionNorm
from tests.worlds.entries import entry

KEY = bytes(range(32))
FIXED = datetime(2026, 1, 1, tzinfo=UTC)
Tables = dict[str, list[dict[str, Any]]]


def column(title: str, kind: str, **facts: Any) -> dict[str, Any]:
    return {"name": title, "type": kind, "description": "a column", "nullable": True, **facts}


CARD = read_card(
    {
        **entry("world", "trips.fare"),
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
                "rows_per_unit_at_most": 1000,
                "rows_norm": 10,
                "columns": [
                    column("person", "integer"),
                    column("kind", "text", domain=["b", "a", "A%", "é_"]),
                    column("note", "text"),
                    column("zone", "integer", bounds=["0", "5"]),
                    column("serial", "integer"),
                    column("fare", "number", bounds=["-5", "100"], granularity="0.01"),
                    column("mass", "number", bounds=["-6000000000", "6000000000"], granularity="3"),
                    column("free", "number"),
                    column("paid", "boolean"),
                    column("day", "date"),
                    column("at", "timestamp"),
                ],
            },
            {
                "name": "people",
                "description": "private rows, joined on the unit",
                "level": 3,
                "directory": "the tests",
                "source": {"parquet": "people.parquet"},
                "unit_column": "person",
                "rows_at_most": 1000,
                "rows_per_unit_at_most": 1000,
                "rows_norm": 1,
                "columns": [column("person", "integer"), column("age", "integer", bounds=["0", "120"])],
            },
            {
                "name": "zones",
                "description": "public rows",
                "level": 1,
                "directory": "the tests",
                "source": {"parquet": "zones.parquet"},
                "independent": True,
                "rows_at_most": 100,
                "columns": [column("zone", "integer"), column("borough", "text")],
            },
        ],
    }
)
DATASET = LoadedDataset(card=CARD, version="1", loaded_at=FIXED, domains={"zones.borough": ("north", "south")})
_TYPES = {"text": "VARCHAR", "integer": "BIGINT", "double": "DOUBLE", "boolean": "BOOLEAN"}
_TYPES |= {"date": "DATE", "timestamp": "TIMESTAMP"}


def write(tables: Tables, path: Path, *, shift: int = 0) -> Path:
    """The physical layout of logical rows: unit codes by raw unit, from `shift` on, rows sorted by them."""
    connection = connect(threads=1)
    attach_new(connection, path, KEY)
    connection.begin()
    units = sorted({row["person"] for rows in tables.values() for row in rows if row.get("person") is not None})
    codes = {unit: code + shift for code, unit in enumerate(units)}
    for table in CARD.tables:
        kept = [row for row in tables[table.name] if not table.is_private or row["person"] is not None]
        kept.sort(key=lambda row: codes[row["person"]] if "person" in row else 0)
        private = [("_unit", "INTEGER")] if table.is_private else []
        columns = [*private, *((held.name, _physical(table.name, held.name)) for held in table.columns)]
        connection.execute(f"CREATE TABLE d.{table.name} ({', '.join(f'{name(n)} {t}' for n, t in columns)})")
        rows = [
            [codes[row["person"]] for _ in private]
            + [_stored(table.name, held.name, row[held.name]) for held in table.columns]
            for row in kept
        ]
        if rows:
            holes = ", ".join("?" * len(columns))
            connection.executemany(f"INSERT INTO d.{table.name} VALUES ({holes})", rows)
    connection.commit()
    connection.close()
    return path


def _physical(table: str, title: str) -> str:
    kept = storage(DATASET, table, title)
    if kept.kind == "enum":
        return f"ENUM ({', '.join(map(literal, kept.domain))})"
    if kept.kind == "steps":
        bounds = CARD.table(table).column(title).clamping()  # type: ignore[union-attr]
        return "INTEGER" if max(abs(bounds.lower_steps), abs(bounds.upper_steps)) < 2**31 else "BIGINT"
    return _TYPES[kept.kind]


def _stored(table: str, title: str, value: Any) -> Any:
    """Written apart from the twin's rule, with decimals, so that both can be wrong only apart."""
    kept = storage(DATASET, table, title)
    if value is None or (kept.kind == "enum" and value not in kept.domain):
        return None
    if kept.kind != "steps":
        return None if isinstance(value, float) and value - value != 0 else value
    bounds = CARD.table(table).column(title).bounds  # type: ignore[union-attr]
    clamped = max(min(Decimal(value), bounds[1]), bounds[0])
    return int((clamped / Decimal(str(float(kept.granularity)))).to_integral_value("ROUND_HALF_UP"))


def measure(kind: str, value: Expression | None = None, **facts: Any) -> Measure:
    """A measure with small bounds and a norm that clips often."""
    given = {"lower_steps": -500, "upper_steps": 10_000, "granularity": Fraction(1, 100), "offset_steps": 0} | facts
    given = {"norm": ContributionNorm(700, 4), "mechanism": "laplace", "noise_scale": Fraction(1)} | given
    return Measure(kind=kind, value=value, **given)  # type: ignore[arg-type]


def aggregation(
    *measures: Measure,
    keys: tuple[Key, ...] = (),
    below: Below | None = None,
    where: Expression | None = None,
    quantiles: tuple[QuantileMeasure, ...] = (),
    selection: Selection | None = None,
) -> Aggregation:
    """An aggregation over the world, of its trips unless `below` is given."""
    return Aggregation(
        below=below or Below((Scan("trips", True),), (), where),
        keys=keys,
        measures=measures,
        quantiles=quantiles,
        aggregates=(),
        selection=selection,
    )
