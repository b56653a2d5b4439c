"""Downloads of unconditionally open data: for anybody, whole or by the page, and of nothing else."""

import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from dp_queries.loading.open_files import write_open_files
from policies.catalogue import OpenDataset, read_entry
from tests.enclave.test_open_loading import CARD, write
from tests.enclave_api.conftest import House
from tests.enclave_api.fake_room import CARD as VISITS

PATH = "/api/v1/catalogue/parks"


@pytest.fixture
def parks(house: House, tmp_path: Path) -> House:
    """A front that lists the parks, whose files were loaded."""
    entry = read_entry(yaml.safe_load(write(tmp_path / "source").read_text()))
    assert isinstance(entry, OpenDataset)
    folder = house.settings.open_files / "parks" / "1"
    folder.mkdir(parents=True)
    write_open_files(entry, tmp_path / "source", folder)
    files = {name: f"{number}" * 64 for number, name in enumerate(("parks.csv", "parks.parquet"))}
    current = {
        "version": "1",
        "card": entry.digest(),
        "loaded_at": "2026-03-01T00:00:00Z",
        "files": files,
        "tables": [],
    }
    (folder.parent / "current.json").write_text(json.dumps(current))
    house.room.says = {}
    listing(house, CARD, "parks-bureau")
    listing(house, VISITS, "health-bureau")
    house.room.holds = []
    return house


def listing(house: House, card: dict[str, Any], provider: str) -> None:
    body = {"kind": "list", "dataset": card["name"], "reason": "for everybody", "card": card}
    order = house.post("/api/v1/work-orders", body, house.token("data-provider", provider))
    assert order.status_code == 200, order.json
    path = f"/api/v1/work-orders/{order.json['id']}/decision"
    assert house.post(path, {"act": "accept"}, house.token("operator", "centre")).status_code == 200


def test_anybody_gets_the_files(parks: House) -> None:
    told = parks.get(f"{PATH}/download").json
    assert sorted(told["files"]) == ["parks.csv", "parks.parquet"]
    csv = parks.get(f"{PATH}/download/parks.csv", buffered=True)
    assert (csv.status_code, csv.mimetype) == (200, "text/csv")
    assert csv.text.splitlines()[0] == "park,hectares,opened"
    assert csv.headers["Content-Disposition"] == "attachment; filename=parks-1-parks.csv"
    again = parks.client.get(
        f"{PATH}/download/parks.csv", headers={"If-None-Match": csv.headers["ETag"]}, buffered=True
    )
    assert again.status_code == 304
    part = parks.client.get(f"{PATH}/download/parks.csv", headers={"Range": "bytes=0-3"}, buffered=True)
    assert (part.status_code, part.text) == (206, "park")
    parquet = pq.read_table(io.BytesIO(parks.get(f"{PATH}/download/parks.parquet", buffered=True).data))
    assert parquet.num_rows == 3


def test_the_catalogue_names_the_addresses_that_there_are(parks: House) -> None:
    document = json.dumps(parks.get("/catalogue.jsonld").json)
    for kind in ("csv", "parquet"):
        assert f"{PATH}/download/parks.{kind}" in document


def test_rows_come_by_the_page(parks: House) -> None:
    page = parks.get(f"{PATH}/tables/parks/rows?limit=1&offset=1&columns=opened,park").json
    assert page == {"version": "1", "total": 3, "offset": 1, "rows": [{"opened": "2001-10-01", "park": "North"}]}
    assert parks.get(f"{PATH}/tables/parks/rows?offset=3").json["rows"] == []
    for wrong in ("columns=pilot", "limit=0", "limit=99999", "offset=-1"):
        assert parks.get(f"{PATH}/tables/parks/rows?{wrong}").status_code == 400, wrong


@pytest.mark.parametrize("file", ["parks.json", "roads.csv", "..%2Fcurrent.json", "current.json", "%2Fetc%2Fpasswd"])
def test_there_is_no_other_file(parks: House, file: str) -> None:
    assert parks.get(f"{PATH}/download/{file}").status_code == 404


def test_nothing_else_is_handed_out(parks: House) -> None:
    for path in ("download", "download/visits.csv", "tables/visits/rows"):
        answer = parks.get(f"/api/v1/catalogue/visits/{path}")
        assert (answer.status_code, answer.json["kind"]) == (403, "refused")
    assert parks.get("/api/v1/catalogue/nowhere/download").status_code == 404


def test_files_of_another_entry_than_the_listed_one_are_not_handed_out(parks: House) -> None:
    narrower = CARD | {"tables": [CARD["tables"][0] | {"columns": CARD["tables"][0]["columns"][:1]}]}
    body = {"kind": "revise", "dataset": "parks", "reason": "the date is private", "card": narrower}
    order = parks.post("/api/v1/work-orders", body, parks.token("data-provider", "parks-bureau"))
    path = f"/api/v1/work-orders/{order.json['id']}/decision"
    assert parks.post(path, {"act": "accept"}, parks.token("operator", "centre")).status_code == 200
    for path in ("download", "download/parks.csv", "tables/parks/rows"):
        answer = parks.get(f"{PATH}/{path}")
        assert (answer.status_code, answer.json["reasons"][0]["code"]) == (403, "another-card")


@pytest.mark.parametrize("target", ["parks", "parks-bureau"])
def test_what_is_on_hold_is_not_handed_out(parks: House, target: str) -> None:
    parks.room.holds = [{"target": target, "log_index": 7}]
    answer = parks.get(f"{PATH}/download/parks.csv")
    assert (answer.status_code, answer.json["facts"]["holds"]) == (403, [7])
    parks.room.breaks.add("/holds")
    assert parks.get(f"{PATH}/download/parks.csv").status_code == 503
