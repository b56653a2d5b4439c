"""Cards: valid ones are read, wrong ones are told every fault at once, and the manual names every field."""

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.catalogue import (
    Clipping,
    Column,
    Dataset,
    LifetimeBudget,
    OpenDataset,
    Source,
    Table,
    Unit,
    read_card,
    read_entry,
)
from policies.conditions import Credit, Feedback, Material, Other, Scenario, Security, TechnicalAbility
from policies.entries import Relation, TimeRange
from policies.errors import CardRejected

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples" / "cards").glob("*.yaml"))
MANUAL = (ROOT / "docs" / "cards.md").read_text(encoding="utf-8")
SECTIONS = {
    "Dataset": Dataset,
    "Time range": TimeRange,
    "Relation": Relation,
    "Scenario": Scenario,
    "Security": Security,
    "Feedback": Feedback,
    "Technical ability": TechnicalAbility,
    "Credit": Credit,
    "Other": Other,
    "Material": Material,
    "Unit": Unit,
    "Budget": LifetimeBudget,
    "Table": Table,
    "Source": Source,
    "Column": Column,
    "Clipping": Clipping,
}


def card() -> dict[str, Any]:
    """The whole card of the manual, as a document."""
    document: dict[str, Any] = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", MANUAL, re.DOTALL)[0])
    return document


def column(document: dict[str, Any], name: str, table: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in document["tables"][table]["columns"] if one["name"] == name)
    return found


def faults(document: Any) -> list[tuple[str | None, str]]:
    with pytest.raises(CardRejected) as rejected:
        read_card(document)
    return [(reason.where, reason.message) for reason in rejected.value.reasons]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_a_card(path: Path) -> None:
    assert read_card(yaml.safe_load(path.read_text(encoding="utf-8"))).name == path.stem


def test_a_card_survives_its_json_unchanged() -> None:
    read = read_card(card())
    again = Dataset.model_validate(read.model_dump(mode="json"))
    assert again == read
    assert Dataset.model_validate_json(read.model_dump_json()).digest() == read.digest()


def test_a_changed_bound_changes_the_digest() -> None:
    changed = card()
    column(changed, "cost")["bounds"] = [0, 1999]
    assert read_card(changed).digest() != read_card(card()).digest()


def test_every_fault_is_told_at_once_by_the_names_of_table_and_column() -> None:
    document = card()
    column(document, "cost")["bounds"] = [5, 1.001]
    column(document, "day")["level"] = 9
    del column(document, "clinic")["description"]
    document["budget"]["epsilon"] = 0
    document["colour"] = "red"
    document["tables"][1]["independent"] = False
    told = faults(document)
    assert {where for where, _ in told} == {
        "tables.visits.columns.cost.bounds",
        "tables.visits.columns.day.level",
        "tables.visits.columns.clinic.description",
        "budget.epsilon",
        "colour",
        "tables.clinics.independent",
    }
    assert ("tables.visits.columns.clinic.description", "is missing") in told
    assert ("tables.visits.columns.cost.bounds", "bounds must be multiples of the granularity") in told
    assert ("tables.visits.columns.cost.bounds", "the lower bound is above the upper bound") in told


def test_a_faulty_field_causes_no_second_fault() -> None:
    document = card()
    column(document, "cost")["granularity"] = "coarse"
    document["tables"][0]["rows_norm"] = -1
    assert [where for where, _ in faults(document)] == [
        "tables.visits.columns.cost.granularity",
        "tables.visits.rows_norm",
    ]


@pytest.mark.parametrize("document", [None, [], "card", {}, {"tables": 5}, {"tables": [5, {"columns": [3]}]}, {1: 2}])
def test_what_is_no_card_is_told_and_does_not_break(document: Any) -> None:
    assert faults(document)


Change = Callable[[dict[str, Any]], object]


def cost(**fields: Any) -> Change:
    return lambda document: column(document, "cost").update(fields)


def clinic(**fields: Any) -> Change:
    return lambda document: column(document, "clinic").update(fields)


def patient(**fields: Any) -> Change:
    return lambda document: column(document, "patient").update(fields)


