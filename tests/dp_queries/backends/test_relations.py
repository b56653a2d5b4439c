"""Random nested SQL over rows of units: engines agree, what is declared holds, and no row of a unit changes another's.

Source of the last: Wilson et al., "Differentially Private SQL with Bounded User Contribution", PoPETs 2020, section 3.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from itertools import islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

from dp_queries.algebra.expressions import Call, Expression, Literal
from dp_queries.algebra.relations import Below, ColumnRef, Join, Scan, inner_belows
from dp_queries.algebra.types import NUMBERS, type_of
from dp_queries.backends.base import Backend
from dp_queries.backends.duckdb import DuckDBBackend
from dp_queries.backends.evaluate import Row, Steps, evaluate, known
from dp_queries.backends.reference import ReferenceBackend
from dp_queries.backends.twins.rows import joined_rows, relation_rows
from dp_queries.errors import QueryRejected
from dp_queries.facts.expressions import Facts
from dp_queries.facts.relations import RelationFacts
from dp_queries.layers.blocks import Blocks
from dp_queries.layers.scope import View
from dp_queries.plan import Aggregation, Measure
from dp_queries.syntax.parse import parse
from dp_queries.syntax.validate import validate
from policies.catalogue import LoadedDataset
from privacy.units import ContributionNorm
from tests.dp_queries.backends.random_relations import UNITS, statement, world
from tests.dp_queries.backends.test_agreement import excess, without
from tests.dp_queries.backends.worlds import DATASET, KEY, Tables, aggregation, measure, write

_WORLDS, _STATEMENTS = 12, 16
_NORMS = (ContributionNorm(3, 1), ContributionNorm(700, 4), ContributionNorm(2**20, 1))


def resolved(sql: str, facts: RelationFacts) -> View:
    found = parse(sql)
    validate(found)
    return Blocks(found, facts).view(found.tree, {})


def accepted(random: Random, facts: RelationFacts) -> Iterator[tuple[str, View]]:
    while True:
        sql = statement(random)
        try:
            yield sql, resolved(sql, facts)
        except QueryRejected:
            continue


def counted(view: View, facts: RelationFacts, random: Random) -> Aggregation:
    """An aggregation that tells any two multisets of values apart that differ in more than trifles."""
    norm = random.choice(_NORMS)
    found = [measure("rows", norm=norm), measure("units", norm=norm)]
    for value in view.columns.values():
        found += _measures(value, facts.of(view.below, value), norm)
    return aggregation(*found, below=view.below)


def _measures(value: Expression, facts: Facts, norm: ContributionNorm) -> Iterator[Measure]:
    yield measure("present", value, norm=norm)
    if type_of(value) in NUMBERS and not facts.is_unit:
        yield measure("sum", value, lower_steps=-(10**6), upper_steps=10**6, norm=norm)
    if type_of(value) == "text":
        is_a = Call("case", (Call("like", (value, Literal("a%"))), Literal(1), Literal(None)))
        yield measure("present", is_a, norm=norm)


def rows_by_unit(view: View, backend: ReferenceBackend) -> Mapping[Any, Counter[str]]:
    found: dict[Any, Counter[str]] = defaultdict(Counter)
    for unit, row in joined_rows(view.below, backend.tables):
        found[unit][repr([known(evaluate(value, row)) for value in view.columns.values()])] += 1
    return found


def declared_tightly(tables: Tables) -> LoadedDataset:
    """The world's card with caps, keys and domains that these rows just meet."""
    units: dict[str, Counter[Any]] = {
        name: Counter(row["person"] for row in rows if row.get("person") is not None) for name, rows in tables.items()
    }
    zones = [row["zone"] for row in tables["zones"] if row["zone"] is not None]
    changes: dict[str, dict[str, Any]] = {
        name: {
            "rows_at_most": max(1, units[name].total()),
            "rows_per_unit_at_most": max(1, *units[name].values(), 1),
            "unique": (("person",),) if max(units[name].values(), default=0) <= 1 else (),
        }
        for name in ("trips", "people")
    }
    is_unique = len(set(zones)) == len(zones)
    changes["zones"] = {"rows_at_most": max(1, len(tables["zones"])), "unique": (("zone",),) if is_unique else ()}
    most = max(1, len(units["trips"] | units["people"]))
    card = DATASET.card.model_copy(
        update={
            "tables": tuple(table.model_copy(update=changes[table.name]) for table in DATASET.card.tables),
            "unit": DATASET.card.unit.model_copy(update={"at_most": most}),
        }
    )
    domains = {**DATASET.domains, **({"zones.zone": tuple(sorted(set(zones)))} if zones else {})}
    return LoadedDataset(card=card, version="1", loaded_at=DATASET.loaded_at, domains=domains)


