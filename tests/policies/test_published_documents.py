"""What the catalogue publishes in the field's formats, read by a library that knows nothing of ours."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from rdflib import Graph, URIRef
from rdflib.namespace import DCAT, DCTERMS, RDF, XSD

from policies import croissant, dcat
from policies.catalogue import read_entry
from policies.entries import Entry
from policies.offer import CONTEXT as OFFER_CONTEXT, offer
from policies.publication import Publication
from policies.table_schema import table_schema

# rdflib 7.6 parses JSON-LD by a class of its own that it calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")

CARDS = Path(__file__).parents[2] / "examples" / "cards"
AT = datetime(2026, 11, 1, 8, tzinfo=UTC)
LATER = datetime(2026, 11, 20, 8, tzinfo=UTC)
BASE = "https://data.example"
FLIGHTS = URIRef("urn:jali:dataset:flights")


def document(name: str = "flights", **changes: Any) -> dict[str, Any]:
    card: dict[str, Any] = yaml.safe_load((CARDS / f"{name}.yaml").read_text(encoding="utf-8"))
    return card | changes


def published(card: dict[str, Any] | None = None, base: str = BASE) -> Publication:
    return Publication(read_entry(card or document()), 3, AT, LATER, base)


def unconditional() -> Entry:
    """The demo's airports, opened to everybody."""
    card = document(openness="unconditional", key_fields=["airports.faa"])
    for part in ("unit", "budget", "conditions", "materials"):
        del card[part]
    airports = next(table for table in card["tables"] if table["name"] == "airports")
    kept = ("name", "description", "directory", "level", "source", "columns")
    return read_entry(card | {"tables": [{name: airports[name] for name in kept}]})


def graph(told: dict[str, Any]) -> Graph:
    return Graph().parse(data=json.dumps(told), format="json-ld")


def value(read: Graph, predicate: URIRef) -> Any:
    [found] = read.objects(FLIGHTS, predicate)
    return found


def test_the_catalogue_is_a_dcat_graph_that_names_every_dataset() -> None:
    both = [published(), published(document("trips"))]
    read = graph(dcat.catalogue(both, title="Open data", base=BASE))
    [catalogue] = read.subjects(RDF.type, DCAT.Catalog)
    assert catalogue == URIRef(f"{BASE}/catalogue")
    assert set(read.objects(catalogue, DCAT.dataset)) == {FLIGHTS, URIRef("urn:jali:dataset:trips")}


def test_an_entry_says_in_dcat_what_art_9_asks_for() -> None:
    card = document(relations=[{"dataset": "trips", "kind": "part-of", "description": "The same city"}])
    read = graph(dcat.dataset(published(card)))
    assert str(value(read, DCTERMS.title)) == card["title"]
    assert str(value(read, DCTERMS.accrualPeriodicity)).endswith("/frequency/NEVER")
    assert str(value(read, DCTERMS.accessRights)).endswith("/access-right/RESTRICTED")
    assert value(read, DCTERMS.modified).datatype == XSD.dateTime
    assert value(read, DCAT.landingPage) == URIRef(f"{BASE}/catalogue/flights")
    period = value(read, DCTERMS.temporal)
    assert [str(day) for day in read.objects(period, DCAT.startDate)] == ["2013-01-01"]
    assert [day.datatype for day in read.objects(period, DCAT.endDate)] == [XSD.date]
    assert len(set(read.objects(FLIGHTS, DCTERMS.provenance))) == 5
    [relation] = read.objects(FLIGHTS, DCAT.qualifiedRelation)
    assert set(read.objects(relation, DCTERMS.relation)) == {URIRef("urn:jali:dataset:trips")}
    assert set(read.objects(relation, DCAT.hadRole)) == {DCTERMS.isPartOf}
    assert len(set(read.objects(FLIGHTS, URIRef("urn:jali:term:condition")))) == 4


def test_no_name_of_a_published_document_is_lost_in_the_graph() -> None:
    """A term that the context doesn't define is dropped silently by JSON-LD readers."""
    told = dcat.dataset(published())
    assert {name.partition(":")[0] for name in names(told) if not name.startswith("@")} <= set(dcat.CONTEXT)


def names(told: Any) -> set[str]:
    """The names of all members, but those of the context itself."""
    if isinstance(told, list):
        return {name for part in told for name in names(part)}
    if not isinstance(told, dict):
        return set()
    stated = {name: part for name, part in told.items() if name != "@context"}
    return set(stated) | {name for part in stated.values() for name in names(part)}


def test_conditional_data_have_a_door_and_open_data_have_files() -> None:
    door = graph(dcat.dataset(published()))
    assert list(door.objects(None, DCAT.downloadURL)) == []
    assert set(door.objects(None, DCAT.endpointURL)) == {URIRef(f"{BASE}/api/v1")}
    files = graph(dcat.dataset(Publication(unconditional(), 1, AT, AT, BASE)))
    place = f"{BASE}/api/v1/catalogue/flights/download/airports"
    assert set(files.objects(None, DCAT.downloadURL)) == {URIRef(f"{place}.csv"), URIRef(f"{place}.parquet")}


ODRL = "http://www.w3.org/ns/odrl/2/"


