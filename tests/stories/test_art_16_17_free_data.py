"""Art. 16, 17 as people live them: data for everybody without a form to fill, and a word against what is wrong."""

import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

import jali
from tests.enclave.test_open_loading import CARD as PARKS, ROWS
from tests.stories.town import Town


@pytest.fixture(scope="module")
def roads(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An unconditionally open dataset, listed and loaded; the folder of its source."""
    folder = tmp_path_factory.mktemp("roads")
    card = json.loads(json.dumps(PARKS).replace('"parks"', '"roads"').replace("parks.park", "roads.park"))
    card |= {"name": "roads", "provider": "parks-bureau"}
    (folder / "parks.csv").write_text(ROWS)
    (folder / "roads.yaml").write_text(yaml.safe_dump(card))
    town.have_listed(card, who="parks")
    town.house.run("enclave", "load", str(folder / "roads.yaml"))
    return folder


def test_art_17_anybody_downloads_without_an_account(town: Town, roads: Path) -> None:
    told = town.get("catalogue/roads/download").json()
    assert told["tables"] == [
        {"table": "roads", "rows": 3, "duplicates": 1, "nulls": {"park": 0, "hectares": 2, "opened": 0}}
    ]
    assert town.get("catalogue/roads/download/roads.csv").text.splitlines()[1].startswith("East,12.5")
    assert pq.read_table(io.BytesIO(town.get("catalogue/roads/download/roads.parquet").content)).num_rows == 3
    page = town.get("catalogue/roads/tables/roads/rows", limit=1, columns="park").json()
    assert page["rows"] == [{"park": "East"}]
    assert town.get("catalogue/visits/download").status_code == 403


def test_art_16_a_bad_load_leaves_the_last_good_version(town: Town, roads: Path) -> None:
    before = town.get("catalogue/roads/download").json()
    (roads / "parks.csv").write_text("park,hectares,opened\n,1,soon\n")
    with pytest.raises(AssertionError, match="break their card"):
        town.house.run("enclave", "load", str(roads / "roads.yaml"))
    assert town.get("catalogue/roads/download").json() == before
    (roads / "parks.csv").write_text(ROWS)


def test_art_16_an_objection_is_answered(town: Town, roads: Path) -> None:
    with town.desk() as public, town.desk("parks") as parks:
        code = public.bring("objection", "North is listed twice.", dataset="roads", evidence="lines 3 and 4")
        [objection] = [each for each in parks.matters("petitions") if each.document["dataset"] == "roads"]
        objection.act("examine", "we look")
        with pytest.raises(jali.RequestRejected):
            objection.act("correct", "it is mended")  # whoever asked must be told
        objection.act("correct", "it is mended", feedback="North is listed once from now on.")
        assert public.feedback(code)["state"] == "corrected"
