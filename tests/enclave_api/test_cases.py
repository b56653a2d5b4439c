"""Cases at the front: reported by anybody, taken on by role, orders carried first, the reporter told by code alone."""

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from policies.agreements import PinnedLog
from policies.orders import Order, sign_order
from tests.enclave_api.conftest import House

REPORT = {
    "dataset": "visits",
    "right": "personal-privacy",
    "statement": "I can be found in it",
    "evidence": "see row 17 of the sample",
    "contact": "",
}
CASES = "/api/v1/cases"


def order(kind: str, **detail: Any) -> dict[str, Any]:
    log = PinnedLog("jali.test/room", bytes(32))
    made = Order(kind, "visits", "a case", "chen", log, datetime(2026, 3, 1, tzinfo=UTC), "0" * 32, detail)
    return sign_order(made, Ed25519PrivateKey.generate())


class People:
    def __init__(self, house: House) -> None:
        self.house = house
        self.tokens = {
            "officer": house.token("security-officer", "office"),
            "provider": house.token("data-provider", "health-bureau"),
            "rival": house.token("data-provider", "rival"),
            "operator": house.token("operator", "centre"),
            "researcher": house.token("researcher"),
        }

    def report(self, **changes: Any) -> dict[str, Any]:
        answer = self.house.post(CASES, REPORT | changes)
        assert answer.status_code == 200, answer.json
        return dict(answer.json)

    def act(self, case: str, who: str, act: str, **body: Any) -> Any:
        return self.house.post(f"{CASES}/{case}/acts", {"act": act, "reason": "seen", **body}, self.tokens[who])

    def acts(self, case: str, *steps: tuple[str, str, dict[str, Any]]) -> str:
        """Take these steps, which must succeed; the state after them."""
        state = ""
        for who, act, body in steps:
            answer = self.act(case, who, act, **body)
            assert answer.status_code == 200, answer.json
            state = answer.json["state"]
        return state


@pytest.fixture
def people(house: House) -> People:
    return People(house)


SUSPEND = ("officer", "suspend", {"order": order("hold")})
VERIFY: tuple[str, str, dict[str, Any]] = ("operator", "verify", {})
LIFT = {"order": order("lift", holds=[7]), "feedback": "we looked, and nothing is wrong"}


def test_a_case_from_report_to_feedback(people: People) -> None:
    told = people.report()
    assert people.acts(told["id"], SUSPEND, VERIFY, ("provider", "find-unfounded", {})) == "unfounded"
    code = {"code": told["code"]}
    assert people.house.post("/api/v1/feedback", code).json["feedback"] is None
    assert people.acts(told["id"], ("officer", "resume", LIFT)) == "resumed"
    read = people.house.post("/api/v1/feedback", code).json
    assert (read["state"], read["feedback"]) == ("resumed", LIFT["feedback"])
    assert set(read) == {"id", "matter", "dataset", "state", "opened_at", "feedback"}
    logged = [act["act"] for act in people.house.room.acts if act["act"].startswith("case-")]
    assert logged == ["case-report", "case-suspend", "case-verify", "case-find-unfounded", "case-resume"]
    assert "row 17" not in str(people.house.room.acts)
    shown = people.house.get(f"{CASES}/{told['id']}", people.tokens["provider"]).json
    assert [step.get("log_index") for step in shown["history"]] == [None, 7, None, None, 7]


def test_withdrawn_and_dismissed_are_ends_as_well(people: People) -> None:
    gone, nothing = people.report()["id"], people.report()["id"]
    withdraw = ("provider", "withdraw", {"order": order("withdraw"), "feedback": "the data are gone"})
    assert people.acts(gone, VERIFY, withdraw) == "withdrawn"
    assert people.acts(nothing, VERIFY, ("provider", "dismiss", {"feedback": "no"})) == "dismissed"
    again = people.act(gone, "officer", "suspend", order=order("hold"))
    assert (again.status_code, again.json["kind"]) == (409, "wrong-state")


def test_what_was_not_processed_is_not_opened_again(people: People) -> None:
    case = people.report()["id"]
    people.acts(case, SUSPEND, VERIFY)
    refused = people.act(case, "provider", "process")
    assert [reason["code"] for reason in refused.json["reasons"]] == ["not-processed"]