def lies(view: View, facts: RelationFacts, backend: ReferenceBackend) -> Iterator[str]:
    """What is declared of a view's rows and is not so."""
    rows = list(joined_rows(view.below, backend.tables))
    per_unit = Counter(unit for unit, _ in rows)
    if len(rows) > facts.rows_at_most(view.below):
        yield f"{len(rows)} rows"
    if max(per_unit.values(), default=0) > facts.rows_per_unit(view.below):
        yield f"{max(per_unit.values())} rows of a unit"
    for inner in _relations(view.below):
        if len(relation_rows(inner, backend.tables)) > facts.rows_of(inner):
            yield f"rows of {inner}"
    for name, value in view.columns.items():
        found = facts.of(view.below, value)
        yield from {f"{name} {fault}: {found}" for unit, row in rows for fault in _faults(found, unit, value, row)}


def _relations(below: Below) -> Iterator[Any]:
    for source in below.sources:
        yield source
        for inner in inner_belows(source):
            yield from _relations(inner)


def _faults(facts: Facts, unit: Any, expression: Expression, row: Row) -> Iterator[str]:
    value = known(evaluate(expression, row))
    if value is None:
        if not facts.is_nullable:
            yield "is NULL"
        return
    exact = value.exact if isinstance(value, Steps) else value
    if facts.is_unit and exact != unit:
        yield "is not the unit"
    if facts.range and not _is_within(float(facts.range.lower), float(exact), float(facts.range.upper)):
        yield f"is {exact}"
    if facts.domain is not None and exact not in facts.domain:
        yield f"is {exact!r}"
    if isinstance(exact, str) and len(exact) > facts.longest:
        yield "is longer"
    if facts.days and not facts.days[0] <= (exact.date() if hasattr(exact, "date") else exact) <= facts.days[1]:
        yield f"is on {exact}"


def _is_within(lower: float, value: float, upper: float) -> bool:
    slack = 1e-9 * max(abs(lower), abs(upper))
    return lower - slack <= value <= upper + slack


@contextmanager
def opened(tables: Tables, **how: Any) -> Iterator[DuckDBBackend]:
    with TemporaryDirectory() as folder, DuckDBBackend(write(tables, Path(folder) / "w.db"), KEY, DATASET, **how) as it:
        yield it


def check_world(seed: int, statements: int) -> None:
    random = Random(seed)
    tables, unit = world(random), random.choice(UNITS)
    facts = RelationFacts(declared_tightly(tables))
    here, there = ReferenceBackend(tables, DATASET), ReferenceBackend(without(tables, unit), DATASET)
    with (
        opened(tables, threads=2, ranges=random.choice((1, 2, 5))) as engine,
        opened(without(tables, unit)) as neighbour,
    ):
        for sql, view in islice(accepted(random, facts), statements):
            check(sql, view, facts, (here, engine), (there, neighbour), unit, random)


