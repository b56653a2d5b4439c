"""The open list's entries: every part of Art. 9 is asked for, and what contradicts the guide is returned."""

from typing import Any

import pytest

from policies.catalogue import read_entry
from policies.entries import Entry
from policies.errors import CardRejected
from tests.worlds.entries import CONDITIONS, MATERIALS, entry

COLUMNS = [
    {"name": "station", "type": "text", "description": "Name of the station"},
    {"name": "day", "type": "date", "description": "Day of the measurement"},
]


def closed(**changes: Any) -> dict[str, Any]:
    """An entry without anything beside it."""
    document = entry("wages", "wages.station", openness="non-open", **changes)
    tables = [{"name": "wages", "description": "One row a person.", "level": 4, "directory": "-", "columns": COLUMNS}]
    return {
        name: part for name, part in ({"tables": tables} | document).items() if name not in ("conditions", "materials")
    }


def conditional(**changes: Any) -> dict[str, Any]:
    table = {
        **{
            "name": "stays",
            "description": "One row a stay.",
            "level": 3,
            "directory": "-",
            "source": {"csv": "stays.csv"},
        },
        **{"unit_column": "station", "rows_at_most": 9, "rows_per_unit_at_most": 9, "rows_norm": 1, "columns": COLUMNS},
    }
    budget = {"epsilon": 1, "delta": "0.000001", "query_delta": "0.000000001"}
    unit = {"noun": "person", "population": "people", "at_most": 9}
    return entry("stays", "stays.day") | {"tables": [table], "unit": unit, "budget": budget} | changes


def faults(document: dict[str, Any]) -> list[tuple[str | None, str]]:
    with pytest.raises(CardRejected) as rejected:
        read_entry(document)
    return [(reason.where, reason.message) for reason in rejected.value.reasons]


REQUIRED = [name for name, field in Entry.model_fields.items() if field.is_required()]


def test_art_9_is_asked_for():
    listed = {"name", "title", "description", "key_fields", "time_range", "geographic_range", "formats", "openness"}
    assert set(REQUIRED) >= listed | {"update_frequency", "relations", "licence", "citation", "tables"}


@pytest.mark.parametrize("name", REQUIRED)
def test_an_entry_without_a_required_part_is_refused(name: str):
    document = closed()
    del document[name]
    assert (name, "is missing") in faults(document)


def test_a_closed_entry_needs_nothing_more():
    assert read_entry(closed()).openness == "non-open"


@pytest.mark.parametrize(
    ("text", "missing"), [("Wages by the FAA", "FAA"), ("Stays in the U.S. by day", "U.S."), ("IDs of cards", "IDs")]
)
def test_an_unexplained_abbreviation_is_refused_until_the_glossary_explains_it(text: str, missing: str):
    told = faults(closed(title=text))
    assert told == [(f"glossary.{missing}", f"{missing}, used in title, is not explained in the glossary")]
    explained = closed(title=text, glossary={missing.removesuffix("s"): "explained"})
    assert read_entry(explained).title == text


def test_an_abbreviation_of_a_column_is_told_once_with_its_place():
    columns = [*COLUMNS, {"name": "pay", "type": "integer", "description": "RMB a month", "unit": "RMB"}]
    document = closed()
    document["tables"][0] |= {"columns": columns}
    assert faults(document) == [("glossary.RMB", "RMB, used in wages.pay, is not explained in the glossary")]


def test_ungraded_fields_are_told_by_name_and_not_counted_as_harmless():
    document = closed()
    del document["tables"][0]["level"]
    assert faults(document) == [
        ("tables.wages.level", "neither the table states a level, nor the columns station, day")
    ]


def test_a_class_that_does_not_follow_is_refused_with_its_cause():
    document = conditional()
    document["tables"][0]["columns"] = [*COLUMNS, {"name": "name", "type": "text", "description": "Name", "level": 4}]
    assert faults(document) == [
        (
            "openness",
            "by the classification guide it is non-open: stays.name has level 4 (private or secret)",
        )
    ]
    opened = {"grounds": "de-identification", "basis": "Assessment of 1 March 2025"}
    document["tables"][0]["columns"][-1] |= opened
    assert read_entry(document).classification().openness == "conditional"


def test_grounds_need_a_document_and_a_field_that_needs_them():
    document = conditional()
    document["tables"][0]["columns"] = [COLUMNS[0] | {"level": 3, "grounds": "consent", "basis": "-"}, COLUMNS[1]]
    assert [where for where, _ in faults(document)] == ["tables.stays.columns.station.grounds"]
    document["tables"][0]["columns"][0] |= {"level": 4}
    del document["tables"][0]["columns"][0]["basis"]
    assert [where for where, _ in faults(document)] == ["tables.stays.columns.station.basis"]


def test_conditions_are_those_that_the_levels_ask_for():
    told = faults(conditional(conditions=[CONDITIONS[0]]))
    assert told == [
        ("conditions", "data of these levels need a condition of the kind security"),
        ("conditions", "data of these levels need a condition of the kind feedback"),
    ]


def test_conditional_data_list_their_materials_and_others_have_none():
    assert faults(conditional(materials=[])) == [
        ("materials", "conditionally open data list the materials of an application")
    ]
    optional = [MATERIALS[0] | {"is_required": False}]
    assert [where for where, _ in faults(conditional(materials=optional))] == ["materials"]
    assert ("conditions", "only conditionally open data have conditions and materials") in faults(
        closed() | {"conditions": CONDITIONS}
    )


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"conditions": [*CONDITIONS, CONDITIONS[0]]}, "conditions.3"),
        ({"conditions": [CONDITIONS[0] | {"excluded": ["tests"]}, *CONDITIONS[1:]]}, "conditions.0.excluded"),
        ({"conditions": [*CONDITIONS, {"kind": "credit", "text": "-"}]}, "conditions.3"),
        ({"materials": [*MATERIALS, MATERIALS[0]]}, "materials.scenario.name"),
        ({"materials": [*MATERIALS, MATERIALS[0] | {"name": "b", "answers": "credit"}]}, "materials.b.answers"),
        ({"relations": [{"dataset": "stays", "kind": "part-of", "description": "-"}]}, "relations.0.dataset"),
        (
            {"relations": [{"dataset": "b", "kind": "same-units", "joined_on": ["stays.x"], "description": "-"}]},
            "relations.0.joined_on",
        ),
        ({"key_fields": ["stays.nothing"]}, "key_fields.0"),
        ({"time_range": {"start": "2026-01-02", "end": "2026-01-01"}}, "time_range.end"),
        ({"update_frequency": "now and then"}, "update_frequency"),
        ({"formats": ["xls"]}, "formats.0"),
        ({"conditions": [{"kind": "mood", "text": "-"}]}, "conditions.0"),
        ({"title": "One\nTwo"}, "title"),
    ],
)
def test_a_contradiction_is_told_at_its_place(changes: dict[str, Any], where: str):
    assert where in [told for told, _ in faults(conditional(**changes))]


def test_what_no_longer_updates_becomes_static_and_stays_open():
    static = read_entry(conditional(update_frequency="daily")).as_static()
    assert (static.update_frequency, static.openness) == ("static", "conditional")


def test_a_time_range_reads_as_a_sentence():
    assert str(read_entry(closed()).time_range) == "2013-01-01 to 2013-12-31"
    assert str(read_entry(closed(time_range={"start": "2013-01-01"})).time_range) == "since 2013-01-01"
