"""What people bring forward: taken without an account, taken on by role, answered by code alone."""

from typing import Any

import pytest

from enclave_api.services import petitions as stories
from tests.both import BOTH_LONG
from tests.enclave_api.conftest import House
from tests.enclave_api.test_applications import Office

STORES = BOTH_LONG
PATH = "/api/v1/petitions"
SAY = {"statement": "Clinic east was closed in January.", "contact": "wang@example.org"}


@pytest.fixture
def office(house: House) -> Office:
    return Office(house)


def bring(office: Office, kind: str, **changes: Any) -> Any:
    dataset = None if kind == "dataset-request" else "visits"
    return office.house.post(PATH, SAY | {"kind": kind, "dataset": dataset} | changes)


def act(office: Office, identifier: str, who: str, act: str, **body: Any) -> Any:
    return office.house.post(f"{PATH}/{identifier}/acts", {"act": act, "reason": "seen", **body}, office.tokens[who])


def feedback(office: Office, code: str) -> dict[str, Any]:
    return dict(office.house.post("/api/v1/feedback", {"code": code}).json)


WAYS: list[tuple[str, list[tuple[str, str, dict[str, str]]], str]] = [
    (
        "objection",
        [("provider", "examine", {}), ("provider", "correct", {"feedback": "It is corrected."})],
        "corrected",
    ),
    ("objection", [("provider", "reject", {"feedback": "It was open on Mondays."})], "rejected"),
    (
        "dataset-request",
        [
            ("operator", "forward", {"provider": "health-bureau"}),
            ("provider", "plan", {"feedback": "Next spring."}),
            ("provider", "open", {"feedback": "It is listed now."}),
        ],
        "opened",
    ),
    ("dataset-request", [("operator", "decline", {"feedback": "Nobody collects this."})], "declined"),
    (
        "misuse-report",
        [("officer", "examine", {}), ("officer", "confirm", {"feedback": "It is recorded."})],
        "confirmed",
    ),
]


@pytest.mark.parametrize(("kind", "steps", "end"), WAYS)
def test_from_what_is_brought_to_its_feedback(office: Office, kind: str, steps: list[Any], end: str) -> None:
    brought = bring(office, kind)
    assert brought.status_code == 200, brought.json
    for who, step, body in steps:
        answer = act(office, brought.json["id"], who, step, **body)
        assert answer.status_code == 200, answer.json
    told = feedback(office, brought.json["code"])
    assert (told["matter"], told["state"], told["feedback"]) == (kind, end, steps[-1][2]["feedback"])
    assert "wang@example.org" not in str(office.house.room.acts)
    assert f"{kind}-bring" in [logged["act"] for logged in office.house.room.acts]
    assert act(office, brought.json["id"], *steps[-1][:2], **steps[-1][2]).json["kind"] == "wrong-state"


def test_an_act_without_what_it_needs_changes_nothing_and_names_every_fault(office: Office) -> None:
    brought = bring(office, "dataset-request").json
    answer = act(office, brought["id"], "operator", "forward", reason="", feedback="soon")
    assert [reason["code"] for reason in answer.json["reasons"]] == ["feedback", "provider", "missing"]
    assert feedback(office, brought["code"])["state"] == "asked"
    assert act(office, brought["id"], "provider", "plan", feedback="soon").status_code == 404


def test_each_is_taken_on_by_those_whose_it_is(office: Office) -> None:
    objection = bring(office, "objection").json["id"]
    for who, status in (("rival", 404), ("researcher", 404), ("officer", 403)):
        assert act(office, objection, who, "examine").status_code == status
    assert office.house.get(f"{PATH}/{objection}", office.tokens["officer"]).json["contact"] == "wang@example.org"
    assert office.house.get(PATH, office.tokens["rival"]).json == []
    wrong = office.house.post("/api/v1/feedback", {"code": f"{objection}.guess"})
    unknown = office.house.post("/api/v1/feedback", {"code": "obj-none.guess"})
    assert (wrong.status_code, wrong.json["detail"]) == (404, unknown.json["detail"])


def test_a_dataset_is_named_unless_one_is_asked_for(office: Office) -> None:
    for kind, dataset in (("objection", None), ("dataset-request", "visits")):
        assert bring(office, kind, dataset=dataset).json["reasons"][0]["where"] == "dataset"
    assert bring(office, "objection", dataset="nowhere").status_code == 404
    assert bring(office, "complaint").status_code == 400


def test_a_spot_check_is_asked_answered_and_closed(office: Office) -> None:
    application = office.approved()
    for who, party in (("researcher", "open-university"), ("provider", "health-bureau")):
        uid = office.sign(application, who, party).json["agreement"]
    body = {"agreement": uid, "statement": "Who has an account, and since when?"}
    assert office.house.post("/api/v1/spot-checks", body, office.tokens["rival"]).status_code == 404
    assert office.house.post("/api/v1/spot-checks", body, office.tokens["researcher"]).status_code == 403
    asked = office.house.post("/api/v1/spot-checks", body, office.tokens["officer"]).json["id"]
    [task] = [
        each for each in office.house.get("/api/v1/tasks", office.tokens["researcher"]).json if each["id"] == asked
    ]
    assert task["acts"] == ["answer"]
    assert act(office, asked, "stranger", "answer").status_code == 404
    assert act(office, asked, "provider", "close").status_code == 403  # the officer asks, and not the provider
    for who, step in (
        ("researcher", "answer"),
        ("officer", "ask-again"),
        ("researcher", "answer"),
        ("officer", "close"),
    ):
        assert act(office, asked, who, step, reason="Two people, since March.").status_code == 200
    assert office.house.get(f"{PATH}/{asked}", office.tokens["researcher"]).json["state"] == "closed"


def test_nobody_is_drowned(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stories, "MOST_UNREAD", 2)
    taken = [bring(office, "objection").status_code for _ in range(3)]
    assert taken == [200, 200, 503]
    assert bring(office, "misuse-report").status_code == 200
