"""Small datasets to load, and what tests ask of them."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from dp_queries.loading.encrypted import open_read_only
from dp_queries.loading.load import LoadRejected, LoadResult, load
from policies.catalogue import Dataset, read_card
from tests.worlds.entries import entry

KEY = bytes(range(32))
AT = datetime.fromisoformat("2025-01-02T03:04:05")  # without a zone, as DuckDB gives it
SECRET = "Scheherazade-of-Baghdad"  # a value of the data that must be seen nowhere


def card(*tables: dict[str, Any], at_most: int = 1000) -> Dataset:
    return read_card(
        {
            **entry("test", f"{tables[0]['name']}.{tables[0]['columns'][0]['name']}"),
            "unit": {"noun": "person", "population": "people", "at_most": at_most},
            "budget": {"epsilon": 1, "delta": 1e-6, "query_delta": 1e-9},
            "tables": list(tables),
        }
    )


def private(name: str, columns: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    unit = {"name": "person", "type": "text"}
    described = [
        {"description": "-", **column} for column in ([unit] if columns[0]["name"] != "person" else []) + columns
    ]
    caps = {"rows_at_most": 1000, "rows_per_unit_at_most": 100, "rows_norm": 1}
    source = {"csv": f"{name}.csv"}
    return {
        "name": name,
        "description": "-",
        "level": 3,
        "directory": "the tests",
        "source": source,
        "unit_column": "person",
        "columns": described,
        **caps,
        **fields,
    }


def public(name: str, columns: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    described = [{"description": "-", **column} for column in columns]
    source = {"csv": f"{name}.csv"}
    return {
        "name": name,
        "description": "-",
        "level": 3,
        "directory": "the tests",
        "source": source,
        "independent": True,
        "rows_at_most": 1000,
        "columns": described,
        **fields,
    }


def visits(**fields: Any) -> dict[str, Any]:
    return private("visits", [{"name": "cost", "type": "integer", "bounds": [0, 9]}], **fields)


def write(folder: Path, name: str, text: str | bytes) -> None:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())


def loaded(folder: Path, described: Dataset) -> LoadResult:
    return load(described, folder, folder / "target.duckdb", KEY)


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    connection = open_read_only(folder / "target.duckdb", KEY)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def faults(folder: Path, described: Dataset) -> set[tuple[str, str | None]]:
    """(code, where) of every reason; besides, nothing may appear, and no value may be told."""
    with pytest.raises(LoadRejected) as rejected:
        loaded(folder, described)
    assert not [path for path in folder.iterdir() if path.name.startswith("target")]
    assert SECRET not in json.dumps(rejected.value.to_json())
    assert rejected.value.__cause__ is None
    assert rejected.value.__suppress_context__ or rejected.value.__context__ is None
    return {(reason.code, reason.where) for reason in rejected.value.reasons}