def check(
    sql: str,
    view: View,
    facts: RelationFacts,
    here: tuple[ReferenceBackend, Backend],
    there: tuple[ReferenceBackend, Backend],
    unit: int,
    random: Random,
) -> None:
    assert view.has_unit, sql
    assert not list(lies(view, facts, here[0])), sql
    rows, fewer = rows_by_unit(view, here[0]), rows_by_unit(view, there[0])
    assert {one: held for one, held in rows.items() if one != unit} == fewer, sql
    wanted = counted(view, facts, random)
    totals, left = (backend.bounded_sums(wanted).totals for backend in (here[1], there[1]))
    np.testing.assert_array_equal(totals, here[0].bounded_sums(wanted).totals, sql)
    assert not excess(wanted, totals, left), sql


@pytest.mark.parametrize("seed", range(_WORLDS))
def test_engines_agree_and_no_unit_changes_anothers_rows(seed: int) -> None:
    check_world(seed, _STATEMENTS)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1000, 1200))
def test_engines_agree_over_thousands_of_statements(seed: int) -> None:
    check_world(seed, 25)


def test_most_of_what_is_written_is_answered() -> None:
    facts, random = RelationFacts(DATASET), Random(0)
    found = 0
    for _ in range(200):
        try:
            resolved(statement(random), facts)
            found += 1
        except QueryRejected:
            pass
    assert found >= 120


TRIPS, PEOPLE = Scan("trips", True), Scan("people", True)
UNIT = ColumnRef(0, "person", "integer")
SMALL: Tables = {
    "trips": [dict.fromkeys(("kind", "note", "zone", "serial", "fare", "mass", "free", "paid", "day", "at"), None)],
    "people": [{"person": 10, "age": 40}, {"person": 0, "age": 5}, {"person": 0, "age": 6}],
    "zones": [],
}
SMALL["trips"] = [{**SMALL["trips"][0], "person": unit} for unit in (0, 10, 10)]


def _changed(view: View, unit: int) -> bool:
    here, there = (ReferenceBackend(tables, DATASET) for tables in (SMALL, without(SMALL, unit)))
    rows, fewer = rows_by_unit(view, here), rows_by_unit(view, there)
    return {one: held for one, held in rows.items() if one != unit} != fewer


@pytest.mark.parametrize("kind", ["inner", "left", "semi", "anti"])
def test_a_join_that_forgets_the_unit_would_be_caught(kind: Any) -> None:
    forgotten = View(Below((TRIPS, PEOPLE), (Join(1, kind, None, None),)), {"u": UNIT})
    right = View(Below((TRIPS, PEOPLE), (Join(1, kind, 0, None),)), {"u": UNIT})
    assert any(_changed(forgotten, unit) for unit in UNITS) or kind in ("semi", "anti")
    assert not any(_changed(right, unit) for unit in UNITS)
    if kind in ("semi", "anti"):
        only = Call("=", (ColumnRef(1, "age", "integer"), Literal(40)))
        one_sided = View(Below((TRIPS, PEOPLE), (Join(1, kind, None, only),)), {"u": UNIT})
        assert any(_changed(one_sided, unit) for unit in UNITS)


def test_caps_and_facts_that_lie_would_be_caught() -> None:
    facts, backend = RelationFacts(declared_tightly(SMALL)), ReferenceBackend(SMALL, DATASET)
    honest = resolved("SELECT p.age + 1 AS a FROM trips t JOIN people p ON t.person = p.person", facts)
    assert not list(lies(honest, facts, backend))
    fewer = {**SMALL, "people": SMALL["people"][:2], "trips": SMALL["trips"][:2]}
    assert list(lies(honest, RelationFacts(declared_tightly(fewer)), backend))
    clamped = Facts("integer", range=facts.of(honest.below, honest.columns["a"]).range)
    assert list(_faults(clamped, 0, Literal(500), ())) == ["is 500"]
    assert Fraction(500) not in (clamped.range.lower, clamped.range.upper)  # type: ignore[union-attr]
