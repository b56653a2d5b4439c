"""Reports at the front: facts from the room, words from the researcher, read by those who supervise, told as uses."""

from typing import Any

import pytest

from enclave_api.store.database import Store
from tests.both import BOTH_LONG
from tests.enclave_api.conftest import House
from tests.enclave_api.fake_room import CARD, USAGE
from tests.enclave_api.test_applications import MEASURE, Office

STORES = BOTH_LONG
DUE = "2026-04-01T00:00:00Z"
PERIOD = {"number": 1, "begins": "2026-03-01T00:00:00Z", "due_at": DUE, "overdue_at": "2026-04-30T00:00:00Z"}
STANDARD = (MEASURE, "Nobody tries to learn about single persons or objects behind the answers.")
NARRATIVE = {
    "scenario": "Where clinics are missing.",
    "served": "People of the outer districts.",
    "business_model": "None: research.",
    "benefits": "Shorter ways to a clinic.",
    "measures": dict.fromkeys(STANDARD, "As agreed."),
    "results": [{"title": "A map of missing clinics", "kind": "research report", "citation": CARD["citation"]}],
}


class Desk(Office):
    """An office with an agreement in force, whose first report is due."""

    def __init__(self, house: House) -> None:
        super().__init__(house)
        application = self.approved()
        for who, party in (("researcher", "open-university"), ("provider", "health-bureau")):
            self.uid = self.sign(application, who, party).json["agreement"]
        house.room.reports = [PERIOD | {"standing": "due", "agreement": self.uid, "dataset": "visits"}]
        USAGE.update(PERIOD)

    def file(self, who: str = "researcher", **changes: Any) -> Any:
        path = f"/api/v1/agreements/{self.uid}/reports/1"
        return self.house.post(path, {"narrative": NARRATIVE | changes}, self.tokens[who])

    def decide(self, report: str, who: str, act: str, reason: str = "") -> Any:
        path = f"/api/v1/reports/{report}/decision"
        return self.house.post(path, {"act": act, "reason": reason}, self.tokens[who])


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


def test_a_report_from_its_due_date_to_a_published_use(desk: Desk) -> None:
    house = desk.house
    [task] = house.get("/api/v1/tasks", desk.tokens["researcher"]).json
    assert (task["matter"], task["acts"], task["deadline"]["day"]) == ("report", ["file"], "2026-04-29")
    filed = desk.file()
    assert (filed.status_code, filed.json["state"]) == (200, "filed"), filed.json
    assert filed.json["history"][0]["facts"]["invocations"] == {"charged": 3}
    report = filed.json["id"]
    assert desk.decide(report, "provider", "return").status_code == 400
    assert desk.decide(report, "provider", "return", "Name the districts.").json["state"] == "returned"
    assert desk.file(served="People of the districts of Jiading and Qingpu.").json["id"] == report
    assert house.get("/api/v1/uses").json == []
    assert desk.decide(report, "operator", "accept").json["state"] == "accepted"
    [use] = house.get("/api/v1/uses").json
    assert (use["title"], use["dataset"], use["organization"]) == (
        *("A map of missing clinics", "visits", "open-university"),
    )
    [line] = house.get(f"/api/v1/agreements/{desk.uid}/reports", desk.tokens["officer"]).json
    assert [step["act"] for step in line["report"]["history"]] == ["file", "return", "file", "accept"]
    told = [body["act"] for method, path, body in house.room.asked if (method, path) == ("POST", "/reports")]
    assert told == ["file", "return", "file", "accept"]


def test_everything_that_a_report_lacks_is_told_at_once(desk: Desk) -> None:
    answer = desk.file(benefits="", measures={}, results=[{"title": "A map", "kind": "poem", "citation": "us"}])
    assert (answer.status_code, answer.json["kind"]) == (400, "request-rejected")
    assert len(answer.json["reasons"]) == 1 + len(STANDARD) + 2
    assert not [path for method, path, _ in desk.house.room.asked if (method, path) == ("POST", "/reports")]


def test_an_early_report_is_accepted_only_if_the_log_says_the_same_in_the_end(desk: Desk) -> None:
    report = desk.file().json["id"]
    before = dict(USAGE)
    USAGE["invocations"] = {"charged": 300}
    try:
        answer = desk.decide(report, "provider", "accept")
        assert answer.json["reasons"][0]["code"] == "facts-changed"
    finally:
        USAGE.update(before)
    assert desk.decide(report, "provider", "accept").json["state"] == "accepted"


def test_a_front_that_died_after_the_room_took_a_step_takes_it_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, store = Store.writing, desk.house.front.store

    def dies(self: Store) -> Any:
        if any((method, path) == ("POST", "/reports") for method, path, _ in desk.house.room.asked):
            monkeypatch.setattr(Store, "writing", writing)
            raise OSError("the front died")
        return writing(self)

    monkeypatch.setattr(Store, "writing", dies)
    assert desk.file().status_code == 500
    assert desk.house.get("/api/v1/reports", desk.tokens["officer"]).json == []
    assert store is desk.house.front.store
    assert desk.file().json["state"] == "filed"


def test_what_the_room_refuses_is_not_filed(desk: Desk) -> None:
    desk.house.room.says["/reports"] = {"kind": "wrong-state", "message": "accepted already", "reasons": []}
    desk.house.room.reports = []
    assert desk.file().json["kind"] == "wrong-state"
    desk.house.room.says.clear()
    assert desk.house.get("/api/v1/reports", desk.tokens["officer"]).json == []


def test_who_files_does_not_accept_and_strangers_see_nothing(desk: Desk) -> None:
    report = desk.file().json["id"]
    assert desk.decide(report, "researcher", "accept").status_code == 403
    assert desk.decide(report, "rival", "accept").status_code == 404
    for who in ("stranger", "rival"):
        assert desk.house.get(f"/api/v1/agreements/{desk.uid}/reports", desk.tokens[who]).status_code == 404
        assert desk.house.get(f"/api/v1/reports/{report}", desk.tokens[who]).status_code == 404
    assert desk.file(who="stranger").status_code == 404
    accepted = desk.decide(report, "provider", "accept")
    assert accepted.json.get("state") == "accepted", accepted.json
    assert desk.decide(report, "provider", "return", "again").json["kind"] == "wrong-state"


def test_a_spot_check_leaves_a_trace(desk: Desk) -> None:
    path = f"/api/v1/agreements/{desk.uid}/reports/1/usage"
    assert desk.house.get(path, desk.tokens["researcher"]).json["last"] == 7
    assert [act["act"] for act in desk.house.room.acts].count("spot-check") == 0
    desk.house.get(path, desk.tokens["officer"])
    assert desk.house.room.acts[-1]["act"] == "spot-check"
    assert desk.house.room.acts[-1]["detail"]["agreement"] == desk.uid


def test_a_budget_that_is_nearly_spent_is_a_task_of_both_sides(desk: Desk) -> None:
    desk.house.room.reports = []
    desk.house.room.nearly_spent = [
        {"agreement": desk.uid, "dataset": "visits", "provider": "health-bureau", "spent": "3.3", "epsilon": "4"}
    ]
    for who in ("researcher", "provider"):
        [task] = desk.house.get("/api/v1/tasks", desk.tokens[who]).json
        assert (task["matter"], task["id"], task["acts"]) == ("budget", desk.uid, ["amend"])
        assert task["state"] == "epsilon 3.3 of 4 is spent"
    assert desk.house.get("/api/v1/tasks", desk.tokens["rival"]).json == []
