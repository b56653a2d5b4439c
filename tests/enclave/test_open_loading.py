"""Unconditionally open data as files: checked against their card, whole or not there, each version in the log."""

import json
import stat
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from enclave.loading import load_card
from enclave.open_loading import CURRENT
from policies.errors import CardRejected
from tests.world import World

CARD: dict[str, Any] = {
    "name": "parks",
    "title": "Parks of the city",
    "description": "Every park with its area.",
    "provider": "parks-bureau",
    "licence": "CC0-1.0",
    "citation": "Parks bureau, parks.",
    "key_fields": ["parks.park"],
    "time_range": {"start": "2026-01-01", "end": "2026-01-31"},
    "geographic_range": "the city",
    "formats": ["csv"],
    "update_frequency": "static",
    "relations": [],
    "openness": "unconditional",
    "tables": [
        {
            "name": "parks",
            "description": "One row a park.",
            "level": 1,
            "directory": "the tests",
            "source": {"csv": "parks.csv"},
            "columns": [
                {"name": "park", "type": "text", "description": "Its name."},
                {"name": "hectares", "type": "number", "description": "Its area.", "nullable": True},
                {"name": "opened", "type": "date", "description": "Since when."},
            ],
        }
    ],
}
ROWS = "park,hectares,opened\nEast,12.5,1990-05-01\nNorth,,2001-10-01\nNorth,,2001-10-01\n"


def write(folder: Path, rows: str = ROWS, **changes: Any) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "parks.csv").write_text(rows)
    (folder / "parks.yaml").write_text(yaml.safe_dump(CARD | changes))
    return folder / "parks.yaml"


def test_a_load_writes_files_that_anybody_may_read_and_tells_the_log(world: World, tmp_path: Path) -> None:
    done = load_card(world.room, write(tmp_path / "a"), by="operator:test")
    home = world.room.settings.open_files / "parks"
    current = json.loads((home / CURRENT).read_text())
    assert (done["version"], current["version"]) == ("1", "1")
    assert current["tables"] == [
        {"table": "parks", "rows": 3, "duplicates": 1, "nulls": {"park": 0, "hectares": 2, "opened": 0}}
    ]
    table = pq.read_table(home / "1" / "parks.parquet").to_pydict()
    assert table["hectares"] == [12.5, None, None]
    assert str(table["opened"][0]) == "1990-05-01"
    assert (home / "1" / "parks.csv").read_text().splitlines()[:2] == ["park,hectares,opened", "East,12.5,1990-05-01"]
    assert stat.S_IMODE((home / "1" / "parks.csv").stat().st_mode) == 0o644
    with world.room.database.reading() as session:
        leaf = json.loads(world.room.log.leaf(session, done["log_index"]))
    assert (leaf["act"], leaf["files"]) == ("open-load", current["files"])
    again = load_card(
        world.room, write(tmp_path / "a", "park,hectares,opened\nWest,1,1990-05-01\n"), by="operator:test"
    )
    assert again["version"] == "2"
    assert json.loads((home / CURRENT).read_text())["version"] == "2"


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        ("park,hectares\nEast,1\n", ["missing-column"]),
        ("park,hectares,opened\n", ["empty"]),
        ("park,hectares,opened\n,1,1990-05-01\nEast,1,soon\n", ["nulls", "wrong-type"]),
        ("park,hectares,opened\nEast,many,1990-05-01\n", ["wrong-type"]),
        ("park,hectares,opened\nEast,1\n", ["malformed-lines"]),
    ],
)
def test_a_bad_load_names_every_fault_and_leaves_the_last_good_version(
    world: World, tmp_path: Path, rows: str, codes: list[str]
) -> None:
    load_card(world.room, write(tmp_path / "good"), by="operator:test")
    current = (world.room.settings.open_files / "parks" / CURRENT).read_text()
    with pytest.raises(CardRejected) as caught:
        load_card(world.room, write(tmp_path / "bad", rows), by="operator:test")
    assert [reason.code for reason in caught.value.reasons] == codes
    assert (world.room.settings.open_files / "parks" / CURRENT).read_text() == current


def test_nothing_of_closed_data_is_loaded(world: World, tmp_path: Path) -> None:
    table = {name: part for name, part in CARD["tables"][0].items() if name != "source"} | {"level": 4}
    closed = write(tmp_path / "closed", openness="non-open", tables=[table])
    with pytest.raises(CardRejected) as caught:
        load_card(world.room, closed, by="operator:test")
    assert [reason.code for reason in caught.value.reasons] == ["openness"]
