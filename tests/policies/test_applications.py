"""Applications: everything that is missing is told at once, and what is approved becomes the agreement's terms."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.applications import MACHINE, Application, Standing, Wanted, excess, is_large_scale, missing, terms
from policies.catalogue import Dataset, read_card
from policies.errors import Refused, WrongState

CARD: Dataset = read_card(
    yaml.safe_load((Path(__file__).parents[2] / "examples" / "cards" / "flights.yaml").read_text(encoding="utf-8"))
)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
FILES = {"a" * 64: "pdf", "b" * 64: "text", "c" * 64: "png"}
STANDING = Standing(FILES, None)
MEASURES = next(condition.measures for condition in CARD.conditions if condition.kind == "security")
WANTED = Wanted(
    doors=frozenset({"sql"}),
    columns=frozenset({("flights", "origin"), ("flights", "dep_delay"), ("airports", "*")}),
    aggregates=frozenset({"count", "avg"}),
    algorithms=None,
    people=frozenset({"li.wei"}),
    epsilon_micro=4_000_000,
    delta=Fraction(1, 10**7),
    epsilon_per_query_micro=500_000,
    epsilon_per_person_micro=None,
    queries_per_day=100,
    months=12,
)
APPLICATION = Application(
    dataset="flights",
    organization="open-university",
    purposes=frozenset({"research on air traffic"}),
    scenario="How delays spread from airport to airport over a day, for a paper.",
    wanted=WANTED,
    measures=dict.fromkeys(MEASURES, "On our own machines, behind our own accounts."),
    declarations=frozenset({"not-seriously-illegal"}),
    materials={"scenario": "a" * 64, "measures": "b" * 64, "credit": "c" * 64},
)


def told(application: Application, standing: Standing = STANDING) -> list[tuple[str, str | None]]:
    return [(reason.code, reason.where) for reason in missing(application, CARD, standing, now=NOW)]


def wanting(**changes: Any) -> Application:
    return replace(APPLICATION, wanted=replace(WANTED, **changes))


def test_a_complete_application_misses_nothing():
    assert told(APPLICATION) == []


def test_everything_that_is_missing_is_told_at_once():
    bare = Application(
        dataset="flights",
        organization="open-university",
        purposes=frozenset({"marketing"}),
        scenario="",
        wanted=replace(WANTED, people=frozenset(), columns=frozenset({("flights", "pilot")})),
        measures={},
        declarations=frozenset(),
        materials={},
    )
    assert told(bare) == [
        ("purpose", "purposes"),
        ("scenario", "scenario"),
        ("unknown-column", "columns"),
        ("missing", "people"),
        *[("measure", "measures")] * len(MEASURES),
        ("declaration", "declarations"),
        ("material", "materials.scenario"),
        ("material", "materials.measures"),
        ("material", "materials.credit"),
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"doors": frozenset({"download"})}, "door"),
        ({"doors": frozenset()}, "missing"),
        ({"aggregates": frozenset({"mode"})}, "aggregate"),
        ({"months": 0}, "months"),
        ({"months": 61}, "months"),
        ({"epsilon_micro": 40_000_001}, "epsilon"),
        ({"epsilon_micro": 0, "epsilon_per_query_micro": 1}, "epsilon"),
        ({"delta": Fraction(1, 10**5)}, "delta"),
        ({"delta": Fraction(0)}, "delta"),
        ({"epsilon_per_query_micro": 4_000_001}, "epsilon-per-query"),
        ({"queries_per_day": 0}, "queries-per-day"),
    ],
)
def test_what_can_not_be_agreed_is_not_asked_for(changes: dict[str, Any], code: str):
    assert [found for found, _ in told(wanting(**changes))] == [code]


@pytest.mark.parametrize(
    ("materials", "expected"),
    [
        ({"scenario": "d" * 64}, ("unknown-file", "materials.scenario")),
        ({"credit": "b" * 64}, ("material-format", "materials.credit")),
        ({"diary": "a" * 64}, ("unknown-material", "materials.diary")),
    ],
)
def test_materials_are_those_that_the_dataset_lists(materials: dict[str, str], expected: tuple[str, str]):
    assert told(replace(APPLICATION, materials={**APPLICATION.materials, **materials})) == [expected]


def test_an_optional_material_may_be_left_out_and_may_be_there():
    assert told(replace(APPLICATION, materials={**APPLICATION.materials, "earlier_works": "a" * 64})) == []


@pytest.mark.parametrize(
    ("violation", "is_told"),
    [
        (datetime(2024, 3, 2, 12, tzinfo=UTC), False),
        (datetime(2024, 3, 2, 12, 1, tzinfo=UTC), True),
        (datetime(2026, 1, 1, tzinfo=UTC), True),
        (None, False),
    ],
)
def test_a_violation_counts_for_the_months_that_the_card_names(violation: datetime | None, is_told: bool):
    found = told(APPLICATION, Standing(FILES, violation))
    assert found == ([("violation", "organization")] if is_told else [])


def test_priority_has_its_reason():
    assert told(replace(APPLICATION, priority="livelihood")) == [("priority-reason", "priority_reason")]
    assert told(replace(APPLICATION, priority="livelihood", priority_reason="Night flights and sleep.")) == []


def test_a_measure_that_nobody_asked_for_is_told_and_does_not_become_a_term():
    assert told(replace(APPLICATION, measures={**APPLICATION.measures, "a moat": "dug"})) == [
        ("unknown-measure", "measures")
    ]


def test_a_large_request_in_parts_is_large():
    assert is_large_scale(wanting(epsilon_micro=4_000_000), CARD, held_micro=6_000_000)
    assert not is_large_scale(wanting(epsilon_micro=4_000_000), CARD, held_micro=5_999_999)


@pytest.mark.parametrize(
    ("agreed", "expected"), [(None, ["epsilon_per_person"]), (2_000_001, ["epsilon_per_person"]), (1, [])]
)
def test_a_cap_for_each_person_that_was_applied_for_stays(agreed: int | None, expected: list[str]):
    capped = replace(APPLICATION, wanted=replace(WANTED, epsilon_per_person_micro=2_000_000))
    found = excess(replace(AGREED, epsilon_per_person_micro=agreed), capped)
    assert [reason.where for reason in found] == expected


def test_the_months_of_an_amendment_count_from_its_own_day():
    later = replace(AGREED, expires_at=AGREED.expires_at + timedelta(days=300))
    assert [reason.where for reason in excess(later, APPLICATION)] == ["expires_at"]
    assert excess(later, APPLICATION, begins=NOW + timedelta(days=300)) == ()


def test_an_application_for_a_quarter_of_the_budget_is_large():
    assert not is_large_scale(wanting(epsilon_micro=9_999_999), CARD)
    assert is_large_scale(wanting(epsilon_micro=10_000_000), CARD)


def test_what_is_approved_becomes_terms_with_the_duties_of_the_conditions():
    agreed = terms(APPLICATION, CARD, begins_at=NOW, expires_at=datetime(2027, 3, 2, tzinfo=UTC))
    assert (agreed.dataset, agreed.columns, agreed.purposes) == ("flights", WANTED.columns, {"research on air traffic"})
    assert (agreed.reports_every_months, agreed.reports_grace_days) == (12, 30)
    assert agreed.people == {"li.wei"}
    assert set(MEASURES) <= agreed.measures
    with pytest.raises(ValueError, match="expires_at"):
        terms(APPLICATION, CARD, begins_at=NOW, expires_at=NOW)


AGREED = terms(APPLICATION, CARD, begins_at=NOW, expires_at=datetime(2027, 3, 2, 12, tzinfo=UTC))


def test_who_asks_for_terms_gets_just_these():
    assert Wanted.of(AGREED) == WANTED
    assert Wanted.of(replace(AGREED, expires_at=AGREED.expires_at + timedelta(seconds=1))).months == 13
    assert Wanted.of(replace(AGREED, expires_at=NOW + timedelta(days=3))).months == 1
    assert excess(AGREED, APPLICATION) == ()


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"columns": frozenset({("flights", "*")})}, "columns"),
        ({"columns": WANTED.columns | {("flights", "dest")}}, "columns"),
        ({"doors": frozenset({"sql", "function"})}, "doors"),
        ({"aggregates": frozenset({"sum"})}, "aggregates"),
        ({"purposes": frozenset({"marketing"})}, "purposes"),
        ({"people": None}, "people"),
        ({"people": frozenset({"li.wei", "wang.fang"})}, "people"),
        ({"epsilon_micro": 4_000_001}, "epsilon"),
        ({"delta": Fraction(2, 10**7)}, "delta"),
        ({"epsilon_per_query_micro": 500_001}, "epsilon_per_query"),
        ({"queries_per_day": 101}, "queries_per_day"),
        ({"expires_at": AGREED.expires_at + timedelta(seconds=1)}, "expires_at"),
    ],
)
def test_an_approval_may_narrow_and_never_widen(changes: dict[str, Any], where: str):
    assert [reason.where for reason in excess(replace(AGREED, **changes), APPLICATION)] == [where]


def test_an_approval_may_narrow():
    less = {"columns": frozenset({("airports", "faa")}), "epsilon_micro": 1_000_000, "queries_per_day": 1}
    assert excess(replace(AGREED, **less), APPLICATION) == ()
    by_anybody = replace(APPLICATION, wanted=replace(WANTED, people=None))
    assert excess(AGREED, by_anybody) == ()


def test_a_provider_does_not_apply_for_its_own_dataset():
    assert told(replace(APPLICATION, organization=CARD.provider)) == [("own-dataset", "organization")]


def test_duties_are_separate_and_nothing_is_decided_twice():
    assert MACHINE.step("submitted", "accept", "operator") == "under-review"
    for act, role in (("accept", "data-provider"), ("approve", "operator"), ("approve", "researcher")):
        with pytest.raises(Refused):
            MACHINE.step("submitted", act, role)
    for state in ("approved", "refused", "withdrawn", "signed"):
        with pytest.raises(WrongState):
            MACHINE.step(state, "approve", "data-provider")
