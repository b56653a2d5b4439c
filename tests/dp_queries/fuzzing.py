"""What a random query is put through: the whole of the door, with DuckDB and its twin asked the same and compared.

`Both` is a backend that asks both and raises where they differ; `Seen` counts what was reached.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from traceback import format_exception
from typing import Any

import numpy as np

from dp_queries import planner
from dp_queries.answers.answer import Answer
from dp_queries.backends.base import Backend, Sums
from dp_queries.backends.duckdb import DuckDBBackend
from dp_queries.backends.reference import ReferenceBackend
from dp_queries.errors import QueryRejected
from dp_queries.plan import Aggregation, Plan
from dp_queries.query import Query
from dp_queries.release import release
from dp_queries.syntax.parse import parse
from policies.agreements import Agreement, Terms, all_columns
from policies.authorization import Act, Actor, Permit, decide
from policies.catalogue import LoadedDataset
from policies.columns import Clipping
from policies.errors import RequestRejected
from policies.terms import AGGREGATES
from privacy.budget import issue_charge
from privacy.unit_sets import SetsOnDemand
from tests.dp_queries.backends.random_relations import world
from tests.dp_queries.backends.worlds import DATASET, FIXED, KEY, Tables, write
from tests.dp_queries.flights import PINNED_LOG
from tests.dp_queries.mutated_sql import mutated
from tests.dp_queries.random_queries import statement

DAYS = (date(2025, 1, 1), date(2025, 1, 3))
# What the small world's rows keep, so that there are public keys of every type, and clipping norms.
_DECLARED: Mapping[str, Mapping[str, Any]] = {
    "day": {"bounds": DAYS},
    "at": {"bounds": DAYS},
    "note": {"most_values": 12, "most_characters": 4},
    "serial": {"most_values": 12},
    "fare": {"clipping": Clipping(sum=Decimal(300))},
    "mass": {"clipping": Clipping(deviation=Decimal(10**10))},
}


def _declared() -> LoadedDataset:
    tables = [
        table.model_copy(
            update={
                "columns": tuple(column.model_copy(update=_DECLARED.get(column.name, {})) for column in table.columns)
            }
        )
        for table in DATASET.card.tables
    ]
    return DATASET.model_copy(update={"card": DATASET.card.model_copy(update={"tables": tuple(tables)})})


FUZZED = _declared()
_LOOKED_AT = 3
_TRIED = 2
_EPSILONS = (1_000, 1_000_000, 100_000_000)


def permitted(query: Query, epsilon_micro: int) -> Permit:
    """The permit for what a query needs."""
    terms = Terms(
        dataset="world",
        columns=all_columns({table.name: "*" for table in FUZZED.card.tables}),
        aggregates=AGGREGATES,
        purposes=frozenset({"tests"}),
        not_before=FIXED,
        expires_at=FIXED + timedelta(days=1),
        epsilon_micro=10**9,
        delta=Fraction(1, 10**6),
        epsilon_per_query_micro=10**9,
        queries_per_day=100,
    )
    agreement = Agreement("tests", "provider", "university", FIXED, PINNED_LOG, terms)
    act = Act("sql", query.needs, epsilon_micro, None)
    actor = Actor("ada", "researcher", "university", "front")
    return decide(agreement, act, actor=actor, holds=(), acts_today=0, now=FIXED)


def planned(query: Query, epsilon_micro: int) -> Plan:
    """The plan. A busy machine may interrupt its dry run, which is given a second: then it is tried again."""
    permit = permitted(query, epsilon_micro)
    for _ in range(_TRIED):
        try:
            return planner.plan(query, FUZZED, permit, epsilon_micro=epsilon_micro)
        except QueryRejected:
            continue
    return planner.plan(query, FUZZED, permit, epsilon_micro=epsilon_micro)


class Both:
    """A backend that asks DuckDB and the twin, and gives what both say. Raises AssertionError where they differ."""

    def __init__(self, engine: Backend, twin: Backend) -> None:
        self._engine = engine
        self._twin = twin

    def bounded_sums(self, aggregation: Aggregation) -> Sums:
        found, expected = (backend.bounded_sums(aggregation) for backend in (self._engine, self._twin))
        assert canonical(found) == canonical(expected)
        return found

    def sums_together(self, aggregations: Sequence[Aggregation]) -> list[Sums]:
        found, expected = (backend.sums_together(aggregations) for backend in (self._engine, self._twin))
        assert list(map(canonical, found)) == list(map(canonical, expected))
        return found

    def found_groups(self, aggregation: Aggregation) -> Any:
        found, expected = (backend.found_groups(aggregation) for backend in (self._engine, self._twin))
        assert canonical_groups(found) == canonical_groups(expected)
        return found

    def public_tables(self, names: Sequence[str]) -> dict[str, Any]:
        found, expected = (backend.public_tables(names) for backend in (self._engine, self._twin))
        assert {name: table.to_pylist() for name, table in found.items()} == {
            name: table.to_pylist() for name, table in expected.items()
        }
        return found


def canonical_groups(found: Any) -> Any:
    """Found keys, and the sets of them that units have, whatever their codes are."""
    sets = found.sets.collected() if isinstance(found.sets, SetsOnDemand) else found.sets
    members = [sorted(map(repr, map(found.keys.__getitem__, sets._members[one:two]))) for one, two in
               pairwise(sets._firsts)]  # fmt: skip
    sums = found.sums and [
        {repr(key): found.sums.totals[:, code].tolist() for code, key in enumerate(found.keys)},
        found.sums.norms,
    ]
    return sorted(map(repr, found.keys)), sorted(members), sums


def canonical(sums: Sums) -> Any:
    """The exact integers."""
    found = getattr(sums, "found", None)
    totals = np.asarray(sums.totals)
    parts = [[histogram.tolist() for histogram in sums.histograms], getattr(sums, "norms", ())]
    if found is None:
        return [totals.tolist(), *parts]
    by_key = {repr(key): totals[:, code].tolist() for code, key in enumerate(found.keys)}
    return [by_key, canonical_groups(found), *parts]


class Quiet:
    """Exact "noise", or the same amount on everything: what post-processing must stand."""

    def __init__(self, amount: int) -> None:
        self._amount = amount

    def laplace(self, values: Any, scale: Fraction) -> list[int]:
        return [int(value) + self._amount for value in values]

    gaussian = laplace


class First:
    """A choice without chance: of places whose scores are greatest the first."""

    def permute_and_flip(self, scores: Iterable[Sequence[int]], scale: Fraction) -> list[int]:
        return [list(each).index(max(each)) for each in scores]

    exponential = permute_and_flip


@dataclass
class Seen:
    """What was reached: nodes of answered statements, parts of plans, codes of refusals."""

    nodes: Counter[str] = field(default_factory=Counter)
    parts: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def answered(self, sql: str, plan: Plan) -> None:
        self.outcomes["answered"] += 1
        self.parts.update(set(_parts(plan)))
        if self.outcomes["answered"] % _LOOKED_AT == 1:  # to read every text again would take a fifth of the time
            self.nodes.update({type(node).__name__ for node in parse(sql).tree.walk()})

    def __iadd__(self, other: "Seen") -> "Seen":
        for name in ("nodes", "parts", "refusals", "outcomes"):
            getattr(self, name).update(getattr(other, name))
        self.failures += other.failures
        return self


def _parts(plan: Plan) -> Iterator[str]:
    """The kinds of what a plan is made of."""
    for part in plan.aggregations:
        yield from (f"measure {measure.kind}" for measure in part.measures)
        yield from (f"aggregate {aggregate.kind}" for aggregate in part.aggregates)
        yield from (f"key {'private' if key.domain is None else 'public'} {key.type}" for key in part.keys)
        yield from (f"relation {type(source).__name__}" for source in part.below.sources)
        yield from (f"join {join.kind}" for join in part.below.joins)
    for above in plan.statements:
        yield "rowwise" if above.rowwise else "replayed"
        yield from (f"table {table.rstrip('0123456789')}" for table in above.tables)


def check(sql: str, backend: Backend, random: Random, seen: Seen, called: str = "written") -> Answer | None:
    """Put the text through the door. Raises AssertionError for what must not be; None for what is refused."""
    epsilon_micro = random.choice(_EPSILONS)
    try:
        plan = planned(planner.analyse(sql, FUZZED), epsilon_micro)
    except QueryRejected as refusal:
        _check_refusal(sql, refusal)
        seen.outcomes[f"{called} refused"] += 1
        seen.refusals[refusal.reasons[0].code] += 1
        return None
    except RequestRejected:
        seen.outcomes[f"{called} answered"] += 1
        return None
    seen.outcomes[f"{called} answered"] += 1
    seen.answered(sql, plan)
    if random.random() < 0.97:  # without the draws for error bars, which take longest
        plan = replace(plan, statements=tuple(replace(above, work=10**12) for above in plan.statements))
    charge = issue_charge(id="1", agreement=plan.agreement, plan_digest=plan.digest, loss=plan.loss)
    noise = Quiet(random.choice((0, 0, 1, -3, 2**40, -(2**62))))
    return release(plan, charge, backend, noise=noise, choice=First()).statements[0]


def _check_refusal(sql: str, refusal: QueryRejected) -> None:
    lines = sql.split("\n")
    assert refusal.reasons
    for reason in refusal.reasons:
        assert reason.code
        assert len(reason.message) >= 10, reason
        assert reason.line is not None, reason
        assert reason.column is not None, reason
        assert 1 <= reason.line <= len(lines), reason
        assert 1 <= reason.column <= len(lines[reason.line - 1]) + 1, reason


@contextmanager
def opened(tables: Tables) -> Iterator[Both]:
    """Both backends over the same rows."""
    with TemporaryDirectory() as folder:
        path = write(tables, Path(folder) / "world.db")
        with DuckDBBackend(path, KEY, FUZZED, threads=1, ranges=2) as engine:
            yield Both(engine, ReferenceBackend(tables, FUZZED))


def small_world(random: Random) -> Tables:
    """A small world of nasty rows; now and then one without any."""
    if random.random() < 0.1:
        return {"trips": [], "people": [], "zones": []}
    return world(random)


def put(seed: int, queries: int, share: float = 0.5) -> Seen:
    """Put random queries through a world of this seed, this share of them mutated. A failure tells seed and text."""
    seen = Seen()
    with opened(small_world(Random(seed))) as both:
        for at in range(queries):
            random = Random(seed * 10_000 + at)
            sql, is_mutated = statement(random), random.random() < share
            sql = mutated(sql, random) if is_mutated else sql
            try:
                check(sql, both, random, seen, "mutated" if is_mutated else "written")
            except Exception as error:
                told = "".join(format_exception(error, limit=-3))
                seen.failures.append(f"seed {seed}, query {at}: {sql!r}\n{told}")
    return seen