def district(**fields: Any) -> Change:
    return lambda document: column(document, "district", 1).update(fields)


def table(index: int, **fields: Any) -> Change:
    return lambda document: document["tables"][index].update(fields)


WRONG: list[tuple[str, Change, str]] = [
    ("a bound of a thousand million digits", cost(bounds=[0, "1e999999999"]), "columns.cost.bounds"),
    ("a granularity that fills the memory", cost(granularity="1e-99999999"), "columns.cost.granularity"),
    ("not a number", cost(bounds=[float("nan"), float("inf")]), "columns.cost.bounds"),
    ("a boolean for a number", cost(bounds=[False, True]), "columns.cost.bounds"),
    ("days for a number", cost(bounds=["2025-01-01", "2025-01-02"]), "columns.cost.bounds"),
    ("too many steps", cost(bounds=[0, 10**15]), "columns.cost.bounds"),
    ("no granularity", lambda document: column(document, "cost").pop("granularity"), "columns.cost.granularity"),
    ("a norm below a step", cost(clipping={"sum": "0.001"}), "columns.cost.clipping.sum"),
    ("a norm beyond the kernel", cost(clipping={"deviation": 10**9}), "columns.cost.clipping.deviation"),
    ("norms without bounds", clinic(clipping={"sum": 5}), "columns.clinic.clipping"),
    ("a granularity without bounds", clinic(granularity=1), "columns.clinic.granularity"),
    ("half an integer", clinic(bounds=[1, 3], granularity="0.5"), "columns.clinic.granularity"),
    ("a domain outside the bounds", clinic(bounds=[1, 2]), "columns.clinic.domain"),
    ("a domain beyond JSON", clinic(domain=[2**60]), "columns.clinic.domain"),
    ("a value twice", clinic(domain=[1, 1]), "columns.clinic.domain"),
    ("an empty domain", clinic(domain=[]), "columns.clinic.domain"),
    ("texts for integers", clinic(domain=["a"]), "columns.clinic.domain"),
    ("YAML's NO", district(domain=["SE", False]), "columns.district.domain"),
    ("NUL in a text", district(domain=["a\0"]), "columns.district.domain"),
    ("half a character", district(domain=["\ud800"]), "columns.district.domain"),
    ("too many values", clinic(domain=list(range(10_001))), "columns.clinic.domain"),
    ("units published as a domain", patient(domain=["a"]), "tables.visits.unit_column"),
    ("a unit of numbers", patient(type="number"), "tables.visits.unit_column"),
    ("no such unit column", table(0, unit_column="nobody"), "tables.visits.unit_column"),
    ("a private table that is independent", table(0, independent=True), "tables.visits.independent"),
    ("no cap on a unit", table(0, rows_per_unit_at_most=None), "tables.visits.rows_per_unit_at_most"),
    ("no norm", table(0, rows_norm=None), "tables.visits.rows_norm"),
    ("norms of a public table", table(1, rows_norm=5), "tables.clinics"),
    ("a boolean for a count", table(0, rows_at_most=True), "tables.visits.rows_at_most"),
    ("a name that is SQL", table(0, name="x; DROP"), "tables.0.name"),
    ("two tables of one name", table(1, name="visits"), "tables"),
    ("two columns of one name", district(name="clinic"), "tables.clinics.columns"),
    ("a key of no columns", table(1, unique=[[]]), "tables.clinics.unique"),
    ("a key of other columns", table(1, unique=[["cost"]]), "tables.clinics.unique"),
    ("two sources", table(1, source={"csv": "a", "parquet": "b"}), "tables.clinics.source"),
    ("no source", table(1, source={}), "tables.clinics.source"),
    ("a package without frame", table(1, source={"package": "a"}), "tables.clinics.source"),
    ("a frame that climbs", table(1, source={"package": "a", "frame": "../b"}), "tables.clinics.source.frame"),
    ("NUL in a path", table(1, source={"csv": "a\0"}), "tables.clinics.source"),
    ("one query above all", lambda document: document["budget"].update(query_delta=0.0009), "budget.query_delta"),
]


