"""A shop's purchases, loaded as a provider loads them, with and without one more person: neighbouring databases.

Whatever is asked goes the whole way: SQL text, analysis, permit, plan, charge, encrypted file, kernel, noise, answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

from dp_queries import planner
from dp_queries.answers.answer import Answer
from dp_queries.backends.base import Backend
from dp_queries.backends.duckdb import DuckDBBackend
from dp_queries.loading.load import load
from dp_queries.plan import Aggregation, Plan
from dp_queries.release import release
from policies.agreements import Agreement, PinnedLog, Terms, all_columns
from policies.authorization import Act, Actor, decide
from policies.catalogue import Dataset, LoadedDataset, read_card
from policies.terms import AGGREGATES
from privacy.budget import issue_charge
from privacy.mechanisms import Choice, Noise, OpenDPChoice, OpenDPNoise
from tests.worlds.entries import entry, graded

KEY = bytes(range(32))
NOW = datetime(2026, 6, 1, tzinfo=UTC)
QUERY_DELTA = Fraction(1, 1000)  # as large as a card may say, so that what may fail is seen to
CELLS = 1000
KINDS = (("a", "food"), ("a", "late"), ("b", "food"), ("d", "none"))
Row = dict[str, Any]
Rows = list[Row]
NOBODY = [{"person": "nobody", "age": None}]  # who bought nothing: a table has one row at least


def _column(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "description": "-", **({"nullable": True} | more)}


def _table(name: str, columns: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return graded({"name": name, "description": "-", "source": {"csv": f"{name}.csv"}, "columns": columns, **more})


_PERSON = {"name": "person", "type": "text", "description": "-"}
_BOUGHT = [
    _PERSON,
    _column("shop", "text", domain=["a", "b", "c"]),
    _column("cell", "integer", domain=list(range(CELLS)), nullable=False),
    _column("town", "text", most_values=20_000),
    _column("price", "number", bounds=[-10, 90], granularity="0.01"),
    _column("items", "integer", bounds=[0, 10]),
    _column("serial", "integer"),
    _column("free", "number"),
]
_PRIVATE = {"unit_column": "person", "rows_at_most": 100_000}
CARD: Dataset = read_card(
    {
        **entry("shops", "purchases.price"),
        "unit": {"noun": "person", "population": "people", "at_most": 50_000},
        "budget": {"epsilon": 100, "delta": "0.001", "query_delta": str(float(QUERY_DELTA))},
        "tables": [
            _table("purchases", _BOUGHT, rows_per_unit_at_most=2_000, rows_norm=4, groups_norm=1, **_PRIVATE),
            # Norms that are chosen end at what these caps allow, so that one person can have the greatest of them.
            _table("visits", _BOUGHT, rows_per_unit_at_most=12, rows_norm=6, groups_norm=1, **_PRIVATE),
            _table(
                "people",
                [_PERSON, _column("age", "integer", bounds=[0, 120])],
                rows_per_unit_at_most=3,
                rows_norm=1,
                **_PRIVATE,
            ),
            _table(
                "kinds",
                [_column("shop", "text"), _column("kind", "text")],
                independent=True,
                rows_at_most=100,
            ),
        ],
    }
)
PINNED_LOG = PinnedLog(origin="jali.test/log", key=bytes(32))


def bought(person: str, **what: Any) -> Row:
    """One purchase; what isn't told is ordinary."""
    usual = {"shop": "a", "cell": 0, "town": "york", "price": 20, "items": 2, "serial": 7, "free": 1.5}
    return {"person": person, **usual, **what}


def load_rows(folder: Path, **tables: Rows) -> tuple[DuckDBBackend, LoadedDataset]:
    """The backend over these rows, through CSV files and a load; a table has one row at least, of nobody."""
    folder.mkdir(parents=True)
    kinds = [{"shop": shop, "kind": kind} for shop, kind in KINDS]
    usual: dict[str, Rows] = {"purchases": [bought("nobody")], "visits": [bought("nobody")], "people": NOBODY}
    for table, rows in {**usual, "kinds": kinds, **tables}.items():
        _write(folder / f"{table}.csv", table, rows)
    loaded = load(CARD, folder, folder / "shops.duckdb", KEY)
    dataset = LoadedDataset(card=CARD, version="1", loaded_at=NOW, domains=loaded.domains)
    return DuckDBBackend(folder / "shops.duckdb", KEY, dataset), dataset


def _write(path: Path, table: str, rows: Sequence[Row]) -> None:
    described = CARD.table(table)
    names = [column.name for column in described.columns] if described else []
    lines = [",".join("" if row[name] is None else str(row[name]) for name in names) for row in rows]
    path.write_text("\n".join([",".join(names), *lines]) + "\n")


@dataclass(frozen=True)
class Shop:
    """One database: a backend over a load, and the dataset that the load made of the card."""

    backend: Backend
    dataset: LoadedDataset


class Kept:
    """A backend that reads rows once per aggregation: its sums are exact, so that only noise is new in each release."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._kept: dict[Any, Any] = {}

    def __getattr__(self, name: str) -> Any:
        def ask(asked: Any) -> Any:
            if not isinstance(asked, Aggregation | list | tuple):
                raise TypeError("only aggregations and names are asked for")
            key = name, asked if isinstance(asked, Aggregation) else tuple(asked)
            if key not in self._kept:
                self._kept[key] = getattr(self._backend, name)(asked)
            return self._kept[key]

        return ask


def shop(folder: Path, **tables: Rows) -> Shop:
    """The database of these rows."""
    backend, dataset = load_rows(folder, **tables)
    return Shop(Kept(backend), dataset)


def planned(sql: str, dataset: LoadedDataset, *, epsilon: float) -> Plan:
    """The plan of a query, permitted as the room permits it."""
    query, micro = planner.analyse(sql, dataset), round(epsilon * 1_000_000)
    terms = Terms(
        dataset="shops",
        columns=all_columns({table.name: "*" for table in CARD.tables}),
        aggregates=AGGREGATES,
        purposes=frozenset({"tests"}),
        not_before=NOW - timedelta(days=1),
        expires_at=NOW + timedelta(days=1),
        epsilon_micro=100_000_000,
        delta=Fraction(1, 1000),
        epsilon_per_query_micro=100_000_000,
        queries_per_day=100,
    )
    agreement = Agreement("tests", "guild", "university", NOW, PINNED_LOG, terms)
    actor = Actor("ada", "researcher", "university", "front")
    permit = decide(agreement, Act("sql", query.needs, micro, None), actor=actor, holds=(), acts_today=0, now=NOW)
    return planner.plan(query, dataset, permit, epsilon_micro=micro)


def answer(plan: Plan, backend: Backend, noise: Noise | None = None, choice: Choice | None = None) -> Answer:
    """One release of the plan, charged for."""
    charge = issue_charge(id="1", agreement=plan.agreement, plan_digest=plan.digest, loss=plan.loss)
    return release(plan, charge, backend, noise=noise or OpenDPNoise(), choice=choice or OpenDPChoice()).statements[0]
