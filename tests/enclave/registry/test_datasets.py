"""Datasets: versions count up, a population's budget is for life, and what is not there is not found."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import update

from enclave import ledger
from enclave.store.models import VersionRow
from policies.catalogue import Dataset, LoadedDataset, read_card
from policies.errors import CardRejected, NotFound
from tests.enclave.registry.conftest import BY, Registry
from tests.world import CARD


def card(**changes: Any) -> Dataset:
    return read_card(yaml.safe_load(CARD.read_text()) | changes)


def add(registry: Registry, described: Dataset) -> LoadedDataset:
    with registry.database.writing() as session:
        version = registry.datasets.next_version(session, described.name)
        loaded = LoadedDataset(card=described, version=version, loaded_at=datetime.now(UTC), domains={})
        facts: dict[str, Any] = {"report": {}, "file": Path("visits-1.duckdb"), "wrapped_key": b"k"}
        registry.datasets.add_version(session, loaded, **facts, **BY)
    return loaded


@pytest.fixture
def loaded(registry: Registry) -> LoadedDataset:
    return add(registry, card())


def test_the_newest_version_answers_and_the_former_stay_on_record(registry: Registry, loaded: LoadedDataset) -> None:
    assert loaded.version == "1"
    assert add(registry, card(title="Visits, again")).version == "2"
    with registry.database.reading() as session:
        assert registry.datasets.get(session, "visits").card.title == "Visits, again"
        assert [one.version for one in registry.datasets.all(session)] == ["2"]
        assert registry.datasets.version(session, "visits", "1").loaded == loaded


def test_versions_count_as_numbers(registry: Registry) -> None:
    for _ in range(10):
        add(registry, card())
    assert add(registry, card()).version == "11"


def test_what_is_not_there_or_was_withdrawn_is_not_found(registry: Registry, loaded: LoadedDataset) -> None:
    with registry.database.writing() as session:
        session.execute(update(VersionRow).values(wrapped_key=None))
    with registry.database.reading() as session:
        for version in ("1", "2"):
            with pytest.raises(NotFound):
                registry.datasets.version(session, "visits", version)
        with pytest.raises(NotFound):
            registry.datasets.get(session, "other")


MOVED = {"unit": {"noun": "person", "population": "others", "at_most": 10000}}
RICHER = {"budget": {"epsilon": 51, "delta": 0.000001, "query_delta": 0.000000001}}
LOOSER = {"budget": {"epsilon": 50, "delta": 0.00001, "query_delta": 0.000000001}}


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (MOVED, ["population-moved"]),
        (RICHER, ["budget-changed"]),
        (LOOSER, ["budget-changed"]),
    ],
)
def test_a_card_can_neither_leave_its_population_nor_refresh_its_budget(
    registry: Registry, loaded: LoadedDataset, change: dict[str, Any], codes: list[str]
) -> None:
    with pytest.raises(CardRejected) as caught:
        add(registry, card(**change))
    assert [reason.code for reason in caught.value.reasons] == codes
    with registry.database.reading() as session:
        assert ledger.statement(session, "people")["epsilon"] == "50"
        assert registry.log.size(session) == 1


def test_another_dataset_of_the_same_people_shares_their_budget(registry: Registry, loaded: LoadedDataset) -> None:
    add(registry, card(name="more_visits"))
    with pytest.raises(CardRejected):
        add(registry, card(name="other_visits", **RICHER))
    with registry.database.reading() as session:
        assert [one.card.name for one in registry.datasets.all(session)] == ["more_visits", "visits"]
