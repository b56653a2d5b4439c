"""Applications at the front: complete or told why not, decided in order, signed by both, each step by its role."""

import json
from base64 import b64encode
from datetime import date
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from enclave_api.services import calendars
from policies.agreements import read_agreement, verify
from policies.canonical import canonical_bytes
from policies.working_days import statutory_days_off
from tests.both import BOTH_LONG
from tests.enclave_api.conftest import OPERATOR, House, bearer
from tests.enclave_api.fake_room import CARD

STORES = BOTH_LONG
PATH = "/api/v1/applications"
MEASURE = "Accounts, tokens and keys are personal and are not passed on."
WANTED = {
    "doors": ["sql"],
    "columns": ["visits.clinic", "visits.cost", "clinics.*"],
    "aggregates": ["count", "avg"],
    "epsilon": "4",
    "delta": "0.0000001",
    "epsilon_per_query": "0.5",
    "queries_per_day": 50,
    "months": 12,
}
CODES = list[tuple[str, str | None]]


class Office:
    """Everybody who has a part in an application, and the dataset that it is for."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.tokens = {
            "researcher": house.token("researcher"),
            "stranger": house.token("researcher", "elsewhere"),
            "provider": house.token("data-provider", "health-bureau"),
            "rival": house.token("data-provider", "rival"),
            "operator": house.token("operator", "centre"),
            "officer": house.token("security-officer", "office"),
        }
        self.keys = {name: Ed25519PrivateKey.generate() for name in ("health-bureau", "open-university")}
        house.room.keys = {
            name: b64encode(key.public_key().public_bytes_raw()).decode() for name, key in self.keys.items()
        }
        self.list(CARD)
        self.scenario = self.upload("researcher", b"Where clinics are missing, and for whom.")

    def list(self, card: dict[str, Any], kind: str = "list") -> None:
        body = {"kind": kind, "dataset": "visits", "reason": "for research", "card": card}
        order = self.house.post("/api/v1/work-orders", body, self.tokens["provider"])
        assert order.status_code == 200, order.json
        path = f"/api/v1/work-orders/{order.json['id']}/decision"
        assert self.house.post(path, {"act": "accept"}, self.tokens["operator"]).status_code == 200

    def upload(self, who: str, raw: bytes) -> str:
        answer = self.house.client.post("/api/v1/files?name=a", data=raw, headers=bearer(self.tokens[who]))
        assert answer.status_code == 200, answer.json
        return str(answer.json["digest"])

    def body(self, **changes: Any) -> dict[str, Any]:
        wanted = WANTED | changes.pop("wanted", {})
        return {
            "dataset": "visits",
            "purposes": ["a study"],
            "scenario": "Where clinics are missing, and for whom.",
            "wanted": wanted,
            "measures": {MEASURE: "Each person has an account."},
            "materials": {"scenario": self.scenario},
            **changes,
        }

    def apply(self, **changes: Any) -> str:
        answer = self.house.post(PATH, self.body(**changes), self.tokens["researcher"])
        assert answer.status_code == 200, answer.json
        return str(answer.json["id"])

    def act(self, application: str, who: str, act: str, **body: Any) -> Any:
        return self.house.post(f"{PATH}/{application}/acts", {"act": act, **body}, self.tokens[who])

    def sign(self, application: str, who: str, party: str, **changes: Any) -> Any:
        draft = self.get(application)["document"]
        value = self.keys[party].sign(canonical_bytes(read_agreement(draft).to_json()))
        body = {"value": b64encode(value).decode()} | changes
        return self.house.post(f"{PATH}/{application}/signature", body, self.tokens[who])

    def get(self, application: str, who: str = "officer") -> dict[str, Any]:
        answer = self.house.get(f"{PATH}/{application}", self.tokens[who])
        assert answer.status_code == 200, answer.json
        return dict(answer.json)

    def approved(self, **changes: Any) -> str:
        application = self.apply(**changes)
        for who, act in (("operator", "accept"), ("provider", "approve")):
            answer = self.act(application, who, act)
            assert answer.status_code == 200, answer.json
        return application


@pytest.fixture
def office(house: House) -> Office:
    return Office(house)


def codes(answer: Any) -> CODES:
    return [(reason["code"], reason.get("where")) for reason in answer.json["reasons"]]


def test_the_whole_way_from_an_application_to_an_agreement_in_force(office: Office) -> None:
    application = office.apply()
    assert (
        office.act(application, "operator", "return", reason="Who will use it is not said.").json["state"]
        == "incomplete"
    )
    path = f"{PATH}/{application}/submission"
    again = office.house.post(path, office.body(wanted={"people": ["li.wei"]}), office.tokens["researcher"])
    assert (again.status_code, again.json["state"]) == (200, "submitted")
    for who, act, state in (("operator", "accept", "under-review"), ("provider", "approve", "approved")):
        assert office.act(application, who, act).json["state"] == state
    assert office.sign(application, "researcher", "open-university").json["state"] == "half-signed"
    told = office.sign(application, "provider", "health-bureau").json
    assert told["state"] == "signed"
    agreement = verify(office.house.room.agreements[told["agreement"]], {
        name: key.public_key() for name, key in office.keys.items()
    })  # fmt: skip
    terms = agreement.terms
    assert (terms.people, terms.purposes, terms.epsilon_micro) == ({"li.wei"}, {"a study"}, 4_000_000)
    assert (terms.reports_every_months, MEASURE in terms.measures) == (12, True)
    assert [step["act"] for step in told["history"]] == [
        *("submit", "return", "complete", "accept", "approve", "sign", "sign"),
    ]
    logged = [act["act"] for act in office.house.room.acts if act["act"].startswith("application-")]
    assert logged[-2:] == ["application-sign", "application-sign"]
    assert len(logged) == 7
    assert "clinics are missing" not in json.dumps(office.house.room.acts)


def test_everything_that_is_missing_is_told_at_once_and_nothing_is_kept(office: Office) -> None:
    bare = office.body(
        purposes=["marketing"], measures={}, materials={}, wanted={"columns": ["visits.pilot"], "months": 0}
    )
    answer = office.house.post(PATH, bare, office.tokens["researcher"])
    assert (answer.status_code, answer.json["kind"]) == (422, "application-incomplete")
    assert codes(answer) == [
        ("purpose", "purposes"),
        ("unknown-column", "columns"),
        ("months", "months"),
        ("measure", "measures"),
        ("material", "materials.scenario"),
    ]
    assert office.house.get(PATH, office.tokens["officer"]).json == []


def test_what_is_not_conditionally_open_is_not_applied_for(office: Office) -> None:
    answer = office.house.post(PATH, office.body(dataset="nowhere"), office.tokens["researcher"])
    assert (answer.status_code, answer.json["kind"]) == (404, "not-found")


def test_the_form_is_told_with_its_place(office: Office) -> None:
    wrong = office.body(wanted={"epsilon": "1e3", "columns": ["visits"]}, declarations=["none"])
    answer = office.house.post(PATH, wrong, office.tokens["researcher"])
    assert answer.status_code == 400
    assert {where for _, where in codes(answer)} == {"wanted.epsilon", "wanted.columns.0", "declarations.0"}


def test_a_file_of_another_organization_is_no_material(office: Office) -> None:
    theirs = office.upload("stranger", b"A plan of somebody else.")
    answer = office.house.post(PATH, office.body(materials={"scenario": theirs}), office.tokens["researcher"])
    assert codes(answer) == [("unknown-file", "materials.scenario")]


def test_everybody_acts_in_their_role_alone(office: Office) -> None:
    application = office.apply()
    for who, act in (
        ("provider", "accept"),
        ("researcher", "accept"),
        ("operator", "approve"),
        ("researcher", "approve"),
    ):
        assert office.act(application, who, act).status_code == 403
    for who in ("rival", "stranger"):
        assert office.house.get(f"{PATH}/{application}", office.tokens[who]).status_code == 404
    assert office.act(application, "rival", "approve").status_code == 404
    assert office.act(application, "provider", "approve").json["kind"] == "wrong-state"
    assert office.get(application)["state"] == "submitted"


def test_a_provider_does_not_apply_for_its_own_dataset(office: Office) -> None:
    token = office.house.token("researcher", "health-bureau")
    answer = office.house.post(PATH, office.body(), token)
    assert ("own-dataset", "organization") in codes(answer)


def test_what_is_decided_is_not_decided_again(office: Office) -> None:
    application = office.apply()
    office.act(application, "operator", "accept")
    assert codes(office.act(application, "provider", "refuse")) == [("missing", "reason")]
    refused = office.act(application, "provider", "refuse", reason="The purpose can be served by the sample.")
    assert refused.json["state"] == "refused"
    for act in ("approve", "refuse"):
        assert office.act(application, "provider", act, reason="again").json["kind"] == "wrong-state"


def test_an_approval_may_narrow_and_not_widen(office: Office) -> None:
    application = office.apply()
    office.act(application, "operator", "accept")
    terms = {
        "columns": ["visits.clinic"], "aggregates": ["count"], "purposes": ["a study"], "epsilon": "2",
        "delta": "0.0000001", "epsilon_per_query": "0.5", "queries_per_day": 10,
        "not_before": "2026-03-01T00:00:00Z", "expires_at": "2026-09-01T00:00:00Z",
    }  # fmt: skip
    wider = terms | {"epsilon": "5", "columns": ["visits.minutes"], "reports_every_months": 24}
    assert codes(office.act(application, "provider", "approve", terms=wider)) == [
        ("beyond-application", "columns"),
        ("beyond-application", "epsilon"),
        ("reports", "reports_every_months"),
    ]
    assert codes(office.act(application, "provider", "approve", terms={"epsilon": "2"}))[0][0] == "missing"
    assert office.get(application)["state"] == "under-review"
    assert office.act(application, "provider", "approve", terms=terms).json["state"] == "approved"
    words = office.house.get(f"{PATH}/{application}/agreement", office.tokens["researcher"])
    assert "epsilon 2" in words.text


def test_a_large_request_is_put_before_experts_whose_words_the_applicant_does_not_see(office: Office) -> None:
    application = office.apply(wanted={"epsilon": "12.5"})
    office.act(application, "operator", "accept")
    assert codes(office.act(application, "provider", "approve")) == [("experts", "act")]
    opinion = office.upload("provider", b"The opinion of Professor Wu.")
    office.act(application, "provider", "ask-experts", reason="Professor Wu, statistics")
    assert codes(office.act(application, "provider", "note-opinion")) == [("missing", "reason")]
    office.act(application, "provider", "note-opinion", reason="Professor Wu sees no harm.", document=opinion)
    assert office.act(application, "provider", "approve").json["state"] == "approved"
    assert "Professor Wu" in json.dumps(office.get(application, "officer"))
    assert "Wu" not in json.dumps(office.get(application, "researcher"))


def test_the_room_must_hold_what_is_listed(office: Office) -> None:
    application = office.apply()
    office.act(application, "operator", "accept")
    office.list(CARD | {"title": "Visits to clinics, all of them"}, "revise")
    assert codes(office.act(application, "provider", "approve")) == [("not-delivered", "dataset")]


def test_a_wrong_signature_is_not_taken_and_nobody_signs_twice(office: Office) -> None:
    application = office.approved()
    for body in ({"value": "AAAA"}, {"value": "no base64"}, {"value": b64encode(bytes(64)).decode()}):
        answer = office.sign(application, "researcher", "open-university", **body)
        assert (answer.status_code, codes(answer)[0][0]) == (422, "bad-signature")
    assert codes(office.sign(application, "researcher", "health-bureau")) == [("bad-signature", "proof")]
    assert office.get(application)["state"] == "approved"
    assert office.sign(application, "researcher", "open-university").status_code == 200
    assert "sign" not in office.get(application, "researcher")["open_acts"]
    assert "sign" in office.get(application, "provider")["open_acts"]
    assert office.sign(application, "researcher", "open-university").json["kind"] == "wrong-state"


def test_what_the_room_refuses_is_not_signed(office: Office) -> None:
    application = office.approved()
    office.sign(application, "researcher", "open-university")
    said = {"kind": "agreement-rejected", "message": "no", "reasons": [{"code": "wrong-provider", "message": "no"}]}
    office.house.room.says["/agreements"] = said
    answer = office.sign(application, "provider", "health-bureau")
    assert (answer.status_code, answer.json["kind"]) == (422, "agreement-rejected")
    assert office.get(application)["state"] == "half-signed"
    office.house.room.says.clear()
    assert office.sign(application, "provider", "health-bureau").json["state"] == "signed"


def test_ten_working_days_by_the_calendar_that_is_loaded(office: Office) -> None:
    application = office.apply()
    assert office.get(application)["deadline"] is None
    office.act(application, "operator", "accept")
    assert office.get(application)["deadline"] == {"day": "2026-03-13", "is_provisional": False, "is_overdue": False}
    off = [str(day) for day in sorted({*statutory_days_off(2026), date(2026, 3, 9)})]
    published = {"year": 2026, "source": "a notice of tests", "days_off": off, "workdays": []}
    calendars.load(office.house.front, published, by=OPERATOR)
    assert office.get(application)["deadline"]["day"] == "2026-03-16"
    office.house.clock.advance(days=16)
    assert office.get(application)["deadline"]["is_overdue"]
    [task] = office.house.get("/api/v1/tasks", office.tokens["provider"]).json
    assert (task["id"], task["deadline"]["is_overdue"]) == (application, True)
    assert task["acts"] == ["ask-experts", "approve", "refuse"]
    assert office.house.get("/api/v1/tasks", office.tokens["researcher"]).json == []


def test_equal_treatment_shows_in_figures(office: Office) -> None:
    office.approved()
    refused = office.apply()
    office.act(refused, "operator", "accept")
    office.house.clock.advance(days=20)
    office.act(refused, "provider", "refuse", reason="The purpose can be served by the sample.")
    [figures] = office.house.get(f"{PATH}/statistics", office.tokens["officer"]).json
    expected = {"approved": 1, "refused": 1, "pending": 0, "late": 1, "median_days": 10.0}
    assert figures | expected == figures
    assert office.house.get(f"{PATH}/statistics", office.tokens["rival"]).json == []


def test_the_reviewer_sees_what_could_be_joined(office: Office) -> None:
    application = office.approved()
    for who, party in (("researcher", "open-university"), ("provider", "health-bureau")):
        office.sign(application, who, party)
    office.house.room.agreements = {
        uid: document for uid, document in office.house.room.agreements.items() if "permission" in document
    }
    second = office.apply()
    [finding] = office.house.get(f"{PATH}/{second}/risk", office.tokens["provider"]).json
    assert (finding["weight"], "0.5 of 4" in finding["message"]) == ("high", True)
    assert office.house.get(f"{PATH}/{second}/risk", office.tokens["researcher"]).status_code == 403


def test_who_applied_under_earlier_conditions_is_told(office: Office) -> None:
    pending, done = office.apply(), office.apply()
    office.act(done, "researcher", "withdraw")
    office.list(CARD | {"title": "Visits, told better"}, "revise")
    conditions = [dict(condition) for condition in CARD["conditions"]]
    conditions[2] |= {"report_months": 3}
    office.list(CARD | {"conditions": conditions}, "revise")
    assert [step["act"] for step in office.get(pending)["history"]] == ["submit", "conditions-revised"]
    assert office.get(pending)["history"][-1]["version"] == 3
    assert [step["act"] for step in office.get(done)["history"]] == ["submit", "withdraw"]


def test_more_budget_is_an_amendment_that_is_applied_for(office: Office) -> None:
    first = office.approved()
    for who, party in (("researcher", "open-university"), ("provider", "health-bureau")):
        uid = office.sign(first, who, party).json["agreement"]
    office.house.clock.advance(days=1)
    second = office.approved(amends=uid, wanted={"epsilon": "6"})
    document = office.get(second)["document"]
    assert (document["uid"], document["version"]) == (uid, 2)
    foreign = office.apply(amends="urn:jali:agreement:of-somebody")
    office.act(foreign, "operator", "accept")
    assert codes(office.act(foreign, "provider", "approve")) == [("unknown-agreement", "amends")]
