"""Attacks 15, 32: whoever is in the data, a question is refused or answered alike, in one form and in one slot.

The neighbours' public facts are equal, hence all that is decided before a row is read: refusals with their words,
prices, plans, the slot in which the answer leaves. After it, no release raises, and what has a form has the same one.
What appears by chance (private keys, notes, how noisy values are) is audited in `test_audited_runs`.
"""

import pytest

from dp_queries import planner
from dp_queries.answers.answer import Answer
from dp_queries.errors import QueryRejected
from tests.statistics.people import ALONE_IN_TOWN, ONE
from tests.statistics.shops import answer, planned
from tests.statistics.test_transcripts import ALONE, EVERYTHING, OTHER, PRIVATE

REFUSED = (
    "SELECT price FROM purchases",
    "SELECT SUM(free) FROM purchases",
    "SELECT SUM(1 / items) FROM purchases",
    "SELECT CAST(town AS INTEGER), COUNT(*) FROM purchases WHERE person = (SELECT person FROM people) GROUP BY 1",
    "SELECT COUNT(*) FROM purchases LIMIT (SELECT COUNT(*) FROM purchases)",
)
KINDS = (*ONE, ALONE_IN_TOWN)
SOME = ("nothing but NULL", "infinite", "2^62", "very long", ALONE_IN_TOWN)
RUNS = 2


def form(told: Answer, *, has_public_keys: bool) -> tuple[object, ...]:
    """What does not depend on chance: columns, how many rows with which keys, and which columns have intervals."""
    keys = [at for at, column in enumerate(told.columns) if not column.is_noisy]
    rows = sorted(tuple(str(row[at]) for at in keys) for row in told.rows) if has_public_keys else ()
    levels = tuple((level, tuple(columns)) for level, columns in told.intervals.items())
    assert all(len(ends) == len(told.rows) for columns in told.intervals.values() for ends in columns.values())
    return told.columns, tuple(rows), levels


@pytest.mark.parametrize("sql", REFUSED)
def test_neighbours_are_refused_in_the_same_words(street, sql):
    words = set()
    for held in (street.without, *map(street.with_one, SOME)):
        with pytest.raises(QueryRejected) as refused:
            planner.analyse(sql, held.dataset)
        words.add((str(refused.value), refused.value.reasons))
    assert len(words) == 1


def test_neighbours_have_the_same_public_facts(street):
    assert all(street.with_one(kind).dataset == street.without.dataset for kind in SOME)


def _check(street, sql, kinds):
    forms, slots = set(), set()
    for held in (street.without, *map(street.with_one, kinds)):
        plan = planned(sql, held.dataset, epsilon=1)
        slots.add((plan.digest, plan.slot_seconds, plan.loss))
        has_public_keys = all(key.domain is not None for part in plan.aggregations for key in part.keys)
        forms |= {form(answer(plan, held.backend), has_public_keys=has_public_keys) for _ in range(RUNS)}
    assert len(slots) == 1
    assert len(forms) == 1


@pytest.mark.parametrize("name", sorted(EVERYTHING.keys() - {"two aggregations"} | {"private keys"}))
def test_neighbours_are_answered_in_the_same_form_and_slot(street, name):
    sql = EVERYTHING.get(name, "SELECT town, COUNT(*), SUM(price), AVG(items) FROM purchases GROUP BY town")
    _check(street, sql, SOME)


@pytest.mark.long
@pytest.mark.parametrize("name", EVERYTHING | ALONE | OTHER | PRIVATE)
def test_neighbours_of_all_kinds_are_answered_in_the_same_form_and_slot(street, name):
    _check(street, (EVERYTHING | ALONE | OTHER | PRIVATE)[name], KINDS)
