"""The world of the accepted SQL vectors: the same rows loaded as a room does, and as plain tables in DuckDB."""

import random
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import yaml

from dp_queries.backends.duckdb import DuckDBBackend
from dp_queries.loading.load import load
from policies.catalogue import LoadedDataset, read_card
from tests.dp_queries.flights import NOW

CARD = read_card(yaml.safe_load((Path(__file__).parent.parent / "worlds" / "flights.yaml").read_text(encoding="utf-8")))
KEY = bytes(range(32))
AIRCRAFT = 150
DESTINATIONS = {"ATL": 760, "BOS": 190, "LAX": 2470, "LHR": 3450, "MIA": 1090, "ORD": 730}
# Few values, each many times: ranks of quantiles and extremes then lie well inside a value's rows.
DELAYS = (-10, -5, -2.5, -2.5, 0, 0, 0, 5, 7.5, 12, 12, 31, 60, 121.5, None)
NOTES = (None, "ok", "Ok, ice", "12", " 7 ", "3.5", "bird strike", "2013-05-01", "", "gate-B-12")
PARTS = ("brakes", "cabin", "engine", "radio")
_TYPES = {"text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN"}
_TYPES |= {"date": "DATE", "timestamp": "TIMESTAMP"}
Rows = list[dict[str, Any]]


def rows(seed: int = 24) -> dict[str, Rows]:
    """The rows of every table. No norm of the card bites, and with this seed every day has a flight."""
    draw = random.Random(seed)
    names = [f"N{100 + number}" for number in range(AIRCRAFT)]
    flights = [_flight(name, draw) for name in names for _ in range(draw.randint(8, 20))]
    flights += [_flight(None, draw) for _ in range(5)]  # nobody's: left out by rule
    first = date(2013, 1, 1)
    return {
        "flights": flights,
        "planes": [_plane(name, draw) for name in names[:-10]],  # some are on no register
        "repairs": [_repair(name, draw) for name in names for _ in range(draw.choice((0, 0, 1, 2, 3)))],
        "airports": [
            {"faa": faa, "zone": zone, "height": height}
            for faa, zone, height in (
                ("ATL", "south", 1000), ("BOS", "east", 0), ("LAX", "west", 100), ("MIA", "south", 0),
                ("ORD", "north", 700), ("DEN", "west", 5400), ("EWR", "east", 0), ("JFK", "east", 0),
            )
        ],
        "holidays": [
            {"day": date(2013, month, number), "title": title}
            for month, number, title in ((1, 1, "New Year"), (7, 4, "Independence"), (12, 25, "Christmas"))
        ],
        "weather": [
            {"origin": origin, "day": first + timedelta(days=number), "wind": (number * 7 + place) % 40 / 2}
            for place, origin in enumerate(("EWR", "JFK"))
            for number in range(365)
        ],
    }  # fmt: skip


def _flight(name: str | None, draw: random.Random) -> dict[str, Any]:
    departed = datetime(2013, 1, 1) + timedelta(days=draw.randrange(365), minutes=15 * draw.randrange(96), seconds=7)
    departed = departed.replace(month=7, day=4) if draw.random() < 0.02 else departed
    dest, delay = draw.choice(tuple(DESTINATIONS)), draw.choice(DELAYS)
    return {
        "tailnum": name,
        "carrier": draw.choice(("AA", "AA", "DL", "UA")),
        "origin": draw.choice(("EWR", "JFK", "JFK", "LGA")),
        "dest": dest,
        "month": departed.month,
        "distance": DESTINATIONS[dest],
        "delay": delay,
        "weight": draw.choice((40, 41.5, 70.25, 90)),
        "departed": departed,
        "day": departed.date(),
        "late": None if delay is None else delay > 10,
        "note": draw.choice(NOTES),
    }


def _plane(name: str, draw: random.Random) -> dict[str, Any]:
    return {
        "tailnum": name,
        "maker": draw.choice(("AIRBUS", "BOEING", "BOEING", None)),
        "seats": draw.choice((50, 50, 120, 180, 180, 300)),
        "built": draw.choice((None, 1990, 1999, 2005, 2012)),
    }


def _repair(name: str, draw: random.Random) -> dict[str, Any]:
    return {
        "tailnum": name,
        "part": draw.choice(PARTS),
        "day": date(2013, 1, 1) + timedelta(days=draw.randrange(365)),
        "hours": draw.choice((1, 2, 2, 8, 40)),
        "cost": draw.choice((None, 99.99, 250, 1200.5)),
    }


def loaded(folder: Path) -> tuple[LoadedDataset, DuckDBBackend, duckdb.DuckDBPyConnection]:
    """The world as a room holds it, in an encrypted file; and the same rows in plain DuckDB."""
    plain = _plain(rows())
    for table in CARD.tables:
        plain.execute(f"COPY {table.name} TO '{folder / table.name}.parquet'")
        if table.is_private:
            plain.execute(f"DELETE FROM {table.name} WHERE tailnum IS NULL")  # left out by rule
    result = load(CARD, folder, folder / "flights.duckdb", KEY)
    dataset = LoadedDataset(card=CARD, version="2013-1", loaded_at=NOW, domains=result.domains)
    return dataset, DuckDBBackend(folder / "flights.duckdb", KEY, dataset), plain


def _plain(tables: dict[str, Rows]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:", config={"threads": 1})
    for table in CARD.tables:
        columns = ", ".join(f"{column.name} {_TYPES[column.type]}" for column in table.columns)
        connection.execute(f"CREATE TABLE {table.name} ({columns})")
        held = [list(row.values()) for row in tables[table.name]]
        connection.executemany(f"INSERT INTO {table.name} VALUES ({', '.join('?' * len(table.columns))})", held)
    return connection