def constraints(read: Graph, duty: Any) -> dict[str, tuple[str, set[Any]]]:
    """The constraints of a rule: left operand -> operator and right operands."""
    found = {}
    for each in read.objects(duty, URIRef(f"{ODRL}constraint")):
        [left], [operator] = (list(read.objects(each, URIRef(ODRL + part))) for part in ("leftOperand", "operator"))
        right = {one.toPython() for one in read.objects(each, URIRef(f"{ODRL}rightOperand"))}
        found[str(left)] = (str(operator).removeprefix(ODRL), right)
    return found


def test_an_offer_states_the_conditions_in_the_words_of_agreements() -> None:
    read = graph(offer(published()))
    [stated] = read.subjects(RDF.type, URIRef(f"{ODRL}Offer"))
    [permission] = read.objects(stated, URIRef(f"{ODRL}permission"))
    [prohibition] = read.objects(stated, URIRef(f"{ODRL}prohibition"))
    assert set(read.objects(permission, URIRef(f"{ODRL}target"))) == {FLIGHTS}
    purposes = {"research on air traffic", "teaching on air traffic", "planning of airports"}
    assert constraints(read, permission) == {f"{ODRL}purpose": ("isAnyOf", purposes)}
    assert constraints(read, prohibition) == {f"{ODRL}purpose": ("isAnyOf", {"tracking of single aircraft"})}
    duties = {}
    for duty in read.objects(permission, URIRef(f"{ODRL}duty")):
        duties |= constraints(read, duty)
    assert duties["urn:jali:term:everyMonths"] == ("lteq", {12})
    assert duties["urn:jali:term:declaration"] == ("isAllOf", {"not-seriously-illegal"})
    assert len(duties["urn:jali:term:measure"][1]) == 2
    assert len(set(read.objects(stated, URIRef("urn:jali:term:condition")))) == 4
    assert {name.partition(":")[0] for name in names(offer(published())) if name[0] != "@"} <= set(OFFER_CONTEXT)


def test_a_dataset_names_its_offer_and_what_is_not_conditional_has_none() -> None:
    assert str(value(graph(dcat.dataset(published())), URIRef(f"{ODRL}hasPolicy"))).endswith("/flights/offer.jsonld")
    free = Publication(unconditional(), 1, AT, AT, BASE)
    assert "odrl:hasPolicy" not in dcat.dataset(free)
    with pytest.raises(ValueError, match="not offered"):
        offer(free)


def test_closed_data_are_listed_without_a_way_in() -> None:
    card = document(openness="non-open")
    for part in ("unit", "budget", "conditions", "materials"):
        del card[part]
    kept = ("name", "description", "directory")
    bare = [{name: column[name] for name in ("name", "type", "description")} for column in card["tables"][0]["columns"]]
    card["tables"] = [{name: card["tables"][0][name] for name in kept} | {"level": 4, "columns": bare}]
    read = graph(dcat.dataset(published(card)))
    assert str(value(read, DCTERMS.accessRights)).endswith("/access-right/NON_PUBLIC")
    assert list(read.objects(FLIGHTS, DCAT.distribution)) == []


def test_croissant_loads_files_of_open_data_only() -> None:
    told = croissant.croissant(Publication(unconditional(), 2, AT, LATER, BASE), {"airports": "ab" * 32})
    [file] = told["distribution"]
    assert (file["sha256"], file["encodingFormat"]) == ("ab" * 32, "text/csv")
    [records] = told["recordSet"]
    assert [field["source"]["extract"]["column"] for field in records["field"]][:2] == ["faa", "name"]
    assert all(field["source"]["fileObject"] == {"@id": file["@id"]} for field in records["field"])
    closed = croissant.croissant(published())
    assert (closed["distribution"], closed["recordSet"]) == ([], [])
    assert len(closed["variableMeasured"]) == sum(len(table.columns) for table in published().entry.tables)


def test_croissant_says_what_its_specification_requires() -> None:
    told = croissant.croissant(published())
    assert told["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    assert all(told[name] for name in ("name", "description", "license", "url", "creator", "datePublished"))
    read = graph({**told, "@id": FLIGHTS})
    assert str(value(read, DCTERMS.conformsTo)) == told["conformsTo"]


def test_a_table_schema_has_types_domains_and_keys() -> None:
    entry = published().entry
    flights = table_schema(entry.tables[0])
    by_name = {field["name"]: field for field in flights["fields"]}
    assert by_name["origin"]["constraints"] == {"required": True, "enum": ["EWR", "JFK", "LGA"]}
    assert by_name["time_hour"]["type"] == "datetime"
    assert by_name["dep_delay"]["constraints"] == {"required": False}
    assert by_name["tailnum"]["jali:level"] == 3
    assert table_schema(entry.tables[1])["uniqueKeys"] == [["tailnum"]]


@pytest.mark.parametrize(
    ("version", "issued", "modified"), [(0, AT, AT), (1, LATER, AT), (1, AT.replace(tzinfo=None), AT)]
)
def test_a_publication_is_valid_by_construction(version: int, issued: datetime, modified: datetime) -> None:
    with pytest.raises(ValueError, match="publication"):
        Publication(unconditional(), version, issued, modified)


def test_without_a_public_address_places_are_relative() -> None:
    assert published(base="").page == "/catalogue/flights"
