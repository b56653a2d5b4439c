"""Published entries in the Croissant format, by which machine-learning tools find and load data.

A record set is read from a file, so conditionally open data have none: their fields are schema.org's measured
variables. Source: MLCommons, Croissant Format Specification 1.1, 2025.
"""

from types import MappingProxyType
from typing import Any, Final

from policies.card_types import ColumnType
from policies.columns import EntryColumn
from policies.entries import EntryTable
from policies.publication import Publication
from policies.terms import write_time

VERSION: Final = "http://mlcommons.org/croissant/1.1"
_TERMS: Final = (
    *("citeAs", "column", "containedIn", "equivalentProperty", "extract", "field", "fileObject", "fileProperty"),
    *("fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet"),
    *("references", "regex", "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform"),
)
CONTEXT: Final = MappingProxyType[str, Any](
    {
        "@language": "en",
        "@vocab": "https://schema.org/",
        "sc": "https://schema.org/",
        "cr": "http://mlcommons.org/croissant/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "dct": "http://purl.org/dc/terms/",
        "conformsTo": "dct:conformsTo",
        "data": {"@id": "cr:data", "@type": "@json"},
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        "examples": {"@id": "cr:examples", "@type": "@json"},
        **{term: f"cr:{term}" for term in _TERMS},
    }
)
"""The specification's own, with all of its terms: loaders compare it with theirs."""
_TYPES: Final = MappingProxyType[ColumnType, str](
    {
        "text": "sc:Text",
        "integer": "sc:Integer",
        "number": "sc:Float",
        "boolean": "sc:Boolean",
        "date": "sc:Date",
        "timestamp": "sc:DateTime",
    }
)


def croissant(publication: Publication, digests: dict[str, str] | None = None) -> dict[str, Any]:
    """The entry as a Croissant document. `digests`: SHA-256 of the CSV file of each table of unconditional data."""
    entry, files = publication.entry, digests or {}
    return {
        "@context": dict(CONTEXT),
        "@type": "sc:Dataset",
        "conformsTo": VERSION,
        "name": entry.name,
        "alternateName": entry.title,
        "description": entry.description,
        "license": entry.licence,
        "citeAs": entry.citation,
        "url": publication.page,
        "creator": {"@type": "sc:Organization", "name": entry.publisher or entry.provider},
        "datePublished": write_time(publication.issued),
        "dateModified": write_time(publication.modified),
        "version": f"{publication.version}.0.0",
        "keywords": list(entry.keywords),
        "isLiveDataset": entry.update_frequency != "static",
        "temporalCoverage": f"{entry.time_range.start}/{entry.time_range.end or '..'}",
        "spatialCoverage": entry.geographic_range,
        "isAccessibleForFree": True,
        "conditionsOfAccess": "; ".join(condition.text for condition in entry.conditions) or entry.openness,
        "distribution": [_file(publication, table, files[table.name]) for table in entry.tables if table.name in files],
        "recordSet": [_record_set(table) for table in entry.tables if table.name in files],
        "variableMeasured": [_variable(table, column) for table in entry.tables for column in table.columns],
    }


def _file(publication: Publication, table: EntryTable, sha256: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": f"{table.name}.csv",
        "name": f"{table.name}.csv",
        "contentUrl": publication.download(table.name, "csv"),
        "encodingFormat": "text/csv",
        "sha256": sha256,
    }


def _record_set(table: EntryTable) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": table.description,
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{table.name}/{column.name}",
                "name": column.name,
                "description": column.description,
                "dataType": _TYPES[column.type],
                "source": {"fileObject": {"@id": f"{table.name}.csv"}, "extract": {"column": column.name}},
            }
            for column in table.columns
        ],
    }


def _variable(table: EntryTable, column: EntryColumn) -> dict[str, Any]:
    stated = {"@type": "sc:PropertyValue", "name": f"{table.name}.{column.name}", "description": column.description}
    return stated | ({"unitText": column.unit} if column.unit else {})
