"""The operation report and the resource map, as those who supervise and everybody read them."""

import csv
import io

from tests.both import BOTH_LONG
from tests.enclave_api.conftest import House
from tests.enclave_api.fake_room import CARD
from tests.enclave_api.test_applications import Office

STORES = BOTH_LONG
PATH = "/api/v1/operation-report"
ROOM = {
    "invocations": {"charged": 12, "refused": 3},
    "by_dataset": [["visits", 15]],
    "by_day": [["2026-03-01", 15]],
    "minutes": 1440,
    "minutes_served": 1439,
    "budgets": {"people": {"epsilon": "50", "spent": "1.5", "remaining": "48.5"}},
}


def test_the_report_counts_what_there_is(house: House) -> None:
    office = Office(house)
    house.room.operation = ROOM
    office.act(office.apply(), "operator", "accept")
    report = house.get(f"{PATH}?first=2026-03-01&last=2026-03-01", office.tokens["officer"]).json
    assert (report["uptime"], report["datasets"]) == (0.99931, {"conditional": 1})
    assert report["matters"] == {"work-order": {"accepted": 1}, "application": {"under-review": 1}}
    assert [figures["pending"] for figures in report["applications"]] == [1]
    assert house.room.asked[-2][2] == {"begins": "2026-02-28T16:00:00Z", "ends": "2026-03-01T16:00:00Z"}
    assert "operation-report" in [act["act"] for act in house.room.acts]
    later = house.get(f"{PATH}?first=2026-03-02&last=2026-03-05", office.tokens["officer"]).json
    assert later["matters"] == {}


def test_the_same_as_a_table(house: House) -> None:
    office = Office(house)
    house.room.operation = ROOM
    answer = house.get(f"{PATH}?first=2026-03-01&last=2026-03-01&format=csv", office.tokens["operator"])
    assert answer.mimetype == "text/csv"
    rows = dict(csv.reader(io.StringIO(answer.text)))
    assert (rows["uptime"], rows["invocations.charged"], rows["by_dataset.visits"]) == ("0.99931", "12", "15")
    assert rows["budgets.people.spent"] == "1.5"


def test_it_is_for_those_who_supervise_and_its_days_are_days(house: House) -> None:
    office = Office(house)
    for who in ("researcher", "provider"):
        assert house.get(f"{PATH}?first=2026-03-01&last=2026-03-01", office.tokens[who]).status_code == 403
    for wrong in ("first=2026-03-02&last=2026-03-01", "first=1&last=2", ""):
        assert house.get(f"{PATH}?{wrong}", office.tokens["officer"]).status_code == 400


def test_the_map_shows_relations_and_shared_budgets(house: House) -> None:
    office = Office(house)
    relation = {"dataset": "visits", "kind": "same-place", "description": "The same city."}
    twin = CARD | {"name": "stays", "title": "Stays in clinics", "relations": [relation]}
    body = {"kind": "list", "dataset": "stays", "reason": "for research", "card": twin}
    order = house.post("/api/v1/work-orders", body, office.tokens["provider"]).json["id"]
    house.post(f"/api/v1/work-orders/{order}/decision", {"act": "accept"}, office.tokens["operator"])
    told = house.get("/api/v1/resource-map").json
    assert [node["name"] for node in told["datasets"]] == ["stays", "visits"]
    assert [(each["from"], each["to"], each["kind"]) for each in told["relations"]] == [
        ("stays", "visits", "same-place"),
        ("stays", "visits", "same-population"),
    ]
