"""Published entries as DCAT 3 JSON-LD (Art. 9, 25).

Source: W3C Data Catalog Vocabulary (DCAT) Version 3, 2024; code lists of the Publications Office of the European Union
(frequency, access-right), which are the ones that other catalogues read.
"""

from collections.abc import Iterable
from types import MappingProxyType
from typing import Any, Final

from policies.classification import Openness
from policies.entries import Entry, Frequency, RelationKind
from policies.publication import Publication
from policies.terms import write_time

CONTEXT: Final = MappingProxyType[str, Any](
    {
        "dcat": "http://www.w3.org/ns/dcat#",
        "dct": "http://purl.org/dc/terms/",
        "foaf": "http://xmlns.com/foaf/0.1/",
        "odrl": "http://www.w3.org/ns/odrl/2/",
        "prov": "http://www.w3.org/ns/prov#",
        "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
        "skos": "http://www.w3.org/2004/02/skos/core#",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
        "jali": "urn:jali:term:",
    }
)
"""All of it inline: a reader needs nothing from the network, and nobody can change what our terms mean."""

_EU: Final = "http://publications.europa.eu/resource/authority"
_FREQUENCIES: Final = MappingProxyType[Frequency, str](
    {
        "static": "NEVER",
        "irregular": "IRREG",
        "real-time": "UPDATE_CONT",
        "hourly": "HOURLY",
        "daily": "DAILY",
        "weekly": "WEEKLY",
        "monthly": "MONTHLY",
        "quarterly": "QUARTERLY",
        "half-yearly": "ANNUAL_2",
        "yearly": "ANNUAL",
    }
)
_RIGHTS: Final = MappingProxyType[Openness, str](
    {"unconditional": "PUBLIC", "conditional": "RESTRICTED", "non-open": "NON_PUBLIC"}
)
_RELATIONS: Final = MappingProxyType[RelationKind, str](
    {
        "same-units": "jali:same-units",
        "same-time": "jali:same-time",
        "same-place": "jali:same-place",
        "part-of": "dct:isPartOf",
        "explains": "jali:explains",
        "derived-from": "dct:source",
    }
)
_MEDIA: Final = MappingProxyType[str, str](
    {
        "csv": "text/csv",
        "parquet": "application/vnd.apache.parquet",
        "json": "application/json",
        "arrow": "application/vnd.apache.arrow.stream",
    }
)


def catalogue(publications: Iterable[Publication], *, title: str, base: str = "") -> dict[str, Any]:
    """The whole open list as one dcat:Catalog."""
    listed = list(publications)
    return {
        "@context": dict(CONTEXT),
        "@id": f"{base}/catalogue",
        "@type": "dcat:Catalog",
        "dct:title": title,
        "dcat:dataset": [_dataset(publication) for publication in listed],
    }


def dataset(publication: Publication) -> dict[str, Any]:
    """One entry as a document of its own."""
    return {"@context": dict(CONTEXT), **_dataset(publication)}


def _dataset(publication: Publication) -> dict[str, Any]:
    entry = publication.entry
    return {
        "@id": publication.uid,
        "@type": "dcat:Dataset",
        "dct:identifier": publication.uid,
        "dct:title": entry.title,
        "dct:description": entry.description,
        "dct:publisher": {
            "@id": f"urn:jali:party:{entry.provider}",
            "@type": "foaf:Agent",
            "foaf:name": entry.publisher or entry.provider,
        },
        "dct:license": {"@type": "dct:LicenseDocument", "rdfs:label": entry.licence},
        "dct:bibliographicCitation": entry.citation,
        "dct:issued": _instant(write_time(publication.issued)),
        "dct:modified": _instant(write_time(publication.modified)),
        "dcat:version": str(publication.version),
        "dcat:keyword": list(entry.keywords),
        "dcat:landingPage": {"@id": publication.page},
        "dct:temporal": _temporal(entry),
        "dct:spatial": {"@type": "dct:Location", "skos:prefLabel": entry.geographic_range},
        "dct:accrualPeriodicity": {"@id": f"{_EU}/frequency/{_FREQUENCIES[entry.update_frequency]}"},
        "dct:accessRights": {"@id": f"{_EU}/access-right/{_RIGHTS[entry.openness]}"},
        "dct:provenance": [_provenance(source) for source in _sources(entry)],
        "dcat:qualifiedRelation": [_relation(entry, number) for number in range(len(entry.relations))],
        "dcat:distribution": list(_distributions(publication)),
        "jali:openness": entry.openness,
        "jali:keyField": list(entry.key_fields),
        "jali:condition": [_condition(condition.model_dump(mode="json")) for condition in entry.conditions],
        **({"odrl:hasPolicy": {"@id": publication.offer}} if entry.openness == "conditional" else {}),
    }


def _instant(text: str) -> dict[str, str]:
    return {"@type": "xsd:dateTime", "@value": text}


def _temporal(entry: Entry) -> dict[str, Any]:
    period = {"@type": "dct:PeriodOfTime", "dcat:startDate": _day(str(entry.time_range.start))}
    return period | ({"dcat:endDate": _day(str(entry.time_range.end))} if entry.time_range.end else {})


def _day(text: str) -> dict[str, str]:
    return {"@type": "xsd:date", "@value": text}


def _sources(entry: Entry) -> tuple[str, ...]:
    """Every place of the public data directory that a field comes from, once (Art. 9)."""
    return tuple(dict.fromkeys(table.directory_of(column) for table in entry.tables for column in table.columns))


def _provenance(source: str) -> dict[str, str]:
    return {"@type": "dct:ProvenanceStatement", "rdfs:label": source}


def _relation(entry: Entry, number: int) -> dict[str, Any]:
    relation = entry.relations[number]
    return {
        "@type": "dcat:Relationship",
        "dct:relation": {"@id": f"urn:jali:dataset:{relation.dataset}"},
        "dcat:hadRole": {"@id": _RELATIONS[relation.kind]},
        "dct:description": relation.description,
    }


def _condition(stated: dict[str, Any]) -> dict[str, Any]:
    return {f"jali:{name}": value for name, value in stated.items()}


def _distributions(publication: Publication) -> Iterable[dict[str, Any]]:
    """Files of unconditional data; of conditional data the door, which is a service, and of closed data nothing."""
    entry = publication.entry
    if entry.openness == "unconditional":
        for table in entry.tables:
            for kind in ("csv", "parquet"):
                yield {
                    "@type": "dcat:Distribution",
                    "dct:title": f"{table.name}.{kind}",
                    "dcat:mediaType": {"@id": f"https://www.iana.org/assignments/media-types/{_MEDIA[kind]}"},
                    "dcat:downloadURL": {"@id": publication.download(table.name, kind)},
                }
    if entry.openness == "conditional":
        yield {
            "@type": "dcat:Distribution",
            "dct:title": "Answers under differential privacy",
            "dcat:accessURL": {"@id": publication.page},
            "dcat:mediaType": [
                {"@id": f"https://www.iana.org/assignments/media-types/{_MEDIA[kind]}"} for kind in entry.formats
            ],
            "dcat:accessService": {
                "@type": "dcat:DataService",
                "dct:title": "Jali",
                "dcat:endpointURL": {"@id": f"{publication.base}/api/v1"},
                "dcat:endpointDescription": {"@id": f"{publication.base}/api/v1/openapi.json"},
            },
        }