@pytest.mark.parametrize(("change", "where"), [(one[1], one[2]) for one in WRONG], ids=[one[0] for one in WRONG])
def test_a_wrong_card_is_refused_at_the_place(change: Change, where: str) -> None:
    document = copy.deepcopy(card())
    change(document)
    assert any(f".{told}".find(f".{where}") >= 0 for told, _ in faults(document))


def test_private_tables_need_one_type_of_unit() -> None:
    document = card()
    second = copy.deepcopy(document["tables"][0]) | {"name": "stays"}
    second["columns"][0]["type"] = "integer"
    document["tables"].append(second)
    assert faults(document) == [("tables", "the unit columns of the private tables must have one type")]


def test_a_dataset_without_people_is_not_conditional() -> None:
    document = card()
    del document["tables"][0]
    document["key_fields"] = ["clinics.district"]
    document["requirements"] = ["security"]
    assert faults(document) == [("tables", "a conditional dataset has at least one private table (unit_column)")]


def test_dates_may_not_run_backwards() -> None:
    document = card()
    column(document, "day")["bounds"] = ["2025-12-31", "2025-01-01"]
    assert faults(document) == [("tables.visits.columns.day.bounds", "the lower bound is above the upper bound")]


def test_a_value_built_directly_is_checked_as_well() -> None:
    with pytest.raises(ValueError, match="granularity"):
        Column(name="cost", type="number", description="-", bounds=(0, 1))  # type: ignore[arg-type]  # as YAML gives it


def test_the_privacy_unit_is_seen_in_private_tables_only() -> None:
    read = read_card(card())
    unit = read.privacy_unit(read.tables[0])
    assert (unit.noun, unit.column, unit.population) == ("patient", "patient", "patients_of_the_city")
    with pytest.raises(ValueError, match="public"):
        read.privacy_unit(read.tables[1])
    assert read.table("nothing") is None


@pytest.mark.parametrize("section", SECTIONS)
def test_the_manual_documents_every_field_with_an_example(section: str) -> None:
    body = re.search(rf"^## {section}\n(.*?)(?=^## |\Z)", MANUAL, re.MULTILINE | re.DOTALL)
    assert body is not None
    parts = re.split(r"^### `(\w+)`$", body.group(1), flags=re.MULTILINE)
    assert parts[1::2] == list(SECTIONS[section].model_fields)
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        example = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
        assert example is not None, name
        assert list(yaml.safe_load(example.group(1))) == [name]


def open_card() -> dict[str, Any]:
    """The manual's public table as a dataset of its own."""
    document = card()
    for name in ("unit", "budget", "conditions", "materials"):
        del document[name]
    clinics = {name: part for name, part in document["tables"][1].items() if name in OPEN_FIELDS}
    return document | {"openness": "unconditional", "tables": [clinics], "key_fields": ["clinics.district"]}


OPEN_FIELDS = ("name", "description", "directory", "level", "source", "columns")


def test_a_card_of_each_class_is_read_as_what_it_is() -> None:
    assert type(read_entry(card())) is Dataset
    assert type(read_entry(open_card())) is OpenDataset
    closed = open_card() | {"openness": "non-open"}
    closed["tables"][0] |= {"level": 4}
    del closed["tables"][0]["source"]
    assert read_entry(closed).classification().doors == ()


def test_the_room_takes_conditional_cards_only() -> None:
    assert ("openness", "must be 'conditional'") in faults(open_card())


def test_a_source_of_what_is_not_delivered_is_refused() -> None:
    closed = open_card() | {"openness": "non-open"}
    closed["tables"][0] |= {"level": 4}
    with pytest.raises(CardRejected) as rejected:
        read_entry(closed)
    assert [(reason.where, reason.message) for reason in rejected.value.reasons] == [
        ("tables.clinics.source", "is not a field of a card")
    ]


def test_a_unit_column_is_graded_as_what_tells_units_apart() -> None:
    document = card()
    column(document, "patient")["level"] = 2
    assert ("tables.visits.unit_column", "the unit column tells units apart: its level is at least 3") in faults(
        document
    )
