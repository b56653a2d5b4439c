"""What a reviewer is told of an organization's other agreements (Art. 19): nothing joinable is left out."""

from pathlib import Path
from typing import Any

import yaml

from policies.catalogue import Dataset, read_card
from policies.fusion import Holding, assess

CARD = yaml.safe_load((Path(__file__).parents[2] / "examples" / "cards" / "flights.yaml").read_text(encoding="utf-8"))
FLIGHTS = read_card(CARD)


def another(**changes: Any) -> Dataset:
    """A dataset on other things altogether, unless it says otherwise."""
    trips = yaml.safe_load(
        (Path(__file__).parents[2] / "examples" / "cards" / "trips.yaml").read_text(encoding="utf-8")
    )
    return read_card(trips | changes)


def found(card: Dataset) -> list[tuple[str, str]]:
    holding = Holding("urn:jali:agreement:a", card, 4_000_000, 1_500_000)
    return [(finding.weight, finding.message) for finding in assess(FLIGHTS, [holding])]


def test_nothing_held_is_no_risk():
    assert assess(FLIGHTS, []) == ()


def test_an_agreement_on_the_same_dataset_weighs_most():
    [(weight, message), *_] = found(FLIGHTS)
    assert weight == "high"
    assert "epsilon 1.5 of 4 is spent" in message


def test_the_same_population_is_told_with_its_common_budget():
    [(weight, message)] = found(another(unit={"noun": "aircraft", "population": "aircraft_nyc_2013", "at_most": 9}))
    assert weight == "medium"
    assert "whose budget counts both together" in message


def test_the_same_things_in_another_population_weigh_more_because_no_budget_counts_them():
    [(weight, message)] = found(another(unit={"noun": "aircraft", "population": "aircraft_bos_2013", "at_most": 9}))
    assert weight == "high"
    assert "no budget counts it" in message


def test_a_declared_relation_is_told_whoever_declared_it():
    related = another(relations=[{"dataset": "flights", "kind": "same-place", "description": "The same city"}])
    assert ("medium", True) in [(weight, "same-place: The same city" in message) for weight, message in found(related)]


def test_fields_that_tell_units_apart_and_share_a_name_are_told():
    tables = another().model_dump(mode="json")["tables"]
    tables[0]["columns"][1]["name"] = tables[0]["unit_column"] = "tailnum"
    [(weight, message)] = found(another(tables=tables))
    assert weight == "medium"
    assert "tell units apart: tailnum" in message


def test_unrelated_data_are_listed_last():
    holdings = [Holding("a", another(), 1, 0), Holding("b", FLIGHTS, 1, 0)]
    findings = assess(FLIGHTS, holdings)
    assert [finding.weight for finding in findings] == sorted(
        (finding.weight for finding in findings), key=("high", "medium", "low").index
    )
    assert findings[-1].agreement == "a"
    assert findings[-1].weight == "low"
