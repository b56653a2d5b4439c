"""The queries of the trips workload: ours with their tickets, and the same as raw, non-private DuckDB on the same file.

Raw runs on the very file that ours reads: encrypted, clustered by unit, texts as ENUMs and fares as integers. That is
faster than raw on plain Parquet, so the ratios are the harder ones.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any, Protocol

from benchmarks.trips import KEY, Trips
from dp_queries import planner
from dp_queries.answers.answer import Answer
from dp_queries.backends.base import Sums
from dp_queries.backends.duckdb import DuckDBBackend
from dp_queries.loading import encrypted
from dp_queries.plan import Aggregation, Plan
from dp_queries.release import release
from dp_queries.settling import with_shown_groups
from policies.agreements import Agreement, PinnedLog, Terms, all_columns
from policies.authorization import Act, Actor, decide
from policies.terms import AGGREGATES
from privacy.budget import issue_charge
from privacy.mechanisms import Noise, OpenDPChoice, OpenDPNoise

QUERIES = {
    "count": "SELECT COUNT(*) FROM trips",
    "users": "SELECT COUNT(DISTINCT user_id) FROM trips",
    "cat10": "SELECT cat10, SUM(fare) FROM trips GROUP BY cat10",
    "zone1k": "SELECT zone, SUM(fare) FROM trips GROUP BY zone",
    "daycat": "SELECT CAST(ts AS DATE), cat10, COUNT(*) FROM trips GROUP BY 1, 2",
    "median": "SELECT MEDIAN(fare) FROM trips",
    "join": "SELECT borough, SUM(fare) FROM trips JOIN zones USING (zone) GROUP BY borough",
    "filter": "SELECT cat10, COUNT(*) FROM trips WHERE fare > 20 AND ts >= TIMESTAMP '2025-01-08' "
    "AND ts < TIMESTAMP '2025-01-15' GROUP BY cat10",
}
PRIVATE_KEYS = frozenset({"zone1k"})  # which of their groups appear is itself a released fact
EPSILON = 1
EPSILON_MICRO = EPSILON * 1_000_000

THREADS = 2
_FARES_A_DOLLAR = 100  # fares are stored in cents
_NOW = datetime(2026, 1, 1, tzinfo=UTC)

Groups = dict[tuple[Any, ...], float]


class Side(Protocol):
    """One of the two that are compared: runs a query of `QUERIES` to the end of its scan."""

    def run(self, query: str) -> Any:
        """Run the query by its name."""


class Raw:
    """DuckDB itself on the encrypted file, without privacy."""

    def __init__(self, trips: Trips) -> None:
        self._connection = encrypted.open_read_only(trips.file, KEY, threads=THREADS)

    def run(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of the exact answer; fares in cents."""
        sql = QUERIES[query].replace("fare > 20", f"fare > {20 * _FARES_A_DOLLAR}")
        return self._connection.execute(sql).fetchall()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class Ours:
    """The private way: `run` is scan and kernel, `answer` the whole release with noise and intervals."""

    def __init__(self, trips: Trips) -> None:
        self._dataset = trips.dataset
        self._backend = DuckDBBackend(trips.file, KEY, trips.dataset, threads=THREADS)
        self._plans: dict[str, Plan] = {}

    def plan(self, query: str) -> Plan:
        """The query's plan, made once. Raises QueryRejected for what the SQL door doesn't answer yet."""
        if query not in self._plans:
            self._plans[query] = self._planned(QUERIES[query])
        return self._plans[query]

    def run(self, query: str) -> Any:
        """The bounded sums, as `release` gets them; of private keys, of the groups that are shown."""
        return [self._sums(part) for part in self.plan(query).aggregations]

    def answer(self, query: str, noise: Noise | None = None) -> Answer:
        """The query's answer. A benchmark has no ledger, so it writes itself the charge for made-up rows."""
        plan = self.plan(query)
        charge = issue_charge(id="benchmark", agreement=plan.agreement, plan_digest=plan.digest, loss=plan.loss)
        return release(plan, charge, self._backend, noise=noise or OpenDPNoise(), choice=OpenDPChoice()).statements[0]

    def close(self) -> None:
        """Close the file."""
        self._backend.close()

    def _sums(self, part: Aggregation) -> Sums:
        sums = None
        if part.is_open:
            part, sums = with_shown_groups(part, self._backend.found_groups(part), OpenDPNoise())
        return sums or self._backend.bounded_sums(part)

    def _planned(self, sql: str) -> Plan:
        query = planner.analyse(sql, self._dataset)
        act = Act("sql", query.needs, EPSILON_MICRO, None)
        actor = Actor("benchmark", "researcher", "open-university", "benchmark")
        permit = decide(self._agreement(), act, actor=actor, holds=(), acts_today=0, now=_NOW)
        return planner.plan(query, self._dataset, permit, epsilon_micro=EPSILON_MICRO)

    def _agreement(self) -> Agreement:
        terms = Terms(
            dataset=self._dataset.card.name,
            columns=all_columns({table.name: "*" for table in self._dataset.card.tables}),
            aggregates=AGGREGATES,
            purposes=frozenset({"measuring"}),
            not_before=_NOW - timedelta(days=1),
            expires_at=_NOW + timedelta(days=1),
            epsilon_micro=10 * EPSILON_MICRO,
            delta=Fraction(1, 10**6),
            epsilon_per_query_micro=EPSILON_MICRO,
            queries_per_day=1,
        )
        log = PinnedLog("jali.benchmark/log", hashlib.sha256(b"no log").digest())
        return Agreement("benchmark", self._dataset.card.provider, "open-university", _NOW, log, terms)


@dataclass(frozen=True)
class Truth:
    """Per group of a query: the exact, unbounded, unclamped value, and the number of rows behind it."""

    values: Groups
    rows: Groups

    def error(self, rows: Iterable[Sequence[Any]], *, least_rows: int) -> float:
        """Median of |answer - truth| / truth over groups with at least `least_rows` rows; a missing group counts 1."""
        found = {_key(row): float(row[-1]) for row in rows if isinstance(row[-1], int | float)}
        errors = sorted(
            abs(found[key] - value) / abs(value) if key in found else 1.0
            for key, value in self.values.items()
            if self.rows[key] >= least_rows
        )
        middle = len(errors) // 2
        return errors[middle] if len(errors) % 2 else (errors[middle - 1] + errors[middle]) / 2


def truth(trips: Trips, query: str) -> Truth:
    """The truth from the Parquet files as they were generated, before any clamping."""
    connection = encrypted.connect(threads=THREADS)
    try:
        for table in ("trips", "zones"):
            path = encrypted.literal(str(trips.folder / f"{table}.parquet"))
            connection.execute(f"CREATE VIEW {table} AS SELECT * FROM {path}")
        head, tail = QUERIES[query].split(" FROM ", 1)
        found = connection.execute(f"{head}, COUNT(*) FROM {tail}").fetchall()
    finally:
        connection.close()
    values = {_key(row[:-1]): float(row[-2]) for row in found}
    return Truth(values, {_key(row[:-1]): float(row[-1]) for row in found})


def _key(row: Any) -> tuple[Any, ...]:
    """The group of a row, spelled as answers spell it."""
    return tuple(value.isoformat() if isinstance(value, date) else value for value in row[:-1])