def test_an_act_without_what_it_needs_changes_nothing_and_names_every_fault(people: People) -> None:
    case = people.report()["id"]
    wrong: list[dict[str, Any]] = [
        {},
        {"order": order("lift", holds=[7])},
        {"order": order("hold") | {"target": "others"}},
        {"order": order("hold", more=1)},
    ]
    for body in wrong:
        answer = people.act(case, "officer", "suspend", **body)
        assert [reason["code"] for reason in answer.json["reasons"]] == ["order"]
    answer = people.act(case, "operator", "verify", reason="", feedback="soon", order=order("hold"))
    assert [reason["code"] for reason in answer.json["reasons"]] == ["missing", "feedback", "order"]
    assert people.house.get(f"{CASES}/{case}", people.tokens["officer"]).json["state"] == "reported"
    assert [path for _, path, _ in people.house.room.asked if path == "/orders"] == []


def test_what_the_room_refuses_the_case_does_not_say(people: People) -> None:
    case = people.report()["id"]
    people.house.room.says["/orders"] = {"kind": "order-rejected", "message": "no", "reasons": [], "log_index": 9}
    answer = people.act(case, "officer", "suspend", order=order("hold"))
    assert (answer.status_code, answer.json["log_index"]) == (422, 9)
    assert people.house.get(f"{CASES}/{case}", people.tokens["officer"]).json["state"] == "reported"


def test_a_lift_must_be_of_the_cases_own_hold(people: People) -> None:
    case = people.report()["id"]
    people.acts(case, SUSPEND, VERIFY, ("provider", "find-unfounded", {}))
    other = LIFT | {"order": order("lift", holds=[8])}
    assert people.act(case, "officer", "resume", **other).json["reasons"][0]["code"] == "order"


def test_what_is_not_yours_reads_like_what_is_not_there(people: People) -> None:
    told = people.report()
    for case in (told["id"], "case-unknown"):
        answers = [people.house.get(f"{CASES}/{case}", people.tokens["rival"]), people.act(case, "rival", "verify")]
        for answer in answers:
            assert (answer.status_code, answer.json["detail"]) == (
                404,
                "there is no such infringement case, or not for you",
            )
    assert people.house.get(CASES, people.tokens["rival"]).json == []
    assert [case["id"] for case in people.house.get(CASES, people.tokens["provider"]).json] == [told["id"]]
    assert people.house.get(CASES, people.tokens["researcher"]).status_code == 403
    other = people.report()
    mixed = f"{told['id']}.{other['code'].partition('.')[2]}"
    for code in (mixed, told["id"], "case-unknown.x", "", "."):
        answer = people.house.post("/api/v1/feedback", {"code": code})
        assert (answer.status_code, answer.json["detail"]) == (
            404,
            "there is no such matter, or the code is another one's",
        )


def test_a_report_on_nothing_or_of_nothing_is_refused(people: People) -> None:
    assert people.house.post(CASES, REPORT | {"dataset": "nothing"}).status_code == 404
    answer = people.house.post(CASES, {"dataset": "visits", "right": "fame", "statement": "", "more": 1})
    assert {reason["where"] for reason in answer.json["reasons"]} == {"right", "statement", "evidence", "more"}


def test_reports_that_nobody_takes_up_are_bounded(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("enclave_api.services.cases.MOST_UNREAD", 2)
    cases = [people.report()["id"] for _ in range(2)]
    assert people.house.post(CASES, REPORT).status_code == 503
    people.acts(cases[0], VERIFY)
    people.report()


def test_orders_are_carried_and_lists_are_read_by_role(people: People) -> None:
    house, document = people.house, {"document": order("hold")}
    assert house.post("/api/v1/orders", document, people.tokens["officer"]).json["log_index"] == 7
    assert house.post("/api/v1/orders", document, people.tokens["researcher"]).status_code == 403
    bad = {"document": order("hold") | {"detail": {"x": 0.5}}}
    assert house.post("/api/v1/orders", bad, people.tokens["officer"]).json["kind"] == "order-rejected"
    assert house.get("/api/v1/holds", people.tokens["operator"]).json[0]["log_index"] == 7
    assert house.get("/api/v1/holds", people.tokens["provider"]).status_code == 403
    assert house.get("/api/v1/violations").json[0]["organization"] == "elsewhere"
    assert house.room.asked[-1] == ("GET", "/violations", {})
    assert house.get("/api/v1/violations/all").status_code == 401
    assert house.get("/api/v1/violations/all", people.tokens["officer"]).status_code == 200
    assert house.room.asked[-1] == ("GET", "/violations", {"all": "1"})
    assert [act["act"] for act in house.room.acts][-2:] == ["order-carried", "violations-read"]
