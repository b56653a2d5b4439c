"""Respelled twins have one plan, other questions have others, and no row of any unit changes by the canonical form.

Random questions over the small world, respelled at random; the reference twin says what they mean.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from dp_queries.algebra.relations import Below, Windowed, inner_belows
from dp_queries.backends.reference import ReferenceBackend
from dp_queries.errors import QueryRejected
from dp_queries.facts.relations import RelationFacts
from dp_queries.layers.canonical_rows import CanonicalRows
from dp_queries.layers.scope import View
from dp_queries.layers.statements import Statements
from dp_queries.plan import Key
from dp_queries.planner import analyse
from dp_queries.query import Draft, Layers
from dp_queries.syntax.parse import parse
from tests.dp_queries.backends.random_relations import RelationWriter, world
from tests.dp_queries.backends.test_relations import resolved, rows_by_unit
from tests.dp_queries.backends.worlds import DATASET, aggregation, measure
from tests.dp_queries.rewritten_sql import changed, respelled

_SEEDS, _STATEMENTS = range(8), 8
NEED_TIES = {"row_number", "lag", "lead", "first_value", "last_value"}


def question(random: Random) -> str:
    """A random question: rows of units, counted and summed by what they hold."""
    writer = RelationWriter(random)
    inner = writer.select(random.randint(1, 3))
    numbers = [name for name, kind in inner.columns.items() if kind in ("whole", "number")]
    texts = [name for name, kind in inner.columns.items() if kind in ("boolean", "text")]
    items = ["COUNT(*)", "COUNT(1)", f"COUNT({random.choice(tuple(inner.columns))})"]
    items += [f"{name}({random.choice(numbers)})" for name in ("SUM", "AVG") if numbers]
    asked = random.sample(items, random.randint(1, 3))
    keys = random.sample(texts, min(len(texts), random.randint(0, 2)))
    where = f" WHERE {writer.condition(inner.columns)}" if random.random() < 0.5 else ""
    group = f" GROUP BY {', '.join(keys)}" if keys else ""
    names = ", ".join(writer.definitions)
    sql = f"SELECT {', '.join([*keys, *asked])} FROM ({inner.sql}) AS t0{where}{group}"
    return f"WITH {names} {sql}" if names else sql


def layers(sql: str) -> Layers | str:
    """The layers, or why there are none."""
    try:
        return analyse(sql, DATASET).layers
    except QueryRejected as refusal:
        return refusal.reasons[0].code


def meaning(found: Layers) -> Any:
    """All that the plan's digest depends on besides the noise."""
    return repr((found.aggregations, [above.to_json() for above in found.statements]))


def answerable(random: Random) -> tuple[str, Layers]:
    while True:
        sql = question(random)
        found = layers(sql)
        if isinstance(found, Layers):
            return sql, found


@pytest.mark.parametrize("seed", _SEEDS)
def test_respelled_twins_are_one_plan(seed: int) -> None:
    random = Random(seed)
    for _ in range(_STATEMENTS):
        sql, found = answerable(random)
        twin = respelled(sql, random)
        other = layers(twin)
        assert isinstance(other, Layers), (sql, twin, other)
        assert meaning(other) == meaning(found), (sql, twin)


def rows_of(below: Below, backend: ReferenceBackend) -> list[Any]:
    """Each unit with how many rows it has."""
    return [(unit, sum(held.values())) for unit, held in rows_by_unit(View(below, {}), backend).items()]


def test_most_other_questions_are_other_plans() -> None:
    """What is changed may be what nobody reads; most is read."""
    random, told_apart = Random(0), 0
    for _ in range(30):
        sql, found = answerable(random)
        other = layers(changed(sql, random))
        told_apart += not isinstance(other, Layers) or meaning(other) != meaning(found)
    assert told_apart >= 12


@pytest.mark.parametrize("seed", _SEEDS)
def test_questions_with_other_answers_are_never_one_plan(seed: int) -> None:
    """The other side: a canonical form that forgot something would give two answers one plan."""
    random = Random(1000 + seed)
    worlds = [ReferenceBackend(world(random), DATASET) for _ in range(3)]
    for _ in range(_STATEMENTS):
        sql, found = answerable(random)
        other = layers(twin := changed(sql, random))
        if isinstance(other, Layers) and meaning(other) == meaning(found):
            for backend in worlds:
                assert sums_as_written(sql, backend) == sums_as_written(twin, backend), (sql, twin)


@pytest.mark.parametrize("seed", _SEEDS)
def test_bounded_sums_are_those_of_the_question_as_it_is_written(seed: int) -> None:
    random = Random(2000 + seed)
    backend = ReferenceBackend(world(random), DATASET)
    for _ in range(_STATEMENTS):
        sql, found = answerable(random)
        (part,), written = found.aggregations, sums_as_written(sql, backend)
        if written is not None:
            assert sums(part.below, part.keys, part.drafts, backend) == written, sql


def sums_as_written(sql: str, backend: ReferenceBackend) -> Any:
    """The bounded sums without canonical form; nothing where ties of windows may be broken either way."""
    statements = Statements(parse(sql), RelationFacts(DATASET))
    statements.read()
    (middle,) = statements.middles
    return None if has_ties(middle.below) else sums(middle.below, middle.keys, middle.drafts, backend)


def sums(below: Below, keys: Sequence[Key], drafts: Iterable[Draft], backend: ReferenceBackend) -> Any:
    """Each measure's sums, in an order that no numbering of groups decides; nothing for private keys."""
    if any(key.domain is None for key in keys):
        return None
    asked = [
        measure(
            draft.kind,
            draft.value,
            lower_steps=draft.lower_steps,
            upper_steps=draft.upper_steps,
            granularity=draft.granularity,
            offset_steps=draft.offset_steps,
            norm=draft.norm,
        )
        for draft in drafts
    ]
    totals = backend.bounded_sums(aggregation(*asked, keys=tuple(keys), below=below)).totals
    return {tuple(sorted(row)) for row in totals.tolist()}


def has_ties(below: Below) -> bool:
    """Whether a window's value may depend on how ties are broken."""
    return any(
        (isinstance(source, Windowed) and any(window.function in NEED_TIES for window in source.windows))
        or any(map(has_ties, inner_belows(source)))
        for source in below.sources
    )


@pytest.mark.parametrize("seed", _SEEDS)
def test_no_row_of_any_unit_changes(seed: int) -> None:
    """The reference twin, before and after; a part of the columns is read, the rest is left out."""
    random = Random(seed)
    backend = ReferenceBackend(world(random), DATASET)
    for _ in range(_STATEMENTS):
        facts = RelationFacts(DATASET)
        try:
            view = resolved(RelationWriter(random).statement(random.randint(1, 4)), facts)
        except QueryRejected:
            continue
        read = {name: value for name, value in view.columns.items() if random.random() < 0.6}
        moved = CanonicalRows(facts).rows(view.below, [("column", value) for value in read.values()])
        if has_ties(view.below):
            continue
        after = View(moved.below, {name: moved(value) for name, value in read.items()})
        assert rows_by_unit(View(view.below, read), backend) == rows_by_unit(after, backend)


def test_a_canonical_form_that_forgets_a_condition_would_be_caught() -> None:
    random = Random(5)
    backend, facts = ReferenceBackend(world(random), DATASET), RelationFacts(DATASET)
    view = resolved("SELECT person, zone FROM trips WHERE zone > 2", facts)
    forgotten = replace(CanonicalRows(facts).rows(view.below, []).below, where=None)
    assert rows_of(forgotten, backend) != rows_of(view.below, backend)
