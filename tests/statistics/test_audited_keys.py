"""Attack 4: which private keys appear, and what is shown with them, costs no more than the charge.

Thousands of people are each alone in towns of their own: what appears of these is what delta pays for, as nobody else
could have made it appear. In towns where one person more decides whether they appear, that and the counts shown with
them stay within epsilon and rho. Lower thresholds, and noise of less scale, must be caught.
"""

from fractions import Fraction

import pytest

from dp_queries.plan import Plan
from tests.statistics.audit import Finding, audited, bounds, rows_told
from tests.statistics.people import Street, has_one_more
from tests.statistics.shops import answer, bought, planned
from tests.statistics.twins import QuieterNoise, with_lower_thresholds

SQL = "SELECT town, COUNT(*) FROM purchases GROUP BY town"
PEOPLE = 1_000
ABSENT = {"shown": 0.0}
HALF = Fraction(1, 2)


def alone(street: Street, towns: int) -> tuple[Plan, object]:
    """The plan, and a database in which people have towns of their own and no others."""
    rows = [
        bought(f"p{person}", town=f"{person}-{town}")
        for person in range(PEOPLE)
        for town in range(towns)
        for _ in (1, 2)
    ]
    held = street.of(("alone", str(towns)), purchases=rows)
    return planned(SQL, held.dataset, epsilon=10), held.backend


def failures_at_least(plan: Plan, backend: object, releases: int) -> float:
    """A lower bound on how probable it is that any town of one person appears."""
    people = 0
    for _ in range(releases):
        people += len({row[0].split("-")[0] for row in answer(plan, backend).rows})  # type: ignore[arg-type, union-attr]  # a backend; texts
    return float(bounds(people, PEOPLE * releases)[0])


@pytest.mark.parametrize(("towns", "releases"), [(1, 12), pytest.param(4, 12, marks=pytest.mark.long)])
def test_people_alone_in_their_towns_appear_with_delta_at_most(street, towns, releases):
    plan, backend = alone(street, towns)
    assert failures_at_least(plan, backend, releases) <= plan.loss.selection_delta
    assert failures_at_least(with_lower_thresholds(plan, HALF), backend, releases) > plan.loss.selection_delta


def test_a_town_of_nobody_never_appears(street):
    plan = planned(SQL, street.without.dataset, epsilon=50)
    for _ in range(50):
        assert {row[0] for row in answer(plan, street.without.backend).rows} <= {"york", "lund"}


def findings(street: Street, others: int, releases: int, twin: str = "") -> list[Finding]:
    """What is told of towns with one person more, and of those without."""
    held = street.cells("high", key="town", each=others)
    plan = planned("SELECT town, COUNT(*), COUNT(DISTINCT person) FROM visits GROUP BY town", held.dataset, epsilon=10)
    noise = QuieterNoise(HALF) if twin else None
    mine, theirs = [], []
    for _ in range(releases):
        told = rows_told(answer(plan, held.backend, noise))
        for cell in (f"t{cell:03}" for cell in range(1000)):
            (mine if has_one_more(cell) else theirs).append(told.get(cell, ABSENT))
    return audited(plan, mine, theirs)


@pytest.mark.parametrize(
    "others", [10, pytest.param(6, marks=pytest.mark.long), pytest.param(7, marks=pytest.mark.long)]
)
def test_one_person_more_in_a_town_costs_no_more_than_the_charge(street, others):
    assert not any(one.contradicts for one in findings(street, others, 8))


def test_noise_of_less_scale_is_caught(street):
    assert any(one.contradicts for one in findings(street, 10, 8, "quieter"))
