"""Approvals at the front, where somebody would bend them: other data than were reviewed, two roles, late steps."""

from typing import Any

import pytest

from enclave_api.services import applications
from policies.agreements import read_agreement
from tests.both import BOTH_LONG
from tests.enclave_api.conftest import House
from tests.enclave_api.fake_room import CARD
from tests.enclave_api.test_applications import PATH, Office, codes

STORES = BOTH_LONG


@pytest.fixture
def office(house: House) -> Office:
    return Office(house)


def test_an_opinion_on_less_does_not_pass_more(office: Office) -> None:
    application = office.apply(wanted={"epsilon": "12.5"})
    office.act(application, "operator", "accept")
    office.act(application, "provider", "ask-experts", reason="Professor Wu, statistics")
    office.act(application, "provider", "note-opinion", reason="Professor Wu sees no harm.")
    office.act(application, "operator", "return", reason="Say more.")
    body = office.body(wanted={"epsilon": "50"})
    office.house.post(f"{PATH}/{application}/submission", body, office.tokens["researcher"])
    office.act(application, "operator", "accept")
    assert codes(office.act(application, "provider", "approve")) == [("experts", "act")]


def test_what_is_approved_is_what_is_under_review(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the room is asked, the application is returned, handed in anew for less, and accepted again."""
    application = office.apply()
    office.act(application, "operator", "accept")
    asked = applications.last_violation

    def meanwhile(*given: Any) -> Any:
        monkeypatch.setattr(applications, "last_violation", asked)
        office.act(application, "operator", "return", reason="Say more.")
        body = office.body(wanted={"epsilon": "1"})
        office.house.post(f"{PATH}/{application}/submission", body, office.tokens["researcher"])
        office.act(application, "operator", "accept")
        return asked(*given)

    monkeypatch.setattr(applications, "last_violation", meanwhile)
    assert office.act(application, "provider", "approve").json["kind"] == "wrong-state"
    assert office.get(application)["state"] == "under-review"
    assert office.act(application, "provider", "approve").json["state"] == "approved"
    terms = read_agreement(office.get(application)["document"]).terms
    assert terms.epsilon_micro == 1_000_000


def test_what_the_room_has_in_force_is_not_withdrawn(office: Office) -> None:
    """As after a crash between the room's registration and the front's note of it."""
    application = office.approved()
    office.sign(application, "researcher", "open-university")
    draft = office.get(application)["document"]
    office.house.room.agreements[draft["uid"]] = draft
    assert office.act(application, "researcher", "withdraw").json["kind"] == "wrong-state"
    assert office.sign(application, "provider", "health-bureau").json["state"] == "signed"


def test_nobody_decides_on_what_their_own_organization_asks_for(office: Office) -> None:
    application = office.apply()
    insider = office.house.token("operator", "open-university")
    answer = office.house.post(f"{PATH}/{application}/acts", {"act": "accept"}, insider)
    assert (answer.status_code, codes(answer)) == (403, [("own-matter", "organization")])


def test_the_provider_reads_the_materials_and_leaves_a_trace(office: Office) -> None:
    path = f"/api/v1/files/{office.scenario}"
    assert office.house.get(path, office.tokens["provider"]).status_code == 404
    office.apply()
    assert office.house.get(path, office.tokens["provider"]).data == b"Where clinics are missing, and for whom."
    assert office.house.room.acts[-1]["act"] == "file-read"
    assert office.house.get(path, office.tokens["rival"]).status_code == 404


def test_the_providers_time_is_the_providers_alone(office: Office) -> None:
    application = office.apply()
    office.act(application, "operator", "accept")
    office.act(application, "operator", "return", reason="Say more.")
    office.house.clock.advance(days=40)
    assert office.get(application)["deadline"] is None
    office.house.post(f"{PATH}/{application}/submission", office.body(), office.tokens["researcher"])
    office.act(application, "operator", "accept")
    office.act(application, "provider", "approve")
    office.house.clock.advance(days=40)
    office.act(application, "researcher", "withdraw")
    assert office.get(application)["deadline"]["is_overdue"] is False


def test_an_organization_does_not_flood_the_office(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applications, "MOST_A_DAY", 2)
    for _ in range(2):
        office.act(office.apply(), "researcher", "withdraw")
    answer = office.house.post(PATH, office.body(), office.tokens["researcher"])
    assert (answer.status_code, codes(answer)) == (400, [("too-many", None)])
    office.house.clock.advance(days=2)
    office.apply()


def test_a_long_name_makes_an_agreement_too(office: Office) -> None:
    long = CARD | {"name": "v" * 60}
    body = {"kind": "list", "dataset": long["name"], "reason": "for research", "card": long}
    order = office.house.post("/api/v1/work-orders", body, office.tokens["provider"]).json["id"]
    office.house.post(f"/api/v1/work-orders/{order}/decision", {"act": "accept"}, office.tokens["operator"])
    office.house.room.cards[long["name"]] = long
    application = office.apply(dataset=long["name"])
    office.act(application, "operator", "accept")
    assert office.act(application, "provider", "approve").json["state"] == "approved"
